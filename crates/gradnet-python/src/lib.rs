//! The native half of the Python package `gradnet_rs`: runs are trained and evaluated here, on the processor; arrays
//! are checked and told about in `python/gradnet_rs`.

use pyo3::prelude::*;

mod field;
mod training;

/// What `gradnet_rs` is built on.
#[pymodule]
mod _native {
    #[pymodule_export]
    use super::field::NativeField;
    #[pymodule_export]
    use super::training::train;
}

/// A `ValueError` with the program's text: what is wrong, and what to do.
fn refused(error: impl std::fmt::Display, remedy: impl std::fmt::Display) -> PyErr {
    pyo3::exceptions::PyValueError::new_err(format!("{error}\nhelp: {remedy}"))
}
