//! The next batch, made while the step before goes on.
//!
//! Parts of a training step run on one thread: the loss, the bookkeeping of automatic differentiation. Drawing points
//! and evaluating the target fill the time of a second one, the companion. It also takes up pieces of the step as soon
//! as there are any: a thread that slept between them would have to be woken several times a step.
//!
//! A thread of a pool may take up the companion's job while it waits for work of its own, which then waits for the
//! companion: so a companion stays for a moment only, and is called again by the next step.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::Source;

/// How long a companion stays.
const STAY: Duration = Duration::from_millis(20);

/// Looks for work in vain, a microsecond or less each, after which a companion goes.
const PATIENCE: usize = 1000;

/// Looks in vain after which it lets other programs have the processor between two of them.
const POLITE: usize = 50;

/// Pauses of the processor between two looks.
const PAUSES: usize = 10;

type Work = Box<dyn FnOnce() + Send>;

/// What a companion has to do.
#[derive(Default)]
struct Duty {
    work: Mutex<Option<Work>>,
    /// Whether one has been called and has not gone.
    called: AtomicBool,
    /// Whether none is needed any more.
    over: AtomicBool,
}

impl Duty {
    fn take(&self) -> Option<Work> {
        self.work.lock().unwrap_or_else(|e| e.into_inner()).take()
    }

    /// Works on what is waiting, pieces of the step first: the batch has time until the step is done.
    fn serve(&self) {
        let (begin, mut in_vain) = (Instant::now(), 0);
        while in_vain < PATIENCE && begin.elapsed() < STAY && !self.over.load(Ordering::Relaxed) {
            in_vain += 1;
            if let Some(rayon::Yield::Executed) = rayon::yield_now() {
                in_vain = 0;
            } else if let Some(work) = self.take() {
                work();
                in_vain = 0;
            } else if in_vain < POLITE {
                (0..PAUSES).for_each(|_| std::hint::spin_loop());
            } else {
                std::thread::yield_now();
            }
        }
    }
}

thread_local! {
    /// Trainings that this thread leads: it has better things to do than to be another's companion.
    static LED: Cell<usize> = const { Cell::new(0) };
}

/// A thread of the pool that stays awake beside a training.
pub(super) struct Companion(Arc<Duty>);

impl Companion {
    /// For a training led by this thread; none where its pool has no other, or it belongs to none.
    pub(super) fn new() -> Option<Self> {
        rayon::current_thread_index()?;
        (rayon::current_num_threads() > 1).then(|| {
            LED.set(LED.get() + 1);
            Self(Arc::default())
        })
    }

    /// Leaves the batch of step `step` to the companion, which is called if it is not there.
    pub(super) fn make<T: Send + 'static>(&self, source: &Source<T>, step: usize) -> Ahead<T> {
        let (send, made) = channel();
        let source = source.clone();
        let work: Work = Box::new(move || {
            let batch = catch_unwind(AssertUnwindSafe(|| source(step)));
            // Nobody waits for it where a run ended early.
            let _ = send.send(batch);
        });
        let duty = self.0.clone();
        *duty.work.lock().unwrap_or_else(|e| e.into_inner()) = Some(work);
        if !duty.called.swap(true, Ordering::AcqRel) {
            let duty = duty.clone();
            rayon::spawn(move || {
                if LED.get() == 0 {
                    duty.serve();
                }
                duty.called.store(false, Ordering::Release);
            });
        }
        Ahead { duty, made }
    }
}

impl Drop for Companion {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::Relaxed);
        LED.set(LED.get().saturating_sub(1));
    }
}

/// A batch that is on its way.
pub(super) struct Ahead<T> {
    duty: Arc<Duty>,
    made: Receiver<std::thread::Result<T>>,
}

impl<T> Ahead<T> {
    /// The batch. Where the companion has not begun it, this thread makes it.
    pub(super) fn finish(self) -> Option<T> {
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
    use rayon::prelude::*;

    use crate::data::Batches;

    /// The steps asked for so far.
    type Asked = Arc<Mutex<Vec<usize>>>;

    /// Batches that are their step; step 7 fails.
    fn counting() -> (Source<usize>, Asked) {
        let asked = Asked::default();
        let seen = asked.clone();
        let source = move |step| {
            seen.lock().unwrap().push(step);
            assert_ne!(step, 7, "no batch for step 7");
            step
        };
        (Arc::new(source), asked)
    }

    fn source() -> Source<usize> {
        counting().0
    }

    /// The steps that a pass of three batches and one of two see.
    fn steps(from: usize) -> Vec<usize> {
        let source = source();
        let passes = [from..from + 3, from + 3..from + 5].into_iter();
        let batches = passes.flat_map(|steps| Batches::new(source.clone(), steps));
        batches.collect()
    }

    #[test]
    fn batches_come_in_order_whoever_makes_them() {
        let expected = [0, 1, 2, 3, 4];
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
            let (source, asked) = counting();
            let asked = || asked.lock().unwrap().clone();
            let mut pass = Batches::new(source.clone(), 0..5);
            pass.next().unwrap();
            let begin = Instant::now();
            while asked().len() < 2 && begin.elapsed() < Duration::from_secs(60) {
                std::thread::yield_now();
            }
            assert_eq!(asked(), [0, 1], "step 1 while step 0 is worked on");
            drop(pass);
            let rest = Batches::new(source.clone(), 1..5);
            assert_eq!(rest.count(), 4);
            assert_eq!(asked(), [0, 1, 1, 2, 3, 4]);
        });
    }

    #[test]
    fn a_companion_goes_when_nobody_needs_it() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2);
        let pool = pool.build().unwrap();
        let source = source();
        pool.install(|| {
            let companion = Companion::new().unwrap();
            companion.make(&source, 3).finish().unwrap();
            let duty = companion.0.clone();
            // By itself, if no more work comes, and so at once when it is dismissed.
            let begin = Instant::now();
            while duty.called.load(Ordering::Acquire) {
                rayon::yield_now();
                assert!(begin.elapsed() < Duration::from_secs(60), "it stays");
            }
            companion.make(&source, 4).finish().unwrap();
            drop(companion);
        });
        let alone = rayon::ThreadPoolBuilder::new().num_threads(1);
        let alone = alone.build().unwrap();
        assert!(alone.install(Companion::new).is_none());
    }

    /// Each waits for pieces that the other's thread has taken up, and is asked to be the other's companion.
    #[test]
    fn two_trainings_in_one_pool_do_not_wait_for_each_other_for_ever() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2);
        let pool = pool.build().unwrap();
        let (send, ended) = channel();
        for _ in 0..2 {
            let send = send.clone();
            pool.spawn(move || {
                for _ in Batches::new(source(), 0..7) {
                    let slow = |_| std::thread::sleep(Duration::from_millis(2));
                    (0..8).into_par_iter().for_each(slow);
                }
                send.send(()).unwrap();
            });
        }
        for _ in 0..2 {
            let waited = ended.recv_timeout(Duration::from_secs(60));
            waited.expect("both trainings end");
        }
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
