//! `[transport.benchmark]`: the pairs of Korotin et al., "Do neural optimal transport solvers work? A continuous
//! Wasserstein-2 benchmark" (NeurIPS 2021), from a folder with the released potentials, `{dim}_v1.pt` and
//! `{dim}_v2.pt`.
//!
//! ```text
//! P = (1/3) Σ_k N(c_k, 0.16 M_k M_kᵀ)         from RandomState(0), see `legacy_random`
//! T(x) = (∇D_1(x) + ∇D_2(x) − m)/s            D_i convex networks with quadratic skips:
//! z_0 = q_0(x),  z_l = celu(C_l z_{l−1} + q_l(x)),  D(x) = v·z_2 + |x|²/200,  q_l(x) = (Q_lᵀ x)² + W_l x + b_l
//! ```
//!
//! with `C, v ≥ 0`. m and s make Q of mean zero and of variance 1 a coordinate, from 16,384 points as in the
//! benchmark's code. The pairs are read, never shipped; the tests differentiate a network of the same kind.

use std::path::{Path, PathBuf};

use nalgebra::{DMatrix, DVector};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::drawn::{DrawnPair, GaussianMixture, KnownMap};
use super::legacy_random::LegacyRandom;
use super::mixture::mean_and_size;
use crate::data::{Stream, generator};
use crate::files::FileError;
use crate::foreign_checkpoints::Checkpoint;

/// Gaussians in the source, and the factor of their spread.
const COMPONENTS: usize = 3;
const SPREAD: f64 = 0.4;
/// Points that give mean and size of Q.
const STANDARDISED_BY: usize = 1 << 14;
/// The weight of `|x|²/2` in each potential.
const STRONG: f64 = 1e-2;

/// Settings of `[transport.benchmark]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BenchmarkConfig {
    /// Dimension of the pair: 2, 4, 8, 16, 32, 64, 128 or 256. Default 2.
    #[schemars(extend("enum" = [2, 4, 8, 16, 32, 64, 128, 256]))]
    pub dim: usize,
    /// The folder with `{dim}_v1.pt` and `{dim}_v2.pt`; relative to the config's folder, or to where one stands if
    /// given with `--set`.
    pub folder: PathBuf,
}

impl Default for BenchmarkConfig {
    fn default() -> Self {
        Self {
            folder: PathBuf::new(),
            dim: 2,
        }
    }
}

impl BenchmarkConfig {
    /// The files of the two potentials.
    pub(super) fn files(&self) -> [PathBuf; 2] {
        [1, 2].map(|version| self.folder.join(format!("{}_v{version}.pt", self.dim)))
    }

    /// The pair, with the draws of a run of seed `seed`.
    ///
    /// # Errors
    /// If a potential cannot be read.
    pub(super) fn pair(&self, seed: u64) -> Result<DrawnPair, FileError> {
        let [first, second] = self.files();
        let read = |file: PathBuf| QuadraticSkips::read(&file, self.dim);
        let source = source(self.dim);
        let mut map = BenchmarkMap {
            potentials: [read(first)?, read(second)?],
            mean: vec![0.0; self.dim],
            scale: 1.0,
        };
        let x = source.draw(&mut generator(0, Stream::TargetScale, 0), STANDARDISED_BY);
        (map.mean, map.scale) = mean_and_size(&map.apply(&x), self.dim);
        Ok(DrawnPair::new(source, Box::new(map), seed))
    }
}

/// P: centres with coordinates −1, 0 and 1 in random order, factors with rows of norm 1, scaled to variance 1 a
/// coordinate.
fn source(dim: usize) -> GaussianMixture {
    let mut random = LegacyRandom::new(0);
    let mut centres = vec![DVector::zeros(dim); COMPONENTS];
    for coordinate in 0..dim {
        let order = random.permutation(COMPONENTS);
        for (centre, value) in centres.iter_mut().zip(order) {
            centre[coordinate] = value as f64 - (COMPONENTS - 1) as f64 / 2.0;
        }
    }
    let mut factors = Vec::new();
    for _ in 0..COMPONENTS {
        let normals: Vec<f64> = (0..dim * dim).map(|_| random.normal()).collect();
        let mut factor = DMatrix::from_row_slice(dim, dim, &normals);
        factor.row_iter_mut().for_each(|mut row| row /= row.norm());
        factors.push(factor);
    }
    let squares = centres.iter().map(DVector::norm_squared).sum::<f64>() / COMPONENTS as f64;
    let size = ((squares + dim as f64 * SPREAD.powi(2)) / dim as f64).sqrt();
    centres.iter_mut().for_each(|centre| *centre /= size);
    factors
        .iter_mut()
        .for_each(|factor| *factor *= SPREAD / size);
    GaussianMixture {
        weights: Vec::new(),
        centres,
        factors,
    }
}

/// `q_l(x) = (Q_lᵀ x)² + W_l x + b_l`.
struct QuadraticLayer {
    root: DMatrix<f64>,
    weight: DMatrix<f64>,
    bias: DVector<f64>,
}

/// `D`.
struct QuadraticSkips {
    layers: Vec<QuadraticLayer>,
    /// `C_l`.
    convex: Vec<DMatrix<f64>>,
    /// `v`.
    last: DVector<f64>,
}

impl QuadraticSkips {
    fn read(file: &Path, dim: usize) -> Result<Self, FileError> {
        let checkpoint = Checkpoint::open(file)?;
        let matrix = |name: &str| -> Result<DMatrix<f64>, FileError> {
            let (shape, values) = checkpoint.array(name)?;
            let rows = shape.first().copied().unwrap_or(1).max(1);
            Ok(DMatrix::from_row_slice(rows, values.len() / rows, &values))
        };
        let mut layers = Vec::new();
        let mut convex = Vec::new();
        for layer in 0..3 {
            let part = |part: &str| matrix(&format!("quadratic_layers.{layer}.{part}"));
            let bias = part("bias")?;
            layers.push(QuadraticLayer {
                root: part("quadratic_decomposed")?,
                weight: part("weight")?,
                bias: DVector::from_column_slice(bias.as_slice()),
            });
            if layer > 0 {
                convex.push(matrix(&format!("convex_layers.{}.weight", layer - 1))?);
            }
        }
        let last = matrix("final_layer.weight")?;
        let read = Self {
            layers,
            convex,
            last: DVector::from_column_slice(last.as_slice()),
        };
        read.checked(dim).map_err(|reason| FileError::Format {
            file: file.into(),
            reason,
            remedy: "take the files of the benchmark's repository, iamalexkorotin/Wasserstein2Benchmark, as they are".into(),
        })
    }

    /// Itself, if the shapes fit together and what must not be negative is not.
    fn checked(self, dim: usize) -> Result<Self, String> {
        for layer in &self.layers {
            let width = layer.bias.len();
            if layer.weight.shape() != (width, dim) || layer.root.shape() != (dim, width) {
                return Err(format!(
                    "its layers are not those of a potential in dimension {dim}"
                ));
            }
        }
        let widths = self.layers.windows(2);
        let fit = |(pair, convex): (&[QuadraticLayer], &DMatrix<f64>)| {
            convex.shape() == (pair[1].bias.len(), pair[0].bias.len())
        };
        let fits = widths.zip(&self.convex).all(fit)
            && self
                .layers
                .last()
                .is_some_and(|layer| layer.bias.len() == self.last.len());
        if !fits {
            return Err("its layers do not fit one another".into());
        }
        let signs = self
            .convex
            .iter()
            .flat_map(|c| c.iter())
            .chain(self.last.iter());
        match signs.copied().fold(0.0, f64::min) {
            least if least < 0.0 => Err(format!(
                "a weight that must not be negative is {least}: its potential is not convex"
            )),
            _ => Ok(self),
        }
    }

    /// Adds `∇D` to `out`; points and images are columns.
    fn add_gradient(&self, x: &DMatrix<f64>, out: &mut DMatrix<f64>) {
        // A product with a transposed matrix that is copied before is many times as fast as `tr_mul`.
        let roots: Vec<_> = self
            .layers
            .iter()
            .map(|layer| layer.root.transpose() * x)
            .collect();
        let quadratic = |l: usize| {
            let layer = &self.layers[l];
            let mut values = &layer.weight * x;
            values.zip_apply(&roots[l], |value, root| *value += root * root);
            values
                .column_iter_mut()
                .for_each(|mut column| column += &layer.bias);
            values
        };
        let mut z = quadratic(0);
        let mut slopes = Vec::new();
        for (l, convex) in (1..).zip(&self.convex) {
            let before = convex * z + quadratic(l);
            let slope = before.map(|p| if p > 0.0 { 1.0 } else { p.exp() });
            z = before.zip_map(&slope, |p, slope| if p > 0.0 { p } else { slope - 1.0 });
            slopes.push(slope);
        }
        let mut back = DMatrix::from_fn(self.last.len(), x.ncols(), |i, _| self.last[i]);
        for l in (0..self.layers.len()).rev() {
            if l > 0 {
                back.component_mul_assign(&slopes[l - 1]);
            }
            let layer = &self.layers[l];
            *out += layer.weight.transpose() * &back;
            let scaled = back.zip_map(&roots[l], |back, root| 2.0 * back * root);
            *out += &layer.root * scaled;
            if l > 0 {
                back = self.convex[l - 1].transpose() * back;
            }
        }
        *out += x * STRONG;
    }

    /// `D` at each column.
    #[cfg(test)]
    fn potential(&self, x: &DVector<f64>) -> f64 {
        let quadratic = |l: usize| {
            let layer = &self.layers[l];
            layer.root.tr_mul(x).map(|q| q * q) + &layer.weight * x + &layer.bias
        };
        let mut z = quadratic(0);
        for (l, convex) in (1..).zip(&self.convex) {
            z = (convex * z + quadratic(l)).map(|p| if p > 0.0 { p } else { p.exp_m1() });
        }
        self.last.dot(&z) + STRONG * x.norm_squared() / 2.0
    }
}

/// `T`.
struct BenchmarkMap {
    potentials: [QuadraticSkips; 2],
    mean: Vec<f64>,
    scale: f64,
}

impl KnownMap for BenchmarkMap {
    fn apply(&self, x: &[f64]) -> Vec<f64> {
        let dim = self.mean.len();
        let x = DMatrix::from_column_slice(dim, x.len() / dim, x);
        let mut images = DMatrix::zeros(dim, x.ncols());
        for potential in &self.potentials {
            potential.add_gradient(&x, &mut images);
        }
        let values = images.as_slice().iter().zip(self.mean.iter().cycle());
        values.map(|(t, m)| (t - m) / self.scale).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network() -> QuadraticSkips {
        let mut state = 0.0;
        let mut next = || {
            state += 1.7;
            f64::sin(state)
        };
        let mut matrix = |rows, columns| DMatrix::from_fn(rows, columns, |_, _| next());
        let layers = [4, 5, 3].map(|width| QuadraticLayer {
            root: matrix(2, width),
            weight: matrix(width, 2),
            bias: matrix(width, 1).column(0).into(),
        });
        QuadraticSkips {
            layers: layers.into(),
            convex: vec![matrix(5, 4).abs(), matrix(3, 5).abs()],
            last: matrix(3, 1).abs().column(0).into(),
        }
    }

    #[test]
    fn the_gradient_is_that_of_central_differences() {
        let network = network().checked(2).unwrap();
        let x = DVector::from_vec(vec![0.4, -0.9]);
        let mut gradient = DMatrix::zeros(2, 1);
        network.add_gradient(
            &DMatrix::from_column_slice(2, 1, x.as_slice()),
            &mut gradient,
        );
        for i in 0..2 {
            let at = |by: f64| {
                let mut moved = x.clone();
                moved[i] += by;
                network.potential(&moved)
            };
            let slope = (at(1e-5) - at(-1e-5)) / 2e-5;
            assert!(
                (slope - gradient[i]).abs() < 1e-6,
                "{slope} {}",
                gradient[i]
            );
        }
    }

    #[test]
    fn a_negative_weight_or_another_dimension_is_refused() {
        assert!(network().checked(3).is_err());
        let mut concave = network();
        concave.last[1] = -0.5;
        assert!(concave.checked(2).err().unwrap().contains("-0.5"));
    }

    /// What NumPy 2 gives for the code of the benchmark, `RandomState(0)`: first centres and maps, the latter times the
    /// spread.
    #[test]
    fn the_source_is_numpys_of_seed_0() {
        let golden: [(usize, [f64; 4], [f64; 4]); 2] = [
            (
                2,
                [1.099853, 1.099853, 0.0, -1.099853],
                [0.4402179, 1.007912, 0.9744921, -0.5099437],
            ),
            (
                8,
                [1.099853, 1.099853, -1.099853, 1.099853],
                [0.06873611, 0.6939643, 0.3631594, 0.05806206],
            ),
        ];
        for (dim, centres, maps) in golden {
            let source = source(dim);
            let found = source.centres.iter().flat_map(|centre| centre.iter());
            for (found, expected) in found.zip(centres) {
                assert!((found - expected).abs() < 1e-6, "{dim}: {found} {expected}");
            }
            let rows = source.factors[0].transpose();
            for (found, expected) in rows.iter().zip(maps) {
                assert!(
                    (found - SPREAD * expected).abs() < 1e-6,
                    "{dim}: {found} {expected}"
                );
            }
        }
    }

    #[test]
    fn the_source_has_variance_one_and_centres_that_share_no_coordinate() {
        for dim in [2, 8] {
            let source = source(dim);
            let centres = source
                .centres
                .iter()
                .map(DVector::norm_squared)
                .sum::<f64>();
            let factors = source
                .factors
                .iter()
                .map(DMatrix::norm_squared)
                .sum::<f64>();
            assert!(((centres + factors) / 3.0 / dim as f64 - 1.0).abs() < 1e-12);
            for i in 0..dim {
                let mut column: Vec<f64> = source.centres.iter().map(|c| c[i]).collect();
                column.sort_by(f64::total_cmp);
                assert!(column[0] < -0.5 && column[1] == 0.0 && column[2] > 0.5);
            }
        }
    }
}
