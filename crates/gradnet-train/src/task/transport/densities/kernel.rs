//! `p(x) = (1/n) Σ_i N(x; x_i, h² I)` about the rows of a file.

use std::path::PathBuf;

use nalgebra::{DMatrix, DVector};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{MOST_COMPONENTS, too_many};
use crate::data::file::PointTable;
use crate::files::{FileError, Naming};
use crate::task::transport::bandwidth::chosen_bandwidth;
use crate::task::transport::drawn::GaussianMixture;

pub(super) const NAMING: Naming = Naming {
    columns: "columns in the kernel's table under [transport.densities]",
    table: "[transport.densities]",
};

/// A Gaussian about every row of a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["file"]))]
pub struct KernelConfig {
    /// Coordinates of a point; found from the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dim: Option<usize>,
    /// The points: .csv, .tsv, .npy, .npz, .parquet or .safetensors, of 4096 rows at most; relative to the config's
    /// folder.
    pub file: PathBuf,
    /// Columns or arrays with the coordinates. Default: all columns but those that count rows, or the array "x".
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// Standard deviation of the Gaussians, greater than 0. Default: that which makes every fifth row likeliest under
    /// the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub bandwidth: Option<f64>,
}

impl KernelConfig {
    pub(super) fn density(&self) -> Result<GaussianMixture, FileError> {
        let table = PointTable::read(&self.file, &self.columns, NAMING.reading(None))?;
        let (rows, dim) = (table.rows(), table.dim());
        if rows > MOST_COMPONENTS {
            return Err(too_many(&self.file, "rows", rows));
        }
        let points = table.points(&(0..rows as u32).collect::<Vec<_>>());
        let chosen = || chosen_bandwidth(&points, dim);
        let bandwidth = self.bandwidth.or_else(chosen);
        let bandwidth = bandwidth.ok_or_else(|| FileError::Format {
            file: self.file.clone(),
            reason:
                "no bandwidth can be chosen: it has fewer than 10 rows, or they repeat one another"
                    .into(),
            remedy: "state the bandwidth".into(),
        })?;
        Ok(GaussianMixture {
            weights: Vec::new(),
            centres: points
                .chunks_exact(dim)
                .map(DVector::from_column_slice)
                .collect(),
            factors: vec![DMatrix::identity(dim, dim) * bandwidth; rows],
        })
    }
}
