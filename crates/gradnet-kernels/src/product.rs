//! The two products of a tied network, x Wᵀ and s W, each with the backward pass that reads W in its order.
//!
//! Differentiated as a matrix product with a transposed view, x Wᵀ has the gradient (xᵀ g)ᵀ, a view again, and adding
//! it to what s W leaves for the same W walks a million numbers across the grain of memory. gᵀ x is the same matrix, in
//! the order of W. And x Wᵀ itself, which is also how the gradient of s comes back through s W, is computed on Flex as
//! the transpose of W xᵀ where the batch is smaller than the dimension: a product that packs W across its rows costs
//! twice one that reads along them, and the transpose is of the small side.

use burn::tensor::Tensor;

use super::has_kernels;
use super::operands::Operands;
use super::operation::Operation;

/// x Wᵀ: every row of `w` applied to every row of `x`.
///
/// Differentiable in both arguments; equal to `x.matmul(w.transpose())`.
///
/// # Shapes
/// - `x`: `[batch, dim]`
/// - `w`: `[hidden, dim]`
/// - output: `[batch, hidden]`
///
/// # Panics
/// If the second sizes or the float types differ.
pub fn product_transposed(x: Tensor<2>, w: Tensor<2>) -> Tensor<2> {
    let (operands, x) = Operands::new("x Wᵀ", x);
    let w = operands.with("w", w);
    let product = if has_kernels(&x) {
        Operation::ProductTransposed.run(vec![x.into_dispatch(), w.into_dispatch()])
    } else {
        x.matmul(w.transpose())
    };
    operands.rounded(product)
}

/// s W: the rows of `w` weighed by every row of `s`.
///
/// Differentiable in both arguments; equal to `s.matmul(w)`.
///
/// # Shapes
/// - `s`: `[batch, hidden]`
/// - `w`: `[hidden, dim]`
/// - output: `[batch, dim]`
///
/// # Panics
/// If `hidden` or the float types differ.
pub fn product(s: Tensor<2>, w: Tensor<2>) -> Tensor<2> {
    let (operands, s) = Operands::new("s W", s);
    let w = operands.with("w", w);
    let product = if has_kernels(&s) {
        Operation::Product.run(vec![s.into_dispatch(), w.into_dispatch()])
    } else {
        s.matmul(w)
    };
    operands.rounded(product)
}
