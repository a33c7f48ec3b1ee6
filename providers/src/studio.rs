//! The studio's protocol. Written from its wire, not from its code: two readings of one protocol
//! catch what a shared struct would hide. It never trusts an answer further than `hostile` does.

use cuelight_core::character::Look;
use cuelight_core::cue::Cue;
use cuelight_core::operation::ClipSpec;
use cuelight_core::units::{MicroUsd, Millis};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode, request};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{Accepted, Account, Adapter, Cancelled, Output, Progress, ProviderError, hostile};

/// The longest `Idempotency-Key` that the studio takes, in characters.
const MAX_IDEMPOTENCY_KEY: usize = 64;
/// The largest JSON answer that is read, in bytes. A poll's answer is about half a kilobyte.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// What a gateway answers when it may have passed the request on: 502 and 504 (RFC 9110, 15.6.3 and
/// 15.6.5), and Cloudflare's own for an answer it cannot read (520) or that did not come (522, 524).
const GATEWAY: [u16; 5] = [502, 504, 520, 522, 524];

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
        let mut url = self.account.base.clone();
        url.set_query(None);
        url.set_fragment(None);
        url.path_segments_mut()
            .map_err(|()| ProviderError::Fatal("the studio's address cannot hold a path".into()))?
            .pop_if_empty()
            .extend(["v1", "generations"])
            .extend(operation_id);
        Ok(url)
    }

    fn request(&self, method: Method, url: &Url) -> Result<request::Builder, ProviderError> {
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", self.account.key))
            .map_err(|_| ProviderError::Fatal("the studio's key cannot be sent in a header".into()))?;
        bearer.set_sensitive(true);
        Ok(Request::builder().method(method).uri(url.as_str()).header(AUTHORIZATION, bearer))
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
    fn failure(&self, answer: &Response<Vec<u8>>) -> ProviderError {
        let status = answer.status();
        match status {
            StatusCode::TOO_MANY_REQUESTS => {
                ProviderError::Throttled { retry_after: hostile::retry_after(answer.headers()) }
            }
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => {
                self.refused(&parse::<Refusal>(answer).map(|refusal| refusal.error).unwrap_or_default())
            }
            // Its words are left out: they may quote the key in a form that nobody recognises.
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                ProviderError::Fatal("the studio does not accept the key".into())
            }
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY => transient(status),
            _ if GATEWAY.contains(&status.as_u16()) => ProviderError::Unanswered(format!(
                "a gateway answered {} in place of the studio",
                status.as_u16()
            )),
            _ if status.is_server_error() => transient(status),
            _ => ProviderError::Fatal(format!("the studio answered {}", status.as_u16())),
        }
    }

    /// A submission that the studio says it has.
    fn taken(taken: Taken) -> Result<Accepted, ProviderError> {
        if !hostile::is_id(&taken.id) {
            return Err(ProviderError::Fatal("the studio gave an id that cannot be used".into()));
        }
        Ok(Accepted { operation_id: taken.id, estimate_ms: taken.estimate_ms.map(hostile::wait) })
    }

    fn ended(&self, fault: &Fault) -> ProviderError {
        match fault.code.as_str() {
            "content_refused" | "invalid" => self.refused(fault),
            _ => ProviderError::Failed(self.text(&fault.message)),
        }
    }
}

fn transient(status: StatusCode) -> ProviderError {
    ProviderError::Transient(format!("the studio answered {}", status.as_u16()))
}

/// The body as JSON. Says nothing of what it held: that is a stranger's.
fn parse<T: serde::de::DeserializeOwned>(answer: &Response<Vec<u8>>) -> Result<T, ProviderError> {
    let unreadable = || ProviderError::Transient("the studio's answer cannot be read".into());
    if answer.body().len() > MAX_ANSWER_BYTES {
        return Err(unreadable());
    }
    serde_json::from_slice(answer.body()).map_err(|_| unreadable())
}

/// The error of an answer to something that was done or not: what cannot be read tells neither.
fn unclear(error: ProviderError) -> ProviderError {
    match error {
        ProviderError::Transient(why) => ProviderError::Unanswered(why),
        other => other,
    }
}

fn built(builder: request::Builder, body: Vec<u8>) -> Result<Request<Vec<u8>>, ProviderError> {
    builder.body(body).map_err(|_| ProviderError::Fatal("the request to the studio cannot be formed".into()))
}

/// The key as the studio takes it. A longer one is replaced by its SHA-256, which is as unique.
fn fitting(idempotency_key: &str) -> String {
    let fits = (1..=MAX_IDEMPOTENCY_KEY).contains(&idempotency_key.len())
        && idempotency_key.bytes().all(|b| b.is_ascii_graphic());
    if fits { idempotency_key.to_owned() } else { hostile::sha256(idempotency_key.as_bytes()) }
}

impl Adapter for Studio {
    fn submit(&self, spec: &ClipSpec, idempotency_key: &str) -> Result<Request<Vec<u8>>, ProviderError> {
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
        let body = serde_json::to_vec(&order)
            .map_err(|_| ProviderError::Fatal("the order to the studio cannot be written".into()))?;
        let builder = self
            .request(Method::POST, &self.generations(None)?)?
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json")
            .header("idempotency-key", fitting(idempotency_key));
        built(builder, body)
    }

    fn read_submit(&self, answer: &Response<Vec<u8>>) -> Result<Accepted, ProviderError> {
        match answer.status() {
            status if status.is_success() => Self::taken(parse(answer).map_err(unclear)?),
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

    fn find(&self, idempotency_key: &str) -> Result<Option<Request<Vec<u8>>>, ProviderError> {
        let mut url = self.generations(None)?;
        url.query_pairs_mut().append_pair("idempotency_key", &fitting(idempotency_key));
        built(self.request(Method::GET, &url)?.header(ACCEPT, "application/json"), Vec::new()).map(Some)
    }

    fn read_find(&self, answer: &Response<Vec<u8>>) -> Result<Option<Accepted>, ProviderError> {
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

    fn poll(&self, operation_id: &str) -> Result<Request<Vec<u8>>, ProviderError> {
        let url = self.generations(Some(operation_id))?;
        built(self.request(Method::GET, &url)?.header(ACCEPT, "application/json"), Vec::new())
    }

    fn read_poll(&self, answer: &Response<Vec<u8>>) -> Result<Progress, ProviderError> {
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
                let url = hostile::same_origin(&self.account.base, &clip.url)?;
                let sha256 = clip.sha256.map(|text| text.to_ascii_lowercase());
                Ok(Progress::Succeeded(Output {
                    url: url.into(),
                    bytes: clip.bytes,
                    sha256,
                    cost_micro_usd: hostile::cost(view.cost_micro_usd.as_ref()),
                }))
            }
            ("failed", _) => Err(self.ended(&view.error.unwrap_or_default())),
            ("cancelled", _) => Err(ProviderError::Lost),
            _ => Err(ProviderError::Transient("the studio's answer makes no sense".into())),
        }
    }

    fn download(&self, output: &Output) -> Result<Request<Vec<u8>>, ProviderError> {
        // Checked again: what is stored may be older than the account's address.
        let url = hostile::same_origin(&self.account.base, &output.url)?;
        built(self.request(Method::GET, &url)?, Vec::new())
    }

    fn read_download(&self, output: &Output, answer: Response<Vec<u8>>) -> Result<Vec<u8>, ProviderError> {
        match answer.status() {
            StatusCode::OK => hostile::clip(output, answer.into_body()),
            StatusCode::NOT_FOUND | StatusCode::GONE => Err(ProviderError::Lost),
            status if status.is_success() => {
                Err(ProviderError::BadMedia(format!("it came with status {}", status.as_u16())))
            }
            _ => Err(self.failure(&answer)),
        }
    }

    fn cancel(&self, operation_id: &str) -> Result<Request<Vec<u8>>, ProviderError> {
        let url = self.generations(Some(operation_id))?;
        built(self.request(Method::DELETE, &url)?.header(ACCEPT, "application/json"), Vec::new())
    }

    fn read_cancel(&self, answer: &Response<Vec<u8>>) -> Result<Cancelled, ProviderError> {
        match answer.status() {
            status if status.is_success() => {}
            StatusCode::NOT_FOUND | StatusCode::GONE => return Err(ProviderError::Lost),
            _ => return Err(self.failure(answer)),
        }
        let View { status, cost_micro_usd, .. } = parse(answer).map_err(unclear)?;
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
