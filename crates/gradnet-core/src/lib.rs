//! Gradient networks on [Burn](https://burn.dev): neural networks that *are* the gradient of a potential,
//! or of a convex one, by construction (Chaudhari, Pranav, Moura, "Gradient Networks", IEEE TSP 2025).
//!
//! One idea carries the library: a [tied shell](TiedNetwork) `Wᵀ σ(W x + a) + b` around an
//! [`activation`] `σ = ∇ψ` is the gradient of `ψ(W x + a) + ⟨b, x⟩`. The guarantee is a type:
//! [`GradientField`] for a symmetric Jacobian, [`MonotoneField`] for a positive semidefinite one.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use gradnet_core::network::MGradNetMConfig;
//! use gradnet_core::{MonotoneField, Potential, VectorField};
//!
//! fn transport(map: &impl MonotoneField, x: Tensor<2>) -> Tensor<2> {
//!     map.forward(x) // the gradient of a convex function, whatever the weights
//! }
//!
//! let device = Device::flex();
//! device.seed(42);
//! let network = MGradNetMConfig::new(3).with_width(16).init(&device);
//!
//! let x = Tensor::<2>::from_floats([[0.1, 0.2, 0.3]], &device);
//! let y = transport(&network, x.clone());
//! let potential = network.potential(x.clone()); // F with ∇F = the network
//! let curvature = network.jacobian_vector(x, y); // J(x) v in closed form
//! # let _ = (potential, curvature);
//! ```
//!
//! | room | what it holds |
//! |---|---|
//! | [`activation`] | one `σ` a file, with `J_σ v` and `ψ` |
//! | [`network`] | the paper's named networks and the baselines, each with its settings |
//! | [`combine`] | sums, differences, complements of fields, Hamiltonian dynamics |
//! | [`image`] | regularizers of images of any size, from fields on patches |
//! | [`inverse`] | the inverse of a strongly monotone field, convex conjugates |
//! | [`analysis`] | asymmetry, eigenvalues, monotonicity, loop integrals as numbers |
//! | [`kernel`] | fused operations with their backward passes |

pub mod activation;
pub mod analysis;
pub mod combine;
mod dense_jacobian;
mod field;
mod host;
pub mod image;
pub mod inverse;
mod laplacian;
pub mod network;
pub mod sign;
mod source;
mod tied;

/// Fused operations with their backward passes, a crate of their own.
pub use gradnet_kernels as kernel;

pub use dense_jacobian::DenseJacobian;
pub use field::{GradientField, MonotoneField, Potential, VectorField};
pub use laplacian::{Laplacian, Trace, trace_by_products};
pub use source::ParameterSource;
pub use tied::TiedNetwork;

/// The README's example is a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
