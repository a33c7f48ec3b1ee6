//! Response graphs: what a player does to a character (tool, pressure, zone) turned into what the
//! character does, by a small graph of nodes that a designer writes as data. A graph is checked when it
//! is read, so that a wrong one is refused with the node and the remedy, and never misbehaves later.
//!
//! It runs at a fixed step and uses nothing but `+ - * /` and comparisons: the same graph with the same
//! seed and the same inputs does the same, bit for bit, in a page and on a server.
//! `docs/response-graphs.md` describes every kind of node.

mod clock;
mod compile;
mod definition;
mod error;
mod evaluator;
mod inputs;
mod node;
mod order;
#[cfg(test)]
mod tests;
mod values;

use serde_json::Value;

pub use error::{GraphCode, GraphError};
pub use evaluator::{Evaluator, Output};
pub use inputs::{InputError, Inputs};

use crate::units::Millis;
use definition::Kind;
use inputs::InputDef;
use node::{Op, Response, Spoken};

/// The version of the format that [`Graph::read`] reads.
pub const VERSION: u64 = 1;
/// Most bytes of a graph's JSON.
pub const MOST_BYTES: usize = 256 * 1024;
/// Most nodes of a graph.
pub const MOST_NODES: usize = 256;
/// Numbers are kept between minus this and this, so that none is ever infinite.
pub const LARGEST: f64 = 1e12;

/// A checked graph, ready to run. Cheap to share, never changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    /// Fixed steps in a second.
    steps_per_second: u32,
    /// What the page may say.
    inputs: Vec<InputDef>,
    /// In an order in which no node comes before what it reads, but through a memory.
    nodes: Vec<Compiled>,
    /// Every text value, by its number.
    words: Vec<String>,
    /// In the order in which the output lists them.
    responses: Vec<Response>,
    /// What is done when no response is active.
    rest: Spoken,
    /// How long a reaction stays, but for one of higher priority.
    hold: Millis,
}

#[derive(Debug, Clone, PartialEq)]
struct Compiled {
    id: String,
    op: Op,
    /// Whether it tells what it held before the step, so that its place in the order means nothing.
    remembers: bool,
}

impl Graph {
    /// Reads a graph from JSON and checks all of it.
    ///
    /// # Errors
    /// The first thing that is wrong: where, and what to do about it.
    pub fn read(json: &str) -> Result<Self, GraphError> {
        if json.len() > MOST_BYTES {
            let detail = format!("is {} bytes long; at most {MOST_BYTES} are read", json.len());
            return Err(GraphError::whole(GraphCode::TooLarge, detail));
        }
        let document: Value = serde_json::from_str(json).map_err(|error| {
            GraphError::whole(GraphCode::NotJson, format!("is not JSON: {}", error::cut(&error)))
        })?;
        let (settings, nodes) = definition::read(document)?;
        let order = order::sort(&nodes)?;
        compile::compile(&settings, &nodes, &order)
    }

    /// How many fixed steps make a second.
    #[must_use]
    pub const fn steps_per_second(&self) -> u32 {
        self.steps_per_second
    }

    /// The names of the inputs, in the order of the document.
    pub fn input_names(&self) -> impl Iterator<Item = &str> {
        self.inputs.iter().map(|input| input.name.as_str())
    }

    fn word(&self, number: f64) -> &str {
        // A text value is a whole number below the length of the list, as long as it came from a node.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        self.words.get(number as usize).map_or("neutral", String::as_str)
    }
}

/// One node as written: its name and what it is.
#[derive(Debug, Clone)]
struct Written {
    id: String,
    kind: Kind,
}
