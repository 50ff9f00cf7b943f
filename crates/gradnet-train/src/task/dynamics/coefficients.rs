//! The friction and the input matrix, in closed form.
//!
//! Both enter the equations linearly. Over a window of the data from sample 0 to `K`, with midpoints `z_k` of its
//! samples,
//!
//! ```text
//! x_K − x_0 − Σ_k h_k J g(z_k) ≈ −γ Σ_k h_k (0, g_p(z_k)) + B Σ_k h_k u_k
//! ```
//!
//! and `γ` and `B` are the least squares solution for the field as it is. They are no parameters of the network: at the
//! optimum of the field they are at theirs (variable projection, Golub, Pereyra, 1973), and a run can be resumed
//! without them. Whole windows are taken, not steps, so that the noise of two samples stands beside all that happens
//! between them. `γ` below 0 is taken as 0.

use burn::module::Module;
use burn::tensor::{Tensor, TensorData};
use gradnet_core::VectorField;
use gradnet_core::analysis::host;
use nalgebra::{DMatrix, DVector};

use super::flow::{Flow, Structure};
use super::kind::Kind;
use super::window::Window;

/// What is added to the diagonal, relative to its mean: an input that never changes has no effect to be found.
const RIDGE: f64 = 1e-10;

/// The friction and the input matrix, in the network's units.
#[derive(Clone, Debug, PartialEq)]
pub struct Coefficients {
    /// `γ`.
    pub friction: f64,
    /// `B`, `[dim, inputs]`.
    pub inputs: DMatrix<f64>,
}

impl Coefficients {
    /// Nothing but a given friction.
    pub fn given(friction: f64, dim: usize) -> Self {
        Self {
            friction,
            inputs: DMatrix::zeros(dim, 0),
        }
    }

    /// `B u` for inputs `u`, `[rows, inputs] -> [rows, dim]`.
    pub fn drive(&self, u: &Tensor<2>) -> Tensor<2> {
        let (dim, inputs) = self.inputs.shape();
        // By columns: the transpose, row after row.
        let data = TensorData::new(self.inputs.as_slice().to_vec(), [inputs, dim]);
        u.clone()
            .matmul(Tensor::from_data(data, (&u.device(), u.dtype())))
    }

    /// The structure with this friction.
    pub fn structure(&self, kind: Kind) -> Structure {
        Structure {
            kind,
            friction: self.friction,
        }
    }

    /// The least squares solution over a window, with the friction that is given or found; where nothing is left to
    /// find, nothing is computed.
    pub fn find<F: VectorField + Module>(
        field: &F,
        kind: Kind,
        friction: Option<f64>,
        window: &Window,
    ) -> Self {
        let dim = field.dim();
        let unknown = friction.is_none() && kind == Kind::Dissipative;
        if !unknown && window.inputs.is_empty() {
            return Self::given(friction.unwrap_or(0.0), dim);
        }
        let equations = Equations::of(field, kind, window);
        if !unknown {
            return equations.solve(friction);
        }
        let found = equations.solve(None);
        if found.friction < 0.0 {
            equations.solve(Some(0.0))
        } else {
            found
        }
    }
}

/// The sums of the module's text, row after row of the window.
struct Equations {
    dim: usize,
    kind: Kind,
    left: Vec<f64>,
    /// `Σ h g`.
    gradients: Vec<f64>,
    /// `Σ h u`.
    inputs: Vec<f64>,
}

impl Equations {
    fn of<F: VectorField + Module>(field: &F, kind: Kind, window: &Window) -> Self {
        let flow = Flow::new(
            field,
            Structure {
                kind,
                friction: 0.0,
            },
        );
        let length = window.length();
        let middles =
            (0..length).map(|k| (window.states[k].clone() + window.states[k + 1].clone()) * 0.5);
        let gradients = flow.gradient(Tensor::cat(middles.collect(), 0));
        let steps = Tensor::cat(window.steps.clone(), 0);
        let sum = |values: Tensor<2>| {
            let rows = values.dims()[0] / length;
            let parts = (0..length).map(|k| values.clone().narrow(0, k * rows, rows));
            parts.reduce(|a, b| a + b).map(host).unwrap_or_default()
        };
        let weighed = gradients * steps.clone();
        let moved = window.states[length].clone() - window.states[0].clone();
        let inputs = match window.inputs.is_empty() {
            true => Vec::new(),
            false => sum(Tensor::cat(window.inputs.clone(), 0) * steps),
        };
        let explained = host(moved)
            .into_iter()
            .zip(sum(flow.apply(weighed.clone())));
        Self {
            dim: field.dim(),
            kind,
            left: explained.map(|(moved, own)| moved - own).collect(),
            gradients: sum(weighed),
            inputs,
        }
    }

    /// Unknowns: the friction if it is not given, then the rows of `B`.
    fn solve(&self, friction: Option<f64>) -> Coefficients {
        let (dim, rows) = (self.dim, self.left.len() / self.dim);
        let width = self.inputs.len() / rows;
        let first = usize::from(friction.is_none());
        let count = first + dim * width;
        let (mut normal, mut right) = (DMatrix::zeros(count, count), DVector::zeros(count));
        for row in 0..rows {
            for i in 0..dim {
                let rubs = self.kind == Kind::Dissipative && i >= dim / 2;
                let rubbed = if rubs {
                    -self.gradients[row * dim + i]
                } else {
                    0.0
                };
                let left = self.left[row * dim + i] - friction.unwrap_or(0.0) * rubbed;
                let mut line = DVector::zeros(count);
                if first == 1 {
                    line[0] = rubbed;
                }
                for j in 0..width {
                    line[first + i * width + j] = self.inputs[row * width + j];
                }
                right += &line * left;
                normal += &line * line.transpose();
            }
        }
        let ridge = RIDGE * normal.trace() / count.max(1) as f64 + f64::MIN_POSITIVE;
        (0..count).for_each(|i| normal[(i, i)] += ridge);
        let solution = normal
            .cholesky()
            .map_or_else(|| DVector::zeros(count), |factor| factor.solve(&right));
        Coefficients {
            friction: friction.unwrap_or_else(|| solution[0]),
            inputs: DMatrix::from_fn(dim, width, |i, j| solution[first + i * width + j]),
        }
    }
}
