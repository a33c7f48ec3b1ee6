//! What a page says about a character: what is wrong with it, and what is other than before.

use super::device::on_a_flaky_line;
use super::*;

#[wasm_bindgen_test]
async fn what_is_no_origin_is_refused_as_an_endpoint_with_an_example() {
    for endpoint in
        ["127.0.0.1:8787", "nonsense", "ftp://clips.test", "http://clips.test/a", "http://clips.test?x=1"]
    {
        let mounted = Mounted::mount(&options(endpoint, None), js_sys::Array::new());
        let error = mounted.hears("cuelight-error", |_| true).await;
        assert_eq!(error["code"], "invalid_options", "{endpoint}");
        let detail = error["detail"].as_str().unwrap();
        assert!(detail.contains(endpoint) && detail.contains("https://clips.example"), "{detail}");
        assert!(!mounted.handle.ready());
    }
    let log = js_sys::Array::new();
    serve("https://clips.test", &js_sys::Uint8Array::from(CLIP).into(), &log);
    let mounted = Mounted::mount(&options("https://clips.test/", None), log);
    mounted.hears("cuelight-shown", |shown| shown["kind"] == "clip").await;
    mounted.handle.destroy();
}

#[wasm_bindgen_test]
async fn a_poster_stays_while_a_clip_that_exists_is_fetched_and_without_one_there_is_a_picture_at_once() {
    // Both clips are on their way until the page lets them arrive.
    let mut arrive = js_sys::Function::default();
    let held = js_sys::Promise::new(&mut |resolve, _| arrive = resolve);
    let line = js_sys::Object::new();
    js_sys::Reflect::set(&line, &"held".into(), &held).unwrap();
    let on = |host: &str, poster: bool| {
        let log = js_sys::Array::new();
        flaky(host, &js_sys::Uint8Array::from(CLIP).into(), &log, &line);
        let mut said = options(host, None);
        (said["poster"], said["maxWait"]) = (json!(poster), json!(60_000));
        Mounted::mount(&said, log)
    };
    let with = on("http://poster.test", true);
    let bare = on("http://bare.test", false);
    assert_eq!(bare.hears("cuelight-shown", |_| true).await["kind"], "placeholder");
    assert_eq!((with.count("cuelight-shown"), with.requests().len()), (0, 1), "its poster is still there");
    arrive.call0(&JsValue::NULL).unwrap();
    assert_eq!(with.hears("cuelight-shown", |_| true).await["kind"], "clip");
    bare.hears("cuelight-shown", |shown| shown["kind"] == "clip").await;
    with.handle.destroy();
    bare.handle.destroy();
}

#[wasm_bindgen_test]
async fn who_wants_it_to_stand_still_is_heard_whatever_else_is_wrong() {
    let mounted = Mounted::new("http://still.test", true);
    mounted.hears("cuelight-shown", |shown| shown["kind"] == "clip").await;
    mounted.element.set_attribute("paused", "").unwrap();
    let mut said = options("http://still.test", None);
    said["tier"] = json!("golden");
    mounted.configure(&said);
    assert_eq!(mounted.hears("cuelight-error", |_| true).await["code"], "invalid_options");
    assert!(mounted.visible_video().unwrap().paused());
    mounted.element.remove_attribute("paused").unwrap();
    mounted.configure(&said);
    assert!(!mounted.visible_video().unwrap().paused());
    mounted.handle.destroy();
}

#[wasm_bindgen_test]
async fn an_edge_that_was_left_for_another_tells_nothing_more() {
    let (mounted, line) = on_a_flaky_line("http://left.test", false);
    let other = Mounted::mount(&options("http://left.test", None), mounted.log.clone());
    for one in [&mounted, &other] {
        one.hears("cuelight-shown", |shown| shown["kind"] == "clip").await;
    }
    serve("http://chosen.test", &js_sys::Uint8Array::from(CLIP).into(), &js_sys::Array::new());
    for host in ["http://chosen.test", "http://left.test", "http://chosen.test"] {
        mounted.configure(&options(host, None));
    }
    js_sys::Reflect::set(&line, &"down".into(), &true.into()).unwrap();
    other.handle.set_state(Some("happy".into()));
    other.hears("cuelight-connection", |told| told["online"] == false).await;
    assert_eq!((mounted.count("cuelight-connection"), other.count("cuelight-connection")), (0, 1));
    assert_eq!(mounted.stats()["online"], true);
    mounted.handle.destroy();
    other.handle.destroy();
}
