//! `[transport.…]`: the pair, the loss, and what every map of the task stands in.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use gradnet_core::analysis::Region;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Transport;
use super::benchmark::BenchmarkConfig;
use super::files::FilesConfig;
use super::gaussians::GaussiansConfig;
use super::log_det::MOST_COORDINATES;
use super::mixture::MixtureConfig;
use super::pair::{Pair, Side};
use super::standard_normal::ToStandardNormal;
use super::template::TEMPLATE;
use crate::data::file::{DataFacts, Split};
use crate::setting::SettingError;
use crate::settings::{ExperimentError, Protocol, require, require_points};
use crate::task::{RunTask, Settings, TaskError, Template};

/// The key of the benchmark's folder.
const FOLDER: &str = "transport.benchmark.folder";

/// Where the points of pairs that are made lie, with few outside.
pub(super) const REGION: Region = Region {
    low: -3.0,
    high: 3.0,
};

/// What is asked of the table.
const PAIR: &str = "must name one pair of distributions";
const PAIRS: &str = "write one of [transport.files], [transport.mixture], [transport.gaussians] and [transport.benchmark]";

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
    /// `μ` of the linear part `VᵀV x + μ x + b` around the network: the map is invertible with at least this slope. Default 0.001.
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
    /// The negative log-likelihood of the source under the flow to a known density: that of the target of `[transport.gaussians]`, or `N(0, I)`.
    Likelihood,
    /// The residual of the Monge-Ampère equation: the source's density is known too.
    MongeAmpere,
    /// The squared distance to the true map, where it is known: no solver, but what the network can represent.
    Regression,
}

impl LossKind {
    /// The name in a config.
    fn name(self) -> &'static str {
        match self {
            Self::SemiDual => "semi_dual",
            Self::FlowMatching => "flow_matching",
            Self::Likelihood => "likelihood",
            Self::MongeAmpere => "monge_ampere",
            Self::Regression => "regression",
        }
    }

    /// Whether the density of the target must be known.
    fn needs_density(self) -> bool {
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
            loss: LossConfig::default(),
        }
    }
}

/// The pair that a config names.
enum Chosen<'a> {
    Mixture(&'a MixtureConfig),
    Gaussians(&'a GaussiansConfig),
    Benchmark(&'a BenchmarkConfig),
    Files(&'a FilesConfig),
}

impl TransportConfig {
    /// The pair, if one and only one is named.
    fn chosen(&self) -> Option<Chosen<'_>> {
        let mixture = self.mixture.iter().map(Chosen::Mixture);
        let gaussians = self.gaussians.iter().map(Chosen::Gaussians);
        let files = self.files.iter().map(Chosen::Files);
        let benchmark = self.benchmark.iter().map(Chosen::Benchmark);
        let mut all = mixture.chain(gaussians).chain(benchmark).chain(files);
        match (all.next(), all.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        }
    }

    /// Whether the loss can be had of the pair.
    fn check_loss(&self) -> Result<(), ExperimentError> {
        let (kind, dim) = (self.loss.kind, self.dim());
        let refused = |requirement: String, remedy: &str| ExperimentError::Invalid {
            key: "transport.loss.kind".into(),
            value: kind.name().into(),
            requirement,
            remedy: remedy.into(),
        };
        if kind == LossKind::Regression && self.files.is_some() {
            return Err(refused(
                "asks for the true map, that between files is not known".into(),
                "leave it out: semi_dual, the default, and flow_matching need samples alone",
            ));
        }
        if !kind.needs_density() {
            return Ok(());
        }
        if self.files.is_some() {
            return Err(refused(
                "asks for densities that are known, those of files are not".into(),
                "leave it out: semi_dual, the default, and flow_matching need samples alone",
            ));
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

    /// The dimension and the seed of a pair that is made, with their table.
    fn check_made(table: &str, dim: usize, seed: u64) -> Result<(), ExperimentError> {
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

impl Settings for TransportConfig {
    fn template() -> Option<Template> {
        Some(TEMPLATE)
    }

    fn task(&self) -> &'static str {
        "transport"
    }

    fn name(&self) -> &'static str {
        match self.chosen() {
            Some(Chosen::Mixture(_)) => "mixture",
            Some(Chosen::Gaussians(_)) => "gaussians",
            Some(Chosen::Benchmark(_)) => "benchmark",
            Some(Chosen::Files(_)) => "files",
            None => "transport",
        }
    }

    fn title(&self) -> &'static str {
        match self.chosen() {
            Some(Chosen::Mixture(_)) => "A mixture of Gaussians pushed by a convex gradient",
            Some(Chosen::Gaussians(_)) => "One Gaussian to another",
            Some(Chosen::Benchmark(_)) => "The Wasserstein-2 benchmark of NeurIPS 2021",
            Some(Chosen::Files(_)) => "The points of one table to those of another",
            None => "Optimal transport",
        }
    }

    fn table(&self) -> String {
        match self.chosen() {
            Some(_) => format!("transport.{}", self.name()),
            None => "transport".into(),
        }
    }

    fn dim(&self) -> usize {
        match self.chosen() {
            Some(Chosen::Mixture(pair)) => pair.dim,
            Some(Chosen::Gaussians(pair)) => pair.dim,
            Some(Chosen::Benchmark(pair)) => pair.dim,
            Some(Chosen::Files(pair)) => pair.dim.unwrap_or_default(),
            None => 0,
        }
    }

    fn folders_mut(&mut self) -> Vec<(&'static str, &mut PathBuf)> {
        let files = self.files.iter_mut();
        let files = files.flat_map(|files| {
            [
                ("transport.files.source", &mut files.source),
                ("transport.files.target", &mut files.target),
            ]
        });
        let benchmark = self.benchmark.iter_mut();
        let folder = benchmark.map(|pair| (FOLDER, &mut pair.folder));
        files.chain(folder).collect()
    }

    fn locate(&mut self, base: &Path) -> Result<(), ExperimentError> {
        let Some(files) = &mut self.files else {
            return Ok(());
        };
        for (key, path) in [("source", &files.source), ("target", &files.target)] {
            if path.as_os_str().is_empty() {
                return Err(ExperimentError::Missing {
                    key: format!("transport.files.{key}"),
                    remedy: format!("add {key} = \"points.csv\" with the name of your file"),
                });
            }
        }
        files
            .locate(base)
            .map_err(|(key, error)| ExperimentError::Data {
                key: format!("transport.files.{key}"),
                error,
            })
    }

    fn check(&self) -> Result<(), ExperimentError> {
        require(
            self.modulus > 0.0 && self.modulus.is_finite(),
            "transport.modulus",
            self.modulus,
            "must be a number greater than 0",
            "leave it out: the default is 0.001",
        )?;
        self.check_loss()?;
        match self.chosen() {
            Some(Chosen::Mixture(pair)) => {
                require(
                    (1..=1024).contains(&pair.components),
                    "transport.mixture.components",
                    pair.components,
                    "must be between 1 and 1024",
                    "leave it out: the default is 3",
                )?;
                Self::check_made("transport.mixture", pair.dim, pair.seed)
            }
            Some(Chosen::Gaussians(pair)) => {
                Self::check_made("transport.gaussians", pair.dim, pair.seed)
            }
            Some(Chosen::Benchmark(pair)) => require(
                pair.dim.is_power_of_two() && (2..=256).contains(&pair.dim),
                "transport.benchmark.dim",
                pair.dim,
                "must be 2, 4, 8, 16, 32, 64, 128 or 256",
                "write dim = 2",
            ),
            Some(Chosen::Files(pair)) => Split::check_shares(pair.validation, pair.test)
                .map_err(|error| ExperimentError::setting("transport.files", error)),
            None => {
                let tables = [
                    ("mixture", self.mixture.is_some()),
                    ("gaussians", self.gaussians.is_some()),
                    ("benchmark", self.benchmark.is_some()),
                    ("files", self.files.is_some()),
                ];
                let named = tables.iter().filter(|(_, named)| *named);
                let named: Vec<&str> = named.map(|(name, _)| *name).collect();
                Err(ExperimentError::Invalid {
                    key: "transport".into(),
                    value: match named.as_slice() {
                        [] => "without a pair".into(),
                        many => format!("given the pairs {}", many.join(", ")),
                    },
                    requirement: PAIR.into(),
                    remedy: PAIRS.into(),
                })
            }
        }
    }

    fn check_rest(&self, protocol: &Protocol) -> Result<(), ExperimentError> {
        protocol.require_online(
            "a transport",
            "leave it out: points are drawn anew for each step, or are the rows of the files",
        )?;
        protocol.require_uniform(
            "a transport",
            "leave it out: the test points are those of the two distributions",
        )?;
        protocol.evaluation.check(self.dim())
    }

    fn check_room(&self, protocol: &Protocol) -> Result<(), ExperimentError> {
        let (train, evaluation) = (&protocol.train, &protocol.evaluation);
        let dim = self.dim();
        require_points("train.validation.points", train.validation.points, dim)?;
        require_points("evaluation.points", evaluation.points, dim)
    }

    fn draws(&self) -> bool {
        self.files.is_none()
    }

    fn modulus(&self) -> Option<f64> {
        Some(self.modulus)
    }

    fn needs_monotone(&self) -> bool {
        true
    }

    fn region(&self) -> Region {
        REGION
    }

    fn files(&self) -> Vec<&Path> {
        let files = self.files.iter();
        let files = files.flat_map(|files| [files.source.as_path(), files.target.as_path()]);
        files.collect()
    }

    fn columns(&self) -> (&[String], &[String]) {
        let files = self.files.as_ref();
        files.map_or((&[], &[]), |files| match files.target_columns.as_slice() {
            [] => (&files.columns, &files.columns),
            target => (&files.columns, target),
        })
    }

    fn reads(&self) -> Vec<String> {
        self.files.as_ref().map_or(Vec::new(), FilesConfig::reads)
    }

    fn build(
        &self,
        protocol: &Protocol,
        device: &Device,
        _before: Option<&DataFacts>,
    ) -> Result<Box<dyn RunTask>, TaskError> {
        let seed = protocol.seed;
        let pair: Box<dyn Pair> = match self.chosen() {
            Some(Chosen::Mixture(pair)) => Box::new(pair.pair(seed)),
            Some(Chosen::Gaussians(pair)) => Box::new(pair.pair(seed)),
            Some(Chosen::Benchmark(pair)) if pair.folder.as_os_str().is_empty() => {
                return Err(SettingError::Invalid {
                    field: FOLDER,
                    value: "empty".into(),
                    requirement: "must name the folder with the benchmark's potentials".into(),
                    remedy: "download 2_v1.pt, 2_v2.pt and so on from iamalexkorotin/Wasserstein2Benchmark, and add --set transport.benchmark.folder=FOLDER".into(),
                }
                .into());
            }
            Some(Chosen::Benchmark(pair)) => Box::new(pair.pair(seed)?),
            Some(Chosen::Files(pair)) => Box::new(pair.pair(protocol)?),
            None => {
                return Err(SettingError::Invalid {
                    field: "transport",
                    value: "without one pair".into(),
                    requirement: PAIR.into(),
                    remedy: PAIRS.into(),
                }
                .into());
            }
        };
        let pair = match self.loss.kind.needs_density() && pair.density(Side::Target).is_none() {
            true => Box::new(ToStandardNormal::new(pair, seed)),
            false => pair,
        };
        Ok(Box::new(Transport::new(
            pair,
            self.loss.kind,
            self.modulus,
            protocol,
            device,
        )))
    }

    fn keeps_facts(&self) -> bool {
        self.files.is_some()
    }

    fn complete(&self, facts: DataFacts) -> Result<DataFacts, String> {
        facts.completed(self.dim())
    }
}
