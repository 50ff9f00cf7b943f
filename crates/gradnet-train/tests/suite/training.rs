//! Whole runs, small ones: what a run folder holds, that it can be read back, and every way a run ends.

use std::path::Path;
use std::sync::{Arc, Mutex};

use burn::module::Module;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::Device;
use gradnet_core::activation::TemperatureSchedule;
use gradnet_core::kernel::{FusedAdam, mean_squared_error};
use gradnet_core::{ParameterSource, VectorField};
use gradnet_train::backend::Backend;
use gradnet_train::data::{Batch, Stream, derived_seed};
use gradnet_train::experiment::{DataConfig, FixedData, Schedule};
use gradnet_train::registry::{NetworkConfig, QuadraticSettings, Registered, RidgeSettings, Size};
use gradnet_train::run::RunFolder;
use gradnet_train::targets::{Target, TargetConfig};
use gradnet_train::task::regression::Sampler;
use gradnet_train::training::{Progress, Status};
use gradnet_train::{
    Experiment, Interrupter, Run, RunError, Summary, TrainError, TrainOptions, train,
};

fn small(network: &str) -> Experiment {
    let target = TargetConfig::from_name("quartic_polynomial").unwrap();
    let network = NetworkConfig::from_name(network).unwrap();
    let mut experiment = Experiment::new("small", target, network.with_size(Size::Width(7)));
    experiment.train.steps = 250;
    experiment.train.batch = 50;
    experiment.train.validation.every = 100;
    experiment.train.validation.points = 500;
    experiment.train.checkpoint_every = 100;
    experiment.evaluation.points = 500;
    experiment.evaluation.draws = 3;
    experiment.evaluation.linear_points = 1_000;
    experiment
}

fn run(experiment: &Experiment, out: &Path) -> Result<Summary, TrainError> {
    let options = TrainOptions::new(Backend::Flex);
    train(&experiment.check()?, &Device::flex(), out, options)
}

#[test]
fn a_run_folder_holds_what_is_promised_and_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let experiment = small("mgradnet_c");
    let summary = run(&experiment, &out).unwrap();
    assert!(
        summary.test().mse_db_mean < summary.reference().zero_db - 5.0,
        "{summary:?}"
    );

    let json: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(out.join("summary.json")).unwrap()).unwrap();
    let keys = |value: &serde_json::Value| -> Vec<String> {
        value.as_object().unwrap().keys().cloned().collect()
    };
    let mut expected = [
        "network",
        "parameters",
        "target",
        "dim",
        "seed",
        "backend",
        "steps",
        "batch",
        "learning_rate",
        "task",
        "metrics",
        "baselines",
        "test",
        "validation_db",
        "reference",
        "wall_s",
        "steps_per_s",
    ];
    let mut found = keys(&json);
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected);
    let mut found = keys(&json["test"]);
    found.sort_unstable();
    assert_eq!(found, ["draws", "mse_db_mean", "mse_db_std", "points"]);
    let mut found = keys(&json["reference"]);
    found.sort_unstable();
    assert_eq!(found, ["linear_db", "zero_db"]);

    let opened = Run::open(&out).unwrap();
    assert_eq!(opened.experiment(), &experiment.check().unwrap());
    // Numbers are read back to the last bit but one: their text is parsed fast, not exactly.
    let read = opened.summary().unwrap().unwrap();
    for (read, written) in [
        (read.wall_s, summary.wall_s),
        (read.steps_per_s, summary.steps_per_s),
        (read.validation.value(), summary.validation.value()),
        (read.test().mse_db_mean, summary.test().mse_db_mean),
        (read.reference().zero_db, summary.reference().zero_db),
        (read.reference().linear_db, summary.reference().linear_db),
    ] {
        assert!((read / written - 1.0).abs() < 1e-14, "{read} {written}");
    }
    let read = Summary {
        wall_s: summary.wall_s,
        steps_per_s: summary.steps_per_s,
        validation: summary.validation,
        scores: summary.scores.clone(),
        ..read
    };
    assert_eq!(read, summary);
    let steps: Vec<_> = opened
        .metrics()
        .unwrap()
        .iter()
        .map(|line| line.step)
        .collect();
    assert_eq!(steps, [100, 200, 250]);
    let evaluation = opened.evaluate(&Device::flex(), None, None, None).unwrap();
    assert_eq!(evaluation, summary.scores);
    let other = opened
        .evaluate(&Device::flex(), Some(200), Some(4), Some(9))
        .unwrap();
    let other = other.test().unwrap();
    assert_eq!((other.points, other.draws), (200, 4));
    assert!((other.mse_db_mean - summary.test().mse_db_mean).abs() < 2.0);

    let mut checkpoints: Vec<_> = std::fs::read_dir(out.join(RunFolder::CHECKPOINTS))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    checkpoints.sort();
    assert_eq!(
        checkpoints,
        ["step-000000200.checkpoint", "step-000000250.checkpoint"]
    );
}

#[test]
fn a_run_is_determined_by_its_seed() {
    let folder = tempfile::tempdir().unwrap();
    let mut experiment = small("mgradnet_m");
    let first = run(&experiment, &folder.path().join("1")).unwrap();
    let second = run(&experiment, &folder.path().join("2")).unwrap();
    assert_eq!(first.scores, second.scores);
    experiment.seed = 1;
    let third = run(&experiment, &folder.path().join("3")).unwrap();
    assert_ne!(first.scores, third.scores);
}

/// Batch, loss, gradients, step of Adam, twenty times, without the loop.
#[test]
fn the_weights_of_a_run_are_those_of_its_steps_written_out() {
    let folder = tempfile::tempdir().unwrap();
    let mut experiment = small("mgradnet_c");
    (experiment.train.steps, experiment.train.checkpoint_every) = (20, 0);
    run(&experiment, &folder.path().join("run")).unwrap();
    let opened = Run::open(&folder.path().join("run")).unwrap();

    let (device, seed) = (Device::flex(), experiment.seed);
    let target: Arc<dyn Target> = Arc::from(
        TargetConfig::from_name("quartic_polynomial")
            .unwrap()
            .init(&device)
            .unwrap(),
    );
    let sampler = Sampler::new(&experiment.train.data, target, seed, experiment.train.batch);
    let weights = derived_seed(seed, Stream::Weights);
    let mut source = ParameterSource::new(&device.clone().autodiff(), weights);
    let mut network = experiment.network.init(2, &mut source).unwrap();
    let mut adam = ModuleOptimizer::from(FusedAdam::default());
    for step in 0..experiment.train.steps {
        let Batch { x, y } = Batch::new(sampler.batch(step), sampler.target(), &device);
        let loss = mean_squared_error(network.forward(x), y);
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        network = adam.step(experiment.train.learning_rate, network, gradients);
    }
    let x = Batch::new(sampler.batch(20), sampler.target(), &device).x;
    let values = network.valid().forward(x.clone()).into_data();
    assert_eq!(
        opened.network(&device).unwrap().forward(x).into_data(),
        values
    );
}

#[test]
fn fixed_data_the_cosine_schedule_and_clipping_train_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut experiment = small("mgradnet_c");
    experiment.train.data = DataConfig::Fixed(FixedData { points: 1_000 });
    experiment.train.schedule = Schedule::Cosine;
    experiment.train.clip_norm = Some(1.0);
    let summary = run(&experiment, &folder.path().join("run")).unwrap();
    assert!(
        summary.test().mse_db_mean < summary.reference().zero_db - 5.0,
        "{summary:?}"
    );
    let opened = Run::open(&folder.path().join("run")).unwrap();
    assert_eq!(opened.experiment().train, experiment.train);
}

/// The temperature is where its schedule has it at the step of the weights that were kept, but for the step of Adam
/// after it.
#[test]
fn a_scheduled_temperature_follows_the_steps_of_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let mut experiment = small("mgradnet_quadratic");
    let schedule = TemperatureSchedule {
        from: 1.0,
        to: 100.0,
        over: 1.0,
    };
    experiment.network = NetworkConfig::MGradNetQuadratic(QuadraticSettings {
        width: Some(4),
        temperature: schedule,
        ..Default::default()
    });
    experiment.train.learning_rate = 1e-3;
    run(&experiment, &folder.path().join("run")).unwrap();
    let opened = Run::open(&folder.path().join("run")).unwrap();
    assert_eq!(opened.experiment(), &experiment.check().unwrap());
    let metrics = opened.metrics().unwrap();
    let best = metrics
        .iter()
        .min_by(|a, b| a.validation.value().total_cmp(&b.validation.value()))
        .unwrap();
    let network = opened.network(&Device::flex()).unwrap();
    let Registered::MGradNetQuadratic(network) = network.registered else {
        panic!("another network was trained");
    };
    let stored = network.field.field.activation.log_temperature.val();
    let scheduled = schedule.at((best.step - 1) as f64 / 250.0).ln();
    let difference = f64::from(stored.into_scalar::<f32>()) - scheduled;
    assert!(
        difference.abs() < 2e-3,
        "{difference} at step {}",
        best.step
    );
}

#[test]
fn a_slope_penalty_makes_splines_straighter() {
    let total_variation = |slope_penalty: f64| {
        let folder = tempfile::tempdir().unwrap();
        let mut experiment = small("rr");
        experiment.network = NetworkConfig::Rr(RidgeSettings {
            width: Some(7),
            knots: 9,
            slope_penalty,
            ..Default::default()
        });
        let out = folder.path().join("run");
        let summary = run(&experiment, &out).unwrap();
        assert!(summary.test().mse_db_mean < summary.reference().zero_db);
        let network = Run::open(&out).unwrap().network(&Device::flex()).unwrap();
        let Registered::Rr(network) = network.registered else {
            panic!("another network was trained");
        };
        let splines = network.activation.with_slope_penalty(1.0);
        splines.penalty().unwrap().into_scalar::<f32>()
    };
    let (free, penalised) = (total_variation(0.0), total_variation(0.1));
    assert!(penalised < 0.3 * free, "{penalised} against {free}");
}

#[test]
fn an_older_run_is_replaced_only_on_request_and_other_files_never() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let mut experiment = small("mgradnet_c");
    experiment.train.steps = 10;
    run(&experiment, &out).unwrap();
    let refused = run(&experiment, &out).unwrap_err();
    assert!(matches!(
        refused,
        TrainError::Run(RunError::Occupied {
            replaceable: true,
            ..
        })
    ));
    assert!(out.join("summary.json").is_file());

    let again = TrainOptions {
        overwrite: true,
        ..TrainOptions::new(Backend::Flex)
    };
    train(&experiment.check().unwrap(), &Device::flex(), &out, again).unwrap();

    let foreign = folder.path().join("foreign");
    std::fs::create_dir(&foreign).unwrap();
    std::fs::write(foreign.join("thesis.tex"), "years of work").unwrap();
    let again = TrainOptions {
        overwrite: true,
        ..TrainOptions::new(Backend::Flex)
    };
    let refused = train(
        &experiment.check().unwrap(),
        &Device::flex(),
        &foreign,
        again,
    )
    .unwrap_err();
    assert!(matches!(
        refused,
        TrainError::Run(RunError::Occupied {
            replaceable: false,
            ..
        })
    ));
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(matches!(
        run(&experiment, &file),
        Err(TrainError::Run(RunError::Io { .. }))
    ));
}

/// Stops the run at its first report.
struct StopAtOnce(Interrupter, Arc<Mutex<Vec<Status>>>);

impl Progress for StopAtOnce {
    fn update(&mut self, status: &Status) {
        self.1.lock().unwrap().push(*status);
        self.0.stop();
    }
}

#[test]
fn an_interrupted_run_saves_its_weights_and_writes_no_summary() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let mut options = TrainOptions::new(Backend::Flex);
    let statuses = Arc::new(Mutex::new(Vec::new()));
    options.progress = Box::new(StopAtOnce(options.interrupter.clone(), statuses.clone()));
    let error = train(
        &small("mgradnet_c").check().unwrap(),
        &Device::flex(),
        &out,
        options,
    )
    .unwrap_err();
    let TrainError::Interrupted {
        step,
        steps: 250,
        weights,
        ..
    } = error
    else {
        panic!("{error}");
    };
    assert!((1..=100).contains(&step), "{step}");
    assert!(weights.is_file());
    assert!(!out.join("summary.json").exists());
    // The last weights were validated and count: the saved ones are no worse than the best the run saw.
    let best = statuses.lock().unwrap().last().unwrap().best.unwrap();
    let saved = Run::open(&out).unwrap();
    assert_eq!(saved.metrics().unwrap().last().unwrap().step, step);
    let test = saved
        .evaluate(&Device::flex(), None, None, None)
        .unwrap()
        .test()
        .unwrap();
    assert!(
        (test.mse_db_mean - best).abs() < 1.0,
        "{test:?} against {best}"
    );
}

#[test]
fn weights_of_another_network_or_damaged_ones_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (c, m) = (folder.path().join("c"), folder.path().join("m"));
    for (network, out) in [("mgradnet_c", &c), ("mgradnet_m", &m)] {
        let mut experiment = small(network);
        experiment.train.steps = 5;
        run(&experiment, out).unwrap();
    }
    let weights = c.join(RunFolder::WEIGHTS);
    let good = std::fs::read(&weights).unwrap();
    std::fs::copy(m.join(RunFolder::WEIGHTS), &weights).unwrap();
    let opened = Run::open(&c).unwrap();
    assert!(matches!(
        opened.network(&Device::flex()),
        Err(RunError::Weights { .. })
    ));
    for damaged in [&good[..good.len() / 2], b""] {
        std::fs::write(&weights, damaged).unwrap();
        assert!(matches!(
            opened.network(&Device::flex()),
            Err(RunError::Damaged { .. })
        ));
    }
    std::fs::remove_file(&weights).unwrap();
    let error = Run::open(&c).unwrap_err();
    assert!(error.to_string().contains("weights.bpk"), "{error}");
    assert!(matches!(
        Run::open(folder.path()),
        Err(RunError::NotARun { .. })
    ));
}
