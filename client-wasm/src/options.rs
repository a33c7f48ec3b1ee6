//! What a page says about a character, read once and completed with the defaults.

use cuelight_core::catalog::Tier;
use cuelight_core::character;
use cuelight_core::units::Millis;
use gloo_utils::format::JsValueSerdeExt;
use serde::Deserialize;
use serde_json::Value;
use wasm_bindgen::JsValue;

use crate::browser;
use crate::token::Token;

/// A character's options, complete.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Options {
    /// Origin of the edge, without a slash at its end.
    pub(crate) endpoint: String,
    /// Whose clips these are.
    pub(crate) tenant: String,
    /// As the page wrote it: an id or a definition.
    pub(crate) character: Value,
    /// The quality preset.
    pub(crate) preset: String,
    /// The plan.
    pub(crate) tier: Tier,
    /// How long a request waits for its clip.
    pub(crate) max_wait: Millis,
    /// Whether clips are fetched and made ahead of need.
    pub(crate) predict: bool,
    /// What the page shows the edge to be let in.
    pub(crate) token: Option<Token>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Given {
    endpoint: Option<String>,
    tenant: Option<String>,
    character: Option<Value>,
    preset: Option<String>,
    tier: Option<String>,
    max_wait: Option<f64>,
    predict: Option<bool>,
    token: Option<String>,
}

impl Options {
    /// Reads the page's object.
    ///
    /// # Errors
    /// What is wrong, for the person who wrote the page.
    pub(crate) fn read(value: &JsValue) -> Result<Self, String> {
        let given: Given =
            value.into_serde().map_err(|error| format!("The options are not usable: {error}."))?;
        let character = given
            .character
            .filter(|character| !character.is_null() && character.as_str() != Some(""))
            .ok_or("Say which character this is: an id such as bolt, or a definition.")?;
        let tier = match given.tier.as_deref() {
            None | Some("" | "free") => Tier::Free,
            Some("pro") => Tier::Pro,
            Some("enterprise") => Tier::Enterprise,
            Some(other) => return Err(format!("There is no tier {other}; one of free, pro, enterprise.")),
        };
        let or = |text: Option<String>, usual: &str| {
            text.filter(|t| !t.is_empty()).unwrap_or_else(|| usual.into())
        };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let max_wait =
            given.max_wait.filter(|ms| ms.is_finite()).map_or(5_000, |ms| ms.clamp(0.0, 600_000.0) as u64);
        Ok(Self {
            endpoint: endpoint(given.endpoint),
            tenant: or(given.tenant, "demo"),
            character,
            preset: or(given.preset, "fast"),
            tier,
            max_wait: Millis(max_wait),
            predict: given.predict.unwrap_or(true),
            token: token(given.token)?,
        })
    }

    /// What to call the character.
    pub(crate) fn name(&self) -> String {
        let own = self.character.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
        let id = self.character.as_str().or_else(|| self.character.get("id").and_then(Value::as_str));
        let built_in = self.character.as_str().and_then(|id| character::built_in().get(id));
        own.or(built_in.map(|c| c.name.as_str())).or(id).unwrap_or("The character").to_owned()
    }
}

/// The token, if there is one.
///
/// # Errors
/// It is not one.
pub(crate) fn token(given: Option<String>) -> Result<Option<Token>, String> {
    given.filter(|text| !text.is_empty()).map(|text| Token::parse(&text)).transpose()
}

/// Where the edge is: as given, or where the page comes from.
fn endpoint(given: Option<String>) -> String {
    let origin = || browser::window().and_then(|w| w.location().origin().ok()).unwrap_or_default();
    let text = given.filter(|text| !text.is_empty()).unwrap_or_else(origin);
    text.trim_end_matches('/').to_owned()
}
