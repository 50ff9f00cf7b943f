//! Conjugate gradients on symmetric matrices.

use burn::tensor::Tensor;

use super::Precision;

/// What conjugate gradients came to.
pub(super) struct Found {
    pub(super) matrix: Tensor<2>,
    /// Products taken.
    pub(super) steps: usize,
    /// Whether they ended since the operator curves too little in some direction.
    pub(super) is_flat: bool,
    /// Whether they ended since no more products were allowed.
    pub(super) is_cut_short: bool,
}

/// The symmetric A with `A C + C A = H`, by conjugate gradients on the symmetric matrices; `error` is
/// the mean squared error of A = 0, which a step lowers by half its length times the residual's square.
///
/// It ends where the operator curves no more than `least` in some direction, and after `most` products.
pub(super) fn solve_symmetric(
    c: &Tensor<2>,
    h: &Tensor<2>,
    mut error: f64,
    least: f64,
    precision: Precision,
    most: usize,
) -> Found {
    let mut found = Found {
        matrix: h.zeros_like(),
        steps: 0,
        is_flat: false,
        is_cut_short: false,
    };
    let mut residual = h.clone();
    let mut direction = residual.clone();
    let mut size = dot(&residual, &residual);
    let enough = precision.tolerance.powi(2) * size;
    let mut idle = 0;
    while size > enough && idle < 2 {
        if found.steps == most {
            found.is_cut_short = true;
            break;
        }
        let product = direction.clone().matmul(c.clone());
        let image = product.clone() + product.transpose();
        found.steps += 1;
        let curvature = dot(&direction, &image);
        if curvature <= least * dot(&direction, &direction) {
            found.is_flat = true;
            break;
        }
        let step = size / curvature;
        found.matrix = found.matrix + direction.clone() * step;
        residual = residual - image * step;
        let gain = step * size / 2.0;
        error -= gain;
        idle = if gain <= precision.gain * error {
            idle + 1
        } else {
            0
        };
        let next = dot(&residual, &residual);
        direction = residual.clone() + direction * (next / size);
        size = next;
    }
    found
}

/// The sum of the products of all entries.
pub(super) fn dot(a: &Tensor<2>, b: &Tensor<2>) -> f64 {
    (a.clone() * b.clone()).sum().into_scalar::<f64>()
}
