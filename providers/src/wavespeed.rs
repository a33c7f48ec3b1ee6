//! WaveSpeed's API v3: inputs are uploaded, the order names them, and its prediction is polled. An order
//! that may have arrived is never sent again, because the vendor cannot tell a second one from the first.
//!
//! Wire facts: wavespeed.ai/docs (submit-response, api-result, get-result) and the Python client 2.0.5.

pub mod webhook;

mod order;
mod upload;

use cuelight_core::units::Millis;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request, StatusCode, request};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::{
    Accepted, Account, Adapter, Answer, Ask, Brief, Cancelled, Output, Progress, ProviderError, Step,
    Submission, Turn, hostile, refusals, wire,
};

/// Its name for a person.
const NAME: &str = "WaveSpeed";
/// The largest JSON answer that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 256 * 1024;
/// The code of an answer that was held for its result and let go: the prediction goes on.
const STILL_RUNNING: u64 = 5004;

/// What every answer is wrapped in.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Envelope<T> {
    code: Option<u64>,
    message: String,
    data: Option<T>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Prediction {
    id: String,
    status: String,
    code: Option<u64>,
    outputs: Vec<Value>,
    has_nsfw_contents: Vec<bool>,
    error: Option<String>,
}

/// Speaks to WaveSpeed.
pub(crate) struct WaveSpeed {
    account: Account,
}

impl WaveSpeed {
    pub(crate) const fn new(account: Account) -> Self {
        Self { account }
    }

    fn address<'a>(&self, path: impl IntoIterator<Item = &'a str>) -> Result<Url, ProviderError> {
        wire::below(&self.account.base, ["api", "v3"].into_iter().chain(path))
    }

    fn prediction(&self, id: &str) -> Result<Url, ProviderError> {
        if !hostile::is_id(id) {
            return Err(ProviderError::Fatal("the operation's id is not one of WaveSpeed's".into()));
        }
        self.address(["predictions", id, "result"])
    }

    fn request(&self, method: Method, url: &Url) -> Result<request::Builder, ProviderError> {
        let bearer = wire::bearer(&self.account.key)?;
        let builder = Request::builder().method(method).uri(url.as_str()).header(AUTHORIZATION, bearer);
        Ok(builder.header(ACCEPT, "application/json"))
    }

    fn post(&self, url: &Url, body: &Value) -> Result<Request<Vec<u8>>, ProviderError> {
        let builder = self.request(Method::POST, url)?.header(CONTENT_TYPE, "application/json");
        wire::built(builder, wire::body(body)?)
    }

    fn text(&self, words: &str) -> String {
        hostile::text(words, &self.account.key)
    }

    /// What a refusal in words means: of the content, of a field, or of the account.
    fn refused(&self, words: &str) -> ProviderError {
        let message = match self.text(words) {
            empty if empty.is_empty() => "no reason given".to_owned(),
            message => message,
        };
        if refusals::is_of_content(words) {
            return ProviderError::ContentRefused { message };
        }
        if refusals::is_of_credit(words) {
            return ProviderError::Fatal("the WaveSpeed account has no credit left".into());
        }
        ProviderError::Invalid { field: order::field_in(words).map(str::to_owned), message }
    }

    /// What a status other than success means.
    fn failure(&self, answer: &Answer) -> ProviderError {
        let words = || parse::<Value>(answer).map(|envelope| envelope.message).unwrap_or_default();
        match answer.status() {
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => self.refused(&words()),
            StatusCode::PAYMENT_REQUIRED => {
                ProviderError::Fatal("the WaveSpeed account has no credit left".into())
            }
            _ => wire::failure(NAME, answer),
        }
    }

    /// What comes of an order, once its inputs are there.
    fn read_order(&self, answer: &Answer) -> Result<Accepted, ProviderError> {
        let status = answer.status();
        // It has no word for "not taken", so that a failure of its own may be either.
        if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT {
            return Err(ProviderError::Unanswered(format!("WaveSpeed answered {}", status.as_u16())));
        }
        // Success is exactly 200, with an id in it.
        if status != StatusCode::OK {
            return Err(match status.is_success() {
                true => ProviderError::Unanswered(format!("WaveSpeed answered {}", status.as_u16())),
                false => self.failure(answer),
            });
        }
        let envelope: Envelope<Prediction> = parse(answer).map_err(wire::unclear)?;
        match (envelope.code, envelope.data) {
            (_, Some(taken)) if !taken.id.is_empty() => wire::accepted(NAME, taken.id, None),
            (Some(400 | 422), _) => Err(self.refused(&envelope.message)),
            (Some(401 | 403), _) => Err(ProviderError::Fatal("WaveSpeed does not accept the key".into())),
            (Some(429), _) => Err(ProviderError::Throttled { retry_after: None }),
            _ => Err(ProviderError::Unanswered("WaveSpeed does not say which order it took".into())),
        }
    }

    fn read_poll(&self, answer: &Answer) -> Result<Progress, ProviderError> {
        match answer.status() {
            status if status.is_success() => {}
            StatusCode::NOT_FOUND | StatusCode::GONE => return Err(ProviderError::Lost),
            _ => return Err(self.failure(answer)),
        }
        let envelope: Envelope<Prediction> = parse(answer)?;
        match envelope.code {
            None | Some(200 | STILL_RUNNING) => {}
            Some(404) => return Err(ProviderError::Lost),
            Some(429) => return Err(ProviderError::Throttled { retry_after: None }),
            Some(_) => return Err(ProviderError::Transient("WaveSpeed could not say how far it is".into())),
        }
        let senseless = || ProviderError::Transient("the provider's answer makes no sense".into());
        let prediction = envelope.data.ok_or_else(senseless)?;
        if prediction.code == Some(STILL_RUNNING) {
            return Ok(running());
        }
        let words = prediction.error.unwrap_or_default();
        match prediction.status.as_str() {
            "created" | "pending" | "queued" | "processing" => Ok(running()),
            "completed" if prediction.has_nsfw_contents.contains(&true) => {
                Err(ProviderError::ContentRefused { message: "the result was marked as not safe".into() })
            }
            "completed" => {
                let url = prediction.outputs.first().and_then(Value::as_str);
                let none = || ProviderError::Failed("it made nothing".into());
                let url = wire::result_address(&self.account, url.ok_or_else(none)?)?;
                Ok(Progress::Succeeded(Output { url: url.into(), ..Output::default() }))
            }
            "failed" | "timeout" if refusals::is_of_content(&words) => {
                Err(ProviderError::ContentRefused { message: self.text(&words) })
            }
            "failed" | "timeout" => Err(ProviderError::Failed(self.text(&words))),
            "cancelled" | "deleted" => Err(ProviderError::Lost),
            _ => Err(senseless()),
        }
    }
}

const fn running() -> Progress {
    Progress::Running { progress: 0.0, estimate_ms: None }
}

fn parse<T: serde::de::DeserializeOwned + Default>(answer: &Answer) -> Result<Envelope<T>, ProviderError> {
    wire::parse(answer, MAX_ANSWER_BYTES)
}

impl Adapter for WaveSpeed {
    fn account(&self) -> &Account {
        &self.account
    }

    fn submit(&self, brief: &Brief<'_>, turn: Turn<'_>) -> Result<Step<Submission>, ProviderError> {
        let given = match self.hand_over(brief.materials, turn.heard)? {
            upload::Course::Ask(ask) => return Ok(Step::Ask(ask)),
            upload::Course::There(given) => given,
        };
        if let Some(answer) = turn.heard.get(given.heard) {
            return self.read_order(answer).map(|accepted| Step::Done(Submission::Accepted(accepted)));
        }
        let path = brief.model.wire_id.split('/').filter(|part| !part.is_empty());
        let mut url = self.address(path)?;
        // It tells us when it is done, as an alternative to waiting for the next poll.
        if let Some(hook) = self.account.options.get("webhook_url") {
            let (hook, submission) = (hook.trim_end_matches('/'), brief.idempotency_key);
            let seal = webhook::seal(&self.account.key, submission);
            let hook = format!("{hook}/{submission}?seal={seal}");
            url.query_pairs_mut().append_pair("webhook", &hook);
        }
        let request = self.post(&url, &order::body(brief, &given.addresses)?)?;
        Ok(Step::Ask(Ask::deed(request).within(brief.model.call_ms, MAX_ANSWER_BYTES)))
    }

    fn find(&self, _: &str, _: Turn<'_>) -> Result<Step<Option<Accepted>>, ProviderError> {
        // Its history does not say which order is which.
        Err(ProviderError::Fatal("WaveSpeed cannot be asked for an order by its key".into()))
    }

    fn poll(&self, operation_id: &str, turn: Turn<'_>) -> Result<Step<Progress>, ProviderError> {
        let url = self.prediction(operation_id)?;
        match turn.heard.first() {
            None => {
                let request = wire::built(self.request(Method::GET, &url)?, Vec::new())?;
                Ok(Step::Ask(Ask::question(request)))
            }
            Some(answer) => self.read_poll(answer).map(Step::Done),
        }
    }

    fn download(&self, output: &Output, turn: Turn<'_>) -> Result<Step<Vec<u8>>, ProviderError> {
        wire::fetched(NAME, &self.account, output, turn)
    }

    fn cancel(&self, operation_id: &str, _: Turn<'_>) -> Result<Step<Cancelled>, ProviderError> {
        self.prediction(operation_id)?;
        // There is no call for it: it runs to its end and is charged.
        Ok(Step::Done(Cancelled::Charged(None)))
    }
}

/// About how long `ms` milliseconds are in whole seconds, as the vendor counts.
fn seconds(ms: Millis) -> u64 {
    ms.0.div_ceil(1_000)
}
