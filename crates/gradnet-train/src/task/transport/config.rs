//! `[transport.…]`: the pair, the loss, and what every map of the task stands in.

use gradnet_core::analysis::Region;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::benchmark::BenchmarkConfig;
use super::densities::DensitiesConfig;
use super::drawn::GaussianMixture;
use super::files::FilesConfig;
use super::flow::Flow;
use super::gaussians::GaussiansConfig;
use super::log_det::MOST_COORDINATES;
use super::mixture::MixtureConfig;
use super::pair::{Pair, Side};
use crate::files::FileError;
use crate::settings::{ExperimentError, require};
use crate::task::Settings;

/// Where the points of pairs that are made lie, with few outside.
pub(super) const REGION: Region = Region {
    low: -3.0,
    high: 3.0,
};

/// What is asked of the table.
pub(super) const PAIR: &str = "must name one pair of distributions";
pub(super) const PAIRS: &str = "write one of [transport.files], [transport.densities.source] with [transport.densities.target], [transport.mixture], [transport.gaussians] and [transport.benchmark]";

/// The table `[transport]` of a config: one pair, and the loss.
///
/// ```toml
/// [transport.files]
/// source = "control.csv"
/// target = "treated.parquet"
/// [transport.loss]
/// kind = "semi_dual"
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TransportConfig {
    /// `μ` of the linear part `VᵀV x + μ x + b` around the network: the map is invertible with at least this slope.
    /// Default 0.001.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub modulus: f64,
    /// A pair with a known map, in any dimension.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mixture: Option<MixtureConfig>,
    /// Two Gaussians.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gaussians: Option<GaussiansConfig>,
    /// A pair of the NeurIPS 2021 benchmark, read from a folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub benchmark: Option<BenchmarkConfig>,
    /// Two tables of points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<FilesConfig>,
    /// Two densities that are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub densities: Option<DensitiesConfig>,
    /// What is minimised.
    pub loss: LossConfig,
}

/// `[transport.loss]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LossConfig {
    /// What is minimised.
    pub kind: LossKind,
}

/// What is minimised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LossKind {
    /// The semi-dual of optimal transport with exact conjugates, of samples of both sides.
    #[default]
    SemiDual,
    /// Optimal flow matching, of samples of both sides.
    FlowMatching,
    /// The negative log-likelihood of the source under the flow to a known density: that of the target of
    /// `[transport.gaussians]`, or `N(0, I)`.
    Likelihood,
    /// The residual of the Monge-Ampère equation: the source's density is known too.
    MongeAmpere,
    /// The squared distance to the true map, where it is known: no solver, but what the network can represent.
    Regression,
}

impl LossKind {
    /// The name in a config.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::SemiDual => "semi_dual",
            Self::FlowMatching => "flow_matching",
            Self::Likelihood => "likelihood",
            Self::MongeAmpere => "monge_ampere",
            Self::Regression => "regression",
        }
    }

    /// Whether the density of the target must be known.
    pub(super) fn needs_density(self) -> bool {
        matches!(self, Self::Likelihood | Self::MongeAmpere)
    }
}

impl Default for TransportConfig {
    fn default() -> Self {
        Self {
            modulus: 1e-3,
            mixture: None,
            gaussians: None,
            benchmark: None,
            files: None,
            densities: None,
            loss: LossConfig::default(),
        }
    }
}

/// The pair that a config names.
pub(super) enum Chosen<'a> {
    Mixture(&'a MixtureConfig),
    Gaussians(&'a GaussiansConfig),
    Benchmark(&'a BenchmarkConfig),
    Files(&'a FilesConfig),
    Densities(&'a DensitiesConfig),
}

impl TransportConfig {
    /// The pair, if one and only one is named.
    pub(super) fn chosen(&self) -> Option<Chosen<'_>> {
        let mixture = self.mixture.iter().map(Chosen::Mixture);
        let gaussians = self.gaussians.iter().map(Chosen::Gaussians);
        let files = self.files.iter().map(Chosen::Files);
        let benchmark = self.benchmark.iter().map(Chosen::Benchmark);
        let densities = self.densities.iter().map(Chosen::Densities);
        let made = mixture.chain(gaussians).chain(benchmark);
        let mut all = made.chain(files).chain(densities);
        match (all.next(), all.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        }
    }

    /// Whether the loss can be had of the pair.
    pub(super) fn check_loss(&self) -> Result<(), ExperimentError> {
        let (kind, dim) = (self.loss.kind, self.dim());
        let refused = |requirement: String, remedy: &str| ExperimentError::Invalid {
            key: "transport.loss.kind".into(),
            value: kind.name().into(),
            requirement,
            remedy: remedy.into(),
        };
        if kind == LossKind::Regression && self.densities.is_some() {
            return Err(refused(
                "asks for the true map, that between two densities is not known".into(),
                "leave it out, or write monge_ampere: both densities are known",
            ));
        }
        if kind == LossKind::Regression && self.files.is_some() {
            return Err(refused(
                "asks for the true map, that between files is not known".into(),
                "leave it out: semi_dual, the default, and flow_matching need samples alone",
            ));
        }
        if !kind.needs_density() {
            return Ok(());
        }
        match &self.files {
            Some(_) if kind == LossKind::MongeAmpere => {
                return Err(refused(
                    "asks for densities that are known, those of files are not".into(),
                    "write likelihood, which needs samples of the source alone, or leave it out: semi_dual, the default, needs samples of both",
                ));
            }
            Some(files) if files.has_target() => {
                return Err(refused(
                    "moves the source to N(0, I) alone: transport.files.target names another target"
                        .into(),
                    "leave transport.files.target out to fit a density to the source, or leave the loss out: semi_dual, the default, moves one file to the other",
                ));
            }
            _ => {}
        }
        if dim > MOST_COORDINATES {
            return Err(refused(
                format!(
                    "builds every Jacobian, in {MOST_COORDINATES} dimensions at most, not {dim}"
                ),
                "leave it out: the default, semi_dual, needs no Jacobian of the batch",
            ));
        }
        Ok(())
    }

    /// The flow that the losses with a known density q train; `None` for the others, which only move samples.
    ///
    /// # Errors
    /// If a file of the density cannot be read.
    pub(crate) fn flow(&self) -> Result<Option<Flow>, FileError> {
        let Some(chosen) = self.chosen().filter(|_| self.loss.kind.needs_density()) else {
            return Ok(None);
        };
        let q = match chosen {
            // The density does not depend on the seed of the draws.
            Chosen::Gaussians(pair) => pair.pair(0).density(Side::Target).cloned(),
            Chosen::Densities(pair) => Some(pair.target.density()?),
            Chosen::Mixture(_) | Chosen::Benchmark(_) | Chosen::Files(_) => {
                Some(GaussianMixture::standard_normal(self.dim()))
            }
        };
        Ok(q.map(Flow::to))
    }

    /// The dimension and the seed of a pair that is made, with their table.
    pub(super) fn check_made(table: &str, dim: usize, seed: u64) -> Result<(), ExperimentError> {
        require(
            (1..=1024).contains(&dim),
            &format!("{table}.dim"),
            dim,
            "must be between 1 and 1024",
            "write dim = 2",
        )?;
        require(
            i64::try_from(seed).is_ok(),
            &format!("{table}.seed"),
            seed,
            "must be at most 9223372036854775807",
            "choose a smaller seed, for instance 0",
        )
    }
}
