//! The game scene, as a player meets it: characters react to what is done with them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeSet;

use cuelight_tests::{Browser, World};
use thirtyfour::Key;

/// Every resident plays the clip that was asked for last.
const ALL_GO: &str =
    "window.scene?.actors?.length === 4 && window.scene.actors.every((a) => a.light === 'go')";

#[tokio::test(flavor = "multi_thread")]
async fn the_residents_react_to_the_player_by_expression_and_intensity() {
    let world = World::start(&["--delay", "realtime=200,fast=400"]).await;
    let browser = Browser::open(1280, 800, &[]).await;
    browser.goto(&format!("{}/scene", world.edge)).await;
    browser.until("document.documentElement.dataset.ready").await;
    browser.screenshot("scene-1-first-moment").await;
    // Every character idles on a real clip before anything is done with it.
    browser.until(ALL_GO).await;
    browser.screenshot("scene-2-idle").await;

    browser.find("tool-drum").await;
    tap(&browser, '3').await;
    assert_eq!(browser.run("return document.querySelector('[data-testid=tool-drum]').checked;").await, true);
    let mut cues = BTreeSet::new();
    for (index, id) in ["bolt", "miso", "orin", "juno"].into_iter().enumerate() {
        if index > 0 {
            tap(&browser, Key::Right.value()).await;
        }
        let name = browser.find("spotlight").await.text().await.unwrap();
        assert_eq!(name.to_lowercase(), id, "the arrow keys walk from booth to booth");
        let before = actor(&browser, id, "cue").await;
        // Space is held for longer on the first, so that it feels more strongly.
        let level = if index == 0 { 1 } else { 0 };
        key_down(&browser, ' ').await;
        browser.until(&format!("{} === '{level}'", level_of(id))).await;
        key_up(&browser, ' ').await;
        let mood = browser.find(&format!("mood-{id}")).await.inner_html().await.unwrap();
        assert!(mood.starts_with(&name) && !mood.contains("at ease"), "{mood}");
        browser
            .until(&format!("document.querySelector('[data-testid=live]').textContent === {mood:?}"))
            .await;
        browser
            .until(&format!(
                "window.scene.actors.some((a) => a.id === '{id}' && a.cue !== {before:?} && a.light === 'go')"
            ))
            .await;
        cues.insert(actor(&browser, id, "cue").await);
        browser.screenshot(&format!("scene-3-reaction-{id}")).await;
    }
    assert_eq!(cues.len(), 4, "different characters feel differently about the same thing: {cues:?}");
    let strengths: BTreeSet<&str> = cues.iter().filter_map(|cue| cue.rsplit(' ').next()).collect();
    assert_eq!(strengths, BTreeSet::from(["0.2", "0.5"]), "{cues:?}");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scene_fits_a_phone_and_reduced_motion() {
    let world = World::start(&["--delay", "realtime=200,fast=400"]).await;
    let browser = Browser::open(390, 844, &["--force-prefers-reduced-motion"]).await;
    browser.goto(&format!("{}/scene", world.edge)).await;
    browser.until(ALL_GO).await;
    let overflow = browser.run("return document.documentElement.scrollWidth - innerWidth;").await;
    assert!(overflow.as_i64().unwrap() <= 0, "the scene scrolls sideways by {overflow} px");
    browser.screenshot("scene-4-phone-reduced-motion").await;
    browser.close().await;
}

/// What the page says about one of its actors.
async fn actor(browser: &Browser, id: &str, field: &str) -> String {
    let script = format!("return window.scene.actors.find((a) => a.id === '{id}').{field};");
    browser.run(&script).await.as_str().unwrap_or_else(|| panic!("no {field} of {id}")).to_owned()
}

/// A script's expression for how strongly a resident feels: -1 at rest, 0 to 2.
fn level_of(id: &str) -> String {
    format!("document.querySelector('[data-testid=mood-{id}]').dataset.level")
}

async fn tap(browser: &Browser, key: char) {
    key_down(browser, key).await;
    key_up(browser, key).await;
}

async fn key_down(browser: &Browser, key: char) {
    browser.driver.action_chain().key_down(key).perform().await.unwrap();
}

async fn key_up(browser: &Browser, key: char) {
    browser.driver.action_chain().key_up(key).perform().await.unwrap();
}
