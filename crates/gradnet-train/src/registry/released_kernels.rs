//! The convolutions of released ridge regularizers, composed to one kernel for each filter.

use gradnet_core::image::Symbol;

use super::released::ReleasedError;
use super::released_arrays::Arrays;

/// What the names of the layers begin with.
pub(super) const LAYERS: &str = "conv_layer.conv_layers.";

/// The end of the name of a layer whose kernels lose their means, and of one whose kernels do not.
pub(super) const CENTRED: &str = "parametrizations.weight.original";
pub(super) const PLAIN: &str = "weight";

/// The grid of frequencies of the second kind has so many more points than a kernel has pixels to a side.
const GRID: usize = 254;

/// Kernels `[filters, side, side]` on a picture.
pub(super) struct Kernels {
    pub(super) filters: usize,
    pub(super) side: usize,
    pub(super) values: Vec<f64>,
}

impl Kernels {
    /// The layers of a state as one.
    pub(super) fn composed(arrays: &mut Arrays<'_>) -> Result<Self, ReleasedError> {
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
    pub(super) fn square_norm(&self) -> f64 {
        let slopes = vec![1.0; self.filters];
        Symbol::new(&self.values, &slopes, self.side).grid_maximum(GRID + self.side)
    }

    /// Each filter's kernel times a number.
    pub(super) fn scale(&mut self, factors: impl Iterator<Item = f64>) {
        let kernels = self.values.chunks_exact_mut(self.side * self.side);
        for (kernel, factor) in kernels.zip(factors) {
            kernel.iter_mut().for_each(|value| *value *= factor);
        }
    }
}
