//! What cannot be true of a model: found when a catalogue is read, so that no order trips over it later.

use std::collections::BTreeSet;

use super::{Bounds, CatalogError, MAX_TIMEOUT, ModelDef, Models, Span, Status};
use crate::operation::Operation;
use crate::units::Millis;

/// What is wrong with a member.
type Wrong = (String, String);

/// Checks every model.
///
/// # Errors
/// The first contradiction.
pub(super) fn all(models: &Models) -> Result<(), CatalogError> {
    let mut ids = BTreeSet::new();
    for model in &models.models {
        let told = |(member, why)| CatalogError::Contradiction { model: model.id.clone(), member, why };
        if model.id.is_empty() {
            return Err(CatalogError::Nameless);
        }
        if !ids.insert(&model.id) {
            return Err(told(wrong("id", "stands there twice")));
        }
        one(model).and_then(|()| related(model, models)).map_err(told)?;
    }
    Ok(())
}

fn wrong(member: &str, why: impl Into<String>) -> Wrong {
    (member.to_owned(), why.into())
}

fn holds(holds: bool, member: &str, why: impl FnOnce() -> String) -> Result<(), Wrong> {
    if holds { Ok(()) } else { Err(wrong(member, why())) }
}

/// What a model says of itself.
fn one(model: &ModelDef) -> Result<(), Wrong> {
    operations(model)?;
    numbers(model)?;
    times(model)?;
    rules(model)?;
    let price = &model.price;
    holds(price.source.len() > 3, "price.source", || "says nothing".into())?;
    holds(price.as_of.len() == 10, "price.as_of", || format!("is no day: {}", price.as_of))
}

fn operations(model: &ModelDef) -> Result<(), Wrong> {
    let name = "operations";
    holds(!model.operations.is_empty(), name, || "has none".into())?;
    for own in &model.operations {
        let known = Operation::ALL.into_iter().find(|known| known.as_str() == own);
        let known = known.ok_or_else(|| wrong(name, format!("has {own}, which there is not")))?;
        let lacks = known.needs().iter().find(|role| model.input(**role).is_none());
        if let Some(role) = lacks {
            return Err(wrong("inputs", format!("lacks {}, which {own} needs", role.as_str())));
        }
    }
    for (place, input) in model.inputs.iter().enumerate() {
        let member = format!("inputs.{}", input.role.as_str());
        let first = model.inputs.iter().position(|other| other.role == input.role) == Some(place);
        holds(first, &member, || "stands there twice".into())?;
        holds(!input.media_types.is_empty(), &member, || "takes no media type".into())?;
        bounds(&format!("{member}.duration_ms"), input.duration_ms)?;
    }
    Ok(())
}

fn numbers(model: &ModelDef) -> Result<(), Wrong> {
    for (member, own) in [
        ("dimension_px", model.dimension_px),
        ("duration_ms", model.duration_ms),
        ("fps", model.fps),
        ("steps", model.steps),
        ("seed", model.seed),
        ("prompt", model.prompt),
        ("negative_prompt", model.negative_prompt),
    ] {
        bounds(member, own)?;
    }
    for (member, own) in [("guidance", model.guidance), ("strength", model.strength)] {
        let ordered = own.is_none_or(|Span { min, max }| min <= max);
        holds(ordered, member, || "has a min above its max".into())?;
    }
    if let Some(sides) = model.dimension_px {
        // It is what is taken where nobody chooses.
        let usual = sides.usual.unwrap_or(sides.max);
        holds(sides.allows(usual), "dimension_px", || format!("does not allow its own {usual}"))?;
        holds(model.sizes.is_empty(), "dimension_px", || "cannot stand beside sizes".into())?;
    }
    let both = model.duration_ms.is_some() && !model.durations_ms.is_empty();
    holds(!both, "duration_ms", || "cannot stand beside durations_ms".into())?;
    let seeds = model.seed.is_none_or(|own| own.max <= u64::from(u32::MAX));
    holds(seeds, "seed", || format!("goes beyond {}, the largest of an order", u32::MAX))
}

fn bounds(member: &str, own: Option<Bounds>) -> Result<(), Wrong> {
    let Some(own) = own else { return Ok(()) };
    holds(own.min <= own.max, member, || format!("has a min of {} above its max of {}", own.min, own.max))?;
    holds(own.multiple_of != Some(0), member, || "allows multiples of 0 only".into())?;
    holds(own.usual.is_none_or(|usual| own.allows(usual)), member, || "does not allow its own usual".into())
}

fn times(model: &ModelDef) -> Result<(), Wrong> {
    let timeout = model.timeout_ms;
    holds(timeout <= MAX_TIMEOUT, "timeout_ms", || {
        format!("of {timeout} is longer than a lane lends a slot for: at most {MAX_TIMEOUT}")
    })?;
    holds(model.call_ms < timeout, "call_ms", || {
        format!("of {} is not shorter than timeout_ms of {timeout}", model.call_ms)
    })?;
    let Some(latency) = model.latency_ms else { return Ok(()) };
    holds(latency.typical <= latency.max, "latency_ms", || "has a typical above its max".into())?;
    holds(latency.max <= timeout, "latency_ms", || {
        format!("has a max of {} above timeout_ms of {timeout}", latency.max)
    })
}

fn rules(model: &ModelDef) -> Result<(), Wrong> {
    let name = "requires";
    let makes = |length: &Millis| {
        model.durations_ms.contains(length) || model.duration_ms.is_some_and(|own| own.allows(length.0))
    };
    for rule in &model.requires {
        let (when, left) = (&rule.when, (&rule.durations_ms, &rule.resolutions));
        holds(when.resolution.is_some() || when.input.is_some(), name, || "has a rule without when".into())?;
        holds(!left.0.is_empty() || !left.1.is_empty(), name, || format!("wants nothing {when}"))?;
        let named = when.resolution.iter().chain(left.1);
        if let Some(other) = named.into_iter().find(|own| !model.resolutions.contains(own)) {
            return Err(wrong(name, format!("names the resolution {other}, which is none of its own")));
        }
        let role = when.input.filter(|role| model.input(*role).is_none());
        holds(role.is_none(), name, || format!("speaks of what comes {when}, which it does not take"))?;
        if let Some(other) = left.0.iter().find(|own| !makes(own)) {
            return Err(wrong(name, format!("names a length of {other}, which it does not make")));
        }
    }
    for own in Operation::ALL.into_iter().filter(|own| model.serves(*own)) {
        let left = model.made_from(own.needs());
        let lacks = left.durations_ms.is_empty() && !model.durations_ms.is_empty()
            || left.resolutions.is_empty() && !model.resolutions.is_empty();
        holds(!lacks, name, || format!("leaves nothing for {}", own.as_str()))?;
    }
    let extends = model.extends_by_ms.is_none() || model.serves(Operation::VideoExtend);
    holds(extends, "extends_by_ms", || "is there, and it continues no clip".into())
}

/// What a model says of others, all of which there are.
fn related(model: &ModelDef, models: &Models) -> Result<(), Wrong> {
    if model.lifecycle.status == Status::Retired && model.lifecycle.successor.is_some() {
        let member = "lifecycle.successor";
        match models.living(model) {
            // A circle, or a last one without a successor: that one may be meant.
            None => holds(!is_in_a_circle(model, models), member, || "leads back to itself".into())?,
            Some(living) => {
                let lacks = model.operations.iter().find(|own| !living.operations.contains(own));
                if let Some(lacks) = lacks {
                    return Err(wrong(
                        member,
                        format!("leads to {}, which does not serve {lacks}", living.id),
                    ));
                }
            }
        }
    }
    for other in model.stands_in.iter().filter_map(|id| models.model(id)) {
        let shared = other.operations.iter().any(|own| model.operations.contains(own));
        holds(other.output == model.output && shared, "stands_in", || {
            format!("names {}, which can do nothing of what it does", other.id)
        })?;
    }
    Ok(())
}

/// Whether whoever asks for the successor, and for that one's, never comes to an end.
fn is_in_a_circle(model: &ModelDef, models: &Models) -> bool {
    let mut found = Some(model);
    for _ in 0..=models.models.len() {
        let Some(next) = found.and_then(|own| own.lifecycle.successor.as_deref()) else { return false };
        found = models.model(next);
    }
    true
}
