//! What a config says of a score, checked and built.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use gradnet_core::{Laplacian, ParameterSource, Trace};

use super::config::NAMING;
use super::template::TEMPLATE;
use super::{DensityKind, FISHER_RELATIVE, HELDOUT_LOSS, ScoreConfig, ScoreLoss, ScoreMatching};
use crate::data::file::{DataFacts, PointTable, absolute};
use crate::files::FileError;
use crate::registry::NetworkConfig;
use crate::settings::{ExperimentError, Protocol, require};
use crate::task::{Headline, RunTask, Settings, TaskError, Template, last_part};

/// Dimensions in which a trace is taken by products with the Jacobian where it has no closed form.
const MOST_PRODUCTS: usize = 16;

impl Settings for ScoreConfig {
    fn template() -> Option<Template> {
        Some(TEMPLATE)
    }

    fn task(&self) -> &'static str {
        "score"
    }

    fn headline(&self) -> Headline {
        Headline::smallest(&[FISHER_RELATIVE, HELDOUT_LOSS], &["samples"])
    }

    fn name(&self) -> &'static str {
        match self {
            Self::File(_) => "file",
            Self::Density(density) => match density.kind {
                DensityKind::GaussianMixture => "gaussian_mixture",
                DensityKind::Rings => "rings",
                DensityKind::Moons => "moons",
                DensityKind::Checkerboard => "checkerboard",
            },
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Self::File(_) => "The score of samples in a file",
            Self::Density(_) => "The score of a known density",
        }
    }

    fn heading(&self) -> String {
        match self {
            Self::File(file) => format!("The score of the samples in {}", last_part(&file.path)),
            Self::Density(_) => format!(
                "The score of a known density: {}",
                self.name().replace('_', " ")
            ),
        }
    }

    fn table(&self) -> String {
        match self {
            Self::File(_) => "score.file".into(),
            Self::Density(_) => "score.density".into(),
        }
    }

    fn dim(&self) -> usize {
        match self {
            Self::File(file) => file.dim.unwrap_or_default(),
            Self::Density(density) => density.dim,
        }
    }

    fn locate(&mut self, base: &Path) -> Result<(), ExperimentError> {
        let Self::File(file) = self else {
            return Ok(());
        };
        if file.path.as_os_str().is_empty() {
            return Err(ExperimentError::Missing {
                key: "score.file.path".into(),
                remedy: "add path = \"samples.csv\" with the name of your file".into(),
            });
        }
        // A run's config has the absolute path and the dimension: its weights can be used without the file.
        if file.dim.is_some() && file.path.is_absolute() && !file.path.exists() {
            return Ok(());
        }
        let found = absolute(&file.path, base).and_then(|path| {
            let (_, dim) = PointTable::columns(&path, &file.x, NAMING.reading(file.header))?;
            match file.dim {
                Some(stated) if stated != dim => Err(FileError::Format {
                    file: path,
                    reason: format!("its points have {dim} coordinates, not dim = {stated}"),
                    remedy: "leave dim out: it is found from the file".into(),
                }),
                _ => Ok((path, dim)),
            }
        });
        let (path, dim) = found.map_err(|error| ExperimentError::Data {
            key: match &error {
                FileError::Column { .. } if !file.x.is_empty() => "score.file.x".into(),
                _ => "score.file.path".into(),
            },
            error,
        })?;
        (file.path, file.dim) = (path, Some(dim));
        Ok(())
    }

    fn check(&self) -> Result<(), ExperimentError> {
        let checked = match self {
            Self::File(file) => file.check(),
            Self::Density(density) => density.check(),
        };
        checked.map_err(|error| ExperimentError::setting(&self.table(), error))
    }

    fn check_rest(&self, protocol: &Protocol) -> Result<(), ExperimentError> {
        protocol.require_uniform("a score, which is tested on samples", "leave it out")?;
        match self {
            Self::File(_) => protocol.require_online(
                "a run on a file of samples",
                "leave it out: the rows of the file are what there is",
            )?,
            Self::Density(_) => protocol.train.check_data()?,
        }
        protocol.evaluation.check(self.dim())
    }

    fn check_network(&self, network: &NetworkConfig) -> Result<(), ExperimentError> {
        let (loss, name) = match self.loss() {
            ScoreLoss::Denoising => return Ok(()),
            ScoreLoss::Hyvarinen => ("hyvarinen", "the trace of its Jacobian"),
            ScoreLoss::Sliced => ("sliced", "its Jacobian"),
        };
        // Small: how a trace is found does not depend on the width.
        let small = network.clone().with_size(crate::registry::Size::Width(8));
        let mut source = ParameterSource::new(&crate::backend::host(&Device::default()), 0);
        let Ok(built) = small.init(self.dim(), &mut source) else {
            return Ok(());
        };
        let refuse = |requirement: String, remedy: &str| {
            require(
                false,
                &format!("{}.loss", self.table()),
                format!("{loss:?}"),
                &requirement,
                remedy,
            )
        };
        match built.trace() {
            Trace::Jumps => refuse(
                format!(
                    "cannot be minimised with {}, which is piecewise linear: {name} jumps",
                    network.name()
                ),
                "write loss = \"denoising\", or choose a smooth network such as gradnet_c",
            ),
            Trace::Products if loss == "hyvarinen" && self.dim() > MOST_PRODUCTS => refuse(
                format!(
                    "takes a product with the Jacobian of {} for each of {} dimensions, more than {MOST_PRODUCTS}: the trace has no closed form",
                    network.name(),
                    self.dim()
                ),
                "write loss = \"sliced\", or choose a network with a closed trace such as gradnet_c or gradnet_m",
            ),
            _ => Ok(()),
        }
    }

    fn check_room(&self, protocol: &Protocol) -> Result<(), ExperimentError> {
        match self {
            Self::File(_) => Ok(()),
            Self::Density(_) => protocol.drawn_points_room(self.dim()),
        }
    }

    fn suits_monotone(&self) -> bool {
        match self {
            Self::File(_) => true,
            Self::Density(density) => density.is_log_concave(),
        }
    }

    fn draws(&self) -> bool {
        matches!(self, Self::Density(_))
    }

    fn files(&self) -> Vec<(&'static str, PathBuf)> {
        match self {
            Self::File(file) => vec![("score.file.path", file.path.clone())],
            Self::Density(_) => Vec::new(),
        }
    }

    fn columns(&self) -> (&[String], &[String]) {
        match self {
            Self::File(file) => (&file.x, &[]),
            Self::Density(_) => (&[], &[]),
        }
    }

    fn reads(&self) -> Vec<String> {
        let Self::File(file) = self else {
            return Vec::new();
        };
        let found = PointTable::columns(&file.path, &file.x, NAMING.reading(file.header));
        found.map_or(Vec::new(), |(columns, _)| columns.told(&file.path))
    }

    fn in_own_units(&mut self) {
        match self {
            Self::File(file) => file.standardise = false,
            Self::Density(density) => density.standardise = false,
        }
    }

    fn build(
        &self,
        protocol: &Protocol,
        device: &Device,
        _before: Option<&DataFacts>,
    ) -> Result<Box<dyn RunTask>, TaskError> {
        Ok(Box::new(ScoreMatching::new(self, protocol, device)?))
    }

    fn keeps_facts(&self) -> bool {
        true
    }

    fn complete(&self, facts: DataFacts) -> Result<DataFacts, String> {
        facts.completed_turned(self.dim())
    }
}
