//! The losses of the steps: left on the device, read in blocks.
//!
//! Reading a loss waits for the device, which for a small network takes longer than the step.

use std::time::{Duration, Instant};

use burn::tensor::{Tensor, Transaction};

/// Steps whose losses are read together. A network that diverges is still noticed soon.
pub(super) const BLOCK_STEPS: usize = 100;

/// Time after which the losses are read even if the block is not full, so that slow runs show
/// progress too.
const BLOCK_TIME: Duration = Duration::from_secs(1);

/// A loss outside the finite numbers, and the step it belongs to, counted from 1.
pub(super) struct NonFinite {
    pub(super) step: usize,
    pub(super) loss: f64,
}

pub(super) struct Losses {
    /// Losses of the last steps, still on the device.
    block: Vec<Tensor<1>>,
    block_read: Instant,
    /// Sum and number of the losses read since the last validation.
    interval: (f64, usize),
    /// The last step with a finite loss, and that loss.
    last_finite: Option<(usize, f64)>,
}

impl Losses {
    /// `interval`: sum and number of the losses since the last validation, in a run that resumes.
    pub(super) fn new(interval: (f64, usize)) -> Self {
        Self {
            block: Vec::with_capacity(BLOCK_STEPS),
            block_read: Instant::now(),
            interval,
            last_finite: None,
        }
    }

    /// Starts the time of the first block.
    pub(super) fn begin(&mut self) {
        self.block_read = Instant::now();
    }

    /// Keeps the loss of one step; whether the block should be read.
    pub(super) fn push(&mut self, loss: Tensor<1>) -> bool {
        self.block.push(loss);
        self.block.len() >= BLOCK_STEPS || self.block_read.elapsed() >= BLOCK_TIME
    }

    /// Reads the block, which ends with step `step`: the mean of its losses, if it has any.
    pub(super) fn read(&mut self, step: usize) -> Result<Option<f64>, NonFinite> {
        if self.block.is_empty() {
            return Ok(None);
        }
        let count = self.block.len();
        let losses = self
            .block
            .drain(..)
            .fold(Transaction::default(), Transaction::register)
            .execute();
        let losses = losses.iter().flat_map(|loss| loss.iter::<f64>());
        let mut sum = 0.0;
        for (step, loss) in (step + 1 - count..).zip(losses) {
            if !loss.is_finite() {
                return Err(NonFinite { step, loss });
            }
            self.last_finite = Some((step, loss));
            sum += loss;
        }
        self.interval.0 += sum;
        self.interval.1 += count;
        self.block_read = Instant::now();
        Ok(Some(sum / count as f64))
    }

    /// Sum and number of the losses read since the last validation.
    pub(super) fn interval(&self) -> (f64, usize) {
        self.interval
    }

    /// The mean of the losses read since the last validation; the next interval begins.
    pub(super) fn take_mean(&mut self) -> Option<f64> {
        let (sum, count) = std::mem::take(&mut self.interval);
        (count > 0).then(|| sum / count as f64)
    }

    /// The last step with a finite loss, and that loss.
    pub(super) fn last_finite(&self) -> Option<(usize, f64)> {
        self.last_finite
    }
}
