//! The order in which a fixed set of rows is visited: shuffled epochs of whole batches.

use std::sync::{Arc, Mutex};

use rand::seq::SliceRandom;

use super::{Stream, generator};

/// An epoch and the order of its rows.
type EpochOrder = (u64, Arc<Vec<u32>>);

/// The epochs of a set of rows; which rows a step visits is a pure function of seed and step.
#[derive(Clone, Debug)]
pub(crate) struct Epochs {
    rows: Arc<Vec<u32>>,
    seed: u64,
    /// The order of the epoch last asked for.
    cached: Arc<Mutex<Option<EpochOrder>>>,
}

impl Epochs {
    pub(crate) fn new(rows: Vec<u32>, seed: u64) -> Self {
        Self {
            rows: Arc::new(rows),
            seed,
            cached: Arc::default(),
        }
    }

    /// The rows of step `step` (counted from 0), `batch` of them.
    pub(crate) fn batch(&self, step: usize, batch: usize) -> Vec<u32> {
        // An epoch is whole batches: rows left over in one epoch take part in another.
        let batches = self.rows.len() / batch;
        let order = self.order((step / batches) as u64);
        let first = step % batches * batch;
        order[first..first + batch].to_vec()
    }

    /// The order of an epoch.
    fn order(&self, epoch: u64) -> Arc<Vec<u32>> {
        // A panic of another thread cannot leave the order half written: it is replaced whole.
        let mut cached = self
            .cached
            .lock()
            .unwrap_or_else(|poison| poison.into_inner());
        if let Some((cached_epoch, order)) = &*cached
            && *cached_epoch == epoch
        {
            return order.clone();
        }
        let mut order = self.rows.to_vec();
        order.shuffle(&mut generator(self.seed, Stream::Shuffle, epoch));
        let order = Arc::new(order);
        *cached = Some((epoch, order.clone()));
        order
    }
}
