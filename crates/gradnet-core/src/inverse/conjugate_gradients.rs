//! Conjugate gradients for `A p = r` with a symmetric positive definite `A`, each row of a batch
//! for itself:
//!
//! ```text
//! α = ‖r‖²/⟨d, A d⟩,   p ← p + α d,   r ← r − α A d,   d ← r + d ‖r‖²/‖r before‖²
//! ```
//!
//! (Hestenes and Stiefel, "Methods of conjugate gradients for solving linear systems", 1952.)
//! `A` is only known by its products with vectors, as a network knows its Jacobian.

use burn::tensor::Tensor;

/// How long conjugate gradients go on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effort {
    /// Steps at most.
    pub steps: usize,
    /// A row is done when its `‖r‖²` has fallen to this part.
    pub goal: f64,
    /// `⟨d, A d⟩ ≥ modulus ‖d‖²` holds, and is seen to where rounding breaks it.
    pub modulus: f64,
}

/// What conjugate gradients found.
#[derive(Clone, Debug)]
pub struct Found {
    /// `p`, `[rows, dim]`.
    pub solution: Tensor<2>,
    /// The part of `‖r‖²` that is left, `[rows, 1]`.
    pub left: Tensor<2>,
}

/// `p` with `A p = r` for each row of `r`, from `p = 0` on. `product` maps a row `v` to `A v`, whose
/// `A` may differ from row to row.
///
/// # Shapes
/// - `r`: `[rows, dim]`, as are the vectors that `product` takes and returns
pub fn conjugate_gradients(
    product: &dyn Fn(Tensor<2>) -> Tensor<2>,
    r: Tensor<2>,
    effort: Effort,
) -> Found {
    let mut solution = r.zeros_like();
    let mut direction = r.clone();
    let first = dot(&r, &r);
    let mut rest = r;
    let mut square = first.clone();
    let goal = first.clone() * effort.goal;
    let mut is_done = square.clone().equal_elem(0.0);
    for _ in 0..effort.steps {
        let image = product(direction.clone());
        let least = dot(&direction, &direction) * effort.modulus;
        let length = dot(&direction, &image).max_pair(least);
        let length = quotient(square.clone(), length).mask_fill(is_done.clone(), 0.0);
        solution = solution + direction.clone() * length.clone();
        rest = rest - image * length;
        let next = dot(&rest, &rest);
        is_done = next.clone().lower_equal(goal.clone());
        let weight = quotient(next.clone(), square).mask_fill(is_done.clone(), 0.0);
        direction = rest.clone() + direction * weight;
        square = next;
    }
    Found {
        solution,
        left: quotient(square, first),
    }
}

/// The inner products of the rows, `[rows, 1]`.
pub(super) fn dot(a: &Tensor<2>, b: &Tensor<2>) -> Tensor<2> {
    (a.clone() * b.clone()).sum_dim(1)
}

/// `a / b`, and `a` where `b` is 0.
fn quotient(a: Tensor<2>, b: Tensor<2>) -> Tensor<2> {
    let is_zero = b.clone().equal_elem(0.0);
    a / b.mask_fill(is_zero, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::host;
    use burn::tensor::{DType, Device, TensorData};

    fn tensor<const N: usize>(values: [f64; N], rows: usize) -> Tensor<2> {
        let data = TensorData::new(values.to_vec(), [rows, N / rows]);
        Tensor::from_data(data, (&Device::flex(), DType::F64))
    }

    /// `A = [[4, 1], [1, 3]]`, whose inverse is `[[3, -1], [-1, 4]]/11`, in as many steps as it has
    /// rows; a row of zeros stays.
    #[test]
    fn as_many_steps_as_dimensions_solve_a_system() {
        let a = tensor([4.0, 1.0, 1.0, 3.0], 2);
        let product = |v: Tensor<2>| v.matmul(a.clone());
        let effort = |steps| Effort {
            steps,
            goal: 0.0,
            modulus: 0.0,
        };
        let r = || tensor([1.0, 2.0, 0.0, 0.0, -5.0, 3.0], 3);
        let found = conjugate_gradients(&product, r(), effort(2));
        let expected = [1.0 / 11.0, 7.0 / 11.0, 0.0, 0.0, -18.0 / 11.0, 17.0 / 11.0];
        for (found, expected) in host(found.solution).iter().zip(expected) {
            assert!((found - expected).abs() < 1e-14, "{found} {expected}");
        }
        assert!(host(found.left).iter().all(|left| *left < 1e-28));
        // One step goes ‖r‖²/⟨r, A r⟩ along r: for (1, 2), 5/20.
        let one = host(conjugate_gradients(&product, r(), effort(1)).solution);
        assert_eq!(one[..4], [0.25, 0.5, 0.0, 0.0]);
    }
}
