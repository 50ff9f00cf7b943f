//! Networks in double precision on the host, where a verdict is made.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{DType, Device, Tensor};

use crate::host::host;

/// The module with its floating-point parameters in `f64` on `device`, without autodiff. Every `f32`, `f16` and `bf16`
/// number is an `f64` number too, so it is the same function, computed with less rounding.
///
/// Where `device` has no `f64`, as wgpu's, the parameters are in `f32`.
///
/// ```
/// use burn::tensor::{DType, Device};
/// use gradnet_core::analysis::in_double_precision;
/// use gradnet_core::network::MGradNetCConfig;
///
/// let device = Device::flex();
/// let network = in_double_precision(MGradNetCConfig::new(2).init(&device), &device);
/// assert_eq!(network.weight.val().dtype(), DType::F64);
/// ```
pub fn in_double_precision<M: Module>(module: M, device: &Device) -> M {
    let device = device.clone().without_autodiff();
    let dtype = double_precision(&device);
    module.map(&mut Cast { device, dtype })
}

/// `f64` where the device has it, else `f32`.
pub fn double_precision(device: &Device) -> DType {
    match device.supports_dtype(DType::F64) {
        true => DType::F64,
        false => DType::F32,
    }
}

struct Cast {
    device: Device,
    dtype: DType,
}

impl ModuleMapper for Cast {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let data = parameter.base().into_data();
        Param::from_mapped_value(
            parameter.id,
            Tensor::from_data(data, (&self.device, self.dtype)),
            parameter.consume().2,
        )
    }
}

/// How many numbers of the module's parameters are infinite or NaN.
///
/// Such a weight can hide: a comparison with NaN is false, and the field of such a network need not
/// be NaN everywhere.
pub fn parameters_not_finite<M: Module>(module: &M) -> usize {
    struct Count(usize);
    impl ModuleVisitor for Count {
        fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
            let values = host(parameter.base());
            self.0 += values.iter().filter(|value| !value.is_finite()).count();
        }
    }
    let mut count = Count(0);
    module.visit(&mut count);
    count.0
}
