//! Doubt, and what ends it: an answer that was lost or makes no sense, an order that is found
//! again by its key, a cancel that came too late, and what was paid for it.

use cuelight_core::units::{MicroUsd, Millis};
use cuelight_providers::{Cancelled, Progress, ProviderError};
use serde_json::{Value, json};

use super::{Vendor, answer, header, of, readings, spec};

pub(super) fn a_duplicate_of_an_order_is_that_order(vendor: &Vendor) {
    let read = |id| of(vendor).read_submit(&answer(409, (vendor.duplicate)(id)));
    let accepted = read(Some("gen_A-1")).unwrap();
    assert_eq!((accepted.operation_id.as_str(), accepted.estimate_ms), ("gen_A-1", None));
    // It has the order, so a second one must not follow: which one it is can be looked up.
    assert!(matches!(read(None), Err(ProviderError::Unanswered(_))));
}

pub(super) fn an_order_is_found_again_by_its_key(vendor: &Vendor) {
    let adapter = of(vendor);
    let read = |ids: &[&str]| adapter.read_find(&answer(200, (vendor.found)(ids)));
    let found = read(&["gen_A-1"]).unwrap().expect("an operation");
    assert_eq!((found.operation_id.as_str(), found.estimate_ms), ("gen_A-1", Some(Millis(2500))));
    assert_eq!(read(&[]).unwrap(), None);
    // It did not look at the key; to take any of them might be to show somebody else's clip.
    assert!(matches!(read(&["gen_A-1", "gen_B-2"]), Err(ProviderError::Fatal(_))));
    for body in ["", "null", "[]", "{}", "{\"generations\":null}", "{\"generations\":[{}]}", "<html>"] {
        let read = adapter.read_find(&answer(200, body));
        assert!(matches!(read, Err(ProviderError::Transient(_))), "{body}: no answer is not 'none'");
    }
    for status in [404, 405, 501] {
        assert!(adapter.read_find(&answer(status, "{}")).is_err(), "{status} is not 'none'");
    }
}

pub(super) fn a_key_is_looked_for_as_it_was_submitted(vendor: &Vendor) {
    let adapter = of(vendor);
    let spec = spec(json!({"character": "bolt", "state": "idle"}));
    for key in ["k.1.1", "a&idempotency_key=b#c", "two\r\nlines", &"x".repeat(100), "ä", ""] {
        let sent = adapter.submit(&spec, key).unwrap();
        let asked = adapter.find(key).unwrap();
        let url = url::Url::parse(&asked.uri().to_string()).unwrap();
        let values: Vec<_> = url.query_pairs().map(|(_, value)| value.into_owned()).collect();
        assert_eq!(values, [header(&sent, "idempotency-key")], "{key:?}");
    }
}

pub(super) fn a_price_is_believed_up_to_a_thousand_dollars(vendor: &Vendor) {
    let adapter = of(vendor);
    for (said, read) in [
        (json!(0), Some(MicroUsd(0))),
        (json!(4_200), Some(MicroUsd(4_200))),
        (json!(0.2), Some(MicroUsd(1))),
        (json!(1_000_000_000), Some(MicroUsd(1_000_000_000))),
        (json!(1_000_000_001), None),
        (json!(u64::MAX), None),
        (json!(1e300), None),
        (json!(-1), None),
        (json!("4200"), None),
        (json!([4_200]), None),
        (json!(null), None),
    ] {
        let Ok(Progress::Succeeded(output)) =
            adapter.read_poll(&answer(200, (vendor.priced)("succeeded", said.clone())))
        else {
            panic!("{said}: the clip is good whatever the price")
        };
        assert_eq!(output.cost_micro_usd, read, "{said}");
        let cancelled = adapter.read_cancel(&answer(200, (vendor.priced)("succeeded", said.clone())));
        assert_eq!(cancelled, Ok(Cancelled::Charged(read)), "{said}");
    }
}

pub(super) fn a_cancel_says_whether_it_was_in_time(vendor: &Vendor) {
    let adapter = of(vendor);
    let read = |end: &str, cost: Value| adapter.read_cancel(&answer(200, (vendor.priced)(end, cost)));
    for end in ["cancelled", "failed"] {
        assert_eq!(read(end, json!(0)), Ok(Cancelled::Free), "{end}");
        assert_eq!(read(end, json!(null)), Ok(Cancelled::Free), "{end}");
        // What was begun may have to be paid; a claim that is not believed is still one.
        assert_eq!(read(end, json!(700)), Ok(Cancelled::Charged(Some(MicroUsd(700)))), "{end}");
        assert_eq!(read(end, json!(u64::MAX)), Ok(Cancelled::Charged(None)), "{end}");
    }
    for status in [404, 410] {
        assert_eq!(adapter.read_cancel(&answer(status, "{}")), Err(ProviderError::Lost));
    }
    let goes_on = adapter.read_cancel(&answer(202, (vendor.running)(0.5)));
    assert!(matches!(goes_on, Err(ProviderError::Transient(_))), "{goes_on:?}");
}

pub(super) fn an_answer_that_makes_no_sense_decides_nothing(vendor: &Vendor) {
    let adapter = of(vendor);
    let cut = (vendor.accepted)("g1").to_string();
    for body in ["", "null", "[]", "<html>", &cut[..cut.len() / 2], &"[".repeat(10_000), &" ".repeat(1 << 20)]
    {
        let [submit, poll, _, find, cancel] = readings(&adapter, &answer(200, body));
        // A question can be asked again.
        for error in [poll, find] {
            assert!(matches!(error, Some(ProviderError::Transient(_))), "{error:?}");
        }
        // A deed may have been done.
        for error in [submit, cancel] {
            assert!(matches!(error, Some(ProviderError::Unanswered(_))), "{error:?}");
        }
    }
}
