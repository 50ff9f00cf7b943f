//! What transport says of its settings.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use gradnet_core::analysis::Region;

use super::Transport;
use super::config::{Chosen, LossKind, PAIR, PAIRS, REGION, TransportConfig};
use super::densities::DensitiesConfig;
use super::files::FilesConfig;
use super::measures::L2_UVP_FORWARD;
use super::nll::NEGATIVE_LOG_LIKELIHOOD;
use super::pair::{Pair, Side};
use super::standard_normal::ToStandardNormal;
use super::template::TEMPLATE;
use crate::data::file::{DataFacts, Split};
use crate::setting_error::SettingError;
use crate::settings::{ExperimentError, Protocol, require, require_points};
use crate::task::{Headline, RunTask, Settings, TaskError, Template, last_part};

/// The key of the benchmark's folder.
const FOLDER: &str = "transport.benchmark.folder";

impl Settings for TransportConfig {
    fn template() -> Option<Template> {
        Some(TEMPLATE)
    }

    fn task(&self) -> &'static str {
        "transport"
    }

    fn headline(&self) -> Headline {
        Headline::smallest(
            &[L2_UVP_FORWARD, NEGATIVE_LOG_LIKELIHOOD, "energy_distance"],
            &["target floor", "true density"],
        )
    }

    fn name(&self) -> &'static str {
        match self.chosen() {
            Some(Chosen::Mixture(_)) => "mixture",
            Some(Chosen::Gaussians(_)) => "gaussians",
            Some(Chosen::Benchmark(_)) => "benchmark",
            Some(Chosen::Files(_)) => "files",
            Some(Chosen::Densities(_)) => "densities",
            None => "transport",
        }
    }

    fn title(&self) -> &'static str {
        match self.chosen() {
            Some(Chosen::Mixture(_)) => "A mixture of Gaussians pushed by a convex gradient",
            Some(Chosen::Gaussians(_)) => "One Gaussian to another",
            Some(Chosen::Benchmark(_)) => "The Wasserstein-2 benchmark of NeurIPS 2021",
            Some(Chosen::Files(_)) => "The points of one table to those of another",
            Some(Chosen::Densities(_)) => "One known density to another",
            None => "Optimal transport",
        }
    }

    fn heading(&self) -> String {
        match self.chosen() {
            Some(Chosen::Files(files)) => {
                let target = match files.has_target() {
                    true => last_part(&files.target),
                    false => "a standard normal distribution".into(),
                };
                format!(
                    "Optimal transport of {} to {target}",
                    last_part(&files.source)
                )
            }
            Some(Chosen::Mixture(_)) => {
                "Optimal transport of a mixture of Gaussians to its image under a convex gradient"
                    .into()
            }
            Some(Chosen::Gaussians(_)) => "Optimal transport of one Gaussian to another".into(),
            Some(Chosen::Densities(_)) => {
                "Optimal transport of one known density to another".into()
            }
            Some(Chosen::Benchmark(_)) => {
                "Optimal transport: the Wasserstein-2 benchmark of NeurIPS 2021".into()
            }
            None => self.title().into(),
        }
    }

    fn table(&self) -> String {
        match self.chosen() {
            Some(_) => format!("transport.{}", self.name()),
            None => "transport".into(),
        }
    }

    /// The first dual value had the share of the means in it.
    fn definition(&self) -> u32 {
        2
    }

    fn dim(&self) -> usize {
        match self.chosen() {
            Some(Chosen::Mixture(pair)) => pair.dim,
            Some(Chosen::Gaussians(pair)) => pair.dim,
            Some(Chosen::Benchmark(pair)) => pair.dim,
            Some(Chosen::Files(pair)) => pair.dim.unwrap_or_default(),
            Some(Chosen::Densities(pair)) => pair.dim(),
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
        let densities = self.densities.iter_mut();
        let densities = densities.flat_map(DensitiesConfig::files_mut);
        files.chain(folder).chain(densities).collect()
    }

    fn locate(&mut self, base: &Path) -> Result<(), ExperimentError> {
        if let Some(densities) = &mut self.densities {
            return densities.locate(base);
        }
        let Some(files) = &mut self.files else {
            return Ok(());
        };
        let alone = self.loss.kind == LossKind::Likelihood;
        for (key, path) in [("source", &files.source), ("target", &files.target)] {
            if path.as_os_str().is_empty() && !(alone && key == "target") {
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
            Some(Chosen::Densities(pair)) => pair.check(),
            None => {
                let tables = [
                    ("mixture", self.mixture.is_some()),
                    ("gaussians", self.gaussians.is_some()),
                    ("benchmark", self.benchmark.is_some()),
                    ("files", self.files.is_some()),
                    ("densities", self.densities.is_some()),
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

    fn files(&self) -> Vec<(&'static str, PathBuf)> {
        let files = self.files.iter().flat_map(|files| {
            [
                ("transport.files.source", files.source.clone()),
                ("transport.files.target", files.target.clone()),
            ]
        });
        let pair = self.benchmark.iter();
        let potentials = pair.flat_map(|pair| pair.files().map(|file| (FOLDER, file)));
        let densities = self.densities.iter().flat_map(DensitiesConfig::files);
        let named = files.chain(potentials).chain(densities);
        named
            .filter(|(_, file)| !file.as_os_str().is_empty())
            .collect()
    }

    fn columns(&self) -> (&[String], &[String]) {
        let files = self.files.as_ref();
        files.map_or((&[], &[]), |files| match files.target_columns.as_slice() {
            // The images are points of no table.
            [] if !files.has_target() => (files.columns.as_slice(), &[]),
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
        Ok(Box::new(self.transport(protocol, device)?))
    }

    fn keeps_facts(&self) -> bool {
        self.files.is_some()
    }

    fn complete(&self, facts: DataFacts) -> Result<DataFacts, String> {
        facts.completed(self.dim())
    }
}

impl TransportConfig {
    /// The task by its own type.
    ///
    /// # Errors
    /// If the pair cannot be built: its files, or its settings.
    pub fn transport(&self, protocol: &Protocol, device: &Device) -> Result<Transport, TaskError> {
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
            Some(Chosen::Densities(pair)) => Box::new(pair.pair(seed)?),
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
        Ok(Transport::new(
            pair,
            self.loss.kind,
            self.modulus,
            protocol,
            device,
        ))
    }
}
