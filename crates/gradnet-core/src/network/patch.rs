//! Networks on patches of images, which neither see nor change the mean of a patch: what [`image`](crate::image) lifts
//! to images.

use super::cascade::{GradNetC, GradNetCConfig, UnitFunction};
use super::config::network_configs;
use super::error::{NetworkError, check_size, invalid};
use super::modular::{BlockActivation, GradNetM, GradNetMConfig, MGradNetM, MGradNetMConfig};
use super::ridge::{ConvexRidge, WeakRidge, check_splines};
use crate::activation::{SplineActivation, SplineShape, WeaklyIncreasing};
use crate::combine::MeanFree;
use crate::kernel::Knots;
use crate::sign::NonNegative;
use crate::source::ParameterSource;
use crate::tied::TiedNetwork;

/// The convex ridge regularizer's gradient on a patch (CRR).
pub type PatchRidge = MeanFree<ConvexRidge>;
/// The weakly convex ridge regularizer's gradient on a patch (WCRR).
pub type PatchWeakRidge = MeanFree<WeakRidge>;
/// mGradNet-M on a patch.
pub type PatchMGradNetM = MeanFree<MGradNetM>;
/// GradNet-M on a patch.
pub type PatchGradNetM = MeanFree<GradNetM>;
/// GradNet-C on a patch.
pub type PatchGradNetC = MeanFree<GradNetC>;

/// Initial weights are this much smaller than a linear layer's: weights and spline coefficients are then of one size,
/// which is what an optimizer with one rate for both wants.
const SHRINK: f64 = 3.0;

/// The slope of a fresh convex spline beyond the middle knot's pieces, as a part of that there: trained splines are
/// nearly flat there, and a flat piece learns nothing. Splines that begin as straight lines are shrunk to nothing, many
/// with their kernels, before they bend.
const BEYOND_KINK: f64 = 0.02;

/// What the lift of a fresh ridge multiplies an image by, on average over all frequencies.
const INITIAL_GAIN: f64 = 0.5;

network_configs! {
    /// Settings of [`PatchRidge`], the convex ridge regularizer's gradient on a patch (Goujon et al., the baseline CRR,
    /// \[34\]):
    ///
    /// ```text
    /// f(p) = C Wᵀ σ(W C p),   C p = p − mean(p),   σ_i a nondecreasing linear spline, flat outside [−range, range]
    /// ```
    ///
    /// # Shapes
    /// - `W`: `[width, dim]`; spline coefficients: `[width, knots]`
    /// - the field: `[batch, dim] -> [batch, dim]`; its potential: `[batch, dim] -> [batch]`
    pub struct PatchRidgeConfig => PatchRidge;

    fields {
        /// The pixels of a patch.
        pub dim: usize,
        /// Filters, one spline each; 32 as released.
        #[config(default = 32)]
        pub width: usize,
        /// Knots of each spline; 21 as released.
        #[config(default = 21)]
        pub knots: usize,
        /// The knots lie on `[-range, range]`.
        #[config(default = 0.03)]
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
            self.width * (self.dim + self.knots)
        }

        fn build(&self, source: &mut ParameterSource) -> Self::Network {
            // ‖w‖² = 1/(3 SHRINK²) for each row, and the gain is the sum over the rows of slope ‖w‖².
            let slope = INITIAL_GAIN * 3.0 * SHRINK.powi(2) / self.width as f64;
            let splines = [self.width, self.knots];
            let values = kinked(self.knots, self.range, [slope, BEYOND_KINK * slope]);
            let values = values.repeat(self.width);
            let activation =
                SplineActivation::through(&values, NonNegative, splines, self.range, source)
                    .with_slope_penalty(self.slope_penalty);
            let bound = 1.0 / (SHRINK * (self.dim as f64).sqrt());
            ridges([self.width, self.dim], activation, bound, source)
        }
    }
}

/// Ridges whose weights are uniform in `[-bound, bound]`.
fn ridges<S: SplineShape>(
    shape: [usize; 2],
    splines: SplineActivation<S>,
    bound: f64,
    source: &mut ParameterSource,
) -> MeanFree<TiedNetwork<SplineActivation<S>>> {
    let mut shell = TiedNetwork::new(shape, splines, source);
    shell.weight = source.uniform(shape, -bound, bound);
    MeanFree::new(shell)
}

/// The slope of a fresh weakly increasing spline beside the middle knot.
///
/// With this slope beside the middle knot, and falls to zero from there, a fresh spline is the derivative of the minimax
/// concave penalty (Zhang, "Nearly unbiased variable selection under minimax concave penalty", Annals of Statistics
/// 2010). Trained ones come close to it.
const INITIAL_SLOPE: f64 = 0.5;

network_configs! {
    /// Settings of [`PatchWeakRidge`], the weakly convex ridge regularizer's gradient on a patch (Goujon et al., WCRR):
    ///
    /// ```text
    /// f(p) = C Wᵀ σ(W C p),   C p = p − mean(p),   σ_i a linear spline, flat outside [−range, range]
    /// ```
    ///
    /// A gradient that is not monotone. Its lift has the [`concavity`](crate::image::LipschitzImageField::concavity)
    /// `sup_ω Σ_c r_c |ŵ_c(ω)|²`, with the steepest fall `r_c` of each spline. Denoising with it by `argmin ½‖x − y‖² + (λ/μ) R(μ x)` is convex as long as `λ μ` times that is at most 1.
    ///
    /// # Shapes
    /// - `W`: `[width, dim]`; spline coefficients: `[width, knots]`
    /// - the field: `[batch, dim] -> [batch, dim]`; its potential: `[batch, dim] -> [batch]`
    pub struct PatchWeakRidgeConfig => PatchWeakRidge;

    fields {
        /// The pixels of a patch.
        pub dim: usize,
        /// Filters, one spline each.
        #[config(default = 32)]
        pub width: usize,
        /// Knots of each spline.
        #[config(default = 101)]
        pub knots: usize,
        /// The knots lie on `[-range, range]`.
        #[config(default = 0.03)]
        pub range: f64,
        /// `ρ`: falls are learned in this unit, above 0 and at most 1 ([`WeaklyIncreasing`]).
        #[config(default = 0.02)]
        pub rho: f64,
        /// Weight of the [penalty](SplineActivation::penalty) on the changes of the splines' slopes.
        #[config(default = 0.0)]
        pub slope_penalty: f64,
    }
    architecture {
        fn check(&self) -> Result<(), NetworkError> {
            check_size(self.dim, self.width)?;
            check_splines(self.knots, self.range, self.slope_penalty)?;
            match self.rho > 0.0 && self.rho <= 1.0 {
                true => Ok(()),
                false => Err(invalid("rho", self.rho, "a number above 0 and at most 1")),
            }
        }

        fn num_params(&self) -> usize {
            self.width * (self.dim + self.knots)
        }

        fn build(&self, source: &mut ParameterSource) -> Self::Network {
            let (shape, splines) = (WeaklyIncreasing::new(self.rho), [self.width, self.knots]);
            // The outermost piece of either side is flat. The others beyond the kink fall to zero.
            let falling = (self.knots / 2).saturating_sub(2).max(1) as f64;
            let slopes = [INITIAL_SLOPE, -INITIAL_SLOPE / falling];
            let values = kinked(self.knots, self.range, slopes).repeat(self.width);
            let activation =
                SplineActivation::through(&values, shape, splines, self.range, source)
                    .with_slope_penalty(self.slope_penalty);
            // ‖w‖² = dim bound²/3 for each row, and the gain is the sum over the rows of slope ‖w‖².
            let rows = (self.width * self.dim) as f64;
            let bound = (3.0 * INITIAL_GAIN / (INITIAL_SLOPE * rows)).sqrt();
            ridges([self.width, self.dim], activation, bound, source)
        }
    }
}

/// The values of a spline with slope `middle` in the two pieces at the middle knot and slope `beyond` in the others.
fn kinked(knots: usize, range: f64, [middle, beyond]: [f64; 2]) -> Vec<f64> {
    let (at, step) = (knots / 2, Knots::new(knots, range).step());
    let value = |knot: usize| match knot.abs_diff(at) {
        0 => 0.0,
        far => {
            let height = (middle + (far - 1) as f64 * beyond) * step;
            if knot < at { -height } else { height }
        }
    };
    (0..knots).map(value).collect()
}

/// The settings of a network on patches that another network's settings build.
macro_rules! patch_config {
    (
        $(#[$doc:meta])* $config:ident => $network:ty, $inner:ident;
        $($(#[$field_doc:meta])* $field:ident: $type:ty = $default:literal),+
    ) => {
        network_configs! {
            $(#[$doc])*
            ///
            /// # Shapes
            /// - the parameters of the network inside
            /// - the field: `[batch, dim] -> [batch, dim]`; its potential: `[batch, dim] -> [batch]`
            pub struct $config => $network;

            fields {
                /// The pixels of a patch.
                pub dim: usize,
                /// Hidden units (of each module).
                #[config(default = 32)]
                pub width: usize,
                $($(#[$field_doc])* #[config(default = $default)] pub $field: $type,)+
            }
            architecture {
                fn check(&self) -> Result<(), NetworkError> {
                    self.inside().check()
                }

                fn num_params(&self) -> usize {
                    self.inside().num_params()
                }

                fn build(&self, source: &mut ParameterSource) -> Self::Network {
                    MeanFree::new(self.inside().build(source))
                }
            }
        }

        impl $config {
            /// The settings of the network inside.
            fn inside(&self) -> $inner {
                $inner { dim: self.dim, width: self.width, $($field: self.$field),+ }
            }
        }
    };
}

patch_config! {
    /// Settings of [`PatchMGradNetM`], mGradNet-M on patches without their means: convex, and no sum of ridges.
    PatchMGradNetMConfig => PatchMGradNetM, MGradNetMConfig;
    /// Modules, 4 as in the paper.
    modules: usize = 4,
    /// The activation of the modules, learned by default.
    activation: BlockActivation = "BlockActivation::Learned"
}

patch_config! {
    /// Settings of [`PatchGradNetM`], GradNet-M on patches without their means.
    PatchGradNetMConfig => PatchGradNetM, GradNetMConfig;
    /// Modules, 4 as in the paper.
    modules: usize = 4,
    /// The activation of the modules, learned by default.
    activation: BlockActivation = "BlockActivation::Learned"
}

patch_config! {
    /// Settings of [`PatchGradNetC`], GradNet-C on patches without their means.
    PatchGradNetCConfig => PatchGradNetC, GradNetCConfig;
    /// Activations in the cascade, 4 as released.
    layers: usize = 4,
    /// The function of the cascade, learned by default.
    activation: UnitFunction = "UnitFunction::Learned"
}
