use super::compare::relative_difference;
use super::*;

fn compare(
    points: &[f32],
    found: &[f32],
    expected: &[f32],
    function: &dyn Fn(f32) -> f32,
) -> Result<Option<Agreement>, DeviceFault> {
    let mut comparison = Comparison::new("a device".into());
    let again = |moved: &[f32]| moved.iter().map(|x| function(*x)).collect();
    comparison.rows("the field", points, points.len(), (found, expected), &again)?;
    Ok(comparison.largest())
}

fn grid(count: usize) -> Vec<f32> {
    (0..count)
        .map(|i| (i as f32 + 0.5) / count as f32)
        .collect()
}

/// ‖(3, 4) − (3, 4.005)‖ = 0.005 beside ‖(3, 4)‖ = 5.
#[test]
fn the_difference_is_relative_to_the_processors_norm() {
    assert!((relative_difference(&[3.0, 4.005], &[3.0, 4.0]) - 1e-3).abs() < 1e-6);
    assert_eq!(relative_difference(&[f32::NAN], &[f32::NAN]), 0.0);
    assert_eq!(relative_difference(&[f32::NAN], &[1.0]), f64::INFINITY);
    assert_eq!(relative_difference(&[1.0], &[f32::INFINITY]), f64::INFINITY);
    assert_eq!(relative_difference(&[1.0], &[0.0]), f64::INFINITY);
    assert_eq!(relative_difference(&[1.0], &[1.0, 2.0]), f64::INFINITY);
    assert_eq!(relative_difference(&[], &[]), 0.0);
}

#[test]
fn rounding_passes_and_one_wrong_row_in_five_hundred_does_not() {
    let points = grid(500);
    let expected: Vec<f32> = points.iter().map(|x| x + 1.0).collect();
    let rounded: Vec<f32> = expected.iter().map(|y| y * (1.0 + 1e-6)).collect();
    let largest = compare(&points, &rounded, &expected, &|x| x + 1.0)
        .unwrap()
        .unwrap();
    assert!(largest.difference > 5e-7 && largest.difference < 2e-6);

    let mut wrong = rounded;
    wrong[499] = 0.0;
    let fault = compare(&points, &wrong, &expected, &|x| x + 1.0).unwrap_err();
    let message = fault.to_string();
    assert!(
        message.contains("a device computes the field wrongly"),
        "{message}"
    );
    assert!(message.contains("500 points"), "{message}");
    assert!(fault.remedy().contains("--backend flex"));
}

/// The sign of x − 1/2 jumps at 1/2: a device that rounds to the other side there is not wrong, one that does so
/// elsewhere is.
#[test]
fn a_row_at_a_kink_is_left_out_and_one_beside_it_is_not() {
    let sign = |x: f32| (x - 0.5).signum();
    let mut points = grid(200);
    points[17] = 0.5;
    let expected: Vec<f32> = points.iter().map(|x| sign(*x)).collect();
    let flipped = |at: usize| {
        let mut found = expected.clone();
        found[at] = -found[at];
        found
    };
    assert!(compare(&points, &flipped(17), &expected, &sign).is_ok());
    assert!(compare(&points, &flipped(18), &expected, &sign).is_err());

    let everywhere = vec![0.5; 200];
    let (ones, minus) = (vec![1.0; 200], vec![-1.0; 200]);
    assert!(
        compare(&everywhere, &minus, &ones, &sign).is_err(),
        "a jump at every point"
    );
}
