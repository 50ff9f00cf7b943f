//! The baselines that are sums of ridges: CRR and RR (learned splines), ICGN.

use super::config::network_configs;
use super::error::{NetworkError, check_size, count_from, invalid};
use crate::activation::{IcgnActivation, IcgnMonteCarlo, SplineActivation, WeaklyIncreasing};
use crate::sign::{Free, NonNegative};
use crate::source::ParameterSource;
use crate::tied::TiedNetwork;

/// The ridge regularizer's gradient: learned splines of any shape (RR).
pub type Ridge = TiedNetwork<SplineActivation<Free>>;
/// The convex ridge regularizer's gradient: nondecreasing splines (CRR).
pub type ConvexRidge = TiedNetwork<SplineActivation<NonNegative>>;
/// The weakly convex ridge regularizer's gradient: splines that may fall (WCRR).
pub type WeakRidge = TiedNetwork<SplineActivation<WeaklyIncreasing>>;
/// The input convex gradient network, its integral in closed form.
pub type Icgn = TiedNetwork<IcgnActivation>;
/// The input convex gradient network as the paper ran it: Monte-Carlo quadrature.
pub type IcgnSampled = TiedNetwork<IcgnMonteCarlo>;

/// Looks at the splines of a layer.
pub(super) fn check_splines(
    knots: usize,
    range: f64,
    slope_penalty: f64,
) -> Result<(), NetworkError> {
    count_from("knots", knots, 4)?;
    if !(range.is_finite() && range > 0.0) {
        return Err(invalid("range", range, "a finite number above 0"));
    }
    if !(slope_penalty.is_finite() && slope_penalty >= 0.0) {
        let requirement = "a finite number, 0 or above";
        return Err(invalid("slope_penalty", slope_penalty, requirement));
    }
    Ok(())
}

network_configs! {
    /// Settings of [`Ridge`], one layer of learned linear splines (the baseline RR, App. A, \[35\]):
    ///
    /// ```text
    /// f(x) = Wᵀ σ(W x + a) + b,   σ_i piecewise linear through (k_j, c_ij) at uniform knots k_j of [−range, range]
    /// ```
    ///
    /// The field starts near a multiple of the identity, at most 1: `Wᵀ W ≈ width / (3 dim)`.
    ///
    /// # Shapes
    /// - `W`: `[width, dim]`; `c`: `[width, knots]`; `a`: `[width]`; `b`: `[dim]`
    /// - the field: `[batch, dim] -> [batch, dim]`; its potential: `[batch, dim] -> [batch]`
    pub struct RidgeConfig => Ridge;

    /// Settings of [`ConvexRidge`], the layer of [`RidgeConfig`] with nondecreasing splines: monotone (the baseline
    /// CRR, \[34\]).
    ///
    /// # Shapes
    /// As those of [`RidgeConfig`].
    pub struct ConvexRidgeConfig => ConvexRidge;

    fields {
        /// The dimension of the points.
        pub dim: usize,
        /// Hidden units, one spline each.
        #[config(default = 32)]
        pub width: usize,
        /// Knots of each spline: 7 at `d = 2`, 41 elsewhere in the paper.
        #[config(default = 41)]
        pub knots: usize,
        /// The knots lie on `[-range, range]`; not stated in the paper for the field tasks.
        #[config(default = 1.0)]
        pub range: f64,
        /// Weight of the [penalty](SplineActivation::penalty) on the changes of the splines' slopes.
        #[config(default = 0.0)]
        pub slope_penalty: f64,
    }
    architecture {
        fn check(&self) -> Result<(), NetworkError> {
            check_size(self.dim, self.width)?;
            check_splines(self.knots, self.range, self.slope_penalty)
        }

        fn num_params(&self) -> usize {
            self.width * (self.dim + self.knots + 1) + self.dim
        }

        fn build(&self, source: &mut ParameterSource) -> Self::Network {
            let slope = (3.0 * self.dim as f64 / self.width as f64).min(1.0);
            let shape = [self.width, self.knots];
            let activation = SplineActivation::new(shape, self.range, slope, source)
                .with_slope_penalty(self.slope_penalty);
            TiedNetwork::new([self.width, self.dim], activation, source).with_biases(source)
        }
    }
}

network_configs! {
    /// Settings of [`Icgn`], the input convex gradient network of one layer, its integral in closed form: monotone (the
    /// baseline \[29\]):
    ///
    /// ```text
    /// f(x) = Wᵀ σ(W x),   σ(w) = w ⊙ ∫₀¹ s'(τ w + c)² dτ,   s the logistic function
    /// ```
    ///
    /// # Shapes
    /// - `W`: `[width, dim]`; `c`: `[width]`
    /// - the field: `[batch, dim] -> [batch, dim]`; its potential: `[batch, dim] -> [batch]`
    pub struct IcgnConfig => Icgn;

    fields {
        /// The dimension of the points.
        pub dim: usize,
        /// Hidden units.
        #[config(default = 32)]
        pub width: usize,
    }
    architecture {
        fn check(&self) -> Result<(), NetworkError> {
            check_size(self.dim, self.width)
        }

        fn num_params(&self) -> usize {
            self.width * (self.dim + 1)
        }

        fn build(&self, source: &mut ParameterSource) -> Self::Network {
            let activation = IcgnActivation::new(self.width, self.dim, source);
            TiedNetwork::new([self.width, self.dim], activation, source)
        }
    }
}

network_configs! {
    /// Settings of [`IcgnSampled`], the network of [`IcgnConfig`] with a mean over random `τ` for the integral, new
    /// ones at each call: a gradient for each draw (the baseline \[29\] as the paper ran it).
    ///
    /// # Shapes
    /// - the parameters: those of [`IcgnConfig`]
    /// - the field: `[batch, dim] -> [batch, dim]`
    pub struct IcgnSampledConfig => IcgnSampled;

    fields {
        /// The dimension of the points.
        pub dim: usize,
        /// Hidden units.
        #[config(default = 32)]
        pub width: usize,
        /// Draws for each evaluation, 100 as the paper ran it.
        #[config(default = 100)]
        pub nodes: usize,
    }
    architecture {
        fn check(&self) -> Result<(), NetworkError> {
            check_size(self.dim, self.width)?;
            count_from("nodes", self.nodes, 1)
        }

        fn num_params(&self) -> usize {
            self.width * (self.dim + 1)
        }

        fn build(&self, source: &mut ParameterSource) -> Self::Network {
            let activation = IcgnMonteCarlo::new(self.width, self.dim, self.nodes, source);
            TiedNetwork::new([self.width, self.dim], activation, source)
        }
    }
}
