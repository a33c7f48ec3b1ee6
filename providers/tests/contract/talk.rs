//! A call to an adapter in two halves: what it asks first, and what it makes of the answer.

use cuelight_core::catalog;
use cuelight_core::operation::{ClipSpec, Spec};
use cuelight_core::units::Millis;
use cuelight_providers::{
    Accepted, Account, Adapter, Answer, Brief, Cancelled, Output, Progress, ProviderError, Step, Submission,
    Turn, adapter,
};
use http::Request;
use serde_json::json;

type Asked = Result<Request<Vec<u8>>, ProviderError>;

/// An adapter whose conversations are one question and one answer.
pub(super) struct Talk(Box<dyn Adapter>);

fn asked<T: std::fmt::Debug>(step: Result<Step<T>, ProviderError>) -> Asked {
    match step? {
        Step::Ask(ask) => Ok(*ask.request),
        Step::Done(done) => panic!("nothing was asked, and {done:?} came of it"),
    }
}

fn told<T>(step: Result<Step<T>, ProviderError>) -> Result<T, ProviderError> {
    match step? {
        Step::Ask(ask) => panic!("{ask:?} is one question more"),
        Step::Done(done) => Ok(done),
    }
}

const fn first() -> Turn<'static> {
    Turn { now: Millis(1_800_000_000_000), heard: &[] }
}

const fn then(answer: &Answer) -> Turn<'_> {
    Turn { now: Millis(1_800_000_000_000), heard: std::slice::from_ref(answer) }
}

impl Talk {
    pub(super) fn to(vendor: &str, account: Account) -> Option<Self> {
        adapter(vendor, account).map(Self)
    }

    fn brief<T>(spec: &ClipSpec, key: &str, f: impl FnOnce(&Brief<'_>) -> T) -> T {
        let (order, model) =
            (Spec::from(spec.clone()).order(), catalog::models().model(&spec.model).unwrap());
        f(&Brief { order: &order, clip: Some(spec), model, materials: &[], idempotency_key: key })
    }

    pub(super) fn submit(&self, spec: &ClipSpec, key: &str) -> Asked {
        Self::brief(spec, key, |brief| asked(self.0.submit(brief, first())))
    }

    pub(super) fn read_submit(&self, answer: &Answer) -> Result<Accepted, ProviderError> {
        let spec = super::spec(json!({"character": "bolt", "state": "idle"}));
        let submission = Self::brief(&spec, "k.1.1", |brief| told(self.0.submit(brief, then(answer))));
        submission.map(|submission| match submission {
            Submission::Accepted(accepted) => accepted,
            Submission::Finished(made) => panic!("{made:?} was made at once"),
        })
    }

    pub(super) fn find(&self, key: &str) -> Asked {
        asked(self.0.find(key, first()))
    }

    pub(super) fn read_find(&self, answer: &Answer) -> Result<Option<Accepted>, ProviderError> {
        told(self.0.find("k.1.1", then(answer)))
    }

    pub(super) fn poll(&self, operation: &str) -> Asked {
        asked(self.0.poll(operation, first()))
    }

    pub(super) fn read_poll(&self, answer: &Answer) -> Result<Progress, ProviderError> {
        told(self.0.poll("g1", then(answer)))
    }

    pub(super) fn download(&self, output: &Output) -> Asked {
        asked(self.0.download(output, first()))
    }

    pub(super) fn read_download(&self, output: &Output, answer: &Answer) -> Result<Vec<u8>, ProviderError> {
        told(self.0.download(output, then(answer)))
    }

    pub(super) fn cancel(&self, operation: &str) -> Asked {
        asked(self.0.cancel(operation, first()))
    }

    pub(super) fn read_cancel(&self, answer: &Answer) -> Result<Cancelled, ProviderError> {
        told(self.0.cancel("g1", then(answer)))
    }

    pub(super) fn may_ask(&self, url: &str) -> bool {
        self.0.may_ask(&url.parse().unwrap())
    }
}
