//! The paper's figures, drawn from our own runs as SVG and PNG.
//!
//! The error maps and the orbits read the networks that [`crate::reproduce`] trained and left in the results folder;
//! they name what is missing.

mod canvas;
mod curves;
mod error_maps;
mod orbits;
mod potentials;
mod speed;
mod universality;

pub use universality::FILE as UNIVERSALITY;

use std::path::{Path, PathBuf};

use burn::tensor::Device;

use crate::reproduce::{Paper, Results};
use crate::two_body::OrbitError;
use gradnet_train::SettingError;
use gradnet_train::run::RunError;
use gradnet_train::sweep::SweepError;

/// A figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Fig. 4: the potentials (20) and (21) with their gradient fields.
    Potentials,
    /// Fig. 5: the error of every network of the toys on the unit square, on one colour scale.
    ErrorMaps,
    /// Fig. 6: an orbit of the two bodies, true and predicted by every network of Table III.
    Orbits,
    /// Validation errors over the steps, for every row of every table.
    Curves,
    /// How a training step's time grows with dimension, width and batch.
    Speed,
    /// How the error of each theorem's class falls with the width.
    Universality,
}

impl Figure {
    /// The figures of the tables and of the paper; the speed of a machine is measured apart from them.
    pub const ALL: [Self; 4] = [
        Self::Potentials,
        Self::ErrorMaps,
        Self::Orbits,
        Self::Curves,
    ];

    /// Whether it is written as SVG too: maps of coloured cells would be too large.
    fn has_svg(self) -> bool {
        !matches!(self, Self::Potentials | Self::ErrorMaps)
    }

    /// Its files' name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Potentials => "fig4-potentials",
            Self::ErrorMaps => "fig5-error-maps",
            Self::Orbits => "fig6-orbits",
            Self::Curves => "training-curves",
            Self::Speed => "speed",
            Self::Universality => "universality",
        }
    }
}

/// Why a figure cannot be drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FigureError {
    /// What it is drawn from has not been made.
    #[error("{figure} is drawn from what `{command}` leaves, and {} holds nothing of it", folder.display())]
    Missing {
        /// The figure.
        figure: &'static str,
        /// The command that makes what is missing.
        command: &'static str,
        /// The results folder.
        folder: PathBuf,
    },
    /// The picture could not be made of its parts.
    #[error("{figure} could not be drawn: {reason}")]
    Drawing {
        /// The figure.
        figure: &'static str,
        /// What the plotting library says.
        reason: String,
    },
    /// A run or a file cannot be read or written.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A table has a cell that cannot be run.
    #[error(transparent)]
    Sweep(#[from] SweepError),
    /// A target cannot be built.
    #[error(transparent)]
    Target(#[from] SettingError),
    /// An orbit cannot be followed.
    #[error(transparent)]
    Orbit(#[from] OrbitError),
}

impl FigureError {
    /// What the user can do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Missing { command, .. } => format!("run `{command}` first"),
            Self::Run(error) => error.remedy(),
            Self::Sweep(error) => error.remedy(),
            Self::Target(error) => error.remedy().into(),
            Self::Drawing { .. } | Self::Orbit(_) => {
                "make again what the figure is drawn from (`gradnet reproduce`)".into()
            }
        }
    }
}

/// Draws a figure from what the results folder holds; the paths of its files, in `figures/`.
///
/// # Errors
/// See [`FigureError`].
pub fn draw(
    figure: Figure,
    results: &Results,
    papers: &[Paper],
    device: &Device,
) -> Result<Vec<PathBuf>, FigureError> {
    let device = device.clone().without_autodiff();
    let scenes = match figure {
        Figure::Potentials => vec![(figure.name().to_owned(), potentials::scene(&device)?)],
        Figure::ErrorMaps => vec![(
            figure.name().to_owned(),
            error_maps::scene(results, papers, &device)?,
        )],
        Figure::Orbits => vec![(
            figure.name().to_owned(),
            orbits::scene(results, papers, &device)?,
        )],
        Figure::Curves => curves::scenes(results, papers)?,
        Figure::Speed => vec![(figure.name().to_owned(), speed::scene(results)?)],
        Figure::Universality => vec![(figure.name().to_owned(), universality::scene(results)?)],
    };
    let folder = results.folder().join("figures");
    let mut paths = Vec::new();
    for (name, scene) in scenes {
        paths.extend(canvas::write(figure, &folder, &name, &scene)?);
    }
    Ok(paths)
}

/// The results folder lacks what a figure needs.
fn missing(figure: Figure, command: &'static str, folder: &Path) -> FigureError {
    FigureError::Missing {
        figure: figure.name(),
        command,
        folder: folder.into(),
    }
}
