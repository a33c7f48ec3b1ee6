//! Mints keys from the system's randomness: for servers, for signing tokens, for webhooks and for the
//! metrics. Shows each once and keeps none.

use anyhow::{Context, Result, bail};
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::say;

/// What a secret key may be allowed.
const RIGHTS: [&str; 4] = ["jobs", "tokens", "usage", "operate"];
/// What it is allowed unless told otherwise: what a shop's server does.
const USUAL_RIGHTS: [&str; 2] = ["jobs", "tokens"];

/// A key as its owner gets it, and what the edge keeps of it.
#[derive(Debug, PartialEq, Eq)]
struct SecretKey {
    text: String,
    entry: Value,
}

/// The command `keys`: `kind` is `new`, `token-key`, `webhook` or `metrics`.
///
/// # Errors
/// There is no such kind, a tenant or a right is missing or unknown, or the system gives no
/// randomness.
pub(crate) fn command(kind: &str, tenant: Option<&str>, rights: Option<&str>) -> Result<()> {
    if kind != "new" && (tenant.is_some() || rights.is_some()) {
        bail!("only `cargo xtask keys new` takes --tenant and --may");
    }
    match kind {
        "new" => {
            let tenant = tenant.context("whose key? For instance: cargo xtask keys new --tenant demo")?;
            let key = secret_key(random()?, tenant, &read_rights(rights)?)?;
            say!("The key, for the tenant's server. It is shown this once and cannot be found again:\n");
            say!("  {}\n", key.text);
            say!("What the edge keeps of it. Add it to your list, and put the whole list:\n");
            say!("  {}\n", key.entry);
            say!("  wrangler secret put SECRET_KEYS --env production    # [{{…}}, {{…}}]");
        }
        "token-key" => {
            say!("A key that signs tokens. The first in the list signs, all of them verify:\n");
            say!("  {}\n", token_key(random()?));
            say!("  wrangler secret put TOKEN_KEYS --env production    # [{{…}}, {{…}}]");
        }
        "webhook" => {
            say!("The secret that webhooks are signed with. Whoever receives them needs it too:\n");
            say!("  {}\n", webhook_secret(random()?));
            say!("  wrangler secret put WEBHOOK_SECRET --env production");
        }
        "metrics" => {
            say!("The key that reads the metrics:\n");
            say!("  {}\n", BASE64URL_NOPAD.encode(&random()?));
            say!("  wrangler secret put METRICS_KEY --env production");
        }
        unknown => bail!("there is no key `{unknown}`: new, token-key, webhook or metrics"),
    }
    Ok(())
}

fn random() -> Result<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).context("the system gives no randomness")?;
    Ok(bytes)
}

fn read_rights(given: Option<&str>) -> Result<Vec<&str>> {
    let Some(given) = given else { return Ok(USUAL_RIGHTS.to_vec()) };
    let rights: Vec<&str> = given.split(',').map(str::trim).collect();
    match rights.iter().find(|right| !RIGHTS.contains(right)) {
        Some(unknown) => bail!("there is no right `{unknown}`; there are {}", RIGHTS.join(", ")),
        None => Ok(rights),
    }
}

/// `cue_sk_` lets scanners recognise a key that leaked. 32 random bytes cannot be guessed from a plain
/// SHA-256, so a slow hash would protect nothing.
fn secret_key(random: [u8; 32], tenant: &str, rights: &[&str]) -> Result<SecretKey> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if tenant.is_empty() || tenant.len() > 32 || !tenant.chars().all(allowed) {
        bail!("`{tenant}` is no tenant's id: 1 to 32 of a-z, 0-9 and -");
    }
    let text = format!("cue_sk_{}", BASE64URL_NOPAD.encode(&random));
    let sha256 = HEXLOWER.encode(&Sha256::digest(&text));
    let id = format!("{tenant}-{}", &sha256[..8]);
    let entry = json!({"id": id, "tenant": tenant, "sha256": sha256, "may": rights});
    Ok(SecretKey { text, entry })
}

fn token_key(random: [u8; 32]) -> Value {
    // A name that says nothing of the key but tells it from others.
    let kid = HEXLOWER.encode(&Sha256::digest(random)[..4]);
    json!({"kid": kid, "secret": BASE64URL_NOPAD.encode(&random)})
}

/// As Standard Webhooks writes it: 24 to 64 bytes in Base64 after `whsec_`.
fn webhook_secret(random: [u8; 32]) -> String {
    format!("whsec_{}", BASE64.encode(&random))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected texts were computed with Python's base64 and hashlib.
    #[test]
    fn keys_are_written_this_way() {
        let key = secret_key([7; 32], "demo", &USUAL_RIGHTS).unwrap();
        assert_eq!(key.text, "cue_sk_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc");
        let sha256 = "6c76d4ac1ae0865e64177172d427c7c4b39d6eae3315cad85357e27f3e065700";
        let entry =
            json!({"id": "demo-6c76d4ac", "tenant": "demo", "sha256": sha256, "may": ["jobs", "tokens"]});
        assert_eq!(key.entry, entry);
        let token = json!({"kid": "4bb06f8e", "secret": "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc"});
        assert_eq!(token_key([7; 32]), token);
        assert_eq!(webhook_secret([7; 32]), "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=");
    }

    #[test]
    fn what_the_edge_keeps_does_not_hold_the_key() {
        let key = secret_key(random().unwrap(), "demo", &["operate"]).unwrap();
        assert!(!key.entry.to_string().contains(&key.text["cue_sk_".len()..]));
        assert_ne!(key, secret_key(random().unwrap(), "demo", &["operate"]).unwrap());
    }

    #[test]
    fn a_right_that_does_not_exist_is_refused_with_those_that_do() {
        assert_eq!(read_rights(Some("jobs, usage")).unwrap(), ["jobs", "usage"]);
        let error = read_rights(Some("jobs,everything")).unwrap_err().to_string();
        assert!(error.contains("everything") && error.contains("operate"), "{error}");
    }

    #[test]
    fn a_kind_that_does_not_exist_is_refused_with_those_that_do() {
        let error = command("token", None, None).unwrap_err().to_string();
        assert!(error.contains("token-key"), "{error}");
        assert!(command("webhook", Some("demo"), None).is_err() && command("new", None, None).is_err());
        assert!(command("new", Some("Demo"), None).is_err());
    }
}
