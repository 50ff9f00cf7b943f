//! The similarity between a user's units and a network's, and a network in the user's units.

use burn::tensor::{Tensor, TensorData};
use gradnet_core::{VectorField, network::Network};
use serde::{Deserialize, Serialize};

/// `x' = (x - m) / s`, `y' = y / t`, with numbers `s, t > 0`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Similarity {
    /// m, the mean point.
    pub mean: Vec<f64>,
    /// s, in the units of the points.
    pub x_scale: f64,
    /// t, in the units of the gradients.
    pub y_scale: f64,
}

impl Similarity {
    /// The one that changes nothing.
    pub fn identity(dim: usize) -> Self {
        Self {
            mean: vec![0.0; dim],
            x_scale: 1.0,
            y_scale: 1.0,
        }
    }

    /// Scales points in place, row after row.
    pub fn scale_points(&self, x: &mut [f32]) {
        for row in x.chunks_mut(self.mean.len()) {
            for (x, mean) in row.iter_mut().zip(&self.mean) {
                *x = ((f64::from(*x) - mean) / self.x_scale) as f32;
            }
        }
    }

    /// Scales gradients in place.
    pub fn scale_gradients(&self, y: &mut [f32]) {
        for y in y {
            *y = (f64::from(*y) / self.y_scale) as f32;
        }
    }

    /// `(x - m) / s` on a device.
    fn inward(&self, x: Tensor<2>) -> Tensor<2> {
        let [_, dim] = x.dims();
        let mean = TensorData::new(self.mean.clone(), [1, dim]);
        (x.clone() - Tensor::from_data(mean, (&x.device(), x.dtype()))) / self.x_scale
    }
}

/// A network in the units of the file it was trained on; without a file the network itself.
#[derive(Clone, Debug)]
pub struct RunField {
    network: Network,
    similarity: Option<Similarity>,
}

impl RunField {
    /// `f(x) = t g((x - m) / s)`, or g itself.
    pub fn new(network: Network, similarity: Option<Similarity>) -> Self {
        Self {
            network,
            similarity,
        }
    }

    /// The network, in its own units.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The potential `t s G((x - m) / s)` at each row of `x`, `[points, dim] -> [points]`, where it is known.
    pub fn potential(&self, x: Tensor<2>) -> Option<Tensor<1>> {
        match &self.similarity {
            None => self.network.potential(x),
            Some(similarity) => {
                let value = self.network.potential(similarity.inward(x))?;
                Some(value * (similarity.x_scale * similarity.y_scale))
            }
        }
    }
}

impl VectorField for RunField {
    fn dim(&self) -> usize {
        self.network.dim()
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        match &self.similarity {
            None => self.network.forward(x),
            Some(similarity) => self.network.forward(similarity.inward(x)) * similarity.y_scale,
        }
    }

    fn jacobian_vector(&self, x: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        match &self.similarity {
            None => self.network.jacobian_vector(x, v),
            Some(similarity) => {
                let scale = similarity.y_scale / similarity.x_scale;
                self.network.jacobian_vector(similarity.inward(x), v) * scale
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use gradnet_core::ParameterSource;
    use gradnet_core::analysis::{host, jacobians, relative_asymmetry, smallest_eigenvalue};
    use gradnet_core::network::{NetworkConfig, Size};
    use nalgebra::DMatrix;

    use super::*;

    fn field() -> RunField {
        let config = NetworkConfig::from_name("mgradnet_m").unwrap();
        let mut source = ParameterSource::new(&Device::flex(), 5);
        let network = config
            .with_size(Size::Width(6))
            .init(3, &mut source)
            .unwrap();
        let similarity = Similarity {
            mean: vec![10.0, -2.0, 0.5],
            x_scale: 4.0,
            y_scale: 25.0,
        };
        RunField::new(network, Some(similarity))
    }

    fn points() -> Tensor<2> {
        Tensor::from_floats([[11.0, -3.0, 2.0], [8.5, 1.0, -1.0]], &Device::flex())
    }

    #[test]
    fn a_similarity_keeps_the_jacobian_symmetric_and_positive() {
        for jacobian in jacobians(&field(), points()) {
            assert!(relative_asymmetry(&jacobian) < 1e-5);
            assert!(smallest_eigenvalue(&jacobian) > -1e-5 * jacobian.norm());
        }
    }

    /// What the module's text says of scales for each coordinate: D J is not symmetric, D J C^-1 is if C D is a multiple of the identity.
    #[test]
    fn scales_for_each_coordinate_of_the_gradient_break_the_symmetry() {
        let scales = DMatrix::from_diagonal(&nalgebra::DVector::from_vec(vec![1.0, 2.0, 5.0]));
        for jacobian in jacobians(&field(), points()) {
            assert!(relative_asymmetry(&(&scales * &jacobian)) > 0.05);
            assert!(relative_asymmetry(&(&jacobian * 3.0)) < 1e-5);
            // C = 3 D^-1, so that C^-1 = D / 3.
            assert!(relative_asymmetry(&(&scales * &jacobian * &scales / 3.0)) < 1e-5);
        }
    }

    #[test]
    fn the_potential_in_the_users_units_has_the_field_as_its_gradient() {
        let (field, x) = (field(), points());
        let gradient = host(field.forward(x.clone()));
        let step = 0.05;
        for coordinate in 0..3 {
            let mut direction = [[0.0; 3]; 2];
            direction.iter_mut().for_each(|row| row[coordinate] = step);
            let v = Tensor::<2>::from_floats(direction, &Device::flex());
            let ahead = host(field.potential(x.clone() + v.clone()).unwrap());
            let behind = host(field.potential(x.clone() - v).unwrap());
            for row in 0..2 {
                let slope = (ahead[row] - behind[row]) / (2.0 * step);
                let exact = gradient[3 * row + coordinate];
                assert!(
                    (slope - exact).abs() < 2e-2 * exact.abs().max(1.0),
                    "{slope} {exact}"
                );
            }
        }
    }

    #[test]
    fn scaled_pairs_are_what_the_network_sees() {
        let field = field();
        let similarity = field.similarity.clone().unwrap();
        let mut x = host(points()).iter().map(|v| *v as f32).collect::<Vec<_>>();
        similarity.scale_points(&mut x);
        let inside = Tensor::<1>::from_floats(&x[..], &Device::flex()).reshape([2, 3]);
        let mut y: Vec<f32> = host(field.forward(points()))
            .iter()
            .map(|v| *v as f32)
            .collect();
        similarity.scale_gradients(&mut y);
        for (ours, theirs) in y.iter().zip(host(field.network().forward(inside))) {
            assert!((f64::from(*ours) - theirs).abs() < 1e-5);
        }
    }
}
