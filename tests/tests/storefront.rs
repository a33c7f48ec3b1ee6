//! The storefront, as a shopper meets it: first visit, a whole conversation, second visit.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use cuelight_core::catalog;
use cuelight_tests::{Browser, World};
use serde_json::{Value, json};

/// Collects what the character shows, by state, and which states it was in.
const WATCH: &str = r"
  window.__shown = {};
  window.__states = [];
  document.addEventListener('cuelight-shown', (event) => {
    const { cue, kind } = event.detail;
    (window.__shown[cue] ??= []).push(kind);
    window.__now = [cue, kind];
  });
  document.addEventListener('cuelight-state', (event) => window.__states.push(event.detail.state));
";
const CHARACTER: &str = "document.querySelector('cuelight-character')";

#[tokio::test(flavor = "multi_thread")]
async fn a_shopper_sees_a_living_character_from_the_first_visit_on() {
    let world = World::start(&["--delay", "fast=1500"]).await;

    // First visit: nothing exists.
    let browser = Browser::open(1280, 900, &[]).await;
    let opened = Instant::now();
    browser.goto(&format!("{}/storefront", world.edge)).await;
    // Painted, not only promised: an element says "placeholder" before it shows anything.
    browser.until(&format!("{CHARACTER}?.shadowRoot?.querySelector('img')?.naturalWidth")).await;
    let first = browser.run(&format!("return {CHARACTER}.stats().showing;")).await;
    browser.screenshot("storefront-1-first-moment").await;
    assert_eq!(first, "placeholder", "no clip existed, so the first thing shown is the placeholder");
    browser.until(&format!("{CHARACTER}.stats().showing === 'clip'")).await;
    let waited = opened.elapsed();
    assert!(waited < Duration::from_secs(10), "the first clip took {waited:?}");
    assert_eq!(browser.run(&format!("return {CHARACTER}.stats().cue;")).await, "idle");
    browser.screenshot("storefront-2-idle-clip").await;

    browser.run(WATCH).await;
    conversation(&browser, Some("storefront-3-first")).await;
    let all: BTreeSet<&str> = catalog::built_in().states.iter().map(|s| s.id.as_str()).collect();
    assert_eq!(states_seen(&browser).await, all.iter().map(|s| (*s).to_owned()).collect());
    browser.find("panel-toggle").await.click().await.unwrap();
    browser.screenshot("storefront-4-panel").await;
    browser.close().await;
    // What was asked for ahead of need may still be on its way.
    wait_until_idle(&world).await;
    let made = world.studio_stats().await["submissions"].clone();

    // Second visit, by somebody whose browser has nothing cached.
    let browser = Browser::open(1280, 900, &[]).await;
    browser.goto(&format!("{}/storefront", world.edge)).await;
    browser.until(&format!("{CHARACTER}?.stats && {CHARACTER}.stats().showing === 'clip'")).await;
    browser.run(WATCH).await;
    conversation(&browser, Some("storefront-5-second")).await;
    assert_eq!(states_seen(&browser).await, all.iter().map(|s| (*s).to_owned()).collect());
    let shown = browser.run("return window.__shown;").await;
    for state in &all {
        assert!(kinds(&shown, state).contains(&"clip"), "{state} was never shown as a clip: {shown}");
    }
    let requests = browser.requests().await;
    let asks = |request: &&String| !request.starts_with("GET ") && !request.contains("/api/v1/tokens");
    let posts: Vec<&String> = requests.iter().filter(asks).collect();
    assert!(posts.is_empty(), "a second visit asks for nothing to be made: {posts:?}");
    assert!(requests.iter().filter(|r| r.contains("/clips/")).count() >= 12, "{requests:?}");
    assert_eq!(world.studio_stats().await["submissions"], made, "a second visit makes no generation");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_storefront_fits_a_phone_the_keyboard_and_reduced_motion() {
    let world = World::start(&["--delay", "fast=300"]).await;
    let browser = Browser::open(390, 844, &[]).await;
    browser.goto(&format!("{}/storefront", world.edge)).await;
    browser.until("document.documentElement.dataset.ready").await;
    let overflow = browser.run("return document.documentElement.scrollWidth - innerWidth;").await;
    assert!(overflow.as_i64().unwrap() <= 0, "the page scrolls sideways by {overflow} px");
    browser.screenshot("storefront-6-phone").await;
    let launcher = browser.find("launcher").await;
    if launcher.is_displayed().await.unwrap() {
        launcher.send_keys(thirtyfour::Key::Enter + "").await.unwrap();
    }
    browser.until("document.activeElement.closest('[data-testid=chat]') !== null").await;
    let input = browser.find("message").await;
    input.send_keys("What does it cost?").await.unwrap();
    browser.until(&format!("{CHARACTER}.state === 'listening'")).await;
    input.send_keys(thirtyfour::Key::Enter + "").await.unwrap();
    browser.until(&format!("{CHARACTER}.state === 'talking'")).await;
    browser.screenshot("storefront-7-phone-chat").await;
    browser.close().await;

    let browser = Browser::open(1280, 900, &["--force-prefers-reduced-motion"]).await;
    browser.goto(&format!("{}/storefront", world.edge)).await;
    browser.until(&format!("{CHARACTER}?.stats && {CHARACTER}.stats().showing === 'clip'")).await;
    let playing =
        format!("[...{CHARACTER}.shadowRoot.querySelectorAll('video')].filter((v) => !v.paused).length");
    assert_eq!(browser.run(&format!("return {playing};")).await, 0, "nothing moves for who asked for it");
    browser.run(&format!("{CHARACTER}.setState('happy');")).await;
    browser
        .until(&format!("{CHARACTER}.stats().cue === 'happy' && {CHARACTER}.stats().showing === 'clip'"))
        .await;
    assert_eq!(browser.run(&format!("return {playing};")).await, 0);
    let label = browser.run(&format!("return {CHARACTER}.getAttribute('aria-label') ?? {CHARACTER}.ariaLabel ?? {CHARACTER}.shadowRoot.querySelector('[role=img]')?.getAttribute('aria-label');")).await;
    assert!(label.as_str().unwrap().contains("happy"), "{label}");
    browser.screenshot("storefront-8-reduced-motion").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_element_that_has_not_begun_has_complete_stats_all_the_same() {
    let world = World::start(&[]).await;
    let browser = Browser::open(1280, 900, &[]).await;
    browser.goto(&format!("{}/storefront", world.edge)).await;
    browser.until("customElements.get('cuelight-character')").await;
    let stats = browser.run("return new (customElements.get('cuelight-character'))().stats();").await;
    assert_eq!(
        stats,
        json!({
            "mode": "pending",
            "state": "idle", "cue": "", "shown": "", "showing": "placeholder", "online": true, "socket": "closed",
            "token": "none", "limited": null, "waiting": 0,
            "cache": {
                "entries": 0, "bytes": 0, "hits": 0, "misses": 0, "evictions": 0, "refused": 0,
                "stored": { "entries": 0, "bytes": 0, "hits": 0, "misses": 0 },
            },
            "jobs": [], "predictions": [],
            "player": { "slots": 0, "staged": [], "lastStaged": false, "lastWaitedMs": 0, "seams": 0 },
            "speculation": {
                "requested": 0, "used": 0, "wasted": 0,
                "bytesRequested": 0, "bytesUsed": 0, "bytesWasted": 0,
                "microUsdRequested": 0, "microUsdUsed": 0, "microUsdWasted": 0,
                "budget": 0,
            },
        })
    );
    browser.close().await;
}

/// Plays the scripted conversation; a screenshot of every state as it is first shown as a clip.
async fn conversation(browser: &Browser, pictures: Option<&str>) {
    browser.find("play-script").await.click().await.unwrap();
    let started = Instant::now();
    let mut taken = BTreeSet::new();
    loop {
        assert!(started.elapsed() < Duration::from_secs(240), "the conversation never ends");
        let now = browser
            .run("return [...(window.__now ?? [null, null]), document.documentElement.dataset.script];")
            .await;
        let cue = now[0].as_str().unwrap_or_default().to_owned();
        if let Some(prefix) = pictures
            && now[1] == "clip"
            && taken.insert(cue.clone())
        {
            // In the middle of its gesture: every one-shot begins and ends at rest.
            let position = format!(
                "[...{CHARACTER}.shadowRoot.querySelectorAll('video')].some((v) => !v.paused && v.currentTime > 0.35 * v.duration)"
            );
            browser.until(&position).await;
            browser.screenshot(&format!("{prefix}-{cue}")).await;
        }
        if now[2] == "done" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(80)).await;
    }
}

async fn states_seen(browser: &Browser) -> BTreeSet<String> {
    let states = browser.run("return window.__states;").await;
    let mut seen: BTreeSet<String> =
        states.as_array().unwrap().iter().map(|s| s.as_str().unwrap().to_owned()).collect();
    // It was idle before anybody watched.
    seen.insert("idle".to_owned());
    seen
}

fn kinds<'a>(shown: &'a Value, state: &str) -> Vec<&'a str> {
    shown[state].as_array().map(|list| list.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}

/// Waits until the studio has been polled no more for a second: nothing is being made.
async fn wait_until_idle(world: &World) {
    let mut last = Value::Null;
    let started = Instant::now();
    loop {
        let stats = world.studio_stats().await;
        let now = Value::from(vec![
            stats["polls"].clone(),
            stats["submissions"].clone(),
            stats["downloads"].clone(),
        ]);
        if now == last {
            return;
        }
        last = now;
        assert!(started.elapsed() < Duration::from_secs(60), "the studio never comes to rest");
        tokio::time::sleep(Duration::from_millis(2500)).await;
    }
}
