//! One ComfyUI server at work: it takes prompts in, runs one after the other, node by node, and tells
//! the callers about it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use cuelight_core::units::MicroUsd;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;

use super::super::Vendors;
use super::super::ledger::{End, Failure, Start};
use super::ME;
use super::exec::{self, Done, Flow, Inputs, Raised};
use super::folder::Folders;
use super::graph::{Given, Graph};
use super::queue::{Item, Outcome, Queue};
use super::socket::Sockets;

/// How long a sampler takes for all of its steps in the real world, in milliseconds.
const SAMPLING_MS: u64 = 20_000;

/// A server. Cloning gives another handle to the same one.
#[derive(Debug, Clone)]
pub(super) struct Server(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    vendors: Vendors,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    queue: Queue,
    sockets: Sockets,
    /// Who waits for the end of each run.
    waiting: BTreeMap<String, oneshot::Sender<End>>,
}

/// Why a run ended early.
enum Stop {
    Interrupted,
    Raised(Raised),
}

impl Server {
    pub(super) fn new(vendors: Vendors) -> Self {
        Self(Arc::new(Shared { vendors, state: Mutex::default() }))
    }

    pub(super) fn vendors(&self) -> &Vendors {
        &self.0.vendors
    }

    pub(super) fn folders(&self) -> Folders {
        Folders(self.0.vendors.clone())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A poisoned lock means that a request panicked; queue and sockets are whole all the same.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `GET /prompt` says.
    pub(super) fn remaining(&self) -> Value {
        json!({"exec_info": {"queue_remaining": self.state().queue.remaining()}})
    }

    pub(super) fn runs(&self, most: Option<usize>, offset: Option<usize>) -> Value {
        self.state().queue.runs(most, offset)
    }

    pub(super) fn run(&self, id: &str) -> Value {
        self.state().queue.run(id)
    }

    pub(super) fn queue(&self) -> Value {
        self.state().queue.json()
    }

    pub(super) fn forget(&self, ids: Option<&[String]>) {
        self.state().queue.forget(ids);
    }

    pub(super) fn spoil(&self, id: &str, message: &str) {
        self.state().queue.spoil(id, message);
    }

    pub(super) fn interrupt(&self, id: Option<&str>) {
        self.state().queue.interrupt(id);
    }

    /// Takes waiting prompts out of the queue.
    pub(super) fn remove(&self, ids: Option<&[String]>) {
        let removed = {
            let mut state = self.state();
            let removed = state.queue.remove(ids);
            removed.into_iter().filter_map(|id| state.waiting.remove(&id)).collect::<Vec<_>>()
        };
        for waiting in removed {
            let failure = Failure { refused: false, message: "deleted from the queue".into() };
            // Nobody has to listen.
            let _ = waiting.send(End::Failed(failure));
        }
        self.tell_status();
    }

    /// Lets a caller's socket in, and tells it how much there is to do.
    pub(super) fn join(&self, id: &str) -> UnboundedReceiver<String> {
        let mut state = self.state();
        let news = state.sockets.join(id);
        let remaining = state.queue.remaining();
        let status = json!({"status": {"exec_info": {"queue_remaining": remaining}}, "sid": id});
        state.sockets.tell(Some(id), "status", &status);
        news
    }

    fn tell(&self, to: Option<&str>, event: &str, data: &Value) {
        self.state().sockets.tell(to, event, data);
    }

    fn tell_status(&self) {
        let status = json!({"status": self.remaining()});
        self.tell(None, "status", &status);
    }

    /// Takes a prompt in and sees to it that it is run. `number` is the caller's own, or whether it
    /// goes to the front.
    pub(super) fn add(
        &self,
        id: Option<String>,
        number: Result<f64, bool>,
        prompt: Value,
        extra: Map<String, Value>,
        client: Option<String>,
        graph: Graph,
    ) -> (String, f64) {
        let id = id.unwrap_or_else(|| uuid(&self.0.vendors.fresh_id(48)));
        let (ended, end) = oneshot::channel();
        let start = Start {
            id: id.clone(),
            model: "workflow".into(),
            token: None,
            latency_ms: 0,
            // It is the caller's own machine.
            cost: MicroUsd(0),
            note: Value::Null,
        };
        let lost = |_| End::Failed(Failure { refused: false, message: "the server has stopped".into() });
        self.0.vendors.begin(ME, start, async move { end.await.unwrap_or_else(lost) });
        let number = {
            let mut state = self.state();
            let number = number.unwrap_or_else(|front| state.queue.number(front));
            state.queue.add(Item { number, id: id.clone(), prompt, extra, client, graph });
            state.waiting.insert(id.clone(), ended);
            number
        };
        self.tell_status();
        let server = self.clone();
        tokio::spawn(async move { server.work().await });
        (id, number)
    }

    /// Runs what waits, unless somebody does already.
    async fn work(self) {
        loop {
            let item = {
                let mut state = self.state();
                if state.queue.is_busy() { None } else { state.queue.start() }
            };
            let Some(item) = item else { return };
            self.tell_status();
            let outcome = self.perform(&item).await;
            let waiting = {
                let mut state = self.state();
                state.queue.finish(&outcome);
                state.waiting.remove(&item.id)
            };
            if let Some(waiting) = waiting {
                let failure = Failure { refused: false, message: "the run has failed".into() };
                let end = if outcome.completed { End::Made(Vec::new()) } else { End::Failed(failure) };
                // Nobody has to listen.
                let _ = waiting.send(end);
            }
            self.tell_status();
            if item.client.is_some() {
                let over = json!({"node": null, "prompt_id": item.id});
                self.tell(item.client.as_deref(), "executing", &over);
            }
        }
    }

    /// Runs one prompt.
    async fn perform(&self, item: &Item) -> Outcome {
        let mut outcome = Outcome::default();
        let (to, id) = (item.client.as_deref(), &item.id);
        let tell = |outcome: &mut Outcome, event: &str, mut data: Value, all: bool| {
            data["prompt_id"] = json!(id);
            data["timestamp"] = json!(now_ms());
            if all || to.is_some() {
                self.tell(to, event, &data);
            }
            outcome.messages.push(json!([event, data]));
        };
        tell(&mut outcome, "execution_start", json!({}), false);
        tell(&mut outcome, "execution_cached", json!({"nodes": []}), false);
        let mut ran: BTreeMap<String, Vec<Flow>> = BTreeMap::new();
        for node in order(&item.graph) {
            match self.node(item, &node, &ran).await {
                Ok(done) => {
                    if let Some(shown) = done.shown {
                        if to.is_some() {
                            let data =
                                json!({"node": node, "display_node": node, "output": shown, "prompt_id": id});
                            self.tell(to, "executed", &data);
                        }
                        let about = json!({"node_id": node, "display_node": node, "parent_node": null, "real_node_id": node});
                        outcome.meta.insert(node.clone(), about);
                        outcome.outputs.insert(node.clone(), shown);
                    }
                    ran.insert(node, done.outputs);
                }
                Err(stop) => {
                    let class = item.graph.nodes.get(&node).map(|node| node.class.name);
                    let executed: Vec<_> = ran.keys().collect();
                    let mut data = json!({"node_id": node, "node_type": class, "executed": executed});
                    match stop {
                        Stop::Interrupted => tell(&mut outcome, "execution_interrupted", data, true),
                        Stop::Raised(raised) => {
                            data["exception_message"] = json!(raised.message);
                            data["exception_type"] = json!(raised.kind);
                            data["traceback"] = json!([]);
                            data["current_inputs"] = json!({});
                            data["current_outputs"] = json!(executed);
                            tell(&mut outcome, "execution_error", data, false);
                        }
                    }
                    return outcome;
                }
            }
        }
        tell(&mut outcome, "execution_success", json!({}), false);
        outcome.completed = true;
        outcome
    }

    /// Runs one node off the asynchronous threads, telling how far it is.
    async fn node(&self, item: &Item, id: &str, ran: &BTreeMap<String, Vec<Flow>>) -> Result<Done, Stop> {
        if self.state().queue.is_interrupted() {
            return Err(Stop::Interrupted);
        }
        let to = item.client.as_deref();
        let tell = |event: &str, data: Value| {
            if to.is_some() {
                self.tell(to, event, &data);
            }
        };
        let progress = |value: u32, max: u32, state: &str| {
            let mut nodes: Map<String, Value> =
                ran.keys().map(|id| (id.clone(), state_of(item, id, 1, 1, "finished"))).collect();
            nodes.insert(id.to_owned(), state_of(item, id, value, max, state));
            tell("progress_state", json!({"prompt_id": item.id, "nodes": nodes}));
        };
        progress(0, 1, "running");
        tell("executing", json!({"node": id, "display_node": id, "prompt_id": item.id}));
        let broken = || Stop::Raised(Raised { kind: "KeyError", message: id.to_owned() });
        let node = item.graph.nodes.get(id).ok_or_else(broken)?;
        let steps = if node.class.name == "KSampler" { Inputs::of(node, ran).steps() } else { 0 };
        for step in 1..=steps {
            let pause = self.0.vendors.scaled(SAMPLING_MS / u64::from(steps));
            if pause.is_zero() {
                tokio::task::yield_now().await
            } else {
                tokio::time::sleep(pause).await
            }
            if self.state().queue.is_interrupted() {
                return Err(Stop::Interrupted);
            }
            progress(step, steps, "running");
            tell("progress", json!({"value": step, "max": steps, "prompt_id": item.id, "node": id}));
        }
        let (node, ran, folders) = (node.clone(), ran.clone(), self.folders());
        let work = tokio::task::spawn_blocking(move || exec::run(&Inputs::of(&node, &ran), &folders));
        let done = work.await.map_err(|_| broken())?.map_err(Stop::Raised)?;
        progress(steps.max(1), steps.max(1), "finished");
        Ok(done)
    }
}

/// How far a node is.
fn state_of(item: &Item, id: &str, value: u32, max: u32, state: &str) -> Value {
    json!({"value": value, "max": max, "state": state, "node_id": id, "prompt_id": item.id,
        "display_node_id": id, "parent_node_id": null, "real_node_id": id})
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// An id as ComfyUI writes them: a UUID of version 4, from 48 characters that never came before.
fn uuid(fresh: &str) -> String {
    let mut hex: Vec<u8> =
        fresh.bytes().map(|byte| b"0123456789abcdef"[usize::from(byte % 16)]).take(32).collect();
    hex.resize(32, b'0');
    (hex[12], hex[16]) = (b'4', b'a');
    let hex: String = hex.into_iter().map(char::from).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// The nodes of a graph, each after all that it depends on.
fn order(graph: &Graph) -> Vec<String> {
    let (mut done, mut seen) = (Vec::new(), BTreeSet::new());
    for end in &graph.ends {
        visit(graph, end, &mut seen, &mut done);
    }
    done
}

fn visit(graph: &Graph, id: &str, seen: &mut BTreeSet<String>, done: &mut Vec<String>) {
    if !seen.insert(id.to_owned()) {
        return;
    }
    for given in graph.nodes.get(id).into_iter().flat_map(|node| node.inputs.values()) {
        if let Given::Link(from, _) = given {
            visit(graph, from, seen, done);
        }
    }
    done.push(id.to_owned());
}
