//! The formulas in the documentation of the activations, computed a second way: by plain loops over numbers.

use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};
use gradnet_core::ParameterSource;
use gradnet_core::activation::{
    Activation, ActivationPotential, AffineRho, CascadedActivation, ElementwiseActivation,
    IcgnActivation, IcgnMonteCarlo, ModularActivation, NeuralActivation, NeuralCascadedActivation,
    One, QuadraticLseActivation, ScalarFunction, SigmoidBlock, SoftmaxBlock, SoftplusRho,
    SplineActivation, TemperatureSchedule, WeaklyIncreasing,
};
use gradnet_core::analysis::host;
use gradnet_core::sign::{Free, NonNegative};

fn source(seed: u64) -> ParameterSource {
    ParameterSource::new(&Device::flex(), seed).with_dtype(FloatDType::F64)
}

fn row(values: &[f64]) -> Tensor<2> {
    let data = TensorData::new(values.to_vec(), [1, values.len()]);
    Tensor::from_data(data, (&Device::flex(), DType::F64))
}

fn softplus(u: f64) -> f64 {
    u.max(0.0) + (-u.abs()).exp().ln_1p()
}

fn sigmoid(u: f64) -> f64 {
    1.0 / (1.0 + (-u).exp())
}

/// `2/√π e^-u² Σ 2^n u^(2n+1) / (1·3···(2n + 1))`, whose terms have one sign.
fn erf(u: f64) -> f64 {
    let size = u.abs().min(7.0);
    let (mut term, mut sum, mut n) = (size, size, 0.0);
    while term > 1e-18 * sum {
        n += 1.0;
        term *= 2.0 * size * size / (2.0 * n + 1.0);
        sum += term;
    }
    core::f64::consts::FRAC_2_SQRT_PI * (-size * size).exp() * sum * u.signum()
}

fn scalar(function: ScalarFunction, u: f64) -> f64 {
    match function {
        ScalarFunction::Tanh => u.tanh(),
        ScalarFunction::Sigmoid => sigmoid(u),
        ScalarFunction::Softplus => softplus(u),
        ScalarFunction::Relu => u.max(0.0),
        ScalarFunction::Erf => erf(u),
    }
}

/// `∫_low^high f`, Simpson's rule with many steps.
fn integral(f: impl Fn(f64) -> f64, low: f64, high: f64) -> f64 {
    let steps = 20_000;
    let h = (high - low) / steps as f64;
    let weight = |i| {
        if i == 0 || i == steps {
            1.0
        } else {
            2.0 + 2.0 * (i % 2) as f64
        }
    };
    (0..=steps)
        .map(|i| weight(i) * f(low + i as f64 * h))
        .sum::<f64>()
        * h
        / 3.0
}

#[track_caller]
fn assert_close(what: &str, ours: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(ours.len(), expected.len(), "{what}");
    for (a, b) in ours.iter().zip(expected) {
        assert!(
            (a - b).abs() <= tolerance * b.abs().max(1.0),
            "{what}: {a} against {b}"
        );
    }
}

const POINTS: [f64; 9] = [-30.0, -3.0, -1.0, -0.2, 0.0, 0.4, 1.5, 4.0, 45.0];

#[test]
fn scalar_functions_are_what_they_are_called() {
    for function in ScalarFunction::ALL {
        let expected = POINTS.map(|u| scalar(function, u));
        assert_close(
            &format!("{function:?}"),
            &host(function.value(row(&POINTS))),
            &expected,
            1e-8,
        );
    }
}

#[test]
fn derivatives_are_the_limits_of_differences() {
    let h = 1e-5;
    let smooth: Vec<f64> = POINTS.into_iter().filter(|u| *u != 0.0).collect();
    for function in ScalarFunction::ALL {
        let first: Vec<f64> = smooth
            .iter()
            .map(|u| (scalar(function, u + h) - scalar(function, u - h)) / (2.0 * h))
            .collect();
        assert_close("s'", &host(function.derivative(row(&smooth))), &first, 1e-8);
        let second: Vec<f64> = smooth
            .iter()
            .map(|u| {
                let ahead = host(function.derivative(row(&[u + h])))[0];
                (ahead - host(function.derivative(row(&[u - h])))[0]) / (2.0 * h)
            })
            .collect();
        assert_close(
            "s''",
            &host(function.second_derivative(row(&smooth))),
            &second,
            1e-8,
        );
    }
}

#[test]
fn antiderivatives_are_integrals() {
    for function in ScalarFunction::ALL {
        let ours = host(function.antiderivative(row(&POINTS)));
        let at_zero = ours[4];
        let ours: Vec<f64> = ours.iter().map(|value| value - at_zero).collect();
        let expected = POINTS.map(|u| integral(|r| scalar(function, r), 0.0, u));
        assert_close(&format!("{function:?}"), &ours, &expected, 1e-8);
    }
}

#[test]
fn the_antiderivative_of_softplus_is_a_parabola_far_out() {
    // ∫₀^u softplus = u²/2 + ∫₀^u ln(1 + e^-r) dr, and ∫₀^∞ ln(1 + e^-r) dr = π²/12.
    let limit = core::f64::consts::PI.powi(2) / 12.0;
    let ours = host(ScalarFunction::Softplus.antiderivative(row(&[-1e4, -60.0, 60.0, 1e4])));
    let expected = [-limit, -limit, 1800.0 + limit, 5e7 + limit];
    for (a, b) in ours.iter().zip(expected) {
        assert!(
            (a - b).abs() < 1e-8 * (1.0 + b.abs() / 1e4),
            "{a} against {b}"
        );
    }
}

#[test]
fn means_of_scalar_functions_are_integrals_over_their_length_down_to_no_length() {
    let steps = [0.0, 1e-9, -1e-3, 0.5, 1.0, 1.0 + 1e-12, -0.3, 7.0, -50.0];
    for function in ScalarFunction::ALL {
        for start in [-20.0, -0.2, 0.0, 0.7, 30.0] {
            let ours = host(function.mean(row(&[start; 9]), row(&steps)));
            let expected = steps.map(|step| match step {
                0.0 => scalar(function, start),
                _ => integral(|t| scalar(function, start + t * step), 0.0, 1.0),
            });
            assert_close(
                &format!("{function:?} from {start}"),
                &ours,
                &expected,
                2e-8,
            );
        }
    }
}

#[test]
fn an_elementwise_activation_scales_its_function() {
    let mut sigma = ElementwiseActivation::<Free>::new(3, ScalarFunction::Tanh, &mut source(0));
    sigma.alpha = source(0).values([3], vec![2.0, -1.0, 0.5]);
    let ours = host(sigma.forward(row(&[0.3, -0.7, 2.0])));
    let expected = [2.0 * 0.3_f64.tanh(), 0.7_f64.tanh(), 0.5 * 2.0_f64.tanh()];
    assert_close("alpha tanh z", &ours, &expected, 1e-14);
}

#[test]
fn the_cascade_is_eq_16_and_17_unit_by_unit() {
    let (layers, hidden) = (3, 2);
    let sigma = CascadedActivation::<Free>::learned([layers, hidden], 4, &mut source(5));
    let learned = sigma.learned.as_ref().expect("it was built learned");
    let parameters = [
        &sigma.alpha,
        &sigma.beta,
        &sigma.bias,
        &learned.a,
        &learned.b,
    ]
    .map(|parameter| host(parameter.val()));
    let w = [0.7, -1.3];
    let expected: Vec<f64> = (0..hidden)
        .map(|unit| {
            let [alpha, beta, bias, a, b] =
                [0, 1, 2, 3, 4].map(|p| move |layer: usize| (p, layer * hidden + unit));
            let at = |(p, i): (usize, usize)| parameters[p][i];
            let mut output = 0.0;
            for layer in 0..layers {
                let z: f64 = at(beta(layer)) * w[unit] + output + at(bias(layer));
                let s = at(a(layer)) * z.tanh() + at(b(layer)) * (z - z.tanh());
                output = at(alpha(layer)) * s;
            }
            output
        })
        .collect();
    assert_close("cascade", &host(sigma.forward(row(&w))), &expected, 1e-13);
}

/// `α_m ρ(φ(z_m)) ∇φ(z_m)` for two modules of three units, by numbers.
fn modules(
    z: &[f64],
    alpha: [f64; 2],
    module: impl Fn(usize, &[f64]) -> (f64, Vec<f64>),
) -> Vec<f64> {
    z.chunks(3)
        .enumerate()
        .flat_map(|(m, block)| {
            let (rho, gradient) = module(m, block);
            gradient.into_iter().map(move |g| alpha[m] * rho * g)
        })
        .collect()
}

const HIDDEN: [f64; 6] = [0.3, -0.8, 1.1, -0.4, 0.9, 0.2];

#[test]
fn softmax_modules_are_eq_14_with_rho_one_and_softplus() {
    let mut origin = source(9);
    let block = SoftmaxBlock::<NonNegative>::new(2, true, &mut origin);
    let temperature: Vec<f64> = host(block.temperature.val())
        .into_iter()
        .map(softplus)
        .collect();
    let (a, b) = (softplus(0.5), softplus(0.5));
    let phi_and_gradient = |m: usize, z: &[f64]| {
        let t = temperature[m];
        let (up, down): (f64, f64) = (
            z.iter().map(|z| (t * z).exp()).sum(),
            z.iter().map(|z| (-t * z).exp()).sum(),
        );
        let gradient = z
            .iter()
            .map(|z| a * (t * z).exp() / up - b * (-t * z).exp() / down);
        (
            (a * up.ln() + b * down.ln()) / t,
            gradient.collect::<Vec<f64>>(),
        )
    };

    let plain = ModularActivation::<_, _, NonNegative>::new(2, block.clone(), One, &mut origin);
    let alpha: [f64; 2] = [0, 1].map(|m| softplus(host(plain.alpha.val())[m]));
    let expected = modules(&HIDDEN, alpha, |m, z| (1.0, phi_and_gradient(m, z).1));
    assert_close(
        "rho = 1",
        &host(plain.forward(row(&HIDDEN))),
        &expected,
        1e-13,
    );

    let mut weighed =
        ModularActivation::<_, _, NonNegative>::new(2, block, SoftplusRho, &mut origin);
    weighed.alpha = plain.alpha;
    let expected = modules(&HIDDEN, alpha, |m, z| {
        let (phi, gradient) = phi_and_gradient(m, z);
        (softplus(phi), gradient)
    });
    assert_close(
        "softplus",
        &host(weighed.forward(row(&HIDDEN))),
        &expected,
        1e-13,
    );
}

#[test]
fn sigmoid_modules_are_eq_14_with_affine_rho() {
    let mut origin = source(2);
    let rho = AffineRho::new(2, 3, &mut origin);
    let numbers = |p: &burn::module::Param<Tensor<1>>| -> Vec<f64> {
        host(p.val()).into_iter().map(softplus).collect()
    };
    let (slope, offset) = (numbers(&rho.slope), numbers(&rho.offset));
    let sigma =
        ModularActivation::<_, _, NonNegative>::new(2, SigmoidBlock::new(2), rho, &mut origin);
    let alpha = [0, 1].map(|m| numbers(&sigma.alpha)[m]);
    let expected = modules(&HIDDEN, alpha, |m, z| {
        let phi: f64 = z.iter().copied().map(softplus).sum();
        (
            slope[m] * phi + offset[m],
            z.iter().copied().map(sigmoid).collect(),
        )
    });
    assert_close(
        "affine",
        &host(sigma.forward(row(&HIDDEN))),
        &expected,
        1e-13,
    );
}

#[test]
fn the_icgn_is_the_integral_of_its_gram_factor() {
    let mut sigma = IcgnActivation::new(3, 2, &mut source(0));
    let bias = [0.4, -0.9, 2.0];
    sigma.bias = source(0).values([3], bias.to_vec());
    let w = [1.3, -2.0, 0.5];
    let slope = |u: f64| sigmoid(u) * (1.0 - sigmoid(u));
    let expected: Vec<f64> = w
        .iter()
        .zip(bias)
        .map(|(w, b)| w * integral(|t| slope(t * w + b).powi(2), 0.0, 1.0))
        .collect();
    assert_close("sigma", &host(sigma.forward(row(&w))), &expected, 1e-12);
    let zero = host(sigma.forward(row(&[0.0; 3])));
    assert_close("N(0) = 0", &zero, &[0.0; 3], 1e-15);
}

#[test]
fn the_sampled_icgn_tends_to_the_exact_one() {
    let mut origin = source(1);
    let exact = IcgnActivation::new(3, 2, &mut origin);
    let w = row(&[1.3, -2.0, 0.5]);
    let error = |nodes: usize| -> f64 {
        let mut sampled = IcgnMonteCarlo::new(3, 2, nodes, &mut source(4));
        sampled.bias = exact.bias.clone();
        let difference = sampled.forward(w.clone()) - exact.forward(w.clone());
        host(difference).iter().map(|d| d.abs()).fold(0.0, f64::max)
    };
    // The integrand spreads by about 0.02 here: an error of about 0.02/√nodes.
    let (few, many) = (error(10), error(10_000));
    assert!(many < 1e-3, "{many}");
    assert!(few > many, "{few} against {many}");
}

/// Networks of the same seed draw the same nodes, one set a call, so that differences tell the derivative.
#[test]
fn the_sampled_icgn_is_differentiated_as_what_it_computes() {
    let device = Device::flex().autodiff();
    let (w, weights, bias) = ([1.3, -2.0, 0.5], [0.7, -1.1, 2.0], [0.4, -0.9, 2.0]);
    let fresh = |bias: [f64; 3], device: &Device| {
        let mut source = ParameterSource::new(device, 4).with_dtype(FloatDType::F64);
        let mut sampled = IcgnMonteCarlo::new(3, 2, 5, &mut source);
        sampled.bias = source.values([3], bias.to_vec());
        sampled
    };
    let value = |w: [f64; 3], bias: [f64; 3]| -> f64 {
        let output = host(fresh(bias, &Device::flex()).forward(row(&w)));
        output.iter().zip(weights).map(|(o, c)| o * c).sum()
    };
    let slope = |along: &dyn Fn([f64; 3]) -> f64, at: [f64; 3]| -> Vec<f64> {
        let moved = |i: usize, by: f64| {
            let mut to = at;
            to[i] += by;
            along(to)
        };
        (0..3)
            .map(|i| (moved(i, 1e-5) - moved(i, -1e-5)) / 2e-5)
            .collect()
    };

    let sampled = fresh(bias, &device);
    let input = Tensor::from_inner(row(&w)).require_grad();
    let output = sampled.forward(input.clone());
    let gradients = (output * Tensor::from_inner(row(&weights)))
        .sum()
        .backward();
    let of_w = host(input.grad(&gradients).unwrap());
    assert_close("w", &of_w, &slope(&|w| value(w, bias), w), 1e-9);
    let of_bias: Vec<f64> = host(
        sampled
            .bias
            .val()
            .grad(&gradients)
            .unwrap()
            .unsqueeze::<2>(),
    );
    assert_close("b", &of_bias, &slope(&|b| value(w, b), bias), 1e-9);
    let product = fresh(bias, &Device::flex()).jacobian_vector(row(&w), row(&weights));
    assert_close("J v", &host(product), &of_w, 1e-14);
}

#[test]
fn a_convex_spline_is_nondecreasing_flat_outside_and_zero_in_the_middle() {
    let mut sigma = SplineActivation::<NonNegative>::new([1, 7], 1.5, 1.0, &mut source(0));
    // Stored for knots on [−1, 1], used on [−1.5, 1.5]. Rises 1, −2, 0.5, 3, −1, 4: the negative ones are clipped, the
    // first and last dropped, the others stretched.
    sigma.coefficients = source(0).values([1, 7], vec![0.0, 1.0, -1.0, -0.5, 2.5, 1.5, 5.5]);
    let expected = [-0.5, -0.5, -0.5, 0.0, 3.0, 3.0, 3.0].map(|height| 1.5 * height);
    assert_close(
        "coefficients",
        &host(sigma.coefficients()),
        &expected,
        1e-15,
    );
    for (u, value) in [
        (-9.0, -0.75),
        (-0.5, -0.75),
        (-0.25, -0.375),
        (0.25, 2.25),
        (9.0, 4.5),
    ] {
        assert_close("value", &host(sigma.forward(row(&[u]))), &[value], 1e-14);
    }
}

#[test]
fn a_free_spline_continues_with_its_end_slopes() {
    let mut sigma = SplineActivation::<Free>::new([1, 5], 1.0, 1.0, &mut source(0));
    sigma.coefficients = source(0).values([1, 5], vec![1.0, 0.0, 2.0, 2.0, -1.0]);
    // Knots −1, −0.5, 0, 0.5, 1: the first slope is −2, the last −6.
    for (u, value) in [
        (-2.0, 3.0),
        (-0.75, 0.5),
        (0.25, 2.0),
        (0.75, 0.5),
        (1.5, -4.0),
    ] {
        assert_close("value", &host(sigma.forward(row(&[u]))), &[value], 1e-14);
    }
    // The potential starts at the first knot: trapezoids 0.25, 0.5, 1, then half a piece.
    let ours = host(sigma.potential(row(&[0.25])));
    assert_close("potential", &ours, &[0.25 + 0.5 + 0.5], 1e-14);
    // Slopes −2, 4, 0, −6 change by 6, 4 and 6.
    assert!(sigma.penalty().is_none());
    let penalty = sigma.with_slope_penalty(0.5).penalty().unwrap();
    assert_close("penalty", &host(penalty), &[8.0], 1e-14);
}

/// Stored slopes `t` on `[−1, 1]` are used as they are, and as `t/2` where they fall.
#[test]
fn a_weakly_increasing_spline_falls_in_its_unit_and_no_slope_loses_its_gradient() {
    let mut source = source(0);
    let shape = || WeaklyIncreasing::new(0.5);
    let spline = SplineActivation::shaped(shape(), [1, 101], 2.0, 0.6, &mut source);
    // Close to 0.6 u: the noise moves each of 50 rises by a few percent.
    let value = host(spline.forward(row(&[1.5])))[0];
    assert!((value / 0.9 - 1.0).abs() < 0.05, "{value}");

    // Knots are 1/3 apart in store and 0.5 in use; the stored slopes of the four inner pieces are 1, −300, 0.25 and
    // 100.
    let mut stored = [9.0, 0.0, 1.0 / 3.0, 0.0, 0.0, 0.0, -9.0];
    stored[3] = stored[2] - 100.0;
    stored[4] = stored[3] + 0.25 / 3.0;
    stored[5] = stored[4] + 100.0 / 3.0;
    let rise = |t: f64| 0.5 * if t < 0.0 { 0.5 * t } else { t };
    let [a, b, c, d] = [1.0, -300.0, 0.25, 100.0].map(rise);
    let spline = |stored: &[f64]| {
        let mut source =
            ParameterSource::new(&Device::flex().autodiff(), 0).with_dtype(FloatDType::F64);
        let mut sigma = SplineActivation::shaped(shape(), [1, 7], 1.5, 0.6, &mut source);
        sigma.coefficients = source.values([1, 7], stored.to_vec());
        sigma
    };
    // Zero at the middle knot.
    let expected = [-a - b, -a - b, -b, 0.0, c, c + d, c + d];
    let found = host(spline(&stored).coefficients());
    assert_close("coefficients", &found, &expected, 1e-12);

    // Every stored coefficient is moved, whichever way its slopes go: against differences.
    let loss = |sigma: &SplineActivation<WeaklyIncreasing>| {
        let weights = row(&[0.3, -1.0, 0.7, 0.2, 1.1, -0.4, 0.9]);
        (sigma.coefficients() * weights).sum()
    };
    let sigma = spline(&stored);
    let gradients = loss(&sigma).backward();
    let gradient = host(sigma.coefficients.val().grad(&gradients).unwrap());
    for i in 1..6 {
        let moved = |by: f64| {
            let mut stored = stored;
            stored[i] += by;
            host(loss(&spline(&stored)))[0]
        };
        let quotient = (moved(1e-4) - moved(-1e-4)) / 2e-4;
        assert!(
            (quotient - gradient[i]).abs() < 1e-6,
            "{i}: {quotient} {}",
            gradient[i]
        );
        assert!(gradient[i].abs() > 1e-9, "{i}: {}", gradient[i]);
    }
}

#[test]
fn a_neural_activation_is_a_scalar_network_for_each_unit() {
    let sigma = NeuralActivation::<Free>::new([2, 3], ScalarFunction::Sigmoid, &mut source(6));
    let [u, v, beta] =
        [&sigma.output, &sigma.input, &sigma.bias].map(|parameter| host(parameter.val()));
    let z = [0.8, -1.7];
    let expected: Vec<f64> = (0..2)
        .map(|i| {
            (3 * i..3 * i + 3)
                .map(|ij| u[ij] * sigmoid(v[ij] * z[i] + beta[ij]))
                .sum()
        })
        .collect();
    assert_close("sigma", &host(sigma.forward(row(&z))), &expected, 1e-14);
}

#[test]
fn the_potential_of_a_neural_activation_is_its_integral_however_steep_the_units() {
    // From units that do not see z at all to units that are steps at the scale of z.
    let (input, bias) = (
        [0.0, 1e-9, 0.7, -3.0, 50.0, -50.0],
        [0.3, -0.2, 1.0, -2.0, 40.0, 70.0],
    );
    let output = [1.0, -2.0, 0.5, 1.5, -0.7, 1.1];
    for function in ScalarFunction::ALL {
        let build = |source: ParameterSource| {
            let mut sigma = NeuralActivation::<Free>::new([1, 6], function, &mut self::source(6));
            let [u, v, beta] = [output, input, bias].map(|row| source.values([1, 6], row.to_vec()));
            (sigma.output, sigma.input, sigma.bias) = (u, v, beta);
            sigma
        };
        let (double, single) = (
            build(source(0)),
            build(ParameterSource::new(&Device::flex(), 0)),
        );
        let sigma = |z: f64| -> f64 {
            let terms = (0..6).map(|j| output[j] * scalar(function, input[j] * z + bias[j]));
            terms.sum()
        };
        for z in [-3.0, -0.4, 1e-6, 0.9, 3.0] {
            let expected = [integral(sigma, 0.0, z)];
            let ours = host(double.potential(row(&[z])));
            assert_close(&format!("{function:?} at {z}"), &ours, &expected, 1e-8);
            let ours = host(single.potential(row(&[z]).cast(DType::F32)));
            assert_close(&format!("{function:?} at {z}, f32"), &ours, &expected, 1e-5);
        }
    }
}

/// The logarithm of a mean of exponentials of quadratics, two blocks of two units, by numbers: its
/// value and its gradient.
fn quadratic_lse(z: [f64; 4], offset: [f64; 2], t: f64) -> (f64, [f64; 4]) {
    let q = [0, 1].map(|k| (z[2 * k].powi(2) + z[2 * k + 1].powi(2)) / 2.0 + offset[k]);
    let sum = (t * q[0]).exp() + (t * q[1]).exp();
    let gradient = [0, 1, 2, 3].map(|i| (t * q[i / 2]).exp() / sum * z[i]);
    ((sum / 2.0).ln() / t, gradient)
}

#[test]
fn a_log_sum_exp_of_quadratics_is_what_it_is_called_and_tends_to_their_maximum() {
    let mut sigma = QuadraticLseActivation::new(2, 3.0, &source(0));
    sigma.offset = source(0).values([2], vec![0.1, -0.3]);
    let z = [0.5, -1.0, 1.2, 0.4];
    let (value, gradient) = quadratic_lse(z, [0.1, -0.3], 3.0);
    assert_close("psi", &host(sigma.potential(row(&z))), &[value], 1e-13);
    assert_close("sigma", &host(sigma.forward(row(&z))), &gradient, 1e-13);

    let mut sharp = QuadraticLseActivation::new(2, 1e4, &source(0));
    sharp.offset = sigma.offset;
    // q = (0.725, 0.5): the first block is the active one, its gradient z_1.
    let maximum = 0.725 - 2f64.ln() / 1e4;
    assert_close("max", &host(sharp.potential(row(&z))), &[maximum], 1e-12);
    assert_close(
        "argmax",
        &host(sharp.forward(row(&z))),
        &[0.5, -1.0, 0.0, 0.0],
        1e-12,
    );
}

#[test]
fn the_neural_cascade_is_eq_16_and_17_with_a_scalar_network_in_each_unit() {
    let [layers, hidden, units] = [3, 2, 4];
    let sigma = NeuralCascadedActivation::<NonNegative>::new(
        [layers, hidden, units],
        5,
        ScalarFunction::Sigmoid,
        &mut source(8),
    );
    let positive =
        |stored: Tensor<2>| -> Vec<f64> { host(stored).into_iter().map(softplus).collect() };
    let (alpha, beta) = (positive(sigma.alpha.val()), positive(sigma.beta.val()));
    let bias = host(sigma.bias.val());
    let w = [0.7, -1.3];
    let flat = |stored: Tensor<3>| host(stored).into_iter();
    let u: Vec<f64> = flat(sigma.output.val()).map(softplus).collect();
    let v: Vec<f64> = flat(sigma.input.val()).map(softplus).collect();
    let gamma: Vec<f64> = flat(sigma.inner_bias.val()).collect();
    let expected: Vec<f64> = (0..hidden)
        .map(|unit| {
            let mut output = 0.0;
            for layer in 0..layers {
                let at = layer * hidden + unit;
                let z = beta[at] * w[unit] + output + bias[at];
                let s: f64 = (at * units..(at + 1) * units)
                    .map(|j| u[j] * sigmoid(v[j] * z + gamma[j]))
                    .sum();
                output = alpha[at] * s;
            }
            output
        })
        .collect();
    assert_close("sigma", &host(sigma.forward(row(&w))), &expected, 1e-13);
}

#[test]
fn a_temperature_rises_geometrically_and_stays() {
    let schedule = TemperatureSchedule {
        from: 4.0,
        to: 100.0,
        over: 0.8,
    };
    for (progress, temperature) in [
        (-1.0, 4.0),
        (0.0, 4.0),
        (0.4, 20.0),
        (0.8, 100.0),
        (1.0, 100.0),
    ] {
        assert_close("at", &[schedule.at(progress)], &[temperature], 1e-12);
    }
}

#[test]
fn annealing_sets_the_temperature_whatever_it_was_and_only_where_there_is_a_schedule() {
    let schedule = TemperatureSchedule {
        from: 2.0,
        to: 200.0,
        over: 0.5,
    };
    let temperature = |sigma: &QuadraticLseActivation| host(sigma.log_temperature.val())[0].exp();
    let mut sigma = QuadraticLseActivation::annealed(3, schedule, &source(0));
    assert_close("start", &[temperature(&sigma)], &[2.0], 1e-12);
    sigma.log_temperature = source(0).constant([1], -7.0);
    sigma.anneal(0.25);
    assert_close("on the way", &[temperature(&sigma)], &[20.0], 1e-12);
    sigma.anneal(0.75);
    assert_close("after the rise", &[temperature(&sigma)], &[200.0], 1e-12);

    let mut learned = QuadraticLseActivation::new(3, 9.0, &source(0));
    learned.anneal(1.0);
    assert_close("learned", &[temperature(&learned)], &[9.0], 1e-12);
}
