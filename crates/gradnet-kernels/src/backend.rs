//! What a backend with kernels does with an [`Operation`] and a list of its inputs.
//!
//! Burn's dispatch calls [`Operations`]. On an autodiff device that records a step (`autodiff`), whose backward pass is
//! [`Differentiable`] of the backend underneath. Under kernel fusion both run as opaque operations. The derivatives are
//! not differentiated again: neither is Burn's autodiff.

use burn::backend::{Backend, ExtensionType, backend_extension, tensor::FloatTensor};

use super::operation::{Factors, Operation};

/// Declares [`Tensors`] by the numbers there may be of them.
macro_rules! tensors {
    (($d:tt) $($variant:ident [$($name:ident),+]),+ $(,)?) => {
        /// Some tensors. (Burn's dispatch knows structs and enums of tensors, no lists.)
        #[derive(Clone, Debug, ExtensionType)]
        #[extension_type(fusion: cfg(feature = "fusion"))]
        pub(crate) enum Tensors<B: Backend> {
            $($variant { $($name: FloatTensor<B>),+ }),+
        }

        impl<B: Backend> From<Vec<FloatTensor<B>>> for Tensors<B> {
            fn from(list: Vec<FloatTensor<B>>) -> Self {
                let count = list.len();
                $(let list = match <[FloatTensor<B>; [$(stringify!($name)),+].len()]>::try_from(list) {
                    Ok([$($name),+]) => return Self::$variant { $($name),+ },
                    Err(list) => list,
                };)+
                drop(list);
                unreachable!("no operation has {count} inputs")
            }
        }

        impl<B: Backend> From<Tensors<B>> for Vec<FloatTensor<B>> {
            fn from(tensors: Tensors<B>) -> Self {
                match tensors {
                    $(Tensors::$variant { $($name),+ } => vec![$($name),+]),+
                }
            }
        }

        /// Runs an expression with the tensors as an array.
        #[cfg(all(feature = "autodiff", any(feature = "flex", feature = "cube")))]
        macro_rules! with_array {
            ($d tensors:expr, $d array:ident => $d run:expr) => {
                match $d tensors {
                    $($crate::backend::Tensors::$variant { $($name),+ } => {
                        let $d array = [$($name),+];
                        $d run
                    })+
                }
            };
        }
    };
}

tensors! {
    ($)
    One [a],
    Two [a, b],
    Three [a, b, c],
    Four [a, b, c, d],
    Five [a, b, c, d, e],
    Six [a, b, c, d, e, f],
    Seven [a, b, c, d, e, f, g],
}

#[cfg(all(feature = "autodiff", any(feature = "flex", feature = "cube")))]
#[allow(clippy::single_component_path_imports)] // what a macro declares has no path otherwise
pub(crate) use with_array;

/// The operations on a backend. Shapes are checked by the public functions.
#[backend_extension(
    Flex: cfg(feature = "flex"),
    Cube: cfg(feature = "cube"),
    Fusion: cfg(feature = "fusion"),
    Autodiff: cfg(feature = "autodiff"),
)]
pub(crate) trait Operations: Backend {
    /// The output.
    #[fusion(meta = |inputs, operation| fusion::output(inputs, operation))]
    fn run(#[extension_type] inputs: Tensors<Self>, operation: Operation) -> FloatTensor<Self>;
}

/// Updates of parameters, outside differentiation.
#[backend_extension(
    Flex: cfg(feature = "flex"),
    Cube: cfg(feature = "cube"),
    Fusion: cfg(feature = "fusion"),
)]
pub(crate) trait Updates: Backend {
    /// One step of Adam: the parameter and its moments after it. `scale` multiplies m, `epsilon` is added to √v.
    #[fusion(meta = |parameter, _gradient, moment_1, moment_2, _factors| {
        (parameter.clone(), moment_1.clone(), moment_2.clone())
    })]
    fn adam(
        parameter: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        moment_1: FloatTensor<Self>,
        moment_2: FloatTensor<Self>,
        factors: Factors,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// The gradients of operations on a backend that keeps nothing from the pass forward.
#[cfg(feature = "cube")]
#[backend_extension(Cube, Fusion: cfg(feature = "fusion"))]
pub(crate) trait Derivatives: Operations {
    /// The gradients of the inputs, from that of the output.
    #[fusion(meta = |inputs, _gradient, _operation| inputs.clone())]
    fn derivatives(
        #[extension_type] inputs: Tensors<Self>,
        gradient: FloatTensor<Self>,
        operation: Operation,
    ) -> Tensors<Self>;
}

/// The gradients of operations on a backend, from what it kept of the pass forward.
pub(crate) trait Differentiable: Operations {
    /// What it keeps beside the inputs.
    type Kept: Clone + core::fmt::Debug + Send + 'static;

    /// The output, and what [`Differentiable::gradients`] needs.
    fn run_and_keep(
        inputs: Vec<FloatTensor<Self>>,
        operation: Operation,
    ) -> (FloatTensor<Self>, Self::Kept);

    /// The gradients of the inputs, of those that are not `wanted` perhaps too.
    fn gradients(
        inputs: Vec<FloatTensor<Self>>,
        kept: Self::Kept,
        gradient: FloatTensor<Self>,
        operation: Operation,
        wanted: &[bool],
    ) -> Vec<Option<FloatTensor<Self>>>;
}

/// A backend of which all gradients are asked for at once.
#[cfg(feature = "cube")]
macro_rules! keeps_nothing {
    ($backend:ty $(, $inner:ident)?) => {
        impl$(<$inner: burn::backend::fusion::FusionBackend + Derivatives>)? Differentiable for $backend {
            type Kept = ();

            fn run_and_keep(inputs: Vec<FloatTensor<Self>>, operation: Operation) -> (FloatTensor<Self>, ()) {
                (Self::run(inputs.into(), operation), ())
            }

            fn gradients(
                inputs: Vec<FloatTensor<Self>>,
                (): (),
                gradient: FloatTensor<Self>,
                operation: Operation,
                _wanted: &[bool],
            ) -> Vec<Option<FloatTensor<Self>>> {
                let found = Self::derivatives(inputs.into(), gradient, operation);
                Vec::from(found).into_iter().map(Some).collect()
            }
        }
    };
}

#[cfg(feature = "cube")]
keeps_nothing!(burn_cubecl::CubeBackend);
#[cfg(feature = "fusion")]
keeps_nothing!(burn::backend::fusion::Fusion<B>, B);

/// The shape of an output under fusion.
#[cfg(feature = "fusion")]
mod fusion {
    use burn::backend::fusion::custom::TensorSpec;
    use burn::tensor::Shape;

    use super::{Operation, TensorsMetadata};

    pub(super) fn output(inputs: &TensorsMetadata, operation: &Operation) -> TensorSpec {
        let (TensorsMetadata::One { a, .. }
        | TensorsMetadata::Two { a, .. }
        | TensorsMetadata::Three { a, .. }
        | TensorsMetadata::Four { a, .. }
        | TensorsMetadata::Five { a, .. }
        | TensorsMetadata::Six { a, .. }
        | TensorsMetadata::Seven { a, .. }) = inputs;
        let shape = match (operation, inputs) {
            (Operation::MeanSquaredError, _) => Shape::from(vec![1]),
            (Operation::Product, TensorsMetadata::Two { a, b }) => {
                Shape::from(vec![a.shape[0], b.shape[1]])
            }
            (Operation::ProductTransposed, TensorsMetadata::Two { a, b }) => {
                Shape::from(vec![a.shape[0], b.shape[0]])
            }
            _ => a.shape.clone(),
        };
        TensorSpec::new(shape, a.dtype)
    }
}
