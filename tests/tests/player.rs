//! The player, in a real Chromium with real clips: pixels, not promises.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::time::Duration;

use cuelight_core::catalog;
use cuelight_tests::{Browser, World};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_rounds_through_all_twelve_states_never_show_a_blank_or_a_wrong_clip() {
    let world = World::start(&["--burn-in", "--delay", "realtime=50"]).await;
    let browser = Browser::open(800, 600, &[]).await;
    browser.goto(&world.edge).await;
    browser.run(include_str!("../fixtures/switches.js")).await;
    browser
        .run(
            r"const script = document.createElement('script');
            script.type = 'module';
            script.src = '/cuelight/cuelight.js';
            const element = document.createElement('cuelight-character');
            for (const [name, value] of Object.entries(
                { character: 'bolt', tier: 'enterprise', preset: 'realtime', predict: 'false' },
            )) element.setAttribute(name, value);
            element.style.cssText = 'position: fixed; inset: 0 auto auto 0; width: 240px; height: 240px; z-index: 9';
            document.body.append(script, element);
            window.character = element;",
        )
        .await;
    browser.until("window.character.stats && window.character.stats().showing === 'clip'").await;

    // Every clip once, so that what follows is about switching and not about waiting.
    let states: Vec<&str> = catalog::built_in().states.iter().map(|s| s.id.as_str()).collect();
    browser
        .run("addEventListener('cuelight-shown', ({ detail }) => { if (detail.kind === 'clip') window.shown = detail.cue; });")
        .await;
    for state in states.iter().rev() {
        browser.run(&format!("window.character.setState('{state}');")).await;
        // Not a stand-in from its fallback chain, nor one that was seen as such before: its own clip, now.
        browser.until(&format!("window.shown === '{state}'")).await;
    }

    browser
        .run(&format!(
            "window.report = null; window.switchThrough(window.character, {}, 100).then((r) => (window.report = r));",
            json!(states)
        ))
        .await;
    let report = browser.until_within("window.report", Duration::from_secs(600)).await;
    browser.screenshot("player-after-1200-switches").await;
    std::fs::write(world.folder().join("report.json"), report.to_string()).unwrap();
    assert_eq!(report["blank"], json!([]), "{report}");
    assert_eq!(report["wrong"], json!([]), "{report}");
    assert_eq!(report["uncoded"], json!([]), "{report}");
    assert_eq!(report["switches"], 1200);
    // Shown by `--nocapture`; measured, never judged.
    eprintln!("1200 switches, {} frames read, median {} ms", report["frames"], report["medianWaitMs"]);
    assert_eq!(world.studio_stats().await["submissions"], 12, "every clip was made once");
    browser.close().await;
}
