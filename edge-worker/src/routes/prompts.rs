//! `POST /api/v1/prompts`: the prompt for a brief, written by a language model where one is set up and the
//! brief leaves something to write, and by a template otherwise. It never fails for want of a model.

use cuelight_core::actors::session::Reply;
use cuelight_core::problem::Code;
use cuelight_core::prompt::answer::Prompt;
use cuelight_core::prompt::brief::Brief;
use cuelight_core::prompt::request::Request;
use cuelight_core::units::MicroUsd;
use worker::Response;

use crate::actors::{self, Replied, ask};
use crate::body;
use crate::caller::{Caller, Who};
use crate::error::Failure;
use crate::prompt_writer::{self, Task};
use crate::router::Call;

/// Serves it.
pub(crate) async fn create(mut call: Call) -> Result<Response, Failure> {
    let caller = Caller::of(&call)?;
    caller.require_jobs()?;
    if matches!(caller.who, Who::Page(_)) {
        return Err(Failure::new(
            Code::Forbidden,
            "A token carries no prompt; a server asks with its secret key.",
        ));
    }
    // A bad name is told here too, whether or not the session is asked.
    let session = caller.session(&call)?;
    let body = body::read(&mut call).await?;
    let request = Request::read(&body.json).map_err(Failure::invalid)?;
    let template = Prompt::of(&request.brief, request.length);
    let Brief::Scene(scene) = &request.brief else { return answer(&template) };
    let Some(writer) = caller.deployment.settings.prompt_writer() else { return answer(&template) };
    let Some(task) = Task::of(writer, scene) else { return answer(&template) };
    let tenant = caller.tenant.id();
    if let Some(known) = prompt_writer::known(&call.env, tenant, &task).await {
        return answer(&template.written(known, &writer.model, MicroUsd(0)));
    }
    let rate = caller.rate(&call);
    // What is known already and what a template makes count for nothing.
    let stub = actors::session(&call.env, &session)?;
    let counted: Replied = ask(&stub, "/count", &rate, &call.request_id).await?;
    let Reply::Counted(verdict) = counted.reply else {
        return Err(Failure::Setup("a session answered something else than was asked".to_owned()));
    };
    if !verdict.admitted {
        return Err(super::jobs::refused(Reply::Limited(verdict), rate));
    }
    let written = prompt_writer::write(&call, tenant, task).await?;
    let mut response = answer(&match written.text {
        Ok(text) => template.written(text, &writer.model, written.cost),
        Err(why) => template.for_want_of(why, written.cost),
    })?;
    for (name, value) in super::jobs::limit_headers(rate, verdict) {
        response.headers_mut().set(name, &value)?;
    }
    Ok(response)
}

fn answer(prompt: &Prompt) -> Result<Response, Failure> {
    Ok(Response::from_json(prompt)?)
}
