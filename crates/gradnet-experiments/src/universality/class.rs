//! The classes of networks of Thm. 1 to 6, and what each theorem covers.

use burn::tensor::Device;
use gradnet_core::ParameterSource;
use gradnet_core::activation::ScalarFunction;
use gradnet_core::combine::{Difference, FreeTransformation, SoftplusTransformation, Transformed};
use gradnet_core::network::NetworkError;
use gradnet_core::network::{GradNetConfig, MGradNet, MGradNetConfig, MGradNetSoftmaxConfig};
use serde::{Deserialize, Serialize};

use super::fit::{Budget, Fitted, fit};
use super::{Shape, ShapeTarget, UniversalityError};
use gradnet_train::data::{Stream, derived_seed};
use gradnet_train::targets::Target;

/// Scalar units of a transformation `γ`.
const TRANSFORMATION_UNITS: usize = 8;

/// How much faster a free transformation is fitted: what it has to grow to is further from where it begins.
const TRANSFORMED_RATE: f64 = 2.5;

/// Sum of the scales of a layer to begin with, where they are set: what its units add up to does not grow with their
/// number.
const SCALE: f64 = 4.0;

/// A layer with nonnegative scales.
fn convex_ridges(
    config: &MGradNetConfig,
    source: &mut ParameterSource,
) -> Result<MGradNet, NetworkError> {
    let mut network = config.init_from(source)?;
    let width = config.width;
    // Softplus takes what is stored to SCALE / width.
    let stored = (SCALE / width as f64).exp_m1().ln();
    network.activation.alpha = source.constant([width], stored);
    Ok(network)
}

/// A free transformation that begins near the constant 1, whatever it is given: the fit of a product of two small
/// numbers of any sign depends on the draw.
fn free_transformation(source: &mut ParameterSource) -> FreeTransformation {
    let units = TRANSFORMATION_UNITS;
    let mut gamma = FreeTransformation::new(units, ScalarFunction::Tanh, source);
    // Biases spread over (−1, 1); each unit adds its share with the sign that its value at 0 has.
    let biases: Vec<f64> = (0..units)
        .map(|unit| (2 * unit + 1) as f64 / units as f64 - 1.0)
        .collect();
    let sum: f64 = biases.iter().map(|bias| bias.tanh().abs()).sum();
    let shares = biases.iter().map(|bias| bias.signum() / sum).collect();
    gamma.network.output = source.values([1, units], shares);
    gamma.network.bias = source.values([1, units], biases);
    gamma
}

/// A class of networks by its theorem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Class {
    /// Scaled softmax in one layer.
    #[serde(rename = "thm_1")]
    Softmax,
    /// Differences of two of those.
    #[serde(rename = "thm_2")]
    SoftmaxDifference,
    /// Scaled elementwise activations in one layer.
    #[serde(rename = "thm_3")]
    Ridges,
    /// The same with nonnegative scales.
    #[serde(rename = "thm_4")]
    ConvexRidges,
    /// Transformed sums of ridges.
    #[serde(rename = "thm_5")]
    Transformed,
    /// Convex monotone transformations of sums of convex ridges.
    #[serde(rename = "thm_6")]
    MonotoneTransformed,
}

impl Class {
    /// All classes, in the order of the theorems.
    pub const ALL: [Self; 6] = [
        Self::Softmax,
        Self::SoftmaxDifference,
        Self::Ridges,
        Self::ConvexRidges,
        Self::Transformed,
        Self::MonotoneTransformed,
    ];

    /// The theorem.
    pub fn theorem(self) -> &'static str {
        match self {
            Self::Softmax => "Thm. 1",
            Self::SoftmaxDifference => "Thm. 2",
            Self::Ridges => "Thm. 3",
            Self::ConvexRidges => "Thm. 4",
            Self::Transformed => "Thm. 5",
            Self::MonotoneTransformed => "Thm. 6",
        }
    }

    /// The network in words.
    pub fn network(self) -> &'static str {
        match self {
            Self::Softmax => "scaled softmax",
            Self::SoftmaxDifference => "difference of scaled softmax",
            Self::Ridges => "scaled tanh",
            Self::ConvexRidges => "nonnegatively scaled tanh",
            Self::Transformed => "transformed scaled tanh",
            Self::MonotoneTransformed => "monotonically transformed, nonnegatively scaled tanh",
        }
    }

    /// Whether the theorem says that the class comes as near to the target as one likes.
    pub fn covers(self, shape: Shape) -> bool {
        match self {
            Self::Softmax => !matches!(shape, Shape::Waves | Shape::Ring),
            Self::SoftmaxDifference | Self::Transformed => true,
            Self::Ridges => matches!(shape, Shape::ConvexRidges | Shape::Waves),
            Self::ConvexRidges => shape == Shape::ConvexRidges,
            Self::MonotoneTransformed => {
                matches!(shape, Shape::ConvexRidges | Shape::Exponential)
            }
        }
    }

    /// Builds a network of `width` hidden units in total and fits it.
    pub(super) fn fit(
        self,
        width: usize,
        target: &ShapeTarget,
        seed: u64,
        budget: &Budget,
        device: &Device,
    ) -> Result<Fitted, UniversalityError> {
        let training = device.clone().autodiff();
        let mut source = ParameterSource::new(&training, derived_seed(seed, Stream::Weights));
        let dim = target.dim();
        let refused = |error: NetworkError| UniversalityError::Width {
            class: self.theorem(),
            width,
            error,
        };
        let softmax = |width: usize, source: &mut ParameterSource| {
            let config = MGradNetSoftmaxConfig::new(dim).with_width(width);
            config.init_from(source).map_err(refused)
        };
        let free = GradNetConfig::new(dim).with_width(width);
        let convex = MGradNetConfig::new(dim).with_width(width);
        let tanh = ScalarFunction::Tanh;
        let fitted = match self {
            Self::Softmax => fit(softmax(width, &mut source)?, target, seed, budget, device),
            Self::SoftmaxDifference => {
                let first = softmax(width / 2, &mut source)?;
                let second = softmax(width - width / 2, &mut source)?;
                fit(Difference::new(first, second), target, seed, budget, device)
            }
            Self::Ridges => {
                let network = free.init_from(&mut source).map_err(refused)?;
                fit(network, target, seed, budget, device)
            }
            Self::ConvexRidges => {
                let network = convex_ridges(&convex, &mut source).map_err(refused)?;
                fit(network, target, seed, budget, device)
            }
            Self::Transformed => {
                let mut network = free.init_from(&mut source).map_err(refused)?;
                network.activation.alpha = source.constant([width], SCALE / width as f64);
                let gamma = free_transformation(&mut source);
                let field = Transformed::new(network, gamma, &source);
                let faster = Budget {
                    learning_rate: budget.learning_rate * TRANSFORMED_RATE,
                    ..*budget
                };
                fit(field, target, seed, &faster, device)
            }
            Self::MonotoneTransformed => {
                let network = convex_ridges(&convex, &mut source).map_err(refused)?;
                let gamma = SoftplusTransformation::new(TRANSFORMATION_UNITS, tanh, &mut source);
                let field = Transformed::new(network, gamma, &source);
                fit(field, target, seed, budget, device)
            }
        };
        if fitted.mse_db.is_finite() {
            return Ok(fitted);
        }
        Err(UniversalityError::Diverged {
            class: self.theorem(),
            target: target.shape().name(),
            width,
            learning_rate: budget.learning_rate,
        })
    }
}
