//! HMAC-SHA256 (RFC 2104, FIPS 198-1) under one key. Tags are compared in constant time.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A key that is ready to sign. Never shown.
#[derive(Clone)]
pub(super) struct MacKey(Hmac<Sha256>);

impl MacKey {
    /// A key from its bytes. `None` where they are no key, which HMAC never says: it takes any length.
    pub(super) fn new(bytes: &[u8]) -> Option<Self> {
        Hmac::new_from_slice(bytes).ok().map(Self)
    }

    /// A key for another purpose. Who holds it learns nothing of this one, and the other way round
    /// a signature of this key is no signature of that one.
    pub(super) fn derive(&self, purpose: &str) -> Option<Self> {
        Self::new(&self.tag(&[purpose.as_bytes()]))
    }

    /// The tag of these parts, one after the other.
    pub(super) fn tag(&self, parts: &[&[u8]]) -> [u8; 32] {
        self.over(parts).finalize().into_bytes().into()
    }

    /// Whether `tag` is the tag of these parts.
    pub(super) fn is_tag(&self, parts: &[&[u8]], tag: &[u8]) -> bool {
        self.over(parts).verify_slice(tag).is_ok()
    }

    fn over(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        parts.iter().fold(self.0.clone(), |mac, part| mac.chain_update(part))
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64URL_NOPAD;

    use super::*;

    #[test]
    fn the_tag_is_that_of_rfc_7515_appendix_a_1() {
        let key = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
        let input = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let key = MacKey::new(&BASE64URL_NOPAD.decode(key.as_bytes()).unwrap()).unwrap();
        let tag = key.tag(&[input.as_bytes()]);
        assert_eq!(BASE64URL_NOPAD.encode(&tag), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert!(key.is_tag(&[input.as_bytes()], &tag));
        assert!(!key.is_tag(&[input.as_bytes()], &tag[..31]), "a shortened tag is none");
    }

    #[test]
    fn a_derived_key_is_another_key() {
        let key = MacKey::new(&[7; 32]).unwrap();
        let derived = key.derive("purpose").unwrap();
        assert_ne!(key.tag(&[b"x"]), derived.tag(&[b"x"]));
        assert_ne!(derived.tag(&[b"x"]), key.derive("other").unwrap().tag(&[b"x"]));
    }
}
