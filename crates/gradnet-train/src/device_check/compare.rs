//! The values of a device beside those of the processor.

use std::time::{Duration, Instant};

use super::{Agreement, DeviceFault, SETTLE};

/// The relative difference in the 2-norm that a device may show.
pub const ALLOWED: f64 = 1e-3;

/// How far a point is moved, relative to the largest coordinate, to see whether it lies at a kink.
const NUDGE: f32 = 1e-5;

/// One row in so many, and one more, may lie at a kink.
const KINKS: usize = 100;

/// What a check has found so far.
pub(crate) struct Comparison {
    device: String,
    largest: Option<Agreement>,
    started: Instant,
    first_calls: Duration,
}

impl Comparison {
    pub(crate) fn new(device: String) -> Self {
        Self {
            device,
            largest: None,
            started: Instant::now(),
            first_calls: Duration::ZERO,
        }
    }

    /// The last of some calls, after which a device has chosen its kernels.
    pub(crate) fn settled<T>(&mut self, mut call: impl FnMut() -> T) -> T {
        let started = Instant::now();
        call();
        self.first_calls += started.elapsed();
        for _ in 1..SETTLE {
            call();
        }
        call()
    }

    /// The largest difference so far.
    pub(crate) fn largest(self) -> Option<Agreement> {
        let seconds = self.started.elapsed().saturating_sub(self.first_calls);
        self.largest.map(|largest| Agreement {
            seconds: seconds.as_secs_f64(),
            ..largest
        })
    }

    /// Compares all values together.
    pub(crate) fn whole(
        &mut self,
        quantity: &'static str,
        points: usize,
        found: &[f32],
        expected: &[f32],
    ) -> Result<(), DeviceFault> {
        let difference = relative_difference(found, expected);
        if self
            .largest
            .as_ref()
            .is_none_or(|l| l.difference < difference)
        {
            self.largest = Some(Agreement {
                quantity: quantity.into(),
                points,
                difference,
                seconds: 0.0,
            });
        }
        if difference <= ALLOWED {
            return Ok(());
        }
        Err(DeviceFault::Differs {
            device: self.device.clone(),
            quantity,
            points,
            on_device: norm(found.iter().map(|value| f64::from(*value))),
            on_host: norm(expected.iter().map(|value| f64::from(*value))),
            difference,
        })
    }

    /// Compares the rows of a function of points. A row that differs is left out where the function jumps beside its
    /// point, as a gradient does at a kink of its potential; more than one in [`KINKS`] are not.
    pub(super) fn rows(
        &mut self,
        quantity: &'static str,
        points: &[f32],
        count: usize,
        (found, expected): (&[f32], &[f32]),
        again: &dyn Fn(&[f32]) -> Vec<f32>,
    ) -> Result<(), DeviceFault> {
        if found.len() != expected.len() || relative_difference(found, expected) <= ALLOWED {
            return self.whole(quantity, count, found, expected);
        }
        let width = expected.len() / count;
        let row = |values: &[f32], row: usize| values[row * width..(row + 1) * width].to_vec();
        let differs = |other: &[f32], index: usize| {
            relative_difference(&row(other, index), &row(expected, index)) > ALLOWED
        };
        let largest = points
            .iter()
            .fold(0f32, |most, value| most.max(value.abs()));
        let moved = |by: f32| -> Vec<f32> { points.iter().map(|value| value + by).collect() };
        let sides = [NUDGE, -NUDGE].map(|nudge| again(&moved(nudge * largest)));
        let jumps = |index: usize| sides.iter().any(|side| differs(side, index));
        let kinks: Vec<usize> = (0..count)
            .filter(|index| differs(found, *index) && jumps(*index))
            .collect();
        if kinks.len() > 1 + count / KINKS {
            return self.whole(quantity, count, found, expected);
        }
        let kept = |values: &[f32]| -> Vec<f32> {
            let rows = (0..count).filter(|index| !kinks.contains(index));
            rows.flat_map(|index| row(values, index)).collect()
        };
        self.whole(quantity, count, &kept(found), &kept(expected))
    }
}

/// `‖found − expected‖₂ / ‖expected‖₂`; infinite where one has a value that is not finite and the other has another,
/// or where their lengths differ.
pub(super) fn relative_difference(found: &[f32], expected: &[f32]) -> f64 {
    if found.len() != expected.len() {
        return f64::INFINITY;
    }
    let pairs = || {
        found
            .iter()
            .zip(expected)
            .map(|(a, b)| (f64::from(*a), f64::from(*b)))
    };
    let same = |(a, b): &(f64, f64)| a == b || (a.is_nan() && b.is_nan());
    let difference = norm(pairs().filter(|pair| !same(pair)).map(|(a, b)| a - b));
    if difference == 0.0 {
        return 0.0;
    }
    let scale = norm(pairs().map(|(_, b)| b).filter(|b| b.is_finite()));
    let relative = difference / scale;
    if relative.is_nan() {
        f64::INFINITY
    } else {
        relative
    }
}

/// The 2-norm.
fn norm(values: impl Iterator<Item = f64>) -> f64 {
    // The sum of nothing is minus zero.
    values.fold(0.0, |sum, value| sum + value * value).sqrt()
}
