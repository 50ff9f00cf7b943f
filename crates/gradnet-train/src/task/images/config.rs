//! `[images]`: folders of pictures, crops and noise.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::template::TEMPLATE;
use super::{Images, PSNR, Sets};
use crate::data::file::DataFacts;
use crate::pictures::pictures_in;
use crate::registry::NetworkConfig;
use crate::settings::{ExperimentError, Objective, Protocol, require};
use crate::task::{Headline, RunTask, Settings, TaskError, Template, last_part};

/// Pictures to learn a regularizer from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ImagesConfig {
    /// Folder of the pictures to train on, PNG or `.npy`.
    pub train: PathBuf,
    /// Folder of the pictures that choose the weights, and the strength and scale of the regularizer for each noise
    /// level.
    pub validation: PathBuf,
    /// Folder of the pictures that give the results.
    pub test: PathBuf,
    /// Pictures to draw where no folder is named: so many to train on, a quarter as many for validation, and for the
    /// test.
    #[schemars(extend("maximum" = 4096))]
    pub drawn: usize,
    /// Side of the crops that a step learns from. Default 40.
    #[schemars(extend("minimum" = 8, "maximum" = 512))]
    pub patch: usize,
    /// Whether crops are turned, mirrored and scaled. Default true.
    pub augment: bool,
    /// The smallest and the largest standard deviation of the noise to learn from, of 255. Default [5, 5].
    pub noise: [f64; 2],
    /// Standard deviations of the noise to test with, of 255. Default [5, 15, 25].
    pub levels: Vec<f64>,
    /// What a denoised crop's difference from the clean one is measured by. Unless given the square for
    /// `train.objective = "one_step"`, and the absolute value for the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<PixelError>,
    /// Gradient steps of `train.objective = "unrolled"`; 10 unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("minimum" = 1, "maximum" = 1000))]
    pub unrolled_steps: Option<usize>,
    /// For `train.objective = "proximal"`: the root mean square of the gradient at which the minimisation ends, as a
    /// part of the noise's standard deviation. That at which its adjoint equation is solved, as a part of the right
    /// side, is the same; 0.02 unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 1.0))]
    pub tolerance: Option<f64>,
    /// For `train.objective = "proximal"`: the most gradient steps of the minimisation; 200 unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("minimum" = 1, "maximum" = 100_000))]
    pub most_steps: Option<usize>,
    /// For `train.objective = "proximal"`: whether the inverse of the objective's Hessian is left out of the gradient,
    /// which costs less and is not exact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jacobian_free: Option<bool>,
}

/// What errors of pixels are measured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PixelError {
    /// The mean square.
    Squared,
    /// The mean absolute value.
    Absolute,
}

impl Default for ImagesConfig {
    fn default() -> Self {
        Self {
            train: PathBuf::new(),
            validation: PathBuf::new(),
            test: PathBuf::new(),
            drawn: 0,
            patch: 40,
            augment: true,
            noise: [5.0, 5.0],
            levels: vec![5.0, 15.0, 25.0],
            error: None,
            unrolled_steps: None,
            tolerance: None,
            most_steps: None,
            jacobian_free: None,
        }
    }
}

impl ImagesConfig {
    /// The folders with their keys.
    pub fn folders(&self) -> [(&'static str, &Path); 3] {
        [
            ("images.train", &self.train),
            ("images.validation", &self.validation),
            ("images.test", &self.test),
        ]
    }
}

impl ImagesConfig {
    pub(super) fn unrolled_steps(&self) -> usize {
        self.unrolled_steps.unwrap_or(10)
    }

    pub(super) fn tolerance(&self) -> f64 {
        self.tolerance.unwrap_or(0.02)
    }

    pub(super) fn most_steps(&self) -> usize {
        self.most_steps.unwrap_or(200)
    }

    pub(super) fn pixel_error(&self, objective: Objective) -> PixelError {
        self.error.unwrap_or(match objective {
            Objective::OneStep => PixelError::Squared,
            Objective::Unrolled | Objective::Proximal => PixelError::Absolute,
        })
    }
}

impl Settings for ImagesConfig {
    fn template() -> Option<Template> {
        Some(TEMPLATE)
    }

    fn task(&self) -> &'static str {
        "images"
    }

    fn headline(&self) -> Headline {
        Headline {
            names: &[PSNR],
            larger: true,
            bounds: &[],
        }
    }

    fn name(&self) -> &'static str {
        "denoising"
    }

    fn title(&self) -> &'static str {
        "Denoising of pictures"
    }

    fn heading(&self) -> String {
        match self.drawn {
            0 => format!(
                "Denoising, learned from the pictures in {}",
                last_part(&self.train)
            ),
            _ => "Denoising, learned from drawn pictures".into(),
        }
    }

    fn table(&self) -> String {
        "images".into()
    }

    /// Pictures have any size; the network's patches have one.
    fn dim(&self) -> usize {
        0
    }

    fn on_patches(&self) -> bool {
        true
    }

    fn folders_mut(&mut self) -> Vec<(&'static str, &mut PathBuf)> {
        vec![
            ("images.train", &mut self.train),
            ("images.validation", &mut self.validation),
            ("images.test", &mut self.test),
        ]
    }

    /// The pictures themselves; of a folder that cannot be read, the folder, which the reading then tells of.
    fn files(&self) -> Vec<(&'static str, PathBuf)> {
        if self.drawn > 0 {
            return Vec::new();
        }
        let pictures = |(key, folder): (&'static str, &Path)| {
            let files = pictures_in(folder).unwrap_or_else(|_| vec![folder.into()]);
            files.into_iter().map(move |file| (key, file))
        };
        self.folders().into_iter().flat_map(pictures).collect()
    }

    fn check(&self) -> Result<(), ExperimentError> {
        require(
            (8..=512).contains(&self.patch),
            "images.patch",
            self.patch,
            "must be from 8 to 512",
            "patch = 40 is what the references use",
        )?;
        let [low, high] = self.noise;
        require(
            low.is_finite() && high.is_finite() && 0.0 < low && low <= high && high <= 255.0,
            "images.noise",
            format!("[{low}, {high}]"),
            "must be two numbers above 0 and at most 255, the smaller first",
            "write noise = [5, 25], in units of 1/255",
        )?;
        let fine = |level: &f64| level.is_finite() && *level > 0.0 && *level <= 255.0;
        require(
            !self.levels.is_empty() && self.levels.iter().all(fine),
            "images.levels",
            format!("{:?}", self.levels),
            "must be numbers above 0 and at most 255",
            "write levels = [5, 15, 25], in units of 1/255",
        )?;
        require(
            (1..=1000).contains(&self.unrolled_steps()),
            "images.unrolled_steps",
            self.unrolled_steps(),
            "must be from 1 to 1000",
            "unrolled_steps = 10 is what the references use",
        )?;
        require(
            self.tolerance() > 0.0 && self.tolerance() <= 1.0,
            "images.tolerance",
            self.tolerance(),
            "must be a number above 0 and at most 1",
            "tolerance = 0.02 is a fiftieth of the noise",
        )?;
        require(
            (1..=100_000).contains(&self.most_steps()),
            "images.most_steps",
            self.most_steps(),
            "must be from 1 to 100000",
            "most_steps = 200 is seldom reached",
        )?;
        require(
            self.drawn == 0 || (4..=4096).contains(&self.drawn),
            "images.drawn",
            self.drawn,
            "must be 0, or from 4 to 4096",
            "leave it out where folders are named",
        )?;
        require(
            self.drawn == 0 || self.folders().iter().all(|(_, path)| is_empty(path)),
            "images.drawn",
            self.drawn,
            "has no meaning beside a folder of pictures",
            "name all three folders, or none",
        )
    }

    fn check_rest(&self, protocol: &Protocol) -> Result<(), ExperimentError> {
        protocol.require_online(
            "a run on pictures",
            "leave it out: every step takes fresh crops with fresh noise",
        )?;
        let objective = protocol.train.objective.unwrap_or_default();
        let [unrolled, proximal] = [
            (Objective::Unrolled, "unrolled"),
            (Objective::Proximal, "proximal"),
        ];
        let steps = |steps: Option<usize>| steps.map(|steps| steps.to_string());
        let tolerance = self.tolerance.map(|tolerance| tolerance.to_string());
        let free = self.jacobian_free.map(|free| free.to_string());
        let settings = [
            (
                "images.unrolled_steps",
                steps(self.unrolled_steps),
                unrolled,
            ),
            ("images.tolerance", tolerance, proximal),
            ("images.most_steps", steps(self.most_steps), proximal),
            ("images.jacobian_free", free, proximal),
        ];
        settings.into_iter().try_for_each(|(key, set, (of, name))| {
            require(
                set.is_none() || objective == of,
                key,
                set.unwrap_or_default(),
                &format!("has a meaning with train.objective = \"{name}\" only"),
                "leave it out, or set that objective",
            )
        })
    }

    fn check_network(&self, network: &NetworkConfig) -> Result<(), ExperimentError> {
        let side = network.patch_dim().map_or(0, usize::isqrt);
        require(
            side <= self.patch,
            "images.patch",
            self.patch,
            &format!(
                "must be at least a side of the network's patches, which have {side} x {side} pixels"
            ),
            "enlarge it, or lower the network's size",
        )
    }

    fn reads(&self) -> Vec<String> {
        match self.drawn {
            0 => self
                .folders()
                .iter()
                .filter(|(_, path)| !is_empty(path))
                .map(|(key, path)| format!("{key}: {}", path.display()))
                .collect(),
            drawn => vec![format!(
                "{drawn} drawn pictures, and {} more to choose and to test",
                drawn / 4 * 2
            )],
        }
    }

    fn build(
        &self,
        protocol: &Protocol,
        device: &Device,
        _before: Option<&DataFacts>,
    ) -> Result<Box<dyn RunTask>, TaskError> {
        let sets = Sets::of(self, protocol.seed)?;
        sets.hold_patches(protocol.side)?;
        Ok(Box::new(Images::new(self.clone(), sets, protocol, device)))
    }
}

/// Whether a folder is not named.
pub(super) fn is_empty(path: &Path) -> bool {
    path.as_os_str().is_empty()
}
