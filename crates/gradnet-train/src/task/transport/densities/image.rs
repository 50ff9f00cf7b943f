//! `p(x) = Σ_ij b_ij N(x; z_ij, diag(s/w, s/h)²) / Σ_ij b_ij`: the brightness of a picture on the unit square.

use std::path::PathBuf;

use nalgebra::{DMatrix, DVector};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{MOST_COMPONENTS, normalised, too_many};
use crate::files::FileError;
use crate::pictures::read_table;
use crate::task::transport::drawn::GaussianMixture;

/// A Gaussian in every pixel that is not black.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["file"]))]
pub struct ImageConfig {
    /// The picture: .png, .npy or .npz, of 4096 pixels at most that are not black; relative to the config's folder.
    pub file: PathBuf,
    /// Standard deviation of a pixel's Gaussian, in pixels. Default 0.5.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub smoothing: f64,
}

impl Default for ImageConfig {
    fn default() -> Self {
        Self {
            file: PathBuf::new(),
            smoothing: 0.5,
        }
    }
}

impl ImageConfig {
    pub(super) fn density(&self) -> Result<GaussianMixture, FileError> {
        let (values, [height, width]) = read_table(&self.file)?;
        let refused = |reason: String, remedy: &str| FileError::Format {
            file: self.file.clone(),
            reason,
            remedy: remedy.into(),
        };
        if let Some(bad) = values
            .iter()
            .find(|value| !(**value >= 0.0 && value.is_finite()))
        {
            return Err(refused(
                format!("the brightness {bad} cannot be part of a density"),
                "give every pixel a number that is not negative",
            ));
        }
        let bright = values.iter().enumerate().filter(|(_, value)| **value > 0.0);
        let (pixels, weights): (Vec<usize>, Vec<f64>) =
            bright.map(|(i, value)| (i, *value)).unzip();
        match pixels.len() {
            0 => {
                return Err(refused(
                    "it is all black, which is no density".into(),
                    "brightness is density: invert the picture if it is drawn in black on white",
                ));
            }
            count if count > MOST_COMPONENTS => {
                return Err(too_many(&self.file, "pixels that are not black", count));
            }
            _ => {}
        }
        let (w, h) = (width as f64, height as f64);
        let middle = |pixel: &usize| {
            let (row, column) = ((pixel / width) as f64, (pixel % width) as f64);
            DVector::from_row_slice(&[(column + 0.5) / w, 1.0 - (row + 0.5) / h])
        };
        let sizes = DVector::from_row_slice(&[self.smoothing / w, self.smoothing / h]);
        Ok(GaussianMixture {
            weights: normalised(&weights),
            centres: pixels.iter().map(middle).collect(),
            factors: vec![DMatrix::from_diagonal(&sizes); pixels.len()],
        })
    }
}
