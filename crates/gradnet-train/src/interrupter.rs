//! A handle that ends long work early.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

/// A flag that asks work to stop. Its clones are the same flag, so that a signal handler or another
/// thread can hold one.
///
/// Work that would lose something is [`saving`](Self::saving): it looks at the flag now and then and
/// ends in order. All other work may be ended at any time.
#[derive(Clone, Debug, Default)]
pub struct Interrupter(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    work: Mutex<Work>,
    /// Told when nothing is saving any more.
    idle: Condvar,
}

#[derive(Debug, Default)]
struct Work {
    saving: usize,
    saved: Option<PathBuf>,
}

impl Interrupter {
    /// A flag that nobody has raised.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the work to stop.
    pub fn stop(&self) {
        self.0.stop.store(true, Ordering::Relaxed);
    }

    /// Whether someone asked the work to stop.
    pub fn should_stop(&self) -> bool {
        self.0.stop.load(Ordering::Relaxed)
    }

    /// Marks work that saves what it has when it is asked to stop, for as long as the guard lives.
    pub fn saving(&self) -> Saving {
        self.work().saving += 1;
        Saving(self.clone())
    }

    /// Whether some work would lose what it has if the process ended now.
    pub fn is_saving(&self) -> bool {
        self.work().saving > 0
    }

    /// Waits until no work would lose anything.
    pub fn wait_until_saved(&self) {
        let mut work = self.work();
        while work.saving > 0 {
            work = match self.0.idle.wait(work) {
                Ok(work) => work,
                Err(poison) => poison.into_inner(),
            };
        }
    }

    /// Notes the run folder from which the work can go on.
    pub fn saved_to(&self, run: &Path) {
        self.work().saved = Some(run.into());
    }

    /// The run folder from which the work can go on, if it noted one.
    pub fn saved(&self) -> Option<PathBuf> {
        self.work().saved.clone()
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        // Every change is one assignment, which a panic cannot leave half done.
        self.0
            .work
            .lock()
            .unwrap_or_else(|poison| poison.into_inner())
    }
}

/// Work that must be asked to stop, as long as this lives.
#[derive(Debug)]
pub struct Saving(Interrupter);

impl Drop for Saving {
    fn drop(&mut self) {
        let mut work = self.0.work();
        work.saving -= 1;
        if work.saving == 0 {
            self.0.0.idle.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_waits_goes_on_when_the_last_work_has_saved() {
        let interrupter = Interrupter::new();
        interrupter.wait_until_saved();
        let (first, second) = (interrupter.saving(), interrupter.saving());
        let waiting = interrupter.clone();
        let waiter = std::thread::spawn(move || {
            waiting.wait_until_saved();
            waiting.saved()
        });
        drop(first);
        assert!(interrupter.is_saving());
        interrupter.saved_to(Path::new("run"));
        drop(second);
        assert!(!interrupter.is_saving());
        assert_eq!(waiter.join().unwrap(), Some(PathBuf::from("run")));
    }
}
