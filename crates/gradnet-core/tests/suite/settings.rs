//! The settings of the networks: Burn's seed decides initial values, `try_init` refuses, and each network is the
//! formula of its settings' documentation, computed again on the host.

use std::process::Command;

use burn::config::Config;
use burn::module::Param;
use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};
use gradnet_core::analysis::host;
use gradnet_core::network::*;
use gradnet_core::{ParameterSource, VectorField};
use nalgebra::{DMatrix, DVector};

const DIM: usize = 3;

/// Set for the process that draws.
const CHILD: &str = "GRADNET_SEEDED";

fn source() -> ParameterSource {
    ParameterSource::new(&Device::flex(), 4).with_dtype(FloatDType::F64)
}

fn point() -> DVector<f64> {
    DVector::from_column_slice(&[0.3, -0.7, 1.1])
}

fn at_point(field: &impl VectorField) -> DVector<f64> {
    let data = TensorData::new(point().as_slice().to_vec(), [1, DIM]);
    DVector::from_vec(host(
        field.forward(Tensor::from_data(data, (&Device::flex(), DType::F64))),
    ))
}

fn vector<const D: usize>(param: &Param<Tensor<D>>) -> DVector<f64> {
    DVector::from_vec(host(param.val()))
}

fn matrix(param: &Param<Tensor<2>>) -> DMatrix<f64> {
    let [rows, columns] = param.dims();
    DMatrix::from_row_slice(rows, columns, &host(param.val()))
}

fn softplus(x: f64) -> f64 {
    x.exp().ln_1p()
}

fn softmax(z: DVector<f64>) -> DVector<f64> {
    let exponentials = z.map(f64::exp);
    let sum = exponentials.sum();
    exponentials / sum
}

#[track_caller]
fn assert_close(found: &DVector<f64>, expected: &DVector<f64>) {
    let error = (found - expected).amax();
    assert!(error < 1e-12, "{found} for {expected}");
}

/// Burn has one generator for all threads. So the values are drawn in a process in which no other test draws.
#[test]
fn burns_seed_decides_the_initial_values() {
    if std::env::var_os(CHILD).is_none() {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "settings::burns_seed_decides_the_initial_values"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}");
        assert!(said.contains("1 passed"), "{said}");
        return;
    }
    let device = Device::flex();
    let config = MGradNetMConfig::new(DIM).with_width(8);
    let drawn = |seed: Option<u64>| {
        seed.inspect(|seed| device.seed(*seed));
        vector(&config.init(&device).weight)
    };
    let first = drawn(Some(1));
    assert_ne!(drawn(None), first, "a second network of the same seed");
    assert_eq!(drawn(Some(1)), first);
    assert_ne!(drawn(Some(2)), first);
}

#[test]
fn parameters_have_the_default_precision_of_the_device_and_track_gradients() {
    let network = IcnnConfig::new(DIM).init(&Device::flex().autodiff());
    let weight = network.first.weight;
    assert_eq!(weight.val().dtype(), DType::F32);
    assert!(weight.is_require_grad());
}

#[test]
#[should_panic(expected = "`layers` is 0, but must be at least 1")]
fn init_panics_with_the_setting_at_fault() {
    MGradNetCConfig::new(DIM)
        .with_layers(0)
        .init(&Device::flex());
}

#[test]
fn impossible_settings_are_refused_by_name() {
    fn refused<C: Architecture>(config: C, message: &str) {
        let error = config.check().unwrap_err();
        assert_eq!(error.to_string(), message);
    }
    let most = 1 << 22;
    refused(GradNetConfig::new(0), "`dim` is 0, but must be at least 1");
    refused(
        GradNetConfig::new(DIM).with_width(most + 1),
        "`width` is 4194305, but must be at most 4194304",
    );
    refused(
        GradNetMConfig::new(DIM).with_modules(0),
        "`modules` is 0, but must be at least 1",
    );
    refused(
        ConvexRidgeConfig::new(DIM).with_range(f64::NAN),
        "`range` is NaN, but must be a finite number above 0",
    );
    refused(
        MGradNetCLinearConfig::new(MGradNetCConfig::new(DIM)).with_rank(Some(0)),
        "`rank` is 0, but must be at least 1",
    );
    refused(
        GradNetMLinearConfig::new(GradNetMConfig::new(DIM).with_width(0)),
        "`width` is 0, but must be at least 1",
    );
    refused(
        HamiltonianNetworkConfig::new(DIM),
        "the network needs points (q, p) of phase space, an even dimension, but the points have dimension 3",
    );
}

#[test]
fn settings_are_kept_beside_a_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("network.json");
    let config = MGradNetCLinearConfig::new(MGradNetCConfig::new(DIM).with_layers(2));
    config.save(&file).unwrap();
    assert_eq!(MGradNetCLinearConfig::load(&file).unwrap(), config);
}

#[test]
fn single_layers_are_their_formula() {
    let network = MGradNetConfig::new(DIM).init_from(&mut source()).unwrap();
    let w = matrix(&network.weight);
    let z = &w * point() + vector(network.hidden_bias.as_ref().unwrap());
    let alpha = vector(&network.activation.alpha).map(softplus);
    let expected = w.transpose() * alpha.component_mul(&z.map(f64::tanh))
        + vector(network.output_bias.as_ref().unwrap());
    assert_close(&at_point(&network), &expected);
}

#[test]
fn the_softmax_layer_is_its_formula_and_the_difference_one_of_two() {
    let layer = |network: &MGradNetSoftmax| {
        let w = matrix(&network.weight);
        let z = &w * point() + vector(network.hidden_bias.as_ref().unwrap());
        let t = softplus(vector(&network.activation.block.temperature)[0]);
        let alpha = softplus(vector(&network.activation.alpha)[0]);
        w.transpose() * softmax(z * t) * alpha + vector(network.output_bias.as_ref().unwrap())
    };
    let network = MGradNetSoftmaxConfig::new(DIM);
    let network = network.init_from(&mut source()).unwrap();
    assert_close(&at_point(&network), &layer(&network));
    let pair = GradNetDifferenceConfig::new(DIM).with_width(5);
    let pair = pair.init_from(&mut source()).unwrap();
    assert_close(
        &at_point(&pair),
        &(layer(&pair.first) - layer(&pair.second)),
    );
}

#[test]
fn a_linear_part_is_added_around_the_centre() {
    let beside = GradNetCConfig::new(DIM).with_activation(UnitFunction::Tanh);
    let config = GradNetCLinearConfig::new(beside.with_layers(1));
    let mut network = config.init_from(&mut source()).unwrap();
    network.field.matrix = source().normal([DIM, DIM], 0.0, 1.0);
    let z = point().add_scalar(-0.5);
    let field = &network.field.field;
    let (w, units) = (matrix(&field.weight), &field.activation);
    let hidden = vector(&units.beta).component_mul(&(&w * &z)) + vector(&units.bias);
    let cascade = vector(&units.alpha).component_mul(&hidden.map(f64::tanh));
    let b = matrix(&network.field.matrix);
    let expected = w.transpose() * cascade
        + vector(field.output_bias.as_ref().unwrap())
        + (&b + b.transpose()) * 0.5 * z;
    assert_close(&at_point(&network), &expected);
}

#[test]
fn the_baseline_network_is_its_formula() {
    let network = BaselineNetworkConfig::new(DIM).with_width(4);
    let network = network.init_from(&mut source()).unwrap();
    let hidden = network.layers.iter().fold(point(), |a, layer| {
        (matrix(&layer.weight) * a + vector(&layer.bias)).map(f64::tanh)
    });
    assert_close(&at_point(&network), &(matrix(&network.output) * hidden));
}

/// The gradient of a potential that is computed on the host, by central differences.
fn slope(potential: impl Fn(DVector<f64>) -> f64) -> DVector<f64> {
    let step = 1e-5;
    DVector::from_fn(DIM, |i, _| {
        let moved = |by: f64| {
            let mut x = point();
            x[i] += by;
            potential(x)
        };
        (moved(step) - moved(-step)) / (2.0 * step)
    })
}

#[test]
fn icnn_and_mlp_are_the_gradients_of_their_potentials() {
    let dense =
        |layer: &DenseLayer, x: &DVector<f64>| matrix(&layer.weight) * x + vector(&layer.bias);
    let network = IcnnConfig::new(DIM).with_width(4);
    let network = network.init_from(&mut source()).unwrap();
    let icnn = slope(|x| {
        let first = dense(&network.first, &x);
        let last = network.layers.iter().fold(first, |p, layer| {
            let b = matrix(&layer.hidden_weight).map(softplus);
            b * p.map(softplus) + vector(&layer.hidden_bias) + dense(&layer.skip, &x)
        });
        last[0]
    });
    assert!((at_point(&network) - icnn).amax() < 1e-9);

    let network = MlpConfig::new(DIM).with_width(4);
    let network = network.init_from(&mut source()).unwrap();
    let mlp = slope(|x| {
        let layers = network.layers.iter();
        layers
            .fold(x, |a, layer| dense(layer, &a).map(f64::tanh))
            .sum()
    });
    assert!((at_point(&network) - mlp).amax() < 1e-9);
}

/// With and without a multiple of the identity, and as many parameters as the settings count.
#[test]
fn a_maximum_of_quadratics_is_its_formula() {
    for isotropic in [false, true] {
        let config = MGradNetQuadraticConfig::new(DIM)
            .with_width(2)
            .with_rank(Some(1))
            .with_isotropic(isotropic);
        let network = config.init_from(&mut source()).unwrap();
        let part = &network.field;
        let z = point() - vector(&network.centre);
        let (w, v) = (matrix(&part.field.weight), matrix(&part.matrix));
        let images = &w * &z;
        let temperature = vector(&part.field.activation.log_temperature)[0].exp();
        let heights = DVector::from_fn(3, |k, _| images.rows(2 * k, 2).norm_squared() / 2.0);
        let weights = softmax(heights * temperature);
        let weighted = DVector::from_fn(6, |unit, _| images[unit] * weights[unit / 2]);
        let alpha = part
            .isotropic
            .as_ref()
            .map_or(0.0, |alpha| vector(alpha)[0]);
        assert_eq!(alpha > 0.0, isotropic);
        let expected = w.transpose() * weighted + v.transpose() * (&v * &z) + &z * alpha.powi(2);
        assert_close(&at_point(&network), &expected);
        assert_eq!(
            burn::module::Module::num_params(&network),
            config.num_params()
        );
    }
}
