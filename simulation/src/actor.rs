//! A machine in memory and in storage, and what a crash leaves of it.

use std::collections::BTreeMap;

use cuelight_core::actors::stored::{Stored, Write};

use crate::clock::Clock;

/// One Durable Object.
#[derive(Debug, Default)]
pub(crate) struct Actor<M> {
    pub(crate) memory: M,
    parts: BTreeMap<String, String>,
    /// By its own clock.
    pub(crate) alarm: Option<u64>,
    pub(crate) clock: Clock,
}

impl<M: Stored + PartialEq + std::fmt::Debug> Actor<M> {
    /// Writes what has changed. A turn's writes are one transaction, and nothing reads them before
    /// the next crash: so they may as well be made then.
    fn persist(&mut self) -> Result<(), serde_json::Error> {
        for write in self.memory.changes()? {
            match write {
                Write::Put(name, json) => self.parts.insert(name, json),
                Write::Delete(name) => self.parts.remove(&name),
            };
        }
        Ok(())
    }

    fn read(&self) -> Result<M, serde_json::Error> {
        let parts: Vec<_> = self.parts.iter().map(|(name, json)| (name.clone(), json.clone())).collect();
        M::read(&parts)
    }

    /// The isolate ends: only what is stored lives on.
    pub(crate) fn crash(&mut self) -> Result<(), String> {
        self.persist().and_then(|()| self.read()).map(|read| self.memory = read).map_err(|e| e.to_string())
    }

    /// Crashes, and says what that changed, which should be nothing.
    pub(crate) fn crash_and_compare(&mut self) -> Result<(), String> {
        self.persist().map_err(|error| error.to_string())?;
        let read = self.read().map_err(|error| error.to_string())?;
        if read != self.memory {
            return Err(format!("in memory {:?}, read {read:?}", self.memory));
        }
        self.memory = read;
        Ok(())
    }
}
