//! `[score.density]` and `[score.file]`: samples of what, and how their score is learned.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Density, DensityKind};
use crate::data::file::Split;
use crate::files::Naming;
use crate::setting_error::SettingError;

/// The table `[score.…]` of a config.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ScoreConfig {
    /// Samples in a file.
    File(SamplesConfig),
    /// Samples of a density that is known, drawn anew for every step or once for all.
    Density(DensityConfig),
}

/// What is minimised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScoreLoss {
    /// `E ‖f(x + s e) + e/s‖²`: for every network; needs noise.
    #[default]
    Denoising,
    /// `E [½‖f‖² + tr J_f]` with the exact trace: for networks whose Jacobian does not jump; in closed form for tied
    /// shells.
    Hyvarinen,
    /// `E [½‖f‖² + vᵀ J_f v]` with random signs `v`: for networks whose Jacobian does not jump, in any dimension.
    Sliced,
}

/// Settings of `[score.density]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DensityConfig {
    /// What the samples are of.
    pub kind: DensityKind,
    /// Dimension of a Gaussian mixture; the others are of the plane. Default 2.
    #[schemars(extend("minimum" = 1, "maximum" = 4096))]
    pub dim: usize,
    /// Gaussians of a mixture. Default 4.
    #[schemars(extend("minimum" = 1, "maximum" = 4096))]
    pub components: usize,
    /// Distance of their means from the origin, in their deviations. Default 5.
    #[schemars(extend("minimum" = 0.0, "maximum" = 1e6))]
    pub separation: f64,
    /// What is minimised.
    pub loss: ScoreLoss,
    /// Deviation of the noise that smooths the samples, as a share of their size, the root mean square of their
    /// coordinates. Default 0.1.
    #[schemars(extend("minimum" = 0.0, "maximum" = 10.0))]
    pub noise: f64,
    /// Whether points are moved to mean zero and divided by one number. Default true.
    pub standardise: bool,
}

pub(super) const NAMING: Naming = Naming {
    columns: "x under [score.file], or --x",
    table: "[score.file]",
};

/// Settings of `[score.file]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["path"]))]
pub struct SamplesConfig {
    /// The file: .csv, .tsv, .npy, .npz, .parquet or .safetensors; relative to the config's folder.
    pub path: PathBuf,
    /// Whether the first line of a text file names the columns. Found out by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<bool>,
    /// Columns or arrays with the points. Default: all columns but those that count the rows; for .npz and .safetensors
    /// the array "x".
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub x: Vec<String>,
    /// Share of the rows that choose the weights. Default 0.1.
    #[schemars(extend("exclusiveMinimum" = 0.0, "exclusiveMaximum" = 1.0))]
    pub validation: f64,
    /// Share of the rows that give the reported numbers. Default 0.1.
    #[schemars(extend("exclusiveMinimum" = 0.0, "exclusiveMaximum" = 1.0))]
    pub test: f64,
    /// What is minimised.
    pub loss: ScoreLoss,
    /// Deviation of the noise that smooths the samples, as a share of their size, the root mean square of their
    /// coordinates. Default 0.1.
    #[schemars(extend("minimum" = 0.0, "maximum" = 10.0))]
    pub noise: f64,
    /// Whether points are moved to mean zero and divided by one number. Default true.
    pub standardise: bool,
    /// Dimension of the points; found from the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dim: Option<usize>,
}

impl Default for DensityConfig {
    fn default() -> Self {
        Self {
            kind: DensityKind::default(),
            dim: 2,
            components: 4,
            separation: 5.0,
            loss: ScoreLoss::default(),
            noise: 0.1,
            standardise: true,
        }
    }
}

impl Default for SamplesConfig {
    fn default() -> Self {
        Self {
            path: PathBuf::new(),
            header: None,
            x: Vec::new(),
            validation: 0.1,
            test: 0.1,
            loss: ScoreLoss::default(),
            noise: 0.1,
            standardise: true,
            dim: None,
        }
    }
}

fn invalid(
    field: &'static str,
    value: impl ToString,
    requirement: &str,
    remedy: &str,
) -> SettingError {
    SettingError::Invalid {
        field,
        value: value.to_string(),
        requirement: requirement.into(),
        remedy: remedy.into(),
    }
}

/// What both tables ask of loss and noise.
fn check_loss(loss: ScoreLoss, noise: f64) -> Result<(), SettingError> {
    if !(0.0..=10.0).contains(&noise) {
        return Err(invalid(
            "noise",
            noise,
            "must be a number from 0 to 10",
            "write noise = 0.1 for a tenth of the size of the data",
        ));
    }
    match loss == ScoreLoss::Denoising && noise < 1e-3 {
        true => Err(invalid(
            "noise",
            noise,
            "must be at least 0.001 for the denoising loss, which divides by it",
            "write noise = 0.1, or loss = \"hyvarinen\" with a network whose trace is closed",
        )),
        false => Ok(()),
    }
}

impl DensityConfig {
    /// Checks the settings.
    pub(super) fn check(&self) -> Result<(), SettingError> {
        let is_mixture = self.kind == DensityKind::GaussianMixture;
        if !is_mixture && self.dim != 2 {
            let requirement = "must be 2 for a density of the plane";
            let remedy = "leave it out, or write kind = \"gaussian_mixture\"";
            return Err(invalid("dim", self.dim, requirement, remedy));
        }
        if !(1..=4096).contains(&self.dim) {
            let requirement = "must be between 1 and 4096";
            return Err(invalid("dim", self.dim, requirement, "write dim = 2"));
        }
        if !(1..=4096).contains(&self.components) {
            let requirement = "must be between 1 and 4096";
            let remedy = "leave it out: the default is 4";
            return Err(invalid("components", self.components, requirement, remedy));
        }
        if !(0.0..=1e6).contains(&self.separation) {
            let requirement = "must be a number from 0 to 1e6";
            let remedy = "leave it out: the default is 5";
            return Err(invalid("separation", self.separation, requirement, remedy));
        }
        if self.kind == DensityKind::Checkerboard && self.noise == 0.0 {
            let requirement = "must be above 0 for the checkerboard, whose density jumps";
            return Err(invalid(
                "noise",
                self.noise,
                requirement,
                "write noise = 0.1",
            ));
        }
        check_loss(self.loss, self.noise)
    }

    /// The density.
    pub(super) fn density(&self) -> Density {
        Density::new(self.kind, self.dim, self.components, self.separation)
    }

    /// Whether the density is certainly log-concave: a mixture is one if its means are within one deviation of the
    /// origin, since then the variance of the means given a point is at most that of the components.
    pub(super) fn is_log_concave(&self) -> bool {
        self.kind == DensityKind::GaussianMixture
            && (self.components == 1 || self.separation <= 1.0)
    }
}

impl SamplesConfig {
    /// Checks the settings.
    pub(super) fn check(&self) -> Result<(), SettingError> {
        Split::check_shares(self.validation, self.test)?;
        check_loss(self.loss, self.noise)
    }
}

impl ScoreConfig {
    /// What is minimised.
    pub fn loss(&self) -> ScoreLoss {
        match self {
            Self::File(file) => file.loss,
            Self::Density(density) => density.loss,
        }
    }

    /// The noise, as a share of the size of the data.
    pub fn noise(&self) -> f64 {
        match self {
            Self::File(file) => file.noise,
            Self::Density(density) => density.noise,
        }
    }

    pub(crate) fn standardise(&self) -> bool {
        match self {
            Self::File(file) => file.standardise,
            Self::Density(density) => density.standardise,
        }
    }
}
