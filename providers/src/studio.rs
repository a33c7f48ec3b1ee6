//! The studio's protocol. Written from its wire, not from its code: two readings of one protocol
//! catch what a shared struct would hide. It never trusts an answer further than `hostile` does.

use cuelight_core::character::Look;
use cuelight_core::cue::Cue;
use cuelight_core::operation::ClipSpec;
use cuelight_core::units::{MicroUsd, Millis};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request, StatusCode, request};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    Accepted, Account, Adapter, Answer, Ask, Brief, Cancelled, Output, Progress, ProviderError, Step,
    Submission, Turn, hostile, wire,
};

/// Its name for a person.
const NAME: &str = "the studio";
/// The longest `Idempotency-Key` that the studio takes, in characters.
const MAX_IDEMPOTENCY_KEY: usize = 64;
/// The largest JSON answer that is read, in bytes. A poll's answer is about half a kilobyte.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

#[derive(Serialize)]
struct Order<'a> {
    model: &'a str,
    character: Who<'a>,
    cue: &'a Cue,
    prompt: &'a str,
    negative_prompt: &'a str,
    width: u32,
    height: u32,
    fps: u32,
    steps: u32,
    cfg: f64,
    duration_ms: Millis,
    seed: u32,
}

/// A character without the name that people call it, which does not concern a provider.
#[derive(Serialize)]
struct Who<'a> {
    id: &'a str,
    version: u32,
    seed: u32,
    look: Look,
}

#[derive(Deserialize)]
struct Taken {
    id: String,
    estimate_ms: Option<f64>,
}

#[derive(Deserialize)]
struct Listing {
    generations: Vec<Taken>,
}

#[derive(Deserialize)]
struct View {
    status: String,
    progress: Option<f64>,
    estimate_ms: Option<f64>,
    output: Option<Clip>,
    error: Option<Fault>,
    /// Of any form: a strange price is no reason not to understand the rest.
    cost_micro_usd: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Clip {
    url: String,
    bytes: Option<u64>,
    sha256: Option<String>,
}

#[derive(Deserialize)]
struct Refusal {
    error: Fault,
}

#[derive(Deserialize, Default)]
struct Fault {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
    field: Option<String>,
    /// With `duplicate`: the generation that the key was used for.
    id: Option<String>,
}

/// Speaks to a studio.
pub(crate) struct Studio {
    account: Account,
}

impl Studio {
    pub(crate) const fn new(account: Account) -> Self {
        Self { account }
    }

    /// The address of an operation, or of all of them.
    fn generations(&self, operation_id: Option<&str>) -> Result<Url, ProviderError> {
        if operation_id.is_some_and(|id| !hostile::is_id(id)) {
            return Err(ProviderError::Fatal("the operation's id is not one of the studio's".into()));
        }
        wire::below(&self.account.base, ["v1", "generations"].into_iter().chain(operation_id))
    }

    fn request(&self, method: Method, url: &Url) -> Result<request::Builder, ProviderError> {
        let bearer = wire::bearer(&self.account.key)?;
        Ok(Request::builder().method(method).uri(url.as_str()).header(AUTHORIZATION, bearer))
    }

    /// A request without a body that is answered in JSON.
    fn bare(&self, method: Method, url: &Url) -> Result<Request<Vec<u8>>, ProviderError> {
        wire::built(self.request(method, url)?.header(ACCEPT, "application/json"), Vec::new())
    }

    fn text(&self, words: &str) -> String {
        hostile::text(words, &self.account.key)
    }

    /// A refusal in the studio's own words.
    fn refused(&self, fault: &Fault) -> ProviderError {
        let message = match self.text(&fault.message) {
            empty if empty.is_empty() => "no reason given".to_owned(),
            message => message,
        };
        match fault.code.as_str() {
            "content_refused" => ProviderError::ContentRefused { message },
            _ => ProviderError::Invalid { field: fault.field.as_deref().map(|f| self.text(f)), message },
        }
    }

    /// What a status other than success means.
    fn failure(&self, answer: &Answer) -> ProviderError {
        match answer.status() {
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => {
                self.refused(&parse::<Refusal>(answer).map(|refusal| refusal.error).unwrap_or_default())
            }
            _ => wire::failure(NAME, answer),
        }
    }

    /// A submission that the studio says it has.
    fn taken(taken: Taken) -> Result<Accepted, ProviderError> {
        wire::accepted(NAME, taken.id, taken.estimate_ms.map(hostile::wait))
    }

    fn ended(&self, fault: &Fault) -> ProviderError {
        match fault.code.as_str() {
            "content_refused" | "invalid" => self.refused(fault),
            _ => ProviderError::Failed(self.text(&fault.message)),
        }
    }

    fn order(&self, spec: &ClipSpec, idempotency_key: &str) -> Result<Request<Vec<u8>>, ProviderError> {
        let order = Order {
            model: &spec.model,
            character: Who {
                id: &spec.character.id,
                version: spec.character.version,
                seed: spec.character.seed,
                look: spec.character.look,
            },
            cue: &spec.cue,
            prompt: &spec.prompt,
            negative_prompt: &spec.negative_prompt,
            width: spec.width,
            height: spec.height,
            fps: spec.fps,
            steps: spec.steps,
            cfg: spec.cfg,
            duration_ms: spec.duration_ms,
            seed: spec.seed,
        };
        let builder = self
            .request(Method::POST, &self.generations(None)?)?
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json")
            .header("idempotency-key", fitting(idempotency_key));
        wire::built(builder, wire::body(&order)?)
    }

    fn read_submit(&self, answer: &Answer) -> Result<Accepted, ProviderError> {
        match answer.status() {
            status if status.is_success() => Self::taken(parse(answer).map_err(wire::unclear)?),
            StatusCode::CONFLICT => match parse::<Refusal>(answer) {
                Ok(Refusal { error: Fault { code, id, .. } }) if code == "duplicate" => {
                    let id = id.ok_or_else(|| {
                        ProviderError::Unanswered("the studio has the order and does not say which".into())
                    })?;
                    Self::taken(Taken { id, estimate_ms: None })
                }
                _ => Err(self.failure(answer)),
            },
            _ => Err(self.failure(answer)),
        }
    }

    fn read_find(&self, answer: &Answer) -> Result<Option<Accepted>, ProviderError> {
        if !answer.status().is_success() {
            return Err(self.failure(answer));
        }
        let Listing { mut generations } = parse(answer)?;
        match (generations.pop(), generations.is_empty()) {
            (None, _) => Ok(None),
            (Some(taken), true) => Self::taken(taken).map(Some),
            (Some(_), false) => {
                Err(ProviderError::Fatal("the studio lists more than what was asked for".into()))
            }
        }
    }

    fn read_poll(&self, answer: &Answer) -> Result<Progress, ProviderError> {
        match answer.status() {
            status if status.is_success() => {}
            StatusCode::NOT_FOUND | StatusCode::GONE => return Err(ProviderError::Lost),
            _ => return Err(self.failure(answer)),
        }
        let view: View = parse(answer)?;
        match (view.status.as_str(), view.output) {
            ("queued" | "running", _) => Ok(Progress::Running {
                progress: view.progress.map_or(0.0, hostile::share),
                estimate_ms: view.estimate_ms.map(hostile::wait),
            }),
            ("succeeded", Some(clip)) => {
                hostile::declared(clip.bytes, clip.sha256.as_deref())?;
                let url = wire::result_address(&self.account, &clip.url)?;
                let sha256 = clip.sha256.map(|text| text.to_ascii_lowercase());
                Ok(Progress::Succeeded(Output {
                    url: url.into(),
                    bytes: clip.bytes,
                    sha256,
                    cost_micro_usd: hostile::cost(view.cost_micro_usd.as_ref()),
                    ..Output::default()
                }))
            }
            ("failed", _) => Err(self.ended(&view.error.unwrap_or_default())),
            ("cancelled", _) => Err(ProviderError::Lost),
            _ => Err(ProviderError::Transient("the studio's answer makes no sense".into())),
        }
    }

    fn read_cancel(&self, answer: &Answer) -> Result<Cancelled, ProviderError> {
        match answer.status() {
            status if status.is_success() => {}
            StatusCode::NOT_FOUND | StatusCode::GONE => return Err(ProviderError::Lost),
            _ => return Err(self.failure(answer)),
        }
        let View { status, cost_micro_usd, .. } = parse(answer).map_err(wire::unclear)?;
        let cost = hostile::cost(cost_micro_usd.as_ref());
        match status.as_str() {
            "cancelled" | "failed" if cost_micro_usd.is_none() || cost == Some(MicroUsd(0)) => {
                Ok(Cancelled::Free)
            }
            "cancelled" | "failed" | "succeeded" => Ok(Cancelled::Charged(cost)),
            "queued" | "running" => {
                Err(ProviderError::Transient("the studio has not stopped the generation yet".into()))
            }
            _ => Err(ProviderError::Transient("the studio's answer makes no sense".into())),
        }
    }
}

fn parse<T: serde::de::DeserializeOwned>(answer: &Answer) -> Result<T, ProviderError> {
    wire::parse(answer, MAX_ANSWER_BYTES)
}

/// The key as the studio takes it. A longer one is replaced by its SHA-256, which is as unique.
fn fitting(idempotency_key: &str) -> String {
    let fits = (1..=MAX_IDEMPOTENCY_KEY).contains(&idempotency_key.len())
        && idempotency_key.bytes().all(|b| b.is_ascii_graphic());
    if fits { idempotency_key.to_owned() } else { hostile::sha256(idempotency_key.as_bytes()) }
}

impl Adapter for Studio {
    fn account(&self) -> &Account {
        &self.account
    }

    fn submit(&self, brief: &Brief<'_>, turn: Turn<'_>) -> Result<Step<Submission>, ProviderError> {
        let Some(answer) = turn.heard.first() else {
            let none = || ProviderError::Fatal("the studio makes clips of characters only".into());
            let spec = brief.clip.ok_or_else(none)?;
            return Ok(Step::Ask(Ask::deed(self.order(spec, brief.idempotency_key)?)));
        };
        self.read_submit(answer).map(|accepted| Step::Done(Submission::Accepted(accepted)))
    }

    fn find(&self, idempotency_key: &str, turn: Turn<'_>) -> Result<Step<Option<Accepted>>, ProviderError> {
        let Some(answer) = turn.heard.first() else {
            let mut url = self.generations(None)?;
            url.query_pairs_mut().append_pair("idempotency_key", &fitting(idempotency_key));
            return Ok(Step::Ask(Ask::question(self.bare(Method::GET, &url)?)));
        };
        self.read_find(answer).map(Step::Done)
    }

    fn poll(&self, operation_id: &str, turn: Turn<'_>) -> Result<Step<Progress>, ProviderError> {
        let url = self.generations(Some(operation_id))?;
        match turn.heard.first() {
            None => Ok(Step::Ask(Ask::question(self.bare(Method::GET, &url)?))),
            Some(answer) => self.read_poll(answer).map(Step::Done),
        }
    }

    fn download(&self, output: &Output, turn: Turn<'_>) -> Result<Step<Vec<u8>>, ProviderError> {
        // Checked again: what is stored may be older than the account's address.
        let url = wire::result_address(&self.account, &output.url)?;
        match turn.heard.first() {
            None => Ok(Step::Ask(Ask::download(wire::built(self.request(Method::GET, &url)?, Vec::new())?))),
            Some(answer) => wire::downloaded(output, answer, |answer| self.failure(answer)).map(Step::Done),
        }
    }

    fn cancel(&self, operation_id: &str, turn: Turn<'_>) -> Result<Step<Cancelled>, ProviderError> {
        let url = self.generations(Some(operation_id))?;
        match turn.heard.first() {
            None => Ok(Step::Ask(Ask::deed(self.bare(Method::DELETE, &url)?))),
            Some(answer) => self.read_cancel(answer).map(Step::Done),
        }
    }
}
