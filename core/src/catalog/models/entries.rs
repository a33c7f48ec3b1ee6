//! How a catalogue is read, and how a deployment's own entries change it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{ModelDef, Models, check};

/// Why a deployment's own entries cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// They are no entries of a catalogue.
    #[error("the catalogue's own entries cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// An entry names no model.
    #[error("an entry of the catalogue needs an id")]
    Nameless,
    /// An entry names a model that there is not.
    #[error("{0} names {1}, which the catalogue does not have")]
    Dangling(String, String),
    /// There is a member that no catalogue has.
    #[error("no catalogue has a member {0}")]
    Unknown(String),
    /// Two members of a model cannot both be right, or one cannot be right at all.
    #[error("{model}: {member} {why}")]
    Contradiction {
        /// The model's id.
        model: String,
        /// The member.
        member: String,
        /// What is wrong with it.
        why: String,
    },
    /// Another catalogue is in use already.
    #[error("the catalogue was in use before its own entries were read")]
    InUse,
}

/// What a deployment says: entries of models, and the lists beside them.
#[derive(Deserialize)]
struct Own {
    #[serde(default)]
    models: Vec<Value>,
    #[serde(flatten)]
    aliases: BTreeMap<String, Value>,
}

impl Models {
    /// Reads a catalogue.
    ///
    /// # Errors
    /// It is none, names models that it does not have, or contradicts itself.
    pub fn read(json: &str) -> Result<Self, CatalogError> {
        serde_json::from_str::<Self>(json)?.completed()
    }

    /// This catalogue with a deployment's own entries: `{"models": [{"id": …}]}`. An entry with a known
    /// id changes that model, member by member, so that a new price is an entry of two members; one with
    /// a new id is a new model, and where it says `"like": "id"` it begins as a copy of that one.
    ///
    /// # Errors
    /// The entries cannot be read, name models that there are not, or contradict themselves.
    pub fn with(&self, json: &str) -> Result<Self, CatalogError> {
        let Own { models: own, aliases } = serde_json::from_str(json)?;
        let mut whole = serde_json::to_value(self)?;
        for (name, value) in aliases {
            merge(whole.get_mut(&name).ok_or(CatalogError::Unknown(name))?, &value);
        }
        let Some(models) = whole["models"].as_array_mut() else { return Err(CatalogError::Nameless) };
        for mut entry in own {
            let id = entry["id"].as_str().ok_or(CatalogError::Nameless)?.to_owned();
            // A word to us, and no member of a model.
            let like = entry.as_object_mut().and_then(|entry| entry.remove("like"));
            let like = like.map(|like| like.as_str().map_or_else(|| like.to_string(), str::to_owned));
            let place = |models: &[Value], id: &str| models.iter().position(|known| known["id"] == id);
            let at = match (place(models, &id), like.as_deref()) {
                (Some(at), _) => at,
                (None, like) => {
                    let base = match like {
                        None => Value::Object(serde_json::Map::new()),
                        Some(like) => {
                            let at = place(models, like)
                                .ok_or_else(|| CatalogError::Dangling(id.clone(), like.to_owned()))?;
                            let mut base = models[at].clone();
                            // Another model has another name at its vendor.
                            base["wire_id"] = Value::String(String::new());
                            base
                        }
                    };
                    models.push(base);
                    models.len() - 1
                }
            };
            merge(&mut models[at], &entry);
        }
        serde_json::from_value::<Self>(whole)?.completed()
    }

    fn completed(mut self) -> Result<Self, CatalogError> {
        self.models = self.models.into_iter().map(ModelDef::completed).collect();
        let names = |m: &'_ ModelDef| {
            let named = m.lifecycle.successor.iter().chain(&m.stands_in).cloned().collect::<Vec<_>>();
            (m.id.clone(), named)
        };
        let aliases = self.model_aliases.iter().map(|(name, id)| (name.clone(), vec![id.clone()]));
        for (by, named) in self.models.iter().map(names).chain(aliases) {
            if let Some(id) = named.into_iter().find(|id| self.model(id).is_none()) {
                return Err(CatalogError::Dangling(by, id));
            }
        }
        check::all(&self)?;
        Ok(self)
    }
}

/// Objects are merged member by member; everything else is replaced, and `null` takes away.
fn merge(base: &mut Value, own: &Value) {
    match (base, own) {
        (Value::Object(base), Value::Object(own)) => {
            for (name, value) in own {
                if value.is_null() {
                    base.remove(name);
                } else {
                    merge(base.entry(name.clone()).or_insert(Value::Null), value);
                }
            }
        }
        (base, own) => *base = own.clone(),
    }
}
