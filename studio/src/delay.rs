//! How long a generation pretends to take. A CPU draws a clip in a second; the models it stands for
//! take many, and a page that was only ever tried with a fast provider breaks with a slow one.

use std::collections::BTreeMap;

use cuelight_core::catalog;

/// The wait of each preset, in milliseconds, and a factor over all of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Delays {
    by_preset: BTreeMap<String, u64>,
    scale: f64,
}

/// Why a delay was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DelayError {
    /// There is no such preset.
    #[error("{0} is not a preset; one of {known}", known = preset_names())]
    UnknownPreset(String),
    /// It is not `name=milliseconds`.
    #[error("{0} is not written preset=milliseconds, for instance fast=800")]
    NotAPair(String),
    /// The factor is out of range.
    #[error("a scale lies between 0 and 100")]
    Scale,
    /// The wait is out of range.
    #[error("a delay is at most ten minutes, 600000")]
    TooLong,
}

/// The longest wait that may be asked for, in milliseconds.
const LONGEST_MS: u64 = 600_000;

fn preset_names() -> String {
    catalog::built_in().presets.iter().map(|p| p.id.as_str()).collect::<Vec<_>>().join(", ")
}

impl Default for Delays {
    /// The shorter of each preset's usual waits, unscaled.
    fn default() -> Self {
        let waits = catalog::built_in().presets.iter().map(|p| (p.id.clone(), p.wait_ms[0]));
        Self { by_preset: waits.collect(), scale: 1.0 }
    }
}

impl Delays {
    /// Sets the wait of one preset, in milliseconds.
    ///
    /// # Errors
    /// For an unknown preset or more than ten minutes.
    pub fn set(&mut self, preset: &str, ms: u64) -> Result<(), DelayError> {
        let slot =
            self.by_preset.get_mut(preset).ok_or_else(|| DelayError::UnknownPreset(preset.to_owned()))?;
        if ms > LONGEST_MS {
            return Err(DelayError::TooLong);
        }
        *slot = ms;
        Ok(())
    }

    /// Sets waits from a list such as `realtime=200,fast=800`.
    ///
    /// # Errors
    /// For anything that is not such a list.
    pub fn set_list(&mut self, list: &str) -> Result<(), DelayError> {
        for pair in list.split(',').filter(|pair| !pair.trim().is_empty()) {
            let bad = || DelayError::NotAPair(pair.trim().to_owned());
            let (name, ms) = pair.split_once('=').ok_or_else(bad)?;
            self.set(name.trim(), ms.trim().parse().map_err(|_| bad())?)?;
        }
        Ok(())
    }

    /// Sets the factor over all waits, 0 to 100.
    ///
    /// # Errors
    /// Outside that range.
    pub fn set_scale(&mut self, scale: f64) -> Result<(), DelayError> {
        if !(0.0..=100.0).contains(&scale) {
            return Err(DelayError::Scale);
        }
        self.scale = scale;
        Ok(())
    }

    /// The factor over all waits.
    #[must_use]
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// The wait for a clip of this size, rate and number of steps, in milliseconds: that of the
    /// preset which is all of these, or else of the one with the nearest number of steps.
    #[must_use]
    pub fn of(&self, width: u32, height: u32, fps: u32, steps: u32) -> u64 {
        let presets = &catalog::built_in().presets;
        let exact =
            presets.iter().find(|p| (p.width, p.height, p.fps, p.steps) == (width, height, fps, steps));
        let nearest = || presets.iter().min_by_key(|p| p.steps.abs_diff(steps));
        let base = exact.or_else(nearest).and_then(|p| self.by_preset.get(&p.id)).copied().unwrap_or(0);
        // Both factors are bounded, so the product is a small positive number.
        #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let scaled = (base as f64 * self.scale).round() as u64;
        scaled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_the_shorter_wait_of_the_matching_preset() {
        for preset in &catalog::built_in().presets {
            let wait = Delays::default().of(preset.width, preset.height, preset.fps, preset.steps);
            assert_eq!(wait, preset.wait_ms[0], "{}", preset.id);
        }
    }

    #[test]
    fn a_clip_of_no_preset_waits_like_the_one_with_the_nearest_steps() {
        let mut delays = Delays::default();
        delays.set_list("realtime=1,fast=2, balanced=3,quality=4").unwrap();
        assert_eq!([3, 7, 14, 90].map(|steps| delays.of(128, 128, 5, steps)), [1, 2, 3, 4]);
    }

    #[test]
    fn a_scale_applies_to_all() {
        let mut delays = Delays::default();
        delays.set_list("fast=1000").unwrap();
        delays.set_scale(0.25).unwrap();
        assert_eq!(delays.of(512, 512, 12, 8), 250);
    }

    #[test]
    fn nonsense_is_refused_with_a_sentence() {
        let mut delays = Delays::default();
        assert!(delays.set_list("turbo=1").unwrap_err().to_string().contains("realtime"));
        assert!(delays.set_list("fast").unwrap_err().to_string().contains("fast=800"));
        assert_eq!(delays.set_list("fast=600001"), Err(DelayError::TooLong));
        assert_eq!(delays.set_scale(f64::NAN), Err(DelayError::Scale));
    }
}
