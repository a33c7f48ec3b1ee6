//! Who pays for what: the bill, cancelling in time and too late, finding a generation by its key,
//! and the faults that make a caller unsure whether it has ordered anything.

use std::time::Duration;

use axum::Router;
use axum::http::{Method, StatusCode};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::memory::REMEMBERED;
use super::{app, call, ended, faults, finished, get, order, quick, stats, submit};
use crate::api::Config;
use crate::delay::Delays;

/// What `order` costs: a clip, and one second.
const PRICE: u64 = 3_000;

fn slow(ms: u64) -> Router {
    let mut delays = Delays::default();
    delays.set("realtime", ms).unwrap();
    app(Config { delays, ..Config::default() })
}

/// A studio whose clock stands still and that has drawn the clip before, for one price: a
/// generation waits for `ms` milliseconds and for nothing else.
async fn waiting(ms: u64) -> Router {
    let app = slow(0);
    finished(&app, "drawn").await;
    call(&app, Method::POST, "/control/delays", "", Some(json!({ "realtime": ms }))).await;
    tokio::time::pause();
    app
}

async fn bill(app: &Router) -> Value {
    get(app, "/control/bill").await.json()
}

async fn total(app: &Router) -> u64 {
    bill(app).await["total_micro_usd"].as_u64().unwrap()
}

async fn ordered(app: &Router, key: &str) -> String {
    submit(app, key, order("idle")).await.json()["id"].as_str().unwrap().to_owned()
}

async fn cancel(app: &Router, id: &str) -> super::Answer {
    call(app, Method::DELETE, &format!("/v1/generations/{id}"), "", None).await
}

async fn listed(app: &Router, key: &str) -> Vec<Value> {
    let answer = get(app, &format!("/v1/generations?idempotency_key={key}")).await;
    assert_eq!(answer.status, StatusCode::OK);
    answer.json()["generations"].as_array().unwrap().clone()
}

/// Lets the renderer finish, without asking about any generation.
async fn drawn(app: &Router, charged: u64) {
    while bill(app).await["charged"] != charged {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_success_is_charged_once_however_often_it_is_asked_about() {
    let app = quick();
    let (id, view) = finished(&app, "k").await;
    assert_eq!(view["cost_micro_usd"], PRICE);
    for _ in 0..3 {
        submit(&app, "k", order("idle")).await;
        get(&app, &format!("/v1/generations/{id}")).await;
        get(&app, &format!("/v1/generations/{id}/output")).await;
        cancel(&app, &id).await;
        listed(&app, "k").await;
    }
    let entry = json!({"id": id, "idempotency_key": "k", "micro_usd": PRICE});
    assert_eq!(bill(&app).await, json!({"total_micro_usd": PRICE, "charged": 1, "entries": [entry]}));
    assert_eq!(stats(&app).await["billed_micro_usd"], PRICE);
}

#[tokio::test]
async fn a_success_is_charged_although_nobody_polls() {
    let app = quick();
    ordered(&app, "k").await;
    drawn(&app, 1).await;
    assert_eq!((total(&app).await, &stats(&app).await["polls"]), (PRICE, &json!(0)));
}

#[tokio::test]
async fn nothing_is_charged_before_the_delay_has_passed() {
    let app = waiting(5_000).await;
    ordered(&app, "k").await;
    tokio::time::advance(Duration::from_millis(4_900)).await;
    assert_eq!(total(&app).await, PRICE);
    tokio::time::advance(Duration::from_millis(200)).await;
    assert_eq!(total(&app).await, 2 * PRICE);
}

#[tokio::test]
async fn what_fails_or_is_refused_costs_nothing() {
    let app = quick();
    for (key, kind) in [("a", "fail"), ("b", "refuse")] {
        let id = ordered(&app, key).await;
        faults(&app, json!([{"kind": kind, "on": "poll", "times": 1}])).await;
        let view = get(&app, &format!("/v1/generations/{id}")).await.json();
        assert_eq!((&view["status"], &view["cost_micro_usd"]), (&json!("failed"), &json!(0)));
    }
    let mut forbidden = order("idle");
    forbidden["prompt"] = json!("forbidden");
    submit(&app, "c", forbidden).await;
    assert_eq!(total(&app).await, 0);
}

#[tokio::test]
async fn what_is_charged_cannot_fail_any_more() {
    let app = quick();
    let (id, view) = finished(&app, "k").await;
    for kind in ["fail", "refuse"] {
        faults(&app, json!([{"kind": kind, "on": "poll", "times": 1}])).await;
        let path = format!("/v1/generations/{id}");
        assert_eq!(get(&app, &path).await.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(get(&app, &path).await.json(), view);
    }
    assert_eq!(total(&app).await, PRICE);
}

#[tokio::test]
async fn a_cancel_in_time_saves_the_price_and_one_too_late_does_not() {
    let app = slow(60_000);
    let id = ordered(&app, "k").await;
    for _ in 0..2 {
        let answer = cancel(&app, &id).await;
        let view = answer.json();
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!((&view["status"], &view["cost_micro_usd"]), (&json!("cancelled"), &json!(0)));
    }
    let app = waiting(5_000).await;
    let id = ordered(&app, "k").await;
    // Done, and nobody has asked.
    tokio::time::advance(Duration::from_millis(5_100)).await;
    for _ in 0..2 {
        let view = cancel(&app, &id).await.json();
        assert_eq!((&view["status"], &view["cost_micro_usd"]), (&json!("succeeded"), &json!(PRICE)));
    }
    assert_eq!((total(&app).await, &stats(&app).await["cancels"]), (2 * PRICE, &json!(0)));
    assert_eq!(cancel(&app, "gen_none").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_cancel_whose_answer_is_lost_is_a_cancel_and_one_that_is_refused_is_none() {
    let app = slow(60_000);
    for (kind, status, after) in [
        ("drop", 200, "cancelled"),
        ("gateway", 502, "cancelled"),
        ("throttle", 429, "queued"),
        ("fail", 503, "queued"),
    ] {
        let id = ordered(&app, kind).await;
        faults(&app, json!([{"kind": kind, "on": "cancel", "times": 1}])).await;
        let answer = cancel(&app, &id).await;
        assert_eq!((answer.status.as_u16(), answer.body.is_none()), (status, kind == "drop"), "{kind}");
        let now = get(&app, &format!("/v1/generations/{id}")).await.json()["status"].clone();
        let open = now == "queued" || now == "running";
        assert!(if after == "queued" { open } else { now == after }, "{kind}: {now}");
    }
}

#[tokio::test]
async fn a_generation_is_found_by_its_key_and_by_no_other() {
    let app = quick();
    let (id, view) = finished(&app, "k.1.1").await;
    assert_eq!(listed(&app, "k.1.1").await, [view]);
    assert_eq!(listed(&app, "k.1.2").await, Vec::<Value>::new());
    assert_eq!(listed(&app, &id).await, Vec::<Value>::new());
    assert_eq!(stats(&app).await["lists"], 3);
    for (kind, status) in [("throttle", 429), ("fail", 503)] {
        faults(&app, json!([{"kind": kind, "on": "list", "times": 1}])).await;
        let answer = get(&app, "/v1/generations?idempotency_key=k.1.1").await;
        assert_eq!(answer.status.as_u16(), status);
    }
    faults(&app, json!([{"kind": "drop", "on": "list", "times": 1}])).await;
    assert_eq!(get(&app, "/v1/generations?idempotency_key=k.1.1").await.body, None);
}

#[tokio::test]
async fn a_duplicate_submission_is_refused_with_the_id_of_what_it_made() {
    let app = quick();
    faults(&app, json!([{"kind": "duplicate", "on": "submit", "times": 2}])).await;
    let answer = submit(&app, "k", order("idle")).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::CONFLICT, "duplicate"));
    let id = answer.json()["error"]["id"].clone();
    assert_eq!(submit(&app, "k", order("idle")).await.json()["error"]["id"], id);
    assert_eq!(listed(&app, "k").await[0]["id"], id);
    assert_eq!(stats(&app).await["submissions"], 1);
    // What is not taken has no duplicate.
    faults(&app, json!([{"kind": "duplicate", "on": "submit"}])).await;
    assert_eq!(submit(&app, "k", order("happy")).await.code(), "idempotency_conflict");
    assert_eq!(submit(&app, "", order("happy")).await.code(), "invalid");
}

#[tokio::test]
async fn a_duplicate_poll_is_the_view_before_the_latest() {
    let app = quick();
    let first = submit(&app, "k", order("idle")).await.json();
    let id = first["id"].as_str().unwrap();
    let path = format!("/v1/generations/{id}");
    drawn(&app, 1).await;
    assert_eq!(get(&app, &path).await.json()["status"], "succeeded");
    faults(&app, json!([{"kind": "duplicate", "on": "poll", "times": 2}])).await;
    assert_eq!(get(&app, &path).await.json(), first, "progress goes back");
    assert_eq!(get(&app, &path).await.json(), first);
    assert_eq!(get(&app, &path).await.json()["status"], "succeeded");
    assert_eq!(total(&app).await, PRICE);
}

#[tokio::test]
async fn a_gateway_answers_for_what_was_done() {
    let app = quick();
    faults(&app, json!([{"kind": "gateway", "on": "submit", "times": 1}])).await;
    let answer = submit(&app, "k", order("idle")).await;
    assert_eq!(answer.status, StatusCode::BAD_GATEWAY);
    assert!(serde_json::from_slice::<Value>(&answer.body.unwrap()).is_err());
    assert_eq!(submit(&app, "k", order("idle")).await.status, StatusCode::OK);
    assert_eq!(stats(&app).await["submissions"], 1);
}

#[tokio::test]
async fn a_reset_clears_the_bill_and_charges_nothing_again() {
    let app = quick();
    let (id, _) = finished(&app, "k").await;
    ordered(&app, "untold").await;
    drawn(&app, 2).await;
    call(&app, Method::POST, "/control/reset", "", None).await;
    ended(&app, &id).await;
    assert_eq!(bill(&app).await, json!({"total_micro_usd": 0, "charged": 0, "entries": []}));
    assert_eq!(stats(&app).await["billed_micro_usd"], 0);
}

#[tokio::test]
async fn what_is_forgotten_stays_on_the_bill() {
    let app = quick();
    let (id, _) = finished(&app, "first").await;
    let more = u64::try_from(REMEMBERED).unwrap();
    for number in 0..more {
        submit(&app, &format!("k{number}"), order("idle")).await;
    }
    assert_eq!(get(&app, &format!("/v1/generations/{id}")).await.status, StatusCode::NOT_FOUND);
    assert!(listed(&app, "first").await.is_empty());
    drawn(&app, more + 1).await;
    assert_eq!(total(&app).await, PRICE * (more + 1));
}

/// One call of a caller that does not know what it wants.
#[derive(Debug, Clone, Copy)]
enum Step {
    Submit(u8),
    Poll(u8),
    Cancel(u8),
    List(u8),
    Fault(&'static str, &'static str),
    Advance(u64),
    Bill,
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0u8..4;
    prop_oneof![
        3 => who.clone().prop_map(Step::Submit),
        3 => who.clone().prop_map(Step::Poll),
        1 => who.clone().prop_map(Step::Cancel),
        1 => who.prop_map(Step::List),
        2 => proptest::sample::select(vec![
            ("fail", "poll"), ("refuse", "poll"), ("duplicate", "poll"), ("drop", "poll"), ("gateway", "poll"),
            ("drop", "submit"), ("gateway", "submit"), ("duplicate", "submit"), ("drop", "cancel"),
        ]).prop_map(|(kind, on)| Step::Fault(kind, on)),
        2 => (1u64..2_000).prop_map(Step::Advance),
        1 => Just(Step::Bill),
    ]
}

async fn play(steps: Vec<Step>) {
    // What happens depends on the steps alone.
    let app = waiting(1_500).await;
    call(&app, Method::POST, "/control/reset", "", None).await;
    let mut ids: [Option<String>; 4] = [const { None }; 4];
    let mut before = 0;
    for step in steps {
        match step {
            Step::Submit(who) => {
                submit(&app, &format!("k{who}"), order("idle")).await;
                let known = listed(&app, &format!("k{who}")).await;
                ids[usize::from(who)] = Some(known[0]["id"].as_str().unwrap().to_owned());
            }
            Step::Poll(who) => {
                if let Some(id) = &ids[usize::from(who)] {
                    get(&app, &format!("/v1/generations/{id}")).await;
                }
            }
            Step::Cancel(who) => {
                if let Some(id) = &ids[usize::from(who)] {
                    cancel(&app, id).await;
                }
            }
            Step::List(who) => drop(listed(&app, &format!("k{who}")).await),
            Step::Fault(kind, on) => {
                faults(&app, json!([{"kind": kind, "on": on, "times": 1}])).await;
            }
            Step::Advance(ms) => tokio::time::advance(Duration::from_millis(ms)).await,
            Step::Bill => {
                let now = total(&app).await;
                assert!(now >= before, "a bill does not shrink");
                before = now;
            }
        }
    }
    faults(&app, json!([])).await;
    let mut costs = 0;
    for id in ids.iter().flatten() {
        let view = get(&app, &format!("/v1/generations/{id}")).await.json();
        let succeeded = view["status"] == "succeeded";
        assert_eq!(view["cost_micro_usd"].as_u64().unwrap_or(0), if succeeded { PRICE } else { 0 });
        costs += if succeeded { PRICE } else { 0 };
    }
    let charged = total(&app).await;
    assert_eq!(charged, costs, "the bill is the sum of what succeeded");
    assert!(charged >= before, "a bill does not shrink");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn the_bill_is_what_succeeded_whatever_a_caller_does(
        steps in proptest::collection::vec(step(), 0..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(play(steps));
    }
}
