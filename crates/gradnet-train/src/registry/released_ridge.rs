//! The released convex and weakly convex ridge regularizers (Goujon et al.) as ours: one kernel for each filter, and
//! its spline.
//!
//! | repository | arrays |
//! |---|---|
//! | convex_ridge_regularizers | `conv_layer.conv_layers.l.parametrizations.weight.original` `[out, in, k, k]`; `activation.coefficients_vect` `[filters · knots]`; `lmbd`, `mu`, `L` |
//! | weakly_convex_ridge_regularizer | the first layer as above, the others `conv_layer.conv_layers.l.weight`; `activation_cvx.coefficients`, `activation_ccv.coefficients` `[1, knots]`; `mu_`; `spline_scaling.coefficients` `[filters, levels]` |
//!
//! Both have knots on [−0.1, 0.1], which their files do not say. The composed kernels are the same in both, with layers
//! of zero mean where they are parametrized:
//!
//! ```text
//! w_c(u) = Σ_j Σ_(a + b = u) v_cj(a) w_j(b)           layer after layer, from w = δ on
//! first:   ∇R(x)   = Σ_c w_c* φ_c(w_c ⋆ x)            ours as it is
//! second:  ∇R_σ(x) = Σ_c u_c* ψ(α_c u_c ⋆ x)/α_c      ours with kernels α_c u_c and splines ψ/α_c²
//!          ψ = μ φ, and μ φ − χ where it is weakly convex,
//!          u = w/√Λ,  Λ = max_ω Σ_c |ŵ_c(ω)|²,  α_c = exp(s_c(σ))/(σ + 10⁻⁵),  μ = exp(mu_)
//! ```
//!
//! `Λ` is taken on their grid of `254 + k` frequencies, and `s_c` is linear between levels from 0 to 30 of 255. The
//! references pad with zeros between the layers. One kernel does not, so within `k/2` pixels of the border the two
//! differ. `tests/suite/released_ridges.rs` computes both layer by layer.

use gradnet_core::activation::{SplineActivation, SplineShape, WeaklyIncreasing};
use gradnet_core::combine::MeanFree;
use gradnet_core::network::{
    Architecture, PatchRidge, PatchRidgeConfig, PatchWeakRidge, PatchWeakRidgeConfig,
};
use gradnet_core::sign::NonNegative;
use gradnet_core::{ParameterSource, TiedNetwork};

use super::released::{ReleasedError, ReleasedState};
use super::released_arrays::Arrays;
use super::released_kernels::Kernels;
use super::settings::{PatchRidgeSettings, PatchWeakRidgeSettings};
use super::size::{Describes, Settings};

/// The knots lie on [−RANGE, RANGE] in all released models.
const RANGE: f64 = 0.1;

/// The highest noise level of the second kind, of 255.
const HIGHEST: f64 = 30.0;

/// Kernels, and for each a spline through knots on [−RANGE, RANGE].
struct Ridges {
    kernels: Kernels,
    knots: usize,
    /// `[filters, knots]`.
    splines: Vec<f64>,
    /// Whether the splines have a decreasing part.
    is_weak: bool,
}

impl Ridges {
    /// The patch's pixels.
    fn dim(&self) -> usize {
        self.kernels.side * self.kernels.side
    }

    /// Refuses settings that describe no network.
    fn check<C: Architecture>(&self, settings: &impl Describes<C>) -> Result<(), ReleasedError> {
        Settings::check(settings)?;
        Ok(settings.config(self.dim(), self.kernels.filters).check()?)
    }

    /// The regularizer with splines of a shape.
    fn network<S: SplineShape>(
        self,
        shape: S,
        source: &mut ParameterSource,
    ) -> MeanFree<TiedNetwork<SplineActivation<S>>> {
        let (dim, filters) = (self.dim(), self.kernels.filters);
        let splines = [filters, self.knots];
        MeanFree::new(TiedNetwork {
            weight: source.values([filters, dim], self.kernels.values),
            hidden_bias: None,
            output_bias: None,
            activation: SplineActivation::through(&self.splines, shape, splines, RANGE, source),
        })
    }
}

impl ReleasedState {
    /// The convex ridge regularizer with these weights and its settings; of the second kind at the noise level that was
    /// set with [`at_noise`](Self::at_noise).
    ///
    /// # Errors
    /// [`ReleasedError`] if the arrays are of neither kind, the level lies outside those that were learned, or the
    /// regularizer is not convex.
    pub fn ridge(
        &self,
        source: &mut ParameterSource,
    ) -> Result<(PatchRidgeSettings, PatchRidge), ReleasedError> {
        let ridges = self.ridges()?;
        if ridges.is_weak {
            return Err(ReleasedError::NotConvex);
        }
        let config = PatchRidgeSettings {
            width: Some(ridges.kernels.filters),
            size: Some(ridges.kernels.side),
            knots: ridges.knots,
            range: RANGE,
            ..Default::default()
        };
        ridges.check::<PatchRidgeConfig>(&config)?;
        Ok((config, ridges.network(NonNegative, source)))
    }

    /// The weakly convex ridge regularizer with these weights and its settings. Of a convex one, that with the same
    /// function.
    ///
    /// # Errors
    /// As [`ridge`](Self::ridge), but for one that is not convex.
    pub fn weak_ridge(
        &self,
        source: &mut ParameterSource,
    ) -> Result<(PatchWeakRidgeSettings, PatchWeakRidge), ReleasedError> {
        let ridges = self.ridges()?;
        let config = PatchWeakRidgeSettings {
            width: Some(ridges.kernels.filters),
            size: Some(ridges.kernels.side),
            knots: ridges.knots,
            range: RANGE,
            ..Default::default()
        };
        ridges.check::<PatchWeakRidgeConfig>(&config)?;
        let shape = WeaklyIncreasing::new(config.rho);
        Ok((config, ridges.network(shape, source)))
    }

    fn ridges(&self) -> Result<Ridges, ReleasedError> {
        let mut arrays = Arrays::new(self.arrays())?;
        let kernels = Kernels::composed(&mut arrays)?;
        let ridges = match self.depends_on_noise() {
            false => plain_splines(&mut arrays, kernels)?,
            true => shared_spline(&mut arrays, kernels, self.noise())?,
        };
        arrays.finish()?;
        Ok(ridges)
    }

    /// Whether the regularizer in these arrays is another for every noise level: the second kind.
    pub fn depends_on_noise(&self) -> bool {
        let mut names = self.arrays().keys();
        names.any(|name| name.starts_with("activation_cvx."))
    }
}

/// The splines of the first kind, held to their constraint. `lmbd`, `mu` and `L` belong to the unrolled denoiser that
/// the weights were trained in.
fn plain_splines(arrays: &mut Arrays<'_>, kernels: Kernels) -> Result<Ridges, ReleasedError> {
    const NAME: &str = "activation.coefficients_vect";
    for name in ["lmbd", "mu", "L"] {
        arrays.take(name, 1)?;
    }
    let count = arrays.len(NAME)?;
    let filters = kernels.filters;
    let knots = odd_knots(arrays, NAME, count / filters, count % filters)?;
    let stored = arrays.take(NAME, count)?;
    let splines = stored.chunks_exact(knots);
    let splines = splines.flat_map(|spline| rising(spline, f64::INFINITY));
    Ok(Ridges {
        splines: splines.collect(),
        kernels,
        knots,
        is_weak: false,
    })
}

/// The splines of the second kind at a noise level, of 255, with the kernels scaled to it.
fn shared_spline(
    arrays: &mut Arrays<'_>,
    mut kernels: Kernels,
    level: f64,
) -> Result<Ridges, ReleasedError> {
    const NAME: &str = "activation_cvx.coefficients";
    if !(level > 0.0 && level <= HIGHEST) {
        return Err(ReleasedError::Noise {
            level,
            highest: HIGHEST,
        });
    }
    let count = arrays.len(NAME)?;
    let knots = odd_knots(arrays, NAME, count, 0)?;
    let step = 2.0 * RANGE / (knots as f64 - 1.0);
    let convex = antisymmetric(&arrays.take(NAME, knots)?, step);
    let stored = arrays.take("activation_ccv.coefficients", knots)?;
    // A part that never took a step is still the identity that it began as, and is none.
    let knot = |index: usize| index as f64 * step - RANGE;
    let learned = |(index, value): (usize, &f64)| (value - knot(index)).abs() > 1e-6;
    let is_weak = stored.iter().enumerate().any(learned);
    let concave = antisymmetric(&stored, step);
    let height = arrays.take("mu_", 1)?[0].exp();
    let value =
        |(convex, concave): (&f64, &f64)| height * convex - if is_weak { *concave } else { 0.0 };
    let values: Vec<f64> = convex.iter().zip(&concave).map(value).collect();
    let scales = scales(arrays, kernels.filters, level)?;
    let norm = kernels.square_norm().sqrt();
    kernels.scale(scales.iter().map(|scale| scale / norm));
    let splines = scales.iter().flat_map(|scale| {
        let factor = 1.0 / (scale * scale);
        values.iter().map(move |value| factor * value)
    });
    Ok(Ridges {
        splines: splines.collect(),
        kernels,
        knots,
        is_weak,
    })
}

/// `α_c` at a noise level.
fn scales(arrays: &mut Arrays<'_>, filters: usize, level: f64) -> Result<Vec<f64>, ReleasedError> {
    const NAME: &str = "spline_scaling.coefficients";
    let levels = arrays.len(NAME)? / filters;
    if levels < 2 {
        return Err(arrays.misshapen(NAME, "it must have two levels at least for each filter"));
    }
    let values = arrays.take(NAME, filters * levels)?;
    let place = level / HIGHEST * (levels - 1) as f64;
    let left = (place as usize).min(levels - 2);
    let part = place - left as f64;
    let rows = values.chunks_exact(levels);
    let scale = rows.map(|row| {
        let logarithm = row[left] + part * (row[left + 1] - row[left]);
        logarithm.exp() / (level + 1e-5)
    });
    Ok(scale.collect())
}

/// Their constraint on the shared splines: slopes in [0, 1], flat at both ends, odd.
fn antisymmetric(stored: &[f64], step: f64) -> Vec<f64> {
    let heights = rising(stored, step);
    let mirrored = heights.iter().rev();
    let halves = heights.iter().zip(mirrored);
    halves.map(|(value, other)| 0.5 * (value - other)).collect()
}

/// Values that rise from knot to knot by what is stored, by 0 at least, by `most` at most, and not at all at both ends.
fn rising(stored: &[f64], most: f64) -> Vec<f64> {
    let last = stored.len() - 2;
    let rises = stored.windows(2).enumerate();
    let rises = rises.map(|(piece, pair)| match piece == 0 || piece == last {
        true => 0.0,
        false => (pair[1] - pair[0]).clamp(0.0, most),
    });
    let mut heights = vec![0.0];
    for rise in rises {
        heights.push(heights[heights.len() - 1] + rise);
    }
    heights
}

/// The number of knots, which is odd and leaves nothing over.
fn odd_knots(
    arrays: &Arrays<'_>,
    name: &str,
    knots: usize,
    over: usize,
) -> Result<usize, ReleasedError> {
    match over == 0 && knots % 2 == 1 && knots >= 5 {
        true => Ok(knots),
        false => Err(arrays.misshapen(
            name,
            "it must have an odd number of knots, 5 or more, for each spline",
        )),
    }
}
