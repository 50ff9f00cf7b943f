//! The rollout loss: paths followed over a window of `K` samples.
//!
//! ```text
//! mean over windows, k = 1 .. K and coordinates of (Φ^k(x̂_0) − x_k)²,    Φ one step of the method (`step`)
//! ```
//!
//! The start `x̂_0` is the measured `x_0`, or fitted to the whole window ([`fit_starts`](super::fit_starts)): from a
//! noisy start the best field would be a biased one. As in Chen et al., "Symplectic Recurrent Neural Networks" (2020),
//! who found both the long windows and the fitted starts to be what noise asks for. The learned `H` is that of the
//! method, `O(h²)` from the true one; substeps make it smaller.
//!
//! The gradient by the weights is exact and its graph holds a single evaluation of the field, whatever `K`: with the
//! adjoints `λ` of the steps,
//!
//! ```text
//! dL = Σ_stages ⟨w, dg(z)⟩,    (λ, w) from the stage after it
//! ```
//!
//! so the field is evaluated once more at all points `z` together, and what is differentiated is `Σ ⟨w, g(z)⟩` with `w`
//! held fixed. Fitted starts need no further term, since at the best start the loss does not move with it (the envelope
//! theorem).

use burn::module::Module;
use burn::tensor::Tensor;
use gradnet_core::VectorField;

use super::fit_starts;
use crate::task::dynamics::coefficients::Coefficients;
use crate::task::dynamics::flow::Flow;
use crate::task::dynamics::kind::Kind;
use crate::task::dynamics::step::{Stage, step};
use crate::task::dynamics::window::Window;

/// How paths are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rollout {
    /// Steps of the method from one sample to the next.
    pub substeps: usize,
    /// Gauss-Newton steps for the starts; with 0 they are the measured ones.
    pub start_steps: usize,
}

/// States at the samples of a window, and the stages on the way to each but the first.
pub struct Followed {
    /// States, `[rows, dim]` each, the start among them.
    pub states: Vec<Tensor<2>>,
    /// Stages from each sample to the next.
    pub stages: Vec<Vec<Stage>>,
}

/// Follows the flow from `start` over a window.
pub fn follow<F: VectorField + Module>(
    flow: &Flow<F>,
    start: Tensor<2>,
    window: &Window,
    coefficients: &Coefficients,
    substeps: usize,
) -> Followed {
    let mut followed = Followed {
        states: vec![start.clone()],
        stages: Vec::new(),
    };
    let mut x = start;
    for (h, drive) in window.steps.iter().zip(window.drives(coefficients)) {
        let mut stages = Vec::new();
        for _ in 0..substeps {
            let (next, trace) = step(flow, x, h.clone() / substeps as f64, drive.as_ref());
            x = next;
            stages.extend(trace);
        }
        followed.states.push(x.clone());
        followed.stages.push(stages);
    }
    followed
}

/// The loss of a field with autodiff, `[1]`.
pub fn rollout<F: VectorField + Module>(
    field: &F,
    kind: Kind,
    coefficients: &Coefficients,
    window: &Window,
    how: Rollout,
) -> Tensor<1> {
    let quiet = field.valid();
    let flow = Flow::new(&quiet, coefficients.structure(kind));
    let start = fit_starts(&flow, window, coefficients, how);
    let followed = follow(&flow, start, window, coefficients, how.substeps);
    let [rows, dim] = window.states[0].dims();
    let count = (rows * dim * window.length()) as f64;
    let errors: Vec<Tensor<2>> = followed
        .states
        .iter()
        .zip(&window.states)
        .map(|(found, x)| found.clone() - x.clone())
        .collect();
    let (mut points, mut weights) = (Vec::new(), Vec::new());
    let mut adjoint = errors[0].zeros_like();
    for (error, stages) in errors[1..].iter().zip(&followed.stages).rev() {
        adjoint = adjoint + error.clone() * (2.0 / count);
        for stage in stages.iter().rev() {
            let (before, w) = stage.adjoint(&flow, adjoint);
            adjoint = before;
            points.push(stage.at().clone());
            weights.push(w);
        }
    }
    let squares = errors[1..].iter().map(|error| error.clone().square().sum());
    let zero = errors[0].clone().sum() * 0.0;
    let value = squares.fold(zero, |sum, square| sum + square) / count;
    let moved = (field.forward(Tensor::cat(points, 0)) * Tensor::cat(weights, 0)).sum();
    // The value of the loss with the derivative of the sum.
    moved.clone() - moved.detach() + value
}
