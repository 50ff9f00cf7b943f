//! Matrix products into memory that nobody has written before.
//!
//! Burn's product fills its output with zeros and moves it to an aligned place before it writes it, which at d = 32
//! costs as much as an activation and for the gradient of a million weights as much as Adam. The arithmetic is that of
//! the same crate.

#![allow(unsafe_code)]

use std::mem::MaybeUninit;

use gemm::Parallelism;

use super::matrix::Matrix;
use super::pieces::{self, written};
use super::thin::{is_thin, write_thin};
use crate::vectors::Element;

/// Multiplications from which on a product is worth several threads.
pub(super) const PARALLEL: usize = 192 * 192 * 192;

/// The product, row after row.
///
/// # Panics
/// If the inner sizes differ.
pub(super) fn product<E: Element>(
    left: Matrix<'_, E>,
    right: Matrix<'_, E>,
    threads: Threads,
) -> Vec<E> {
    let ([rows, _], [_, columns]) = (left.sizes(), right.sizes());
    written(rows * columns, |output| {
        write_product(left, right, threads, output);
    })
}

/// Which threads a product may use.
#[derive(Clone, Copy, Debug)]
pub(super) enum Threads {
    /// Those of the current pool, where it is worth it.
    Pool,
    /// This one: the others have products of their own.
    One,
}

/// Writes the product, row after row: every element of `output`, whatever it held.
///
/// # Panics
/// If the sizes disagree.
pub(super) fn write_product<E: Element>(
    left: Matrix<'_, E>,
    right: Matrix<'_, E>,
    threads: Threads,
    output: &mut [MaybeUninit<E>],
) {
    write_sum([[left, right]], threads, output);
}

/// Writes the sum of the products of pairs of matrices, row after row: every element of `output`, whatever it held.
///
/// # Panics
/// If the sizes disagree.
pub(super) fn write_sum<E: Element, const N: usize>(
    pairs: [[Matrix<'_, E>; 2]; N],
    threads: Threads,
    output: &mut [MaybeUninit<E>],
) {
    const { assert!(N > 0, "a sum of products needs one") };
    for (i, [left, right]) in pairs.into_iter().enumerate() {
        // SAFETY: the first product writes every element, the others add to them.
        unsafe { into_product(left, right, threads, output, i > 0) };
    }
}

/// Writes the product, or adds it to what is there.
///
/// # Safety
/// Who adds must have written the output before.
unsafe fn into_product<E: Element>(
    left: Matrix<'_, E>,
    right: Matrix<'_, E>,
    threads: Threads,
    output: &mut [MaybeUninit<E>],
    add: bool,
) {
    let ([rows, inner], [again, columns]) = (left.sizes(), right.sizes());
    assert_eq!(inner, again, "the inner sizes of a product must agree");
    assert_eq!(output.len(), rows * columns, "a product and its output");
    if inner == 0 {
        if !add {
            output.fill(MaybeUninit::new(E::ZERO));
        }
        return;
    }
    let is_large = output.len() * inner >= PARALLEL;
    if !is_large && is_thin(inner, columns) {
        if !add {
            return write_thin(left, right, output);
        }
        let more = written(output.len(), |output| write_thin(left, right, output));
        // SAFETY: who adds has written every element.
        return pieces::add(unsafe { output.assume_init_mut() }, &more);
    }
    let worth = is_large && rayon::current_num_threads() > 1;
    let parallelism = match threads {
        Threads::Pool if worth => Parallelism::Rayon(0),
        _ => Parallelism::None,
    };
    // SAFETY: a `Matrix` lies within its slice. The output has room for every element, written at row * columns +
    // column; it is read only to be added to.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            inner,
            output.as_mut_ptr().cast::<E>(),
            1,
            columns as isize,
            add,
            left.as_ptr(),
            left.steps()[1],
            left.steps()[0],
            right.as_ptr(),
            right.steps()[1],
            right.steps()[0],
            E::ONE,
            E::ONE,
            false,
            false,
            false,
            parallelism,
        );
    }
}
