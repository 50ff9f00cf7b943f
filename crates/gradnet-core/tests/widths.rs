//! Parameter counts: the formula against the built network, the released widths, the paper's toy counts.

use burn::module::Module;
use burn::tensor::Device;
use gradnet_core::ParameterSource;
use gradnet_core::network::{NetworkConfig, NetworkError, Size, registry};

fn config(name: &str) -> NetworkConfig {
    NetworkConfig::from_name(name).expect("the network is registered")
}

/// The settings of a table, as a config file has them.
fn parse(table: &str) -> NetworkConfig {
    serde_json::from_str(table).expect("the settings are valid")
}

#[test]
fn the_formula_counts_what_is_built_for_every_network() {
    let mut source = ParameterSource::new(&Device::flex(), 0);
    for entry in registry() {
        for (dim, width) in [(2, 1), (4, 7), (8, 3)] {
            let config = config(entry.name).with_size(Size::Width(width));
            let network = config
                .init(dim, &mut source)
                .expect("the settings are valid");
            let count = config.parameter_count(dim).expect("the settings are valid");
            assert_eq!(
                network.num_params(),
                count,
                "{} at {dim}, {width}",
                entry.name
            );
        }
    }
}

#[test]
fn budgets_give_the_released_widths() {
    // Largest width with at most 1024 d parameters, and what it then has.
    let table: &[(&str, [(usize, usize); 3])] = &[
        (
            "mgradnet_c",
            [(629, 32_740), (948, 261_904), (1003, 1_048_156)],
        ),
        (
            "mgradnet_m",
            [(247, 32_652), (254, 261_384), (255, 1_046_540)],
        ),
        (
            "gradnet_c",
            [(629, 32_740), (948, 261_904), (1003, 1_048_156)],
        ),
        (
            "gradnet_m",
            [(247, 32_652), (254, 261_384), (255, 1_046_540)],
        ),
        ("crr", [(442, 32_740), (878, 261_900), (982, 1_047_836)]),
        ("rr", [(442, 32_740), (878, 261_900), (982, 1_047_836)]),
        ("icnn", [(150, 32_734), (315, 262_023), (423, 1_047_951)]),
        ("mlp", [(119, 32_487), (303, 262_095), (511, 1_047_039)]),
    ];
    for (name, expected) in table {
        for (dim, (width, count)) in [32, 256, 1024].into_iter().zip(expected) {
            let sized = config(name).with_size(Size::Parameters(1024 * dim));
            let resolved = sized.resolve(dim).expect("the budget suffices");
            assert_eq!(
                resolved.size(),
                Some(Size::Width(*width)),
                "{name} at {dim}"
            );
            assert_eq!(
                sized.parameter_count(dim).as_ref(),
                Ok(count),
                "{name} at {dim}"
            );
        }
    }
}

#[test]
fn the_toy_networks_have_the_papers_counts() {
    let counts = [
        (
            r#"{"mgradnet_m": {"width": 7, "activation": "softmax"}}"#,
            94,
        ),
        (r#"{"mgradnet_c": {"width": 7, "activation": "tanh"}}"#, 100),
        (r#"{"crr": {"width": 10, "knots": 7}}"#, 102),
        (r#"{"mlp": {"width": 6}}"#, 102),
        (r#"{"icnn": {"width": 7}}"#, 109),
        (r#"{"icgn": {"width": 32}}"#, 96),
    ];
    for (table, count) in counts {
        assert_eq!(parse(table).parameter_count(2), Ok(count), "{table}");
    }
}

#[test]
fn the_hamiltonian_experiment_has_the_counts_of_its_sources() {
    // One output less than the 11,200 of the Hamiltonian network, whose second output is never used.
    let counts = [
        (r#"{"hamiltonian": {"width": 100}}"#, 11_100),
        (r#"{"baseline": {"width": 100}}"#, 11_800),
        (
            r#"{"gradnet_m": {"width": 256, "activation": "softmax"}}"#,
            9_232,
        ),
        (
            r#"{"gradnet_c": {"width": 256, "activation": "tanh"}}"#,
            5_128,
        ),
        (r#"{"rr": {"width": 220}}"#, 11_008),
    ];
    for (table, count) in counts {
        assert_eq!(parse(table).parameter_count(8), Ok(count), "{table}");
    }
}

#[test]
fn a_size_must_be_given_once_and_suffice() {
    let of = |table: &str, dim| parse(table).resolve(dim).expect_err("the size is wrong");
    assert_eq!(of(r#"{"mgradnet_c": {}}"#, 2), NetworkError::NoSize);
    assert_eq!(
        of(r#"{"icnn": {"width": 3, "parameters": 30}}"#, 2),
        NetworkError::TwoSizes
    );
    // Width 1: W 2, four layers of three numbers, the output bias 2.
    let error = of(
        r#"{"mgradnet_c": {"parameters": 15, "activation": "tanh"}}"#,
        2,
    );
    let expected = NetworkError::BudgetTooSmall {
        budget: 15,
        dim: 2,
        smallest: 16,
    };
    assert_eq!(error, expected);
    let error = of(r#"{"mgradnet_c": {"width": 0}}"#, 2);
    assert_eq!(error.to_string(), "`width` is 0, but must be at least 1");
    let error = of(r#"{"hamiltonian": {"width": 5}}"#, 3);
    assert!(error.to_string().contains("an even dimension"), "{error}");
}
