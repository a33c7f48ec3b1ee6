//! From a cue to a clip's address, and to the request that has it made: by core's own validation,
//! so that the browser's key and the edge's cannot differ.

use std::collections::HashMap;

use cuelight_core::cache_key::CacheKey;
use cuelight_core::character::Look;
use cuelight_core::cue::Cue;
use cuelight_core::operation;
use serde_json::{Value, json};

use crate::options::Options;

/// A cue with its address.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    pub(crate) key: CacheKey,
    /// The body of `POST /jobs`, without who asks and how urgently.
    pub(crate) body: Value,
    pub(crate) look: Look,
}

/// Remembers the addresses of one character's cues.
#[derive(Debug, Default)]
pub(crate) struct AddressBook {
    known: HashMap<Cue, Address>,
}

/// A long game has many cues; beyond this, addresses are computed anew.
const LARGEST: usize = 1_000;

impl AddressBook {
    /// The address of `cue`.
    ///
    /// # Errors
    /// What is wrong with the character's definition, for the person who wrote it.
    pub(crate) fn find(&mut self, options: &Options, cue: &Cue) -> Result<Address, String> {
        if let Some(found) = self.known.get(cue) {
            return Ok(found.clone());
        }
        let body = body(options, cue);
        // The strategy is `once`, which uses no nonce.
        let job = operation::validate(&body, "").map_err(|errors| {
            let told: Vec<String> = errors.iter().map(|e| format!("{}: {}", e.pointer, e.detail)).collect();
            told.join("; ")
        })?;
        let key = CacheKey::of(&options.tenant, &job.spec, &job.scope);
        let address = Address { key, body, look: job.spec.character.look };
        if self.known.len() >= LARGEST {
            self.known.clear();
        }
        self.known.insert(cue.clone(), address.clone());
        Ok(address)
    }

    /// The cue that has this key.
    pub(crate) fn cue_of(&self, key: &CacheKey) -> Option<&Cue> {
        self.known.iter().find(|(_, address)| address.key == *key).map(|(cue, _)| cue)
    }
}

fn body(options: &Options, cue: &Cue) -> Value {
    match cue {
        Cue::State { state } => json!({
            "operation_type": "state_clip",
            "params": { "character": options.character, "state": state, "quality_preset": options.preset },
        }),
        Cue::Reaction(reaction) => {
            let mut params = json!({
                "expression": reaction.expression,
                "emotion": reaction.emotion,
                "animation": reaction.animation,
                "intensity": reaction.intensity.as_unit(),
                "quality_preset": options.preset,
            });
            let who = if options.character.is_string() { "npc_id" } else { "character" };
            params[who] = options.character.clone();
            json!({ "operation_type": "npc_response", "params": params })
        }
    }
}
