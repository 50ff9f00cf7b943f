//! exp, tanh, sigmoid, softplus and erf of a vector.
//!
//! With n the integer nearest x / log 2 and r = x − n log 2, e^x − 1 = 2^n (r + r² q(r)) + (2^n − 1), where q is the
//! minimax polynomial of (e^r − 1 − r)/r² on |r| ≤ log 2 / 2 (relative error of the sum below 8e-9 in `f32`, 2e-17 in
//! `f64`). tanh z = −m / (m + 2) with m = e^{−2|z|} − 1 has the sign of z put back, so it is odd to the bit and
//! accurate near 0, where e^{2z} − 1 would cancel. log(1 + e) = 2 atanh(e / (2 + e)). erf z = z + z p(z²) near 0 and 1
//! − e^{q(|z|)} beyond 15/16.
//!
//! Largest errors in units of the last place of the result, f32 / f64: exp 0.94 / 1.0, tanh 2.5 / 3.0, sigmoid 2.1 /
//! 2.0, softplus 2.5 / 3.0, erf 0.98 / 2.0. The tests hold all of them to 3 / 4 over all magnitudes, on every kind of
//! vector of the machine (`flex::tests`). tanh never exceeds 1, so that a monotone network's slopes 1 − tanh² stay
//! non-negative.

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
    /// erf z / z − 1 in powers of z², for z ≤ [`ERF_EDGE`].
    const ERF_NEAR: &'static [Self];
    /// log(1 − erf z) in powers of z, from [`ERF_EDGE`] to `ERF_END`.
    const ERF_FAR: &'static [Self];
    /// From here on erf is 1.
    const ERF_END: Self;
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
    const ERF_NEAR: &'static [Self] = &[
        0.128_379_17,
        -0.376_126_33,
        0.112_836_84,
        -0.026_858_723,
        0.005_199_318,
        -0.000_812_296_1,
        0.000_082_858_26,
    ];
    const ERF_FAR: &'static [Self] = &[
        0.000_180_321_2,
        -1.129_542_1,
        -0.633_291_84,
        -0.108_340_93,
        0.025_158_953,
        -0.004_186_155_4,
        0.000_437_596_88,
        -0.000_021_367_994,
    ];
    const ERF_END: Self = 4.0;
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
    const ERF_NEAR: &'static [Self] = &[
        0.128_379_167_095_512_6,
        -0.376_126_389_031_837_54,
        0.112_837_916_709_550_62,
        -0.026_866_170_645_115_49,
        0.005_223_977_625_236_705,
        -0.000_854_832_700_749_598_5,
        0.000_120_553_321_857_417_2,
        -1.492_562_370_291_989_6e-05,
        1.646_150_200_372_959_8e-06,
        -1.635_614_863_074_125_4e-07,
        1.470_280_492_091_14e-08,
        -1.155_499_180_486_963_8e-09,
        6.294_341_254_228_048e-11,
    ];
    const ERF_FAR: &'static [Self] = &[
        -7.561_517_145_697_177e-07,
        -1.128_371_482_212_576_8,
        -0.636_656_041_586_384_7,
        -0.102_667_128_630_650_01,
        0.018_917_090_361_024_822,
        0.000_518_063_306_129_86,
        -0.002_035_366_465_816_895_3,
        0.000_873_180_917_709_023_3,
        -0.000_203_897_869_495_509_3,
        1.609_002_293_882_473e-05,
        7.722_264_155_058_809e-06,
        -3.762_269_413_193_472_4e-06,
        9.048_563_993_027_706e-07,
        -1.396_873_641_568_434_5e-07,
        1.403_106_260_802_473_6e-08,
        -8.423_128_542_445_85e-10,
        2.306_041_005_767_605_3e-11,
    ];
    const ERF_END: Self = 6.0;
}

/// Where [`erf`] passes from one polynomial to the other.
const ERF_EDGE: f64 = 0.9375;

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

/// The smaller of two numbers; NaN for NaN.
#[inline(always)]
fn at_most<V: Vector>(x: V, top: V) -> V {
    -(-x).at_least(-top)
}

/// erf z.
#[inline(always)]
pub(crate) fn erf<L: Lanes>(lanes: L, z: L::Vector) -> L::Vector {
    let edge = lanes.splat(L::Element::nearest(ERF_EDGE));
    let size = at_most(z.abs(), lanes.splat(L::Element::ERF_END));
    let small = at_most(size, edge);
    let near = small.mul_add(
        polynomial(lanes, small * small, L::Element::ERF_NEAR),
        small,
    );
    let far = one_minus_exp(lanes, polynomial(lanes, size, L::Element::ERF_FAR));
    // Beyond the edge `near` stands still, so near that the difference is exact, and so is the sum.
    (near + (far - near).where_positive(size - edge)).with_sign_of(z)
}
