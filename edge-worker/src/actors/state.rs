//! A machine in memory and in storage. A turn is synchronous: no other event can come between
//! reading the machine and queueing its writes, and no borrow lives across an await.

use std::cell::RefCell;
use std::task::Poll;

use cuelight_core::actors::stored::{Stored, Write};
use cuelight_core::units::Millis;
use futures_util::future::join_all;
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::{Error, Result, ScheduledTime, Storage, js_sys};

/// A persisted machine.
pub(super) struct Machine<M> {
    storage: Storage,
    memory: RefCell<Option<M>>,
}

impl<M: Stored> Machine<M> {
    pub(super) fn new(storage: Storage) -> Self {
        Self { storage, memory: RefCell::new(None) }
    }

    /// Reads the machine.
    pub(super) async fn read<R>(&self, look: impl FnOnce(&M) -> R) -> Result<R> {
        self.load().await?;
        let memory = self.memory.borrow();
        Ok(look(memory.as_ref().ok_or_else(not_loaded)?))
    }

    /// Lets the machine decide, and persists what changed together with its alarm before anything
    /// else happens. `alarm` picks the alarm out of the effects. `at_once` performs what must not be
    /// overtaken by another event: it runs after the writes are queued and before anybody else
    /// has a turn, and the platform holds back what it sends until the writes are durable.
    pub(super) async fn turn<E>(
        &self,
        decide: impl FnOnce(&mut M) -> Vec<E>,
        alarm: impl Fn(&E) -> Option<Millis>,
        at_once: impl FnMut(&E),
    ) -> Result<Vec<E>> {
        self.load().await?;
        let (effects, changes) = {
            let mut memory = self.memory.borrow_mut();
            let machine = memory.as_mut().ok_or_else(not_loaded)?;
            (decide(machine), machine.changes())
        };
        let at = effects.iter().find_map(alarm);
        // All writes are begun in one poll: the platform makes them one transaction, so no crash
        // can leave a machine without its alarm, or half of it.
        let mut writes = Box::pin(async {
            let set = async {
                match at {
                    Some(at) => self.storage.set_alarm(ScheduledTime::new(at_date(at))).await,
                    None => Ok(()),
                }
            };
            let (written, set) =
                futures_util::join!(join_all(changes?.into_iter().map(|w| self.write(w))), set);
            written.into_iter().chain([set]).collect::<Result<()>>()
        });
        let begun = futures_util::poll!(&mut writes);
        effects.iter().for_each(at_once);
        let written = match begun {
            Poll::Ready(written) => written,
            Poll::Pending => writes.await,
        };
        if let Err(error) = written {
            // What is not stored did not happen: the next event starts from storage.
            *self.memory.borrow_mut() = None;
            return Err(error);
        }
        Ok(effects)
    }

    async fn write(&self, write: Write) -> Result<()> {
        match write {
            Write::Put(name, json) => self.storage.put_raw(&name, json).await,
            Write::Delete(name) => self.storage.delete(&name).await.map(drop),
        }
    }

    async fn load(&self) -> Result<()> {
        if self.memory.borrow().is_some() {
            return Ok(());
        }
        let mut parts = Vec::new();
        let stored: js_sys::Map = self.storage.list().await?;
        stored.for_each(&mut |value: JsValue, name: JsValue| {
            if let (Some(name), Ok(json)) = (name.as_string(), value.dyn_into::<js_sys::JsString>()) {
                parts.push((name, String::from(json)));
            }
        });
        let machine = M::read(&parts)?;
        // Another event may have loaded it, and used it, while this one waited.
        self.memory.borrow_mut().get_or_insert(machine);
        Ok(())
    }
}

fn at_date(at: Millis) -> js_sys::Date {
    #[allow(clippy::cast_precision_loss)] // Exact for some 285,000 years.
    let ms = at.0 as f64;
    js_sys::Date::new(&JsValue::from_f64(ms))
}

fn not_loaded() -> Error {
    Error::RustError("the machine is not loaded".to_owned())
}
