//! A task as small as one can be, added as CONTRIBUTING.md says: this file, and its line in the list.
//!
//! The field `f(x) = s x` is learned from points of the unit cube; the criterion is its largest error there.

use burn::tensor::{Device, FloatDType, Tensor};
use gradnet_core::VectorField;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Criterion, Headline, Lesson, Quantities, Quantity, Rows, RunTask, Settings, Task, TaskError,
};
use crate::data::file::DataFacts;
use crate::data::{Stream, generator, points_tensor, uniform_points};
use crate::settings::{ExperimentError, Protocol, require};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ToyConfig {
    /// Dimension of the points, at least 1. Default 2.
    #[schemars(extend("minimum" = 1))]
    dim: usize,
    /// What the field multiplies a point by. Default 1.
    slope: f64,
}

impl Default for ToyConfig {
    fn default() -> Self {
        Self { dim: 2, slope: 1.0 }
    }
}

struct Toy {
    config: ToyConfig,
    seed: u64,
    device: Device,
}

impl Toy {
    fn points(&self, stream: Stream, index: usize) -> Tensor<2> {
        let mut random = generator(self.seed, stream, index as u64);
        let points = uniform_points(&mut random, 50, self.config.dim);
        points_tensor(points, self.config.dim, &self.device, FloatDType::F32)
    }

    fn worst(&self, error: impl Fn(Tensor<2>) -> Tensor<2>) -> Quantities {
        let worst = error(self.points(Stream::Test, 0))
            .abs()
            .max()
            .into_scalar();
        Quantities::from([("largest_error".into(), Quantity::new(worst, "m"))])
    }
}

impl<F: VectorField> Task<F> for Toy {
    fn dim(&self) -> usize {
        self.config.dim
    }

    fn lesson(&self, step: usize) -> Lesson<F> {
        let (x, slope) = (self.points(Stream::Training, step), self.config.slope);
        Box::new(move |field| (field.forward(x.clone()) - x * slope).square().mean())
    }

    fn criterion(&self) -> Criterion {
        Criterion {
            name: "largest_error",
            unit: "m",
            title: "largest error",
        }
    }

    fn validate(&self, field: &F, _stop: &dyn Fn() -> bool) -> Option<f64> {
        Some(self.evaluate(field)["largest_error"].value)
    }

    fn evaluate(&self, field: &F) -> Quantities {
        self.worst(|x| field.forward(x.clone()) - x * self.config.slope)
    }

    fn baselines(&self) -> Rows {
        Rows::from([("zero".into(), self.worst(|x| x * self.config.slope))])
    }
}

impl RunTask for Toy {}

impl Settings for ToyConfig {
    fn task(&self) -> &'static str {
        "toy"
    }

    fn headline(&self) -> Headline {
        Headline::smallest(&["largest_error"], &[])
    }

    fn name(&self) -> &'static str {
        "toy"
    }

    fn title(&self) -> &'static str {
        "A multiple of the identity"
    }

    fn table(&self) -> String {
        "toy".into()
    }

    fn dim(&self) -> usize {
        self.dim
    }

    fn check(&self) -> Result<(), ExperimentError> {
        let (dim, slope) = (self.dim, self.slope);
        let remedy = "write dim = 2";
        require(dim >= 1, "toy.dim", dim, "must be at least 1", remedy)?;
        let remedy = "write slope = 1.0";
        let is_finite = slope.is_finite();
        require(is_finite, "toy.slope", slope, "must be finite", remedy)
    }

    fn build(
        &self,
        protocol: &Protocol,
        device: &Device,
        _before: Option<&DataFacts>,
    ) -> Result<Box<dyn RunTask>, TaskError> {
        Ok(Box::new(Toy {
            config: self.clone(),
            seed: protocol.seed,
            device: device.clone(),
        }))
    }
}

mod tests {
    use std::path::Path;

    use super::*;
    use crate::backend::Backend;
    use crate::config::{self, Overrides};
    use crate::experiment::CheckedExperiment;
    use crate::interrupter::Interrupter;
    use crate::run::{Run, RunFolder};
    use crate::training::{Progress, Status, Summary, TrainError, TrainOptions, resume, train};

    const CONFIG: &str = "
schema = 1
name = \"toy\"
[toy]
slope = 3
[network.mgradnet_m]
width = 8
[train]
steps = 300
batch = 50
checkpoint_every = 100
[train.validation]
every = 50
";

    fn experiment() -> CheckedExperiment {
        config::parse("toy.toml", CONFIG, &Overrides::default()).unwrap()
    }

    fn run(out: &Path, options: TrainOptions) -> Result<Summary, TrainError> {
        train(&experiment(), &Device::flex(), out, options)
    }

    /// Asks to stop after a validation at this step.
    struct Stops(usize, Interrupter);

    impl Progress for Stops {
        fn update(&mut self, status: &Status) {
            if status.validated && status.step == self.0 {
                self.1.stop();
            }
        }
    }

    #[test]
    fn a_task_trains_resumes_and_is_scored_by_its_file_and_its_line_alone() {
        let folder = tempfile::tempdir().unwrap();
        let whole = run(
            &folder.path().join("whole"),
            TrainOptions::new(Backend::Flex),
        )
        .unwrap();
        assert_eq!((whole.task.as_str(), whole.dim), ("toy", 2));
        let error = &whole.scores.metrics["largest_error"];
        assert_eq!(error.unit, "m");
        let zero = &whole.scores.baselines["zero"]["largest_error"];
        assert!((2.0..=3.0).contains(&zero.value), "{zero:?}");
        assert!(error.value < zero.value / 2.0, "{error:?} {zero:?}");

        let out = folder.path().join("stopped");
        let interrupter = Interrupter::new();
        let options = TrainOptions {
            progress: Box::new(Stops(100, interrupter.clone())),
            interrupter,
            ..TrainOptions::new(Backend::Flex)
        };
        let stopped = run(&out, options).unwrap_err();
        assert!(
            matches!(stopped, TrainError::Interrupted { step: 100, .. }),
            "{stopped}"
        );
        let resumed = resume(&out, &Device::flex(), TrainOptions::new(Backend::Flex)).unwrap();
        assert_eq!(resumed.scores, whole.scores);

        let opened = Run::open(&out).unwrap();
        assert_eq!(
            opened.evaluate(&Device::flex(), None, None, None).unwrap(),
            whole.scores
        );
        let text = std::fs::read_to_string(out.join(RunFolder::SUMMARY)).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["task"], "toy");
        assert_eq!(json["metrics"]["largest_error"]["unit"], "m");
        assert!(json["metrics"]["largest_error"]["std"].is_null());
        assert!(json["validation"].is_f64() && json["validation_db"].is_null());
        assert!(json["test"].is_null(), "only a regression has it");
        let log = std::fs::read_to_string(out.join(RunFolder::METRICS)).unwrap();
        assert!(log.contains("\"validation\":"), "{log}");
    }

    #[test]
    fn schema_and_messages_know_it() {
        let schema = config::schema();
        let toy = &schema["properties"]["toy"]["properties"];
        assert_eq!(toy["slope"]["type"], "number", "{toy}");
        let wrong = CONFIG.replace("slope", "slop");
        let error = config::parse("toy.toml", &wrong, &Overrides::default()).unwrap_err();
        assert!(error.help().unwrap().contains("did you mean `slope`"));
        let both = CONFIG.replace("[toy]", "[target.quartic_polynomial]\n[toy]");
        let error = config::parse("toy.toml", &both, &Overrides::default()).unwrap_err();
        assert!(
            error.to_string().contains("[target.…] or from [toy.…]"),
            "{error}"
        );
    }
}
