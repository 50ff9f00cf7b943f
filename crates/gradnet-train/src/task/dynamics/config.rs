//! `[dynamics]`: where the paths are, what kind of system they are of, and how it is learned.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kind::Kind;
use super::loss::Loss;
use super::systems::{Sampled, System};

/// Dynamics from recorded paths.
///
/// ```toml
/// [dynamics]
/// kind = "hamiltonian"
/// horizon = 20
///
/// [dynamics.file]
/// path = "paths.csv"
/// state = ["q", "p"]
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DynamicsConfig {
    /// What kind of system the paths are of.
    pub kind: Kind,
    /// What is minimised.
    pub loss: Loss,
    /// Steps of a window: samples that a path is followed over. Default 10.
    #[schemars(extend("minimum" = 1))]
    pub horizon: usize,
    /// Share of the run in which windows grow from 1 step to the horizon. Default 0.25; 0 for whole windows from the
    /// first step.
    #[schemars(extend("minimum" = 0.0, "maximum" = 1.0))]
    pub growth: f64,
    /// Steps of the method from one sample to the next. Default 1.
    #[schemars(extend("minimum" = 1, "maximum" = 1000))]
    pub substeps: usize,
    /// Damped Gauss-Newton steps that fit the start of a window to its samples, several for long windows of noisy
    /// samples; 0 starts at the measured states. Default 2.
    #[schemars(extend("maximum" = 100))]
    pub start_steps: usize,
    /// The friction on the momenta of a dissipative system; found from the paths by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("minimum" = 0.0))]
    pub friction: Option<f64>,
    /// Share of the paths that choose the weights. Default 0.2.
    #[schemars(extend("exclusiveMinimum" = 0.0, "exclusiveMaximum" = 1.0))]
    pub validation: f64,
    /// Share of the paths that give the reported errors; a system is tested on paths of its own. Default 0.2.
    #[schemars(extend("exclusiveMinimum" = 0.0, "exclusiveMaximum" = 1.0))]
    pub test: f64,
    /// Paths in a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathsFile>,
    /// Paths of known equations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<SystemPaths>,
}

/// `[dynamics.file]`: a table with one row per sample.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("required" = ["path"]))]
pub struct PathsFile {
    /// The file: .csv, .tsv, .npz, .parquet or .safetensors; relative to the config's folder.
    pub path: PathBuf,
    /// The column that numbers the paths. Default "path".
    pub number: String,
    /// The column with the times. Default "time".
    pub time: String,
    /// Columns or arrays with the state: positions, then momenta in the same order.
    pub state: Vec<String>,
    /// Columns or arrays with inputs. Default none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<String>,
    /// Coordinates of a state; found from the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dim: Option<usize>,
}

/// `[dynamics.system]`: paths that are made by seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SystemPaths {
    /// The system.
    pub name: System,
    /// Paths, those that choose the weights among them. Default 50.
    #[schemars(extend("minimum" = 3))]
    pub paths: usize,
    /// Samples a path; the default depends on the system.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("minimum" = 2))]
    pub points: Option<usize>,
    /// The last time of a path; the default depends on the system.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 10000.0))]
    pub end: Option<f64>,
    /// Standard deviation of the noise on every coordinate. Default 0.
    #[schemars(extend("minimum" = 0.0))]
    pub noise: f64,
    /// Test paths, without noise. Default 15.
    #[schemars(extend("minimum" = 1))]
    pub test_paths: usize,
    /// The last time of a test path. Default 20.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 10000.0))]
    pub test_end: f64,
}

impl Default for DynamicsConfig {
    fn default() -> Self {
        Self {
            kind: Kind::default(),
            loss: Loss::default(),
            horizon: 10,
            growth: 0.25,
            substeps: 1,
            start_steps: 2,
            friction: None,
            validation: 0.2,
            test: 0.2,
            file: None,
            system: None,
        }
    }
}

impl Default for PathsFile {
    fn default() -> Self {
        Self {
            path: PathBuf::new(),
            number: "path".into(),
            time: "time".into(),
            state: Vec::new(),
            inputs: Vec::new(),
            dim: None,
        }
    }
}

impl Default for SystemPaths {
    fn default() -> Self {
        Self {
            name: System::default(),
            paths: 50,
            points: None,
            end: None,
            noise: 0.0,
            test_paths: 15,
            test_end: 20.0,
        }
    }
}

impl SystemPaths {
    /// How the training paths are sampled.
    pub fn sampled(&self) -> Sampled {
        let (points, end) = self.name.sampling();
        Sampled {
            paths: self.paths,
            points: self.points.unwrap_or(points),
            end: self.end.unwrap_or(end),
            noise: self.noise,
        }
    }

    /// How the test paths are sampled: as often as the training paths, for longer.
    pub fn tested(&self) -> Sampled {
        let Sampled { points, end, .. } = self.sampled();
        let step = end / (points - 1) as f64;
        Sampled {
            paths: self.test_paths,
            points: (self.test_end / step).round() as usize + 1,
            end: self.test_end,
            noise: 0.0,
        }
    }
}

impl DynamicsConfig {
    /// Names of the columns or arrays with a state.
    pub fn state_names(&self) -> Vec<String> {
        match (&self.file, &self.system) {
            (Some(file), _) => file.state.clone(),
            (None, system) => system.clone().unwrap_or_default().name.states(),
        }
    }

    /// Names of the columns or arrays with inputs.
    pub fn input_names(&self) -> Vec<String> {
        self.file
            .as_ref()
            .map_or_else(Vec::new, |file| file.inputs.clone())
    }

    /// Names of the columns that number the paths and hold the times.
    pub fn place_names(&self) -> [String; 2] {
        let file = self.file.clone().unwrap_or_default();
        [file.number, file.time]
    }

    /// Steps of a window at step `step` of `steps`: 1 at first, the horizon when the share `growth` of the run is done.
    pub fn horizon_at(&self, step: usize, steps: usize) -> usize {
        let grown = step as f64 / (self.growth * steps as f64).max(1.0);
        1 + ((self.horizon - 1) as f64 * grown.min(1.0)) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_horizon_grows_from_one_step_to_the_whole_window() {
        let config = DynamicsConfig {
            horizon: 21,
            growth: 0.5,
            ..DynamicsConfig::default()
        };
        let at = |step| config.horizon_at(step, 1000);
        assert_eq!(
            [at(0), at(250), at(499), at(500), at(999)],
            [1, 11, 20, 21, 21]
        );
        let whole = DynamicsConfig {
            growth: 0.0,
            ..config
        };
        assert_eq!(
            [whole.horizon_at(0, 1000), whole.horizon_at(1, 1000)],
            [1, 21]
        );
    }

    /// 44 steps of 3/44 in training; 293 of 20/293 in the test.
    #[test]
    fn a_test_path_is_sampled_as_often_as_a_training_path() {
        let pendulum = SystemPaths::default();
        assert_eq!(
            (pendulum.sampled().points, pendulum.tested().points),
            (45, 294)
        );
        assert_eq!(pendulum.tested().end, 20.0);
    }
}
