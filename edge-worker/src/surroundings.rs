//! What a request must be checked against besides itself: the uploads it names, and how the lanes are
//! where a model has to be chosen. Fetched beforehand, because checking is a pure function.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use cuelight_core::actors::lane::{Breaker, Status};
use cuelight_core::catalog;
use cuelight_core::operation::{self, LaneHealth, Operation, Surroundings, ValidJob};
use cuelight_core::order::{Asset, Role};
use cuelight_core::problem::FieldError;
use futures_util::future::join_all;
use serde_json::Value;

use crate::actors;
use crate::asset_store;
use crate::caller::Caller;
use crate::error::Failure;
use crate::router::Call;
use crate::settings;

/// Most uploads that are looked up for one request: more than there are roles, and no more.
const MOST_ASSETS: usize = Role::ALL.len() + 2;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Around {
    assets: HashMap<String, Asset>,
    lanes: BTreeMap<String, LaneHealth>,
    providers: BTreeSet<String>,
}

/// Looks up what checking the request `json` takes. Nothing, for a clip of a character without a picture.
pub(crate) async fn of(call: &Call, caller: &Caller, json: &Value) -> Result<Around, Failure> {
    let used =
        catalog::models().providers().into_iter().filter(|name| settings::account(&call.env, name).is_ok());
    let mut around = Around { providers: used.map(str::to_owned).collect(), ..Around::default() };
    let named = operation::assets_named(json);
    let tenant = caller.tenant.id();
    let looks = named.iter().take(MOST_ASSETS).map(|sha256| asset_store::look(&call.env, tenant, sha256));
    for asset in join_all(looks).await {
        if let Some(asset) = asset? {
            around.assets.insert(asset.sha256.clone(), asset);
        }
    }
    let own = json["operation_type"].as_str();
    let of_pages = Operation::OF_PAGES.iter().any(|operation| Some(operation.as_str()) == own);
    // Where the provider that knows our characters is set up, and no other that is was named, nobody is
    // chosen for a clip without a picture.
    let is_set_up = |name: &str| around.providers.contains(name);
    let provider = json["provider_id"].as_str();
    let found = own.and_then(|own| catalog::models().model_among(own, provider, is_set_up));
    let is_settled = of_pages
        && named.is_empty()
        && found.is_some_and(|model| provider.is_none_or(|own| own == model.provider || !is_set_up(own)));
    let is_open = json["model"].is_null() && !is_settled;
    if is_open && Operation::ALL.iter().any(|operation| Some(operation.as_str()) == own) {
        around.lanes = lanes(call, &around.providers).await;
    }
    Ok(around)
}

impl Around {
    /// Checks the request.
    ///
    /// # Errors
    /// Every wrong field.
    pub(crate) fn validate(&self, json: &Value, nonce: &str) -> Result<ValidJob, Vec<FieldError>> {
        let find = |sha256: &str| self.assets.get(sha256).cloned();
        let around =
            Surroundings { asset: Some(&find), lanes: Some(&self.lanes), providers: Some(&self.providers) };
        operation::validate_in(json, nonce, &around)
    }
}

/// How the lanes of these providers are.
async fn lanes(call: &Call, providers: &BTreeSet<String>) -> BTreeMap<String, LaneHealth> {
    let models = &catalog::models().models;
    let used =
        |lane: &&str| models.iter().any(|model| model.lane == **lane && providers.contains(&model.provider));
    let lanes = catalog::models().lanes().into_iter().filter(used);
    let health = lanes.map(|lane| async move { (lane.to_owned(), health(call, lane).await) });
    join_all(health).await.into_iter().collect()
}

/// A lane that cannot be asked is taken for a healthy one: a choice is no reason to fail.
async fn health(call: &Call, lane: &str) -> LaneHealth {
    let Ok(stub) = actors::lane(&call.env, lane) else { return LaneHealth::default() };
    let status: worker::Result<Status> = actors::ask_uncounted(&stub, &format!("/status/{lane}"), "").await;
    match status {
        Ok(Status { drained: true, .. } | Status { breaker: Breaker::Open, .. }) => LaneHealth::Closed,
        Ok(Status { breaker: Breaker::HalfOpen, .. } | Status { paused_until: Some(_), .. }) => {
            LaneHealth::Strained
        }
        Ok(_) | Err(_) => LaneHealth::Healthy,
    }
}
