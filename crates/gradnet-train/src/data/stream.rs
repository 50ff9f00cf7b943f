//! Independent streams of random numbers out of one seed.
//!
//! Seed, purpose and index fill the key of a ChaCha12 generator, which is what makes streams of neighbouring seeds or
//! indices unrelated.

use rand::{Rng, SeedableRng, rngs::ChaCha12Rng};

/// What a draw is for. The numbers are part of the format: changing one changes every result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stream {
    /// Initial weights.
    Weights = 1,
    /// Training points; the index is the step, or 0 for a fixed set.
    Training = 2,
    /// The order of a fixed training set; the index is the epoch.
    Shuffle = 3,
    /// Validation points.
    Validation = 4,
    /// Test points; the index is the draw.
    Test = 5,
    /// Points the reference map is fitted to.
    Reference = 6,
    /// Parameters of a target.
    Target = 7,
    /// Points whose mean gradient norm scales a target.
    TargetScale = 8,
    /// Where a quadrature along a way begins; the index is the step.
    Quadrature = 9,
    /// Which rows of a data file train, validate and test.
    Split = 20,
    /// Starts and steps of Langevin chains.
    Chains = 30,
    /// Directions along which a Jacobian is looked at; the index is the step.
    Projections = 31,
}

/// The generator of one draw.
pub fn generator(seed: u64, stream: Stream, index: u64) -> ChaCha12Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&(stream as u64).to_le_bytes());
    key[16..24].copy_from_slice(&index.to_le_bytes());
    key[24..].copy_from_slice(b"gradnet.");
    ChaCha12Rng::from_seed(key)
}

/// A seed for a part that brings its own generator (the networks' initial weights).
pub fn derived_seed(seed: u64, stream: Stream) -> u64 {
    generator(seed, stream, 0).next_u64()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers of a stream are fixed for ever: results can only be repeated if they are.
    #[test]
    fn the_streams_are_pinned() {
        assert_eq!(
            generator(0, Stream::Training, 0).next_u64(),
            17_392_728_942_477_874_522
        );
    }

    #[test]
    fn seed_purpose_and_index_each_change_the_stream() {
        let first = |seed, stream, index| generator(seed, stream, index).next_u64();
        let base = first(1, Stream::Training, 1);
        assert_eq!(base, first(1, Stream::Training, 1));
        assert_ne!(base, first(2, Stream::Training, 1));
        assert_ne!(base, first(1, Stream::Test, 1));
        assert_ne!(base, first(1, Stream::Training, 2));
    }
}
