//! The networks against the authors' released PyTorch code, in `f64` to 1e-10: outputs, Jacobians, the
//! gradient of every parameter.
//!
//! `golden/networks.json` holds eight small networks of the released code with random weights. Where that
//! code differs from the paper's text (docs/deviations.md) the weights are converted, and the gradients
//! follow by the chain rule:
//!
//! - it scales biases with `β`: `β ⊙ (W x + b)`, so our bias is `β ⊙ b`;
//! - its GradNet-C uses the last but one learned activation twice and the last never;
//! - its free learned activation is `a tanh u − b (u − tanh u)`, so our `b` is `−b`.

use burn::module::Param;
use burn::tensor::{Device, FloatDType, Gradients, Tensor, TensorData};
use gradnet_core::activation::{CascadedActivation, ModularActivation, One, SoftmaxBlock};
use gradnet_core::analysis::{host, jacobians};
use gradnet_core::network::{BlockActivation, Builds, CascadeConfig, ModularConfig, UnitFunction};
use gradnet_core::sign::{Free, NonNegative, Sign};
use gradnet_core::{ParameterSource, TiedNetwork, VectorField};
use serde_json::Value;

const DIM: usize = 3;
const HIDDEN: usize = 5;
const COUNT: usize = 4;

/// The numbers of a JSON array of any depth, or one number.
fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().flat_map(numbers).collect(),
        other => vec![other.as_f64().expect("a number")],
    }
}

struct Case(Value);

impl Case {
    fn load(name: &str) -> Self {
        let text = include_str!("golden/networks.json");
        let file: Value = serde_json::from_str(text).expect("the golden file is JSON");
        Self(file["cases"][name].clone())
    }

    fn numbers(&self, key: &str) -> Vec<f64> {
        numbers(&self.0[key])
    }

    fn state(&self, key: &str) -> Vec<f64> {
        numbers(&self.0["state"][key])
    }

    /// One array for each of the layers or modules, with `{}` in the key for the index.
    fn states(&self, key: &str) -> Vec<Vec<f64>> {
        let state = |index: usize| self.state(&key.replace("{}", &index.to_string()));
        (0..COUNT).map(state).collect()
    }

    fn gradient(&self, key: &str) -> Vec<f64> {
        numbers(&self.0["grad"][key])
    }

    fn x(&self, device: &Device) -> Tensor<2> {
        let x = self.numbers("x");
        let rows = x.len() / DIM;
        Tensor::from_data(
            TensorData::new(x, [rows, DIM]),
            (device, burn::tensor::DType::F64),
        )
    }
}

#[track_caller]
fn assert_close(what: &str, ours: &[f64], theirs: &[f64]) {
    assert_eq!(
        ours.len(),
        theirs.len(),
        "{what}: {ours:?} against {theirs:?}"
    );
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert!(
            (ours - theirs).abs() <= 1e-10 * theirs.abs().max(1.0),
            "{what}: {ours} against {theirs}"
        );
    }
}

/// Checks values, the Jacobian and the loss; returns the gradients of the loss.
fn check_field(network: &impl VectorField, case: &Case, device: &Device) -> Gradients {
    let x = case.x(device);
    let y = network.forward(x.clone());
    assert_close("y", &host(y.clone()), &case.numbers("y"));

    let jacobian = &jacobians(network, x.narrow(0, 0, 1))[0];
    let by_rows: Vec<f64> = jacobian.transpose().iter().copied().collect();
    assert_close("jacobian", &by_rows, &case.numbers("jacobian"));

    let loss = y.square().mean();
    assert_close(
        "loss",
        &host(loss.clone()),
        &case.numbers("loss_mean_square"),
    );
    loss.backward()
}

fn gradient<const D: usize>(param: &Param<Tensor<D>>, gradients: &Gradients) -> Vec<f64> {
    host(
        param
            .val()
            .grad(gradients)
            .expect("the parameter has a gradient"),
    )
}

/// `S(u)` and `S'(u)`.
fn constrained<S: Sign>(stored: f64) -> (f64, f64) {
    if S::NONNEGATIVE {
        (stored.exp().ln_1p(), 1.0 / (1.0 + (-stored).exp()))
    } else {
        (stored, 1.0)
    }
}

fn f64_source() -> (Device, ParameterSource) {
    let device = Device::flex().autodiff();
    let source = ParameterSource::new(&device, 0).with_dtype(FloatDType::F64);
    (device, source)
}

fn check_cascade<S: Sign>(name: &str, activation: UnitFunction) {
    let case = Case::load(name);
    let (device, mut source) = f64_source();
    let config = CascadeConfig {
        width: Some(HIDDEN),
        layers: COUNT,
        activation,
        ..Default::default()
    };
    let mut network: TiedNetwork<CascadedActivation<S>> = config
        .init(DIM, &mut source)
        .expect("the settings are valid");

    let shape = [COUNT, HIDDEN];
    let (beta, bias) = (
        case.states("beta.{}").concat(),
        case.states("bias.{}").concat(),
    );
    let (beta_used, beta_slope): (Vec<_>, Vec<_>) =
        beta.iter().map(|&stored| constrained::<S>(stored)).unzip();
    let bias = &bias[..COUNT * HIDDEN];
    let scaled_bias = bias.iter().zip(&beta_used).map(|(b, beta)| b * beta);
    network.weight = source.values([HIDDEN, DIM], case.state("W"));
    network.output_bias = Some(source.values([DIM], case.state("bias.4")));
    network.activation.alpha = source.values(shape, case.states("alpha.{}").concat());
    network.activation.beta = source.values(shape, beta.clone());
    network.activation.bias = source.values(shape, scaled_bias.collect());

    let sign = if S::NONNEGATIVE { 1.0 } else { -1.0 };
    let used = |layer: usize| {
        if S::NONNEGATIVE {
            layer
        } else {
            layer.min(COUNT - 2)
        }
    };
    if let Some(learned) = &mut network.activation.learned {
        let state = |letter: &str, sign: f64| -> Vec<f64> {
            let layers = case.states(&format!("nonlinearity.{{}}.{letter}"));
            (0..COUNT)
                .flat_map(|layer| {
                    layers[used(layer)]
                        .iter()
                        .map(|value| sign * value)
                        .collect::<Vec<_>>()
                })
                .collect()
        };
        learned.a = source.values(shape, state("a", 1.0));
        learned.b = source.values(shape, state("b", sign));
    }

    let gradients = check_field(&network, &case, &device);
    let ours = &network.activation;
    assert_close(
        "W",
        &gradient(&network.weight, &gradients),
        &case.gradient("W"),
    );
    let output_bias = network.output_bias.as_ref().expect("it was set");
    assert_close(
        "bias.4",
        &gradient(output_bias, &gradients),
        &case.gradient("bias.4"),
    );
    let alpha = gradient(&ours.alpha, &gradients);
    let bias_gradient = gradient(&ours.bias, &gradients);
    let beta_gradient = gradient(&ours.beta, &gradients);
    for layer in 0..COUNT {
        let units = layer * HIDDEN..(layer + 1) * HIDDEN;
        assert_close(
            "alpha",
            &alpha[units.clone()],
            &case.gradient(&format!("alpha.{layer}")),
        );
        let by_bias: Vec<f64> = units
            .clone()
            .map(|i| bias_gradient[i] * beta_used[i])
            .collect();
        assert_close("bias", &by_bias, &case.gradient(&format!("bias.{layer}")));
        let by_beta: Vec<f64> = units
            .map(|i| beta_gradient[i] + bias_gradient[i] * bias[i] * beta_slope[i])
            .collect();
        assert_close("beta", &by_beta, &case.gradient(&format!("beta.{layer}")));
    }

    let Some(learned) = &ours.learned else { return };
    for (letter, param, sign) in [("a", &learned.a, 1.0), ("b", &learned.b, sign)] {
        let ours = gradient(param, &gradients);
        for layer in (0..COUNT).filter(|&layer| used(layer) == layer) {
            let sum: Vec<f64> = (0..HIDDEN)
                .map(|unit| {
                    let copies = (0..COUNT).filter(|&copy| used(copy) == layer);
                    copies.map(|copy| sign * ours[copy * HIDDEN + unit]).sum()
                })
                .collect();
            let key = format!("nonlinearity.{layer}.{letter}");
            assert_close(&key, &sum, &case.gradient(&key));
        }
    }
}

fn check_modular<S: Sign>(name: &str, activation: BlockActivation) {
    let case = Case::load(name);
    let (device, mut source) = f64_source();
    let config = ModularConfig {
        width: Some(HIDDEN),
        modules: COUNT,
        activation,
        ..Default::default()
    };
    let mut network: TiedNetwork<ModularActivation<SoftmaxBlock<S>, One, S>> = config
        .init(DIM, &mut source)
        .expect("the settings are valid");

    let stacked = |key: &str| case.states(&format!("mmgn_modules.{{}}.{key}")).concat();
    network.weight = source.values([COUNT * HIDDEN, DIM], stacked("W"));
    network.hidden_bias = Some(source.values([COUNT * HIDDEN], stacked("b")));
    network.output_bias = Some(source.values([DIM], case.state("bias")));
    network.activation.alpha = source.values([COUNT], case.state("alpha"));
    network.activation.block.temperature = source.values([COUNT], stacked("beta"));
    if let Some(mix) = &mut network.activation.block.mix {
        *mix = (
            source.values([COUNT], stacked("act.a")),
            source.values([COUNT], stacked("act.b")),
        );
    }

    let gradients = check_field(&network, &case, &device);
    let theirs = |key: &str| -> Vec<f64> {
        let module = |index| case.gradient(&format!("mmgn_modules.{index}.{key}"));
        (0..COUNT).flat_map(module).collect()
    };
    let (hidden, output) = (
        network.hidden_bias.as_ref().expect("it was set"),
        network.output_bias.as_ref().expect("it was set"),
    );
    assert_close("W", &gradient(&network.weight, &gradients), &theirs("W"));
    assert_close("b", &gradient(hidden, &gradients), &theirs("b"));
    assert_close(
        "bias",
        &gradient(output, &gradients),
        &case.gradient("bias"),
    );
    assert_close(
        "alpha",
        &gradient(&network.activation.alpha, &gradients),
        &case.gradient("alpha"),
    );
    let block = &network.activation.block;
    assert_close(
        "beta",
        &gradient(&block.temperature, &gradients),
        &theirs("beta"),
    );
    if let Some((a, b)) = &block.mix {
        assert_close("a", &gradient(a, &gradients), &theirs("act.a"));
        assert_close("b", &gradient(b, &gradients), &theirs("act.b"));
    }
}

#[test]
fn the_monotone_cascade_with_tanh_is_the_released_one() {
    check_cascade::<NonNegative>("mgradnet_c_tanh", UnitFunction::Tanh);
}

#[test]
fn the_monotone_cascade_with_learned_units_is_the_released_one() {
    check_cascade::<NonNegative>("mgradnet_c_learned", UnitFunction::Learned);
}

#[test]
fn the_free_cascade_with_tanh_is_the_released_one() {
    check_cascade::<Free>("gradnet_c_tanh", UnitFunction::Tanh);
}

#[test]
fn the_free_cascade_with_learned_units_is_the_released_one() {
    check_cascade::<Free>("gradnet_c_learned", UnitFunction::Learned);
}

#[test]
fn the_monotone_modules_with_softmax_are_the_released_ones() {
    check_modular::<NonNegative>("mgradnet_m_softmax", BlockActivation::Softmax);
}

#[test]
fn the_monotone_modules_with_learned_softmax_are_the_released_ones() {
    check_modular::<NonNegative>("mgradnet_m_learned", BlockActivation::Learned);
}

#[test]
fn the_free_modules_with_softmax_are_the_released_ones() {
    check_modular::<Free>("gradnet_m_softmax", BlockActivation::Softmax);
}

#[test]
fn the_free_modules_with_learned_softmax_are_the_released_ones() {
    check_modular::<Free>("gradnet_m_learned", BlockActivation::Learned);
}
