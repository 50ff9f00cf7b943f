//! Networks on patches of images, which neither see nor change the mean of a patch: what [`image`](crate::image) lifts
//! to images.

use super::cascade::{GradNetC, GradNetCConfig, UnitFunction};
use super::config::network_configs;
use super::error::{NetworkError, check_size, invalid};
use super::modular::{BlockActivation, GradNetM, GradNetMConfig, MGradNetM, MGradNetMConfig};
use super::ridge::{ConvexRidge, WeakRidge, check_splines};
use crate::activation::{SplineActivation, SplineShape, WeaklyIncreasing};
use crate::combine::MeanFree;
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
            let activation = SplineActivation::new(splines, self.range, slope, source)
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

/// What a fresh weakly increasing spline rises by: well inside of what it may, for every `ρ`.
const INITIAL_SLOPE: f64 = 0.5;

network_configs! {
    /// Settings of [`PatchWeakRidge`], the weakly convex ridge regularizer's gradient on a patch (Goujon et al., WCRR):
    ///
    /// ```text
    /// f(p) = C Wᵀ σ(W C p),   C p = p − mean(p),   σ_i a linear spline with slopes in (−ρ, 1), flat outside [−range, range]
    /// ```
    ///
    /// A gradient that is not monotone. Its lift has the [`concavity`](crate::image::LipschitzImageField::concavity)
    /// `sup_ω Σ_c r_c |ŵ_c(ω)|² ≤ ρ sup_ω Σ_c |ŵ_c(ω)|²`, with the steepest fall `r_c ≤ ρ` of each spline. Denoising
    /// with it by `argmin ½‖x − y‖² + (λ/μ) R(μ x)` is convex as long as `λ μ` times that is at most 1.
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
        #[config(default = 21)]
        pub knots: usize,
        /// The knots lie on `[-range, range]`.
        #[config(default = 0.03)]
        pub range: f64,
        /// `ρ`: no spline falls more steeply than this, where 1 is the steepest rise.
        #[config(default = 1.0)]
        pub rho: f64,
        /// Weight of the [penalty](SplineActivation::penalty) on the changes of the splines' slopes.
        #[config(default = 0.0)]
        pub slope_penalty: f64,
    }
    architecture {
        fn check(&self) -> Result<(), NetworkError> {
            check_size(self.dim, self.width)?;
            check_splines(self.knots, self.range, self.slope_penalty)?;
            match (0.0..=1.0).contains(&self.rho) {
                true => Ok(()),
                false => Err(invalid("rho", self.rho, "a number from 0 to 1")),
            }
        }

        fn num_params(&self) -> usize {
            self.width * (self.dim + self.knots)
        }

        fn build(&self, source: &mut ParameterSource) -> Self::Network {
            let (shape, splines) = (WeaklyIncreasing::new(self.rho), [self.width, self.knots]);
            let activation =
                SplineActivation::shaped(shape, splines, self.range, INITIAL_SLOPE, source)
                    .with_slope_penalty(self.slope_penalty);
            // ‖w‖² = dim bound²/3 for each row, and the gain is the sum over the rows of slope ‖w‖².
            let rows = (self.width * self.dim) as f64;
            let bound = (3.0 * INITIAL_GAIN / (INITIAL_SLOPE * rows)).sqrt();
            ridges([self.width, self.dim], activation, bound, source)
        }
    }
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
