//! The lift of any field on patches, `∇R(x) = Σ_i P_iᵀ f(P_i x)`.
//!
//! `‖Σ_i P_iᵀ g_i‖ ≤ k ‖(g_i)‖` because a pixel lies in at most `k²` patches, and so `L ≤ k² L_f`.

use std::ops::Range;

use burn::tensor::Tensor;

use super::field::{
    GradientImageField, ImageField, ImagePotential, LipschitzImageField, MonotoneImageField,
};
use super::patches::patch_side;
use crate::analysis::host;
use crate::combine::LipschitzField;
use crate::field::{GradientField, MonotoneField, Potential, VectorField};
use crate::kernel::{overlaps, patches};

/// `x ↦ Σ_i P_iᵀ f(P_i x)`, with the guarantees of `f`.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use gradnet_core::image::{ImageField, MonotoneImageField, PatchLift};
/// use gradnet_core::network::MGradNetMConfig;
///
/// fn convex_prior(prior: &impl MonotoneImageField, x: Tensor<3>) -> Tensor<3> {
///     prior.apply(x)
/// }
///
/// let device = Device::flex();
/// let network = MGradNetMConfig::new(25).with_width(8).init(&device); // on patches of 5 × 5
/// let prior = PatchLift::new(&network).expect("25 is the square of an odd number");
/// let gradient = convex_prior(&prior, Tensor::zeros([2, 9, 12], &device));
/// assert_eq!(gradient.dims(), [2, 9, 12]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PatchLift<'f, F> {
    field: &'f F,
    side: usize,
}

impl<'f, F: VectorField> PatchLift<'f, F> {
    /// The lift of `field`; `None` unless its dimension is the square of an odd number.
    pub fn new(field: &'f F) -> Option<Self> {
        let side = patch_side(field.dim())?;
        Some(Self { field, side })
    }

    /// Runs `rows` on the patches of all images and adds what it returns up, part by part: all patches of a large image
    /// take `k²` times its memory.
    fn lifted<const N: usize>(
        &self,
        images: [Tensor<3>; N],
        rows: impl Fn([Tensor<2>; N]) -> Tensor<2>,
    ) -> Tensor<3> {
        let [batch, height, width] = images[0].dims();
        let mut whole: Option<Tensor<3>> = None;
        for part in parts(images[0].dims(), PART) {
            let found = rows(images.each_ref().map(|x| part.patches(x, self.side)));
            let sums = part.overlaps(found, self.side, [height, width]);
            if sums.dims() == [batch, height, width] {
                return sums;
            }
            let place = part.reached(self.side, height);
            let all = whole.take().unwrap_or_else(|| images[0].zeros_like());
            let range = [part.images.clone(), place, 0..width];
            let sum = all.clone().slice(range.clone()) + sums;
            whole = Some(all.slice_assign(range, sum));
        }
        whole.unwrap_or_else(|| images[0].zeros_like())
    }
}

/// Pixels whose patches are looked at together, about.
const PART: usize = 1 << 16;

/// Some images, or some rows of one.
struct Part {
    images: Range<usize>,
    rows: Range<usize>,
}

/// All images, in parts of about `most` pixels.
fn parts([batch, height, width]: [usize; 3], most: usize) -> Vec<Part> {
    let count = most / (height * width).max(1);
    if count > 0 {
        let starts = (0..batch).step_by(count);
        let part = |start: usize| Part {
            images: start..(start + count).min(batch),
            rows: 0..height,
        };
        return starts.map(part).collect();
    }
    let count = (most / width).max(1);
    let parts = (0..batch).flat_map(|image| {
        let starts = (0..height).step_by(count);
        starts.map(move |start| Part {
            images: image..image + 1,
            rows: start..(start + count).min(height),
        })
    });
    parts.collect()
}

impl Part {
    /// The rows of the image that its patches reach.
    fn reached(&self, side: usize, height: usize) -> Range<usize> {
        let reach = side / 2;
        self.rows.start.saturating_sub(reach)..(self.rows.end + reach).min(height)
    }

    /// The patches around its pixels, `[pixels, k²]`.
    fn patches(&self, x: &Tensor<3>, side: usize) -> Tensor<2> {
        let [_, height, width] = x.dims();
        let reached = self.reached(side, height);
        let before = (self.rows.start - reached.start) * width;
        let x = x.clone().slice([self.images.clone(), reached, 0..width]);
        let pixels = self.images.len() * self.rows.len() * width;
        let all = patches(x, side);
        match all.dims()[0] == pixels {
            true => all,
            // Rows are cut of single images only.
            false => all.narrow(0, before, pixels),
        }
    }

    /// The sums of such patches, `[images, reached, width]`.
    fn overlaps(&self, rows: Tensor<2>, side: usize, [height, width]: [usize; 2]) -> Tensor<3> {
        let reached = self.reached(side, height);
        let [_, dim] = rows.dims();
        let like = (&rows.device(), rows.dtype());
        let zeros = |count: usize| Tensor::<2>::zeros([count * width, dim], like);
        let around = [self.rows.start - reached.start, reached.end - self.rows.end];
        let rows = match around {
            [0, 0] => rows,
            [before, after] => Tensor::cat(vec![zeros(before), rows, zeros(after)], 0),
        };
        overlaps(rows, [self.images.len(), reached.len(), width])
    }
}

impl<F: VectorField> ImageField for PatchLift<'_, F> {
    fn apply(&self, x: Tensor<3>) -> Tensor<3> {
        self.lifted([x], |[x]| self.field.forward(x))
    }

    fn derivative(&self, x: Tensor<3>, v: Tensor<3>) -> Tensor<3> {
        self.lifted([x, v], |[x, v]| self.field.jacobian_vector(x, v))
    }
}

impl<F: GradientField> GradientImageField for PatchLift<'_, F> {}
impl<F: MonotoneField> MonotoneImageField for PatchLift<'_, F> {}

impl<F: Potential> ImagePotential for PatchLift<'_, F> {
    fn energy(&self, x: Tensor<3>) -> Tensor<1> {
        let [batch, ..] = x.dims();
        let mut whole = Tensor::<1>::zeros([batch], (&x.device(), x.dtype()));
        for part in parts(x.dims(), PART) {
            let values = self.field.potential(part.patches(&x, self.side));
            let images = part.images.len();
            let pixels = values.dims()[0] / images.max(1);
            let sums: Tensor<1> = values
                .reshape([images, pixels])
                .sum_dim(1)
                .squeeze_dim::<1>(1);
            let range = [part.images];
            let sums = whole.clone().slice(range.clone()) + sums;
            whole = whole.slice_assign(range, sums);
        }
        whole
    }
}

impl<F: LipschitzField> LipschitzImageField for PatchLift<'_, F> {
    fn lipschitz(&self) -> f64 {
        let bound: f64 = host(self.field.lipschitz_bound()).iter().sum();
        (self.side * self.side) as f64 * bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::host;
    use burn::tensor::{DType, Device, TensorData};

    /// Cut into images or into rows, the patches are those of the whole, and so are the sums of their overlaps.
    #[test]
    fn parts_have_the_patches_of_the_whole_and_add_up_to_it() {
        let (shape, side) = ([3, 9, 4], 5);
        let values: Vec<f64> = (0..108).map(|i| (f64::from(i) * 0.7).sin()).collect();
        let data = TensorData::new(values, shape);
        let x = Tensor::<3>::from_data(data, (&Device::flex(), DType::F64));
        let whole = patches(x.clone(), side);
        let sums = host(overlaps(whole.clone(), shape));
        for (most, count) in [(1000, 1), (80, 2), (36, 3), (9, 15), (1, 27)] {
            let all = parts(shape, most);
            assert_eq!(all.len(), count, "{most}");
            let rows: Vec<Tensor<2>> = all.iter().map(|part| part.patches(&x, side)).collect();
            assert_eq!(host(Tensor::cat(rows.clone(), 0)), host(whole.clone()));
            let mut total = x.zeros_like();
            for (part, rows) in all.iter().zip(rows) {
                let found = part.overlaps(rows, side, [9, 4]);
                let range = [part.images.clone(), part.reached(side, 9), 0..4];
                let sum = total.clone().slice(range.clone()) + found;
                total = total.slice_assign(range, sum);
            }
            for (a, b) in host(total).iter().zip(&sums) {
                assert!((a - b).abs() < 1e-12, "{most}: {a} {b}");
            }
        }
    }
}
