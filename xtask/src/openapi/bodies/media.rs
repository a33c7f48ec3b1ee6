//! The parameters of a request that any model may serve, as JSON Schema. Each bound is the widest of the
//! models that may be asked: what one of them alone takes is in `GET /api/v1/models`, and a request that
//! no model takes whole is answered with 422, with what the nearest one allows.

use cuelight_core::catalog::{self, Bounds, ModelDef, Span};
use cuelight_core::operation::Operation;
use cuelight_core::order::Role;
use cuelight_core::prompt::call;
use serde_json::{Map, Value, json};

use super::{brief, object, or_null, reference, text};

/// Longest name of a low-rank adaptation, in characters; letters, digits and `._-` in folders.
const MAX_LORA_CHARS: usize = 100;

/// The schemas that the parameters refer to.
pub(super) fn shared() -> Vec<(String, Value)> {
    let asset = json!({
        "type": "string", "pattern": "^[0-9a-f]{64}$",
        "description": "The `asset` that the upload was answered with: the SHA-256 of its bytes, in hex.",
    });
    let side = |name: &str, max: usize, about: &str| (name.to_owned(), or_null(text(0, max, about)));
    let side: Map<String, Value> = [
        side("name", call::MAX_NAME_CHARS, "What the person is called."),
        side("context", call::MAX_CONTEXT_CHARS, "Who it is, or what the call is about on this side."),
        side("setting", call::MAX_CONTEXT_CHARS, "Where the person sits."),
    ]
    .into_iter()
    .collect();
    vec![
        (
            "Nothing".to_owned(),
            json!({"description": "Asks for nothing, as if it were not there.", "enum": [null, "", []]}),
        ),
        (
            "AssetInput".to_owned(),
            object(
                "Something uploaded with `POST /api/v1/assets`, to make something from.",
                &["asset"],
                json!({ "asset": asset }),
            ),
        ),
        (
            "CallSide".to_owned(),
            object("What is known of one side of a call; all of it may be empty.", &[], Value::Object(side)),
        ),
    ]
}

/// The models that may be asked for one of `operations`: those that serve it, and those whose successor
/// does, if they take what it is made from.
fn asked(operations: &[Operation]) -> Vec<&'static ModelDef> {
    let models = catalog::models();
    let may_be_asked = |model: &&ModelDef| {
        let Some(living) = models.living(model) else { return false };
        operations.iter().any(|operation| {
            let takes_all = operation.needs().iter().all(|role| model.input(*role).is_some());
            takes_all && living.serves(*operation)
        })
    };
    models.models.iter().filter(may_be_asked).collect()
}

/// What an operation comes to for a model that knows no characters.
fn effective(operation: Operation) -> Vec<Operation> {
    if operation.is_of_pages() {
        vec![Operation::ImageToVideo, Operation::TextToVideo]
    } else {
        vec![operation]
    }
}

/// Who may be named to make it.
pub(super) fn providers(operation: Operation) -> Vec<&'static str> {
    let models = catalog::models();
    let own = models.models_for(operation.as_str());
    let others = asked(&effective(operation)).into_iter();
    let mut found: Vec<&str> = Vec::new();
    let named = own.chain(others).map(|model| model.provider.as_str());
    for provider in named.chain(models.provider_aliases.iter().map(String::as_str)) {
        if !found.contains(&provider) {
            found.push(provider);
        }
    }
    found
}

/// The ids of the models that may be named and have not ended.
pub(super) fn model_ids(operation: Operation) -> Vec<&'static str> {
    let models = catalog::models();
    let mut operations = effective(operation);
    operations.push(operation);
    let alive = models.models.iter().filter(|model| models.living(model) == Some(model));
    let serving = alive.filter(|model| operations.iter().any(|operation| model.serves(*operation)));
    let mut found: Vec<&str> = Vec::new();
    for model in serving {
        if !found.contains(&model.id.as_str()) {
            found.push(&model.id);
        }
    }
    found
}

/// The parameters of `operation` by models that know no characters. `subject` is what says of whom and
/// doing what, where the operation asks for that, and which of it is required.
pub(super) fn params(operation: Operation, subject: Map<String, Value>, required: &[&str]) -> Value {
    let models: Vec<ModelDef> =
        asked(&effective(operation)).into_iter().map(|model| model.made_from(operation.needs())).collect();
    let models: Vec<&ModelDef> = models.iter().collect();
    let mut properties = subject;
    let mut required: Vec<&str> = required.to_vec();
    let built = operation.is_of_pages() || operation == Operation::CallImage;
    words(&mut properties, &models);
    let brief = brief::of(operation);
    let needs_words = !built && models.iter().all(|model| model.prompt.is_some_and(|bounds| bounds.min > 0));
    let either = needs_words && brief.is_some();
    if needs_words && !either {
        required.push("prompt");
        properties["prompt"]["type"] = "string".into();
        properties["prompt"]["minLength"] = 1.into();
    }
    if let Some(brief) = brief {
        properties.insert("brief".into(), brief);
    }
    if operation == Operation::CallImage {
        for (name, about) in [("left", "The caller, on the left."), ("right", "The one who is called.")] {
            properties.insert(
                name.into(),
                json!({"description": about, "anyOf": [reference("CallSide"), {"type": "null"}]}),
            );
        }
    }
    for role in Role::ALL {
        if takes(operation, role) && models.iter().any(|model| model.input(role).is_some()) {
            let is_needed = operation.needs().contains(&role);
            if is_needed {
                required.push(role.as_str());
            }
            for name in names(operation, role) {
                let mut schema = json!({"description": about(role), "anyOf": [reference("AssetInput")]});
                if !is_needed {
                    schema["anyOf"] = json!([reference("AssetInput"), reference("Nothing")]);
                }
                properties.insert((*name).into(), schema);
            }
        }
    }
    manners(&mut properties, &models);
    let about = if operation.is_of_pages() {
        "By a model that knows no characters: one named by `model`, or the best for a `base_image`."
    } else {
        "What to make it from, and how. Bounds are the widest of all models; `GET /api/v1/models` has each one's."
    };
    let mut schema = object(about, &required, Value::Object(properties));
    if either {
        let written = json!({"prompt": {"type": "string", "pattern": r"^[^\u0000-\u0020\u007f-\u00a0]"}});
        schema["anyOf"] = json!([
            {"required": ["prompt"], "properties": written},
            {"required": ["brief"], "properties": {"brief": {"type": "object"}}},
        ]);
    }
    schema
}

/// What an input is called in a request.
fn names(operation: Operation, role: Role) -> &'static [&'static str] {
    match role {
        Role::Image if operation.is_of_pages() => &["base_image", "npc_base_image"],
        Role::Image => &["image"],
        Role::EndImage => &["end_image"],
        Role::Mask => &["mask"],
        Role::Audio => &["audio"],
        Role::RightAudio => &["right_audio"],
        Role::Video => &["video"],
    }
}

const fn about(role: Role) -> &'static str {
    match role {
        Role::Image => "The picture that is varied, or with which a clip starts.",
        Role::EndImage => "The picture with which a clip ends, or the second of two.",
        Role::Mask => "Where something may change, or who is to speak: white where it applies.",
        Role::Audio => "What is spoken or heard; by the one on the left where there are two.",
        Role::RightAudio => "What the one on the right says.",
        Role::Video => "The clip that is continued.",
    }
}

/// Words alone have no place for what something is made from.
const fn takes(operation: Operation, role: Role) -> bool {
    match operation {
        Operation::TextToImage | Operation::CallImage => matches!(role, Role::Mask),
        Operation::TextToVideo => matches!(role, Role::Audio),
        _ => true,
    }
}

fn words(properties: &mut Map<String, Value>, models: &[&ModelDef]) {
    let most = |of: fn(&ModelDef) -> Option<Bounds>| {
        let longest = models.iter().filter_map(|model| of(model)).map(|bounds| bounds.max).max();
        usize::try_from(longest.unwrap_or_default()).unwrap_or(usize::MAX)
    };
    let wanted = most(|model| model.prompt);
    let avoided = most(|model| model.negative_prompt);
    let about = if avoided == 0 {
        "No model that makes this takes one; empty asks for nothing."
    } else {
        "What to avoid. Not for a page's token."
    };
    let what = "What to make, in words. Not for a page's token.";
    properties.insert("prompt".into(), or_null(text(0, wanted, what)));
    properties.insert("negative_prompt".into(), or_null(text(0, avoided, about)));
}

/// The schema, or nothing: which those models take that do not know the member. `None` where no model
/// knows it.
fn known(models: &[&ModelDef], schema: Value, knows: impl Fn(&ModelDef) -> bool) -> Option<Value> {
    let count = models.iter().filter(|model| knows(model)).count();
    match count {
        0 => None,
        count if count == models.len() => Some(or_null(schema)),
        _ => {
            let mut schema = schema;
            let about = schema.as_object_mut().and_then(|members| members.remove("description"));
            Some(json!({"description": about, "anyOf": [schema, reference("Nothing")]}))
        }
    }
}

/// How it is made: every member that a model knows.
fn manners(properties: &mut Map<String, Value>, models: &[&ModelDef]) {
    let mut add = |name: &str, schema: Option<Value>, knows: fn(&ModelDef) -> bool| {
        if let Some(schema) = schema.and_then(|schema| known(models, schema, knows)) {
            properties.insert(name.to_owned(), schema);
        }
    };
    let has_size = |model: &ModelDef| model.dimension_px.is_some() || !model.sizes.is_empty();
    for (name, index, about) in
        [("width", 0, "Width in px; some models make fixed sizes."), ("height", 1, "Height in px.")]
    {
        let ranges = models.iter().flat_map(|model| {
            let sizes = model.sizes.iter().map(move |size| [u64::from(size[index]); 2]);
            sizes.chain(model.dimension_px.map(|bounds| [bounds.min, bounds.max]))
        });
        add(name, whole(ranges, about), has_size);
    }
    let named = |of: fn(&ModelDef) -> &Vec<String>, about: &str| {
        let mut values: Vec<&String> = models.iter().flat_map(|model| of(model)).collect();
        values.sort_unstable();
        values.dedup();
        Some(json!({"type": "string", "enum": values, "description": about}))
    };
    let resolution = named(|model| &model.resolutions, "The vendor's name of a size.");
    add("resolution", resolution, |model| !model.resolutions.is_empty());
    let ratio = named(|model| &model.aspect_ratios, "Width to height.");
    add("aspect_ratio", ratio, |model| !model.aspect_ratios.is_empty());
    let lengths = models.iter().flat_map(|model| {
        let one_of = model.durations_ms.iter().map(|length| [length.0; 2]);
        one_of.chain(model.duration_ms.map(|bounds| [bounds.min, bounds.max]))
    });
    let seconds = |ms: u64| std::time::Duration::from_millis(ms).as_secs_f64();
    let lengths = lengths.map(|[min, max]| Span { min: seconds(min), max: seconds(max) });
    add(
        "duration",
        real(lengths, "Length in seconds, in tenths; some models make fixed lengths."),
        |model| model.duration_ms.is_some() || !model.durations_ms.is_empty(),
    );
    let bounds = |of: fn(&ModelDef) -> Option<Bounds>, about: &str| {
        whole(models.iter().filter_map(|model| of(model)).map(|bounds| [bounds.min, bounds.max]), about)
    };
    add("fps", bounds(|model| model.fps, "Frames a second."), |model| model.fps.is_some());
    add("steps", bounds(|model| model.steps, "Denoising steps."), |model| model.steps.is_some());
    let seed = "The seed. Absent: the character's, where there is one, or the model's own choice.";
    add("seed", bounds(|model| model.seed, seed), |model| model.seed.is_some());
    let guidance = || models.iter().filter_map(|model| model.guidance);
    let close = "How closely to follow the prompt, in the model's own range.";
    add("guidance", real(guidance(), close), |model| model.guidance.is_some());
    add("cfg", real(guidance(), "The same by another name; not both."), |model| model.guidance.is_some());
    let strength = models.iter().filter_map(|model| model.strength);
    add("strength", real(strength, "How closely to follow the image."), |model| model.strength.is_some());
    let flag = |about: &str| Some(json!({"type": "boolean", "description": about}));
    let expansion = flag("Whether the vendor may rewrite the prompt.");
    add("prompt_expansion", expansion, |model| model.prompt_expansion);
    add("sound", flag("Whether the model makes sound for the clip."), |model| model.sound);
    let most = models.iter().map(|model| model.loras).max().unwrap_or_default();
    add("loras", Some(loras(most)), |model| model.loras > 0);
}

fn loras(most: u32) -> Value {
    let part = "[A-Za-z0-9 _-][A-Za-z0-9 ._-]*";
    let name = json!({
        "type": "string", "minLength": 1, "maxLength": MAX_LORA_CHARS, "pattern": format!("^{part}(/{part})*$"),
        "description": "Its name at the provider.",
    });
    let weighted = json!({
        "type": "object", "required": ["name", "weight"],
        "properties": {"name": name, "weight": {"type": "number", "minimum": 0, "maximum": 2}},
    });
    json!({
        "type": "array", "maxItems": most, "items": {"anyOf": [name, weighted]},
        "description": "Low-rank adaptations to load, none twice.",
    })
}

/// A whole number within the widest of these ranges.
fn whole(ranges: impl Iterator<Item = [u64; 2]>, about: &str) -> Option<Value> {
    let [min, max] = ranges.reduce(|known, one| [known[0].min(one[0]), known[1].max(one[1])])?;
    Some(json!({"type": "integer", "minimum": min, "maximum": max, "description": about}))
}

/// A number within the widest of these ranges.
fn real(spans: impl Iterator<Item = Span>, about: &str) -> Option<Value> {
    let span =
        spans.reduce(|known, one| Span { min: known.min.min(one.min), max: known.max.max(one.max) })?;
    Some(json!({"type": "number", "minimum": span.min, "maximum": span.max, "description": about}))
}
