//! The clips that the page keeps on the device, in Cache Storage: found again after a reload, without
//! the network. Carries out what core's index decides. Whatever the browser refuses - no storage, a
//! forbidden one, a full one, one that does not answer - costs a fetch and nothing else.
//!
//! One cache for the page's origin. A clip lies under its own address, with its size and its address
//! noted in the answer's headers.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use cuelight_core::clip_store::{ClipStore as Index, Counters, Found};
use gloo_timers::callback::Timeout;
use js_sys::{Array, Object, Promise, Reflect};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

use crate::browser;

#[wasm_bindgen]
extern "C" {
    // Bound here and not by web-sys, because there every call that throws takes the module down, and
    // browsers throw wherever storage is forbidden.
    type Storage;
    #[wasm_bindgen(method, catch)]
    fn open(this: &Storage, name: &str) -> Result<Promise, JsValue>;

    #[derive(Debug, Clone)]
    type Cache;
    #[wasm_bindgen(method, catch, js_name = match)]
    fn find(this: &Cache, address: &str) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = matchAll)]
    fn all(this: &Cache) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn put(this: &Cache, address: &str, answer: &Answer) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn delete(this: &Cache, address: &str) -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_name = Response)]
    type Answer;
    #[wasm_bindgen(constructor, catch, js_class = "Response")]
    fn new(body: &Blob, init: &JsValue) -> Result<Answer, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn blob(this: &Answer) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, getter)]
    fn headers(this: &Answer) -> Headers;

    type Headers;
    #[wasm_bindgen(method, catch)]
    fn get(this: &Headers, name: &str) -> Result<Option<String>, JsValue>;
}

/// The name of the cache. A later form of what is stored has another.
const NAME: &str = "cuelight-clips-v1";
/// Notes a clip's size in bytes.
const SIZE: &str = "x-cuelight-bytes";
/// Notes a clip's address, so that one call lists what there is.
const ADDRESS: &str = "x-cuelight-address";
/// A store that has not answered after this many milliseconds is no faster than the edge.
const PATIENCE: u32 = 250;
/// A store that does not list what it has after this many milliseconds is out of order.
const LONG_PATIENCE: u32 = 10_000;

thread_local! {
    static SHARED: Rc<ClipStore> = Rc::default();
}

/// The clips on the device.
#[derive(Debug, Default)]
pub struct ClipStore {
    index: RefCell<Index>,
    cache: RefCell<Option<Cache>>,
}

impl ClipStore {
    /// The one of this page: every edge stores in it.
    #[must_use]
    pub fn shared() -> Rc<Self> {
        SHARED.with(Rc::clone)
    }

    /// The clip at `address`, if it is stored and is what was stored. Never takes long: a store that
    /// does not answer has nothing.
    pub async fn get(&self, address: &str) -> Option<Blob> {
        if !self.index.borrow().may_have(browser::now(), address) {
            return None;
        }
        match within(PATIENCE, self.look(address)).await {
            Some(Ok(Some((answer, blob)))) => {
                let kind = blob.type_();
                let found = Found { kind: &kind, recorded: answer.size(), bytes: size(&blob) };
                let good = self.index.borrow_mut().is_good(address, found);
                if !good {
                    self.delete(&[address.to_owned()]).await;
                }
                good.then_some(blob)
            }
            Some(Err(_)) => {
                self.close();
                None
            }
            Some(Ok(None)) | None => {
                self.index.borrow_mut().missed(address);
                None
            }
        }
    }

    /// Keeps a clip that came from `address`, if there is room. The caller need not wait.
    pub async fn put(&self, address: &str, blob: &Blob) {
        if self.index.borrow().needs_list(browser::now())
            && !matches!(within(LONG_PATIENCE, self.list()).await, Some(Ok(())))
        {
            return self.close();
        }
        let mut trimmed = self.index.borrow_mut().offer(browser::now(), address, &blob.type_(), size(blob));
        while let Some(addresses) = trimmed.take() {
            self.delete(&addresses).await;
            match self.write(address, blob).await {
                Ok(()) => self.index.borrow_mut().written(address),
                Err(error) if is_quota(&error) => {
                    trimmed = self.index.borrow_mut().refused(browser::now(), address);
                }
                Err(_) => self.close(),
            }
        }
    }

    /// How many clips are stored, how many bytes they have, and what happened so far.
    #[must_use]
    pub fn figures(&self) -> (usize, u64, Counters) {
        let index = self.index.borrow();
        (index.len(), index.bytes(), index.counters())
    }

    async fn look(&self, address: &str) -> Result<Option<(Answer, Blob)>, JsValue> {
        let answer = JsFuture::from(self.cache().await?.find(address)?).await?;
        if answer.is_undefined() {
            return Ok(None);
        }
        let answer: Answer = answer.unchecked_into();
        let blob = JsFuture::from(answer.blob()?).await?;
        Ok(Some((answer, blob.unchecked_into())))
    }

    /// Learns what earlier pages have stored.
    async fn list(&self) -> Result<(), JsValue> {
        let answers: Array = JsFuture::from(self.cache().await?.all()?).await?.unchecked_into();
        let answers = answers.iter().map(|answer| answer.unchecked_into::<Answer>());
        let noted = answers.filter_map(|answer| Some((answer.address()?, answer.size()?)));
        let trimmed = self.index.borrow_mut().list(noted.collect());
        self.delete(&trimmed).await;
        Ok(())
    }

    async fn write(&self, address: &str, blob: &Blob) -> Result<(), JsValue> {
        let headers = Object::new();
        for (name, value) in [
            ("content-type", blob.type_().into()),
            (SIZE, blob.size().into()),
            (ADDRESS, JsValue::from_str(address)),
        ] {
            Reflect::set(&headers, &name.into(), &value)?;
        }
        let init = Object::new();
        Reflect::set(&init, &"headers".into(), &headers)?;
        let answer = Answer::new(blob, &init)?;
        JsFuture::from(self.cache().await?.put(address, &answer)?).await.map(drop)
    }

    async fn delete(&self, addresses: &[String]) {
        for address in addresses {
            let Ok(cache) = self.cache().await else { return };
            // What cannot be deleted is found spoilt, or trimmed again, by a later page.
            if let Ok(deleted) = cache.delete(address) {
                let _ = JsFuture::from(deleted).await;
            }
        }
    }

    /// The cache, opened once.
    async fn cache(&self) -> Result<Cache, JsValue> {
        let known = self.cache.borrow().clone();
        if let Some(cache) = known {
            return Ok(cache);
        }
        let storage = Reflect::get(&js_sys::global(), &"caches".into())?;
        if !storage.is_object() {
            return Err(JsValue::UNDEFINED);
        }
        let opened = JsFuture::from(storage.unchecked_into::<Storage>().open(NAME)?).await?;
        let cache: Cache = opened.unchecked_into();
        *self.cache.borrow_mut() = Some(cache.clone());
        self.index.borrow_mut().opened();
        Ok(cache)
    }

    fn close(&self) {
        *self.cache.borrow_mut() = None;
        self.index.borrow_mut().closed(browser::now());
    }
}

impl Answer {
    fn size(&self) -> Option<u64> {
        self.headers().get(SIZE).ok()??.parse().ok()
    }

    fn address(&self) -> Option<String> {
        self.headers().get(ADDRESS).ok()?
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn size(blob: &Blob) -> u64 {
    blob.size().max(0.0) as u64
}

fn is_quota(error: &JsValue) -> bool {
    let name = Reflect::get(error, &"name".into());
    name.is_ok_and(|name| name.as_string().as_deref() == Some("QuotaExceededError"))
}

/// What `future` gives, unless it takes longer than so many milliseconds. The alarm is no promise: one that
/// is never kept holds whoever waits for it, for as long as the page lives.
async fn within<F: Future>(millis: u32, future: F) -> Option<F::Output> {
    let rung = Rc::new(Cell::new(false));
    let mut alarm = None;
    let mut future = pin!(future);
    let first = poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if rung.get() => Poll::Ready(None),
        Poll::Pending => {
            // One task waits throughout, so whom it had woken first is whom it has woken last.
            if alarm.is_none() {
                let (rung, waker) = (rung.clone(), context.waker().clone());
                alarm = Some(Timeout::new(millis, move || {
                    rung.set(true);
                    waker.wake();
                }));
            }
            Poll::Pending
        }
    });
    first.await
}
