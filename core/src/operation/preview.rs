//! The same clip in less quality: what a progressive request has made first.

use super::ClipSpec;
use crate::catalog::{self, Bounds, ModelDef};

/// The preset of a preview.
const PRESET: &str = "realtime";

/// The preview of `spec`, in its proportions. `None` when it would be no less work than the clip.
pub(super) fn of(spec: &ClipSpec, model: &ModelDef) -> Option<ClipSpec> {
    let preset = catalog::built_in().preset(PRESET)?;
    let sides = model.dimension_px?;
    let longest = spec.width.max(spec.height).max(1);
    let scaled = |side: u32, whole: u32| fit(&sides, whole, side, longest);
    let preview = ClipSpec {
        width: scaled(spec.width, preset.width),
        height: scaled(spec.height, preset.height),
        fps: preset.fps,
        steps: preset.steps,
        cfg: preset.cfg,
        ..spec.clone()
    };
    (work(&preview) < work(spec)).then_some(preview)
}

/// What a diffusion model does, up to a factor: pixels, frames and steps.
fn work(spec: &ClipSpec) -> u64 {
    let pixels = u64::from(spec.width) * u64::from(spec.height);
    pixels * u64::from(spec.frames()) * u64::from(spec.steps)
}

/// `whole * side / longest`, as near as the bounds allow.
fn fit(bounds: &Bounds, whole: u32, side: u32, longest: u32) -> u32 {
    let step = bounds.multiple_of.unwrap_or(1).max(1);
    let exact = u64::from(whole) * u64::from(side);
    let steps = (exact + u64::from(longest) * step / 2) / (u64::from(longest) * step);
    let least = bounds.min.div_ceil(step) * step;
    let most = bounds.max / step * step;
    u32::try_from((steps * step).clamp(least.min(most), most)).unwrap_or(side)
}
