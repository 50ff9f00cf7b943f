//! `[data.file]`: where the pairs are and how they are used.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Split;
use crate::files::{FileError, RowReader};
use crate::setting_error::SettingError;

/// A file of points and gradients.
///
/// ```toml
/// [data.file]
/// path = "gradients.csv"
/// x = ["x1", "x2"]
/// y = ["g1", "g2"]
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["path"]))]
pub struct FileConfig {
    /// The file: .csv, .tsv, .npy, .npz, .parquet or .safetensors; relative to the config's folder.
    pub path: PathBuf,
    /// A second file with the gradients alone, row for row; the first then holds the points alone. Not set by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gradient_path: Option<PathBuf>,
    /// Whether the first line of a text file names the columns. Found out by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<bool>,
    /// Columns or arrays with the points. Default: the first half of the columns; for .npz and .safetensors the array
    /// "x".
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub x: Vec<String>,
    /// Columns or arrays with the gradients. Default: the second half of the columns; for .npz and .safetensors the
    /// array "y".
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub y: Vec<String>,
    /// Share of the rows that choose the weights, between 0 and 1. Default 0.1.
    #[schemars(extend("exclusiveMinimum" = 0.0, "exclusiveMaximum" = 1.0))]
    pub validation: f64,
    /// Share of the rows that give the reported error, between 0 and 1. Default 0.1.
    #[schemars(extend("exclusiveMinimum" = 0.0, "exclusiveMaximum" = 1.0))]
    pub test: f64,
    /// Whether points and gradients are moved to mean zero and divided by one number each. Default true.
    pub standardise: bool,
    /// -1 if the gradients in the file are minus those of the potential, as forces are minus the gradient of an energy:
    /// the network learns -y, predictions are y. Default 1.
    #[serde(skip_serializing_if = "is_plus")]
    #[schemars(extend("enum" = [1, -1], "default" = 1))]
    pub sign: i8,
    /// A column or array with the potential at each point, up to a constant: learned beside the gradients. Not set by
    /// default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub potential: Option<String>,
    /// Weight of the gradients' error in the loss, beside a potential.
    #[serde(skip_serializing_if = "is_one")]
    #[schemars(extend("default" = 1.0, "minimum" = 0.0))]
    pub gradient_weight: f64,
    /// Weight of the potential's error in the loss, beside a potential.
    #[serde(skip_serializing_if = "is_one")]
    #[schemars(extend("default" = 1.0, "minimum" = 0.0))]
    pub potential_weight: f64,
    /// Dimension of the points; found from the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dim: Option<usize>,
}

impl Default for FileConfig {
    fn default() -> Self {
        Self {
            path: PathBuf::new(),
            gradient_path: None,
            header: None,
            x: Vec::new(),
            y: Vec::new(),
            validation: 0.1,
            test: 0.1,
            standardise: true,
            sign: 1,
            potential: None,
            gradient_weight: 1.0,
            potential_weight: 1.0,
            dim: None,
        }
    }
}

fn is_one(weight: &f64) -> bool {
    *weight == 1.0
}

fn is_plus(sign: &i8) -> bool {
    *sign == 1
}

/// Readers of a file of pairs: one that gives `[x | y]` rows, or one for each half.
#[allow(clippy::large_enum_variant)] // one lives at a time
pub(super) enum Readers {
    One(RowReader),
    Two(RowReader, RowReader),
}

impl FileConfig {
    /// The settings for a file with everything else at its default.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            ..Self::default()
        }
    }

    /// Checks the numbers.
    pub(crate) fn check(&self) -> Result<(), SettingError> {
        Split::check_shares(self.validation, self.test)?;
        if ![1, -1].contains(&self.sign) {
            return Err(SettingError::Invalid {
                field: "sign",
                value: self.sign.to_string(),
                requirement: "must be 1 or -1".into(),
                remedy:
                    "write sign = -1 if the gradients are forces, minus the gradient of an energy"
                        .into(),
            });
        }
        self.check_potential()
    }

    /// The settings with absolute paths and the dimension, from the file's header; `base` is the folder relative paths
    /// begin at.
    ///
    /// # Errors
    /// If the file cannot be opened, a column is missing, or x and y are not equally wide.
    pub fn inspect(mut self, base: &Path) -> Result<Self, FileError> {
        for path in [Some(&mut self.path), self.gradient_path.as_mut()]
            .into_iter()
            .flatten()
        {
            *path = absolute(path, base)?;
        }
        let (_, dim) = self.open()?;
        self.open_potential()?;
        if let Some(stated) = self.dim
            && stated != dim
        {
            return Err(FileError::Format {
                file: self.path.clone(),
                reason: format!("its points have {dim} coordinates, not dim = {stated}"),
                remedy: "leave dim out: it is found from the file".into(),
            });
        }
        self.dim = Some(dim);
        Ok(self)
    }
}

/// A path that begins at `base` if it is relative, as a config of a run can name it.
///
/// # Errors
/// If the path is not UTF-8.
pub fn absolute(path: &Path, base: &Path) -> Result<PathBuf, FileError> {
    let path =
        std::path::absolute(base.join(path)).map_err(|error| FileError::read(path, &error))?;
    if path.to_str().is_none() {
        return Err(FileError::Format {
            file: path,
            reason: "its path is not UTF-8, so no config can name it".into(),
            remedy: "move it to a folder with a plain name".into(),
        });
    }
    Ok(path)
}
