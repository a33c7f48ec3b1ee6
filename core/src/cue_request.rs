//! What a game asks of a character: a reaction, how urgently, who shares its clip, how long to wait for
//! it, and what to show meanwhile. Names the field that is wrong, and keeps nothing half read.

use crate::api::{Fallback, Strategy};
use crate::cue::{Cue, Intensity, Reaction};
use crate::document::Document;
use crate::operation::{MAX_ID_CHARS, MAX_PRIORITY, MAX_WORD_CHARS};
use crate::units::Millis;

/// A checked request.
#[derive(Debug, Clone, PartialEq)]
pub struct CueRequest {
    /// The reaction.
    pub cue: Cue,
    /// 0 to 20, higher first. The edge has a usual one.
    pub priority: Option<u8>,
    /// Who shares the clip. [`Strategy::Always`] takes a nonce for each request, which the shell draws.
    pub strategy: Strategy,
    /// The playthrough; there whenever the strategy needs it.
    pub playthrough: Option<String>,
    /// The player; there whenever the strategy needs it.
    pub player: Option<String>,
    /// How long the answer may wait for the clip; none for the character's own `maxWait`.
    pub max_wait: Option<Millis>,
    /// What to show meanwhile, best first, none twice. Empty for the usual placeholder.
    pub fallbacks: Vec<Fallback>,
}

/// Who plays, as the options of the character say it. A request may say otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Who {
    /// `playthroughId`.
    pub playthrough: Option<String>,
    /// `playerId`.
    pub player: Option<String>,
}

/// Which field of a request is wrong, and what would be right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{field} {detail}")]
pub struct CueRequestError {
    /// The name of the field, as the page writes it.
    pub field: &'static str,
    /// The rest of a sentence that begins with the field.
    pub detail: &'static str,
}

/// Longest wait of one request: ten minutes, like that of a character.
pub const LONGEST_WAIT: Millis = Millis::seconds(600);

/// What is to be seen and done while the clip of a request is on its way, as its fallbacks say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Meanwhile {
    /// A reaction at hand that comes close stands in.
    pub close: bool,
    /// Where none does, what is on screen stays; otherwise the placeholder is drawn.
    pub keeps: bool,
    /// What fails is asked for once more, within the wait.
    pub retry: bool,
}

type Read<T> = Result<T, CueRequestError>;

impl Who {
    /// Reads `playthroughId` and `playerId` of a character's options, or of a request's.
    ///
    /// # Errors
    /// The id that is no text of 1 to 64 characters.
    pub fn read<D: Document>(options: &D) -> Read<Self> {
        Ok(Self { playthrough: id(options, "playthroughId")?, player: id(options, "playerId")? })
    }
}

impl CueRequest {
    /// What the fallbacks come to: the first that says what is seen counts.
    #[must_use]
    pub fn meanwhile(&self) -> Meanwhile {
        let others = self.fallbacks.iter().find(|one| **one != Fallback::Cached);
        Meanwhile {
            close: self.fallbacks.first() == Some(&Fallback::Cached),
            keeps: matches!(others, Some(Fallback::Freeze | Fallback::Skip | Fallback::Retry)),
            retry: self.fallbacks.contains(&Fallback::Retry),
        }
    }

    /// Reads `request(cue, options)`. Words that are not given are `neutral` and `idle`, an intensity
    /// that is not given is 0.5.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn read<D: Document>(cue: &D, options: Option<&D>, who: &Who) -> Read<Self> {
        let cue = reaction(cue)?;
        let Some(options) = options else {
            let (playthrough, player) = (who.playthrough.clone(), who.player.clone());
            let strategy = Strategy::Once;
            return Ok(Self {
                cue,
                priority: None,
                strategy,
                playthrough,
                player,
                max_wait: None,
                fallbacks: Vec::new(),
            });
        };
        let own = Who::read(options)?;
        let request = Self {
            cue,
            priority: priority(options)?,
            strategy: strategy(options)?,
            playthrough: own.playthrough.or_else(|| who.playthrough.clone()),
            player: own.player.or_else(|| who.player.clone()),
            max_wait: max_wait(options)?,
            fallbacks: fallbacks(options)?,
        };
        match request.strategy {
            Strategy::PerPlaythrough if request.playthrough.is_none() => Err(CueRequestError {
                field: "playthroughId",
                detail: "is needed by the strategy per_playthrough: give it with the request or with the character.",
            }),
            Strategy::PerPlayer if request.player.is_none() => Err(CueRequestError {
                field: "playerId",
                detail: "is needed by the strategy per_player: give it with the request or with the character.",
            }),
            _ => Ok(request),
        }
    }
}

fn reaction<D: Document>(cue: &D) -> Read<Cue> {
    let intensity = match cue.member("intensity") {
        None => Intensity::from_unit(0.5),
        Some(value) => value.number().and_then(Intensity::from_unit),
    };
    Ok(Cue::Reaction(Reaction {
        expression: word(cue, "expression", "neutral")?,
        emotion: word(cue, "emotion", "neutral")?,
        animation: word(cue, "animation", "idle")?,
        intensity: intensity
            .ok_or(CueRequestError { field: "intensity", detail: "is a number from 0 to 1." })?,
    }))
}

fn word<D: Document>(cue: &D, field: &'static str, usual: &str) -> Read<String> {
    let Some(value) = cue.member(field) else { return Ok(usual.to_owned()) };
    let wrong = CueRequestError { field, detail: "is a word of 1 to 40 letters, digits, spaces, _ and -." };
    let mut text = value.text().ok_or(wrong)?;
    // Letters beyond ASCII are lowered with the rest of the normal form.
    text.make_ascii_lowercase();
    match text.trim_ascii() {
        "" => Ok(usual.to_owned()),
        trimmed if trimmed.chars().count() > MAX_WORD_CHARS => Err(wrong),
        trimmed => Ok(trimmed.to_owned()),
    }
}

fn id<D: Document>(options: &D, field: &'static str) -> Read<Option<String>> {
    let Some(value) = options.member(field) else { return Ok(None) };
    let text = value.text().filter(|text| (1..=MAX_ID_CHARS).contains(&text.chars().count()));
    text.map(Some).ok_or(CueRequestError { field, detail: "is a text of 1 to 64 characters." })
}

fn priority<D: Document>(options: &D) -> Read<Option<u8>> {
    let Some(value) = options.member("priority") else { return Ok(None) };
    let number = value.number();
    let whole = (0..=MAX_PRIORITY).find(|whole| number == Some(f64::from(*whole)));
    whole.map(Some).ok_or(CueRequestError { field: "priority", detail: "is a whole number from 0 to 20." })
}

fn strategy<D: Document>(options: &D) -> Read<Strategy> {
    let Some(value) = options.member("strategy") else { return Ok(Strategy::Once) };
    let text = value.text();
    Strategy::ALL.into_iter().find(|one| text.as_deref() == Some(one.as_str())).ok_or(CueRequestError {
        field: "strategy",
        detail: "is one of once, per_playthrough, per_player, always.",
    })
}

fn max_wait<D: Document>(options: &D) -> Read<Option<Millis>> {
    let Some(value) = options.member("maxWait") else { return Ok(None) };
    match value.number() {
        // In range, so the cast keeps it.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        Some(ms) if ms >= 0.0 && ms <= LONGEST_WAIT.0 as f64 => Ok(Some(Millis(ms as u64))),
        _ => {
            Err(CueRequestError { field: "maxWait", detail: "is a number of milliseconds from 0 to 600000." })
        }
    }
}

/// One fallback, or a list of them.
fn fallbacks<D: Document>(options: &D) -> Read<Vec<Fallback>> {
    let Some(value) = options.member("fallback") else { return Ok(Vec::new()) };
    let wrong = CueRequestError {
        field: "fallback",
        detail: "is one of cached, placeholder, freeze, skip, retry, or a list of them without one twice.",
    };
    let mut read = Vec::new();
    for item in value.items().unwrap_or_else(|| vec![value]) {
        let text = item.text();
        // What the caller names itself is drawn by the caller: a game has no use for its address.
        let known = Fallback::ALL.into_iter().filter(|one| *one != Fallback::DefaultContent);
        let one = known.into_iter().find(|one| text.as_deref() == Some(one.as_str())).ok_or(wrong)?;
        if read.contains(&one) {
            return Err(wrong);
        }
        read.push(one);
    }
    if read.is_empty() { Err(wrong) } else { Ok(read) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, proptest};
    use serde_json::{Value, json};

    use super::*;

    fn read(cue: Value, options: Value) -> Read<CueRequest> {
        CueRequest::read(&&cue, Some(&&options), &Who::default())
    }

    #[test]
    fn what_is_not_given_is_the_usual() {
        let request = CueRequest::read(&&json!({ "expression": " Happy " }), None, &Who::default()).unwrap();
        let Cue::Reaction(reaction) = request.cue else { panic!("a game asks for reactions") };
        assert_eq!((reaction.expression.as_str(), reaction.animation.as_str()), ("happy", "idle"));
        assert_eq!(reaction.intensity.tenths(), 5);
        assert_eq!((request.priority, request.strategy), (None, Strategy::Once));
        assert_eq!(read(json!({}), json!({})).unwrap().fallbacks, []);
    }

    #[test]
    fn everything_that_is_given_is_read() {
        let options = json!({ "priority": 15, "strategy": "per_player", "playerId": "p1", "maxWait": 250,
            "fallback": ["cached", "freeze"] });
        let request = read(json!({}), options).unwrap();
        assert_eq!(request.priority, Some(15));
        assert_eq!((request.strategy, request.player.as_deref()), (Strategy::PerPlayer, Some("p1")));
        assert_eq!(request.max_wait, Some(Millis(250)));
        assert_eq!(request.fallbacks, [Fallback::Cached, Fallback::Freeze]);
        assert_eq!(read(json!({}), json!({ "fallback": "skip" })).unwrap().fallbacks, [Fallback::Skip]);
    }

    #[test]
    fn the_first_fallback_that_says_what_is_seen_counts() {
        let come_to = |list: Value| {
            let Meanwhile { close, keeps, retry } =
                read(json!({}), json!({ "fallback": list })).unwrap().meanwhile();
            (close, keeps, retry)
        };
        assert_eq!(come_to(json!("cached")), (true, false, false));
        assert_eq!(come_to(json!(["cached", "skip"])), (true, true, false));
        assert_eq!(come_to(json!(["freeze", "cached"])), (false, true, false));
        assert_eq!(come_to(json!(["placeholder", "retry"])), (false, false, true));
        assert_eq!(come_to(json!("retry")), (false, true, true));
        assert_eq!(read(json!({}), json!({})).unwrap().meanwhile(), Meanwhile::default());
    }

    #[test]
    fn a_strategy_needs_its_id_from_the_request_or_from_the_character() {
        let cue = json!({});
        for (strategy, field) in [("per_playthrough", "playthroughId"), ("per_player", "playerId")] {
            let options = json!({ "strategy": strategy });
            assert_eq!(read(cue.clone(), options.clone()).unwrap_err().field, field);
            let who = Who::read(&&json!({ field: "one" })).unwrap();
            assert!(CueRequest::read(&&cue, Some(&&options), &who).is_ok());
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (field, bad) in [
            ("intensity", json!(1.5)),
            ("intensity", json!("1")),
            ("expression", json!(3)),
            ("animation", json!("a".repeat(41))),
        ] {
            assert_eq!(read(json!({ field: bad }), json!({})).unwrap_err().field, field);
        }
        for (field, bad) in [
            ("priority", json!(1.5)),
            ("priority", json!(21)),
            ("strategy", json!("often")),
            ("maxWait", json!(-1)),
            ("maxWait", json!("soon")),
            ("fallback", json!([])),
            ("fallback", json!(["skip", "skip"])),
            ("fallback", json!("default_content")),
            ("playerId", json!("")),
            ("playthroughId", json!(7)),
        ] {
            assert_eq!(read(json!({}), json!({ field: bad })).unwrap_err().field, field);
        }
    }

    proptest! {
        #[test]
        fn any_number_is_read_or_refused(number in any::<f64>()) {
            for field in ["priority", "maxWait"] {
                if let Ok(request) = read(json!({}), json!({ field: number })) {
                    prop_assert!(request.priority.is_none_or(|priority| priority <= MAX_PRIORITY));
                    prop_assert!(request.max_wait.is_none_or(|wait| wait <= LONGEST_WAIT));
                }
            }
        }
    }
}
