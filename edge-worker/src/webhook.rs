//! Posts the end of a job to its webhook, signed as Standard Webhooks says
//! (standardwebhooks.com). One delivery; when to repeat it is the session's to decide.

use std::time::Duration;

use cuelight_core::api::Job;
use cuelight_core::auth::webhook;
use serde_json::json;
use url::Url;
use worker::{Env, console_error, console_log};

use crate::provider_client::{self, Limits};
use crate::settings;

/// What a delivery may take. Nobody reads what the receiver says.
const LIMITS: Limits = Limits { time: Duration::from_secs(10), bytes: 1 << 20 };

/// Sends it. Whether it is over: taken, or refused for good.
pub(crate) async fn send(env: &Env, address: &str, job: &Job) -> bool {
    let Ok(deployment) = settings::deployment(env) else { return false };
    // Asked again at the moment of sending: what may be called can have changed since.
    let (Ok(url), true) = (Url::parse(address), deployment.settings.permits_webhook(address)) else {
        console_error!(
            "{}",
            json!({"webhook": job.id, "error": "its host is not in WEBHOOK_HOSTS any more"})
        );
        return true;
    };
    let body =
        json!({ "type": format!("job.{}", job.status.as_str()), "timestamp": job.updated_at, "data": job });
    let body = body.to_string().into_bytes();
    // The specification leaves no room for the dot in a job's id.
    let id = format!("msg_{}", job.id.replace('.', "_"));
    let signed = match webhook::headers(&deployment.webhook, &id, settings::now(), &body) {
        Ok(signed) => signed,
        Err(error) => {
            console_error!("{}", json!({"webhook": job.id, "error": error.to_string()}));
            return false;
        }
    };
    let request = http::Request::post(url.as_str())
        .header("content-type", "application/json")
        .header("webhook-id", signed.id)
        .header("webhook-timestamp", signed.timestamp)
        .header("webhook-signature", signed.signature)
        .body(body);
    let Ok(request) = request else { return true };
    let answer = provider_client::send(|asked| *asked == url, request, LIMITS).await;
    let status = answer.map(|answer| answer.status().as_u16()).ok();
    console_log!("{}", json!({"request_id": job.request_id, "webhook": job.id, "status": status}));
    // 410 is how a receiver says that it wants no more of them.
    status.is_some_and(|status| (200..300).contains(&status) || status == 410)
}
