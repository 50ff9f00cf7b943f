//! Linear systems near the identity, one for each row: Neumann's series, or conjugate gradients on the normal
//! equations.
//!
//! ```text
//! x ← x + (b − A x)          while that makes the residual small fast
//! AᵀA x = Aᵀ b               else; A and Aᵀ are known by their products
//! ```
//!
//! Saad, "Iterative Methods for Sparse Linear Systems", Sec. 12.3 and Alg. 8.4 (CGNR). With `A = I − E` and `‖E‖ = ε <
//! 1` the error of the first falls by `ε` a step, for one product. Conjugate gradients take any `A`: after `dim` steps
//! the error is rounding.

use burn::tensor::Tensor;

/// Steps at most beyond the dimension, for what rounding costs.
const MORE_STEPS: usize = 8;

/// The series goes on while a term is below this part of the one before it.
const FAST: f64 = 0.3;

/// A product with a matrix, row by row.
type Product<'a> = &'a dyn Fn(Tensor<2>) -> Tensor<2>;

/// The solutions of `A x = b`, `[rows, dim]`.
pub(super) fn solve(product: Product<'_>, transposed: Product<'_>, b: Tensor<2>) -> Tensor<2> {
    let goal = epsilon(&b) * largest(&b);
    // A is near the identity: b is a good start.
    let mut x = b.clone();
    let mut residual = b.clone() - product(x.clone());
    let (mut before, mut left) = (largest(&b), largest(&residual));
    while left > goal && left < FAST * before {
        x = x + residual;
        residual = b.clone() - product(x.clone());
        (before, left) = (left, largest(&residual));
    }
    if left <= goal {
        return x;
    }
    let mut slope = transposed(residual.clone());
    let mut square = dot(&slope, &slope);
    let mut direction = slope;
    for _ in 0..b.dims()[1] + MORE_STEPS {
        let left = largest(&residual);
        if !left.is_finite() || left <= goal {
            break;
        }
        let image = product(direction.clone());
        let length = quotient(&square, &dot(&image, &image));
        x = x + length.clone() * direction.clone();
        residual = residual - length * image;
        slope = transposed(residual.clone());
        let next = dot(&slope, &slope);
        direction = slope + quotient(&next, &square) * direction;
        square = next;
    }
    x
}

/// The inner products of rows, `[rows, 1]`.
fn dot(a: &Tensor<2>, b: &Tensor<2>) -> Tensor<2> {
    (a.clone() * b.clone()).sum_dim(1)
}

/// `a / b`, and 0 where `b` is 0: a row that is solved stays.
fn quotient(a: &Tensor<2>, b: &Tensor<2>) -> Tensor<2> {
    let is_zero = b.clone().equal_elem(0.0);
    (a.clone() / b.clone().mask_fill(is_zero.clone(), 1.0)).mask_fill(is_zero, 0.0)
}

/// The largest entry of a tensor, in size.
pub(super) fn largest(x: &Tensor<2>) -> f64 {
    x.clone().abs().max().into_scalar::<f64>()
}

/// The epsilon of the element type.
pub(super) fn epsilon(x: &Tensor<2>) -> f64 {
    x.dtype()
        .finfo()
        .map_or(f64::from(f32::EPSILON), |info| info.epsilon)
}
