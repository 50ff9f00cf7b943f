//! What is found in files whose rows are known.

use nalgebra::DMatrix;
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use super::sample::{Sample, median};
use super::{examine, features};
use crate::data::file::storage::Storage;
use crate::data::file::{FileConfig, Finding, Similarity, Split};
use crate::data::{Stream, generator};
use gradnet_core::analysis::Claim;

/// A file of rows `[x | y]`, read and split.
fn read(rows: &[Vec<f64>]) -> (Storage, Split) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rows.csv");
    let line = |row: &Vec<f64>| {
        row.iter()
            .map(|v| format!("{v:e}"))
            .collect::<Vec<_>>()
            .join(",")
    };
    let lines: Vec<String> = rows.iter().map(line).collect();
    let names: Vec<String> = (0..rows[0].len()).map(|i| format!("c{i}")).collect();
    std::fs::write(
        &file,
        format!("{}\n{}\n", names.join(","), lines.join("\n")),
    )
    .unwrap();
    let storage = Storage::read(&FileConfig::new(&file), usize::MAX).unwrap();
    let split = Split::new(storage.rows() as u32, 1, 0.1, 0.1);
    (storage, split)
}

fn found(rows: &[Vec<f64>], claim: Claim) -> Vec<Finding> {
    let (storage, split) = read(rows);
    let identity = Similarity::identity(storage.dim());
    examine(&storage, &split, &identity, claim, |row, _| {
        format!("row {row}")
    })
}

/// Rows of `y = field(x)` at normal points moved by a mixing matrix.
fn rows(seed: u64, count: usize, dim: usize, field: impl Fn(&[f64]) -> Vec<f64>) -> Vec<Vec<f64>> {
    let mut random = generator(seed, Stream::Test, 0);
    let row = |_| {
        let x: Vec<f64> = (0..dim)
            .map(|_| StandardNormal.sample(&mut random))
            .collect();
        [x.clone(), field(&x)].concat()
    };
    (0..count).map(row).collect()
}

/// y = A x with A = [[2, 1], [1, -3]] and a rotation R = [[0, 1], [-1, 0]]: the free map is A + R and
/// the symmetric one A, up to the rotation onto the principal axes, which keeps norms and traces.
#[test]
fn the_best_maps_of_a_linear_field_are_its_matrix_and_the_symmetric_part_of_it() {
    let field = |x: &[f64]| vec![2.0 * x[0] + 2.0 * x[1] + 5.0, -3.0 * x[1]];
    let (storage, split) = read(&rows(1, 400, 2, field));
    let sample = Sample::of(&storage, &split, &Similarity::identity(2)).unwrap();
    let (free, symmetric) = sample.maps();
    let (free, symmetric) = (free * sample.slope, symmetric * sample.slope);
    assert!((free.trace() + 1.0).abs() < 1e-9 && (free.norm() - 17f64.sqrt()).abs() < 1e-9);
    let antisymmetric = (&free - free.transpose()) / 2.0;
    assert!((antisymmetric.norm() - 2f64.sqrt()).abs() < 1e-9);
    // The points are nearly isotropic, so the best symmetric map is nearly the symmetric part.
    let part = (&free + free.transpose()) / 2.0;
    assert!((symmetric - part).norm() < 0.2);
    assert!(
        sample
            .check
            .errors(&(free / sample.slope))
            .iter()
            .all(|error| *error < 1e-20)
    );
}

/// Points in a plane of three dimensions: across it nothing is seen, and nothing is said of it.
#[test]
fn directions_in_which_the_points_do_not_spread_are_left_out() {
    let flat: Vec<Vec<f64>> = rows(2, 300, 2, |x| x.to_vec())
        .into_iter()
        .map(|row| {
            vec![
                row[0],
                row[1],
                row[0] + row[1],
                row[0].tanh(),
                row[1],
                -5.0 * row[0],
            ]
        })
        .collect();
    let (storage, split) = read(&flat);
    let sample = Sample::of(&storage, &split, &Similarity::identity(3)).unwrap();
    assert_eq!(sample.dim(), 2);
    assert!(sample.around(0).unwrap().dim() == 2);
}

#[test]
fn waves_see_a_rotation_that_changes_from_place_to_place() {
    // Columns of the gradient of ln cosh x1 + ln cosh x2 in the wrong order: the affine map of
    // (tanh x2, tanh x1) is symmetric.
    let swapped = rows(3, 900, 2, |x| {
        vec![(2.0 * x[1]).tanh(), (2.0 * x[0]).tanh()]
    });
    let straight = rows(3, 900, 2, |x| {
        vec![(2.0 * x[0]).tanh(), (2.0 * x[1]).tanh()]
    });
    let compared = |rows: &[Vec<f64>]| {
        let (storage, split) = read(rows);
        let sample = Sample::of(&storage, &split, &Similarity::identity(2)).unwrap();
        features::compare(&sample).unwrap()
    };
    let (swapped, straight) = (compared(&swapped), compared(&straight));
    let (no_gradient, free) = (swapped.gradient.0, swapped.free.0);
    assert!(no_gradient > 10.0 * free, "{no_gradient} {free}");
    let gradient = straight.gradient.0;
    assert!(no_gradient > 10.0 * gradient, "{no_gradient} {gradient}");
}

/// Gradients at points in a few clusters, where affine maps mislead.
#[test]
fn gradients_at_clusters_are_no_rotations_and_convex_ones_do_not_fall() {
    for dim in [2, 5, 12] {
        for seed in 0..6 {
            let mut random = generator(seed, Stream::Test, 1);
            let mut normal = || -> f64 { StandardNormal.sample(&mut random) };
            let centres = DMatrix::from_fn(4, dim, |_, _| 3.0 * normal());
            let directions = DMatrix::from_fn(5, dim, |_, _| normal());
            let mut random = generator(seed, Stream::Test, 2);
            let rows: Vec<Vec<f64>> = (0..600)
                .map(|_| {
                    let centre = centres.row(random.random_range(0..4));
                    let noise = || -> f64 { StandardNormal.sample(&mut random) };
                    let noise: Vec<f64> = std::iter::repeat_with(noise).take(dim).collect();
                    let x: Vec<f64> = centre.iter().zip(noise).map(|(c, n)| c + 0.3 * n).collect();
                    // The gradient of the log of a sum of exponentials.
                    let values: Vec<f64> = directions
                        .row_iter()
                        .map(|d| d.iter().zip(&x).map(|(d, x)| d * x).sum::<f64>())
                        .collect();
                    let largest = values.iter().copied().fold(f64::MIN, f64::max);
                    let weights: Vec<f64> = values.iter().map(|v| (v - largest).exp()).collect();
                    let sum: f64 = weights.iter().sum();
                    let y = (0..dim).map(|i| {
                        let parts = weights.iter().enumerate();
                        parts.map(|(k, w)| w * directions[(k, i)]).sum::<f64>() / sum
                    });
                    [x.clone(), y.collect()].concat()
                })
                .collect();
            let found = found(&rows, Claim::Monotone);
            assert!(found.is_empty(), "d = {dim}, seed {seed}: {found:?}");
        }
    }
}

#[test]
fn noise_is_not_taken_for_a_shape() {
    for dim in [2, 6, 20] {
        let mut random = generator(7, Stream::Test, dim as u64);
        let rows: Vec<Vec<f64>> = (0..300)
            .map(|_| {
                (0..2 * dim)
                    .map(|_| StandardNormal.sample(&mut random))
                    .collect()
            })
            .collect();
        let found = found(&rows, Claim::Monotone);
        assert!(found.is_empty(), "{dim}: {found:?}");
    }
}

#[test]
fn the_median_is_the_value_in_the_middle() {
    assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
    assert_eq!(median(&[]), 0.0);
}
