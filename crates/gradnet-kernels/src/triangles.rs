//! Symmetric matrices by their lower triangles, eight side by side:
//!
//! ```text
//! A = L Lᵀ,   A p = r
//! ```
//!
//! An entry of all eight fills a vector, or the parts of one. A small matrix alone has rows too short for vectors.

use crate::vectors::{Element, Kernel, Lanes, Vector};

/// Matrices side by side.
const COUNT: usize = 8;

/// Eight symmetric matrices of one size, or, once they are factored, their Cholesky factors.
#[derive(Clone, Debug)]
pub struct Triangles {
    dim: usize,
    /// The entries of the lower triangles row after row, each of the eight matrices. A factor's diagonal is stored as
    /// its reciprocals.
    entries: Vec<f64>,
}

impl Triangles {
    /// Matrices side by side.
    pub const COUNT: usize = COUNT;

    /// The sums of `constant` and of up to eight lower triangles, each given row after row. The last stands for those
    /// that are not given.
    ///
    /// # Panics
    /// If there is none, or one has another number of entries than `constant`, `dim (dim + 1)/2`.
    pub fn sums<E: Copy + Into<f64>>(triangles: &[&[E]], constant: &[f64], dim: usize) -> Self {
        assert_eq!(
            constant.len(),
            dim * (dim + 1) / 2,
            "the entries of a lower triangle"
        );
        let last = triangles.last().expect("a matrix or more");
        let of: [&[E]; COUNT] = std::array::from_fn(|lane| {
            let triangle = *triangles.get(lane).unwrap_or(last);
            &triangle[..constant.len()]
        });
        let mut entries = Vec::with_capacity(constant.len() * COUNT);
        for (index, more) in constant.iter().enumerate() {
            entries.extend(of.map(|triangle| triangle[index].into() + more));
        }
        Self { dim, entries }
    }

    /// Takes `scale u uᵀ` from each matrix, for rows `u` of its own. Rows that are not given count as the last.
    ///
    /// # Panics
    /// If there is no row, or one is shorter than `dim`.
    pub fn subtract_squares(&mut self, rows: &[&[f64]], scale: f64) {
        let last = rows.last().expect("a row or more");
        let of: [&[f64]; COUNT] =
            std::array::from_fn(|lane| &rows.get(lane).unwrap_or(last)[..self.dim]);
        let u = (0..self.dim).flat_map(|i| of.map(|row| row[i]));
        f64::widest(SubtractSquares {
            u: &u.collect::<Vec<_>>(),
            scale,
            entries: &mut self.entries,
        });
    }

    /// Turns the matrices into their Cholesky factors; which of them are positive definite and so have one.
    pub fn factor(&mut self) -> [bool; COUNT] {
        f64::widest(Factor {
            dim: self.dim,
            entries: &mut self.entries,
        });
        std::array::from_fn(|lane| {
            (0..self.dim).all(|i| {
                let reciprocal = self.entries[at(i, i) + lane];
                reciprocal.is_finite() && reciprocal > 0.0
            })
        })
    }

    /// Solves `A p = r` with the factors, in place. Entry `i` of the right side of matrix `m` is `r[8 i + m]`.
    ///
    /// # Panics
    /// If `r` has not `8 dim` entries.
    pub fn solve(&self, r: &mut [f64]) {
        assert_eq!(r.len(), self.dim * COUNT, "eight right sides");
        f64::widest(Solve {
            factors: &self.entries,
            r,
        });
    }
}

/// Where entry `(i, j)` of the matrices begins.
#[inline(always)]
fn at(i: usize, j: usize) -> usize {
    (i * (i + 1) / 2 + j) * COUNT
}

struct SubtractSquares<'a> {
    u: &'a [f64],
    scale: f64,
    entries: &'a mut [f64],
}

impl Kernel<f64> for SubtractSquares<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<Element = f64>>(self, lanes: L) {
        let scale = lanes.splat(self.scale);
        for first in (0..COUNT).step_by(L::WIDTH) {
            let mut entries = self.entries.chunks_exact_mut(COUNT);
            for (i, row) in self.u.chunks_exact(COUNT).enumerate() {
                let factor = lanes.load(&row[first..]) * scale;
                // The shorter side first: it ends without taking an entry of the next row.
                let others = self.u.chunks_exact(COUNT).take(i + 1);
                for (other, entry) in others.zip(&mut entries) {
                    let entry = &mut entry[first..];
                    let less = lanes.load(&other[first..]);
                    lanes.store(less.neg_mul_add(factor, lanes.load(entry)), entry);
                }
            }
        }
    }
}

struct Factor<'a> {
    dim: usize,
    entries: &'a mut [f64],
}

impl Kernel<f64> for Factor<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<Element = f64>>(self, lanes: L) {
        let one = lanes.splat(1.0);
        for first in (0..COUNT).step_by(L::WIDTH) {
            for i in 0..self.dim {
                let (before, row) = self.entries.split_at_mut(at(i, 0));
                let row = &mut row[..(i + 1) * COUNT];
                for j in 0..i {
                    let other = &before[at(j, 0)..][..(j + 1) * COUNT];
                    let (known, rest) = row.split_at_mut(j * COUNT);
                    let rest = &mut rest[first..];
                    let left = lanes.load(rest) - dot(lanes, first, known, other);
                    let reciprocal = lanes.load(&other[j * COUNT + first..]);
                    lanes.store(left * reciprocal, rest);
                }
                let (known, last) = row.split_at_mut(i * COUNT);
                let last = &mut last[first..];
                let square = lanes.load(last) - dot(lanes, first, known, known);
                lanes.store(one / square.square_root(), last);
            }
        }
    }
}

/// The inner products of the eight rows `known` with the heads of the rows `other`, of some lanes from `first` on. Four
/// sums, so that one need not wait for the other.
#[inline(always)]
fn dot<L: Lanes<Element = f64>>(lanes: L, first: usize, known: &[f64], other: &[f64]) -> L::Vector {
    const SUMS: usize = 4;
    let other = &other[..known.len()];
    let mut sums = [lanes.splat(0.0); SUMS];
    let strips = known.chunks_exact(SUMS * COUNT);
    let rest = strips.remainder().chunks_exact(COUNT);
    let of_rest = other[other.len() - strips.remainder().len()..].chunks_exact(COUNT);
    for (a, b) in rest.zip(of_rest) {
        sums[0] = lanes
            .load(&a[first..])
            .mul_add(lanes.load(&b[first..]), sums[0]);
    }
    for (a, b) in strips.zip(other.chunks_exact(SUMS * COUNT)) {
        for (k, sum) in sums.iter_mut().enumerate() {
            let place = k * COUNT + first;
            *sum = lanes
                .load(&a[place..])
                .mul_add(lanes.load(&b[place..]), *sum);
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}

struct Solve<'a> {
    factors: &'a [f64],
    r: &'a mut [f64],
}

impl Kernel<f64> for Solve<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<Element = f64>>(self, lanes: L) {
        let dim = self.r.len() / COUNT;
        for first in (0..COUNT).step_by(L::WIDTH) {
            // L q = r.
            for i in 0..dim {
                let row = &self.factors[at(i, 0)..][..(i + 1) * COUNT];
                let (known, rest) = self.r.split_at_mut(i * COUNT);
                let rest = &mut rest[first..];
                let left = lanes.load(rest) - dot(lanes, first, known, row);
                lanes.store(left * lanes.load(&row[i * COUNT + first..]), rest);
            }
            // Lᵀ p = q.
            for i in (0..dim).rev() {
                let row = &self.factors[at(i, 0)..][..(i + 1) * COUNT];
                let (before, rest) = self.r.split_at_mut(i * COUNT);
                let rest = &mut rest[first..];
                let value = lanes.load(rest) * lanes.load(&row[i * COUNT + first..]);
                lanes.store(value, rest);
                for (entry, factor) in before.chunks_exact_mut(COUNT).zip(row.chunks_exact(COUNT)) {
                    let entry = &mut entry[first..];
                    let less = lanes.load(&factor[first..]);
                    lanes.store(less.neg_mul_add(value, lanes.load(entry)), entry);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::forced::Kind;

    const DIM: usize = 7;

    /// Numbers without a pattern in [-1, 1].
    fn numbers(count: usize, seed: usize) -> Vec<f64> {
        let number = |i: usize| ((seed * 131 + i * 37) as f64 * 0.7).sin();
        (0..count).map(number).collect()
    }

    /// `G Gᵀ + 1` for a square `G`, by all entries.
    fn definite(seed: usize) -> Vec<f64> {
        let g = numbers(DIM * DIM, seed);
        let entry = |i: usize, j: usize| {
            let dot: f64 = (0..DIM).map(|k| g[i * DIM + k] * g[j * DIM + k]).sum();
            dot + f64::from(u8::from(i == j))
        };
        let places = (0..DIM).flat_map(|i| (0..DIM).map(move |j| (i, j)));
        places.map(|(i, j)| entry(i, j)).collect()
    }

    fn lower(whole: &[f64]) -> Vec<f64> {
        let rows = whole.chunks_exact(DIM).enumerate();
        rows.flat_map(|(i, row)| row[..=i].to_vec()).collect()
    }

    fn solved(count: usize, squares: &[(f64, Vec<Vec<f64>>)]) -> (Triangles, Vec<Vec<f64>>) {
        let wholes: Vec<_> = (0..count).map(definite).collect();
        let mut sums = wholes.clone();
        for (scale, rows) in squares {
            // The test adds what is taken away, so that the matrices stay definite.
            for (whole, u) in sums.iter_mut().zip(rows) {
                for i in 0..DIM {
                    for j in 0..DIM {
                        whole[i * DIM + j] += scale * u[i] * u[j];
                    }
                }
            }
        }
        let given: Vec<_> = sums.iter().map(|whole| lower(whole)).collect();
        let given: Vec<&[f64]> = given.iter().map(Vec::as_slice).collect();
        let constant = lower(&definite(99));
        let mut triangles = Triangles::sums(&given, &constant, DIM);
        for (scale, rows) in squares {
            let rows: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
            triangles.subtract_squares(&rows, *scale);
        }
        let all = wholes.iter().map(|whole| {
            let both = whole.iter().zip(definite(99));
            both.map(|(a, b)| a + b).collect()
        });
        let all = all.collect();
        (triangles, all)
    }

    #[test]
    fn every_system_is_solved_with_every_kind_of_vector() {
        for kind in Kind::all() {
            kind.on_this_thread(|| {
                for count in [1, 5, 8] {
                    let rows = |seed| (0..count).map(|m| numbers(DIM, seed + m)).collect();
                    let squares = [(0.5, rows(40)), (2.0, rows(60))];
                    let (mut triangles, wholes) = solved(count, &squares);
                    assert_eq!(triangles.factor(), [true; 8]);
                    let p = numbers(DIM * 8, 7);
                    let mut r = vec![0.0; DIM * 8];
                    for (m, whole) in wholes.iter().enumerate() {
                        for i in 0..DIM {
                            let row = &whole[i * DIM..][..DIM];
                            r[i * 8 + m] = (0..DIM).map(|j| row[j] * p[j * 8 + m]).sum();
                        }
                    }
                    triangles.solve(&mut r);
                    for m in 0..count {
                        for i in 0..DIM {
                            let (found, wanted) = (r[i * 8 + m], p[i * 8 + m]);
                            assert!((found - wanted).abs() < 1e-11, "{kind:?} {found} {wanted}");
                        }
                    }
                }
            });
        }
    }

    #[test]
    fn a_matrix_that_is_not_positive_definite_is_told_from_those_that_are() {
        let matrices: [&[f32]; 4] = [
            &[1.0, 2.0, 1.0],
            &[1.0, 0.0, 1.0],
            &[f32::NAN, 0.0, 1.0],
            &[0.0, 0.0, 1.0],
        ];
        let mut triangles = Triangles::sums(&matrices, &[0.0; 3], 2);
        let (yes, no) = (true, false);
        assert_eq!(triangles.factor(), [no, yes, no, no, no, no, no, no]);
    }
}
