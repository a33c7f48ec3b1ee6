//! What a server says of a picture or a clip in its own terms, where it writes no prompt itself: a product's
//! mascot, the cover of a card, a background, or how a scene of a story moves. The prompt follows from it.

use serde_json::{Map, Value};

use super::background::{self, Mood};
use super::card::{self, Style};
use super::mascot::{self, Mascot};
use super::scene::{self, Scene};
use crate::operation::Operation;
use crate::operation::fields::{Fields, text_of};
use crate::problem::FieldCode;
use crate::units::Millis;

/// How long a background is taken to be where nobody says, in milliseconds: what most models make.
const USUAL_LENGTH: Millis = Millis(5_000);

/// A brief.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Brief {
    /// The picture of a product's mascot.
    Mascot(Mascot),
    /// The picture on the cover of a card.
    Cover {
        /// What is seen.
        motif: String,
        /// In which styles; may be none.
        styles: Vec<Style>,
        /// Names and colours.
        palette: Vec<(String, String)>,
    },
    /// A clip to stand behind a page.
    Background {
        /// What is seen.
        description: String,
        /// In which mood, if any.
        mood: Option<Mood>,
    },
    /// How a still scene of a story moves.
    Scene(Scene),
}

/// The names of the briefs, and what each is for.
pub const KINDS: [(&str, Operation); 4] = [
    ("mascot", Operation::TextToImage),
    ("cover", Operation::TextToImage),
    ("background", Operation::TextToVideo),
    ("scene", Operation::ImageToVideo),
];

impl Brief {
    /// What is made of it.
    #[must_use]
    pub const fn operation(&self) -> Operation {
        match self {
            Self::Mascot(_) | Self::Cover { .. } => Operation::TextToImage,
            Self::Background { .. } => Operation::TextToVideo,
            Self::Scene(_) => Operation::ImageToVideo,
        }
    }

    /// The prompt for it, of a clip of that `length` where it is one. The same for the same brief.
    #[must_use]
    pub fn prompt(&self, length: Option<Millis>) -> String {
        match self {
            Self::Mascot(mascot) => mascot::picture(mascot),
            Self::Cover { motif, styles, palette } => card::cover(motif, styles, palette),
            Self::Background { description, mood } => {
                let seconds = length.unwrap_or(USUAL_LENGTH).0.div_ceil(1_000);
                background::video(description, u32::try_from(seconds).unwrap_or(u32::MAX), *mood)
            }
            Self::Scene(scene) => scene::template(scene),
        }
    }

    /// What it is better without: the negative prompt, for a model that takes one.
    #[must_use]
    pub const fn avoid(&self) -> &'static str {
        match self {
            Self::Mascot(_) => mascot::AVOID,
            Self::Cover { .. } => card::AVOID,
            Self::Background { .. } => background::AVOID,
            Self::Scene(_) => scene::AVOID,
        }
    }
}

/// Reads the member `brief` of a request for `operation`. `None` where there is none, or it was reported.
pub(crate) fn read(fields: &mut Fields<'_, '_>, operation: Operation) -> Option<Brief> {
    let own = KINDS.iter().any(|(_, made)| *made == operation);
    let value = if own { fields.take("brief")? } else { return None };
    read_in(&mut fields.child("brief", value), |made| made == operation)
}

/// Reads a brief of any kind.
pub(crate) fn any(fields: &mut Fields<'_, '_>) -> Option<Brief> {
    read_in(fields, |_| true)
}

/// Reads the one member that says which brief it is.
fn read_in(fields: &mut Fields<'_, '_>, fits: impl Fn(Operation) -> bool) -> Option<Brief> {
    let fitting: Vec<&str> = KINDS.iter().filter(|(_, made)| fits(*made)).map(|(name, _)| *name).collect();
    let known = fitting.join(", ");
    let mut present = KINDS.iter().filter(|(name, _)| fields.has(name)).map(|(name, _)| *name);
    let (first, second) = (present.next(), present.next());
    drop(present);
    let Some(name) = first else {
        let missing = fitting.first().copied().unwrap_or_default();
        fields.fault(missing, FieldCode::Required, format!("is required: one of {known}"));
        fields.refuse_the_rest();
        return None;
    };
    if !fitting.contains(&name) {
        let detail = format!("is for another operation; this one takes {known}");
        fields.fault(name, FieldCode::UnknownValue, detail);
        return None;
    }
    if let Some(second) = second {
        fields.fault(second, FieldCode::BadFormat, format!("{name} is asked for already; one at a time"));
        return None;
    }
    let value = fields.take(name)?;
    let brief = {
        let mut own = fields.child(name, value);
        let brief = match name {
            "mascot" => Brief::Mascot(mascot(&mut own)),
            "cover" => cover(&mut own),
            "background" => background(&mut own),
            _ => Brief::Scene(scene(&mut own)),
        };
        own.refuse_the_rest();
        brief
    };
    fields.refuse_the_rest();
    Some(brief)
}

fn mascot(own: &mut Fields<'_, '_>) -> Mascot {
    let mut word = |name| own.text(name, 0, mascot::MAX_NAME_CHARS).unwrap_or_default();
    let (product, kind) = (word("product"), word("kind"));
    Mascot { product, kind, vibes: words(own, "vibes", mascot::MAX_VIBES, mascot::MAX_VIBE_CHARS) }
}

fn cover(own: &mut Fields<'_, '_>) -> Brief {
    let motif = own.text("motif", 0, card::MAX_MOTIF_CHARS).unwrap_or_default();
    let mut styles = Vec::new();
    for (place, item) in own.list("styles", 0, Style::ALL.len()).unwrap_or_default().iter().enumerate() {
        match Style::ALL.into_iter().find(|style| item.as_str() == Some(style.as_str())) {
            Some(style) => styles.push(style),
            None => {
                let known = Style::ALL.map(Style::as_str).join(", ");
                own.item_fault("styles", place, FieldCode::UnknownValue, format!("one of: {known}"));
            }
        }
    }
    let mut palette = Vec::new();
    for (place, item) in own.list("palette", 0, card::MAX_COLORS).unwrap_or_default().iter().enumerate() {
        let member = |name: &str| match &item[name] {
            Value::Null => Ok(String::new()),
            value => text_of(value, 0, card::MAX_COLOR_CHARS),
        };
        let known =
            |members: &Map<String, Value>| members.keys().all(|name| name == "name" || name == "color");
        match (item.as_object().is_some_and(known), member("name"), member("color")) {
            (true, Ok(name), Ok(color)) if !color.is_empty() => palette.push((name, color)),
            _ => {
                let detail =
                    format!("{{\"name\", \"color\"}}, up to {} characters each", card::MAX_COLOR_CHARS);
                own.item_fault("palette", place, FieldCode::BadFormat, detail);
            }
        }
    }
    Brief::Cover { motif, styles, palette }
}

fn background(own: &mut Fields<'_, '_>) -> Brief {
    let description = own.text("description", 0, background::MAX_DESCRIPTION_CHARS).unwrap_or_default();
    let is_moody = own.has("mood");
    let mood = if is_moody { own.choice("mood", &Mood::ALL, Mood::as_str, None) } else { None };
    // A `null` is as good as nothing.
    let _ = own.take("mood");
    Brief::Background { description, mood }
}

fn scene(own: &mut Fields<'_, '_>) -> Scene {
    let mut text = |name, most| own.text(name, 0, most).unwrap_or_default();
    let [title, setting, tone] = [
        ("title", scene::MAX_TITLE_CHARS),
        ("setting", scene::MAX_SETTING_CHARS),
        ("tone", scene::MAX_TONE_CHARS),
    ]
    .map(|(name, most)| text(name, most));
    let [description, narration] = ["description", "narration"].map(|name| text(name, scene::MAX_TEXT_CHARS));
    let characters = words(own, "characters", scene::MAX_CHARACTERS, scene::MAX_CHARACTER_CHARS);
    Scene { title, description, narration, setting, tone, characters }
}

fn words(own: &mut Fields<'_, '_>, name: &str, most: usize, most_chars: usize) -> Vec<String> {
    let mut found = Vec::new();
    for (place, item) in own.list(name, 0, most).unwrap_or_default().iter().enumerate() {
        match text_of(item, 1, most_chars) {
            Ok(word) => found.push(word),
            Err((code, detail)) => own.item_fault(name, place, code, detail),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::FieldError;
    use proptest::prelude::*;
    use serde_json::json;

    fn parse(value: &Value) -> Result<Brief, Vec<FieldError>> {
        let mut errors = Vec::new();
        let found = super::any(&mut Fields::new(value, "/brief".into(), &mut errors));
        found.filter(|_| errors.is_empty()).ok_or(errors)
    }

    #[test]
    fn each_brief_is_read_as_what_it_is_for() {
        let briefs = [
            json!({"mascot": {"product": "Acme", "kind": "robot", "vibes": ["calm"]}}),
            json!({"cover": {"motif": "a fox", "styles": ["cosmic"], "palette": [{"name": "sky", "color": "#4f7cff"}]}}),
            json!({"background": {"description": "waves", "mood": "calm"}}),
            json!({"scene": {"title": "The storm", "characters": ["Fen"]}}),
        ];
        for (brief, (name, operation)) in briefs.iter().zip(KINDS) {
            let brief = parse(brief).unwrap();
            assert_eq!(brief.operation(), operation, "{name}");
            assert!(brief.prompt(None).len() > 40 && !brief.avoid().is_empty());
        }
        let clip = parse(&briefs[2]).unwrap();
        assert!(clip.prompt(Some(Millis(7_500))).contains("video of 8 seconds"));
    }

    #[test]
    fn what_is_wrong_with_a_brief_is_told_with_its_place() {
        let told = |brief: Value| {
            let errors = parse(&brief).unwrap_err();
            errors.into_iter().map(|error| error.pointer).collect::<Vec<_>>()
        };
        assert_eq!(told(json!({})), ["/brief/mascot"]);
        assert_eq!(told(json!({"advert": {}})), ["/brief/mascot", "/brief/advert"]);
        assert_eq!(told(json!("mascot"))[0], "/brief");
        assert_eq!(told(json!({"mascot": {}, "scene": {}})), ["/brief/scene"]);
        assert_eq!(
            told(json!({"mascot": {"vibes": [1], "size": 3}})),
            ["/brief/mascot/vibes/0", "/brief/mascot/size"]
        );
        assert_eq!(
            told(json!({"cover": {"styles": ["loud"], "palette": ["red"]}})),
            ["/brief/cover/styles/0", "/brief/cover/palette/0"]
        );
        assert_eq!(told(json!({"background": {"mood": "angry"}})), ["/brief/background/mood"]);
        assert_eq!(told(json!({"mascot": {}, "weather": 1})), ["/brief/weather"]);
    }

    proptest! {
        #[test]
        fn whatever_is_in_a_brief_its_prompt_is_bounded(text in ".{0,300}", which in 0usize..4) {
            let briefs = [
                json!({"mascot": {"product": text.chars().take(60).collect::<String>()}}),
                json!({"cover": {"motif": text}}),
                json!({"background": {"description": text}}),
                json!({"scene": {"description": text, "narration": text}}),
            ];
            if let Ok(brief) = parse(&briefs[which]) {
                prop_assert!(brief.prompt(Some(Millis(8_000))).chars().count() <= 1_000);
            }
        }
    }
}
