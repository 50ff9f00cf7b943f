//! Run folders and checkpoints that version 0.1 wrote, which knew no task: `version_0_1/` keeps one of each.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use gradnet_train::backend::Backend;
use gradnet_train::run::RunFolder;
use gradnet_train::{Run, TrainOptions, resume};

fn kept(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/version_0_1")
        .join(name)
}

/// Backends and processors agree to rounding, which 60 steps of training amplify.
fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() < 0.05, "{found} for {expected}");
}

#[test]
fn a_run_is_opened_with_its_numbers_and_scored_to_the_same() {
    for (name, error, zero, linear) in [
        ("formula", -3.455, 8.517, -6.636),
        ("file", -22.68, f64::NAN, -113.5),
    ] {
        let run = Run::open(&kept(name)).unwrap();
        assert_eq!(run.metrics().unwrap().len(), 6, "{name}");
        let summary = run.summary().unwrap().unwrap();
        assert_eq!(summary.task, "regression");
        close(summary.test().mse_db_mean, error);
        close(summary.scores.metrics["mse_db"].value, error);
        assert_eq!(summary.reference().constant_db.is_some(), name == "file");
        if name == "formula" {
            close(summary.scores.baselines["zero"]["mse_db"].value, zero);
            close(summary.scores.baselines["linear"]["mse_db"].value, linear);
            let scores = run.evaluate(&Device::flex(), None, None, None).unwrap();
            close(scores.test().unwrap().mse_db_mean, error);
            close(scores.reference().unwrap().linear_db, linear);
        }
    }
}

/// The field (2a + b + 3, a + 4b − 1), as the table `pairs.csv` has it: the run predicts it without the file.
#[test]
fn a_run_on_a_file_predicts_in_the_units_of_the_file() {
    let run = Run::open(&kept("file")).unwrap();
    let field = run.field(&Device::flex()).unwrap();
    let text = std::fs::read_to_string(kept("pairs.csv")).unwrap();
    let rows = text.lines().skip(1).map(|line| {
        let numbers = line.split(',').map(|number| number.parse::<f64>().unwrap());
        numbers.collect::<Vec<_>>()
    });
    let (mut error, mut count) = (0.0, 0.0);
    for row in rows {
        let found = field.values(&row[..2], &Device::flex());
        let pairs = found.iter().zip(&row[2..]);
        error += pairs.map(|(found, y)| (found - y).powi(2)).sum::<f64>();
        count += 1.0;
    }
    assert!(count == 60.0 && error / count < 0.02, "{}", error / count);
}

#[test]
fn a_checkpoint_is_resumed_to_the_end_its_run_had() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (kept("formula"), folder.path());
    std::fs::create_dir(to.join(RunFolder::CHECKPOINTS)).unwrap();
    for file in [
        RunFolder::CONFIG,
        RunFolder::WEIGHTS,
        RunFolder::METRICS,
        "checkpoint/step-000000040.checkpoint",
    ] {
        std::fs::copy(from.join(file), to.join(file)).unwrap();
    }
    let before = Run::open(&from).unwrap().summary().unwrap().unwrap();
    let resumed = resume(to, &Device::flex(), TrainOptions::new(Backend::Flex)).unwrap();
    close(resumed.test().mse_db_mean, before.test().mse_db_mean);
    close(resumed.validation.value(), before.validation.value());
}
