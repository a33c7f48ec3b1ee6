//! Reads the parameters of an order for one model: every wrong field at once, with what is allowed.

use std::fmt::Display;

use serde_json::Value;

use super::fields::Fields;
use super::{MAX_PROMPT_CHARS, Operation, Subject, Surroundings};
use crate::catalog::{self, Bounds, ModelDef, Preset, Span};
use crate::order::{Lora, Order, Role};
use crate::problem::{FieldCode, FieldError};
use crate::prompt;
use crate::prompt::brief::Brief;

mod inputs;
mod length;

/// What the parameters ask for.
pub(super) struct Asked {
    /// The order.
    pub(super) order: Order,
    /// Of whom, doing what, where a character is asked for.
    pub(super) subject: Option<Subject>,
    /// Whether words of the caller's own are in it.
    pub(super) free_text: bool,
}

/// The members that a picture may be named by, in the order they are looked for.
const BASE_IMAGES: [&str; 2] = ["base_image", "npc_base_image"];
/// Longest name of a low-rank adaptation, in characters.
const MAX_LORA_CHARS: usize = 100;
/// The weight of an adaptation that names none.
const USUAL_WEIGHT: f64 = 0.8;

/// The assets that the body of a job names, none twice: to be looked up before it is checked.
#[must_use]
pub fn assets_named(body: &Value) -> Vec<String> {
    let members = body["params"].as_object().into_iter().flatten();
    let mut found: Vec<String> = Vec::new();
    for (_, value) in members {
        if let Some(sha256) = value["asset"].as_str().filter(|name| is_sha256(name))
            && !found.iter().any(|known| known == sha256)
        {
            found.push(sha256.to_owned());
        }
    }
    found
}

/// Whether the parameters of a character's clip name a picture to begin with.
pub(super) fn has_base_image(params: Option<&Value>) -> bool {
    let asks = |name| params.is_some_and(|params| params[name]["asset"].is_string());
    BASE_IMAGES.into_iter().any(asks)
}

/// Reads the member `params` of a request for `operation` from `model`.
pub(super) fn read(
    operation: Operation,
    model: &ModelDef,
    mut fields: Fields<'_, '_>,
    around: &Surroundings<'_>,
) -> Option<Asked> {
    let preset = if operation.is_of_pages() { preset(&mut fields) } else { None };
    let subject = match operation {
        Operation::StateClip | Operation::NpcResponse => Some(Subject::read(operation, &mut fields)),
        _ => None,
    };
    let extra = fields.text("prompt", 0, most(model.prompt.as_ref())).unwrap_or_default();
    let style = if operation.is_of_pages() { fields.word("art_style", "") } else { String::new() };
    let call = (operation == Operation::CallImage).then(|| prompt::call::read(&mut fields));
    let is_briefed = fields.has("brief");
    let brief = prompt::brief::read(&mut fields, operation);
    let (inputs, named) = inputs::read(&mut fields, operation, model, around);
    let pictured = named.contains(&Role::Image);
    let asked_to_avoid = fields.has("negative_prompt");
    let mut negative_prompt = words(&mut fields, "negative_prompt", model.negative_prompt.as_ref(), model);
    // Ours comes without asking, and only where there is room for it.
    let usual = brief.as_ref().map(Brief::avoid).or(call.as_ref().map(|_| prompt::call::AVOID));
    if let (false, Some(usual), Some(bounds)) = (asked_to_avoid, usual, &model.negative_prompt)
        && usual.len() as u64 <= bounds.max
    {
        usual.clone_into(&mut negative_prompt);
    }
    let own_style = !style.is_empty() && !prompt::ART_STYLES.contains(&style.as_str());
    let free_text = subject.is_none() || own_style || !extra.is_empty() || !negative_prompt.is_empty();

    let size = size(&mut fields, model, preset);
    let usual = subject.as_ref().and_then(|subject| subject.as_ref().map(Subject::usual_duration));
    let (resolution, duration_ms) = length::read(&mut fields, model, usual, &named);
    let prompt = match (&subject, &call, &brief) {
        (Some(subject), ..) => subject.as_ref().map(|subject| match pictured {
            true => subject.prompt(&style, &extra),
            false => subject.prompt_with_likeness(&style, &extra),
        }),
        (None, Some(call), _) => Some(prompt::call::picture(call, &extra)),
        (None, None, Some(brief)) => Some(with(brief.prompt(duration_ms), &extra)),
        // What is wrong with the brief has been reported.
        (None, None, None) if is_briefed => None,
        (None, None, None) => Some(extra.clone()),
    };
    let said = if brief.is_some() { "brief" } else { "prompt" };
    length_of_prompt(&mut fields, model, said, prompt.as_deref());
    let aspect_ratio = one_of(&mut fields, "aspect_ratio", &model.aspect_ratios, model);
    let fps = whole(&mut fields, "fps", model.fps.as_ref(), preset.map(|p| p.fps), model);
    let steps = whole(&mut fields, "steps", model.steps.as_ref(), preset.map(|p| p.steps), model);
    let guidance = guidance(&mut fields, model, preset);
    let strength = real(&mut fields, "strength", model.strength, model);
    let character_seed =
        subject.as_ref().and_then(|subject| subject.as_ref().map(|subject| subject.character.seed));
    let seed = seed(&mut fields, model, character_seed);
    let prompt_expansion = flag(&mut fields, "prompt_expansion", model.prompt_expansion, model);
    let sound = flag(&mut fields, "sound", model.sound, model);
    let loras = loras(&mut fields, model);
    fields.refuse_the_rest();

    let order = Order {
        operation,
        model: model.id.clone(),
        prompt: prompt?,
        negative_prompt,
        inputs,
        size,
        resolution,
        aspect_ratio,
        duration_ms,
        fps,
        steps,
        guidance,
        strength,
        seed,
        prompt_expansion,
        sound,
        loras,
    };
    let subject = match subject {
        // What is wrong with it has been reported.
        Some(None) => return None,
        Some(subject) => subject,
        None => None,
    };
    Some(Asked { order, subject, free_text })
}

/// A prompt, and what the caller adds.
fn with(mut prompt: String, extra: &str) -> String {
    if !extra.is_empty() {
        prompt.extend([" ", extra]);
    }
    prompt
}

fn preset(fields: &mut Fields<'_, '_>) -> Option<&'static Preset> {
    let presets = &catalog::built_in().presets;
    let ids: Vec<&str> = presets.iter().map(|p| p.id.as_str()).collect();
    let id = fields.choice("quality_preset", &ids, |id| id, Some("fast"))?;
    catalog::built_in().preset(id)
}

fn most(bounds: Option<&Bounds>) -> usize {
    bounds.map_or(MAX_PROMPT_CHARS, |bounds| usize::try_from(bounds.max).unwrap_or(MAX_PROMPT_CHARS))
}

fn length_of_prompt(fields: &mut Fields<'_, '_>, model: &ModelDef, name: &str, prompt: Option<&str>) {
    let Some(prompt) = prompt else { return };
    let count = prompt.chars().count() as u64;
    match &model.prompt {
        None if count > 0 => unsupported(fields, name, model),
        Some(bounds) if count < bounds.min && count == 0 => {
            fields.require(name, &format!("{} to {} characters", bounds.min, bounds.max));
        }
        Some(bounds) if !(bounds.min..=bounds.max).contains(&count) => {
            let detail = format!("{} to {} characters in all, not {count}", bounds.min, bounds.max);
            fields.fault(name, FieldCode::OutOfRange, detail);
        }
        _ => {}
    }
}

fn words(fields: &mut Fields<'_, '_>, name: &str, bounds: Option<&Bounds>, model: &ModelDef) -> String {
    let text = fields.text(name, 0, most(bounds)).unwrap_or_default();
    if bounds.is_none() && !text.is_empty() {
        unsupported(fields, name, model);
    }
    text
}

fn unsupported(fields: &mut Fields<'_, '_>, name: &str, model: &ModelDef) {
    fields.fault(name, FieldCode::UnsupportedByModel, format!("{} takes no {name}", model.id));
}

/// Takes a member that the model may not know. `None` where it is not there, or asks for nothing.
fn known<'a>(fields: &mut Fields<'a, '_>, name: &str, knows: bool, model: &ModelDef) -> Option<()> {
    if !fields.has(name) {
        // A `null` is as good as nothing, and must not be told to be unknown.
        let _ = fields.take(name);
        return None;
    }
    if !knows {
        if fields.take(name).is_some_and(|value| !is_empty(value)) {
            unsupported(fields, name, model);
        }
        return None;
    }
    Some(())
}

/// An empty list or text asks for nothing.
fn is_empty(value: &Value) -> bool {
    value.as_str() == Some("") || value.as_array().is_some_and(Vec::is_empty)
}

fn size(fields: &mut Fields<'_, '_>, model: &ModelDef, preset: Option<&Preset>) -> Option<[u32; 2]> {
    let wanted = [fields.has("width"), fields.has("height")];
    if let Some(bounds) = &model.dimension_px {
        let usual = |side: Option<u32>| {
            let side = side.map_or_else(|| bounds.usual.unwrap_or(bounds.max), u64::from);
            bounds.nearest(side)
        };
        let width = fields.bounded("width", bounds, usual(preset.map(|p| p.width)), "px");
        let height = fields.bounded("height", bounds, usual(preset.map(|p| p.height)), "px");
        if let Some(most) = model.max_pixels
            && width.saturating_mul(height) > most
        {
            fields.fault("width", FieldCode::OutOfRange, format!("width times height at most {most}"));
        }
        return Some([small(width), small(height)]);
    }
    if model.sizes.is_empty() {
        for name in ["width", "height"] {
            let _ = known(fields, name, false, model);
        }
        return None;
    }
    let side = |fields: &mut Fields<'_, '_>, name| fields.whole(name, 1, 16_384).map(small);
    let (width, height) = (side(fields, "width"), side(fields, "height"));
    let allowed = || model.sizes.iter().map(|[w, h]| format!("{w}x{h}")).collect::<Vec<_>>().join(", ");
    match (width, height) {
        (Some(width), Some(height)) if model.sizes.contains(&[width, height]) => Some([width, height]),
        (None, None) if wanted == [false, false] => model.sizes.first().copied(),
        _ => {
            fields.fault(
                "width",
                FieldCode::UnknownValue,
                format!("width and height together, one of: {}", allowed()),
            );
            None
        }
    }
}

fn one_of(fields: &mut Fields<'_, '_>, name: &str, allowed: &[String], model: &ModelDef) -> Option<String> {
    if known(fields, name, !allowed.is_empty(), model).is_none() {
        return allowed.first().cloned();
    }
    let text = fields.text(name, 1, 40)?;
    if !allowed.contains(&text) {
        fields.fault(name, FieldCode::UnknownValue, format!("one of: {}", allowed.join(", ")));
    }
    Some(text)
}

#[allow(clippy::cast_precision_loss)] // Lengths of clips.
fn in_seconds(ms: u64) -> String {
    (ms as f64 / 1_000.0).to_string()
}

fn whole(
    fields: &mut Fields<'_, '_>,
    name: &str,
    bounds: Option<&Bounds>,
    preset: Option<u32>,
    model: &ModelDef,
) -> Option<u32> {
    let usual = bounds.and_then(|bounds| {
        let fixed = (bounds.min == bounds.max).then_some(bounds.min);
        let preset = preset.map(|preset| bounds.nearest(preset.into()));
        preset.or(bounds.usual).or(fixed).map(small)
    });
    if known(fields, name, bounds.is_some(), model).is_none() {
        return usual;
    }
    let bounds = bounds?;
    fields.whole(name, bounds.min, bounds.max).map(small)
}

/// `guidance`, or `cfg` as a preset calls it.
fn guidance(fields: &mut Fields<'_, '_>, model: &ModelDef, preset: Option<&Preset>) -> Option<f64> {
    let name = if fields.has("cfg") { "cfg" } else { "guidance" };
    // A preset means its number on a scale of its own. Where the model's scale is another, the number says
    // nothing, and the model's own choice is the better one.
    let covers = |span: &Span| {
        let mut presets = catalog::built_in().presets.iter();
        presets.all(|preset| (span.min..=span.max).contains(&preset.cfg))
    };
    let usual = model.guidance.filter(covers).and(preset).map(|preset| preset.cfg);
    let asked = real(fields, name, model.guidance, model);
    let other = if name == "cfg" { "guidance" } else { "cfg" };
    if fields.take(other).is_some() {
        fields.fault(other, FieldCode::BadFormat, format!("{name} says it already"));
    }
    asked.or(usual)
}

fn real(fields: &mut Fields<'_, '_>, name: &str, span: Option<Span>, model: &ModelDef) -> Option<f64> {
    known(fields, name, span.is_some(), model)?;
    let span = span?;
    fields.real(name, span.min, span.max).map(|number| (number * 100.0).round() / 100.0)
}

/// The same for every clip of a character: its own, brought into the model's range.
fn seed(fields: &mut Fields<'_, '_>, model: &ModelDef, of_character: Option<u32>) -> Option<u32> {
    let usual = model.seed.zip(of_character).map(|(bounds, seed)| {
        let count = bounds.max.saturating_sub(bounds.min).saturating_add(1);
        small(bounds.min + u64::from(seed) % count)
    });
    if known(fields, "seed", model.seed.is_some(), model).is_none() {
        return usual;
    }
    let bounds = model.seed?;
    fields.whole("seed", bounds.min, bounds.max).map(small)
}

fn flag(fields: &mut Fields<'_, '_>, name: &str, knows: bool, model: &ModelDef) -> Option<bool> {
    known(fields, name, knows, model)?;
    fields.flag(name)
}

/// Names, or names with weights.
fn loras(fields: &mut Fields<'_, '_>, model: &ModelDef) -> Vec<Lora> {
    if known(fields, "loras", model.loras > 0, model).is_none() {
        return Vec::new();
    }
    let most = usize::try_from(model.loras).unwrap_or(usize::MAX);
    let mut found: Vec<Lora> = Vec::new();
    for (index, item) in fields.list("loras", 0, most).unwrap_or_default().iter().enumerate() {
        let name = item.as_str().or_else(|| item["name"].as_str());
        let weight = if item.is_string() { Some(USUAL_WEIGHT) } else { item["weight"].as_f64() };
        let Some((name, weight)) = name.zip(weight) else {
            fields.item_fault("loras", index, FieldCode::WrongType, "a name, or {name, weight}".into());
            continue;
        };
        if !is_lora(name) {
            let detail = format!("1 to {MAX_LORA_CHARS} letters, digits and ._- in folders");
            fields.item_fault("loras", index, FieldCode::BadFormat, detail);
        } else if !(0.0..=2.0).contains(&weight) {
            fields.item_fault("loras", index, FieldCode::OutOfRange, "a weight from 0 to 2".into());
        } else if found.iter().any(|known| known.name == name) {
            fields.item_fault("loras", index, FieldCode::BadFormat, format!("{name} is named twice"));
        } else {
            found.push(Lora { name: name.to_owned(), weight: (weight * 100.0).round() / 100.0 });
        }
    }
    found
}

/// A file's name, or one in folders: nothing that leads out of them.
fn is_lora(name: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | '_' | '-'))
    };
    name.len() <= MAX_LORA_CHARS && name.split('/').all(is_part)
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Why a model cannot, in a few words.
pub(super) fn in_short(errors: &[FieldError]) -> String {
    fn first(errors: &[FieldError]) -> impl Display {
        errors.first().map(|e| format!("{}: {}", e.pointer, e.detail)).unwrap_or_default()
    }
    match errors.len() {
        0 | 1 => format!("cannot: {}", first(errors)),
        more => format!("cannot: {}, and {} more", first(errors), more - 1),
    }
}
