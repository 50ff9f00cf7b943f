//! The fused operations beside the same operations unfused, on the shapes of the paper's networks.
//!
//! `cargo bench --workspace --bench kernels` on Flex, with `GRADNET_BENCH_BACKEND=wgpu` before it on
//! a GPU, and with `-- PART` for the measurements that have the part in their names. The numbers to
//! compare stand under one name: `fused`, `unfused`.

#![allow(clippy::type_complexity)] // the two forms of an operation, by name

use std::time::{Duration, Instant};

use burn::tensor::{Device, Tensor, TensorData};
use gradnet_kernels::{
    Cascade, CascadeFunction, Mix, SoftmaxModules, cascade, linear_spline, portable,
    softmax_modules,
};

/// The time that is spent on one measurement.
const TIME: Duration = Duration::from_secs(2);

/// Times calls and prints a line for each measurement.
struct Bench {
    /// What the names of the measurements asked for contain.
    part: Option<String>,
    /// Whether each call runs only once, as outside of `cargo bench`.
    once: bool,
}

impl Bench {
    fn from_arguments() -> Self {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        Self {
            once: !arguments.iter().any(|word| word == "--bench"),
            part: arguments.into_iter().find(|word| !word.starts_with("--")),
        }
    }

    /// The median time of a call; None if the measurement is not asked for.
    fn time<R>(&self, name: &str, mut call: impl FnMut() -> R) -> Option<Duration> {
        let asked = |part: &String| name.contains(part.as_str());
        if !self.part.as_ref().is_none_or(asked) {
            return None;
        }
        let mut timed = || {
            let start = Instant::now();
            std::hint::black_box(call());
            start.elapsed()
        };
        let begin = Instant::now();
        let mut times = vec![timed()];
        while !self.once && (begin.elapsed() < TIME || times.len() < 11) {
            times.push(timed());
        }
        times.sort_unstable();
        let median = times[times.len() / 2];
        println!("{name:<48} {:>12.3} µs", median.as_secs_f64() * 1e6);
        Some(median)
    }
}

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
    bench: &Bench,
    group: &str,
    inputs: impl Fn(&Device) -> I,
    forms: [(&str, fn(I) -> Tensor<2>); 2],
) {
    let device = device();
    // What an iteration starts, it waits for; where the processor computes there is nothing to wait for.
    let done = || device.sync().expect("the device computes");
    let plain = inputs(&device);
    let tracked = inputs(&device.clone().autodiff());
    for (form, run) in forms {
        bench.time(&format!("{group}/forward/{form}"), || {
            let output = run(plain.clone());
            done();
            output
        });
        bench.time(&format!("{group}/training/{form}"), || {
            let gradients = run(tracked.clone()).sum().backward();
            done();
            gradients
        });
    }
}

fn cascades(bench: &Bench) {
    type Inputs = (Tensor<2>, Cascade);
    let forms: [(&str, fn(Inputs) -> Tensor<2>); 2] = [
        ("fused", |(w, of)| cascade(w, of)),
        ("unfused", |(w, of)| portable::cascade(w, of)),
    ];
    for case in CASCADES {
        let inputs = |device: &Device| {
            let parameter = |low| spread([4, case.hidden], low, device);
            let w = spread([case.batch, case.hidden], -0.5, device);
            let cascade = Cascade {
                alpha: parameter(0.2),
                beta: parameter(0.4),
                bias: parameter(-0.5),
                function: CascadeFunction::Learned {
                    a: parameter(0.3),
                    b: parameter(0.1),
                },
            };
            (w, cascade)
        };
        measure(bench, &format!("cascade {}", case.name), inputs, forms);
    }
}

fn modules(bench: &Bench) {
    type Inputs = (Tensor<2>, SoftmaxModules);
    let forms: [(&str, fn(Inputs) -> Tensor<2>); 2] = [
        ("fused", |(z, of)| softmax_modules(z, of)),
        ("unfused", |(z, of)| portable::softmax_modules(z, of)),
    ];
    for case in MODULES {
        let inputs = |device: &Device| {
            let z = spread([case.batch, 4 * case.hidden], -0.5, device);
            let parameter = |low| spread([4], low, device);
            let modules = SoftmaxModules {
                alpha: parameter(0.2),
                temperature: parameter(0.9),
                mix: Some(Mix {
                    a: parameter(0.4),
                    b: parameter(0.1),
                }),
            };
            (z, modules)
        };
        measure(
            bench,
            &format!("softmax modules {}", case.name),
            inputs,
            forms,
        );
    }
}

fn splines(bench: &Bench) {
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
    measure(bench, "linear spline d32", inputs, forms);
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
fn processor(bench: &Bench) {
    if !std::arch::is_x86_feature_detected!("avx512f") {
        eprintln!(
            "skipped: the processor's multiply-adds are measured with AVX-512, which it has not"
        );
        return;
    }
    let all = std::thread::available_parallelism().map_or(1, usize::from);
    for threads in [1, all] {
        let name = format!("processor multiply-adds/{threads} threads");
        let time = bench.time(&name, || {
            std::thread::scope(|scope| {
                for _ in 0..threads {
                    // SAFETY: the processor has the feature, as asked above.
                    scope.spawn(|| std::hint::black_box(unsafe { multiply_adds() }));
                }
            });
        });
        if let Some(time) = time {
            let operations = (threads * ROUNDS * 24 * 16 * 2) as f64;
            let rate = operations / time.as_secs_f64() / 1e9;
            println!("{:<48} {rate:>12.1} GFLOP/s", "");
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn processor(_: &Bench) {}

fn main() {
    let bench = Bench::from_arguments();
    cascades(&bench);
    modules(&bench);
    splines(&bench);
    processor(&bench);
}
