//! A gradient field on phase space whose potential is a sum `V(q) + T(p)`.
//!
//! With points `x = (q, p)` in `R^{2n}` and any field `f = ∇F` on it,
//!
//! ```text
//! H(q, p) = F(q, 0) + F(0, p),    ∇H = (f_q(q, 0), f_p(0, p))
//! ```
//!
//! so that `∂H/∂q` knows nothing of `p` and `∂H/∂p` nothing of `q`: what explicit symplectic methods such as leapfrog
//! ask for. `H` is convex if `F` is: both terms are `F` after a linear map. Every `V(q) + T(p)` is reached, by `F`
//! itself if `F(0) = 0`.

use crate::field::{GradientField, MonotoneField, Potential, VectorField, assert_dim};
use burn::module::Module;
use burn::tensor::Tensor;

/// `(f_q(q, 0), f_p(0, p))`.
#[derive(Module, Debug)]
pub struct Separated<F: Module> {
    /// `f`, over points `(q, p)`.
    pub field: F,
}

impl<F: VectorField + Module> Separated<F> {
    /// Separates a field.
    ///
    /// # Panics
    /// If the dimension is odd: phase space has as many momenta as positions.
    pub fn new(field: F) -> Self {
        assert!(
            field.dim().is_multiple_of(2),
            "phase space has an even dimension, not {}",
            field.dim()
        );
        Self { field }
    }

    /// `(q, 0)` and `(0, p)` of each row: where `f` is looked at.
    ///
    /// # Shapes
    /// `x`: `[batch, dim]`; returns twice `[batch, dim]`.
    pub fn halves(&self, x: &Tensor<2>) -> [Tensor<2>; 2] {
        assert_dim(x, self.field.dim());
        let n = self.field.dim() / 2;
        let [q, p] = [x.clone().narrow(1, 0, n), x.clone().narrow(1, n, n)];
        let zeros = q.zeros_like();
        [
            Tensor::cat(vec![q, zeros.clone()], 1),
            Tensor::cat(vec![zeros, p], 1),
        ]
    }

    /// Both halves, one below the other: one evaluation of the field does for both.
    fn stacked(&self, x: &Tensor<2>) -> Tensor<2> {
        Tensor::cat(self.halves(x).to_vec(), 0)
    }

    /// The positions' part of the upper half and the momenta's of the lower one.
    fn joined(&self, stacked: Tensor<2>) -> Tensor<2> {
        let n = self.field.dim() / 2;
        let rows = stacked.dims()[0] / 2;
        let [of_q, of_p] = [0, rows].map(|first| stacked.clone().narrow(0, first, rows));
        Tensor::cat(vec![of_q.narrow(1, 0, n), of_p.narrow(1, n, n)], 1)
    }
}

impl<F: VectorField + Module> VectorField for Separated<F> {
    fn dim(&self) -> usize {
        self.field.dim()
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.joined(self.field.forward(self.stacked(&x)))
    }

    fn jacobian_vector(&self, x: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        let (x, v) = (self.stacked(&x), self.stacked(&v));
        self.joined(self.field.jacobian_vector(x, v))
    }
}

impl<F: GradientField + Module> GradientField for Separated<F> {}
impl<F: MonotoneField + Module> MonotoneField for Separated<F> {}

impl<F: Potential + Module> Potential for Separated<F> {
    fn potential(&self, x: Tensor<2>) -> Tensor<1> {
        let [of_q, of_p] = self.halves(&x).map(|half| self.field.potential(half));
        of_q + of_p
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{double_precision, host, jacobians, relative_asymmetry};
    use crate::network::{GradNetC, GradNetCConfig};
    use burn::tensor::{Device, TensorData};

    fn field() -> Separated<GradNetC> {
        let device = Device::flex();
        let network = GradNetCConfig::new(4).with_width(6).init(&device);
        Separated::new(crate::analysis::in_double_precision(network, &device))
    }

    fn point(x: &[f64; 4]) -> Tensor<2> {
        let device = Device::flex();
        Tensor::from_data(
            TensorData::new(x.to_vec(), [1, 4]),
            (&device, double_precision(&device)),
        )
    }

    #[test]
    fn it_is_the_gradient_of_a_sum_and_its_jacobian_has_two_blocks() {
        let (field, x) = (field(), [0.3, -0.7, 0.5, 0.2]);
        let gradient = host(field.forward(point(&x)));
        for i in 0..4 {
            let at = |by: f64| {
                let mut x = x;
                x[i] += by;
                host(field.potential(point(&x)))[0]
            };
            let slope = (at(1e-4) - at(-1e-4)) / 2e-4;
            assert!(
                (slope - gradient[i]).abs() < 1e-7,
                "{i}: {slope} {}",
                gradient[i]
            );
        }
        let jacobian = &jacobians(&field, point(&x))[0];
        assert!(relative_asymmetry(jacobian) < 1e-12);
        // Fresh weights are small.
        assert!(jacobian.norm() > 1e-4, "{}", jacobian.norm());
        assert_eq!(jacobian.view((0, 2), (2, 2)).norm(), 0.0);
        for j in 0..4 {
            let at = |by: f64| {
                let mut x = x;
                x[j] += by;
                host(field.forward(point(&x)))
            };
            let (ahead, behind) = (at(1e-5), at(-1e-5));
            for i in 0..4 {
                let slope = (ahead[i] - behind[i]) / 2e-5;
                assert!(
                    (slope - jacobian[(i, j)]).abs() < 1e-5 * jacobian.norm(),
                    "{i} {j}"
                );
            }
        }
    }
}
