//! Conjugates of a network's potential: `f(x*) = y` for each `y`, with what became of each.

use burn::tensor::Tensor;
use gradnet_core::combine::StronglyMonotone;
use gradnet_core::inverse::{InverseSettings, Solution, Verdict};

use crate::registry::{MonotoneNetwork, Network};

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

impl Effort {
    pub(super) fn settings(self) -> InverseSettings {
        match self {
            Self::Training => InverseSettings {
                tolerance: 1e-4,
                newton_steps: 25,
                ..InverseSettings::default()
            },
            Self::Measuring => InverseSettings::default(),
        }
    }
}

/// Solves `f(x) = y` row by row from `start` on; a second time by the potential where the residual alone leads nowhere
/// and it matters.
///
/// # Panics
/// If the network is not monotone or has no linear part; the task asks for both.
pub(super) fn conjugates(
    network: &Network,
    y: Tensor<2>,
    start: Tensor<2>,
    effort: Effort,
) -> Conjugates {
    let settings = effort.settings();
    let found = search(network, y.clone(), start, &settings);
    if effort == Effort::Training || found.is_solved() {
        return Conjugates::of(found);
    }
    let again = invertible(network).solve_by_potential(y, Some(found.x), &settings);
    Conjugates {
        steps: found.steps + again.steps,
        ..Conjugates::of(again)
    }
}

/// The search by the residual alone.
///
/// # Panics
/// As [`conjugates`].
pub(super) fn search(
    network: &Network,
    y: Tensor<2>,
    start: Tensor<2>,
    settings: &InverseSettings,
) -> Solution {
    invertible(network).solve(y, Some(start), settings)
}

fn invertible(network: &Network) -> StronglyMonotone<MonotoneNetwork> {
    let field = network.strongly_monotone();
    field.expect("the task refuses networks that are not monotone")
}

impl Conjugates {
    /// What a search has found.
    pub(super) fn of(found: Solution) -> Self {
        let verdicts = found.verdicts.iter();
        let solved: Vec<bool> = verdicts
            .map(|verdict| *verdict == Verdict::Solved)
            .collect();
        Self {
            missed: solved.iter().filter(|solved| !**solved).count(),
            solved,
            residuals: found.residuals,
            x: found.x,
            steps: found.steps,
        }
    }
}
