//! Thm. 1 to 6 as an experiment: how the error of each class of networks falls with its width, on targets inside and
//! outside of what its theorem covers.
//!
//! | theorem | networks | covers gradients of |
//! |---|---|---|
//! | 1 | one layer of scaled softmax | convex functions |
//! | 2 | differences of two of those | L-smooth functions |
//! | 3 | one layer of scaled tanh | sums of ridges |
//! | 4 | the same with nonnegative scales | sums of convex ridges |
//! | 5 | `γ(G + β) g` around Thm. 3 | transformed sums of ridges |
//! | 6 | the same, monotone, around Thm. 4 | convex monotone transformations of sums of convex ridges |
//!
//! The [targets](Shape) tell the classes apart. What lies outside need not be out of reach: sums of more and more
//! ridges are dense in far more than finite sums (Thm. 3 says nothing of those), so only the monotone classes, whose
//! ridges cannot cancel each other, keep a distance that no width removes. `tests/suite/universality.rs` asserts the
//! falls and the distances.

mod class;
mod fit;
mod shape;

use std::ops::ControlFlow;

use burn::tensor::Device;
use gradnet_core::network::NetworkError;
use serde::{Deserialize, Serialize};

pub use class::Class;
pub use fit::Budget;
pub use shape::{Shape, ShapeTarget};

/// What is fitted, and how long.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// Seed of initial weights, training points and test points.
    pub seed: u64,
    /// The classes, each with every shape.
    pub classes: Vec<Class>,
    /// The targets.
    pub shapes: Vec<Shape>,
    /// Total hidden units of the networks.
    pub widths: Vec<usize>,
    /// The effort of each fit.
    pub budget: Budget,
}

impl Options {
    /// Every class on every target: five widths, or with `quick` two and fewer steps.
    pub fn new(seed: u64, quick: bool) -> Self {
        let widths = if quick {
            vec![2, 32]
        } else {
            vec![4, 8, 16, 32, 64]
        };
        Self {
            seed,
            classes: Class::ALL.to_vec(),
            shapes: Shape::ALL.to_vec(),
            widths,
            budget: Budget::new(quick),
        }
    }

    /// The number of rows [`run`] will give.
    pub fn rows(&self) -> usize {
        self.classes.len() * self.shapes.len() * self.widths.len()
    }
}

/// One fit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The class of networks, for instance `thm_4`.
    pub class: Class,
    /// The theorem, for instance `Thm. 4`.
    pub theorem: String,
    /// The network in words.
    pub network: String,
    /// The target.
    pub target: Shape,
    /// Whether the theorem covers the target.
    pub inside: bool,
    /// Total hidden units.
    pub width: usize,
    /// Parameters.
    pub parameters: usize,
    /// Mean squared error on test points in decibels; predicting zero has 0 dB.
    pub mse_db: f64,
}

/// Why the experiment did not finish.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UniversalityError {
    /// A width no network can have.
    #[error("a width of {width} does not suit {class}: {error}")]
    Width {
        /// The theorem of the class.
        class: &'static str,
        /// The width asked for.
        width: usize,
        /// What the network says.
        error: NetworkError,
    },
    /// Asked to stop.
    #[error("stopped after {done} fits")]
    Stopped {
        /// Fits that were done.
        done: usize,
    },
    /// A fit whose error is no number.
    #[error(
        "the fit of {class} to {target} at width {width} diverged: lower the learning rate, {learning_rate}"
    )]
    Diverged {
        /// The theorem of the class.
        class: &'static str,
        /// The target.
        target: &'static str,
        /// The width.
        width: usize,
        /// The rate of the budget.
        learning_rate: f64,
    },
}

/// Fits every class to every target at every width, in the order of the options; the same options give the same rows.
///
/// `progress` is told of each row with the number of rows done, and says whether to go on; [`Options::rows`] says how
/// many there will be.
///
/// # Errors
/// [`UniversalityError`] if a width does not suit a class or a fit diverges.
pub fn run(
    options: &Options,
    device: &Device,
    mut progress: impl FnMut(&Row, usize) -> ControlFlow<()>,
) -> Result<Vec<Row>, UniversalityError> {
    let mut rows = Vec::with_capacity(options.rows());
    for shape in &options.shapes {
        let target = ShapeTarget::new(*shape, device);
        for class in &options.classes {
            for width in &options.widths {
                let fitted = class.fit(*width, &target, options.seed, &options.budget, device)?;
                rows.push(Row {
                    class: *class,
                    theorem: class.theorem().into(),
                    network: class.network().into(),
                    target: *shape,
                    inside: class.covers(*shape),
                    width: *width,
                    parameters: fitted.parameters,
                    mse_db: fitted.mse_db,
                });
                let done = rows.len();
                if progress(&rows[done - 1], done).is_break() && done < options.rows() {
                    return Err(UniversalityError::Stopped { done });
                }
            }
        }
    }
    Ok(rows)
}
