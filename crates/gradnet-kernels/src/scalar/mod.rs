//! The fixed scalar functions `s: R -> R` that activations are built from, each in a file of its own.
//!
//! A file says everything of its function: value, derivatives and antiderivative on tensors, value and slope on vectors
//! of the processor. What remains to be said elsewhere are its lines in the list below and on the device
//! (`cube::cascade`).

pub(crate) mod erf;
mod outline;
pub(crate) mod relu;
pub(crate) mod sigmoid;
pub(crate) mod softplus;
pub(crate) mod tanh;

use burn::tensor::{DType, Tensor};
use serde::{Deserialize, Serialize};

use crate::quadrature::mean_along;
use outline::Outline;

#[cfg(feature = "flex")]
use crate::vectors::Lanes;

/// What a scalar function is made of.
pub(crate) trait Scalar {
    /// The supremum of `s'`; the infimum is 0 for all of them.
    const STEEPEST: f64;

    /// What the antiderivative is far out, up to a constant.
    const OUTLINE: Outline;

    /// `s(u)`.
    fn value<const D: usize>(u: Tensor<D>) -> Tensor<D>;

    /// `s'(u)`.
    fn derivative<const D: usize>(u: Tensor<D>) -> Tensor<D>;

    /// `s''(u)`.
    fn second_derivative<const D: usize>(u: Tensor<D>) -> Tensor<D>;

    /// What the antiderivative has beyond [`Scalar::OUTLINE`], up to a constant: bounded, and still far out.
    fn bend<const D: usize>(u: Tensor<D>) -> Tensor<D>;

    /// An antiderivative.
    fn antiderivative<const D: usize>(u: Tensor<D>) -> Tensor<D> {
        Self::OUTLINE.value(u.clone()) + Self::bend(u)
    }

    /// The mean on the way from `start` to `start + step`: see [`ScalarFunction::mean`].
    fn mean<const D: usize>(start: Tensor<D>, step: Tensor<D>) -> Tensor<D> {
        let near = step.clone().abs().lower_equal_elem(1.0);
        let long = step.clone().mask_fill(near.clone(), 1.0);
        let short = step.mask_fill(near.clone().bool_not(), 0.0);
        let end = start.clone() + long.clone();
        let straight = Self::OUTLINE.slope_between(start.clone(), end.clone());
        let bend = (Self::bend(end) - Self::bend(start.clone())) / long;
        (straight + bend).mask_where(near, mean_along(start, short, Self::value))
    }

    /// Whether [`Scalar::slope_on_lanes`] reads its argument beside the value there: the backward pass of a cascade
    /// then finds it again.
    #[cfg(feature = "flex")]
    const SLOPE_READS_ARGUMENT: bool = false;

    /// `s(z)`.
    #[cfg(feature = "flex")]
    fn on_lanes<L: Lanes>(lanes: L, z: L::Vector) -> L::Vector;

    /// `s'(z)`, given `s(z)`.
    #[cfg(feature = "flex")]
    fn slope_on_lanes<L: Lanes>(lanes: L, z: L::Vector, value: L::Vector) -> L::Vector;
}

/// Declares the functions and the files they are in; `with_function!`, which runs an expression with the type of one of
/// them; and `scalar_functions!`.
macro_rules! functions {
    (($d:tt) $($(#[$doc:meta])* $name:ident in $file:ident),+ $(,)?) => {
        /// A nondecreasing scalar function, with its derivatives and its antiderivative.
        ///
        /// Being nondecreasing, each gives a monotone elementwise activation (Prop. 2, second remark).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(rename_all = "snake_case")]
        pub enum ScalarFunction {
            $($(#[$doc])* $name),+
        }

        impl ScalarFunction {
            /// All functions, for tests and listings.
            pub const ALL: [Self; [$(Self::$name),+].len()] = [$(Self::$name),+];
        }

        /// Hands the functions, with their docs, to a macro: for an enum that has them and others.
        #[doc(hidden)]
        #[macro_export]
        macro_rules! scalar_functions {
            ($d callback:ident) => {
                $d callback! { $($(#[$doc])* $name),+ }
            };
        }

        macro_rules! with_function {
            ($d function:expr, $d type:ident => $d run:expr) => {
                match $d function {
                    $($crate::ScalarFunction::$name => {
                        type $d type = $crate::scalar::$file::$name;
                        $d run
                    })+
                }
            };
        }
    };
}

functions! {
    ($)
    /// `tanh u`.
    Tanh in tanh,
    /// `1 / (1 + e^-u)`.
    Sigmoid in sigmoid,
    /// `ln(1 + e^u)`.
    Softplus in softplus,
    /// `max(u, 0)`: a subgradient network at the kinks (Sec. V-D).
    Relu in relu,
    /// `erf u = 2/√π ∫₀^u e^-r² dr`, whose slope is a Gaussian.
    Erf in erf,
}

#[cfg(feature = "flex")]
#[allow(clippy::single_component_path_imports)] // what a macro declares has no path otherwise
pub(crate) use with_function;

impl ScalarFunction {
    /// `s(u)`, elementwise.
    pub fn value<const D: usize>(self, u: Tensor<D>) -> Tensor<D> {
        with_function!(self, S => S::value(u))
    }

    /// `s'(u)`, elementwise; for [`Relu`](Self::Relu) 0 at the kink.
    pub fn derivative<const D: usize>(self, u: Tensor<D>) -> Tensor<D> {
        with_function!(self, S => S::derivative(u))
    }

    /// `s''(u)`, elementwise.
    pub fn second_derivative<const D: usize>(self, u: Tensor<D>) -> Tensor<D> {
        with_function!(self, S => S::second_derivative(u))
    }

    /// An antiderivative `S = ∫ s`, elementwise: `ln cosh u`, `softplus u`, `max(u, 0)²/2`,
    /// `u erf u + e^-u²/√π` up to a constant, and for softplus, whose antiderivative is a dilogarithm,
    ///
    /// ```text
    /// S(u) = max(u, 0)²/2 + ∫₀^u ln(1 + e^-|r|) dr
    /// ```
    ///
    /// with an integral that stands still beyond `|u| = 40`, by Gauss-Legendre quadrature to 1e-10.
    pub fn antiderivative<const D: usize>(self, u: Tensor<D>) -> Tensor<D> {
        with_function!(self, S => S::antiderivative(u))
    }

    /// The mean of `s` on the way from `p` to `p + δ`, elementwise: `[S(p + δ) − S(p)]/δ` with `S' = s`, and `s(p)` for
    /// `δ = 0`.
    ///
    /// The quotient cancels where `δ` is small. There, for `|δ| ≤ 1`, eight Gauss nodes give the
    /// mean to 1e-11; relu, which has a kink, is `(s(p) + s(q))/2 · (s(q) − s(p))/(q − p)` with `q
    /// = p + δ`, without cancellation. It cancels far out as well, where `S` is large: so the
    /// piecewise polynomial in `S` is averaged apart from the bounded rest.
    pub fn mean<const D: usize>(self, start: Tensor<D>, step: Tensor<D>) -> Tensor<D> {
        with_function!(self, S => S::mean(start, step))
    }

    /// The supremum of `s'`; the infimum is 0.
    pub fn steepest(self) -> f64 {
        with_function!(self, S => S::STEEPEST)
    }
}

/// 1 where `u > 0`, else 0.
fn step<const D: usize>(u: Tensor<D>) -> Tensor<D> {
    let dtype: DType = u.dtype();
    u.greater_elem(0.0).float().cast(dtype)
}
