//! Looks at the values of an experiment, one after the other.

use std::path::Path;

use gradnet_core::analysis::Claim;

use super::{CheckedExperiment, Experiment, SCHEMA};
use crate::settings::{ExperimentError, require};

impl Experiment {
    /// Refuses what is for regularizers of pictures where something else is learned.
    fn check_regularizer(&self) -> Result<(), ExperimentError> {
        let only = "has a meaning for a run on pictures only";
        let remedy = "leave it out, or learn from pictures: [images]";
        let objective = self.train.objective.is_none();
        require(
            objective || self.task.on_patches(),
            "train.objective",
            "an objective of regularizers",
            only,
            remedy,
        )?;
        let start = self.train.start.as_deref().unwrap_or(Path::new(""));
        require(
            self.train.start.is_none() || self.task.on_patches(),
            "train.start",
            start.display(),
            only,
            remedy,
        )
    }

    /// Checks every value and returns the experiment with the network's width resolved from its parameter budget.
    ///
    /// # Errors
    /// The first value that cannot be run, with its key, the requirement it breaks and what to do.
    pub fn check(&self) -> Result<CheckedExperiment, ExperimentError> {
        require(
            self.schema == SCHEMA,
            "schema",
            self.schema,
            &format!("must be {SCHEMA}"),
            &format!(
                "this version reads schema = {SCHEMA}; a file of another version needs the program of that version"
            ),
        )?;
        require(
            !self.name.is_empty()
                && self
                    .name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c)),
            "name",
            format!("{:?}", self.name),
            "must be one or more of the letters a-z and A-Z, digits, `_`, `-` and `.`",
            "choose a short name such as \"convex_d32\"; it names the run folder",
        )?;
        // TOML's integers are 64-bit signed: a larger seed could not be written back to the run folder.
        require(
            i64::try_from(self.seed).is_ok(),
            "seed",
            self.seed,
            "must be at most 9223372036854775807",
            "choose a smaller seed, for instance 0",
        )?;
        self.task.check()?;
        require(
            !self.task.on_patches() || self.network.patch_dim().is_some(),
            "network",
            self.network.name(),
            "must be a network on patches to learn from pictures",
            "write [network.patch_ridge] with filters = 32 and size = 13, or another of the networks whose names begin with patch_",
        )?;
        if let Some(side) = self.network.patch_size()
            && !self.task.on_patches()
        {
            require(
                side * side == self.dim(),
                &format!("network.{}.size", self.network.name()),
                side,
                &format!(
                    "has {} pixels, but the points have dimension {}",
                    side * side,
                    self.dim()
                ),
                "leave it out: only a task on pictures asks for it",
            )?;
        }
        if self.dim() == 0 {
            let mut found = self.clone();
            found.task.locate(Path::new(""))?;
            // A dimension that stays 0, as that of patches of 0 pixels, is refused with the network.
            if found.dim() > 0 {
                return found.check();
            }
        }
        self.train.check()?;
        self.check_regularizer()?;
        self.task.check_rest(&self.protocol())?;
        require(
            !self.task.needs_monotone() || self.network.entry().claim == Claim::Monotone,
            &format!("network.{}", self.network.name()),
            self.network.name(),
            "must be a monotone network: the map is the gradient of a convex function",
            "choose mgradnet_m; `gradnet list networks` shows which are monotone",
        )?;
        let network = self
            .network
            .resolve(self.dim())
            .map_err(|error| ExperimentError::network(self.network.name(), error))?;
        self.task.check_network(&network)?;
        Ok(CheckedExperiment::new(Self {
            network,
            ..self.clone()
        }))
    }
}
