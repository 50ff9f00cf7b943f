//! `gradnet verify` on networks trained on gradients that saturate: steep in places, flat
//! elsewhere.

use std::fs;
use std::path::Path;

use crate::program::gradnet;
use burn::tensor::Device;
use gradnet_core::ParameterSource;
use gradnet_train::config::{self, Overrides};
use gradnet_train::registry::{Network, Registered};
use gradnet_train::run::RunFolder;

const ROWS: u32 = 600;

/// The gradients at points of `[-2, 2]²` as CSV.
fn write(file: &Path, gradient: impl Fn(f64) -> f64) {
    let mut state = 7u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 8) / f64::from(1 << 22) - 2.0
    };
    let mut text = "x1,x2,g1,g2\n".to_owned();
    for _ in 0..ROWS {
        let (a, b) = (random(), random());
        text += &format!("{a},{b},{},{}\n", gradient(a), gradient(b));
    }
    fs::write(file, text).unwrap();
}

/// Trains the network that `config init` proposes, for a short time at a high rate, and verifies
/// it.
fn verified(network: &str, seed: u64, gradient: impl Fn(f64) -> f64) -> serde_json::Value {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(&folder.join("data.csv"), gradient);
    let seed = seed.to_string();
    let init = ["config", "init", "--data", "data.csv", "--out", "my.toml"];
    let ran = gradnet(folder, &[&init[..], &["--network", network]].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let train = [
        "train",
        "--config",
        "my.toml",
        "--out",
        "run",
        "--progress",
        "none",
        "--seed",
        &seed,
    ];
    let set = [
        "train.steps=400",
        "train.learning_rate=0.03",
        "train.batch=100",
    ];
    let set = set.iter().flat_map(|assignment| ["--set", assignment]);
    let ran = gradnet(folder, &train.into_iter().chain(set).collect::<Vec<_>>());
    assert_eq!(ran.code, 0, "{}", ran.stderr);

    let told = gradnet(folder, &["verify", "run"]);
    assert_eq!(told.code, 0, "{network}: {}", told.stdout);
    assert!(told.stdout.contains("measured in f64"), "{}", told.stdout);
    let ran = gradnet(folder, &["verify", "run", "--seed", "5", "--json"]);
    assert_eq!(ran.code, 0, "{network}: {}", ran.stdout);
    serde_json::from_str(&ran.stdout).unwrap()
}

#[test]
fn trained_networks_that_saturate_are_not_refused() {
    for (network, claim) in [
        ("mgradnet_m", "monotone"),
        ("gradnet_m", "gradient"),
        ("mgradnet_c", "monotone"),
    ] {
        for (seed, slope) in [(0, 5.0), (1, 20.0), (2, 1e9)] {
            let found = verified(network, seed, |x| (slope * x).tanh());
            assert_eq!(found["claim"], claim, "{network}");
            assert_eq!(found["precision"], "f64", "{network}");
            assert_eq!(found["passed"], true, "{network}");
            assert!(
                found["relative_asymmetry"].as_f64().unwrap() < 1e-12,
                "{found}"
            );
            assert!(found["loop_error"].as_f64().unwrap() < 1e-4, "{found}");
        }
    }
}

/// Three thousand jumps of a sound field around each loop: nothing speaks against it, and nothing decides. Exit code 3.
#[test]
fn a_field_too_rough_to_integrate_is_not_decided() {
    let folder = tempfile::tempdir().unwrap();
    let text = "schema = 1\nname = \"rough\"\n[target.trigonometric_surface]\n[network.gradnet_c]\nwidth = 3000\nlayers = 1\nactivation = \"tanh\"\n";
    let experiment = config::parse("rough.toml", text, &Overrides::default()).unwrap();
    let mut source = ParameterSource::new(&Device::flex(), 5);
    let network = experiment.init_network(&mut source).unwrap();
    let Registered::GradNetC(mut shell) = network.registered else {
        panic!("the config's network");
    };
    shell.weight = shell.weight.map(|weight| weight * 1e9);
    let run = folder.path().join("run");
    let written = RunFolder::create_untrained(&run, &experiment, false).unwrap();
    written
        .write_weights(Network::from(Registered::GradNetC(shell)))
        .unwrap();
    drop(written);
    let ran = gradnet(folder.path(), &["verify", "run", "--samples", "2"]);
    assert_eq!(ran.code, 3, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("NOT DECIDED"), "{}", ran.stdout);
    assert!(ran.stdout.contains("not decided"), "{}", ran.stdout);
    let ran = gradnet(
        folder.path(),
        &["verify", "run", "--samples", "2", "--json"],
    );
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    let found: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(found["undecided"], true, "{found}");
    assert_eq!(found["passed"], false, "{found}");
}
