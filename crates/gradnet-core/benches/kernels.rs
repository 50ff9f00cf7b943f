//! The fused operations beside the same operations unfused, on the shapes of the paper's networks.
//!
//! `cargo bench --workspace --bench kernels` on Flex, with `GRADNET_BENCH_BACKEND=wgpu` before it on a GPU; the numbers to compare stand under
//! one name: `fused`, `unfused`.

#![allow(clippy::type_complexity)] // the two forms of an operation, by name

use burn::tensor::{Device, Tensor, TensorData};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
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

/// Inputs in [low, low + 1), spread evenly enough for a measurement; parameters where the device differentiates.
fn spread<const D: usize>(shape: [usize; D], low: f32, device: &Device) -> Tensor<D> {
    let count = shape.iter().product::<usize>();
    let numbers = (0..count).map(|i| low + (i as f32 * 0.618_034).fract());
    let data = TensorData::new(numbers.collect::<Vec<_>>(), shape);
    let tensor = Tensor::from_data(data, device);
    if device.is_autodiff() {
        tensor.require_grad()
    } else {
        tensor
    }
}

/// The device that `GRADNET_BENCH_BACKEND` names; Flex if it names none.
fn device() -> Device {
    match std::env::var("GRADNET_BENCH_BACKEND").as_deref() {
        Err(_) | Ok("flex") => Device::flex(),
        #[cfg(feature = "wgpu")]
        Ok("wgpu") => Device::wgpu(burn::tensor::DeviceKind::DefaultDevice),
        Ok(other) => panic!(
            "GRADNET_BENCH_BACKEND is {other:?}: this build has flex and, with its feature, wgpu"
        ),
    }
}

/// Measures a forward pass, and a forward with its backward pass, of both forms of an operation.
fn measure<I: Clone>(
    c: &mut Criterion,
    group: &str,
    inputs: impl Fn(&Device) -> I,
    forms: [(&str, fn(I) -> Tensor<2>); 2],
) {
    let device = device();
    // What an iteration starts, it waits for; where the processor computes there is nothing to wait for.
    let done = || device.sync().expect("the device computes");
    let plain = inputs(&device);
    let tracked = inputs(&device.clone().autodiff());
    let mut group = c.benchmark_group(group);
    for (form, run) in forms {
        group.bench_function(format!("forward/{form}"), |b| {
            b.iter(|| {
                let output = run(plain.clone());
                done();
                output
            });
        });
        group.bench_function(format!("training/{form}"), |b| {
            b.iter(|| {
                let gradients = run(tracked.clone()).sum().backward();
                done();
                gradients
            });
        });
    }
    group.finish();
}

fn cascades(c: &mut Criterion) {
    type Inputs = (Tensor<2>, [Tensor<2>; 3], CascadeFunction);
    let forms: [(&str, fn(Inputs) -> Tensor<2>); 2] = [
        ("fused", |(w, [alpha, beta, bias], function)| {
            cascade(w, alpha, beta, bias, function)
        }),
        ("unfused", |(w, [alpha, beta, bias], function)| {
            portable::cascade(w, alpha, beta, bias, function)
        }),
    ];
    for case in CASCADES {
        let inputs = |device: &Device| {
            let parameter = |low| spread([4, case.hidden], low, device);
            let w = spread([case.batch, case.hidden], -0.5, device);
            let function = CascadeFunction::Learned {
                a: parameter(0.3),
                b: parameter(0.1),
            };
            (
                w,
                [parameter(0.2), parameter(0.4), parameter(-0.5)],
                function,
            )
        };
        measure(c, &format!("cascade {}", case.name), inputs, forms);
    }
}

fn modules(c: &mut Criterion) {
    type Inputs = (Tensor<2>, [Tensor<1>; 4]);
    let forms: [(&str, fn(Inputs) -> Tensor<2>); 2] = [
        ("fused", |(z, [alpha, temperature, a, b])| {
            softmax_modules(z, alpha, temperature, Some(a), Some(b), 4)
        }),
        ("unfused", |(z, [alpha, temperature, a, b])| {
            portable::softmax_modules(z, alpha, temperature, Some(a), Some(b), 4)
        }),
    ];
    for case in MODULES {
        let inputs = |device: &Device| {
            let z = spread([case.batch, 4 * case.hidden], -0.5, device);
            (z, [0.2, 0.9, 0.4, 0.1].map(|low| spread([4], low, device)))
        };
        measure(c, &format!("softmax modules {}", case.name), inputs, forms);
    }
}

fn splines(c: &mut Criterion) {
    type Inputs = (Tensor<2>, Tensor<2>);
    let forms: [(&str, fn(Inputs) -> Tensor<2>); 2] = [
        ("fused", |(z, coefficients)| {
            linear_spline(z, coefficients, 0.5)
        }),
        ("unfused", |(z, coefficients)| {
            portable::linear_spline(z, coefficients, 0.5)
        }),
    ];
    let inputs = |device: &Device| {
        let z = spread([100, 629], -0.5, device);
        (z, spread([629, 7], -0.5, device))
    };
    measure(c, "linear spline d32", inputs, forms);
}

/// Multiply-adds of a call of [`multiply_adds`].
#[cfg(target_arch = "x86_64")]
const ROUNDS: usize = 100_000;

/// 24 sums of 16 lanes that wait for nothing but the processor.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn multiply_adds() -> f32 {
    use std::arch::x86_64::{_mm512_add_ps, _mm512_fmadd_ps, _mm512_reduce_add_ps, _mm512_set1_ps};
    let (a, b) = (_mm512_set1_ps(1.000_001), _mm512_set1_ps(0.999));
    let mut sums = [b; 24];
    for _ in 0..ROUNDS {
        for sum in &mut sums {
            *sum = _mm512_fmadd_ps(a, b, *sum);
        }
    }
    _mm512_reduce_add_ps(sums.into_iter().fold(b, |all, sum| _mm512_add_ps(all, sum)))
}

/// What no matrix product can exceed: operations a second of one thread, and of all at once.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
fn processor(c: &mut Criterion) {
    if !std::arch::is_x86_feature_detected!("avx512f") {
        eprintln!(
            "skipped: the processor's multiply-adds are measured with AVX-512, which it has not"
        );
        return;
    }
    let mut group = c.benchmark_group("processor multiply-adds");
    for threads in [
        1,
        std::thread::available_parallelism().map_or(1, usize::from),
    ] {
        let operations = threads * ROUNDS * 24 * 16 * 2;
        group.throughput(Throughput::Elements(operations as u64));
        group.bench_function(format!("{threads} threads"), |b| {
            b.iter(|| {
                std::thread::scope(|scope| {
                    for _ in 0..threads {
                        // SAFETY: the processor has the feature, as asked above.
                        scope.spawn(|| std::hint::black_box(unsafe { multiply_adds() }));
                    }
                });
            });
        });
    }
    group.finish();
}

#[cfg(not(target_arch = "x86_64"))]
fn processor(_: &mut Criterion) {}

criterion_group!(kernels, cascades, modules, splines, processor);
criterion_main!(kernels);
