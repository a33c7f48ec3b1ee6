//! Keys computed by another implementation, in another language, must equal ours.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use cuelight_core::cache_key::{canonical_bytes, canonical_order, canonical_value};
use cuelight_core::operation::{Spec, Surroundings, ValidJob, validate, validate_in};
use cuelight_core::order::Asset;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Golden {
    name: String,
    tenant: String,
    nonce: String,
    body: Value,
    canonical: String,
    key: String,
}

fn golden() -> Vec<Golden> {
    serde_json::from_str(include_str!("golden/keys.json")).unwrap()
}

fn golden_orders() -> Vec<Golden> {
    serde_json::from_str(include_str!("golden/orders.json")).unwrap()
}

/// Whatever is named has been uploaded, and fits.
fn upload(sha256: &str) -> Option<Asset> {
    let media_type = match sha256.chars().next()? {
        'a' => "image/png",
        'b' => "audio/wav",
        _ => "video/mp4",
    };
    let (sha256, size) = (sha256.to_owned(), Some([1024, 1024]));
    Some(Asset { sha256, media_type: media_type.into(), bytes: 9_000, size, duration_ms: None })
}

#[test]
fn every_golden_order_has_its_golden_key() {
    let around = Surroundings { asset: Some(&upload), ..Surroundings::default() };
    let rows = golden_orders();
    for row in &rows {
        let job = validate_in(&row.body, &row.nonce, &around);
        let job = job.unwrap_or_else(|e| panic!("{}: {e:?}", row.name));
        let bytes = canonical_bytes(&canonical(&row.tenant, &job));
        assert_eq!(String::from_utf8(bytes).unwrap(), row.canonical, "{}", row.name);
        assert_eq!(job.spec.key(&row.tenant, &job.scope).as_str(), row.key, "{}", row.name);
    }
    let mut distinct: Vec<&str> = rows.iter().map(|row| row.key.as_str()).collect();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), rows.len());
}

fn canonical(tenant: &str, job: &ValidJob) -> Value {
    match &job.spec {
        Spec::Clip(spec) => canonical_value(tenant, spec, &job.scope),
        Spec::Media(order) => canonical_order(tenant, order, &job.scope),
    }
}

#[test]
fn every_golden_request_has_its_golden_key() {
    for row in golden() {
        let job = validate(&row.body, &row.nonce).unwrap_or_else(|e| panic!("{}: {e:?}", row.name));
        let bytes = canonical_bytes(&canonical(&row.tenant, &job));
        assert_eq!(String::from_utf8(bytes).unwrap(), row.canonical, "{}", row.name);
        assert_eq!(job.spec.key(&row.tenant, &job.scope).as_str(), row.key, "{}", row.name);
    }
}

#[test]
fn what_does_not_change_the_picture_does_not_change_the_key() {
    let rows = golden();
    let key = |name: &str| rows.iter().find(|row| row.name == name).unwrap().key.clone();
    assert_eq!(key("a state by name alone"), key("every default written out has the same key"));
    assert_eq!(key("a defined character"), key("the same character under another name"));
    assert_eq!(key("a reaction"), key("an intensity within the same tenth"));
    assert_eq!(key("a reaction"), key("a game's body for a provider that another model stands in for"));
    let mut distinct: Vec<String> = rows.iter().map(|row| row.key.clone()).collect();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), rows.len() - 4, "every other request has a key of its own");
}

/// The vectors of RFC 8785: section 3.2.2 (the sample object), section 3.2.3 (property sorting)
/// and appendix B (numbers).
#[test]
fn the_canonical_form_is_that_of_rfc_8785() {
    let check = |input: &str, expected: &str| {
        let value: Value = serde_json::from_str(input).unwrap();
        assert_eq!(String::from_utf8(canonical_bytes(&value)).unwrap(), expected, "{input}");
    };
    check(
        r#"{
          "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
          "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
          "literals": [null, true, false]
        }"#,
        "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}",
    );
    check(
        r#"{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}"#,
        "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}",
    );
    for (bits, expected) in [
        (0x0000_0000_0000_0000u64, "0"),
        (0x8000_0000_0000_0000, "0"),
        (0x0000_0000_0000_0001, "5e-324"),
        (0x8000_0000_0000_0001, "-5e-324"),
        (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
        (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
        (0x4340_0000_0000_0000, "9007199254740992"),
        (0xc340_0000_0000_0000, "-9007199254740992"),
        (0x4430_0000_0000_0000, "295147905179352830000"),
        (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
        (0x44b5_2d02_c7e1_4af6, "1e+23"),
        (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
        (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
        (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
        (0x444b_1ae4_d6e2_ef50, "1e+21"),
        (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
        (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
        (0x41b3_de43_5555_5553, "333333333.3333332"),
        (0x41b3_de43_5555_5554, "333333333.33333325"),
        (0x41b3_de43_5555_5555, "333333333.3333333"),
        (0x41b3_de43_5555_5556, "333333333.3333334"),
        (0x41b3_de43_5555_5557, "333333333.33333343"),
        (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
        (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
    ] {
        let value = Value::from(f64::from_bits(bits));
        assert_eq!(String::from_utf8(canonical_bytes(&value)).unwrap(), expected, "{bits:016x}");
    }
}
