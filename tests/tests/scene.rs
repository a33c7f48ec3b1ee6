//! The game scene, as a player meets it: characters react to what is done with them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::time::Duration;

use cuelight_tests::{Browser, World};
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn three_characters_react_to_the_player_by_expression_and_intensity() {
    let world = World::start(&["--delay", "realtime=200,fast=400"]).await;
    let browser = Browser::open(1280, 800, &[]).await;
    browser.goto(&format!("{}/scene", world.edge)).await;
    browser.until("document.documentElement.dataset.ready").await;
    browser.screenshot("scene-1-first-moment").await;
    // Every character idles on a real clip before anything is done with it.
    browser
        .until("window.scene.actors.length >= 3 && window.scene.actors.every((a) => a.showing === 'clip')")
        .await;
    browser.screenshot("scene-2-idle").await;

    let mut cues: Vec<String> = Vec::new();
    let count = browser.run("return window.scene.actors.length;").await.as_u64().unwrap();
    for index in 0..count {
        let before = cue(&browser, index).await;
        let spoken = browser.run("return document.querySelector('[aria-live]').textContent;").await;
        // By keyboard: choose a tool, walk to the character, hold Space for a while.
        browser.run(&format!("window.scene.focus({index});")).await;
        press(&browser, "1", Duration::ZERO).await;
        press(&browser, " ", Duration::from_millis(900)).await;
        browser
            .until(&format!(
                "window.scene.actors[{index}].cue !== {before:?} && window.scene.actors[{index}].showing === 'clip'"
            ))
            .await;
        browser.until(&format!("document.querySelector('[aria-live]').textContent !== {spoken}")).await;
        cues.push(cue(&browser, index).await);
        browser.screenshot(&format!("scene-3-reaction-{index}")).await;
    }
    cues.sort();
    cues.dedup();
    assert!(cues.len() >= 2, "different characters feel differently about the same thing: {cues:?}");
    browser.close().await;

    let browser = Browser::open(390, 844, &["--force-prefers-reduced-motion"]).await;
    browser.goto(&format!("{}/scene", world.edge)).await;
    browser.until("window.scene && window.scene.actors.every((a) => a.showing === 'clip')").await;
    let overflow = browser.run("return document.documentElement.scrollWidth - innerWidth;").await;
    assert!(overflow.as_i64().unwrap() <= 0, "the scene scrolls sideways by {overflow} px");
    browser.screenshot("scene-4-phone-reduced-motion").await;
    browser.close().await;
}

async fn cue(browser: &Browser, index: u64) -> String {
    let cue = browser.run(&format!("return window.scene.actors[{index}].cue;")).await;
    cue.as_str().unwrap_or_else(|| panic!("no cue: {}", Value::Null)).to_owned()
}

/// Holds a key for `hold`, as a finger does.
async fn press(browser: &Browser, key: &str, hold: Duration) {
    let keys = browser.driver.action_chain().key_down(key.chars().next().unwrap());
    keys.perform().await.unwrap();
    tokio::time::sleep(hold).await;
    let keys = browser.driver.action_chain().key_up(key.chars().next().unwrap());
    keys.perform().await.unwrap();
}
