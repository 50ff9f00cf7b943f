//! How long the cells that are left will take.

use std::time::Instant;

use crate::experiment::Experiment;

/// Where a sweep is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Cells with a record, those of earlier calls included.
    pub done: usize,
    /// Cells known to be needed; the further seeds are known once all candidates are done.
    pub total: usize,
    /// Seconds left at the pace so far.
    pub left_s: f64,
}

/// Cells alike in cost: network, dimension, steps.
type Cost = (&'static str, usize, usize);

/// The cells run by this call.
pub(super) struct Pace {
    started: Instant,
    ran: Vec<(Cost, f64)>,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            ran: Vec::new(),
        }
    }
}

impl Pace {
    /// A cell was run.
    pub(super) fn ran(&mut self, experiment: &Experiment, wall_s: f64) {
        self.ran.push((cost(experiment), wall_s));
    }

    /// Seconds that these will take, once a cell was run: each as long as those alike took, or as long as all did.
    pub(super) fn left_s<'a>(&self, left: impl Iterator<Item = &'a Experiment>) -> f64 {
        let mean = |times: &[f64]| times.iter().sum::<f64>() / times.len() as f64;
        let all: Vec<f64> = self.ran.iter().map(|(_, wall_s)| *wall_s).collect();
        let expected = |experiment: &Experiment| {
            let alike = self.ran.iter().filter(|(of, _)| *of == cost(experiment));
            let alike: Vec<f64> = alike.map(|(_, wall_s)| *wall_s).collect();
            mean(if alike.is_empty() { &all } else { &alike })
        };
        let left: f64 = left.map(expected).sum();
        // Jobs side by side and loading take their share: the pace is what the clock says.
        left * self.started.elapsed().as_secs_f64() / all.iter().sum::<f64>()
    }
}

fn cost(experiment: &Experiment) -> Cost {
    let steps = experiment.train.steps;
    (experiment.network.name(), experiment.dim(), steps)
}
