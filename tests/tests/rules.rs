//! A character with states and rules of its page's own, through the real edge and studio: its clips are
//! made and kept like any other's, and rules that could trap it are refused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use cuelight_core::cache_key::CacheKey;
use cuelight_tests::{Browser, World};
use serde_json::json;

const PARTY: &str = include_str!("../../docs/examples/states/party.json");
const TRAP: &str = include_str!("../../docs/examples/states/trap.json");
const CHARACTER: &str = "document.querySelector('cuelight-character')";
/// Collects what is shown, and what goes wrong.
const WATCH: &str = r"
  window.__shown = [];
  window.__errors = [];
  document.addEventListener('cuelight-shown', (event) => window.__shown.push(event.detail));
  document.addEventListener('cuelight-error', (event) => window.__errors.push(event.detail));
";

async fn visit(world: &World) -> Browser {
    let browser = Browser::open(1280, 900, &[]).await;
    browser.goto(&format!("{}/storefront", world.edge)).await;
    browser.until(&format!("{CHARACTER}?.stats && {CHARACTER}.stats().showing === 'clip'")).await;
    browser.run(WATCH).await;
    browser
}

/// Shows `state` until its own clip is on screen; its address, and where it came from.
async fn clip_of(browser: &Browser, state: &str) -> (String, String) {
    browser.run(&format!("{CHARACTER}.setState('{state}');")).await;
    let found = format!(
        "window.__shown.find((s) => s.cue === '{state}' && s.kind === 'clip' && s.from !== 'memory')"
    );
    browser.until(&found).await;
    let told = browser.run(&format!("return {found};")).await;
    (told["key"].as_str().unwrap().to_owned(), told["from"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_of_a_pages_own_is_made_once_and_shown_as_a_real_clip() {
    let world = World::start(&["--delay", "fast=300"]).await;
    let browser = visit(&world).await;
    browser.run(&format!("{CHARACTER}.rules = {PARTY};")).await;
    browser.until(&format!("{CHARACTER}.stats().state === 'idle'")).await;
    browser.run(&format!("{CHARACTER}.send({{ type: 'closed' }});")).await;
    browser.until(&format!("{CHARACTER}.state === 'packing'")).await;
    let label = browser.run(&format!("return {CHARACTER}.getAttribute('aria-label');")).await;
    assert!(label.as_str().unwrap().ends_with("is packing your order"), "{label}");
    let (key, from) = clip_of(&browser, "packing").await;
    assert_eq!(from, "generated");
    browser.screenshot("rules-packing").await;
    let clip = world.get(&CacheKey::parse(&key).unwrap().path()).await;
    assert_eq!(
        (clip.status().as_u16(), clip.headers()["content-type"].to_str().unwrap()),
        (200, "video/mp4")
    );
    let (dancing, _) = clip_of(&browser, "dancing").await;
    assert_ne!(dancing, key);
    assert_eq!(browser.run("return window.__errors;").await, json!([]));
    browser.close().await;

    // Somebody else, whose page gives the same rules in its markup.
    let browser = visit(&world).await;
    let markup = format!(
        "const old = {CHARACTER}; const character = old.cloneNode(); old.replaceWith(character); \
         character.setAttribute('rules', JSON.stringify({PARTY}));"
    );
    browser.run(&markup).await;
    let (again, from) = clip_of(&browser, "packing").await;
    assert_eq!((again, from.as_str()), (key, "edge"));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_could_trap_the_character_are_refused_and_it_goes_on() {
    let world = World::start(&["--delay", "fast=300"]).await;
    let browser = visit(&world).await;
    browser.run(&format!("{CHARACTER}.rules = {TRAP};")).await;
    browser.until("window.__errors.length").await;
    let errors = browser.run("return window.__errors;").await;
    assert_eq!(errors[0]["code"], "state_without_exit");
    assert!(errors[0]["detail"].as_str().unwrap().contains("idle -> (sent) -> thinking"), "{errors}");
    browser.run(&format!("{CHARACTER}.send({{ type: 'typing' }});")).await;
    browser.until(&format!("{CHARACTER}.state === 'listening'")).await;
    browser.close().await;
}
