//! Parameter counts: the formula against the built network, the released widths, the paper's toy counts.

use burn::module::Module;
use burn::tensor::Device;
use gradnet_core::ParameterSource;
use gradnet_train::registry::{NetworkConfig, RegistryError, Size, registry};

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
        // Ours, at the same budgets: neural activations, linear parts of rank min(d, 256), quadratics.
        (
            "mgradnet_neural",
            [(584, 32_736), (935, 262_056), (999, 1_047_976)],
        ),
        (
            "gradnet_neural",
            [(584, 32_736), (935, 262_056), (999, 1_047_976)],
        ),
        (
            "gradnet_difference",
            [(495, 32_738), (509, 262_142), (510, 1_047_552)],
        ),
        (
            "mgradnet_c_neural",
            [(528, 32_768), (915, 261_946), (993, 1_047_646)],
        ),
        (
            "gradnet_c_neural",
            [(528, 32_768), (915, 261_946), (993, 1_047_646)],
        ),
        (
            "mgradnet_c_linear",
            [(609, 32_756), (710, 262_008), (751, 1_048_236)],
        ),
        (
            "mgradnet_m_linear",
            [(239, 32_652), (190, 261_384), (191, 1_047_308)],
        ),
        (
            "mgradnet_quadratic",
            [(319, 32_673), (254, 261_886), (255, 1_048_321)],
        ),
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
        // 7·5 + 7·(7 + 5) + (7 + 5).
        (r#"{"icnn_quadratic": {"width": 7}}"#, 131),
        (r#"{"icgn": {"width": 32}}"#, 96),
    ];
    for (table, count) in counts {
        assert_eq!(parse(table).parameter_count(2), Ok(count), "{table}");
    }
}

/// A symmetric matrix of full size takes the whole budget at d = 1024.
#[test]
fn a_symmetric_linear_part_fits_the_budget_where_the_matrix_does() {
    for name in ["gradnet_c_linear", "gradnet_m_linear"] {
        let sized = |dim: usize| config(name).with_size(Size::Parameters(1024 * dim));
        for dim in [32, 256] {
            let count = sized(dim).parameter_count(dim).expect("there is room");
            assert!(
                count > 1_000 * dim && count <= 1_024 * dim,
                "{name}: {count}"
            );
        }
        let error = sized(1024).resolve(1024).expect_err("there is no room");
        assert!(
            matches!(error, RegistryError::BudgetTooSmall { .. }),
            "{error}"
        );
    }
}

#[test]
fn settings_of_a_linear_part_are_checked() {
    let of = |table: &str| parse(table).resolve(4).expect_err("the settings are wrong");
    let two_sizes = of(r#"{"mgradnet_c_linear": {"width": 3, "field": {"width": 5}}}"#);
    assert_eq!(two_sizes.field(), Some("field"), "{two_sizes}");
    let rank = of(r#"{"mgradnet_m_linear": {"width": 3, "rank": 0}}"#);
    assert_eq!(rank.to_string(), "`rank` is 0, but must be at least 1");
    let inner = of(r#"{"gradnet_c_linear": {"width": 3, "field": {"layers": 0}}}"#);
    assert_eq!(inner.field(), Some("layers"), "{inner}");
}

#[test]
fn a_temperature_schedule_is_checked() {
    for (part, value) in [("from", "0.0"), ("to", "-1.0"), ("over", "1.5")] {
        let table = format!(
            r#"{{"mgradnet_quadratic": {{"width": 3, "temperature": {{"{part}": {value}}}}}}}"#
        );
        let error = parse(&table).resolve(4).expect_err("the schedule is wrong");
        assert_eq!(error.field(), Some("temperature"));
        assert!(error.to_string().contains(part), "{error}");
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
    assert_eq!(of(r#"{"mgradnet_c": {}}"#, 2), RegistryError::NoSize);
    assert_eq!(
        of(r#"{"icnn": {"width": 3, "parameters": 30}}"#, 2),
        RegistryError::TwoSizes
    );
    // Width 1: W 2, four layers of three numbers, the output bias 2.
    let error = of(
        r#"{"mgradnet_c": {"parameters": 15, "activation": "tanh"}}"#,
        2,
    );
    let expected = RegistryError::BudgetTooSmall {
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

#[test]
fn sizes_that_no_machine_holds_are_refused_by_name() {
    for entry in registry() {
        for size in [usize::MAX, usize::MAX / 2, 1 << 40] {
            let wide = config(entry.name).with_size(Size::Width(size));
            let error = wide.parameter_count(4).unwrap_err();
            assert_eq!(error.field(), Some("width"), "{}: {error}", entry.name);
            // A budget is a bound: the widest network allowed stays below it.
            let rich = config(entry.name).with_size(Size::Parameters(size));
            assert!(
                rich.parameter_count(4).is_ok_and(|count| count <= size),
                "{}",
                entry.name
            );
        }
    }
    let error = parse(r#"{"gradnet_m": {"width": 8, "modules": 9223372036854775807}}"#)
        .parameter_count(4)
        .unwrap_err();
    assert_eq!(error.field(), Some("modules"));
}
