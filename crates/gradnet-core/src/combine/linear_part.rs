//! `f(x) + A x` with a learned linear part: symmetric, or `A = VᵀV + α² I` to stay monotone.
//!
//! `A x` is the gradient of `⟨x, A x⟩/2`, convex for `A = VᵀV`. Bounded activations cannot represent a linear
//! map far from the data, and many fields are mostly linear; the first paper on monotone gradient networks
//! (Chaudhari, Pranav, Moura, ICASSP 2023) has the term `VᵀV x` in both of its networks. The multiple of the identity
//! is ours: with few rows `VᵀV` is flat in most directions, and `α` gives all of them one slope.

use crate::dense_jacobian::DenseJacobian;
use crate::field::{GradientField, MonotoneField, Potential, VectorField, row_dot};
use crate::host::host;
use crate::laplacian::{Laplacian, Trace};
use crate::sign::{Free, NonNegative, Sign};
use crate::source::ParameterSource;
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use core::marker::PhantomData;

/// What `A` is made of: the sign of its eigenvalues as a type.
pub trait LinearSign: Sign {
    /// `A x` from the stored matrix, `[batch, dim]`.
    fn product(stored: Tensor<2>, x: Tensor<2>) -> Tensor<2>;

    /// `tr A`, `[1]`.
    fn trace(stored: Tensor<2>) -> Tensor<1>;
}

impl LinearSign for Free {
    /// `A = (B + Bᵀ)/2` for the stored `B`, `[dim, dim]`.
    fn product(stored: Tensor<2>, x: Tensor<2>) -> Tensor<2> {
        let symmetric = (stored.clone() + stored.transpose()) * 0.5;
        x.matmul(symmetric)
    }

    fn trace(stored: Tensor<2>) -> Tensor<1> {
        let [dim, _] = stored.dims();
        let identity = Tensor::<2>::eye(dim, &stored.device()).cast(stored.dtype());
        (stored * identity).sum()
    }
}

impl LinearSign for NonNegative {
    /// `A = VᵀV` for the stored `V`, `[rank, dim]`.
    fn product(stored: Tensor<2>, x: Tensor<2>) -> Tensor<2> {
        x.matmul(stored.clone().transpose()).matmul(stored)
    }

    /// `tr VᵀV = Σ V_ij²`.
    fn trace(stored: Tensor<2>) -> Tensor<1> {
        stored.square().sum()
    }
}

/// `f(x) + A x`; `A` symmetric for `S = Free`, positive semidefinite for `S = NonNegative`.
#[derive(Module, Debug)]
pub struct WithLinearPart<F: Module, S: LinearSign> {
    /// `f`.
    pub field: F,
    /// The stored `B`, `[dim, dim]`, or `V`, `[rank, dim]`.
    pub matrix: Param<Tensor<2>>,
    /// `α` of the multiple `α² I` in `A`, `[1]`, if there is one.
    pub isotropic: Option<Param<Tensor<1>>>,
    #[module(skip)]
    sign: PhantomData<S>,
}

impl<F: VectorField + Module> WithLinearPart<F, Free> {
    /// Adds a symmetric linear part, zero to begin with.
    pub fn symmetric(field: F, source: &ParameterSource) -> Self {
        let dim = field.dim();
        Self {
            field,
            matrix: source.constant([dim, dim], 0.0),
            isotropic: None,
            sign: PhantomData,
        }
    }
}

impl<F: VectorField + Module> WithLinearPart<F, NonNegative> {
    /// Adds `VᵀV x` with `V` of `rank` rows, normal with mean 0 and such that `VᵀV` is `scale` times the identity on
    /// average.
    ///
    /// # Panics
    /// If `rank` is 0, or `scale` is negative or not finite.
    pub fn positive(field: F, rank: usize, scale: f64, source: &mut ParameterSource) -> Self {
        assert!(
            rank > 0,
            "a linear part needs a rank of at least 1, not {rank}"
        );
        assert!(
            scale >= 0.0 && scale.is_finite(),
            "the scale of a linear part must be a finite number of at least 0, not {scale}"
        );
        let dim = field.dim();
        Self {
            field,
            matrix: source.normal([rank, dim], 0.0, (scale / rank as f64).sqrt()),
            isotropic: None,
            sign: PhantomData,
        }
    }

    /// Adds a learned multiple `α² I` of the identity to `A`, `scale` to begin with.
    ///
    /// # Panics
    /// If `scale` is not a positive number: at `α = 0` its gradient vanishes.
    pub fn with_isotropic(mut self, scale: f64, source: &ParameterSource) -> Self {
        assert!(
            scale > 0.0 && scale.is_finite(),
            "the multiple of the identity must start at a positive number, not {scale}"
        );
        self.isotropic = Some(source.constant([1], scale.sqrt()));
        self
    }
}

impl<F: Module, S: LinearSign> WithLinearPart<F, S> {
    /// `α²`, `[1]`, if there is a multiple of the identity.
    pub(crate) fn multiple(&self) -> Option<Tensor<1>> {
        self.isotropic.as_ref().map(|alpha| alpha.val().square())
    }

    /// `A x`, `[batch, dim]`.
    fn linear(&self, x: Tensor<2>) -> Tensor<2> {
        let product = S::product(self.matrix.val(), x.clone());
        match self.multiple() {
            Some(multiple) => product + x * multiple.reshape([1, 1]),
            None => product,
        }
    }
}

impl<F: VectorField + Module, S: LinearSign> VectorField for WithLinearPart<F, S> {
    fn dim(&self) -> usize {
        self.field.dim()
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.field.forward(x.clone()) + self.linear(x)
    }

    fn jacobian_vector(&self, x: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        self.field.jacobian_vector(x, v.clone()) + self.linear(v)
    }

    fn dense_jacobian(&self) -> Option<DenseJacobian> {
        let of_field = self.field.dense_jacobian()?;
        let matrix = self.matrix.val();
        let units = Tensor::<2>::eye(self.dim(), &matrix.device()).cast(matrix.dtype());
        Some(of_field.plus(&host(self.linear(units))))
    }
}

impl<F: GradientField + Module, S: LinearSign> GradientField for WithLinearPart<F, S> {}
impl<F: MonotoneField + Module> MonotoneField for WithLinearPart<F, NonNegative> {}

impl<F: Potential + Module, S: LinearSign> Potential for WithLinearPart<F, S> {
    fn potential(&self, x: Tensor<2>) -> Tensor<1> {
        self.field.potential(x.clone()) + row_dot(x.clone(), self.linear(x)) * 0.5
    }
}

impl<F: Laplacian + Module, S: LinearSign> Laplacian for WithLinearPart<F, S> {
    fn laplacian(&self, x: Tensor<2>) -> Tensor<1> {
        let trace = S::trace(self.matrix.val());
        let trace = match self.multiple() {
            Some(multiple) => trace + multiple * self.dim() as f64,
            None => trace,
        };
        self.field.laplacian(x) + trace
    }

    fn trace(&self) -> Trace {
        self.field.trace()
    }
}
