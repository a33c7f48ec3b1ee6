//! From what a request says of providers and models to the models that are asked whether they can, and
//! from their answers to what is made.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::Value;

use super::choice::{self, Able, Verdict};
use super::fields::Fields;
use super::{
    Choice, ClipSpec, MAX_STAND_INS, Operation, Spec, Subject, Surroundings, media, params, preview, spec,
};
use crate::catalog::{self, ModelDef, Status};
use crate::problem::{FieldCode, FieldError};
use crate::settings;

/// What a request says of who is to make it.
pub(super) struct Wanted<'a> {
    pub(super) provider: Option<&'a str>,
    pub(super) model: Option<&'a str>,
    pub(super) params: Option<&'a Value>,
}

/// Why a model is not asked whose provider has no address, and what would change that.
fn not_set_up(provider: &str) -> String {
    format!("not set up in this deployment: {} is missing", settings::address_of(provider))
}

/// Who may make it.
pub(super) enum Route {
    /// A model that knows our characters.
    Character { model: &'static ModelDef, named: bool, note: Option<String> },
    /// A model that was named.
    Named { model: &'static ModelDef, asked: &'static ModelDef, note: Option<String> },
    /// The best of these, at least one. `pointer` is the member that has to be another where none can.
    Best { models: Vec<&'static ModelDef>, pointer: &'static str },
}

/// What a request comes to.
pub(super) struct Made {
    pub(super) spec: Spec,
    pub(super) subject: Option<Subject>,
    pub(super) stand_ins: Vec<Spec>,
    pub(super) choice: Option<Choice>,
    pub(super) note: Option<String>,
    pub(super) preview: Option<ClipSpec>,
    pub(super) free_text: bool,
}

/// Who may make what is `wanted`. `None` where nobody may, which is reported.
pub(super) fn route(
    operation: Operation,
    wanted: &Wanted<'_>,
    around: &Surroundings<'_>,
    errors: &mut Vec<FieldError>,
) -> Option<Route> {
    let models = catalog::models();
    if let Some(name) = wanted.model {
        return named(operation, name, wanted, around, errors);
    }
    let from_picture = media::has_base_image(wanted.params);
    let effective = spec::effective(operation, from_picture);
    if operation.is_of_pages()
        && !from_picture
        && let Some(model) = of_characters(operation, effective, wanted.provider, around)
    {
        return Some(Route::Character { model, named: false, note: None });
    }
    let of_provider = |model: &&ModelDef| {
        // An alias stands for whoever can.
        wanted.provider.is_none_or(|provider| {
            model.provider == provider
                || (models.provider_aliases.iter().any(|alias| alias == provider)
                    && !models.models.iter().any(|known| known.provider == provider))
        })
    };
    let able: Vec<&ModelDef> = models.to_choose(effective).filter(of_provider).collect();
    let pointer = if wanted.provider.is_some() { "/provider_id" } else { "/operation_type" };
    if able.is_empty() {
        let has_one =
            |provider: &&str| models.models_for(operation.as_str()).any(|m| m.provider == **provider);
        if let Some(provider) = wanted.provider.filter(|own| around.is_absent(own)).filter(has_one) {
            let detail = format!("{provider} is {}", not_set_up(provider));
            errors.push(FieldError { pointer: pointer.into(), code: FieldCode::UnknownValue, detail });
            return None;
        }
        let serving = models.models_for(operation.as_str()).chain(models.models_for(effective.as_str()));
        let mut known: Vec<&str> = serving
            .map(|model| model.provider.as_str())
            .chain(models.provider_aliases.iter().map(String::as_str).filter(|_| operation.is_of_pages()))
            .collect();
        known.sort_unstable();
        known.dedup();
        errors.push(FieldError {
            pointer: pointer.into(),
            code: FieldCode::UnknownValue,
            detail: format!("no such provider for {}; one of: {}", operation.as_str(), known.join(", ")),
        });
        return None;
    }
    Some(Route::Best { models: able, pointer })
}

/// The model that knows our characters, where it is set up and nobody else was meant: a provider that is
/// named and known to be set up makes the clip by a model of its own, if one can.
fn of_characters(
    operation: Operation,
    effective: Operation,
    provider: Option<&str>,
    around: &Surroundings<'_>,
) -> Option<&'static ModelDef> {
    let models = catalog::models();
    let found = models.model_among(operation.as_str(), provider, |other| !around.is_absent(other))?;
    let is_meant = |own: &&str| *own != found.provider && around.is_known_to_be_set_up(own);
    let other = provider.filter(is_meant);
    let can = |own: &str| models.to_choose(effective).any(|model| model.provider == own);
    if other.is_some_and(can) { None } else { Some(found) }
}

fn named(
    operation: Operation,
    name: &str,
    wanted: &Wanted<'_>,
    around: &Surroundings<'_>,
    errors: &mut Vec<FieldError>,
) -> Option<Route> {
    let models = catalog::models();
    let effective = [operation, spec::effective(operation, media::has_base_image(wanted.params))];
    let serves = |model: &ModelDef| effective.iter().any(|operation| model.serves(*operation));
    let mut refuse = |detail: String| {
        errors.push(FieldError { pointer: "/model".into(), code: FieldCode::UnknownValue, detail });
        None
    };
    let serving = || {
        let ids = models.models.iter().filter(|m| serves(m) && m.lifecycle.status != Status::Retired);
        ids.map(|model| model.id.as_str()).collect::<Vec<_>>().join(", ")
    };
    let Some(asked) = models.named(name) else {
        return refuse(format!(
            "there is no such model for {}; one of: {}",
            effective[1].as_str(),
            serving()
        ));
    };
    let Some(model) = models.living(asked) else {
        return refuse(format!("{} has ended and has no successor; one of: {}", asked.id, serving()));
    };
    if !serves(model) {
        return refuse(format!(
            "{} does not serve {}; one of: {}",
            model.id,
            effective[1].as_str(),
            serving()
        ));
    }
    if around.is_absent(&model.provider) {
        return refuse(format!(
            "{} is of {}, which is {}",
            model.id,
            model.provider,
            not_set_up(&model.provider)
        ));
    }
    if wanted.provider.is_some_and(|provider| {
        provider != model.provider && !models.provider_aliases.iter().any(|alias| alias == provider)
    }) {
        let detail = format!("{} is offered by {}", model.id, model.provider);
        errors.push(FieldError { pointer: "/provider_id".into(), code: FieldCode::UnknownValue, detail });
        return None;
    }
    let note = if asked.id != model.id {
        let since = asked.lifecycle.until.as_deref().or(asked.lifecycle.since.as_deref());
        let since = since.map(|day| format!(" on {day}")).unwrap_or_default();
        Some(format!("{} was ended by its vendor{since}; {} serves in its place", asked.id, model.id))
    } else if name != asked.id && name != asked.wire_id {
        Some(format!("{name} is served by {}", asked.id))
    } else {
        None
    };
    if operation.is_of_pages() && model.serves(operation) {
        return Some(Route::Character { model, named: true, note });
    }
    Some(Route::Named { model, asked, note })
}

impl Route {
    /// Reads the parameters. What is wrong with them is reported, and then there is nothing.
    pub(super) fn read(
        self,
        operation: Operation,
        params: &Value,
        around: &Surroundings<'_>,
        progressive: bool,
        errors: &mut Vec<FieldError>,
    ) -> Option<Made> {
        let fields = |errors| Fields::new(params, "/params".into(), errors);
        match self {
            Self::Character { model, named, note } => {
                let asked = params::read(operation, model, fields(errors))?;
                let ClipSpec { character, cue, .. } = &asked.spec;
                Some(Made {
                    subject: Some(Subject { character: character.clone(), cue: cue.clone() }),
                    preview: progressive.then(|| preview::of(&asked.spec, model)).flatten(),
                    stand_ins: Vec::new(),
                    choice: named.then(|| choice::named(model, "can")),
                    note,
                    spec: asked.spec.into(),
                    free_text: asked.free_text,
                })
            }
            Self::Named { model, asked, note } => {
                let mut left_out = Vec::new();
                let params = if asked.id == model.id {
                    Cow::Borrowed(params)
                } else {
                    // It has to be right for the model that was named, and as much of it as can be is kept.
                    let _ = media::read(operation, asked, fields(errors), around);
                    if !errors.is_empty() {
                        return None;
                    }
                    Cow::Owned(adapted(operation, model, params, around, &mut left_out))
                };
                let fields = Fields::new(&params, "/params".into(), errors);
                let read = media::read(operation, model, fields, around)?;
                let note = note.map(|note| match left_out.as_slice() {
                    [] => note,
                    names => format!("{note}, in its own way as to {}", names.join(", ")),
                });
                Some(Made {
                    spec: read.order.into(),
                    subject: read.subject,
                    stand_ins: Vec::new(),
                    choice: Some(choice::named(model, "can")),
                    note,
                    preview: None,
                    free_text: read.free_text,
                })
            }
            Self::Best { models, pointer } => best(operation, &models, pointer, params, around, errors),
        }
    }
}

/// What a successor may decide for itself: not what to make, nor from what.
const MANNERS: [&str; 13] = [
    "width",
    "height",
    "resolution",
    "aspect_ratio",
    "duration",
    "fps",
    "steps",
    "guidance",
    "cfg",
    "strength",
    "seed",
    "negative_prompt",
    "prompt_expansion",
];

/// The parameters without what `model` does not take of them; the names of that.
fn adapted(
    operation: Operation,
    model: &ModelDef,
    params: &Value,
    around: &Surroundings<'_>,
    left_out: &mut Vec<&'static str>,
) -> Value {
    let mut own = Vec::new();
    let _ = media::read(operation, model, Fields::new(params, "/params".into(), &mut own), around);
    let mut params = params.clone();
    if let Some(members) = params.as_object_mut() {
        // A width that does not fit takes the height with it.
        let of_size = |name: &str| matches!(name, "width" | "height");
        let misfits = |name: &str| own.iter().any(|e| e.pointer.strip_prefix("/params/") == Some(name));
        let size_misfits = ["width", "height"].into_iter().any(misfits);
        for name in MANNERS {
            let misfits = if of_size(name) { size_misfits } else { misfits(name) };
            if misfits && members.remove(name).is_some() {
                left_out.push(name);
            }
        }
    }
    params
}

fn best(
    operation: Operation,
    models: &[&'static ModelDef],
    pointer: &str,
    params: &Value,
    around: &Surroundings<'_>,
    errors: &mut Vec<FieldError>,
) -> Option<Made> {
    let (mut subject, mut free_text) = (None, true);
    let mut nearest: Option<Vec<FieldError>> = None;
    let verdicts = models.iter().map(|model| {
        let mut own = Vec::new();
        let asked = media::read(operation, model, Fields::new(params, "/params".into(), &mut own), around);
        match asked {
            _ if around.is_absent(&model.provider) => Verdict::Unable(model, not_set_up(&model.provider)),
            Some(asked) if own.is_empty() => {
                (subject, free_text) = (asked.subject, asked.free_text);
                Verdict::Able(Box::new(Able { model, order: asked.order }))
            }
            _ => {
                let verdict = Verdict::Unable(model, media::in_short(&own));
                // What the model says that lacks least.
                if nearest.as_ref().is_none_or(|known| own.len() < known.len()) {
                    nearest = Some(own);
                }
                verdict
            }
        }
    });
    let verdicts: Vec<Verdict<'_>> = verdicts.collect();
    let Some((able, choice)) = choice::rank(verdicts, around) else {
        errors.extend(nearest.unwrap_or_else(|| vec![nobody(operation, models, pointer)]));
        return None;
    };
    let mut able = able.into_iter();
    let chosen = able.next()?;
    let mut others: Vec<Able<'_>> = able.collect();
    // The catalogue says who stands in first; the rest come by price.
    others.sort_by_key(|other| {
        let place = chosen.model.stands_in.iter().position(|id| *id == other.model.id);
        place.unwrap_or(usize::MAX)
    });
    Some(Made {
        spec: chosen.order.into(),
        subject,
        stand_ins: others.into_iter().take(MAX_STAND_INS).map(|other| other.order.into()).collect(),
        choice: Some(choice),
        note: None,
        preview: None,
        free_text,
    })
}

/// What is told where nobody who could make it is set up.
fn nobody(operation: Operation, models: &[&ModelDef], pointer: &str) -> FieldError {
    // Of a provider that was named only its own address helps; otherwise that of our characters, too.
    let own = catalog::models().models_for(operation.as_str()).filter(|_| pointer == "/operation_type");
    let serving = own.chain(models.iter().copied());
    let missing: BTreeSet<String> = serving.map(|model| settings::address_of(&model.provider)).collect();
    let missing = missing.into_iter().collect::<Vec<_>>().join(", ");
    FieldError {
        pointer: pointer.into(),
        code: FieldCode::UnsupportedByModel,
        detail: format!(
            "whoever could make {} is not set up in this deployment; missing: {missing}",
            operation.as_str()
        ),
    }
}
