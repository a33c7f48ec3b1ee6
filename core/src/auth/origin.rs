//! Where a page comes from, exactly as a browser writes it in `Origin` (RFC 6454, section 6.2).

use serde::{Deserialize, Serialize};

/// A web origin: scheme, host, and the port where it is not the scheme's own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Origin(String);

/// Longest origin, in bytes: a host has 253 at most, and with scheme and port that is all.
const MAX_BYTES: usize = 270;

impl Origin {
    /// Reads an origin.
    ///
    /// # Errors
    /// What is wrong with it: a browser would never send it in this form, so it would never match.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.len() > MAX_BYTES {
            return Err("is too long for an origin");
        }
        let (default_port, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => ("443", rest),
            (None, Some(rest)) => ("80", rest),
            (None, None) => return Err("must begin with https:// or http://"),
        };
        if rest.contains(['/', '?', '#', '@']) {
            return Err("must end after the host and port, without a path or a slash");
        }
        // The colons of an IPv6 address are inside its brackets.
        let (host, port) = match rest.rfind(':') {
            Some(colon) if !rest[colon..].contains(']') => (&rest[..colon], Some(&rest[colon + 1..])),
            _ => (rest, None),
        };
        if let Some(port) = port {
            let digits = port.bytes().all(|b| b.is_ascii_digit()) && !port.starts_with('0');
            if !digits || port.parse::<u16>().is_err() {
                return Err("has a port that is not a number from 1 to 65535");
            }
            if port == default_port {
                return Err("names the port that its scheme has anyway: leave it out, as browsers do");
            }
        }
        if !is_host(host) {
            return Err("has a host that is not lower-case letters, digits, hyphens and dots (write an \
                        international name in its xn-- form)");
        }
        Ok(Self(text.to_owned()))
    }

    /// The origin as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Origin {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

fn is_host(host: &str) -> bool {
    if let Some(inside) = host.strip_prefix('[') {
        // Browsers write an address in its canonical form, which is the standard library's too.
        let address = inside.strip_suffix(']').and_then(|text| text.parse::<std::net::Ipv6Addr>().ok());
        return address.is_some_and(|address| host == format!("[{address}]"));
    }
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
    };
    host.len() <= 253 && host.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_browser_writes_is_an_origin() {
        for text in [
            "https://shop.example",
            "https://shop.example:8443",
            "http://localhost:5173",
            "http://127.0.0.1",
            "https://xn--bcher-kva.example",
            "http://[::1]:3000",
            "https://my_shop.example",
        ] {
            assert_eq!(Origin::parse(text).map(|o| o.0), Ok(text.to_owned()));
        }
    }

    #[test]
    fn what_a_browser_never_writes_is_refused() {
        let long = format!("https://{}", "a.".repeat(140));
        for text in [
            "",
            "*",
            "null",
            "shop.example",
            "https://",
            "https://*",
            "https://*.shop.example",
            "https://shop.example/",
            "https://shop.example/path",
            "https://shop.example:443",
            "http://shop.example:80",
            "https://shop.example:",
            "https://shop.example:0",
            "https://shop.example:0443",
            "https://shop.example:65536",
            "https://shop.example:+1",
            "https://Shop.example",
            "HTTPS://shop.example",
            "https://shop.example.",
            "https://.example",
            "https://user@shop.example",
            "https://bücher.example",
            "https://[::1",
            "https://[0:0::1]",
            "https://a b.example",
            "ftp://shop.example",
            "https://shop.example https://other.example",
            &long,
        ] {
            assert!(Origin::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_an_origin_or_refused(text in "(https?://)?\\PC{0,40}") {
            if let Ok(origin) = Origin::parse(&text) {
                prop_assert_eq!(origin.as_str(), text);
            }
        }
    }
}
