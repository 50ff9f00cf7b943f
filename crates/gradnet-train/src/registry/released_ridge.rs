//! The released convex ridge regularizers (Goujon et al.) as ours: one kernel for each filter, and its spline.
//!
//! | repository | arrays |
//! |---|---|
//! | convex_ridge_regularizers | `conv_layer.conv_layers.l.parametrizations.weight.original` `[out, in, k, k]`; `activation.coefficients_vect` `[filters · knots]`; `lmbd`, `mu`, `L` |
//! | weakly_convex_ridge_regularizer | the first layer as above, the others `conv_layer.conv_layers.l.weight`; `activation_cvx.coefficients`, `activation_ccv.coefficients` `[1, knots]`; `mu_`; `spline_scaling.coefficients` `[filters, levels]` |
//!
//! Both have knots on [−0.1, 0.1], which their files do not say. The composed kernels are the same in both, with layers of zero mean where
//! they are parametrized:
//!
//! ```text
//! w_c(u) = Σ_j Σ_(a + b = u) v_cj(a) w_j(b)           layer after layer, from w = δ on
//! first:   ∇R(x)   = Σ_c w_c* φ_c(w_c ⋆ x)            ours as it is
//! second:  ∇R_σ(x) = Σ_c u_c* μ φ(α_c u_c ⋆ x)/α_c    ours with kernels α_c u_c and splines (μ/α_c²) φ
//!          u = w/√Λ,  Λ = max_ω Σ_c |ŵ_c(ω)|²,  α_c = exp(s_c(σ))/(σ + 10⁻⁵),  μ = exp(mu_)
//! ```
//!
//! `Λ` is taken on their grid of `254 + k` frequencies, and `s_c` is linear between levels from 0 to 30 of 255. The references pad with zeros
//! between the layers. One kernel does not, so within `k/2` pixels of the border the two differ. `tests/suite/released_ridges.rs` computes
//! both layer by layer.

use gradnet_core::activation::SplineActivation;
use gradnet_core::combine::MeanFree;
use gradnet_core::image::Symbol;
use gradnet_core::network::{Architecture, PatchRidge, PatchRidgeConfig};
use gradnet_core::{ParameterSource, TiedNetwork};

use super::released::{ReleasedError, ReleasedState};
use super::released_arrays::Arrays;
use super::settings::PatchRidgeSettings;
use super::size::{Describes, Settings};

/// What the names of the layers begin with.
pub(super) const LAYERS: &str = "conv_layer.conv_layers.";

/// The end of the name of a layer whose kernels lose their means, and of one whose kernels do not.
pub(super) const CENTRED: &str = "parametrizations.weight.original";
pub(super) const PLAIN: &str = "weight";

/// The knots lie on [−RANGE, RANGE] in all released models.
const RANGE: f64 = 0.1;

/// The highest noise level of the second kind, of 255.
const HIGHEST: f64 = 30.0;

/// The grid of frequencies of the second kind has so many more points than a kernel has pixels to a side.
const GRID: usize = 254;

/// Kernels `[filters, side, side]` on a picture.
struct Kernels {
    filters: usize,
    side: usize,
    values: Vec<f64>,
}

impl Kernels {
    /// The layers of a state as one.
    fn composed(arrays: &mut Arrays<'_>) -> Result<Self, ReleasedError> {
        let mut whole = Self {
            filters: 1,
            side: 1,
            values: vec![1.0],
        };
        for layer in 0..arrays.count(LAYERS).max(1) {
            let of = format!("{LAYERS}{layer}.");
            let centred = arrays.has(&format!("{of}parametrizations."));
            let name = of + if centred { CENTRED } else { PLAIN };
            let (out, side) = arrays.convolution_shape(&name, whole.filters)?;
            let each = whole.filters * side * side;
            let mut values = arrays.take(&name, out * each)?;
            if centred {
                for kernel in values.chunks_exact_mut(each) {
                    let mean = kernel.iter().sum::<f64>() / each as f64;
                    kernel.iter_mut().for_each(|value| *value -= mean);
                }
            }
            whole = whole.followed_by(&values, out, side);
        }
        Ok(whole)
    }

    /// These, and after them a layer `[out, filters, side, side]`.
    fn followed_by(&self, layer: &[f64], out: usize, side: usize) -> Self {
        let whole = self.side + side - 1;
        let mut values = vec![0.0; out * whole * whole];
        let inner = self.side * self.side;
        let rows = layer.chunks_exact(side * side);
        for (index, kernel) in rows.enumerate() {
            let (to, from) = (index / self.filters, index % self.filters);
            for (a, weight) in kernel.iter().enumerate() {
                let before = &self.values[from * inner..(from + 1) * inner];
                for (b, value) in before.iter().enumerate() {
                    let row = a / side + b / self.side;
                    let column = a % side + b % self.side;
                    values[(to * whole + row) * whole + column] += weight * value;
                }
            }
        }
        Self {
            filters: out,
            side: whole,
            values,
        }
    }

    /// `Λ`, the squared norm of the convolution on their grid.
    fn square_norm(&self) -> f64 {
        let slopes = vec![1.0; self.filters];
        Symbol::new(&self.values, &slopes, self.side).grid_maximum(GRID + self.side)
    }

    /// Each filter's kernel times a number.
    fn scale(&mut self, factors: impl Iterator<Item = f64>) {
        let kernels = self.values.chunks_exact_mut(self.side * self.side);
        for (kernel, factor) in kernels.zip(factors) {
            kernel.iter_mut().for_each(|value| *value *= factor);
        }
    }
}

impl ReleasedState {
    /// The convex ridge regularizer with these weights and its settings; of the second kind at the noise level that was set with
    /// [`at_noise`](Self::at_noise).
    ///
    /// # Errors
    /// [`ReleasedError`] if the arrays are of neither kind, the level lies outside those that were learned, or the regularizer is not convex.
    pub fn ridge(
        &self,
        source: &mut ParameterSource,
    ) -> Result<(PatchRidgeSettings, PatchRidge), ReleasedError> {
        let mut arrays = Arrays::new(self.arrays())?;
        let mut kernels = Kernels::composed(&mut arrays)?;
        let (knots, coefficients) = match self.depends_on_noise() {
            false => plain_splines(&mut arrays, kernels.filters)?,
            true => shared_spline(&mut arrays, &mut kernels, self.noise())?,
        };
        arrays.finish()?;
        let Kernels {
            filters,
            side,
            values,
        } = kernels;
        let config = PatchRidgeSettings {
            width: Some(filters),
            size: Some(side),
            knots,
            range: RANGE,
            ..Default::default()
        };
        Settings::check(&config)?;
        Describes::<PatchRidgeConfig>::config(&config, side * side, filters).check()?;
        let mut activation = SplineActivation::new([filters, knots], RANGE, 1.0, source);
        activation.coefficients = source.values([filters, knots], coefficients);
        let network = MeanFree::new(TiedNetwork {
            weight: source.values([filters, side * side], values),
            hidden_bias: None,
            output_bias: None,
            activation,
        });
        Ok((config, network))
    }

    /// Whether the regularizer in these arrays is another for every noise level: the second kind.
    pub fn depends_on_noise(&self) -> bool {
        let mut names = self.arrays().keys();
        names.any(|name| name.starts_with("activation_cvx."))
    }
}

/// Knots and coefficients of the first kind, which our splines constrain as theirs do. `lmbd`, `mu` and `L` belong to the unrolled denoiser
/// that the weights were trained in.
fn plain_splines(
    arrays: &mut Arrays<'_>,
    filters: usize,
) -> Result<(usize, Vec<f64>), ReleasedError> {
    const NAME: &str = "activation.coefficients_vect";
    for name in ["lmbd", "mu", "L"] {
        arrays.take(name, 1)?;
    }
    let count = arrays.len(NAME)?;
    let knots = odd_knots(arrays, NAME, count / filters, count % filters)?;
    Ok((knots, arrays.take(NAME, count)?))
}

/// Knots and coefficients of the second kind at a noise level, of 255, with the kernels scaled to it.
fn shared_spline(
    arrays: &mut Arrays<'_>,
    kernels: &mut Kernels,
    level: f64,
) -> Result<(usize, Vec<f64>), ReleasedError> {
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
    let increasing = antisymmetric(&arrays.take(NAME, knots)?, step);
    let concave = arrays.take("activation_ccv.coefficients", knots)?;
    // A part that never took a step is still the identity that it began as.
    let knot = |index: usize| index as f64 * step - RANGE;
    let learned = |(index, value): (usize, &f64)| (value - knot(index)).abs() > 1e-6;
    if concave.iter().enumerate().any(learned) {
        return Err(ReleasedError::NotConvex);
    }
    let height = arrays.take("mu_", 1)?[0].exp();
    let scales = scales(arrays, kernels.filters, level)?;
    let norm = kernels.square_norm().sqrt();
    kernels.scale(scales.iter().map(|scale| scale / norm));
    let coefficients = scales.iter().flat_map(|scale| {
        let factor = height / (scale * scale);
        increasing.iter().map(move |value| factor * value)
    });
    Ok((knots, coefficients.collect()))
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

/// Their constraint on the shared spline: slopes in [0, 1], flat at both ends, odd.
fn antisymmetric(stored: &[f64], step: f64) -> Vec<f64> {
    let last = stored.len() - 2;
    let rises = stored.windows(2).enumerate();
    let rises = rises.map(|(piece, pair)| match piece == 0 || piece == last {
        true => 0.0,
        false => (pair[1] - pair[0]).clamp(0.0, step),
    });
    let mut heights = vec![0.0];
    for rise in rises {
        heights.push(heights[heights.len() - 1] + rise);
    }
    let mirrored = heights.iter().rev();
    let halves = heights.iter().zip(mirrored);
    halves.map(|(value, other)| 0.5 * (value - other)).collect()
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
