//! How a run's progress is shown: a bar on a terminal, lines in a pipe, nothing in CI. All of it
//! goes to stderr.

mod bar;
mod cells;
mod count;
mod plain;

pub use cells::Cells;

use std::io::IsTerminal;

use gradnet_train::task::Quantity;
use gradnet_train::training::{Progress, Status};

pub use count::Count;

use crate::arguments::ProgressKind;
use crate::output;

/// The kind asked for, or the one that suits where stderr goes: a terminal, the log of an automatic build (which sets
/// `CI`), or a pipe.
fn suited(kind: Option<ProgressKind>) -> ProgressKind {
    if output::is_quiet() {
        return ProgressKind::None;
    }
    if kind == Some(ProgressKind::Dashboard) {
        output::note("warning: the dashboard is gone; --progress bar is shown instead");
    }
    let automatic = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
    kind.unwrap_or(match (std::io::stderr().is_terminal(), automatic) {
        (true, _) => ProgressKind::Bar,
        (false, true) => ProgressKind::None,
        (false, false) => ProgressKind::Plain,
    })
}

/// Who is told of a run: the kind asked for, or the one that suits where stderr goes.
pub fn choose(kind: Option<ProgressKind>) -> Box<dyn Progress> {
    match suited(kind) {
        ProgressKind::Bar | ProgressKind::Dashboard => Box::new(bar::Bar::new()),
        ProgressKind::Plain => Box::new(plain::Plain::new()),
        ProgressKind::None => Box::new(Warnings),
    }
}

/// Shows no progress, but what would ruin the run.
struct Warnings;

impl Progress for Warnings {
    fn warn(&mut self, message: &str) {
        output::note(format_args!("note: {message}"));
    }
}

/// Losses and decibels of a status, as far as they are known.
fn numbers(status: &Status) -> String {
    let mut text = String::new();
    if let Some(loss) = status.train_loss {
        text.push_str(&format!("loss {loss:.2e}"));
    }
    if let (Some(last), Some(best)) = (status.validation, status.best) {
        let [last, best] = [last, best].map(|value| Quantity::new(value, status.criterion.unit));
        text.push_str(&format!("  validation {last}, best {best}"));
    }
    text
}

/// A time that a person can read: "48 s", "3 min 20 s", "2 h 5 min".
fn duration(seconds: f64) -> String {
    let seconds = seconds.max(0.0).round() as u64;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_a_person_says_them() {
        assert_eq!(duration(0.4), "0 s");
        assert_eq!(duration(59.6), "1 min 0 s");
        assert_eq!(duration(200.0), "3 min 20 s");
        assert_eq!(duration(7500.0), "2 h 5 min");
    }
}
