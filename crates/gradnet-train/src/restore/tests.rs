//! A picture that was measured comes back better than it was, for every operator; what does not fit is refused.

use super::*;
use crate::backend::Backend;
use crate::config::{self, Overrides};
use crate::data::{Stream, generator};
use crate::pictures::dead_leaves;
use crate::task::images::{Regularizer, Sets, Weights};
use crate::training::{TrainOptions, train};
use rand_distr::{Distribution, StandardNormal};

const CONFIG: &str = "\
schema = 1
name = \"pictures\"
[images]
drawn = 8
patch = 24
noise = [20, 20]
levels = [5, 20]
[network.patch_ridge]
filters = 4
size = 5
[train]
steps = 200
batch = 6
learning_rate = 0.003
schedule = \"cosine\"
[train.validation]
every = 100
";

fn options(operator: &str, noise: f64) -> RestoreOptions {
    RestoreOptions {
        operator: operator.parse().unwrap(),
        noise,
        strength: None,
        scale: None,
        steps: 400,
        tolerance: 0.02,
    }
}

/// `10 log10` of the mean squared difference.
fn error_db(a: &[f32], b: &[f32]) -> f64 {
    let squares = a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2));
    10.0 * (squares.sum::<f64>() / a.len() as f64).log10()
}

#[test]
fn measured_pictures_come_back_for_every_operator() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let experiment = config::parse("pictures.toml", CONFIG, &Overrides::default()).unwrap();
    let device = Device::flex();
    let trained = TrainOptions::new(Backend::Flex);
    train(&experiment, &device, &at("run"), trained).unwrap();
    let run = Run::open(&at("run")).unwrap();

    let side = 48;
    let clean = dead_leaves(String::new(), side, &mut generator(9, Stream::Test, 0));
    let table = |name: &str, [height, width]: [usize; 2], values: Vec<f32>| {
        let picture = Picture {
            name: String::new(),
            height,
            width,
            planes: vec![values],
            white: 1.0,
            bits: 16,
        };
        picture.write(&at(name)).unwrap();
    };
    table("kernel.npy", [5, 5], vec![1.0 / 25.0; 25]);
    let lost = |i: usize| if (i * 7).is_multiple_of(3) { 0.0 } else { 1.0 };
    table(
        "mask.npy",
        [side, side],
        (0..side * side).map(lost).collect(),
    );
    // The low frequencies, on all four corners of the table, and every second line of the others.
    let low = |i: usize| i.min(side - i) < 10;
    let kept = |i: usize| f32::from(low(i / side) || (i / side).is_multiple_of(2));
    table(
        "lines.npy",
        [side, side],
        (0..side * side).map(kept).collect(),
    );

    for (name, gain) in [
        ("identity".to_owned(), 3.0),
        (format!("blur:{}", at("kernel.npy").display()), 0.3),
        (format!("mask:{}", at("mask.npy").display()), 5.0),
        (format!("fourier:{}", at("lines.npy").display()), 0.3),
    ] {
        let noise = if name == "identity" { 20.0 } else { 5.0 };
        let options = options(&name, noise);
        let data = TensorData::new(clean.values().to_vec(), [1, side, side]);
        let x = Tensor::<3>::from_data(data, (&device, DType::F32));
        let rows = if options.operator.measures_pictures() {
            side
        } else {
            2 * side
        };
        let shaped = Tensor::<3>::zeros([1, rows, side], (&device, DType::F32));
        let operator = options.operator.on(&shaped).unwrap();
        let mut random = generator(3, Stream::Test, 1);
        let noisy: Vec<f32> = host(operator.measure(x.clone()))
            .into_iter()
            .map(|value| {
                let unit: f64 = StandardNormal.sample(&mut random);
                (value + noise / 255.0 * unit) as f32
            })
            .collect();
        table("measured.npy", [rows, side], noisy.clone());
        let mut objectives = Vec::new();
        let (input, output) = (at("measured.npy"), at("restored.png"));
        let restored = restore(&run, &device, [&input, &output], &options, |_, now| {
            objectives.push(now.objective);
        })
        .unwrap();
        assert_eq!(restored.rises, 0, "{name}");
        assert!(
            objectives.windows(2).all(|pair| pair[1] <= pair[0]),
            "{name}"
        );
        assert!(
            restored.convex && restored.steps > 3,
            "{name}: {restored:?}"
        );
        assert_eq!(restored.tuned_for, Some(noise), "{name}");
        let data = TensorData::new(noisy, [1, rows, side]);
        let y = Tensor::<3>::from_data(data, (&device, DType::F32));
        let naive: Vec<f32> = host(operator.adjoint(y))
            .into_iter()
            .map(|v| v as f32)
            .collect();
        let before = error_db(&naive, clean.values());
        let after = error_db(Picture::read(&output).unwrap().values(), clean.values());
        assert!(
            after < before - gain,
            "{name}: {before} dB, then {after} dB"
        );
    }

    // A search that was cut short is told.
    let paths = [at("measured.npy"), at("other.png")];
    for (steps, tolerance, cut) in [(3, 0.02, true), (400, 1e3, false)] {
        let options = RestoreOptions {
            steps,
            tolerance,
            ..options(&format!("fourier:{}", at("lines.npy").display()), 5.0)
        };
        let found = restore(&run, &device, [&paths[0], &paths[1]], &options, |_, _| ());
        assert_eq!(found.unwrap().cut, cut, "{steps} steps");
    }

    let denoise = |options: &RestoreOptions, input: &str| {
        let paths = [at(input), at("other.png")];
        let found = restore(&run, &device, [&paths[0], &paths[1]], options, |_, _| ());
        found.map_err(|error| format!("{error} / {}", error.remedy()))
    };
    // A noise between the levels takes the nearer one, with its strength as the square.
    table("grey.npy", [side, side], clean.values().to_vec());
    let [at_5, at_8] =
        [5.0, 8.0].map(|noise| denoise(&options("identity", noise), "grey.npy").unwrap());
    assert_eq!(at_8.tuned_for, Some(5.0));
    assert!((at_8.strength / at_5.strength - 2.56).abs() < 1e-12);
    assert_eq!(at_8.beyond, None);
    // Beyond the levels it is told, far beyond it is refused, unless strength and scale are given.
    for (noise, beyond) in [
        (30.0, Some([5.0, 20.0])),
        (2.5, Some([5.0, 20.0])),
        (0.5, Some([5.0, 20.0])),
        (20.0, None),
    ] {
        let found = denoise(&options("identity", noise), "grey.npy").unwrap();
        assert_eq!(found.beyond, beyond, "{noise}");
    }
    for noise in [81.0, 200.0] {
        let refused = denoise(&options("identity", noise), "grey.npy").unwrap_err();
        assert!(refused.contains(&format!("{noise}")), "{refused}");
        assert!(refused.contains("from 5 to 20"), "{refused}");
        assert!(refused.contains("--strength"), "{refused}");
        let given = RestoreOptions {
            strength: Some(at_5.strength),
            scale: Some(at_5.scale),
            ..options("identity", noise)
        };
        assert_eq!(denoise(&given, "grey.npy").unwrap().tuned_for, None);
    }
    // A run notes what was tuned for an operator, and uses it for this operator alone.
    let blur = format!("blur:{}", at("kernel.npy").display());
    let before = denoise(&options(&blur, 5.0), "grey.npy").unwrap();
    assert!(!before.tuned_for_operator && before.tuned_for == Some(5.0));
    let tuned = tune(&run, &device, &blur.parse().unwrap(), 5.0).unwrap();
    let [noted] = &run.tuned().unwrap()[..] else {
        panic!("one choice is noted");
    };
    assert_eq!(noted.operator, tuned.operator);
    assert!((noted.strength / tuned.strength - 1.0).abs() < 1e-12);
    assert!(tuned.psnr_db > 20.0 && tuned.pictures == 2, "{tuned:?}");
    let after = denoise(&options(&blur, 5.0), "grey.npy").unwrap();
    assert!(after.tuned_for_operator);
    assert_eq!([after.strength, after.scale], [noted.strength, noted.scale]);
    let other = denoise(&options("identity", 5.0), "grey.npy").unwrap();
    assert_eq!(other, at_5);
    // For denoising at a level of its training a run finds what the training found.
    let again = tune(&run, &device, &OperatorChoice::Identity, 20.0).unwrap();
    let summary = run.summary().unwrap().unwrap();
    let trained = ["strength_20", "scale_20"].map(|name| summary.scores.metrics[name].value);
    for (again, trained) in [again.strength, again.scale].into_iter().zip(trained) {
        assert!((again / trained).ln().abs() < 1.0, "{again} {trained}");
    }
    assert_eq!(run.tuned().unwrap().len(), 2);
    let error = tune(&run, &device, &OperatorChoice::Identity, -1.0).unwrap_err();
    assert!(error.to_string().contains("above 0"), "{error}");
    // What tuning says of the validation pictures is what a restoration makes of them, also where a blur leaves little.
    table("wide.npy", [9, 9], vec![1.0 / 81.0; 81]);
    let wide: OperatorChoice = format!("blur:{}", at("wide.npy").display())
        .parse()
        .unwrap();
    let scored = score(&run, &device, &wide, 2.55).unwrap();
    let [restored, measured] = [&scored.psnr_db, &scored.measured_db].map(|found| found.value);
    assert!(restored > measured + 0.5, "{measured} {restored}");
    let all = run.tuned().unwrap();
    let noted = all.iter().find(|tuned| tuned.noise == 2.55).unwrap();
    assert_eq!([noted.strength, noted.scale], scored.weights);
    let network = run.network(&device).unwrap();
    let field = network.lifted().unwrap();
    let TaskConfig::Images(images) = &run.experiment().task else {
        panic!("a run on pictures");
    };
    let seed = run.experiment().seed;
    let pictures = tune::parts(&Sets::validation_of(images, seed).unwrap(), &wide).unwrap();
    let seed = (seed, Stream::Validation);
    let pictures = tune::all_measured(&pictures, (&wide, 2.55), seed, &device).unwrap();
    let regularizer = Regularizer {
        field: &field,
        lipschitz: field.lipschitz(),
        concavity: field.concavity(),
        level: 2.55,
    };
    let weights = Weights {
        strength: noted.strength,
        scale: noted.scale,
    };
    let (values, _) = regularizer.score(&pictures, weights);
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    assert!(
        (mean - noted.psnr_db).abs() < 0.05,
        "{mean} {}",
        noted.psnr_db
    );
    // Other weights were not tuned.
    let weights = at("run").join("weights.bpk");
    let bytes = std::fs::read(&weights).unwrap();
    std::fs::write(&weights, [&bytes[..], &[0]].concat()).unwrap();
    assert!(run.tuned().unwrap().is_empty());
    std::fs::write(&weights, bytes).unwrap();

    // A matrix: each of eight numbers is a mean over eight pixels of a row, with a size that fits and one that does
    // not.
    let means = (0..8 * 64).map(|i| if i % 64 / 8 == i / 64 { 0.125 } else { 0.0 });
    table("means.npy", [8, 64], means.collect());
    table(
        "eight.npy",
        [8, 1],
        (0..8).map(|i| 0.1 * i as f32).collect(),
    );
    let matrix = |size: &str| format!("matrix:{size}{}", at("means.npy").display());
    for (size, shape) in [("", [8, 8]), ("8x8:", [8, 8]), ("16x4:", [16, 4])] {
        let found = denoise(&options(&matrix(size), 1.0), "eight.npy");
        // Sixteen by four pixels are narrower than a patch of five.
        if shape[1] < 5 {
            let error = found.unwrap_err();
            assert!(
                error.contains("16 x 4") && error.contains("5 x 5"),
                "{error}"
            );
            continue;
        }
        found.unwrap();
        let picture = Picture::read(&at("other.png")).unwrap();
        assert_eq!([picture.height, picture.width], shape);
        // Mean brightness is what was measured, as far as the regularizer allows.
        let mean = picture.values().iter().sum::<f32>() / 64.0;
        assert!((mean - 0.35).abs() < 0.1, "{mean}");
    }
    let error = denoise(&options(&matrix("3x9:"), 1.0), "eight.npy").unwrap_err();
    assert!(
        error.contains("64 columns") && error.contains("27 pixels"),
        "{error}"
    );
    let error = denoise(&options(&matrix(""), 1.0), "grey.npy").unwrap_err();
    assert!(
        error.contains("8 x 64") && error.contains("1 x 2304"),
        "{error}"
    );
    let wrong = format!("mask:{}", at("kernel.npy").display());
    let error = denoise(&options(&wrong, 5.0), "grey.npy").unwrap_err();
    assert!(
        error.contains("5 x 5") && error.contains("48 x 48"),
        "{error}"
    );
    let error = denoise(&options("identity", f64::NAN), "grey.npy").unwrap_err();
    assert!(error.contains("above 0"), "{error}");
    let error = denoise(&options("identity", 5.0), "missing.png").unwrap_err();
    assert!(error.contains("no such file"), "{error}");
}

#[test]
fn operators_are_known_by_name() {
    let known: OperatorChoice = "blur:a:b.npy".parse().unwrap();
    assert_eq!(known, OperatorChoice::Blur("a:b.npy".into()));
    let known: OperatorChoice = "matrix:3x5:a.npy".parse().unwrap();
    assert_eq!(known, OperatorChoice::Matrix(Some([3, 5]), "a.npy".into()));
    let known: OperatorChoice = "matrix:a.npy".parse().unwrap();
    assert_eq!(known, OperatorChoice::Matrix(None, "a.npy".into()));
    for wrong in ["blur", "blur:", "identity:x", "radon:x.npy", ""] {
        let error = wrong.parse::<OperatorChoice>().unwrap_err();
        assert!(error.remedy().contains("blur:kernel.npy"));
    }
}
