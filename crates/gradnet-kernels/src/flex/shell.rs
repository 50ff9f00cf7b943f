//! A tied shell around an activation, Wᵀ σ(W x + a), and its gradients: each in one piece of work a group of hidden
//! units.
//!
//! No unit of a cascade sees another, nor does a module: so a piece takes some units all the way, from the rows of W
//! through the activation and back through the same rows, while they lie in its cache. The pieces meet only in the sum
//! of their outputs. Backward likewise: from the gradient of the output to that of the hidden units, of the parameters
//! and of these rows of W, ∂W = Sᵀ G + Dᵀ X. A large batch is cut instead, and its pieces meet in the sums of the
//! gradients. Either way the cut depends on the shape alone and sums are added in order; inside a piece, products and
//! the activation of a large cascade or of several modules are shared with idle threads.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::hidden::{Layout, Side};
use super::matrix::Matrix;
use super::pieces::{add, each_piece, written};
use super::product::{Threads, product, write_product, write_sum};
use super::units::{Kind, Units, order};
use crate::vectors::{Element, Kernel, Lanes};

/// Multiplications that make a piece of work worth a thread of its own.
const WORTH: usize = 1 << 19;

/// Rows or hidden units of a piece, about.
const PIECE: usize = 256;

/// Hidden units of a cascade that are worked on together: whole vectors.
const UNITS: usize = 64;

/// A parameter of the activation: `[lines, hidden / share]` numbers, each for `share` hidden units.
#[derive(Clone, Debug)]
pub(super) struct Parameter<'a, E> {
    pub(super) values: &'a [E],
    pub(super) lines: usize,
    pub(super) share: usize,
}

/// A shell on a batch.
pub(super) struct Shell<'a, E> {
    /// `[batch, dim]`.
    pub(super) x: &'a [E],
    /// `[hidden, dim]`.
    pub(super) w: &'a [E],
    pub(super) batch: usize,
    pub(super) hidden: usize,
    pub(super) dim: usize,
    pub(super) kind: Kind,
    /// In the order of the inputs.
    pub(super) parameters: Vec<Parameter<'a, E>>,
}

/// What the gradients of a piece need: its hidden vectors before and after the activation, and what the activation
/// kept.
pub(super) type Hidden<T> = [T; 3];

/// The shell's output `[batch, dim]`, and what its pieces kept for the gradients, if they are to come.
pub(super) type Output<E> = (Vec<E>, Vec<Hidden<Vec<E>>>);

/// What a piece finds beside its rows of ∂W: the gradient of x, if it was asked for, and of the parameters.
type Found<E> = (Option<Vec<E>>, Vec<Vec<E>>);

/// The gradients of a shell, shaped as what they belong to.
pub(super) struct Gradients<E> {
    /// If it was asked for.
    pub(super) x: Option<Vec<E>>,
    pub(super) w: Vec<E>,
    pub(super) parameters: Vec<Vec<E>>,
}

/// Some rows of the batch and some hidden units.
#[derive(Clone, Debug)]
struct Piece {
    index: usize,
    rows: Range<usize>,
    units: Range<usize>,
}

/// `total` in `count` ranges of nearly the same number of steps of `step`.
fn ranges(total: usize, count: usize, step: usize) -> Vec<Range<usize>> {
    let steps = total.div_ceil(step);
    let bound = |i: usize| (i * steps / count * step).min(total);
    (0..count).map(|i| bound(i)..bound(i + 1)).collect()
}

impl<E: Element> Shell<'_, E> {
    /// Hidden units that a piece must not divide.
    fn step(&self) -> usize {
        match self.kind {
            Kind::Cascade(_) => UNITS,
            Kind::SoftmaxModules(_) => self.parameters.last().map_or(1, |p| p.share),
        }
    }

    fn pieces(&self) -> Vec<Piece> {
        let worth = self.batch * self.hidden * (self.dim + 16) / WORTH;
        let (batch, hidden) = (0..self.batch, 0..self.hidden);
        if self.batch >= 2 * PIECE {
            let count = worth.clamp(1, self.batch.div_ceil(PIECE));
            let all = ranges(self.batch, count, 1).into_iter().enumerate();
            let piece = |(index, rows)| Piece {
                index,
                rows,
                units: hidden.clone(),
            };
            return all.map(piece).collect();
        }
        let step = self.step();
        // An even number where the steps allow it, for two threads. More pieces would cost more sums than they save on
        // few cores.
        let count = worth.min(self.hidden.div_ceil(PIECE)).next_multiple_of(2);
        let count = count.clamp(1, self.hidden.div_ceil(step).max(1));
        let all = ranges(self.hidden, count, step).into_iter().enumerate();
        let piece = |(index, units)| Piece {
            index,
            rows: batch.clone(),
            units,
        };
        all.map(piece).collect()
    }

    /// Some rows of `[batch, dim]` elements.
    fn rows<'b>(&self, of: &'b [E], rows: &Range<usize>) -> &'b [E] {
        &of[rows.start * self.dim..rows.end * self.dim]
    }

    /// The rows of W of some units.
    fn w(&self, units: &Range<usize>) -> Matrix<'_, E> {
        let w = &self.w[units.start * self.dim..units.end * self.dim];
        Matrix::new(w, [units.len(), self.dim])
    }

    /// How a piece's hidden vectors lie.
    fn layout(&self, piece: &Piece) -> Layout {
        Layout {
            rows: piece.rows.len(),
            units: piece.units.len(),
            order: order(self.kind),
        }
    }

    /// The whole batch of `[batch, dim]` elements, if every piece has all of it.
    fn shared<'b>(&self, of: &'b [E], pieces: &[Piece]) -> Option<Side<'b, E>> {
        let shared = pieces.iter().all(|piece| piece.rows.len() == self.batch);
        shared.then(|| Side::new(of, self.dim, order(self.kind)))
    }

    /// A piece's rows of `[batch, dim]` elements times its rows of W, as its hidden vectors lie.
    fn onto_units(
        &self,
        of: &[E],
        shared: &Option<Side<'_, E>>,
        piece: &Piece,
        threads: Threads,
    ) -> Vec<E> {
        let own;
        let side = match shared {
            Some(side) => side,
            None => {
                own = Side::new(self.rows(of, &piece.rows), self.dim, order(self.kind));
                &own
            }
        };
        written(self.layout(piece).size(), |output| {
            side.onto_units(self.w(&piece.units), threads, output);
        })
    }

    /// The activation of some units.
    fn activation(&self, units: &Range<usize>) -> Units<E> {
        let cut = |parameter: &Parameter<'_, E>| {
            let width = self.hidden / parameter.share;
            let range = units.start / parameter.share..units.end / parameter.share;
            let mut values = Vec::with_capacity(parameter.lines * range.len());
            for line in parameter.values.chunks_exact(width) {
                values.extend_from_slice(&line[range.clone()]);
            }
            values
        };
        let parameters = self.parameters.iter().map(cut).collect();
        Units::new(self.kind, units.len(), parameters)
    }
}

/// Runs `work` on each piece and its part of one array, then adds the parts up to `whole` elements: parts that lie side
/// by side in the whole are left as they are.
fn each<E: Element, R: Send>(
    pieces: &[Piece],
    size: impl Fn(&Piece) -> usize,
    whole: usize,
    work: impl Fn(&Piece, &mut [MaybeUninit<E>]) -> R + Sync,
) -> (Vec<E>, Vec<R>) {
    let mut results = Vec::new();
    let total = pieces.iter().map(&size).sum();
    let mut elements = written(total, |mut rest| {
        let mut parts = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let (part, after) = rest.split_at_mut(size(piece));
            parts.push((piece, part));
            rest = after;
        }
        results = each_piece(parts, |(piece, part)| work(piece, part));
    });
    if total > whole {
        let (sum, parts) = elements.split_at_mut(whole);
        for part in parts.chunks_exact(whole) {
            add(sum, part);
        }
        elements.truncate(whole);
    }
    (elements, results)
}

/// Threads that have no piece of their own help with the products of those that have one.
fn threads(pieces: &[Piece]) -> Threads {
    match rayon::current_num_threads() > pieces.len() {
        true => Threads::Pool,
        false => Threads::One,
    }
}

#[inline(never)]
fn forward<L: Lanes>(lanes: L, shell: &Shell<'_, L::Element>, keep: bool) -> Output<L::Element> {
    let (pieces, dim) = (shell.pieces(), shell.dim);
    let threads = threads(&pieces);
    let shared = shell.shared(shell.x, &pieces);
    let size = |piece: &Piece| piece.rows.len() * dim;
    let (y, kept) = each(&pieces, size, shell.batch * dim, |piece, y| {
        let (layout, w) = (shell.layout(piece), shell.w(&piece.units));
        let activation = shell.activation(&piece.units);
        let z = shell.onto_units(shell.x, &shared, piece, threads);
        let (s, kept) = activation.evaluate(lanes, &z, keep);
        write_product(layout.matrix(&s), w, threads, y);
        keep.then_some([z, s, kept])
    });
    (y, kept.into_iter().flatten().collect())
}

#[inline(never)]
fn backward<L: Lanes>(
    lanes: L,
    shell: &Shell<'_, L::Element>,
    hidden: &[Hidden<&[L::Element]>],
    gradient: &[L::Element],
    into_x: bool,
) -> Gradients<L::Element> {
    let (pieces, dim) = (shell.pieces(), shell.dim);
    let threads = threads(&pieces);
    let shared = shell.shared(gradient, &pieces);
    let size = |piece: &Piece| piece.units.len() * dim;
    let (w, found) = each(&pieces, size, shell.hidden * dim, |piece, into_w| {
        let [z, s, kept] = hidden[piece.index];
        let (layout, w) = (shell.layout(piece), shell.w(&piece.units));
        let activation = shell.activation(&piece.units);
        let mut into_z = shell.onto_units(gradient, &shared, piece, threads);
        let parameters = activation.differentiate(lanes, z, kept, &mut into_z);
        let [s, into_z] = [s, &into_z].map(|hidden| layout.matrix(hidden));
        let [g, x] = [gradient, shell.x]
            .map(|of| Matrix::new(shell.rows(of, &piece.rows), [layout.rows, dim]));
        let of_w = [[s.transposed(), g], [into_z.transposed(), x]];
        write_sum(of_w, threads, into_w);
        let into_x = into_x.then(|| product(into_z, w, threads));
        (into_x, parameters)
    });
    gathered(shell, &pieces, w, found)
}

/// Puts the pieces' gradients together, adding where they meet.
fn gathered<E: Element>(
    shell: &Shell<'_, E>,
    pieces: &[Piece],
    w: Vec<E>,
    found: Vec<Found<E>>,
) -> Gradients<E> {
    let mut x: Option<Vec<E>> = None;
    let parameters = shell.parameters.iter();
    let mut all: Vec<Vec<E>> = parameters.map(|p| vec![E::ZERO; p.values.len()]).collect();
    for (piece, (into_x, parts)) in pieces.iter().zip(found) {
        if let Some(part) = into_x {
            let x = x.get_or_insert_with(|| vec![E::ZERO; shell.batch * shell.dim]);
            add(&mut x[piece.rows.start * shell.dim..], &part);
        }
        for ((sum, part), parameter) in all.iter_mut().zip(&parts).zip(&shell.parameters) {
            let start = piece.units.start / parameter.share;
            let width = part.len() / parameter.lines;
            let lines = sum.chunks_exact_mut(shell.hidden / parameter.share);
            for (sum, part) in lines.zip(part.chunks_exact(width)) {
                add(&mut sum[start..], part);
            }
        }
    }
    Gradients {
        x,
        w,
        parameters: all,
    }
}

struct Forward<'a, E> {
    shell: &'a Shell<'a, E>,
    keep: bool,
}

impl<E: Element> Kernel<E> for Forward<'_, E> {
    type Output = Output<E>;

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) -> Output<E> {
        forward(lanes, self.shell, self.keep)
    }
}

/// The shell's output, and if `keep` what [`shell_backward`] needs.
pub(super) fn shell<E: Element>(of: &Shell<'_, E>, keep: bool) -> Output<E> {
    E::widest(Forward { shell: of, keep })
}

struct Backward<'a, E> {
    shell: &'a Shell<'a, E>,
    hidden: &'a [Hidden<&'a [E]>],
    gradient: &'a [E],
    into_x: bool,
}

impl<E: Element> Kernel<E> for Backward<'_, E> {
    type Output = Gradients<E>;

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) -> Gradients<E> {
        backward(lanes, self.shell, self.hidden, self.gradient, self.into_x)
    }
}

/// The gradients of a shell, from the gradient of its output and what [`shell`] kept.
pub(super) fn shell_backward<E: Element>(
    shell: &Shell<'_, E>,
    hidden: &[Hidden<&[E]>],
    gradient: &[E],
    into_x: bool,
) -> Gradients<E> {
    E::widest(Backward {
        shell,
        hidden,
        gradient,
        into_x,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flex::product::PARALLEL;
    use crate::{Cascade, CascadeFunction, ScalarFunction};

    /// At d = 1024 a shell has four pieces; more threads share the products of each.
    #[test]
    fn more_threads_than_pieces_share_their_products() {
        let (batch, hidden, dim) = (100, 1024, 1024);
        let (x, w) = (vec![0.0_f32; batch * dim], vec![0.0_f32; hidden * dim]);
        let cascade = Cascade {
            alpha: (),
            beta: (),
            bias: (),
            function: CascadeFunction::Fixed(ScalarFunction::Tanh),
        };
        let shell = Shell {
            x: &x,
            w: &w,
            batch,
            hidden,
            dim,
            kind: Kind::Cascade(cascade),
            parameters: Vec::new(),
        };
        let pieces = shell.pieces();
        assert_eq!(pieces.len(), 4);
        for piece in &pieces {
            assert!(piece.rows.len() * piece.units.len() * dim >= PARALLEL);
        }
        let shared = |count| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build();
            let threads = pool.unwrap().install(|| threads(&pieces));
            matches!(threads, Threads::Pool)
        };
        assert_eq!(
            [1, 2, 4, 5, 8, 64].map(shared),
            [false, false, false, true, true, true]
        );
    }
}
