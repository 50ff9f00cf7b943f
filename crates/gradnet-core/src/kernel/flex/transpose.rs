//! The transpose of a small matrix, block by block.
//!
//! A block is read row by row and written row by row through a tile that stays in the nearest cache, so that neither
//! side walks across memory.

use super::lanes::Element;
use super::rows::each_piece;

/// Rows and columns of a block.
const EDGE: usize = 16;

/// The transpose of `[rows, columns]` elements: `[columns, rows]`.
pub(super) fn transposed<E: Element>(from: &[E], rows: usize, columns: usize) -> Vec<E> {
    let mut output = vec![E::ZERO; from.len()];
    if from.is_empty() {
        return output;
    }
    each_piece(&mut output, EDGE * rows, |start, output| {
        let first = start / rows;
        let width = output.len() / rows;
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
                output[block..block + height].copy_from_slice(&tile[..height]);
            }
        }
    });
    output
}
