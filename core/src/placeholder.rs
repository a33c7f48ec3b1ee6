//! What a character shows until its clip exists: a small animated SVG in its own colours, at the
//! place and scale of the clip that will replace it.
//!
//! Everything written into the picture is ours or has been parsed into a number or a colour; no
//! text of a caller's ever reaches it.

use crate::catalog;
use crate::character::{self, Body, Color, Look};
use crate::cue::{Cue, Reaction};
use crate::problem::{FieldCode, FieldError};

mod bodies;
pub mod call;
mod decimal;
mod face;
mod motion;
pub mod stance;

use decimal::{hundredths, tenths};

/// Where the placeholder for this cue is, as a path of the edge:
/// `/placeholders/{state}.svg?body=..&primary=4f7cff&..`.
#[must_use]
pub fn path(look: &Look, cue: &Cue) -> String {
    let bare = |color: Color| color.to_string().split_off(1);
    format!(
        "/placeholders/{}.svg?body={}&primary={}&secondary={}&accent={}&backdrop={}",
        state_for(cue),
        look.body.as_str(),
        bare(look.primary),
        bare(look.secondary),
        bare(look.accent),
        bare(look.backdrop),
    )
}

/// The picture for a state of the catalogue, at most 4 KB; `None` for a state that is not in it.
#[must_use]
pub fn svg(state: &str, look: &Look) -> Option<String> {
    let state = catalog::built_in().state(state)?;
    let pose = stance::of_state(&state.id);
    let scale = stance::scale(look.body);
    let parts = bodies::draw(look, &pose);
    let motion = motion::css(&state.id, &parts);
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 200 200\" role=\"img\" aria-labelledby=\"t\">\
         <title id=\"t\">A character, {label}</title><style>{motion}</style>\
         <rect width=\"200\" height=\"200\" fill=\"{backdrop}\"/>\
         <ellipse cx=\"100\" cy=\"183\" rx=\"46\" ry=\"5\" opacity=\".1\"/>\
         <g class=\"B\"><g transform=\"translate({x} {y}) scale({scale}) rotate({lean} 100 182)\">{back}\
         <g transform=\"translate(0 {dy}) rotate({tilt} 100 {neck})\"><g class=\"H\">{head}</g></g>{arms}</g></g>\
         <g class=\"P\">{prop}</g></svg>",
        label = state.label,
        backdrop = look.backdrop,
        x = tenths(100.0 * (1.0 - scale)),
        y = tenths(182.0 * (1.0 - scale)),
        scale = hundredths(scale),
        lean = tenths(pose.lean),
        back = parts.back,
        dy = tenths(pose.head_dy),
        tilt = tenths(pose.tilt),
        neck = tenths(parts.neck),
        head = parts.head,
        arms = parts.arms,
        prop = face::prop(look, pose.prop),
    ))
}

/// A picture of [`svg`], without its motion.
#[must_use]
#[inline(never)]
pub fn still(svg: &str) -> String {
    svg.replace(motion::FOR_WHOM_IT_STOPS, "all")
}

/// Whether a query asks for [`still`]: `still=1`.
pub fn stands_still<N: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (N, V)>) -> bool {
    pairs.into_iter().any(|(name, value)| name.as_ref() == "still" && value.as_ref() == "1")
}

/// The look that a query asks for. Every field is optional: what is missing comes from
/// `character`, the id of a built-in one, or else from Pip. A colour is written `rrggbb`, with or
/// without `#`.
///
/// # Errors
/// Every field that is unknown or cannot be read, at once.
pub fn look_from_query<N: AsRef<str>, V: AsRef<str>>(
    pairs: impl IntoIterator<Item = (N, V)>,
) -> Result<Look, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut fault = |name: &str, code, detail: String| {
        errors.push(FieldError { pointer: format!("/{name}"), code, detail });
    };
    let (mut base, mut body) = (default_look(), None);
    let [mut primary, mut secondary, mut accent, mut backdrop] = [None; 4];
    for (name, value) in pairs {
        let (name, value) = (name.as_ref(), value.as_ref());
        let slot = match name {
            "primary" => &mut primary,
            "secondary" => &mut secondary,
            "accent" => &mut accent,
            "backdrop" => &mut backdrop,
            "still" => {
                if !matches!(value, "0" | "1") {
                    fault(name, FieldCode::UnknownValue, "1 for a picture without motion, or 0".into());
                }
                continue;
            }
            "body" => {
                body = Body::parse(value);
                if body.is_none() {
                    let known = Body::ALL.map(Body::as_str).join(", ");
                    fault(name, FieldCode::UnknownValue, format!("one of {known}"));
                }
                continue;
            }
            "character" => {
                match character::built_in().get(value) {
                    Some(found) => base = found.look,
                    None => {
                        let known: Vec<&str> = character::built_in().keys().map(String::as_str).collect();
                        fault(name, FieldCode::UnknownValue, format!("one of {}", known.join(", ")));
                    }
                }
                continue;
            }
            _ => {
                // The name is a stranger's and is not repeated; the pointer says where, in terms of ours.
                let known = "body, primary, secondary, accent, backdrop and character are known";
                fault("", FieldCode::UnknownField, known.into());
                continue;
            }
        };
        let digits = value.strip_prefix('#').unwrap_or(value);
        *slot = Color::parse(&format!("#{digits}"));
        if slot.is_none() {
            fault(name, FieldCode::BadFormat, "a colour is written rrggbb".into());
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(Look {
        body: body.unwrap_or(base.body),
        primary: primary.unwrap_or(base.primary),
        secondary: secondary.unwrap_or(base.secondary),
        accent: accent.unwrap_or(base.accent),
        backdrop: backdrop.unwrap_or(base.backdrop),
    })
}

/// Pip, or a derived character should the catalogue ever lose him.
fn default_look() -> Look {
    character::built_in().get("pip").map_or_else(|| character::Character::derived("pip").look, |pip| pip.look)
}

/// The skin of a human-like body. It follows from the look, so that the placeholder and the clip agree.
#[must_use]
pub fn skin(look: &Look) -> Color {
    const TONES: [(u8, u8, u8); 5] =
        [(0xf6, 0xc9, 0xa2), (0xe0, 0xa3, 0x76), (0xc5, 0x84, 0x55), (0xf3, 0xbf, 0x93), (0x98, 0x60, 0x3d)];
    let mixed =
        usize::from(look.primary.r) + usize::from(look.primary.b) * 3 + usize::from(look.accent.g) + 3;
    let (r, g, b) = TONES[mixed % TONES.len()];
    Color { r, g, b }
}

/// The state of the catalogue that is closest to a cue: the state itself, or what a reaction's
/// animation, expression or emotion says, in that order. `idle` when no word is known.
#[must_use]
pub fn state_for(cue: &Cue) -> &'static str {
    match cue {
        Cue::State { state } => catalog::built_in().state(state).map_or("idle", |found| &found.id),
        Cue::Reaction(Reaction { expression, emotion, animation, .. }) => [animation, expression, emotion]
            .into_iter()
            .find_map(|word| state_for_word(word))
            .unwrap_or("idle"),
    }
}

/// The state that shows a word of a reaction best, if the word is known and says anything.
fn state_for_word(word: &str) -> Option<&'static str> {
    Some(match word {
        "wave" => "greeting",
        "giggle" | "purr" | "dance" => "happy",
        "jump" | "cheer" | "spin" => "excited",
        "flinch" => "surprised",
        "nod" => "listening",
        "shake" => "confused",
        "stretch" => "confident",
        "sleep" => "sad",
        "happy" | "pleased" | "amused" | "giggling" | "loving" | "blushing" => "happy",
        "ecstatic" => "excited",
        "interested" | "curious" => "listening",
        "flustered" | "shy" | "confused" => "confused",
        "surprised" | "afraid" => "surprised",
        "angry" | "proud" => "confident",
        "annoyed" | "bored" => "thinking",
        "sad" | "tired" => "sad",
        _ => return catalog::built_in().state(word).filter(|s| s.id != "idle").map(|s| s.id.as_str()),
    })
}

#[cfg(test)]
mod tests;
