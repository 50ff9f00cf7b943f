//! Ctrl-C and its relatives: the first asks a run to save and stop, the second ends the process.

use gradnet_experiments::Interrupter;

/// A handle that Ctrl-C stops a run with; SIGTERM, which batch systems send, and SIGHUP, which a closed terminal sends, do the same.
///
/// A SIGHUP that the process was started to ignore (`nohup`) stays ignored.
pub fn interrupter() -> Interrupter {
    let interrupter = Interrupter::new();
    #[cfg(unix)]
    if let Err(error) = unix::listen(interrupter.clone()) {
        crate::output::note(format_args!(
            "warning: Ctrl-C will end the run without saving: {error}"
        ));
    }
    interrupter
}

#[cfg(unix)]
mod unix {
    use gradnet_experiments::Interrupter;
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    use crate::output;

    pub(super) fn listen(interrupter: Interrupter) -> std::io::Result<()> {
        let hangup = (!ignores(SIGHUP)).then_some(SIGHUP);
        let mut signals = Signals::new([SIGINT, SIGTERM].into_iter().chain(hangup))?;
        std::thread::spawn(move || {
            let mut signals = signals.forever();
            if signals.next().is_some() {
                output::note("\nstopping and saving; once more to quit at once");
                interrupter.stop();
            }
            if signals.next().is_some() {
                std::process::exit(130);
            }
        });
        Ok(())
    }

    /// Whether the process ignores a signal, which it inherits from what started it. Where the system does not tell, it may.
    fn ignores(signal: i32) -> bool {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status
            .lines()
            .find_map(|line| line.strip_prefix("SigIgn:"))
            .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        mask.is_none_or(|mask| mask >> (signal - 1) & 1 == 1)
    }
}
