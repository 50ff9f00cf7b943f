//! Opening devices: the list of a backend, one by its number, and the small computation that each is tried on.

use burn::tensor::{Device, Tensor};

use super::{Backend, BackendError};

/// Side of the matrix a device is tried on; the cube of it is exact in 32-bit floats.
const SIDE: usize = 100;

impl Backend {
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
    pub(super) fn enumerate(self) -> Vec<Device> {
        // Drivers and their loaders are foreign code: one that panics while it is asked for its devices has none to
        // offer.
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
    pub(super) fn probe(self, device: &Device) -> Result<(), BackendError> {
        let unavailable = |message: String| BackendError::Unavailable {
            name: self.name(),
            message,
        };
        let answer = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            // A product and a sum: an adapter that opens may still lack what training needs (OpenGL's has no float
            // atomics).
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
pub(super) fn describe(backend: Backend, device: &Device) -> String {
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
