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

use std::collections::BTreeMap;

use burn::module::Param;
use burn::tensor::{Device, FloatDType, Gradients, Tensor, TensorData};
use gradnet_core::activation::CascadedActivation;
use gradnet_core::analysis::{host, jacobians};
use gradnet_core::network::{BlockActivation, UnitFunction};
use gradnet_core::sign::{Free, NonNegative, Sign};
use gradnet_core::{ParameterSource, TiedNetwork, VectorField};
use gradnet_train::registry::{
    RELEASED, ReleasedError, ReleasedState, registry, released_difference,
};
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
        let text = include_str!("../golden/networks.json");
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

    /// The whole state with its shapes, as a checkpoint holds it.
    fn released(&self) -> ReleasedState {
        let state = self.0["state"].as_object().expect("a table of arrays");
        ReleasedState::new(state.iter().map(|(name, value)| {
            let mut shape = Vec::new();
            let mut inner = value;
            while let Value::Array(values) = inner {
                shape.push(values.len());
                inner = &values[0];
            }
            (name.clone(), shape, numbers(value))
        }))
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
    let (config, network): (_, TiedNetwork<CascadedActivation<S>>) = case
        .released()
        .cascade(UnitFunction::Tanh, &mut source)
        .expect("the golden state is a released one");
    assert_eq!(
        (config.width, config.layers, config.activation),
        (Some(HIDDEN), COUNT, activation)
    );
    let (beta, bias) = (
        case.states("beta.{}").concat(),
        case.states("bias.{}").concat(),
    );
    let (beta_used, beta_slope): (Vec<_>, Vec<_>) =
        beta.iter().map(|&stored| constrained::<S>(stored)).unzip();
    let sign = if S::NONNEGATIVE { 1.0 } else { -1.0 };
    let used = |layer: usize| {
        if S::NONNEGATIVE {
            layer
        } else {
            layer.min(COUNT - 2)
        }
    };

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
    let (config, network) = case
        .released()
        .modular::<S>(&mut source)
        .expect("the golden state is a released one");
    assert_eq!(
        (config.width, config.modules, config.activation),
        (Some(HIDDEN), COUNT, activation)
    );

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

/// The state with one array changed, and what is said of it.
#[track_caller]
fn refused(change: impl FnOnce(&mut Vec<(String, Vec<usize>, Vec<f64>)>), said: &str) {
    let (_, mut source) = f64_source();
    let array = |name: &str, count: usize| (name.to_owned(), vec![count], vec![0.5; count]);
    let mut arrays = vec![
        ("W".to_owned(), vec![2, 3], vec![0.1; 6]),
        array("alpha.0", 2),
        array("beta.0", 2),
        array("bias.0", 2),
        array("bias.1", 3),
    ];
    let network = |arrays: Vec<_>, source: &mut ParameterSource| {
        ReleasedState::new(arrays).network("gradnet_c", UnitFunction::Tanh, source)
    };
    assert!(network(arrays.clone(), &mut source).is_ok());
    change(&mut arrays);
    let error = network(arrays, &mut source).expect_err("it is not whole");
    assert!(error.to_string().contains(said), "{error}");
}

#[test]
fn a_released_state_that_is_not_whole_is_refused_with_the_array_at_fault() {
    refused(|arrays| arrays.truncate(4), "`bias.1` is missing");
    refused(|arrays| arrays[0].1 = vec![6], "`W` has shape [6]");
    refused(|arrays| arrays[0].1 = vec![0, 3], "`W` has shape [0, 3]");
    refused(
        |arrays| arrays[0].1 = vec![usize::MAX, 3],
        "it must be a matrix",
    );
    refused(|arrays| arrays[3].2.push(1.0), "`bias.0` has shape");
    refused(|arrays| arrays[3].2[1] = f64::NAN, "`bias.0` holds NaN");
    refused(
        |arrays| arrays.push(("extra".to_owned(), vec![1], vec![0.0])),
        "`extra` belongs to no part",
    );
}

#[test]
fn weights_of_the_released_networks_are_known_and_of_no_other() {
    let (_, mut source) = f64_source();
    for entry in registry() {
        let is_released = RELEASED.contains(&entry.name);
        let network = ReleasedState::default().network(entry.name, UnitFunction::Tanh, &mut source);
        let refused = matches!(network, Err(ReleasedError::NotReleased { .. }));
        assert_eq!(refused, !is_released, "{}", entry.name);
        let difference = released_difference(entry.name, &BTreeMap::new());
        assert_eq!(difference.is_some(), is_released, "{}", entry.name);
    }
}
