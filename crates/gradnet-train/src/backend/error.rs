//! Why a device cannot be used.

use super::Backend;

/// Why a device cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// No backend has that name.
    #[error("there is no backend `{name}`; backends compiled into this program: {}", compiled.join(", "))]
    Unknown {
        /// The name asked for.
        name: String,
        /// The names that would work.
        compiled: Vec<&'static str>,
    },
    /// The backend is known, but this program was built without it.
    #[error("this program was built without the backend `{name}`; backends compiled in: {}", compiled.join(", "))]
    NotCompiled {
        /// The name asked for.
        name: &'static str,
        /// The names that would work.
        compiled: Vec<&'static str>,
    },
    /// The backend has no device of that number.
    #[error("the backend `{name}` has no device {index}; it has {count}, numbered from 0")]
    NoSuchDevice {
        /// The backend.
        name: &'static str,
        /// The number asked for.
        index: usize,
        /// How many there are.
        count: usize,
    },
    /// The machine has no device for the backend, or it cannot be opened.
    #[error("the backend `{name}` cannot open a device: {message}")]
    Unavailable {
        /// The backend.
        name: &'static str,
        /// What the driver said.
        message: String,
    },
}

impl BackendError {
    /// What the user can do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Unknown { .. } => format!(
                "choose one of them with --backend; the default is {}",
                Backend::first_compiled()
            ),
            Self::NotCompiled { name, .. } => {
                format!("build with `--features {name}` or choose another backend")
            }
            Self::NoSuchDevice { .. } => "`gradnet list devices` lists the devices".into(),
            Self::Unavailable { name, .. } => {
                let install = match *name {
                    "wgpu" | "vulkan" => {
                        "install a Vulkan driver; on Debian and Ubuntu `apt install libvulkan1 \
                         mesa-vulkan-drivers` also brings lavapipe, which needs no GPU"
                    }
                    "cuda" => "install NVIDIA's driver and the CUDA toolkit",
                    "rocm" => "install AMD's ROCm",
                    _ => "check the device's driver",
                };
                match Backend::first(|other| other.is_compiled() && other.name() != *name) {
                    Some(other) => format!("{install}; or run with --backend {other}"),
                    None => install.into(),
                }
            }
        }
    }
}
