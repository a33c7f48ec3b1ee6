//! What a page says to a graph at one moment. Everything it does not say has its default.

use super::Graph;
use super::error::short;
use super::node::tame;

/// One input of a graph.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct InputDef {
    pub(super) name: String,
    pub(super) domain: Domain,
    /// As a node tells it: a number, 0 or 1, or the number of a word.
    pub(super) default: f64,
}

/// What an input may be.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Domain {
    Number {
        min: f64,
        max: f64,
    },
    Flag,
    /// The numbers of the words that it may be.
    Text(Vec<u16>),
}

/// Why a value is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("The input \"{name}\" {detail}.")]
pub struct InputError {
    /// The name that was given.
    pub name: String,
    /// What is wrong and what would be right, as the rest of a sentence.
    pub detail: String,
}

/// The values of all inputs of one graph.
#[derive(Debug, Clone, PartialEq)]
pub struct Inputs {
    pub(super) values: Vec<f64>,
}

impl Inputs {
    /// Every input of `graph` at its default.
    #[must_use]
    pub fn of(graph: &Graph) -> Self {
        Self { values: graph.inputs.iter().map(|input| input.default).collect() }
    }

    /// Sets a number. One beyond the input's bounds is brought to the nearer of them: sensors jitter.
    ///
    /// # Errors
    /// There is no such input, it is none of numbers, or `value` is not finite.
    pub fn number(&mut self, graph: &Graph, name: &str, value: f64) -> Result<(), InputError> {
        let (at, input) = find(graph, name)?;
        let Domain::Number { min, max } = input.domain else { return Err(other_type(input)) };
        if !value.is_finite() {
            return Err(wrong(name, "must be a finite number".into()));
        }
        let value = tame(value);
        self.set(
            at,
            if value < min {
                min
            } else if value > max {
                max
            } else {
                value
            },
        );
        Ok(())
    }

    /// Sets a flag.
    ///
    /// # Errors
    /// There is no such input, or it is no flag.
    pub fn flag(&mut self, graph: &Graph, name: &str, value: bool) -> Result<(), InputError> {
        let (at, input) = find(graph, name)?;
        if input.domain != Domain::Flag {
            return Err(other_type(input));
        }
        self.set(at, f64::from(u8::from(value)));
        Ok(())
    }

    /// Sets a text.
    ///
    /// # Errors
    /// There is no such input, it is none of texts, or `value` is none of its values.
    pub fn text(&mut self, graph: &Graph, name: &str, value: &str) -> Result<(), InputError> {
        let (at, input) = find(graph, name)?;
        let Domain::Text(words) = &input.domain else { return Err(other_type(input)) };
        let known = |word: &&u16| graph.word(f64::from(**word)) == value;
        let Some(word) = words.iter().find(known) else {
            let all: Vec<&str> = words.iter().map(|word| graph.word(f64::from(*word))).collect();
            let detail = format!("cannot be \"{}\"; one of: {}", short(value), all.join(", "));
            return Err(wrong(name, detail));
        };
        self.set(at, f64::from(*word));
        Ok(())
    }

    fn set(&mut self, at: usize, value: f64) {
        if let Some(place) = self.values.get_mut(at) {
            *place = value;
        }
    }
}

fn find<'g>(graph: &'g Graph, name: &str) -> Result<(usize, &'g InputDef), InputError> {
    let found = graph.inputs.iter().enumerate().find(|(_, input)| input.name == name);
    found.ok_or_else(|| {
        let all: Vec<&str> = graph.input_names().collect();
        wrong(name, format!("is not one of this graph's: {}", all.join(", ")))
    })
}

fn other_type(input: &InputDef) -> InputError {
    let what = match input.domain {
        Domain::Number { .. } => "is a number",
        Domain::Flag => "is true or false",
        Domain::Text(_) => "is a text",
    };
    wrong(&input.name, what.into())
}

fn wrong(name: &str, detail: String) -> InputError {
    InputError { name: short(name), detail }
}
