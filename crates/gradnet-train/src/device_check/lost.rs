//! Work that a device did not do, which CubeCL only logs.
//!
//! CubeCL 0.11 sends kernels to a thread of the device and returns at once. Where one cannot be launched, that thread
//! catches the panic and logs a warning; the tensor it should have filled holds whatever lay there. A program that
//! hears the warning passes it to [`note`], and whoever reads numbers asks [`lost`] first.

use std::sync::{Mutex, PoisonError};

use super::DeviceFault;

static LOST: Mutex<Option<String>> = Mutex::new(None);

/// Where CubeCL logs work that failed: the beginning of the log target.
pub const LOG_TARGET: &str = "cubecl_common::device";

/// Notes that a device has not done some work, and what it said; the first time counts.
pub fn note(message: String) {
    let mut lost = LOST.lock().unwrap_or_else(PoisonError::into_inner);
    lost.get_or_insert(message);
}

/// Fails if a device has not done some of its work.
///
/// # Errors
/// [`DeviceFault::Lost`], with what the device said.
pub fn lost() -> Result<(), DeviceFault> {
    let lost = LOST.lock().unwrap_or_else(PoisonError::into_inner);
    match &*lost {
        None => Ok(()),
        Some(message) => Err(DeviceFault::Lost {
            message: message.clone(),
        }),
    }
}
