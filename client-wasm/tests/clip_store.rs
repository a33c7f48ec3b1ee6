//! Clips on the device, in a real browser: in its own Cache Storage, and in one that refuses as
//! browsers do.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use cuelight_client::clip_store::ClipStore;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{Blob, BlobPropertyBag};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(inline_js = "
const real = window.caches;
const use = (caches) => Object.defineProperty(window, 'caches', { configurable: true, ...caches });
export async function use_real() {
  use({ value: real });
  await real.delete('cuelight-clips-v1');
}
export function use_none() { use({ value: undefined }); }
export function use_forbidden() { use({ get() { throw new DOMException('no', 'SecurityError'); } }); }
export function use_private() { use({ value: { open: async () => { throw new DOMException('no', 'SecurityError'); } } }); }
export function use_throwing() { use({ value: { open() { throw new TypeError('no'); } } }); }
export function use_silent() { use({ value: { open: () => new Promise(() => {}) } }); }
export function use_small(bytes, log) {
  use({ value: { open: async (name) => {
    const cache = await real.open(name);
    return {
      match: (url) => cache.match(url),
      matchAll: () => cache.matchAll(),
      delete: (url) => { log.push(`delete ${url}`); return cache.delete(url); },
      async put(url, answer) {
        let sum = (await answer.clone().blob()).size;
        for (const stored of await cache.matchAll()) sum += (await stored.blob()).size;
        log.push(`put ${url}`);
        if (sum > bytes) throw new DOMException('full', 'QuotaExceededError');
        return cache.put(url, answer);
      },
    };
  } } });
}
export async function plant(url, kind, size, recorded) {
  const headers = { 'content-type': kind, 'x-cuelight-bytes': String(recorded), 'x-cuelight-address': url };
  const cache = await real.open('cuelight-clips-v1');
  await cache.put(url, new Response(new Uint8Array(size), { headers }));
}
export async function stored() {
  const cache = await real.open('cuelight-clips-v1');
  return (await cache.keys()).map((request) => request.url);
}
")]
extern "C" {
    async fn use_real();
    fn use_none();
    fn use_forbidden();
    fn use_private();
    fn use_throwing();
    fn use_silent();
    fn use_small(bytes: u32, log: &Array);
    async fn plant(url: &str, kind: &str, size: u32, recorded: u32);
    async fn stored() -> JsValue;
}

fn address(name: &str) -> String {
    format!("https://edge.example/clips/{name}")
}

fn blob(kind: &str, size: u32, first: u8) -> Blob {
    let bytes = Uint8Array::new_with_length(size);
    bytes.set_index(0, first);
    let options = BlobPropertyBag::new();
    options.set_type(kind);
    Blob::new_with_u8_array_sequence_and_options(&Array::of1(&bytes), &options).unwrap()
}

fn clip(size: u32) -> Blob {
    blob("video/mp4", size, 7)
}

fn texts(array: &JsValue) -> Vec<String> {
    Array::from(array).iter().filter_map(|text| text.as_string()).collect()
}

#[wasm_bindgen_test]
async fn a_clip_is_found_again_after_a_reload_under_its_own_address() {
    use_real().await;
    let store = ClipStore::default();
    assert!(store.get(&address("a")).await.is_none());
    store.put(&address("a"), &clip(1_000)).await;
    assert_eq!(texts(&stored().await), [address("a")]);
    let reloaded = ClipStore::default();
    let found = reloaded.get(&address("a")).await.expect("it was stored");
    assert_eq!((found.size(), found.type_().as_str()), (1_000.0, "video/mp4"));
    let (_, _, counters) = reloaded.figures();
    assert_eq!((counters.hits, counters.misses, store.figures().2.misses), (1, 0, 1));
}

#[wasm_bindgen_test]
async fn a_placeholder_is_not_stored() {
    use_real().await;
    let store = ClipStore::default();
    store.put(&address("a"), &blob("image/svg+xml", 100, 1)).await;
    store.put(&address("b"), &blob("", 100, 1)).await;
    assert!(texts(&stored().await).is_empty());
}

#[wasm_bindgen_test]
async fn what_is_not_what_was_stored_is_deleted_and_stored_anew() {
    use_real().await;
    plant(&address("html"), "text/html", 10, 10).await;
    plant(&address("short"), "video/mp4", 9, 10).await;
    let store = ClipStore::default();
    assert!(store.get(&address("html")).await.is_none() && store.get(&address("short")).await.is_none());
    assert!(texts(&stored().await).is_empty());
    store.put(&address("short"), &clip(10)).await;
    assert!(store.get(&address("short")).await.is_some());
    assert_eq!(store.figures().2.spoilt, 2);
}

#[wasm_bindgen_test]
async fn without_a_store_a_clip_is_simply_not_there() {
    for refuse in [use_none, use_forbidden, use_private, use_throwing] {
        refuse();
        let store = ClipStore::default();
        assert!(store.get(&address("a")).await.is_none());
        store.put(&address("a"), &clip(10)).await;
        assert!(store.get(&address("a")).await.is_none());
        assert_eq!(store.figures().0, 0);
    }
    use_real().await;
}

#[wasm_bindgen_test]
async fn a_store_that_does_not_answer_keeps_nobody_waiting() {
    use_silent();
    let store = ClipStore::default();
    let before = js_sys::Date::now();
    assert!(store.get(&address("a")).await.is_none());
    assert!(js_sys::Date::now() - before < 5_000.0);
    use_real().await;
}

#[wasm_bindgen_test]
async fn a_full_disk_loses_its_oldest_clips_once_and_is_then_left_alone() {
    use_real().await;
    let log = Array::new();
    use_small(1_000, &log);
    let store = ClipStore::default();
    for name in ["a", "b"] {
        store.put(&address(name), &clip(400)).await;
    }
    store.put(&address("c"), &clip(400)).await;
    assert_eq!(texts(&stored().await), [address("b"), address("c")]);
    store.put(&address("huge"), &clip(2_000)).await;
    let so_far = log.length();
    store.put(&address("d"), &clip(100)).await;
    assert_eq!(log.length(), so_far, "not even tried");
    let counters = store.figures().2;
    assert_eq!((counters.written, counters.refused), (3, 3));
    use_real().await;
}
