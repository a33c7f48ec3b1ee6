//! What a generation asks of its model's provider: each call built and read by the vendor's
//! adapter, sent, logged with the request it is for, and counted when it fails.

use cuelight_core::actors::generation::{Accepted, Cancelled, Output, Place, Progress, ProviderError};
use cuelight_core::api::Content;
use cuelight_core::cache_key::CacheKey;
use cuelight_core::catalog;
use cuelight_core::media;
use cuelight_core::operation::Spec;
use cuelight_providers::{Adapter, adapter};
use serde_json::json;
use url::Url;
use worker::{Env, console_error, console_log};

use crate::clip_store::{self, Shelf};
use crate::counters;
use crate::provider_client::{self, Limits};
use crate::settings;

/// The providers, as one request's flight calls them.
pub(crate) struct Provider<'a> {
    pub(crate) env: &'a Env,
    pub(crate) request_id: &'a str,
}

impl Provider<'_> {
    pub(crate) async fn submit(&self, spec: &Spec, key: &str) -> Result<Accepted, ProviderError> {
        let called = self
            .call("submit", key, spec.model(), Limits::JSON, |a| match spec.clip() {
                Some(clip) => a.submit(clip, key),
                None => Err(ProviderError::Fatal("this provider makes clips of characters only".to_owned())),
            })
            .await;
        self.told("submit", key, called.and_then(|(a, response)| a.read_submit(&response)))
    }

    pub(crate) async fn find(&self, model: &str, key: &str) -> Result<Option<Accepted>, ProviderError> {
        let build = |a: &dyn Adapter| {
            a.find(key)?.ok_or_else(|| ProviderError::Fatal("this provider has no list to search".to_owned()))
        };
        let called = self.call("find", key, model, Limits::JSON, build).await;
        self.told("find", key, called.and_then(|(a, response)| a.read_find(&response)))
    }

    pub(crate) async fn poll(&self, model: &str, operation: &str) -> Result<Progress, ProviderError> {
        let called = self.call("poll", operation, model, Limits::JSON, |a| a.poll(operation)).await;
        self.told("poll", operation, called.and_then(|(a, response)| a.read_poll(&response)))
    }

    pub(crate) async fn cancel(&self, model: &str, operation: &str) -> Result<Cancelled, ProviderError> {
        let called = self.call("cancel", operation, model, Limits::JSON, |a| a.cancel(operation)).await;
        self.told("cancel", operation, called.and_then(|(a, response)| a.read_cancel(&response)))
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
        let called =
            self.call("download", key.as_str(), spec.model(), Limits::CLIP, |a| a.download(output)).await;
        let bytes = called.and_then(|(a, response)| a.read_download(output, response));
        let bytes = self.told("download", key.as_str(), bytes)?;
        let media = media::check(&bytes, spec).map_err(|error| ProviderError::BadMedia(error.to_string()));
        let media = self.told("check", key.as_str(), media)?;
        let stored = clip_store::store(self.env, shelf, key, place, spec.operation(), &media, bytes).await;
        stored.map_err(|error| ProviderError::Transient(format!("the clip could not be stored: {error}")))
    }

    /// Sends what `build` makes of the model's adapter.
    async fn call(
        &self,
        what: &str,
        about: &str,
        model: &str,
        limits: Limits,
        build: impl FnOnce(&dyn Adapter) -> Result<http::Request<Vec<u8>>, ProviderError>,
    ) -> Result<(Box<dyn Adapter>, http::Response<Vec<u8>>), ProviderError> {
        let (base, adapter) = self.adapter(model)?;
        let request = build(adapter.as_ref())?;
        let began = settings::now();
        let response = provider_client::send(&base, request, limits).await;
        let ms = settings::now().since(began).0;
        let status = response.as_ref().map(|response| response.status().as_u16()).ok();
        console_log!(
            "{}",
            json!({"request_id": self.request_id, "actor": "generation", "provider": what, "about": about, "status": status, "ms": ms})
        );
        Ok((adapter, response?))
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

    fn adapter(&self, model: &str) -> Result<(Url, Box<dyn Adapter>), ProviderError> {
        let provider =
            catalog::models().model(model).map(|model| model.provider.as_str()).unwrap_or_default();
        let account = settings::account(self.env, provider).map_err(|failure| {
            console_error!("{}", json!({"actor": "generation", "error": failure.to_string()}));
            ProviderError::Fatal("the provider is not set up".to_owned())
        })?;
        let base = account.base.clone();
        let adapter = adapter(provider, account);
        adapter.map(|a| (base, a)).ok_or_else(|| ProviderError::Fatal("there is no such provider".to_owned()))
    }
}
