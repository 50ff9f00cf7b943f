//! The vector mathematics against f64 (and f64 against the standard library), on every kind of vector of this machine.

use super::{adam, cascade, linear_spline, mean_squared_error, shell, softmax_modules};
use crate::vectors::doubled::Doubled;
use crate::vectors::forced::Kind;
use crate::vectors::mathematics::{erf, exp, one_minus_exp, sigmoid, softplus, tanh};
use crate::vectors::{Element, Kernel, Lanes, Vector, places};
use crate::{Cascade, CascadeFunction, FusedActivation, Mix, ScalarFunction, SoftmaxModules};

/// Which function of [`super::mathematics`].
#[derive(Clone, Copy, Debug)]
enum Function {
    Exp,
    OneMinusExp,
    Tanh,
    Sigmoid,
    Softplus,
    Erf,
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
            Self::Erf => burn_flex::ops::unary::erf_f64(x),
        }
    }
}

/// Applies a function to every element.
#[derive(Clone, Copy)]
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
                Function::Erf => erf(lanes, v),
            };
            lanes.store_first(v, y, y.len());
        }
        output
    }
}

/// Runs a kernel with every kind of vector there is.
fn everywhere<E: Element, K: Kernel<E> + Copy>(kernel: K) -> Vec<(String, K::Output)> {
    let run = |kind: Kind| {
        let output = kind.on_this_thread(|| E::widest(kernel));
        (format!("{kind:?}"), output)
    };
    Kind::all().into_iter().map(run).collect()
}

const FUNCTIONS: [Function; 6] = [
    Function::Exp,
    Function::OneMinusExp,
    Function::Tanh,
    Function::Sigmoid,
    Function::Softplus,
    Function::Erf,
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
        let mut largest: f64 = 0.0;
        for (lanes, y) in everywhere::<f32, _>(Map(function, &x)) {
            for (x, y) in x.iter().zip(y) {
                let exact = function.exact(f64::from(*x));
                let nearest = exact as f32;
                let unit = f64::from(nearest.abs().next_up() - nearest.abs());
                let error = (f64::from(y) - exact).abs() / unit;
                largest = largest.max(error);
                assert!(
                    error <= 3.0,
                    "{function:?}({x:e}) is {error} units off with {lanes}"
                );
            }
        }
        println!("{function:?}: at most {largest:.2} units off");
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
        let mut largest: f64 = 0.0;
        for (lanes, y) in everywhere::<f64, _>(Map(function, &x)) {
            for (x, y) in x.iter().zip(y) {
                let exact = function.exact(*x);
                let unit = exact.abs().next_up() - exact.abs();
                let error = (y - exact).abs() / unit;
                largest = largest.max(error);
                assert!(
                    error <= 4.0,
                    "{function:?}({x:e}) is {error} units off with {lanes}"
                );
            }
        }
        println!("{function:?}: at most {largest:.2} units off");
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
    for function in [Function::Tanh, Function::Erf] {
        for (lanes, y) in everywhere::<f32, _>(Map(function, &x)) {
            assert_eq!(y[..6], [-1.0, -1.0, 0.0, 0.0, 1.0, 1.0], "{lanes}");
            assert!(
                y[2].is_sign_negative() && y[3].is_sign_positive(),
                "{lanes}"
            );
        }
    }
    for function in FUNCTIONS {
        for (lanes, y) in everywhere::<f32, _>(Map(function, &x)) {
            assert!(y[6].is_nan(), "{function:?} {lanes}");
        }
    }
    for (lanes, y) in everywhere::<f32, _>(Map(Function::Softplus, &x)) {
        assert!(y[0] < 2e-38 && y[5] == f32::INFINITY, "{lanes}: {y:?}");
    }
    for (lanes, y) in everywhere::<f32, _>(Map(Function::Sigmoid, &x)) {
        assert!(y[0] < 2e-38 && y[5] == 1.0, "{lanes}: {y:?}");
    }
}

/// The quotient of a step of Adam, element by element.
#[derive(Clone, Copy)]
struct OverRoot<'a, E> {
    value: &'a [E],
    square: &'a [E],
    plus: E,
}

impl<E: Element> Kernel<E> for OverRoot<'_, E> {
    type Output = Vec<E>;

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) -> Vec<E> {
        let mut output = vec![E::ZERO; self.value.len()];
        let inputs = self
            .value
            .chunks(L::WIDTH)
            .zip(self.square.chunks(L::WIDTH));
        for ((value, square), output) in inputs.zip(output.chunks_mut(L::WIDTH)) {
            let count = value.len();
            let square = lanes.load_first(square, count);
            let found = lanes
                .load_first(value, count)
                .over_root(square, lanes.splat(self.plus));
            lanes.store_first(found, output, count);
        }
        output
    }
}

#[test]
fn the_quotient_of_adam_is_right_to_three_units_of_the_last_place() {
    let plus = 1e-8_f32;
    // Zero, all magnitudes of a second moment, and the first moments that go with them.
    let magnitudes = (0..f32::MAX.to_bits()).step_by(10_007).map(f32::from_bits);
    let square: Vec<f32> = magnitudes.filter(|x| *x == 0.0 || *x > 1e-31).collect();
    let value: Vec<f32> = square.iter().map(|v| 0.7 * v.sqrt() + 1e-12).collect();
    let kernel = OverRoot {
        value: &value,
        square: &square,
        plus,
    };
    for (lanes, found) in everywhere::<f32, _>(kernel) {
        for ((value, square), found) in value.iter().zip(&square).zip(found) {
            let exact = f64::from(*value) / (f64::from(*square).sqrt() + f64::from(plus));
            let nearest = exact as f32;
            let unit = f64::from(nearest.next_up() - nearest);
            let error = (f64::from(found) - exact).abs() / unit;
            assert!(
                error <= 3.0,
                "{value:e} over √{square:e}: {error} units off with {lanes}"
            );
        }
    }
    // A moment that overflowed makes no step; what is undefined stays so.
    let kernel = OverRoot {
        value: &[1e24, f32::NAN, 1.0, f32::INFINITY],
        square: &[f32::INFINITY, 1.0, f32::NAN, f32::INFINITY],
        plus,
    };
    for (lanes, found) in everywhere::<f32, _>(kernel) {
        assert_eq!(found[0], 0.0, "{lanes}: {found:?}");
        assert!(found[1..].iter().all(|x| x.is_nan()), "{lanes}: {found:?}");
    }
}

/// Three steps of Adam with the rate 0.01 from 1, with an ε of its own.
#[derive(Clone, Copy)]
struct Steps<'a, E> {
    gradient: &'a [E],
    epsilon: f64,
}

impl<E: Element> Kernel<E> for Steps<'_, E> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) -> Vec<f64> {
        let count = self.gradient.len();
        let mut parameter = vec![E::ONE; count];
        let [mut moment_1, mut moment_2] = [(); 2].map(|()| vec![E::ZERO; count]);
        for time in 1..=3 {
            let root = (1.0 - 0.999_f64.powi(time)).sqrt();
            let update = adam::Update {
                parameter: &mut parameter,
                gradient: self.gradient,
                moment_1: &mut moment_1,
                moment_2: &mut moment_2,
                factors: adam::Factors {
                    beta_1: 0.9,
                    beta_2: 0.999,
                    scale: 0.01 * root / (1.0 - 0.9_f64.powi(time)),
                    epsilon: self.epsilon * root,
                },
            };
            update.run(lanes);
        }
        parameter.into_iter().map(Into::into).collect()
    }
}

#[test]
fn adam_without_epsilon_takes_finite_steps_and_none_for_a_gradient_of_zero() {
    let gradients: [f64; 18] = [
        0.0, -0.0, 1e-30, 1e-20, -1e-16, 3e-15, 1e-14, -1e-13, 1e-8, 1e-3, -2.0, 1e10, 0.0, 1e-16,
        7.0, 0.0, -1e-30, 1.0,
    ];
    let check = |lanes: &str, found: Vec<f64>, epsilon: f64| {
        for (found, gradient) in found.iter().zip(gradients) {
            let case = format!("{found}: gradient {gradient:e}, ε = {epsilon:e}, {lanes}");
            if gradient == 0.0 {
                assert_eq!(*found, 1.0, "{case}");
            }
            // A step of Adam is 0.01 long at most for a gradient that stays the same.
            assert!((found - 1.0).abs() <= 0.0301, "{case}");
            if gradient.abs() > 1e-4 {
                let expected = 1.0 - 0.03 * f64::signum(gradient);
                assert!((found - expected).abs() < 1e-5, "{case}");
            }
        }
    };
    for epsilon in [0.0, 1e-45, 1e-30, 1e-16, 1e-12, 1e-8] {
        let single = gradients.map(|g| g as f32);
        let kernel = Steps {
            gradient: &single,
            epsilon,
        };
        for (lanes, found) in everywhere::<f32, _>(kernel) {
            check(&lanes, found, epsilon);
        }
        let kernel = Steps {
            gradient: &gradients,
            epsilon,
        };
        for (lanes, found) in everywhere::<f64, _>(kernel) {
            check(&lanes, found, epsilon);
        }
    }
}

#[test]
fn the_mean_of_no_squares_is_zero_and_one_beyond_the_sum_is_finite() {
    assert_eq!(mean_squared_error::mean_squared_error::<f32>(&[], &[]), 0.0);
    let (y, t) = (vec![1e18_f32; 3000], vec![-1e18_f32; 3000]);
    let mean = mean_squared_error::mean_squared_error(&y, &t);
    assert!((mean / 4e36 - 1.0).abs() < 1e-5, "{mean}");
    let none = mean_squared_error::mean_squared_error_backward::<f32>(&[], &[], 1.0);
    assert!(none.is_empty());
}

#[test]
fn blocks_are_turned_by_every_kind_of_vector() {
    #[derive(Clone, Copy)]
    struct Turn<'a, E>(&'a [E], [usize; 2]);

    impl<E: Element> Kernel<E> for Turn<'_, E> {
        type Output = (usize, Vec<E>);

        #[inline(always)]
        fn run<L: Lanes<Element = E>>(self, lanes: L) -> (usize, Vec<E>) {
            // With the places between the rows left as they were; a pair of vectors turns four blocks.
            let lanes = Doubled::new(lanes);
            let mut to = vec![E::nearest(-1.0); 32 * self.1[1]];
            lanes.turn(self.0, places(&mut to), self.1);
            (width(lanes), to)
        }
    }

    fn width<L: Lanes>(_: L) -> usize {
        L::WIDTH
    }

    fn check<E: Element>(name: &str, (width, found): (usize, Vec<E>), [from, to]: [usize; 2]) {
        for (i, found) in found.into_iter().enumerate() {
            let (row, column) = (i / to, i % to);
            let inside = row < width && column < width;
            let expected = if inside {
                (column * from + row) as f64
            } else {
                -1.0
            };
            assert_eq!(found.into(), expected, "{name}: {row}, {column}");
        }
    }

    let steps = [37, 41];
    let from: Vec<f64> = (0..32 * 37).map(f64::from).collect();
    for (name, found) in everywhere::<f64, _>(Turn(&from, steps)) {
        check(&name, found, steps);
    }
    let from: Vec<f32> = from.iter().map(|x| *x as f32).collect();
    for (name, found) in everywhere::<f32, _>(Turn(&from, steps)) {
        check(&name, found, steps);
    }
}

#[test]
fn an_empty_batch_has_an_empty_output_and_parameters_without_gradient() {
    let ones = [1.0_f32; 6];
    let p = cascade::Parameters {
        hidden: 3,
        cascade: Cascade {
            alpha: &ones[..],
            beta: &ones,
            bias: &ones,
            function: CascadeFunction::Learned { a: &ones, b: &ones },
        },
    };
    assert!(cascade::cascade(&[], &p).is_empty());
    let found = cascade::cascade_backward(&[], &mut [], &p).into_list();
    assert_eq!(found, vec![vec![0.0; 6]; 5]);

    let p = softmax_modules::Parameters {
        bias: &ones[..4],
        modules: SoftmaxModules {
            alpha: &ones[..2],
            temperature: &ones[..2],
            mix: None,
        },
    };
    assert!(softmax_modules::softmax_modules(&[], &p).is_empty());
    let found = softmax_modules::softmax_modules_backward(&[], &mut [], &p);
    assert_eq!(found.modules.into_list(), vec![vec![0.0; 2]; 2]);

    let splines = linear_spline::Splines::new(&ones, 3, 1.0);
    assert!(linear_spline::linear_spline(&[], &splines).is_empty());
    assert_eq!(
        linear_spline::linear_spline_backward(&[], &mut [], &splines),
        [0.0; 6]
    );
}

/// A cascade of tanh, without parameters.
const TANH: Cascade<()> = Cascade {
    alpha: (),
    beta: (),
    bias: (),
    function: CascadeFunction::Fixed(ScalarFunction::Tanh),
};

/// Modules of softmax alone, without parameters.
const SOFTMAX: SoftmaxModules<()> = SoftmaxModules {
    alpha: (),
    temperature: (),
    mix: None,
};

#[test]
fn an_empty_batch_goes_through_a_shell() {
    let ones = [1.0f32; 8];
    let parameter = |lines, share| shell::Parameter {
        values: &ones[..lines * 4 / share],
        lines,
        share,
    };
    let cascade = vec![parameter(2, 1), parameter(2, 1), parameter(2, 1)];
    let modules = vec![parameter(1, 1), parameter(1, 2), parameter(1, 2)];
    let kinds = [
        (FusedActivation::Cascade(TANH), cascade),
        (FusedActivation::SoftmaxModules(SOFTMAX), modules),
    ];
    for (kind, parameters) in kinds {
        let shell = shell::Shell {
            x: &[],
            w: &ones,
            batch: 0,
            hidden: 4,
            dim: 2,
            kind,
            parameters,
        };
        let (y, hidden) = shell::shell(&shell, true);
        assert!(y.is_empty());
        let hidden: Vec<_> = hidden
            .iter()
            .map(|piece| piece.each_ref().map(Vec::as_slice))
            .collect();
        let found = shell::shell_backward(&shell, &hidden, &[], true);
        assert!(found.x.unwrap_or_default().is_empty());
        assert_eq!(found.w, [0.0; 8]);
        for (found, parameter) in found.parameters.iter().zip(&shell.parameters) {
            assert_eq!(*found, vec![0.0; parameter.values.len()]);
        }
    }
}

#[test]
fn part_of_a_vector_is_read_and_written_without_touching_the_rest() {
    #[derive(Clone, Copy)]
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
            lanes.store_first(lanes.splat(E::nearest(9.0)), &mut to, count);
            assert!(to[count..].iter().all(|&x| x.into() == -1.0));
            lanes.store_first(vector, &mut to, count);
            lanes.store(vector, &mut from_end(&mut to, L::WIDTH)[..L::WIDTH]);
            (to.into_iter().map(Into::into).collect(), L::WIDTH)
        }
    }
    fn from_end<E>(to: &mut [E], width: usize) -> &mut [E] {
        let start = to.len() - width;
        &mut to[start..]
    }
    for count in 1..=16 {
        let singles = everywhere::<f32, _>(Part(count));
        for (_, (to, width)) in singles.into_iter().chain(everywhere::<f64, _>(Part(count))) {
            check(&to, count.min(width), width);
        }
    }
    fn check(to: &[f64], count: usize, width: usize) {
        let lane = |i: usize| if i < count { i as f64 + 1.0 } else { 0.0 };
        assert_eq!(to[0], 1.0);
        for i in 0..width {
            assert_eq!(to[i + 1], lane(i), "lane {i} of {width}, {count} in use");
        }
    }
}

/// Softmax modules of lines, there and back: the values, then all gradients.
#[derive(Clone, Copy)]
struct Modules<'a, E> {
    lines: [&'a [E]; 2],
    p: softmax_modules::Parameters<'a, E>,
}

impl<E: Element> Kernel<E> for Modules<'_, E> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) -> Vec<f64> {
        let [z, gradient] = self.lines;
        let (y, kept) = softmax_modules::evaluate(lanes, z, &self.p, true);
        let mut into_z = gradient.to_vec();
        let of = softmax_modules::differentiate(lanes, z, &kept, &mut into_z, &self.p);
        let mut all = vec![y, into_z, of.bias];
        all.extend(of.modules.into_list());
        all.concat().into_iter().map(Into::into).collect()
    }
}

#[test]
fn softmax_modules_are_the_same_on_every_kind_of_vector() {
    fn check<E: Element>(tolerance: f64) {
        let numbers = |count: usize, low: f64, high: f64| -> Vec<E> {
            let part = |i| ((i * 7919 + count) % 997) as f64 / 997.0;
            let value = |i| E::nearest(low + (high - low) * part(i));
            (0..count).map(value).collect()
        };
        let (modules, width, step) = (5, 20, 48);
        let (z, gradient) = (
            numbers(modules * width * step, -3.0, 3.0),
            numbers(modules * width * step, -1.0, 1.0),
        );
        let bias = numbers(modules * width, -0.5, 0.5);
        let [alpha, temperature, a, b] =
            [0.5, 0.6, 0.7, 0.8].map(|low| numbers(modules, low, low + 1.0));
        for mix in [None, Some(Mix { a: &a[..], b: &b })] {
            let p = softmax_modules::Parameters {
                bias: &bias,
                modules: SoftmaxModules {
                    alpha: &alpha[..],
                    temperature: &temperature,
                    mix,
                },
            };
            let lines = [&z[..], &gradient];
            let all = everywhere::<E, _>(Modules { lines, p });
            let (_, first) = &all[0];
            for (name, found) in &all {
                assert_eq!(found.len(), first.len());
                for (i, (x, y)) in found.iter().zip(first).enumerate() {
                    let far = (x - y).abs() > tolerance * (1.0 + y.abs());
                    assert!(!far, "{name}, number {i}: {x}, not {y}");
                }
            }
        }
    }
    check::<f32>(1e-5);
    check::<f64>(1e-12);
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
    let (a, b) = (&weight[..], &weight[..]);
    for mix in [None, Some(Mix { a, b })] {
        let p = softmax_modules::Parameters {
            bias: &[0.0; 2 * 37],
            modules: SoftmaxModules {
                alpha: &alpha[..],
                temperature: &temperature,
                mix,
            },
        };
        let s = softmax_modules::softmax_modules(&z, &p);
        let mut gradient: Vec<f32> = z.iter().map(|z| (z - 0.5) * 1e-9).collect();
        softmax_modules::softmax_modules_backward(&z, &mut gradient, &p);
        for (what, numbers) in [("outputs", &s), ("gradients", &gradient)] {
            assert!(normal(numbers), "{what}, learned {}", mix.is_some());
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
