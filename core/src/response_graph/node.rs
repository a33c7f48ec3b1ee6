//! What each kind of node computes. Every value is one number: a number itself, a flag as 0 or 1, a text
//! as the number of its word. Uses `+ - * /` and comparisons only, which are the same everywhere.

use super::LARGEST;
use super::definition::{Comparison, EdgeOn};

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Source {
    /// The node at this place of the order.
    Node(u16),
    /// Written in place.
    Literal(f64),
}

/// One transition of a state machine: states by their place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Arrow {
    /// Any state, when there is none.
    pub(super) from: Option<u16>,
    pub(super) to: u16,
    pub(super) when: Source,
}

/// What a character says by its face and body.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spoken {
    pub(super) expression: Source,
    pub(super) emotion: Source,
    pub(super) animation: Source,
    pub(super) intensity: Source,
}

/// A response, as the output lists it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Response {
    pub(super) id: String,
    pub(super) when: Source,
    pub(super) spoken: Spoken,
    pub(super) priority: u8,
}

/// A node that is ready to run.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Op {
    /// The input at this place.
    Input(u16),
    Sum(Vec<Source>),
    Difference(Source, Source),
    Product(Vec<Source>),
    Quotient(Source, Source, f64),
    Least(Vec<Source>),
    Greatest(Vec<Source>),
    Clamp(Source, f64, f64),
    /// Also what `remap` is: a line between two points.
    Curve(Source, Vec<[f64; 2]>),
    Abs(Source),
    /// On from the first number, off below the second.
    Threshold(Source, f64, f64),
    Compare(Source, Comparison, Source),
    /// The value is one of these words.
    Is(Source, Vec<f64>),
    All(Vec<Source>),
    Any(Vec<Source>),
    Not(Source),
    Select(Source, Vec<(f64, Source)>, Source),
    Switch(Source, Source, Source),
    Edge(Source, EdgeOn),
    Choose(Source, Vec<f64>),
    /// A value that never changes, and what only the output looks at.
    Constant(f64),
    // From here on: what remembers. It tells what it held before this step.
    Delay(Source, f64),
    /// Of what is missing, this part is made up for in a step.
    Smooth(Source, f64, f64),
    /// Gain and decay in a step are these sources times the length of a step.
    Accumulate {
        gain: Source,
        decay: Source,
        reset: Option<Source>,
        low: f64,
        high: f64,
        initial: f64,
        step: f64,
    },
    Counter(Source, Option<Source>),
    /// Steps that make a second, to count in whole steps.
    Timer(Source, f64),
    Latch(Source, Source, bool),
    /// The words of the states, the first state's place, the transitions.
    Machine(Vec<f64>, u16, Vec<Arrow>),
}

/// What one node remembers from step to step.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Memory {
    /// A level, a count, or the place of a state.
    pub(super) value: f64,
    /// What the flag was before.
    pub(super) was: bool,
    /// The state of this node's own generator.
    pub(super) chance: u64,
}

/// No infinity, no NaN, no negative zero.
pub(super) fn tame(value: f64) -> f64 {
    if value > LARGEST {
        LARGEST
    } else if value < -LARGEST {
        -LARGEST
    } else if value.is_nan() {
        0.0
    } else {
        value + 0.0
    }
}

const fn as_number(flag: bool) -> f64 {
    if flag { 1.0 } else { 0.0 }
}

/// A most counted event or step: whole numbers are exact up to here and far beyond.
const MOST_COUNTED: f64 = 1e9;

impl Source {
    pub(super) fn read(self, values: &[f64]) -> f64 {
        match self {
            Self::Node(at) => values.get(usize::from(at)).copied().unwrap_or_default(),
            Self::Literal(value) => value,
        }
    }

    pub(super) fn holds(self, values: &[f64]) -> bool {
        self.read(values) != 0.0
    }
}

impl Op {
    /// What a memory holds before the first step.
    pub(super) fn first_value(&self) -> f64 {
        match self {
            Self::Delay(_, initial) | Self::Smooth(_, _, initial) | Self::Accumulate { initial, .. } => {
                *initial
            }
            Self::Latch(_, _, initial) => as_number(*initial),
            Self::Machine(_, initial, _) => f64::from(*initial),
            Self::Choose(_, options) => options.first().copied().unwrap_or_default(),
            _ => 0.0,
        }
    }

    /// What it tells in this step. `values` holds what the nodes before it tell.
    pub(super) fn compute(&self, values: &[f64], inputs: &[f64], memory: &mut Memory) -> f64 {
        let read = |source: &Source| source.read(values);
        let holds = |source: &Source| source.holds(values);
        tame(match self {
            Self::Input(at) => inputs.get(usize::from(*at)).copied().unwrap_or_default(),
            Self::Constant(value) => *value,
            Self::Sum(of) => of.iter().fold(0.0, |sum, one| tame(sum + read(one))),
            Self::Difference(a, b) => read(a) - read(b),
            Self::Product(of) => of.iter().fold(1.0, |product, one| tame(product * read(one))),
            Self::Quotient(a, b, otherwise) => match read(b) {
                0.0 => *otherwise,
                by => read(a) / by,
            },
            Self::Least(of) => best(of, values, |new, old| new < old),
            Self::Greatest(of) => best(of, values, |new, old| new > old),
            Self::Clamp(of, low, high) => within(read(of), *low, *high),
            Self::Curve(of, points) => along(points, read(of)),
            Self::Abs(of) => {
                let value = read(of);
                if value < 0.0 { -value } else { value }
            }
            Self::Threshold(of, on, off) => {
                let value = read(of);
                memory.was = value >= *on || memory.was && value >= *off;
                as_number(memory.was)
            }
            Self::Compare(a, op, b) => as_number(op.holds(read(a), read(b))),
            Self::Is(of, words) => as_number(words.contains(&read(of))),
            Self::All(of) => as_number(of.iter().all(holds)),
            Self::Any(of) => as_number(of.iter().any(holds)),
            Self::Not(of) => as_number(!holds(of)),
            Self::Select(of, cases, otherwise) => {
                let value = read(of);
                read(cases.iter().find(|(case, _)| *case == value).map_or(otherwise, |(_, source)| source))
            }
            Self::Switch(when, then, otherwise) => read(if holds(when) { then } else { otherwise }),
            Self::Edge(of, on) => {
                let now = holds(of);
                let was = std::mem::replace(&mut memory.was, now);
                as_number(match on {
                    EdgeOn::Rising => now && !was,
                    EdgeOn::Falling => was && !now,
                    EdgeOn::Both => was != now,
                })
            }
            Self::Choose(when, options) => {
                let now = holds(when);
                if now && !std::mem::replace(&mut memory.was, now) {
                    memory.value = pick(options, &mut memory.chance);
                }
                memory.was = now;
                memory.value
            }
            Self::Machine(words, ..) => state(words, memory.value),
            Self::Timer(_, per_second) => memory.value / per_second,
            Self::Delay(..)
            | Self::Smooth(..)
            | Self::Accumulate { .. }
            | Self::Counter(..)
            | Self::Latch(..) => memory.value,
        })
    }

    /// What it remembers from this step, once all nodes have told.
    pub(super) fn remember(&self, values: &[f64], memory: &mut Memory) {
        let read = |source: &Source| source.read(values);
        let holds = |source: &Source| source.holds(values);
        let held = memory.value;
        memory.value = tame(match self {
            Self::Delay(of, _) => read(of),
            Self::Smooth(of, part, _) => held + (read(of) - held) * part,
            Self::Accumulate { reset: Some(reset), initial, .. } if holds(reset) => *initial,
            Self::Accumulate { gain, decay, low, high, step, .. } => {
                within(held + (read(gain) - read(decay)) * step, *low, *high)
            }
            Self::Counter(when, reset) => {
                let now = holds(when);
                let event = now && !std::mem::replace(&mut memory.was, now);
                memory.was = now;
                match reset {
                    Some(reset) if holds(reset) => 0.0,
                    _ if event && held < MOST_COUNTED => held + 1.0,
                    _ => held,
                }
            }
            Self::Timer(when, _) if !holds(when) => 0.0,
            Self::Timer(..) if held < MOST_COUNTED => held + 1.0,
            Self::Latch(_, reset, _) if holds(reset) => 0.0,
            Self::Latch(set, ..) if holds(set) => 1.0,
            Self::Machine(_, _, arrows) => {
                let leaves = |arrow: &&Arrow| {
                    arrow.from.is_none_or(|from| f64::from(from) == held) && arrow.when.holds(values)
                };
                arrows.iter().find(leaves).map_or(held, |arrow| f64::from(arrow.to))
            }
            _ => held,
        });
    }
}

impl Comparison {
    fn holds(self, a: f64, b: f64) -> bool {
        match self {
            Self::Less => a < b,
            Self::AtMost => a <= b,
            Self::More => a > b,
            Self::AtLeast => a >= b,
            Self::Equal => a == b,
            Self::Unequal => a != b,
        }
    }
}

fn within(value: f64, low: f64, high: f64) -> f64 {
    if value < low {
        low
    } else if value > high {
        high
    } else {
        value
    }
}

fn best(of: &[Source], values: &[f64], better: impl Fn(f64, f64) -> bool) -> f64 {
    let all = of.iter().map(|one| one.read(values));
    all.reduce(|old, new| if better(new, old) { new } else { old }).unwrap_or_default()
}

/// The height of the line through `points` at `x`; level before the first and after the last.
fn along(points: &[[f64; 2]], x: f64) -> f64 {
    let next = points.iter().position(|[at, _]| *at > x).unwrap_or(points.len());
    let before = next.checked_sub(1).and_then(|at| points.get(at));
    match (before, points.get(next)) {
        (Some([x0, y0]), Some([x1, y1])) => y0 + (y1 - y0) * ((x - x0) / (x1 - x0)),
        (Some([_, y]), None) | (None, Some([_, y])) => *y,
        (None, None) => 0.0,
    }
}

fn state(words: &[f64], place: f64) -> f64 {
    // A place comes from a transition that was checked.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    words.get(place as usize).copied().unwrap_or_default()
}

/// One of `options`, each as likely, but for 1 in 2^32.
fn pick(options: &[f64], chance: &mut u64) -> f64 {
    let count = options.len() as u64;
    let at = ((random(chance) >> 32) * count) >> 32;
    usize::try_from(at).ok().and_then(|at| options.get(at)).copied().unwrap_or_default()
}

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// The generator of one node: from the seed and its name, so that no other node moves it.
pub(super) fn chance_of(seed: u64, id: &str) -> u64 {
    let mut state = seed;
    for byte in id.bytes() {
        state = random(&mut state) ^ u64::from(byte);
    }
    random(&mut state)
}
