//! What a page says about a character, read once and completed with the defaults.

use cuelight_core::catalog::Tier;
use cuelight_core::document::Document;
use cuelight_core::operation::own::{Sharing, Who};
use cuelight_core::units::Millis;
use wasm_bindgen::JsValue;

use crate::browser;
use crate::js_value::{BrowserLetters, Given};
use crate::keying::Background;
use crate::token::Token;

/// A character's options, complete.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Options {
    /// Origin of the edge, without a slash at its end.
    pub(crate) endpoint: String,
    /// Whose clips these are.
    pub(crate) tenant: String,
    /// An id or a definition; or what is wrong with it, told when it is first shown.
    pub(crate) character: Result<Who, String>,
    /// The quality preset.
    pub(crate) preset: String,
    /// The plan.
    pub(crate) tier: Tier,
    /// The page's own states and rules, as JSON: so that it is seen whether they are others.
    pub(crate) rules: Option<String>,
    /// The page has a picture of its own in place of the character until there is one.
    pub(crate) poster: bool,
    /// How long a clip is waited for, where the page says so.
    pub(crate) max_wait: Option<Millis>,
    /// Whether clips are fetched and made ahead of need.
    pub(crate) predict: bool,
    /// Over how long the end of a loop fades into its beginning; zero cuts.
    pub(crate) crossfade: Millis,
    /// How long one loop may wait for the end of another.
    pub(crate) max_delay: Millis,
    /// Whether a clip is shown in the quickest preset until it exists in the wanted one. Off unless the
    /// page asks for it: it has every clip made twice, and both are paid for.
    pub(crate) progressive: bool,
    /// What becomes of the clips' background.
    pub(crate) background: Background,
    /// Who shares the clips. A game says it with each request.
    pub(crate) sharing: Sharing,
    /// What the page shows the edge to be let in.
    pub(crate) token: Option<Token>,
}

impl Options {
    /// Reads the page's object.
    ///
    /// # Errors
    /// What is wrong, for the person who wrote the page.
    pub(crate) fn read(value: &JsValue) -> Result<Self, String> {
        let given = Given(value.clone());
        let text = |name| match given.member(name) {
            None => Ok(None),
            Some(value) => match value.text() {
                None => Err(format!("The option {name} is not a string.")),
                text => Ok(text.filter(|text| !text.is_empty())),
            },
        };
        let character = given
            .member("character")
            .filter(|character| character.text().as_deref() != Some(""))
            .ok_or("Say which character this is: an id such as bolt, or a definition.")?;
        let tier = text("tier")?.unwrap_or_else(|| "free".into());
        let tier = Tier::parse(&tier)
            .ok_or_else(|| format!("There is no tier {tier}; one of free, pro, enterprise."))?;
        let background = text("background")?.unwrap_or_else(|| "keep".into());
        let background = Background::parse(&background).ok_or_else(|| {
            format!("There is no background {background}; one of keep, key, key #rrggbb, packed.")
        })?;
        Ok(Self {
            endpoint: endpoint(text("endpoint")?)?,
            tenant: text("tenant")?.unwrap_or_else(|| "demo".into()),
            character: Who::read(character, &BrowserLetters),
            preset: text("preset")?.unwrap_or_else(|| "fast".into()),
            tier,
            rules: given.member("rules").map(|rules| rules.json()).filter(|text| !text.is_empty()),
            poster: given.flag_at("poster").unwrap_or(false),
            max_wait: given
                .number_at("maxWait")
                .filter(|ms| ms.is_finite())
                .map(|ms| millis(Some(ms), 0, 600_000.0)),
            crossfade: millis(given.number_at("crossfade"), 0, 1_000.0),
            max_delay: millis(given.number_at("maxDelay"), 0, 10_000.0),
            progressive: given.flag_at("progressive").unwrap_or(false),
            predict: given.flag_at("predict").unwrap_or(true),
            background,
            sharing: Sharing::default(),
            token: token(text("token")?)?,
        })
    }

    /// What to call the character.
    pub(crate) fn name(&self) -> String {
        let name = self.character.as_ref().map(Who::name).unwrap_or_default();
        if name.is_empty() { "The character".to_owned() } else { name }
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

/// Where the edge is: as given, or where the page comes from. An origin (RFC 6454), because what it answers is
/// found by its path.
///
/// # Errors
/// It is none.
fn endpoint(given: Option<String>) -> Result<String, String> {
    let origin = || browser::window().and_then(|w| w.location().origin().ok()).unwrap_or_default();
    let text = given.unwrap_or_else(origin);
    let text = text.trim_end_matches('/');
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_host = |host: &str| host.bytes().all(|byte| byte > b' ' && !b"/?#@\\".contains(&byte));
    match host {
        Some(host) if !host.is_empty() && is_host(host) => Ok(text.to_owned()),
        _ => Err(format!("The endpoint {text} is no origin; one looks like https://clips.example.")),
    }
}
