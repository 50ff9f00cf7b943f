//! A network in the units of the file it was trained on.

use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};
use gradnet_core::VectorField;
use gradnet_core::analysis::{double_precision, host, in_double_precision};
use gradnet_core::inverse::{InverseSettings, Solution};

use super::Similarity;
use crate::registry::Network;

/// The relative residual that inverses are refined to in 64 bits.
const REFINED: f64 = 1e-11;

/// `f(x) = c + σ t g((x − m) / s)` around a network g; without a file the network itself.
///
/// The potential is the U with `f = σ ∇U`: the one whose gradient, or whose force, was learned.
#[derive(Clone, Debug)]
pub struct RunField {
    network: Network,
    similarity: Similarity,
    dtype: FloatDType,
}

impl RunField {
    /// The field around a network; without a similarity, the network itself.
    pub fn new(network: Network, similarity: Option<Similarity>) -> Self {
        let identity = || Similarity::identity(network.dim());
        Self {
            similarity: similarity.unwrap_or_else(identity),
            network,
            dtype: FloatDType::F32,
        }
    }

    /// The same function computed in 64 bits, where `device` has them.
    pub fn in_double_precision(&self, device: &Device) -> Self {
        Self {
            network: in_double_precision(self.network.clone(), device),
            similarity: self.similarity.clone(),
            dtype: match double_precision(device) {
                DType::F64 => FloatDType::F64,
                _ => FloatDType::F32,
            },
        }
    }

    /// The network, in its own units.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The change of units.
    pub fn similarity(&self) -> &Similarity {
        &self.similarity
    }

    /// The field at points, row after row. Only the network itself computes in 32 bits, or in 64.
    ///
    /// The network must live on `device`.
    pub fn values(&self, x: &[f64], device: &Device) -> Vec<f64> {
        let values = host(self.network.forward(self.inside(x, device)));
        self.similarity.unscale_gradients(&values)
    }

    /// The potential `s t G(x') + σ ⟨c, x − m⟩` at points, where that of the network is known.
    pub fn potentials(&self, x: &[f64], device: &Device) -> Option<Vec<f64>> {
        let scale = self.similarity.potential_scale();
        let curved = host(self.network.potential(self.inside(x, device))?);
        let linear = self.similarity.linear_potential(x);
        let sum = |(curved, linear): (f64, f64)| scale * curved + linear;
        Some(curved.into_iter().zip(linear).map(sum).collect())
    }

    /// The Jacobians `(σ t / s) J_g(x')` at points, each `[dim, dim]` row after row.
    pub fn jacobians(&self, x: &[f64], device: &Device) -> Vec<f64> {
        let (dim, rows) = (self.dim(), x.len() / self.dim());
        let inside = self.inside(x, device);
        let scale = self.similarity.jacobian_scale();
        let mut jacobians = vec![0.0; rows * dim * dim];
        for j in 0..dim {
            let mut direction = vec![0.0; rows * dim];
            direction
                .iter_mut()
                .skip(j)
                .step_by(dim)
                .for_each(|v| *v = 1.0);
            let direction = self.tensor(direction, device);
            // Column j of the Jacobian at every point.
            let column = host(self.network.jacobian_vector(inside.clone(), direction));
            for (place, value) in column.into_iter().enumerate() {
                jacobians[place * dim + j] = scale * value;
            }
        }
        jacobians
    }

    /// The products `(σ t / s) J_g(x') v` at points with a direction each, row after row.
    pub fn jacobian_vectors(&self, x: &[f64], v: &[f64], device: &Device) -> Vec<f64> {
        let direction = self.tensor(v.to_vec(), device);
        let mut products = host(
            self.network
                .jacobian_vector(self.inside(x, device), direction),
        );
        let scale = self.similarity.jacobian_scale();
        products.iter_mut().for_each(|product| *product *= scale);
        products
    }

    /// Whether the field is known to be invertible.
    pub fn is_invertible(&self) -> bool {
        self.network.strongly_monotone().is_some()
    }

    /// The points that the field takes to `y`, row after row; None if the field is not known to be invertible.
    ///
    /// Found in the field's own precision on `device`, then refined in 64 bits on the processor: where the slope is
    /// small, a residual that 32 bits allow leaves points that differ in their fourth digit.
    pub fn inverse(&self, y: &[f64], device: &Device) -> Option<FoundInverse> {
        let inner = self.similarity.inner_gradients(y);
        let coarse = InverseSettings::default();
        let first = self.search(inner.clone(), None, device, &coarse)?;
        let processor = Device::flex();
        let fine = InverseSettings {
            tolerance: REFINED,
            ..coarse
        };
        let start = host(first.x);
        let exact = self.in_double_precision(&processor);
        let found = exact.search(inner, Some(start), &processor, &fine)?;
        let residuals = found.relative_residuals.into_iter().enumerate();
        Some(FoundInverse {
            // Also where the residual is no number, which no tolerance contains.
            failed: residuals
                .filter(|(_, r)| !(0.0..=coarse.tolerance).contains(r))
                .collect(),
            x: self.similarity.unscale_points(&host(found.x)),
        })
    }

    /// Looks for points with values in the network's units, by the residual first and then by the potential.
    fn search(
        &self,
        values: Vec<f64>,
        start: Option<Vec<f64>>,
        device: &Device,
        settings: &InverseSettings,
    ) -> Option<Solution> {
        let field = self.network.strongly_monotone()?;
        let values = self.tensor(values, device);
        let start = start.map(|rows| self.tensor(rows, device));
        let found = field.solve(values.clone(), start, settings);
        Some(match found.is_solved() {
            true => found,
            false => field.solve_by_potential(values, Some(found.x), settings),
        })
    }

    fn inside(&self, x: &[f64], device: &Device) -> Tensor<2> {
        self.tensor(self.similarity.inner_points(x), device)
    }

    /// Rows of numbers in the precision the field is computed in.
    fn tensor(&self, rows: Vec<f64>, device: &Device) -> Tensor<2> {
        let dim = self.dim();
        let count = rows.len() / dim;
        let data = TensorData::new(rows, [count, dim]);
        Tensor::from_data(data, (device, self.dtype.into()))
    }
}

/// Points found for values of a field.
#[derive(Clone, Debug)]
pub struct FoundInverse {
    /// The points, row after row.
    pub x: Vec<f64>,
    /// The rows that were not found, with their residuals relative to the size of the value: their points are worth
    /// nothing.
    pub failed: Vec<(usize, f64)>,
}

/// In the precision of the points given: where they lie far from the origin, [`RunField::values`]
/// is exact and this is not.
impl VectorField for RunField {
    fn dim(&self) -> usize {
        self.network.dim()
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let inside = self.similarity.inward(x);
        self.similarity.outward(self.network.forward(inside))
    }

    fn jacobian_vector(&self, x: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        let inside = self.similarity.inward(x);
        self.network.jacobian_vector(inside, v) * self.similarity.jacobian_scale()
    }
}

#[cfg(test)]
mod tests {
    use crate::registry::{NetworkConfig, Size};
    use gradnet_core::ParameterSource;
    use gradnet_core::analysis::{jacobians, relative_asymmetry, smallest_eigenvalue};
    use nalgebra::{DMatrix, DVector};

    use super::*;
    use crate::data::points_tensor;

    fn field(offset: f64, sign: i8) -> RunField {
        let config = NetworkConfig::from_name("mgradnet_m").unwrap();
        let mut source = ParameterSource::new(&Device::flex(), 5);
        let network = config
            .with_size(Size::Width(6))
            .init(3, &mut source)
            .unwrap();
        let similarity = Similarity {
            mean: vec![offset + 10.0, -2.0, 0.5],
            x_scale: 4.0,
            y_scale: 25.0,
            constant: vec![100.0, -20.0, 0.0],
            sign,
        };
        RunField::new(network, Some(similarity))
    }

    fn points(offset: f64) -> [f64; 6] {
        [offset + 11.0, -3.0, 2.0, offset + 8.5, 1.0, -1.0]
    }

    #[test]
    fn jacobians_in_double_precision_are_the_central_differences_of_the_values() {
        let device = Device::flex();
        let exact = field(0.0, -1).in_double_precision(&device);
        let narrow = field(0.0, -1).jacobians(&points(0.0), &device);
        let jacobians = exact.jacobians(&points(0.0), &device);
        // The scaled points, of 32 bits, take this step without rounding.
        let step = 2f64.powi(-10);
        for place in 0..6 {
            let [after, before] = [step, -step].map(|step| {
                let mut moved = points(0.0);
                moved[place] += step;
                exact.values(&moved, &device)
            });
            let row = place / 3;
            for i in 0..3 {
                let slope = (after[3 * row + i] - before[3 * row + i]) / (2.0 * step);
                let index = 9 * row + 3 * i + place % 3;
                assert!(
                    (slope - jacobians[index]).abs() < 1e-3,
                    "{slope} {jacobians:?}"
                );
                assert!((narrow[index] - jacobians[index]).abs() < 1e-4);
            }
        }
        assert_ne!(narrow, jacobians);
    }

    #[test]
    fn products_with_a_vector_are_those_of_the_jacobian() {
        let (device, x) = (Device::flex(), points(0.0));
        let field = field(0.0, -1).in_double_precision(&device);
        let v = [1.0, -2.0, 0.5, 0.0, 3.0, -1.0];
        let products = field.jacobian_vectors(&x, &v, &device);
        let jacobians = field.jacobians(&x, &device);
        for (place, product) in products.iter().enumerate() {
            let row = &jacobians[3 * place..3 * place + 3];
            let direction = &v[place / 3 * 3..][..3];
            let sum: f64 = row.iter().zip(direction).map(|(j, v)| j * v).sum();
            assert!(
                (product - sum).abs() < 1e-12 * sum.abs().max(1.0),
                "{product} {sum}"
            );
        }
    }

    fn matrices(field: &RunField) -> Vec<DMatrix<f64>> {
        let numbers = field.jacobians(&points(0.0), &Device::flex());
        let matrix = |rows: &[f64]| DMatrix::from_row_slice(3, 3, rows);
        numbers.chunks(9).map(matrix).collect()
    }

    #[test]
    fn a_similarity_keeps_the_jacobian_symmetric_and_its_eigenvalues_of_one_sign() {
        for sign in [1, -1] {
            for jacobian in matrices(&field(0.0, sign)) {
                assert!(relative_asymmetry(&jacobian) < 1e-5);
                let curvature = &jacobian * f64::from(sign);
                assert!(smallest_eigenvalue(&curvature) > -1e-5 * jacobian.norm());
            }
        }
    }

    /// What the module's text says of scales for each coordinate: D J is not symmetric, and
    /// D J C^-1 is if C D is a multiple of the identity.
    #[test]
    fn scales_for_each_coordinate_of_the_gradient_break_the_symmetry() {
        let scales = DMatrix::from_diagonal(&DVector::from_vec(vec![1.0, 2.0, 5.0]));
        for jacobian in matrices(&field(0.0, 1)) {
            assert!(relative_asymmetry(&(&scales * &jacobian)) > 0.05);
            assert!(relative_asymmetry(&(&jacobian * 3.0)) < 1e-5);
            // C = 3 D^-1, so that C^-1 = D / 3.
            assert!(relative_asymmetry(&(&scales * &jacobian * &scales / 3.0)) < 1e-5);
        }
    }

    #[test]
    fn the_potential_in_the_users_units_has_the_field_as_its_gradient_wherever_the_points_lie() {
        let device = Device::flex();
        for (offset, sign) in [(0.0, 1), (0.0, -1), (5.4e6, 1), (-3.7e9, -1)] {
            let (field, x) = (field(offset, sign), points(offset));
            let gradient = field.values(&x, &device);
            let step = 0.05;
            for coordinate in 0..3 {
                let moved = |by: f64| {
                    let mut x = x;
                    x.iter_mut()
                        .skip(coordinate)
                        .step_by(3)
                        .for_each(|x| *x += by);
                    field.potentials(&x, &device).unwrap()
                };
                let (ahead, behind) = (moved(step), moved(-step));
                for row in 0..2 {
                    let slope = f64::from(sign) * (ahead[row] - behind[row]) / (2.0 * step);
                    let exact = gradient[3 * row + coordinate];
                    assert!(
                        (slope - exact).abs() < 2e-2 * exact.abs().max(1.0),
                        "{offset}, {sign}: {slope} {exact}"
                    );
                }
            }
        }
    }

    #[test]
    fn tensors_and_numbers_give_the_same_field_and_jacobian() {
        let (field, device) = (field(0.0, -1), Device::flex());
        let numbers = points(0.0).map(|x| x as f32).to_vec();
        let x = points_tensor(numbers, 3, &device, FloatDType::F32);
        let values = field.values(&points(0.0), &device);
        for (ours, theirs) in host(field.forward(x.clone())).iter().zip(values) {
            assert!((ours - theirs).abs() < 1e-4 * theirs.abs().max(1.0));
        }
        for (ours, theirs) in jacobians(&field, x).iter().zip(matrices(&field)) {
            assert!((ours - &theirs).norm() < 1e-5 * theirs.norm());
        }
    }

    #[test]
    fn scaled_pairs_are_what_the_network_sees() {
        let (field, device) = (field(0.0, -1), Device::flex());
        let similarity = field.similarity();
        let x = similarity.scale_points(&points(0.0));
        let inside = points_tensor(x, 3, &device, FloatDType::F32);
        let y = similarity.scale_gradients(&field.values(&points(0.0), &device));
        for (ours, theirs) in y.iter().zip(host(field.network().forward(inside))) {
            assert!((f64::from(*ours) - theirs).abs() < 1e-5);
        }
    }
}
