//! The transpose of a small matrix, block by block.
//!
//! A block is read row by row and written row by row through a tile that stays in registers or the nearest cache, so that
//! neither side walks across memory. Blocks are whole, of a size the compiler knows; what is left at the edges goes one by one.

use std::mem::MaybeUninit;

use super::lanes::{Element, Kernel, Lanes};
use super::pieces::written;

/// Rows and columns of a block.
const EDGE: usize = 16;

/// The transpose of `[rows, columns]` elements: `[columns, rows]`.
pub(super) fn transposed<E: Element>(from: &[E], rows: usize, columns: usize) -> Vec<E> {
    assert_eq!(from.len(), rows * columns, "a matrix and its sizes");
    written(from.len(), |to| {
        E::widest(Transpose {
            from,
            to,
            rows,
            columns,
        });
    })
}

struct Transpose<'a, E> {
    from: &'a [E],
    to: &'a mut [MaybeUninit<E>],
    rows: usize,
    columns: usize,
}

impl<E: Element> Kernel<E> for Transpose<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, _lanes: L) {
        let Self {
            from,
            to,
            rows,
            columns,
        } = self;
        let [whole_rows, whole_columns] = [rows, columns].map(|n| n / EDGE * EDGE);
        for column in (0..whole_columns).step_by(EDGE) {
            for row in (0..whole_rows).step_by(EDGE) {
                let from = &from[row * columns + column..];
                turn(from, columns, &mut to[column * rows + row..], rows);
            }
        }
        for column in 0..columns {
            let first = if column < whole_columns {
                whole_rows
            } else {
                0
            };
            for row in first..rows {
                to[column * rows + row].write(from[row * columns + column]);
            }
        }
    }
}

/// Turns the block at the start of both, whose lines are so many elements apart.
#[inline(always)]
fn turn<E: Element>(from: &[E], columns: usize, to: &mut [MaybeUninit<E>], rows: usize) {
    let mut tile = [[E::ZERO; EDGE]; EDGE];
    for (row, tile) in tile.iter_mut().enumerate() {
        tile.copy_from_slice(&from[row * columns..][..EDGE]);
    }
    for column in 0..EDGE {
        let line: [E; EDGE] = std::array::from_fn(|row| tile[row][column]);
        to[column * rows..][..EDGE].write_copy_of_slice(&line);
    }
}
