use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Golden {
    t: Vec<f64>,
    orbits: Vec<GoldenOrbit>,
}

#[derive(Deserialize)]
struct GoldenOrbit {
    energy: f64,
    state: Vec<State>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../tests/golden/two_body.json")).unwrap()
}

/// The golden states come from another program at tolerance 1e-13.
#[test]
fn exact_orbits_are_those_of_an_independent_integrator() {
    let golden = golden();
    assert_eq!(golden.orbits.len(), evaluation_states().len());
    for (orbit, start) in golden.orbits.iter().zip(evaluation_states()) {
        // JSON's reader may err in the last place.
        let distance = |a: &State, b: &State| {
            a.iter()
                .zip(b)
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f64::max)
        };
        assert!(distance(&orbit.state[0], &start) < 1e-15);
        assert!((energy(&start) - orbit.energy).abs() < 1e-14);
        let ours = integrate(exact_rate, start, &golden.t, true).unwrap();
        for (state, expected) in ours.states.iter().zip(&orbit.state) {
            for (a, b) in state.iter().zip(expected) {
                assert!((a - b).abs() < 1e-8, "{state:?} is not {expected:?}");
            }
            assert!((energy(state) - orbit.energy).abs() < 1e-8);
        }
    }
}

#[test]
fn the_gradient_is_the_central_difference_of_the_energy() {
    for state in evaluation_states() {
        let exact = gradient(&state);
        for (i, slope) in exact.iter().enumerate() {
            let at = |step: f64| {
                let mut moved = state;
                moved[i] += step;
                energy(&moved)
            };
            let difference = (at(1e-5) - at(-1e-5)) / 2e-5;
            assert!(
                (difference - slope).abs() < 1e-8,
                "{i}: {difference} {slope}"
            );
        }
    }
}

#[test]
fn starts_are_nearly_circular_and_their_centre_rests() {
    let mut random = gradnet_train::data::generator(1, gradnet_train::data::Stream::Target, 0);
    for _ in 0..200 {
        let start = initial_state(&mut random);
        let [x, x2, y, y2, px, px2, py, py2] = start;
        assert_eq!([x, y, px, py], [-x2, -y2, -px2, -py2]);
        assert!((0.5..1.5).contains(&x) && (0.5..1.5).contains(&y));
        // Perpendicular to the radius, counter-clockwise, within six deviations of the circular speed.
        assert!((x * px + y * py).abs() < 1e-12 && x * py - y * px > 0.0);
        let circular = 0.5 / x.hypot(y).sqrt();
        assert!((px.hypot(py) / circular - 1.0).abs() < 0.3);
    }
}

/// The dynamics under a force that is too strong by a tenth.
fn heavier(state: &State) -> State {
    let mut slope = gradient(state);
    slope[..4].iter_mut().for_each(|force| *force *= 1.1);
    rotate(&slope)
}

/// A prediction by the exact field differs by the coarser integrator alone; one by a field of twice the mass by much
/// more.
#[test]
fn errors_are_zero_for_the_truth_and_large_for_another_field() {
    let horizon = Horizon {
        end: 20.0,
        points: 200,
    };
    let start = evaluation_states()[2];
    let exact = Prediction::new(exact_rate, start, horizon).unwrap();
    assert!(
        exact.coordinate_mse_db() < -70.0 && exact.energy_mse_db() < -90.0,
        "{} {}",
        exact.coordinate_mse_db(),
        exact.energy_mse_db()
    );
    let wrong = Prediction::new(heavier, start, horizon).unwrap();
    assert!(
        wrong.coordinate_mse_db() > -20.0,
        "{}",
        wrong.coordinate_mse_db()
    );
    assert!(wrong.energy_mse_db() > -40.0, "{}", wrong.energy_mse_db());
}

/// The same small force c on both bodies moves their centre by c t^2/2 and leaves the relative motion: the mean over t
/// and two coordinates of its square is (c^2/4)(T^4/5)/2 = c^2 T^4/40, which is 10^-2 for c = sqrt(0.4)/400 and T = 20
/// and 16 times that (12.04 dB) for T = 40, and that is the whole error of the positions.
#[test]
fn the_drift_of_the_centre_is_told_from_the_error_of_the_relative_motion_and_early_error_from_late()
{
    let horizon = Horizon {
        end: 40.0,
        points: 4_000,
    };
    let force = 0.4_f64.sqrt() / 400.0;
    let pushed = |state: &State| {
        let mut slope = gradient(state);
        slope[..2].iter_mut().for_each(|slope| *slope -= force);
        rotate(&slope)
    };
    let start = evaluation_states()[2];
    let drifted = Prediction::new(pushed, start, horizon).unwrap();
    for (found, expected) in [
        (drifted.centre_mse_db(), -7.96),
        (drifted.coordinate_mse_db(), -7.96),
        (drifted.early_coordinate_mse_db(), -20.0),
    ] {
        assert!((found - expected).abs() < 0.02, "{found}, not {expected}");
    }
    // A force that is too strong by a tenth keeps the centre and not the orbit.
    let wrong = Prediction::new(heavier, start, horizon).unwrap();
    assert!(wrong.centre_mse_db() < -200.0, "{}", wrong.centre_mse_db());
}

#[test]
fn a_field_that_blows_up_is_an_error_and_no_orbit() {
    let explosion = |state: &State| state.map(|x| x * x * x * 1e6);
    let start = evaluation_states()[0];
    let error = integrate(explosion, start, &evenly(10, 60.0), false).unwrap_err();
    assert_eq!(error.end, 60.0);
}
