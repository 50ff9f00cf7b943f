//! Conjugates of a network's potential: `f(x*) = y` for each `y`, with what became of each.

use burn::tensor::Tensor;
use gradnet_core::inverse::{InverseSettings, Verdict};

use crate::registry::Network;

/// How hard is looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effort {
    /// A step: rows that are not found soon are dropped.
    Training,
    /// A number that is reported or that chooses weights.
    Measuring,
}

/// What was found.
pub(super) struct Conjugates {
    /// The points, `[rows, dim]`: finite, but worth something only where solved.
    pub(super) x: Tensor<2>,
    /// `|f(x) − y|`.
    pub(super) residuals: Vec<f64>,
    /// Which rows are solved.
    pub(super) solved: Vec<bool>,
    /// How many are not.
    pub(super) missed: usize,
    /// Newton steps of the row that took most.
    pub(super) steps: usize,
}

/// Solves `f(x) = y` row by row from `start` on; a second time by the potential where the residual alone leads nowhere and it matters.
///
/// # Panics
/// If the network is not monotone or has no linear part; the task asks for both.
pub(super) fn conjugates(
    network: &Network,
    y: Tensor<2>,
    start: Tensor<2>,
    effort: Effort,
) -> Conjugates {
    let field = network.strongly_monotone();
    let field = field.expect("the task refuses networks that are not monotone");
    let settings = match effort {
        Effort::Training => InverseSettings {
            tolerance: 1e-4,
            newton_steps: 25,
            ..InverseSettings::default()
        },
        Effort::Measuring => InverseSettings::default(),
    };
    let mut found = field.solve(y.clone(), Some(start), &settings);
    let mut steps = found.steps;
    if effort == Effort::Measuring && !found.is_solved() {
        found = field.solve_by_potential(y, Some(found.x), &settings);
        steps += found.steps;
    }
    let solved: Vec<bool> = found
        .verdicts
        .iter()
        .map(|verdict| *verdict == Verdict::Solved)
        .collect();
    Conjugates {
        missed: solved.iter().filter(|solved| !**solved).count(),
        solved,
        residuals: found.residuals,
        x: found.x,
        steps,
    }
}
