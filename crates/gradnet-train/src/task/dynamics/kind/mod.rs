//! What kind of system a gradient field drives: `dx/dt = S ∇H(x) + B u`, with a structure matrix `S` for each kind.
//!
//! | kind | `S` | along its solutions, without inputs |
//! |---|---|---|
//! | `hamiltonian` | `[[0, I], [−I, 0]]` | `H` is constant |
//! | `separable` | the same, with `H = V(q) + T(p)` | `H` is constant; leapfrog is explicit |
//! | `gradient_flow` | `−I` | `H` falls; with a convex `H` two solutions approach each other |
//! | `dissipative` | `[[0, I], [−I, −γ I]]`, `γ ≥ 0` | `H` falls at the rate `γ ‖∂H/∂p‖²` |
//!
//! Each kind is a file: its equation, `S g` and `Sᵀ w`.

mod dissipative;
mod gradient_flow;
mod hamiltonian;

use burn::tensor::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The kind of a system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Energy is conserved.
    #[default]
    Hamiltonian,
    /// Energy is conserved, and is the sum of one of the positions and one of the momenta.
    Separable,
    /// Straight down a potential.
    GradientFlow,
    /// Hamilton's equations with friction on the momenta.
    Dissipative,
}

impl Kind {
    /// Whether a state is positions and momenta, as many of each.
    pub fn has_momenta(self) -> bool {
        self != Self::GradientFlow
    }

    /// The method that paths are followed by.
    pub fn method(self) -> &'static str {
        match self {
            Self::Separable => "leapfrog, symplectic",
            Self::Hamiltonian => "implicit midpoint, symplectic",
            Self::GradientFlow | Self::Dissipative => "implicit midpoint",
        }
    }

    /// `S g` for gradients `g`, `[rows, dim]`.
    pub(super) fn apply(self, g: Tensor<2>, friction: f64) -> Tensor<2> {
        match self {
            Self::Hamiltonian | Self::Separable => hamiltonian::apply(g),
            Self::GradientFlow => gradient_flow::apply(g),
            Self::Dissipative => dissipative::apply(g, friction),
        }
    }

    /// `Sᵀ w` for directions `w`, `[rows, dim]`.
    pub(super) fn transposed(self, w: Tensor<2>, friction: f64) -> Tensor<2> {
        match self {
            Self::Hamiltonian | Self::Separable => hamiltonian::transposed(w),
            Self::GradientFlow => gradient_flow::apply(w),
            Self::Dissipative => dissipative::transposed(w, friction),
        }
    }

    /// `S g` of one row on the host, without friction: what tests compare with.
    #[cfg(test)]
    pub(super) fn turned(self, g: &[f64]) -> Vec<f64> {
        let n = g.len() / 2;
        match self {
            Self::GradientFlow => g.iter().map(|g| -g).collect(),
            _ => g[n..]
                .iter()
                .copied()
                .chain(g[..n].iter().map(|g| -g))
                .collect(),
        }
    }
}

/// The two halves of the columns.
fn halves(x: Tensor<2>) -> [Tensor<2>; 2] {
    let n = x.dims()[1] / 2;
    [x.clone().narrow(1, 0, n), x.narrow(1, n, n)]
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};
    use gradnet_core::analysis::host;

    use super::*;

    const ALL: [Kind; 4] = [
        Kind::Hamiltonian,
        Kind::Separable,
        Kind::GradientFlow,
        Kind::Dissipative,
    ];

    fn tensor(x: &[f64]) -> Tensor<2> {
        Tensor::from_data(
            TensorData::new(x.to_vec(), [1, 4]),
            (&Device::flex(), burn::tensor::DType::F64),
        )
    }

    /// `S` written out, for two positions and two momenta.
    fn matrix(kind: Kind, friction: f64) -> [[f64; 4]; 4] {
        let (one, f) = (1.0, friction);
        match kind {
            Kind::GradientFlow => {
                std::array::from_fn(|i| std::array::from_fn(|j| if i == j { -one } else { 0.0 }))
            }
            Kind::Dissipative => [
                [0.0, 0.0, 1.0, 0.0],
                [0.0, 0.0, 0.0, 1.0],
                [-1.0, 0.0, -f, 0.0],
                [0.0, -1.0, 0.0, -f],
            ],
            _ => [
                [0.0, 0.0, 1.0, 0.0],
                [0.0, 0.0, 0.0, 1.0],
                [-1.0, 0.0, 0.0, 0.0],
                [0.0, -1.0, 0.0, 0.0],
            ],
        }
    }

    #[test]
    fn every_kind_is_its_matrix_and_its_transpose() {
        let g = [0.3, -0.7, 1.1, 0.4];
        for kind in ALL {
            let s = matrix(kind, 0.25);
            let (applied, transposed) = (
                host(kind.apply(tensor(&g), 0.25)),
                host(kind.transposed(tensor(&g), 0.25)),
            );
            let turned = kind.turned(&g);
            for i in 0..4 {
                let row: f64 = (0..4).map(|j| s[i][j] * g[j]).sum();
                let column: f64 = (0..4).map(|j| s[j][i] * g[j]).sum();
                let bare: f64 = (0..4).map(|j| matrix(kind, 0.0)[i][j] * g[j]).sum();
                assert!((applied[i] - row).abs() < 1e-12, "{kind:?}");
                assert!((transposed[i] - column).abs() < 1e-12, "{kind:?}");
                assert!((turned[i] - bare).abs() < 1e-12, "{kind:?}");
            }
        }
    }

    /// `dH/dt = ⟨g, S g⟩`: nothing, minus the square, or minus the friction's work.
    #[test]
    fn energy_goes_where_the_kind_says() {
        let g = [0.3, -0.7, 1.1, 0.4];
        let rate = |kind: Kind| -> f64 {
            let moved = host(kind.apply(tensor(&g), 0.25));
            g.iter().zip(moved).map(|(g, v)| g * v).sum()
        };
        let square = |part: &[f64]| part.iter().map(|g| g * g).sum::<f64>();
        assert!(rate(Kind::Hamiltonian).abs() < 1e-12 && rate(Kind::Separable).abs() < 1e-12);
        assert!((rate(Kind::GradientFlow) + square(&g)).abs() < 1e-12);
        assert!((rate(Kind::Dissipative) + 0.25 * square(&g[2..])).abs() < 1e-12);
    }
}
