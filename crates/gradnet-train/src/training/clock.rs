//! The time of a run, which may span several processes.

use std::time::Instant;

pub(super) struct Clock {
    started: Instant,
    /// Steps that were done before this process.
    steps_before: usize,
    /// Seconds of training before this process.
    elapsed_before_s: f64,
}

impl Clock {
    /// The clock of a run that has done so many steps in so many seconds; it starts now.
    pub(super) fn start(steps_before: usize, elapsed_before_s: f64) -> Self {
        Self {
            started: Instant::now(),
            steps_before,
            elapsed_before_s,
        }
    }

    /// Starts again.
    pub(super) fn restart(&mut self) {
        self.started = Instant::now();
    }

    /// Seconds of training, those before this process included.
    pub(super) fn elapsed_s(&self) -> f64 {
        self.elapsed_before_s + self.here_s()
    }

    /// Seconds left at the pace of this process, from `step` of `steps` on.
    pub(super) fn left_s(&self, step: usize, steps: usize) -> Option<f64> {
        let here = step - self.steps_before;
        let left = steps.saturating_sub(step) as f64;
        (here > 0).then(|| self.here_s() / here as f64 * left)
    }

    fn here_s(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }
}
