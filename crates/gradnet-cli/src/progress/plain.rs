//! A line now and then, for files and pipes.

use gradnet_train::training::{Plan, Progress, Stage, Status};

use super::{duration, numbers};
use crate::output;

/// At most this many lines a run, unless it is slow.
const LINES: usize = 20;

/// A slow run gives a line that often.
const SECONDS: f64 = 60.0;

/// The lines.
pub struct Plain {
    /// Step and second of the last line.
    last: (usize, f64),
}

impl Plain {
    pub fn new() -> Self {
        Self { last: (0, 0.0) }
    }
}

impl Progress for Plain {
    fn start(&mut self, plan: &Plan) {
        output::note(format_args!(
            "{}: {} ({} parameters) learns {}, d = {}, in {} steps",
            plan.name, plan.network, plan.parameters, plan.target, plan.dim, plan.steps
        ));
    }

    fn warn(&mut self, message: &str) {
        output::note(format_args!("note: {message}"));
    }

    fn stage(&mut self, stage: Stage) {
        if stage == Stage::Evaluating {
            output::note("scoring on the test points");
        }
    }

    fn update(&mut self, status: &Status) {
        let (step, elapsed) = self.last;
        let due = status.step >= step + status.steps.div_ceil(LINES)
            || status.step == status.steps
            || status.elapsed_s >= elapsed + SECONDS;
        if !status.validated || !due {
            return;
        }
        self.last = (status.step, status.elapsed_s);
        let left = match status.eta_s {
            Some(seconds) => format!(", {} left", duration(seconds)),
            None => String::new(),
        };
        output::note(format_args!(
            "step {}/{}  {}  {}{left}",
            status.step,
            status.steps,
            numbers(status),
            duration(status.elapsed_s)
        ));
    }
}
