//! Regularizers of images: gradients, convexity and step sizes that are guaranteed, on images of any size.
//!
//! ```text
//! R(x) = Σ_i F(P_i x)        ∇R(x) = Σ_i P_iᵀ f(P_i x)        J(x) = Σ_i P_iᵀ J_f(P_i x) P_i
//! ```
//!
//! `P_i` takes the `k × k` patch around pixel `i`, with zeros beyond the border, and `f = ∇F` is any field on `R^(k²)`.
//! Linear pullbacks and sums keep what a field promises: `∇R` is a gradient if `f` is one, and `R` is convex if `F` is.
//! A field that shall not see the mean of a patch is [`MeanFree`](crate::combine::MeanFree).
//!
//! | type | of | Lipschitz bound |
//! |---|---|---|
//! | [`PatchLift`] | any field on patches | `k² L_f`: a pixel lies in at most `k²` patches |
//! | [`RidgeLift`] | a tied shell, as a convolution with one composed kernel a unit | `sup_ω Σ_c s_c \|ŵ_c(ω)\|²`, [`Symbol`] |
//!
//! Both give the same numbers for the same shell. The bounds hold for every image size; `docs/inverse-problems.md` has
//! the proof, `tests/suite/images.rs` holds them against exact norms and power iterations.
//!
//! [`Proximal`] denoises with a regularizer, [`Denoiser`] does so while it is trained, and [`Restoration`] undoes what
//! an [`ImageOperator`] did, with steps that follow from the bounds.
//!
//! The regularizers of this form are those of Goujon et al., "A Neural-Network-Based Convex Regularizer for Inverse
//! Problems" (the paper's baseline CRR), with one difference: the kernels are composed, without zero padding between
//! layers.

mod denoiser;
mod descent;
mod field;
mod lift;
mod operator;
mod patches;
mod proximal;
mod restoration;
mod ridge;
mod symbol;

pub use denoiser::Denoiser;
pub use descent::{Descent, Stationary};
pub use field::{
    GradientImageField, ImageField, ImagePotential, LipschitzImageField, MonotoneImageField,
};
pub use lift::PatchLift;
pub use operator::{Blur, Fourier, Identity, ImageOperator, Mask, Matrix};
pub use patches::patch_side;
pub use proximal::Proximal;
pub use restoration::{Iteration, Restoration};
pub use ridge::RidgeLift;
pub use symbol::Symbol;
