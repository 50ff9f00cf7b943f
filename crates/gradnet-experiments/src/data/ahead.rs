//! The next batch, made while the step before goes on.
//!
//! Parts of a training step run on one thread: the loss, the bookkeeping of automatic differentiation. Drawing points and
//! evaluating the target fill the time of the others.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};

use super::{Batch, BatchSource};

/// A batch that is on its way.
pub(super) struct Ahead(Receiver<std::thread::Result<Batch>>);

impl Ahead {
    /// Leaves the batch of step `step` to the pool this thread belongs to; none if it belongs to no pool.
    pub(super) fn begin(source: &Arc<dyn BatchSource>, step: usize) -> Option<Self> {
        rayon::current_thread_index()?;
        let (send, made) = channel();
        let source = source.clone();
        rayon::spawn(move || {
            let batch = catch_unwind(AssertUnwindSafe(|| source.batch(step)));
            // Nobody waits for it where a run ended early.
            let _ = send.send(batch);
        });
        Some(Self(made))
    }

    /// The batch. A thread that has to wait works on what is waiting in its pool: on this very batch, where it is the only
    /// thread.
    pub(super) fn finish(self) -> Option<Batch> {
        loop {
            match self.0.try_recv() {
                Ok(Ok(batch)) => return Some(batch),
                Ok(Err(panic)) => resume_unwind(panic),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => match rayon::yield_now() {
                    Some(rayon::Yield::Executed) => {}
                    _ => std::thread::yield_now(),
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use std::time::{Duration, Instant};

    use burn::data::dataloader::DataLoader;
    use burn::tensor::{Device, Tensor};

    use crate::data::FieldSampler;

    /// Batches that say which step they are of, and the steps asked for; step 7 fails.
    struct Counting(Device, Mutex<Vec<usize>>);

    impl BatchSource for Counting {
        fn batch_size(&self) -> usize {
            1
        }

        fn device(&self) -> &Device {
            &self.0
        }

        fn batch(&self, step: usize) -> Batch {
            self.1.lock().unwrap().push(step);
            assert_ne!(step, 7, "no batch for step 7");
            let x = Tensor::full([1, 1], step as f64, &self.0);
            Batch { y: x.clone(), x }
        }
    }

    /// The steps that two passes of three batches see.
    fn steps(from: usize) -> Vec<f64> {
        let source = Arc::new(Counting(Device::flex(), Mutex::default()));
        let stream = FieldSampler::over(source, from + 5, 3, from);
        let passes = [0, 1].map(|_| {
            let batches: Vec<Batch> = stream.iter().map(Result::unwrap).collect();
            batches
        });
        let batches = passes.iter().flatten();
        let of = |batch: &Batch| batch.x.clone().into_data().iter::<f64>().next().unwrap();
        batches.map(of).collect()
    }

    #[test]
    fn batches_come_in_order_whoever_makes_them() {
        let expected = [0.0, 1.0, 2.0, 3.0, 4.0];
        assert_eq!(steps(0), expected, "outside a pool");
        for threads in [1, 2, 4] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let pool = pool.build().unwrap();
            assert_eq!(pool.install(|| steps(0)), expected, "{threads} threads");
        }
    }

    #[test]
    fn the_next_batch_is_made_unasked_and_made_again_if_nobody_took_it() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2);
        let pool = pool.build().unwrap();
        pool.install(|| {
            let source = Arc::new(Counting(Device::flex(), Mutex::default()));
            let stream = FieldSampler::over(source.clone(), 5, 5, 0);
            let asked = || source.1.lock().unwrap().clone();
            let mut pass = stream.iter();
            pass.next().unwrap().unwrap();
            let begin = Instant::now();
            while asked().len() < 2 && begin.elapsed() < Duration::from_secs(60) {
                std::thread::yield_now();
            }
            assert_eq!(asked(), [0, 1], "step 1 while step 0 is worked on");
            drop(pass);
            // The next pass begins at the first step that nobody was given.
            let rest: Vec<_> = stream.iter().map(Result::unwrap).collect();
            assert_eq!(rest.len(), 4);
            assert_eq!(asked(), [0, 1, 1, 2, 3, 4]);
        });
    }

    #[test]
    fn a_failure_beside_the_step_reaches_whoever_asks_for_the_batch() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2);
        let pool = pool.build().unwrap();
        let seen = catch_unwind(AssertUnwindSafe(|| pool.install(|| steps(6))));
        let message = seen.unwrap_err();
        let message = message.downcast_ref::<String>().unwrap();
        assert!(message.contains("no batch for step 7"), "{message}");
    }
}
