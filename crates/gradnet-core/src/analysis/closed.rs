//! Whether the work around loops is zero, as far as one can tell.
//!
//! A quadrature knows the field at its nodes only. Where a field changes in a strip between them,
//! one crossing of the strip may be seen and the other not, and the work around the loop comes out
//! wrong with a small estimated error. So a loop that does not close is cut:
//!
//! ```text
//! ∮ = ∮ of one part of its disc + ∮ of the other
//! ```
//!
//! and so is every part that does not close. If all parts close, so does the loop, to the sum of
//! their errors. If the field is no gradient, some part does not close however small it is.

use super::curve::{Cell, Loop};
use super::loop_integral::{LoopIntegral, integrate};
use crate::field::VectorField;
use burn::tensor::{DType, Tensor};

/// A work whose quadrature is off by more than this part of the largest size shows nothing.
const UNRESOLVED: f64 = 1e-3;

/// Parts of all loops that are looked at, at most.
const MOST_PARTS: usize = 2048;

/// What is known of all loops.
pub(super) struct Loops {
    /// Whether no loop was found open.
    pub(super) closed: bool,
    /// Loops around which the field is too rough to integrate.
    pub(super) undecided: usize,
    /// The largest work, relative to the largest size.
    pub(super) work: f64,
    /// Its error, likewise.
    pub(super) error: f64,
}

/// What cutting a loop came to.
enum Cut {
    /// A part as small as they get does not close.
    Open,
    /// All parts close: the sum of their works and errors.
    Closed(LoopIntegral),
    /// There are too many parts that do not close.
    Unknown,
}

/// How far the field is known.
#[derive(Clone, Copy)]
pub(super) struct Exactness {
    /// Relative to the size of a loop, how far its work may be off beside its errors.
    pub(super) tolerance: f64,
    /// The rounding of a value of the field.
    pub(super) noise: f64,
}

impl Exactness {
    /// Whether the work around a curve is zero, as far as one can tell.
    fn closes(self, integral: &LoopIntegral) -> bool {
        integral.closes(self.tolerance)
    }

    /// The integral with the rounding of the field in its error.
    fn noisy(self, integral: LoopIntegral) -> LoopIntegral {
        let rounding_error = integral.rounding_error + self.noise * integral.length;
        LoopIntegral {
            rounding_error,
            ..integral
        }
    }
}

/// Integrates the loops, and cuts those that do not close if that can still `decide`.
pub(super) fn closed(
    field: &impl VectorField,
    like: &Tensor<2>,
    paths: &[Loop],
    exactness: Exactness,
    decide: bool,
) -> Loops {
    let mut found: Vec<LoopIntegral> = integrate(field, like, paths)
        .into_iter()
        .map(|integral| exactness.noisy(integral))
        .collect();
    // Like Jacobians, loops are measured against the largest.
    let size = largest(found.iter().map(|integral| integral.size));
    let noise = largest(
        found
            .iter()
            .map(|integral| exactness.noise * integral.length),
    );
    let scale = size.max(noise);
    let closes = |integral: &LoopIntegral| {
        let size = size.max(integral.size);
        exactness.closes(&LoopIntegral { size, ..*integral })
    };
    let unresolved = |integral: &LoopIntegral| {
        integral.quadrature_error > UNRESOLVED * scale + integral.rounding_error
    };
    let (mut closed, mut undecided, mut parts) = (true, 0, 0);
    for (integral, path) in found.iter_mut().zip(paths) {
        if closes(integral) {
            undecided += usize::from(unresolved(integral));
            continue;
        }
        let cut = match decide && closed && integral.work.is_finite() {
            true => cut(field, like, path, exactness, &mut parts),
            false => Cut::Open,
        };
        match cut {
            Cut::Open => closed = false,
            Cut::Unknown => undecided += 1,
            Cut::Closed(sum) => {
                *integral = sum;
                undecided += usize::from(unresolved(integral));
            }
        }
    }
    let worst = found.iter().reduce(|a, b| {
        if a.work.abs() >= b.work.abs() || a.work.is_nan() {
            a
        } else {
            b
        }
    });
    Loops {
        closed,
        undecided,
        work: worst.map_or(0.0, |integral| relative(integral.work.abs(), scale)),
        error: worst.map_or(0.0, |integral| {
            relative(integral.quadrature_error + integral.rounding_error, scale)
        }),
    }
}

/// Cuts a loop until all its parts close, or one that is as small as they get does not.
fn cut(
    field: &impl VectorField,
    like: &Tensor<2>,
    path: &Loop,
    exactness: Exactness,
    parts: &mut usize,
) -> Cut {
    // In each direction; below, the rounding of the points would hide what is looked for.
    let depth = match like.dtype() {
        DType::F64 => 16,
        _ => 5,
    };
    let mut open = vec![Cell::whole(path)];
    let mut sum = LoopIntegral::ZERO;
    // The part whose work is largest comes last, and first out: a field that is no gradient is soon known.
    while let Some(cell) = open.pop() {
        if *parts >= MOST_PARTS {
            return Cut::Unknown;
        }
        *parts += 2;
        let both = cell.parts();
        let mut works = integrate(field, like, &both).into_iter().zip(both);
        let mut still_open = Vec::new();
        for (integral, cell) in &mut works {
            let integral = exactness.noisy(integral);
            if exactness.closes(&integral) {
                sum = sum + integral;
            } else if cell.cuts >= 2 * depth {
                return Cut::Open;
            } else {
                still_open.push((integral.work.abs(), cell));
            }
        }
        still_open.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        open.extend(still_open.into_iter().map(|(_, cell)| cell));
    }
    Cut::Closed(sum)
}

/// The quotient; 0 for `0/0`.
pub(super) fn relative(value: f64, scale: f64) -> f64 {
    if value == 0.0 { 0.0 } else { value / scale }
}

/// The largest number, NaN if there is one.
pub(super) fn largest(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().fold(f64::NEG_INFINITY, |a, b| {
        if a.is_nan() || b.is_nan() {
            f64::NAN
        } else {
            a.max(b)
        }
    })
}
