//! The next batch, made while the step before goes on.
//!
//! Parts of a training step run on one thread: the loss, the bookkeeping of automatic differentiation. Drawing points and
//! evaluating the target fill the time of a second one, the companion. It also takes up pieces of the step as soon as there are any: a thread
//! that slept between them would have to be woken several times a step.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::sync::{Arc, Mutex};

use super::{Batch, BatchSource};

type Work = Box<dyn FnOnce() + Send>;

/// What the companion has to do, and whether it may go.
#[derive(Default)]
struct Duty {
    work: Mutex<Option<Work>>,
    over: AtomicBool,
}

impl Duty {
    fn take(&self) -> Option<Work> {
        self.work.lock().unwrap_or_else(|e| e.into_inner()).take()
    }

    /// Works on what is waiting, pieces of the step first: the batch has time until the step is done.
    fn serve(&self) {
        while !self.over.load(Ordering::Relaxed) {
            if let Some(rayon::Yield::Executed) = rayon::yield_now() {
                continue;
            }
            match self.take() {
                Some(work) => work(),
                None => (0..SPINS).for_each(|_| std::hint::spin_loop()),
            }
        }
    }
}

/// Pauses of a thread between two looks for work: less than a microsecond.
const SPINS: usize = 10;

/// A thread of the pool that stays awake beside a training.
pub(super) struct Companion(Arc<Duty>);

impl Companion {
    /// Another thread of the pool this one belongs to; none if there is no other.
    pub(super) fn begin() -> Option<Self> {
        let (here, threads) = (rayon::current_thread_index()?, rayon::current_num_threads());
        let there = (here + 1) % threads;
        let duty = Arc::<Duty>::default();
        let served = duty.clone();
        (there != here).then(|| {
            rayon::spawn_broadcast(move |thread| {
                if thread.index() == there {
                    served.serve();
                }
            });
            Self(duty)
        })
    }

    /// Leaves the batch of step `step` to the companion.
    pub(super) fn make(&self, source: &Arc<dyn BatchSource>, step: usize) -> Ahead {
        let (send, made) = channel();
        let source = source.clone();
        let work: Work = Box::new(move || {
            let batch = catch_unwind(AssertUnwindSafe(|| source.batch(step)));
            // Nobody waits for it where a run ended early.
            let _ = send.send(batch);
        });
        *self.0.work.lock().unwrap_or_else(|e| e.into_inner()) = Some(work);
        Ahead {
            duty: self.0.clone(),
            made,
        }
    }
}

impl Drop for Companion {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::Relaxed);
    }
}

/// A batch that is on its way.
pub(super) struct Ahead {
    duty: Arc<Duty>,
    made: Receiver<std::thread::Result<Batch>>,
}

impl Ahead {
    /// The batch. Where the companion has not begun it, this thread makes it.
    pub(super) fn finish(self) -> Option<Batch> {
        if let Some(work) = self.duty.take() {
            work();
        }
        loop {
            match self.made.try_recv() {
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
    fn a_companion_goes_when_it_is_dismissed() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2);
        let pool = pool.build().unwrap();
        pool.install(|| {
            let companion = Companion::begin().unwrap();
            let duty = Arc::downgrade(&companion.0);
            drop(companion);
            let begin = Instant::now();
            while duty.strong_count() > 0 {
                rayon::yield_now();
                assert!(begin.elapsed() < Duration::from_secs(60), "it stays");
            }
        });
        let alone = rayon::ThreadPoolBuilder::new().num_threads(1);
        let alone = alone.build().unwrap();
        assert!(alone.install(Companion::begin).is_none());
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
