//! Objectives have the loss and the gradient they say, and runs with them resume, begin with other runs and are refused
//! where they cannot.

use std::path::Path;

use burn::optim::GradientsParams;
use burn::tensor::Device;
use gradnet_core::ParameterSource;
use gradnet_core::analysis::host;
use gradnet_core::image::Proximal;

use super::super::tests::{CONFIG, experiment, images, trained};
use super::*;
use crate::Run;
use crate::backend::Backend;
use crate::config::{self, Overrides};
use crate::interrupter::Interrupter;
use crate::registry::Registered;
use crate::task::Task;
use crate::training::{Progress, Status, TrainOptions, resume, train};

const OBJECTIVES: [&str; 3] = [
    "objective = \"unrolled\"",
    "objective = \"proximal\"",
    "objective = \"proximal\" # jacobian_free = true",
];

/// A short run of one noise level with an objective, on a network.
fn text(network: &str, objective: &str) -> String {
    let (_, setting) = objective.split_once(" # ").unwrap_or(("", ""));
    CONFIG
        .replace("[10, 40]", "[25, 25]")
        .replace("drawn = 8", "drawn = 4")
        .replace("patch_ridge", network)
        .replace("patch = 24", &format!("patch = 24\n{setting}"))
        .replace("steps = 120", &format!("steps = 4\n{objective}"))
        .replace("every = 60", "every = 2")
}

fn network(text: &str) -> Network {
    let mut source = ParameterSource::new(&Device::flex().autodiff(), 3);
    let network = experiment(text).init_network(&mut source).unwrap();
    assert!(network.noise_weights.is_some());
    network
}

/// Strength and scale as they are learned: the given one and 2, of one level.
fn weighed(mut network: Network, strength: f64) -> Network {
    let weights = network.noise_weights.take();
    network.noise_weights = weights.map(|weights| weights.with_middle([strength, 2.0]));
    network
}

/// Against the minimum found by Nesterov's steps, and the gradient in the strength against differences of the loss.
#[test]
fn the_proximal_loss_is_that_of_the_minimum_with_its_gradient() {
    for name in ["patch_ridge", "patch_weak_ridge"] {
        let text = text(name, OBJECTIVES[1]).replace(
            "patch = 24",
            "patch = 24\ntolerance = 1e-4\nmost_steps = 2000\nerror = \"squared\"",
        );
        let task = images(&text);
        let at = |strength: f64| weighed(network(&text), strength);
        let loss = |network: &Network| task.lesson(1)(network);
        // Where the objective is convex, at a scale of 2.
        let strength = 0.4 * network(&text).first_strength();
        let still = at(strength).valid();
        let field = lifted(&still);
        let proximal = Proximal {
            strength,
            scale: 2.0,
            lipschitz: field.lipschitz(),
            concavity: field.concavity(),
            tolerance: 1e-5 * 25.0 / 255.0,
            most: 5000,
        };
        let mut random = crate::data::generator(0, crate::data::Stream::Training, 1);
        let crops = task
            .crops()
            .draw(&task.sets.train, 6, &mut random, &task.device);
        let found = proximal.find(&field, crops.noisy.clone()).image;
        let expected = host((found - (crops.noisy - crops.noise)).square().mean())[0];
        let value = host(loss(&at(strength)))[0];
        assert!(
            (value / expected - 1.0).abs() < 1e-3,
            "{name}: {value} {expected}"
        );

        let network = at(strength);
        let gradients = loss(&network).backward();
        let weights = network.noise_weights.as_ref().unwrap();
        let found = host(weights.strength.val().grad(&gradients).unwrap());
        let [more, less] = [0.1_f64, -0.1].map(|by| host(loss(&at(strength * by.exp())))[0]);
        let slope = (more - less) / 0.2;
        assert!(
            (found[0] / slope - 1.0).abs() < 0.02,
            "{name}: {found:?} {slope}"
        );
        // Of one level the exponent does not count.
        assert_eq!(found[1], 0.0, "{name}");
        let all = GradientsParams::from_grads(gradients, &network);
        assert_eq!(all.len(), 4, "{name}");
    }
}

/// A strength far beyond is lowered to where the objective is convex, and the regularizer still learns.
#[test]
fn a_weakly_convex_regularizer_is_trained_where_denoising_is_convex() {
    let text = text("patch_weak_ridge", OBJECTIVES[1]);
    let network = weighed(network(&text), 1e4);
    let field = lifted(&network);
    let denoiser = denoiser(&network, &field, Tensor::ones([3], &Device::flex()));
    let product = host(denoiser.strength.clone() * denoiser.scale.clone());
    for product in product {
        let product = product * field.concavity();
        assert!((product - MOST_CONCAVE).abs() < 1e-5, "{product}");
    }
    let loss = images(&text).lesson(0)(&network);
    let gradients = loss.backward();
    let weights = network.noise_weights.as_ref().unwrap();
    let of_strength = weights.strength.val().grad(&gradients).map(host);
    assert!(of_strength.is_none_or(|values| values.iter().all(|v| *v == 0.0)));
    let all = GradientsParams::from_grads(gradients, &network);
    assert!(all.len() >= 3);
}

/// Asks to stop after the validation at step 2.
struct Watch(Interrupter);

impl Progress for Watch {
    fn update(&mut self, status: &Status) {
        if status.validated && status.step == 2 {
            self.0.stop();
        }
    }
}

fn weights(run: &Path) -> Vec<u8> {
    std::fs::read(run.join("weights.bpk")).unwrap()
}

#[test]
fn runs_with_every_objective_begin_with_another_and_resume_to_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let device = Device::flex();
    let start = |network: &str| format!("start = {:?}", at(network).display().to_string());
    for network in ["patch_ridge", "patch_weak_ridge"] {
        trained(&text(network, ""), &at(network));
    }
    let networks = ["patch_ridge", "patch_weak_ridge", "patch_ridge"];
    for (number, (network, objective)) in networks.into_iter().zip(OBJECTIVES).enumerate() {
        let (first, start) = (at(network), start(network));
        let text = text(network, &format!("{start}\n{objective}"));
        let text = match objective.contains("proximal") {
            true => text.replace("patch = 24", "patch = 24\nmost_steps = 20"),
            false => text,
        };
        let name = format!("{network}{number}");
        let whole = trained(&text, &at(&name));
        let run = Run::open(&at(&name)).unwrap();
        let learned = run.network(&device).unwrap().noise_weights.unwrap();
        let before = Run::open(&first).unwrap().summary().unwrap().unwrap();
        // Few steps begin at a scale of 1, the minimum with that which was chosen for it.
        let chosen = match objective.contains("unrolled") {
            true => 0.0,
            false => before.scores.metrics["scale_25"].value.ln(),
        };
        let scale = host(learned.scale.val())[0];
        assert!((scale - chosen).abs() < 0.05, "{scale} {chosen}");

        let interrupter = Interrupter::new();
        let options = TrainOptions {
            progress: Box::new(Watch(interrupter.clone())),
            interrupter,
            ..TrainOptions::new(Backend::Flex)
        };
        let out = at(&format!("{name}stopped"));
        train(&experiment(&text), &device, &out, options).unwrap_err();
        let resumed = resume(&out, &device, TrainOptions::new(Backend::Flex)).unwrap();
        assert_eq!(resumed.scores, whole.scores, "{name}");
        assert!(weights(&out) == weights(&at(&name)), "{name}");
    }

    // Weakly convex ridges take the directions of convex kernels, and begin at the bound of the strength.
    let begins = start("patch_ridge");
    let weak = text(
        "patch_weak_ridge",
        &format!("{begins}\nobjective = \"proximal\""),
    );
    let weak = weak.replace("learning_rate = 0.003", "learning_rate = 1e-9");
    trained(&weak, &at("weak"));
    let [weak, convex] = ["weak", "patch_ridge"].map(|name| {
        let run = Run::open(&at(name)).unwrap();
        run.network(&device).unwrap()
    });
    let [found, expected] = [&weak, &convex].map(|network| {
        let weight = match &network.registered {
            Registered::PatchRidge(ridges) => &ridges.field.weight,
            Registered::PatchWeakRidge(ridges) => &ridges.field.weight,
            _ => panic!("ridges"),
        };
        let weight = weight.val();
        host(weight.clone() / weight.square().sum().sqrt().unsqueeze())
    });
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() < 1e-5, "{a} {b}");
    }
    let learned = weak.noise_weights.as_ref().unwrap();
    let product = host(learned.strength.val())[0].exp() * lifted(&weak).concavity();
    assert!((product / MOST_CONCAVE - 1.0).abs() < 1e-4, "{product}");

    // Another network, or a run that is not finished, is no start.
    let wide = text("patch_ridge", "").replace("filters = 4", "filters = 5");
    let start = start("patch_ridge");
    let wide = wide.replace("steps = 4\n", &format!("steps = 4\n{start}\n"));
    let refused = |text: &str| {
        let options = TrainOptions::new(Backend::Flex);
        train(&experiment(text), &device, &at("refused"), options)
            .unwrap_err()
            .to_string()
    };
    let error = refused(&wide);
    assert!(
        error.contains("train.start") && error.contains("same network"),
        "{error}"
    );
    std::fs::remove_file(at("patch_ridge").join("summary.json")).unwrap();
    let error = refused(&wide.replace("filters = 5", "filters = 4"));
    assert!(error.contains("finished"), "{error}");
    assert!(!at("refused").exists());
}

#[test]
fn objectives_and_starts_are_for_pictures_alone() {
    for (line, key) in [
        ("objective = \"proximal\"", "train.objective"),
        ("start = \"x\"", "train.start"),
    ] {
        let text = format!(
            "schema = 1\nname = \"x\"\n[target.quartic_polynomial]\n[network.mgradnet_m]\nwidth = 4\n[train]\n{line}"
        );
        let error = config::parse("x.toml", &text, &Overrides::default())
            .unwrap_err()
            .to_string();
        assert!(error.contains(key) && error.contains("pictures"), "{error}");
    }
}

#[test]
fn settings_of_another_objective_are_refused() {
    for (line, objective) in [
        ("unrolled_steps = 5", "unrolled"),
        ("tolerance = 0.1", "proximal"),
        ("most_steps = 50", "proximal"),
        ("jacobian_free = true", "proximal"),
    ] {
        let tried = |chosen: &str| {
            let text = format!(
                "schema = 1\nname = \"x\"\n[images]\ndrawn = 8\n{line}\n[network.patch_ridge]\nfilters = 2\n\
                 [train]\nobjective = \"{chosen}\""
            );
            config::parse("x.toml", &text, &Overrides::default()).map_err(|error| error.to_string())
        };
        tried(objective).unwrap();
        let error = tried("one_step").unwrap_err();
        let key = line.split(' ').next().unwrap_or_default();
        assert!(error.contains(key) && error.contains(objective), "{error}");
    }
}
