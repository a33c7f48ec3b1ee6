//! How an actor's memory lies in its object's storage: as parts, so that a turn writes what it
//! changed and not everything that is known. Yesterday's one-part form is read for ever.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The name of the only part of a machine that is stored whole.
pub const WHOLE: &str = "machine";

/// One write to an object's storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// This part now holds this JSON.
    Put(String, String),
    /// This part is gone.
    Delete(String),
}

/// A machine that knows how it is stored. All writes of a turn are one transaction.
pub trait Stored: Sized {
    /// Reads a machine from its parts; from none, the empty machine. Parts that it does not know
    /// are left alone.
    ///
    /// # Errors
    /// A part does not hold what it should.
    fn read(parts: &[(String, String)]) -> Result<Self, serde_json::Error>;

    /// What has changed since the last call.
    ///
    /// # Errors
    /// A part cannot be written as JSON, which no value that was read can cause.
    fn changes(&mut self) -> Result<Vec<Write>, serde_json::Error>;
}

/// A small machine in one part.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Whole<M>(pub M);

impl<M: Default + Serialize + DeserializeOwned> Stored for Whole<M> {
    fn read(parts: &[(String, String)]) -> Result<Self, serde_json::Error> {
        let part = parts.iter().find(|(name, _)| name == WHOLE);
        part.map_or_else(|| Ok(Self(M::default())), |(_, json)| serde_json::from_str(json).map(Self))
    }

    fn changes(&mut self) -> Result<Vec<Write>, serde_json::Error> {
        Ok(vec![Write::Put(WHOLE.into(), serde_json::to_string(&self.0)?)])
    }
}
