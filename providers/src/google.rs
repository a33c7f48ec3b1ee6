//! The Gemini API's protocol: pictures in the answer to the order itself, clips by long-running operations
//! whose results are files. The key is a header, never part of an address.

use http::header::{ACCEPT, CONTENT_TYPE, LOCATION};
use http::{Method, Request, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use self::veo::Operation;
use crate::{
    Accepted, Account, Adapter, Answer, Ask, Brief, Cancelled, Output, Progress, ProviderError, Step,
    Submission, Turn, wire,
};

mod fault;
mod picture;
#[cfg(test)]
mod tests;
mod veo;
pub(crate) mod words;

/// Its name for a person.
const NAME: &str = "Google";
/// The version of the API whose wire this is.
const VERSION: &str = "v1beta";
/// The largest answer in words, in bytes.
const MAX_ANSWER: usize = 256 * 1_024;
/// The largest answer with a picture in it, in bytes: one of 4096 px a side, as text.
const MAX_PICTURE: usize = 24 * 1_024 * 1_024;
/// How often a file may be somewhere else.
const MAX_REDIRECTS: usize = 3;

/// Speaks to Google.
pub(crate) struct Google {
    account: Account,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Gemini,
    Imagen,
    Veo,
}

impl Family {
    fn of(model_id: &str) -> Self {
        match model_id {
            id if id.starts_with("veo-") => Self::Veo,
            id if id.starts_with("imagen-") => Self::Imagen,
            _ => Self::Gemini,
        }
    }

    const fn method(self) -> &'static str {
        match self {
            Self::Gemini => "generateContent",
            Self::Imagen => "predict",
            Self::Veo => "predictLongRunning",
        }
    }
}

#[derive(Deserialize)]
struct Begun {
    name: String,
}

impl Google {
    pub(crate) const fn new(account: Account) -> Self {
        Self { account }
    }

    /// A request that presents the key.
    fn request(
        &self,
        method: Method,
        url: &Url,
        body: Option<&Value>,
    ) -> Result<Request<Vec<u8>>, ProviderError> {
        let key = wire::secret(&self.account.key)?;
        let builder = Request::builder().method(method).uri(url.as_str()).header("x-goog-api-key", key);
        match body {
            None => wire::built(builder, Vec::new()),
            Some(body) => {
                let builder =
                    builder.header(CONTENT_TYPE, "application/json").header(ACCEPT, "application/json");
                wire::built(builder, wire::body(body)?)
            }
        }
    }

    fn failure(&self, answer: &Answer) -> ProviderError {
        fault::failure(answer, &self.account.key).unwrap_or_else(|| wire::failure(NAME, answer))
    }

    /// The same for an order: an outage that is not told in Google's own form may be of what stands before
    /// it, which may have passed the order on.
    fn order_failure(&self, answer: &Answer) -> ProviderError {
        fault::failure(answer, &self.account.key)
            .unwrap_or_else(|| wire::unclear(wire::failure(NAME, answer)))
    }

    fn order(&self, brief: &Brief<'_>, family: Family) -> Result<Ask, ProviderError> {
        let body = match family {
            Family::Gemini => picture::conversation(brief)?,
            Family::Imagen => picture::prediction(brief.order),
            Family::Veo => veo::order(brief)?,
        };
        let method = format!("{}:{}", brief.model.wire_id, family.method());
        let url = wire::below(&self.account.base, [VERSION, "models", &method])?;
        let deed = Ask::deed(self.request(Method::POST, &url, Some(&body))?);
        let call = brief.model.call_ms;
        Ok(match family {
            Family::Veo => deed.within(call, MAX_ANSWER),
            Family::Gemini | Family::Imagen => deed.within(call, MAX_PICTURE),
        })
    }

    /// The next place to fetch a file from. A place of a storage origin is not told the key.
    fn moved(&self, answer: &Answer) -> Result<Ask, ProviderError> {
        let place = answer.headers().get(LOCATION).and_then(|place| place.to_str().ok());
        // The address may open the file, so no text holds it.
        let url = wire::result_address(&self.account, place.unwrap_or_default())?;
        let request = if url.origin() == self.account.base.origin() {
            self.request(Method::GET, &url, None)?
        } else {
            wire::built(Request::builder().method(Method::GET).uri(url.as_str()), Vec::new())?
        };
        Ok(Ask::download(request))
    }
}

/// An operation that Google says it has. One that cannot be asked for was taken all the same.
fn accepted(name: String) -> Result<Accepted, ProviderError> {
    if veo::name(&name).is_none() {
        return Err(ProviderError::Unanswered(format!("{NAME} gave a name that cannot be used")));
    }
    Ok(Accepted { operation_id: name, estimate_ms: None })
}

fn parts_of(operation_id: &str) -> Result<[&str; 4], ProviderError> {
    let strange = || ProviderError::Fatal(format!("the operation's id is none of {NAME}'s"));
    veo::name(operation_id).ok_or_else(strange)
}

impl Adapter for Google {
    fn account(&self) -> &Account {
        &self.account
    }

    fn submit(&self, brief: &Brief<'_>, turn: Turn<'_>) -> Result<Step<Submission>, ProviderError> {
        let family = Family::of(&brief.model.wire_id);
        let Some(answer) = turn.heard.first() else { return self.order(brief, family).map(Step::Ask) };
        if !answer.status().is_success() {
            return Err(self.order_failure(answer));
        }
        let key = &self.account.key;
        Ok(Step::Done(match family {
            Family::Gemini => Submission::Finished(picture::spoken(brief.order, answer, key)?),
            Family::Imagen => Submission::Finished(picture::predicted(answer, key)?),
            Family::Veo => {
                let Begun { name } = wire::parse(answer, MAX_ANSWER).map_err(wire::unclear)?;
                Submission::Accepted(accepted(name)?)
            }
        }))
    }

    fn find(&self, _idempotency_key: &str, _turn: Turn<'_>) -> Result<Step<Option<Accepted>>, ProviderError> {
        Err(ProviderError::Fatal(format!("{NAME} cannot be asked for an order by its key")))
    }

    fn poll(&self, operation_id: &str, turn: Turn<'_>) -> Result<Step<Progress>, ProviderError> {
        let parts = parts_of(operation_id)?;
        let Some(answer) = turn.heard.first() else {
            let url = wire::below(&self.account.base, [VERSION].into_iter().chain(parts))?;
            return Ok(Step::Ask(Ask::question(self.request(Method::GET, &url, None)?)));
        };
        match answer.status() {
            status if status.is_success() => {
                let operation: Operation = wire::parse(answer, MAX_ANSWER)?;
                operation.progress(operation_id, &self.account.key).map(Step::Done)
            }
            StatusCode::NOT_FOUND | StatusCode::GONE => Err(ProviderError::Lost),
            _ => Err(self.failure(answer)),
        }
    }

    fn download(&self, output: &Output, turn: Turn<'_>) -> Result<Step<Vec<u8>>, ProviderError> {
        let Some(answer) = turn.heard.last() else {
            let strange = || ProviderError::Fatal(format!("the clip is no file of {NAME}'s"));
            let file = veo::file(&output.url).ok_or_else(strange)?;
            let mut url = wire::below(&self.account.base, [VERSION, "files", &format!("{file}:download")])?;
            url.set_query(Some("alt=media"));
            return Ok(Step::Ask(Ask::download(self.request(Method::GET, &url, None)?)));
        };
        match answer.status() {
            status if status.is_redirection() && turn.heard.len() <= MAX_REDIRECTS => {
                self.moved(answer).map(Step::Ask)
            }
            _ => wire::downloaded(output, answer, |answer| self.failure(answer)).map(Step::Done),
        }
    }

    /// Google has no way to stop an operation: it goes on, and is charged.
    fn cancel(&self, operation_id: &str, _turn: Turn<'_>) -> Result<Step<Cancelled>, ProviderError> {
        parts_of(operation_id)?;
        Ok(Step::Done(Cancelled::Charged(None)))
    }
}
