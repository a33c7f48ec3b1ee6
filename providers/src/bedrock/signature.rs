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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    /// A request and what botocore's own signer adds to it.
    #[derive(Deserialize)]
    struct Signed {
        name: String,
        method: String,
        url: String,
        headers: Vec<(String, String)>,
        body: String,
        credentials: Who,
        time: String,
        region: String,
        service: String,
        added: BTreeMap<String, String>,
    }

    #[derive(Deserialize)]
    struct Who {
        id: String,
        secret: String,
        session_token: Option<String>,
    }

    /// Milliseconds since 1970 of the two times in the table.
    fn time(said: &str) -> Millis {
        match said {
            "2026-11-21T12:34:56Z" => Millis(1_795_264_496_000),
            "2027-01-01T00:00:00Z" => Millis(1_798_761_600_000),
            other => panic!("{other} is a new time in the table"),
        }
    }

    #[test]
    fn our_signatures_are_botocores() {
        let table: Vec<Signed> = serde_json::from_str(include_str!("../../tests/sigv4.json")).unwrap();
        assert!(table.len() > 30);
        let mut wrong = Vec::new();
        for row in table {
            let mut request = Request::builder().method(row.method.as_str()).uri(row.url.as_str());
            for (name, value) in &row.headers {
                request = request.header(name.as_str(), value.as_str());
            }
            let mut request = request.body(row.body.into_bytes()).unwrap();
            let service = if row.service == "s3" { Service::S3 } else { Service::Bedrock };
            let Who { id, secret, session_token } = &row.credentials;
            let keys = Keys { id, secret, token: session_token.as_deref() };
            keys.sign(&mut request, service, &row.region, time(&row.time)).unwrap();
            for (name, value) in row.added {
                let ours = request.headers().get(name.to_lowercase()).and_then(|ours| ours.to_str().ok());
                if ours != Some(value.as_str()) {
                    wrong.push(format!("{}: {name}: {ours:?} is not {value}", row.name));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn a_key_has_two_or_three_parts() {
        for bad in ["", "AKIA", "AKIA:", ":secret"] {
            assert!(Keys::of(bad).is_err(), "{bad:?}");
        }
        let keys = Keys::of("AKIA:secret:to:ken").unwrap_or_else(|_| panic!());
        assert_eq!((keys.id, keys.secret, keys.token), ("AKIA", "secret", Some("to:ken")));
    }
}
