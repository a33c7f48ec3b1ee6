//! Prompts: those that follow from a brief, those that a language model writes, and the picture that stands
//! in for a call that cannot be made.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use cuelight_tests::{Answer, World};
use reqwest::StatusCode;
use serde_json::{Value, json};

const MODEL: &str = "gemini-3.5-flash-lite";

fn writer() -> (&'static str, Value) {
    let prices = json!({"model": MODEL, "input_micro_usd": 300_000, "output_micro_usd": 2_500_000});
    ("PROMPT_WRITER", prices)
}

fn scene(title: &str) -> Value {
    json!({"brief": {"scene": {"title": title, "description": "a fox on a raft", "tone": "tense"}}})
}

async fn ask(world: &World, body: &Value) -> Answer {
    Answer::to(world.http.post(world.at("/api/v1/prompts")).json(body)).await
}

async fn billed(world: &World) -> Value {
    world.studio_stats().await["vendors"]["google"]["total_micro_usd"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scenes_prompt_is_written_once_paid_for_and_then_known() {
    let world = World::bare(&["--delay-scale", "0.01"], &[writer()]).await;
    let body = scene("The storm");

    // Four at once may all pay, and all are told the same.
    let (a, b, c, d) =
        tokio::join!(ask(&world, &body), ask(&world, &body), ask(&world, &body), ask(&world, &body));
    let answers = [a, b, c, d];
    for answer in &answers {
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.json);
        assert_eq!(answer.json["written_by"], MODEL);
        assert_eq!(answer.json["prompt"], answers[0].json["prompt"]);
        assert_eq!(answer.json["operation_type"], "image_to_video");
    }
    let prompt = answers[0].json["prompt"].as_str().unwrap();
    assert!(prompt.contains("fox on a raft") && prompt.contains("camera"), "{prompt}");
    let paid: u64 = answers.iter().map(|answer| answer.json["cost_micro_usd"].as_u64().unwrap()).sum();
    let usage = world.usage().await;
    assert!(paid > 0);
    assert_eq!((&usage["month"], &billed(&world).await), (&json!(paid), &json!(paid)), "{usage}");
    assert_eq!(
        (&usage["clips_this_month"], &usage["reserved"]),
        (&json!(0), &json!(0)),
        "words are no clips"
    );
    assert_eq!(usage["days"][0]["model"], MODEL);

    // Asked again, it is known, and for another scene it is written anew.
    let again = ask(&world, &body).await.json;
    assert_eq!((&again["prompt"], &again["cost_micro_usd"]), (&json!(prompt), &json!(0)));
    let other = ask(&world, &scene("The calm")).await.json;
    assert!(other["prompt"] != *prompt && other["cost_micro_usd"].as_u64().unwrap() > 0, "{other}");

    // A scene of which nothing is known leaves nothing to write, and other briefs leave nothing open.
    let before = billed(&world).await;
    for brief in [json!({"scene": {}}), json!({"mascot": {"product": "Acme"}}), json!({"background": {}})] {
        let answer = ask(&world, &json!({ "brief": brief })).await.json;
        assert_eq!(answer["written_by"], "template", "{answer}");
        assert!(answer.get("note").is_none(), "{answer}");
    }
    assert_eq!(billed(&world).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_can_write_the_template_stands_in_and_says_why() {
    let tenants = json!({"demo": {"namespace": "demo", "plan": "enterprise", "daily_micro_usd": 20_000}});
    let limits = json!({"requests": 80});
    let settings = [writer(), ("TENANTS", tenants), ("LIMITS", limits)];
    let world = World::bare(&["--delay-scale", "0.01"], &settings).await;

    for (kind, why, is_paid) in [
        ("throttle", "could not be asked", false),
        ("refuse", "wrote no prompt", true),
        ("lost_answer", "did not answer", true),
    ] {
        let rule = json!({"kind": kind, "on": "submit", "vendor": "google", "times": 1});
        world.studio_faults(json!([rule])).await;
        let answer = ask(&world, &scene(kind)).await;
        assert_eq!(answer.status, StatusCode::OK, "{kind}: {}", answer.json);
        assert_eq!(answer.json["written_by"], "template", "{kind}: {}", answer.json);
        assert!(answer.json["note"].as_str().unwrap().contains(why), "{kind}: {}", answer.json);
        assert!(answer.json["prompt"].as_str().unwrap().contains("showing a fox on a raft"));
        // A refused prompt costs what it took to read it.
        let cost = answer.json["cost_micro_usd"].as_u64().unwrap();
        assert_eq!(cost > 0, is_paid, "{kind}: {}", answer.json);
    }
    // What could not be written is written when it is asked for again.
    let written = ask(&world, &scene("throttle")).await.json;
    assert_eq!(written["written_by"], MODEL, "{written}");

    // The budget holds for words, too: what they may cost at most no longer fits.
    let mut answer = Value::Null;
    for number in 0..60 {
        answer = ask(&world, &scene(&format!("Scene {number}"))).await.json;
        if answer["written_by"] == "template" {
            break;
        }
    }
    assert!(answer["note"].as_str().unwrap().contains("daily budget"), "{answer}");
    let usage = world.usage().await;
    assert!(usage["today"].as_u64().unwrap() <= 20_000, "{usage}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_brief_makes_a_job_and_a_call_that_fails_has_a_picture_all_the_same() {
    let world = World::bare(&["--delay-scale", "0.01"], &[]).await;
    let body = json!({"operation_type": "text_to_image", "params": {"brief": {"cover": {"motif": "a fox"}}}});
    let (_, job) = world.post_job("s", &body).await;
    assert_eq!(world.finished(job["id"].as_str().unwrap()).await["status"], "complete", "{job}");
    // The words of a prompt that was asked for are the brief's own: the same picture, under the same key.
    let told = ask(&world, &json!({"brief": {"cover": {"motif": "a fox"}}})).await.json;
    assert_eq!(told["written_by"], "template");
    let mut params = json!({"prompt": told["prompt"]});
    if job["model"].as_str().is_some_and(|model| model.starts_with("amazon")) {
        params["negative_prompt"] = told["negative_prompt"].clone();
    }
    let same = json!({"operation_type": "text_to_image", "model": job["model"], "params": params});
    let (status, hit) = world.post_job("s", &same).await;
    assert_eq!((status, &hit["cache_key"]), (StatusCode::OK, &job["cache_key"]), "{hit}");
    let wrong = json!({"operation_type": "text_to_image", "params": {"brief": {"scene": {}, "mascot": {}}}});
    world.ask("s", &wrong).await.expect_problem(422, "invalid_request");
    let wrong = ask(&world, &json!({"brief": {"mascot": {"size": 3}}, "model": "x"})).await;
    wrong.expect_problem(422, "invalid_request");
    let places: Vec<&str> =
        wrong.json["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
    assert_eq!(places, ["/brief/mascot/size", "/model"]);

    world.studio_faults(json!([{"kind": "refuse", "on": "submit", "vendor": "banana", "times": 1}])).await;
    let call = json!({"operation_type": "call_image", "model": "banana-call-image", "params": {"left": {"name": "Ada"}}});
    let (_, job) = world.post_job("s", &call).await;
    let id = job["id"].as_str().unwrap();
    world.finished(id).await;
    // The session that asked is told what to show instead.
    let failed = Answer::to(world.http.get(world.at(&format!("/api/v1/jobs/{id}?session=s")))).await.json;
    assert_eq!(
        (&failed["status"], &failed["fallback"]["kind"]),
        (&json!("failed"), &json!("placeholder")),
        "{failed}"
    );
    let picture = world.get(failed["fallback"]["url"].as_str().unwrap()).await;
    assert_eq!(picture.status(), StatusCode::OK);
    assert_eq!(picture.headers()["content-type"], "image/svg+xml");
    assert!(picture.text().await.unwrap().contains("Two people on a call"));
}
