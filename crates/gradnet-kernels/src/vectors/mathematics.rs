//! exp, tanh, sigmoid and softplus of a vector.
//!
//! With n the integer nearest x / log 2 and r = x − n log 2, e^x − 1 = 2^n (r + r² q(r)) + (2^n − 1), where q is the
//! minimax polynomial of (e^r − 1 − r)/r² on |r| ≤ log 2 / 2 (relative error of the sum below 8e-9 in `f32`, 2e-17
//! in `f64`). tanh z = −m / (m + 2) with m = e^{−2|z|} − 1 has the sign of z put back, so it is odd to the bit and
//! accurate near 0, where e^{2z} − 1 would cancel. log(1 + e) = 2 atanh(e / (2 + e)).
//!
//! Largest errors in units of the last place of the result, f32 / f64: exp 0.94 / 1.0, tanh 2.5 / 3.0, sigmoid 2.1 / 2.0,
//! softplus 2.5 / 3.0. The tests hold all of them to 3 / 4 over all magnitudes, on every kind of vector of the machine
//! (`flex::tests`). tanh never exceeds 1, so that a monotone network's slopes 1 − tanh² stay non-negative.

use super::{Element, Lanes, Vector};

/// The constants of an element type.
pub(crate) trait Coefficients: Sized + 'static {
    /// 1.5 · 2^(mantissa bits): adding it rounds to an integer, held in the lowest bits.
    const ROUND: Self;
    /// 1 / log 2.
    const PER_LOG2: Self;
    /// log 2 to so few bits that its product with n is exact.
    const LOG2_HIGH: Self;
    /// log 2 − `LOG2_HIGH`.
    const LOG2_LOW: Self;
    /// Below this, e^x is taken as e^`LOWEST`, the smallest normal number or a little above.
    const LOWEST: Self;
    /// q(r), lowest power first.
    const EXPONENTIAL: &'static [Self];
    /// (atanh(s)/s − 1)/s² in powers of s², for s ≤ 1/3.
    const LOGARITHM: &'static [Self];
}

impl Coefficients for f32 {
    const ROUND: Self = 12_582_912.0;
    const PER_LOG2: Self = std::f32::consts::LOG2_E;
    const LOG2_HIGH: Self = 0.693_359_4;
    const LOG2_LOW: Self = -0.000_212_194_44;
    const LOWEST: Self = -87.33;
    const EXPONENTIAL: &'static [Self] = &[
        0.5,
        0.166_665_77,
        0.041_666_554,
        0.008_363_203,
        0.001_392_621_3,
    ];
    const LOGARITHM: &'static [Self] = &[0.333_333_2, 0.200_037_86, 0.141_181_27, 0.134_270_72];
}

impl Coefficients for f64 {
    const ROUND: Self = 6_755_399_441_055_744.0;
    const PER_LOG2: Self = std::f64::consts::LOG2_E;
    const LOG2_HIGH: Self = 0.693_147_180_543_746_8;
    const LOG2_LOW: Self = 1.619_851_018_665_656e-11;
    const LOWEST: Self = -708.39;
    const EXPONENTIAL: &'static [Self] = &[
        0.500_000_000_000_000_1,
        0.166_666_666_666_666_67,
        0.041_666_666_666_623_99,
        0.008_333_333_333_330_051,
        0.001_388_888_891_728_179_3,
        0.000_198_412_698_631_059_7,
        0.000_024_801_521_190_217_73,
        2.755_726_837_841_868_4e-6,
        2.762_013_871_973_399_6e-7,
        2.510_042_415_700_507e-8,
    ];
    const LOGARITHM: &'static [Self] = &[
        0.333_333_333_333_333_3,
        0.200_000_000_000_073_26,
        0.142_857_142_835_451_24,
        0.111_111_113_596_499_68,
        0.090_908_946_709_974_21,
        0.076_927_863_535_871_48,
        0.066_570_504_421_455_3,
        0.060_007_424_466_443_79,
        0.043_993_168_097_537_58,
        0.080_842_544_861_943_64,
    ];
}

/// A polynomial in `x`, lowest power first.
#[inline(always)]
fn polynomial<L: Lanes>(lanes: L, x: L::Vector, coefficients: &[L::Element]) -> L::Vector {
    let last = coefficients.len() - 1;
    let mut sum = lanes.splat(coefficients[last]);
    for &coefficient in coefficients[..last].iter().rev() {
        sum = sum.mul_add(x, lanes.splat(coefficient));
    }
    sum
}

/// 2^n and r + r² q(r), for x in [`LOWEST`, 0].
#[inline(always)]
fn reduced<L: Lanes>(lanes: L, x: L::Vector) -> (L::Vector, L::Vector) {
    let round = lanes.splat(L::Element::ROUND);
    let shifted = x.mul_add(lanes.splat(L::Element::PER_LOG2), round);
    let n = shifted - round;
    let r = n.neg_mul_add(lanes.splat(L::Element::LOG2_HIGH), x);
    let r = n.neg_mul_add(lanes.splat(L::Element::LOG2_LOW), r);
    let q = polynomial(lanes, r, L::Element::EXPONENTIAL);
    (shifted.power_of_two(), (r * r).mul_add(q, r))
}

/// e^x for x ≤ 0; NaN for NaN.
#[inline(always)]
pub(crate) fn exp<L: Lanes>(lanes: L, x: L::Vector) -> L::Vector {
    let (scale, p) = reduced(lanes, x.at_least(lanes.splat(L::Element::LOWEST)));
    scale.mul_add(p, scale)
}

/// 1 − e^x for x ≤ 0, without cancellation near 0; NaN for NaN.
#[inline(always)]
pub(crate) fn one_minus_exp<L: Lanes>(lanes: L, x: L::Vector) -> L::Vector {
    let (scale, p) = reduced(lanes, x.at_least(lanes.splat(L::Element::LOWEST)));
    scale.neg_mul_add(p, lanes.splat(L::Element::ONE) - scale)
}

/// tanh z.
#[inline(always)]
pub(crate) fn tanh<L: Lanes>(lanes: L, z: L::Vector) -> L::Vector {
    let two = lanes.splat(L::Element::nearest(2.0));
    let minus_m = one_minus_exp(lanes, -two * z.abs());
    (minus_m / (two - minus_m)).with_sign_of(z)
}

/// 1 / (1 + e^−z).
#[inline(always)]
pub(crate) fn sigmoid<L: Lanes>(lanes: L, z: L::Vector) -> L::Vector {
    let one = lanes.splat(L::Element::ONE);
    let e = exp(lanes, -z.abs());
    // 1/(1 + e) for z > 0 and e/(1 + e) elsewhere: the sum below is 1 or e, so neither tail cancels.
    (e + (one - e).where_positive(z)) / (one + e)
}

/// log(1 + e^z).
#[inline(always)]
pub(crate) fn softplus<L: Lanes>(lanes: L, z: L::Vector) -> L::Vector {
    let two = lanes.splat(L::Element::nearest(2.0));
    let e = exp(lanes, -z.abs());
    let s = e / (two + e);
    let square = s * s;
    let tail = polynomial(lanes, square, L::Element::LOGARITHM);
    let logarithm = (s + s).mul_add(square * tail, s + s);
    logarithm + z.at_least(lanes.splat(L::Element::ZERO))
}
