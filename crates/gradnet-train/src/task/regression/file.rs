//! Pairs from a file: `[data.file]`.

use std::iter;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use burn::tensor::{Device, FloatDType, Tensor};
use gradnet_core::analysis::Region;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::energies::Energies;
use super::template::TEMPLATE;
use super::{
    Exhibit, HEADLINE, PairSource, Reference, Regression, RunPairs, Score, Shown,
    SymmetricLinearMap, mean_squared_error,
};
use crate::backend;
use crate::data::file::{DataFacts, FileConfig, FilePairs, PairBatches};
use crate::data::{Batch, PointSet};
use crate::files::FileError;
use crate::settings::{EvaluationConfig, ExperimentError, Protocol};
use crate::task::{Headline, RunTask, Settings, TaskError, Template, last_part};

/// The table `[data.…]` of a config.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PairsConfig {
    /// A file of points and values.
    File(FileConfig),
}

/// The rows of a file as batches, validation and test.
pub struct FileRows {
    pub(super) pairs: FilePairs,
    pub(super) batches: PairBatches,
    batch: usize,
    pub(super) validated: usize,
    evaluation: EvaluationConfig,
    pub(super) device: Device,
    validation: OnceLock<PointSet>,
}

impl FileRows {
    /// The rows of pairs that were read, on a device that needs no autodiff.
    pub fn new(pairs: FilePairs, protocol: &Protocol, device: &Device) -> Self {
        let device = device.clone().without_autodiff();
        let batch = protocol.train.batch;
        Self {
            batches: pairs.batches(protocol.seed, batch, &device),
            pairs,
            batch,
            validated: protocol.train.validation.points,
            evaluation: protocol.evaluation.clone(),
            device,
            validation: OnceLock::new(),
        }
    }

    pub(super) fn test_set(&self, most: usize) -> PointSet {
        let rows = &self.pairs.split().test;
        self.pairs.set(rows, most, &self.device)
    }
}

impl PairSource for FileRows {
    fn dim(&self) -> usize {
        self.pairs.similarity().mean.len()
    }

    fn batch(&self, step: usize) -> Batch {
        self.batches.batch(step)
    }

    fn validation(&self) -> &PointSet {
        self.validation.get_or_init(|| {
            let rows = &self.pairs.split().validation;
            self.pairs.set(rows, self.validated, &self.device)
        })
    }

    fn unit(&self) -> f64 {
        self.pairs.unit()
    }

    /// On the test rows, at most `evaluation.points` of them.
    fn test(&self, field: &dyn Fn(Tensor<2>) -> Tensor<2>) -> Score {
        let set = self.test_set(self.evaluation.points);
        let error = mean_squared_error(field, &set) * self.unit();
        Score::new(&[error], set.points())
    }

    /// Constant and affine map are fitted to training rows, the latter to at most `evaluation.linear_points`: like the
    /// network they have not seen the test. The constant and zero are compared with the file's own numbers, in 64 bits.
    fn reference(&self) -> Reference {
        let (pairs, config) = (&self.pairs, &self.evaluation);
        let host = backend::host(&self.device);
        let training = pairs.set(&pairs.split().training, config.linear_points, &host);
        let affine = SymmetricLinearMap::fit_pairs(&training, self.dim(), &host);
        let linear_is_a_bound = affine.is_cut_short();
        let affine = affine.on_device(&self.device, FloatDType::F32);
        let affine_db = self.test(&|x| affine.forward(x)).mse_db_mean;
        let around = |constant: &[f64]| {
            let test = &pairs.split().test;
            let error = pairs.mean_square_around(constant, test, config.points);
            super::decibels(error)
        };
        Reference {
            zero_db: around(&vec![0.0; self.dim()]),
            linear_db: affine_db,
            constant_db: Some(around(&pairs.mean_gradient())),
            affine_db: Some(affine_db),
            linear_is_a_bound,
        }
    }
}

impl RunPairs for FileRows {
    fn facts(&self) -> Option<DataFacts> {
        Some(self.pairs.facts())
    }

    fn batch_size(&self) -> usize {
        self.batch
    }

    fn tested(&self) -> usize {
        self.pairs.split().test.len().min(self.evaluation.points)
    }

    fn test_points(&self) -> Vec<f32> {
        let first = self.tested().min(PointSet::CHUNK);
        self.test_set(first).first_points()
    }

    fn exhibit(&self, points: usize) -> Exhibit {
        let DataFacts { low, high, .. } = self.pairs.facts();
        Exhibit {
            pairs: self.test_set(points),
            target: None,
            region: Region { low, high },
            shows: Shown::Errors,
        }
    }
}

impl PairsConfig {
    fn file(&self) -> &FileConfig {
        let Self::File(file) = self;
        file
    }
}

/// `[data.file]`. Nothing is known of the field, so no network is refused for it.
impl Settings for PairsConfig {
    fn template() -> Option<Template> {
        Some(TEMPLATE)
    }

    fn task(&self) -> &'static str {
        "regression"
    }

    fn headline(&self) -> Headline {
        HEADLINE
    }

    fn name(&self) -> &'static str {
        "file"
    }

    fn title(&self) -> &'static str {
        "Pairs from a file"
    }

    fn heading(&self) -> String {
        format!(
            "A gradient field from the pairs in {}",
            last_part(&self.file().path)
        )
    }

    fn table(&self) -> String {
        "data.file".into()
    }

    fn dim(&self) -> usize {
        self.file().dim.unwrap_or_default()
    }

    fn locate(&mut self, base: &Path) -> Result<(), ExperimentError> {
        let Self::File(file) = self;
        if file.path.as_os_str().is_empty() {
            return Err(ExperimentError::Missing {
                key: "data.file.path".into(),
                remedy: "add path = \"gradients.csv\" with the name of your file".into(),
            });
        }
        // A run's config has the absolute path and the dimension: its weights can be used without the file.
        if file.dim.is_some() && file.path.is_absolute() && !file.path.exists() {
            return Ok(());
        }
        let found = file.clone().inspect(base);
        *file = found.map_err(|error| ExperimentError::Data {
            key: format!("data.file.{}", at_fault(file, &error)),
            error,
        })?;
        Ok(())
    }

    fn check(&self) -> Result<(), ExperimentError> {
        let checked = self.file().check();
        checked.map_err(|error| ExperimentError::setting(&self.table(), error))
    }

    fn check_rest(&self, protocol: &Protocol) -> Result<(), ExperimentError> {
        let remedy = "leave it out: the rows of the file are what there is";
        protocol.require_online("a run on a data file", remedy)?;
        protocol.require_uniform("a run on a data file", remedy)?;
        protocol.evaluation.check(self.dim())
    }

    /// The numbers of points are of a file's rows at most; only a batch may be larger than memory.
    fn check_room(&self, _protocol: &Protocol) -> Result<(), ExperimentError> {
        Ok(())
    }

    fn files(&self) -> Vec<(&'static str, PathBuf)> {
        let file = self.file();
        let first = ("data.file.path", file.path.clone());
        let second = file.gradient_path.clone();
        let second = second.map(|path| ("data.file.gradient_path", path));
        iter::once(first).chain(second).collect()
    }

    fn columns(&self) -> (&[String], &[String]) {
        (&self.file().x, &self.file().y)
    }

    fn reads(&self) -> Vec<String> {
        let file = self.file();
        file.columns()
            .map_or(Vec::new(), |columns| columns.told(&file.path))
    }

    fn needs_potential(&self) -> bool {
        self.file().potential.is_some()
    }

    fn in_own_units(&mut self) {
        let Self::File(file) = self;
        file.standardise = false;
    }

    fn build(
        &self,
        protocol: &Protocol,
        device: &Device,
        before: Option<&DataFacts>,
    ) -> Result<Box<dyn RunTask>, TaskError> {
        let file = self.file();
        let mut pairs = FilePairs::read(file, protocol.seed, protocol.train.batch)?;
        if !before.is_some_and(|facts| pairs.adopt(facts)) {
            pairs.examine(file, protocol.claim);
        }
        let rows = FileRows::new(pairs, protocol, device);
        Ok(match file.potentials()? {
            Some(potentials) => Box::new(Energies::new(rows, &potentials, file)),
            None => Box::new(Regression::new(rows)),
        })
    }

    fn keeps_facts(&self) -> bool {
        true
    }

    fn complete(&self, facts: DataFacts) -> Result<DataFacts, String> {
        facts.completed(self.dim())
    }
}

/// The key of the table that an error is about.
fn at_fault(file: &FileConfig, error: &FileError) -> &'static str {
    let second = file.gradient_path.as_deref();
    match error {
        FileError::Column { name, .. } if file.y.contains(name) => "y",
        FileError::Column { name, .. } if file.x.contains(name) => "x",
        FileError::Column { name, .. } if file.potential.as_ref() == Some(name) => "potential",
        FileError::System { file: path, .. }
            if second.is_some_and(|second| path.ends_with(second)) =>
        {
            "gradient_path"
        }
        _ => "path",
    }
}
