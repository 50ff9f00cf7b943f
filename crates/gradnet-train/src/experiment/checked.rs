//! An experiment that was looked at.

use std::ops::Deref;
use std::path::PathBuf;

use super::Experiment;

/// An experiment whose values were all checked and whose network has its width: what is trained.
///
/// Only [`Experiment::check`] makes one, so that nobody checks it again. Its values are read as those of an
/// [`Experiment`]; to change one, take the experiment out and check it anew.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckedExperiment(Experiment);

impl CheckedExperiment {
    /// For [`Experiment::check`] alone.
    pub(super) fn new(experiment: Experiment) -> Self {
        Self(experiment)
    }

    /// The same under a name of the letters that names are made of.
    pub(crate) fn named(mut self, name: String) -> Self {
        self.0.name = name;
        self
    }

    /// The same, begun with the weights of a run, which may still be trained.
    pub(crate) fn begun_with(mut self, run: Option<PathBuf>) -> Self {
        self.0.train.start = run.or(self.0.train.start);
        self
    }

    /// The experiment, which may be changed.
    pub fn into_inner(self) -> Experiment {
        self.0
    }
}

impl Deref for CheckedExperiment {
    type Target = Experiment;

    fn deref(&self) -> &Experiment {
        &self.0
    }
}
