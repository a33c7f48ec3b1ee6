//! Runs a graph, step by fixed step, and says when the character should do something else.

use std::sync::Arc;

use super::clock::Clock;
use super::node::{Memory, Spoken, chance_of};
use super::{Graph, Inputs};
use crate::cue::{Intensity, Reaction};

/// What the character should do from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// What to show.
    pub reaction: Reaction,
    /// 0 to 20, higher first: of the response, and of the job that its clip may need.
    pub priority: u8,
    /// The name of the response; none at rest.
    pub response: Option<String>,
}

/// One running graph. The same steps with the same inputs give the same outputs.
#[derive(Debug, Clone)]
pub struct Evaluator {
    graph: Arc<Graph>,
    clock: Clock,
    pub(super) values: Vec<f64>,
    memories: Vec<Memory>,
    shown: Option<Shown>,
    /// Steps that make up the hold.
    hold_steps: u64,
}

#[derive(Debug, Clone)]
struct Shown {
    output: Output,
    /// Steps since it was told.
    age: u64,
}

/// An intensity moves to another tenth only when it is this far beyond the present one, in tenths:
/// one that trembles between two tenths would ask for two clips again and again.
const STICKS: f64 = 0.6;

impl Evaluator {
    /// A graph before its first step. `seed` decides what `choose` nodes choose.
    #[must_use]
    pub fn new(graph: Arc<Graph>, seed: u64) -> Self {
        let memory = |node: &super::Compiled| Memory {
            value: node.op.first_value(),
            was: false,
            chance: chance_of(seed, &node.id),
        };
        let memories = graph.nodes.iter().map(memory).collect();
        let hold_steps = graph.hold.0.saturating_mul(u64::from(graph.steps_per_second)).div_ceil(1_000);
        let values = vec![0.0; graph.nodes.len()];
        Self { graph, clock: Clock::default(), values, memories, shown: None, hold_steps }
    }

    /// The graph that runs.
    #[must_use]
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// What was told last. None before the first step.
    #[must_use]
    pub fn output(&self) -> Option<&Output> {
        self.shown.as_ref().map(|shown| &shown.output)
    }

    /// As many steps as fit into `dt_ms` more milliseconds, each with these inputs; what is left counts
    /// next time. At most 30 steps: time beyond that is dropped. Tells the newest change, if there is one.
    pub fn advance(&mut self, dt_ms: f64, inputs: &Inputs) -> Option<Output> {
        let steps = self.clock.advance(dt_ms, self.graph.steps_per_second);
        (0..steps).filter_map(|_| self.step(inputs)).last()
    }

    /// One step. Tells what the character should do from now on, if that is something else.
    pub fn step(&mut self, inputs: &Inputs) -> Option<Output> {
        self.run(&inputs.values);
        let next = self.wanted();
        if let Some(shown) = &mut self.shown {
            shown.age = shown.age.saturating_add(1);
            let held = shown.age < self.hold_steps && next.priority <= shown.output.priority;
            if next == shown.output || held {
                return None;
            }
        }
        self.shown = Some(Shown { output: next.clone(), age: 0 });
        Some(next)
    }

    fn run(&mut self, inputs: &[f64]) {
        for (at, (node, memory)) in self.graph.nodes.iter().zip(&mut self.memories).enumerate() {
            if node.remembers {
                self.values[at] = node.op.compute(&[], inputs, memory);
            }
        }
        for (at, (node, memory)) in self.graph.nodes.iter().zip(&mut self.memories).enumerate() {
            if !node.remembers {
                self.values[at] = node.op.compute(&self.values, inputs, memory);
            }
        }
        for (node, memory) in self.graph.nodes.iter().zip(&mut self.memories) {
            if node.remembers {
                node.op.remember(&self.values, memory);
            }
        }
    }

    /// What the active response of the highest priority wants; of equals, the one that is listed first.
    fn wanted(&self) -> Output {
        let active = self.graph.responses.iter().filter(|response| response.when.holds(&self.values));
        let best = active.reduce(|best, next| if next.priority > best.priority { next } else { best });
        match best {
            Some(response) => Output {
                reaction: self.reaction(&response.spoken),
                priority: response.priority,
                response: Some(response.id.clone()),
            },
            None => Output { reaction: self.reaction(&self.graph.rest), priority: 0, response: None },
        }
    }

    fn reaction(&self, spoken: &Spoken) -> Reaction {
        let word = |source: super::node::Source| self.graph.word(source.read(&self.values)).to_owned();
        Reaction {
            expression: word(spoken.expression),
            emotion: word(spoken.emotion),
            animation: word(spoken.animation),
            intensity: self.intensity(spoken.intensity.read(&self.values)),
        }
    }

    /// In tenths, staying where it is while it trembles.
    fn intensity(&self, value: f64) -> Intensity {
        let value = if value > 1.0 {
            1.0
        } else if value > 0.0 {
            value
        } else {
            0.0
        };
        let now = self.output().map(|output| output.reaction.intensity);
        let away = |tenth: Intensity| value * 10.0 - f64::from(tenth.tenths());
        match now.filter(|tenth| away(*tenth) <= STICKS && away(*tenth) >= -STICKS) {
            Some(tenth) => tenth,
            // It lies within the bounds.
            None => Intensity::from_unit(value).unwrap_or_default(),
        }
    }
}
