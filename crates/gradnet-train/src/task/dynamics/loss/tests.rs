use burn::module::{Module, Param};
use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};
use gradnet_core::VectorField;
use gradnet_core::analysis::host;

use super::rollout::follow;
use super::*;
use crate::data::file::Similarity;
use crate::task::dynamics::coefficients::Coefficients;
use crate::task::dynamics::flow::{Flow, Structure};
use crate::task::dynamics::kind::Kind;
use crate::task::dynamics::paths::Path;
use crate::task::dynamics::window::Window;

/// `H = a q²/2 + b q⁴/4 + p²/2`, so `g = (a q + b q³, p)`.
#[derive(Module, Debug)]
struct Spring {
    a: Param<Tensor<1>>,
    b: Param<Tensor<1>>,
}

impl Spring {
    fn new(a: f64, b: f64) -> Self {
        let device = Device::flex().autodiff();
        let number = |x: f64| {
            Param::from_tensor(Tensor::from_data(
                TensorData::new(vec![x], [1]),
                (&device, DType::F64),
            ))
        };
        Self {
            a: number(a),
            b: number(b),
        }
    }

    fn a(&self) -> Tensor<2> {
        self.a.val().unsqueeze()
    }

    fn b(&self) -> Tensor<2> {
        self.b.val().unsqueeze()
    }
}

impl VectorField for Spring {
    fn dim(&self) -> usize {
        2
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let [q, p] = [x.clone().narrow(1, 0, 1), x.narrow(1, 1, 1)];
        Tensor::cat(
            vec![q.clone() * self.a() + q.powi_scalar(3) * self.b(), p],
            1,
        )
    }

    fn jacobian_vector(&self, x: Tensor<2>, v: Tensor<2>) -> Tensor<2> {
        let q = x.narrow(1, 0, 1);
        let [vq, vp] = [v.clone().narrow(1, 0, 1), v.narrow(1, 1, 1)];
        Tensor::cat(vec![(self.a() + q.square() * self.b() * 3.0) * vq, vp], 1)
    }
}

const KINDS: [Kind; 4] = [
    Kind::Hamiltonian,
    Kind::Separable,
    Kind::GradientFlow,
    Kind::Dissipative,
];

/// Two paths of no system in particular, with uneven times and an input.
fn scattered() -> Vec<Path> {
    let path = |shift: f64| {
        let times = [0.0, 0.3, 0.5, 0.9, 1.0, 1.4];
        let states = times.iter().flat_map(|t| {
            [
                (2.0 * t + shift).sin() + 0.1 * shift,
                (3.0 * t).cos() - 0.2 * t * shift,
            ]
        });
        Path {
            number: 0.0,
            states: states.collect(),
            inputs: times.iter().map(|t| (5.0 * t + shift).cos()).collect(),
            times: times.to_vec(),
        }
    };
    vec![path(0.0), path(1.0)]
}

fn window(paths: &[Path], length: usize) -> Window {
    let picks: Vec<(&Path, usize)> = paths.iter().map(|path| (path, 0)).collect();
    Window::new(
        &picks,
        length,
        &Similarity::identity(2),
        &Device::flex(),
        FloatDType::F64,
    )
}

fn coefficients() -> Coefficients {
    Coefficients {
        friction: 0.3,
        inputs: nalgebra::DMatrix::from_column_slice(2, 1, &[0.2, -0.5]),
    }
}

fn number(tensor: Tensor<1>) -> f64 {
    host(tensor)[0]
}

/// The derivatives of a loss by `a` and `b`, from autodiff and from central differences.
fn derivatives(loss: impl Fn(&Spring) -> Tensor<1>) -> [(f64, f64); 2] {
    let (a, b) = (1.2, -0.3);
    let spring = Spring::new(a, b);
    let gradients = loss(&spring).backward();
    let exact =
        [&spring.a, &spring.b].map(|parameter| number(parameter.val().grad(&gradients).unwrap()));
    let step = 1e-5;
    let at = |a: f64, b: f64| number(loss(&Spring::new(a, b)));
    let differences = [
        at(a + step, b) - at(a - step, b),
        at(a, b + step) - at(a, b - step),
    ]
    .map(|d| d / (2.0 * step));
    [(exact[0], differences[0]), (exact[1], differences[1])]
}

#[test]
fn the_rollouts_adjoint_gradient_is_the_difference_quotient_for_every_kind() {
    let window = window(&scattered(), 5);
    let how = Rollout {
        substeps: 2,
        start_steps: 0,
    };
    for kind in KINDS {
        for (exact, difference) in
            derivatives(|spring| rollout(spring, kind, &coefficients(), &window, how))
        {
            assert!(
                (exact - difference).abs() < 1e-7 * difference.abs().max(1.0),
                "{kind:?}: {exact} {difference}"
            );
            assert!(difference.abs() > 1e-3, "{kind:?}: the weight matters");
        }
    }
}

/// At the best start the loss of the window does not move with the start: the derivative is that with the start held
/// fixed.
#[test]
fn fitted_starts_leave_the_gradient_exact() {
    let window = window(&scattered(), 5);
    let how = Rollout {
        substeps: 1,
        start_steps: 12,
    };
    let whole = |spring: &Spring| {
        // The start's own square is part of what the start minimises, and not of the loss.
        let quiet = spring.valid();
        let flow = Flow::new(&quiet, coefficients().structure(Kind::Hamiltonian));
        let start = fit_starts(&flow, &window, &coefficients(), how) - window.states[0].clone();
        rollout(spring, Kind::Hamiltonian, &coefficients(), &window, how)
            + start.square().sum() / 20.0
    };
    for (exact, difference) in derivatives(whole) {
        assert!((exact - difference).abs() < 1e-7, "{exact} {difference}");
    }
}

#[test]
fn the_midpoint_loss_is_its_formula_and_its_gradient_the_difference_quotient() {
    let paths = scattered();
    let window = window(&paths, 5);
    for kind in KINDS {
        let loss = |spring: &Spring| midpoint(spring, kind, &coefficients(), &window);
        for (exact, difference) in derivatives(loss) {
            assert!(
                (exact - difference).abs() < 1e-7,
                "{kind:?}: {exact} {difference}"
            );
        }
        let mut sum = 0.0;
        for path in &paths {
            for n in 0..5 {
                let (h, u) = (path.step(n), path.input(n)[0]);
                let [q, p] = [0, 1].map(|i| 0.5 * (path.state(n)[i] + path.state(n + 1)[i]));
                let g = [1.2 * q - 0.3 * q.powi(3), p];
                let mut moved = kind.turned(&g);
                if kind == Kind::Dissipative {
                    moved[1] -= 0.3 * g[1];
                }
                for (i, b) in [0.2, -0.5].iter().enumerate() {
                    let quotient = (path.state(n + 1)[i] - path.state(n)[i]) / h;
                    sum += (quotient - moved[i] - b * u).powi(2);
                }
            }
        }
        let found = number(loss(&Spring::new(1.2, -0.3)));
        assert!(
            (found - sum / 20.0).abs() < 1e-12,
            "{kind:?}: {found} {}",
            sum / 20.0
        );
    }
}

/// The midpoint rule turns the oscillator `q' = p, p' = −q` by `2 arctan(h/2)` a step, exactly: Cayley's transform of
/// the rotation.
#[test]
fn on_the_oscillator_the_midpoint_rule_is_a_rotation_and_the_loss_of_the_truth_is_zero() {
    let times: Vec<f64> = vec![0.0, 0.2, 0.7, 0.9, 1.9];
    let mut angle = 0.4f64;
    let mut states = vec![angle.cos(), angle.sin()];
    for pair in times.windows(2) {
        angle -= 2.0 * ((pair[1] - pair[0]) / 2.0).atan();
        states.extend([angle.cos(), angle.sin()]);
    }
    let path = Path {
        number: 0.0,
        times,
        states,
        inputs: Vec::new(),
    };
    let none = Coefficients::given(0.0, 2);
    let window = window(&[path], 4);
    let truth = Spring::new(1.0, 0.0);
    let how = Rollout {
        substeps: 1,
        start_steps: 0,
    };
    let loss = number(rollout(&truth, Kind::Hamiltonian, &none, &window, how));
    assert!(loss < 1e-24, "{loss}");
    assert!(number(midpoint(&truth, Kind::Hamiltonian, &none, &window)) < 1e-24);
    // A start that was measured wrong by (0.1, -0.2) is found again, from the samples after it and its own wrong one:
    // for a rotation M'M = I, so it is the mean of five, of which one is wrong.
    let mut wrong = window.clone();
    let off = Tensor::<2>::from_data(
        TensorData::new(vec![0.1, -0.2], [1, 2]),
        (&Device::flex(), DType::F64),
    );
    wrong.states[0] = wrong.states[0].clone() + off.clone();
    let quiet = truth.valid();
    let flow = Flow::new(
        &quiet,
        Structure {
            kind: Kind::Hamiltonian,
            friction: 0.0,
        },
    );
    let start = fit_starts(
        &flow,
        &wrong,
        &none,
        Rollout {
            substeps: 1,
            start_steps: 2,
        },
    );
    let left = host(start - window.states[0].clone() - off / 5.0);
    assert!(left.iter().all(|left| left.abs() < 1e-10), "{left:?}");
}

/// A path of the very equations, in fine steps: what the closed form finds is what was put in.
#[test]
fn friction_and_inputs_are_found_again() {
    let spring = Spring::new(1.0, 0.2);
    let quiet = spring.valid();
    let truth = Coefficients {
        friction: 0.25,
        inputs: nalgebra::DMatrix::from_column_slice(2, 1, &[0.0, 0.7]),
    };
    let count = 200;
    let paths: Vec<Path> = (0..3)
        .map(|i| {
            let times: Vec<f64> = (0..=count).map(|k| 0.02 * f64::from(k)).collect();
            let inputs = times
                .iter()
                .map(|t| (2.0 * t + f64::from(i)).sin())
                .collect();
            let states = times
                .iter()
                .flat_map(|_| [1.0 + 0.3 * f64::from(i), -0.5])
                .collect();
            Path {
                number: 0.0,
                times,
                states,
                inputs,
            }
        })
        .collect();
    let mut window = window(&paths, 200);
    let flow = Flow::new(&quiet, truth.structure(Kind::Dissipative));
    window.states = follow(&flow, window.states[0].clone(), &window, &truth, 1).states;
    let found = Coefficients::find(&quiet, Kind::Dissipative, None, &window);
    assert!((found.friction - 0.25).abs() < 1e-6, "{found:?}");
    assert!((found.inputs - &truth.inputs).norm() < 1e-6);
    // What is given is not looked for, and friction is never negative.
    let given = Coefficients::find(&quiet, Kind::Dissipative, Some(0.25), &window);
    assert_eq!(given.friction, 0.25);
    let driven = Coefficients {
        friction: -0.3,
        inputs: truth.inputs,
    };
    let flow = Flow::new(&quiet, driven.structure(Kind::Dissipative));
    window.states = follow(&flow, window.states[0].clone(), &window, &driven, 1).states;
    assert_eq!(
        Coefficients::find(&quiet, Kind::Dissipative, None, &window).friction,
        0.0
    );
}

/// Over 80 samples of a stiff spring the undamped step from a start that is 0.7 off makes the sum of squares larger:
/// it is taken back. From one that is 0.2 off the steps come to the start that the path has, but for what the wrong
/// sample itself pulls.
#[test]
fn a_step_that_leads_away_is_taken_back() {
    let spring = Spring::new(1.0, 3.0);
    let quiet = spring.valid();
    let structure = Structure {
        kind: Kind::Separable,
        friction: 0.0,
    };
    let flow = Flow::new(&quiet, structure);
    let times: Vec<f64> = (0..=80).map(|k| 0.1 * f64::from(k)).collect();
    let path = Path {
        number: 0.0,
        states: [1.0, 0.3].repeat(times.len()),
        inputs: Vec::new(),
        times,
    };
    let none = Coefficients {
        friction: 0.0,
        inputs: nalgebra::DMatrix::zeros(2, 0),
    };
    let window = window(&[path], 80);
    let truth = window.states[0].clone();
    let states = follow(&flow, truth.clone(), &window, &none, 1).states;
    let fits = |off: f64| -> Vec<(f64, Vec<f64>)> {
        let mut measured = Window {
            states: states.clone(),
            ..window.clone()
        };
        measured.states[0] = truth.clone() + off;
        let fit = |start_steps| {
            let how = Rollout {
                substeps: 1,
                start_steps,
            };
            let start = fit_starts(&flow, &measured, &none, how);
            let followed = follow(&flow, start.clone(), &measured, &none, 1).states;
            let errors = followed.into_iter().zip(&measured.states);
            let squares = errors.map(|(a, b)| host((a - b.clone()).square()).iter().sum::<f64>());
            (squares.sum(), host(start))
        };
        (0..=12).map(fit).collect()
    };
    for (off, goal) in [(0.7, 0.97), (0.2, 1e-3)] {
        let found = fits(off);
        let falls = found.windows(2).all(|pair| pair[1].0 <= pair[0].0);
        assert!(falls && found[12].0 < goal * found[0].0, "{found:?}");
    }
    let far = fits(0.7);
    assert_eq!(far[0], far[1]);
    assert!(far[2].0 < far[1].0);
    let (_, start) = &fits(0.2)[12];
    assert!((start[0] - 1.0).abs() < 0.02 && (start[1] - 0.3).abs() < 0.02);
}
