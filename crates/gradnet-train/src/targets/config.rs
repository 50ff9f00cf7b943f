//! The list of targets, and the choice of one as a config file writes it: `[target.piecewise_quadratic] dim = 32`.

use burn::tensor::{Device, FloatDType};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::setting_error::SettingError;

use super::{
    GaussianMixtureScore, GaussianMixtureScoreConfig, PiecewiseQuadratic, PiecewiseQuadraticConfig,
    QuarticPolynomial, QuarticPolynomialConfig, Target, TrigonometricSurface,
    TrigonometricSurfaceConfig, TwoBody, TwoBodyConfig,
};

/// Which dimensions a target is defined on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimensions {
    /// This one only.
    Exactly(usize),
    /// This one and all above; the config says which (`dim`).
    AtLeast(usize),
}

impl std::fmt::Display for Dimensions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exactly(dim) => write!(f, "{dim}"),
            Self::AtLeast(dim) => write!(f, ">= {dim}"),
        }
    }
}

/// One row of the list of targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Name in config files and on the command line.
    pub name: &'static str,
    /// What it is called in prose.
    pub title: &'static str,
    /// Its equation in the paper.
    pub equation: &'static str,
    /// Whether the potential is convex where its points lie.
    pub convex: bool,
    /// Where it is defined.
    pub dimensions: Dimensions,
    /// The potential in one line.
    pub summary: &'static str,
}

/// All targets, in the paper's order.
pub fn registry() -> &'static [Entry] {
    &[
        Entry {
            name: "quartic_polynomial",
            title: "Quartic polynomial",
            equation: "Eq. (20)",
            convex: true,
            dimensions: Dimensions::Exactly(2),
            summary: "x1^4 + x1^2/2 + x1 x2/2 + 3 x2^2/2 - x2^3/3",
        },
        Entry {
            name: "trigonometric_surface",
            title: "Trigonometric surface",
            equation: "Eq. (21)",
            convex: false,
            dimensions: Dimensions::Exactly(2),
            summary: "sin(2 pi x1) cos(pi x2)/4 + x1 x2/2 - x2^2/2",
        },
        Entry {
            name: "piecewise_quadratic",
            title: "Piecewise quadratic",
            equation: "Eq. (22)",
            convex: true,
            dimensions: Dimensions::AtLeast(2),
            summary: "max of three quadratic forms in x - 1/2",
        },
        Entry {
            name: "gaussian_mixture_score",
            title: "Score of a Gaussian mixture",
            equation: "Eq. (23)",
            convex: false,
            dimensions: Dimensions::AtLeast(1),
            summary: "log density of N equal Gaussians of covariance 2 sqrt(d) I",
        },
        Entry {
            name: "two_body",
            title: "Two-body Hamiltonian",
            equation: "Sec. VII-B, for Eq. (25)",
            convex: false,
            dimensions: Dimensions::Exactly(8),
            summary: "(|p1|^2 + |p2|^2)/2 - 1/|q1 - q2|, at points of orbits",
        },
    ]
}

/// The choice of a target and its settings.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use gradnet_train::targets::TargetConfig;
///
/// let device = Device::flex();
/// let target = TargetConfig::from_name("quartic_polynomial").unwrap().init(&device).unwrap();
/// let gradient = target.gradient(Tensor::ones([1, 2], &device)); // (4 + 1 + 1/2, 1/2 + 3 - 1)
/// assert_eq!(gradient.into_data().try_to_vec::<f32>().unwrap(), [5.5, 2.5]);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TargetConfig {
    /// A quartic polynomial of two variables, convex on the unit square (Eq. 20).
    QuarticPolynomial(QuarticPolynomialConfig),
    /// A trigonometric surface over the unit square, not convex (Eq. 21).
    TrigonometricSurface(TrigonometricSurfaceConfig),
    /// The largest of three convex quadratic forms, on the unit cube (Eq. 22).
    PiecewiseQuadratic(PiecewiseQuadraticConfig),
    /// The score of a mixture of Gaussians, on the unit cube (Eq. 23).
    GaussianMixtureScore(GaussianMixtureScoreConfig),
    /// The Hamiltonian of two bodies, at points of their orbits (Sec. VII-B).
    TwoBody(TwoBodyConfig),
}

impl TargetConfig {
    /// The target of that name with its default settings; `None` if no target has it.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "quartic_polynomial" => Self::QuarticPolynomial(Default::default()),
            "trigonometric_surface" => Self::TrigonometricSurface(Default::default()),
            "piecewise_quadratic" => Self::PiecewiseQuadratic(Default::default()),
            "gaussian_mixture_score" => Self::GaussianMixtureScore(Default::default()),
            "two_body" => Self::TwoBody(Default::default()),
            _ => return None,
        })
    }

    /// The registered name.
    pub fn name(&self) -> &'static str {
        self.entry().name
    }

    /// Its row in the list of targets.
    pub fn entry(&self) -> &'static Entry {
        &registry()[match self {
            Self::QuarticPolynomial(_) => 0,
            Self::TrigonometricSurface(_) => 1,
            Self::PiecewiseQuadratic(_) => 2,
            Self::GaussianMixtureScore(_) => 3,
            Self::TwoBody(_) => 4,
        }]
    }

    /// Dimension of the space.
    pub fn dim(&self) -> usize {
        match self {
            Self::QuarticPolynomial(_) | Self::TrigonometricSurface(_) => 2,
            Self::PiecewiseQuadratic(config) => config.dim,
            Self::GaussianMixtureScore(config) => config.dim,
            Self::TwoBody(_) => 8,
        }
    }

    /// Checks the settings without building anything.
    ///
    /// # Errors
    /// The first setting that is out of range.
    pub fn check(&self) -> Result<(), SettingError> {
        match self {
            Self::QuarticPolynomial(_) | Self::TrigonometricSurface(_) => Ok(()),
            Self::PiecewiseQuadratic(config) => config.check(),
            Self::GaussianMixtureScore(config) => config.check(),
            Self::TwoBody(config) => config.check(),
        }
    }

    /// Puts the target on a device, in 32-bit floats.
    ///
    /// # Errors
    /// The first setting that is out of range.
    pub fn init(&self, device: &Device) -> Result<Box<dyn Target>, SettingError> {
        self.init_with_dtype(device, FloatDType::F32)
    }

    /// Puts the target on a device, for points of the given dtype (64 bits only where the device has them).
    ///
    /// # Errors
    /// The first setting that is out of range.
    pub fn init_with_dtype(
        &self,
        device: &Device,
        dtype: FloatDType,
    ) -> Result<Box<dyn Target>, SettingError> {
        self.check()?;
        Ok(match self {
            Self::QuarticPolynomial(_) => Box::new(QuarticPolynomial),
            Self::TrigonometricSurface(_) => Box::new(TrigonometricSurface),
            Self::PiecewiseQuadratic(config) => {
                Box::new(PiecewiseQuadratic::new(config, device, dtype))
            }
            Self::GaussianMixtureScore(config) => {
                Box::new(GaussianMixtureScore::new(config, device, dtype))
            }
            Self::TwoBody(config) => Box::new(TwoBody::new(config)?),
        })
    }
}

/// The requirement on a dimension, shared by the targets that take one.
pub(super) fn check_dim(dim: usize, least: usize) -> Result<(), SettingError> {
    // Three d x d matrices of the largest dimension are 200 MB: beyond it a slip of the keyboard would fill the memory.
    const LARGEST: usize = 4096;
    if (least..=LARGEST).contains(&dim) {
        return Ok(());
    }
    Err(SettingError::Invalid {
        field: "dim",
        value: dim.to_string(),
        requirement: format!("must be between {least} and {LARGEST}"),
        remedy: "the paper uses dim = 32, 256 and 1024".into(),
    })
}
