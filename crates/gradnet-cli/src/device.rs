//! From `--backend NAME --device N` to a device that computes, or a failure with the remedy.

use burn::tensor::Device;
use gradnet_train::backend::{Backend, BackendError};
use gradnet_train::config::nearest;

use crate::arguments::DeviceChoice;
use crate::diagnostics::Failure;

/// Opens the device.
pub fn open(choice: &DeviceChoice) -> Result<(Backend, Device), Failure> {
    let backend = Backend::from_name(&choice.backend)?;
    let device = quietly(|| backend.device(choice.device))?;
    Ok((backend, device))
}

/// Opens the device of a command that moves weights and computes next to nothing.
pub fn any() -> Result<Device, Failure> {
    Ok(quietly(|| Backend::first_compiled().device(None))?)
}

/// Runs `probe` without the message Rust prints when foreign driver code panics: the failure is told as a report
/// instead.
pub fn quietly<T>(probe: impl FnOnce() -> T) -> T {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let result = probe();
    std::panic::set_hook(hook);
    result
}

impl From<BackendError> for Failure {
    fn from(error: BackendError) -> Self {
        let help = match &error {
            BackendError::Unknown { name, compiled } => {
                match nearest(name, compiled.iter().copied()) {
                    Some(near) => format!("did you mean --backend {near}?"),
                    None => error.remedy(),
                }
            }
            _ => error.remedy(),
        };
        Self::input(error.to_string(), help)
    }
}
