//! The reference rows at the dimensions of the tables, against numbers measured before this code existed.

use burn::tensor::{Device, Tensor};
use gradnet_core::VectorField;
use gradnet_experiments::evaluation::evaluate;
use gradnet_experiments::experiment::EvaluationConfig;
use gradnet_experiments::target::TargetConfig;

/// The field that is zero everywhere: its score must be the row "zero".
struct Zero(usize);

impl VectorField for Zero {
    fn dim(&self) -> usize {
        self.0
    }
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        x.zeros_like()
    }
    fn jacobian_vector(&self, x: Tensor<2>, _v: Tensor<2>) -> Tensor<2> {
        x.zeros_like()
    }
}

fn rows(name: &str, dim: usize, points: usize) -> (f64, f64) {
    let mut target = TargetConfig::from_name(name).unwrap();
    match &mut target {
        TargetConfig::PiecewiseQuadratic(config) => config.dim = dim,
        TargetConfig::GaussianMixtureScore(config) => config.dim = dim,
        _ => {}
    }
    let config = EvaluationConfig {
        points,
        draws: 2,
        ..Default::default()
    };
    let evaluation = evaluate(&Zero(dim), &target, &config, 0, &Device::flex()).unwrap();
    assert_eq!(evaluation.test.mse_db_mean, evaluation.reference.zero_db);
    (evaluation.reference.zero_db, evaluation.reference.linear_db)
}

/// Measured before: -12.43, -11.75 and -11.37 dB (decisions on rows every table must have).
#[test]
fn the_linear_map_scores_what_was_measured_on_the_piecewise_quadratic() {
    for (dim, expected) in [(32, -12.43), (256, -11.75)] {
        let (zero, linear) = rows("piecewise_quadratic", dim, 10_000);
        assert!(zero.abs() < 0.3, "d = {dim}: {zero}");
        assert!((linear - expected).abs() < 0.1, "d = {dim}: {linear}");
    }
}

#[test]
#[ignore = "takes seconds at d = 1024"]
fn the_linear_map_scores_what_was_measured_at_the_largest_dimension() {
    let (_, linear) = rows("piecewise_quadratic", 1024, 10_000);
    assert!((linear + 11.37).abs() < 0.1, "{linear}");
}

/// Measured before: -50.7 dB for four components. The means differ, so the tolerance is wide.
#[test]
fn the_score_of_a_gaussian_mixture_is_nearly_linear() {
    let (zero, linear) = rows("gaussian_mixture_score", 32, 10_000);
    assert!(zero.abs() < 0.3, "{zero}");
    assert!((linear + 50.7).abs() < 2.0, "{linear}");
}
