//! Thm. 1 to 6 by numbers: errors that fall with the width inside of a class, and stay outside of it.

#![allow(clippy::unwrap_used)] // in a test a failure is the finding

use burn::tensor::Device;
use gradnet_experiments::universality::{Class, Options, Row, Shape, UniversalityError, run};

fn quick(classes: &[Class], shapes: &[Shape]) -> Vec<Row> {
    let options = Options {
        classes: classes.to_vec(),
        shapes: shapes.to_vec(),
        ..Options::new(0, true)
    };
    let mut told = 0;
    let rows = run(&options, &Device::flex(), |_, done| {
        told += 1;
        assert_eq!(done, told);
    })
    .unwrap();
    assert_eq!((rows.len(), told), (options.rows(), options.rows()));
    for row in &rows {
        println!(
            "{} {:?} {} {} {:.1}",
            row.theorem, row.target, row.inside, row.width, row.mse_db
        );
    }
    rows
}

fn error(rows: &[Row], class: Class, target: Shape, width: usize) -> f64 {
    rows.iter()
        .find(|row| (row.class, row.target, row.width) == (class, target, width))
        .unwrap()
        .mse_db
}

#[test]
fn errors_fall_with_the_width_wherever_a_theorem_covers_the_target() {
    let rows = quick(&Class::ALL, &Shape::ALL);
    for class in Class::ALL {
        for shape in Shape::ALL {
            if class.covers(shape) {
                let (narrow, wide) = (
                    error(&rows, class, shape, 2),
                    error(&rows, class, shape, 32),
                );
                assert!(
                    wide < narrow - 3.0,
                    "{class:?} on {shape:?}: {narrow} dB at width 2, {wide} dB at 32"
                );
            }
        }
    }
}

/// The distances of Thm. 4 and 6: what a sum of convex ridges cannot do, softmax and a transformation can.
#[test]
fn sums_of_convex_ridges_stay_away_from_what_they_cannot_represent() {
    let classes = [
        Class::Softmax,
        Class::ConvexRidges,
        Class::Transformed,
        Class::MonotoneTransformed,
    ];
    let shapes = [Shape::ConvexRidges, Shape::InfinityNorm, Shape::Exponential];
    let rows = quick(&classes, &shapes);
    let at = |class, shape| error(&rows, class, shape, 32);
    let ridges = Class::ConvexRidges;
    assert!(at(ridges, Shape::ConvexRidges) < at(ridges, Shape::InfinityNorm) - 5.0);
    assert!(at(Class::Softmax, Shape::InfinityNorm) < at(ridges, Shape::InfinityNorm) - 3.0);
    assert!(
        at(Class::MonotoneTransformed, Shape::Exponential) < at(ridges, Shape::Exponential) - 3.0
    );
}

#[test]
fn monotone_networks_stay_away_from_a_potential_that_is_not_convex() {
    let rows = quick(&[Class::Softmax, Class::SoftmaxDifference], &[Shape::Waves]);
    let at = |class| error(&rows, class, Shape::Waves, 32);
    assert!(at(Class::SoftmaxDifference) < at(Class::Softmax) - 3.0);
}

#[test]
fn the_same_options_give_the_same_rows() {
    let rows = || quick(&[Class::MonotoneTransformed], &[Shape::Exponential]);
    assert_eq!(rows(), rows());
}

#[test]
fn a_width_of_zero_is_refused_with_the_theorem() {
    let options = Options {
        widths: vec![0],
        ..Options::new(0, true)
    };
    let error = run(&options, &Device::flex(), |_, _| {}).unwrap_err();
    assert!(matches!(error, UniversalityError::Width { width: 0, .. }));
    assert!(error.to_string().contains("Thm. 1"), "{error}");
}
