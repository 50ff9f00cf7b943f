//! A released checkpoint as a run folder, which `gradnet eval`, `verify`, `predict` and `export`
//! then take as any other.

use std::path::Path;

use burn::module::Module;
use burn::tensor::Device;
use gradnet_core::network::UnitFunction;
use gradnet_core::{ParameterSource, VectorField};

use crate::experiment::{Experiment, ExperimentError, TaskConfig};
use crate::files::FileError;
use crate::foreign_checkpoints::{Checkpoint, Found, SearchError};
use crate::registry::{Network, NetworkConfig, RELEASED, ReleasedError};
use crate::run::{RunError, RunFolder};
use crate::task::TaskError;

/// What was imported.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The network, without autodiff.
    pub network: Network,
    /// Its settings, recognised from the arrays.
    pub config: NetworkConfig,
    /// Its trainable numbers.
    pub parameters: usize,
    /// Where in the file they were.
    pub found: Found,
    /// What the file does not say, and what was made of its arrays.
    pub note: Option<String>,
}

/// Why a checkpoint cannot be imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// No state in the file is the network's, or more than one.
    #[error("{file}: {error}")]
    Search {
        /// The file.
        file: String,
        /// What there is instead.
        error: SearchError,
    },
    /// The arrays are not those of the network.
    #[error("{file} holds no {network}: {error}")]
    Released {
        /// The file.
        file: String,
        /// The network asked for.
        network: String,
        /// What does not fit.
        error: ReleasedError,
    },
    /// The network is for another dimension than the experiment.
    #[error("the network of {file} is for {found} dimensions, the config's target has {expected}")]
    Dimension {
        /// The file.
        file: String,
        /// The network's dimension.
        found: usize,
        /// The target's.
        expected: usize,
    },
    /// The config's task puts its networks inside a linear part, which no released network has.
    #[error("a network of [{table}] stands inside a linear part, and {file} has none")]
    NoLinearPart {
        /// The file.
        file: String,
        /// The task's table.
        table: String,
    },
    /// A regularizer of pictures, and a config of something else.
    #[error("{network} is a regularizer of pictures, and the config has a table [{table}]")]
    NoPictures {
        /// The network asked for.
        network: String,
        /// The task's table.
        table: String,
    },
    /// The experiment cannot be run.
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    /// The run folder cannot be written.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The data of the config cannot be used.
    #[error(transparent)]
    Task(#[from] TaskError),
}

impl ImportError {
    /// What the user can do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::File(error) => error.remedy().into(),
            Self::Search { error, .. } => error.remedy(),
            Self::Released {
                error: ReleasedError::NotFinite { .. },
                ..
            } => "its training has diverged: import a checkpoint from before".into(),
            Self::Released {
                error: ReleasedError::Noise { highest, .. },
                ..
            } => format!(
                "say the level: --set images.noise=[25,25], numbers above 0 and up to {highest}"
            ),
            Self::Released {
                error: ReleasedError::NotConvex,
                ..
            } => "import it as one: --network patch_weak_ridge".into(),
            Self::Released { .. } => format!(
                "name the network the file was saved from with --network, one of {}",
                RELEASED.join(", ")
            ),
            Self::Dimension { found, .. } => format!(
                "choose a config whose target has {found} dimensions, or set it: --set target.NAME.dim={found}"
            ),
            Self::NoLinearPart { .. } => {
                "import with a config of [target.…] or [data.file]; a transport is trained with `gradnet train`".into()
            }
            Self::NoPictures { .. } => "choose a config of [images], such as configs/denoise_bsd.toml with \
                --set images.train=FOLDER --set images.validation=FOLDER --set images.test=FOLDER"
                .into(),
            Self::Experiment(error) => error.remedy().into(),
            Self::Run(error) => error.remedy(),
            Self::Task(error) => error.remedy().into(),
        }
    }
}

/// Reads a released checkpoint and writes a run folder with its weights and with `experiment`,
/// whose network is replaced by the file's.
///
/// A regularizer of pictures that differs with the noise is taken at the middle of the config's `images.noise`.
///
/// Of several states in the file `key` names one, see [`Checkpoint::find`]. The activation is the
/// learned one where the file holds it; otherwise the one the experiment's network names if it is
/// of the same kind, and tanh if not.
///
/// # Errors
/// See [`ImportError`]; nothing is written unless the weights fit.
pub fn import(
    file: &Path,
    network: &str,
    key: Option<&str>,
    experiment: &Experiment,
    (out, overwrite): (&Path, bool),
    device: &Device,
) -> Result<Imported, ImportError> {
    let name = file.display().to_string();
    let released = |error| ImportError::Released {
        file: name.clone(),
        network: network.into(),
        error,
    };
    if !RELEASED.contains(&network) {
        return Err(released(ReleasedError::NotReleased {
            name: network.into(),
        }));
    }
    if experiment.task.modulus().is_some() {
        return Err(ImportError::NoLinearPart {
            file: name,
            table: experiment.task.table(),
        });
    }
    let on_patches = experiment.network.patch_dim().is_some();
    let noise = match &experiment.task {
        TaskConfig::Images(images) => 0.5 * (images.noise[0] + images.noise[1]),
        task if on_patches => {
            return Err(ImportError::NoPictures {
                network: network.into(),
                table: task.table(),
            });
        }
        _ => 0.0,
    };
    let checkpoint = Checkpoint::open(file)?;
    let found = checkpoint
        .find(network, experiment.dim(), key)
        .map_err(|error| ImportError::Search {
            file: name.clone(),
            error,
        })?;
    let state = checkpoint.state(&found)?.at_noise(noise);
    let fixed = match &experiment.network {
        NetworkConfig::GradNetC(config) | NetworkConfig::MGradNetC(config) => config.activation,
        _ => UnitFunction::Tanh,
    };
    let mut source = ParameterSource::new(&device.clone().without_autodiff(), 0);
    let loaded = state.network(network, fixed, &mut source);
    let (config, loaded) = loaded.map_err(released)?;
    if !on_patches && loaded.dim() != experiment.dim() {
        return Err(ImportError::Dimension {
            file: name,
            found: loaded.dim(),
            expected: experiment.dim(),
        });
    }
    let mut experiment = Experiment {
        network: config.clone(),
        ..experiment.clone()
    };
    experiment.task.in_own_units();
    let experiment = experiment.check()?;
    let facts = match experiment.task.keeps_facts() {
        true => experiment.build_test(device, None)?.facts(),
        false => None,
    };
    let folder = RunFolder::create_untrained(out, &experiment, overwrite)?;
    if let Some(facts) = facts {
        RunFolder::write_facts(folder.path(), &facts)?;
    }
    folder.write_weights(loaded.clone())?;
    Ok(Imported {
        parameters: loaded.num_params(),
        network: loaded,
        note: composed(&config, state.depends_on_noise().then_some(noise)),
        config,
        found,
    })
}

/// What was made of a regularizer's arrays.
fn composed(config: &NetworkConfig, noise: Option<f64>) -> Option<String> {
    let (filters, side, range) = match config {
        NetworkConfig::PatchRidge(of) => (of.width?, of.size?, of.range),
        NetworkConfig::PatchWeakRidge(of) => (of.width?, of.size?, of.range),
        _ => return None,
    };
    let noise = noise.map(|level| format!(", at noise {level} of 255"));
    Some(format!(
        "{filters} kernels of {side} x {side} pixels composed of the file's layers, knots taken on [-{range}, {range}]{}",
        noise.unwrap_or_default()
    ))
}
