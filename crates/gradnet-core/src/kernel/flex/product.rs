//! Matrix products into memory that nobody has written before.
//!
//! Burn's product fills its output with zeros and moves it to an aligned place before it writes it, which at d = 32 costs as
//! much as an activation and for the gradient of a million weights as much as Adam. The arithmetic is that of the same crate.

#![allow(unsafe_code)]

use gemm::Parallelism;

use super::lanes::Element;

/// Multiplications from which on a product is worth several threads.
const PARALLEL: usize = 192 * 192 * 192;

/// A matrix in memory, its rows and columns any steps apart.
pub(super) struct Matrix<'a, E> {
    memory: &'a [E],
    start: usize,
    sizes: [usize; 2],
    steps: [isize; 2],
}

impl<'a, E> Matrix<'a, E> {
    /// The matrix of `sizes` whose first element is `memory[start]`.
    ///
    /// # Panics
    /// If an element would lie outside the memory.
    pub(super) fn new(memory: &'a [E], start: usize, sizes: [usize; 2], steps: [isize; 2]) -> Self {
        if sizes[0] > 0 && sizes[1] > 0 {
            let reach = [0, 1].map(|i| (sizes[i] - 1) as isize * steps[i]);
            let lowest = start as isize + reach[0].min(0) + reach[1].min(0);
            let highest = start as isize + reach[0].max(0) + reach[1].max(0);
            assert!(
                lowest >= 0 && highest < memory.len() as isize,
                "a matrix reaches outside its memory"
            );
        }
        Self {
            memory,
            start,
            sizes,
            steps,
        }
    }

    /// Rows and columns exchanged; nothing is moved.
    pub(super) fn transposed(mut self) -> Self {
        self.sizes.reverse();
        self.steps.reverse();
        self
    }
}

/// The product, row after row.
///
/// # Panics
/// If the inner sizes differ.
pub(super) fn product<E: Element>(lhs: &Matrix<'_, E>, rhs: &Matrix<'_, E>) -> Vec<E> {
    let [rows, inner] = lhs.sizes;
    let [again, columns] = rhs.sizes;
    assert_eq!(inner, again, "the inner sizes of a product must agree");
    let size = rows * columns;
    if size == 0 || inner == 0 {
        return vec![E::ZERO; size];
    }
    let several = size * inner >= PARALLEL && rayon::current_num_threads() > 1;
    let threads = if several {
        Parallelism::Rayon(0)
    } else {
        Parallelism::None
    };
    let mut output: Vec<E> = Vec::with_capacity(size);
    // SAFETY: `Matrix::new` has checked that every element read lies in its slice. The output has room for `size` elements, written at
    // row * columns + column; with `read_dst` false all of them are written and none is read, so that they are set when the length is.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            inner,
            output.as_mut_ptr(),
            1,
            columns as isize,
            false,
            lhs.memory.as_ptr().add(lhs.start),
            lhs.steps[1],
            lhs.steps[0],
            rhs.memory.as_ptr().add(rhs.start),
            rhs.steps[1],
            rhs.steps[0],
            E::ZERO,
            E::ONE,
            false,
            false,
            false,
            threads,
        );
        output.set_len(size);
    }
    output
}
