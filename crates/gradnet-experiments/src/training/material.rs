//! What a run learns from: a target that can be evaluated anywhere, or the pairs of a file.

use std::path::Path;
use std::sync::Arc;

use crate::registry::Network;
use burn::tensor::Device;

use super::TrainError;
use crate::data::file::{DataFacts, FilePairs, Finding};
use crate::data::{BatchSource, PointSet, Sampler, Stream, sampled};
use crate::device_check::{Agreement, DeviceFault, Workload};
use crate::evaluation::{Evaluation, Reference, evaluate_pairs, reference_rows, score};
use crate::experiment::Experiment;
use crate::run::{RunError, RunFolder};
use crate::target::{Target, TargetConfig};

/// Batches to train on, points to validate on, and what is needed to score the result.
pub(super) struct Material {
    batches: Arc<dyn BatchSource>,
    validation: PointSet,
    pairs: Option<FilePairs>,
}

impl Material {
    /// Builds the target, or reads the file: scaled as a run that goes on has noted in `before`, or anew and then looked through for what
    /// would ruin a fit.
    pub(super) fn prepare(
        experiment: &Experiment,
        device: &Device,
        before: Option<&DataFacts>,
    ) -> Result<Self, TrainError> {
        let (config, seed) = (&experiment.train, experiment.seed);
        if let TargetConfig::File(file) = &experiment.target {
            let mut pairs = FilePairs::read(file, seed, config.batch)?;
            if !before.is_some_and(|facts| pairs.adopt(facts)) {
                pairs.examine(file, experiment.network.entry().claim);
            }
            let rows = &pairs.split().validation;
            return Ok(Self {
                batches: Arc::new(pairs.batches(seed, config.batch, device)),
                validation: pairs.set(rows, config.validation.points, device),
                pairs: Some(pairs),
            });
        }
        let target: Arc<dyn Target> = Arc::from(experiment.target.init(device)?);
        let sampler = Sampler::new(&config.data, target.clone(), seed, config.batch);
        Ok(Self {
            validation: validation_set(experiment, target.as_ref(), device),
            batches: sampled(sampler, device.clone()),
            pairs: None,
        })
    }

    /// What would ruin the fit.
    pub(super) fn findings(&self) -> &[Finding] {
        self.pairs.as_ref().map_or(&[], FilePairs::findings)
    }

    /// Notes in the run folder how the file was split and scaled.
    pub(super) fn note(&self, run: &Path) -> Result<(), RunError> {
        match &self.pairs {
            Some(pairs) => RunFolder::write_facts(run, &pairs.facts()),
            None => Ok(()),
        }
    }

    /// The training batches.
    pub(super) fn batches(&self) -> Arc<dyn BatchSource> {
        self.batches.clone()
    }

    /// The validation points.
    pub(super) fn validation(&self) -> &PointSet {
        &self.validation
    }

    /// Holds the device against the processor for every batch the run will compute; `None` on the processor itself.
    pub(super) fn check_device(
        &self,
        network: &Network,
        experiment: &Experiment,
        device: &Device,
    ) -> Result<Option<Agreement>, DeviceFault> {
        let points = self.validation.first_points();
        let tested = match &self.pairs {
            Some(pairs) => pairs.split().test.len().min(experiment.evaluation.points),
            None => experiment.evaluation.points_a_draw(),
        };
        let validated = self.validation.points();
        let scoring = [validated, tested].map(PointSet::chunk_sizes).concat();
        let workload = Workload {
            network,
            target: self.pairs.is_none().then_some(&experiment.target),
            points: &points,
            training: &[experiment.train.batch],
            scoring: &scoring,
        };
        workload.check(device)
    }

    /// What a mean squared error is multiplied by to be in the user's units.
    pub(super) fn unit(&self) -> f64 {
        self.pairs.as_ref().map_or(1.0, FilePairs::unit)
    }

    /// The digest of the data file, if there is one.
    pub(super) fn data_digest(&self) -> Option<String> {
        let pairs = self.pairs.as_ref()?;
        Some(pairs.digest().to_owned())
    }

    /// Scores a trained network, beside the reference rows where they are not known.
    pub(super) fn evaluate(
        &self,
        network: &Network,
        experiment: &Experiment,
        reference: Option<Reference>,
        device: &Device,
    ) -> Result<Evaluation, TrainError> {
        let (config, seed) = (&experiment.evaluation, experiment.seed);
        if let Some(pairs) = &self.pairs {
            return Ok(evaluate_pairs(network, pairs, config, device));
        }
        let target = &experiment.target;
        Ok(Evaluation {
            test: score(network, target, config, seed, device)?,
            reference: match reference {
                Some(known) => known,
                None => reference_rows(target, config, seed, device)?,
            },
        })
    }
}

fn validation_set(experiment: &Experiment, target: &dyn Target, device: &Device) -> PointSet {
    let count = experiment.train.validation.points;
    let points = target.draw(experiment.seed, Stream::Validation, 0, count);
    PointSet::new(&points, target, device)
}
