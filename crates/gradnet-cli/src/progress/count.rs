//! Progress of work that is a number of points: a bar on a terminal, a line now and then in a pipe.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::suited;
use crate::arguments::ProgressKind;
use crate::output;

/// Time between two lines in a pipe.
const SECONDS: Duration = Duration::from_secs(10);

/// The bar or the lines.
pub struct Count {
    bar: Option<ProgressBar>,
    /// When the last line was said; None to say none.
    said: Option<Instant>,
}

impl Count {
    /// The kind asked for, or the one that suits where stderr goes.
    pub fn new(kind: Option<ProgressKind>) -> Self {
        let (bar, plain) = match suited(kind) {
            ProgressKind::None => (false, false),
            ProgressKind::Plain => (false, true),
            ProgressKind::Bar | ProgressKind::Dashboard => (true, false),
        };
        Self {
            bar: bar.then(drawn),
            said: plain.then(Instant::now),
        }
    }

    /// So many points are done.
    pub fn show(&mut self, done: u64, total: Option<u64>) {
        if let Some(bar) = &self.bar {
            if let (Some(total), None) = (total, bar.length()) {
                bar.set_length(total);
            }
            bar.set_position(done);
        }
        if let Some(said) = &mut self.said
            && said.elapsed() > SECONDS
        {
            *said = Instant::now();
            match total {
                Some(total) => output::note(format_args!("{done}/{total} points")),
                None => output::note(format_args!("{done} points")),
            }
        }
    }
}

fn drawn() -> ProgressBar {
    let bar = ProgressBar::no_length();
    // The template is fixed and valid; were it not, indicatif's own style would do.
    if let Ok(style) =
        ProgressStyle::with_template("{bar:24.cyan/dim} {pos}/{len} points  {eta} left")
    {
        bar.set_style(style.progress_chars("━━─"));
    }
    bar
}

impl Drop for Count {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
