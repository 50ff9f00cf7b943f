//! Strength and scale of a regularizer, chosen on pictures that are known: for denoising at the end of a training, and
//! for any operator by [`restore::tune`](crate::restore::tune).

use burn::tensor::Tensor;
use gradnet_core::image::{ImageOperator, LipschitzImageField, Restoration, Stationary};
use rayon::prelude::*;

use super::WHITE;
use super::psnr::psnr;
use crate::measure::mean;
use crate::registry::{Lifted, MOST_CONCAVE};
use gradnet_core::analysis::host;

/// How strongly a regularizer is applied, and at which contrast.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Weights {
    /// `λ`.
    pub(crate) strength: f64,
    /// `μ`.
    pub(crate) scale: f64,
}

/// A known picture and what was measured of it.
pub(crate) struct Measured {
    /// Pixels of the clean picture.
    pub(crate) clean: Vec<f64>,
    /// The measurement with its noise, `[1, rows, columns]`.
    pub(crate) y: Tensor<3>,
    /// What it was measured with.
    pub(crate) operator: Box<dyn ImageOperator>,
}

/// A regularizer for pictures with noise of one level.
pub(crate) struct Regularizer<'a> {
    pub(crate) field: &'a Lifted<'a>,
    pub(crate) lipschitz: f64,
    pub(crate) concavity: f64,
    /// Standard deviation of the noise, of 255.
    pub(crate) level: f64,
}

/// The root mean square of the gradient to which pictures are restored, which bounds that of the error, as a part of
/// the noise's deviation.
const TOLERANCE: f64 = 0.005;

/// That to which they are restored while weights are chosen, where the operator's modulus bounds the error by it: first
/// roughly, on few pictures, then finely, on all. Where nothing bounds the error, an early end is a regularizer of its
/// own, which would choose no other.
const ROUGH: f64 = 0.04;
const FINE: f64 = 0.015;

/// Pictures that are looked at first.
const FEW: usize = 4;

/// Ratios by which the weights are moved, one after the other.
const ROUGH_RATIOS: [f64; 3] = [2.5, 1.6, 1.3];
const FINE_RATIOS: [f64; 2] = [1.15, 1.06];

/// The largest condition number of the minimisation: at a larger scale, which turns any spline into a step, it would
/// take too long.
const WORST_CONDITION: f64 = 1000.0;

/// The most steps.
const STEPS: usize = 800;

impl<'a> Regularizer<'a> {
    /// With the certified bounds of its field.
    pub(crate) fn of(field: &'a Lifted<'a>, level: f64) -> Self {
        Self {
            lipschitz: field.lipschitz(),
            concavity: field.concavity(),
            field,
            level,
        }
    }

    /// The largest `λ μ`: the minimisation is well enough conditioned, and denoising with a weakly convex regularizer
    /// convex.
    fn most(&self) -> f64 {
        let conditioned = (WORST_CONDITION - 1.0) / self.lipschitz;
        conditioned.min(MOST_CONCAVE / self.concavity)
    }

    /// The picture restored from a measurement, from `start` on.
    fn restored(
        &self,
        weights: Weights,
        (operator, y): (&dyn ImageOperator, &Tensor<3>),
        start: Tensor<3>,
        tolerance: f64,
    ) -> Stationary {
        let restoration = Restoration {
            field: self.field,
            operator,
            strength: weights.strength,
            scale: weights.scale,
            lipschitz: self.lipschitz,
            concavity: self.concavity,
        };
        let tolerance = tolerance * self.level / WHITE;
        restoration.find_from(start, y, tolerance, STEPS)
    }

    /// The picture restored as results are measured.
    pub(super) fn restore(&self, picture: &Measured, weights: Weights) -> Stationary {
        let operator = picture.operator.as_ref();
        let start = operator.adjoint(picture.y.clone());
        self.restored(weights, (operator, &picture.y), start, TOLERANCE)
    }

    /// The PSNR of each restored picture, and the mean number of steps.
    pub(crate) fn score(&self, pictures: &[Measured], weights: Weights) -> (Vec<f64>, f64) {
        let found = pictures.par_iter().map(|picture| {
            let point = self.restore(picture, weights);
            (psnr(&picture.clean, &host(point.image)), point.steps)
        });
        let (values, steps): (Vec<f64>, Vec<usize>) = found.unzip();
        let steps = steps.iter().sum::<usize>() as f64 / values.len().max(1) as f64;
        (values, steps)
    }

    /// The weights with the best mean PSNR on these pictures, and that mean, by a search from `start` on.
    pub(crate) fn tune(&self, pictures: &[Measured], start: Weights) -> (Weights, f64) {
        let every = pictures.len().div_ceil(FEW).max(1);
        let moduli = pictures.iter().map(|picture| picture.operator.modulus());
        let modulus = moduli.fold(1.0, f64::min);
        let [rough_tolerance, fine_tolerance] =
            [ROUGH, FINE].map(|tolerance| (tolerance * modulus).max(TOLERANCE));
        // From one choice of weights to the next the pictures change little.
        let begin = |picture: &Measured| picture.operator.adjoint(picture.y.clone());
        let mut last: Vec<Tensor<3>> = pictures.iter().map(begin).collect();
        let mut quality = |weights: Weights, every: usize, tolerance: f64| {
            if weights.strength * weights.scale > self.most() {
                return f64::NAN;
            }
            let looked = pictures.par_iter().zip(&mut last).step_by(every);
            let values = looked.map(|(picture, last)| {
                let operator = picture.operator.as_ref();
                let start = match modulus > 0.0 {
                    true => last.clone(),
                    false => begin(picture),
                };
                let point = self.restored(weights, (operator, &picture.y), start, tolerance);
                *last = point.image;
                psnr(&picture.clean, &host(last.clone()))
            });
            mean(&values.collect::<Vec<f64>>())
        };
        // Along `λ` and `λ μ`: at the bound of the second the first may still move.
        let of = |[strength, product]: [f64; 2]| Weights {
            strength,
            scale: product / strength,
        };
        // A search from beyond the bound would find nothing that it may choose.
        let product = start.strength * start.scale;
        let start = [start.strength, product.min(self.most() * (1.0 - 1e-9))];
        let (rough, _) = tuned(start, &ROUGH_RATIOS, |at| {
            quality(of(at), every, rough_tolerance)
        });
        let (fine, best) = tuned(rough, &FINE_RATIOS, |at| quality(of(at), 1, fine_tolerance));
        (of(fine), best)
    }
}

/// The positive numbers at which `quality` is best, and how good it is there, by a search along each in turn from
/// `start`.
///
/// Each is moved by a ratio as long as that helps, then the next, until none does; then by the next ratio. What was
/// tried is not tried again.
pub(super) fn tuned<const N: usize>(
    start: [f64; N],
    ratios: &[f64],
    mut quality: impl FnMut([f64; N]) -> f64,
) -> ([f64; N], f64) {
    let mut tried: Vec<([f64; N], f64)> = Vec::new();
    let mut known = |place: [f64; N]| {
        let same = |other: &[f64; N]| (0..N).all(|i| (other[i] / place[i] - 1.0).abs() < 1e-9);
        if let Some((_, value)) = tried.iter().find(|(other, _)| same(other)) {
            return *value;
        }
        let value = quality(place);
        tried.push((place, value));
        value
    };
    let mut place = start;
    let mut best = known(place);
    for ratio in ratios {
        loop {
            let before = place;
            for axis in 0..N {
                for factor in [*ratio, ratio.recip()] {
                    loop {
                        let mut next = place;
                        next[axis] *= factor;
                        let value = known(next);
                        // A number that is none is no improvement; from one, any number is.
                        let better = value.partial_cmp(&best) == Some(std::cmp::Ordering::Greater);
                        let is_first = best.is_nan() && !value.is_nan();
                        if !(better || is_first) {
                            break;
                        }
                        (place, best) = (next, value);
                    }
                }
            }
            if place == before {
                break;
            }
        }
    }
    (place, best)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATIOS: [f64; 4] = [2.0, 1.4, 1.15, 1.06];

    /// A tilted bowl in the logarithms, with its best place known.
    #[test]
    fn the_best_place_is_found_within_the_last_ratio() {
        let mut calls = 0;
        let bowl = |strength: f64, scale: f64| {
            let (a, b) = ((strength / 7.0).ln(), (scale / 0.3).ln());
            -(a * a + b * b + 0.8 * a * b)
        };
        let ([strength, scale], best) = tuned([1.0, 1.0], &RATIOS, |[strength, scale]| {
            calls += 1;
            bowl(strength, scale)
        });
        assert!((strength / 7.0).ln().abs() < 0.12, "{strength}");
        assert!((scale / 0.3).ln().abs() < 0.12, "{scale}");
        assert_eq!(best, bowl(strength, scale));
        assert!(calls < 80, "{calls}");
    }

    #[test]
    fn what_is_no_number_is_never_chosen() {
        let quality = |[strength]: [f64; 1]| if strength > 1.5 { f64::NAN } else { strength };
        let ([strength], _) = tuned([1.0], &RATIOS, quality);
        assert!(strength <= 1.5);
        let ([strength], best) = tuned([2.0], &RATIOS, quality);
        assert!(strength <= 1.5 && best > 1.0, "{strength}");
    }
}
