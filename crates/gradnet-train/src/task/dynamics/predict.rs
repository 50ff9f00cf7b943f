//! Paths predicted from their first states, by a field or by a rule to compare it with.

use burn::module::Module;
use burn::tensor::{Device, FloatDType, Tensor, TensorData};
use gradnet_core::VectorField;
use gradnet_core::analysis::host;
use nalgebra::{DMatrix, DVector};

use super::coefficients::Coefficients;
use super::flow::Flow;
use super::kind::Kind;
use super::paths::Path;
use super::step::step;
use super::systems::{System, follow};
use super::units;
use super::window::Window;
use crate::data::file::Similarity;

/// A prediction that leaves this many times the size of the data is held there: its error is then that large, and a
/// number.
pub const FARTHEST: f64 = 1e3;

/// States of each path at its times, sample after sample, in the paths' units.
pub type Predicted = Vec<Vec<f64>>;

/// What a field predicts, and with what.
pub struct Predictor<'a, F> {
    /// The field, without autodiff.
    pub field: &'a F,
    /// The kind of its system.
    pub kind: Kind,
    /// Friction and inputs.
    pub coefficients: &'a Coefficients,
    /// Steps of the method from one sample to the next.
    pub substeps: usize,
    /// The change of units.
    pub units: &'a Similarity,
    /// Where the field lives.
    pub device: &'a Device,
    /// In what precision.
    pub dtype: FloatDType,
}

impl<F: VectorField + Module> Predictor<'_, F> {
    /// All samples of the paths from the first of each.
    pub fn paths(&self, paths: &[&Path]) -> Predicted {
        let picks: Vec<(&Path, usize)> = paths.iter().map(|path| (*path, 0)).collect();
        let longest = paths.iter().map(|path| path.len()).max().unwrap_or(1);
        let samples = self.picks(&picks, longest - 1);
        let of_path = |(row, path): (usize, &&Path)| {
            let dim = samples[0].len() / paths.len();
            let states = samples[..path.len()].iter();
            states
                .flat_map(|state| state[row * dim..(row + 1) * dim].to_vec())
                .collect()
        };
        paths.iter().enumerate().map(of_path).collect()
    }

    /// The samples after each pick, `length` of them and the pick itself: for each the states of all picks, row after
    /// row.
    pub fn picks(&self, picks: &[(&Path, usize)], length: usize) -> Vec<Vec<f64>> {
        let window = Window::new(picks, length, self.units, self.device, self.dtype);
        let flow = Flow::new(self.field, self.coefficients.structure(self.kind));
        let mut x = window.states[0].clone();
        let mut samples = vec![self.outward(&x)];
        for (h, drive) in window.steps.iter().zip(window.drives(self.coefficients)) {
            for _ in 0..self.substeps {
                x = held(step(&flow, x, h.clone() / self.substeps as f64, drive.as_ref()).0);
            }
            samples.push(self.outward(&x));
        }
        samples
    }

    fn outward(&self, x: &Tensor<2>) -> Vec<f64> {
        self.units.unscale_points(&host(x.clone()))
    }
}

/// States within [`FARTHEST`].
pub fn held(x: Tensor<2>) -> Tensor<2> {
    let lost = x.clone().is_nan();
    x.mask_fill(lost, FARTHEST).clamp(-FARTHEST, FARTHEST)
}

/// Every path stands still at its first state.
pub fn stand_still(paths: &[&Path]) -> Predicted {
    let still = |path: &&Path| path.state(0).repeat(path.len());
    paths.iter().map(still).collect()
}

/// The best linear system `dx/dt = A x + b + B u`: least squares over the midpoints of neighbouring samples.
pub struct LinearSystem {
    /// `[A | b | B]`, `[dim, dim + 1 + inputs]`, in the network's units.
    matrix: DMatrix<f64>,
    units: Similarity,
}

impl LinearSystem {
    /// The best for some paths.
    pub fn fit(paths: &[&Path], units: &Similarity) -> Self {
        let dim = units.mean.len();
        let inputs = paths
            .first()
            .map_or(0, |path| path.inputs.len() / path.len());
        let width = dim + 1 + inputs;
        let (mut normal, mut right) = (DMatrix::zeros(width, width), DMatrix::zeros(width, dim));
        for path in paths {
            for sample in 0..path.len() - 1 {
                let h = path.step(sample) / units::time(units);
                let [x, y] = [sample, sample + 1].map(|at| units.inner_points(path.state(at)));
                let line = regressors(&[&x, &y], &path.input(sample)) * h;
                let moved = DVector::from_iterator(dim, x.iter().zip(&y).map(|(x, y)| y - x));
                normal += &line * line.transpose();
                right += &line * moved.transpose();
            }
        }
        let ridge = 1e-10 * normal.trace() / width as f64 + f64::MIN_POSITIVE;
        (0..width).for_each(|i| normal[(i, i)] += ridge);
        let solution = normal
            .cholesky()
            .map_or_else(|| DMatrix::zeros(width, dim), |factor| factor.solve(&right));
        Self {
            matrix: solution.transpose(),
            units: units.clone(),
        }
    }

    /// All samples of the paths from the first of each.
    pub fn paths(&self, paths: &[&Path]) -> Predicted {
        paths
            .iter()
            .map(|path| self.path(path, 0, path.len() - 1))
            .collect()
    }

    /// The samples of a path after one of them, that one first.
    pub fn path(&self, path: &Path, first: usize, length: usize) -> Vec<f64> {
        let times: Vec<f64> = path.times[first..=first + length]
            .iter()
            .map(|t| t / units::time(&self.units))
            .collect();
        let velocity = |interval: usize, x: &[f64]| {
            let held: Vec<f64> = x.iter().map(|x| x.clamp(-FARTHEST, FARTHEST)).collect();
            let line = regressors(&[&held], &path.input(first + interval));
            (&self.matrix * line).as_slice().to_vec()
        };
        let states = follow(velocity, self.units.inner_points(path.state(first)), &times).concat();
        let held: Vec<f64> = states
            .iter()
            .map(|x| x.clamp(-FARTHEST, FARTHEST))
            .collect();
        self.units.unscale_points(&held)
    }
}

/// The mean of some states, a 1 and the inputs.
fn regressors(states: &[&[f64]], inputs: &[f64]) -> DVector<f64> {
    let dim = states[0].len();
    let mean = |i: usize| states.iter().map(|x| x[i]).sum::<f64>() / states.len() as f64;
    let all = (0..dim)
        .map(mean)
        .chain([1.0])
        .chain(inputs.iter().copied());
    DVector::from_iterator(dim + 1 + inputs.len(), all)
}

/// The true gradient of a system in the network's units: what a perfect field would be, under the same method and step.
///
/// Products with its Jacobian are central differences; it is no field to learn with.
#[derive(Module, Debug)]
pub struct Exact {
    #[module(skip)]
    system: System,
    #[module(skip)]
    units: Similarity,
}

impl Exact {
    /// The gradient of a system's energy.
    pub fn new(system: System, units: Similarity) -> Self {
        Self { system, units }
    }

    fn rows(&self, x: &Tensor<2>, of_row: impl Fn(&[f64]) -> Vec<f64>) -> Tensor<2> {
        let [rows, dim] = x.dims();
        let states = self.units.unscale_points(&host(x.clone()));
        let values: Vec<f64> = states
            .chunks(dim)
            .flat_map(of_row)
            .map(|g| g / self.units.y_scale)
            .collect();
        Tensor::from_data(
            TensorData::new(values, [rows, dim]),
            (&x.device(), x.dtype()),
        )
    }
}

impl VectorField for Exact {
    fn dim(&self) -> usize {
        self.units.mean.len()
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.rows(&x, |x| self.system.gradient(x))
    }

    fn jacobian_vector(&self, x: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        let step = 1e-4;
        let ahead = self.forward(x.clone() + v.clone() * step);
        (ahead - self.forward(x - v * step)) / (2.0 * step)
    }
}
