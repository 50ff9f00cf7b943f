//! The network as burn-train trains it: one step is the loss and its gradients, one inference the squared errors of a chunk of points.

use burn::module::Module;
use burn::tensor::{ExecutionError, Tensor};
use burn::train::metric::{Adaptor, LossInput};
use burn::train::{InferenceStep, ItemLazy, TrainOutput, TrainStep};
use gradnet_core::{VectorField, kernel::mean_squared_error, network::Network};

use crate::data::Batch;

/// A network and its training loss.
#[derive(Module, Debug)]
pub struct FieldLearner {
    network: Network,
}

impl FieldLearner {
    /// Wraps a network.
    pub fn new(network: Network) -> Self {
        Self { network }
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Moves what the network schedules over a run to where it is when the part `progress` is done.
    pub(super) fn anneal(&mut self, progress: f64) {
        self.network.anneal(progress);
    }
}

/// The loss of one step, left on the device.
#[derive(Clone, Debug)]
pub struct StepLoss {
    /// Mean over batch and coordinates of the squared error, `[1]`, without its autodiff graph and the network's penalty.
    pub loss: Tensor<1>,
}

/// The errors of one chunk of points, left on the device.
#[derive(Clone, Debug)]
pub struct ChunkErrors {
    /// Squared 2-norm of the error at each point, `[points]`.
    pub squares: Tensor<1>,
    dim: usize,
}

impl TrainStep for FieldLearner {
    type Input = Batch;
    type Output = StepLoss;

    fn step(&self, batch: Batch) -> TrainOutput<StepLoss> {
        let loss = mean_squared_error(self.network.forward(batch.x), batch.y);
        let whole = match self.network.penalty() {
            Some(penalty) => loss.clone() + penalty,
            None => loss.clone(),
        };
        let gradients = whole.backward();
        let loss = loss.without_autodiff();
        TrainOutput::new(self, gradients, StepLoss { loss })
    }
}

impl InferenceStep for FieldLearner {
    type Input = Batch;
    type Output = ChunkErrors;

    fn step(&self, batch: Batch) -> ChunkErrors {
        let [_, dim] = batch.x.dims();
        let errors = self.network.forward(batch.x) - batch.y;
        ChunkErrors {
            squares: errors.square().sum_dim(1).squeeze_dim(1),
            dim,
        }
    }
}

impl ItemLazy for StepLoss {
    fn sync(self) -> Result<Self, ExecutionError> {
        self.loss.device().flush()?;
        Ok(self)
    }
}

impl ItemLazy for ChunkErrors {
    fn sync(self) -> Result<Self, ExecutionError> {
        self.squares.device().flush()?;
        Ok(self)
    }
}

impl Adaptor<LossInput> for StepLoss {
    fn adapt(&self) -> LossInput {
        LossInput::new(self.loss.clone())
    }
}

/// On the dashboard both curves are means over coordinates.
impl Adaptor<LossInput> for ChunkErrors {
    fn adapt(&self) -> LossInput {
        LossInput::new(self.squares.clone().mean() / self.dim as f64)
    }
}
