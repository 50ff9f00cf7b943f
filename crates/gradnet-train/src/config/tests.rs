use super::*;

const GOOD: &str = "\
schema = 1
name = \"first\"
seed = 3

[target.piecewise_quadratic]
dim = 32

[network.mgradnet_m]
parameters = 32768

[train]
steps = 500
learning_rate = 1e-2
";

fn problem(text: &str, overrides: &Overrides) -> Problem {
    match parse("first.toml", text, overrides) {
        Err(ConfigError::Invalid { problem, .. }) => *problem,
        other => panic!("expected a problem, got {other:?}"),
    }
}

/// The underlined text.
fn underlined(problem: &Problem) -> &str {
    let (place, _) = problem.place.as_ref().unwrap();
    &place.source.text[place.span.clone()]
}

fn set(assignments: &[&str]) -> Overrides {
    Overrides {
        set: assignments.iter().map(|&text| text.to_owned()).collect(),
        ..Overrides::default()
    }
}

#[test]
fn a_good_config_gives_its_values() {
    let experiment = parse("first.toml", GOOD, &Overrides::default()).unwrap();
    assert_eq!(experiment.name, "first");
    assert_eq!(experiment.seed, 3);
    assert_eq!(experiment.task.dim(), 32);
    assert_eq!(experiment.network.name(), "mgradnet_m");
    assert_eq!(experiment.train.steps, 500);
    assert_eq!(experiment.train.learning_rate, 0.01);
}

#[test]
fn what_serde_writes_is_read_back_equal() {
    let experiment = parse("first.toml", GOOD, &Overrides::default()).unwrap();
    let written = toml::to_string(&*experiment).unwrap();
    let again = parse("again.toml", &written, &Overrides::default()).unwrap();
    assert_eq!(again, experiment);
}

#[test]
fn an_unknown_key_is_underlined_and_the_nearest_named() {
    let problem = problem(&GOOD.replace("steps", "stpes"), &Overrides::default());
    assert_eq!(underlined(&problem), "stpes");
    assert!(problem.help.unwrap().contains("did you mean `steps`?"));
}

#[test]
fn a_refused_value_is_underlined_where_it_stands() {
    let problem = problem(&GOOD.replace("1e-2", "-0.5"), &Overrides::default());
    assert_eq!(underlined(&problem), "-0.5");
}

#[test]
fn an_option_is_underlined_as_typed() {
    let problem = problem(GOOD, &set(&["train.learning_rate = -0.5"]));
    assert_eq!(underlined(&problem), "-0.5");
    let (place, _) = problem.place.unwrap();
    assert_eq!(place.source.text, "--set train.learning_rate = -0.5");
}

#[test]
fn options_change_the_values_in_order() {
    let overrides = Overrides {
        seed: Some(9),
        ..set(&[
            "train.steps=7",
            "train.steps = 8",
            "name=other",
            "evaluation.draws=2",
            "train.schedule=cosine",
        ])
    };
    let experiment = parse("first.toml", GOOD, &overrides).unwrap();
    assert_eq!(experiment.seed, 9);
    assert_eq!(experiment.train.steps, 8);
    assert_eq!(experiment.train.learning_rate, 0.01);
    assert_eq!(experiment.name, "other");
    assert_eq!(experiment.evaluation.draws, 2);
    assert_eq!(
        experiment.train.schedule,
        crate::experiment::Schedule::Cosine
    );
}

#[test]
fn a_table_given_as_a_value_replaces_the_table() {
    let experiment = parse(
        "first.toml",
        GOOD,
        &set(&[
            "network={gradnet_c={width=5}}",
            "target={quartic_polynomial={}}",
        ]),
    )
    .unwrap();
    assert_eq!(experiment.network.name(), "gradnet_c");
    assert_eq!(experiment.task.name(), "quartic_polynomial");
}

#[test]
fn another_network_keeps_the_size_and_nothing_else() {
    let text = GOOD.replace("32768", "20000\nmodules = 2");
    let overrides = Overrides {
        network: Some("mgradnet_c".to_owned()),
        ..Overrides::default()
    };
    let switched = parse("first.toml", &text, &overrides).unwrap();
    let written = GOOD
        .replace("mgradnet_m", "mgradnet_c")
        .replace("32768", "20000");
    let expected = parse("first.toml", &written, &Overrides::default()).unwrap();
    assert_eq!(switched, expected);
}

/// `filters` is the width of networks on patches, whose side another of them keeps; another number takes its place.
#[test]
fn another_network_on_patches_keeps_filters_and_size() {
    let with = |network: &str| {
        let network = format!("[network.{network}\n");
        GOOD.replace("dim = 32", "dim = 25")
            .replace("[network.mgradnet_m]\nparameters = 32768\n", &network)
    };
    let of_patches = with("patch_ridge]\nfilters = 7\nsize = 5\nknots = 9");
    for (name, set, expected) in [
        (
            "patch_weak_ridge",
            "network.patch_weak_ridge.filters=9",
            "patch_weak_ridge]\nfilters = 9\nsize = 5",
        ),
        (
            "patch_weak_ridge",
            "seed=3",
            "patch_weak_ridge]\nfilters = 7\nsize = 5",
        ),
        ("mgradnet_c", "seed=3", "mgradnet_c]\nwidth = 7"),
    ] {
        let overrides = Overrides {
            network: Some(name.to_owned()),
            set: vec![set.to_owned()],
            ..Overrides::default()
        };
        let switched = parse("first.toml", &of_patches, &overrides);
        let expected = parse("first.toml", &with(expected), &Overrides::default());
        assert_eq!(switched.unwrap(), expected.unwrap());
    }
}

#[test]
fn the_same_network_named_again_changes_nothing() {
    let text = GOOD.replace("32768", "20000\nmodules = 2");
    let overrides = Overrides {
        network: Some("mgradnet_m".to_owned()),
        ..Overrides::default()
    };
    assert_eq!(
        parse("first.toml", &text, &overrides).unwrap(),
        parse("first.toml", &text, &Overrides::default()).unwrap()
    );
}

#[test]
fn an_unknown_network_on_the_command_line_points_there() {
    let overrides = Overrides {
        network: Some("mgradnet-m".to_owned()),
        ..Overrides::default()
    };
    let problem = problem(GOOD, &overrides);
    assert_eq!(underlined(&problem), "mgradnet-m");
    assert!(problem.help.unwrap().contains("did you mean `mgradnet_m`?"));
}

#[test]
fn a_monotone_network_is_refused_on_a_nonconvex_target_unless_asked_for() {
    let text = GOOD.replace("piecewise_quadratic", "gaussian_mixture_score");
    let problem = problem(&text, &Overrides::default());
    assert_eq!(underlined(&problem), "mgradnet_m");
    assert!(problem.related.is_some());
    parse("first.toml", &text, &set(&["allow_misfit=true"])).unwrap();
}

#[test]
fn every_prefix_of_a_config_is_read_without_a_panic() {
    for end in 0..GOOD.len() {
        let _ = parse("first.toml", &GOOD[..end], &Overrides::default());
        let _ = parse("first.toml", GOOD, &set(&[&GOOD[end..]]));
    }
}
