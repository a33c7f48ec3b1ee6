//! Reads what something is made from: uploads in their roles, each within what the model takes of it.

use super::{BASE_IMAGES, in_seconds, is_empty, is_sha256, unsupported};
use crate::catalog::{InputDef, ModelDef};
use crate::operation::fields::Fields;
use crate::operation::{Operation, Surroundings, spec};
use crate::order::{Asset, Input, Role};
use crate::problem::FieldCode;

/// Reads the members that name uploads, in every role that the model or the operation knows. Besides what
/// was found, the roles in which something is named at all.
pub(super) fn read(
    fields: &mut Fields<'_, '_>,
    operation: Operation,
    model: &ModelDef,
    around: &Surroundings<'_>,
) -> (Vec<Input>, Vec<Role>) {
    let (mut found, mut named) = (Vec::new(), Vec::new());
    for role in Role::ALL {
        let names: Vec<&str> = match role {
            Role::Image if operation.is_of_pages() => BASE_IMAGES.to_vec(),
            role => vec![role.as_str()],
        };
        let name = names.iter().copied().find(|name| fields.has(name)).unwrap_or(names[0]);
        let value = fields.take(name).filter(|value| !is_empty(value));
        for other in &names {
            if fields.take(other).is_some_and(|value| !is_empty(value)) {
                fields.fault(other, FieldCode::BadFormat, format!("{name} names the picture already"));
            }
        }
        if value.is_some() {
            named.push(role);
        }
        let from_picture = role == Role::Image && value.is_some();
        let needed = spec::effective(operation, from_picture).needs().contains(&role);
        let def = model.input(role);
        match (value, def) {
            (None, Some(def)) if def.required || needed => {
                fields.require(name, &format!("{{\"asset\": sha256}} of {}", def.media_types.join(" or ")));
            }
            (None, None) if needed => unsupported(fields, name, model),
            (None, _) => {}
            (Some(_), None) => unsupported(fields, name, model),
            (Some(_), Some(_)) if !takes(operation, role) => {
                let detail =
                    format!("{} takes no {}; another operation does", operation.as_str(), role.as_str());
                fields.fault(name, FieldCode::UnsupportedByModel, detail);
            }
            (Some(value), Some(def)) => {
                let mut own = fields.child(name, value);
                let sha256 = own.text("asset", 64, 64);
                own.refuse_the_rest();
                let Some(sha256) = sha256 else {
                    fields.fault(
                        name,
                        FieldCode::BadFormat,
                        "{\"asset\": the sha256 of an upload, in hex}".into(),
                    );
                    continue;
                };
                let asset = if is_sha256(&sha256) { around.find(&sha256) } else { None };
                let Some(asset) = asset else {
                    let detail = "there is no such upload; POST it to /api/v1/assets first";
                    fields.fault(name, FieldCode::UnknownValue, detail.into());
                    continue;
                };
                if let Some((code, detail)) = misfit(def, &asset) {
                    fields.fault(name, code, detail);
                }
                found.push(Input { role, asset });
            }
        }
    }
    (found, named)
}

/// Whether an operation has a place for an input: words alone have none for what is made from something.
const fn takes(operation: Operation, role: Role) -> bool {
    match operation {
        Operation::TextToImage | Operation::CallImage => matches!(role, Role::Mask),
        Operation::TextToVideo => matches!(role, Role::Audio),
        _ => true,
    }
}

/// What is wrong with an upload for this input, if anything is.
fn misfit(def: &InputDef, asset: &Asset) -> Option<(FieldCode, String)> {
    if !def.media_types.contains(&asset.media_type) {
        let detail = format!("{}, not {}", def.media_types.join(" or "), asset.media_type);
        return Some((FieldCode::BadFormat, detail));
    }
    if asset.bytes > def.max_bytes {
        let detail = format!("at most {} bytes, not {}", def.max_bytes, asset.bytes);
        return Some((FieldCode::OutOfRange, detail));
    }
    if let (Some(least), Some([width, height])) = (def.least_px, asset.size)
        && width.min(height) < least
    {
        let detail = format!("at least {least}x{least} px, not {width}x{height}");
        return Some((FieldCode::OutOfRange, detail));
    }
    if let (Some(bounds), Some(length)) = (def.duration_ms, asset.duration_ms)
        && !bounds.allows(length.0)
    {
        let [least, most, length] = [bounds.min, bounds.max, length.0].map(in_seconds);
        return Some((FieldCode::OutOfRange, format!("{least} to {most} seconds long, not {length}")));
    }
    None
}
