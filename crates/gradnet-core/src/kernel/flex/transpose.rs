//! The transpose of a small matrix, block by block.
//!
//! A block is read row by row and written row by row through a tile that stays in the nearest cache, so that neither
//! side walks across memory.

use super::lanes::Element;
use super::pieces::written;

/// Rows and columns of a block.
const EDGE: usize = 16;

/// The transpose of `[rows, columns]` elements: `[columns, rows]`.
pub(super) fn transposed<E: Element>(from: &[E], rows: usize, columns: usize) -> Vec<E> {
    assert_eq!(from.len(), rows * columns, "a matrix and its sizes");
    written(from.len(), |output| {
        if rows == 0 {
            return;
        }
        for (group, output) in output.chunks_mut(EDGE * rows).enumerate() {
            let (first, width) = (group * EDGE, output.len() / rows);
            for block in (0..rows).step_by(EDGE) {
                let height = EDGE.min(rows - block);
                let mut tile = [[E::ZERO; EDGE]; EDGE];
                for row in 0..height {
                    let line = &from[(block + row) * columns + first..][..width];
                    for (column, &value) in line.iter().enumerate() {
                        tile[column][row] = value;
                    }
                }
                for (output, tile) in output.chunks_exact_mut(rows).zip(&tile) {
                    output[block..block + height].write_copy_of_slice(&tile[..height]);
                }
            }
        }
    })
}
