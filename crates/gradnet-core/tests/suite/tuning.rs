//! wgpu chooses kernels by timing them and remembers the choice; whichever it chooses must compute what the processor
//! does.
//!
//! Burn's operations alone, in the shapes of a small run, are computed on wgpu by a process of its own whose cache of
//! choices and whose home are empty, as on a new machine. `-- --ignored` repeats it twenty times. With the feature
//! `fusion`, which fuses chains of these operations, Burn 0.22.1 fails it (docs/backends.md).

#![cfg(all(feature = "wgpu", feature = "flex"))]
use std::process::Command;

use burn::tensor::{Device, DeviceKind, DeviceType, Tensor, TensorData};

/// Set for the process that computes: to the number of the tuning.
const CHILD: &str = "GRADNET_TUNING";

/// What rounding may leave, relative in the 2-norm.
const ROUNDING: f64 = 1e-4;

/// Numbers between -1 and 1.
fn numbers(rows: usize, columns: usize, device: &Device) -> Tensor<2> {
    let value =
        |index: usize| (0.37 + 1.7 * index as f64 + 0.013 * (index * index % 971) as f64).sin();
    let data: Vec<f32> = (0..rows * columns)
        .map(|index| value(index) as f32)
        .collect();
    Tensor::from_data(TensorData::new(data, [rows, columns]), device)
}

/// The gradient of the larger of two quadratic forms, in halves: products whose columns are narrowed, multiplied and
/// summed, as target (22) is computed.
fn larger_of_two_forms(points: Tensor<2>, device: &Device) -> Tensor<2> {
    let [_, dim] = points.dims();
    let half = dim / 2;
    let from_even = numbers(half, 3 * half, device);
    let from_odd = numbers(half, 3 * half, device) * 0.5;
    let z = points - 0.5;
    let reversed = z.clone().flip([1]).narrow(1, 0, half);
    let front = z.narrow(1, 0, half);
    let odd = front.clone() - reversed.clone();
    let even = front + reversed;
    let of_even = even.matmul(from_even);
    let of_odd = odd.clone().matmul(from_odd);
    let part = |k: usize| of_even.clone().narrow(1, k * half, half);
    let other = |k: usize| of_odd.clone().narrow(1, k * half, half);
    let b = (part(1) * odd.clone()).sum_dim(1);
    let a = (part(2) * odd).sum_dim(1);
    let not_b = a.clone().abs().greater(b);
    let of_b = a.ones_like().mask_fill(not_b.clone(), 0.0);
    let of_a = a.zeros_like().mask_where(not_b, a.sign());
    let even = part(0) + other(1) * of_b.clone() + other(2) * of_a.clone();
    let odd = other(0) + part(1) * of_b + part(2) * of_a;
    Tensor::cat(vec![even.clone() + odd.clone(), (even - odd).flip([1])], 1)
}

/// Two sums of rows, compared, and rows that are chosen by the comparison: the least that a fused kernel of Burn 0.22.1
/// gets wrong.
fn chosen_by_sums(rows: usize, columns: usize, device: &Device) -> Tensor<2> {
    let table = |scale: f64| numbers(rows, columns, device) * scale + 0.1;
    let [x, y, u, v, w, s, t] = [1.0, -0.5, 0.7, 0.3, 0.2, 0.9, 0.6].map(table);
    let p = (x * y.clone()).sum_dim(1);
    let q = (u * y).sum_dim(1);
    let larger = || q.clone().greater(p.clone());
    let of_p = p.ones_like().mask_fill(larger(), 0.0);
    let of_q = q.zeros_like().mask_where(larger(), q.clone().sign());
    let first = v * of_p.clone() + w * of_q.clone();
    Tensor::cat(vec![first, s * of_p + t * of_q], 1)
}

/// Shapes of products.
const PRODUCTS: [(usize, usize); 6] = [(4, 12), (8, 1), (8, 82), (82, 8), (32, 247), (247, 32)];

/// A case: its name and its numbers.
type Case = (String, Vec<f32>);

fn read(tensor: Tensor<2>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// Every case of one tuning. Tunings take turns with the shapes, since a new machine tunes each of them.
fn cases(tuning: usize, device: &Device) -> Vec<Case> {
    let rows = [500, 100][tuning % 2];
    let mut found = products(rows, PRODUCTS[tuning % PRODUCTS.len()], device);
    found.extend(reductions(rows, [4, 8, 82][tuning % 3], device));
    let dim = [8, 32][tuning / 2 % 2];
    let points = numbers(rows, dim, device).abs();
    let field = larger_of_two_forms(points, device);
    found.push((
        format!("the larger of two forms, [{rows}, {dim}]"),
        read(field),
    ));
    found
}

fn products(rows: usize, (inner, columns): (usize, usize), device: &Device) -> Vec<Case> {
    let mut found = Vec::new();
    let x = numbers(rows, inner, device);
    let w = numbers(inner, columns, device);
    let name = |what: &str| format!("{what}, [{rows}, {inner}] by [{inner}, {columns}]");
    let product = x.clone().matmul(w.clone());
    found.push((name("a product"), read(product.clone())));
    found.push((
        name("a product and what follows"),
        read(product.clone() + product),
    ));
    let transposed = numbers(columns, inner, device).transpose();
    found.push((
        name("a product with a transpose"),
        read(x.clone().matmul(transposed)),
    ));
    let gradient = x.transpose().matmul(numbers(rows, columns, device));
    found.push((name("a product of a transpose"), read(gradient)));
    found
}

fn reductions(rows: usize, columns: usize, device: &Device) -> Vec<Case> {
    let mut found = Vec::new();
    let x = numbers(rows, columns, device);
    let name = |what: &str| format!("{what}, [{rows}, {columns}]");
    found.push((name("sums of rows"), read(x.clone().square().sum_dim(1))));
    found.push((name("sums of columns"), read(x.clone().square().sum_dim(0))));
    found.push((name("largest of rows"), read(x.clone().max_dim(1))));
    let mean = x.clone().square().mean().reshape([1, 1]);
    found.push((name("a mean"), read(mean)));
    let wide = numbers(rows, 3 * columns, device);
    let narrow = wide.narrow(1, columns, columns) * x;
    found.push((name("sums of narrowed rows"), read(narrow.sum_dim(1))));
    let chosen = chosen_by_sums(rows, columns, device);
    found.push((name("rows chosen by sums"), read(chosen)));
    found
}

fn relative_difference(found: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
    let pairs = found.iter().zip(expected);
    let difference = norm(&mut pairs.map(|(a, b)| f64::from(*a) - f64::from(*b)));
    difference / norm(&mut expected.iter().map(|b| f64::from(*b)))
}

/// What the other tests start; on its own it does nothing.
#[test]
fn computed_by_a_process_with_an_empty_cache() {
    let Some(tuning) = std::env::var_os(CHILD) else {
        return;
    };
    let tuning = tuning.to_str().unwrap().parse().unwrap();
    let device = Device::wgpu(DeviceKind::DefaultDevice);
    let expected = cases(tuning, &Device::flex());
    // The first time kernels are chosen, the second time the choice computes.
    let rounds = [1, 2].map(|round| (round, cases(tuning, &device)));
    let wrong = rounds.iter().flat_map(|(round, found)| {
        let pairs = found.iter().zip(&expected);
        pairs.filter_map(move |((name, found), (_, expected))| {
            let difference = relative_difference(found, expected);
            (difference > ROUNDING).then(|| format!("{name}, round {round}: {difference:.1e}"))
        })
    });
    let wrong: Vec<String> = wrong.collect();
    assert!(
        wrong.is_empty(),
        "relative differences:\n{}",
        wrong.join("\n")
    );
}

/// Runs the test above in processes of its own.
fn fresh_tunings(count: usize) {
    if Device::enumerate(DeviceType::Wgpu).into_vec().is_empty() {
        eprintln!("SKIPPED on wgpu: no adapter on this machine");
        return;
    }
    let mut wrong = Vec::new();
    for tuning in 0..count {
        let home = tempfile::tempdir().unwrap();
        let output = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "tuning::computed_by_a_process_with_an_empty_cache",
                "--nocapture",
            ])
            .env(CHILD, tuning.to_string())
            .env("HOME", home.path())
            .env("XDG_CACHE_HOME", home.path().join("cache"))
            .current_dir(home.path())
            .output()
            .unwrap();
        let ran = String::from_utf8_lossy(&output.stdout).contains("1 passed");
        if !ran || !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            wrong.push(format!("tuning {tuning}: {said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_fresh_tuning_computes_what_the_processor_does() {
    fresh_tunings(1);
}

#[test]
#[ignore = "minutes"]
fn twenty_fresh_tunings_compute_what_the_processor_does() {
    fresh_tunings(20);
}
