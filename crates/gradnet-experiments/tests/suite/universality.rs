//! Thm. 1 to 6 by numbers: errors that fall with the width inside of a class, and stay outside of it.

use std::ops::ControlFlow;
use std::sync::LazyLock;

use burn::tensor::Device;
use gradnet_experiments::universality::{Class, Options, Row, Shape, UniversalityError, run};

/// Every class on every target, at the widths 2 and 32.
static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let options = Options::new(0, true);
    let mut told = 0;
    let rows = run(&options, &Device::flex(), |row, done| {
        told += 1;
        assert_eq!(done, told);
        println!(
            "{} {} {} {} {:.1}",
            row.theorem,
            row.target.name(),
            row.inside,
            row.width,
            row.mse_db
        );
        ControlFlow::Continue(())
    });
    let rows = rows.unwrap();
    assert_eq!((rows.len(), told), (options.rows(), options.rows()));
    rows
});

fn error(class: Class, target: Shape, width: usize) -> f64 {
    ROWS.iter()
        .find(|row| (row.class, row.target, row.width) == (class, target, width))
        .unwrap()
        .mse_db
}

/// The error at the larger width.
fn wide(class: Class, target: Shape) -> f64 {
    error(class, target, 32)
}

#[test]
fn errors_fall_with_the_width_wherever_a_theorem_covers_the_target() {
    for class in Class::ALL {
        for shape in Shape::ALL {
            let (narrow, wide) = (error(class, shape, 2), wide(class, shape));
            if class.covers(shape) {
                assert!(
                    wide < narrow - 5.0,
                    "{class:?} on {shape:?}: {narrow} dB at width 2, {wide} dB at 32"
                );
            }
        }
    }
}

/// The distances of Thm. 4 and 6: what a sum of convex ridges cannot do, softmax and a transformation can.
#[test]
fn sums_of_convex_ridges_stay_away_from_what_they_cannot_represent() {
    let ridges = |shape| wide(Class::ConvexRidges, shape);
    assert!(ridges(Shape::ConvexRidges) < ridges(Shape::InfinityNorm) - 10.0);
    assert!(wide(Class::Softmax, Shape::InfinityNorm) < ridges(Shape::InfinityNorm) - 10.0);
    let transformed = wide(Class::MonotoneTransformed, Shape::Exponential);
    assert!(transformed < ridges(Shape::Exponential) - 3.0);
}

/// Thm. 5 at equal width: the ring is a transformed sum of four ridges, and no sum of ridges and no convex potential.
#[test]
fn transformed_sums_of_ridges_come_near_what_neither_sums_of_ridges_nor_convex_potentials_do() {
    let ring = |class| wide(class, Shape::Ring);
    let others = [
        Class::Softmax,
        Class::Ridges,
        Class::ConvexRidges,
        Class::MonotoneTransformed,
    ];
    for class in others {
        assert!(!class.covers(Shape::Ring));
        let (ours, other) = (ring(Class::Transformed), ring(class));
        assert!(
            ours < other - 8.0,
            "{class:?}: {other} dB, Thm. 5: {ours} dB"
        );
    }
    let exponential = |class| wide(class, Shape::Exponential);
    assert!(exponential(Class::Transformed) < exponential(Class::Ridges) - 3.0);
}

/// Thm. 2 against Thm. 1, Thm. 3 against Thm. 4.
#[test]
fn monotone_networks_stay_away_from_a_potential_that_is_not_convex() {
    let waves = |class| wide(class, Shape::Waves);
    assert!(waves(Class::SoftmaxDifference) < waves(Class::Softmax) - 10.0);
    assert!(waves(Class::Ridges) < waves(Class::ConvexRidges) - 10.0);
}

#[test]
fn the_same_options_give_the_same_rows_and_rows_are_data() {
    let options = Options {
        classes: vec![Class::MonotoneTransformed],
        shapes: vec![Shape::Exponential],
        widths: vec![32],
        ..Options::new(0, true)
    };
    let rows = run(&options, &Device::flex(), |_, _| ControlFlow::Continue(())).unwrap();
    let before = ROWS
        .iter()
        .find(|row| row.class == rows[0].class && row.target == rows[0].target && row.width == 32);
    assert_eq!(Some(&rows[0]), before);
    let json = serde_json::to_value(&rows[0]).unwrap();
    assert_eq!(json["class"], "thm_6");
    assert_eq!(json["target"], "exponential");
    assert_eq!(json["inside"], true);
    assert_eq!(
        serde_json::from_value::<Options>(serde_json::to_value(&options).unwrap()).unwrap(),
        options
    );
}

#[test]
fn fitting_stops_after_the_fit_at_which_it_is_asked_to() {
    let options = Options {
        classes: vec![Class::ConvexRidges],
        shapes: vec![Shape::ConvexRidges],
        widths: vec![2, 3, 4],
        ..Options::new(0, true)
    };
    let error = run(&options, &Device::flex(), |_, done| match done {
        2 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    assert_eq!(error.unwrap_err(), UniversalityError::Stopped { done: 2 });
}

#[test]
fn a_width_of_zero_is_refused_with_the_theorem() {
    let options = Options {
        widths: vec![0],
        ..Options::new(0, true)
    };
    let error = run(&options, &Device::flex(), |_, _| ControlFlow::Continue(())).unwrap_err();
    assert!(matches!(error, UniversalityError::Width { width: 0, .. }));
    assert!(error.to_string().contains("Thm. 1"), "{error}");
}
