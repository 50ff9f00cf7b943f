//! Fields on images of any size, and the guarantees they carry as types.
//!
//! A [`VectorField`](crate::VectorField) lives on one `R^d`. An image field is one rule for every size of image: on
//! images of each size it is a vector field, and the traits here promise of all of these what the traits without
//! "image" promise of one.

use burn::tensor::Tensor;

/// A differentiable map of images to images of the same size, for every size.
pub trait ImageField {
    /// The values `f(x)`.
    ///
    /// # Shapes
    /// `x`: `[batch, height, width]`; returns the same.
    fn apply(&self, x: Tensor<3>) -> Tensor<3>;

    /// The products `J_f(x_i) v_i` of the Jacobian with one direction for each image, in closed form.
    ///
    /// # Shapes
    /// `x`, `v`: `[batch, height, width]`; returns the same.
    fn derivative(&self, x: Tensor<3>, v: Tensor<3>) -> Tensor<3>;

    /// The field at another contrast, `f(a x) / a`, with a scale `a > 0` for each image: the gradient of `R(a x) / a²`,
    /// as Lipschitz and as monotone as `f`. A larger `a` makes a bounded field act on smaller differences.
    ///
    /// # Shapes
    /// `x`: `[batch, height, width]`; `scale`: `[batch]`; returns the shape of `x`.
    fn apply_scaled(&self, x: Tensor<3>, scale: Tensor<1>) -> Tensor<3> {
        let [batch, ..] = x.dims();
        let scale: Tensor<3> = scale.reshape([batch, 1, 1]);
        self.apply(x * scale.clone()) / scale
    }
}

/// An image field whose Jacobian is symmetric for every size of image (Def. 1).
pub trait GradientImageField: ImageField {}

/// A gradient image field whose Jacobian is positive semidefinite for every size of image (Def. 2, Def. 3).
///
/// ```compile_fail,E0277
/// use gradnet_core::image::{MonotoneImageField, PatchLift};
/// use gradnet_core::network::GradNetC;
/// fn monotone(_: &impl MonotoneImageField) {}
/// fn refused(field: &PatchLift<'_, GradNetC>) {
///     monotone(field)
/// }
/// ```
pub trait MonotoneImageField: GradientImageField {}

/// A gradient image field whose potential, the regularizer, can be evaluated.
pub trait ImagePotential: GradientImageField {
    /// The regularizer `R(x)` with `∇R = f`.
    ///
    /// # Shapes
    /// `x`: `[batch, height, width]`; returns `[batch]`.
    fn energy(&self, x: Tensor<3>) -> Tensor<1>;
}

/// An image field with a Lipschitz bound computed from its weights.
pub trait LipschitzImageField: ImageField {
    /// A number `L` with `‖f(x) − f(y)‖ ≤ L ‖x − y‖` for all images `x`, `y` of one size, whatever the size.
    fn lipschitz(&self) -> f64;

    /// A number `ρ ≥ 0` for which `x ↦ f(x) + ρ x` is monotone on images of every size: 0 for a monotone field, and
    /// never more than [`lipschitz`](Self::lipschitz). Regularizers with such a number are called `ρ`-weakly convex.
    fn concavity(&self) -> f64 {
        self.lipschitz()
    }

    /// The derivative of [`concavity`](Self::concavity) in the weights, where it is known: a number, `[1]`, with that
    /// gradient, whatever its value.
    fn concavity_gradient(&self) -> Option<Tensor<1>> {
        None
    }
}
