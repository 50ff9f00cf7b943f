use gradnet_core::analysis::Claim;

use super::density::{Density, DensityKind};
use super::function::{ScoreFunction, heldout_loss, relative_error};
use super::rows::{Gaussian, KernelDensity, Zero};
use super::samples::{Noisy, Samples};
use super::{DensityConfig, SamplesConfig, ScoreConfig, ScoreLoss};
use crate::data::{Stream, generator};
use crate::settings::{EvaluationConfig, Protocol, TrainConfig};

const NOISE: f64 = 0.3;

fn all() -> Vec<Density> {
    vec![
        Density::new(DensityKind::GaussianMixture, 2, 3, 5.0),
        Density::new(DensityKind::GaussianMixture, 3, 4, 2.0),
        Density::new(DensityKind::Rings, 2, 0, 0.0),
        Density::new(DensityKind::Moons, 2, 0, 0.0),
        Density::new(DensityKind::Checkerboard, 2, 0, 0.0),
    ]
}

fn smoothed(density: &Density, points: usize) -> Vec<f64> {
    use rand_distr::{Distribution, StandardNormal};
    let mut random = generator(1, Stream::Test, 0);
    let mut noise = generator(1, Stream::Test, 1);
    let drawn = density.draw(&mut random, points);
    let add = |x: f64| {
        let e: f64 = StandardNormal.sample(&mut noise);
        x + NOISE * e
    };
    drawn.into_iter().map(add).collect()
}

#[test]
fn scores_are_the_gradients_of_log_densities() {
    for density in all() {
        let x = smoothed(&density, 20);
        let (_, score) = density.log_density_and_score(&x, NOISE);
        let h = 1e-5;
        for place in 0..x.len() {
            let moved = |by: f64| {
                let mut x = x.clone();
                x[place] += by;
                density.log_density_and_score(&x, NOISE).0[place / density.dim()]
            };
            let difference = (moved(h) - moved(-h)) / (2.0 * h);
            let error = (score[place] - difference).abs();
            assert!(
                error < 1e-6 * (1.0 + difference.abs()),
                "{density:?} {}: {difference}",
                score[place]
            );
        }
    }
}

/// A midpoint rule of the plane: of smooth functions that vanish at the border it is right to rounding.
#[test]
fn densities_of_the_plane_have_integral_one() {
    for density in all().iter().filter(|density| density.dim() == 2) {
        let (half, cells) = (12.0, 240);
        let cell = 2.0 * half / f64::from(cells);
        let middle = |i: i32| -half + cell * (f64::from(i) + 0.5);
        let grid: Vec<f64> = (0..cells)
            .flat_map(|i| (0..cells).flat_map(move |j| [middle(i), middle(j)]))
            .collect();
        let (log_density, _) = density.log_density_and_score(&grid, NOISE);
        let sum: f64 = log_density
            .iter()
            .map(|value| value.exp() * cell * cell)
            .sum();
        assert!((sum - 1.0).abs() < 1e-9, "{density:?}: {sum}");
    }
}

/// Stein: `E s(x) = 0` and `E s_i(x) x_j = −δ_ij`, which hold for draws of the density that the score is of and of no
/// other.
#[test]
fn draws_are_of_the_density_whose_score_it_is() {
    for density in all() {
        let (dim, count) = (density.dim(), 20_000);
        let x = smoothed(&density, count);
        let (_, score) = density.log_density_and_score(&x, NOISE);
        for i in 0..dim {
            for j in 0..dim {
                let products: Vec<f64> = (0..count)
                    .map(|row| score[row * dim + i] * x[row * dim + j])
                    .collect();
                let mean = products.iter().sum::<f64>() / count as f64;
                let square = products.iter().map(|p| p * p).sum::<f64>() / count as f64;
                let error = (square / count as f64).sqrt();
                let expected = if i == j { -1.0 } else { 0.0 };
                assert!(
                    (mean - expected).abs() < 5.0 * error,
                    "{density:?} {i} {j}: {mean} ± {error}"
                );
            }
            let mean = score.iter().skip(i).step_by(dim).sum::<f64>() / count as f64;
            assert!(mean.abs() < 0.15, "{density:?} {i}: {mean}");
        }
    }
}

/// A circle of radius r smoothed by variance v: `log p = −(|x|² + r²)/2v + ln I_0(r|x|/v) + const`, and the slope of
/// the logarithm of `I_0` is `I_1/I_0`, here from their power series.
#[test]
fn rings_are_bessel_functions() {
    let series = |order: i32, u: f64| -> f64 {
        let mut term = (u / 2.0).powi(order);
        let mut sum = term;
        for k in 1..200 {
            term *= (u / 2.0).powi(2) / (f64::from(k) * f64::from(k + order));
            sum += term;
        }
        sum
    };
    let density = Density::new(DensityKind::Rings, 2, 0, 0.0);
    let v = NOISE.powi(2) + 0.01;
    for distance in [0.2, 0.9, 1.7, 3.2] {
        let parts = [1.0, 2.0, 3.0].map(|r: f64| {
            let u = r * distance / v;
            let weight = (-(distance * distance + r * r) / (2.0 * v)).exp();
            let bell = weight * series(0, u);
            (
                bell,
                bell * (-distance / v + r / v * series(1, u) / series(0, u)),
            )
        });
        let sum: f64 = parts.iter().map(|(bell, _)| bell).sum();
        let expected = parts.iter().map(|(_, slope)| slope).sum::<f64>() / sum;
        let (_, score) = density.log_density_and_score(&[distance * 0.6, distance * 0.8], NOISE);
        let along = score[0] * 0.6 + score[1] * 0.8;
        assert!(
            (along - expected).abs() < 1e-8 * expected.abs().max(1.0),
            "{distance}: {along} {expected}"
        );
        assert!((score[0] * 0.8 - score[1] * 0.6).abs() < 1e-9);
    }
}

fn protocol(claim: Claim) -> Protocol {
    Protocol {
        seed: 3,
        claim,
        side: 0,
        train: TrainConfig::default(),
        evaluation: EvaluationConfig::default(),
    }
}

fn mixture(noise: f64) -> Samples {
    let config = ScoreConfig::Density(DensityConfig {
        kind: DensityKind::GaussianMixture,
        components: 1,
        separation: 0.0,
        loss: ScoreLoss::Hyvarinen,
        noise,
        ..DensityConfig::default()
    });
    Samples::new(&config, &protocol(Claim::Gradient), 1.0).unwrap()
}

/// For N(0, 1) smoothed by variance s² and divided by the size: `f = −x/(1 + s²)`, of which the loss is `−½ E‖f‖² =
/// −d/(2(1 + s²))`, with and without noise; the zero score's is 0.
#[test]
fn the_loss_is_minus_half_the_mean_square_of_the_score_at_the_exact_score() {
    for noise in [0.0, 0.5] {
        let samples = mixture(noise);
        let gaussian = Gaussian::fit(&samples.clean(20_000), 2, noise).unwrap();
        let noisy = samples.test(0, 20_000);
        let loss = |function: &dyn ScoreFunction| {
            heldout_loss(function, &noisy, noise, 2, &|| false).unwrap()
        };
        let expected = -1.0 / (1.0 + noise * noise);
        assert!(
            (loss(&gaussian) - expected).abs() < 0.03,
            "{noise}: {} {expected}",
            loss(&gaussian)
        );
        assert_eq!(loss(&Zero { dim: 2 }), 0.0);
        assert!(heldout_loss(&gaussian, &noisy, noise, 2, &|| true).is_none());
    }
    let samples = mixture(0.5);
    let validation = |most| samples.validation(most);
    let kernels = KernelDensity::fit(&samples.clean(2_000), 2, 0.5, 1.0, validation);
    let loss = heldout_loss(&kernels, &samples.test(0, 2_000), 0.5, 2, &|| false);
    // The exact score has -0.8.
    assert!((-0.83..-0.6).contains(&loss.unwrap()), "{loss:?}");
}

/// The trace of the kernel density's Jacobian against central differences of its scores.
#[test]
fn the_trace_of_a_kernel_density_is_that_of_its_jacobian() {
    let samples = mixture(0.5);
    let kernels = KernelDensity::fit(&samples.clean(50), 2, 0.5, 1.0, |most| {
        samples.validation(most)
    });
    let (x, h) = ([0.4, -0.7], 1e-5);
    let slope = |axis: usize| {
        let moved = |by: f64| {
            let mut x = x;
            x[axis] += by;
            kernels.scores(&x)[axis]
        };
        (moved(h) - moved(-h)) / (2.0 * h)
    };
    let trace = kernels.traces(&x)[0];
    assert!((trace - slope(0) - slope(1)).abs() < 1e-6, "{trace}");
}

/// Noise comes with both signs, so that the mean of the pairs is the sample itself; another step has other noise.
#[test]
fn lessons_are_functions_of_the_step_and_noise_is_antithetic() {
    let samples = mixture(0.5);
    let Noisy { x, e } = samples.lesson(4);
    assert_eq!(x.len(), 2 * 2 * TrainConfig::default().batch);
    let half = x.len() / 2;
    for i in 0..half {
        assert_eq!(e[i], -e[half + i]);
        assert!((x[i] - x[half + i] - 2.0 * 0.5 * e[i]).abs() < 1e-12);
    }
    assert_eq!(samples.lesson(4).x, x);
    assert_ne!(samples.lesson(5).x, x);
    assert!((relative_error(&[1.0, 2.0], &[1.0, 1.0]) - 0.5).abs() < 1e-15);
}

fn table(text: &str, noise: f64) -> Result<Samples, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("samples.csv");
    std::fs::write(&path, text).unwrap();
    let config = ScoreConfig::File(SamplesConfig {
        path,
        loss: ScoreLoss::Hyvarinen,
        noise,
        ..SamplesConfig::default()
    });
    let mut protocol = protocol(Claim::Gradient);
    protocol.train.batch = 2;
    Samples::new(&config, &protocol, 1.0).map_err(|error| format!("{error}; {}", error.remedy()))
}

#[test]
fn bad_samples_get_a_message() {
    let lines = |row: fn(u32) -> (f64, f64)| -> String {
        let rows = (0..60).map(row);
        let rows = rows.map(|(x, y)| format!("{x},{y}\n"));
        format!("a,b\n{}", rows.collect::<String>())
    };
    let on_a_line = lines(|i| (f64::from(i * i % 17) + 0.5, 2.0 * f64::from(i * i % 17)));
    let spread = lines(|i| ((1.7 * f64::from(i)).sin(), (2.3 * f64::from(i)).cos()));
    let doubled = lines(|i| {
        (
            (1.7 * f64::from(i / 2)).sin(),
            (2.3 * f64::from(i / 2)).cos(),
        )
    });
    let error = |text: &str, noise| table(text, noise).err().unwrap();

    assert!(
        error(&on_a_line, 0.0).contains("lie on a line"),
        "{}",
        error(&on_a_line, 0.0)
    );
    let findings = |text: &str| -> String {
        let samples = table(text, 0.1).unwrap();
        samples
            .facts()
            .findings
            .iter()
            .map(ToString::to_string)
            .collect()
    };
    assert!(findings(&on_a_line).contains("lie on a line"));
    assert_eq!(findings(&spread), "");
    assert!(findings(&doubled).contains("are the same as others"));
    assert!(error(&doubled, 0.0).contains("remove the copies"));

    let one = "a,b\n1,2\n";
    assert!(
        error(one, 0.1).contains("of its 1 rows 0 are left"),
        "{}",
        error(one, 0.1)
    );
    let same = "a,b\n1,2\n1,2\n1,2\n1,2\n1,2\n1,2\n";
    assert!(error(same, 0.1).contains("all its points are the same"));
    let nan = format!("{spread}1,nan\n");
    assert!(error(&nan, 0.1).contains("line 62"), "{}", error(&nan, 0.1));
}

#[test]
fn mixtures_near_the_origin_are_log_concave() {
    let is = |components, separation| {
        DensityConfig {
            kind: DensityKind::GaussianMixture,
            components,
            separation,
            ..DensityConfig::default()
        }
        .is_log_concave()
    };
    assert!(is(1, 5.0) && is(4, 1.0) && !is(2, 1.1));
    assert!(!DensityConfig::default().is_log_concave());
}
