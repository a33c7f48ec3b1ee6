//! An actor's storage as the machines see it: read, written part by part, read again.

use std::collections::BTreeMap;
use std::fmt::Debug;

use cuelight_core::actors::stored::{Stored, WHOLE, Write};
use serde_json::Value;

use crate::choices::Choices;
use crate::document;

/// What is stored, by the names of the parts.
#[derive(Debug, Clone)]
pub struct Storage {
    parts: BTreeMap<String, String>,
    /// Whether a machine wrote all of it.
    genuine: bool,
}

impl Storage {
    /// One of the memories in the golden files, whole or changed. `golden` has the parts of each
    /// memory, `one_part` those of the form in which everything was one part.
    #[must_use]
    pub fn from_golden(choices: &mut Choices<'_>, golden: &str, one_part: &str) -> Self {
        let object = |text| match serde_json::from_str(text).unwrap() {
            Value::Object(members) => members,
            other => panic!("a golden file holds {other}"),
        };
        let mut memories: Vec<Value> = object(golden).into_iter().map(|(_, parts)| parts).collect();
        let old = object(one_part).into_iter();
        memories.extend(old.map(|(_, whole)| serde_json::json!({ WHOLE: whole })));
        memories.push(Value::Object(serde_json::Map::new()));
        let written = choices.pick(&memories).clone();
        let changed = document::edited(choices, written.clone());
        let parts = changed.as_object().cloned().unwrap_or_default();
        Self {
            parts: parts.into_iter().map(|(name, json)| (name, json.to_string())).collect(),
            genuine: changed == written,
        }
    }

    /// The machine that is stored, or `None` where that is refused.
    ///
    /// # Panics
    /// What a machine wrote is refused.
    #[must_use]
    pub fn machine<M: Stored>(&self) -> Option<M> {
        let parts: Vec<(String, String)> = self.parts.clone().into_iter().collect();
        match M::read(&parts) {
            Ok(machine) => Some(machine),
            Err(error) => {
                assert!(!self.genuine, "a machine cannot read what it wrote: {error}");
                None
            }
        }
    }

    /// Writes what `machine` changed. What it wrote must be what it is.
    ///
    /// # Panics
    /// It is not.
    pub fn keep<M: Stored + PartialEq + Debug>(&mut self, machine: &mut M) {
        for write in machine.changes().expect("every state can be written") {
            match write {
                Write::Put(name, json) => drop(self.parts.insert(name, json)),
                Write::Delete(name) => drop(self.parts.remove(&name)),
            }
        }
        if let (true, Some(again)) = (self.genuine, self.machine::<M>()) {
            assert_eq!(again, *machine, "something was not written");
        }
    }
}
