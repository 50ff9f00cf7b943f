//! The density of a flow `f` to a known density q, in the user's units.
//!
//! ```text
//! log p_f(x) = log q(f(x)) + ln det J_f(x),    x = f⁻¹(z) with z ~ q is a sample of p_f
//! ```
//!
//! by the change of variables. With `x' = (x − m)/s` and the network's map `g` it is `log q(g(x')) + ln det J_g(x') − d
//! ln s`. The inverse is that of a strongly monotone map: where it is solved, it is the only one.

use burn::tensor::Device;
use gradnet_core::VectorField;

use super::drawn::GaussianMixture;
use super::log_det::factored;
use crate::data::file::RunField;
use crate::data::{Stream, generator};

/// Points whose inverse is solved at once.
const PIECE: usize = 500;
/// How often points that are not solved are drawn anew.
const DRAWS: usize = 20;

/// The density q that a network moves its source to, in the network's units.
#[derive(Clone, Debug)]
pub struct Flow {
    q: GaussianMixture,
}

/// Samples of a flow's density.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowSamples {
    /// The samples, row after row: every one is solved.
    pub points: Vec<f64>,
    /// Draws of q whose inverse was not found, in the place of which others were drawn.
    pub drawn_anew: usize,
    /// Samples that are missing since the draws were used up.
    pub missing: usize,
}

impl Flow {
    /// The flow to this density.
    pub(super) fn to(q: GaussianMixture) -> Self {
        Self { q }
    }

    /// `log p_f`, in nats, at points row after row; NaN where rounding leaves the Jacobian not positive definite.
    pub fn log_densities(&self, field: &RunField, x: &[f64], device: &Device) -> Vec<f64> {
        let (similarity, dim) = (field.similarity(), field.dim());
        let images = similarity.inner_gradients(&field.values(x, device));
        let (logs, _) = self.q.log_density_and_score(&images);
        let mut jacobians = field.jacobians(x, device);
        let scale = similarity.jacobian_scale();
        jacobians.iter_mut().for_each(|entry| *entry /= scale);
        let (log_dets, _) = factored(&jacobians, dim);
        let volume = dim as f64 * similarity.x_scale.ln();
        let sums = logs.iter().zip(log_dets);
        sums.map(|(log, log_det)| log + log_det - volume).collect()
    }

    /// Independent samples of `p_f`; `None` if the field is not known to be invertible.
    pub fn draw(
        &self,
        field: &RunField,
        count: usize,
        seed: u64,
        device: &Device,
    ) -> Option<FlowSamples> {
        let dim = field.dim();
        let mut random = generator(seed, Stream::Chains, 0);
        let mut drawn = FlowSamples {
            points: Vec::with_capacity(count * dim),
            drawn_anew: 0,
            missing: count,
        };
        let most = count.div_ceil(PIECE) + DRAWS;
        for _ in 0..most {
            if drawn.missing == 0 {
                break;
            }
            let z = self.q.draw(&mut random, drawn.missing.min(PIECE));
            let y = field.similarity().unscale_gradients(&z);
            let found = field.inverse(&y, device)?;
            let mut solved = vec![true; y.len() / dim];
            found
                .failed
                .iter()
                .for_each(|(row, _)| solved[*row] = false);
            let rows = found.x.chunks_exact(dim).zip(solved);
            let rows = rows.filter(|(row, solved)| *solved && row.iter().all(|x| x.is_finite()));
            let before = drawn.points.len();
            rows.for_each(|(row, _)| drawn.points.extend(row));
            let kept = (drawn.points.len() - before) / dim;
            drawn.missing -= kept;
            drawn.drawn_anew += y.len() / dim - kept;
        }
        Some(drawn)
    }
}

#[cfg(test)]
mod tests {
    use burn::module::Module;
    use nalgebra::{DMatrix, DVector};

    use super::super::bures::symmetric_power;
    use super::super::samples::{self, MODULUS};
    use super::*;
    use crate::data::file::Similarity;
    use crate::measure::mean_and_covariance;
    use crate::registry::Network;

    /// A network as a run's field in 64 bits, the user's units `x = m + 2 x'` and `y = c + 3 y'`.
    fn field(network: &Network) -> RunField {
        let similarity = Similarity {
            mean: vec![5.0, -1.0],
            x_scale: 2.0,
            y_scale: 3.0,
            constant: vec![0.5, 7.0],
            sign: 1,
        };
        let field = RunField::new(network.valid(), Some(similarity));
        field.in_double_precision(&Device::flex())
    }

    fn flow() -> Flow {
        Flow::to(GaussianMixture::standard_normal(2))
    }

    /// `x' ↦ A x' + b` to `N(0, I)` has the density `N(m − 2 A⁻¹ b, 4 A⁻²)`.
    #[test]
    fn of_an_affine_map_the_density_is_that_of_a_gaussian_in_closed_form() {
        let a = DMatrix::from_row_slice(2, 2, &[1.3, 0.4, 0.4, 0.8]);
        let b = DVector::from_row_slice(&[0.3, -0.6]);
        let root = symmetric_power(&(&a - DMatrix::identity(2, 2) * MODULUS), 0.5);
        let network = samples::network("mgradnet_m", root.as_slice(), b.as_slice());
        let field = field(&samples::linear_alone(network));
        let inverse = a.clone().try_inverse().unwrap();
        let mean = DVector::from_row_slice(&[5.0, -1.0]) - &inverse * &b * 2.0;
        let covariance = &inverse * &inverse * 4.0;
        let points = [5.0, -1.0, 8.0, 2.5, -3.0, -4.0];
        let found = flow().log_densities(&field, &points, &Device::flex());
        for (x, found) in points.chunks_exact(2).zip(found) {
            let away = DVector::from_row_slice(x) - &mean;
            let square = away.dot(&(covariance.clone().try_inverse().unwrap() * &away));
            let expected =
                -0.5 * square - std::f64::consts::TAU.ln() - 0.5 * covariance.determinant().ln();
            assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        }
        let drawn = flow().draw(&field, 20_000, 3, &Device::flex()).unwrap();
        assert_eq!((drawn.missing, drawn.drawn_anew), (0, 0));
        let (found_mean, found_covariance) = mean_and_covariance(&drawn.points, 2);
        assert!((found_mean - mean).norm() < 0.1);
        assert!((found_covariance - &covariance).norm() < 0.05 * covariance.norm());
    }

    /// Midpoints of a grid at whose edge the density vanishes; the samples have the mean of the integral.
    #[test]
    fn the_density_of_a_curved_map_integrates_to_one_and_its_samples_have_its_mean() {
        let field = field(&samples::network(
            "mgradnet_m",
            &[1.0, 0.2, 0.2, 0.7],
            &[0.2, -0.1],
        ));
        let (steps, width) = (240, 0.2);
        let at = |i: usize, middle: f64| middle + (i as f64 + 0.5) * width - 24.0;
        let grid = (0..steps).flat_map(|i| (0..steps).flat_map(move |j| [at(i, 5.0), at(j, -1.0)]));
        let grid: Vec<f64> = grid.collect();
        let logs = flow().log_densities(&field, &grid, &Device::flex());
        let masses: Vec<f64> = logs.iter().map(|log| log.exp() * width * width).collect();
        let total: f64 = masses.iter().sum();
        assert!((total - 1.0).abs() < 1e-5, "{total}");
        let drawn = flow().draw(&field, 10_000, 0, &Device::flex()).unwrap();
        let again = flow().draw(&field, 10_000, 0, &Device::flex()).unwrap();
        assert_eq!(drawn, again);
        let (mean, covariance) = mean_and_covariance(&drawn.points, 2);
        for axis in 0..2 {
            let rows = grid.chunks_exact(2).zip(&masses);
            let expected: f64 = rows.map(|(x, mass)| x[axis] * mass).sum();
            let error = (covariance[(axis, axis)] / 10_000.0).sqrt();
            assert!(
                (mean[axis] - expected).abs() < 4.0 * error,
                "{} {expected}",
                mean[axis]
            );
        }
    }
}
