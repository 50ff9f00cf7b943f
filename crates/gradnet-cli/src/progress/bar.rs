//! One line on the terminal that updates itself.

use gradnet_train::training::{Plan, Progress, Stage, Status};
use indicatif::{ProgressBar, ProgressStyle};

use super::{duration, numbers};

/// The bar; it draws on stderr, and nothing where that is no terminal.
pub struct Bar {
    bar: ProgressBar,
}

impl Bar {
    pub fn new() -> Self {
        let bar = ProgressBar::no_length();
        // The template is fixed and valid; were it not, indicatif's own style would do.
        if let Ok(style) =
            ProgressStyle::with_template("{prefix:.bold} {bar:24.cyan/dim} {pos}/{len} {wide_msg}")
        {
            bar.set_style(style.progress_chars("━━─"));
        }
        Self { bar }
    }
}

impl Progress for Bar {
    fn start(&mut self, plan: &Plan) {
        self.bar
            .set_prefix(format!("{} {}", plan.name, plan.network));
        self.bar.set_length(plan.steps as u64);
    }

    fn stage(&mut self, stage: Stage) {
        match stage {
            Stage::Preparing => self.bar.set_message("preparing"),
            Stage::Evaluating => self.bar.set_message("scoring on the test points"),
            _ => {}
        }
    }

    fn update(&mut self, status: &Status) {
        let left = match status.eta_s {
            Some(seconds) => format!("  {} left", duration(seconds)),
            None => String::new(),
        };
        self.bar.set_position(status.step as u64);
        self.bar.set_message(format!("{}{left}", numbers(status)));
    }

    fn warn(&mut self, message: &str) {
        self.bar.println(format!("note: {message}"));
    }

    fn finish(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// A run that fails leaves no half-drawn bar beneath its report.
impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
