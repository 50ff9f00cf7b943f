//! A task says what is learned from what: the data, the loss, how weights are chosen, what is measured and beside what.
//!
//! ```text
//! settings (a table of the config)  --build-->  task  --lesson(step)-->  loss of a field
//!                                                     --validate-->      the number that chooses the weights
//!                                                     --evaluate-->      the numbers of the result
//!                                                     --baselines-->     the same numbers of fields that learned nothing
//! ```
//!
//! The loop, checkpoints, run folders, summaries and reports know tasks by this interface alone. The one list of tasks
//! is `experiment/tasks.rs`: a new task is a file in this room and a line there (CONTRIBUTING.md tells how).

mod device;
mod draft;
pub mod dynamics;
mod error;
mod headline;
pub mod images;
mod quantity;
pub mod regression;
pub mod score;
#[cfg(test)]
pub(crate) mod toy;
pub mod transport;

use std::path::{Path, PathBuf};

use crate::registry::{Network, NetworkConfig};
use burn::tensor::{Device, Tensor};
use gradnet_core::analysis::Region;

use crate::data::Contents;
use crate::data::file::DataFacts;
use crate::device_check::{Agreement, DeviceFault};
use crate::settings::{ExperimentError, Protocol};

use device::check_lesson;
pub use draft::{Draft, Input, Request, Size as DraftSize, Template, Training};
pub use error::TaskError;
pub use headline::Headline;
pub use quantity::{Quantities, Quantity, Rows};
pub use regression::Regression;
pub use transport::Transport;

/// What one step learns from: gives the loss of a field, `[1]`. The batch is inside.
pub type Lesson<F> = Box<dyn FnOnce(&F) -> Tensor<1> + Send>;

/// What a field of type `F` is to learn, and how well it did.
///
/// Fields are given with autodiff to [`lesson`](Self::lesson) and without to everything else.
pub trait Task<F>: Send + Sync {
    /// Dimension of the space the field lives on.
    fn dim(&self) -> usize;

    /// What step `step`, counted from 0, learns from: a pure function of the task's seed and the step, so that a run
    /// resumes exactly and the next lesson can be made while this one is learned.
    fn lesson(&self, step: usize) -> Lesson<F>;

    /// What [`validate`](Self::validate) measures.
    fn criterion(&self) -> Criterion;

    /// The number by which weights are chosen, smaller is better; `None` if `stop` said so before it was known.
    fn validate(&self, field: &F, stop: &dyn Fn() -> bool) -> Option<f64>;

    /// The numbers of the result, by name.
    fn evaluate(&self, field: &F) -> Quantities;

    /// The numbers of fields that a result has to be compared with, by the row's name.
    fn baselines(&self) -> Rows;
}

/// The number that chooses the weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Criterion {
    /// Its name, as in the results.
    pub name: &'static str,
    /// Its unit, empty for a plain number.
    pub unit: &'static str,
    /// What it is called in prose, without a capital.
    pub title: &'static str,
}

/// What a device will compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A training with its validations and its test.
    Training,
    /// A test.
    Scoring,
}

/// A task that a run trains a registered network on: what a run folder keeps and a report shows beside the numbers.
pub trait RunTask: Task<Network> {
    /// What the run folder notes of the data; `None` where the config says it all.
    fn facts(&self) -> Option<DataFacts> {
        None
    }

    /// What the folders hold that the task read; `None` where it reads none.
    fn contents(&self) -> Option<Contents> {
        None
    }

    /// Holds a device against the processor for what a run computes on it. `host` builds the same task on the
    /// processor.
    ///
    /// Asked for where the device is not the processor itself. Unless the task has something more particular to
    /// compare, such as the field at given points, these are its validation and, for a training, its first step.
    ///
    /// # Errors
    /// The first quantity that differs.
    fn check_device(
        &self,
        network: &Network,
        device: &Device,
        purpose: Purpose,
        host: &dyn Fn() -> Result<Box<dyn RunTask>, TaskError>,
    ) -> Result<Option<Agreement>, DeviceFault> {
        check_lesson(network, (self, device), host()?.as_ref(), purpose)
    }

    /// A fresh network as the task wants it to begin, such as near a map that is known in closed form.
    fn start(&self, network: Network) -> Network {
        network
    }

    /// Strength and scale of a regularizer for the noise that is learned from, as the results of another run chose
    /// them.
    fn chosen_weights(&self, _metrics: &Quantities) -> Option<[f64; 2]> {
        None
    }

    /// Pairs to show, about `points` of them; `None` where the task has no pairs.
    fn exhibit(&self, _points: usize) -> Option<regression::Exhibit> {
        None
    }

    /// Test points of the two distributions that a map leads between, at most `count` of each; `None` where no map is
    /// learned.
    fn shown_map(&self, _count: usize) -> Option<transport::ShownMap<'_>> {
        None
    }

    /// A picture that a network denoises, to show, with what the results in `metrics` say of the way; `None` where
    /// there are no pictures.
    fn shown_pictures(
        &self,
        _network: &Network,
        _metrics: &Quantities,
    ) -> Option<images::ShownPictures> {
        None
    }

    /// Paths that a network predicts, to show; `None` where the task has no paths.
    fn shown_paths(&self, _network: &Network) -> Option<dynamics::ShownPaths> {
        None
    }
}

/// The last part of a path, as headings name a file or a folder.
pub(crate) fn last_part(path: &Path) -> String {
    let last = path.file_name().unwrap_or(path.as_os_str());
    last.to_string_lossy().into_owned()
}

/// A task's settings: what a table of a config says of it.
pub trait Settings {
    /// How a config is written for a user's own data; `None` where the task has none to look at.
    fn template() -> Option<Template>
    where
        Self: Sized,
    {
        None
    }

    /// The task's name in results, such as `regression`.
    fn task(&self) -> &'static str;

    /// The name of this choice, such as `piecewise_quadratic` or `file`.
    fn name(&self) -> &'static str;

    /// What it is called in prose.
    fn title(&self) -> &'static str;

    /// What is learned from what, in a line: the task and the names of its files.
    fn heading(&self) -> String {
        self.title().into()
    }

    /// The dotted name of its table in a config.
    fn table(&self) -> String;

    /// What a result is judged by.
    fn headline(&self) -> Headline;

    /// Which definition of its numbers this is, counted from 1: those of two definitions are not compared.
    fn definition(&self) -> u32 {
        1
    }

    /// Dimension of the space; 0 where it is not known yet.
    fn dim(&self) -> usize;

    /// Whether the field is the lift of a network on patches, whose size the network says.
    fn on_patches(&self) -> bool {
        false
    }

    /// The folders and files that the table names, with their dotted keys, for relative paths to be completed.
    fn folders_mut(&mut self) -> Vec<(&'static str, &mut PathBuf)> {
        Vec::new()
    }

    /// Finds the files that are named relative to `base`, and what of the data decides the network.
    ///
    /// # Errors
    /// What is wrong with a file.
    fn locate(&mut self, _base: &Path) -> Result<(), ExperimentError> {
        Ok(())
    }

    /// Looks at the settings alone.
    ///
    /// # Errors
    /// The first that is out of range.
    fn check(&self) -> Result<(), ExperimentError>;

    /// Looks at what else of the run the task uses or forbids.
    ///
    /// # Errors
    /// The first value that cannot be used, or that the machine's memory cannot hold.
    fn check_rest(&self, _protocol: &Protocol) -> Result<(), ExperimentError> {
        Ok(())
    }

    /// Looks at whether the loss can be minimised with a network of this kind, whose settings are resolved.
    ///
    /// # Errors
    /// The setting that stands against it.
    fn check_network(&self, _network: &NetworkConfig) -> Result<(), ExperimentError> {
        Ok(())
    }

    /// Refuses what this machine's memory cannot hold.
    ///
    /// # Errors
    /// The first size that is too large.
    fn check_room(&self, _protocol: &Protocol) -> Result<(), ExperimentError> {
        Ok(())
    }

    /// Whether the network's potential is learned from, not its gradient alone.
    fn needs_potential(&self) -> bool {
        false
    }

    /// Whether a monotone network may be able to represent what is learned.
    fn suits_monotone(&self) -> bool {
        true
    }

    /// Whether what is learned is the sum of an energy of the positions and one of the momenta, both of the network.
    fn is_separated(&self) -> bool {
        false
    }

    /// Whether test points are drawn, so that another seed or another number of draws has a meaning.
    fn draws(&self) -> bool {
        false
    }

    /// The modulus `μ` of the linear part `VᵀV x + μ x + b` that every network of the task stands in; `None` where it
    /// stands alone.
    fn modulus(&self) -> Option<f64> {
        None
    }

    /// The cube that the points lie in, where a run notes none: [`keeps_facts`](Self::keeps_facts).
    fn region(&self) -> Region {
        Region::default()
    }

    /// Whether the task can be learned by monotone networks alone.
    fn needs_monotone(&self) -> bool {
        false
    }

    /// All files that a run reads, with the keys that name them: nothing may be written over them, and a change of
    /// any of them is noticed.
    fn files(&self) -> Vec<(&'static str, PathBuf)> {
        Vec::new()
    }

    /// The names of the columns with the points, and of those with the values, where the config gives them.
    fn columns(&self) -> (&[String], &[String]) {
        (&[], &[])
    }

    /// What is read and what was assumed of it, for the user to see.
    fn reads(&self) -> Vec<String> {
        Vec::new()
    }

    /// Prepares a task for imported weights, which know the user's units only.
    fn in_own_units(&mut self) {}

    /// Builds the task on `device`, with the change of units that `before` has noted, if there is a run already.
    ///
    /// # Errors
    /// If the data cannot be used.
    fn build(
        &self,
        protocol: &Protocol,
        device: &Device,
        before: Option<&DataFacts>,
    ) -> Result<Box<dyn RunTask>, TaskError>;

    /// Whether a run folder keeps [`DataFacts`].
    fn keeps_facts(&self) -> bool {
        false
    }

    /// Checks and completes the facts that a run folder keeps, which an earlier version may have written.
    ///
    /// # Errors
    /// What is wrong with them.
    fn complete(&self, facts: DataFacts) -> Result<DataFacts, String> {
        Ok(facts)
    }
}
