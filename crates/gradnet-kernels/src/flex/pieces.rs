//! Work in pieces for the current thread pool, and memory that is written once.
//!
//! Pieces depend on the shape alone, never on the number of threads, and their sums are added in order: results are
//! the same to the bit whatever the pool.

#![allow(unsafe_code)]

use std::mem::MaybeUninit;

use rayon::prelude::*;

use crate::vectors::{Element, Kernel, Lanes};

/// Runs `work` on each piece: side by side, if there are several and threads for them.
pub(crate) fn each_piece<P: Send, R: Send>(pieces: Vec<P>, work: impl Fn(P) -> R + Sync) -> Vec<R> {
    if pieces.len() > 1 && rayon::current_num_threads() > 1 {
        pieces.into_par_iter().map(&work).collect()
    } else {
        pieces.into_iter().map(work).collect()
    }
}

/// An array in pieces of `size` elements, each with the place of its first.
pub(super) fn cut<T>(elements: &mut [T], size: usize) -> Vec<(usize, &mut [T])> {
    let pieces = elements.chunks_mut(size).enumerate();
    pieces.map(|(i, piece)| (i * size, piece)).collect()
}

/// A vector that `write` writes from end to end, and does not read before.
pub(super) fn written<E: Element>(
    size: usize,
    write: impl FnOnce(&mut [MaybeUninit<E>]),
) -> Vec<E> {
    let mut elements = Vec::with_capacity(size);
    let count = filled(&mut elements.spare_capacity_mut()[..size], write).len();
    // SAFETY: so many elements have been written.
    unsafe { elements.set_len(count) };
    elements
}

/// Memory that `write` writes from end to end, and does not read before.
pub(super) fn filled<E: Element>(
    memory: &mut [MaybeUninit<E>],
    write: impl FnOnce(&mut [MaybeUninit<E>]),
) -> &[E] {
    #[cfg(test)]
    memory.fill(MaybeUninit::new(E::nearest(UNWRITTEN)));
    write(memory);
    // SAFETY: the callers, all in this folder, write every element: by a product, by vectors, by whole slices or one by
    // one. The tests of this crate look for elements that they left.
    let elements = unsafe { memory.assume_init_ref() };
    #[cfg(test)]
    assert!(
        !elements.contains(&E::nearest(UNWRITTEN)),
        "an element that nobody wrote"
    );
    elements
}

/// What the tests find where nobody wrote.
#[cfg(test)]
const UNWRITTEN: f64 = -1.234_567e30;

/// A vector of `size` elements that `work` writes, `piece` elements from a place on each time.
pub(super) fn written_in_pieces<E: Element>(
    size: usize,
    piece: usize,
    work: impl Fn(usize, &mut [MaybeUninit<E>]) + Sync,
) -> Vec<E> {
    written(size, |output| {
        each_piece(cut(output, piece), |(start, output)| work(start, output));
    })
}

/// The same with a second vector beside it, in as many pieces of another size, or with no element at all.
pub(super) fn written_with<E: Element>(
    sizes: [usize; 2],
    pieces: [usize; 2],
    work: impl Fn(usize, &mut [MaybeUninit<E>], &mut [MaybeUninit<E>]) + Sync,
) -> (Vec<E>, Vec<E>) {
    let mut first = Vec::new();
    let second = written(sizes[1], |second| {
        first = written(sizes[0], |first| {
            let mut second = second.chunks_mut(pieces[1]);
            let first = cut(first, pieces[0]).into_iter();
            let both = first
                .map(|(start, first)| (start, first, second.next().unwrap_or_default()))
                .collect();
            assert!(second.next().is_none(), "as many pieces of both");
            each_piece(both, |(start, first, second)| work(start, first, second));
        });
    });
    (first, second)
}

/// Adds the pieces' sums, first to last.
pub(super) fn in_order<E: Element>(pieces: Vec<Vec<E>>) -> Vec<E> {
    let mut pieces = pieces.into_iter();
    let mut sums = pieces.next().unwrap_or_default();
    for piece in pieces {
        add(&mut sums, &piece);
    }
    sums
}

/// Adds as many elements as there are.
pub(super) fn add<E: Element>(sums: &mut [E], more: &[E]) {
    E::widest(Add { sums, more });
}

struct Add<'a, E> {
    sums: &'a mut [E],
    more: &'a [E],
}

impl<E: Element> Kernel<E> for Add<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) {
        let vectors = self.sums.chunks_mut(L::WIDTH);
        for (sum, more) in vectors.zip(self.more.chunks(L::WIDTH)) {
            let count = sum.len().min(more.len());
            let total = lanes.load_first(sum, count) + lanes.load_first(more, count);
            lanes.store_first(total, sum, count);
        }
    }
}
