//! Batches: points with the values to be learned at them, one batch for each step.

use std::ops::Range;
use std::sync::Arc;

use burn::tensor::Tensor;

use super::ahead::{Ahead, Companion};

/// Points and the field to be learned at them.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Points, `[points, dim]`.
    pub x: Tensor<2>,
    /// The target's gradient at each, `[points, dim]`.
    pub y: Tensor<2>,
}

/// Makes what a step learns from: a pure function of the step, counted from 0.
pub type Source<T> = Arc<dyn Fn(usize) -> T + Send + Sync>;

/// What some steps learn from, in order.
///
/// On a thread of a pool with others, one of them makes the next batch while the caller works on
/// the last.
pub struct Batches<T> {
    source: Source<T>,
    steps: Range<usize>,
    companion: Option<Companion>,
    /// The batch after the last one given out.
    ahead: Option<Ahead<T>>,
}

impl<T: Send + 'static> Batches<T> {
    /// The batches of `steps`, counted from 0.
    pub fn new(source: Source<T>, steps: Range<usize>) -> Self {
        Self {
            source,
            steps,
            companion: Companion::new(),
            ahead: None,
        }
    }
}

impl<T: Send + 'static> Iterator for Batches<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        let step = self.steps.next()?;
        let begun = self.ahead.take().and_then(Ahead::finish);
        let batch = begun.unwrap_or_else(|| (self.source)(step));
        if !self.steps.is_empty() {
            let companion = self.companion.as_ref();
            self.ahead = companion.map(|c| c.make(&self.source, self.steps.start));
        }
        Some(batch)
    }
}
