//! Logarithms, powers and mixtures, small and the same on every machine: made of additions and
//! multiplications of `f32` only, because a browser's and a processor's own differ in the last bit.

/// The base-two logarithm of a positive, normal number; off by at most 0.0001.
#[must_use]
pub(super) fn log2(x: f32) -> f32 {
    let bits = x.to_bits();
    // The exponent of a normal number lies in 1 to 254, so the cast keeps it.
    #[allow(clippy::cast_precision_loss)]
    let exponent = (bits >> 23) as f32 - 127.0;
    let m = f32::from_bits((bits & 0x007f_ffff) | 0x3f80_0000);
    // ln((1 + t) / (1 - t)) = 2 (t + t^3/3 + t^5/5 + ...), with t at most a third.
    let t = (m - 1.0) / (m + 1.0);
    let square = t * t;
    let series = t * (1.0 + square * (1.0 / 3.0 + square * (1.0 / 5.0 + square * (1.0 / 7.0))));
    exponent + series * (2.0 * std::f32::consts::LOG2_E)
}

/// Two to the power of `x`, relative error at most 0.0001; nothing smaller than 2^-60.
#[must_use]
pub(super) fn exp2(x: f32) -> f32 {
    let x = x.clamp(-60.0, 60.0);
    // Clamped, so the cast keeps the value.
    #[allow(clippy::cast_possible_truncation)]
    let whole = if x < 0.0 { x as i32 - 1 } else { x as i32 };
    #[allow(clippy::cast_precision_loss)]
    let y = (x - whole as f32) * std::f32::consts::LN_2;
    let series = 1.0 + y * (1.0 + y * (0.5 + y * (1.0 / 6.0 + y * (1.0 / 24.0 + y * (1.0 / 120.0)))));
    // From 67 to 187: a valid exponent.
    #[allow(clippy::cast_sign_loss)]
    let power = f32::from_bits(((whole + 127) as u32) << 23);
    series * power
}

/// Makes the shares add up to 1. Shares that are all nothing become equal.
pub(super) fn normalize(shares: &mut [f32]) {
    let total: f32 = shares.iter().sum();
    #[allow(clippy::cast_precision_loss)]
    let equal = 1.0 / shares.len().max(1) as f32;
    for share in shares {
        *share = if total > 0.0 { *share / total } else { equal };
    }
}

/// Mixes two hashes; the order matters.
#[must_use]
pub(super) const fn hash(a: u32, b: u32) -> u32 {
    let x = (a.rotate_left(5) ^ b).wrapping_mul(0x9e37_79b1);
    x ^ (x >> 15)
}
