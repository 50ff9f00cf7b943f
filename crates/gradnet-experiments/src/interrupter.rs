//! A handle that ends long work early.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that asks work to stop. Its clones are the same flag, so that a signal handler or another
/// thread can hold one.
///
/// Whoever works looks at it now and then and ends in order: a run saves what it has.
#[derive(Clone, Debug, Default)]
pub struct Interrupter(Arc<AtomicBool>);

impl Interrupter {
    /// A flag that nobody has raised.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the work to stop.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether someone asked the work to stop.
    pub fn should_stop(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
