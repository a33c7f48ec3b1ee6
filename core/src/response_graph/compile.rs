//! Makes a graph that is ready to run from the nodes as written, and refuses what could go wrong while
//! it runs: a value of another type, a number out of its bounds, a state that nothing leads to.

use super::definition::{Constant, InputType, Kind, Literal, Rest, Settings, Transition, Word};
use super::error::short;
use super::inputs::{Domain, InputDef};
use super::node::{Arrow, Op, Response, Source, Spoken, tame};
use super::values::{MOST_LISTED, index};
use super::{Compiled, Graph, GraphCode, GraphError, LARGEST, Written};
use crate::operation::MAX_PRIORITY;
use crate::units::Millis;

/// What kind of value a node tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Number,
    Flag,
    Text,
    /// Only an output looks at it.
    Response,
}

/// Most steps a second: finer than any screen.
const MOST_STEPS_PER_SECOND: u32 = 240;
/// Longest hold, in milliseconds.
const LONGEST_HOLD: u64 = 60_000;
/// Longest time of a smoothing, in seconds.
const LONGEST_SMOOTHING: f64 = 3_600.0;

/// Everything that is known of the graph while its nodes are compiled.
pub(super) struct Compiler<'a> {
    steps_per_second: u32,
    /// In the order of the steps.
    pub(super) known: Vec<(&'a str, Type)>,
    pub(super) words: Vec<String>,
    inputs: Vec<InputDef>,
    /// The node that is being compiled.
    pub(super) id: &'a str,
}

/// What was made, or why the graph is refused.
pub(super) type Made<T> = Result<T, GraphError>;

/// Compiles `nodes` in this `order`.
pub(super) fn compile(settings: &Settings, nodes: &[Written], order: &[usize]) -> Made<Graph> {
    let steps_per_second = settings.steps_per_second;
    if !(1..=MOST_STEPS_PER_SECOND).contains(&steps_per_second) {
        let detail = format!("must have 1 to {MOST_STEPS_PER_SECOND} \"steps_per_second\"");
        return Err(GraphError::whole(GraphCode::OutOfRange, detail));
    }
    let ordered: Vec<&Written> = order.iter().filter_map(|at| nodes.get(*at)).collect();
    // What a memory tells is known without what it reads, and it may be read before it.
    let known = ordered.iter().map(|node| (node.id.as_str(), own_type(&node.kind))).collect();
    let mut compiler = Compiler { steps_per_second, known, words: Vec::new(), inputs: Vec::new(), id: "" };
    for (at, node) in ordered.iter().enumerate() {
        if let Kind::Select { otherwise: one, .. } | Kind::Switch { r#else: one, .. } = &node.kind {
            compiler.known[at].1 = compiler.type_of(one);
        }
    }
    for node in nodes {
        compiler.id = &node.id;
        if let Kind::Input { .. } = node.kind {
            let input = compiler.input(&node.kind)?;
            compiler.inputs.push(input);
        }
    }
    let mut compiled = Vec::with_capacity(ordered.len());
    for node in &ordered {
        compiler.id = &node.id;
        let (id, remembers) = (node.id.clone(), node.kind.is_memory());
        compiled.push(Compiled { id, op: compiler.op(&node.kind)?, remembers });
    }
    let (rest, responses, hold) = compiler.output(nodes)?;
    let Compiler { words, inputs, .. } = compiler;
    Ok(Graph { steps_per_second, inputs, nodes: compiled, words, responses, rest, hold })
}

/// The type of what a node tells, as far as its kind says it.
fn own_type(kind: &Kind) -> Type {
    match kind {
        Kind::Input { r#type, .. } => match r#type {
            InputType::Number => Type::Number,
            InputType::Flag => Type::Flag,
            InputType::Text => Type::Text,
        },
        Kind::Constant { value: Constant(literal) } | Kind::Delay { initial: Constant(literal), .. } => {
            type_of_literal(literal)
        }
        Kind::Choose { options, .. } => match options.first() {
            Some(Constant(literal)) => type_of_literal(literal),
            None => Type::Number,
        },
        Kind::StateMachine { .. } => Type::Text,
        Kind::Threshold { .. }
        | Kind::Latch { .. }
        | Kind::Edge { .. }
        | Kind::Compare { .. }
        | Kind::Is { .. }
        | Kind::And { .. }
        | Kind::Or { .. }
        | Kind::Not { .. } => Type::Flag,
        Kind::Response { .. } | Kind::Output { .. } => Type::Response,
        _ => Type::Number,
    }
}

pub(super) const fn type_of_literal(literal: &Literal) -> Type {
    match literal {
        Literal::Number(_) => Type::Number,
        Literal::Flag(_) => Type::Flag,
        Literal::Text(_) => Type::Text,
    }
}

impl Type {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Number => "a number",
            Self::Flag => "a flag",
            Self::Text => "a text",
            Self::Response => "a response, which only an output may list",
        }
    }

    /// How to make this of `other`.
    pub(super) const fn remedy(self, other: Self) -> &'static str {
        match (self, other) {
            (Self::Flag, Self::Number) => "make a flag of it with a threshold or a compare node",
            (Self::Flag, Self::Text) => "make a flag of it with an is node",
            (Self::Number, Self::Flag) => "make a number of it with a switch node",
            (_, Self::Text) => "make another value of it with a select node",
            _ => "connect another node",
        }
    }
}

impl<'a> Compiler<'a> {
    fn op(&mut self, kind: &'a Kind) -> Made<Op> {
        Ok(match kind {
            Kind::Input { .. } => Op::Input(index(
                self.inputs.iter().position(|input| input.name == self.id).unwrap_or_default(),
            )),
            Kind::Constant { value } => Op::Constant(self.literal("value", &value.0)?),
            Kind::Add { of } => Op::Sum(self.numbers(of)?),
            Kind::Subtract { a, b } => Op::Difference(self.number("a", a)?, self.number("b", b)?),
            Kind::Multiply { of } => Op::Product(self.numbers(of)?),
            Kind::Divide { a, b, otherwise } => {
                let otherwise = self.finite("otherwise", *otherwise)?;
                Op::Quotient(self.number("a", a)?, self.number("b", b)?, otherwise)
            }
            Kind::Min { of } => Op::Least(self.numbers(of)?),
            Kind::Max { of } => Op::Greatest(self.numbers(of)?),
            Kind::Clamp { of, low, high } => {
                let (low, high) = self.bounds("low", *low, "high", *high)?;
                Op::Clamp(self.number("of", of)?, low, high)
            }
            Kind::Remap { of, from: [a, b], to: [c, d] } => {
                let points = if a < b { [[*a, *c], [*b, *d]] } else { [[*b, *d], [*a, *c]] };
                Op::Curve(self.number("of", of)?, self.points("from", &points)?)
            }
            Kind::Abs { of } => Op::Abs(self.number("of", of)?),
            Kind::Threshold { of, on, off } => {
                let (off, on) = self.bounds("off", off.unwrap_or(*on), "on", *on)?;
                Op::Threshold(self.number("of", of)?, on, off)
            }
            Kind::Curve { of, points } => Op::Curve(self.number("of", of)?, self.points("points", points)?),
            Kind::Compare { a, op, b } => Op::Compare(self.number("a", a)?, *op, self.number("b", b)?),
            Kind::Is { of, any } => {
                let of = self.text("of", of)?;
                self.count("any", any.len())?;
                let words: Made<Vec<f64>> = any.iter().map(|word| self.word("any", word)).collect();
                Op::Is(of, words?)
            }
            Kind::And { of } => Op::All(self.flags(of)?),
            Kind::Or { of } => Op::Any(self.flags(of)?),
            Kind::Not { of } => Op::Not(self.flag("of", of)?),
            Kind::Select { of, cases, otherwise } => {
                let of = self.text("of", of)?;
                self.count("cases", cases.len())?;
                let told = self.type_of(otherwise);
                let mut compiled = Vec::with_capacity(cases.len());
                for (word, operand) in cases {
                    compiled.push((self.word("cases", word)?, self.operand("cases", operand, told)?));
                }
                Op::Select(of, compiled, self.operand("otherwise", otherwise, told)?)
            }
            Kind::Switch { when, then, r#else } => {
                let told = self.type_of(r#else);
                let when = self.flag("when", when)?;
                Op::Switch(when, self.operand("then", then, told)?, self.operand("else", r#else, told)?)
            }
            Kind::Edge { of, on } => Op::Edge(self.flag("of", of)?, *on),
            Kind::Choose { when, options } => {
                self.count("options", options.len())?;
                let told = own_type(kind);
                let mut compiled = Vec::with_capacity(options.len());
                for Constant(option) in options {
                    self.same_type("options", type_of_literal(option), told)?;
                    compiled.push(self.literal("options", option)?);
                }
                Op::Choose(self.flag("when", when)?, compiled)
            }
            // The output is made of the responses, once all nodes are known.
            Kind::Response { .. } | Kind::Output { .. } => Op::Constant(0.0),
            Kind::Delay { of, initial } => {
                let first = self.literal("initial", &initial.0)?;
                Op::Delay(self.operand("of", of, type_of_literal(&initial.0))?, first)
            }
            Kind::Smooth { of, seconds, initial } => {
                self.between("seconds", *seconds, 0.0, LONGEST_SMOOTHING)?;
                // Backward Euler of a one-pole filter: never overshoots, and is a plain fraction.
                let part = 1.0 / (1.0 + seconds * f64::from(self.steps_per_second));
                Op::Smooth(self.number("of", of)?, part, self.finite("initial", *initial)?)
            }
            Kind::Accumulate { gain, decay, reset, low, high, initial } => {
                let (low, high) = self.bounds("low", *low, "high", *high)?;
                let initial = initial.unwrap_or(low);
                self.between("initial", initial, low, high)?;
                Op::Accumulate {
                    gain: self.number("gain", gain)?,
                    decay: self.number("decay", decay)?,
                    reset: reset.as_ref().map(|reset| self.flag("reset", reset)).transpose()?,
                    low,
                    high,
                    initial: tame(initial),
                    step: 1.0 / f64::from(self.steps_per_second),
                }
            }
            Kind::Counter { when, reset } => {
                let reset = reset.as_ref().map(|reset| self.flag("reset", reset)).transpose()?;
                Op::Counter(self.flag("when", when)?, reset)
            }
            Kind::Timer { when } => Op::Timer(self.flag("when", when)?, f64::from(self.steps_per_second)),
            Kind::Latch { set, reset, initial } => {
                Op::Latch(self.flag("set", set)?, self.flag("reset", reset)?, *initial)
            }
            Kind::StateMachine { states, initial, transitions } => {
                self.machine(states, initial, transitions)?
            }
        })
    }

    fn machine(&mut self, states: &[String], initial: &str, transitions: &[Transition]) -> Made<Op> {
        self.count("states", states.len())?;
        let words: Made<Vec<f64>> = states.iter().map(|state| self.word("states", state)).collect();
        let words = words?;
        if transitions.len() > MOST_LISTED * 4 {
            return Err(
                self.fault(GraphCode::OutOfRange, format!("has more than {} transitions", MOST_LISTED * 4))
            );
        }
        let twice = states.iter().enumerate().find(|(at, state)| states[..*at].contains(state));
        if let Some((_, twice)) = twice {
            let detail = format!("has the state \"{}\" twice", short(twice));
            return Err(self.fault(GraphCode::DuplicateId, detail));
        }
        let first = self.state(states, initial)?;
        let mut arrows = Vec::with_capacity(transitions.len());
        for one in transitions {
            let from = if one.from == "*" { None } else { Some(self.state(states, &one.from)?) };
            let to = self.state(states, &one.to)?;
            arrows.push(Arrow { from, to, when: self.flag("when", &one.when)? });
        }
        let mut reached = vec![false; states.len()];
        reached[usize::from(first)] = true;
        // Each round reaches one state more, or it was the last.
        for _ in states {
            for arrow in &arrows {
                if arrow.from.is_none_or(|from| reached[usize::from(from)]) {
                    reached[usize::from(arrow.to)] = true;
                }
            }
        }
        if let Some((state, _)) = states.iter().zip(&reached).find(|(_, reached)| !**reached) {
            let detail = format!(
                "never comes to the state \"{}\": add a transition to it, or remove it",
                short(state)
            );
            return Err(self.fault(GraphCode::Unreachable, detail));
        }
        Ok(Op::Machine(words, first, arrows))
    }

    fn state(&self, states: &[String], name: &str) -> Made<u16> {
        states.iter().position(|state| state == name).map(index).ok_or_else(|| {
            let detail = format!("has no state \"{}\"; its states are: {}", short(name), states.join(", "));
            self.fault(GraphCode::MissingInput, detail)
        })
    }

    fn input(&mut self, kind: &Kind) -> Made<InputDef> {
        let Kind::Input { r#type, default, min, max, values } = kind else {
            return Err(self.fault(GraphCode::BadFormat, "is not an input"));
        };
        if !matches!(r#type, InputType::Number) && (min.is_some() || max.is_some()) {
            return Err(self.fault(GraphCode::WrongType, "is no number: leave out \"min\" and \"max\""));
        }
        let domain = match (r#type, values) {
            (InputType::Number, None) => {
                let (min, max) =
                    self.bounds("min", min.unwrap_or(-LARGEST), "max", max.unwrap_or(LARGEST))?;
                Domain::Number { min, max }
            }
            (InputType::Flag, None) => Domain::Flag,
            (InputType::Text, Some(values)) => {
                self.count("values", values.len())?;
                let words: Made<Vec<f64>> = values.iter().map(|word| self.word("values", word)).collect();
                // The number of a word is small.
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                Domain::Text(words?.into_iter().map(|word| word as u16).collect())
            }
            (InputType::Text, None) => {
                return Err(self.fault(GraphCode::BadFormat, "is a text: list its \"values\""));
            }
            (_, Some(_)) => {
                return Err(self.fault(GraphCode::WrongType, "is no text: leave out \"values\""));
            }
        };
        let usual = match &domain {
            Domain::Number { min, max } => {
                if *min > 0.0 {
                    *min
                } else if *max < 0.0 {
                    *max
                } else {
                    0.0
                }
            }
            Domain::Flag => 0.0,
            Domain::Text(words) => words.first().map_or(0.0, |word| f64::from(*word)),
        };
        let default = match default {
            None => usual,
            Some(Constant(literal)) => {
                self.same_type("default", type_of_literal(literal), own_type(kind))?;
                self.literal("default", literal)?
            }
        };
        let fits = match &domain {
            Domain::Number { min, max } => (*min..=*max).contains(&default),
            Domain::Flag => true,
            Domain::Text(words) => words.iter().any(|word| f64::from(*word) == default),
        };
        if !fits {
            return Err(self.fault(GraphCode::OutOfRange, "has a \"default\" that it may not be"));
        }
        Ok(InputDef { name: self.id.to_owned(), domain, default })
    }

    /// What the one output says.
    fn output(&mut self, nodes: &'a [Written]) -> Made<(Spoken, Vec<Response>, Millis)> {
        let mut outputs = nodes.iter().filter_map(|node| match &node.kind {
            Kind::Output { responses, rest, hold_ms } => Some((node.id.as_str(), responses, rest, *hold_ms)),
            _ => None,
        });
        let none =
            || GraphError::whole(GraphCode::Output, "has no output: add a node of the kind \"output\"");
        let (id, listed, rest, hold) = outputs.next().ok_or_else(none)?;
        if let Some((second, ..)) = outputs.next() {
            let detail = format!("is a second output beside \"{id}\": keep one");
            return Err(GraphError::of(GraphCode::Output, second, detail));
        }
        self.id = id;
        if hold > LONGEST_HOLD {
            let detail = format!("has a \"hold_ms\" beyond {LONGEST_HOLD}");
            return Err(self.fault(GraphCode::OutOfRange, detail));
        }
        let rest = self.rest(rest)?;
        let mut responses = Vec::with_capacity(listed.len());
        for (at, name) in listed.iter().enumerate() {
            self.id = id;
            if listed[..at].contains(name) {
                return Err(self.fault(GraphCode::DuplicateId, format!("lists \"{}\" twice", short(name))));
            }
            let found = nodes.iter().find(|node| node.id == *name);
            let Some(Written { id: name, kind: kind @ Kind::Response { .. } }) = found else {
                let detail = format!("lists \"{}\", which is no response", short(name));
                return Err(self.fault(GraphCode::WrongType, detail));
            };
            self.id = name;
            responses.push(self.response(kind)?);
        }
        let is_lost =
            |node: &&Written| matches!(node.kind, Kind::Response { .. }) && !listed.contains(&node.id);
        if let Some(lost) = nodes.iter().find(is_lost) {
            let detail = format!("is a response that is never shown: list it in \"{id}\", or remove it");
            return Err(GraphError::of(GraphCode::Unreachable, &lost.id, detail));
        }
        Ok((rest, responses, Millis(hold)))
    }

    fn response(&mut self, kind: &Kind) -> Made<Response> {
        let Kind::Response { when, expression, emotion, animation, intensity, priority } = kind else {
            return Err(self.fault(GraphCode::BadFormat, "is not a response"));
        };
        if *priority > MAX_PRIORITY {
            let detail = format!("has a \"priority\" beyond {MAX_PRIORITY}");
            return Err(self.fault(GraphCode::OutOfRange, detail));
        }
        let spoken = Spoken {
            expression: self.spoken("expression", expression)?,
            emotion: self.spoken("emotion", emotion)?,
            animation: self.spoken("animation", animation)?,
            intensity: self.number("intensity", intensity)?,
        };
        Ok(Response { id: self.id.to_owned(), when: self.flag("when", when)?, spoken, priority: *priority })
    }

    fn rest(&mut self, rest: &Rest) -> Made<Spoken> {
        self.between("intensity", rest.intensity, 0.0, 1.0)?;
        Ok(Spoken {
            expression: Source::Literal(self.word("expression", &rest.expression)?),
            emotion: Source::Literal(self.word("emotion", &rest.emotion)?),
            animation: Source::Literal(self.word("animation", &rest.animation)?),
            intensity: Source::Literal(rest.intensity),
        })
    }

    fn spoken(&mut self, field: &str, word: &Word) -> Made<Source> {
        self.operand(field, &word.0, Type::Text)
    }
}
