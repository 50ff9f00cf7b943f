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

use burn::tensor::{DType, Tensor, TensorData};

use crate::host::host;
use crate::kernel::{SoftmaxModules, on_flex, product, side_by_side, softmax_modules};

/// Hidden elements at once: few enough to stay near the processor.
const PIECE: usize = 1 << 17;

/// Rows of weights whose squares a thread computes at once.
const SQUARED: usize = 128;

/// The Jacobians of a field whose weights it holds: what is the same at all points is computed once.
pub struct DenseJacobian {
    dim: usize,
    at: Box<dyn Fn(Tensor<2>) -> Vec<f64> + Send + Sync>,
}

impl DenseJacobian {
    /// Those that `at` computes, of a field on `R^dim`.
    pub(crate) fn new(
        dim: usize,
        at: impl Fn(Tensor<2>) -> Vec<f64> + Send + Sync + 'static,
    ) -> Self {
        Self {
            dim,
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
        (self.at)(x)
    }

    /// With a matrix added to each, given by all its entries, row after row.
    pub fn plus(self, matrix: &[f64]) -> Self {
        let constant: Vec<f64> = matrix
            .chunks_exact(self.dim)
            .enumerate()
            .flat_map(|(i, row)| row[..=i].to_vec())
            .collect();
        let at = move |x| {
            let mut found = (self.at)(x);
            for triangle in found.chunks_exact_mut(constant.len()) {
                let entries = triangle.iter_mut().zip(&constant);
                entries.for_each(|(entry, more)| *entry += more);
            }
            found
        };
        Self::new(self.dim, at)
    }

    /// With `value` added to each diagonal.
    pub fn plus_identity(self, value: f64) -> Self {
        let dim = self.dim;
        let entry = |i: usize| {
            if i.is_multiple_of(dim + 1) {
                value
            } else {
                0.0
            }
        };
        self.plus(&(0..dim * dim).map(entry).collect::<Vec<_>>())
    }

    /// Those at other points, which `moved` makes of the points given.
    pub fn after(self, moved: impl Fn(Tensor<2>) -> Tensor<2> + Send + Sync + 'static) -> Self {
        Self::new(self.dim, move |x| (self.at)(moved(x)))
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
        let [_, width] = squares.dims();
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
        let at = move |z: Tensor<2>| {
            let [rows, _] = z.dims();
            let mut all = Vec::with_capacity(rows * width);
            let piece = (PIECE / hidden).max(32);
            for first in (0..rows).step_by(piece) {
                let z = z.clone().narrow(0, first, piece.min(rows - first));
                let found = parts.iter().map(|part| shares(&z, part));
                let (means, found): (Vec<_>, Vec<_>) = found.unzip();
                let weighed = found.into_iter().reduce(|a, b| a + b);
                let weighed = weighed.expect("modules have one part or two");
                let mut triangles = host(product(weighed, squares.clone()));
                for (means, scales) in means.iter().zip(&scales) {
                    for (means, scale) in means.iter().zip(scales) {
                        // A module that weighs nothing has no curvature.
                        let scale = if *scale > 0.0 { 1.0 / scale } else { 0.0 };
                        let each = means.chunks_exact(dim);
                        for (mean, triangle) in each.zip(triangles.chunks_exact_mut(width)) {
                            subtract_square(mean, scale, triangle);
                        }
                    }
                }
                all.extend(triangles);
            }
            all
        };
        Some(Self::new(dim, at))
    }
}

/// `w_h w_hᵀ` for each row of `weight`, `[hidden, dim]`: the lower triangles, `[hidden, dim (dim + 1)/2]`.
pub(crate) fn squares(weight: Tensor<2>) -> Tensor<2> {
    let [hidden, dim] = weight.dims();
    let (device, dtype) = (weight.device(), weight.dtype());
    let shape = [hidden, dim * (dim + 1) / 2];
    let rows = host(weight);
    let data = match dtype {
        DType::F32 => TensorData::new(triangles(&rows, dim, |value| value as f32), shape),
        _ => TensorData::new(triangles(&rows, dim, |value| value), shape),
    };
    Tensor::from_data(data, (&device, dtype))
}

/// The lower triangles of `w wᵀ` for rows `w` of `dim` numbers, some rows on each thread.
fn triangles<E: Copy + Send>(rows: &[f64], dim: usize, number: impl Fn(f64) -> E + Sync) -> Vec<E> {
    let pieces = rows.chunks(SQUARED * dim).collect();
    let found = side_by_side(pieces, |rows: &[f64]| {
        let mut found = Vec::with_capacity(rows.len() * (dim + 1) / 2);
        for row in rows.chunks_exact(dim) {
            for (i, first) in row.iter().enumerate() {
                found.extend(row[..=i].iter().map(|second| number(first * second)));
            }
        }
        found
    });
    found.concat()
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

    use crate::analysis::jacobians;
    use crate::combine::StronglyMonotone;
    use crate::network::{BlockActivation, IcnnConfig, MGradNetMConfig, MGradNetMLinearConfig};
    use crate::{MonotoneField, ParameterSource, VectorField};

    const ROWS: usize = 40;

    fn agrees(field: &impl VectorField) {
        let mut source = ParameterSource::new(&Device::flex(), 7).with_dtype(FloatDType::F64);
        let x = source.normal([ROWS, field.dim()], 0.0, 2.0).val().detach();
        let dense = field.dense_jacobian().unwrap();
        let found = dense.at(x.clone());
        let size = found.len() / ROWS;
        for (triangle, expected) in found.chunks_exact(size).zip(jacobians(field, x)) {
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
        agrees(&linear.init_from(&mut source).unwrap());
        // So many units that the rows are computed in pieces.
        let wide = MGradNetMConfig::new(2).with_width(4_096);
        agrees(&wide.init_from(&mut source).unwrap());
        for layers in [1, 2, 3] {
            let icnn = IcnnConfig::new(3).with_width(5).with_layers(layers);
            agrees(&icnn.init_from(&mut source).unwrap());
        }
    }
}
