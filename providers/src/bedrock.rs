//! Amazon Bedrock's protocol: pictures in the answer to the order itself, clips by asynchronous invocations
//! whose results are fetched from the object store. Every request is signed.

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{Method, Request, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use self::signature::{Keys, Service};
use self::video::{Invocation, Store};
use crate::{
    Accepted, Account, Adapter, Answer, Ask, Brief, Cancelled, Output, Progress, ProviderError, Step,
    Submission, Turn, hostile, wire,
};

mod fault;
mod picture;
mod signature;
#[cfg(test)]
mod tests;
mod video;

/// Its name for a person.
const NAME: &str = "Bedrock";
/// The largest answer about an invocation, in bytes.
const MAX_ANSWER: usize = 64 * 1_024;
/// The largest listing of invocations, in bytes: a thousand of them take half of it.
const MAX_LISTING: usize = 1 << 20;
/// Longest token that an order can be told apart by, in characters.
const MAX_TOKEN: usize = 256;
/// Signs that are escaped in no part of an address.
const UNRESERVED: &[u8] = b"-_.~";

/// Speaks to Bedrock and to the object store.
pub(crate) struct Bedrock {
    account: Account,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Started {
    invocation_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listing {
    #[serde(default)]
    async_invoke_summaries: Vec<Invocation>,
}

impl Bedrock {
    pub(crate) const fn new(account: Account) -> Self {
        Self { account }
    }

    /// A path below the account's base whose parts are escaped as Amazon wants it: all but letters,
    /// digits and `-_.~`.
    fn address(&self, parts: &[&str]) -> Result<Url, ProviderError> {
        let mut url = wire::below(&self.account.base, [])?;
        let below = url.path().trim_end_matches('/').to_owned();
        let path: String = parts.iter().map(|part| format!("/{}", escaped(part))).collect();
        url.set_path(&format!("{below}{path}"));
        Ok(url)
    }

    /// The signed request.
    fn signed(
        &self,
        service: Service,
        method: Method,
        url: &Url,
        body: Option<&Value>,
        turn: Turn<'_>,
    ) -> Result<Request<Vec<u8>>, ProviderError> {
        let unset = || ProviderError::Fatal("the option region must name one of Amazon's regions".into());
        let option = |name: &str| self.account.options.get(name);
        let region = match service {
            Service::Bedrock => option("region"),
            Service::S3 => option("s3_region").or_else(|| option("region")),
        };
        let mut builder = Request::builder().method(method).uri(url.as_str());
        if service == Service::Bedrock {
            builder = builder.header(ACCEPT, "application/json");
        }
        let body = match body {
            None => Vec::new(),
            Some(body) => {
                builder = builder.header(CONTENT_TYPE, "application/json");
                wire::body(body)?
            }
        };
        if body.len() > picture::MAX_BODY {
            return Err(crate::material::invalid(
                "image",
                "Amazon takes at most 25 MB, as text, in one order",
            ));
        }
        let mut request = wire::built(builder, body)?;
        Keys::of(&self.account.key)?.sign(&mut request, service, region.ok_or_else(unset)?, turn.now)?;
        Ok(request)
    }

    /// Amazon's words as they may be shown: without any part of the key.
    fn text(&self, words: &str) -> String {
        hostile::text(words, &self.account.key)
    }

    fn failure(&self, answer: &Answer) -> ProviderError {
        fault::failure(answer, |words| self.text(words))
    }

    fn order_picture(
        &self,
        brief: &Brief<'_>,
        family: picture::Family,
        turn: Turn<'_>,
    ) -> Result<Step<Submission>, ProviderError> {
        if let Some(answer) = turn.heard.first() {
            if !answer.status().is_success() {
                return Err(fault::of_order(answer, |words| self.text(words)));
            }
            let made = picture::made(brief, family, answer, |words| self.text(words))?;
            return Ok(Step::Done(Submission::Finished(made)));
        }
        let quality = self.account.options.get("quality").map(String::as_str);
        let body = picture::body(brief, family, quality)?;
        let url = self.address(&["model", &brief.model.wire_id, "invoke"])?;
        let request = self.signed(Service::Bedrock, Method::POST, &url, Some(&body), turn)?;
        Ok(Step::Ask(Ask::deed(request).within(brief.model.call_ms, picture::MAX_BODY)))
    }

    fn order_clip(
        &self,
        brief: &Brief<'_>,
        family: video::Family,
        turn: Turn<'_>,
    ) -> Result<Step<Submission>, ProviderError> {
        if let Some(answer) = turn.heard.first() {
            if !answer.status().is_success() {
                return Err(fault::of_order(answer, |words| self.text(words)));
            }
            let Started { invocation_arn } = wire::parse(answer, MAX_ANSWER).map_err(wire::unclear)?;
            return Ok(Step::Done(Submission::Accepted(accepted(invocation_arn)?)));
        }
        let store = Store::of(&self.account)?;
        let body = json!({
            "modelId": brief.model.wire_id,
            "clientRequestToken": token(brief.idempotency_key),
            "modelInput": video::input(brief, family)?,
            "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": store.uri}},
        });
        let url = self.address(&["async-invoke"])?;
        let request = self.signed(Service::Bedrock, Method::POST, &url, Some(&body), turn)?;
        Ok(Step::Ask(Ask::deed(request).within(brief.model.call_ms, MAX_ANSWER)))
    }
}

/// An invocation that Amazon says it has. One that cannot be asked for was taken all the same.
fn accepted(arn: String) -> Result<Accepted, ProviderError> {
    if !video::is_arn(&arn) {
        return Err(ProviderError::Unanswered(format!("{NAME} gave an ARN that cannot be used")));
    }
    Ok(Accepted { operation_id: arn, estimate_ms: None })
}

/// The key as Amazon takes it. One that does not fit is replaced by its SHA-256, which is as unique.
fn token(idempotency_key: &str) -> String {
    let fits = (1..=MAX_TOKEN).contains(&idempotency_key.len())
        && idempotency_key.bytes().all(|b| b.is_ascii_graphic());
    if fits { idempotency_key.to_owned() } else { hostile::sha256(idempotency_key.as_bytes()) }
}

fn escaped(part: &str) -> String {
    let escape = |b: u8| match b {
        _ if b.is_ascii_alphanumeric() || UNRESERVED.contains(&b) => char::from(b).to_string(),
        _ => format!("%{b:02X}"),
    };
    part.bytes().map(escape).collect()
}

impl Adapter for Bedrock {
    fn account(&self) -> &Account {
        &self.account
    }

    fn submit(&self, brief: &Brief<'_>, turn: Turn<'_>) -> Result<Step<Submission>, ProviderError> {
        let id = brief.model.wire_id.as_str();
        match (picture::Family::of(id), video::Family::of(id)) {
            (Some(family), _) => self.order_picture(brief, family, turn),
            (_, Some(family)) => self.order_clip(brief, family, turn),
            (None, None) => {
                Err(ProviderError::Fatal(format!("the catalogue names a model of {NAME} of no known family")))
            }
        }
    }

    /// Clips only: a picture is ordered and made in one call, of which nothing remains.
    fn find(&self, idempotency_key: &str, turn: Turn<'_>) -> Result<Step<Option<Accepted>>, ProviderError> {
        let Some(answer) = turn.heard.first() else {
            let mut url = self.address(&["async-invoke"])?;
            url.set_query(Some("maxResults=1000&sortBy=SubmissionTime&sortOrder=Descending"));
            let request = self.signed(Service::Bedrock, Method::GET, &url, None, turn)?;
            let ask = Ask::question(request);
            let patience = ask.patience;
            return Ok(Step::Ask(ask.within(patience, MAX_LISTING)));
        };
        if !answer.status().is_success() {
            return Err(self.failure(answer));
        }
        let token = token(idempotency_key);
        let listing: Listing = wire::parse(answer, MAX_LISTING)?;
        let mut found = listing
            .async_invoke_summaries
            .into_iter()
            .filter(|known| known.client_request_token.as_deref() == Some(token.as_str()));
        match (found.next(), found.next()) {
            (Some(one), None) => Ok(Step::Done(Some(accepted(one.invocation_arn)?))),
            (Some(_), Some(_)) => Err(ProviderError::Fatal(format!("{NAME} lists one token twice"))),
            // It may have been a picture, or one clip too many ago.
            (None, _) => Err(ProviderError::Fatal(format!("{NAME} cannot say whether it took the order"))),
        }
    }

    fn poll(&self, operation_id: &str, turn: Turn<'_>) -> Result<Step<Progress>, ProviderError> {
        if !video::is_arn(operation_id) {
            return Err(ProviderError::Fatal(format!("the operation's id is none of {NAME}'s")));
        }
        let Some(answer) = turn.heard.first() else {
            let url = self.address(&["async-invoke", operation_id])?;
            return Ok(Step::Ask(Ask::question(self.signed(
                Service::Bedrock,
                Method::GET,
                &url,
                None,
                turn,
            )?)));
        };
        match answer.status() {
            status if status.is_success() => {
                let known: Invocation = wire::parse(answer, MAX_ANSWER)?;
                let store = Store::of(&self.account)?;
                known.progress(operation_id, &store, |words| self.text(words)).map(Step::Done)
            }
            StatusCode::NOT_FOUND => Err(ProviderError::Lost),
            _ => Err(self.failure(answer)),
        }
    }

    fn download(&self, output: &Output, turn: Turn<'_>) -> Result<Step<Vec<u8>>, ProviderError> {
        let url = Store::of(&self.account)?.address(&self.account, &output.url)?;
        match turn.heard.first() {
            None => Ok(Step::Ask(Ask::download(self.signed(Service::S3, Method::GET, &url, None, turn)?))),
            Some(answer) => {
                wire::downloaded(output, answer, |answer| wire::failure("S3", answer)).map(Step::Done)
            }
        }
    }

    /// Amazon has no way to stop an invocation: it goes on, and is charged.
    fn cancel(&self, operation_id: &str, _turn: Turn<'_>) -> Result<Step<Cancelled>, ProviderError> {
        if !video::is_arn(operation_id) {
            return Err(ProviderError::Fatal(format!("the operation's id is none of {NAME}'s")));
        }
        Ok(Step::Done(Cancelled::Charged(None)))
    }
}
