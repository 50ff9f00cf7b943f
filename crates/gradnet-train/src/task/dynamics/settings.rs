//! The checks of `[dynamics]`, and what the rest of a run is told of it.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use gradnet_core::analysis::Claim;

use super::config::{DynamicsConfig, PathsFile, SystemPaths};
use super::kind::Kind;
use super::template::TEMPLATE;
use super::{Dynamics, table};
use crate::data::file::{DataFacts, listed};
use crate::files::FileError;
use crate::settings::{ExperimentError, Protocol, require};
use crate::task::{Headline, RunTask, Settings, TaskError, Template, last_part};

/// Paths of a system are held in memory, with all their samples.
const MOST_SAMPLES: usize = 10_000_000;

impl Settings for DynamicsConfig {
    fn template() -> Option<Template> {
        Some(TEMPLATE)
    }

    fn task(&self) -> &'static str {
        "dynamics"
    }

    fn headline(&self) -> Headline {
        Headline::smallest(&["rollout_mse"], &["exact"])
    }

    fn name(&self) -> &'static str {
        self.system
            .as_ref()
            .map_or("file", |system| system.name.name())
    }

    fn title(&self) -> &'static str {
        self.system
            .as_ref()
            .map_or("Paths from a file", |system| system.name.title())
    }

    fn heading(&self) -> String {
        let file = self.file.as_ref();
        let file = file.map(|file| format!("the paths in {}", last_part(&file.path)));
        let paths = file.unwrap_or_else(|| self.title().to_lowercase());
        format!("Dynamics learned from {paths}")
    }

    fn table(&self) -> String {
        "dynamics".into()
    }

    fn dim(&self) -> usize {
        match (&self.file, &self.system) {
            (Some(file), _) => file.dim.unwrap_or_default(),
            (None, Some(system)) => system.name.states().len(),
            (None, None) => 0,
        }
    }

    fn locate(&mut self, base: &Path) -> Result<(), ExperimentError> {
        let kind = self.kind;
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        // A run's config has the absolute path and the dimension: its weights can be used without the file.
        if file.dim.is_some() && file.path.is_absolute() && !file.path.exists() {
            return Ok(());
        }
        let refused = |error: FileError, file: &PathsFile| ExperimentError::Data {
            key: format!("dynamics.file.{}", at_fault(file, &error)),
            error,
        };
        let absolute = std::path::absolute(base.join(&file.path));
        file.path = absolute.map_err(|error| refused(FileError::read(&file.path, &error), file))?;
        let dim = table::dim(file).map_err(|error| refused(error, file))?;
        file.dim = Some(dim);
        require(
            !kind.has_momenta() || dim.is_multiple_of(2),
            "dynamics.file.state",
            format!("{} coordinates", dim),
            "must be positions and as many momenta for this kind",
            "name q1, .., p1, .. in this order, or write kind = \"gradient_flow\"",
        )
    }

    fn check(&self) -> Result<(), ExperimentError> {
        let share = |key: &str, value: f64| {
            require(
                value > 0.0 && value < 1.0,
                key,
                value,
                "must be a share of the paths between 0 and 1",
                "0.2 takes every fifth path",
            )
        };
        match (&self.file, &self.system) {
            (None, None) => {
                return Err(ExperimentError::Missing {
                    key: "dynamics.file".into(),
                    remedy: "add a table [dynamics.file] with path = \"paths.csv\" and state = [\"q\", \"p\"], or [dynamics.system]".into(),
                });
            }
            (Some(_), Some(system)) => {
                return Err(ExperimentError::Invalid {
                    key: "dynamics.system".into(),
                    value: format!("\"{}\"", system.name.name()),
                    requirement: "must not stand beside [dynamics.file]".into(),
                    remedy: "keep one of the two tables".into(),
                });
            }
            (Some(file), None) => check_file(file)?,
            (None, Some(system)) => check_system(system, self.kind)?,
        }
        require(
            self.horizon >= 1,
            "dynamics.horizon",
            self.horizon,
            "must be at least 1",
            "horizon = 10 follows paths over ten samples",
        )?;
        require(
            (0.0..=1.0).contains(&self.growth),
            "dynamics.growth",
            self.growth,
            "must be a share of the run between 0 and 1",
            "growth = 0.25 has whole windows from a quarter of the run on",
        )?;
        require(
            (1..=1000).contains(&self.substeps),
            "dynamics.substeps",
            self.substeps,
            "must be between 1 and 1000",
            "substeps = 1 takes a step from each sample to the next",
        )?;
        require(
            self.start_steps <= 100,
            "dynamics.start_steps",
            self.start_steps,
            "must be at most 100",
            "start_steps = 2 is enough for most noise",
        )?;
        if let Some(friction) = self.friction {
            require(
                friction.is_finite() && friction >= 0.0,
                "dynamics.friction",
                friction,
                "must be a number that is not negative",
                "leave it out to have it found",
            )?;
            require(
                self.kind == Kind::Dissipative,
                "dynamics.friction",
                friction,
                "has a meaning for kind = \"dissipative\" only",
                "leave it out, or change the kind",
            )?;
        }
        share("dynamics.validation", self.validation)?;
        share("dynamics.test", self.test)?;
        require(
            self.validation + self.test < 1.0,
            "dynamics.validation",
            self.validation,
            &format!("must leave paths to train on beside test = {}", self.test),
            "write validation = 0.2 and test = 0.2",
        )
    }

    fn check_rest(&self, protocol: &Protocol) -> Result<(), ExperimentError> {
        let remedy = "leave it out: the recorded paths are what there is";
        protocol.require_online("dynamics", remedy)?;
        protocol.require_uniform("dynamics", remedy)?;
        require(
            protocol.claim >= Claim::Gradient,
            "network",
            "a network that promises nothing",
            "must be a gradient network: dynamics are those of an energy",
            "choose one that guarantees a gradient (`gradnet list networks`)",
        )?;
        protocol.evaluation.check(self.dim())
    }

    fn suits_monotone(&self) -> bool {
        self.system
            .as_ref()
            .is_none_or(|system| system.name.is_convex())
    }

    fn is_separated(&self) -> bool {
        self.kind == Kind::Separable
    }

    fn files(&self) -> Vec<(&'static str, PathBuf)> {
        let file = self.file.iter();
        file.map(|file| ("dynamics.file.path", file.path.clone()))
            .collect()
    }

    fn columns(&self) -> (&[String], &[String]) {
        (self.file.as_ref().map_or(&[], |file| &file.state), &[])
    }

    fn reads(&self) -> Vec<String> {
        let of = |file: &PathsFile| {
            let inputs = match file.inputs.as_slice() {
                [] => String::new(),
                inputs => format!("; inputs {}", listed(inputs)),
            };
            format!(
                "{}: paths by {}, times {}, state {}{inputs}",
                file.path.display(),
                file.number,
                file.time,
                listed(&file.state)
            )
        };
        self.file.iter().map(of).collect()
    }

    fn build(
        &self,
        protocol: &Protocol,
        device: &Device,
        before: Option<&DataFacts>,
    ) -> Result<Box<dyn RunTask>, TaskError> {
        Ok(Box::new(Dynamics::new(self, protocol, device, before)?))
    }

    fn keeps_facts(&self) -> bool {
        true
    }

    fn complete(&self, facts: DataFacts) -> Result<DataFacts, String> {
        facts.completed(self.dim())
    }
}

fn check_file(file: &PathsFile) -> Result<(), ExperimentError> {
    let missing = |key: &str, remedy: &str| ExperimentError::Missing {
        key: key.into(),
        remedy: remedy.into(),
    };
    if file.path.as_os_str().is_empty() {
        return Err(missing(
            "dynamics.file.path",
            "add path = \"paths.csv\" with the name of your file",
        ));
    }
    if file.state.is_empty() {
        return Err(missing(
            "dynamics.file.state",
            "add state = [\"q\", \"p\"] with the names of your columns, positions first",
        ));
    }
    Ok(())
}

fn check_system(system: &SystemPaths, kind: Kind) -> Result<(), ExperimentError> {
    let key = |field: &str| format!("dynamics.system.{field}");
    let sampled = system.sampled();
    require(
        kind != Kind::GradientFlow,
        "dynamics.kind",
        "\"gradient_flow\"",
        "must be a kind with momenta for the systems that are made here",
        "write kind = \"hamiltonian\"",
    )?;
    require(
        system.paths >= 3,
        &key("paths"),
        system.paths,
        "must be at least 3: one to train on, one to validate, one more",
        "paths = 50 are enough for a pendulum",
    )?;
    require(
        sampled.points >= 2,
        &key("points"),
        sampled.points,
        "must be at least 2",
        "leave it out",
    )?;
    require(
        sampled.end.is_finite() && sampled.end > 0.0 && sampled.end <= 1e4,
        &key("end"),
        sampled.end,
        "must be a time above 0 and at most 10000",
        "leave it out",
    )?;
    require(
        sampled.noise.is_finite() && sampled.noise >= 0.0,
        &key("noise"),
        sampled.noise,
        "must be a number that is not negative",
        "noise = 0.1 adds 0.1 N(0, 1) to every coordinate",
    )?;
    require(
        system.test_paths >= 1,
        &key("test_paths"),
        system.test_paths,
        "must be at least 1",
        "leave it out",
    )?;
    require(
        system.test_end.is_finite() && system.test_end > 0.0 && system.test_end <= 1e4,
        &key("test_end"),
        system.test_end,
        "must be a time above 0 and at most 10000",
        "leave it out",
    )?;
    let tested = system.tested();
    require(
        tested.points >= 2,
        &key("test_end"),
        system.test_end,
        "must be at least one step of the samples",
        "leave it out",
    )?;
    for (field, value, points) in [
        ("paths", system.paths, sampled.points),
        ("test_paths", system.test_paths, tested.points),
    ] {
        require(
            value.saturating_mul(points) <= MOST_SAMPLES,
            &key(field),
            value,
            &format!(
                "must be at most {} with {points} samples each",
                MOST_SAMPLES / points.max(1)
            ),
            "ask for fewer paths or fewer samples",
        )?;
    }
    Ok(())
}

/// The key of the table that an error is about.
fn at_fault(file: &PathsFile, error: &FileError) -> &'static str {
    match error {
        FileError::Column { name, .. } if file.state.contains(name) => "state",
        FileError::Column { name, .. } if file.inputs.contains(name) => "inputs",
        FileError::Column { name, .. } if *name == file.number => "number",
        FileError::Column { name, .. } if *name == file.time => "time",
        _ => "path",
    }
}
