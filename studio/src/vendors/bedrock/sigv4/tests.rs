//! What botocore has signed is believed; what is changed by one letter is not.

use axum::http::{HeaderName, HeaderValue};
use serde_json::Value;

use super::*;

struct Signed {
    name: String,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Vec<u8>,
    service: Service,
    keys: Vec<AwsKey>,
    at: u64,
    region: String,
}

impl Signed {
    fn verify_at(&self, now_s: u64) -> Result<String, Distrust> {
        let (method, uri, headers, body) = (&self.method, &self.uri, &self.headers, self.body.as_slice());
        verify(Received { method, uri, headers, body }, self.service, &self.keys, now_s)
    }

    fn verify(&self) -> Result<String, Distrust> {
        self.verify_at(self.at)
    }
}

/// The table that `tests/conformance/sigv4.py` had signed.
fn golden() -> Vec<Signed> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../providers/tests/sigv4.json");
    let rows: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    rows.iter().map(read).collect()
}

fn read(row: &Value) -> Signed {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let url: Uri = text(&row["url"]).parse().unwrap();
    let port = url.port_u16().filter(|port| *port != 443).map(|port| format!(":{port}")).unwrap_or_default();
    let mut headers = HeaderMap::new();
    headers.insert("host", format!("{}{port}", url.host().unwrap()).parse().unwrap());
    for pair in row["headers"].as_array().unwrap() {
        let name: HeaderName = text(&pair[0]).parse().unwrap();
        headers.append(name, HeaderValue::from_str(&text(&pair[1])).unwrap());
    }
    for (name, value) in row["added"].as_object().unwrap() {
        headers.insert(name.parse::<HeaderName>().unwrap(), text(value).parse().unwrap());
    }
    let who = &row["credentials"];
    Signed {
        name: text(&row["name"]),
        method: text(&row["method"]).parse().unwrap(),
        // A server sees the path and the query only.
        uri: url.path_and_query().map_or("/".parse().unwrap(), |path| path.as_str().parse().unwrap()),
        service: if row["service"] == "s3" { Service::S3 } else { Service::Bedrock },
        keys: vec![AwsKey {
            id: text(&who["id"]),
            secret: text(&who["secret"]),
            session_token: who["session_token"].as_str().map(str::to_owned),
        }],
        at: read_basic(headers["x-amz-date"].to_str().unwrap()).unwrap(),
        region: text(&row["region"]),
        body: text(&row["body"]).into_bytes(),
        headers,
    }
}

#[test]
fn what_botocore_signs_is_believed() {
    let rows = golden();
    assert!(rows.len() >= 30);
    for row in rows {
        assert_eq!(row.verify().as_ref(), Ok(&row.region), "{}", row.name);
    }
}

#[test]
fn any_change_is_noticed() {
    for mut row in golden() {
        let name = row.name.clone();
        row.keys[0].secret.push('x');
        assert!(matches!(row.verify(), Err(Distrust::Mismatch(_))), "{name}: another secret");
        row.keys[0].secret.pop();
        let (body, uri, method) = (row.body.clone(), row.uri.clone(), row.method.clone());
        row.body.push(b' ');
        assert!(matches!(row.verify(), Err(Distrust::Mismatch(_))), "{name}: another body");
        row.body = body;
        row.uri = format!("/other{uri}").parse().unwrap();
        assert!(matches!(row.verify(), Err(Distrust::Mismatch(_))), "{name}: another path");
        let separator = if uri.query().is_some() { '&' } else { '?' };
        row.uri = format!("{uri}{separator}x=1").parse().unwrap();
        assert!(matches!(row.verify(), Err(Distrust::Mismatch(_))), "{name}: another query");
        row.uri = uri;
        row.method = Method::DELETE;
        assert!(matches!(row.verify(), Err(Distrust::Mismatch(_))), "{name}: another method");
        row.method = method;
        let host = row.headers.insert("host", "example.com".parse().unwrap()).unwrap();
        assert!(matches!(row.verify(), Err(Distrust::Mismatch(_))), "{name}: another host");
        row.headers.insert("host", host);
        assert!(row.verify().is_ok(), "{name}: as it was");
    }
}

#[test]
fn a_request_is_good_for_five_minutes_in_both_directions() {
    let row = golden().remove(0);
    for (now, believed) in [(300, true), (301, false)] {
        assert_eq!(row.verify_at(row.at + now).is_ok(), believed, "{now} s late");
        assert_eq!(row.verify_at(row.at - now).is_ok(), believed, "{now} s early");
    }
    assert!(matches!(row.verify_at(row.at + 301), Err(Distrust::Skewed(_))));
}

#[test]
fn a_stranger_is_told_what_is_missing() {
    let mut row = golden().remove(0);
    let authorization = row.headers["authorization"].to_str().unwrap().to_owned();
    for (changed, expected) in [
        (authorization.replace("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"), Distrust::Incomplete("the algorithm")),
        (authorization.replace("Signature=", "Sig="), Distrust::Incomplete("Signature")),
        (authorization.replace("host;", ""), Distrust::Incomplete("SignedHeaders")),
        (authorization.replace("/bedrock/", "/bedrock-runtime/"), Distrust::Scope),
        (authorization.replace("AKIASTUDIODEV0000000", "AKIANOBODY"), Distrust::UnknownKey),
    ] {
        row.headers.insert("authorization", changed.parse().unwrap());
        assert_eq!(row.verify(), Err(expected), "{changed}");
    }
    row.headers.insert("authorization", authorization.parse().unwrap());
    row.headers.insert("x-amz-security-token", "made up".parse().unwrap());
    assert_eq!(row.verify(), Err(Distrust::UnknownKey));
    row.headers.remove("x-amz-security-token");
    row.headers.remove("authorization");
    assert_eq!(row.verify(), Err(Distrust::Missing));
}

/// Signs a request as a client would, by the parts that the table above has proven.
pub(in crate::vendors::bedrock) fn sign(
    method: &str,
    path: &str,
    body: &[u8],
    service: Service,
    key: &AwsKey,
    now_s: u64,
) -> axum::extract::Request {
    let uri: Uri = path.parse().unwrap();
    let method: Method = method.parse().unwrap();
    let day_time = crate::vendors::bedrock::time::write(now_s * 1_000);
    let date: String =
        day_time.split('.').next().unwrap().chars().filter(|c| !"-:".contains(*c)).collect::<String>() + "Z";
    let hash = HEXLOWER.encode(&Sha256::digest(body));
    let mut headers = HeaderMap::new();
    headers.insert("host", "studio.test".parse().unwrap());
    headers.insert("x-amz-content-sha256", hash.parse().unwrap());
    headers.insert("x-amz-date", date.parse().unwrap());
    let mut signed = vec!["host", "x-amz-content-sha256", "x-amz-date"];
    if let Some(token) = &key.session_token {
        headers.insert("x-amz-security-token", token.parse().unwrap());
        signed.push("x-amz-security-token");
    }
    let received = Received { method: &method, uri: &uri, headers: &headers, body };
    let digest = HEXLOWER.encode(&Sha256::digest(canonical(received, service, &signed, &hash).as_bytes()));
    let scope = format!("{}/us-east-1/{}/aws4_request", &date[..8], service.name());
    let to_sign = format!("{ALGORITHM}\n{date}\n{scope}\n{digest}");
    let parts = [&date[..8], "us-east-1", service.name(), "aws4_request", &to_sign];
    let start = format!("AWS4{}", key.secret).into_bytes();
    let signature = HEXLOWER.encode(&parts.into_iter().fold(start, |key, text| hmac_sha256(&key, text)));
    let authorization = format!(
        "{ALGORITHM} Credential={}/{scope}, SignedHeaders={}, Signature={signature}",
        key.id,
        signed.join(";")
    );
    let mut request = axum::extract::Request::new(axum::body::Body::from(body.to_vec()));
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    headers.insert("authorization", authorization.parse().unwrap());
    *request.headers_mut() = headers;
    request
}
