//! The fused operations beside the same operations unfused, on the shapes of the paper's networks (Flex).
//!
//! `cargo bench --workspace --bench kernels`; the numbers to compare stand under one name: `fused`, `unfused`.

use burn::tensor::{Device, Tensor, TensorData};
use criterion::{Criterion, criterion_group, criterion_main};
use gradnet_core::kernel::{CascadeFunction, cascade, linear_spline, portable, softmax_modules};

/// Hidden units (or a module's width) and batch of a case.
struct Case {
    name: &'static str,
    batch: usize,
    hidden: usize,
}

const CASCADES: [Case; 4] = [
    Case {
        name: "d2",
        batch: 1000,
        hidden: 7,
    },
    Case {
        name: "d32",
        batch: 100,
        hidden: 629,
    },
    Case {
        name: "d256",
        batch: 100,
        hidden: 948,
    },
    Case {
        name: "d1024",
        batch: 100,
        hidden: 1003,
    },
];

const MODULES: [Case; 4] = [
    Case {
        name: "d2",
        batch: 1000,
        hidden: 7,
    },
    Case {
        name: "d32",
        batch: 100,
        hidden: 247,
    },
    Case {
        name: "d256",
        batch: 100,
        hidden: 254,
    },
    Case {
        name: "d1024",
        batch: 100,
        hidden: 255,
    },
];

/// Numbers in [low, low + 1) from their place, spread evenly enough for a measurement.
fn spread<const D: usize>(shape: [usize; D], low: f32, device: &Device) -> Tensor<D> {
    let count = shape.iter().product::<usize>();
    let numbers = (0..count).map(|i| low + (i as f32 * 0.618_034).fract());
    Tensor::from_data(TensorData::new(numbers.collect::<Vec<_>>(), shape), device)
}

/// Measures a forward pass, and a forward with its backward pass.
fn measure(c: &mut Criterion, group: &str, form: &str, run: impl Fn(&Device) -> Tensor<2>) {
    let device = Device::flex();
    let tracked = Device::flex().autodiff();
    let mut group = c.benchmark_group(group);
    group.bench_function(format!("forward/{form}"), |b| b.iter(|| run(&device)));
    group.bench_function(format!("training/{form}"), |b| {
        b.iter(|| run(&tracked).sum().backward());
    });
    group.finish();
}

fn cascades(c: &mut Criterion) {
    for case in CASCADES {
        let shape = [4, case.hidden];
        let inputs = |device: &Device| {
            let parameter = |low| spread(shape, low, device).require_grad();
            let w = spread([case.batch, case.hidden], -0.5, device).require_grad();
            let function = CascadeFunction::Learned {
                a: parameter(0.3),
                b: parameter(0.1),
            };
            (w, parameter(0.2), parameter(0.4), parameter(-0.5), function)
        };
        let group = format!("cascade {}", case.name);
        measure(c, &group, "fused", |device| {
            let (w, alpha, beta, bias, function) = inputs(device);
            cascade(w, alpha, beta, bias, function)
        });
        measure(c, &group, "unfused", |device| {
            let (w, alpha, beta, bias, function) = inputs(device);
            portable::cascade(w, alpha, beta, bias, function)
        });
    }
}

fn modules(c: &mut Criterion) {
    for case in MODULES {
        let inputs = |device: &Device| {
            let parameter = |low| spread([4], low, device).require_grad();
            let z = spread([case.batch, 4 * case.hidden], -0.5, device).require_grad();
            (
                z,
                [
                    parameter(0.2),
                    parameter(0.9),
                    parameter(0.4),
                    parameter(0.1),
                ],
            )
        };
        let group = format!("softmax modules {}", case.name);
        measure(c, &group, "fused", |device| {
            let (z, [alpha, temperature, a, b]) = inputs(device);
            softmax_modules(z, alpha, temperature, Some(a), Some(b), 4)
        });
        measure(c, &group, "unfused", |device| {
            let (z, [alpha, temperature, a, b]) = inputs(device);
            portable::softmax_modules(z, alpha, temperature, Some(a), Some(b), 4)
        });
    }
}

fn splines(c: &mut Criterion) {
    let inputs = |device: &Device| {
        let z = spread([100, 629], -0.5, device).require_grad();
        (z, spread([629, 7], -0.5, device).require_grad())
    };
    measure(c, "linear spline d32", "fused", |device| {
        let (z, coefficients) = inputs(device);
        linear_spline(z, coefficients, 0.5)
    });
    measure(c, "linear spline d32", "unfused", |device| {
        let (z, coefficients) = inputs(device);
        portable::linear_spline(z, coefficients, 0.5)
    });
}

criterion_group!(kernels, cascades, modules, splines);
criterion_main!(kernels);
