//! Fields made of fields: each keeps the guarantee its type claims, and is what its formula says.

use burn::module::{Module, ModuleDisplay};
use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};
use gradnet_core::activation::{
    CascadedActivation, ElementwiseActivation, GradientActivation, IcgnActivation, IcgnMonteCarlo,
    ModularActivation, NeuralActivation, NeuralCascadedActivation, One, QuadraticLseActivation,
    ScalarFunction, SigmoidBlock, SoftmaxBlock, SplineActivation,
};
use gradnet_core::analysis::{
    Claim, Region, Verification, host, jacobians, smallest_eigenvalue, verify,
};
use gradnet_core::combine::{
    Centred, Combination, Difference, FreeTransformation, LipschitzActivation, LipschitzField,
    SmoothComplement, SoftplusTransformation, StronglyMonotone, Sum, Transformed, WithLinearPart,
};
use gradnet_core::network::{
    Architecture, ConvexRidgeConfig, GradNetC, GradNetCConfig, GradNetCNeuralConfig, GradNetConfig,
    GradNetMConfig, GradNetNeuralConfig, IcgnConfig, IcgnSampledConfig, MGradNetC, MGradNetCConfig,
    MGradNetCNeuralConfig, MGradNetConfig, MGradNetMConfig, MGradNetNeuralConfig,
    MGradNetSoftmaxConfig, RidgeConfig, UnitFunction,
};
use gradnet_core::sign::{Free, NonNegative};
use gradnet_core::{
    GradientField, Laplacian, MonotoneField, ParameterSource, Potential, TiedNetwork, VectorField,
};

const DIM: usize = 3;

fn source(seed: u64) -> ParameterSource {
    ParameterSource::new(&Device::flex(), seed).with_dtype(FloatDType::F64)
}

fn points(rows: usize, seed: u64) -> Tensor<2> {
    let values = host(source(seed).uniform([rows, DIM], -1.0, 1.0).val());
    let data = TensorData::new(values, [rows, DIM]);
    Tensor::from_data(data, (&Device::flex(), DType::F64))
}

/// The network of these settings.
fn built<C: Architecture>(config: C, seed: u64) -> C::Network {
    config.check().expect("the settings are valid");
    config.build(&mut source(seed))
}

fn free_cascade(seed: u64) -> GradNetC {
    built(GradNetCConfig::new(DIM).with_width(6), seed)
}

fn convex_cascade(seed: u64) -> MGradNetC {
    built(MGradNetCConfig::new(DIM).with_width(6), seed)
}

fn report(field: &impl VectorField, claim: Claim) -> Verification {
    let region = Region {
        low: -2.0,
        high: 2.0,
    };
    verify(field, claim, &points(1, 0), region, 9, 4)
}

#[track_caller]
fn assert_gradient(field: &impl Potential) {
    let report = report(field, Claim::Gradient);
    assert!(report.passed, "{report:?}");
    let (x, v, h) = (points(5, 1), points(5, 2), 1e-5);
    let difference = (field.potential(x.clone() + v.clone() * h)
        - field.potential(x.clone() - v.clone() * h))
        / (2.0 * h);
    let slope = (field.forward(x) * v).sum_dim(1);
    for (a, b) in host(slope).iter().zip(host(difference)) {
        assert!((a - b).abs() < 1e-7 * b.abs().max(1.0), "{a} against {b}");
    }
}

#[track_caller]
fn assert_monotone(field: &(impl MonotoneField + Potential)) {
    assert_gradient(field);
    let report = report(field, Claim::Monotone);
    assert!(report.passed, "{report:?}");
}

#[test]
fn linear_combinations_are_gradients_and_conical_ones_of_monotone_fields_monotone() {
    let fields: Vec<_> = (0..3).map(free_cascade).collect();
    let mut linear = Combination::<_, Free>::new(fields.clone(), &source(0));
    linear.coefficients = source(0).values([3], vec![1.0, -2.0, 0.5]);
    assert_gradient(&linear);
    let x = points(4, 3);
    let expected = fields[0].forward(x.clone()) - fields[1].forward(x.clone()) * 2.0
        + fields[2].forward(x.clone()) * 0.5;
    for (a, b) in host(linear.forward(x)).iter().zip(host(expected)) {
        assert!((a - b).abs() < 1e-12);
    }

    let monotone: Vec<_> = (0..3).map(convex_cascade).collect();
    let mut conical = Combination::<_, NonNegative>::new(monotone, &source(0));
    conical.coefficients = source(0).values([3], vec![0.3, -5.0, 2.0]);
    assert_monotone(&conical);
}

#[test]
fn the_difference_of_monotone_fields_is_a_gradient_but_not_monotone() {
    let modular = |seed| built(MGradNetMConfig::new(DIM).with_width(5), seed);
    let difference = Difference::new(modular(1), modular(2));
    assert_gradient(&difference);
    let report = report(&difference, Claim::Monotone);
    assert!(
        !report.passed,
        "a difference may not pass as monotone: {report:?}"
    );
    assert_monotone(&Sum::new(modular(1), modular(2)));
}

#[test]
fn adding_mu_x_raises_every_eigenvalue_by_mu() {
    let field = convex_cascade(5);
    let strong = StronglyMonotone::new(field.clone(), 0.7);
    assert_monotone(&strong);
    let x = points(3, 6);
    for (with, without) in jacobians(&strong, x.clone())
        .iter()
        .zip(jacobians(&field, x))
    {
        let raised = with.symmetric_eigenvalues().min() - without.symmetric_eigenvalues().min();
        assert!((raised - 0.7).abs() < 1e-12, "{raised}");
    }
}

#[test]
fn a_linear_part_is_symmetric_or_positive_semidefinite() {
    let mut free = WithLinearPart::symmetric(free_cascade(1), &source(0));
    free.matrix = source(3).normal([DIM, DIM], 0.0, 2.0);
    assert_gradient(&free);
    assert!(!report(&free, Claim::Monotone).passed);
    let positive = WithLinearPart::positive(convex_cascade(1), 2, 1.0, &mut source(3));
    assert_monotone(&positive);
}

#[test]
fn a_multiple_of_the_identity_adds_itself_to_every_jacobian_trace_and_bound() {
    let plain = WithLinearPart::positive(convex_cascade(1), 1, 1.0, &mut source(3));
    let with = plain.clone().with_isotropic(0.49, &source(0));
    assert_monotone(&with);
    assert_bounded(with.clone());
    let x = points(3, 6);
    let pairs = jacobians(&with, x.clone())
        .into_iter()
        .zip(jacobians(&plain, x.clone()));
    for (raised, before) in pairs {
        let difference = raised - before - nalgebra::DMatrix::identity(DIM, DIM) * 0.49;
        assert!(difference.norm() < 1e-12, "{difference}");
    }
    let traces = host(with.laplacian(x.clone()))
        .into_iter()
        .zip(host(plain.laplacian(x.clone())));
    for (raised, before) in traces {
        assert!(
            (raised - before - 0.49 * DIM as f64).abs() < 1e-12,
            "{raised}"
        );
    }
    let squares = host(x.clone().square().sum_dim(1));
    let potentials = host(with.potential(x.clone()))
        .into_iter()
        .zip(host(plain.potential(x)));
    for ((raised, before), square) in potentials.zip(squares) {
        assert!(
            (raised - before - 0.49 * square / 2.0).abs() < 1e-12,
            "{raised}"
        );
    }
    let gained = host(with.lipschitz_bound())[0] - host(plain.lipschitz_bound())[0];
    assert!((gained - 0.49).abs() < 1e-6, "{gained}");
}

/// The largest singular value of a Jacobian over random points, a lower bound of the Lipschitz constant.
fn steepest(field: &impl VectorField, x: Tensor<2>) -> f64 {
    let norms = jacobians(field, x);
    norms
        .iter()
        .map(|j| j.singular_values().max())
        .fold(0.0, f64::max)
}

/// The bound holds over near and far points, and the complement with it is monotone.
#[track_caller]
fn assert_bounded<F: LipschitzField + GradientField + Module + ModuleDisplay>(field: F) {
    let bound = host(field.lipschitz_bound())[0];
    for scale in [1.0, 10.0] {
        let found = steepest(&field, points(400, 8) * scale);
        // A bound that is met is exceeded by rounding.
        assert!(found <= bound * (1.0 + 1e-12), "{found} exceeds {bound}");
    }
    let report = report(&SmoothComplement::new(field), Claim::Monotone);
    assert!(report.passed, "{report:?}");
}

#[test]
fn lipschitz_bounds_bound_and_the_complement_is_monotone() {
    assert_bounded(built(GradNetConfig::new(DIM).with_width(6), 2));
    assert_bounded(built(MGradNetConfig::new(DIM).with_width(6), 2));
    assert_bounded(built(GradNetCConfig::new(DIM).with_width(6), 2));
    assert_bounded(built(MGradNetCConfig::new(DIM).with_width(6), 2));
    let sigmoid = GradNetCConfig::new(DIM).with_activation(UnitFunction::Sigmoid);
    assert_bounded(built(sigmoid.with_width(6), 2));
    assert_bounded(built(GradNetNeuralConfig::new(DIM).with_width(6), 2));
    assert_bounded(built(MGradNetNeuralConfig::new(DIM).with_width(6), 2));
    assert_bounded(built(GradNetCNeuralConfig::new(DIM).with_width(6), 2));
    assert_bounded(built(MGradNetCNeuralConfig::new(DIM).with_width(6), 2));
    assert_bounded(built(GradNetMConfig::new(DIM).with_width(6), 2));
    assert_bounded(built(MGradNetMConfig::new(DIM).with_width(6), 2));
    assert_bounded(built(MGradNetSoftmaxConfig::new(DIM).with_width(6), 2));
    assert_bounded(built(RidgeConfig::new(DIM).with_width(6), 2));
    assert_bounded(built(ConvexRidgeConfig::new(DIM).with_width(6), 2));
    assert_bounded(built(IcgnConfig::new(DIM).with_width(6), 2));
    assert_bounded(built(IcgnSampledConfig::new(DIM).with_width(6), 2));
    // The complement's own potential, L ‖x‖²/2 − F.
    assert_monotone(&SmoothComplement::new(free_cascade(2)));
    assert_monotone(&SmoothComplement::new(built(
        GradNetMConfig::new(DIM).with_width(6),
        2,
    )));
}

#[test]
fn bounds_of_composed_fields_add_up_and_bound() {
    let (first, second) = (convex_cascade(1), convex_cascade(2));
    let bound = |field: &dyn LipschitzField| host(field.lipschitz_bound())[0];
    let sum = bound(&first) + bound(&second);
    let close = |found: f64, expected: f64| {
        let error = (found - expected).abs();
        assert!(error < 1e-9 * expected, "{found} against {expected}");
    };
    close(bound(&Sum::new(first.clone(), second.clone())), sum);
    close(bound(&Difference::new(first.clone(), second.clone())), sum);
    close(
        bound(&StronglyMonotone::new(first.clone(), 0.7)),
        bound(&first) + 0.7,
    );
    close(
        bound(&Centred::new(first.clone(), 0.5, &source(0))),
        bound(&first),
    );
    let mut linear = Combination::<_, Free>::new(vec![first.clone(), second.clone()], &source(0));
    linear.coefficients = source(0).values([2], vec![1.5, -2.0]);
    close(bound(&linear), 1.5 * bound(&first) + 2.0 * bound(&second));

    // (B + Bᵀ)/2 is the diagonal matrix with 3, −5 and 1: its norm is 5, exceeded by the Schatten norm by 1e-3 at most.
    let mut with_part = WithLinearPart::symmetric(first.clone(), &source(0));
    let stored = vec![3.0, 1.0, 0.0, -1.0, -5.0, 2.0, 0.0, -2.0, 1.0];
    with_part.matrix = source(0).values([DIM, DIM], stored);
    let part = bound(&with_part) - bound(&first);
    assert!((5.0 - 1e-12..5.0 * (1.0 + 1e-3)).contains(&part), "{part}");

    assert_bounded(Difference::new(first.clone(), second));
    assert_bounded(linear);
    assert_bounded(with_part);
    assert_bounded(Centred::new(
        WithLinearPart::positive(first, 2, 1.0, &mut source(3)),
        0.5,
        &source(0),
    ));
}

/// A field that claims half of its Lipschitz bound.
#[derive(Module, Debug)]
struct Halved<F: Module> {
    field: F,
}

impl<F: VectorField + Module> VectorField for Halved<F> {
    fn dim(&self) -> usize {
        self.field.dim()
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.field.forward(x)
    }

    fn jacobian_vector(&self, x: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        self.field.jacobian_vector(x, v)
    }
}

impl<F: GradientField + Module> GradientField for Halved<F> {}

impl<F: LipschitzField + Module> LipschitzField for Halved<F> {
    fn lipschitz_bound(&self) -> Tensor<1> {
        self.field.lipschitz_bound() * 0.5
    }
}

/// The shell without biases around an activation; with a `weight`, that one.
fn unbiased<A: Module>(activation: A, hidden: usize, weight: Option<Vec<f64>>) -> TiedNetwork<A> {
    let mut shell = TiedNetwork::new([hidden, DIM], activation, &mut source(9));
    if let Some(weight) = weight {
        shell.weight = source(0).values([hidden, DIM], weight);
    }
    shell
}

/// At 0 the Jacobian of the shell has the norm of the bound, up to the excess of the Schatten norm; so half of the
/// bound leaves the complement with a negative eigenvalue there.
#[track_caller]
fn assert_met<A: LipschitzActivation + GradientActivation + Module + ModuleDisplay>(
    shell: TiedNetwork<A>,
) {
    let zero = points(1, 0) * 0.0;
    let bound = host(shell.lipschitz_bound())[0];
    let found = steepest(&shell, zero.clone());
    // ‖G‖_S ≤ 3^(1/256) ‖G‖₂; with softplus and the like rounding to 1e-9.
    let excess = (DIM as f64).powf(1.0 / 256.0);
    let met = bound * (1.0 + 1e-9) >= found && bound * (1.0 - 1e-9) <= found * excess;
    assert!(met, "{bound} against {found}");
    let whole = jacobians(&SmoothComplement::new(shell.clone()), zero.clone());
    assert!(smallest_eigenvalue(&whole[0]) >= 0.0);
    let half = jacobians(&SmoothComplement::new(Halved { field: shell }), zero);
    assert!(smallest_eigenvalue(&half[0]) < -0.4 * found);
}

/// Softplus takes what is stored to `value`.
fn stored(value: f64) -> f64 {
    value.exp_m1().ln()
}

#[test]
fn half_of_a_lipschitz_bound_is_none_where_it_is_met() {
    let (tanh, hidden) = (ScalarFunction::Tanh, 5);
    // Without biases every scalar unit is at its steepest at 0, and with nonnegative weights all have one sign.
    let sigma = ElementwiseActivation::<NonNegative>::new(hidden, tanh, &mut source(1));
    assert_met(unbiased(sigma, hidden, None));
    let mut sigma =
        CascadedActivation::<NonNegative>::fixed([3, hidden], DIM, tanh, &mut source(1));
    sigma.bias = source(0).constant([3, hidden], 0.0);
    assert_met(unbiased(sigma, hidden, None));
    let mut sigma = NeuralActivation::<NonNegative>::new([hidden, 4], tanh, &mut source(1));
    sigma.bias = source(0).constant([hidden, 4], 0.0);
    assert_met(unbiased(sigma, hidden, None));
    let mut sigma =
        NeuralCascadedActivation::<NonNegative>::new([2, hidden, 4], DIM, tanh, &mut source(1));
    sigma.bias = source(0).constant([2, hidden], 0.0);
    sigma.inner_bias = source(0).constant([2, hidden, 4], 0.0);
    assert_met(unbiased(sigma, hidden, None));

    // A free scalar network whose negative units are flat at 0, its positive ones steep: max(1 · 2, 3 · 0.5) = 2.
    let mut sigma = NeuralActivation::<Free>::new([1, 2], tanh, &mut source(1));
    sigma.output = source(0).values([1, 2], vec![1.0, -3.0]);
    sigma.input = source(0).values([1, 2], vec![2.0, 0.5]);
    sigma.bias = source(0).values([1, 2], vec![0.0, 60.0]);
    assert_met(unbiased(sigma, 1, None));

    // The steepest piece of each spline, once inside the knots and once the outer one continued.
    let mut sigma = SplineActivation::<Free>::new([2, 5], 1.0, 1.0, &mut source(1));
    sigma.coefficients = source(0).values(
        [2, 5],
        vec![0.0, 0.1, 0.0, 4.0, 3.0, 0.2, 0.0, 0.1, 2.5, 2.6],
    );
    assert_met(unbiased(sigma.clone(), 2, None));
    let outer = vec![-9.0, 0.0, 0.1, 0.2, 0.0, -7.0, 0.0, 0.1, 0.2, 0.0];
    sigma.coefficients = source(0).values([2, 5], outer);
    let mut shell = unbiased(sigma, 2, None);
    shell.hidden_bias = Some(source(0).constant([2], -5.0));
    assert_met(shell);

    let mut sigma = IcgnActivation::new(hidden, DIM, &mut source(1));
    sigma.bias = source(0).constant([hidden], 0.0);
    assert_met(unbiased(sigma, hidden, None));
    let mut sigma = IcgnMonteCarlo::new(hidden, DIM, 3, &mut source(1));
    sigma.bias = source(0).constant([hidden], 0.0);
    assert_met(unbiased(sigma, hidden, None));
}

#[test]
fn half_of_the_bound_of_modules_is_none_where_it_is_met() {
    let mut origin = source(1);
    let sigma =
        ModularActivation::<_, _, NonNegative>::new(2, SigmoidBlock::new(2), One, &mut origin);
    assert_met(unbiased(sigma, 6, None));

    // One block with rows w, −w: p = (1/2, 1/2) at 0 and Wᵀ (diag p − p pᵀ) W = w wᵀ = 1/2 WᵀW.
    let opposite = vec![0.7, -1.2, 0.4, -0.7, 1.2, -0.4];
    for learned in [false, true] {
        let block = SoftmaxBlock::<NonNegative>::new(1, learned, &mut origin);
        let sigma = ModularActivation::<_, _, NonNegative>::new(1, block, One, &mut origin);
        assert_met(unbiased(sigma, 2, Some(opposite.clone())));
    }

    // a = 2, b = −3 at temperature 2: with two entries tied far above the third softmax bends, with two far below
    // softmin does, and only that one. The larger weight counts.
    let mut block = SoftmaxBlock::<Free>::new(1, true, &mut origin);
    block.temperature = source(0).constant([1], stored(2.0));
    let weights = [2.0, -3.0].map(|weight| source(0).constant([1], weight));
    block.mix = Some(weights.into());
    let mut sigma = ModularActivation::<_, _, Free>::new(1, block, One, &mut origin);
    // The softmin bends downwards, −3 · 2/2; the scale turns it round.
    sigma.alpha = source(0).constant([1], -1.5);
    let third = [opposite, vec![0.0; DIM]].concat();
    let mut shell = unbiased(sigma, 3, Some(third));
    shell.hidden_bias = Some(source(0).values([3], vec![0.0, 0.0, 50.0]));
    assert_met(shell);
}

#[test]
fn transformed_fields_are_gradients_monotone_under_thm_6_and_nest() {
    let mut origin = source(11);
    let tanh = ScalarFunction::Tanh;
    let free = FreeTransformation::new(3, tanh, &mut origin);
    let general = Transformed::new(free_cascade(1), free, &origin);
    assert_gradient(&general);
    let gamma = SoftplusTransformation::new(3, tanh, &mut origin);
    let convex = Transformed::new(convex_cascade(1), gamma.clone(), &origin);
    assert_monotone(&convex);
    assert_monotone(&Transformed::new(convex, gamma, &origin));
    // Without nonnegativity nothing is claimed, and nothing holds.
    let free = FreeTransformation::new(3, tanh, &mut origin);
    let unclaimed = Transformed::new(convex_cascade(1), free, &origin);
    assert!(!report(&unclaimed, Claim::Monotone).passed);
}

#[test]
fn a_centred_field_is_the_field_seen_from_its_centre() {
    let field = convex_cascade(3);
    let mut centred = Centred::new(field.clone(), 0.5, &source(0));
    centred.centre = source(0).values([DIM], vec![0.5, -1.0, 2.0]);
    assert_monotone(&centred);
    let x = points(4, 7);
    let shifted = x.clone() - centred.centre.val().unsqueeze();
    let expected = host(field.forward(shifted));
    for (a, b) in host(centred.forward(x)).iter().zip(expected) {
        assert!((a - b).abs() < 1e-14, "{a} against {b}");
    }
}

#[test]
fn a_positive_linear_part_starts_near_its_scale_times_the_identity() {
    let rank = 4000;
    let part = WithLinearPart::positive(convex_cascade(1), rank, 0.3, &mut source(3));
    let v = part.matrix.val();
    let gram = host(v.clone().transpose().matmul(v));
    // Each entry spreads by at most 0.3 √(2/4000), 0.007.
    for (index, entry) in gram.iter().enumerate() {
        let expected = if index % (DIM + 1) == 0 { 0.3 } else { 0.0 };
        assert!(
            (entry - expected).abs() < 0.03,
            "{entry} against {expected}"
        );
    }
}

#[test]
fn the_shell_around_a_log_sum_exp_of_quadratics_is_monotone() {
    for temperature in [0.5, 20.0, 500.0_f64] {
        let sigma = QuadraticLseActivation::new(3, temperature, &source(0));
        let shell = TiedNetwork::new([12, DIM], sigma, &mut source(4)).with_biases(&mut source(5));
        let report = report(&shell, Claim::Monotone);
        assert!(report.passed, "{report:?}");
    }
}
