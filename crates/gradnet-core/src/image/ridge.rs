//! The lift of a tied shell, as the convolutional tied shell that it is:
//!
//! ```text
//! ∇R(x) = Hᵀ σ(H x + a),      (H x)_ic = ⟨w_c, P_i x⟩,      w_c the rows of W without their means
//! ```
//!
//! `k²` products a pixel and unit instead of the `k⁴` of the general lift, and a Lipschitz bound that is met in the
//! limit of large images where all units are at their steepest ([`Symbol`]).

use burn::module::{Module, ModuleDisplay, Param};
use burn::tensor::{DType, Tensor, TensorData};

use super::field::{
    GradientImageField, ImageField, ImagePotential, LipschitzImageField, MonotoneImageField,
};
use super::patches::patch_side;
use super::symbol::Symbol;
use crate::activation::{Activation, ActivationPotential, GradientActivation, MonotoneActivation};
use crate::analysis::host;
use crate::combine::{LipschitzActivation, MeanFree, mean_free};
use crate::kernel::{patch_products, patch_sums};
use crate::tied::TiedNetwork;

/// The lift of a mean-free tied shell around `A`.
#[derive(Clone, Copy, Debug)]
pub struct RidgeLift<'f, A: Module> {
    shell: &'f TiedNetwork<A>,
    side: usize,
}

impl<'f, A: Activation + Module + ModuleDisplay> RidgeLift<'f, A> {
    /// The lift of `field`; `None` unless its dimension is the square of an odd number.
    pub fn new(field: &'f MeanFree<TiedNetwork<A>>) -> Option<Self> {
        let shell = &field.field;
        let side = patch_side(shell.weight.dims()[1])?;
        Some(Self { shell, side })
    }
}

impl<A: Activation + Module> RidgeLift<'_, A> {
    /// The kernels `w_c`, `[units, k²]`.
    fn kernels(&self) -> Tensor<2> {
        mean_free(self.shell.weight.val())
    }

    /// `H x + a`, a row for each pixel.
    fn hidden(&self, x: Tensor<3>, kernels: Tensor<2>) -> Tensor<2> {
        let z = patch_products(x, kernels);
        match self.shell.hidden_bias.as_ref().map(Param::val) {
            Some(bias) => z + bias.unsqueeze(),
            None => z,
        }
    }

    /// The output bias without its mean, as one kernel, if there is one.
    fn constant(&self) -> Option<Tensor<2>> {
        let bias = self.shell.output_bias.as_ref()?;
        Some(mean_free(bias.val().unsqueeze()))
    }
}

impl<A: Activation + Module> ImageField for RidgeLift<'_, A> {
    fn apply(&self, x: Tensor<3>) -> Tensor<3> {
        let (shape, kernels) = (x.dims(), self.kernels());
        let z = self.hidden(x, kernels.clone());
        let field = patch_sums(self.shell.activation.forward(z.clone()), kernels, shape);
        match self.constant() {
            Some(kernel) => field + patch_sums(z.narrow(1, 0, 1).ones_like(), kernel, shape),
            None => field,
        }
    }

    fn derivative(&self, x: Tensor<3>, v: Tensor<3>) -> Tensor<3> {
        let (shape, kernels) = (x.dims(), self.kernels());
        let along = patch_products(v, kernels.clone());
        let z = self.hidden(x, kernels.clone());
        let rows = self.shell.activation.jacobian_vector(z, along);
        patch_sums(rows, kernels, shape)
    }
}

impl<A: GradientActivation + Module> GradientImageField for RidgeLift<'_, A> {}
impl<A: MonotoneActivation + Module> MonotoneImageField for RidgeLift<'_, A> {}

impl<A: ActivationPotential + Module> ImagePotential for RidgeLift<'_, A> {
    fn energy(&self, x: Tensor<3>) -> Tensor<1> {
        let [batch, height, width] = x.dims();
        let z = self.hidden(x.clone(), self.kernels());
        let mut values = self.shell.activation.potential(z);
        if let Some(kernel) = self.constant() {
            values = values + patch_products(x, kernel).squeeze_dim(1);
        }
        let values: Tensor<2> = values.reshape([batch, height * width]);
        values.sum_dim(1).squeeze_dim(1)
    }
}

impl<A: LipschitzActivation + Module> RidgeLift<'_, A> {
    /// The steepest slope of each unit, on the host in 64 bits.
    fn slopes(&self) -> Vec<f64> {
        let [units, _] = self.shell.weight.dims();
        host(self.shell.activation.slope_bounds(units))
    }

    /// The symbol of the kernels with some number for each unit.
    fn weighed(&self, mut slopes: Vec<f64>) -> Symbol {
        // A slope is the quotient of two rounded differences of numbers in the precision of the weights.
        let precision = self.shell.weight.val().dtype().finfo();
        let epsilon = precision.map_or(0.0, |info| info.epsilon);
        for slope in &mut slopes {
            *slope *= 1.0 + ROUNDINGS * epsilon;
        }
        Symbol::new(&host(self.kernels()), &slopes, self.side)
    }

    /// The symbol `p(ω) = Σ_c s_c |ŵ_c(ω)|²`, whose supremum bounds the Lipschitz constant.
    pub fn symbol(&self) -> Symbol {
        self.weighed(self.slopes())
    }

    /// A bound from below of `‖Hᵀ diag(s) H‖` on images of one size, by `iterations` power iterations in 64 bits: what
    /// step sizes are often taken from, and what the true norm exceeds.
    pub fn lipschitz_power(&self, [height, width]: [usize; 2], iterations: usize) -> f64 {
        let (kernels, slopes) = (host(self.kernels()), self.slopes());
        let shape = [1, height, width];
        let device = self.shell.weight.val().device().without_autodiff();
        let like = (&device, DType::F64);
        let (units, dim) = (slopes.len(), self.side * self.side);
        let kernels = Tensor::<2>::from_data(TensorData::new(kernels, [units, dim]), like);
        let slopes = Tensor::<2>::from_data(TensorData::new(slopes, [1, units]), like);
        // Signs of a fixed sequence: a start that no symmetry of the kernels makes orthogonal to the top eigenvector.
        let signs = (0..height * width).map(|pixel| {
            let mixed = (pixel as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            if mixed >> 63 == 0 { 1.0 } else { -1.0 }
        });
        let signs: Vec<f64> = signs.collect();
        let mut x = Tensor::<3>::from_data(TensorData::new(signs, shape), like);
        let mut norm = 0.0;
        for _ in 0..iterations {
            let length: f64 = host(x.clone().square().sum().sqrt()).iter().sum();
            if length == 0.0 {
                return norm;
            }
            x = x / length;
            let rows = patch_products(x, kernels.clone()) * slopes.clone();
            x = patch_sums(rows, kernels.clone(), shape);
            norm = host(x.clone().square().sum().sqrt()).iter().sum();
        }
        norm
    }
}

/// Roundings of a slope, in epsilons.
const ROUNDINGS: f64 = 64.0;

impl<A: LipschitzActivation + Module> LipschitzImageField for RidgeLift<'_, A> {
    fn lipschitz(&self) -> f64 {
        self.symbol().supremum_bound()
    }

    /// `sup_ω Σ_c r_c |ŵ_c(ω)|²` with how steeply each unit falls, `r_c`: `J ⪰ −Hᵀ diag(r) H`.
    fn concavity(&self) -> f64 {
        let [units, _] = self.shell.weight.dims();
        let falls = host(self.shell.activation.fall_bounds(units));
        match falls.iter().all(|fall| *fall == 0.0) {
            true => 0.0,
            false => self.weighed(falls).supremum_bound(),
        }
    }

    /// `Σ_c r_c |ŵ_c(ω)|²` at the frequency where it is largest on a grid: by the envelope theorem its gradient is that
    /// of the supremum, but for the distance of the grid's maximum from the true one.
    fn concavity_gradient(&self) -> Option<Tensor<1>> {
        let [units, dim] = self.shell.weight.dims();
        let falls = self.shell.activation.fall_bounds(units);
        let [down, right] = self.weighed(host(falls.clone())).grid_peak(PEAK_POINTS).1;
        let phases = (0..dim).map(|pixel| {
            let (row, column) = (pixel / self.side, pixel % self.side);
            row as f64 * down + column as f64 * right
        });
        let waves: Vec<f64> = phases
            .flat_map(|phase| [phase.cos(), phase.sin()])
            .collect();
        let kernels = self.kernels();
        let like = (&kernels.device(), kernels.dtype());
        let waves = Tensor::<2>::from_data(TensorData::new(waves, [dim, 2]), like);
        let squares = kernels.matmul(waves).square().sum_dim(1);
        Some((squares * falls.transpose()).sum())
    }
}

/// Points of the grid on which the peak of a symbol is looked for, to be differentiated there.
const PEAK_POINTS: usize = 256;
