//! The package, as a shop installs it: types, examples, a strict policy, and a page that pays for
//! nothing before it wants something.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use cuelight_tests::package::repository;
use cuelight_tests::{Browser, Project, Site, World};
use serde_json::{Value, json};

#[path = "package/reduced.rs"]
mod reduced;

const CHARACTER: &str = "document.querySelector('cuelight-character')";
/// What a page reports about itself.
const REPORTS: &str = "<script type=module src=reports.js></script>";
const RECORD: &str = "
  window.violations = [];
  window.told = [];
  document.addEventListener('securitypolicyviolation', (event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
  for (const name of ['state', 'shown', 'error']) {
    document.addEventListener(`cuelight-${name}`, ({ detail, target }) => window.told.push({ name, id: target.id, ...detail }));
  }
";

/// Notes what is said to people who listen.
const LISTEN: &str = "
  window.said = [];
  const status = document.querySelector('cuelight-character').shadowRoot.querySelector('[role=status]');
  new MutationObserver(() => window.said.push([Math.round(performance.now()), status.textContent]))
    .observe(status, { childList: true, characterData: true, subtree: true });
";

/// What was said, none of it within three seconds of what was said before.
async fn said(browser: &Browser) -> Vec<String> {
    let said = browser.run("return window.said;").await;
    let said = said.as_array().unwrap();
    let at = |one: &Value| one[0].as_u64().unwrap();
    assert!(said.windows(2).all(|pair| at(&pair[1]) - at(&pair[0]) >= 2_900), "{said:?}");
    said.iter().map(|one| one[1].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_types_hold_in_a_strict_compiler_and_so_do_both_examples() {
    let project = Project::install();
    project.copy("examples/react", ".", |text| text);
    project.copy("examples/plain", "plain", |text| text);
    project.check(&["--project", "."]);
    let flags = "--strict --noEmit --skipLibCheck false --target es2022 --module esnext \
                 --moduleResolution bundler --moduleDetection force --types cuelight";
    let mut arguments: Vec<&str> = flags.split_whitespace().collect();
    arguments.extend(["--allowJs", "--checkJs", "plain/plain.js"]);
    project.check(&arguments);
    project.write(
        "misuse.ts",
        "import type { Stats } from 'cuelight';
         import { CuelightActor } from 'cuelight/game';
         const character = document.querySelector('cuelight-character')!;
         const mode: 'pending' | 'full' | 'reduced' = character.stats().mode;
         character.addEventListener('cuelight-state', ({ detail }) => detail.previous.length);
         character.rules = { states: [{ id: 'packing', play: 'loop' }], moods: [{ state: 'packing', on: ['sent', 'message'] }] };
         character.rules = '{}';
         character.send({ type: 'message', who: 'user', text: 'Hello' });
         // @ts-expect-error: there is no such event
         character.rules = { moods: [{ state: 'packing', on: 'shouted' }] };
         // @ts-expect-error: there is no such event
         character.send({ type: 'shouted' });
         // @ts-expect-error: it cannot be read back as anything but nothing
         const token: string = character.token;
         // @ts-expect-error: an actor is somebody
         new CuelightActor({});
         export const stats: Stats = character.stats(); export { mode, token };",
    );
    let mut arguments: Vec<&str> = flags.split_whitespace().collect();
    arguments.push("misuse.ts");
    project.check(&arguments);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_examples_paint_a_clip() {
    let world = World::bare(&["--burn-in", "--delay", "fast=50"], &[]).await;
    let edge = world.edge.clone();
    let project = Project::install();
    project.copy("examples/plain", "plain", |text| {
        text.replace("<cuelight-character ", &format!("<cuelight-character endpoint=\"{edge}\" "))
    });
    project.unpack("plain/cuelight");
    project.copy("examples/react", ".", |text| {
        text.replace("tier=\"enterprise\"", &format!("tier=\"enterprise\" endpoint=\"{edge}\""))
    });
    // Not minified: a development build, in which StrictMode mounts everything twice.
    project.bundle("src/main.tsx", "react", &[]);
    for (from, to) in [
        ("index.html", "react/index.html"),
        ("example.css", "react/example.css"),
        ("node_modules/cuelight/cuelight_client_bg.wasm", "react/cuelight_client_bg.wasm"),
        ("node_modules/cuelight/cuelight_client_rest.wasm", "react/cuelight_client_rest.wasm"),
    ] {
        std::fs::copy(project.path(from), project.path(to)).unwrap();
    }
    let site = Site::start(&project.path("."), &[]).await;
    let browser = Browser::open(800, 700, &[]).await;
    for name in ["plain", "react"] {
        browser.goto(&format!("{}/{name}/", site.origin)).await;
        browser.until(&format!("{CHARACTER}?.stats && {CHARACTER}.stats().showing === 'clip'")).await;
        assert_eq!(browser.run(&format!("return {CHARACTER}.stats().mode;")).await, "full");
        browser.run(include_str!("../fixtures/switches.js")).await;
        // The code that the studio drew into the clip, read from the pixels.
        browser.until(&format!("window.readBack({CHARACTER})()?.state !== undefined")).await;
        let videos = format!("return {CHARACTER}.shadowRoot.querySelectorAll('[part=stage]').length;");
        assert_eq!(browser.run(&videos).await, 1, "mounted twice is mounted once");
        browser.screenshot(&format!("package-{name}")).await;
        assert_eq!(browser.run("return window.__errors;").await, json!([]));
    }
    // It follows what a person does.
    let message = browser.find("message").await;
    message.send_keys("Hello").await.unwrap();
    browser.until("document.querySelector('[data-testid=state]').textContent === 'listening'").await;
    message.send_keys(thirtyfour::Key::Enter + "").await.unwrap();
    browser.until("document.querySelector('[data-testid=state]').textContent === 'talking'").await;
    browser
        .until("document.querySelector('[data-testid=answer]').textContent.includes('canned demo answer')")
        .await;
    browser.screenshot("package-react-talking").await;
    browser.close().await;
}

/// A site with one page whose body is `body`, and the package beside it.
fn page(project: &Project, body: &str) {
    project.unpack("site/cuelight");
    project.write("site/reports.js", RECORD);
    let head =
        format!("<title>A shop</title>{REPORTS}<script type=module src=cuelight/cuelight.js></script>");
    project.write(
        "site/index.html",
        &format!("<!doctype html><html lang=en><head>{head}</head><body>{body}</body></html>"),
    );
}

/// The header that docs/client.md tells shops to send, for this edge.
fn documented_policy(edge: &str) -> String {
    let text = std::fs::read_to_string(repository().join("docs/client.md")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("Content-Security-Policy: ")).unwrap();
    line.replace("https://clips.example", edge)
        .replace("wss://clips.example", &edge.replacen("http", "ws", 1))
}

/// Where everything came from that the page has fetched.
async fn sources(browser: &Browser) -> Vec<String> {
    let names = "return performance.getEntriesByType('resource').map((r) => r.name).filter((n) => !n.startsWith('blob:'));";
    let names = browser.run(names).await;
    names.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_policy_is_kept_and_nothing_comes_from_anywhere_else() {
    let world = World::bare(&["--delay", "fast=500"], &[]).await;
    let project = Project::install();
    page(
        &project,
        &format!(
            "<cuelight-character character=bolt tier=enterprise controls announce endpoint={}></cuelight-character>",
            world.edge
        ),
    );
    let policy = documented_policy(&world.edge);
    let site = Site::start(&project.path("site"), &[("Content-Security-Policy", &policy)]).await;
    let browser = Browser::open(800, 600, &[]).await;
    browser.goto(&site.origin).await;
    browser.until(&format!("{CHARACTER}?.stats && {CHARACTER}.stats().showing === 'clip'")).await;
    for state in ["happy", "talking", "idle"] {
        browser.run(&format!("{CHARACTER}.setState('{state}');")).await;
        browser
            .until(&format!(
                "window.told.some((t) => t.name === 'shown' && t.kind === 'clip' && t.cue === '{state}')"
            ))
            .await;
    }
    // From the page's own memory: the address holds the clip itself.
    browser.until(&format!("{CHARACTER}.shadowRoot.querySelector('video[src^=\"data:\"]')")).await;
    browser.screenshot("package-strict-policy").await;
    assert_eq!(browser.run("return window.violations;").await, json!([]));
    let module = format!("{}/cuelight/", site.origin);
    let own = format!("{}/reports.js", site.origin);
    for source in sources(&browser).await {
        let known = source.starts_with(&module) || source.starts_with(&world.edge) || source == own;
        assert!(known || source.ends_with("/favicon.ico"), "{source}");
    }

    // A policy from before clips were played from addresses that hold them: they are played all the same.
    let older = policy.replace("media-src blob: data:", "media-src blob:");
    let site = Site::start(&project.path("site"), &[("Content-Security-Policy", &older)]).await;
    browser.goto(&site.origin).await;
    browser.until(&format!("{CHARACTER}?.stats && {CHARACTER}.stats().showing === 'clip'")).await;
    // Two of them: whose video is refused second has another address to load from, too.
    browser.run(&format!("window.other = {CHARACTER}.cloneNode(); document.body.append(other);")).await;
    browser.until("other.stats().showing === 'clip'").await;
    browser.run(&format!("{CHARACTER}.setState('happy'); other.setState('happy');")).await;
    for one in [CHARACTER, "other"] {
        browser.until(&format!("{one}.stats().cue === 'happy' && {one}.stats().showing === 'clip'")).await;
    }
    let errors = "return window.told.filter((t) => t.name === 'error').map((t) => t.code);";
    assert_eq!(browser.run(errors).await, json!([]));
    let refused = browser.run("return window.violations;").await;
    let tried = |what: &serde_json::Value| what == "media-src data";
    // One for each slot that was loading when the first was refused, and none after.
    assert!(
        refused.as_array().is_some_and(|all| (1..=8).contains(&all.len()) && all.iter().all(tried)),
        "{refused}"
    );

    browser.close().await;
}

/// The fallback, if it is in sight: then the poster is not.
fn fallback() -> String {
    format!("{CHARACTER}?.shadowRoot?.querySelector('[part=poster][hidden] ~ [part=fallback]:not([hidden])')")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_has_words_of_its_own_where_nothing_of_a_character_can_be_had() {
    let world = World::bare(&["--delay", "fast=50"], &[]).await;
    let project = Project::install();
    let body = "<cuelight-character character=nobody endpoint=EDGE><p slot=fallback>Write to us</p></cuelight-character>";
    page(&project, &body.replace("EDGE", &world.edge));
    let site = Site::start(&project.path("site"), &[]).await;
    let browser = Browser::open(800, 600, &[]).await;
    let codes = "return window.told.filter((t) => t.name === 'error').map((t) => t.code);";

    // Neither the module nor what stands in for it.
    for script in ["cuelight_client.js", "reduced.js"] {
        std::fs::remove_file(project.path("site/cuelight").join(script)).unwrap();
    }
    browser.goto(&site.origin).await;
    browser.until(&fallback()).await;
    assert_eq!(browser.run(codes).await[0], "module_unavailable");
    assert_eq!(browser.run(&format!("return {CHARACTER}.stats().mode;")).await, "pending");
    project.unpack("site/cuelight");

    // Nobody by that name, and then somebody.
    browser.goto(&site.origin).await;
    browser.until(&fallback()).await;
    assert_eq!(browser.run(codes).await[0], "invalid_request");
    browser.screenshot("package-fallback").await;
    // Who does not see it gets to it, and is told of nobody who waits.
    let told = format!("return [{CHARACTER}.role, {CHARACTER}.ariaLabel];");
    assert_eq!(browser.run(&told).await, json!(["group", null]));
    browser.run(&format!("{CHARACTER}.setState('thinking');")).await;
    browser.until(&format!("{CHARACTER}.state === 'thinking'")).await;
    assert_eq!(browser.run(&told).await, json!(["group", null]));
    browser.run(&format!("{CHARACTER}.setState(null);")).await;
    browser.until(&format!("{CHARACTER}.state === 'idle'")).await;
    browser.run(&format!("{CHARACTER}.character = 'bolt';")).await;
    browser.until("window.told.some((t) => t.name === 'shown' && t.kind === 'clip')").await;
    assert_eq!(browser.run(&format!("return {};", fallback())).await, Value::Null);
    assert_eq!(browser.run(&told).await, json!(["img", "Bolt is waiting"]));

    // Put in anew, it begins anew.
    browser
        .run(&format!("const c = {CHARACTER}; c.remove(); c.character = 'nobody'; setTimeout(() => document.body.append(c));"))
        .await;
    browser.until(&fallback()).await;
    browser.run(&format!("{CHARACTER}.replaceChildren(); {CHARACTER}.destroy();")).await;
    assert_eq!(browser.run(&format!("return {};", fallback())).await, Value::Null);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_pays_for_the_loader_alone_until_a_character_is_near_or_wanted() {
    let world = World::bare(&["--delay", "fast=50"], &[]).await;
    let project = Project::install();
    page(
        &project,
        &format!(
            "<div style='height:5000px'>Far above</div><cuelight-character character=bolt tier=enterprise poster=poster.svg endpoint={}></cuelight-character>",
            world.edge
        ),
    );
    project.write("site/poster.svg", "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'><rect width='9' height='9' fill='#0a0'/></svg>");
    // Labelled as something that no browser streams as WebAssembly.
    let site = Site::labelling_wasm(&project.path("site"), &[], "text/plain").await;
    let browser = Browser::open(800, 600, &[]).await;
    browser.goto(&site.origin).await;
    browser.until("customElements.get('cuelight-character') && document.readyState === 'complete'").await;
    browser.until(&format!("{CHARACTER}.shadowRoot.querySelector('img').naturalWidth")).await;
    let loaded = |sources: Vec<String>| sources.into_iter().filter(|s| s.contains("cuelight_client")).count();
    assert_eq!(loaded(sources(&browser).await), 0);
    let size = std::fs::metadata(project.path("site/cuelight/cuelight.js")).unwrap().len();
    assert!(size < 6_000, "the loader has {size} bytes");

    // Wanted: what it is told is replayed in order.
    browser
        .run(&format!("const c = {CHARACTER}; c.setState('sad'); c.setState('happy'); c.setState(null); c.send({{ type: 'typing' }});"))
        .await;
    browser.until(&format!("{CHARACTER}.state === 'listening'")).await;
    let states =
        browser.run("return window.told.filter((t) => t.name === 'state').map((t) => t.state);").await;
    assert_eq!(states, json!(["sad", "happy", "idle", "listening"]));
    assert_eq!(browser.run(&format!("return {CHARACTER}.stats().mode;")).await, "full");

    // Near: by scrolling.
    browser.goto(&site.origin).await;
    browser.until("customElements.get('cuelight-character') && document.readyState === 'complete'").await;
    assert_eq!(loaded(sources(&browser).await), 0);
    browser.run("scrollTo(0, 4300);").await;
    browser.until("window.told.some((t) => t.name === 'shown')").await;
    // Its clip waits for it; a decoder is given to what is in sight.
    browser.run("scrollTo(0, 5000);").await;
    browser.until("window.told.some((t) => t.name === 'shown' && t.kind === 'clip')").await;
    let poster = format!("return getComputedStyle({CHARACTER}.shadowRoot.querySelector('slot')).display;");
    assert_eq!(browser.run(&poster).await, "none", "the poster leaves when the character is there");
    browser.run(&format!("{CHARACTER}.destroy(); {CHARACTER}.destroy();")).await;
    assert_eq!(browser.run(&poster).await, "block", "and comes back after it");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_can_hear_it_pause_it_and_name_it() {
    let world = World::bare(&["--delay", "fast=50"], &[]).await;
    let project = Project::install();
    page(
        &project,
        &format!(
            "<cuelight-character character=bolt tier=enterprise controls announce endpoint={}></cuelight-character>",
            world.edge
        ),
    );
    let site = Site::start(&project.path("site"), &[]).await;
    let browser = Browser::open(800, 600, &[]).await;
    browser.goto(&site.origin).await;
    let playing = format!("[...{CHARACTER}.shadowRoot.querySelectorAll('video')].some((v) => !v.paused)");
    browser.until(&playing).await;
    let host = |name: &str| format!("return {CHARACTER}.getAttribute('{name}');");
    assert_eq!(browser.run(&host("role")).await, "group");
    assert_eq!(browser.run(&host("aria-label")).await, "Bolt is waiting");

    // By keyboard: one stop, and the space bar.
    browser.run(LISTEN).await;
    browser.driver.action_chain().send_keys(thirtyfour::Key::Tab + "").perform().await.unwrap();
    let button = format!("{CHARACTER}.shadowRoot.activeElement");
    assert_eq!(browser.run(&format!("return {button}.getAttribute('part');")).await, "pause-button");
    browser.screenshot("package-pause-focus").await;
    let size = browser
        .run(&format!("const r = {button}.getBoundingClientRect(); return Math.min(r.width, r.height);"))
        .await;
    assert!(size.as_f64().unwrap() >= 24.0, "{size}");
    browser.driver.action_chain().send_keys(" ").perform().await.unwrap();
    browser
        .until(&format!(
            "{CHARACTER}.paused && {button}.getAttribute('aria-pressed') === 'true' && !({playing})"
        ))
        .await;
    browser.run(&format!("{CHARACTER}.setState('happy');")).await;
    browser
        .until(&format!("{CHARACTER}.stats().cue === 'happy' && {CHARACTER}.stats().showing === 'clip'"))
        .await;
    assert_eq!(browser.run(&format!("return {playing};")).await, false, "a still, of the new state");
    browser.screenshot("package-paused").await;
    browser.driver.action_chain().send_keys(" ").perform().await.unwrap();
    browser.until(&playing).await;

    // A flurry is said as its first and its last.
    browser
        .run(&format!("for (const s of ['sad', 'excited', 'confused', 'talking']) {CHARACTER}.setState(s);"))
        .await;
    browser.until("window.said.length && window.said.at(-1)[1] === 'Bolt is talking'").await;
    assert_eq!(said(&browser).await[0], "Bolt is happy");

    // In the page's own words.
    browser
        .run(&format!(
            "const c = {CHARACTER};
             c.rules = {{ states: [{{ id: 'talking', label: 'spricht' }}] }};
             c.stateLabel = '{{name}} {{state}}';
             c.pauseLabel = 'Animation anhalten';
             c.setState('talking');"
        ))
        .await;
    browser.until("window.said.at(-1)[1] === 'Bolt spricht'").await;
    assert_eq!(browser.run(&host("aria-label")).await, "Bolt spricht");
    let called = format!("return {CHARACTER}.shadowRoot.querySelector('button').getAttribute('aria-label');");
    assert_eq!(browser.run(&called).await, "Animation anhalten");

    browser
        .run(&format!("const c = {CHARACTER}; c.controls = c.announce = false; c.alt = 'Our robot';"))
        .await;
    browser.until(&format!("{CHARACTER}.getAttribute('aria-label') === 'Our robot'")).await;
    assert_eq!(browser.run(&host("role")).await, "img");
    let left = format!("return {CHARACTER}.shadowRoot.querySelectorAll('button, [role=status]').length;");
    assert_eq!(browser.run(&left).await, 0);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manifest_says_what_the_element_is() {
    let project = Project::install();
    page(
        &project,
        "<cuelight-character character=bolt controls announce endpoint=http://127.0.0.1:9></cuelight-character>",
    );
    let site = Site::start(&project.path("site"), &[]).await;
    let browser = Browser::open(800, 600, &[]).await;
    browser.goto(&site.origin).await;
    browser.until("window.told?.some((t) => t.name === 'shown')").await;
    let text = std::fs::read_to_string(project.path("node_modules/cuelight/custom-elements.json")).unwrap();
    let manifest: Value = serde_json::from_str(&text).unwrap();
    let element = &manifest["modules"][0]["declarations"][0];
    let names = |list: &str, kind: Option<&str>| -> Vec<String> {
        let mut names: Vec<String> = element[list]
            .as_array()
            .unwrap()
            .iter()
            .filter(|entry| kind.is_none_or(|kind| entry["kind"] == kind))
            .map(|entry| entry["name"].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    let observed =
        browser.run("return [...customElements.get('cuelight-character').observedAttributes].sort();").await;
    assert_eq!(observed, json!(names("attributes", None)));
    let members = browser
        .run("return Object.getOwnPropertyNames(customElements.get('cuelight-character').prototype).filter((n) => n !== 'constructor' && !n.endsWith('Callback')).sort();")
        .await;
    assert_eq!(members, json!(names("members", None)));
    let parts = browser.run(&format!("return [...new Set([...{CHARACTER}.shadowRoot.querySelectorAll('[part]')].map((e) => e.getAttribute('part')))];")).await;
    let known = names("cssParts", None);
    for part in parts.as_array().unwrap() {
        assert!(known.iter().any(|name| part == name), "{part}");
    }
    // What there is of clips: none can be had here.
    let absent = ["canvas", "video"];
    assert_eq!(parts.as_array().unwrap().len(), known.len() - absent.len(), "all but {absent:?}: {parts}");
    // Every reflected property writes its attribute.
    let reflected: Vec<&Value> =
        element["members"].as_array().unwrap().iter().filter(|m| m["reflects"] == true).collect();
    for member in reflected {
        let (name, attribute) = (member["name"].as_str().unwrap(), member["attribute"].as_str().unwrap());
        let value = match member["type"]["text"].as_str().unwrap() {
            "boolean" => "!c[name]",
            "number" => "1234",
            _ => "'x'",
        };
        let held = browser
            .run(&format!("const c = document.createElement('cuelight-character'), name = '{name}'; const v = {value}; c[name] = v; return c[name] === v && c.getAttributeNames().includes('{attribute}');"))
            .await;
        assert_eq!(held, true, "{name}");
    }
    browser.close().await;
}
