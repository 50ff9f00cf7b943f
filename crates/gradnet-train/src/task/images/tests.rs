//! The task as a whole: its loss, what it refuses, and a run that beats the noisy pictures.

use std::path::Path;

use burn::tensor::Device;
use gradnet_core::ParameterSource;
use gradnet_core::image::ImageField;

use super::*;
use crate::backend::Backend;
use crate::config::{self, Overrides};
use crate::pictures::dead_leaves;
use crate::registry::{MOST_CONCAVE, NetworkConfig};
use crate::training::{Summary, TrainOptions, train};
use crate::{CheckedExperiment, Experiment, Run};

pub(super) const CONFIG: &str = "\
schema = 1
name = \"pictures\"
[images]
drawn = 8
patch = 24
noise = [10, 40]
levels = [25]
[network.patch_ridge]
filters = 4
size = 5
[train]
steps = 120
batch = 6
learning_rate = 0.003
schedule = \"cosine\"
[train.validation]
every = 60
";

pub(super) fn experiment(text: &str) -> CheckedExperiment {
    config::parse("pictures.toml", text, &Overrides::default()).unwrap()
}

fn network(settings: &Experiment) -> Network {
    let mut source = ParameterSource::new(&Device::flex(), 3);
    settings.network.init(settings.dim(), &mut source).unwrap()
}

pub(super) fn images(text: &str) -> Images {
    let settings = experiment(text);
    let crate::experiment::TaskConfig::Images(config) = &settings.task else {
        panic!("a run on pictures");
    };
    let sets = Sets::of(config, 0).unwrap();
    Images::new(config.clone(), sets, &settings.protocol(), &Device::flex())
}

/// With one level the scale is 1, and the loss is the mean squared error of the one-step denoiser: by the host, pixel
/// by pixel.
#[test]
fn the_loss_is_the_error_of_the_one_step_denoiser() {
    for (noise, one_level) in [("[20, 20]", true), ("[10, 40]", false)] {
        let text = CONFIG.replace("[10, 40]", noise);
        let (task, network) = (images(&text), network(&experiment(&text)));
        let loss = host(task.lesson(5)(&network))[0];
        let mut random = generator(0, Stream::Training, 5);
        let crops = task
            .crops()
            .draw(&task.sets.train, 6, &mut random, &task.device);
        let deviations = host(crops.deviations.clone());
        let middle = if one_level { 20.0 } else { 25.0 };
        let contrast: Vec<f64> = deviations
            .iter()
            .map(|deviation| (middle + 1.0) / (255.0 * deviation + 1.0))
            .collect();
        assert_eq!(contrast.iter().all(|a| (a - 1.0).abs() < 1e-5), one_level);
        let tensor = task.contrast(crops.deviations.clone());
        let gradient = host(lifted(&network).apply_scaled(crops.noisy.clone(), tensor));
        let noise = host(crops.noise);
        let pixels = 24 * 24;
        let errors = gradient.iter().zip(&noise).enumerate();
        let sum: f64 = errors
            .map(|(i, (g, e))| (contrast[i / pixels] * (g - e)).powi(2))
            .sum();
        let expected = sum / (6 * pixels) as f64;
        assert!((loss / expected - 1.0).abs() < 1e-4, "{loss} {expected}");
    }
}

/// The scale is bounded however small the noise is.
#[test]
fn the_contrast_is_bounded_for_small_noise() {
    let task = images(CONFIG);
    let device = Device::flex();
    let deviations = Tensor::<1>::from_floats([0.0, 1e-9, 25.0 / 255.0], &device);
    let found = host(task.contrast(deviations));
    for (found, expected) in found.iter().zip([26.0, 26.0, 1.0]) {
        assert!((found - expected).abs() < 1e-3, "{found} {expected}");
    }
}

#[test]
fn lessons_are_functions_of_seed_and_step() {
    let (task, network) = (images(CONFIG), network(&experiment(CONFIG)));
    let loss = |step| host(task.lesson(step)(&network))[0];
    assert_eq!(loss(3), loss(3));
    assert_ne!(loss(3), loss(4));
}

pub(super) fn trained(text: &str, out: &Path) -> Summary {
    let options = TrainOptions::new(Backend::Flex);
    train(&experiment(text), &Device::flex(), out, options).unwrap()
}

#[test]
fn a_run_on_drawn_pictures_beats_the_noise_and_is_certified() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let summary = trained(CONFIG, &out);
    assert_eq!((summary.task.as_str(), summary.dim), ("images", 25));
    let value = |row: &Quantities, name: &str| row[name].value;
    let metrics = &summary.scores.metrics;
    let rows = &summary.scores.baselines;
    let noisy = value(&rows["noisy"], "psnr_db_25");
    // 20 log10 (255/25) = 20.17, from 2 pictures of 96 × 96.
    assert!((noisy - 20.17).abs() < 0.15, "{noisy}");
    for row in ["wiener", "total_variation"] {
        assert!(value(&rows[row], "psnr_db_25") > noisy + 3.0, "{rows:?}");
    }
    let psnr = value(metrics, "psnr_db_25");
    assert!(
        psnr > value(&rows["wiener"], "psnr_db_25"),
        "{psnr} {rows:?}"
    );
    let (bound, power) = (
        value(metrics, "lipschitz_bound"),
        value(metrics, "lipschitz_power"),
    );
    assert!(power <= bound && power > 0.9 * bound, "{power} {bound}");
    let again = Run::open(&out).unwrap();
    let scores = again.evaluate(&Device::flex(), None, None, None).unwrap();
    assert_eq!(scores, summary.scores);
}

/// The strength is chosen where denoising is convex, although more would be allowed by the tuning of a convex
/// regularizer.
#[test]
fn a_weakly_convex_regularizer_denoises_where_the_objective_is_convex() {
    let folder = tempfile::tempdir().unwrap();
    let text = CONFIG.replace("[network.patch_ridge]", "[network.patch_weak_ridge]");
    let summary = trained(&text, &folder.path().join("run"));
    let value = |name: &str| summary.scores.metrics[name].value;
    let run = Run::open(&folder.path().join("run")).unwrap();
    let network = run.network(&Device::flex()).unwrap();
    let concavity = lifted(&network).concavity();
    let bound = value("lipschitz_bound");
    assert!(concavity > 0.0 && concavity <= bound, "{concavity} {bound}");
    let product = value("strength_25") * value("scale_25") * concavity;
    assert!(product <= MOST_CONCAVE, "{product}");
    let noisy = summary.scores.baselines["noisy"]["psnr_db_25"].value;
    assert!(value("psnr_db_25") > noisy, "{summary:?}");
    assert!(value("lipschitz_power") <= value("lipschitz_bound"));
}

/// The networks that are no ridges are lifted patch by patch.
#[test]
fn networks_that_are_no_ridges_learn_pictures_too() {
    let folder = tempfile::tempdir().unwrap();
    let text = CONFIG
        .replace(
            "[network.patch_ridge]",
            "[network.patch_mgradnet_m]\nmodules = 1",
        )
        .replace("size = 5", "size = 3")
        .replace("steps = 120", "steps = 4")
        .replace("every = 60", "every = 2");
    let summary = trained(&text, &folder.path().join("run"));
    let metrics = &summary.scores.metrics;
    assert!(metrics["psnr_db_25"].value.is_finite());
    assert!(metrics["lipschitz_bound"].value > 0.0);
    assert!(!metrics.contains_key("lipschitz_power"));
}

#[test]
fn what_cannot_be_learned_from_is_refused_with_its_key_or_file() {
    let refused = |text: &str| {
        let read = config::parse("pictures.toml", text, &Overrides::default());
        read.unwrap_err().to_string()
    };
    let other = CONFIG.replace(
        "[network.patch_ridge]\nfilters = 4\nsize = 5",
        "[network.crr]\nwidth = 4",
    );
    assert!(
        refused(&other).contains("on patches"),
        "{}",
        refused(&other)
    );
    let even = CONFIG.replace("size = 5", "size = 4");
    assert!(refused(&even).contains("network.patch_ridge.size"));
    let noise = CONFIG.replace("[10, 40]", "[40, 10]");
    assert!(refused(&noise).contains("images.noise"));

    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let picture = |index| {
        let mut random = generator(1, Stream::Target, index);
        dead_leaves(String::new(), 32, &mut random)
    };
    for (index, name) in ["train", "validation", "test"].into_iter().enumerate() {
        std::fs::create_dir(at(name)).unwrap();
        picture(index as u64)
            .write(&at(name).join("a.png"))
            .unwrap();
    }
    let mut settings = ImagesConfig {
        train: at("train"),
        validation: at("validation"),
        patch: 24,
        ..ImagesConfig::default()
    };
    let error = Sets::of(&settings, 0).err().unwrap();
    assert!(error.to_string().contains("images.test"), "{error}");
    settings.test = at("test");
    assert!(Sets::of(&settings, 0).is_ok());
    settings.patch = 40;
    let error = Sets::of(&settings, 0).err().unwrap();
    assert!(error.to_string().contains("32 x 32"), "{error}");
    settings.patch = 24;
    picture(0).write(&at("test").join("b.png")).unwrap();
    let error = Sets::of(&settings, 0).err().unwrap();
    assert!(error.to_string().contains("same picture"), "{error}");
}

/// Of each size one network is sized by its table.
#[test]
fn a_patch_has_the_size_that_the_network_says() {
    let patches = NetworkConfig::from_name("patch_ridge").unwrap();
    assert_eq!(patches.patch_dim(), Some(169));
    assert_eq!(experiment(CONFIG).dim(), 25);
    let vectors = CONFIG.replace(
        "[images]\ndrawn = 8\npatch = 24\nnoise = [10, 40]\nlevels = [25]",
        "[target.piecewise_quadratic]\ndim = 9",
    );
    let error = config::parse("pictures.toml", &vectors, &Overrides::default()).unwrap_err();
    assert!(error.to_string().contains("25 pixels"), "{error}");
}

/// A run on three folders: its report has the numbers and the rows, and it notices that a folder has changed.
#[test]
fn a_run_on_folders_is_reported_and_notices_when_a_picture_changes() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let draw = |name: &str, number: u64| {
        let file = at(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        let mut random = generator(number, Stream::Test, 0);
        dead_leaves(String::new(), 32, &mut random)
            .write(&file)
            .unwrap();
    };
    for (number, name) in [
        "train/a.png",
        "train/b.png",
        "validation/c.png",
        "test/d.png",
    ]
    .into_iter()
    .enumerate()
    {
        draw(name, number as u64);
    }
    let named = |key: &str| format!("{key} = {:?}", at(key).display().to_string());
    let folders = ["train", "validation", "test"].map(named).join("\n");
    let text = CONFIG
        .replace("drawn = 8", &folders)
        .replace("steps = 120", "steps = 4")
        .replace("every = 60", "every = 2");
    trained(&text, &at("run"));
    let open = || Run::open(&at("run")).unwrap();
    let page = at("report.html");
    crate::report::report(&[open()], &page, &Device::flex()).unwrap();
    let page = std::fs::read_to_string(page).unwrap();
    for part in [
        "psnr_db_25",
        "wiener",
        "Error of one-step denoising on validation crops over",
        ">holds<",
    ] {
        assert!(page.contains(part), "{part}");
    }
    for part in [
        "Denoising, learned from the pictures in train",
        "The certificate.",
        "filters, each from black to white",
        "Mean PSNR of the test pictures",
    ] {
        assert!(page.contains(part), "{part}");
    }
    // The one test picture is the one shown, with the noise and the weights of the results.
    let run = open();
    let network = run.network(&Device::flex()).unwrap();
    let scores = run.summary().unwrap().unwrap().scores;
    let task = run.task(&Device::flex()).unwrap();
    let shown = task.shown_pictures(&network, &scores.metrics).unwrap();
    assert!(shown.name == "d.png" && shown.size == [32, 32]);
    let level = &shown.levels[0];
    let denoised = level.denoised.as_ref().unwrap();
    // The results were read from text.
    let same = |ours: f64, noted: f64| assert!((ours - noted).abs() < 1e-9, "{ours} {noted}");
    same(denoised.psnr, scores.metrics["psnr_db_25"].value);
    same(
        level.noisy_psnr,
        scores.baselines["noisy"]["psnr_db_25"].value,
    );
    same(shown.lipschitz, scores.metrics["lipschitz_bound"].value);
    assert_eq!(denoised.steps as f64, scores.metrics["steps_25"].value);
    let captions = [("Noisy", level.noisy_psnr), ("Denoised", denoised.psnr)];
    for (what, psnr) in captions {
        assert!(
            page.contains(&format!("{what}: {psnr:.2} dB.")),
            "{what} {psnr}"
        );
    }
    // An unfinished run has no strength and scale yet.
    let shown = task.shown_pictures(&network, &Quantities::new()).unwrap();
    assert!(shown.levels.iter().all(|level| level.denoised.is_none()));
    let noted = std::fs::read_to_string(at("run").join("data.json")).unwrap();
    assert!(noted.contains("images.validation"), "{noted}");

    std::fs::remove_file(at("run").join("summary.json")).unwrap();
    let resumed = || {
        let options = TrainOptions::new(Backend::Flex);
        crate::training::resume(&at("run"), &Device::flex(), options)
    };
    draw("train/b.png", 77);
    let error = resumed().unwrap_err().to_string();
    assert!(
        error.contains("b.png: it is not the file the run was trained on"),
        "{error}"
    );
    assert!(error.contains("images.train"), "{error}");
    let error = open().evaluate(&Device::flex(), None, None, None);
    assert!(error.unwrap_err().to_string().contains("images.train"));
    draw("train/b.png", 1);
    draw("test/e.png", 9);
    let error = resumed().unwrap_err().to_string();
    assert!(
        error.contains("e.png") && error.contains("had 1 files then and has 2 now"),
        "{error}"
    );
    std::fs::remove_file(at("test/e.png")).unwrap();
    resumed().unwrap();
}
