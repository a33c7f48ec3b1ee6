//! Reads how long a clip is to be and in which resolution: of the two a model may take one only with
//! certain others. What the caller chose stands or is told; what nobody chose gives way.

use super::{in_seconds, known, one_of};
use crate::catalog::ModelDef;
use crate::operation::fields::Fields;
use crate::order::Role;
use crate::problem::FieldCode;
use crate::units::Millis;

/// The resolution and the length. `usual` is the length where nobody says; `inputs` are the roles that are
/// named.
pub(super) fn read(
    fields: &mut Fields<'_, '_>,
    model: &ModelDef,
    usual: Option<Millis>,
    inputs: &[Role],
) -> (Option<String>, Option<Millis>) {
    let [names_resolution, names_duration] = ["resolution", "duration"].map(|name| fields.has(name));
    let resolution = one_of(fields, "resolution", &model.resolutions, model);
    let duration = duration(fields, model, usual);
    let mut resolutions = vec![resolution];
    if !names_resolution {
        resolutions.extend(model.resolutions.iter().cloned().map(Some));
    }
    let mut durations = vec![duration];
    if let (false, Some(usual)) = (names_duration, duration) {
        let mut others = model.durations_ms.clone();
        others.extend(model.requires.iter().flat_map(|rule| rule.durations_ms.iter().copied()));
        // The shortest that is long enough, and then the longest that is not.
        others.sort_unstable_by_key(|length| (*length < usual, length.0.abs_diff(usual.0)));
        durations.extend(others.into_iter().map(Some));
    }
    let pairs = resolutions.iter().flat_map(|first| durations.iter().map(move |second| (first, *second)));
    let against = |(resolution, duration): &(&Option<String>, Option<Millis>)| {
        contradictions(model, inputs, resolution.as_deref(), *duration)
    };
    let Some(nearest) = pairs.min_by_key(|pair| against(pair).len()) else { return (None, None) };
    for (name, code, detail) in against(&nearest) {
        fields.fault(name, code, detail);
    }
    (nearest.0.clone(), nearest.1)
}

/// The members that a rule of the model forbids, and what it leaves of them.
fn contradictions(
    model: &ModelDef,
    inputs: &[Role],
    resolution: Option<&str>,
    duration: Option<Millis>,
) -> Vec<(&'static str, FieldCode, String)> {
    let mut found = Vec::new();
    for rule in model.requires.iter().filter(|rule| rule.when.holds(resolution, inputs)) {
        let (lengths, names) = (&rule.durations_ms, &rule.resolutions);
        if duration.is_some_and(|own| !lengths.is_empty() && !lengths.contains(&own)) {
            let detail = format!("{}: a number of seconds, one of: {}", rule.when, list(lengths));
            found.push(("duration", FieldCode::OutOfRange, detail));
        }
        if resolution.is_some_and(|own| !names.is_empty() && names.iter().all(|name| name != own)) {
            let detail = format!("{}: one of: {}", rule.when, names.join(", "));
            found.push(("resolution", FieldCode::UnknownValue, detail));
        }
    }
    found
}

fn list(lengths: &[Millis]) -> String {
    lengths.iter().map(|length| in_seconds(length.0)).collect::<Vec<_>>().join(", ")
}

/// In seconds on the wire, to a tenth of one.
fn duration(fields: &mut Fields<'_, '_>, model: &ModelDef, usual: Option<Millis>) -> Option<Millis> {
    let bounds = model.duration_ms;
    let knows = bounds.is_some() || !model.durations_ms.is_empty();
    if known(fields, "duration", knows, model).is_none() {
        return match (usual, bounds) {
            (Some(usual), Some(bounds)) => Some(Millis(bounds.nearest(usual.0))),
            // The shortest that is long enough.
            (Some(usual), None) => {
                let enough = model.durations_ms.iter().filter(|length| **length >= usual).min();
                enough.or(model.durations_ms.iter().max()).copied()
            }
            (None, _) => model.usual_duration(),
        };
    }
    let seconds = fields.real("duration", 0.0, 3_600.0)?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Between 0 and an hour.
    let asked = Millis((seconds * 10.0).round() as u64 * 100);
    let detail = match bounds {
        Some(bounds) if bounds.allows(asked.0) => return Some(asked),
        None if model.durations_ms.contains(&asked) => return Some(asked),
        Some(bounds) => {
            format!("a number of seconds from {} to {}", in_seconds(bounds.min), in_seconds(bounds.max))
        }
        None => {
            format!("a number of seconds, one of: {}", list(&model.durations_ms))
        }
    };
    fields.fault("duration", FieldCode::OutOfRange, detail);
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalog;

    #[test]
    fn a_length_that_was_chosen_decides_which_resolution_is_usual() {
        let own = r#"{"models": [{"id": "veo-3.1", "resolutions": ["1080p", "720p"]}]}"#;
        let models = catalog::shipped().with(own).unwrap();
        let model = models.model("veo-3.1").unwrap();
        let read = |params: serde_json::Value, inputs: &[Role]| {
            let mut errors = Vec::new();
            let read = read(&mut Fields::new(&params, "/params".into(), &mut errors), model, None, inputs);
            assert!(errors.is_empty(), "{params}: {errors:?}");
            (read.0.unwrap(), read.1.unwrap().0)
        };
        assert_eq!(read(json!({}), &[]), ("1080p".into(), 8_000));
        assert_eq!(read(json!({"duration": 4}), &[]), ("720p".into(), 4_000));
        assert_eq!(read(json!({}), &[Role::Video]), ("720p".into(), 8_000));
    }
}
