//! Signs the addresses of private clips wherever one leaves the edge. Stored they are bare, so that
//! each reader gets one of its own, with a time of its own.

use cuelight_core::actors::session::Message;
use cuelight_core::api::{Content, Job, JobEvent};
use cuelight_core::auth::signed_address;
use cuelight_core::cache_key::CacheKey;
use cuelight_core::units::Millis;

use crate::settings::{self, Deployment};

/// How long a signed address leads to its clip: long enough for a page's visit.
const LIFETIME: Millis = Millis::seconds(3_600);
const PREFIX: &str = "/private/";

/// The bare address of a private clip.
pub(crate) fn of(key: &CacheKey) -> String {
    format!("{PREFIX}{key}")
}

/// Signs the private addresses in a job.
pub(crate) fn sign_job(deployment: &Deployment, job: &mut Job) {
    for content in [&mut job.content, &mut job.preview].into_iter().flatten() {
        sign_content(deployment, content);
    }
    if let Some(url) = job.fallback.as_mut().and_then(|fallback| fallback.url.as_mut()) {
        sign(deployment, url);
    }
}

/// Signs the private addresses in a socket's message.
pub(crate) fn sign_message(deployment: &Deployment, message: &mut Message) {
    match message {
        Message::Snapshot(snapshot) => snapshot.jobs.iter_mut().for_each(|job| sign_job(deployment, job)),
        Message::Event(event) => sign_event(deployment, event),
    }
}

/// Signs the private address in an event.
pub(crate) fn sign_event(deployment: &Deployment, event: &mut JobEvent) {
    if let Some(url) = event.result_url.as_mut() {
        sign(deployment, url);
    }
}

fn sign_content(deployment: &Deployment, content: &mut Content) {
    sign(deployment, &mut content.url);
}

fn sign(deployment: &Deployment, url: &mut String) {
    let key = url.strip_prefix(PREFIX).and_then(CacheKey::parse);
    if let (Some(key), Some(signing)) = (key, &deployment.signing) {
        *url = signed_address::sign(signing, &key, settings::now() + LIFETIME);
    }
}
