//! `VᵀV x + μ x + b`: the linear part that a task puts around a network.
//!
//! ```text
//! f(x) = g(x) + VᵀV x + μ x + b        F(x) = G(x) + |V x|²/2 + μ |x|²/2 + ⟨b, x⟩
//! ```
//!
//! Around a monotone `g` it is the gradient of a μ-strongly convex potential (Chaudhari, Pranav, Moura, IEEE TSP 2025,
//! Rem. 5 and 6), hence a bijection of the whole space also where `g` is bounded. `registry::network::tests`
//! differentiates the potential.

use burn::module::{Module, Param};
use burn::tensor::{Tensor, TensorData};
use gradnet_core::ParameterSource;

/// `VᵀV x + μ x + b`.
#[derive(Module, Debug)]
pub struct LinearPart {
    /// `V`, `[rank, dim]`; none around a network that has a linear part of its own.
    pub matrix: Option<Param<Tensor<2>>>,
    /// `b`, `[dim]`.
    pub bias: Param<Tensor<1>>,
    modulus: f64,
}

impl LinearPart {
    /// `μ x` alone to begin with: `V`, if there is one, and `b` are zero.
    ///
    /// # Panics
    /// If `modulus` is not a positive number.
    pub fn new(dim: usize, with_matrix: bool, modulus: f64, source: &ParameterSource) -> Self {
        assert!(
            modulus > 0.0 && modulus.is_finite(),
            "the modulus must be a positive number, not {modulus}"
        );
        Self {
            matrix: with_matrix.then(|| source.constant([dim, dim], 0.0)),
            bias: source.constant([dim], 0.0),
            modulus,
        }
    }

    /// `μ`.
    pub fn modulus(&self) -> f64 {
        self.modulus
    }

    /// The same without `μ x`.
    pub(super) fn without_modulus(mut self) -> Self {
        self.modulus = 0.0;
        self
    }

    /// `tr (VᵀV + μ)`, `[1]`.
    pub(super) fn trace(&self) -> Tensor<1> {
        let [dim] = self.bias.dims();
        let of_modulus = self.bias.val().slice(0..1).zeros_like() + self.modulus * dim as f64;
        match &self.matrix {
            None => of_modulus,
            Some(matrix) => of_modulus + matrix.val().square().sum(),
        }
    }

    /// `VᵀV + μ`, `[dim, dim]`.
    pub(super) fn jacobian(&self) -> Tensor<2> {
        let bias = self.bias.val();
        let [dim] = bias.dims();
        self.product(Tensor::<2>::eye(dim, &bias.device()).cast(bias.dtype()))
    }

    /// `(VᵀV + μ) v`, `[batch, dim]`.
    pub(super) fn product(&self, v: Tensor<2>) -> Tensor<2> {
        let product = v.clone() * self.modulus;
        match &self.matrix {
            None => product,
            Some(matrix) => {
                let matrix = matrix.val();
                v.matmul(matrix.clone().transpose()).matmul(matrix) + product
            }
        }
    }

    /// `VᵀV x + μ x + b`, `[batch, dim]`.
    pub(super) fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.product(x) + self.bias.val().unsqueeze()
    }

    /// `⟨x, (VᵀV + μ) x⟩/2 + ⟨b, x⟩`, `[batch]`.
    pub(super) fn potential(&self, x: Tensor<2>) -> Tensor<1> {
        let slope = self.product(x.clone()) * 0.5 + self.bias.val().unsqueeze();
        (slope * x).sum_dim(1).squeeze_dim(1)
    }
}

/// The parameter with other numbers, row by row, on its own device.
///
/// # Panics
/// If there are not as many numbers as the parameter has.
pub fn with_values<const D: usize>(
    parameter: Param<Tensor<D>>,
    values: &[f64],
) -> Param<Tensor<D>> {
    parameter.map(|old| {
        let data = TensorData::new(values.to_vec(), old.dims());
        let kept = old.is_require_grad();
        Tensor::from_data(data, (&old.device(), old.dtype())).set_require_grad(kept)
    })
}
