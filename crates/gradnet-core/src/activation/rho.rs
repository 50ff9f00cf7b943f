//! The scalar functions `ρ_m` that weigh the modules of GradNet-M by their own potential (Eq. (14)).

use super::ScalarFunction;
use super::block::{ConvexBlock, NonNegativeBlock};
use crate::kernel::softplus;
use crate::source::ParameterSource;
use burn::module::{Module, ModuleDisplay, Param};
use burn::tensor::Tensor;
use burn::tensor::activation::sigmoid;

/// A function `ρ_m: R -> R` for each module; values are `[batch, modules]`.
pub trait Rho: Module + ModuleDisplay + Sync {
    /// Whether `ρ = 1` for all modules, so that the potentials `φ_m` need not be evaluated.
    const IS_ONE: bool = false;

    /// `ρ_m(s_m)`.
    fn value(&self, s: Tensor<2>) -> Tensor<2>;

    /// `ρ_m'(s_m)`.
    fn derivative(&self, s: Tensor<2>) -> Tensor<2>;

    /// The integrals of `ρ_m` from `s_m` to `s_m + r_m`: with `φ = s + r(z)`, `∇_z ∫ρ = ρ(φ(z))
    /// ∇φ(z)`.
    ///
    /// # Shapes
    /// `start`: `[1, modules]`, `rise`: `[batch, modules]`.
    fn integral(&self, start: Tensor<2>, rise: Tensor<2>) -> Tensor<2>;
}

/// A `ρ` that is nonnegative and nondecreasing on the range of the convex potential `P`:
/// condition b of Cor. 7.1.
pub trait MonotoneRho<P: ConvexBlock>: Rho {}

/// `ρ = 1`: a plain sum of modules, the paper's experiments.
#[derive(Module, Debug, Default)]
pub struct One;

/// `ρ(s) = softplus(s)`, nonnegative and increasing on all of `R`.
#[derive(Module, Debug, Default)]
pub struct SoftplusRho;

/// `ρ_m(s) = α_m s + β_m` with `α_m, β_m > 0`: nonnegative where `s ≥ 0`, hence monotone only with a
/// [`NonNegativeBlock`].
#[derive(Module, Debug)]
pub struct AffineRho {
    /// The stored slopes, `[modules]`, used through softplus.
    pub slope: Param<Tensor<1>>,
    /// The stored offsets, `[modules]`, used through softplus.
    pub offset: Param<Tensor<1>>,
}

impl AffineRho {
    /// Slopes of about `1/width`, since `φ` sums `width` units, and offsets drawn from `U[0, 1)`.
    pub fn new(modules: usize, width: usize, source: &mut ParameterSource) -> Self {
        Self {
            slope: source.nonnegative([modules], 2.0 / width as f64),
            offset: source.nonnegative([modules], 1.0),
        }
    }

    fn slopes(&self) -> Tensor<2> {
        softplus(self.slope.val()).unsqueeze()
    }

    fn offsets(&self) -> Tensor<2> {
        softplus(self.offset.val()).unsqueeze()
    }
}

impl Rho for One {
    const IS_ONE: bool = true;

    fn value(&self, s: Tensor<2>) -> Tensor<2> {
        s.ones_like()
    }

    fn derivative(&self, s: Tensor<2>) -> Tensor<2> {
        s.zeros_like()
    }

    fn integral(&self, _start: Tensor<2>, rise: Tensor<2>) -> Tensor<2> {
        rise
    }
}

impl Rho for SoftplusRho {
    fn value(&self, s: Tensor<2>) -> Tensor<2> {
        softplus(s)
    }

    fn derivative(&self, s: Tensor<2>) -> Tensor<2> {
        sigmoid(s)
    }

    fn integral(&self, start: Tensor<2>, rise: Tensor<2>) -> Tensor<2> {
        let start = start.expand(rise.dims());
        ScalarFunction::Softplus.mean(start, rise.clone()) * rise
    }
}

impl Rho for AffineRho {
    fn value(&self, s: Tensor<2>) -> Tensor<2> {
        self.slopes() * s + self.offsets()
    }

    fn derivative(&self, s: Tensor<2>) -> Tensor<2> {
        s.ones_like() * self.slopes()
    }

    fn integral(&self, start: Tensor<2>, rise: Tensor<2>) -> Tensor<2> {
        let middle = start + rise.clone() * 0.5;
        (self.slopes() * middle + self.offsets()) * rise
    }
}

impl<P: ConvexBlock> MonotoneRho<P> for One {}
impl<P: ConvexBlock> MonotoneRho<P> for SoftplusRho {}
impl<P: NonNegativeBlock> MonotoneRho<P> for AffineRho {}
