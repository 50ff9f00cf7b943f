//! What in recorded paths would ruin a fit, found before it is made.

use super::config::DynamicsConfig;
use super::kind::Kind;
use super::loss::Loss;
use super::paths::Path;
use crate::data::file::{Finding, examine_states};

/// A second difference this large beside a first one is noise, not curvature.
const NOISY: f64 = 0.5;

/// A jump within this part of a whole turn may be one.
const TURN: f64 = 0.1;

/// A step this much longer than the usual one is a gap.
const GAP: f64 = 5.0;

/// Looks at the training paths.
pub fn examine(config: &DynamicsConfig, paths: &[&Path], names: &[String]) -> Vec<Finding> {
    let findings = [
        noise(config, paths),
        wrapped(paths, names),
        gaps(paths),
        short(config, paths),
    ];
    let of_states = match &config.file {
        Some(_) => states(config, paths, names),
        None => Vec::new(),
    };
    findings.into_iter().flatten().chain(of_states).collect()
}

/// Stand-ins for missing values, slips, coordinates in different units and numbers that lost digits.
fn states(config: &DynamicsConfig, paths: &[&Path], names: &[String]) -> Vec<Finding> {
    let numbers = paths.iter().flat_map(|path| &path.states).copied();
    let samples = paths
        .iter()
        .flat_map(|path| path.times.iter().map(move |time| (path.number, time)));
    let places: Vec<_> = samples.collect();
    let unlike = match config.kind {
        Kind::GradientFlow => {
            "write all states in the same unit: a gradient flow is one in no other units"
        }
        _ => {
            "divide each position and each momentum by a number of its own so that all spread alike, with the same \
             product of the two numbers for every pair: Hamilton's equations stay"
        }
    };
    examine_states(names, numbers.collect(), unlike, |row| {
        let (number, time) = places[row as usize];
        format!("path {number} at time {time}")
    })
}

/// Differences of neighbouring samples that are mostly noise: the midpoint loss learns from them.
///
/// Without noise the second difference `x_{n+2} − 2 x_{n+1} + x_n` is small beside the first, by the step over the time
/// of a motion; noise of variance `e²` is `6 e²` in its square and `2 e²` in that of the first.
fn noise(config: &DynamicsConfig, paths: &[&Path]) -> Option<Finding> {
    let (mut first, mut second) = (0.0, 0.0);
    for path in paths {
        for n in 0..path.len().saturating_sub(2) {
            for ((a, b), c) in path
                .state(n)
                .iter()
                .zip(path.state(n + 1))
                .zip(path.state(n + 2))
            {
                first += (b - a).powi(2);
                second += (c - 2.0 * b + a).powi(2);
            }
        }
    }
    let ratio = (second / first).sqrt();
    (config.loss == Loss::Midpoint && ratio > NOISY).then(|| Finding {
        message: format!(
            "from one sample to the next states change no more than noise does: second differences are {ratio:.2} \
             times the first ones"
        ),
        remedy: "use loss = \"rollout\" under [dynamics], or keep every few samples only".into(),
    })
}

/// A coordinate that jumps by a whole turn: an angle that was wrapped.
fn wrapped(paths: &[&Path], names: &[String]) -> Option<Finding> {
    for (i, name) in names.iter().enumerate() {
        let jumps = || {
            paths
                .iter()
                .flat_map(|path| (0..path.len() - 1).map(move |n| (*path, n)))
        };
        let size = |path: &Path, n: usize| (path.state(n + 1)[i] - path.state(n)[i]).abs();
        let mut sizes: Vec<f64> = jumps().map(|(path, n)| size(path, n)).collect();
        sizes.sort_by(f64::total_cmp);
        let usual = sizes[sizes.len() / 2];
        for turn in [std::f64::consts::TAU, 360.0] {
            let is_turn = |jump: f64| (jump / turn - 1.0).abs() < TURN && jump > 5.0 * usual;
            if let Some((path, n)) = jumps().find(|(path, n)| is_turn(size(path, *n))) {
                return Some(Finding {
                    message: format!(
                        "{name} jumps by {:.4} in path {} at time {}, about a whole turn: an angle that was wrapped?",
                        size(path, n),
                        path.number,
                        path.times[n + 1]
                    ),
                    remedy: "unwrap it before (numpy.unwrap): a network knows no jumps".into(),
                });
            }
        }
    }
    None
}

/// A step much longer than the others.
fn gaps(paths: &[&Path]) -> Option<Finding> {
    let steps = || {
        paths
            .iter()
            .flat_map(|path| (0..path.len() - 1).map(move |n| (*path, n)))
    };
    let mut sizes: Vec<f64> = steps().map(|(path, n)| path.step(n)).collect();
    sizes.sort_by(f64::total_cmp);
    let usual = sizes[sizes.len() / 2];
    let (path, n) = steps().find(|(path, n)| path.step(*n) > GAP * usual)?;
    Some(Finding {
        message: format!(
            "path {} has a gap of {} before time {}, where steps are usually {usual}",
            path.number,
            path.step(n),
            path.times[n + 1]
        ),
        remedy: "give what comes after the gap a number of its own".into(),
    })
}

/// Paths too short for a window.
fn short(config: &DynamicsConfig, paths: &[&Path]) -> Option<Finding> {
    let count = paths
        .iter()
        .filter(|path| path.len() <= config.horizon)
        .count();
    (count > 0).then(|| Finding {
        message: format!(
            "{count} of {} training paths have too few samples for a window of {} steps: they are not trained on in \
             the end",
            paths.len(),
            config.horizon
        ),
        remedy: "lower horizon under [dynamics]".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::dynamics::systems::{Sampled, System};

    fn paths(noise: f64) -> Vec<Path> {
        let sampled = Sampled {
            paths: 8,
            points: 45,
            end: 3.0,
            noise,
        };
        System::Pendulum.paths(sampled, 3).paths
    }

    fn findings(config: &DynamicsConfig, paths: &[Path]) -> Vec<Finding> {
        let paths: Vec<&Path> = paths.iter().collect();
        examine(config, &paths, &["q".into(), "p".into()])
    }

    #[test]
    fn noise_is_told_where_differences_are_learned_from() {
        let midpoint = DynamicsConfig {
            loss: Loss::Midpoint,
            ..DynamicsConfig::default()
        };
        assert_eq!(findings(&midpoint, &paths(0.0)), []);
        let found = findings(&midpoint, &paths(0.1));
        assert!(found[0].message.contains("no more than noise"), "{found:?}");
        assert_eq!(findings(&DynamicsConfig::default(), &paths(0.1)), []);
    }

    #[test]
    fn wrapped_angles_gaps_and_short_paths_are_told_with_their_place() {
        let config = DynamicsConfig::default();
        let mut wrapped = paths(0.0);
        wrapped[2]
            .states
            .iter_mut()
            .skip(60)
            .step_by(2)
            .for_each(|q| *q -= std::f64::consts::TAU);
        let found = findings(&config, &wrapped);
        assert!(
            found[0].message.contains("q jumps by 6.") && found[0].message.contains("path 2"),
            "{found:?}"
        );
        let mut gap = paths(0.0);
        gap[1].times.iter_mut().skip(7).for_each(|t| *t += 1.0);
        assert!(
            findings(&config, &gap)[0]
                .message
                .contains("path 1 has a gap of 1.06")
        );
        let mut short = paths(0.0);
        short[0].times.truncate(5);
        short[0].states.truncate(10);
        assert!(
            findings(&config, &short)[0]
                .message
                .contains("1 of 8 training paths")
        );
    }

    /// A stand-in is told with its place, and a coordinate in other units; neither is looked for in a system of our
    /// own.
    #[test]
    fn stand_ins_and_units_in_recorded_states_are_told() {
        let file = DynamicsConfig {
            file: Some(Default::default()),
            ..DynamicsConfig::default()
        };
        assert!(findings(&file, &paths(0.0)).is_empty());
        let mut gap = paths(0.0);
        gap[2].states[2 * 7 + 1] = -999.0;
        let place = format!("path {} at time {}", gap[2].number, gap[2].times[7]);
        let said = format!("{:?}", findings(&file, &gap));
        assert!(
            said.contains(&place) && said.contains("`p`: -999 stands there"),
            "{said}"
        );
        let mut units = paths(0.0);
        for path in &mut units {
            path.states
                .iter_mut()
                .skip(1)
                .step_by(2)
                .for_each(|p| *p *= 1e-3);
        }
        let said = format!("{:?}", findings(&file, &units));
        assert!(
            said.contains("column `q` spreads") && said.contains("Hamilton"),
            "{said}"
        );
        assert_eq!(findings(&DynamicsConfig::default(), &units), []);
    }
}
