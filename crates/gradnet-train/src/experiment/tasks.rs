//! The one list of tasks: the config's table, the choice it makes, and its settings.

use std::ops::{Deref, DerefMut};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Experiment, SCHEMA};
use crate::registry::NetworkConfig;
use crate::settings::{EvaluationConfig, TrainConfig};
use crate::targets::TargetConfig;
use crate::task::dynamics::DynamicsConfig;
use crate::task::images::ImagesConfig;
use crate::task::regression::PairsConfig;
use crate::task::score::ScoreConfig;
use crate::task::transport::TransportConfig;
use crate::task::{Settings, Template};

/// A row of the list of tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TaskEntry {
    /// The config's table.
    pub table: &'static str,
    /// The task's name in results.
    pub task: &'static str,
    /// What is learned from what.
    pub summary: &'static str,
}

/// Makes of a list of tables: the choice of a task, the layout of a config with one optional table for each, and the
/// way between the two.
macro_rules! tasks {
    ($($table:ident: $task:ident($settings:ty), $of:literal, $summary:literal;)+) => {
        /// What is learned from what: one table of a config.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        #[allow(clippy::large_enum_variant)] // a run has one
        pub enum TaskConfig {
            $(#[doc = concat!("The table `[", stringify!($table), ".…]`.")] $task($settings),)+
        }

        /// The tables that choose a task.
        pub const TABLES: &[&str] = &[$(stringify!($table)),+];

        /// What can be learned from what.
        pub const TASKS: &[TaskEntry] = &[$(TaskEntry {
            table: stringify!($table),
            task: $of,
            summary: $summary,
        }),+];

        /// How configs for users' own data are written, by the task's name in results.
        pub fn templates() -> Vec<(&'static str, Template)> {
            let all = [$(($of, <$settings>::template())),+];
            all.into_iter().filter_map(|(task, template)| Some((task, template?))).collect()
        }

        impl Deref for TaskConfig {
            type Target = dyn Settings;

            fn deref(&self) -> &Self::Target {
                match self { $(Self::$task(settings) => settings,)+ }
            }
        }

        impl DerefMut for TaskConfig {
            fn deref_mut(&mut self) -> &mut Self::Target {
                match self { $(Self::$task(settings) => settings,)+ }
            }
        }

        $(impl From<$settings> for TaskConfig {
            fn from(settings: $settings) -> Self {
                Self::$task(settings)
            }
        })+

        /// A config as it is written: key by key, with a table for the task.
        #[derive(Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub(super) struct Document {
            /// Version of the layout: 1.
            #[schemars(extend("enum" = [SCHEMA]))]
            schema: u32,
            /// Names the run folder, runs/NAME-NETWORK-sSEED: letters, digits, `_`, `-` and `.`.
            #[schemars(extend("pattern" = "^[A-Za-z0-9_.-]+$"))]
            name: String,
            /// Seed of every draw of the run: initial weights, training points, validation and test points.
            #[serde(default)]
            #[schemars(extend("maximum" = i64::MAX))]
            seed: u64,
            /// Whether a monotone network may be trained on what is not the gradient of a convex function, which it
            /// cannot represent.
            #[serde(default, skip_serializing_if = "std::ops::Not::not")]
            #[schemars(extend("default" = false))]
            allow_misfit: bool,
            $(
                #[doc = concat!("Learns ", $summary, ".")]
                #[serde(default, skip_serializing_if = "Option::is_none")]
                $table: Option<$settings>,
            )+
            /// The network that learns it.
            network: NetworkConfig,
            /// Training by Adam.
            #[serde(default)]
            train: TrainConfig,
            /// The test at the end of a run.
            #[serde(default)]
            evaluation: EvaluationConfig,
        }

        impl From<Experiment> for Document {
            fn from(experiment: Experiment) -> Self {
                let Experiment { schema, name, seed, allow_misfit, task, network, train, evaluation } = experiment;
                $(let $table = match &task {
                    TaskConfig::$task(settings) => Some(settings.clone()),
                    #[allow(unreachable_patterns)] // in a list of one
                    _ => None,
                };)+
                Self { schema, name, seed, allow_misfit, $($table,)+ network, train, evaluation }
            }
        }

        impl TryFrom<Document> for Experiment {
            type Error = &'static str;

            fn try_from(document: Document) -> Result<Self, Self::Error> {
                let Document { schema, name, seed, allow_misfit, $($table,)+ network, train, evaluation } = document;
                let mut tasks = [$($table.map(TaskConfig::$task)),+].into_iter().flatten();
                let task = tasks.next().ok_or(MISSING)?;
                match tasks.next() {
                    None => Ok(Self { schema, name, seed, allow_misfit, task, network, train, evaluation }),
                    Some(_) => Err("a run learns one thing, but the config has two tables for it"),
                }
            }
        }
    };
}

/// What is said of a config without a task.
pub(crate) const MISSING: &str = "nothing says what is learned";

/// The list. A test adds a line to it (`toy`), as whoever adds a task does.
macro_rules! list {
    ($($more:tt)*) => {
        tasks! {
            target: Formula(TargetConfig), "regression",
                "a field from its values at drawn points, where a formula gives them";
            data: Pairs(PairsConfig), "regression",
                "a field from the points and values in a file";
            dynamics: Dynamics(DynamicsConfig), "dynamics",
                "a system's energy from recorded paths, without derivatives";
            images: Images(ImagesConfig), "images",
                "a regularizer of images, from pictures and noise";
            score: Score(ScoreConfig), "score",
                "the score of a density from its samples";
            transport: Transport(TransportConfig), "transport",
                "the optimal map between two distributions, from samples of both";
            $($more)*
        }
    };
}

#[cfg(not(test))]
list!();

#[cfg(test)]
list!(toy: Toy(crate::task::toy::ToyConfig), "toy", "a multiple of the identity";);
