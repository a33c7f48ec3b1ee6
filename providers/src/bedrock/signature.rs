//! AWS Signature Version 4: what proves to Amazon that a request is from the account, without the secret
//! ever being sent. The arithmetic is `aws-sigv4`'s; which parts are signed and how paths are encoded for
//! which service is decided here.

use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use cuelight_core::units::Millis;
use http::Request;

use crate::ProviderError;

/// Which of Amazon's services is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    /// Bedrock: paths are encoded once more for the signature.
    Bedrock,
    /// The object store: paths are signed as they are, and the body's hash is a header.
    S3,
}

/// What opens an account, cut out of `ACCESS_KEY_ID:SECRET[:SESSION_TOKEN]`. Not `Debug`: it is a secret.
pub(crate) struct Keys<'a> {
    id: &'a str,
    secret: &'a str,
    token: Option<&'a str>,
}

impl<'a> Keys<'a> {
    /// The parts of an account's key.
    pub(crate) fn of(key: &'a str) -> Result<Self, ProviderError> {
        let mut parts = key.splitn(3, ':').map(str::trim);
        let id = parts.next().filter(|id| !id.is_empty());
        let secret = parts.next().filter(|secret| !secret.is_empty());
        let token = parts.next().filter(|token| !token.is_empty());
        match (id, secret) {
            (Some(id), Some(secret)) => Ok(Self { id, secret, token }),
            _ => Err(ProviderError::Fatal(
                "the key for Bedrock must be ACCESS_KEY_ID:SECRET or ACCESS_KEY_ID:SECRET:SESSION_TOKEN"
                    .into(),
            )),
        }
    }

    /// All that no text may quote, the longest first, so that none hides inside another.
    pub(crate) fn parts(&self) -> Vec<&'a str> {
        let mut parts: Vec<&str> =
            [Some(self.secret), Some(self.id), self.token].into_iter().flatten().collect();
        parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
        parts
    }

    /// Signs `request` for `service` in `region`, as of `now`: all its headers and its body.
    pub(crate) fn sign(
        &self,
        request: &mut Request<Vec<u8>>,
        service: Service,
        region: &str,
        now: Millis,
    ) -> Result<(), ProviderError> {
        // The errors of the signer may quote what it was given.
        let unsigned = || ProviderError::Fatal("the request to Amazon cannot be signed".into());
        let mut settings = SigningSettings::default();
        let name = match service {
            Service::Bedrock => "bedrock",
            Service::S3 => {
                settings.percent_encoding_mode = PercentEncodingMode::Single;
                settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
                settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
                "s3"
            }
        };
        let token = self.token.map(str::to_owned);
        let identity = Credentials::new(self.id, self.secret, token, None, "account").into();
        let params = SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(name)
            .time(UNIX_EPOCH + Duration::from_millis(now.0))
            .settings(settings)
            .build()
            .map_err(|_| unsigned())?
            .into();
        let instructions = {
            let headers: Option<Vec<(&str, &str)>> = request
                .headers()
                .iter()
                .map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
                .collect();
            let signable = SignableRequest::new(
                request.method().as_str(),
                request.uri().to_string(),
                headers.ok_or_else(unsigned)?.into_iter(),
                SignableBody::Bytes(request.body()),
            );
            sign(signable.map_err(|_| unsigned())?, &params).map_err(|_| unsigned())?.into_parts().0
        };
        instructions.apply_to_request_http1x(request);
        for (name, value) in request.headers_mut() {
            if matches!(name.as_str(), "authorization" | "x-amz-security-token") {
                value.set_sensitive(true);
            }
        }
        Ok(())
    }
}
