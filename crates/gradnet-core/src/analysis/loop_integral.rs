//! The work of a field around a closed loop, which is zero for a gradient, with an estimate of its
//! error.

use super::curve::{Curve, Loop};
use super::kronrod::{NODES, gauss, kronrod};
use crate::field::VectorField;
use crate::host::host;
use burn::tensor::{Tensor, TensorData};
use core::f64::consts::TAU;

/// Pieces of a loop at first, and at most before the last halving.
const PANELS: usize = 16;
const MOST_PANELS: usize = 1024;

/// Pieces are halved until the estimated error is below this part of the size of the work.
const RESOLUTION: f64 = 1e-5;

/// Points in one call of the field.
const BATCH: usize = 4096;

/// Units of rounding by which a value of the field, and the place it belongs to, may be off.
const ROUNDINGS: f64 = 16.0;

/// The work around a loop, and what may be wrong with it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LoopIntegral {
    /// `∮⟨f, dx⟩`, 0 for a gradient field.
    pub work: f64,
    /// `∮‖f − m‖ ‖dx‖`, what the work could amount to. The constant `m`, which does no work, is the
    /// mean of `f` on the first piece of the loop.
    pub size: f64,
    /// The estimated error of the quadrature, from the differences of two rules, summed over the
    /// pieces of the loop.
    pub quadrature_error: f64,
    /// A bound on what the rounding of points and values may add.
    pub rounding_error: f64,
    /// `∮‖dx‖`, the length of the loop.
    pub length: f64,
}

impl LoopIntegral {
    /// The integral along nothing.
    pub(super) const ZERO: Self = Self {
        work: 0.0,
        size: 0.0,
        quadrature_error: 0.0,
        rounding_error: 0.0,
        length: 0.0,
    };

    /// Whether the work is zero as far as one can tell: no larger than its errors and `tolerance ·
    /// size`. A work that is not a number is not zero.
    pub fn closes(&self, tolerance: f64) -> bool {
        self.work.abs() <= tolerance * self.size + self.quadrature_error + self.rounding_error
    }
}

/// The work of the field around the loop.
///
/// The loop is cut into 16 pieces, each integrated with Gauss' and Kronrod's rules of 7 and 15
/// nodes. Pieces on which they differ are halved, again and again around kinks and steep layers,
/// until the differences amount to less than 1e-5 of the size or there are 1024 pieces. Where the
/// field is smooth they soon amount to much less.
///
/// `like` gives the device and the precision the field is evaluated in.
///
/// # Panics
/// If the loop does not lie in the space of the field.
pub fn loop_integral(field: &impl VectorField, like: &Tensor<2>, path: &Loop) -> LoopIntegral {
    integrate(field, like, std::slice::from_ref(path))[0]
}

impl core::ops::Add for LoopIntegral {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            work: self.work + other.work,
            size: self.size + other.size,
            quadrature_error: self.quadrature_error + other.quadrature_error,
            rounding_error: self.rounding_error + other.rounding_error,
            length: self.length + other.length,
        }
    }
}

/// One piece of a loop.
#[derive(Clone, Copy)]
struct Panel {
    range: [f64; 2],
    integral: LoopIntegral,
}

/// The pieces of one curve.
struct Mesh<'a, C> {
    path: &'a C,
    /// `m`, empty until the first values are known.
    mean: Vec<f64>,
    panels: Vec<Panel>,
}

impl<C> Mesh<'_, C> {
    fn total(&self) -> LoopIntegral {
        let pieces = self.panels.iter().map(|panel| panel.integral);
        pieces.fold(LoopIntegral::ZERO, |sum, piece| sum + piece)
    }

    /// Takes out the pieces that must be halved; returns their halves.
    fn halves(&mut self, narrowest: f64) -> Vec<[f64; 2]> {
        let total = self.total();
        let allowed = RESOLUTION * total.size;
        if self.panels.len() >= MOST_PANELS || total.quadrature_error <= allowed {
            return Vec::new();
        }
        let share = allowed / self.panels.len() as f64;
        let coarse = |panel: &mut Panel| {
            let LoopIntegral {
                quadrature_error,
                rounding_error,
                ..
            } = panel.integral;
            let [from, to] = panel.range;
            quadrature_error > share && quadrature_error > rounding_error && to - from > narrowest
        };
        self.panels
            .extract_if(.., coarse)
            .flat_map(|panel| {
                let [from, to] = panel.range;
                let middle = (from + to) / 2.0;
                [[from, middle], [middle, to]]
            })
            .collect()
    }
}

/// The work of the field around each of some curves.
///
/// # Panics
/// If a curve does not lie in the space of the field.
pub(super) fn integrate<C: Curve>(
    field: &impl VectorField,
    like: &Tensor<2>,
    paths: &[C],
) -> Vec<LoopIntegral> {
    let dim = field.dim();
    for path in paths {
        let lengths = [path.point(0.0).len(), path.tangent(0.0).len()];
        assert_eq!(lengths, [dim; 2], "the loop must lie in R^{dim}");
    }
    let epsilon = epsilon(like);
    let mut meshes: Vec<Mesh<C>> = paths
        .iter()
        .map(|path| Mesh {
            path,
            mean: Vec::new(),
            panels: Vec::new(),
        })
        .collect();
    let step = TAU / PANELS as f64;
    let range = |panel: usize| [step * panel as f64, step * (panel + 1) as f64];
    let mut wanted: Vec<(usize, [f64; 2])> = (0..paths.len())
        .flat_map(|index| (0..PANELS).map(move |panel| (index, range(panel))))
        .collect();
    let mut refined = vec![false; paths.len()];
    while !wanted.is_empty() {
        evaluate(field, like, &mut meshes, &wanted, PANELS);
        wanted.clear();
        for (index, mesh) in meshes.iter_mut().enumerate() {
            let halves = mesh.halves(TAU * 64.0 * epsilon);
            refined[index] |= !halves.is_empty();
            wanted.extend(halves.into_iter().map(|range| (index, range)));
        }
    }
    // A field that draws numbers at each call is one function within a call only: each loop in one.
    if draws(field, like, paths) {
        for (index, _) in refined.iter().enumerate().filter(|(_, refined)| **refined) {
            let panels = std::mem::take(&mut meshes[index].panels);
            wanted.extend(panels.iter().map(|panel| (index, panel.range)));
            let count = wanted.len();
            evaluate(field, like, &mut meshes, &wanted, count);
            wanted.clear();
        }
    }
    meshes.iter().map(Mesh::total).collect()
}

/// Whether the field is another one at each call.
fn draws<C: Curve>(field: &impl VectorField, like: &Tensor<2>, paths: &[C]) -> bool {
    let Some(point) = paths.first().map(|path| path.point(0.0)) else {
        return false;
    };
    let shape = [1, point.len()];
    let data = TensorData::new(point, shape);
    let x = Tensor::<2>::from_data(data, (&like.device(), like.dtype()));
    host(field.forward(x.clone())) != host(field.forward(x))
}

/// The unit of rounding of a tensor's numbers.
pub(super) fn epsilon(like: &Tensor<2>) -> f64 {
    like.dtype()
        .finfo()
        .map_or(f64::EPSILON, |info| info.epsilon)
}

/// Adds the pieces to the meshes they are wanted for; `together` consecutive ones in one call of
/// the field if they fit.
fn evaluate<C: Curve>(
    field: &impl VectorField,
    like: &Tensor<2>,
    meshes: &mut [Mesh<C>],
    wanted: &[(usize, [f64; 2])],
    together: usize,
) {
    let dim = field.dim();
    let epsilon = epsilon(like);
    let most = BATCH / NODES.len();
    let calls = if together > most {
        together
    } else {
        most / together * together
    };
    let angle = |[from, to]: [f64; 2], node: f64| (from + to) / 2.0 + node * (to - from) / 2.0;
    for wanted in wanted.chunks(calls) {
        let points: Vec<f64> = wanted
            .iter()
            .flat_map(|(index, range)| {
                let path = meshes[*index].path;
                NODES
                    .iter()
                    .flat_map(move |node| path.point(angle(*range, *node)))
            })
            .collect();
        let shape = [wanted.len() * NODES.len(), dim];
        let x = Tensor::<2>::from_data(
            TensorData::new(points.clone(), shape),
            (&like.device(), like.dtype()),
        );
        let values = host(field.forward(x));
        let size = NODES.len() * dim;
        for (((index, range), values), points) in wanted
            .iter()
            .zip(values.chunks_exact(size))
            .zip(points.chunks_exact(size))
        {
            let mesh = &mut meshes[*index];
            if mesh.mean.is_empty() {
                mesh.mean = mean(values, dim);
            }
            let mut integral = LoopIntegral::ZERO;
            let half = (range[1] - range[0]) / 2.0;
            let (mut coarse, mut far) = (0.0, 0.0_f64);
            let mut works = [0.0; NODES.len()];
            for (node, value) in values.chunks_exact(dim).enumerate() {
                let tangent = mesh.path.tangent(angle(*range, NODES[node]));
                let centred: Vec<f64> = value.iter().zip(&mesh.mean).map(|(f, m)| f - m).collect();
                let (work, length) = (dot(&centred, &tangent), norm(&tangent));
                integral.work += half * kronrod(node) * work;
                works[node] = work;
                coarse += half * gauss(node) * work;
                integral.size += half * kronrod(node) * norm(&centred) * length;
                integral.rounding_error += half * kronrod(node) * norm(value) * length;
                integral.length += half * kronrod(node) * length;
                far = far.max(norm(&points[node * dim..][..dim]));
            }
            let level = integral.work / (2.0 * half);
            let deviations = works.iter().zip(0..);
            let deviation: f64 = deviations
                .map(|(work, node)| half * kronrod(node) * (work - level).abs())
                .sum();
            integral.quadrature_error = estimated((integral.work - coarse).abs(), deviation);
            // A point that is off by its rounding moves the values by what they change along the
            // piece.
            let change: f64 = (1..NODES.len())
                .map(|node| {
                    let [before, after] = [node - 1, node].map(|node| &values[node * dim..][..dim]);
                    let step: Vec<f64> = after.iter().zip(before).map(|(a, b)| a - b).collect();
                    norm(&step)
                })
                .sum();
            integral.rounding_error += change * far;
            integral.rounding_error *= ROUNDINGS * epsilon;
            mesh.panels.push(Panel {
                range: *range,
                integral,
            });
        }
    }
}

/// The error of a rule whose value differs by `difference` from that of a coarser one, over a piece
/// on which the integrand deviates from its mean by `deviation`, integrated: QUADPACK's estimate, or
/// the difference if that is larger. Beside a jump the rules may agree by chance, and where pieces
/// are halved until they do, they soon will: only a difference far below the deviation shows that
/// the integrand is smooth there.
fn estimated(difference: f64, deviation: f64) -> f64 {
    let suspected = deviation * (200.0 * difference / deviation).powf(1.5).min(1.0);
    // 0/0 where the integrand is constant.
    if suspected.is_nan() {
        difference
    } else {
        difference.max(suspected)
    }
}

/// The mean of some rows.
fn mean(rows: &[f64], dim: usize) -> Vec<f64> {
    let count = (rows.len() / dim) as f64;
    (0..dim)
        .map(|i| rows.iter().skip(i).step_by(dim).sum::<f64>() / count)
        .collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}
