use burn::tensor::Device;
use gradnet_core::ParameterSource;

use super::super::losses::BLOCK_STEPS;
use super::*;
use crate::registry::{NetworkConfig, Size};
use crate::{experiment::Experiment, targets::TargetConfig, training::Silent};

/// A session of 1,000 steps whose initial weights validate at 1.
fn session(out: &std::path::Path) -> (Session, Network) {
    let target = TargetConfig::from_name("quartic_polynomial").unwrap();
    let config = NetworkConfig::from_name("mgradnet_c").unwrap();
    let config = config.with_size(Size::Width(3));
    let mut source = ParameterSource::new(&Device::flex(), 0);
    let network = config.init(2, &mut source).unwrap();
    let experiment = Experiment::new("session", target, config);
    let folder = RunFolder::create(out, &experiment, false).unwrap();
    let facts = Facts {
        experiment: String::new(),
        backend: "flex",
        files: FileDigests::default(),
        steps: 1_000,
        interval: 200,
        criterion: Criterion {
            name: "mse_db",
            unit: "dB",
            title: "error",
        },
        definition: 1,
    };
    let best = Best::new(network.clone(), 0.0);
    let mut session = Session::new(folder, facts, Box::new(Silent), best);
    session.begin().unwrap();
    (session, network)
}

fn loss(value: f32) -> Tensor<1> {
    Tensor::from_floats([value], &Device::flex())
}

#[test]
fn a_loss_outside_the_finite_numbers_is_found_within_a_block_at_its_very_step() {
    let out = tempfile::tempdir().unwrap();
    let (mut session, _) = session(out.path());
    let mut stopped = None;
    for step in 1..=2 * BLOCK_STEPS {
        let value = if step < 142 { 0.5 } else { f32::NAN };
        if let Err(error) = session.record(loss(value)) {
            stopped = Some((step, error));
            break;
        }
    }
    let (noticed, error) = stopped.unwrap();
    assert_eq!(noticed, 200);
    let TrainError::NonFinite {
        step,
        loss,
        last_finite,
        weights,
    } = &error
    else {
        panic!("{error}");
    };
    assert_eq!((*step, *last_finite), (142, Some((141, 0.5))));
    assert!(loss.is_nan());
    assert!(
        weights.is_file(),
        "the initial weights are the last good ones"
    );
    let message = error.to_string();
    for part in ["NaN at step 142", "5.000000e-1 at step 141", "weights.bpk"] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn weights_that_validate_outside_the_finite_numbers_end_the_run() {
    let out = tempfile::tempdir().unwrap();
    let (mut session, network) = session(out.path());
    session.record(loss(0.5)).unwrap();
    session.validated(&network, -10.0).unwrap();
    session.record(loss(0.4)).unwrap();
    let error = session.validated(&network, f64::INFINITY).unwrap_err();
    assert!(
        matches!(error, TrainError::NonFinite { step: 2, .. }),
        "{error}"
    );
    let metrics = std::fs::read_to_string(out.path().join(RunFolder::METRICS)).unwrap();
    assert_eq!(metrics.lines().count(), 1);
    assert!(
        metrics
            .starts_with("{\"step\":1,\"train_loss\":0.5,\"validation_db\":-10.0,\"elapsed_s\":")
    );
}
