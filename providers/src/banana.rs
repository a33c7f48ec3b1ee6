//! Any vendor that takes an order for a picture, names a job and is polled until it gives an address:
//! the contract of the call pictures. Paths, the key's header and the model are the account's options,
//! and answers are read in every form that such vendors are known to give them.
//!
//! | option | what it is | without it |
//! |---|---|---|
//! | `submit_path` | where orders go, below the address; `{model}` stands for the model | `v1/{model}` |
//! | `poll_path` | where jobs are, `{id}` being the job | `predictions/{id}/result` |
//! | `key_header` | the header of the bare key | `Authorization: Bearer`  |
//! | `model_id` | the vendor's name for the model | the catalogue's |

use cuelight_core::order::Role;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName};
use http::{Method, Request, StatusCode, request};
use serde_json::{Value, json};
use url::Url;

use crate::{
    Accepted, Account, Adapter, Answer, Ask, Brief, Cancelled, Output, Progress, ProviderError, Step,
    Submission, Turn, hostile, refusals, wire,
};

/// Its name for a person.
const NAME: &str = "the picture vendor";
/// The largest JSON answer that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 256 * 1024;
/// What means that a new seed is wanted every time.
const ANY_SEED: i64 = -1;

/// Speaks to such a vendor.
pub(crate) struct Banana {
    account: Account,
}

impl Banana {
    pub(crate) const fn new(account: Account) -> Self {
        Self { account }
    }

    fn option(&self, name: &str) -> Option<&str> {
        self.account.options.get(name).map(String::as_str)
    }

    /// The address of `path`, `slot` in it standing for `value`, each of its segments escaped.
    fn address(&self, path: &str, slot: &str, value: &str) -> Result<Url, ProviderError> {
        let segments = path.split('/').filter(|part| !part.is_empty());
        // What stands for the slot is one segment or several, but never a step up.
        let filled: Vec<String> = segments.map(|part| part.replace(slot, value)).collect();
        let parts: Vec<&str> = filled.iter().flat_map(|part| part.split('/')).collect();
        if parts.iter().any(|part| matches!(*part, "." | "..")) {
            return Err(ProviderError::Fatal("the vendor's paths lead elsewhere".into()));
        }
        wire::below(&self.account.base, parts.into_iter().filter(|part| !part.is_empty()))
    }

    fn request(&self, method: Method, url: &Url) -> Result<request::Builder, ProviderError> {
        let builder = Request::builder().method(method).uri(url.as_str()).header(ACCEPT, "application/json");
        Ok(match self.option("key_header") {
            None => builder.header(AUTHORIZATION, wire::bearer(&self.account.key)?),
            Some(name) => {
                let name: HeaderName = name
                    .parse()
                    .map_err(|_| ProviderError::Fatal("the option key_header is no header's name".into()))?;
                builder.header(name, wire::secret(&self.account.key)?)
            }
        })
    }

    fn order(&self, brief: &Brief<'_>) -> Result<Request<Vec<u8>>, ProviderError> {
        if let Some(material) = brief.materials.first() {
            let field = Some(material.role.as_str().to_owned());
            return Err(ProviderError::Invalid {
                field,
                message: "the model makes pictures of words only".into(),
            });
        }
        let order = brief.order;
        let mut body = json!({
            "prompt": order.prompt,
            "seed": order.seed.map_or(ANY_SEED, i64::from),
        });
        if !order.negative_prompt.is_empty() {
            body["negative_prompt"] = json!(order.negative_prompt);
        }
        if let Some([width, height]) = order.size {
            body["width"] = json!(width);
            body["height"] = json!(height);
        }
        let model = self.option("model_id").unwrap_or(&brief.model.wire_id);
        let url = self.address(self.option("submit_path").unwrap_or("v1/{model}"), "{model}", model)?;
        let builder = self.request(Method::POST, &url)?.header(CONTENT_TYPE, "application/json");
        wire::built(builder, wire::body(&body)?)
    }

    fn job(&self, id: &str) -> Result<Url, ProviderError> {
        if !hostile::is_id(id) {
            return Err(ProviderError::Fatal("the operation's id is not one of the vendor's".into()));
        }
        self.address(self.option("poll_path").unwrap_or("predictions/{id}/result"), "{id}", id)
    }

    fn text(&self, words: &str) -> String {
        hostile::text(words, &self.account.key)
    }

    fn refused(&self, words: &str) -> ProviderError {
        let message = match self.text(words) {
            empty if empty.is_empty() => "no reason given".to_owned(),
            message => message,
        };
        if refusals::is_of_content(words) {
            return ProviderError::ContentRefused { message };
        }
        if refusals::is_of_credit(words) {
            return ProviderError::Fatal("the vendor's account has no credit left".into());
        }
        ProviderError::Invalid { field: field_in(words).map(str::to_owned), message }
    }

    fn failure(&self, answer: &Answer) -> ProviderError {
        match answer.status() {
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => {
                self.refused(&parse(answer).map(|said| words_of(&said)).unwrap_or_default())
            }
            _ => wire::failure(NAME, answer),
        }
    }

    fn read_order(&self, answer: &Answer) -> Result<Accepted, ProviderError> {
        let status = answer.status();
        // It has no word for "not taken", so that a failure of its own may be either.
        if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT {
            return Err(ProviderError::Unanswered(format!("{NAME} answered {}", status.as_u16())));
        }
        if !status.is_success() {
            return Err(self.failure(answer));
        }
        let said = parse(answer).map_err(wire::unclear)?;
        let id = ["jobId", "job_id", "id"].iter().find_map(|name| match &said[*name] {
            Value::String(id) => Some(id.clone()),
            Value::Number(id) => Some(id.to_string()),
            _ => None,
        });
        let nameless = || ProviderError::Unanswered(format!("{NAME} does not say which order it took"));
        wire::accepted(NAME, id.ok_or_else(nameless)?, None)
    }

    fn read_poll(&self, answer: &Answer) -> Result<Progress, ProviderError> {
        match answer.status() {
            status if status.is_success() => {}
            StatusCode::NOT_FOUND | StatusCode::GONE => return Err(ProviderError::Lost),
            _ => return Err(self.failure(answer)),
        }
        let said = parse(answer)?;
        let status = said["status"].as_str().unwrap_or_default().to_ascii_lowercase();
        match status.as_str() {
            "pending" | "queued" | "created" | "starting" | "processing" | "running" | "in_progress" => {
                let progress = said["progress"].as_f64().map_or(0.0, hostile::share);
                Ok(Progress::Running { progress, estimate_ms: None })
            }
            "completed" | "complete" | "succeeded" | "success" | "done" => {
                let none = || ProviderError::Failed("it made nothing".into());
                let url = wire::result_address(&self.account, address_in(&said).ok_or_else(none)?)?;
                Ok(Progress::Succeeded(Output { url: url.into(), ..Output::default() }))
            }
            "failed" | "failure" | "error" | "timeout" => {
                let words = words_of(&said);
                Err(match refusals::is_of_content(&words) {
                    true => ProviderError::ContentRefused { message: self.text(&words) },
                    false => ProviderError::Failed(self.text(&words)),
                })
            }
            "cancelled" | "canceled" | "deleted" | "expired" => Err(ProviderError::Lost),
            _ => Err(ProviderError::Transient("the provider's answer makes no sense".into())),
        }
    }
}

/// The answer's members, whether or not they are wrapped in `data`.
fn parse(answer: &Answer) -> Result<Value, ProviderError> {
    let mut said: Value = wire::parse(answer, MAX_ANSWER_BYTES)?;
    let inner = said.get_mut("data").filter(|data| data.is_object()).map(Value::take);
    let said = inner.unwrap_or(said);
    if said.is_object() {
        return Ok(said);
    }
    Err(ProviderError::Transient("the provider's answer cannot be read".into()))
}

/// The first address of a result, in any of the forms that are usual.
fn address_in(said: &Value) -> Option<&str> {
    let outputs = [&said["outputs"], &said["output"], &said["images"], &said["image_url"]];
    outputs.into_iter().find_map(|outputs| {
        let first = if outputs.is_array() { &outputs[0] } else { outputs };
        first.as_str().or_else(|| first["url"].as_str())
    })
}

/// Why something failed, in any of the forms that are usual.
fn words_of(said: &Value) -> String {
    let error = &said["error"];
    let places = [error, &error["message"], &said["message"], &said["detail"]];
    places.into_iter().find_map(Value::as_str).unwrap_or_default().to_owned()
}

/// Our name of the first field that a refusal names.
fn field_in(words: &str) -> Option<&'static str> {
    let mut names = words.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    names.find_map(|word| match word {
        "prompt" => Some("prompt"),
        "negative_prompt" => Some("negative_prompt"),
        "width" | "height" => Some("size"),
        "seed" => Some("seed"),
        "image" => Some(Role::Image.as_str()),
        _ => None,
    })
}

impl Adapter for Banana {
    fn account(&self) -> &Account {
        &self.account
    }

    fn submit(&self, brief: &Brief<'_>, turn: Turn<'_>) -> Result<Step<Submission>, ProviderError> {
        match turn.heard.first() {
            None => {
                let deed = Ask::deed(self.order(brief)?);
                Ok(Step::Ask(deed.within(brief.model.call_ms, MAX_ANSWER_BYTES)))
            }
            Some(answer) => {
                self.read_order(answer).map(|accepted| Step::Done(Submission::Accepted(accepted)))
            }
        }
    }

    fn find(&self, _: &str, _: Turn<'_>) -> Result<Step<Option<Accepted>>, ProviderError> {
        Err(ProviderError::Fatal("the vendor cannot be asked for an order by its key".into()))
    }

    fn poll(&self, operation_id: &str, turn: Turn<'_>) -> Result<Step<Progress>, ProviderError> {
        let url = self.job(operation_id)?;
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
        self.job(operation_id)?;
        // There is no call for it: it runs to its end and is charged.
        Ok(Step::Done(Cancelled::Charged(None)))
    }
}
