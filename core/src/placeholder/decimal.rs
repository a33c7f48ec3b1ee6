//! Numbers in a picture, with one or two places and no zeros at the end. The general formatting of floats
//! weighs more than all pictures together, and a hundredth of a unit is not seen.

use std::fmt;

/// A number as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decimal {
    hundredths: i32,
}

/// To the nearest tenth.
pub(super) fn tenths(value: f32) -> Decimal {
    Decimal { hundredths: nearest(value * 10.0) * 10 }
}

/// To the nearest hundredth.
pub(super) fn hundredths(value: f32) -> Decimal {
    Decimal { hundredths: nearest(value * 100.0) }
}

fn nearest(value: f32) -> i32 {
    // A frame has 200 units; far more would saturate, and still be a number.
    #[allow(clippy::cast_possible_truncation)]
    let whole = (value + 0.5).floor() as i32;
    whole.clamp(-10_000_000, 10_000_000)
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.hundredths.abs() / 100, self.hundredths.abs() % 100);
        if self.hundredths < 0 {
            f.write_str("-")?;
        }
        match (rest / 10, rest % 10) {
            (0, 0) => write!(f, "{whole}"),
            (tenth, 0) => write!(f, "{whole}.{tenth}"),
            (tenth, last) => write!(f, "{whole}.{tenth}{last}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_is_written_without_zeros_at_its_end() {
        for (value, told) in [(0.0, "0"), (100.0, "100"), (-0.5, "-0.5"), (12.34, "12.3"), (0.06, "0.1")] {
            assert_eq!(tenths(value).to_string(), told);
        }
        for (value, told) in [(0.95, "0.95"), (0.5, "0.5"), (-1.016, "-1.02"), (-0.001, "0"), (2.0, "2")] {
            assert_eq!(hundredths(value).to_string(), told);
        }
        assert!(tenths(f32::NAN).to_string().parse::<f32>().is_ok());
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_near_the_number(value in -400.0f32..400.0) {
            prop_assert!((tenths(value).to_string().parse::<f32>().unwrap() - value).abs() <= 0.0502);
            prop_assert!((hundredths(value).to_string().parse::<f32>().unwrap() - value).abs() <= 0.0052);
        }
    }
}
