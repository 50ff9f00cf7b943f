//! Sec. V-D: where a convex potential has kinks, the shell returns a subgradient, by the definition
//! `F(y) ≥ F(x) + ⟨g, y − x⟩` for all `y` (Def. 8), on the kinks themselves too.

use burn::module::Module;
use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};
use gradnet_core::activation::{
    Activation, ActivationPotential, GradientActivation, HardmaxActivation, MonotoneActivation,
    ScalarFunction, StepActivation,
};
use gradnet_core::analysis::host;
use gradnet_core::network::{GradNetConfig, MGradNetConfig, MGradNetSoftmaxConfig};
use gradnet_core::{MonotoneField, ParameterSource, Potential, TiedNetwork, VectorField};

const DIM: usize = 2;

/// Rows with small whole numbers: on the points below `⟨w, x⟩` is computed without rounding, so a kink is met exactly.
const WEIGHTS: [f64; 8] = [1.0, 0.0, 0.0, 1.0, 1.0, -1.0, -1.0, -1.0];

fn source() -> ParameterSource {
    ParameterSource::new(&Device::flex(), 5).with_dtype(FloatDType::F64)
}

fn rows(values: &[f64]) -> Tensor<2> {
    let data = TensorData::new(values.to_vec(), [values.len() / DIM, DIM]);
    Tensor::from_data(data, (&Device::flex(), DType::F64))
}

/// The shell around an activation of four units, without biases.
fn shell<A: Module>(activation: A) -> TiedNetwork<A> {
    let mut network = TiedNetwork::new([4, DIM], activation, &mut source());
    network.weight = source().values([4, DIM], WEIGHTS.to_vec());
    network
}

/// Points where units of [`WEIGHTS`] are exactly at their kink, or tie: zero, the axes, the diagonals.
fn kinks() -> Tensor<2> {
    rows(&[
        0.0, 0.0, 0.0, 1.5, -2.0, 0.0, 0.75, 0.75, -0.5, -0.5, 1.0, -1.0, 3.0, 0.0,
    ])
}

/// Points off the kinks.
fn others() -> Tensor<2> {
    rows(&host(source().uniform([40, DIM], -3.0, 3.0).val()))
}

/// The most by which `F(x) + ⟨g, y − x⟩` exceeds `F(y)` over all pairs of points, kinks among them.
fn violation(field: &impl Potential) -> f64 {
    let points = Tensor::cat(vec![kinks(), others()], 0);
    let potential = host(field.potential(points.clone()));
    let gradients = host(field.forward(points.clone()));
    let points = host(points);
    let pairs = points
        .chunks(DIM)
        .zip(gradients.chunks(DIM))
        .zip(&potential);
    let excess = |((x, g), f_x): ((&[f64], &[f64]), &f64)| {
        points
            .chunks(DIM)
            .zip(&potential)
            .map(|(y, f_y)| {
                let along: f64 = g.iter().zip(y).zip(x).map(|((g, y), x)| g * (y - x)).sum();
                f_x + along - f_y
            })
            .fold(f64::NEG_INFINITY, f64::max)
    };
    pairs.map(excess).fold(f64::NEG_INFINITY, f64::max)
}

#[track_caller]
fn assert_subgradients(field: &(impl Potential + MonotoneField)) {
    // At y = x the two sides are equal, so the largest excess is zero up to rounding.
    let excess = violation(field);
    assert!(excess.abs() < 1e-12, "{excess}");
}

#[test]
fn a_step_network_returns_subgradients_at_its_kinks_and_elsewhere() {
    assert_subgradients(&shell(StepActivation::new(4, &mut source())));
}

#[test]
fn a_hardmax_network_returns_subgradients_of_the_maximum_of_affine_functions() {
    let mut network = shell(HardmaxActivation);
    assert_subgradients(&network);
    network.hidden_bias = Some(source().values([4], vec![0.5, -0.25, 0.0, 1.0]));
    assert_subgradients(&network);
}

#[test]
fn a_relu_network_returns_the_gradient_at_its_kinks_too() {
    let mut network = MGradNetConfig::new(DIM)
        .with_width(4)
        .with_activation(ScalarFunction::Relu)
        .init_from(&mut source())
        .expect("the settings are valid");
    network.weight = source().values([4, DIM], WEIGHTS.to_vec());
    network.hidden_bias = None;
    assert_subgradients(&network);
}

#[test]
fn at_a_tie_the_hardmax_returns_the_mean_of_the_slopes_that_tie() {
    let network = shell(HardmaxActivation);
    // At (3/4, 3/4) the first two rows give 3/4, the others 0 and −3/2.
    let tie = host(network.forward(rows(&[0.75, 0.75])));
    assert_eq!(tie, [0.5, 0.5]);
    // At 0 all four tie: the mean of the rows.
    assert_eq!(host(network.forward(rows(&[0.0, 0.0]))), [0.25, -0.25]);
}

/// Lemma 8: the gradients of convex approximators come near the subdifferential, at a kink too. Between kinks they tend
/// to the one gradient there is; at the tie of two affine functions to a point between their slopes.
#[test]
fn softmax_networks_tend_to_subgradients_as_the_temperature_rises() {
    let mut network = MGradNetSoftmaxConfig::new(DIM)
        .with_width(4)
        .init_from(&mut source())
        .expect("the settings are valid");
    network.weight = source().values([4, DIM], WEIGHTS.to_vec());
    network.hidden_bias = None;
    network.output_bias = None;
    // softplus(ln(e − 1)) = 1: weights of one, a plain softmax.
    network.activation.alpha = source().constant([1], 1f64.exp_m1().ln());
    network.activation.block.mix = None;
    let limit = shell(HardmaxActivation);
    let points = Tensor::cat(vec![kinks(), others()], 0);
    let distance = |temperature: f64| {
        let mut scaled = network.clone();
        // softplus is the identity this far out, to 1e-18.
        scaled.activation.block.temperature = source().constant([1], temperature);
        let difference = scaled.forward(points.clone()) - limit.forward(points.clone());
        host(difference)
            .into_iter()
            .fold(0.0, |a: f64, b| a.max(b.abs()))
    };
    let (warm, hot) = (distance(40.0), distance(40_000.0));
    assert!(hot < 1e-9 && hot < warm, "{warm} at 40, {hot} at 40,000");
}

// ---- Negative controls: each must fail ------------------------------------------------------------------

/// A step that takes 3/2 on its kink, where the subdifferential of `max(z, 0)` is `[0, 1]`.
#[derive(Module, Debug)]
struct StepBeyond;

impl Activation for StepBeyond {
    fn forward(&self, z: Tensor<2>) -> Tensor<2> {
        let dtype = z.dtype();
        let above = z.clone().greater_elem(0.0).float().cast(dtype);
        above + z.equal_elem(0.0).float().cast(dtype) * 1.5
    }

    fn jacobian_vector(&self, _z: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        v.zeros_like()
    }
}

impl GradientActivation for StepBeyond {}
impl MonotoneActivation for StepBeyond {}

impl ActivationPotential for StepBeyond {
    fn potential(&self, z: Tensor<2>) -> Tensor<1> {
        z.clamp_min(0.0).sum_dim(1).squeeze_dim(1)
    }
}

#[test]
fn a_value_outside_the_subdifferential_on_the_kink_alone_is_caught() {
    let excess = violation(&shell(StepBeyond));
    assert!(excess > 0.1, "{excess}");
}

#[test]
fn the_gradient_of_a_concave_function_is_caught() {
    let mut free = GradNetConfig::new(DIM)
        .with_width(4)
        .with_activation(ScalarFunction::Relu)
        .init_from(&mut source())
        .expect("the settings are valid");
    free.activation.alpha = source().constant([4], -1.0);
    let excess = violation(&free);
    assert!(excess > 0.1, "{excess}");
}
