//! What people see of both demos: on a desk and on a phone, light and dark, with little motion, and
//! while the edge is down. Each test writes pictures that a person can look at.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use cuelight_tests::{Browser, World};
use thirtyfour::prelude::*;

const CHARACTER: &str = "document.querySelector('cuelight-character')";
/// Every resident plays the clip that was asked for last.
const ALL_GO: &str =
    "window.scene?.actors?.length === 4 && window.scene.actors.every((a) => a.light === 'go')";
const SIZES: [(&str, u32, u32); 2] = [("desktop", 1280, 900), ("phone", 390, 844)];

#[tokio::test(flavor = "multi_thread")]
async fn both_demos_look_right_on_a_desk_and_on_a_phone_in_light_and_in_dark() {
    let world = World::start(&["--delay", "realtime=100,fast=200"]).await;
    for (device, width, height) in SIZES {
        let browser = Browser::open(width, height, &[]).await;
        for scheme in ["light", "dark"] {
            browser.prefer("prefers-color-scheme", scheme).await;
            browser.goto(&world.at("/storefront")).await;
            open_the_chat(&browser).await;
            browser.until(&plays("idle")).await;
            let dark = luminance(&browser, "document.body").await < 0.5;
            assert_eq!(dark, scheme == "dark", "the page's background follows what the system prefers");
            stays_inside(&browser).await;
            browser.screenshot(&format!("looks-storefront-{device}-{scheme}")).await;

            browser.goto(&world.at("/scene")).await;
            browser.until(ALL_GO).await;
            stays_inside(&browser).await;
            browser.screenshot(&format!("looks-scene-{device}-{scheme}")).await;
        }
        browser.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_little_motion_sees_stills_that_still_change_state() {
    let world = World::start(&["--delay", "realtime=100,fast=200"]).await;
    let browser = Browser::open(1280, 900, &["--force-prefers-reduced-motion"]).await;
    browser.goto(&world.at("/storefront")).await;
    let mut pictures = Vec::new();
    for state in ["idle", "greeting", "sad"] {
        browser.until(&format!("{CHARACTER}?.setState")).await;
        browser.run(&format!("{CHARACTER}.setState('{state}');")).await;
        browser.until(&plays(state)).await;
        let moving = format!(
            "return [...{CHARACTER}.shadowRoot.querySelectorAll('video')].filter((v) => !v.paused).length;"
        );
        assert_eq!(browser.run(&moving).await, 0, "{state} moves");
        browser.screenshot(&format!("looks-storefront-reduced-motion-{state}")).await;
        // The character alone: the page around it writes the state's name.
        let character = browser.driver.query(By::Css("cuelight-character")).first().await.unwrap();
        let picture = character.screenshot_as_png().await.unwrap();
        assert!(picture == character.screenshot_as_png().await.unwrap(), "{state} is no still");
        assert!(!pictures.contains(&picture), "{state} looks like another state");
        pictures.push(picture);
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_forced_colours_the_character_gets_a_frame_and_both_demos_can_be_read() {
    let world = World::start(&["--delay", "realtime=100,fast=200"]).await;
    let browser = Browser::open(1280, 900, &[]).await;
    browser.prefer("forced-colors", "active").await;
    browser.goto(&world.at("/storefront")).await;
    open_the_chat(&browser).await;
    browser.until(&plays("idle")).await;
    let frame = format!("return getComputedStyle({CHARACTER}).borderTopStyle;");
    assert_eq!(browser.run(&frame).await, "solid");
    browser.screenshot("looks-storefront-forced-colours").await;
    browser.goto(&world.at("/scene")).await;
    browser.until(ALL_GO).await;
    browser.screenshot("looks-scene-forced-colours").await;
    browser.prefer("forced-colors", "none").await;
    browser.goto(&world.at("/storefront")).await;
    browser.until(&plays("idle")).await;
    assert_eq!(browser.run(&frame).await, "none", "and none otherwise");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_character_that_stands_free_the_page_is_seen() {
    let world = World::start(&["--delay", "realtime=100,fast=200"]).await;
    let browser = Browser::open(1280, 900, &[]).await;
    browser.goto(&world.at("/storefront")).await;
    open_the_chat(&browser).await;
    browser.until(&plays("idle")).await;
    let magenta = "setProperty('--cuelight-background', 'rgb(255, 0, 255)')";
    browser.run(&format!("{CHARACTER}.style.{magenta};")).await;
    let plain = browser.screenshot("looks-storefront-background-keep").await;
    let canvases =
        |count: u8| format!("{CHARACTER}.shadowRoot.querySelectorAll('[part=canvas]').length === {count}");
    browser.until(&canvases(0)).await;
    browser.run(&format!("{CHARACTER}.background = 'key';")).await;
    browser.until(&canvases(1)).await;
    browser
        .run("return new Promise((then) => requestAnimationFrame(() => requestAnimationFrame(then)));")
        .await;
    let free = browser.screenshot("looks-storefront-background-key").await;
    // Beside the head, inside of where the demo fades the picture out, and the body.
    let (beside, body) = (place(&browser, 0.2, 0.2).await, place(&browser, 0.4, 0.66).await);
    let is_magenta = |png: &[u8], at| matches!(colour(png, at), [250..=255, 0..=5, 250..=255]);
    assert!(!is_magenta(&plain, beside), "the backdrop is there before: {:?}", colour(&plain, beside));
    assert!(is_magenta(&free, beside), "the page is seen: {:?}", colour(&free, beside));
    assert!(!is_magenta(&free, body), "the character is not seen through: {:?}", colour(&free, body));
    assert_eq!(browser.run("return window.__errors;").await, serde_json::json!([]));
    browser.close().await;
}

/// A place in the character, as parts of its width and height, in pixels of the window.
async fn place(browser: &Browser, x: f64, y: f64) -> [usize; 2] {
    let script = format!(
        "const box = {CHARACTER}.getBoundingClientRect(); \
         return [Math.round(box.x + {x} * box.width), Math.round(box.y + {y} * box.height)];"
    );
    serde_json::from_value(browser.run(&script).await).unwrap()
}

/// Red, green and blue of a place in a screenshot.
fn colour(png: &[u8], [x, y]: [usize; 2]) -> [u8; 3] {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let at = y * info.line_size + x * info.color_type.samples();
    pixels[at..at + 3].try_into().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_edge_is_down_a_placeholder_stands_in_and_the_page_says_so_until_it_is_back() {
    let mut world = World::start(&["--delay", "realtime=100,fast=200,balanced=200"]).await;
    for (device, width, height) in SIZES {
        let browser = Browser::open(width, height, &[]).await;
        browser.goto(&world.at("/storefront")).await;
        open_the_chat(&browser).await;
        browser.until(&plays("idle")).await;
        world.kill_edge().await;

        // In another quality nothing is at hand. The next device finds this one's clip made.
        let preset = if device == "desktop" { "balanced" } else { "realtime" };
        browser.run(&format!("{CHARACTER}.setAttribute('preset', '{preset}');")).await;
        browser.until(&format!("{CHARACTER}.stats().showing === 'placeholder'")).await;
        let notice = "document.querySelector('[data-testid=chat-notice]')";
        let text = browser.until(&format!("!{notice}.hidden && {notice}.textContent")).await;
        assert!(text.as_str().unwrap().contains("stands in"), "{text}");
        browser.screenshot(&format!("looks-storefront-{device}-edge-down")).await;

        world.start_edge().await;
        browser.until(&plays("idle")).await;
        browser.until(&format!("{notice}.hidden")).await;
        browser.screenshot(&format!("looks-storefront-{device}-edge-back")).await;
        browser.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_game_goes_on_while_the_edge_is_down_and_recovers() {
    let mut world = World::start(&["--delay", "realtime=100,fast=200"]).await;
    let browser = Browser::open(1280, 800, &[]).await;
    browser.goto(&world.at("/scene")).await;
    browser.until(ALL_GO).await;
    world.kill_edge().await;
    // The lantern, held on Bolt: a clip that nobody has asked for before.
    browser.run("document.querySelector('[data-testid=tool-lantern]').click();").await;
    for kind in ["keydown", "keyup"] {
        browser
            .run(&format!(
                "document.body.dispatchEvent(new KeyboardEvent('{kind}', {{ key: ' ', bubbles: true }}));"
            ))
            .await;
    }
    let bolt = "window.scene.actors.find((a) => a.id === 'bolt')";
    browser.until(&format!("{bolt}.light === 'standby'")).await;
    let notice = "document.querySelector('#notice')";
    browser.until(&format!("!{notice}.hidden && {notice}.textContent.includes('stands in')")).await;
    browser.screenshot("looks-scene-edge-down").await;
    world.start_edge().await;
    browser.until(ALL_GO).await;
    browser.until(&format!("{notice}.hidden")).await;
    browser.screenshot("looks-scene-edge-back").await;
    browser.close().await;
}

/// The character plays the clip of this state, and not a stand-in.
fn plays(state: &str) -> String {
    format!(
        "{CHARACTER}?.stats && {CHARACTER}.stats().showing === 'clip' && {CHARACTER}.stats().cue === '{state}' \
         && {CHARACTER}.stats().shown === '{state}'"
    )
}

/// On a phone the chat begins folded up.
async fn open_the_chat(browser: &Browser) {
    browser.until("document.documentElement.dataset.ready").await;
    browser
        .run("const b = document.querySelector('[data-testid=launcher]'); if (b.offsetParent !== null) b.click();")
        .await;
}

async fn stays_inside(browser: &Browser) {
    let overflow = browser.run("return document.documentElement.scrollWidth - innerWidth;").await;
    assert!(overflow.as_i64().unwrap() <= 0, "the page scrolls sideways by {overflow} px");
}

/// How light an element's background is, 0 to 1.
async fn luminance(browser: &Browser, element: &str) -> f64 {
    let script = format!(
        "const [r, g, b] = getComputedStyle({element}).backgroundColor.match(/[\\d.]+/g).map(Number); \
         return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;"
    );
    browser.run(&script).await.as_f64().unwrap()
}
