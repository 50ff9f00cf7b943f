//! Looks at how a run is trained and scored, value after value.

use super::{
    DataConfig, EvaluationConfig, ExperimentError, FixedData, Protocol, Sampling, TrainConfig,
};

/// Refuses with `requirement` unless `holds`.
pub(crate) fn require(
    holds: bool,
    key: &str,
    value: impl ToString,
    requirement: &str,
    remedy: &str,
) -> Result<(), ExperimentError> {
    if holds {
        return Ok(());
    }
    Err(ExperimentError::Invalid {
        key: key.into(),
        value: value.to_string(),
        requirement: requirement.into(),
        remedy: remedy.into(),
    })
}

impl Protocol {
    /// Refuses a drawn training set, where `task`, such as "a transport", has no use for one.
    pub(crate) fn require_online(&self, task: &str, remedy: &str) -> Result<(), ExperimentError> {
        require(
            self.train.data == DataConfig::Online,
            "train.data",
            "a drawn set",
            &format!("has no meaning for {task}"),
            remedy,
        )
    }

    /// Refuses a grid of test points, where `task` has no use for one.
    pub(crate) fn require_uniform(&self, task: &str, remedy: &str) -> Result<(), ExperimentError> {
        require(
            self.evaluation.sampling == Sampling::Uniform,
            "evaluation.sampling",
            "\"grid\"",
            &format!("has no meaning for {task}"),
            remedy,
        )
    }
}

impl TrainConfig {
    /// Looks at the values that every task uses.
    pub(crate) fn check(&self) -> Result<(), ExperimentError> {
        let positive = "must be at least 1";
        require(
            self.steps > 0,
            "train.steps",
            self.steps,
            positive,
            "the paper uses steps = 10000",
        )?;
        require(
            self.batch > 0,
            "train.batch",
            self.batch,
            positive,
            "the paper uses batch = 100",
        )?;
        require(
            self.learning_rate.is_finite() && self.learning_rate > 0.0 && self.learning_rate <= 1.0,
            "train.learning_rate",
            self.learning_rate,
            "must be a number in (0, 1]",
            "the paper chooses among 0.01, 0.001 and 0.0001",
        )?;
        if let Some(average) = self.average {
            require(
                average > 0.0 && average < 1.0,
                "train.average",
                average,
                "must be a number above 0 and below 1",
                "average = 0.999 averages over about the last 1,000 steps; leave it out for none",
            )?;
        }
        if let Some(clip) = self.clip_norm {
            require(
                clip.is_finite() && clip > 0.0,
                "train.clip_norm",
                clip,
                "must be a number greater than 0",
                "leave it out to train without clipping, as the paper does",
            )?;
        }
        require(
            self.validation.every > 0,
            "train.validation.every",
            self.validation.every,
            positive,
            "every = 200 validates 50 times in 10,000 steps",
        )?;
        require(
            self.validation.points > 0,
            "train.validation.points",
            self.validation.points,
            positive,
            "points = 1000 is enough to rank weights",
        )?;
        Ok(())
    }

    /// Looks at the set of drawn points, if there is one.
    pub(crate) fn check_data(&self) -> Result<(), ExperimentError> {
        if let DataConfig::Fixed(FixedData { points }) = self.data {
            require(
                points >= self.batch,
                "train.data.fixed.points",
                points,
                &format!("must hold at least one batch of {}", self.batch),
                "the released 2-D notebooks use points = 100000; or lower train.batch",
            )?;
        }
        Ok(())
    }
}

impl EvaluationConfig {
    /// Looks at the values, for a field on `dim` dimensions.
    pub(crate) fn check(&self, dim: usize) -> Result<(), ExperimentError> {
        require(
            self.points > 0,
            "evaluation.points",
            self.points,
            "must be at least 1",
            "the paper uses points = 10000",
        )?;
        require(
            self.draws > 0,
            "evaluation.draws",
            self.draws,
            "must be at least 1",
            "the paper uses draws = 15",
        )?;
        if self.sampling == Sampling::Grid {
            require(
                dim == 2,
                "evaluation.sampling",
                "\"grid\"",
                &format!("must be \"uniform\" for a target on {dim} dimensions"),
                "a grid is offered on the unit square only: write sampling = \"uniform\"",
            )?;
            require(
                self.points.isqrt().pow(2) == self.points && self.points >= 4,
                "evaluation.points",
                self.points,
                "must be a square number of at least 4 when sampling = \"grid\"",
                "points = 10000 gives the 100 x 100 grid of the paper",
            )?;
        }
        require(
            self.linear_points >= 2 * dim,
            "evaluation.linear_points",
            self.linear_points,
            &format!(
                "must be at least twice the dimension, {}: fewer points do not determine the linear reference map well",
                2 * dim
            ),
            &match EvaluationConfig::default().linear_points >= 2 * dim {
                true => "leave it out: the default is 20000".to_owned(),
                false => format!("write linear_points = {} under [evaluation]", 2 * dim),
            },
        )
    }
}
