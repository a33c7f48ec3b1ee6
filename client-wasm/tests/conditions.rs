//! What a browser tells about connection, battery and visibility, and what it does not.

#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::cell::RefCell;
use std::rc::Rc;

use cuelight_client::conditions::Watch;
use cuelight_core::prefetcher::{Conditions, Connection};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(inline_js = "
const define = (object, name, value) => Object.defineProperty(object, name, { configurable: true, value });
class Source extends EventTarget {
  count = 0;
  constructor(members) { super(); Object.assign(this, members); }
  addEventListener(...all) { this.count += 1; super.addEventListener(...all); }
  removeEventListener(...all) { this.count -= 1; super.removeEventListener(...all); }
}
let connection, battery;
export function tell_nothing() {
  define(navigator, 'connection', undefined);
  define(navigator, 'getBattery', undefined);
}
export function tell_all() {
  connection = new Source({ effectiveType: '4g', downlink: 9.5, saveData: false });
  battery = new Source({ level: 0.5, charging: false });
  define(navigator, 'connection', connection);
  define(navigator, 'getBattery', async () => battery);
}
export function forbid() {
  Object.defineProperty(navigator, 'connection', { configurable: true, get() { throw new Error('no'); } });
  define(navigator, 'getBattery', async () => { throw new DOMException('no', 'NotAllowedError'); });
}
export function change_connection(kind, downlink, saveData) {
  Object.assign(connection, { effectiveType: kind, downlink, saveData });
  connection.dispatchEvent(new Event('change'));
}
export function change_battery(level, charging) {
  Object.assign(battery, { level, charging });
  battery.dispatchEvent(new Event('levelchange'));
}
export function hide(hidden) {
  define(document, 'hidden', hidden);
  document.dispatchEvent(new Event('visibilitychange'));
}
export function listeners() { return connection.count + battery.count; }
export async function settle() { for (let i = 0; i < 20; i += 1) await null; }
")]
extern "C" {
    fn tell_nothing();
    fn tell_all();
    fn forbid();
    fn change_connection(kind: &str, downlink: f64, save_data: bool);
    fn change_battery(level: f64, charging: bool);
    fn hide(hidden: bool);
    fn listeners() -> u32;
    async fn settle();
}

fn watch() -> (Watch, Rc<RefCell<Vec<Conditions>>>) {
    hide(false);
    let told: Rc<RefCell<Vec<Conditions>>> = Rc::default();
    let log = told.clone();
    (Watch::new(move |conditions| log.borrow_mut().push(conditions)), told)
}

#[wasm_bindgen_test]
async fn a_browser_that_tells_nothing_or_forbids_to_ask_is_assumed_to_be_well() {
    for browser in [tell_nothing, forbid] {
        browser();
        let (watch, told) = watch();
        settle().await;
        assert_eq!(watch.now(), Conditions::default());
        assert!(told.borrow().is_empty());
    }
}

#[wasm_bindgen_test]
async fn every_change_is_told_once() {
    tell_all();
    let (watch, told) = watch();
    settle().await;
    let usual =
        Conditions { connection: Connection::FourG, kbit_per_s: Some(9_500), ..Conditions::default() };
    assert_eq!(watch.now(), usual);
    change_connection("3g", 0.7, true);
    let slow = Conditions { connection: Connection::ThreeG, kbit_per_s: Some(700), save_data: true, ..usual };
    change_connection("3g", 0.7, true);
    change_connection("slow-2g", 0.7, true);
    let slower = Conditions { connection: Connection::TwoG, ..slow };
    change_battery(0.1, false);
    let low = Conditions { battery_low: true, ..slower };
    change_battery(0.1, true);
    hide(true);
    let hidden = Conditions { visible: false, ..slower };
    hide(false);
    assert_eq!(*told.borrow(), [slow, slower, low, slower, hidden, slower]);
}

#[wasm_bindgen_test]
async fn a_watch_that_is_dropped_leaves_no_listener_even_if_the_battery_answers_later() {
    tell_all();
    let (kept, told) = watch();
    settle().await;
    assert_eq!(listeners(), 3);
    drop(kept);
    assert_eq!(listeners(), 0);
    let (early, _) = watch();
    drop(early);
    settle().await;
    assert_eq!(listeners(), 0);
    change_connection("2g", 0.1, true);
    assert!(told.borrow().is_empty());
}
