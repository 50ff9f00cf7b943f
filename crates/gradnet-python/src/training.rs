//! Training, with Python's signals heard.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use burn::tensor::Device;
use gradnet_train::backend::Backend;
use gradnet_train::config::{self, Overrides};
use gradnet_train::training::Progress;
use gradnet_train::{Interrupter, Run, TrainError, TrainOptions};
use pyo3::exceptions::{PyRuntimeError, PyUserWarning};
use pyo3::prelude::*;

use crate::field::NativeField;
use crate::refused;

/// How often Python is asked for its signals.
const PATIENCE: Duration = Duration::from_millis(20);

/// Passes warnings to the thread that may tell them.
struct Warnings(Sender<String>);

impl Progress for Warnings {
    fn warn(&mut self, message: &str) {
        // Nobody listens any more once the training was interrupted.
        let _ = self.0.send(message.into());
    }
}

/// Trains the experiment of a config file, as `gradnet train` does, and opens its run folder.
///
/// `settings` are `KEY=VALUE`, as `--set` takes them. An interrupt ends the training at the next step; the folder keeps
/// the best weights so far.
#[pyfunction]
pub fn train(
    py: Python<'_>,
    config: PathBuf,
    output: PathBuf,
    settings: Vec<String>,
    overwrite: bool,
) -> PyResult<NativeField> {
    let overrides = Overrides {
        set: settings,
        ..Overrides::default()
    };
    let experiment = py
        .detach(|| config::load(&config, &overrides))
        .map_err(|error| refused(&error, error.help().unwrap_or("mend the setting")))?;
    let interrupter = Interrupter::new();
    let (sender, warnings) = channel();
    let options = TrainOptions {
        overwrite,
        interrupter: interrupter.clone(),
        progress: Box::new(Warnings(sender)),
        ..TrainOptions::new(Backend::Flex)
    };
    let folder = output.clone();
    let worker =
        thread::spawn(move || gradnet_train::train(&experiment, &Device::flex(), &folder, options));
    while !worker.is_finished() {
        py.detach(|| thread::sleep(PATIENCE));
        if let Err(interrupt) = py.check_signals().and_then(|()| tell(py, &warnings)) {
            interrupter.stop();
            let _ = py.detach(|| worker.join());
            return Err(interrupt);
        }
    }
    let summary = py
        .detach(|| worker.join())
        .map_err(|_| PyRuntimeError::new_err("the training ended by a fault of gradnet's own"))?;
    tell(py, &warnings)?;
    summary.map_err(|error: TrainError| refused(&error, error.remedy()))?;
    let run = Run::open(&output).map_err(|error| refused(&error, error.remedy()))?;
    NativeField::of(run)
}

/// Passes on what the training warned of.
fn tell(py: Python<'_>, warnings: &Receiver<String>) -> PyResult<()> {
    for warning in warnings.try_iter() {
        let text = std::ffi::CString::new(warning.replace('\0', " ")).unwrap_or_default();
        PyErr::warn(py, &py.get_type::<PyUserWarning>(), &text, 2)?;
    }
    Ok(())
}
