//! What waits, what runs and what has run: the queue of one server and its history. Knows no network;
//! one prompt runs at a time, the lowest number first.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Map, Value, json};

use super::graph::Graph;

/// How many runs are remembered.
const REMEMBERED: usize = 1_000;

/// A prompt that was taken.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// Where it stands in the queue.
    pub(super) number: f64,
    /// Its id.
    pub(super) id: String,
    /// As it came.
    pub(super) prompt: Value,
    /// What came with it.
    pub(super) extra: Map<String, Value>,
    /// Who is told of its progress.
    pub(super) client: Option<String>,
    /// What of it can run.
    pub(super) graph: Graph,
}

impl Item {
    /// The five values that callers see.
    pub(super) fn json(&self) -> Value {
        json!([self.number, self.id, self.prompt, self.extra, self.graph.ends])
    }
}

/// How a run ended.
#[derive(Debug, Clone, Default)]
pub(super) struct Outcome {
    /// What its ends have shown, by node.
    pub(super) outputs: Map<String, Value>,
    /// Which node that was.
    pub(super) meta: Map<String, Value>,
    /// Whether all of it ran.
    pub(super) completed: bool,
    /// What was told on the way, as `[event, data]`.
    pub(super) messages: Vec<Value>,
}

impl Outcome {
    fn json(&self, item: &Item) -> Value {
        json!({
            "prompt": item.json(),
            "outputs": self.outputs,
            "status": {
                "status_str": if self.completed { "success" } else { "error" },
                "completed": self.completed,
                "messages": self.messages,
            },
            "meta": self.meta,
        })
    }
}

/// The queue and the history.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pending: Vec<Item>,
    running: Option<(Item, bool)>,
    history: VecDeque<(String, Value)>,
    /// Runs that are to fail when they are over, and what they will say.
    doomed: BTreeMap<String, String>,
    taken: u32,
}

impl Queue {
    /// The number of the next prompt; negative to come before all others.
    pub(super) fn number(&mut self, front: bool) -> f64 {
        let number = f64::from(self.taken);
        self.taken += 1;
        if front { -number } else { number }
    }

    /// Takes a prompt in.
    pub(super) fn add(&mut self, item: Item) {
        self.pending.push(item);
    }

    /// How many wait or run.
    pub(super) fn remaining(&self) -> usize {
        self.pending.len() + usize::from(self.running.is_some())
    }

    /// Whether one is running.
    pub(super) fn is_busy(&self) -> bool {
        self.running.is_some()
    }

    /// Starts the next prompt.
    pub(super) fn start(&mut self) -> Option<Item> {
        let order =
            |a: &(usize, &Item), b: &(usize, &Item)| a.1.number.total_cmp(&b.1.number).then(a.0.cmp(&b.0));
        let (next, _) = self.pending.iter().enumerate().min_by(order)?;
        let item = self.pending.remove(next);
        self.running = Some((item.clone(), false));
        Some(item)
    }

    /// Ends what runs and remembers how.
    pub(super) fn finish(&mut self, outcome: &Outcome) {
        if let Some((item, _)) = self.running.take() {
            self.history.retain(|(id, _)| *id != item.id);
            let mut run = outcome.json(&item);
            if let Some(message) = self.doomed.remove(&item.id) {
                fail(&item.id, &mut run, &message);
            }
            self.history.push_back((item.id.clone(), run));
            if self.history.len() > REMEMBERED {
                self.history.pop_front();
            }
        }
    }

    /// Asks what runs to stop, if it is this one or any is meant. Says whether it was.
    pub(super) fn interrupt(&mut self, id: Option<&str>) -> bool {
        match &mut self.running {
            Some((item, stop)) if id.is_none_or(|id| id == item.id) => {
                *stop = true;
                true
            }
            _ => false,
        }
    }

    /// Whether what runs shall stop.
    pub(super) fn is_interrupted(&self) -> bool {
        self.running.as_ref().is_some_and(|(_, stop)| *stop)
    }

    /// Takes waiting prompts out: these, or all. Says which it were.
    pub(super) fn remove(&mut self, ids: Option<&[String]>) -> Vec<String> {
        let gone = |item: &Item| ids.is_none_or(|ids| ids.contains(&item.id));
        let removed = self.pending.iter().filter(|item| gone(item)).map(|item| item.id.clone()).collect();
        self.pending.retain(|item| !gone(item));
        removed
    }

    /// Forgets runs: these, or all.
    pub(super) fn forget(&mut self, ids: Option<&[String]>) {
        self.history.retain(|(id, _)| ids.is_some_and(|ids| !ids.contains(id)));
    }

    /// What `GET /queue` says.
    pub(super) fn json(&self) -> Value {
        let running: Vec<_> = self.running.iter().map(|(item, _)| item.json()).collect();
        let pending: Vec<_> = self.pending.iter().map(Item::json).collect();
        json!({"queue_running": running, "queue_pending": pending})
    }

    /// One run that is over; empty while it is not.
    pub(super) fn run(&self, id: &str) -> Value {
        let found = self.history.iter().filter(|(other, _)| other == id);
        Value::Object(found.cloned().collect())
    }

    /// Runs that are over: `most` from `offset` on, or the latest ones.
    pub(super) fn runs(&self, most: Option<usize>, offset: Option<usize>) -> Value {
        let latest = most.map_or(0, |most| self.history.len().saturating_sub(most));
        let some = self.history.iter().skip(offset.unwrap_or(latest)).take(most.unwrap_or(usize::MAX));
        Value::Object(some.cloned().collect())
    }

    /// Makes a run fail as if a node had raised this, now or once it is over.
    pub(super) fn spoil(&mut self, id: &str, message: &str) {
        if let Some((_, run)) = self.history.iter_mut().find(|(other, _)| other == id) {
            fail(id, run, message);
            return;
        }
        let open = self.running.iter().map(|(item, _)| item).chain(&self.pending);
        if open.into_iter().any(|item| item.id == id) {
            self.doomed.insert(id.to_owned(), message.to_owned());
        }
    }
}

/// Turns what is told of a run into a failure.
fn fail(id: &str, run: &mut Value, message: &str) {
    let error = json!({
        "prompt_id": id, "node_id": "0", "node_type": "KSampler", "executed": [], "exception_message": message,
        "exception_type": "RuntimeError", "traceback": [], "current_inputs": {}, "current_outputs": [],
    });
    run["outputs"] = json!({});
    run["status"] =
        json!({"status_str": "error", "completed": false, "messages": [["execution_error", error]]});
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn item(id: &str, number: f64) -> Item {
        let graph = Graph { nodes: BTreeMap::new(), ends: vec!["9".into()], node_errors: Map::new() };
        Item { number, id: id.into(), prompt: json!({}), extra: Map::new(), client: None, graph }
    }

    fn queue_of(ids: &[&str]) -> Queue {
        let mut queue = Queue::default();
        for id in ids {
            let number = queue.number(false);
            queue.add(item(id, number));
        }
        queue
    }

    #[test]
    fn the_first_come_runs_first_unless_one_goes_to_the_front() {
        let mut queue = queue_of(&["a", "b", "c"]);
        let front = queue.number(true);
        queue.add(item("d", front));
        let order: Vec<_> = (0..4)
            .map(|_| {
                let id = queue.start().unwrap().id;
                queue.finish(&Outcome::default());
                id
            })
            .collect();
        assert_eq!(order, ["d", "a", "b", "c"]);
    }

    #[test]
    fn a_run_is_in_the_history_only_when_it_is_over() {
        let mut queue = queue_of(&["a"]);
        queue.start();
        assert_eq!((queue.run("a"), queue.remaining()), (json!({}), 1));
        assert_eq!(queue.json()["queue_running"][0][1], "a");
        queue.finish(&Outcome { completed: true, ..Outcome::default() });
        assert_eq!(queue.run("a")["a"]["status"]["status_str"], "success");
        assert_eq!(queue.remaining(), 0);
    }

    #[test]
    fn only_what_waits_is_deleted_and_only_what_runs_is_interrupted() {
        let mut queue = queue_of(&["a", "b"]);
        assert!(!queue.interrupt(None));
        queue.start();
        assert_eq!(queue.remove(Some(&["a".into(), "b".into()])), ["b"]);
        assert!(!queue.interrupt(Some("b")) && !queue.is_interrupted());
        assert!(queue.interrupt(Some("a")) && queue.is_interrupted());
    }

    #[test]
    fn a_run_is_spoilt_before_its_end_or_after_it() {
        let mut queue = queue_of(&["a", "b"]);
        queue.start();
        queue.spoil("a", "broken");
        for _ in 0..2 {
            queue.finish(&Outcome { completed: true, ..Outcome::default() });
            queue.start();
        }
        assert_eq!(queue.run("b")["b"]["status"]["status_str"], "success");
        queue.spoil("b", "broken");
        for id in ["a", "b"] {
            assert_eq!(queue.run(id)[id]["status"]["messages"][0][1]["exception_message"], "broken", "{id}");
        }
    }

    #[test]
    fn the_latest_runs_are_listed_oldest_first() {
        let mut queue = queue_of(&["a", "b", "c"]);
        while queue.start().is_some() {
            queue.finish(&Outcome::default());
        }
        let names = |value: Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(queue.runs(Some(2), None)), ["b", "c"]);
        assert_eq!(names(queue.runs(Some(1), Some(0))), ["a"]);
        queue.forget(Some(&["b".into()]));
        assert_eq!(names(queue.runs(None, None)), ["a", "c"]);
    }
}
