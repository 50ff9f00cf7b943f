//! Fields made of fields, and what is left of their guarantees.
//!
//! | type | field | guarantee | paper |
//! |---|---|---|---|
//! | [`Combination`] | `Σ_i c_i f_i` | gradient; monotone for `c ≥ 0` and monotone `f_i` | Rem. 2, Rem. 6 |
//! | [`Sum`] | `f + g` | that of the weaker | Rem. 2, Rem. 6 |
//! | [`Difference`] | `f − g` | gradient; with monotone `f`, `g` dense in those of smooth functions | Thm. 2 |
//! | [`StronglyMonotone`] | `f + μ x`, `μ > 0` | strongly monotone, hence invertible | Rem. 5 |
//! | [`SmoothComplement`] | `L x − f`, `L` a Lipschitz bound of `f` | monotone | Rem. 3 |
//! | [`Transformed`] | `γ(F + β) f` | gradient; monotone for monotone `f`, `γ ≥ 0` nondecreasing | Thm. 5, Thm. 6 |
//! | [`Centred`] | `f(x − m)` | that of `f` | - |
//! | [`MeanFree`] | `C f(C x)`, `C x = x − mean(x)` | that of `f` | - |
//! | [`WithLinearPart`] | `f + A x`, `A` symmetric or `VᵀV` | gradient or monotone | Rem. 2, Rem. 6 |
//! | [`Separated`] | `(f_q(q, 0), f_p(0, p))` | that of `f`; the potential is `F(q, 0) + F(0, p)` | - |
//! | [`Hamiltonian`] | `(∂H/∂p, −∂H/∂q)`, `∇H = f` | none; `H` is constant along its solutions | Eq. (24) |

mod centred;
mod combination;
mod hamiltonian;
mod linear_part;
mod lipschitz;
mod mean_free;
mod pair;
mod separated;
mod strongly_monotone;
mod transformed;

pub use centred::Centred;
pub use combination::Combination;
pub use hamiltonian::Hamiltonian;
pub use linear_part::{LinearSign, WithLinearPart};
pub use lipschitz::{LipschitzActivation, LipschitzBlock, LipschitzField, SmoothComplement};
pub use mean_free::MeanFree;
pub(crate) use mean_free::mean_free;
pub use pair::{Difference, Sum};
pub use separated::Separated;
pub use strongly_monotone::StronglyMonotone;
pub use transformed::{
    FreeTransformation, MonotoneTransformation, SoftplusTransformation, Transformation, Transformed,
};
