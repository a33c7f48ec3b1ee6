//! Has a language model write a prompt, within the tenant's budget. What it wrote is kept for the same facts,
//! so that a scene has one prompt and its clip one key.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use cuelight_core::actors::account;
use cuelight_core::actors::generation::ProviderError;
use cuelight_core::operation::Operation;
use cuelight_core::prompt::scene::{self, Scene};
use cuelight_core::settings::writer::{MOST_TOKENS, PROVIDER, PromptWriter};
use cuelight_core::units::MicroUsd;
use cuelight_providers::{Scribe, Words};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use worker::js_sys::futures::{JsFuture, future_to_promise};
use worker::wasm_bindgen::JsValue;
use worker::{Bucket, Conditional, Env, console_error, console_log};

use crate::actors::{self, ask};
use crate::counters;
use crate::error::Failure;
use crate::provider_client::{self, Limits};
use crate::router::Call;
use crate::settings::{self, CLIPS};

/// How long a person who wants a prompt waits for one.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often the account is told what it cost.
const MOST_CLOSES: u32 = 3;
/// How large an answer of sixty words may be, in bytes, with all that is said around it.
const MOST_BYTES: usize = 256 * 1_024;

/// What is to be written, and by whom.
#[derive(Debug)]
pub(crate) struct Task {
    writer: PromptWriter,
    rules: String,
    told: String,
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Written {
    /// The prompt, or why there is none, for the person who asked.
    pub(crate) text: Result<String, String>,
    /// What it cost either way.
    pub(crate) cost: MicroUsd,
}

impl Task {
    /// To write how this scene moves. `None` where nothing is known of it.
    pub(crate) fn of(writer: &PromptWriter, scene: &Scene) -> Option<Self> {
        let told = scene::told(scene);
        (!told.is_empty()).then(|| Self { writer: writer.clone(), rules: scene::rules(), told })
    }

    /// Where its prompt is kept. A tenant's id holds no slash.
    fn object(&self, tenant: &str) -> String {
        let mut hash = Sha256::new();
        for part in [&self.writer.model, &self.rules, &self.told] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        format!("prompts/{tenant}/{}", HEXLOWER.encode(&hash.finalize()))
    }

    /// The most it may cost.
    fn most(&self) -> MicroUsd {
        self.writer.most(self.rules.len() + self.told.len())
    }
}

/// What was written for the same before. A store that cannot be read knows nothing.
pub(crate) async fn known(env: &Env, tenant: &str, task: &Task) -> Option<String> {
    read(&bucket(env).ok()?, &task.object(tenant)).await.ok().flatten()
}

/// Writes it, and keeps it. A caller that leaves meanwhile leaves nothing half done: it is paid for, and
/// settled, and kept for whoever asks next.
pub(crate) async fn write(call: &Call, tenant: &str, task: Task) -> Result<Written, Failure> {
    let (env, tenant, request_id) = (call.env.clone(), tenant.to_owned(), call.request_id.clone());
    let work = future_to_promise(AssertUnwindSafe(async move {
        let written = pay_and_write(&env, &tenant, &task, &request_id).await;
        let written = written.map_err(|failure| JsValue::from_str(&failure.to_string()))?;
        Ok(JsValue::from_str(&serde_json::to_string(&written).map_err(|e| e.to_string())?))
    }));
    let promise = work.clone();
    call.context.wait_until(async move {
        // Whoever waits for it is told how it ended.
        let _ = JsFuture::from(promise).await;
    });
    let ended = JsFuture::from(work).await;
    let ended = ended.map_err(|error| Failure::Setup(error.as_string().unwrap_or_default()))?;
    Ok(serde_json::from_str(&ended.as_string().unwrap_or_default())?)
}

async fn pay_and_write(env: &Env, tenant: &str, task: &Task, request_id: &str) -> Result<Written, Failure> {
    let budget = actors::account(env, tenant)?;
    let id = format!("prompt.{request_id}");
    let reservation = account::Reservation {
        id: id.clone(),
        amount: task.most(),
        speculative: false,
        model: task.writer.model.clone(),
        operation: Operation::ImageToVideo,
        words: true,
    };
    let path = format!("/ask/{tenant}");
    let asked = account::Request::Reserve(reservation);
    if let account::Answer::Refused(refusal) = ask(&budget, &path, &asked, request_id).await? {
        return Ok(Written { text: Err(refusal.detail), cost: MicroUsd(0) });
    }
    let (text, cost) = converse(env, task, request_id).await;
    // First of all: it is paid for, and exists nowhere else.
    let text = match text {
        Ok(text) => Ok(keep(env, &task.object(tenant), text, request_id).await),
        Err(why) => Err(why),
    };
    for tries in 1..=MOST_CLOSES {
        let closed = account::Request::Close { id: id.clone(), spent: cost };
        match ask::<_, account::Answer>(&budget, &path, &closed, request_id).await {
            Ok(_) => break,
            Err(error) if tries == MOST_CLOSES => {
                let line = json!({"request_id": request_id, "level": "error", "unpaid": cost, "error": error.to_string()});
                console_error!("{line}");
            }
            Err(_) => {}
        }
    }
    Ok(Written { text, cost })
}

/// Asks the model. What it cost is known also where nothing usable came of it.
async fn converse(env: &Env, task: &Task, request_id: &str) -> (Result<String, String>, MicroUsd) {
    let began = settings::now();
    let heard = talk(env, task).await;
    let (status, error) = match &heard {
        Ok((status, _)) => (Some(*status), None),
        Err(error) => (None, Some(error)),
    };
    let ms = settings::now().since(began).0;
    let line = json!({
        "request_id": request_id, "provider": "write", "model": task.writer.model, "status": status,
        "ms": ms, "error": error.map(ToString::to_string),
    });
    match error {
        None => console_log!("{line}"),
        Some(error) => {
            counters::count_with("provider_errors", "kind", error.kind());
            console_error!("{line}");
        }
    }
    let model = &task.writer.model;
    match heard {
        Ok((_, Words { text, tokens })) => {
            let cost = tokens.map_or_else(|| task.most(), |[told, said]| task.writer.cost(told, said));
            let prompt = text.as_deref().and_then(scene::written);
            (prompt.ok_or_else(|| format!("{model} wrote no prompt that could be used.")), cost)
        }
        // Perhaps it wrote, and nobody heard it: rather told too much than too little.
        Err(ProviderError::Unanswered(_)) => (Err(format!("{model} did not answer in time.")), task.most()),
        Err(_) => (Err(format!("{model} could not be asked; the log says why.")), MicroUsd(0)),
    }
}

async fn talk(env: &Env, task: &Task) -> Result<(u16, Words), ProviderError> {
    let account = settings::account(env, PROVIDER)
        .map_err(|_| ProviderError::Fatal(format!("the address or the key of {PROVIDER} is not set")))?;
    let scribe = Scribe::new(account);
    let request = scribe.ask(&task.writer.model, [&task.rules, &task.told], MOST_TOKENS)?;
    let limits = Limits { time: PATIENCE, bytes: MOST_BYTES };
    let answer = provider_client::send(|url| scribe.may_ask(url), request, limits).await?;
    Ok((answer.status().as_u16(), scribe.heard(&answer)?))
}

/// Keeps what was written, unless somebody was quicker: then theirs, so that all have the same. A store that
/// cannot keep it takes it from nobody.
async fn keep(env: &Env, name: &str, text: String, request_id: &str) -> String {
    let kept = async {
        let bucket = bucket(env)?;
        let nobody = Conditional { etag_does_not_match: Some("*".to_owned()), ..Conditional::default() };
        let put = bucket.put(name, text.clone().into_bytes()).only_if(nobody).execute().await;
        match put {
            Ok(Some(_)) => Ok(None),
            // Two at once are too many for one object; one of them is there.
            Ok(None) | Err(_) => read(&bucket, name).await,
        }
    };
    match kept.await {
        Ok(theirs) => theirs.unwrap_or(text),
        Err(error) => {
            let error: Failure = error;
            console_error!(
                "{}",
                json!({"request_id": request_id, "level": "error", "error": error.to_string()})
            );
            text
        }
    }
}

async fn read(bucket: &Bucket, name: &str) -> Result<Option<String>, Failure> {
    let Some(object) = bucket.get(name).execute().await? else { return Ok(None) };
    let Some(body) = object.body() else { return Ok(None) };
    Ok(Some(body.text().await?))
}

fn bucket(env: &Env) -> Result<Bucket, Failure> {
    Ok(env.bucket(CLIPS)?)
}
