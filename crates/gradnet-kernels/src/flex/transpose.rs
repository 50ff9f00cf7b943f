//! The transpose of a small matrix, block by block.
//!
//! A block of as many rows as a vector has lanes is read row by row and written row by row, turned in registers or
//! through a tile in the nearest cache, so that neither side walks across memory. What is left at the edges goes one by
//! one.

use std::mem::MaybeUninit;

use super::pieces::written;
use crate::vectors::{Element, Kernel, Lanes};

/// Columns of a padded transpose are a multiple of this: whole vectors of any kind.
const WHOLE: usize = 16;

/// Writes the transpose of `[rows, columns]` elements whose rows start `step` elements apart: `[columns, rows]`.
///
/// # Panics
/// If `to` is not of that size.
pub(super) fn transpose<E: Element>(
    from: &[E],
    [rows, columns]: [usize; 2],
    step: usize,
    to: &mut [MaybeUninit<E>],
) {
    assert_eq!(to.len(), rows * columns, "a matrix and its transpose");
    E::widest(Transpose {
        from,
        to,
        sizes: [rows, columns],
        steps: [step, rows],
    });
}

/// How far apart lines of `count` elements start that have room for whole vectors.
pub(super) fn padded(count: usize) -> usize {
    count.next_multiple_of(WHOLE)
}

/// The transpose of `[rows, columns]` elements in order, its rows [`padded`] with zeros.
pub(super) fn transposed_padded<E: Element>(from: &[E], [rows, columns]: [usize; 2]) -> Vec<E> {
    let step = padded(rows);
    written(columns * step, |to| {
        for line in to.chunks_exact_mut(step.max(1)) {
            line[rows..].fill(MaybeUninit::new(E::ZERO));
        }
        E::widest(Transpose {
            from,
            to,
            sizes: [rows, columns],
            steps: [columns, step],
        });
    })
}

struct Transpose<'a, E> {
    from: &'a [E],
    to: &'a mut [MaybeUninit<E>],
    /// Rows and columns of `from`.
    sizes: [usize; 2],
    /// From a row to the next, of both.
    steps: [usize; 2],
}

impl<E: Element> Kernel<E> for Transpose<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) {
        let (from, to, steps) = (self.from, self.to, self.steps);
        let [rows, columns] = self.sizes;
        let whole_rows = rows / L::WIDTH * L::WIDTH;
        let whole_columns = columns / L::WIDTH * L::WIDTH;
        for column in (0..whole_columns).step_by(L::WIDTH) {
            for row in (0..whole_rows).step_by(L::WIDTH) {
                let from = &from[row * steps[0] + column..];
                lanes.turn(from, &mut to[column * steps[1] + row..], steps);
            }
        }
        for column in 0..columns {
            let first = if column < whole_columns {
                whole_rows
            } else {
                0
            };
            for row in first..rows {
                to[column * steps[1] + row].write(from[row * steps[0] + column]);
            }
        }
    }
}
