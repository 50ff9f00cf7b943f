//! Every registered network keeps what it promises, at its initial weights and after training; and the
//! checks that say so fail for fields that promise too much.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{DType, Device, Distribution, FloatDType, Gradients, Tensor, TensorData};
use gradnet_core::activation::{CascadedActivation, ScalarFunction};
use gradnet_core::analysis::Claim;
use gradnet_core::analysis::{
    Loop, Region, host, jacobians, loop_integral, monotonicity, relative_asymmetry,
    smallest_eigenvalue, verify,
};
use gradnet_core::combine::{Hamiltonian, StronglyMonotone};
use gradnet_core::inverse::InverseSettings;
use gradnet_core::sign::Free;
use gradnet_core::{GradientField, ParameterSource, TiedNetwork, VectorField};
use gradnet_train::registry::{Entry, Network, NetworkConfig, Registered, Size, registry};
use proptest::prelude::*;
use std::f64::consts::TAU;

const DIM: usize = 4;

fn device() -> Device {
    Device::flex().autodiff()
}

fn build(name: &str, dim: usize, width: usize, seed: u64) -> Network {
    let mut source = ParameterSource::new(&device(), seed).with_dtype(FloatDType::F64);
    NetworkConfig::from_name(name)
        .expect("the network is registered")
        .with_size(Size::Width(width))
        .init(dim, &mut source)
        .expect("the settings are valid")
}

/// Points of `[low, high]^dim` from a small generator of the test's own.
fn points(rows: usize, dim: usize, [low, high]: [f64; 2], seed: u64) -> Tensor<2> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let values: Vec<f64> = (0..rows * dim)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            low + (high - low) * (state >> 11) as f64 / (1u64 << 53) as f64
        })
        .collect();
    Tensor::from_data(
        TensorData::new(values, [rows, dim]),
        (&device(), DType::F64),
    )
}

/// A few steps of Adam on an arbitrary target, so that no weight is where it started.
fn train(mut network: Network) -> Network {
    let mut optimizer = AdamConfig::new().init();
    for step in 0..5 {
        let x = points(16, network.dim(), [0.0, 1.0], step);
        let target = x.clone().square() * 3.0 - 1.0;
        let loss = (network.forward(x) - target).square().mean();
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        network = optimizer.step(0.05, network, gradients);
    }
    network
}

/// Every registered network, fresh and trained.
fn everyone(mut check: impl FnMut(&Entry, &Network, &str)) {
    for entry in registry() {
        let fresh = build(entry.name, DIM, 5, 7);
        check(entry, &fresh, "fresh");
        check(entry, &train(fresh), "trained");
    }
}

/// New random nodes at each call: what is evaluated twice is not the same function.
fn is_sampled(entry: &Entry) -> bool {
    entry.name == "icgn_monte_carlo"
}

#[track_caller]
fn assert_close(what: &str, a: &[f64], b: &[f64], tolerance: f64) {
    assert_eq!(a.len(), b.len(), "{what}");
    let size = b.iter().fold(1.0_f64, |size, b| size.max(b.abs()));
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() <= tolerance * size, "{what}: {a} against {b}");
    }
}

#[test]
fn every_network_keeps_its_claim() {
    everyone(|entry, network, when| {
        let like = points(1, DIM, [0.0, 1.0], 0);
        for region in [
            Region::default(),
            Region {
                low: -3.0,
                high: 3.0,
            },
        ] {
            let report = verify(network, network.claim(), &like, region, 7, 11);
            assert!(report.passed, "{} {when}: {report:?}", entry.name);
        }
    });
}

#[test]
fn jacobians_keep_the_claim_far_from_the_data() {
    everyone(|entry, network, when| {
        for jacobian in jacobians(network, points(3, DIM, [-40.0, 40.0], 5)) {
            let tolerance = 1e-9 * jacobian.norm().max(1e-30);
            let (asymmetry, eigenvalue) = (
                relative_asymmetry(&jacobian),
                smallest_eigenvalue(&jacobian),
            );
            if entry.claim >= Claim::Gradient {
                assert!(asymmetry <= 1e-9, "{} {when}: {asymmetry}", entry.name);
            }
            if entry.claim == Claim::Monotone {
                assert!(
                    eigenvalue >= -tolerance,
                    "{} {when}: {eigenvalue}",
                    entry.name
                );
            }
        }
    });
}

#[test]
fn the_closed_form_jacobian_is_the_derivative_of_the_field() {
    everyone(|entry, network, when| {
        if is_sampled(entry) {
            return;
        }
        let (x, v) = (
            points(7, DIM, [-1.0, 1.0], 3),
            points(7, DIM, [-1.0, 1.0], 4),
        );
        let h = 1e-6;
        let ahead = network.forward(x.clone() + v.clone() * h);
        let behind = network.forward(x.clone() - v.clone() * h);
        let difference = host((ahead - behind) / (2.0 * h));
        let closed = host(network.jacobian_vector(x, v));
        assert_close(
            &format!("{} {when}", entry.name),
            &closed,
            &difference,
            1e-7,
        );
    });
}

#[test]
fn the_field_is_the_gradient_of_its_potential() {
    everyone(|entry, network, when| {
        if !entry.potential {
            assert!(network.potential(points(1, DIM, [0.0, 1.0], 0)).is_none());
            return;
        }
        let (x, v) = (
            points(7, DIM, [-2.0, 2.0], 3),
            points(7, DIM, [-1.0, 1.0], 4),
        );
        let h = 1e-5;
        let value = |x| network.potential(x).expect("the entry says so");
        let ahead = value(x.clone() + v.clone() * h);
        let behind = value(x.clone() - v.clone() * h);
        let difference = host((ahead - behind) / (2.0 * h));
        let slope = host((network.forward(x) * v).sum_dim(1));
        assert_close(&format!("{} {when}", entry.name), &slope, &difference, 1e-7);
    });
}

#[test]
fn a_batch_is_its_points_one_by_one() {
    everyone(|entry, network, when| {
        if is_sampled(entry) {
            return;
        }
        let x = points(7, DIM, [-2.0, 2.0], 9);
        let together = host(network.forward(x.clone()));
        let alone: Vec<f64> = (0..7)
            .flat_map(|row| host(network.forward(x.clone().narrow(0, row, 1))))
            .collect();
        assert_close(&format!("{} {when}", entry.name), &together, &alone, 1e-12);
    });
}

/// Collects the parameters whose gradient is missing, not finite, or zero everywhere.
struct DeadParameters<'a> {
    gradients: &'a Gradients,
    path: Vec<String>,
    dead: Vec<String>,
}

impl ModuleVisitor for DeadParameters<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.into());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let gradient = param.val().grad(self.gradients).map(host);
        let alive = gradient.is_some_and(|gradient| {
            gradient.iter().all(|g| g.is_finite()) && gradient.iter().any(|g| *g != 0.0)
        });
        if !alive {
            self.dead.push(self.path.join("."));
        }
    }
}

#[test]
fn every_parameter_receives_a_gradient() {
    everyone(|entry, network, when| {
        let x = points(16, DIM, [0.0, 1.0], 2);
        let loss = (network.forward(x.clone()) - x.square()).square().mean();
        let gradients = loss.backward();
        let mut visitor = DeadParameters {
            gradients: &gradients,
            path: Vec::new(),
            dead: Vec::new(),
        };
        network.visit(&mut visitor);
        // The last biases of an ICNN only move the constant of its potential.
        let constants: &[&str] = match entry.name {
            "icnn" => &["layers.1.hidden_bias", "layers.1.skip.bias"],
            "icnn_quadratic" => &["layers.1.skip.linear.bias"],
            _ => &[],
        };
        let dead: Vec<_> = visitor
            .dead
            .iter()
            .filter(|path| !constants.iter().any(|constant| path.ends_with(constant)))
            .collect();
        assert!(
            dead.is_empty(),
            "{} {when}: no gradient at {dead:?}",
            entry.name
        );
    });
}

#[test]
fn one_seed_gives_one_network_and_two_seeds_two() {
    let x = points(3, DIM, [0.0, 1.0], 1);
    for entry in registry() {
        let values = |seed| host(build(entry.name, DIM, 5, seed).forward(x.clone()));
        assert_eq!(values(1), values(1), "{}", entry.name);
        assert_ne!(values(1), values(2), "{}", entry.name);
    }
}

#[test]
fn every_monotone_network_plus_mu_x_is_inverted_in_single_precision_by_default() {
    let monotone = registry()
        .iter()
        .filter(|entry| entry.claim == Claim::Monotone);
    let mut names = Vec::new();
    for entry in monotone {
        for (dim, modulus) in [(4, 0.5), (4, 0.05), (32, 0.1)] {
            let mut single = ParameterSource::new(&Device::flex(), 3);
            let network = NetworkConfig::from_name(entry.name)
                .expect("the network is registered")
                .with_size(Size::Width(16))
                .init(dim, &mut single)
                .expect("the settings are valid");
            let network = network.monotone().expect("the claim is monotone");
            let field = StronglyMonotone::new(network, modulus);
            let x = single.uniform([32, dim], -2.0, 2.0).val().detach();
            let y = field.forward(x.clone());
            let found = field
                .inverse(y, &InverseSettings::default())
                .unwrap_or_else(|error| panic!("{} at {dim}, {modulus}: {error}", entry.name));
            // ‖x − f⁻¹(y)‖ ≤ residual / μ.
            let way = host((found.x - x).square().sum_dim(1).sqrt());
            for (way, residual) in way.iter().zip(&found.residuals) {
                assert!(
                    *way <= 1.1 * residual / modulus + 1e-5,
                    "{}: {way}",
                    entry.name
                );
            }
        }
        names.push(entry.name);
    }
    assert!(names.len() > 10, "{names:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn claims_hold_whatever_the_shape_and_the_seed(
        index in 0..registry().len(),
        half_dim in 1..4usize,
        width in 1..9usize,
        seed in any::<u64>(),
        scale in 0.1..5.0f64,
    ) {
        let entry = &registry()[index];
        let network = build(entry.name, 2 * half_dim, width, seed);
        let like = points(1, 2 * half_dim, [0.0, 1.0], 0);
        let region = Region { low: -scale, high: scale };
        let report = verify(&network, entry.claim, &like, region, 2, seed);
        prop_assert!(report.passed, "{}: {:?}", entry.name, report);
    }
}

/// A schedule moves the weights; it moves neither the claim nor what training can reach.
#[test]
fn an_annealed_network_keeps_its_claim_and_goes_on_learning() {
    let before = build("mgradnet_quadratic", DIM, 5, 3);
    let Registered::MGradNetQuadratic(before) = before.registered else {
        panic!("the name is that of the quadratics");
    };
    let temperature = |network: &Network| match &network.registered {
        Registered::MGradNetQuadratic(network) => {
            host(network.field.field.activation.log_temperature.val())[0]
        }
        other => panic!("not the quadratics: {}", other.name()),
    };
    let mut network = Network::from(Registered::MGradNetQuadratic(before));
    let start = temperature(&network);
    network.anneal(1.0);
    let end = temperature(&network);
    assert!(end > start + 1.0, "{start}, {end}");
    let like = points(1, DIM, [0.0, 1.0], 0);
    let report = verify(&network, Claim::Monotone, &like, Region::default(), 7, 11);
    assert!(report.passed, "{report:?}");
    // An optimizer still finds the temperature among the parameters.
    assert!(temperature(&train(network)) != end);

    let x = points(3, DIM, [0.0, 1.0], 1);
    let mut other = build("mgradnet_c", DIM, 5, 3);
    let values = host(other.forward(x.clone()));
    other.anneal(1.0);
    assert_eq!(host(other.forward(x)), values);
}

// ---- Negative controls: each must fail ------------------------------------------------------------------

/// `Vᵀ tanh(W x)` with `V ≠ W`.
struct Untied {
    weight: Tensor<2>,
    output: Tensor<2>,
}

impl VectorField for Untied {
    fn dim(&self) -> usize {
        self.weight.dims()[1]
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        x.matmul(self.weight.clone().transpose())
            .tanh()
            .matmul(self.output.clone())
    }

    fn jacobian_vector(&self, x: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        let w = self.weight.clone().transpose();
        let slope: Tensor<2> = 1.0 - x.matmul(w.clone()).tanh().square();
        (slope * v.matmul(w)).matmul(self.output.clone())
    }
}

/// `(x, y) ↦ (−y, x)`.
struct Rotation;

impl VectorField for Rotation {
    fn dim(&self) -> usize {
        2
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        Tensor::cat(vec![-x.clone().narrow(1, 1, 1), x.narrow(1, 0, 1)], 1)
    }

    fn jacobian_vector(&self, _x: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        self.forward(v)
    }
}

/// The identity, but NaN.
struct Broken;

impl VectorField for Broken {
    fn dim(&self) -> usize {
        2
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        x * f64::NAN
    }

    fn jacobian_vector(&self, _x: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        v * f64::NAN
    }
}

#[test]
fn an_untied_network_is_caught() {
    let random = || {
        let like = points(1, DIM, [0.0, 1.0], 0);
        Tensor::<2>::zeros([5, DIM], (&like.device(), DType::F64))
            .random_like(Distribution::Normal(0.0, 1.0))
    };
    let field = Untied {
        weight: random(),
        output: random(),
    };
    let like = points(1, DIM, [0.0, 1.0], 0);
    let report = verify(&field, Claim::Gradient, &like, Region::default(), 5, 0);
    assert!(!report.symmetric && !report.passed, "{report:?}");
    assert!(
        report.relative_asymmetry > 1e-3 && report.loop_integral > 1e-6,
        "{report:?}"
    );
}

#[test]
fn a_rotation_is_caught_by_every_measure_but_monotonicity() {
    let x = points(5, 2, [-1.0, 1.0], 1);
    let report = verify(&Rotation, Claim::Monotone, &x, Region::default(), 5, 0);
    assert!(!report.symmetric && !report.passed, "{report:?}");
    // J − Jᵀ = 2 J; the work around the unit circle is the curl, 2, times the area.
    assert!((report.relative_asymmetry - 2.0).abs() < 1e-12);
    let circle = Loop {
        centre: vec![0.0, 0.0],
        axes: [vec![1.0, 0.0], vec![0.0, 1.0]],
    };
    let around = loop_integral(&Rotation, &x, &circle);
    assert!((around.work - TAU).abs() < 1e-12, "{around:?}");
    assert!(!around.closes(1e-9), "{around:?}");
    // ⟨R(x − y), x − y⟩ = 0: monotone in the sense of Def. 3, and yet no gradient.
    assert!(report.positive_semidefinite);
}

#[test]
fn one_negative_weight_is_caught() {
    let mut source = ParameterSource::new(&device(), 3).with_dtype(FloatDType::F64);
    let mut sigma =
        CascadedActivation::<Free>::fixed([1, 3], DIM, ScalarFunction::Tanh, &mut source);
    sigma.beta = source.constant([1, 3], 1.0);
    sigma.alpha = source.values([1, 3], vec![1.0, 1.0, -0.2]);
    let field = TiedNetwork::new([3, DIM], sigma, &mut source);
    let like = points(1, DIM, [0.0, 1.0], 0);
    let report = verify(&field, Claim::Monotone, &like, Region::default(), 5, 0);
    assert!(report.symmetric, "{report:?}");
    assert!(
        !report.positive_semidefinite && !report.passed,
        "{report:?}"
    );
    assert!(report.smallest_eigenvalue < -1e-3, "{report:?}");
}

#[test]
fn numbers_that_are_not_finite_are_caught() {
    let like = points(1, 2, [0.0, 1.0], 0);
    for claim in [Claim::None, Claim::Gradient, Claim::Monotone] {
        let report = verify(&Broken, claim, &like, Region::default(), 3, 0);
        assert!(!report.passed, "{report:?}");
    }
}

#[test]
fn hamiltonian_dynamics_keep_the_energy_to_first_order_and_are_no_gradient() {
    let network = match build("hamiltonian", DIM, 5, 1).registered {
        Registered::Hamiltonian(network) => network,
        other => panic!("not the Hamiltonian network: {}", other.name()),
    };
    let dynamics = Hamiltonian::new(network);
    let x = points(5, DIM, [-1.0, 1.0], 2);
    // dH/dt = ⟨∇H, ẋ⟩ = 0.
    let rate = (dynamics.gradient.forward(x.clone()) * dynamics.forward(x.clone())).sum_dim(1);
    assert_close("dH/dt", &host(rate), &[0.0; 5], 1e-12);
    let report = verify(&dynamics, Claim::Gradient, &x, Region::default(), 3, 0);
    assert!(!report.passed, "{report:?}");
}

#[test]
fn def_3_holds_with_the_modulus_of_a_quadratic() {
    /// `x ↦ 3 x`, the gradient of `1.5 ‖x‖²`.
    struct Scaling;
    impl VectorField for Scaling {
        fn dim(&self) -> usize {
            2
        }
        fn forward(&self, x: Tensor<2>) -> Tensor<2> {
            x * 3.0
        }
        fn jacobian_vector(&self, _x: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
            v * 3.0
        }
    }
    impl GradientField for Scaling {}
    let (x, y) = (points(4, 2, [0.0, 1.0], 1), points(4, 2, [0.0, 1.0], 2));
    assert_close("modulus", &monotonicity(&Scaling, x, y), &[3.0; 4], 1e-12);
}
