//! Vectors narrower than the widest, for tests: a kernel then runs with those asked for.

use std::cell::Cell;

use pulp::{Scalar, Scalar256b, Simd, WithSimd};

/// A kind of vector.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// One lane.
    Scalar,
    /// Arrays of 256 bits.
    Arrays,
    /// The lower half of AVX2's registers: as wide as NEON.
    #[cfg(target_arch = "x86_64")]
    HalfAvx2,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// The widest of this processor.
    Widest,
}

/// The environment variable that names the kind of all threads of a process.
pub(crate) const VECTORS: &str = "GRADNET_TEST_VECTORS";

thread_local! {
    static FORCED: Cell<Kind> = Cell::new(Kind::of_the_process());
}

impl Kind {
    /// Those that this processor can run.
    pub(crate) fn all() -> Vec<Self> {
        let mut all = vec![Self::Scalar, Self::Arrays];
        #[cfg(target_arch = "x86_64")]
        if pulp::x86::V3::is_available() {
            all.extend([Self::HalfAvx2, Self::Avx2]);
        }
        all.push(Self::Widest);
        all
    }

    /// What [`VECTORS`] names; the widest without it.
    fn of_the_process() -> Self {
        let Ok(name) = std::env::var(VECTORS) else {
            return Self::Widest;
        };
        let mut all = Self::all().into_iter();
        all.find(|kind| format!("{kind:?}") == name)
            .expect("a kind of vector that this processor has")
    }

    /// The vectors of this thread.
    pub(crate) fn current() -> Self {
        FORCED.get()
    }

    /// Runs `work` with these vectors, on this thread.
    pub(crate) fn on_this_thread<R>(self, work: impl FnOnce() -> R) -> R {
        let before = FORCED.replace(self);
        let result = work();
        FORCED.set(before);
        result
    }
}

/// Runs `work` with the vectors that are forced on this thread, if any are.
pub(super) fn run<W: WithSimd>(work: W) -> Result<W::Output, W> {
    match FORCED.get() {
        Kind::Scalar => Ok(Scalar.vectorize(work)),
        Kind::Arrays => Ok(Scalar256b.vectorize(work)),
        #[cfg(target_arch = "x86_64")]
        Kind::HalfAvx2 => {
            let simd = pulp::x86::V3::try_new().expect("AVX2");
            Ok(pulp::x86::V3_128b(simd).vectorize(work))
        }
        #[cfg(target_arch = "x86_64")]
        Kind::Avx2 => {
            let simd = pulp::x86::V3::try_new().expect("AVX2");
            Ok(Simd::vectorize(simd, work))
        }
        Kind::Widest => Err(work),
    }
}
