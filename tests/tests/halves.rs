//! The first frame is shown by the first half of the module: the rest comes after it, and nothing that runs
//! before it has to wait for the rest. `cargo xtask halves` runs this with a module that tells what it runs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeSet;

use cuelight_tests::{Browser, World};
use serde_json::json;

/// Notes what is shown and when, and what a recording module says it runs until the rest is there. That is
/// the second module which is started, and it comes late here, as on a slow line.
const WATCH: &str = r"
  window.__first = [];
  addEventListener('cuelight-shown', (event) => window.__first.push([event.detail.kind, performance.now()]));
  // Where the page was when it had to wait, which is told to the console.
  const waited = (window.__waited = []);
  const warn = console.warn;
  console.warn = (...said) => (waited.push(new Error(said[0]).stack), warn.apply(console, said));
  const ran = (window.__ran = new Set());
  let modules = 0;
  const start = WebAssembly.instantiate;
  WebAssembly.instantiate = async (module, imports) => {
    modules += 1;
    if (modules === 2) {
      await new Promise((resolve) => setTimeout(resolve, 2000));
      window.__whole = true;
    }
    const recorder = { ran: (number) => void (window.__whole || ran.add(number)) };
    return start.call(WebAssembly, module, { ...imports, recorder });
  };
";
/// Where in the page's downloads the rest was, and by what it was asked for.
const REST: &str = r"
  performance.getEntriesByType('resource').filter((entry) => entry.name.endsWith('_rest.wasm'))
    .map((entry) => [entry.initiatorType, entry.startTime])
";
const CHARACTER: &str = "document.querySelector('cuelight-character')";

struct Visits {
    /// Set while a recording module is served.
    recording: Option<String>,
    ran: BTreeSet<u64>,
}

impl Visits {
    /// Opens a page, has it come to `sight`, and looks at what was downloaded by then.
    async fn to(&mut self, browser: &Browser, url: &str, sight: &str) {
        browser.goto(url).await;
        browser.until(sight).await;
        browser.until("window.__whole").await;
        if self.recording.is_some() {
            let ran = browser.run("return [...window.__ran];").await;
            self.ran.extend(ran.as_array().unwrap().iter().filter_map(serde_json::Value::as_u64));
        }
        let rest = browser.until(&format!("({REST})[0] && ({REST})")).await;
        let rest = rest.as_array().unwrap();
        let waited = browser.run("return window.__waited;").await;
        assert!(rest.len() == 1 && rest[0][0] == "fetch", "the page waited for the rest: {waited:#}");
    }
}

async fn visitor(width: u32, flags: &[&str]) -> Browser {
    let browser = Browser::open(width, 900, flags).await;
    let source = json!({ "source": WATCH });
    browser.driver.cdp().send_raw("Page.addScriptToEvaluateOnNewDocument", source).await.unwrap();
    browser
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_leads_to_the_first_frame_waits_for_the_rest() {
    let world = World::start(&["--delay", "fast=300"]).await;
    let page = format!("{}/storefront", world.edge);
    let mut visits = Visits { recording: std::env::var("CUELIGHT_RAN").ok(), ran: BTreeSet::new() };
    let clip = "window.__first.some(([kind]) => kind === 'clip')";

    // Nobody has been here: nothing exists.
    let browser = visitor(1280, &[]).await;
    visits.to(&browser, &page, clip).await;
    browser.close().await;

    // Everything exists at the edge.
    let browser = visitor(1280, &[]).await;
    visits.to(&browser, &page, clip).await;
    let asked = browser.run(&format!("return [({REST})[0][1], window.__first];")).await;
    assert_eq!(asked[1][0][0], "clip", "the first thing shown is the clip: {asked}");
    assert!(
        asked[0].as_f64().unwrap() >= asked[1][0][1].as_f64().unwrap(),
        "the rest is asked for when the first frame is there, not before: {asked}"
    );
    // And on the device, once it was written there.
    browser.until(&format!("{CHARACTER}.stats().cache.stored.entries > 0")).await;
    visits.to(&browser, &page, clip).await;
    let from = format!("{CHARACTER}.stats().cache.stored.hits");
    assert!(browser.run(&format!("return {from};")).await != 0, "the clip was on the device");
    browser.close().await;

    // The edge has clips no more, and then it has.
    let browser = visitor(1280, &[]).await;
    let blocked = |urls: &[&str]| json!({ "urls": urls });
    let tools = browser.driver.cdp();
    tools.send_raw("Network.enable", json!({})).await.unwrap();
    tools.send_raw("Network.setBlockedURLs", blocked(&["*/clips/*", "*/api/*"])).await.unwrap();
    visits.to(&browser, &page, "window.__first.some(([kind]) => kind === 'placeholder')").await;
    tools.send_raw("Network.setBlockedURLs", blocked(&[])).await.unwrap();
    browser.until(clip).await;
    browser.close().await;

    // A phone, and somebody who wants little motion.
    let browser = visitor(390, &["--force-prefers-reduced-motion"]).await;
    visits.to(&browser, &page, clip).await;
    browser.close().await;

    // Mounted, moved, removed and mounted again before anything came.
    let browser = visitor(1280, &[]).await;
    let mount = r"
      addEventListener('DOMContentLoaded', async () => {
        const { default: init } = await import('/cuelight/cuelight.js');
        await init();
        for (const turns of [0, 1, 2, 3, 5, 8, 13, 21, 34]) {
          const other = document.createElement('cuelight-character');
          other.setAttribute('character', 'bolt');
          other.loading = 'eager';
          document.body.prepend(other);
          for (let turn = 0; turn < turns; turn++) await new Promise((done) => setTimeout(done, 0));
          void other.state;
          other.remove();
        }
      });
    ";
    browser
        .driver
        .cdp()
        .send_raw("Page.addScriptToEvaluateOnNewDocument", json!({ "source": mount }))
        .await
        .unwrap();
    visits.to(&browser, &page, clip).await;
    browser.close().await;

    if let Some(file) = &visits.recording {
        let numbers: Vec<String> = visits.ran.iter().map(u64::to_string).collect();
        std::fs::write(file, numbers.join("\n")).unwrap();
    }
}

/// What a page may ask of a character besides showing it. Apart from the test above, because none of it is
/// for the first half to do.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_page_asks_for_it_is_not_stopped_until_the_rest_is_there() {
    let world = World::start(&["--delay", "fast=300"]).await;
    let page = format!("{}/storefront", world.edge);
    let mut visits = Visits { recording: None, ran: BTreeSet::new() };
    let button = |label| format!("c.shadowRoot.querySelector('[part=pause-button]').ariaLabel === '{label}'");
    let (pause, stop) = (button("Pause the animation"), button("Anhalten"));
    for (name, value, done) in [
        ("controls", "", pause.as_str()),
        ("pause-label", "Anhalten", &stop),
        ("poster", "/none.svg", "c.poster"),
        ("announce", "", "c.shadowRoot.querySelector('[role=status]')"),
        ("state-label", "{name}: {state}", "/^[^:]+: waiting$/.test(c.ariaLabel)"),
        ("background", "key", "c.shadowRoot.querySelector('canvas')"),
        ("rules", r#"{"states":[{"id":"idle","label":"at rest"}]}"#, "c.ariaLabel.endsWith(' is at rest')"),
        ("role", "button", "c.role === 'button'"),
        ("paused", "", "c.shadowRoot.querySelector('video').paused"),
        ("progressive", "", "c.progressive"),
        ("crossfade", "300", "c.crossfade === 300"),
        ("max-delay", "500", "c.maxDelay === 500"),
        ("max-wait", "2000", "c.maxWait === 2000"),
    ] {
        let browser = visitor(1280, &[]).await;
        let source = format!(
            "addEventListener('DOMContentLoaded', () => {{
               const all = document.querySelectorAll('cuelight-character');
               for (const one of all) for (const name of ['controls', '{name}']) one.setAttribute(name, name === '{name}' ? '{value}' : '');
             }});"
        );
        let add = json!({ "source": source });
        browser.driver.cdp().send_raw("Page.addScriptToEvaluateOnNewDocument", add).await.unwrap();
        visits.to(&browser, &page, "window.__first.some(([kind]) => kind === 'clip')").await;
        browser.until(&format!("(() => {{ const c = {CHARACTER}; return {done}; }})()")).await;
        browser.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_rest_the_first_frame_stays_and_what_was_asked_is_done_once_it_comes() {
    let world = World::start(&["--delay", "fast=300"]).await;
    let page = format!("{}/storefront", world.edge);
    let showing = format!("{CHARACTER}.shadowRoot.querySelector('video')?.readyState >= 2");
    let browser = Browser::open(1280, 900, &[]).await;
    browser.goto(&page).await;
    browser.until(&format!("{CHARACTER}.stats().showing === 'clip'")).await;
    browser.close().await;

    let browser = Browser::open(1280, 900, &[]).await;
    let tools = browser.driver.cdp();
    tools.send_raw("Network.enable", json!({})).await.unwrap();
    tools.send_raw("Network.setBlockedURLs", json!({ "urls": ["*_rest.wasm"] })).await.unwrap();
    browser.goto(&page).await;
    browser.until("window.__errors.some((error) => error.includes('module_unavailable'))").await;
    browser.until(&showing).await;
    // In order: what the page says when it hears of the first comes after the second.
    browser
        .run(&format!("const c = {CHARACTER}; c.addEventListener('cuelight-state', () => c.setState('happy'), {{ once: true }}); c.setState('thinking'); c.setState('sad');"))
        .await;
    assert_eq!(browser.run(&format!("return {CHARACTER}.state;")).await, "idle", "nobody is here who could");
    assert_eq!(browser.run(&format!("return {CHARACTER}.stats().mode;")).await, "pending");
    browser.screenshot("halves-without-the-rest").await;
    tools.send_raw("Network.setBlockedURLs", json!({ "urls": [] })).await.unwrap();
    browser.until(&format!("{CHARACTER}.state === 'happy'")).await;
    assert_eq!(browser.run(&format!("return {CHARACTER}.stats().mode;")).await, "full");
    let told = browser.run("return window.__errors.filter((error) => error.includes('module_unavailable'));");
    assert_eq!(told.await.as_array().unwrap().len(), 1, "told once");
    browser.close().await;
}
