//! What crosses the boundary between tensors and the backends that have kernels: an operation and a list of its inputs.
//!
//! A public function calls [`Operation::run`], which goes through Burn's dispatch to the backend (`backend`).

use burn::backend::DispatchTensor;
use burn::tensor::Tensor;

use super::{Cascade, FusedActivation, SoftmaxModules};

/// A fused operation, with what it is told beside its inputs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operation {
    /// Of w, then the parameters.
    Cascade(Cascade<()>),
    /// Of z, then the parameters.
    SoftmaxModules(SoftmaxModules<()>),
    /// Of x and W, the hidden bias of modules, then the parameters. On Flex alone.
    Shell(FusedActivation<(), ()>),
    /// Of z and v, then the parameters. On Flex alone, and not differentiable.
    JacobianVector(FusedActivation<(), ()>),
    /// Of z and the temperatures of modules. On Flex alone, and not differentiable.
    SoftmaxMaxima,
    /// Of z and the coefficients.
    LinearSpline { range: f64 },
    /// Of x.
    Softplus,
    /// Of an output and what it should be.
    MeanSquaredError,
    /// s W.
    Product,
    /// x Wᵀ.
    ProductTransposed,
    /// Of images and kernels. These and the following on Flex alone.
    PatchProducts,
    /// Of rows and kernels.
    PatchSums { height: usize, width: usize },
    /// Of rows and images, the gradient of kernels: `Σ_i z_i ⊗ P_i x`.
    PatchMoments { side: usize },
    /// Of images.
    Patches { side: usize },
    /// Of rows.
    Overlaps {
        side: usize,
        height: usize,
        width: usize,
    },
}

impl Operation {
    /// The output, computed where the inputs are.
    pub(crate) fn run<const D: usize>(self, inputs: Vec<DispatchTensor>) -> Tensor<D> {
        #[cfg(any(feature = "flex", feature = "cube"))]
        {
            use super::backend::{Operations, Tensors};
            use burn::backend::Dispatch;

            Tensor::from_dispatch(Dispatch::run(Tensors::from(inputs), self))
        }
        #[cfg(not(any(feature = "flex", feature = "cube")))]
        unreachable!(
            "no backend of this build has {self:?} of {} inputs",
            inputs.len()
        )
    }
}

/// Lets the parameters of an activation be a list of inputs, and of gradients.
macro_rules! parameters {
    ($name:ident) => {
        impl<T> $name<T> {
            /// Which parameters there are, without them.
            pub(crate) fn kind(&self) -> $name<()> {
                self.as_ref().map(|_, _| ())
            }

            /// The parameters in the order of `map`.
            pub(crate) fn into_list(self) -> Vec<T> {
                let mut list = Vec::new();
                self.map(|_, parameter| list.push(parameter));
                list
            }
        }

        impl $name<()> {
            /// Such parameters from a list in the order of `into_list`.
            #[cfg(any(feature = "flex", feature = "cube"))]
            pub(crate) fn of<T>(self, list: impl IntoIterator<Item = T>) -> $name<T> {
                let mut list = list.into_iter();
                self.map(|name, ()| match list.next() {
                    Some(parameter) => parameter,
                    None => unreachable!("`{name}` is missing"),
                })
            }
        }

        impl $name {
            /// The parameters as inputs of an operation, after others.
            pub(crate) fn after<const N: usize>(
                self,
                others: [burn::tensor::Tensor<2>; N],
            ) -> Vec<burn::backend::DispatchTensor> {
                let mut list: Vec<_> = others.map(burn::tensor::Tensor::into_dispatch).into();
                list.extend(
                    self.map(|_, parameter| parameter.into_dispatch())
                        .into_list(),
                );
                list
            }
        }
    };
}

pub(crate) use parameters;

/// The numbers of a step of Adam.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Factors {
    /// β₁.
    pub(crate) beta_1: f32,
    /// β₂.
    pub(crate) beta_2: f32,
    /// What multiplies m.
    pub(crate) scale: f32,
    /// What is added to √v.
    pub(crate) epsilon: f32,
}
