use nalgebra::{DMatrix, DVector};

use super::*;
use crate::measure::mean_and_covariance;
use crate::task::Settings;
use crate::task::transport::TransportConfig;
use crate::task::transport::bandwidth::chosen_bandwidth;

fn read(text: &str) -> TransportConfig {
    toml::from_str(text).unwrap()
}

/// `[transport.densities]` of two Gaussian mixtures in the plane, as the table itself.
const MIXTURES: &str = "
[densities.source.gaussians]
weights = [3.0, 1.0]
means = [[-1.0, 0.5], [2.0, 0.0]]
covariances = [[[0.5, 0.2], [0.2, 0.4]], [[0.3, 0.0], [0.0, 0.9]]]
[densities.target.gaussians]
means = [[0.0, 0.0]]
covariances = [[[1.0, 0.0], [0.0, 1.0]]]
";

fn source(text: &str) -> GaussianMixture {
    read(text).densities.unwrap().source.density().unwrap()
}

/// Total mass, mean and covariance of a density by midpoints on a square about `middle`.
fn quadrature(
    density: &GaussianMixture,
    middle: f64,
    half: f64,
) -> (f64, DVector<f64>, DMatrix<f64>) {
    let steps = 400;
    let width = 2.0 * half / f64::from(steps);
    let at = |i: i32| middle - half + (f64::from(i) + 0.5) * width;
    let grid = (0..steps).flat_map(|i| (0..steps).flat_map(move |j| [at(i), at(j)]));
    let grid: Vec<f64> = grid.collect();
    let (logs, _) = density.log_density_and_score(&grid);
    let (mut total, mut mean, mut square) = (0.0, DVector::zeros(2), DMatrix::zeros(2, 2));
    for (x, log) in grid.chunks_exact(2).zip(logs) {
        let (x, mass) = (DVector::from_row_slice(x), log.exp() * width * width);
        total += mass;
        mean += &x * mass;
        square += &x * x.transpose() * mass;
    }
    let covariance = square - &mean * mean.transpose();
    (total, mean, covariance)
}

/// The density integrates to 1, and 40,000 samples have the moments of the integral.
fn holds_together(density: &GaussianMixture, middle: f64, half: f64) {
    let (total, mean, covariance) = quadrature(density, middle, half);
    assert!((total - 1.0).abs() < 1e-4, "{total}");
    let drawn = density.draw(&mut random(1, Side::Source, Part::Test), 40_000);
    let (found_mean, found_covariance) = mean_and_covariance(&drawn, 2);
    let size = covariance.trace().sqrt();
    assert!(
        (&found_mean - &mean).norm() < 0.02 * size,
        "{found_mean} {mean}"
    );
    let error = (&found_covariance - &covariance).norm();
    assert!(
        error < 0.03 * covariance.norm(),
        "{found_covariance} {covariance}"
    );
}

#[test]
fn a_mixture_has_its_weights_in_samples_and_density() {
    let density = source(MIXTURES);
    holds_together(&density, 0.0, 8.0);
    let (_, mean, _) = quadrature(&density, 0.0, 8.0);
    // (3 (−1, 0.5) + (2, 0))/4.
    assert!((mean - DVector::from_row_slice(&[-0.25, 0.375])).norm() < 1e-4);
    assert!(read(MIXTURES).check().is_ok());
}

#[test]
fn a_kernel_density_of_a_file_is_the_mean_of_its_gaussians() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.csv");
    std::fs::write(&file, "a,b\n0,0\n1,2\n-1,0.5\n").unwrap();
    let config = KernelConfig {
        file,
        bandwidth: Some(0.4),
        ..KernelConfig::default()
    };
    let density = config.density().unwrap();
    holds_together(&density, 0.0, 5.0);
    let expected = [[0.0, 0.0], [1.0, 2.0], [-1.0, 0.5]].map(|[a, b]: [f64; 2]| {
        let square = (0.3 - a).powi(2) + (0.7 - b).powi(2);
        (-square / 0.32).exp() / (std::f64::consts::TAU * 0.16) / 3.0
    });
    let (logs, _) = density.log_density_and_score(&[0.3, 0.7]);
    assert!((logs[0].exp() - expected.iter().sum::<f64>()).abs() < 1e-12);
    let unstated = KernelConfig {
        bandwidth: None,
        ..config
    };
    let error = unstated.density().unwrap_err().to_string();
    assert!(error.contains("no bandwidth can be chosen"), "{error}");
}

/// Of normal points in the plane the best bandwidth is near `n^(−1/6)`, Scott's rule; repeated points have none.
#[test]
fn the_bandwidth_chosen_is_near_the_rule_for_normal_points() {
    let normal = GaussianMixture::standard_normal(2);
    let points = normal.draw(&mut random(2, Side::Source, Part::Test), 600);
    let chosen = chosen_bandwidth(&points, 2).unwrap();
    let rule = 600f64.powf(-1.0 / 6.0);
    assert!((0.6..1.6).contains(&(chosen / rule)), "{chosen} {rule}");
    let scaled: Vec<f64> = points.iter().map(|x| 10.0 * x).collect();
    let ten_fold = chosen_bandwidth(&scaled, 2).unwrap();
    assert!((ten_fold / chosen - 10.0).abs() < 1e-9);
    assert_eq!(chosen_bandwidth(&[1.0, 2.0].repeat(50), 2), None);
    assert_eq!(chosen_bandwidth(&[0.0, 1.0].repeat(50), 1), None);
}

/// Two bright pixels of 2 × 4: the left one of the upper row, and the right one of the lower row with three times the
/// light.
#[test]
fn an_image_is_upright_on_the_unit_square_and_its_brightness_is_mass() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("image.npy");
    let picture = crate::pictures::Picture {
        name: String::new(),
        white: 1.0,
        bits: 16,
        height: 2,
        width: 4,
        planes: vec![vec![0.25, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.75]],
    };
    picture.write(&file).unwrap();
    let of = |file: PathBuf| ImageConfig {
        file,
        smoothing: 0.3,
    };
    let density = of(file.clone()).density().unwrap();
    let (total, mean, _) = quadrature(&density, 0.5, 1.5);
    assert!((total - 1.0).abs() < 1e-4, "{total}");
    // (0.125, 0.75)/4 + 3 (0.875, 0.25)/4.
    assert!((mean - DVector::from_row_slice(&[0.6875, 0.375])).norm() < 1e-4);
    holds_together(&density, 0.5, 1.5);

    let black = folder.path().join("black.npy");
    let planes = vec![vec![0.0; 8]];
    crate::pictures::Picture { planes, ..picture }
        .write(&black)
        .unwrap();
    let error = of(black).density().unwrap_err().to_string();
    assert!(
        error.contains("black.npy") && error.contains("all black"),
        "{error}"
    );
}

#[test]
fn what_is_no_density_is_refused_with_its_key() {
    let refused = |text: &str| read(text).check().unwrap_err().to_string();
    for (from, to, said) in [
        (
            "[3.0, 1.0]",
            "[3.0, -1.0]",
            "densities.source.gaussians.weights",
        ),
        ("[3.0, 1.0]", "[3.0]", "one for each mean"),
        (
            "[0.5, 0.2]",
            "[0.5, 0.9]",
            "symmetric and positive definite",
        ),
        (
            "[0.2, 0.4]",
            "[0.9, 0.4]",
            "symmetric and positive definite",
        ),
        ("[2.0, 0.0]", "[2.0]", "densities.source.gaussians.means"),
        ("means = [[0.0, 0.0]]", "means = [[0.0]]", "1 × 1"),
    ] {
        assert!(MIXTURES.contains(from), "{from}");
        let error = refused(&MIXTURES.replacen(from, to, 1));
        assert!(error.contains(said), "{from} {to}: {error}");
    }
    let none = refused("[densities.target.image]\nfile = \"a.png\"");
    assert!(none.contains("transport.densities.source"), "{none}");
    let uneven = MIXTURES
        .replace("means = [[0.0, 0.0]]", "means = [[0.0]]")
        .replace("[[[1.0, 0.0], [0.0, 1.0]]]", "[[[1.0]]]");
    let uneven = refused(&uneven);
    assert!(
        uneven.contains("of 1 dimensions") && uneven.contains("must be of 2"),
        "{uneven}"
    );
    let image = "[densities.source.image]\nfile = \"a.png\"\nsmoothing = 0.0\n[densities.target.image]\nfile = \"b.png\"";
    assert!(refused(image).contains("image.smoothing"));
}
