//! A sweep or a reproduction on stderr: a bar with the table so far on a terminal, one line per cell elsewhere.

use gradnet_train::sweep::{Cell, Progress, Record, Watch};
use indicatif::{ProgressBar, ProgressStyle};

use super::duration;
use crate::output;

/// The bar, which is hidden where stderr is no terminal, and where the program is to be quiet.
pub struct Cells {
    bar: ProgressBar,
}

impl Cells {
    /// Nothing is drawn before the first cell ends.
    pub fn new() -> Self {
        let bar = match output::is_quiet() {
            true => ProgressBar::hidden(),
            false => ProgressBar::no_length(),
        };
        // The template is fixed and valid; were it not, indicatif's own style would do.
        if let Ok(style) =
            ProgressStyle::with_template("{msg}\n{bar:24.cyan/dim} {pos}/{len} cells{prefix}")
        {
            bar.set_style(style.progress_chars("━━─"));
        }
        Self { bar }
    }
}

impl Watch for Cells {
    fn begun(&self, cell: &Cell) {
        if self.bar.is_hidden() {
            output::note(format_args!("{} begins", cell.name()));
        }
    }

    fn ended(&self, record: &Record, progress: Progress, table: &str) {
        let left = format!(", {} left", duration(progress.left_s));
        if self.bar.is_hidden() {
            let outcome = match (&record.failure, &record.result) {
                (None, Some(result)) => format!("validation {}", result.validation),
                (failure, _) => failure.clone().unwrap_or_default(),
            };
            let place = [record.row.as_str(), record.case.as_str()];
            let place = place.into_iter().filter(|name| !name.is_empty());
            output::note(format_args!(
                "[{}/{}] {}, seed {}: {outcome} ({}){left}",
                progress.done,
                progress.total,
                place.collect::<Vec<_>>().join(", "),
                record.experiment.seed,
                duration(record.wall_s),
            ));
            return;
        }
        self.bar.set_length(progress.total as u64);
        self.bar.set_position(progress.done as u64);
        self.bar.set_prefix(left);
        self.bar.set_message(table.to_owned());
    }
}

/// One that fails leaves no half-drawn bar beneath its report.
impl Drop for Cells {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
