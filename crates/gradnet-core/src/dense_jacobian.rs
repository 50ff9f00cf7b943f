//! The Jacobians of a gradient field at many points, each a matrix on the host.
//!
//! A gradient field has symmetric Jacobians, so each is the `dim (dim + 1)/2` numbers of its lower
//! triangle, row after row. The shell of softmax modules has
//!
//! ```text
//! J_f(x) = Σ_h s_h w_h w_hᵀ − Σ_m α_m t_m (a_m u_m u_mᵀ + b_m v_m v_mᵀ)
//! p = softmax(t z),  q = softmax(−t z),  s = α t (a p + b q),  u_m = W_mᵀ p_m,  v_m = W_mᵀ q_m
//! ```
//!
//! (Eq. (15) of Chaudhari, Pranav, Moura, IEEE TSP 2025, in the shell), where the first sum is one
//! matrix product for all points: of `s`, `[batch, hidden]`, with the triangles of `w_h w_hᵀ`. An
//! input convex network has the squares of the slopes of all its units (`network/icnn.rs`). The
//! tests hold both against the closed-form products with the unit vectors.

use std::ops::Mul;

use burn::tensor::{DType, Tensor, TensorData};

use crate::host::host;
#[cfg(feature = "flex")]
use crate::kernel::Triangles;
use crate::kernel::{SoftmaxModules, on_flex, product, side_by_side, softmax_modules};

/// Hidden elements at once: few enough to stay near the processor.
const PIECE: usize = 1 << 17;

/// Points whose Jacobians are put side by side.
const EIGHT: usize = 8;
#[cfg(feature = "flex")]
const _: () = assert!(EIGHT == Triangles::COUNT);

/// Rows of weights whose squares a thread computes at once.
const SQUARED: usize = 128;

/// The Jacobians of a field whose weights it holds: what is the same at all points is computed once.
pub struct DenseJacobian {
    dim: usize,
    /// A lower triangle that is added at every point.
    constant: Vec<f64>,
    at: Box<dyn Fn(Tensor<2>) -> Vec<Parts> + Send + Sync>,
}

/// What the Jacobians at some points consist of, beside the constant: a triangle for each point, less some `scale u
/// uᵀ` with a row `u` for each.
pub(crate) struct Parts {
    /// Numbers in `f32` or `f64`, `[points, dim (dim + 1)/2]`.
    pub(crate) triangles: TensorData,
    /// `scale`, and the rows `u` one after another.
    pub(crate) squares: Vec<(f64, Vec<f64>)>,
}

impl DenseJacobian {
    /// Those that `at` computes piece by piece, each but the last of a multiple of eight points, of a field on `R^dim`.
    pub(crate) fn new(
        dim: usize,
        at: impl Fn(Tensor<2>) -> Vec<Parts> + Send + Sync + 'static,
    ) -> Self {
        Self {
            dim,
            constant: vec![0.0; dim * (dim + 1) / 2],
            at: Box::new(at),
        }
    }

    /// The coordinates of a point.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The lower triangles at the rows of `x`, one after another.
    ///
    /// # Shapes
    /// `x`: `[batch, dim]`; returns `batch * dim * (dim + 1) / 2` numbers.
    pub fn at(&self, x: Tensor<2>) -> Vec<f64> {
        let width = self.constant.len();
        let pieces = (self.at)(x).into_iter().map(|parts| {
            let mut found: Vec<f64> = parts.triangles.iter::<f64>().collect();
            for (point, triangle) in found.chunks_exact_mut(width).enumerate() {
                let entries = triangle.iter_mut().zip(&self.constant);
                entries.for_each(|(entry, more)| *entry += more);
                for (scale, rows) in &parts.squares {
                    subtract_square(&rows[point * self.dim..][..self.dim], *scale, triangle);
                }
            }
            found
        });
        pieces.collect::<Vec<_>>().concat()
    }

    /// The same, eight points side by side in their order.
    #[cfg(feature = "flex")]
    pub(crate) fn side_by_side(&self, x: Tensor<2>) -> Vec<Triangles> {
        let mut found = Vec::new();
        for parts in (self.at)(x) {
            match parts.triangles.dtype() {
                DType::F32 => self.put_together(of::<f32>(&parts.triangles), &parts, &mut found),
                _ => self.put_together(of::<f64>(&parts.triangles), &parts, &mut found),
            }
        }
        found
    }

    #[cfg(feature = "flex")]
    fn put_together<E: Copy + Into<f64>>(
        &self,
        triangles: &[E],
        parts: &Parts,
        found: &mut Vec<Triangles>,
    ) {
        let rows: Vec<&[E]> = triangles.chunks_exact(self.constant.len()).collect();
        for (eight, triangles) in rows.chunks(Triangles::COUNT).enumerate() {
            let mut sums = Triangles::sums(triangles, &self.constant, self.dim);
            for (scale, rows) in &parts.squares {
                let rows = rows.chunks_exact(self.dim).skip(eight * Triangles::COUNT);
                let rows: Vec<&[f64]> = rows.take(triangles.len()).collect();
                sums.subtract_squares(&rows, *scale);
            }
            found.push(sums);
        }
    }

    /// With a matrix added to each, given by all its entries, row after row.
    pub fn plus(mut self, matrix: &[f64]) -> Self {
        let rows = matrix.chunks_exact(self.dim).enumerate();
        let entries = rows.flat_map(|(i, row)| &row[..=i]);
        let both = self.constant.iter_mut().zip(entries);
        both.for_each(|(entry, more)| *entry += more);
        self
    }

    /// With `value` added to each diagonal.
    pub fn plus_identity(mut self, value: f64) -> Self {
        for i in 0..self.dim {
            self.constant[i * (i + 1) / 2 + i] += value;
        }
        self
    }

    /// Those at other points, which `moved` makes of the points given.
    pub fn after(self, moved: impl Fn(Tensor<2>) -> Tensor<2> + Send + Sync + 'static) -> Self {
        let at = self.at;
        Self {
            at: Box::new(move |x| at(moved(x))),
            ..self
        }
    }

    /// `Wᵀ J_σ(z) W` of softmax modules at hidden points `z`, `[batch, hidden]`, with `W` of shape
    /// `[hidden, dim]`; none where the processor does not hold the numbers.
    pub(crate) fn of_softmax_modules(modules: SoftmaxModules, weight: Tensor<2>) -> Option<Self> {
        if !on_flex(&weight) {
            return None;
        }
        let [hidden, dim] = weight.dims();
        let [count] = modules.alpha.dims();
        let squares = squares(weight.clone());
        let size = hidden / count;
        let blocks = (0..count).map(|m| weight.clone().narrow(0, m * size, size));
        let blocks: Vec<Tensor<2>> = blocks.collect();
        let scale = modules.alpha * modules.temperature.clone();
        let parts = match modules.mix {
            None => vec![(modules.temperature, scale)],
            Some(mix) => vec![
                (modules.temperature.clone(), scale.clone() * mix.a),
                (-modules.temperature, scale * mix.b),
            ],
        };
        // The shares of some rows, `scale p`, and for each module the averages that they make, `scale u`.
        let shares = move |z: &Tensor<2>, (temperature, scale): &(Tensor<1>, Tensor<1>)| {
            let softmax = SoftmaxModules {
                alpha: scale.clone(),
                temperature: temperature.clone(),
                mix: None,
            };
            let share = softmax_modules(z.clone(), softmax);
            let means = blocks.iter().enumerate().map(|(m, block)| {
                let of_module = share.clone().narrow(1, m * size, size);
                host(product(of_module, block.clone()))
            });
            (means.collect::<Vec<_>>(), share)
        };
        let scales: Vec<Vec<f64>> = parts.iter().map(|(_, scale)| host(scale.clone())).collect();
        let of_piece = move |z: Tensor<2>| {
            let found = parts.iter().map(|part| shares(&z, part));
            let (means, found): (Vec<_>, Vec<_>) = found.unzip();
            let weighed = found.into_iter().reduce(|a, b| a + b);
            let weighed = weighed.expect("modules have one part or two");
            // A module that weighs nothing has no curvature.
            let inverse = |scale: &f64| if *scale > 0.0 { scale.recip() } else { 0.0 };
            let scales = scales.iter().flatten().map(inverse);
            Parts {
                triangles: product(weighed, squares.clone()).into_data(),
                squares: scales.zip(means.into_iter().flatten()).collect(),
            }
        };
        let piece = (PIECE / hidden).max(32).next_multiple_of(EIGHT);
        let at = move |z: Tensor<2>| {
            let [rows, _] = z.dims();
            let pieces = (0..rows).step_by(piece);
            let pieces =
                pieces.map(|first| of_piece(z.clone().narrow(0, first, piece.min(rows - first))));
            pieces.collect()
        };
        Some(Self::new(dim, at))
    }
}

/// The numbers of a tensor whose type they have.
fn of<E: burn::tensor::Element>(data: &TensorData) -> &[E] {
    data.as_slice().expect("numbers of the tensor's type")
}

/// `w_h w_hᵀ` for each row of `weight`, `[hidden, dim]`: the lower triangles, `[hidden, dim (dim + 1)/2]`.
pub(crate) fn squares(weight: Tensor<2>) -> Tensor<2> {
    let [hidden, dim] = weight.dims();
    let (device, dtype) = (weight.device(), weight.dtype());
    let shape = [hidden, dim * (dim + 1) / 2];
    let rows = weight.into_data();
    let data = match dtype {
        DType::F32 => TensorData::new(triangles(of::<f32>(&rows), dim), shape),
        _ => TensorData::new(triangles(of::<f64>(&rows), dim), shape),
    };
    Tensor::from_data(data, (&device, dtype))
}

/// The lower triangles of `w wᵀ` for rows `w` of `dim` numbers, some rows on each thread.
fn triangles<E>(rows: &[E], dim: usize) -> Vec<E>
where
    E: Copy + Default + Mul<Output = E> + Send + Sync,
{
    let width = dim * (dim + 1) / 2;
    let mut found = vec![E::default(); rows.len() / dim * width];
    let pieces = rows
        .chunks(SQUARED * dim)
        .zip(found.chunks_mut(SQUARED * width));
    side_by_side(pieces.collect(), |(rows, found)| {
        for (row, mut rest) in rows.chunks_exact(dim).zip(found.chunks_exact_mut(width)) {
            for (i, first) in row.iter().enumerate() {
                let (entries, after) = rest.split_at_mut(i + 1);
                let products = entries.iter_mut().zip(row);
                products.for_each(|(entry, second)| *entry = *first * *second);
                rest = after;
            }
        }
    });
    found
}

/// Adds symmetric matrices, of which all entries are given, to lower triangles.
pub(crate) fn add_matrices(matrices: &[f64], dim: usize, triangles: &mut [f64]) {
    let width = dim * (dim + 1) / 2;
    let each = matrices
        .chunks_exact(dim * dim)
        .zip(triangles.chunks_exact_mut(width));
    for (matrix, triangle) in each {
        let rows = matrix.chunks_exact(dim).enumerate();
        let entries = rows.flat_map(|(i, row)| &row[..=i]);
        triangle.iter_mut().zip(entries).for_each(|(a, b)| *a += b);
    }
}

/// Takes `scale u uᵀ` from a lower triangle.
fn subtract_square(u: &[f64], scale: f64, triangle: &mut [f64]) {
    let mut rest = triangle;
    for (i, first) in u.iter().enumerate() {
        let (row, after) = rest.split_at_mut(i + 1);
        let factor = scale * first;
        for (entry, second) in row.iter_mut().zip(u) {
            *entry -= factor * second;
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, FloatDType};

    use super::EIGHT;
    use crate::analysis::jacobians;
    use crate::combine::StronglyMonotone;
    use crate::network::{BlockActivation, IcnnConfig, MGradNetMConfig, MGradNetMLinearConfig};
    use crate::{MonotoneField, ParameterSource, VectorField};

    const ROWS: usize = 40;

    /// The triangles are those of the Jacobians, and so are the systems that eight side by side solve.
    fn agrees(field: &impl VectorField) {
        let mut source = ParameterSource::new(&Device::flex(), 7).with_dtype(FloatDType::F64);
        let x = source.normal([ROWS, field.dim()], 0.0, 2.0).val().detach();
        let dense = field.dense_jacobian().unwrap();
        let found = dense.at(x.clone());
        let size = found.len() / ROWS;
        let expected = jacobians(field, x.clone());
        for (eight, mut triangles) in dense.side_by_side(x).into_iter().enumerate() {
            assert_eq!(triangles.factor(), [true; EIGHT]);
            let mut p: Vec<f64> = (0..field.dim() * EIGHT).map(|i| (i as f64).sin()).collect();
            let r = p.clone();
            triangles.solve(&mut p);
            for (lane, jacobian) in expected.iter().skip(eight * EIGHT).take(EIGHT).enumerate() {
                for i in 0..field.dim() {
                    let products = (0..field.dim()).map(|j| jacobian[(i, j)] * p[j * EIGHT + lane]);
                    let error = products.sum::<f64>() - r[i * EIGHT + lane];
                    assert!(error.abs() < 1e-10, "{error}");
                }
            }
        }
        for (triangle, expected) in found.chunks_exact(size).zip(expected) {
            let mut entries = triangle.iter();
            for i in 0..field.dim() {
                for j in 0..=i {
                    let entry = entries.next().unwrap();
                    assert!((entry - expected[(i, j)]).abs() < 1e-12, "{entry}");
                }
            }
            assert!(entries.next().is_none());
        }
    }

    fn inside<F: MonotoneField + burn::module::Module>(field: F) -> StronglyMonotone<F> {
        StronglyMonotone::new(field, 0.3)
    }

    #[test]
    fn it_is_the_matrix_of_the_products_with_the_unit_vectors() {
        let mut source = ParameterSource::new(&Device::flex(), 1).with_dtype(FloatDType::F64);
        for activation in [BlockActivation::Softmax, BlockActivation::Learned] {
            let network = MGradNetMConfig::new(3)
                .with_width(6)
                .with_modules(2)
                .with_activation(activation);
            agrees(&inside(network.init_from(&mut source).unwrap()));
        }
        let linear = MGradNetMLinearConfig::new(MGradNetMConfig::new(4).with_width(5));
        agrees(&inside(linear.init_from(&mut source).unwrap()));
        // So many units that the rows are computed in pieces.
        let wide = MGradNetMConfig::new(2).with_width(4_096);
        agrees(&inside(wide.init_from(&mut source).unwrap()));
        for layers in [1, 2, 3] {
            let icnn = IcnnConfig::new(3).with_width(5).with_layers(layers);
            agrees(&inside(icnn.init_from(&mut source).unwrap()));
        }
    }
}
