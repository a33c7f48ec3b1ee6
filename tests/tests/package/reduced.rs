//! The element where a page may not run WebAssembly: the same calls and events, and pictures.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn without_webassembly_the_state_is_followed_with_a_picture_of_it() {
    let world = World::bare(&["--delay", "fast=500"], &[]).await;
    let project = Project::install();
    page(
        &project,
        &format!(
            "<cuelight-character character=bolt tier=enterprise controls announce endpoint={}></cuelight-character>",
            world.edge
        ),
    );
    let policy = documented_policy(&world.edge).replace(" 'wasm-unsafe-eval'", "");
    let site = Site::start(&project.path("site"), &[("Content-Security-Policy", &policy)]).await;
    let browser = Browser::open(800, 600, &[]).await;
    browser.goto(&site.origin).await;
    browser.until(&format!("{CHARACTER}.stats().mode === 'reduced'")).await;
    let errors =
        browser.run("return window.told.filter((t) => t.name === 'error').map((t) => t.code);").await;
    assert_eq!(errors, json!(["webassembly_refused"]));
    browser.run(LISTEN).await;
    for (event, state) in
        [("typing", "listening"), ("sent", "thinking"), ("stream-token", "talking"), ("stream-ended", "idle")]
    {
        browser.run(&format!("{CHARACTER}.send({{ type: '{event}' }});")).await;
        assert_eq!(browser.run(&format!("return {CHARACTER}.state;")).await, state);
        browser.until(&format!("window.told.some((t) => t.name === 'shown' && t.cue === '{state}')")).await;
    }
    // What goes on stays before what matters less, and is over when the rules say so.
    let states = browser
        .run(&format!("const c = {CHARACTER}; return ['stream-started', 'hover', 'typing', 'stream-ended'].map((type) => (c.send({{ type }}), c.state));"))
        .await;
    assert_eq!(states, json!(["talking", "talking", "talking", "listening"]));
    browser.until(&format!("{CHARACTER}.state === 'idle'")).await;
    // The first is said at once, the others later, and the last of them.
    browser.until("window.said.at(-1)[1] === 'Bolt is waiting'").await;
    assert_eq!(said(&browser).await[0], "Bolt is listening");
    browser.run(&format!("{CHARACTER}.setState('happy');")).await;
    let image = format!("{CHARACTER}.shadowRoot.querySelector('[part=still]')");
    browser.until(&format!("{image}.src.includes('happy') && {image}.naturalWidth")).await;
    let label = browser.run(&format!("return {CHARACTER}.getAttribute('aria-label');")).await;
    assert_eq!(label, "Bolt is happy");
    browser.screenshot("package-reduced").await;
    browser
        .run(&format!("{CHARACTER}.stateLabel = '{{state}}: {{name}}'; {CHARACTER}.pauseLabel = 'Pause';"))
        .await;
    browser.until(&format!("{CHARACTER}.getAttribute('aria-label') === 'happy: Bolt'")).await;
    browser.run(&format!("{CHARACTER}.stateLabel = '';")).await;
    browser.until(&format!("{CHARACTER}.getAttribute('aria-label') === 'Bolt is happy'")).await;
    // Nothing stops what moves in a picture, so it is another.
    let button = format!("{CHARACTER}.shadowRoot.querySelector('[part=pause-button]')");
    for (pressed, still) in [("true", "still=1"), ("false", "happy.svg?character=bolt")] {
        browser.run(&format!("{button}.click();")).await;
        browser
            .until(&format!("{image}.src.includes('{still}') && {image}.complete && {image}.naturalWidth"))
            .await;
        let told = browser
            .run(&format!(
                "return [{button}.getAttribute('aria-pressed'), {button}.getAttribute('aria-label')];"
            ))
            .await;
        assert_eq!(told, json!([pressed, "Pause"]));
    }
    // A state of the page's own, as the first of its fallbacks that there is a picture of.
    let rules =
        json!({ "states": [{ "id": "packing", "label": "packing", "fallback": ["wrapping", "thinking"] }] });
    browser.run(&format!("{CHARACTER}.rules = {rules}; {CHARACTER}.setState('packing');")).await;
    browser.until(&format!("{image}.src.includes('thinking') && {image}.naturalWidth")).await;
    let label = browser.run(&format!("return {CHARACTER}.getAttribute('aria-label');")).await;
    assert_eq!(label, "Bolt is packing");
    // What the page calls it stays as it is, and what it was called by us goes with it.
    let called = browser
        .run(&format!("const c = {CHARACTER}, other = c.cloneNode(); other.role = 'button'; other.ariaLabel = 'Open chat'; window.both = [c, other]; document.body.append(other); other.setState('sad'); return new Promise((done) => other.addEventListener('cuelight-shown', () => {{ c.destroy(); other.destroy(); done(both.map((it) => [it.role, it.ariaLabel])); c.setState('packing'); }}));"))
        .await;
    assert_eq!(called, json!([[null, null], ["button", "Open chat"]]));
    browser.run("window.both[1].remove();").await;
    browser.until(&format!("{image}?.src.includes('thinking') && {image}.naturalWidth")).await;
    // Without a picture, what the page has for that; until there is one.
    browser
        .run(&format!("const c = {CHARACTER}, words = document.createElement('p'); words.slot = 'fallback'; c.append(words); c.endpoint = 'http://127.0.0.1:9';"))
        .await;
    browser.until(&fallback()).await;
    browser.run(&format!("{CHARACTER}.endpoint = '{}';", world.edge)).await;
    browser.until(&format!("!{}", fallback())).await;
    browser.close().await;
}
