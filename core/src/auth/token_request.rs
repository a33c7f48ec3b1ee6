//! Reads the body of `POST /tokens`: what a server wants a token for, with every wrong field
//! reported at once.

use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;

use super::claims::{Claims, CuePattern, Issuer, ReactionPattern};
use super::origin::Origin;
use super::token::MAX_TTL;
use crate::catalog;
use crate::cue::Intensity;
use crate::limiter::Rate;
use crate::operation::MAX_ID_CHARS;
use crate::operation::fields::{Fields, text_of};
use crate::problem::{FieldCode, FieldError};
use crate::units::{MicroUsd, Millis};

/// Most origins of a token.
pub const MAX_ORIGINS: usize = 32;
/// Most characters of a token.
pub const MAX_CHARACTERS: usize = 64;
/// Most cues of a token.
pub const MAX_CUES: usize = 64;
/// Shortest time a token may be valid for: a page needs a minute to load and ask.
pub const MIN_TTL: Millis = Millis::seconds(60);
/// How long a token is valid for when its request does not say.
pub const DEFAULT_TTL: Millis = Millis::seconds(3_600);
/// The largest budget of a token: a thousand dollars, more than a page can spend in a day.
pub const MAX_BUDGET: MicroUsd = MicroUsd(1_000_000_000);
/// The largest request limit of a token, in its window.
pub const MAX_REQUESTS: u32 = 10_000;
/// The longest window of a request limit.
pub const MAX_REQUEST_WINDOW: Millis = Millis::seconds(24 * 3_600);

/// What a token is asked for, checked and complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRequest {
    /// The pages that may use it, 1 to [`MAX_ORIGINS`].
    pub origins: Vec<Origin>,
    /// The ids of the characters it is for; absent, any of the tenant's.
    pub characters: Option<Vec<String>>,
    /// The cues it is for; absent, any.
    pub cues: Option<Vec<CuePattern>>,
    /// The most that may be spent with it.
    pub budget: MicroUsd,
    /// How long it is valid for: `ttl_s` in seconds, or [`DEFAULT_TTL`].
    pub ttl: Millis,
    /// How often it may ask for a clip; absent, as often as the deployment lets any page.
    pub requests: Option<Rate>,
    /// Whether it may ask for private clips: no, unless said.
    pub private: bool,
    /// The one player it speaks for; absent, any.
    pub player: Option<String>,
}

impl TokenRequest {
    /// Reads `{origins, characters?, cues?, budget_micro_usd, ttl_s?, requests?: {count, window_s},
    /// private?, player?}`. A cue is the id of a state, or `{expression?, emotion?, animation?,
    /// max_intensity?}`.
    ///
    /// # Errors
    /// Every wrong field.
    pub fn read(body: &Value) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut root = Fields::new(body, String::new(), &mut errors);
        let origins = origins(&mut root);
        let characters = characters(&mut root);
        let cues = cues(&mut root);
        if !root.has("budget_micro_usd") {
            root.require("budget_micro_usd", "the most the token may spend, in millionths of a dollar");
        }
        let budget = root.whole("budget_micro_usd", 0, MAX_BUDGET.0);
        let ttl = root.whole("ttl_s", MIN_TTL.0 / 1_000, MAX_TTL.0 / 1_000);
        let requests = requests(&mut root);
        let private = root.flag("private").unwrap_or(false);
        let player = root.text("player", 1, MAX_ID_CHARS);
        root.refuse_the_rest();
        match (origins, budget) {
            (Some(origins), Some(budget)) if errors.is_empty() => Ok(Self {
                origins,
                characters,
                cues,
                budget: MicroUsd(budget),
                ttl: ttl.map_or(DEFAULT_TTL, Millis::seconds),
                requests,
                private,
                player,
            }),
            _ => Err(errors),
        }
    }

    /// The claims of the token for `tenant`, issued `now` (milliseconds since the Unix epoch) and
    /// named by 16 fresh random bytes.
    #[must_use]
    pub fn claims(self, tenant: &str, random: [u8; 16], now: Millis) -> Claims {
        let issued_at = Millis(now.0 - now.0 % 1_000);
        Claims {
            issuer: Issuer::Cuelight,
            tenant: tenant.to_owned(),
            id: BASE64URL_NOPAD.encode(&random),
            issued_at,
            expires_at: issued_at + self.ttl,
            origins: self.origins,
            characters: self.characters,
            cues: self.cues,
            budget: self.budget,
            requests: self.requests,
            private: self.private,
            player: self.player,
        }
    }
}

fn origins(root: &mut Fields<'_, '_>) -> Option<Vec<Origin>> {
    if !root.has("origins") {
        root.require("origins", "the pages that may use the token, such as https://shop.example");
        return None;
    }
    let mut origins = Vec::new();
    for (index, item) in root.list("origins", 1, MAX_ORIGINS)?.iter().enumerate() {
        let Some(text) = item.as_str() else {
            root.item_fault("origins", index, FieldCode::WrongType, "must be a string".into());
            continue;
        };
        match Origin::parse(text) {
            Ok(origin) => origins.push(origin),
            Err(why) => root.item_fault("origins", index, FieldCode::BadFormat, why.into()),
        }
    }
    Some(origins)
}

fn characters(root: &mut Fields<'_, '_>) -> Option<Vec<String>> {
    let mut ids = Vec::new();
    for (index, item) in root.list("characters", 1, MAX_CHARACTERS)?.iter().enumerate() {
        match text_of(item, 1, MAX_ID_CHARS) {
            Ok(id) => ids.push(id),
            Err((code, detail)) => root.item_fault("characters", index, code, detail),
        }
    }
    Some(ids)
}

fn cues(root: &mut Fields<'_, '_>) -> Option<Vec<CuePattern>> {
    let mut patterns = Vec::new();
    for (index, item) in root.list("cues", 1, MAX_CUES)?.iter().enumerate() {
        if item.is_object() {
            let pattern = reaction(root.child(&format!("cues/{index}"), item));
            patterns.push(CuePattern::Reaction(pattern));
            continue;
        }
        let Some(id) = item.as_str() else {
            let detail = "must be the id of a state, or an object with a reaction's words".into();
            root.item_fault("cues", index, FieldCode::WrongType, detail);
            continue;
        };
        if catalog::built_in().state(id).is_some() {
            patterns.push(CuePattern::State(id.to_owned()));
        } else {
            let known: Vec<&str> = catalog::built_in().states.iter().map(|s| s.id.as_str()).collect();
            let detail = format!("no such state; one of: {}", known.join(", "));
            root.item_fault("cues", index, FieldCode::UnknownValue, detail);
        }
    }
    Some(patterns)
}

fn reaction(mut fields: Fields<'_, '_>) -> ReactionPattern {
    let mut word = |name: &str| fields.has(name).then(|| fields.word(name, ""));
    let (expression, emotion, animation) = (word("expression"), word("emotion"), word("animation"));
    let max_intensity = fields.real("max_intensity", 0.0, 1.0).and_then(Intensity::from_unit);
    fields.refuse_the_rest();
    ReactionPattern { expression, emotion, animation, max_intensity }
}

fn requests(root: &mut Fields<'_, '_>) -> Option<Rate> {
    let value = root.take("requests")?;
    let mut fields = root.child("requests", value);
    for (name, what) in [("count", "how many requests"), ("window_s", "in how many seconds")] {
        if !fields.has(name) {
            fields.require(name, what);
        }
    }
    let count = fields.whole("count", 1, u64::from(MAX_REQUESTS));
    let window = fields.whole("window_s", 1, MAX_REQUEST_WINDOW.0 / 1_000);
    fields.refuse_the_rest();
    let count = u32::try_from(count?).unwrap_or(MAX_REQUESTS);
    Some(Rate { count, window: Millis::seconds(window?) })
}
