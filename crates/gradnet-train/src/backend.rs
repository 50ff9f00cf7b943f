//! Backends by name: what is compiled in, which devices the machine has, and a clear refusal where there is none.

use burn::tensor::{Device, Tensor};
use serde::Serialize;

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

/// Side of the matrix a device is tried on; the cube of it is exact in 32-bit floats.
const SIDE: usize = 100;

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

    /// Runs `work` on a thread of the current pool where the backend computes on such threads: whoever hands its work to
    /// a pool from outside sleeps until it is done and is woken again, several times a training step. One training a pool: a
    /// second one could be taken up by a thread that waits for a part of the first.
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

    /// Opens device number `index`, or the backend's own choice, and computes one number on it.
    ///
    /// # Errors
    /// If the backend is not compiled in, or the machine has no such device, or it cannot be opened.
    pub fn device(self, index: Option<usize>) -> Result<Device, BackendError> {
        if !self.is_compiled() {
            return Err(BackendError::NotCompiled {
                name: self.name(),
                compiled: Self::compiled_names(),
            });
        }
        #[cfg(feature = "wgpu")]
        if self == Self::Wgpu {
            // One adapter's graphics API is that of all, so an unfit one is found here whatever number was asked for.
            let preferred = wgpu_device().map_err(|message| BackendError::Unavailable {
                name: self.name(),
                message,
            })?;
            if index.is_none() {
                self.probe(&preferred)?;
                return Ok(preferred);
            }
        }
        let devices = self.enumerate();
        if devices.is_empty() {
            return Err(BackendError::Unavailable {
                name: self.name(),
                message: "no adapter was found".into(),
            });
        }
        let device = match index {
            None => self.preferred(&devices),
            Some(index) => devices
                .get(index)
                .cloned()
                .ok_or(BackendError::NoSuchDevice {
                    name: self.name(),
                    index,
                    count: devices.len(),
                })?,
        };
        self.probe(&device)?;
        Ok(device)
    }

    /// Devices of this backend; empty if the machine has none.
    fn enumerate(self) -> Vec<Device> {
        // Drivers and their loaders are foreign code: one that panics while it is asked for its devices has none to offer.
        let listed = std::panic::catch_unwind(|| match self {
            #[cfg(feature = "flex")]
            Self::Flex => vec![Device::flex()],
            #[cfg(feature = "ndarray")]
            Self::NdArray => vec![ndarray_device()],
            #[cfg(feature = "wgpu")]
            Self::Wgpu => Device::enumerate(burn::tensor::DeviceType::Wgpu).into_vec(),
            #[cfg(feature = "cuda")]
            Self::Cuda => Device::enumerate(burn::tensor::DeviceType::Cuda).into_vec(),
            #[cfg(feature = "rocm")]
            Self::Rocm => Device::enumerate(burn::tensor::DeviceType::Rocm).into_vec(),
            #[cfg(feature = "metal")]
            Self::Metal => Device::enumerate(burn::tensor::DeviceType::Metal).into_vec(),
            #[cfg(feature = "vulkan")]
            Self::Vulkan => Device::enumerate(burn::tensor::DeviceType::Vulkan).into_vec(),
            #[allow(
                unreachable_patterns,
                reason = "reached for backends left out of the build"
            )]
            _ => Vec::new(),
        });
        listed.unwrap_or_default()
    }

    /// The first device; the lists put discrete GPUs before integrated ones and those before software.
    fn preferred(self, devices: &[Device]) -> Device {
        devices[0].clone()
    }

    /// Opens the device by a small computation, whose failure would otherwise be a panic in the middle of a run.
    fn probe(self, device: &Device) -> Result<(), BackendError> {
        let unavailable = |message: String| BackendError::Unavailable {
            name: self.name(),
            message,
        };
        let answer = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            // A product and a sum: an adapter that opens may still lack what training needs (OpenGL's has no float atomics).
            let ones = Tensor::<2>::ones([SIDE, SIDE], device);
            let sum = ones.clone().matmul(ones).sum();
            sum.try_into_scalar::<f32>()
                .map_err(|error| error.to_string())
        }));
        match answer {
            Ok(Ok(sum)) if sum == (SIDE * SIDE * SIDE) as f32 => Ok(()),
            Ok(Ok(wrong)) => Err(unavailable(format!("it computes a wrong sum, {wrong}"))),
            Ok(Err(message)) => Err(unavailable(message)),
            Err(panic) => Err(unavailable(
                panic
                    .downcast_ref::<String>()
                    .cloned()
                    .or_else(|| panic.downcast_ref::<&str>().map(|text| text.to_string()))
                    .unwrap_or_else(|| "the driver failed".into()),
            )),
        }
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

/// wgpu's own choice of a device, opened once; the error is what the driver said.
#[cfg(feature = "wgpu")]
fn wgpu_device() -> Result<Device, String> {
    use burn::tensor::{DeviceKind, wgpu::WgpuInitError, wgpu::wgpu::Backend as Api};

    static OPENED: std::sync::OnceLock<Result<Device, String>> = std::sync::OnceLock::new();
    let open = || {
        let opened = std::panic::catch_unwind(|| Device::wgpu_options().init_with_setup());
        match opened {
            Ok(Ok((_, setup))) if setup.backend == Api::Gl => Err(format!(
                "the only adapter is OpenGL's ({}), which lacks the float atomics training needs",
                setup.adapter.get_info().name
            )),
            Ok(Ok((device, _))) => Ok(device),
            // Opened before by a tensor: then it works, and cannot be configured again.
            Ok(Err(WgpuInitError::Registration { .. })) => {
                Ok(Device::wgpu(DeviceKind::DefaultDevice))
            }
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("its driver failed while it was opened".into()),
        }
    };
    OPENED.get_or_init(open).clone()
}

/// What the driver calls the device; the processor's backends have no such name.
fn driver_name(device: &Device) -> Option<String> {
    #[cfg(any(feature = "wgpu", feature = "cuda", feature = "rocm"))]
    if let Some(identity) = device.identity() {
        return Some(identity.name);
    }
    let _ = device;
    None
}

/// The device's own name, where it has one, for messages.
pub fn device_name(device: &Device) -> String {
    driver_name(device).unwrap_or_else(|| format!("the device {device:?}"))
}

/// The device's own name, where it has one, for a listing.
fn describe(backend: Backend, device: &Device) -> String {
    driver_name(device).unwrap_or_else(|| match backend {
        Backend::Flex | Backend::NdArray => "this processor".into(),
        other => other.name().into(),
    })
}

#[cfg(feature = "ndarray")]
#[expect(
    deprecated,
    reason = "flex replaces it in Burn 0.22; offered for comparison as long as Burn ships it"
)]
fn ndarray_device() -> Device {
    Device::ndarray()
}

/// The processor's fastest backend in this build; `otherwise` if it has none.
pub fn host(otherwise: &Device) -> Device {
    #[cfg(feature = "flex")]
    {
        let _ = otherwise;
        Device::flex()
    }
    #[cfg(all(feature = "ndarray", not(feature = "flex")))]
    {
        let _ = otherwise;
        ndarray_device()
    }
    #[cfg(not(any(feature = "ndarray", feature = "flex")))]
    otherwise.clone()
}

#[cfg(test)]
mod tests {
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
