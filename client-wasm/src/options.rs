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
    /// Over how long the end of a loop fades into its beginning; zero cuts.
    pub(crate) crossfade: Millis,
    /// How long one loop may wait for the end of another.
    pub(crate) max_delay: Millis,
    /// Whether a clip is shown in the quickest preset until it exists in the wanted one. Off unless the
    /// page asks for it: it has every clip made twice, and both are paid for.
    pub(crate) progressive: bool,
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
    crossfade: Option<f64>,
    max_delay: Option<f64>,
    progressive: Option<bool>,
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
        Ok(Self {
            endpoint: endpoint(given.endpoint),
            tenant: or(given.tenant, "demo"),
            character,
            preset: or(given.preset, "fast"),
            tier,
            max_wait: millis(given.max_wait, 5_000, 600_000.0),
            crossfade: millis(given.crossfade, 0, 1_000.0),
            max_delay: millis(given.max_delay, 0, 10_000.0),
            progressive: given.progressive.unwrap_or(false),
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

/// A span as a page writes it, at most `most`.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn millis(given: Option<f64>, usual: u64, most: f64) -> Millis {
    Millis(given.filter(|ms| ms.is_finite()).map_or(usual, |ms| ms.clamp(0.0, most) as u64))
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
