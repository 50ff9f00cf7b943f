//! Gradient steps with a certified length, as fast as what is known of the objective allows.
//!
//! | modulus `m` of convexity | steps |
//! |---|---|
//! | above 0 | Nesterov's for strongly convex functions, momentum `(√κ − 1)/(√κ + 1)`, `κ = L/m`; error `(1 − 1/√κ)ⁿ` ("Lectures on Convex Optimization", Thm. 2.2.3) |
//! | 0 | those of FISTA, begun again where a step goes against the gradient (O'Donoghue, Candès, "Adaptive Restart for Accelerated Gradient Schemes", 2015) |
//! | below 0: not convex | plain gradient steps, which never raise the objective |

use burn::tensor::Tensor;

use crate::analysis::host;

/// How to find a zero of the gradient of an objective.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Descent {
    /// The Lipschitz constant `L` of the gradient, or a bound from above.
    pub smoothness: f64,
    /// A number `m ≤ L` for which the objective less `m/2 ‖x‖²` is convex; below 0 where the objective need not be
    /// convex.
    pub modulus: f64,
    /// The root mean square of the gradient, over all pixels, at which the search ends.
    pub tolerance: f64,
    /// The most steps.
    pub most: usize,
}

/// Where a search ended.
#[derive(Clone, Debug)]
pub struct Stationary {
    /// The images, `[batch, height, width]`.
    pub image: Tensor<3>,
    /// Steps taken.
    pub steps: usize,
    /// The root mean square of the gradient, where it was last looked at.
    pub gradient: f64,
}

/// Steps between looks at the gradient's size, which wait for the device.
const LOOK: usize = 4;

impl Descent {
    /// Steps from `start` on.
    ///
    /// # Shapes
    /// `start` and what `gradient` takes and returns: `[batch, height, width]`
    pub fn run(&self, start: Tensor<3>, gradient: impl Fn(Tensor<3>) -> Tensor<3>) -> Stationary {
        let step = self.smoothness.recip();
        let known = (step * self.modulus.max(0.0)).sqrt();
        let pixels = start.shape().num_elements() as f64;
        let (mut x, mut ahead) = (start.clone(), start);
        let (mut inertia, mut size) = (1.0_f64, f64::INFINITY);
        for taken in 1..=self.most {
            let slope = gradient(ahead.clone());
            let next = ahead.clone() - slope.clone() * step;
            let way = next.clone() - x;
            let momentum = if self.modulus > 0.0 {
                (1.0 - known) / (1.0 + known)
            } else if self.modulus == 0.0 {
                let against: f64 = host((slope.clone() * way.clone()).sum()).iter().sum();
                if against > 0.0 {
                    inertia = 1.0;
                }
                let after = 0.5 * (1.0 + (1.0 + 4.0 * inertia * inertia).sqrt());
                let momentum = (inertia - 1.0) / after;
                inertia = after;
                momentum
            } else {
                0.0
            };
            if taken % LOOK == 0 || taken == self.most {
                let square: f64 = host(slope.square().sum()).iter().sum();
                size = (square / pixels).sqrt();
                if size <= self.tolerance {
                    return Stationary {
                        image: next,
                        steps: taken,
                        gradient: size,
                    };
                }
            }
            ahead = match momentum == 0.0 {
                true => next.clone(),
                false => next.clone() + way * momentum,
            };
            x = next;
        }
        Stationary {
            image: x,
            steps: self.most,
            gradient: size,
        }
    }
}
