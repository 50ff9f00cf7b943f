//! The vector mathematics against f64 (and f64 against the standard library), on every kind of vector of this machine.

use super::lanes::{Element, Kernel, Lanes, Portable, Vector};
use super::mathematics::{exp, one_minus_exp, sigmoid, softplus, tanh};
use super::{adam, cascade, linear_spline, softmax_modules};
use crate::kernel::extension::FixedFunction;

/// Which function of [`super::mathematics`].
#[derive(Clone, Copy, Debug)]
enum Function {
    Exp,
    OneMinusExp,
    Tanh,
    Sigmoid,
    Softplus,
}

impl Function {
    fn exact(self, x: f64) -> f64 {
        match self {
            Self::Exp => x.exp(),
            Self::OneMinusExp => -x.exp_m1(),
            Self::Tanh => x.tanh(),
            Self::Sigmoid if x > 0.0 => 1.0 / (1.0 + (-x).exp()),
            Self::Sigmoid => x.exp() / (1.0 + x.exp()),
            Self::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
        }
    }
}

/// Applies a function to every element.
struct Map<'a, E>(Function, &'a [E]);

impl<E: Element> Kernel<E> for Map<'_, E> {
    type Output = Vec<E>;

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) -> Vec<E> {
        let mut output = vec![E::ZERO; self.1.len()];
        for (x, y) in self.1.chunks(L::WIDTH).zip(output.chunks_mut(L::WIDTH)) {
            let v = lanes.load_first(x, x.len());
            let v = match self.0 {
                Function::Exp => exp(lanes, v),
                Function::OneMinusExp => one_minus_exp(lanes, v),
                Function::Tanh => tanh(lanes, v),
                Function::Sigmoid => sigmoid(lanes, v),
                Function::Softplus => softplus(lanes, v),
            };
            lanes.store_first(v, y, y.len());
        }
        output
    }
}

/// Runs a map with every kind of vector there is.
fn everywhere_single(function: Function, x: &[f32]) -> Vec<(&'static str, Vec<f32>)> {
    let mut all = vec![("plain", Portable::<f32, 8>::new().run(Map(function, x)))];
    #[cfg(target_arch = "x86_64")]
    {
        use super::x86::{Avx2Single, Avx512Single};
        if let Some(lanes) = Avx2Single::detect() {
            all.push(("AVX2", lanes.run(Map(function, x))));
        }
        if let Some(lanes) = Avx512Single::detect() {
            all.push(("AVX-512", lanes.run(Map(function, x))));
        }
    }
    all
}

fn everywhere_double(function: Function, x: &[f64]) -> Vec<(&'static str, Vec<f64>)> {
    let mut all = vec![("plain", Portable::<f64, 4>::new().run(Map(function, x)))];
    #[cfg(target_arch = "x86_64")]
    {
        use super::x86::{Avx2Double, Avx512Double};
        if let Some(lanes) = Avx2Double::detect() {
            all.push(("AVX2", lanes.run(Map(function, x))));
        }
        if let Some(lanes) = Avx512Double::detect() {
            all.push(("AVX-512", lanes.run(Map(function, x))));
        }
    }
    all
}

const FUNCTIONS: [Function; 5] = [
    Function::Exp,
    Function::OneMinusExp,
    Function::Tanh,
    Function::Sigmoid,
    Function::Softplus,
];

/// Both signs, all magnitudes up to 87 (where e^−x leaves the normal numbers), one in `stride` of all floats.
fn singles(function: Function, stride: usize) -> Vec<f32> {
    let magnitudes = (0..87.0_f32.to_bits()).step_by(stride).map(f32::from_bits);
    let negative = magnitudes.clone().map(|x| -x);
    match function {
        Function::Exp | Function::OneMinusExp => negative.collect(),
        _ => magnitudes.chain(negative).collect(),
    }
}

#[test]
fn errors_in_single_precision_stay_within_three_units_of_the_last_place() {
    for function in FUNCTIONS {
        let x = singles(function, 2_003);
        for (lanes, y) in everywhere_single(function, &x) {
            for (x, y) in x.iter().zip(y) {
                let exact = function.exact(f64::from(*x));
                let nearest = exact as f32;
                let unit = f64::from(nearest.abs().next_up() - nearest.abs());
                let error = (f64::from(y) - exact).abs() / unit;
                assert!(
                    error <= 3.0,
                    "{function:?}({x:e}) is {error} units off with {lanes}"
                );
            }
        }
    }
}

#[test]
fn errors_in_double_precision_stay_within_four_units_of_the_last_place() {
    for function in FUNCTIONS {
        let magnitudes = (0..200_000).map(|i| 10_f64.powf(-12.0 + 14.84 * f64::from(i) / 2e5));
        let negative = magnitudes.clone().map(|x| -x);
        let x: Vec<f64> = match function {
            Function::Exp | Function::OneMinusExp => negative.collect(),
            _ => magnitudes.chain(negative).collect(),
        };
        for (lanes, y) in everywhere_double(function, &x) {
            for (x, y) in x.iter().zip(y) {
                let exact = function.exact(*x);
                let unit = exact.abs().next_up() - exact.abs();
                let error = (y - exact).abs() / unit;
                assert!(
                    error <= 4.0,
                    "{function:?}({x:e}) is {error} units off with {lanes}"
                );
            }
        }
    }
}

#[test]
fn extreme_arguments_have_their_limits() {
    let x = [
        f32::NEG_INFINITY,
        -1e30,
        -0.0,
        0.0,
        1e30,
        f32::INFINITY,
        f32::NAN,
    ];
    for (lanes, y) in everywhere_single(Function::Tanh, &x) {
        assert_eq!(y[..6], [-1.0, -1.0, 0.0, 0.0, 1.0, 1.0], "{lanes}");
        assert!(
            y[2].is_sign_negative() && y[3].is_sign_positive(),
            "{lanes}"
        );
        assert!(y[6].is_nan(), "{lanes}");
    }
    for function in FUNCTIONS {
        for (lanes, y) in everywhere_single(function, &x) {
            assert!(y[6].is_nan(), "{function:?} {lanes}");
        }
    }
    for (lanes, y) in everywhere_single(Function::Softplus, &x) {
        assert!(y[0] < 2e-38 && y[5] == f32::INFINITY, "{lanes}: {y:?}");
    }
    for (lanes, y) in everywhere_single(Function::Sigmoid, &x) {
        assert!(y[0] < 2e-38 && y[5] == 1.0, "{lanes}: {y:?}");
    }
}

#[test]
fn an_empty_batch_has_an_empty_output_and_parameters_without_gradient() {
    let ones = [1.0_f32; 6];
    let p = cascade::Parameters {
        layers: 2,
        hidden: 3,
        alpha: &ones,
        beta: &ones,
        bias: &ones,
        learned: Some((&ones, &ones)),
    };
    assert!(cascade::cascade(&[], &p, FixedFunction::Tanh).is_empty());
    let found = cascade::cascade_backward(&[], &mut [], &p, FixedFunction::Tanh);
    let (a, b) = found.learned.unwrap();
    for gradient in [found.alpha, found.beta, found.bias, a, b] {
        assert_eq!(gradient, [0.0; 6]);
    }

    let p = softmax_modules::Parameters {
        modules: 2,
        alpha: &ones[..2],
        temperature: &ones[..2],
        learned: None,
    };
    assert!(softmax_modules::softmax_modules(&[], &p, 4).is_empty());
    let found = softmax_modules::softmax_modules_backward(&[], &mut [], &p, 4);
    assert_eq!(
        (found.alpha, found.temperature),
        (vec![0.0; 2], vec![0.0; 2])
    );

    let splines = linear_spline::Splines {
        coefficients: &ones,
        knots: 3,
        range: 1.0,
        density: 1.0,
    };
    assert!(linear_spline::linear_spline(&[], &splines).is_empty());
    assert_eq!(
        linear_spline::linear_spline_backward(&[], &mut [], &splines),
        [0.0; 6]
    );
}

#[test]
fn part_of_a_vector_is_read_and_written_without_touching_the_rest() {
    struct Part(usize);
    impl<E: Element> Kernel<E> for Part {
        type Output = (Vec<f64>, usize);

        #[inline(always)]
        fn run<L: Lanes<Element = E>>(self, lanes: L) -> (Vec<f64>, usize) {
            let count = self.0.min(L::WIDTH);
            let from: Vec<E> = (0..count).map(|i| E::nearest(i as f64 + 1.0)).collect();
            let mut to = vec![E::nearest(-1.0); L::WIDTH + 1];
            let vector = lanes.load_first(&from, count);
            let sum: f64 = vector.sum().into();
            assert_eq!(sum, (count * (count + 1) / 2) as f64);
            let vector = lanes.first_or(vector, count, lanes.splat(E::nearest(9.0)));
            lanes.store_first(vector, &mut to[..count], count);
            lanes.store(vector, &mut from_end(&mut to, L::WIDTH)[..L::WIDTH]);
            (to.into_iter().map(Into::into).collect(), L::WIDTH)
        }
    }
    fn from_end<E>(to: &mut [E], width: usize) -> &mut [E] {
        let start = to.len() - width;
        &mut to[start..]
    }
    for count in 1..=16 {
        let (to, width) = Portable::<f64, 4>::new().run(Part(count));
        check(&to, count.min(width), width);
        let (to, width) = <f32 as Element>::widest(Part(count));
        check(&to, count.min(width), width);
        let (to, width) = <f64 as Element>::widest(Part(count));
        check(&to, count.min(width), width);
    }
    fn check(to: &[f64], count: usize, width: usize) {
        let lane = |i: usize| if i < count { i as f64 + 1.0 } else { 9.0 };
        assert_eq!(to[0], 1.0);
        for i in 0..width {
            assert_eq!(to[i + 1], lane(i), "lane {i} of {width}, {count} in use");
        }
    }
}

/// Subnormal numbers make products a hundred times slower.
#[test]
fn a_sharp_softmax_and_fading_moments_leave_no_subnormal_number() {
    let normal = |numbers: &[f32]| numbers.iter().all(|x| *x == 0.0 || x.is_normal());
    let hidden = 2 * 37;
    let z: Vec<f32> = (0..9 * hidden)
        .map(|i| ((i * 7919) % 997) as f32 / 997.0)
        .collect();
    let (alpha, temperature, weight) = ([0.3, 2e-5], [200.0, 95.0], [1e-3, 0.5]);
    for learned in [None, Some((&weight[..], &weight[..]))] {
        let p = softmax_modules::Parameters {
            modules: 2,
            alpha: &alpha,
            temperature: &temperature,
            learned,
        };
        let s = softmax_modules::softmax_modules(&z, &p, hidden);
        let mut gradient: Vec<f32> = z.iter().map(|z| (z - 0.5) * 1e-9).collect();
        softmax_modules::softmax_modules_backward(&z, &mut gradient, &p, hidden);
        for (what, numbers) in [("outputs", &s), ("gradients", &gradient)] {
            assert!(normal(numbers), "{what}, learned {}", learned.is_some());
            assert!(numbers.contains(&0.0) && numbers.iter().any(|x| *x != 0.0));
        }
    }

    let factors = adam::Factors {
        beta_1: 0.9,
        beta_2: 0.999,
        scale: 1e-3,
        epsilon: 1e-8,
    };
    // Gradients whose squares are subnormal, and none after the first step.
    let mut gradient: Vec<f32> = (0..40).map(|i| 10f32.powi(-i)).collect();
    let [mut parameter, mut first, mut second] = [(); 3].map(|()| vec![0.0f32; 40]);
    for _ in 0..1500 {
        adam::adam(&mut parameter, &gradient, &mut first, &mut second, factors);
        assert!(normal(&first) && normal(&second));
        gradient.fill(0.0);
    }
    assert!(
        first.iter().all(|m| *m == 0.0),
        "a first moment that fades for ever"
    );
    assert!(second[0] > 0.0, "the second moment remembers longer");
}
