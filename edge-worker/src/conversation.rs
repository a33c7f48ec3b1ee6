//! Holds an adapter's conversation with its provider: sends what it asks, one request after another,
//! until it is done or the time is up.

use std::time::Duration;

use cuelight_core::actors::generation::ProviderError;
use cuelight_core::units::Millis;
use cuelight_providers::{Adapter, Answer, MAX_ASKS, Step, Turn};

use crate::provider_client::{self, Limits};
use crate::settings;

/// What a conversation took, for the log.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Course {
    /// Requests sent.
    pub(crate) asks: usize,
    /// The status of the last answer.
    pub(crate) status: Option<u16>,
    /// From its begin to its end.
    pub(crate) took: Millis,
}

/// Talks until `call` is done, for `limit` in all: a call that takes longer would be made again by an
/// alarm that believes it dead.
///
/// # Errors
/// Those of the adapter. An answer that did not come is [`ProviderError::Unanswered`] from the first
/// request on that commits us to something, and [`ProviderError::Transient`] before.
pub(crate) async fn hold<T>(
    adapter: &dyn Adapter,
    limit: Millis,
    call: impl Fn(&dyn Adapter, Turn<'_>) -> Result<Step<T>, ProviderError>,
) -> (Course, Result<T, ProviderError>) {
    let began = settings::now();
    let mut course = Course::default();
    let result = talk(adapter, limit, call, began, &mut course).await;
    course.took = settings::now().since(began);
    (course, result)
}

async fn talk<T>(
    adapter: &dyn Adapter,
    limit: Millis,
    call: impl Fn(&dyn Adapter, Turn<'_>) -> Result<Step<T>, ProviderError>,
    began: Millis,
    course: &mut Course,
) -> Result<T, ProviderError> {
    let mut heard: Vec<Answer> = Vec::new();
    let mut committed = false;
    loop {
        let now = settings::now();
        let ask = match call(adapter, Turn { now, heard: &heard })? {
            Step::Done(done) => return Ok(done),
            Step::Ask(ask) => ask,
        };
        if course.asks == MAX_ASKS {
            return Err(ProviderError::Fatal("the conversation with the provider does not end".to_owned()));
        }
        let left = Millis(limit.0.saturating_sub(now.since(began).0));
        if left == Millis(0) {
            let late = "the provider took too long".to_owned();
            return Err(if committed {
                ProviderError::Unanswered(late)
            } else {
                ProviderError::Transient(late)
            });
        }
        // An order whose answer there is no time to hear would be paid for and lost.
        if ask.commits && !committed && left < ask.patience.min(Millis(limit.0 / 2)) {
            return Err(ProviderError::Transient("there was no time left to order".to_owned()));
        }
        course.asks += 1;
        committed |= ask.commits;
        let limits = Limits { time: Duration::from_millis(ask.patience.min(left).0), bytes: ask.max_bytes };
        let answer = provider_client::send(|url| adapter.may_ask(url), *ask.request, limits).await;
        course.status = answer.as_ref().map(|answer| answer.status().as_u16()).ok();
        heard.push(answer.map_err(|error| match error {
            ProviderError::Unanswered(why) if !committed => ProviderError::Transient(why),
            error => error,
        })?);
    }
}
