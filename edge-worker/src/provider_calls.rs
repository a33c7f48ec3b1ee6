//! What a generation asks of its model's provider: each call one conversation of the vendor's adapter,
//! logged with the request it is for, and counted when it fails. A result that comes with the answer to
//! the order goes into the inbox first, and is polled and fetched from there.

use cuelight_core::actors::generation::{Accepted, Cancelled, Output, Place, Progress, ProviderError};
use cuelight_core::api::Content;
use cuelight_core::cache_key::CacheKey;
use cuelight_core::catalog::{self, ModelDef, Reconcile};
use cuelight_core::media;
use cuelight_core::operation::Spec;
use cuelight_core::units::Millis;
use cuelight_providers::{Adapter, Brief, Step, Submission, Turn, adapter};
use serde_json::json;
use worker::{Env, console_error, console_log};

use crate::asset_store;
use crate::clip_store::{self, Shelf};
use crate::conversation;
use crate::counters;
use crate::inbox::Slot;
use crate::settings;

/// How long fetching a result may take. Below `generation::DOWNLOAD_GUARD`, with room for storing it.
const DOWNLOAD: Millis = Millis::seconds(30);

/// The providers, as one request's flight calls them.
pub(crate) struct Provider<'a> {
    pub(crate) env: &'a Env,
    pub(crate) request_id: &'a str,
}

impl Provider<'_> {
    /// Orders what `spec` says, from what `tenant` has uploaded for it.
    pub(crate) async fn submit(
        &self,
        tenant: &str,
        spec: &Spec,
        key: &str,
    ) -> Result<Accepted, ProviderError> {
        let result = self.order(tenant, spec, key).await;
        self.told("submit", key, result)
    }

    async fn order(&self, tenant: &str, spec: &Spec, key: &str) -> Result<Accepted, ProviderError> {
        let model = model(spec.model())?;
        let began = settings::now();
        let order = spec.order();
        let materials = asset_store::materials(self.env, tenant, &order, model).await?;
        let materials = materials.as_slice();
        let brief = Brief { order: &order, clip: spec.clip(), model, materials, idempotency_key: key };
        let submit = |a: &dyn Adapter, turn: Turn<'_>| a.submit(&brief, turn);
        // Fetching them and bringing them to a size has taken of the time that the call may take.
        let left = Millis(model.call_ms.0.saturating_sub(settings::now().since(began).0));
        match self.hold("submit", key, model, left, submit).await? {
            Submission::Accepted(accepted) => Ok(accepted),
            // It exists nowhere else. Until it is put away nobody knows that it was made.
            Submission::Finished(made) => Slot::of(key).put(self.env, made).await.map_err(|error| {
                ProviderError::Unanswered(format!("the result could not be put away: {error}"))
            }),
        }
    }

    pub(crate) async fn find(&self, model: &str, key: &str) -> Result<Option<Accepted>, ProviderError> {
        if self::model(model).is_ok_and(|model| model.reconcile == Reconcile::PutAway) {
            let here = Slot::of(key).look(self.env).await.map_err(unreachable_store)?;
            // That it is not here does not say that it was not made.
            let unknown = || ProviderError::Transient("the result has not been put away".to_owned());
            return here.map(Some).ok_or_else(unknown);
        }
        let result = self.ask("find", key, model, |a, turn| a.find(key, turn)).await;
        self.told("find", key, result)
    }

    pub(crate) async fn poll(&self, model: &str, operation: &str) -> Result<Progress, ProviderError> {
        let result = match Slot::parse(operation) {
            Some(slot) => {
                let output = slot.output(self.env).await.map_err(unreachable_store);
                output.and_then(|output| output.map(Progress::Succeeded).ok_or(ProviderError::Lost))
            }
            None => self.ask("poll", operation, model, |a, turn| a.poll(operation, turn)).await,
        };
        self.told("poll", operation, result)
    }

    pub(crate) async fn cancel(&self, model: &str, operation: &str) -> Result<Cancelled, ProviderError> {
        let result = match Slot::parse(operation) {
            Some(slot) => self.discard(&slot).await,
            None => self.ask("cancel", operation, model, |a, turn| a.cancel(operation, turn)).await,
        };
        self.told("cancel", operation, result)
    }

    /// Throws a result away that nobody waits for any more. It was made, so it is paid for.
    async fn discard(&self, slot: &Slot) -> Result<Cancelled, ProviderError> {
        let output = slot.output(self.env).await.map_err(unreachable_store)?.ok_or(ProviderError::Lost)?;
        slot.clear(self.env).await.map_err(unreachable_store)?;
        Ok(Cancelled::Charged(output.cost_micro_usd))
    }

    /// Fetches the result, judges it by its bytes, and puts it away.
    pub(crate) async fn store(
        &self,
        key: &CacheKey,
        place: &Place,
        spec: &Spec,
        output: &Output,
    ) -> Result<Content, ProviderError> {
        let shelf = Shelf::of(place.private);
        // Stored already, by a turn that died before it could say so: nothing to fetch again.
        if let Ok(Some(stored)) = clip_store::look_on(self.env, shelf, key).await {
            return Ok(stored.content);
        }
        let slot = Slot::parse(&output.url);
        let bytes = match &slot {
            Some(slot) => {
                let read = slot.read(self.env).await.map_err(unreachable_store);
                read.and_then(|bytes| bytes.ok_or(ProviderError::Lost))
            }
            None => self.download(key, spec, output).await,
        };
        let bytes = self.told("download", key.as_str(), bytes)?;
        let media = media::check(&bytes, spec).map_err(|error| ProviderError::BadMedia(error.to_string()));
        let media = self.told("check", key.as_str(), media)?;
        let stored = clip_store::store(self.env, shelf, key, place, spec, &media, bytes).await;
        let stored =
            stored.map_err(|error| ProviderError::Transient(format!("it could not be stored: {error}")))?;
        if let Some(slot) = slot {
            // What stays is dropped by the bucket in a day.
            let _ = slot.clear(self.env).await;
        }
        Ok(stored)
    }

    async fn download(&self, key: &CacheKey, spec: &Spec, output: &Output) -> Result<Vec<u8>, ProviderError> {
        let fetch = |a: &dyn Adapter, turn: Turn<'_>| a.download(output, turn);
        self.hold("download", key.as_str(), model(spec.model())?, DOWNLOAD, fetch).await
    }

    /// One call of the adapter of the model with this id, as long as the catalogue lets it take.
    async fn ask<T>(
        &self,
        what: &str,
        about: &str,
        id: &str,
        call: impl Fn(&dyn Adapter, Turn<'_>) -> Result<Step<T>, ProviderError>,
    ) -> Result<T, ProviderError> {
        let model = model(id)?;
        self.hold(what, about, model, model.call_ms, call).await
    }

    async fn hold<T>(
        &self,
        what: &str,
        about: &str,
        model: &ModelDef,
        limit: Millis,
        call: impl Fn(&dyn Adapter, Turn<'_>) -> Result<Step<T>, ProviderError>,
    ) -> Result<T, ProviderError> {
        let adapter = self.adapter(&model.provider)?;
        let (course, result) = conversation::hold(adapter.as_ref(), limit, call).await;
        console_log!(
            "{}",
            json!({"request_id": self.request_id, "actor": "generation", "provider": what, "about": about,
                "model": model.id, "status": course.status, "asks": course.asks, "ms": course.took.0})
        );
        result
    }

    /// Counts and logs a failure on its way.
    fn told<T>(&self, what: &str, about: &str, result: Result<T, ProviderError>) -> Result<T, ProviderError> {
        if let Err(error) = &result {
            counters::count_with("provider_errors", "kind", error.kind());
            let error = error.to_string();
            console_log!(
                "{}",
                json!({"request_id": self.request_id, "actor": "generation", "provider": what, "about": about, "error": error})
            );
        }
        result
    }

    fn adapter(&self, provider: &str) -> Result<Box<dyn Adapter>, ProviderError> {
        let account = settings::account(self.env, provider).map_err(|failure| {
            console_error!("{}", json!({"actor": "generation", "error": failure.to_string()}));
            ProviderError::Fatal("the provider is not set up".to_owned())
        })?;
        adapter(provider, account).ok_or_else(|| ProviderError::Fatal("there is no such provider".to_owned()))
    }
}

fn model(id: &str) -> Result<&'static ModelDef, ProviderError> {
    let gone = || ProviderError::Fatal("the catalogue does not have the model any more".to_owned());
    catalog::models().model(id).ok_or_else(gone)
}

/// Our own storage failed: it says nothing about the provider, and passes.
fn unreachable_store(error: worker::Error) -> ProviderError {
    ProviderError::Transient(format!("the store does not answer: {error}"))
}
