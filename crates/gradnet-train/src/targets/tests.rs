use burn::tensor::{Device, FloatDType, Tensor};

use super::{Matrices, PiecewiseQuadraticConfig, Target, TargetConfig, registry};
use crate::data::{Stream, generator, points_tensor, uniform_points};

fn points(n: usize, dim: usize, dtype: FloatDType) -> Tensor<2> {
    let mut random = generator(7, Stream::Test, 0);
    points_tensor(
        uniform_points(&mut random, n, dim),
        dim,
        &Device::flex(),
        dtype,
    )
}

/// Points of the target's own domain.
fn drawn(n: usize, target: &dyn Target, dtype: FloatDType) -> Tensor<2> {
    let points = target.draw(7, Stream::Test, 0, n);
    points_tensor(points, target.dim(), &Device::flex(), dtype)
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().convert::<f64>().try_to_vec().unwrap()
}

fn in_f64(config: &TargetConfig) -> Box<dyn Target> {
    config
        .init_with_dtype(&Device::flex(), FloatDType::F64)
        .unwrap()
}

#[test]
fn every_row_of_the_list_builds_under_its_own_name() {
    for entry in registry() {
        let config = TargetConfig::from_name(entry.name).unwrap();
        assert_eq!(config.entry(), entry);
        let target = config.init(&Device::flex()).unwrap();
        assert_eq!(target.name(), entry.name);
        assert_eq!(target.dim(), config.dim());
        assert_eq!(target.convex(), entry.convex);
        let x = drawn(3, target.as_ref(), FloatDType::F32);
        assert_eq!(target.gradient(x.clone()).dims(), [3, target.dim()]);
        assert_eq!(target.potential(x).dims(), [3]);
    }
    assert!(TargetConfig::from_name("quadratic").is_none());
}

/// The gradient is that of the potential: central differences in 64-bit floats, for every target and setting.
#[test]
fn gradients_are_the_central_differences_of_the_potential() {
    let mut configs: Vec<_> = registry()
        .iter()
        .map(|entry| TargetConfig::from_name(entry.name).unwrap())
        .collect();
    configs.push(TargetConfig::PiecewiseQuadratic(PiecewiseQuadraticConfig {
        dim: 3,
        matrices: Matrices::Paper,
        normalise: false,
    }));
    let step = 1e-5;
    for config in configs {
        let target = in_f64(&config);
        let dim = target.dim();
        let x = drawn(40, target.as_ref(), FloatDType::F64);
        let gradient = values(target.gradient(x.clone()));
        for j in 0..dim {
            let mut shift = vec![0.0; dim];
            shift[j] = step;
            let shift = Tensor::<2>::from_data(
                burn::tensor::TensorData::new(shift, [1, dim]),
                (&Device::flex(), FloatDType::F64.into()),
            );
            let up = values(target.potential(x.clone() + shift.clone()));
            let down = values(target.potential(x.clone() - shift));
            for i in 0..40 {
                let difference = (up[i] - down[i]) / (2.0 * step);
                let error = (difference - gradient[i * dim + j]).abs();
                assert!(
                    error < 1e-7,
                    "{}: point {i}, coordinate {j}: {error:e}",
                    target.name()
                );
            }
        }
    }
}

/// At a kink the field returns the gradient of one of the pieces that meet there, never a mixture: at the centre all
/// three vanish.
#[test]
fn at_the_centre_where_all_pieces_meet_the_gradient_is_zero() {
    let target = in_f64(&TargetConfig::from_name("piecewise_quadratic").unwrap());
    let centre = Tensor::<2>::ones([1, 32], (&Device::flex(), FloatDType::F64.into())) * 0.5;
    assert!(values(target.gradient(centre)).iter().all(|g| *g == 0.0));
}

/// Eq. (22) entry by entry, without halves: for an even and an odd dimension and both weights.
#[test]
fn the_halves_of_the_piecewise_quadratic_are_the_products_with_its_matrices() {
    for (dim, matrices) in [
        (8, Matrices::Released),
        (7, Matrices::Paper),
        (2, Matrices::Released),
        (3, Matrices::Released),
    ] {
        let config = PiecewiseQuadraticConfig {
            dim,
            matrices,
            normalise: false,
        };
        let target = super::PiecewiseQuadratic::new(&config, &Device::flex(), FloatDType::F64);
        let x = points(60, dim, FloatDType::F64);
        let found = values(target.gradient(x.clone()));
        let forms = target.forms(x.clone()).map(values);
        let log = (dim as f64).ln();
        for (row, x) in values(x).chunks(dim).enumerate() {
            let image = |factor: fn(f64) -> f64| -> Vec<f64> {
                let entry = |i: usize, j: usize| {
                    let a = (i + j) as f64 / (2 * dim - 2) as f64;
                    let distance = i.abs_diff(j) as f64;
                    let weight = match matrices {
                        Matrices::Released => log * (1.0 + distance),
                        Matrices::Paper => 1.0 + distance * log,
                    };
                    factor(a) / weight * (x[j] - 0.5)
                };
                (0..dim)
                    .map(|i| (0..dim).map(|j| entry(i, j)).sum())
                    .collect()
            };
            let images = [
                image(|a| 2.0 + (4.0 * std::f64::consts::PI * a).sin()),
                image(|a| 1.0 + 2.0 * a),
                image(|a| 3.0 - 2.0 * a),
            ];
            let form =
                |image: &Vec<f64>| -> f64 { image.iter().zip(x).map(|(y, x)| y * (x - 0.5)).sum() };
            let expected: Vec<f64> = images.iter().map(form).collect();
            for (found, expected) in forms.iter().zip(&expected) {
                assert!(
                    (found[row] - expected).abs() < 1e-12,
                    "{dim}: {} is not {expected}",
                    found[row]
                );
            }
            let largest = (0..3)
                .max_by(|&i, &j| expected[i].total_cmp(&expected[j]))
                .unwrap();
            for (found, expected) in found[row * dim..].iter().zip(&images[largest]) {
                assert!(
                    (found - 2.0 * expected).abs() < 1e-12,
                    "{dim}: {found} is not 2 x {expected}"
                );
            }
        }
    }
}

/// Each of the three pieces is the largest somewhere, so that the selection is really exercised.
#[test]
fn every_piece_of_the_piecewise_quadratic_is_active_somewhere() {
    let config = PiecewiseQuadraticConfig {
        dim: 8,
        normalise: false,
        ..Default::default()
    };
    let device = Device::flex();
    let target = super::PiecewiseQuadratic::new(&config, &device, FloatDType::F64);
    let forms = target.forms(points(500, 8, FloatDType::F64)).map(values);
    let [s, p, q] = &forms;
    let mut wins = [0; 3];
    for ((s, p), q) in s.iter().zip(p).zip(q) {
        let largest = s.max(*p).max(*q);
        for (win, value) in wins.iter_mut().zip([s, p, q]) {
            *win += usize::from(*value == largest);
        }
    }
    assert!(wins.iter().all(|w| *w > 10), "{wins:?}");
}

/// Convex where it says so (the gradient is monotone over pairs), and not where it does not.
#[test]
fn monotone_over_pairs_exactly_when_convex() {
    for entry in registry() {
        let config = TargetConfig::from_name(entry.name).unwrap();
        let target = in_f64(&config);
        let x = drawn(400, target.as_ref(), FloatDType::F64);
        let y = x.clone().flip([0]);
        let products = (target.gradient(x.clone()) - target.gradient(y.clone())) * (x - y);
        let smallest = values(products.sum_dim(1))
            .into_iter()
            .fold(f64::MAX, f64::min);
        assert_eq!(
            smallest >= -1e-12,
            entry.convex,
            "{}: {smallest}",
            entry.name
        );
    }
}

/// The mean gradient norm of a normalised target is 1 on fresh points too: a check of the scale by other points than it
/// was made from.
#[test]
fn normalised_targets_have_mean_gradient_norm_one() {
    for name in ["piecewise_quadratic", "gaussian_mixture_score"] {
        let target = in_f64(&TargetConfig::from_name(name).unwrap());
        let x = drawn(5_000, target.as_ref(), FloatDType::F64);
        let mean = values(target.gradient(x).square().sum_dim(1).sqrt().mean())[0];
        assert!((mean - 1.0).abs() < 0.02, "{name}: {mean}");
    }
}

/// The released code's numbers: raw gradient and potential to 1e-6 (it ran in 32 bits), and the normalising constant of
/// its own points to 1 %.
#[test]
fn piecewise_quadratic_reproduces_the_released_code() {
    let golden: serde_json::Value =
        serde_json::from_str(include_str!("../../tests/golden/piecewise_quadratic.json")).unwrap();
    for case in golden["cases"].as_array().unwrap() {
        let dim = case["dim"].as_u64().unwrap() as usize;
        let config = PiecewiseQuadraticConfig {
            dim,
            normalise: false,
            ..Default::default()
        };
        let table = |key: &str| -> Vec<f64> {
            let rows = case[key].as_array().unwrap();
            rows.iter()
                .flat_map(|row| match row.as_array() {
                    Some(row) => row.iter().map(|v| v.as_f64().unwrap()).collect(),
                    None => vec![row.as_f64().unwrap()],
                })
                .collect()
        };
        let x = table("x");
        let rows = x.len() / dim;
        let x = Tensor::<2>::from_data(
            burn::tensor::TensorData::new(x, [rows, dim]),
            (&Device::flex(), FloatDType::F64.into()),
        );
        let target = in_f64(&TargetConfig::PiecewiseQuadratic(config.clone()));
        let close = |ours: Vec<f64>, theirs: Vec<f64>| {
            assert_eq!(ours.len(), theirs.len());
            for (a, b) in ours.iter().zip(&theirs) {
                assert!(
                    (a - b).abs() <= 2e-6 * b.abs().max(1.0),
                    "d = {dim}: {a} against {b}"
                );
            }
        };
        close(values(target.gradient(x.clone())), table("raw_grad"));
        close(values(target.potential(x.clone())), table("potential_raw"));

        let normalised = in_f64(&TargetConfig::PiecewiseQuadratic(
            PiecewiseQuadraticConfig {
                normalise: true,
                ..config
            },
        ));
        let ratio = values(target.gradient(x.clone()))[0] / values(normalised.gradient(x))[0];
        let theirs = case["c"].as_f64().unwrap();
        assert!(
            (ratio / theirs - 1.0).abs() < 0.01,
            "d = {dim}: {ratio} against {theirs}"
        );
    }
}

#[test]
fn settings_out_of_range_are_refused_by_name() {
    let config = PiecewiseQuadraticConfig {
        dim: 1,
        ..Default::default()
    };
    let error = config.check().unwrap_err();
    assert_eq!(
        error.to_string(),
        "`dim` is 1, but it must be between 2 and 4096"
    );
}
