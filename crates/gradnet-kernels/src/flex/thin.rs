//! Products of matrices with a thin side, up to [`THIN`]: the inner one, or the columns.
//!
//! A general product packs its operands and fills tiles of many columns. In few dimensions that takes several times as
//! long as the arithmetic. Here the long side lies along the vector lanes, and nothing but the thin side is moved. Sums
//! of many terms have two parts, so that one need not wait for the other.

use std::borrow::Cow;
use std::mem::MaybeUninit;

use super::matrix::Matrix;
use crate::vectors::{Element, Kernel, Lanes, Vector, WIDEST};

/// The most that is thin.
const THIN: usize = 4;

/// Whether the product of matrices of these sizes, `[rows, inner] [inner, columns]`, has a thin side.
pub(super) fn is_thin(inner: usize, columns: usize) -> bool {
    inner > 0 && columns > 0 && (inner <= THIN || columns <= THIN)
}

/// Writes a product that [`is_thin`], row after row: every element of `output`, whatever it held.
pub(super) fn write_thin<E: Element>(
    left: Matrix<'_, E>,
    right: Matrix<'_, E>,
    output: &mut [MaybeUninit<E>],
) {
    E::widest(Thin {
        left,
        right,
        output,
    });
}

struct Thin<'a, E> {
    left: Matrix<'a, E>,
    right: Matrix<'a, E>,
    output: &'a mut [MaybeUninit<E>],
}

impl<E: Element> Kernel<E> for Thin<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) {
        let [inner, columns] = self.right.sizes();
        match (inner, columns) {
            (1, _) => self.of_few_terms::<L, 1>(lanes),
            (2, _) => self.of_few_terms::<L, 2>(lanes),
            (3, _) => self.of_few_terms::<L, 3>(lanes),
            (THIN, _) => self.of_few_terms::<L, THIN>(lanes),
            (_, 1) => self.of_few_columns::<L, 1>(lanes),
            (_, 2) => self.of_few_columns::<L, 2>(lanes),
            (_, 3) => self.of_few_columns::<L, 3>(lanes),
            _ => self.of_few_columns::<L, THIN>(lanes),
        }
    }
}

impl<E: Element> Thin<'_, E> {
    /// Each row is a sum of a few rows on the right: the columns lie along the lanes, and those that fill no vector
    /// stay in registers.
    #[inline(always)]
    fn of_few_terms<L: Lanes<Element = E>, const K: usize>(self, lanes: L) {
        let [_, columns] = self.right.sizes();
        let right = in_order(self.right);
        let whole = columns / L::WIDTH * L::WIDTH;
        let mut last = [lanes.splat(E::ZERO); K];
        if whole < columns {
            for (last, term) in last.iter_mut().zip(right.chunks_exact(columns)) {
                *last = lanes.load_first(&term[whole..], columns - whole);
            }
        }
        for (row, output) in self.output.chunks_exact_mut(columns).enumerate() {
            let mut factors = [lanes.splat(E::ZERO); K];
            for (k, factor) in factors.iter_mut().enumerate() {
                *factor = lanes.splat(self.left.at(row, k));
            }
            let (strips, rest) = output.split_at_mut(whole);
            for (strip, output) in strips.chunks_exact_mut(L::WIDTH).enumerate() {
                let mut sum = lanes.splat(E::ZERO);
                for (k, factor) in factors.into_iter().enumerate() {
                    let term = lanes.load(&right[k * columns + strip * L::WIDTH..]);
                    sum = term.mul_add(factor, sum);
                }
                lanes.write(sum, output);
            }
            if whole < columns {
                let mut sum = lanes.splat(E::ZERO);
                for (term, factor) in last.into_iter().zip(factors) {
                    sum = term.mul_add(factor, sum);
                }
                lanes.write_first(sum, rest, columns - whole);
            }
        }
    }

    #[inline(always)]
    fn of_few_columns<L: Lanes<Element = E>, const C: usize>(self, lanes: L) {
        let [_, inner] = self.left.sizes();
        if self.left.is_transposed() {
            self.down::<L, C>(lanes);
        } else if inner >= 2 * L::WIDTH {
            self.along::<L, C>(lanes);
        } else {
            self.row_by_row::<C>();
        }
    }

    /// The rows lie along the lanes, as they lie on the left.
    #[inline(always)]
    fn down<L: Lanes<Element = E>, const C: usize>(self, lanes: L) {
        let right = in_order(self.right);
        let (pairs, last) = (right.chunks_exact(2 * C), right.len() / C - 1);
        let mut tile = [[E::ZERO; WIDEST]; C];
        for (strip, output) in self.output.chunks_mut(C * L::WIDTH).enumerate() {
            let (start, count) = (strip * L::WIDTH, output.len() / C);
            let mut sums = [[lanes.splat(E::ZERO); C]; 2];
            for (pair, factors) in pairs.clone().enumerate() {
                for (of, (sums, factors)) in
                    sums.iter_mut().zip(factors.chunks_exact(C)).enumerate()
                {
                    let term = lanes.load_first(&self.left.line(2 * pair + of)[start..], count);
                    for (sum, factor) in sums.iter_mut().zip(factors) {
                        *sum = term.mul_add(lanes.splat(*factor), *sum);
                    }
                }
            }
            if !pairs.remainder().is_empty() {
                let term = lanes.load_first(&self.left.line(last)[start..], count);
                for (sum, factor) in sums[0].iter_mut().zip(pairs.remainder()) {
                    *sum = term.mul_add(lanes.splat(*factor), *sum);
                }
            }
            for (column, tile) in tile.iter_mut().enumerate() {
                lanes.store(sums[0][column] + sums[1][column], tile);
            }
            for (row, output) in output.chunks_exact_mut(C).enumerate() {
                for (output, tile) in output.iter_mut().zip(&tile) {
                    output.write(tile[row]);
                }
            }
        }
    }

    /// The terms of each sum lie along the lanes.
    #[inline(always)]
    fn along<L: Lanes<Element = E>, const C: usize>(self, lanes: L) {
        let [inner, _] = self.right.sizes();
        let columns = in_order(self.right.transposed());
        for (row, output) in self.output.chunks_exact_mut(C).enumerate() {
            let line = self.left.line(row);
            let mut sums = [[lanes.splat(E::ZERO); C]; 2];
            for (pair, terms) in line.chunks(2 * L::WIDTH).enumerate() {
                for (of, (sums, terms)) in sums.iter_mut().zip(terms.chunks(L::WIDTH)).enumerate() {
                    let (start, count) = ((2 * pair + of) * L::WIDTH, terms.len());
                    let term = lanes.load_first(terms, count);
                    for (sum, factors) in sums.iter_mut().zip(columns.chunks_exact(inner)) {
                        let factors = lanes.load_first(&factors[start..], count);
                        *sum = factors.mul_add(term, *sum);
                    }
                }
            }
            for (column, output) in output.iter_mut().enumerate() {
                output.write((sums[0][column] + sums[1][column]).sum());
            }
        }
    }

    /// The columns side by side, for sums of so few terms that they fill no vector.
    #[inline(always)]
    fn row_by_row<const C: usize>(self) {
        let right = in_order(self.right);
        for (row, output) in self.output.chunks_exact_mut(C).enumerate() {
            let mut sums = [E::ZERO; C];
            for (term, factors) in self.left.line(row).iter().zip(right.chunks_exact(C)) {
                for (sum, factor) in sums.iter_mut().zip(factors) {
                    *sum = *sum + *term * *factor;
                }
            }
            for (output, sum) in output.iter_mut().zip(sums) {
                output.write(sum);
            }
        }
    }
}

/// The elements row after row, moved only if they lie otherwise.
#[inline(always)]
fn in_order<'a, E: Element>(matrix: Matrix<'a, E>) -> Cow<'a, [E]> {
    if let Some(elements) = matrix.in_order() {
        return Cow::Borrowed(elements);
    }
    let [rows, columns] = matrix.sizes();
    let all = (0..rows).flat_map(|row| (0..columns).map(move |column| matrix.at(row, column)));
    Cow::Owned(all.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flex::pieces::written;
    use crate::vectors::forced::Kind;

    /// Numbers of no order, between -1 and 1.
    fn numbers(count: usize, seed: usize) -> Vec<f64> {
        let number = |i: usize| ((i * 7_919 + seed * 104_729) % 2_003) as f64 / 1_001.0 - 1.0;
        (0..count).map(number).collect()
    }

    /// A matrix of these sizes in memory with gaps, its rows or its columns together.
    fn matrix(elements: &[f64], [rows, columns]: [usize; 2], turned: bool) -> Matrix<'_, f64> {
        match turned {
            false => Matrix::with_step(elements, [rows, columns], columns + 3),
            true => Matrix::with_step(elements, [columns, rows], rows + 2).transposed(),
        }
    }

    #[test]
    fn a_thin_product_is_its_sums() {
        let long = [1, 2, 5, 7, 16, 17, 33, 100];
        let thin = [1, 2, 3, 4];
        let few_terms = thin.map(|inner| long.map(|columns| (inner, columns)));
        let few_columns = thin.map(|columns| long.map(|inner| (inner, columns)));
        let sizes = few_terms.into_iter().chain(few_columns).flatten();
        for ((inner, columns), rows) in sizes.flat_map(|size| long.map(|rows| (size, rows))) {
            let elements = [rows * inner, inner * columns].map(|size| 4 * size + 400);
            let [left, right] = [numbers(elements[0], 1), numbers(elements[1], 2)];
            for turned in [[false, false], [false, true], [true, false], [true, true]] {
                let left = matrix(&left, [rows, inner], turned[0]);
                let right = matrix(&right, [inner, columns], turned[1]);
                for kind in Kind::all() {
                    let product = |output: &mut _| write_thin(left, right, output);
                    let found = kind.on_this_thread(|| written(rows * columns, product));
                    for (i, found) in found.into_iter().enumerate() {
                        let (row, column) = (i / columns, i % columns);
                        let terms = (0..inner).map(|k| left.at(row, k) * right.at(k, column));
                        let expected: f64 = terms.sum();
                        let case = format!("{rows} {inner} {columns} {turned:?} {kind:?}");
                        assert!(
                            (found - expected).abs() < 1e-13,
                            "{case}: {found} {expected}"
                        );
                    }
                }
            }
        }
    }
}
