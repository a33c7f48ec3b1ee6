//! An actor's storage as the machines see it: read, written part by part, read again.

use std::collections::BTreeMap;
use std::fmt::Debug;

use cuelight_core::actors::stored::{Stored, WHOLE, Write};
use serde_json::{Value, json};

use crate::choices::Choices;
use crate::document;

/// The memories in two golden files, each an object of its parts, and the empty one. `one_part` has
/// them in the form in which everything was one part.
///
/// # Panics
/// A file is not like that.
#[must_use]
pub fn memories(golden: &str, one_part: &str) -> Vec<Value> {
    let object = |text| match serde_json::from_str(text).unwrap() {
        Value::Object(members) => members.into_iter().map(|(_, memory)| memory),
        other => panic!("a golden file holds {other}"),
    };
    let old = object(one_part).map(|whole| json!({ WHOLE: whole }));
    object(golden).chain(old).chain([json!({})]).collect()
}

/// What is stored, by the names of the parts.
#[derive(Debug, Clone)]
pub struct Storage {
    parts: BTreeMap<String, String>,
    /// Whether a machine wrote all of it.
    genuine: bool,
}

impl Storage {
    /// One of `memories`, whole or changed.
    #[must_use]
    pub fn from_golden(choices: &mut Choices<'_>, memories: &[Value]) -> Self {
        let written = choices.pick(memories);
        let changed = document::edited(choices, written.clone());
        let genuine = changed == *written;
        let parts = changed.as_object().cloned().unwrap_or_default();
        let parts = parts.into_iter().map(|(name, json)| (name, json.to_string())).collect();
        Self { parts, genuine }
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
