//! Densities whose smoothed score is known.

use std::f64::consts::{PI, TAU};
use std::num::NonZeroUsize;

use gauss_quad::GaussLegendre;
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::centres::Centres;
use super::checkerboard;
use crate::data::{Stream, generator};

/// What the samples are of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DensityKind {
    /// Round Gaussians of deviation 1 and equal weights, their means at distance `separation` from the origin.
    GaussianMixture,
    /// Three circles of radii 1, 2 and 3, equally likely, with noise of deviation 0.1.
    Rings,
    /// Two half circles of radius 1, the second turned and moved between the ends of the first, with noise of deviation
    /// 0.1.
    #[default]
    Moons,
    /// Uniform on the eight dark squares of side 1 of `[−2, 2]²`.
    Checkerboard,
}

/// Radii of the rings.
const RADII: [f64; 3] = [1.0, 2.0, 3.0];

/// Deviation of rings and moons across their curves.
const WIDTH: f64 = 0.1;

/// Nodes of a quadrature panel, and its length in deviations: the rule is right to 1e-12 of the density there.
const PANEL_NODES: NonZeroUsize = NonZeroUsize::new(12).expect("12 is not 0");
const PANEL: f64 = 2.0;

/// Points by which mean and size are found.
const SIZE_POINTS: usize = 20_000;

/// A density that can be drawn from and whose score is known when it is smoothed by noise.
#[derive(Clone, Debug)]
pub struct Density {
    kind: DensityKind,
    dim: usize,
    means: Option<Centres>,
}

impl Density {
    /// The density of a kind; `components` and `separation` are those of a mixture, whose means are equally spaced on a
    /// circle in the plane and random directions, always the same, in space.
    ///
    /// # Panics
    /// If a mixture has no component, or a density of the plane another dimension.
    pub fn new(kind: DensityKind, dim: usize, components: usize, separation: f64) -> Self {
        let means = match kind {
            DensityKind::GaussianMixture => {
                assert!(components > 0, "a mixture needs a component");
                Some(Centres::even(means(dim, components, separation), dim))
            }
            _ => {
                assert_eq!(dim, 2, "the density is one of the plane");
                None
            }
        };
        Self { kind, dim, means }
    }

    /// The dimension of the points.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Samples without added noise, row after row.
    pub fn draw(&self, random: &mut impl Rng, points: usize) -> Vec<f64> {
        let mut drawn = Vec::with_capacity(points * self.dim);
        for _ in 0..points {
            let (place, width) = self.place(random);
            drawn.extend(place.into_iter().map(|x| {
                let noise: f64 = StandardNormal.sample(random);
                x + width * noise
            }));
        }
        drawn
    }

    /// A point of the curve, a mean or a point of a square, and the deviation around it.
    fn place(&self, random: &mut impl Rng) -> (Vec<f64>, f64) {
        match (self.kind, &self.means) {
            (DensityKind::Rings, _) => {
                let radius = RADII[random.random_range(0..RADII.len())];
                let angle = TAU * random.random::<f64>();
                (vec![radius * angle.cos(), radius * angle.sin()], WIDTH)
            }
            (DensityKind::Moons, _) => {
                let (moon, angle) = (random.random_range(0..2), PI * random.random::<f64>());
                (moon_point(moon, angle).to_vec(), WIDTH)
            }
            (DensityKind::GaussianMixture, Some(means)) => {
                let count = means.points().len() / self.dim;
                let start = random.random_range(0..count) * self.dim;
                (means.points()[start..start + self.dim].to_vec(), 1.0)
            }
            _ => (checkerboard::draw(random).to_vec(), 0.0),
        }
    }

    /// The log density, smoothed by noise of deviation `noise`, and its gradient at points row after row.
    ///
    /// A mixture has closed forms, and so has the checkerboard; rings and moons are integrated along their curves, by
    /// the trapezoidal rule around a circle and by Gauss-Legendre panels along an arc, to twelve digits.
    ///
    /// # Panics
    /// If the checkerboard, whose density jumps, is not smoothed.
    pub fn log_density_and_score(&self, x: &[f64], noise: f64) -> (Vec<f64>, Vec<f64>) {
        let mut score = Vec::with_capacity(x.len());
        let points = x.chunks_exact(self.dim);
        let log_density = if self.kind == DensityKind::Checkerboard {
            assert!(
                noise > 0.0,
                "a checkerboard that is not smoothed has no score"
            );
            let values = points.map(|x| {
                let (value, at) = checkerboard::log_density_and_score([x[0], x[1]], noise);
                score.extend(at);
                value
            });
            values.collect()
        } else {
            let width = match self.kind {
                DensityKind::GaussianMixture => 1.0,
                _ => WIDTH,
            };
            let deviation = width.hypot(noise);
            let centres = self.smoothed(deviation);
            let values = points.map(|x| centres.at(x, deviation.powi(2), &mut score).log_density);
            values.collect()
        };
        (log_density, score)
    }

    /// The centres whose mixture with this deviation is the density.
    fn smoothed(&self, deviation: f64) -> Centres {
        match (self.kind, &self.means) {
            (_, Some(means)) => means.clone(),
            (DensityKind::Rings, _) => rings(deviation),
            _ => moons(deviation),
        }
    }

    /// The mean point, and the root mean square of the coordinates of points less the mean: of many draws, always the
    /// same ones.
    pub fn mean_and_size(&self) -> (Vec<f64>, f64) {
        let points = self.draw(&mut generator(0, Stream::TargetScale, 0), SIZE_POINTS);
        let count = (points.len() / self.dim) as f64;
        let mut mean = vec![0.0; self.dim];
        for point in points.chunks_exact(self.dim) {
            mean.iter_mut()
                .zip(point)
                .for_each(|(mean, x)| *mean += x / count);
        }
        let squares = points
            .iter()
            .zip(mean.iter().cycle())
            .map(|(x, m)| (x - m).powi(2));
        let size = (squares.sum::<f64>() / points.len() as f64).sqrt();
        (mean, size)
    }
}

/// The means of a mixture.
fn means(dim: usize, components: usize, separation: f64) -> Vec<f64> {
    let mut random = generator(0, Stream::Target, components as u64);
    (0..components)
        .flat_map(|component| {
            let direction: Vec<f64> = if dim == 2 {
                let angle = TAU * component as f64 / components as f64;
                vec![angle.cos(), angle.sin()]
            } else {
                (0..dim)
                    .map(|_| StandardNormal.sample(&mut random))
                    .collect()
            };
            let norm = direction.iter().map(|x| x * x).sum::<f64>().sqrt();
            direction.into_iter().map(move |x| separation * x / norm)
        })
        .collect()
}

/// A point of one of the two half circles.
fn moon_point(moon: usize, angle: f64) -> [f64; 2] {
    match moon {
        0 => [angle.cos(), angle.sin()],
        _ => [1.0 - angle.cos(), 0.5 - angle.sin()],
    }
}

/// Equidistant nodes on the circles, half a deviation apart: around a circle the trapezoidal rule converges faster than
/// any power.
fn rings(deviation: f64) -> Centres {
    let (mut points, mut weights) = (Vec::new(), Vec::new());
    for radius in RADII {
        let nodes = (TAU * radius / (0.5 * deviation)).ceil().max(64.0) as usize;
        for node in 0..nodes {
            let angle = TAU * node as f64 / nodes as f64;
            points.extend([radius * angle.cos(), radius * angle.sin()]);
            weights.push(1.0 / (RADII.len() * nodes) as f64);
        }
    }
    Centres::new(points, &weights, 2)
}

/// Gauss-Legendre panels along the half circles.
fn moons(deviation: f64) -> Centres {
    let panels = (PI / (PANEL * deviation)).ceil().max(4.0) as usize;
    let length = PI / panels as f64;
    let rule = GaussLegendre::new(PANEL_NODES);
    let (mut points, mut weights) = (Vec::new(), Vec::new());
    for moon in 0..2 {
        for panel in 0..panels {
            for (node, weight) in rule.nodes().zip(rule.weights()) {
                let angle = length * (panel as f64 + (node + 1.0) / 2.0);
                points.extend(moon_point(moon, angle));
                weights.push(weight / 2.0 / (2 * panels) as f64);
            }
        }
    }
    Centres::new(points, &weights, 2)
}
