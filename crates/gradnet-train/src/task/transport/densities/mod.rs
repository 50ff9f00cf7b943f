//! `[transport.densities]`: two densities that are known, of which samples are drawn.
//!
//! ```text
//! gaussians   p(x) = Σ_k w_k N(x; m_k, C_k)
//! kernel      p(x) = (1/n) Σ_i N(x; x_i, h² I)                          x_i the rows of a file
//! image       p(x) = Σ_ij b_ij N(x; z_ij, diag(s/w, s/h)²) / Σ_ij b_ij   z_ij the middles of the pixels
//! ```
//!
//! All three are mixtures of Gaussians, so that log density, gradient and samples are those of `density`. A picture
//! of `w × h` pixels fills the unit square, the first coordinate to the right and the second upwards; `b` is the
//! brightness.

mod gaussians;
mod image;
mod kernel;

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::drawn::{GaussianMixture, random};
use super::pair::{Pair, Part, Side};
use crate::data::file::{PointTable, absolute};
use crate::files::FileError;
use crate::settings::{ExperimentError, require};
pub use gaussians::MixtureDensityConfig;
pub use image::ImageConfig;
pub use kernel::KernelConfig;

/// Gaussians of a mixture at most: every step evaluates each at every point.
const MOST_COMPONENTS: usize = 4096;

/// Settings of `[transport.densities]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DensitiesConfig {
    /// The density that is moved: one of the tables gaussians, kernel and image.
    pub source: DensityConfig,
    /// The density it is moved to: one of the same tables.
    pub target: DensityConfig,
}

/// A density.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DensityConfig {
    /// Gaussians with weights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gaussians: Option<MixtureDensityConfig>,
    /// A kernel density of the rows of a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel: Option<KernelConfig>,
    /// A grey image on the unit square.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageConfig>,
}

impl DensitiesConfig {
    /// Both sides with their keys.
    fn sides(&self) -> [(&'static str, &DensityConfig); 2] {
        [
            ("transport.densities.source", &self.source),
            ("transport.densities.target", &self.target),
        ]
    }

    /// Coordinates of a point, 0 where it is not known before the files are.
    pub(super) fn dim(&self) -> usize {
        let dims = self.sides().map(|(_, density)| density.dim());
        dims.into_iter().flatten().next().unwrap_or_default()
    }

    /// Whether each side is one density, and both of the same dimension.
    pub(super) fn check(&self) -> Result<(), ExperimentError> {
        for (key, density) in self.sides() {
            density.check(key)?;
        }
        match (self.source.dim(), self.target.dim()) {
            (Some(from), Some(to)) if from != to => Err(ExperimentError::Invalid {
                key: "transport.densities.target".into(),
                value: format!("of {to} dimensions"),
                requirement: format!("must be of {from} as the source is"),
                remedy: "give both densities the same number of coordinates; an image has 2".into(),
            }),
            _ => Ok(()),
        }
    }

    /// The files that are read, with their keys.
    pub(super) fn files(&self) -> Vec<(&'static str, PathBuf)> {
        let mut copy = self.clone();
        let files = copy.files_mut().into_iter();
        files.map(|(key, file)| (key, file.clone())).collect()
    }

    /// The files with their keys.
    pub(super) fn files_mut(&mut self) -> Vec<(&'static str, &mut PathBuf)> {
        let of = |keys: [&'static str; 2], density| {
            let DensityConfig { kernel, image, .. }: &mut DensityConfig = density;
            let kernel = kernel.iter_mut().map(|kernel| &mut kernel.file);
            let image = image.iter_mut().map(|image| &mut image.file);
            let mut files: Vec<_> = kernel.map(|file| (keys[0], file)).collect();
            files.extend(image.map(|file| (keys[1], file)));
            files
        };
        let mut files = of(
            [
                "transport.densities.source.kernel.file",
                "transport.densities.source.image.file",
            ],
            &mut self.source,
        );
        files.extend(of(
            [
                "transport.densities.target.kernel.file",
                "transport.densities.target.image.file",
            ],
            &mut self.target,
        ));
        files
    }

    /// Makes the paths absolute, and finds the dimension of kernel densities from the first rows.
    pub(super) fn locate(&mut self, base: &Path) -> Result<(), ExperimentError> {
        for (key, file) in self.files_mut() {
            if file.as_os_str().is_empty() {
                return Err(ExperimentError::Missing {
                    key: key.into(),
                    remedy: "add file = \"…\" with the name of your file".into(),
                });
            }
            *file = absolute(file, base).map_err(|error| ExperimentError::Data {
                key: key.into(),
                error,
            })?;
        }
        for (key, density) in [
            ("transport.densities.source.kernel.file", &mut self.source),
            ("transport.densities.target.kernel.file", &mut self.target),
        ] {
            // A run's config has the dimension.
            let kernels = density.kernel.iter_mut();
            for kernel in kernels.filter(|kernel| kernel.dim.is_none() || kernel.file.exists()) {
                let found = PointTable::columns(
                    &kernel.file,
                    &kernel.columns,
                    kernel::NAMING.reading(None),
                );
                let (_, dim) = found.map_err(|error| ExperimentError::Data {
                    key: key.into(),
                    error,
                })?;
                require(
                    kernel.dim.is_none_or(|stated| stated == dim),
                    key,
                    format!("a file of {dim} coordinates"),
                    "must have as many as dim says",
                    "leave dim out: it is found from the file",
                )?;
                kernel.dim = Some(dim);
            }
        }
        self.check()
    }

    /// Both densities, with the draws of a run of seed `seed`.
    pub(super) fn pair(&self, seed: u64) -> Result<DensityPair, FileError> {
        Ok(DensityPair {
            sides: [self.source.density()?, self.target.density()?],
            seed,
        })
    }
}

impl DensityConfig {
    /// Coordinates of a point, where they are known.
    fn dim(&self) -> Option<usize> {
        let gaussians = self.gaussians.as_ref();
        let stated = gaussians.and_then(|mixture| Some(mixture.means.first()?.len()));
        let of_file = || self.kernel.as_ref().and_then(|kernel| kernel.dim);
        stated.or_else(of_file).or(self.image.as_ref().map(|_| 2))
    }

    fn check(&self, key: &str) -> Result<(), ExperimentError> {
        match (&self.gaussians, &self.kernel, &self.image) {
            (Some(mixture), None, None) => mixture.check(&format!("{key}.gaussians")),
            (None, Some(kernel), None) => require(
                kernel.bandwidth.is_none_or(|h| h > 0.0 && h.is_finite()),
                &format!("{key}.kernel.bandwidth"),
                kernel.bandwidth.unwrap_or_default(),
                "must be a number greater than 0",
                "leave it out: it is then chosen by rows held out",
            ),
            (None, None, Some(image)) => require(
                image.smoothing > 0.0 && image.smoothing.is_finite(),
                &format!("{key}.image.smoothing"),
                image.smoothing,
                "must be a number greater than 0",
                "leave it out: the default is 0.5 pixels",
            ),
            tables => Err(ExperimentError::Invalid {
                key: key.into(),
                value: match tables {
                    (None, None, None) => "without a density".into(),
                    _ => "told by several tables".into(),
                },
                requirement: "must have one table of gaussians, kernel and image".into(),
                remedy: format!("write one of [{key}.gaussians], [{key}.kernel] and [{key}.image]"),
            }),
        }
    }

    /// The density; settings were checked.
    pub(super) fn density(&self) -> Result<GaussianMixture, FileError> {
        match (&self.kernel, &self.image) {
            (Some(kernel), _) => kernel.density(),
            (_, Some(image)) => image.density(),
            _ => Ok(self.gaussians.clone().unwrap_or_default().density()),
        }
    }
}

/// Weights whose sum is 1.
fn normalised(weights: &[f64]) -> Vec<f64> {
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / sum).collect()
}

/// A file with more Gaussians than can be evaluated at every step.
fn too_many(file: &Path, what: &str, count: usize) -> FileError {
    FileError::Format {
        file: file.into(),
        reason: format!("it has {count} {what}, and a density {MOST_COMPONENTS} at most"),
        remedy: format!("keep {MOST_COMPONENTS} of them, or fewer"),
    }
}

/// Two mixtures.
pub(super) struct DensityPair {
    sides: [GaussianMixture; 2],
    seed: u64,
}

impl Pair for DensityPair {
    fn dim(&self) -> usize {
        self.sides[0].dim()
    }

    fn points(&self, side: Side, part: Part, count: usize) -> Vec<f64> {
        self.sides[side as usize].draw(&mut random(self.seed, side, part), count)
    }

    fn density(&self, side: Side) -> Option<&GaussianMixture> {
        Some(&self.sides[side as usize])
    }
}

#[cfg(test)]
mod tests;
