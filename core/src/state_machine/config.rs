//! What a character's page says about its states and rules, laid over the built-in ones. Reads and
//! bounds it field by field; whether it can trap the character is for [`super::check()`] to say.

use std::borrow::Cow;

use super::rules::{Activity, List, Mood, Name, Rules};
use super::signal::{SignalKind, Who};
use crate::catalog::{self, Play, StateDef, Tier};
use crate::document::Document;
use crate::units::Millis;

mod part;

use part::{Page, Part};

/// Why a configuration cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{at}` must be {needs}")]
pub struct ConfigError {
    /// Where, for instance `moods[2].above`.
    pub at: String,
    /// What it must be.
    pub needs: &'static str,
}

impl ConfigError {
    /// What programs tell it by.
    pub const CODE: &'static str = "invalid_states";
}

/// The states a character may be in and the rules it follows.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// States that the catalogue lacks or tells differently.
    own: Vec<StateDef>,
    /// States that no built-in rule brings; without a rule of the page's they are shown by its call only.
    quiet: Vec<String>,
    /// The rules.
    rules: Rules,
}

impl Default for Config {
    /// What this build ships with.
    fn default() -> Self {
        Self { own: Vec::new(), quiet: Vec::new(), rules: Rules::built_in().clone() }
    }
}

/// Most entries of a list.
const MOST: usize = 64;
/// How long anything may last, in milliseconds: ten minutes. Longer than a visitor waits, and short
/// enough that nothing stays for good.
const LONGEST: u32 = 600_000;
/// How long a mood waits when its rule says nothing, in milliseconds.
const WAITS: Millis = Millis(20_000);

impl Config {
    /// Reads a page's object. What it does not mention stays as built in. docs/states.md describes it.
    ///
    /// # Errors
    /// A field is unknown, missing, of another kind or out of range, or names a state there is not.
    pub fn read(document: impl Document) -> Result<Self, ConfigError> {
        Self::amended(&Page::copy(&document).whole())
    }

    fn amended(page: &Part<'_>) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        page.only(&[
            "states",
            "without_rules",
            "priority",
            "rest",
            "dwell_ms",
            "queue",
            "held_ms",
            "crowded_ms",
            "activities",
            "moods",
        ])?;
        for state in page.parts("states")? {
            let state = config.read_state(&state)?;
            config.own.retain(|known| known.id != state.id);
            config.own.push(state);
        }
        config.quiet = page.texts("without_rules")?.unwrap_or_default();
        if config.quiet.iter().any(|name| config.state(name).is_none()) {
            return page.refuse("without_rules", "a list of states that there are");
        }
        let kept = |name: &Name| !config.quiet.iter().any(|quiet| quiet == name);
        config.rules.activities.to_mut().retain(|activity| kept(&activity.state));
        config.rules.moods.to_mut().retain(|mood| kept(&mood.state));
        amend(&mut config.rules, page)?;
        config.check_names(page)?;
        Ok(config)
    }

    /// The rules.
    #[must_use]
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The state with this id, the page's own before the catalogue's.
    #[must_use]
    pub fn state(&self, id: &str) -> Option<&StateDef> {
        self.own.iter().find(|state| state.id == id).or_else(|| catalog::built_in().state(id))
    }

    /// All states, the page's own last.
    pub fn states(&self) -> impl Iterator<Item = &StateDef> {
        let told = |state: &&StateDef| !self.own.iter().any(|own| own.id == state.id);
        catalog::built_in().states.iter().filter(told).chain(&self.own)
    }

    /// Whether a rule must be able to bring this state: not when the page wants to show it by itself.
    #[must_use]
    pub fn wants_rule(&self, id: &str) -> bool {
        !self.quiet.iter().any(|quiet| quiet == id) || self.rules.named().any(|named| named == id)
    }

    /// A configuration with these rules, whatever they are.
    #[cfg(test)]
    pub(super) fn with_rules(rules: Rules) -> Self {
        Self { rules, ..Self::default() }
    }

    /// The same without the moods of a state, which is still wanted.
    #[cfg(test)]
    pub(super) fn without(mut self, state: &str) -> Self {
        self.rules.moods.to_mut().retain(|mood| mood.state != state);
        self
    }

    fn read_state(&self, part: &Part<'_>) -> Result<StateDef, ConfigError> {
        part.only(&["id", "label", "tier", "play", "duration_ms", "fallback", "motion"])?;
        const NAME: &str = "1 to 32 small letters, digits, `-` or `_`";
        let plain = |c: u8| matches!(c, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
        let id = part.text("id")?.filter(|id| (1..=32).contains(&id.len()) && id.bytes().all(plain));
        let Some(id) = id else { return part.refuse("id", NAME) };
        let mut state = match self.state(&id) {
            Some(known) => known.clone(),
            None => StateDef {
                label: id.clone(),
                motion: id.clone(),
                id,
                tier: Tier::Free,
                play: Play::Held,
                duration_ms: Millis(3_000),
                fallback: vec!["idle".to_owned()],
            },
        };
        if let Some(label) = part.text("label")? {
            state.label = label;
        }
        if let Some(motion) = part.text("motion")? {
            state.motion = motion;
        }
        if let Some(fallback) = part.texts("fallback")? {
            state.fallback = fallback;
        }
        if let Some(duration) = part.span("duration_ms", 500)? {
            state.duration_ms = duration;
        }
        state.tier = match part.text("tier")?.as_deref() {
            None => state.tier,
            Some("free") => Tier::Free,
            Some("pro") => Tier::Pro,
            Some("enterprise") => Tier::Enterprise,
            Some(_) => return part.refuse("tier", "`free`, `pro` or `enterprise`"),
        };
        state.play = match part.text("play")?.as_deref() {
            None => state.play,
            Some("loop") => Play::Loop,
            Some("once") => Play::Once,
            Some("held") => Play::Held,
            Some(_) => return part.refuse("play", "`loop`, `once` or `held`"),
        };
        Ok(state)
    }

    /// Every name must be a state, and what lasts must not end on a last frame.
    fn check_names(&self, page: &Part<'_>) -> Result<(), ConfigError> {
        let lasts = |name: &str| self.state(name).is_some_and(|state| state.play != Play::Once);
        if self.own.iter().flat_map(|state| &state.fallback).any(|name| self.state(name).is_none()) {
            return page.refuse("states", "given fallbacks that are states");
        }
        if !self
            .state(&self.rules.rest)
            .is_some_and(|rest| rest.play != Play::Once && rest.tier == Tier::Free)
        {
            return page.refuse("rest", "a state of every plan that does not play `once`");
        }
        if !self.rules.activities.iter().all(|activity| lasts(&activity.state)) {
            return page.refuse(
                "activities",
                "about states that do not play `once`: they would freeze on the last frame",
            );
        }
        if self.rules.moods.iter().any(|mood| self.state(&mood.state).is_none()) {
            return page.refuse("moods", "about states that there are");
        }
        Ok(())
    }
}

/// Reads rules that are complete in themselves.
///
/// # Errors
/// A field is missing, of another kind or out of range.
#[cfg(test)]
pub(super) fn read_rules(document: impl Document) -> Result<Rules, ConfigError> {
    let mut rules = Rules::default();
    amend(&mut rules, &Page::copy(&document).whole())?;
    Ok(rules)
}

fn amend(rules: &mut Rules, page: &Part<'_>) -> Result<(), ConfigError> {
    if let Some(rest) = page.text("rest")? {
        rules.rest = Cow::Owned(rest);
    }
    if let Some(most) = page.count("queue")? {
        rules.queue = most;
    }
    for (field, least, span) in [
        ("dwell_ms", 0, &mut rules.dwell),
        ("held_ms", 100, &mut rules.held),
        ("crowded_ms", 100, &mut rules.crowded),
    ] {
        if let Some(given) = page.span(field, least)? {
            *span = given;
        }
    }
    let activities = rules.activities.to_mut();
    for part in page.parts("activities")? {
        read_activity(activities, &part)?;
    }
    for (place, name) in page.texts("priority")?.unwrap_or_default().iter().enumerate() {
        match activities.iter().position(|activity| activity.state == *name) {
            Some(at) if at >= place => {
                activities.get_mut(place..=at).unwrap_or_default().rotate_right(1);
            }
            _ => return page.refuse("priority", "a list of states that have an activity, each once"),
        }
    }
    let moods = rules.moods.to_mut();
    for part in page.parts("moods")? {
        moods.push(read_mood(&part)?);
    }
    if moods.len() > 2 * MOST || activities.len() > 16 {
        return page.refuse("moods", "a list of at most 64 rules, and at most 16 activities");
    }
    Ok(())
}

fn read_activity(activities: &mut Vec<Activity>, part: &Part<'_>) -> Result<(), ConfigError> {
    part.only(&["state", "starts", "ends", "times_out_ms"])?;
    let Some(state) = part.text("state")? else { return part.refuse("state", "a state") };
    let (starts, ends) = (part.signals("starts")?, part.signals("ends")?);
    let times_out = part.span("times_out_ms", 1)?;
    if let Some(known) = activities.iter_mut().find(|activity| activity.state == state) {
        known.starts = starts.unwrap_or(known.starts);
        known.ends = ends.unwrap_or(known.ends);
        known.times_out = times_out.or(known.times_out);
        return Ok(());
    }
    let Some(starts) = starts else { return part.refuse("starts", "the events that start it") };
    activities.push(Activity { state: Cow::Owned(state), starts, ends: ends.unwrap_or_default(), times_out });
    Ok(())
}

fn read_mood(part: &Part<'_>) -> Result<Mood, ConfigError> {
    part.only(&[
        "state",
        "on",
        "who",
        "above",
        "below",
        "technical",
        "words",
        "first",
        "waits_ms",
        "cooldown_ms",
        "clears",
    ])?;
    let Some(state) = part.text("state")? else { return part.refuse("state", "a state") };
    let Some(on) = part.signals("on")? else { return part.refuse("on", "an event or a list of events") };
    let all = |fits: fn(SignalKind) -> bool| on.kinds().all(fits);
    let who = match part.text("who")?.as_deref() {
        None => None,
        Some("user") => Some(Who::User),
        Some("assistant") => Some(Who::Assistant),
        Some(_) => return part.refuse("who", "`user` or `assistant`"),
    };
    let words: List<Name> = match part.texts("words")? {
        None => Cow::Borrowed(&[]),
        Some(words) => words.into_iter().map(Cow::Owned).collect(),
    };
    if !words.iter().all(|word| super::words::has_word(word)) {
        return part.refuse("words", "words and phrases with letters in them");
    }
    if (who.is_some() || !words.is_empty()) && !all(SignalKind::has_text) {
        return part.refuse("on", "`sent`, `message` or `stream-token`: others have no words and no speaker");
    }
    let (above, below) = (part.number("above")?, part.number("below")?);
    for kind in on.kinds() {
        let passes = match kind.range() {
            Some((least, most)) => {
                above.is_none_or(|limit| limit < below.unwrap_or(most).min(most))
                    && below.is_none_or(|limit| limit > least)
            }
            None => above.is_none() && below.is_none(),
        };
        if !passes {
            let field = if above.is_some() { "above" } else { "below" };
            return part
                .refuse(field, "a limit that a sentiment (-1 to 1) or a confidence (0 to 1) can pass");
        }
    }
    let technical = part.flag("technical")?;
    if technical && !all(|kind| kind == SignalKind::Confidence) {
        return part.refuse("technical", "left out: only `confidence` tells it");
    }
    Ok(Mood {
        state: Cow::Owned(state),
        on,
        who,
        above,
        below,
        technical,
        words,
        first: part.flag("first")?,
        waits: part.span("waits_ms", 0)?.unwrap_or(WAITS),
        cooldown: part.span("cooldown_ms", 0)?.unwrap_or_default(),
        clears: part.flag("clears")?,
    })
}

#[cfg(test)]
mod tests;
