//! ComfyUI's protocol: a picture is handed over, a workflow is queued under an id of our own, and the
//! history says what came of it. The id is made from the order's key, so an order can be found again.

use std::collections::BTreeMap;
use std::fmt;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request, StatusCode, request};
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use url::Url;

use cuelight_core::order::Role;

use self::template::Template;
use crate::material::picture;
use crate::{
    Accepted, Account, Adapter, Answer, Ask, Brief, Cancelled, Output, Progress, ProviderError, Step,
    Submission, Turn, hostile, wire,
};

mod fault;
mod template;
#[cfg(test)]
mod tests;
mod upload;

/// Its name for a person.
const NAME: &str = "ComfyUI";
/// The largest answer in words, in bytes: a history quotes its whole workflow.
const MAX_ANSWER: usize = 1 << 20;
/// The largest queue that is read, in bytes: it quotes every workflow that waits, other people's too.
const MAX_QUEUE: usize = 16 << 20;
/// How many questions tell whether the server has a workflow.
const LOOKS: usize = 2;
/// Longest name of a result's file or folder, in bytes.
const MAX_FILE: usize = 255;

/// Speaks to a ComfyUI server.
pub(crate) struct ComfyUi {
    account: Account,
}

#[derive(Deserialize)]
struct Queued {
    prompt_id: String,
}

/// The server's queue.
#[derive(Deserialize)]
struct Queue {
    #[serde(default)]
    queue_running: Vec<Item>,
    #[serde(default)]
    queue_pending: Vec<Item>,
}

/// An item of the queue: a list whose second entry is the id. The workflow behind it is skipped, not kept:
/// a long queue would take many times its size.
struct Item(Option<Value>);

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Item;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Item, A::Error> {
                let _: Option<IgnoredAny> = entries.next_element()?;
                let id = entries.next_element()?;
                while entries.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Item(id))
            }
        }

        deserializer.deserialize_seq(Entries)
    }
}

impl Queue {
    fn is_running(&self, id: &str) -> bool {
        holds(&self.queue_running, id)
    }

    fn is_pending(&self, id: &str) -> bool {
        holds(&self.queue_pending, id)
    }
}

fn holds(items: &[Item], id: &str) -> bool {
    items.iter().any(|Item(known)| known.as_ref().and_then(Value::as_str) == Some(id))
}

/// What became of one workflow.
#[derive(Deserialize)]
struct Run {
    #[serde(default)]
    outputs: BTreeMap<String, Value>,
    #[serde(default)]
    status: Option<Ended>,
}

#[derive(Deserialize)]
struct Ended {
    #[serde(default)]
    status_str: String,
    #[serde(default)]
    messages: Vec<Value>,
}

#[derive(Deserialize)]
struct File {
    filename: String,
    #[serde(default)]
    subfolder: String,
    #[serde(rename = "type")]
    kind: String,
}

impl ComfyUi {
    pub(crate) const fn new(account: Account) -> Self {
        Self { account }
    }

    fn url(&self, path: &[&str]) -> Result<Url, ProviderError> {
        wire::below(&self.account.base, path.iter().copied())
    }

    /// A request, with the key where there is one: the server has none of its own, a gateway before it may.
    fn request(&self, method: Method, url: &Url) -> Result<request::Builder, ProviderError> {
        let builder = Request::builder().method(method).uri(url.as_str());
        if self.account.key.is_empty() {
            return Ok(builder);
        }
        Ok(builder.header(AUTHORIZATION, wire::bearer(&self.account.key)?))
    }

    fn get(&self, path: &[&str]) -> Result<Ask, ProviderError> {
        Ok(Ask::question(wire::built(self.request(Method::GET, &self.url(path)?)?, Vec::new())?))
    }

    fn post(&self, path: &[&str], body: &Value) -> Result<Request<Vec<u8>>, ProviderError> {
        let builder = self.request(Method::POST, &self.url(path)?)?.header(CONTENT_TYPE, "application/json");
        wire::built(builder, wire::body(body)?)
    }

    fn waiting(&self) -> Result<Ask, ProviderError> {
        let ask = self.get(&["queue"])?;
        let patience = ask.patience;
        Ok(ask.within(patience, MAX_QUEUE))
    }

    fn history(&self, id: &str) -> Result<Ask, ProviderError> {
        self.get(&["history", id])
    }

    fn text(&self, words: &str) -> String {
        hostile::text(words, &self.account.key)
    }

    /// Whether the server has a workflow under this id. It moves from the queue into the history, so it is
    /// looked for in this order.
    fn look(&self, id: &str, turn: Turn<'_>) -> Result<Step<Option<Accepted>>, ProviderError> {
        let known = || Some(Accepted { operation_id: id.to_owned(), estimate_ms: None });
        Ok(match turn.heard {
            [] => Step::Ask(self.waiting()?),
            [queued, rest @ ..] => {
                let queue = queue(queued)?;
                match rest.first() {
                    _ if queue.is_running(id) || queue.is_pending(id) => Step::Done(known()),
                    None => Step::Ask(self.history(id)?),
                    Some(answer) => Step::Done(run(answer, id)?.and_then(|_| known())),
                }
            }
        })
    }

    /// How a workflow that is in the history ended.
    fn ended(&self, run: Run) -> Result<Progress, ProviderError> {
        let failed = run.status.as_ref().is_some_and(|status| status.status_str == "error");
        if failed {
            return Err(self.broken(run.status.map(|status| status.messages).unwrap_or_default()));
        }
        let files = run.outputs.values().filter_map(Value::as_object).flat_map(|outputs| outputs.values());
        let mut files = files
            .filter_map(Value::as_array)
            .flatten()
            .filter_map(|file| serde_json::from_value::<File>(file.clone()).ok())
            .filter(|file| file.kind == "output");
        let Some(file) = files.next() else {
            return Err(ProviderError::Failed("the workflow ended without a file".into()));
        };
        let mut url = self.url(&["view"])?;
        for part in [&file.filename, &file.subfolder] {
            if part.len() > MAX_FILE || part.contains("..") || part.contains(char::is_control) {
                return Err(ProviderError::Fatal(format!("{NAME} gave a file's name that cannot be used")));
            }
        }
        url.query_pairs_mut()
            .append_pair("filename", &file.filename)
            .append_pair("subfolder", &file.subfolder)
            .append_pair("type", "output");
        Ok(Progress::Succeeded(Output { url: url.into(), ..Output::default() }))
    }

    /// Why a workflow ended without a result.
    fn broken(&self, messages: Vec<Value>) -> ProviderError {
        let of =
            |kind: &str| messages.iter().find(|message| message.get(0).and_then(Value::as_str) == Some(kind));
        if of("execution_interrupted").is_some() {
            return ProviderError::Lost;
        }
        let words = of("execution_error")
            .and_then(|message| message.pointer("/1/exception_message"))
            .and_then(Value::as_str)
            .unwrap_or("no reason given");
        ProviderError::Failed(self.text(words))
    }
}

/// What the history says of this id; `None` while it says nothing.
fn run(answer: &Answer, id: &str) -> Result<Option<Run>, ProviderError> {
    if !answer.status().is_success() {
        return Err(wire::failure(NAME, answer));
    }
    let mut runs: BTreeMap<String, Value> = wire::parse(answer, MAX_ANSWER)?;
    let unreadable = |_| ProviderError::Transient(format!("{NAME}'s answer makes no sense"));
    runs.remove(id).map(serde_json::from_value).transpose().map_err(unreadable)
}

fn queue(answer: &Answer) -> Result<Queue, ProviderError> {
    if !answer.status().is_success() {
        return Err(wire::failure(NAME, answer));
    }
    wire::parse(answer, MAX_QUEUE)
}

/// Our id of the workflow that is ordered under this key: a UUID of its SHA-256 (RFC 9562, 5.8).
fn id_of(idempotency_key: &str) -> String {
    let hash = hostile::sha256(idempotency_key.as_bytes());
    let part = |from: usize, to: usize| hash.get(from..to).unwrap_or_default();
    format!("{}-{}-8{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

fn known(id: &str) -> Result<(), ProviderError> {
    if hostile::is_id(id) {
        Ok(())
    } else {
        Err(ProviderError::Fatal(format!("the operation's id is none of {NAME}'s")))
    }
}

fn running(is_running: bool) -> Progress {
    Progress::Running { progress: if is_running { 0.5 } else { 0.0 }, estimate_ms: None }
}

impl Adapter for ComfyUi {
    fn account(&self) -> &Account {
        &self.account
    }

    /// The server takes the same id twice, so it is asked for it first.
    fn submit(&self, brief: &Brief<'_>, turn: Turn<'_>) -> Result<Step<Submission>, ProviderError> {
        let template = Template::named(&brief.model.wire_id, &self.account)?;
        let id = id_of(brief.idempotency_key);
        let mut heard = match self.look(&id, turn)? {
            Step::Ask(ask) => return Ok(Step::Ask(ask)),
            Step::Done(Some(accepted)) => return Ok(Step::Done(Submission::Accepted(accepted))),
            Step::Done(None) => turn.heard.iter().skip(LOOKS),
        };
        let mut image = None;
        if let Some(picture) = picture(brief, Role::Image)? {
            let Some(answer) = heard.next() else {
                let (kind, body) = upload::form(&picture);
                let url = self.url(&["upload", "image"])?;
                let builder = self.request(Method::POST, &url)?.header(CONTENT_TYPE, kind);
                return Ok(Step::Ask(Ask::upload(wire::built(builder, body)?)));
            };
            match answer.status() {
                StatusCode::OK => image = Some(upload::kept(answer)?),
                StatusCode::PAYLOAD_TOO_LARGE => {
                    return Err(crate::material::invalid(
                        "image",
                        "the server takes no file as large as this",
                    ));
                }
                _ => return Err(wire::failure(NAME, answer)),
            }
        }
        let Some(answer) = heard.next() else {
            let workflow = template.filled(brief.order, image.as_deref(), &self.account)?;
            let body = json!({"prompt": workflow, "client_id": id, "prompt_id": id});
            let deed = Ask::deed(self.post(&["prompt"], &body)?);
            return Ok(Step::Ask(deed.within(brief.model.call_ms, MAX_ANSWER)));
        };
        if !answer.status().is_success() {
            return Err(fault::refused(answer, &template, &self.account.key));
        }
        let Queued { prompt_id } = wire::parse(answer, MAX_ANSWER).map_err(wire::unclear)?;
        // It was asked to call the workflow by our id: where its own cannot be used, ours is asked for.
        let accepted = wire::accepted(NAME, prompt_id, None).or_else(|_| wire::accepted(NAME, id, None))?;
        Ok(Step::Done(Submission::Accepted(accepted)))
    }

    fn find(&self, idempotency_key: &str, turn: Turn<'_>) -> Result<Step<Option<Accepted>>, ProviderError> {
        self.look(&id_of(idempotency_key), turn)
    }

    fn poll(&self, operation_id: &str, turn: Turn<'_>) -> Result<Step<Progress>, ProviderError> {
        known(operation_id)?;
        let again = || self.history(operation_id).map(Step::Ask);
        match turn.heard {
            [] => again(),
            [answer] => match run(answer, operation_id)? {
                Some(run) => self.ended(run).map(Step::Done),
                None => Ok(Step::Ask(self.waiting()?)),
            },
            [_, queued] => {
                let queue = queue(queued)?;
                if queue.is_running(operation_id) || queue.is_pending(operation_id) {
                    Ok(Step::Done(running(queue.is_running(operation_id))))
                } else {
                    // It may have ended between the two questions.
                    again()
                }
            }
            [_, _, answer, ..] => match run(answer, operation_id)? {
                Some(run) => self.ended(run).map(Step::Done),
                None => Err(ProviderError::Lost),
            },
        }
    }

    fn download(&self, output: &Output, turn: Turn<'_>) -> Result<Step<Vec<u8>>, ProviderError> {
        let url = wire::result_address(&self.account, &output.url)?;
        if url.path() != self.url(&["view"])?.path() {
            return Err(ProviderError::Fatal(format!("the clip is no file of {NAME}'s")));
        }
        match turn.heard.first() {
            None => Ok(Step::Ask(Ask::download(wire::built(self.request(Method::GET, &url)?, Vec::new())?))),
            Some(answer) => {
                wire::downloaded(output, answer, |answer| wire::failure(NAME, answer)).map(Step::Done)
            }
        }
    }

    /// What waits is taken from the queue, what runs is interrupted. It is our own server's time, so what
    /// was stopped costs nothing.
    fn cancel(&self, operation_id: &str, turn: Turn<'_>) -> Result<Step<Cancelled>, ProviderError> {
        known(operation_id)?;
        let look = || self.waiting().map(Step::Ask);
        let interrupt = || {
            let request = self.post(&["interrupt"], &json!({"prompt_id": operation_id}))?;
            Ok(Step::Ask(Ask::deed(request)))
        };
        let done = |answer: &Answer| {
            if answer.status().is_success() {
                Ok(Step::Done(Cancelled::Free))
            } else {
                Err(wire::failure(NAME, answer))
            }
        };
        let Some(queued) = turn.heard.first() else { return look() };
        let queued = queue(queued)?;
        if queued.is_running(operation_id) {
            return turn.heard.get(1).map_or_else(interrupt, done);
        }
        if queued.is_pending(operation_id) {
            return match turn.heard {
                [_] => Ok(Step::Ask(Ask::deed(self.post(&["queue"], &json!({"delete": [operation_id]}))?))),
                [_, deleted] if !deleted.status().is_success() => Err(wire::failure(NAME, deleted)),
                // It may have begun to run before it was taken out.
                [_, _] => look(),
                [_, _, still, rest @ ..] => match queue(still)?.is_running(operation_id) {
                    true => rest.first().map_or_else(interrupt, done),
                    false => Ok(Step::Done(Cancelled::Free)),
                },
                [] => look(),
            };
        }
        let Some(answer) = turn.heard.get(1) else { return self.history(operation_id).map(Step::Ask) };
        match run(answer, operation_id)? {
            None => Err(ProviderError::Lost),
            Some(run) if run.status.as_ref().is_some_and(|status| status.status_str == "error") => {
                Ok(Step::Done(Cancelled::Free))
            }
            Some(_) => Ok(Step::Done(Cancelled::Charged(None))),
        }
    }
}
