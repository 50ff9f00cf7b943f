//! The lemmas that construct something, constructed: Lemma 3 and what Lemma 2 makes of it, Lemma 5, Lemma 6, Lemma 7,
//! and Eq. (6) in the proof of Thm. 3.

use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};
use gradnet_core::activation::{
    Activation, ElementwiseActivation, NeuralActivation, ScalarFunction,
};
use gradnet_core::analysis::{host, line_integral};
use gradnet_core::combine::{FreeTransformation, SoftplusTransformation, Sum, Transformation};
use gradnet_core::network::{MGradNetMConfig, MGradNetSoftmax, MGradNetSoftmaxConfig};
use gradnet_core::sign::{Free, NonNegative};
use gradnet_core::{ParameterSource, Potential, TiedNetwork, VectorField};

fn source(seed: u64) -> ParameterSource {
    ParameterSource::new(&Device::flex(), seed).with_dtype(FloatDType::F64)
}

fn matrix(values: Vec<f64>, columns: usize) -> Tensor<2> {
    let data = TensorData::new(values.clone(), [values.len() / columns, columns]);
    Tensor::from_data(data, (&Device::flex(), DType::F64))
}

/// What softplus takes to `value`.
fn stored(value: f64) -> f64 {
    value.exp_m1().ln()
}

// ---- Lemma 3 ---------------------------------------------------------------------------------------------

/// `F(x) = ‖x − (0.3, 0.6)‖²`, convex, with slopes of at most `LIPSCHITZ` on the unit square.
fn bowl(x: &[f64]) -> f64 {
    (x[0] - 0.3).powi(2) + (x[1] - 0.6).powi(2)
}

/// `2 ‖(1, 0) − (0.3, 0.6)‖`, at the farthest corner.
const LIPSCHITZ: f64 = 1.844;

/// The network whose potential is the scaled LogSumExp of the supporting hyperplanes of `F` at the points of a grid,
/// `L_y(x) = ⟨∇F(y), x − y⟩ + F(y) + lift`.
fn hyperplanes(m: i32, temperature: f64, lift: f64) -> MGradNetSoftmax {
    let side = 1_i32 << m;
    let nodes = || (1..side).map(|i| f64::from(i) / f64::from(side));
    let grid: Vec<[f64; 2]> = nodes().flat_map(|a| nodes().map(move |b| [a, b])).collect();
    let slope = |y: &[f64; 2]| [2.0 * (y[0] - 0.3), 2.0 * (y[1] - 0.6)];
    let offset = |y: &[f64; 2]| {
        let s = slope(y);
        bowl(y) - s[0] * y[0] - s[1] * y[1] + lift
    };
    let mut network = MGradNetSoftmaxConfig::new(2)
        .with_width(grid.len())
        .init_from(&mut source(0))
        .expect("the settings are valid");
    network.weight = source(0).values([grid.len(), 2], grid.iter().flat_map(slope).collect());
    network.hidden_bias = Some(source(0).values([grid.len()], grid.iter().map(offset).collect()));
    network.output_bias = None;
    network.activation.alpha = source(0).constant([1], stored(1.0));
    // Softplus is the identity this far out.
    network.activation.block.temperature = source(0).constant([1], temperature);
    network
}

/// 41 × 41 points of the unit square, point by point.
fn grid() -> Vec<f64> {
    let node = |i: usize| i as f64 / 40.0;
    (0..41 * 41)
        .flat_map(|i| [node(i / 41), node(i % 41)])
        .collect()
}

/// The largest difference between a network's potential and `F` on a grid over the unit square, borders included.
fn largest_difference(network: &MGradNetSoftmax) -> f64 {
    let points = grid();
    let values = host(network.potential(matrix(points.clone(), 2)));
    points
        .chunks(2)
        .zip(values)
        .map(|(x, value)| (bowl(x) - value).abs())
        .fold(0.0, f64::max)
}

/// Eq. (3) with `d = 2`: any `ε` above `LIPSCHITZ 2^-m` will do.
fn bound_of_lemma_3(m: i32, temperature: f64) -> f64 {
    let epsilon = 1.001 * LIPSCHITZ / 2f64.powi(m);
    let n = (2f64.powi(m) - 1.0).powi(2);
    3.0 * epsilon + n.ln() / temperature
}

#[test]
fn a_scaled_log_sum_exp_of_supporting_hyperplanes_is_within_the_bound_of_lemma_3() {
    let mut last = f64::INFINITY;
    for (m, temperature) in [(2, 40.0), (3, 160.0), (4, 640.0)] {
        let difference = largest_difference(&hyperplanes(m, temperature, 0.0));
        let bound = bound_of_lemma_3(m, temperature);
        assert!(
            difference < bound,
            "{difference} against {bound} at m = {m}"
        );
        assert!(difference < last / 2.0, "{difference} after {last}");
        last = difference;
    }
    // Hyperplanes that cut the function are not within the bound.
    let cutting = largest_difference(&hyperplanes(4, 640.0, 0.5));
    assert!(cutting > bound_of_lemma_3(4, 640.0), "{cutting}");
}

// ---- Lemma 2 ---------------------------------------------------------------------------------------------

/// The largest distance of a field from `∇F` over a grid on the unit square, borders included.
fn largest_gradient_difference(field: &impl VectorField) -> f64 {
    let points = grid();
    let values = host(field.forward(matrix(points.clone(), 2)));
    points
        .chunks(2)
        .zip(values.chunks(2))
        .map(|(x, value)| {
            let expected = [2.0 * (x[0] - 0.3), 2.0 * (x[1] - 0.6)];
            (value[0] - expected[0]).hypot(value[1] - expected[1])
        })
        .fold(0.0, f64::max)
}

/// A pulse on the first coordinate at the centre of the grid, of height 1 and a width of `4/steepness`: its potential
/// rises by that width, so it is not convex and goes to zero.
fn pulse(steepness: f64) -> TiedNetwork<ElementwiseActivation<Free>> {
    let mut sigma = ElementwiseActivation::new(2, ScalarFunction::Tanh, &mut source(0));
    // tanh(2) − tanh(−2) over the middle, and the row of W once more.
    let height = 1.0 / (2.0 * 2f64.tanh() * steepness);
    sigma.alpha = source(0).values([2], vec![height, -height]);
    let mut network = TiedNetwork::new([2, 2], sigma, &mut source(0));
    network.weight = source(0).values([2, 2], vec![steepness, 0.0, steepness, 0.0]);
    let middle = -0.5 * steepness;
    network.hidden_bias = Some(source(0).values([2], vec![middle + 2.0, middle - 2.0]));
    network
}

#[test]
fn gradients_of_the_convex_approximators_converge_and_those_of_others_need_not() {
    let (mut convex, mut other) = (f64::INFINITY, f64::INFINITY);
    for (m, temperature) in [(2, 40.0), (3, 160.0), (4, 640.0)] {
        let network = hyperplanes(m, temperature, 0.0);
        let difference = largest_gradient_difference(&network);
        assert!(difference < 0.6 * convex, "{difference} after {convex}");
        convex = difference;

        // Potentials that converge as well, without being convex: the gradients stay a height of 1 away.
        let pulse = pulse(4f64.powi(m + 1));
        let rise = host(
            pulse.potential(matrix(vec![1.0, 0.5], 2)) - pulse.potential(matrix(vec![0.0; 2], 2)),
        )[0];
        assert!(rise < 0.5 * other, "{rise} after {other}");
        other = rise;
        let away = largest_gradient_difference(&Sum::new(network, pulse));
        assert!(away > 0.9, "{away}");
    }
}

// ---- Lemma 6 ---------------------------------------------------------------------------------------------

#[test]
fn a_potential_integrated_from_a_known_value_is_within_epsilon_root_d_of_lemma_6() {
    let dim: usize = 4;
    let field = MGradNetMConfig::new(dim)
        .with_width(6)
        .init_from(&mut source(1))
        .expect("the settings are valid");
    // One ridge along the diagonal: its gradient is ε tanh(t ⟨1, x⟩/√d + c) along the unit vector 1/√d, of norm ε at
    // most.
    let epsilon = 0.05;
    let disturbed = |t: f64, c: f64| {
        let mut sigma = ElementwiseActivation::<Free>::new(1, ScalarFunction::Tanh, &mut source(2));
        sigma.alpha = source(0).constant([1], epsilon / t);
        let mut ridge = TiedNetwork::new([1, dim], sigma, &mut source(2));
        ridge.weight = source(0).constant([1, dim], t / (dim as f64).sqrt());
        ridge.hidden_bias = Some(source(0).constant([1], c));
        Sum::new(field.clone(), ridge)
    };
    // All corners of the cube and points inside, from the corner x₀ = 0 with F(x₀) known.
    let corners = (0..1 << dim).flat_map(|bits| (0..dim).map(move |i| f64::from(bits >> i & 1)));
    let inside = host(source(3).uniform([20, dim], 0.0, 1.0).val());
    let x = matrix(corners.chain(inside).collect(), dim);
    let start = x.zeros_like();
    let farthest = |t: f64, c: f64| {
        let approximator = disturbed(t, c);
        let rise =
            line_integral(&approximator, start.clone(), x.clone(), 1e-10).expect("it settles");
        let known = host(field.potential(start.clone()));
        let expected = host(field.potential(x.clone()));
        let values = rise
            .values
            .iter()
            .zip(&known)
            .map(|(rise, known)| known + rise);
        values
            .zip(expected)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f64::max)
    };
    let bound = epsilon * (dim as f64).sqrt();
    for (t, c) in [(1.0, 0.0), (3.0, -2.0), (0.5, 4.0)] {
        let found = farthest(t, c);
        assert!(found <= bound + 1e-9, "{found} against {bound}");
    }
    // Saturated, the disturbance is ε everywhere, and the farthest corner is √d away: the bound is met, so that half of
    // it would be none.
    let met = farthest(1.0, 20.0);
    assert!(
        met <= bound + 1e-9 && met > 0.999 * bound,
        "{met} against {bound}"
    );
}

// ---- Lemma 5 ---------------------------------------------------------------------------------------------

/// `g(x) = f(0) + Σ_i Δ_i s(t (2^(n+1) x − 2 i + 1))` with `2^n` sigmoids, for `f` with `f(0) = 0`.
fn staircase(f: impl Fn(f64) -> f64, n: i32, t: f64) -> NeuralActivation<NonNegative> {
    let steps = 1_i32 << n;
    let at = |i: i32| f(f64::from(i) / f64::from(steps));
    let units = steps as usize;
    let mut sigma = NeuralActivation::new([1, units], ScalarFunction::Sigmoid, &mut source(0));
    let rises = (1..=steps).map(|i| stored(at(i) - at(i - 1))).collect();
    sigma.output = source(0).values([1, units], rises);
    // Softplus is the identity this far out.
    sigma.input = source(0).constant([1, units], t * 2.0 * f64::from(steps));
    let biases = (1..=steps)
        .map(|i| t * (1.0 - 2.0 * f64::from(i)))
        .collect();
    sigma.bias = source(0).values([1, units], biases);
    sigma
}

/// 500 points of `[0, 1]`.
fn unit_interval() -> Vec<f64> {
    (0..500).map(|i| f64::from(i) / 499.0).collect()
}

#[test]
fn the_staircase_of_lemma_5_converges_to_a_nondecreasing_function() {
    let f = |x: f64| x.powi(3) + x / 2.0;
    let error = |n: i32| {
        let sigma = staircase(f, n, 10.0);
        let values = host(sigma.forward(matrix(unit_interval(), 1)));
        unit_interval()
            .into_iter()
            .zip(values)
            .map(|(x, value)| (f(x) - value).abs())
            .fold(0.0, f64::max)
    };
    let mut last = f64::INFINITY;
    for n in [2, 4, 6] {
        let error = error(n);
        // In a step the staircase stands at one of its two ends; the steepest slope is 3.5.
        assert!(error < 3.5 / 2f64.powi(n) + 1e-3, "{error} at n = {n}");
        assert!(error < last / 3.0, "{error} after {last}");
        last = error;
    }
}

// ---- Eq. (6) ---------------------------------------------------------------------------------------------

#[test]
fn neural_activations_are_scaled_ones_in_a_wider_layer() {
    let ([hidden, units], dim) = ([3, 4], 2);
    let tanh = ScalarFunction::Tanh;
    let sigma = NeuralActivation::<Free>::new([hidden, units], tanh, &mut source(1));
    let [u, v, beta] =
        [&sigma.output, &sigma.input, &sigma.bias].map(|parameter| host(parameter.val()));
    let neural = TiedNetwork::new([hidden, dim], sigma, &mut source(2)).with_biases(&mut source(3));
    let rows = host(neural.weight.val());
    let inner = host(neural.hidden_bias.as_ref().expect("it has biases").val());

    // Unit j of network i: u a_i s(v (⟨a_i, x⟩ + b_i) + β) = (u/v) w s(⟨w, x⟩ + v b_i + β) with w = v a_i.
    let wide = hidden * units;
    let scale = |ij: usize| u[ij] / v[ij];
    let bias = |ij: usize| v[ij] * inner[ij / units] + beta[ij];
    let weight = |ij: usize| (0..dim).map(move |k| (ij, k));
    let mut layer = ElementwiseActivation::<Free>::new(wide, tanh, &mut source(4));
    layer.alpha = source(0).values([wide], (0..wide).map(scale).collect());
    let mut network = TiedNetwork::new([wide, dim], layer, &mut source(5));
    let weights = (0..wide)
        .flat_map(weight)
        .map(|(ij, k)| v[ij] * rows[ij / units * dim + k])
        .collect();
    network.weight = source(0).values([wide, dim], weights);
    network.hidden_bias = Some(source(0).values([wide], (0..wide).map(bias).collect()));
    network.output_bias = neural.output_bias.clone();

    let x = matrix(vec![0.3, -0.8, 1.4, 0.2, -2.0, 0.7], dim);
    let (ours, expected) = (host(network.forward(x.clone())), host(neural.forward(x)));
    for (a, b) in ours.iter().zip(expected) {
        assert!((a - b).abs() < 1e-12, "{a} against {b}");
    }
}

// ---- Lemma 7 ---------------------------------------------------------------------------------------------

#[test]
fn the_transformation_of_lemma_7_is_nonnegative_and_nondecreasing_and_a_free_one_is_not() {
    let s = matrix((-100..=100).map(|i| f64::from(i) / 20.0).collect(), 1);
    let promise = |gamma: &dyn Fn(Tensor<2>) -> Tensor<2>| {
        let values = host(gamma(s.clone()));
        let rising = values.windows(2).all(|pair| pair[1] >= pair[0]);
        rising && values.iter().all(|value| *value >= 0.0)
    };
    let tanh = ScalarFunction::Tanh;
    for seed in 0..5 {
        let gamma = SoftplusTransformation::new(6, tanh, &mut source(seed));
        assert!(promise(&|s| gamma.value(s)), "seed {seed}");
        let free = FreeTransformation::new(6, tanh, &mut source(seed));
        assert!(!promise(&|s| free.value(s)), "seed {seed}");
    }
}

/// `ρ ∘ τ` comes as near to `f` as `τ` does to `ρ⁻¹ ∘ f`, since softplus has slopes of at most 1.
#[test]
fn softplus_of_a_staircase_approximates_a_nonnegative_nondecreasing_function() {
    // ρ⁻¹ ∘ f rises from 0, as the staircase does: f(0) = softplus(0) = ln 2.
    let inverse = |x: f64| 2.0 * x * x + x;
    let f = |x: f64| inverse(x).exp().ln_1p();
    let mut gamma = SoftplusTransformation::new(64, ScalarFunction::Sigmoid, &mut source(0));
    gamma.network = staircase(inverse, 6, 10.0);
    let values = host(gamma.value(matrix(unit_interval(), 1)));
    for (x, value) in unit_interval().into_iter().zip(values) {
        // The steepest slope of ρ⁻¹ ∘ f is 5.
        assert!((value - f(x)).abs() < 5.0 / 64.0 + 1e-3, "{value} at {x}");
    }
}
