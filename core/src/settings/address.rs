//! Where a deployment may send to: a provider's address, and the hosts of webhooks.

use url::{Host, Url};

use super::members::{Members, kind};
use super::{Mode, SettingCode, is_name};

/// Webhook hosts that are kept.
const MOST_HOSTS: usize = 64;

/// The hosts that webhooks may go to.
pub(super) fn webhook_hosts(members: &mut Members<'_, '_>, mode: Mode) -> Vec<HostPattern> {
    let name = "WEBHOOK_HOSTS";
    let Some(value) = members.take(name) else { return Vec::new() };
    let Some(list) = value.as_array() else {
        members.report(name, SettingCode::WrongType, format!("must be a list of hosts, not {}", kind(value)));
        return Vec::new();
    };
    if list.len() > MOST_HOSTS {
        let detail = format!("holds {} hosts, {MOST_HOSTS} at most are read", list.len());
        members.report(name, SettingCode::OutOfRange, detail);
    }
    let mut patterns = Vec::new();
    for (index, value) in list.iter().take(MOST_HOSTS).enumerate() {
        let read = value.as_str().ok_or_else(|| format!("must be a string, not {}", kind(value)));
        match read.and_then(|text| HostPattern::read(text, mode)) {
            Ok(pattern) => patterns.push(pattern),
            Err(detail) => members.report(&format!("{name}.{index}"), SettingCode::BadFormat, detail),
        }
    }
    patterns
}

/// A provider's address: https, or http to this machine in development. No credentials, no query.
///
/// # Errors
/// What is wrong with it, as the rest of a sentence that begins with the setting's name.
pub(super) fn provider_url(text: &str, mode: Mode) -> Result<String, String> {
    let url = Url::parse(text).map_err(|_| "must be an address such as https://studio.example".to_owned())?;
    match (url.scheme(), mode) {
        ("https", _) => {}
        ("http", Mode::Development) if url.host().is_some_and(|host| is_this_machine(&host)) => {}
        ("http", Mode::Development) => {
            return Err(
                "must be https, since it is not on this machine: the provider's key travels to it".into()
            );
        }
        _ => return Err("must be https: the provider's key travels to it".into()),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds credentials: the provider's key is a secret of its own".into());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must end before the ? or #: paths are added to it".into());
    }
    Ok(text.to_owned())
}

/// A host, or all hosts under a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum HostPattern {
    /// This one.
    Exactly(String),
    /// All that end in a dot and this; the domain itself does not.
    Under(String),
}

impl HostPattern {
    /// Reads `hooks.example.com` or `*.example.com`, in lower case. In production a name of the
    /// public DNS, so that no webhook reaches into a network.
    ///
    /// # Errors
    /// What is wrong with it, as the rest of a sentence.
    fn read(text: &str, mode: Mode) -> Result<Self, String> {
        let bad = || "must be a host in lower case, such as hooks.example.com or *.example.com".to_owned();
        let local = matches!(text, "localhost" | "127.0.0.1" | "[::1]");
        if local {
            return match mode {
                Mode::Development => Ok(Self::Exactly(text.to_owned())),
                Mode::Production => Err("is this machine: webhooks go there in development only".to_owned()),
            };
        }
        let (name, wild) = text.strip_prefix("*.").map_or((text, false), |rest| (rest, true));
        let is_label = |label: &str| {
            is_name(label, 63, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        // A last label of digits would make it an IPv4 address.
        let public =
            name.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_lowercase()));
        if name.len() > 253 || !name.contains('.') || !public || !name.split('.').all(is_label) {
            return Err(bad());
        }
        Ok(if wild { Self::Under(name.to_owned()) } else { Self::Exactly(name.to_owned()) })
    }

    fn matches(&self, host: &str) -> bool {
        match self {
            Self::Exactly(name) => host == name,
            Self::Under(domain) => {
                host.strip_suffix(domain.as_str()).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
            }
        }
    }
}

/// Whether a webhook may go to `address`: https (or http in development), no credentials, and a
/// host that one of the patterns covers.
pub(super) fn permits_webhook(patterns: &[HostPattern], mode: Mode, address: &str) -> bool {
    let Ok(url) = Url::parse(address) else { return false };
    let scheme = url.scheme() == "https" || (url.scheme() == "http" && mode == Mode::Development);
    let bare = url.username().is_empty() && url.password().is_none();
    scheme && bare && url.host_str().is_some_and(|host| patterns.iter().any(|one| one.matches(host)))
}

fn is_this_machine(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}
