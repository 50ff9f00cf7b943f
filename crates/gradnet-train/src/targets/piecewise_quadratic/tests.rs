//! What a budget of 1024 d parameters holds of the three matrices at d = 1024: as many vectors as the dimension.

use nalgebra::{DMatrix, DVector};

use super::PiecewiseQuadraticConfig;
use crate::data::{Stream, generator, uniform_points};

const DIM: usize = 1024;
const POINTS: usize = 500;

/// `V`, `B` and `A` of the module's text.
fn matrices() -> [DMatrix<f64>; 3] {
    let config = PiecewiseQuadraticConfig {
        dim: DIM,
        ..PiecewiseQuadraticConfig::default()
    };
    [0, 1, 2].map(|part| DMatrix::from_fn(DIM, DIM, |i, j| config.parts(i, j)[part]))
}

/// A symmetric matrix by its eigenvalues, the largest first, and its eigenvectors.
struct Spectrum {
    values: Vec<f64>,
    vectors: DMatrix<f64>,
}

impl Spectrum {
    fn of(matrix: DMatrix<f64>) -> Self {
        let eigen = matrix.symmetric_eigen();
        let mut order: Vec<usize> = (0..DIM).collect();
        let size = |index: usize| eigen.eigenvalues[index].abs();
        order.sort_by(|a, b| size(*b).total_cmp(&size(*a)));
        Self {
            values: order
                .iter()
                .map(|index| eigen.eigenvalues[*index])
                .collect(),
            vectors: eigen.eigenvectors.select_columns(&order),
        }
    }

    /// Points times the nearest matrix that is of this rank, but for a multiple of the identity if there may be one.
    fn apply(&self, points: &DMatrix<f64>, rank: usize, multiple: bool) -> DMatrix<f64> {
        let rest = &self.values[rank..];
        let mean = rest.iter().sum::<f64>() / rest.len() as f64;
        let multiple = if multiple { mean } else { 0.0 };
        let kept = self.vectors.columns(0, rank);
        let shift = |value: &f64| value - multiple;
        let scales = DVector::from_iterator(rank, self.values[..rank].iter().map(shift));
        let mut along = points * kept;
        for (mut column, scale) in along.column_iter_mut().zip(&scales) {
            column *= *scale;
        }
        along * kept.transpose() + points * multiple
    }
}

/// `2 M z` with the matrix of the largest form, from the images under `V`, `B` and `A`.
fn field(points: &DMatrix<f64>, [v, b, a]: [&DMatrix<f64>; 3]) -> DMatrix<f64> {
    let mut field = v * 2.0;
    for row in 0..points.nrows() {
        let form = |image: &DMatrix<f64>| points.row(row).dot(&image.row(row));
        let (by_b, by_a) = (form(b), form(a));
        let (image, sign) = match by_b > by_a.abs() {
            true => (b, 2.0),
            false => (a, 2.0 * by_a.signum()),
        };
        let moved = field.row(row) + image.row(row) * sign;
        field.set_row(row, &moved);
    }
    field
}

/// Table I's budget at d = 1024. With `r` vectors for V and `q` for each of B and A, `r + 2 q = 1024`, the truncated
/// matrices are less than 1.6 dB below the best linear map, whatever the split. A multiple of the identity beside V,
/// one more parameter, makes it more than 4 dB.
#[test]
fn a_multiple_of_the_identity_is_what_the_budget_of_table_1_lacks() {
    let [v, b, a] = matrices();
    let random = &mut generator(3, Stream::Test, 0);
    let uniform = uniform_points(random, POINTS, DIM);
    let z = DMatrix::from_row_iterator(POINTS, DIM, uniform.iter().map(|x| f64::from(*x) - 0.5));
    let (zv, zb, za) = (&z * &v, &z * &b, &z * &a);
    let truth = field(&z, [&zv, &zb, &za]);
    let norms = truth.row_iter().map(|row| row.norm());
    let norm = norms.sum::<f64>() / POINTS as f64;
    let db = |other: &DMatrix<f64>| {
        let square = (&truth - other).norm_squared() / POINTS as f64;
        10.0 * (square / norm.powi(2)).log10()
    };
    // How often each form is the largest.
    let mut shares = [0.0; 3];
    for row in 0..POINTS {
        let form = |image: &DMatrix<f64>| z.row(row).dot(&image.row(row));
        let (by_b, by_a) = (form(&zb), form(&za));
        let piece = if by_b > by_a.abs() {
            0
        } else if by_a > 0.0 {
            1
        } else {
            2
        };
        shares[piece] += 1.0 / POINTS as f64;
    }
    let linear = db(&((&zv + &zb * shares[0] + &za * (shares[1] - shares[2])) * 2.0));
    assert!((linear + 11.29).abs() < 0.1, "{linear}");

    let [v, b, a] = [v, b, a].map(Spectrum::of);
    let truncated = |rank: usize, multiple: bool| {
        let each = (DIM - rank) / 2;
        let [b, a] = [&b, &a].map(|matrix| matrix.apply(&z, each, false));
        db(&field(&z, [&v.apply(&z, rank, multiple), &b, &a]))
    };
    let mut table = Vec::new();
    for rank in [256, 384, 512, 640, 768, 896] {
        table.push((rank, truncated(rank, false), truncated(rank, true)));
    }
    println!("best linear map {linear:.2} dB; r, without and with a multiple of the identity:");
    table
        .iter()
        .for_each(|(rank, without, with)| println!("{rank} {without:.2} {with:.2}"));
    let best = |of: fn(&(usize, f64, f64)) -> f64| table.iter().map(of).fold(0.0, f64::min);
    let (without, with) = (best(|row| row.1), best(|row| row.2));
    assert!(linear - without < 1.6, "{table:?}");
    assert!(linear - with > 4.0, "{table:?}");
}
