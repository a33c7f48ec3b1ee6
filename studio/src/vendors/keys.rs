//! The credentials that the studio accepts for each vendor.

use sha2::{Digest, Sha256};

/// A pair of AWS keys, and for temporary ones the session token that belongs to them.
#[derive(Clone, PartialEq, Eq)]
pub struct AwsKey {
    /// The access key id, which is no secret.
    pub id: String,
    /// The secret access key.
    pub secret: String,
    /// The session token; `None` for long-lived keys.
    pub session_token: Option<String>,
    /// Whether its owner is allowed anything.
    pub allowed: bool,
}

impl std::fmt::Debug for AwsKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AwsKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What callers must present, vendor by vendor.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    /// Amazon Bedrock and S3.
    pub aws: Vec<AwsKey>,
    /// Google's Gemini API.
    pub google: String,
    /// WaveSpeed.
    pub wavespeed: String,
    /// What WaveSpeed signs its webhooks with, its prefix `whsec_` included.
    pub wavespeed_webhook: String,
    /// ComfyUI, which by itself asks for none: a proxy in front of it would. Empty asks for none.
    pub comfyui: String,
    /// Banana.
    pub banana: String,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("aws", &self.aws).finish_non_exhaustive()
    }
}

impl Default for Keys {
    /// Keys for development. They open nothing but a studio.
    fn default() -> Self {
        let key = "studio-dev-key".to_owned();
        let aws = |id: &str, token: Option<&str>, allowed| AwsKey {
            id: id.to_owned(),
            secret: "studio-dev-secret".to_owned(),
            session_token: token.map(str::to_owned),
            allowed,
        };
        Self {
            aws: vec![
                aws("AKIASTUDIODEV0000000", None, true),
                aws("ASIASTUDIODEV0000000", Some("studio-dev-session"), true),
                aws("AKIASTUDIONOBODY0000", None, false),
            ],
            google: key.clone(),
            wavespeed: key.clone(),
            wavespeed_webhook: "whsec_studio-dev-webhook".to_owned(),
            comfyui: String::new(),
            banana: key,
        }
    }
}

impl Keys {
    /// Replaces the default key of a vendor, by the vendor's name. For `aws` the value is
    /// `id:secret` or `id:secret:session-token`. Says whether the name and the form were right.
    pub fn set(&mut self, vendor: &str, value: &str) -> bool {
        let slot = match vendor {
            "google" => &mut self.google,
            "wavespeed" => &mut self.wavespeed,
            "wavespeed_webhook" => &mut self.wavespeed_webhook,
            "comfyui" => &mut self.comfyui,
            "banana" => &mut self.banana,
            "aws" => {
                let mut parts = value.splitn(3, ':');
                let (Some(id), Some(secret)) = (parts.next(), parts.next()) else { return false };
                let session_token = parts.next().map(str::to_owned);
                let (id, secret) = (id.to_owned(), secret.to_owned());
                self.aws = vec![AwsKey { id, secret, session_token, allowed: true }];
                return true;
            }
            _ => return false,
        };
        value.clone_into(slot);
        true
    }
}

/// Whether two secrets are the same. Takes the same time however much of them is.
#[must_use]
pub fn same(presented: &str, accepted: &str) -> bool {
    let digest = |text: &str| -> [u8; 32] { Sha256::digest(text.as_bytes()).into() };
    digest(presented).iter().zip(digest(accepted)).fold(0, |odd, (a, b)| odd | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_printed() {
        let printed = format!("{:?}", Keys::default());
        assert!(!printed.contains("secret") && !printed.contains("studio-dev"), "{printed}");
    }

    #[test]
    fn keys_are_replaced_by_name() {
        let mut keys = Keys::default();
        assert!(keys.set("google", "g") && keys.set("aws", "id:secret:token"));
        assert_eq!((keys.google.as_str(), keys.aws[0].session_token.as_deref()), ("g", Some("token")));
        assert!(!keys.set("azure", "a") && !keys.set("aws", "no secret"));
    }

    #[test]
    fn only_equal_secrets_are_the_same() {
        assert!(same("abc", "abc"));
        assert!(!same("abc", "abd") && !same("", "abc"));
    }
}
