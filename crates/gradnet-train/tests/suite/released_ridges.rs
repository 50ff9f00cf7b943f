//! Released convex and weakly convex ridge regularizers of pictures, of made-up weights, against their formulas
//! computed layer by layer.

use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};
use gradnet_core::ParameterSource;
use gradnet_core::analysis::host;
use gradnet_core::image::{ImageField, LipschitzImageField};
use gradnet_core::network::UnitFunction;
use gradnet_train::registry::{Network, ReleasedError, ReleasedState};

/// Name, shape and numbers.
type Array = (String, Vec<usize>, Vec<f64>);

/// Rows and columns of the picture, whose values lie within the middle so that no layer sees the border.
const SIDE: usize = 21;

/// Numbers between -1 and 1 that look random.
fn numbers(count: usize, seed: usize) -> Vec<f64> {
    (0..count)
        .map(|i| ((i * 7919 + seed * 104_729 + 13) as f64 * 0.618_034).fract() * 2.0 - 1.0)
        .collect()
}

fn array(name: &str, shape: &[usize], values: Vec<f64>) -> Array {
    (name.into(), shape.to_vec(), values)
}

/// Two layers: 2 kernels of 3 × 3 pixels, and 3 of 5 × 5 on both.
const SHAPES: [[usize; 4]; 2] = [[2, 1, 3, 3], [3, 2, 5, 5]];

fn layer(index: usize, end: &str) -> Array {
    let shape = SHAPES[index];
    let name = format!("conv_layer.conv_layers.{index}.{end}");
    array(&name, &shape, numbers(shape.iter().product(), index))
}

/// The layout of convex_ridge_regularizers: all kernels lose their means, a spline of 7 knots for each filter.
fn first_kind() -> Vec<Array> {
    const CENTRED: &str = "parametrizations.weight.original";
    vec![
        layer(0, CENTRED),
        layer(1, CENTRED),
        array("activation.coefficients_vect", &[21], numbers(21, 5)),
        array("lmbd", &[], vec![5.0]),
        array("mu", &[], vec![0.3]),
        array("L", &[], vec![0.1]),
    ]
}

/// The layout of weakly_convex_ridge_regularizer: one odd spline of 7 knots, which differs by a scale for each filter
/// and noise.
fn second_kind() -> Vec<Array> {
    let knots = (0..7).map(|i| i as f64 / 30.0 - 0.1);
    let rising = knots
        .clone()
        .zip(numbers(7, 6))
        .map(|(x, e)| 0.7 * x + 0.03 * e);
    vec![
        layer(0, "parametrizations.weight.original"),
        layer(1, "weight"),
        array("activation_cvx.coefficients", &[1, 7], rising.collect()),
        array("activation_ccv.coefficients", &[1, 7], knots.collect()),
        array("mu_", &[], vec![1.3]),
        array("spline_scaling.coefficients", &[3, 4], numbers(12, 7)),
    ]
}

/// The second kind with a decreasing part that was trained: it falls where the increasing part is flat.
fn weak_kind() -> Vec<Array> {
    let mut arrays = second_kind();
    arrays[2].2 = vec![0.0, 0.0, 0.0, 0.02, 0.04, 0.04, 0.04];
    let knots = arrays[3].2.iter().zip(numbers(7, 8));
    arrays[3].2 = knots.map(|(x, e)| 0.8 * x + 0.002 * e).collect();
    arrays
}

fn network(arrays: Vec<Array>, noise: f64) -> Result<Network, ReleasedError> {
    named("patch_ridge", &ReleasedState::new(arrays).at_noise(noise))
}

fn named(name: &str, state: &ReleasedState) -> Result<Network, ReleasedError> {
    let mut source = ParameterSource::new(&Device::flex(), 0).with_dtype(FloatDType::F64);
    let (_, network) = state.network(name, UnitFunction::Tanh, &mut source)?;
    Ok(network)
}

/// A picture whose values reach four pixels from its middle.
fn picture() -> Vec<f64> {
    let near = |place: usize| place.abs_diff(SIDE / 2) <= 4;
    let values = numbers(SIDE * SIDE, 9).into_iter().enumerate();
    let inside = |i: usize| near(i / SIDE) && near(i % SIDE);
    values
        .map(|(i, v)| if inside(i) { 0.2 * v } else { 0.0 })
        .collect()
}

/// A layer `[out, channels, k, k]` as the references apply it: correlation with zeros beyond the border, or its
/// transpose.
fn convolution(
    x: &[Vec<f64>],
    (shape, kernel): (&[usize], &[f64]),
    transposed: bool,
) -> Vec<Vec<f64>> {
    let [out, channels, k] = [shape[0], shape[1], shape[2]];
    let mut sums = vec![vec![0.0; SIDE * SIDE]; if transposed { channels } else { out }];
    for (index, weight) in kernel.iter().enumerate() {
        let (to, from) = (index / (channels * k * k), index / (k * k) % channels);
        let (down, right) = (index / k % k, index % k);
        for pixel in 0..SIDE * SIDE {
            let row = (pixel / SIDE + down)
                .checked_sub(k / 2)
                .filter(|row| *row < SIDE);
            let column = (pixel % SIDE + right)
                .checked_sub(k / 2)
                .filter(|c| *c < SIDE);
            let (Some(row), Some(column)) = (row, column) else {
                continue;
            };
            let other = row * SIDE + column;
            match transposed {
                false => sums[to][pixel] += weight * x[from][other],
                true => sums[from][other] += weight * x[to][pixel],
            }
        }
    }
    sums
}

/// `Wᵀ φ(W x)` through both layers, with the function of each filter.
fn field(arrays: &[Array], centred: [bool; 2], activation: impl Fn(usize, f64) -> f64) -> Vec<f64> {
    let layers = [0, 1].map(|index: usize| {
        let (_, shape, values) = &arrays[index];
        let each = values.len() / shape[0];
        let kernels = values.chunks(each).flat_map(|kernel| {
            let mean = kernel.iter().sum::<f64>() / each as f64;
            kernel
                .iter()
                .map(move |w| if centred[index] { w - mean } else { *w })
        });
        (shape.as_slice(), kernels.collect::<Vec<f64>>())
    });
    let [first, second] = [0, 1].map(|index: usize| (layers[index].0, layers[index].1.as_slice()));
    let mut z = convolution(&convolution(&[picture()], first, false), second, false);
    for (filter, plane) in z.iter_mut().enumerate() {
        plane
            .iter_mut()
            .for_each(|value| *value = activation(filter, *value));
    }
    convolution(&convolution(&z, second, true), first, true).remove(0)
}

/// A linear spline through knots on [-0.1, 0.1], flat beyond.
fn spline(heights: &[f64], x: f64) -> f64 {
    let place =
        ((x + 0.1) * (heights.len() - 1) as f64 / 0.2).clamp(0.0, (heights.len() - 1) as f64);
    let left = (place as usize).min(heights.len() - 2);
    heights[left] + (place - left as f64) * (heights[left + 1] - heights[left])
}

/// Heights from the inner rises, each held to [0, most].
fn heights(stored: &[f64], most: f64) -> Vec<f64> {
    let mut heights = vec![0.0; stored.len()];
    for knot in 1..stored.len() {
        let inner = knot > 1 && knot < stored.len() - 1;
        let rise = if inner {
            (stored[knot] - stored[knot - 1]).clamp(0.0, most)
        } else {
            0.0
        };
        heights[knot] = heights[knot - 1] + rise;
    }
    heights
}

/// The network's field at the picture, against one that was computed directly.
#[track_caller]
fn assert_field(network: &Network, expected: &[f64]) {
    let data = TensorData::new(picture(), [1, SIDE, SIDE]);
    let x = Tensor::<3>::from_data(data, (&Device::flex(), DType::F64));
    let lifted = network.lifted().expect("its kernels have 7 x 7 pixels");
    let found = host(lifted.apply(x));
    let size = expected
        .iter()
        .fold(0.0_f64, |size, value| size.max(value.abs()));
    assert!(size > 1e-5, "{size}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() < 1e-10 * size,
            "{found} {expected}"
        );
    }
}

#[test]
fn the_first_kind_is_its_layers_and_its_splines() {
    let arrays = first_kind();
    let splines = &arrays[2].2;
    let expected = field(&arrays, [true, true], |filter, z| {
        let heights = heights(&splines[7 * filter..7 * filter + 7], f64::INFINITY);
        spline(&heights, z) - heights[3]
    });
    assert_field(&network(arrays, 5.0).unwrap(), &expected);
}

/// The field of the second kind at noise 12.5, a quarter of the way from the second level, 10, to the third; of the
/// arrays with the numbers in `heights` subtracted if they are weakly convex.
fn second_field(arrays: &[Array], decreasing: Option<&[f64]>) -> Vec<f64> {
    let increasing = heights(&arrays[2].2, 1.0 / 30.0);
    let odd = |heights: &[f64], z: f64| 0.5 * (spline(heights, z) - spline(heights, -z));
    // Λ by the definition: the mean of the field of slopes 1 at waves, on the grid of 254 + 7 frequencies.
    let norm = network_norm(arrays).sqrt();
    field(arrays, [true, false], |filter, z| {
        let row = &arrays[5].2[4 * filter..];
        let alpha = (row[1] + 0.25 * (row[2] - row[1])).exp() / (12.5 + 1e-5);
        let z = alpha * z / norm;
        let decreasing = decreasing.map_or(0.0, |heights| odd(heights, z));
        (1.3_f64.exp() * odd(&increasing, z) - decreasing) / alpha / norm
    })
}

#[test]
fn the_second_kind_is_its_layers_and_its_splines_at_a_noise_level() {
    let arrays = second_kind();
    let expected = second_field(&arrays, None);
    assert_field(&network(arrays, 12.5).unwrap(), &expected);
}

#[test]
fn a_weakly_convex_regularizer_is_the_difference_of_its_splines() {
    let arrays = weak_kind();
    let decreasing = heights(&arrays[3].2, 1.0 / 30.0);
    let expected = second_field(&arrays, Some(&decreasing));
    let state = ReleasedState::new(arrays.clone()).at_noise(12.5);
    let network = named("patch_weak_ridge", &state).unwrap();
    assert_field(&network, &expected);
    let lifted = network.lifted().unwrap();
    assert!(lifted.concavity() > 0.0);
    // The decreasing part alone: kernels u of norm 1 with slopes of at most 1, for every filter.
    let concavity = lifted.concavity();
    assert!(concavity <= 1.002, "{concavity}");
    let convex = ReleasedState::new(second_kind()).at_noise(12.5);
    let expected = second_field(&second_kind(), None);
    let network = named("patch_weak_ridge", &convex).unwrap();
    assert_field(&network, &expected);
    assert!(network.lifted().unwrap().concavity() < 1e-9);
}

/// `max_ω Σ_c |ŵ_c(ω)|²`: a layer's Fourier transform at a frequency is a matrix, and layers multiply.
fn network_norm(arrays: &[Array]) -> f64 {
    let transform = |index: usize, [down, right]: [f64; 2]| {
        let (_, shape, values) = &arrays[index];
        let (channels, k) = (shape[1], shape[2]);
        let each = channels * k * k;
        let mut sums = vec![(0.0, 0.0); shape[0] * channels];
        for (place, weight) in values.iter().enumerate() {
            let kernel = &values[place / each * each..][..each];
            let mean = if index == 0 {
                kernel.iter().sum::<f64>() / each as f64
            } else {
                0.0
            };
            let phase = (place / k % k) as f64 * down + (place % k) as f64 * right;
            let sum = &mut sums[place / (k * k)];
            sum.0 += (weight - mean) * phase.cos();
            sum.1 += (weight - mean) * phase.sin();
        }
        sums
    };
    let points = 254 + 7;
    let frequency = |n: usize| std::f64::consts::TAU * n as f64 / points as f64;
    let mut largest = 0.0_f64;
    for m in 0..points {
        for n in 0..points {
            let omega = [frequency(m), frequency(n)];
            let (first, second) = (transform(0, omega), transform(1, omega));
            let power = (0..3).map(|filter| {
                let terms = second[2 * filter..2 * filter + 2].iter().zip(&first);
                let (real, imaginary) = terms.fold((0.0, 0.0), |sum, (a, b)| {
                    (sum.0 + a.0 * b.0 - a.1 * b.1, sum.1 + a.0 * b.1 + a.1 * b.0)
                });
                real * real + imaginary * imaginary
            });
            largest = largest.max(power.sum());
        }
    }
    largest
}

/// With slopes of at most 1 and Λ in the denominator, the bound is μ at most, and more than a power iteration finds.
#[test]
fn the_second_kind_is_normalised_to_the_height_of_its_spline() {
    let network = network(second_kind(), 25.0).unwrap();
    let lifted = network.lifted().unwrap();
    let bound = lifted.lipschitz();
    assert!(bound <= 1.3_f64.exp() * 1.002, "{bound}");
    assert!(bound >= lifted.lipschitz_power([16, 16], 100).unwrap());
}

#[test]
fn what_is_no_such_regularizer_is_refused_with_the_reason() {
    let refused = |change: &dyn Fn(&mut Vec<Array>), noise: f64| {
        let mut arrays = second_kind();
        change(&mut arrays);
        network(arrays, noise).unwrap_err().to_string()
    };
    let noise = refused(&|_| (), 31.0);
    assert!(noise.contains("up to 30 of 255, not for 31"), "{noise}");
    let concave = refused(&|arrays| *arrays = weak_kind(), 5.0);
    assert!(concave.contains("weakly convex"), "{concave}");
    let apart = refused(&|arrays| arrays[1].1 = vec![3, 1, 5, 10], 5.0);
    assert!(apart.contains("[filters, 2, k, k]"), "{apart}");
    let even = refused(
        &|arrays| arrays[2] = array(&arrays[2].0, &[1, 6], vec![0.0; 6]),
        5.0,
    );
    assert!(even.contains("odd number of knots"), "{even}");
    let levels = refused(
        &|arrays| arrays[5] = array(&arrays[5].0, &[3, 1], vec![0.0; 3]),
        5.0,
    );
    assert!(levels.contains("two levels"), "{levels}");
    let missing = refused(&|arrays| drop(arrays.remove(4)), 5.0);
    assert!(missing.contains("`mu_` is missing"), "{missing}");
    let more = refused(
        &|arrays| arrays.push(array("bias", &[3], vec![0.0; 3])),
        5.0,
    );
    assert!(more.contains("`bias` belongs to no part"), "{more}");
}
