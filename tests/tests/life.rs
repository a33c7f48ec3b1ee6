//! A character comes and goes a thousand times and leaves nothing behind; and when the module breaks
//! under one, the page and the others go on.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

use std::time::Duration;

use cuelight_tests::{Browser, Project, Site, World};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(400);

/// What is left after garbage was collected.
#[derive(Debug)]
struct Left {
    nodes: f64,
    listeners: f64,
    heap: f64,
    held: Value,
}

async fn left(browser: &Browser) -> Left {
    let tools = browser.driver.cdp();
    // The recorder's own list grows with every request.
    browser.run("window.__requests.length = 0; performance.clearResourceTimings();").await;
    // What a collection frees may hold more; the third finds nothing new.
    for _ in 0..3 {
        tools.send_raw("HeapProfiler.collectGarbage", json!({})).await.unwrap();
    }
    let metrics = tools.send_raw("Performance.getMetrics", json!({})).await.unwrap();
    let metric = |name: &str| {
        let found = metrics["metrics"].as_array().unwrap().iter().find(|metric| metric["name"] == name);
        found.unwrap()["value"].as_f64().unwrap()
    };
    Left {
        nodes: metric("Nodes"),
        listeners: metric("JSEventListeners"),
        heap: metric("JSHeapUsedSize"),
        held: browser.run("return window.holds();").await,
    }
}

/// A page with the module, and with counters that were there before it.
async fn open(world: &World, body: &str) -> (Project, Site, Browser) {
    let project = Project::install();
    project.unpack("site/cuelight");
    project.write("site/counts.js", include_str!("../fixtures/counts.js"));
    let body = body.replace("EDGE", &world.edge);
    project.write(
        "site/index.html",
        &format!(
            "<!doctype html><title>A shop</title><script src=counts.js></script>\
             <script type=module src=cuelight/cuelight.js></script><body>{body}"
        ),
    );
    let site = Site::start(&project.path("site"), &[]).await;
    let browser = Browser::open(800, 600, &[]).await;
    browser.goto(&site.origin).await;
    (project, site, browser)
}

/// In how many rounds of a thousand WebAssembly's memory may not grow each time.
const ROUNDS: u32 = 3;

/// How a character is taken out: once it has shown something, or before it could.
const WAYS: [&str; 2] = ["mountAndUnmount", "mountAndRemoveAtOnce"];

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_more_mounts_and_unmounts_leave_nothing_behind() {
    let world = World::bare(&["--delay", "realtime=1000"], &[]).await;
    let (_project, _site, browser) = open(&world, "").await;
    browser.driver.cdp().send_raw("Performance.enable", json!({})).await.unwrap();
    let make = format!(
        "(number) => {{
            const element = document.createElement('cuelight-character');
            const options = {{ character: ['bolt', 'miso'][number % 2], tier: 'enterprise', preset: 'realtime', endpoint: '{}' }};
            for (const [name, value] of Object.entries(options)) element.setAttribute(name, value);
            element.toggleAttribute('controls', number % 3 === 0);
            element.toggleAttribute('announce', number % 4 === 0);
            element.toggleAttribute('paused', number % 11 === 0);
            return element;
        }}",
        world.edge
    );
    let mount = async |way: &str, times: u32, abreast: u32| {
        browser
            .run(&format!(
                "window.done = null; {way}({make}, {times}, {abreast}).then(() => (window.done = true), (e) => (window.done = String(e)));"
            ))
            .await;
        assert_eq!(browser.until_within("window.done", LIMIT).await, true);
        // Whatever was under way has ended: nothing waits, for a promise or for a time.
        browser
            .until("[holds()].every(({ awaited, timers, sockets }) => awaited + timers + sockets === 0)")
            .await;
        left(&browser).await
    };
    // One that stays until its clip is being made, so that there is a socket to close.
    browser
        .run(&format!(
            "window.waits = ({make})(0); waits.setAttribute('preset', 'fast'); document.body.append(waits); waits.send({{ type: 'opened' }});"
        ))
        .await;
    browser.until("window.socketsOpened > 0").await;
    browser.run("window.waits.remove(); delete window.waits;").await;
    // What is kept for good, as code that has become hot and memory that is lent again, has its size by then:
    // more at a time need more memory than what follows.
    for way in WAYS {
        mount(way, 300, 6).await;
    }
    let mut before = left(&browser).await;
    for way in WAYS {
        // WebAssembly's memory grows by whole pages and never shrinks: on a busy machine more may be held at
        // once than ever before, but not in every round. Where a mount kept a few hundred bytes, which is less
        // than any part of a character, every round would be pages more.
        let mut rounds = 0;
        loop {
            let after = mount(way, 1000, 4).await;
            rounds += 1;
            println!("{way}, before: {before:?}\n{way}, after {rounds} times 1000: {after:?}");
            for what in ["awaited", "instances", "sockets", "timers", "urls"] {
                assert_eq!(after.held[what], before.held[what], "{way}: {what}");
            }
            assert_eq!(after.held["urls"], 0);
            assert_eq!(after.held["instances"], 1);
            assert!(after.nodes <= before.nodes, "{way}: nodes");
            assert!(after.listeners <= before.listeners, "{way}: listeners");
            // What the engine itself keeps about code that runs often; an element with its handle, once kept
            // at every mount, would be ten times that.
            assert!(after.heap - before.heap < 160_000.0, "{way}: heap");
            let memory = |left: &Left| left.held["wasmBytes"].as_u64().unwrap();
            let grown = memory(&after).saturating_sub(memory(&before));
            before = after;
            if grown == 0 {
                break;
            }
            assert!(rounds < ROUNDS, "{way}: WebAssembly's memory grew in {rounds} of {rounds} rounds");
        }
    }
    assert_eq!(browser.run("return window.__errors;").await, json!([]));
    browser.close().await;
}

/// Two characters that are there, and a clock that fails while `during` runs: a panic in the middle
/// of the module, as no option of it could make one.
fn hostile(during: &str) -> String {
    format!(
        "const now = Performance.prototype.now;
         Performance.prototype.now = () => {{ throw new Error('a hostile clock'); }};
         try {{ {during} }} finally {{ Performance.prototype.now = now; }}"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_module_that_breaks_under_one_character_breaks_nothing_else() {
    let world = World::bare(&["--delay", "realtime=50"], &[]).await;
    let one = |id: &str| {
        format!(
            "<cuelight-character id={id} character=bolt tier=enterprise preset=realtime endpoint=EDGE></cuelight-character>"
        )
    };
    let (_project, _site, browser) = open(&world, &[one("a"), one("b")].concat()).await;
    let clip = |id: &str| format!("{id}.stats?.().showing === 'clip'");
    browser.until(&format!("{} && {}", clip("a"), clip("b"))).await;
    browser
        .run("window.codes = []; addEventListener('cuelight-error', ({ target, detail }) => window.codes.push([target.id, detail.code]));")
        .await;
    browser.run("b.setState('happy');").await;
    browser.until("b.stats().cue === 'happy' && b.stats().showing === 'clip'").await;

    // Their ids name them only while they are in the page.
    browser.run("[window.one, window.two] = [a, b];").await;
    browser.run(&hostile("one.send({ type: 'typing' });")).await;
    browser.until("one.stats().mode === 'reduced'").await;
    assert_eq!(browser.run("return window.codes;").await, json!([["a", "panicked"]]));
    // The one goes on in pictures, the other as it was, in a fresh module.
    browser.run("one.send({ type: 'sent' });").await;
    assert_eq!(browser.run("return one.state;").await, "thinking");
    browser.until("two.stats().mode === 'full' && two.stats().showing === 'clip'").await;
    assert_eq!(browser.run("return two.state;").await, "happy");
    assert_eq!(browser.run("return window.holds().instances;").await, 2);
    browser.run("two.setState('talking');").await;
    browser.until("two.stats().cue === 'talking' && two.stats().showing === 'clip'").await;
    browser.screenshot("life-after-a-panic").await;
    // Nothing of the broken one is left playing.
    let videos = "return [...a.shadowRoot.querySelectorAll('video')].length;";
    assert_eq!(browser.run(videos).await, 0);
    let errors = browser.run("return window.__errors.filter((e) => !e.includes('panicked'));").await;
    assert_eq!(errors, json!([]), "the page saw nothing of it");

    // Put into the page anew, it is whole again; and taken out it is gone.
    browser.run("one.remove(); setTimeout(() => document.body.append(one));").await;
    browser.until("one.isConnected && one.stats().mode === 'full' && one.stats().showing === 'clip'").await;

    // Whoever breaks it again and again ends up without, and so does everybody: nobody is stuck.
    for _ in 0..2 {
        browser.until(&format!("{} || one.stats().mode === 'reduced'", clip("one"))).await;
        browser.run(&hostile("two.setState(two.state === 'idle' ? 'happy' : 'idle');")).await;
        browser.until("two.stats().mode === 'reduced'").await;
        browser.run("two.remove(); setTimeout(() => document.body.append(two));").await;
        browser.until("two.isConnected && two.stats().mode !== 'pending'").await;
    }
    browser.until("one.stats().mode === 'reduced' && two.stats().mode === 'reduced'").await;
    browser.run("one.setState('talking'); two.setState('idle');").await;
    assert_eq!(browser.run("return [one.state, two.state];").await, json!(["talking", "idle"]));
    browser.run("one.destroy(); one.destroy(); one.remove(); two.remove();").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_may_call_back_destroy_and_move_a_character_from_inside_its_events() {
    let world = World::bare(&["--delay", "realtime=50"], &[]).await;
    let body = "<div id=left><cuelight-character id=c character=bolt tier=enterprise preset=realtime endpoint=EDGE></cuelight-character></div><div id=right></div>";
    let (_project, _site, browser) = open(&world, body).await;
    // Its id names it only while it is in the page.
    browser.run("window.it = c;").await;
    browser.until("it.stats?.().showing === 'clip'").await;
    // Moved within one task, it is the same: the clip on screen stays.
    browser
        .run("window.stage = it.shadowRoot.querySelector('[part=stage]'); right.append(it); left.append(it);")
        .await;
    assert_eq!(browser.run("return it.stats().showing;").await, "clip");
    assert_eq!(
        browser.run("return window.stage === it.shadowRoot.querySelector('[part=stage]');").await,
        true
    );
    // Destroyed from inside its own event, and wanted again.
    browser
        .run("it.addEventListener('cuelight-state', () => { it.destroy(); it.destroy(); }, { once: true }); it.send({ type: 'typing' });")
        .await;
    browser.until("!it.shadowRoot.querySelector('[part=stage]')").await;
    browser.run("it.setState('happy');").await;
    browser.until("it.stats().cue === 'happy' && it.stats().showing === 'clip'").await;
    // Taken out from inside, and everything at once.
    browser
        .run("it.addEventListener('cuelight-state', () => { it.setState('sad'); it.remove(); it.setState(null); right.append(it); it.destroy(); it.setState('idle'); }, { once: true }); it.setState('talking');")
        .await;
    browser.until("it.isConnected && it.state === 'idle' && it.stats().showing === 'clip'").await;
    assert_eq!(browser.run("return window.complaints;").await, json!([]));
    assert_eq!(browser.run("return window.__errors;").await, json!([]));
    assert_eq!(browser.run("return window.holds().instances;").await, 1);
    // Destroyed, it stays so until it is told something or put in anew, whatever else changes.
    browser
        .run("it.destroy(); it.tier = 'pro'; it.stats(); it.tier = 'enterprise'; window.next = it.cloneNode(); left.append(next);")
        .await;
    browser.until("next.stats?.().showing === 'clip'").await;
    assert_eq!(browser.run("return it.shadowRoot.querySelector('[part=stage]');").await, Value::Null);
    browser.run("next.remove();").await;
    // What is wrong with it, put right from inside the event that tells of it: told with and without somebody
    // behind the element.
    for (property, wrong, right) in [("character", "nobody", "bolt"), ("tier", "none", "enterprise")] {
        browser
            .run(&format!("it.remove(); window.told = 0; it.addEventListener('cuelight-error', () => {{ window.told += 1; it.{property} = '{right}'; }}, {{ once: true }}); it.{property} = '{wrong}'; it.loading = 'eager'; setTimeout(() => left.append(it));"))
            .await;
        browser.until("window.told === 1 && it.stats().showing === 'clip'").await;
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_game_is_told_that_the_module_broke_and_may_ask_again_and_its_others_go_on() {
    let world = World::bare(&["--delay", "realtime=50"], &[]).await;
    let (_project, _site, browser) = open(&world, "").await;
    browser
        .run(&format!(
            "const start = WebAssembly.instantiate;
            // It gets its token while the module is on its way.
            WebAssembly.instantiate = (...given) => {{ late.token = 'abc'; return (WebAssembly.instantiate = start).apply(WebAssembly, given); }};
            import('/cuelight/game/cuelight-game.js').then(({{ CuelightActor }}) => {{
                window.told = [];
                window.late = new CuelightActor({{ character: 'bolt', endpoint: 'http://127.0.0.1:9' }});
                const make = (name) => new CuelightActor({{ character: 'bolt', preset: 'realtime', endpoint: '{}', onError: ({{ code }}) => told.push([name, code]) }});
                [window.actor, window.other, window.walker] = ['actor', 'other', 'walker'].map(make);
                window.ask = (name, expression, whom = actor) => whom.request({{ expression }}).then((shown) => (window[name] = shown.kind), (error) => (window[name] = error.code));
                ask('first', 'smile');
                ask('others', 'smile', other);
                walker.setVisible(0.5, 40000);
            }});",
            world.edge
        ))
        .await;
    assert_eq!(browser.until("window.first").await, "clip");
    assert_eq!(browser.until("window.others").await, "clip");
    assert_eq!(
        browser.run("return [late, other].map((actor) => actor.stats().token);").await,
        json!(["set", "none"])
    );
    browser.run("late.destroy();").await;
    let wrong = "return [() => other.setVisible(2), () => other.setVisible('1'), () => other.setVisible(1, -1)].map((set) => { try { set(); } catch (error) { return error.name; } });";
    assert_eq!(browser.run(wrong).await, json!(["TypeError", "TypeError", "TypeError"]));
    // What is pending is answered by the fresh module, what is not is asked for again in silence.
    let broken = hostile("ask('second', 'frown');");
    browser.run(&format!("ask('kept', 'laugh', walker); {broken}")).await;
    assert_eq!(browser.until("window.second").await, "panicked");
    assert_eq!(browser.run("return [actor.frame, actor.stats().mode];").await, json!([null, "pending"]));
    assert_eq!(browser.until("window.kept").await, "clip");
    browser.until("other.frame !== null && other.stats().showing === 'clip'").await;
    assert_eq!(browser.run("return window.holds().instances;").await, 2);
    assert_eq!(browser.run("return window.told;").await, json!([["actor", "panicked"]]));
    browser.run("ask('third', 'smile');").await;
    assert_eq!(browser.until("window.third").await, "clip");
    assert_eq!(browser.run("return actor.frame !== null;").await, true);
    browser.run("actor.destroy(); actor.destroy(); other.destroy(); walker.destroy();").await;
    assert_eq!(browser.run("return actor.stats().mode;").await, "pending");
    assert_eq!(browser.run("return window.__errors;").await, json!([]));
    browser.close().await;
}
