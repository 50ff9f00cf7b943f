use burn::tensor::{DType, Device, TensorData};
use gradnet_core::analysis::{host, in_double_precision};
use gradnet_core::network::{GradNetC, GradNetCConfig};

use super::*;
use crate::task::dynamics::flow::Structure;

const KINDS: [Kind; 4] = [
    Kind::Hamiltonian,
    Kind::Separable,
    Kind::GradientFlow,
    Kind::Dissipative,
];

fn network(dim: usize) -> GradNetC {
    let device = Device::flex();
    device.seed(3);
    let network = GradNetCConfig::new(dim).with_width(8).init(&device);
    in_double_precision(network, &device)
}

fn structure(kind: Kind) -> Structure {
    let friction = if kind == Kind::Dissipative { 0.3 } else { 0.0 };
    Structure { kind, friction }
}

fn tensor(x: &[f64], width: usize) -> Tensor<2> {
    let rows = x.len() / width;
    Tensor::from_data(
        TensorData::new(x.to_vec(), [rows, width]),
        (&Device::flex(), DType::F64),
    )
}

/// Steps of these lengths, one after the other, for one row.
fn after(kind: Kind, x: &[f64], steps: &[f64]) -> Vec<f64> {
    let network = network(x.len());
    let flow = Flow::new(&network, structure(kind));
    let end = steps.iter().fold(tensor(x, x.len()), |x, h| {
        step(&flow, x, tensor(&[*h], 1), None).0
    });
    host(end)
}

const START: [f64; 4] = [0.6, -0.4, 0.9, 0.5];

#[test]
fn the_midpoint_satisfies_its_equation_and_long_steps_do_too() {
    let network = network(4);
    for kind in [Kind::Hamiltonian, Kind::GradientFlow, Kind::Dissipative] {
        let flow = Flow::new(&network, structure(kind));
        for h in [0.1, 1.0, 5.0] {
            let x = tensor(&START, 4);
            let (next, _) = step(&flow, x.clone(), tensor(&[h], 1), None);
            let z = (x.clone() + next.clone()) * 0.5;
            let off = next - x - flow.velocity(z, None) * h;
            assert!(
                host(off).iter().all(|off| off.abs() < 1e-12),
                "{kind:?} {h}"
            );
        }
    }
}

/// Halving the step divides the error by 4: order 2.
#[test]
fn both_methods_are_of_order_two() {
    for kind in KINDS {
        let error = |count: usize| {
            let fine = after(kind, &START, &vec![1.0 / 256.0; 256]);
            let coarse = after(kind, &START, &vec![1.0 / count as f64; count]);
            let squares = fine.iter().zip(coarse).map(|(a, b)| (a - b).powi(2));
            squares.sum::<f64>().sqrt()
        };
        let order = (error(4) / error(8)).log2();
        assert!((order - 2.0).abs() < 0.15, "{kind:?}: {order}");
    }
}

#[test]
fn a_step_forward_and_one_back_is_none() {
    for kind in KINDS {
        for (x, back) in START.iter().zip(after(kind, &START, &[0.3, -0.3])) {
            assert!((x - back).abs() < 1e-12, "{kind:?}");
        }
    }
}

/// The derivative of a step: `Mᵀ J M = J` for Hamilton's equations, which is what symplectic means.
#[test]
fn steps_of_hamiltonian_kinds_are_symplectic() {
    let network = network(4);
    for kind in [Kind::Hamiltonian, Kind::Separable] {
        let flow = Flow::new(&network, structure(kind));
        let (_, trace) = step(&flow, tensor(&START, 4), tensor(&[0.7], 1), None);
        let column = |j: usize| {
            let mut unit = [0.0; 4];
            unit[j] = 1.0;
            let end = trace
                .iter()
                .fold(tensor(&unit, 4), |d, stage| stage.tangent(&flow, d));
            host(end)
        };
        let m: Vec<Vec<f64>> = (0..4).map(column).collect();
        for i in 0..4 {
            for j in 0..4 {
                let form: f64 = (0..2)
                    .map(|k| m[i][k] * m[j][k + 2] - m[i][k + 2] * m[j][k])
                    .sum();
                let expected = if j == i + 2 {
                    1.0
                } else if i == j + 2 {
                    -1.0
                } else {
                    0.0
                };
                assert!((form - expected).abs() < 1e-11, "{kind:?} {i} {j}: {form}");
            }
        }
    }
}

/// Tangents against central differences, and adjoints against tangents: `⟨λ, M δ⟩ = ⟨Mᵀ λ, δ⟩`.
#[test]
fn tangents_are_differences_and_adjoints_their_transposes() {
    let network = network(4);
    let (delta, lambda) = ([0.2, -0.5, 0.3, 0.7], [1.1, 0.4, -0.6, 0.2]);
    let drive = tensor(&[0.1, 0.0, -0.2, 0.3], 4);
    for kind in KINDS {
        let flow = Flow::new(&network, structure(kind));
        let taken = |by: f64| {
            let moved: Vec<f64> = START.iter().zip(delta).map(|(x, d)| x + by * d).collect();
            step(&flow, tensor(&moved, 4), tensor(&[0.4], 1), Some(&drive))
        };
        let (_, trace) = taken(0.0);
        let tangent = host(
            trace
                .iter()
                .fold(tensor(&delta, 4), |d, stage| stage.tangent(&flow, d)),
        );
        let (ahead, behind) = (host(taken(1e-5).0), host(taken(-1e-5).0));
        for i in 0..4 {
            let slope = (ahead[i] - behind[i]) / 2e-5;
            assert!(
                (slope - tangent[i]).abs() < 1e-8,
                "{kind:?}: {slope} {}",
                tangent[i]
            );
        }
        let back = trace
            .iter()
            .rev()
            .fold(tensor(&lambda, 4), |l, stage| stage.adjoint(&flow, l).0);
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let (left, right) = (dot(&lambda, &tangent), dot(&host(back), &delta));
        assert!((left - right).abs() < 1e-11, "{kind:?}: {left} {right}");
    }
}
