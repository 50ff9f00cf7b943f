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

/// At a kink the field returns the gradient of one of the pieces that meet there, never a mixture: at the centre all three vanish.
#[test]
fn at_the_centre_where_all_pieces_meet_the_gradient_is_zero() {
    let target = in_f64(&TargetConfig::from_name("piecewise_quadratic").unwrap());
    let centre = Tensor::<2>::ones([1, 32], (&Device::flex(), FloatDType::F64.into())) * 0.5;
    assert!(values(target.gradient(centre)).iter().all(|g| *g == 0.0));
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
    let forms = target
        .forms(points(500, 8, FloatDType::F64))
        .map(|(_, v)| values(v));
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

/// The mean gradient norm of a normalised target is 1 on fresh points too: a check of the scale by other points than it was made from.
#[test]
fn normalised_targets_have_mean_gradient_norm_one() {
    for name in ["piecewise_quadratic", "gaussian_mixture_score"] {
        let target = in_f64(&TargetConfig::from_name(name).unwrap());
        let x = drawn(5_000, target.as_ref(), FloatDType::F64);
        let mean = values(target.gradient(x).square().sum_dim(1).sqrt().mean())[0];
        assert!((mean - 1.0).abs() < 0.02, "{name}: {mean}");
    }
}

/// The released code's numbers: raw gradient and potential to 1e-6 (it ran in 32 bits), and the normalising constant of its own points to 1 %.
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
