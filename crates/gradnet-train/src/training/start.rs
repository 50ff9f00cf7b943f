//! A run that begins with the weights of another.

use std::mem::discriminant;

use burn::tensor::Device;

use super::TrainError;
use crate::experiment::{Experiment, ExperimentError};
use crate::registry::Network;
use crate::run::Run;
use crate::task::RunTask;

/// The runs that another may begin with.
pub(crate) const WHAT_BEGINS: &str = "a run on pictures with the same network settings, or for a patch_weak_ridge one of \
     a patch_ridge with as many filters of the same size";

/// The run that `train.start` names, if it names one that fits.
///
/// # Errors
/// If it is no finished run of the same network.
pub(super) fn named(experiment: &Experiment) -> Result<Option<Run>, TrainError> {
    let Some(folder) = &experiment.train.start else {
        return Ok(None);
    };
    let run = Run::open(folder)?;
    let refused = |requirement: &str, remedy: &str| ExperimentError::Invalid {
        key: "train.start".into(),
        value: folder.display().to_string(),
        requirement: requirement.into(),
        remedy: remedy.into(),
    };
    let before = run.experiment();
    if !before.task.on_patches() {
        let remedy = "name a run on [images]";
        return Err(refused("must be a run on pictures", remedy).into());
    }
    if !before.network.begins(&experiment.network) {
        let table = toml::to_string(&before.network).unwrap_or_default();
        let remedy = format!(
            "give the network the settings of that run: {}",
            table.trim()
        );
        return Err(refused(&format!("must be {WHAT_BEGINS}"), &remedy).into());
    }
    if run.summary()?.is_none() {
        let remedy = "finish it with `gradnet resume`";
        return Err(refused(
            "must be a finished run, which has chosen strength and scale",
            remedy,
        )
        .into());
    }
    Ok(Some(run))
}

/// `network` with the weights of `run`; strength and scale begin where that run learned or chose them.
///
/// # Errors
/// If the weights cannot be read.
pub(super) fn begun(
    run: &Run,
    network: Network,
    task: &dyn RunTask,
    device: &Device,
) -> Result<Network, TrainError> {
    let before = run.weights_on(&device.clone().autodiff())?;
    let mut network = network;
    let is_same = discriminant(&network.registered) == discriminant(&before.registered);
    network.registered = network.registered.begun(before.registered);
    let noise_weights = match (network.noise_weights.clone(), before.noise_weights) {
        // Strength and scale belong to the kind of regularizer.
        (Some(fresh), _) if !is_same => Some(fresh.with_middle([network.first_strength(), 1.0])),
        (Some(_), Some(learned)) => Some(learned),
        (Some(fresh), None) => {
            let summary = run.summary()?;
            let chosen = summary.and_then(|summary| task.chosen_weights(&summary.scores.metrics));
            Some(match chosen {
                Some(weights) => fresh.with_middle(weights),
                None => fresh,
            })
        }
        (None, _) => None,
    };
    network.noise_weights = noise_weights;
    Ok(network)
}
