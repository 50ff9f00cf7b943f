//! Denoisers to be differentiated through, in the weights of the regularizer, in its strength and in its scale:
//!
//! ```text
//! unrolled:  x_{k+1} = x_k − a [(x_k − y) + λ ∇R(μ x_k)],  x_0 = y,  a just below 2/(1 + λ μ L)
//! proximal:  x* = argmin_x ½‖x − y‖² + (λ/μ) R(μ x)
//!            ∂⟨g, x*⟩/∂θ = −⟨v, ∂_θ λ ∇R(μ x*)⟩,  (I + λ μ J(μ x*)) v = g
//! ```
//!
//! The first is that of Goujon et al., "A Neural-Network-Based Convex Regularizer for Inverse Problems", Sec. IV; the
//! gradient of the second is the implicit function theorem's (deep equilibrium learning), and `v = g` makes it
//! Jacobian-free (Fung et al., "JFB: Jacobian-Free Backpropagation for Implicit Networks", AAAI 2022).
//! `tests/suite/denoisers.rs` holds both against finite differences.

use burn::tensor::Tensor;

use super::descent::Stationary;
use super::field::ImageField;
use crate::analysis::host;

/// What a step is shorter than `2/(1 + λ μ L)` by.
const STEP: f64 = 1.99;

/// Steps between looks at how far a search has come, which wait for the device.
const LOOK: usize = 4;

/// How strongly a regularizer is applied to each image of a batch, and at which scale.
#[derive(Clone, Debug)]
pub struct Denoiser {
    /// `λ` of each image, `[batch, 1, 1]`.
    pub strength: Tensor<3>,
    /// `μ` of each image, `[batch, 1, 1]`.
    pub scale: Tensor<3>,
    /// A bound `L` on the Lipschitz constant of the field.
    pub lipschitz: f64,
}

impl Denoiser {
    /// The same without autodiff.
    pub fn still(&self) -> Self {
        Self {
            strength: self.strength.clone().without_autodiff(),
            scale: self.scale.clone().without_autodiff(),
            lipschitz: self.lipschitz,
        }
    }

    /// `λ ∇R(μ x)`.
    fn pull(&self, field: &impl ImageField, x: Tensor<3>) -> Tensor<3> {
        field.apply(x * self.scale.clone()) * self.strength.clone()
    }

    /// The gradient `(x − y) + λ ∇R(μ x)` of the objective.
    ///
    /// # Shapes
    /// `x`, `y`: `[batch, height, width]`; returns the same.
    pub fn gradient(&self, field: &impl ImageField, x: Tensor<3>, y: Tensor<3>) -> Tensor<3> {
        self.pull(field, x.clone()) + (x - y)
    }

    /// `1 + λ μ L` of each image, without autodiff, `[batch, 1, 1]`.
    fn smoothness(&self) -> Tensor<3> {
        let Self {
            strength, scale, ..
        } = self.still();
        strength * scale * self.lipschitz + 1.0
    }

    /// The image after some gradient steps from `y` on, to be differentiated through; the length of the steps counts as
    /// a constant.
    ///
    /// # Shapes
    /// `y`: `[batch, height, width]`; returns the same.
    pub fn unrolled(&self, field: &impl ImageField, y: Tensor<3>, steps: usize) -> Tensor<3> {
        let length = self.smoothness().recip() * STEP;
        let mut x = y.clone();
        for _ in 0..steps {
            x = x.clone() - self.gradient(field, x, y.clone()) * length.clone();
        }
        x
    }

    /// The proximal points of a regularizer for which the objective is convex, by the steps of FISTA, begun again for
    /// each image whose step goes against its gradient (O'Donoghue, Candès 2015). The search ends where the root mean
    /// square of every image's gradient is at most its `tolerance`, or after `most` steps. They are constants; a field
    /// without autodiff spares the graph.
    ///
    /// # Shapes
    /// `y`: `[batch, height, width]`; `tolerance`: `[batch, 1, 1]`; the images found have the shape of `y`.
    pub fn proximal(
        &self,
        field: &impl ImageField,
        y: &Tensor<3>,
        tolerance: Tensor<3>,
        most: usize,
    ) -> Stationary {
        let still = self.still();
        let length = self.smoothness().recip();
        let (mut x, mut ahead) = (y.clone(), y.clone());
        let mut inertia = tolerance.ones_like();
        let (mut steps, mut size) = (0, f64::INFINITY);
        while steps < most {
            steps += 1;
            let slope = still.gradient(field, ahead.clone(), y.clone());
            let next = ahead - slope.clone() * length.clone();
            let way = next.clone() - x;
            let against = dot(&slope, &way).greater_elem(0.0);
            inertia = inertia.mask_fill(against, 1.0);
            let after = ((inertia.clone().square() * 4.0 + 1.0).sqrt() + 1.0) * 0.5;
            let momentum = (inertia - 1.0) / after.clone();
            inertia = after;
            x = next.clone();
            ahead = next + way * momentum;
            if steps.is_multiple_of(LOOK) || steps == most {
                let [_, height, width] = y.dims();
                let squares = dot(&slope, &slope) / (height * width) as f64;
                let worst: Vec<f64> = host((squares.clone() / tolerance.clone().square()).max());
                size = host(squares.max()).iter().sum::<f64>().sqrt();
                if worst.iter().all(|ratio| *ratio <= 1.0) {
                    break;
                }
            }
        }
        Stationary {
            image: x.without_autodiff(),
            steps,
            gradient: size,
        }
    }

    /// The solution `v` of `(I + λ μ J(μ x)) v = g` by conjugate gradients, until every image's residual is at most
    /// `tolerance` times as long as its `g`, or after `most` steps: constants, as those of
    /// [`proximal`](Self::proximal).
    ///
    /// # Shapes
    /// `x`, `g`: `[batch, height, width]`; returns the same.
    pub fn adjoint(
        &self,
        field: &impl ImageField,
        x: &Tensor<3>,
        g: Tensor<3>,
        tolerance: f64,
        most: usize,
    ) -> Tensor<3> {
        let still = self.still();
        let point = x.clone() * still.scale.clone();
        let weight = still.strength * still.scale;
        let product =
            |v: Tensor<3>| field.derivative(point.clone(), v.clone()) * weight.clone() + v;
        let goal = dot(&g, &g) * tolerance.powi(2);
        let mut v = g.zeros_like();
        let (mut residual, mut direction) = (g.clone(), g);
        let mut square = dot(&residual, &residual);
        for step in 1..=most {
            let image = product(direction.clone());
            // An image that is done, or whose g is zero, moves no further.
            let done = square.clone().lower_equal(goal.clone());
            let curvature = dot(&direction, &image).mask_fill(done.clone(), 1.0);
            let length = (square.clone() / curvature).mask_fill(done.clone(), 0.0);
            v = v + direction.clone() * length.clone();
            residual = residual - image * length;
            let next = dot(&residual, &residual);
            let turn = next.clone() / square.clone().mask_fill(done, 1.0);
            direction = residual.clone() + direction * turn;
            square = next;
            if step % LOOK == 0 {
                let left = host((square.clone() - goal.clone()).max());
                if left.iter().all(|left| *left <= 0.0) {
                    break;
                }
            }
        }
        v.without_autodiff()
    }

    /// A number whose gradient is that of `⟨g, x*⟩` in the weights of the field, in strength and in scale, `[1]`, for
    /// the proximal point `x*` and the solution `v` of the [adjoint](Self::adjoint) equation; for `v = g` the
    /// Jacobian-free one.
    ///
    /// # Shapes
    /// `x`, `v`: `[batch, height, width]`
    pub fn implicit(&self, field: &impl ImageField, x: Tensor<3>, v: Tensor<3>) -> Tensor<1> {
        -(self.pull(field, x) * v).sum()
    }
}

/// Inner products image by image, `[batch, 1, 1]`.
fn dot(a: &Tensor<3>, b: &Tensor<3>) -> Tensor<3> {
    (a.clone() * b.clone()).sum_dim(2).sum_dim(1)
}
