//! A trained field.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard};

use burn::tensor::Device;
use gradnet_core::VectorField;
use gradnet_train::Run;
use gradnet_train::data::file::RunField;
use numpy::{IntoPyArray, PyArray1, PyArray2, PyArray3, PyReadonlyArray2};
use numpy::{PyArrayMethods, PyUntypedArrayMethods};
use pyo3::prelude::*;

use crate::refused;

/// The field of a run folder, computed in 64 bits on the processor.
#[pyclass(frozen, module = "gradnet_rs._native")]
pub struct NativeField {
    run: Run,
    dim: usize,
    network: &'static str,
    // Burn's modules cannot be shared between threads; each call takes a copy, which shares the weights.
    field: Mutex<RunField>,
}

impl NativeField {
    pub(crate) fn of(run: Run) -> PyResult<Self> {
        let device = Device::flex();
        if run.experiment().task.on_patches() {
            return Err(refused(
                format!(
                    "the run {} learned a field of pictures",
                    run.path().display()
                ),
                "restore pictures with `gradnet solve`",
            ));
        }
        let field = run.field(&device).map_err(|e| refused(&e, e.remedy()))?;
        Ok(Self {
            dim: field.dim(),
            network: field.network().name(),
            field: Mutex::new(field.in_double_precision(&device)),
            run,
        })
    }

    fn field(&self) -> RunField {
        let guard: MutexGuard<'_, RunField> = match self.field.lock() {
            Ok(guard) => guard,
            Err(poison) => poison.into_inner(),
        };
        guard.clone()
    }

    /// Computes something at points without Python's lock.
    fn at<T: Send>(
        &self,
        py: Python<'_>,
        x: &PyReadonlyArray2<'_, f64>,
        compute: impl FnOnce(&RunField, &[f64], &Device) -> T + Send,
    ) -> PyResult<T> {
        let points = x.as_slice()?.to_vec();
        let field = self.field();
        Ok(py.detach(move || compute(&field, &points, &Device::flex())))
    }

    fn rows<'py>(&self, py: Python<'py>, values: Vec<f64>) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let rows = values.len() / self.dim;
        values.into_pyarray(py).reshape([rows, self.dim])
    }
}

#[pymethods]
impl NativeField {
    /// Opens a run folder.
    #[new]
    fn open(py: Python<'_>, folder: PathBuf) -> PyResult<Self> {
        py.detach(|| {
            let run = Run::open(&folder).map_err(|error| refused(&error, error.remedy()))?;
            Self::of(run)
        })
    }

    /// Dimension of the points.
    #[getter]
    fn dim(&self) -> usize {
        self.dim
    }

    /// The network's registered name.
    #[getter]
    fn network(&self) -> &'static str {
        self.network
    }

    /// The run folder.
    #[getter]
    fn path(&self) -> PathBuf {
        self.run.path().into()
    }

    /// `summary.json`, or None of a run that is not finished.
    fn summary(&self) -> PyResult<Option<String>> {
        let summary = self.run.summary().map_err(|e| refused(&e, e.remedy()))?;
        Ok(summary.map(|summary| text(&summary)))
    }

    /// The field: `[n, d]` to `[n, d]`.
    fn values<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray2<'py, f64>,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let values = self.at(py, &x, RunField::values)?;
        self.rows(py, values)
    }

    /// The potential: `[n, d]` to `[n]`; None where it is not known.
    fn potential<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray2<'py, f64>,
    ) -> PyResult<Option<Bound<'py, PyArray1<f64>>>> {
        let values = self.at(py, &x, RunField::potentials)?;
        Ok(values.map(|values| values.into_pyarray(py)))
    }

    /// The Jacobians: `[n, d]` to `[n, d, d]`.
    fn jacobian<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray2<'py, f64>,
    ) -> PyResult<Bound<'py, PyArray3<f64>>> {
        let shape = [x.shape()[0], self.dim, self.dim];
        let values = self.at(py, &x, RunField::jacobians)?;
        values.into_pyarray(py).reshape(shape)
    }

    /// The Jacobian times a vector: `[n, d]`, `[n, d]` to `[n, d]`.
    fn jvp<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray2<'py, f64>,
        v: PyReadonlyArray2<'py, f64>,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let directions = v.as_slice()?.to_vec();
        let product = move |field: &RunField, x: &[f64], device: &Device| {
            field.jacobian_vectors(x, &directions, device)
        };
        let values = self.at(py, &x, product)?;
        self.rows(py, values)
    }

    /// The points that the field takes to `y`, and the rows that were not found; None if it is not known to be
    /// invertible.
    #[allow(clippy::type_complexity)]
    fn inverse<'py>(
        &self,
        py: Python<'py>,
        y: PyReadonlyArray2<'py, f64>,
    ) -> PyResult<Option<(Bound<'py, PyArray2<f64>>, Vec<usize>)>> {
        let Some(found) = self.at(py, &y, RunField::inverse)? else {
            return Ok(None);
        };
        let failed = found.failed.iter().map(|(row, _)| *row).collect();
        Ok(Some((self.rows(py, found.x)?, failed)))
    }

    /// What `gradnet verify --json` says.
    fn verify(&self, py: Python<'_>, samples: Option<usize>, seed: u64) -> PyResult<String> {
        py.detach(|| {
            let found = self.run.verify(&Device::flex(), samples, seed);
            found
                .map(|found| text(&found))
                .map_err(|error| refused(&error, error.remedy()))
        })
    }
}

fn text(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| format!("{{\"error\": \"{error}\"}}"))
}
