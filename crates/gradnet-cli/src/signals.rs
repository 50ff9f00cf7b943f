//! Ctrl-C and its relatives: the first ends the program as soon as nothing would be lost by it, the
//! second at once.
//!
//! A run that trains is asked to save what it has. All other work, such as reading data, tests,
//! reference rows, reports and predictions, loses nothing but itself and ends where it stands.

use std::sync::{LazyLock, OnceLock};

use gradnet_train::Interrupter;

static INTERRUPTER: LazyLock<Interrupter> = LazyLock::new(Interrupter::new);

/// How the work of this command goes on after it was ended.
static REMEDY: OnceLock<&str> = OnceLock::new();

/// The handle that Ctrl-C stops the work with.
pub fn interrupter() -> Interrupter {
    INTERRUPTER.clone()
}

/// Notes what the user is told when the work is ended: how to go on.
pub fn remedy(text: &'static str) {
    // The first that is said holds; no command has two.
    let _ = REMEDY.set(text);
}

/// Listens to Ctrl-C, to SIGTERM, which batch systems send, and to SIGHUP, which a closed terminal
/// sends.
///
/// A SIGHUP that the process was started to ignore (`nohup`) stays ignored.
pub fn listen() {
    #[cfg(unix)]
    if let Err(error) = unix::listen() {
        crate::output::note(format_args!(
            "warning: Ctrl-C will end a run without saving: {error}"
        ));
    }
}

#[cfg(unix)]
mod unix {
    use std::time::Duration;

    use gradnet_train::run::remove_unfinished;
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    use super::{INTERRUPTER, REMEDY};
    use crate::output;

    /// How long work that has saved may take to say so itself.
    const GRACE: Duration = Duration::from_secs(1);

    pub(super) fn listen() -> std::io::Result<()> {
        let hangup = (!ignores(SIGHUP)).then_some(SIGHUP);
        let mut signals = Signals::new([SIGINT, SIGTERM].into_iter().chain(hangup))?;
        std::thread::spawn(move || {
            let mut signals = signals.forever();
            if signals.next().is_some() {
                std::thread::spawn(stop);
            }
            if signals.next().is_some() {
                quit();
            }
        });
        Ok(())
    }

    /// Ends the process when all that was asked to save has saved.
    fn stop() {
        let asked = INTERRUPTER.is_saving();
        INTERRUPTER.stop();
        if asked {
            output::note("\nstopping and saving; once more to quit at once");
            INTERRUPTER.wait_until_saved();
            std::thread::sleep(GRACE);
        }
        let saved = INTERRUPTER.saved().map(|run| {
            format!(
                "go on where it stopped with `gradnet resume {}`",
                run.display()
            )
        });
        let remedy = REMEDY.get().map(|remedy| remedy.to_string()).or(saved);
        let remedy = remedy.map_or(String::new(), |remedy| format!(": {remedy}"));
        output::error(format_args!("\ninterrupted{remedy}"));
        quit();
    }

    fn quit() {
        remove_unfinished();
        std::process::exit(130);
    }

    /// Whether the process ignores a signal, which it inherits from what started it. Where the
    /// system does not tell, it may.
    fn ignores(signal: i32) -> bool {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status
            .lines()
            .find_map(|line| line.strip_prefix("SigIgn:"))
            .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        mask.is_none_or(|mask| mask >> (signal - 1) & 1 == 1)
    }
}
