//! Backends by name: what is compiled in, which devices the machine has, and a clear refusal where there is none.

mod devices;
mod error;

use serde::Serialize;

use devices::describe;
pub use devices::{device_name, host};
pub use error::BackendError;

/// A backend of Burn this program knows by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Backend {
    /// Burn's own processor backend, the default.
    Flex,
    /// The processor backend before it, deprecated in Burn 0.22.
    NdArray,
    /// Any GPU with Vulkan, Metal or DirectX 12; Mesa's lavapipe gives one in software.
    Wgpu,
    /// NVIDIA.
    Cuda,
    /// AMD.
    Rocm,
    /// Apple, through wgpu with Metal's own shading language.
    Metal,
    /// Any Vulkan driver, through wgpu with SPIR-V.
    Vulkan,
}

/// What one backend offers on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BackendReport {
    /// Its name.
    pub backend: &'static str,
    /// Whether this program has it.
    pub compiled: bool,
    /// Its devices, in the order of their numbers.
    pub devices: Vec<String>,
    /// Why it has none, where it should.
    pub error: Option<String>,
}

impl Backend {
    /// Every backend this program knows.
    pub const ALL: [Self; 7] = [
        Self::Flex,
        Self::NdArray,
        Self::Wgpu,
        Self::Cuda,
        Self::Rocm,
        Self::Metal,
        Self::Vulkan,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flex => "flex",
            Self::NdArray => "ndarray",
            Self::Wgpu => "wgpu",
            Self::Cuda => "cuda",
            Self::Rocm => "rocm",
            Self::Metal => "metal",
            Self::Vulkan => "vulkan",
        }
    }

    /// The backend of that name.
    ///
    /// # Errors
    /// If there is none; the error lists those compiled in.
    pub fn from_name(name: &str) -> Result<Self, BackendError> {
        let found = Self::ALL.into_iter().find(|backend| backend.name() == name);
        found.ok_or_else(|| BackendError::Unknown {
            name: name.into(),
            compiled: Self::compiled_names(),
        })
    }

    /// Runs `work` on a thread of the current pool where the backend computes on such threads: whoever hands its work
    /// to a pool from outside sleeps until it is done and is woken again, several times a training step. One training a
    /// pool: a second one could be taken up by a thread that waits for a part of the first.
    pub fn on_its_threads<R: Send>(self, work: impl FnOnce() -> R + Send) -> R {
        match self {
            Self::Flex | Self::NdArray => rayon::scope(|_| work()),
            _ => work(),
        }
    }

    /// Whether this program was built with it.
    pub fn is_compiled(self) -> bool {
        match self {
            Self::Flex => cfg!(feature = "flex"),
            Self::NdArray => cfg!(feature = "ndarray"),
            Self::Wgpu => cfg!(feature = "wgpu"),
            Self::Cuda => cfg!(feature = "cuda"),
            Self::Rocm => cfg!(feature = "rocm"),
            Self::Metal => cfg!(feature = "metal"),
            Self::Vulkan => cfg!(feature = "vulkan"),
        }
    }

    /// The backend that computes where none is asked for: the first of [`ALL`](Self::ALL) that this
    /// program was built with.
    pub fn first_compiled() -> Self {
        Self::first(Self::is_compiled).unwrap_or(Self::Flex)
    }

    /// The first backend of which this is true.
    fn first(is: impl Fn(Self) -> bool) -> Option<Self> {
        Self::ALL.into_iter().find(|backend| is(*backend))
    }

    fn compiled_names() -> Vec<&'static str> {
        let compiled = Self::ALL
            .into_iter()
            .filter(|backend| backend.is_compiled());
        compiled.map(Self::name).collect()
    }

    /// What this backend offers, for a listing.
    pub fn report(self) -> BackendReport {
        let compiled = self.is_compiled();
        let (mut devices, mut error) = (Vec::new(), None);
        if compiled {
            let found = match self.device(None) {
                Ok(_) => self.enumerate(),
                Err(missing) => {
                    error = Some(format!("{missing}; {}", missing.remedy()));
                    Vec::new()
                }
            };
            for device in found {
                match self.probe(&device) {
                    Ok(()) => devices.push(describe(self, &device)),
                    Err(failure) => devices.push(failure.to_string()),
                }
            }
        }
        BackendReport {
            backend: self.name(),
            compiled,
            devices,
            error,
        }
    }
}

impl std::fmt::Display for Backend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    #[test]
    fn a_backend_opens_by_its_name() {
        let device = Backend::from_name("flex").unwrap().device(None).unwrap();
        assert_eq!(device, Device::flex());
    }

    #[test]
    fn unknown_missing_and_absent_backends_are_told_apart() {
        let unknown = Backend::from_name("opencl").unwrap_err();
        assert!(unknown.to_string().contains("flex"), "{unknown}");
        if !Backend::Rocm.is_compiled() {
            let missing = Backend::Rocm.device(None).unwrap_err();
            assert!(missing.remedy().contains("--features rocm"), "{missing}");
        }
        let absent = Backend::Flex.device(Some(1)).unwrap_err();
        assert!(matches!(
            absent,
            BackendError::NoSuchDevice { count: 1, .. }
        ));
    }

    #[test]
    fn a_build_without_flex_prefers_a_backend_it_has() {
        for only in Backend::ALL {
            let preferred = Backend::first(|backend| backend == only);
            assert_eq!(preferred, Some(only));
        }
        let gpus = [Backend::Wgpu, Backend::Cuda];
        let preferred = Backend::first(|backend| gpus.contains(&backend));
        assert_eq!(preferred, Some(Backend::Wgpu));
        assert!(Backend::first_compiled().is_compiled());
    }

    #[test]
    fn the_way_out_of_a_missing_device_is_another_backend_of_this_build() {
        for backend in Backend::ALL {
            let missing = BackendError::Unavailable {
                name: backend.name(),
                message: "no adapter was found".into(),
            };
            let remedy = missing.remedy();
            let others = Backend::compiled_names();
            let other = others.into_iter().find(|name| *name != backend.name());
            if let Some(other) = other {
                assert!(remedy.ends_with(&format!("--backend {other}")), "{remedy}");
            }
        }
    }
}
