//! Hidden vectors: from the rows of a batch through W, and how they lie in memory.

use std::mem::MaybeUninit;

use super::matrix::Matrix;
use super::pieces::written;
use super::product::{Threads, write_product};
use super::transpose::{padded, transpose, transposed_padded};
use crate::vectors::Element;

/// What lies side by side: the units of a row, or the values of a unit on the rows, [`padded`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Order {
    Rows,
    Units,
}

/// The hidden vectors of some rows, `[rows, units]`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub(super) rows: usize,
    pub(super) units: usize,
    pub(super) order: Order,
}

impl Layout {
    /// Elements in memory.
    pub(super) fn size(&self) -> usize {
        match self.order {
            Order::Rows => self.rows * self.units,
            Order::Units => self.units * padded(self.rows),
        }
    }

    /// The hidden vectors as rows of a matrix.
    pub(super) fn matrix<'a, E>(&self, elements: &'a [E]) -> Matrix<'a, E> {
        let Self { rows, units, .. } = *self;
        match self.order {
            Order::Rows => Matrix::new(elements, [rows, units]),
            Order::Units => Matrix::with_step(elements, [units, rows], padded(rows)).transposed(),
        }
    }
}

/// Rows that are to be multiplied by rows of W, turned once for all pieces where that is how they are needed.
pub(super) struct Side<'a, E> {
    rows: Matrix<'a, E>,
    order: Order,
    /// `[dim, padded(rows)]`.
    turned: Option<Vec<E>>,
}

impl<'a, E: Element> Side<'a, E> {
    /// Rows of `dim` elements, for hidden vectors in `order`.
    pub(super) fn new(elements: &'a [E], dim: usize, order: Order) -> Self {
        let count = elements.len().checked_div(dim).unwrap_or(0);
        // A product with rows that are the larger side is better computed as it stands; a single row is a vector.
        let smaller = 1 < count && count < dim;
        let turned =
            (order == Order::Units || smaller).then(|| transposed_padded(elements, [count, dim]));
        Self {
            rows: Matrix::new(elements, [count, dim]),
            order,
            turned,
        }
    }

    /// Writes the rows times some rows of W, in the order of the hidden vectors.
    pub(super) fn onto_units(
        &self,
        w: Matrix<'_, E>,
        threads: Threads,
        output: &mut [MaybeUninit<E>],
    ) {
        let ([count, dim], [units, _]) = (self.rows.sizes(), w.sizes());
        let step = padded(count);
        match (&self.turned, self.order) {
            (Some(turned), Order::Units) => {
                write_product(w, Matrix::new(turned, [dim, step]), threads, output);
            }
            (Some(turned), Order::Rows) => {
                let product = written(units * step, |output| {
                    write_product(w, Matrix::new(turned, [dim, step]), threads, output);
                });
                transpose(&product, [units, count], step, output);
            }
            (None, _) if count == 1 => write_product(w, self.rows.transposed(), threads, output),
            (None, _) => write_product(self.rows, w.transposed(), threads, output),
        }
    }
}
