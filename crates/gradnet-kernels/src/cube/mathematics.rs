//! tanh, sigmoid and softplus on the device.
//!
//! A shading language promises little about its own `tanh` (small arguments cancel, large ones overflow on some
//! drivers), so it is a quotient of polynomials here, exact to a few units of the last place whatever the driver's
//! exp is worth.

use cubecl::prelude::*;

/// tanh z = z P(z²) / Q(z²), on |z| ≤ 7.9988, where it rounds to 1.
#[cube]
pub(super) fn tanh(z: f32) -> f32 {
    let z = clamp(z, -7.998_812_f32, 7.998_812_f32);
    let y = z * z;
    let p = -2.760_768_5e-16_f32;
    let p = p * y + 2.000_188e-13_f32;
    let p = p * y - 8.604_672e-11_f32;
    let p = p * y + 5.122_297e-8_f32;
    let p = p * y + 1.485_722_4e-5_f32;
    let p = p * y + 6.372_619e-4_f32;
    let p = p * y + 4.893_524_6e-3_f32;
    let q = 1.198_258_4e-6_f32;
    let q = q * y + 1.185_347_1e-4_f32;
    let q = q * y + 2.268_434_6e-3_f32;
    let q = q * y + 4.893_525e-3_f32;
    z * p / q
}

/// 1 / (1 + e^−z), without a large exponential.
#[cube]
pub(super) fn sigmoid(z: f32) -> f32 {
    let e = (-z.abs()).exp();
    select(z > 0.0_f32, 1.0_f32, e) / (1.0_f32 + e)
}

/// log(1 + e^z).
#[cube]
pub(super) fn softplus(z: f32) -> f32 {
    max(z, 0.0_f32) + (-z.abs()).exp().log1p()
}
