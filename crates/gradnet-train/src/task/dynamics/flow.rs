//! The flow of a kind around a gradient field: `dx/dt = S g(x) + drive`.

use burn::module::Module;
use burn::tensor::Tensor;
use gradnet_core::VectorField;
use gradnet_core::combine::Separated;

use super::kind::Kind;

/// A kind and its friction: what stands between the gradient and the velocity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Structure {
    /// The kind.
    pub kind: Kind,
    /// `γ`; 0 where the kind has none.
    pub friction: f64,
}

/// The gradient `g = ∇H` that a field stands for: itself, or its separated part.
pub(super) fn gradient<F: VectorField + Module>(field: &F, kind: Kind, x: Tensor<2>) -> Tensor<2> {
    match kind {
        Kind::Separable => Separated::new(field.clone()).forward(x),
        _ => field.forward(x),
    }
}

/// A flow whose field is not differentiated by the weights; products with its Jacobian are in closed form.
pub struct Flow<'a, F> {
    field: &'a F,
    structure: Structure,
}

impl<'a, F: VectorField + Module> Flow<'a, F> {
    /// The flow of a field without autodiff.
    pub fn new(field: &'a F, structure: Structure) -> Self {
        Self { field, structure }
    }

    /// The kind and the friction.
    pub fn structure(&self) -> Structure {
        self.structure
    }

    /// `g(x)`.
    ///
    /// # Shapes
    /// `x`: `[rows, dim]`; returns `[rows, dim]`.
    pub fn gradient(&self, x: Tensor<2>) -> Tensor<2> {
        gradient(self.field, self.structure.kind, x)
    }

    /// `J v` with the symmetric Jacobian `J` of the field itself at a point that a method has looked at it in: for
    /// separable systems that is `(q, 0)` or `(0, p)`.
    ///
    /// # Shapes
    /// `x`, `v`: `[rows, dim]`; returns `[rows, dim]`.
    pub fn curvature(&self, x: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        self.field.jacobian_vector(x, v)
    }

    /// `S g` for gradients.
    pub fn apply(&self, g: Tensor<2>) -> Tensor<2> {
        self.structure.kind.apply(g, self.structure.friction)
    }

    /// `Sᵀ w`.
    pub fn transposed(&self, w: Tensor<2>) -> Tensor<2> {
        self.structure.kind.transposed(w, self.structure.friction)
    }

    /// `S f(x) + drive` with the field `f` itself, as [`curvature`](Self::curvature).
    pub fn velocity(&self, x: Tensor<2>, drive: Option<&Tensor<2>>) -> Tensor<2> {
        let own = self.apply(self.field.forward(x));
        match drive {
            Some(drive) => own + drive.clone(),
            None => own,
        }
    }
}
