//! The lift of any field on patches, `∇R(x) = Σ_i P_iᵀ f(P_i x)`.
//!
//! `‖Σ_i P_iᵀ g_i‖ ≤ k ‖(g_i)‖` because a pixel lies in at most `k²` patches, and so `L ≤ k² L_f`.

use burn::tensor::Tensor;

use super::field::{
    GradientImageField, ImageField, ImagePotential, LipschitzImageField, MonotoneImageField,
};
use super::patches::{patch_side, products, sums};
use crate::analysis::host;
use crate::combine::LipschitzField;
use crate::field::{GradientField, MonotoneField, Potential, VectorField};

/// `x ↦ Σ_i P_iᵀ f(P_i x)`, with the guarantees of `f`.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use gradnet_core::image::{ImageField, MonotoneImageField, PatchLift};
/// use gradnet_core::network::MGradNetMConfig;
///
/// fn convex_prior(prior: &impl MonotoneImageField, x: Tensor<3>) -> Tensor<3> {
///     prior.apply(x)
/// }
///
/// let device = Device::flex();
/// let network = MGradNetMConfig::new(25).with_width(8).init(&device); // on patches of 5 × 5
/// let prior = PatchLift::new(&network).expect("25 is the square of an odd number");
/// let gradient = convex_prior(&prior, Tensor::zeros([2, 9, 12], &device));
/// assert_eq!(gradient.dims(), [2, 9, 12]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PatchLift<'f, F> {
    field: &'f F,
    side: usize,
}

impl<'f, F: VectorField> PatchLift<'f, F> {
    /// The lift of `field`; `None` unless its dimension is the square of an odd number.
    pub fn new(field: &'f F) -> Option<Self> {
        let side = patch_side(field.dim())?;
        Some(Self { field, side })
    }

    /// The patches take themselves: the kernels are the unit vectors.
    fn units(&self, like: &Tensor<3>) -> Tensor<2> {
        let device = like.device();
        Tensor::<2>::eye(self.side * self.side, &device).cast(like.dtype())
    }
}

impl<F: VectorField> ImageField for PatchLift<'_, F> {
    fn apply(&self, x: Tensor<3>) -> Tensor<3> {
        let (shape, units) = (x.dims(), self.units(&x));
        let values = self.field.forward(products(x, units.clone()));
        sums(values, units, shape)
    }

    fn derivative(&self, x: Tensor<3>, v: Tensor<3>) -> Tensor<3> {
        let (shape, units) = (x.dims(), self.units(&x));
        let (x, v) = (products(x, units.clone()), products(v, units.clone()));
        sums(self.field.jacobian_vector(x, v), units, shape)
    }
}

impl<F: GradientField> GradientImageField for PatchLift<'_, F> {}
impl<F: MonotoneField> MonotoneImageField for PatchLift<'_, F> {}

impl<F: Potential> ImagePotential for PatchLift<'_, F> {
    fn energy(&self, x: Tensor<3>) -> Tensor<1> {
        let ([batch, height, width], units) = (x.dims(), self.units(&x));
        let values: Tensor<2> = self
            .field
            .potential(products(x, units))
            .reshape([batch, height * width]);
        values.sum_dim(1).squeeze_dim(1)
    }
}

impl<F: LipschitzField> LipschitzImageField for PatchLift<'_, F> {
    fn lipschitz(&self) -> f64 {
        let bound: f64 = host(self.field.lipschitz_bound()).iter().sum();
        (self.side * self.side) as f64 * bound
    }
}
