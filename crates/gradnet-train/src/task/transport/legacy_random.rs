//! NumPy's legacy generator, `numpy.random.RandomState`: the stream that the benchmark's source is made of.
//!
//! MT19937 (Matsumoto and Nishimura 1998) seeded by one number; doubles of 53 bits; normals by Marsaglia's polar
//! method, two at a time, the second kept; permutations by Fisher and Yates with masked rejection. NumPy promises that
//! this stream never changes (NEP 19). The tests hold the first numbers that NumPy gives.

const SIZE: usize = 624;
const SHIFT: usize = 397;

/// `RandomState(seed)`.
pub(super) struct LegacyRandom {
    state: [u32; SIZE],
    next: usize,
    /// The second of a pair of normals.
    kept: Option<f64>,
}

impl LegacyRandom {
    pub(super) fn new(seed: u32) -> Self {
        let mut state = [seed; SIZE];
        for i in 1..SIZE {
            let before = state[i - 1];
            state[i] = 1_812_433_253_u32
                .wrapping_mul(before ^ (before >> 30))
                .wrapping_add(i as u32);
        }
        Self {
            state,
            next: SIZE,
            kept: None,
        }
    }

    /// The next 32 bits.
    fn bits(&mut self) -> u32 {
        if self.next == SIZE {
            self.refill();
        }
        let mut y = self.state[self.next];
        self.next += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    fn refill(&mut self) {
        for i in 0..SIZE {
            let upper = self.state[i] & 0x8000_0000;
            let lower = self.state[(i + 1) % SIZE] & 0x7fff_ffff;
            let y = upper | lower;
            let twist = if y & 1 == 1 { 0x9908_b0df } else { 0 };
            self.state[i] = self.state[(i + SHIFT) % SIZE] ^ (y >> 1) ^ twist;
        }
        self.next = 0;
    }

    /// `random_sample()`: 53 bits in [0, 1).
    fn double(&mut self) -> f64 {
        let (a, b) = (self.bits() >> 5, self.bits() >> 6);
        (f64::from(a) * 67_108_864.0 + f64::from(b)) / 9_007_199_254_740_992.0
    }

    /// `standard_normal()`.
    pub(super) fn normal(&mut self) -> f64 {
        if let Some(kept) = self.kept.take() {
            return kept;
        }
        loop {
            let (a, b) = (2.0 * self.double() - 1.0, 2.0 * self.double() - 1.0);
            let square = a * a + b * b;
            if square < 1.0 && square != 0.0 {
                let factor = (-2.0 * square.ln() / square).sqrt();
                self.kept = Some(factor * a);
                return factor * b;
            }
        }
    }

    /// `choice(range(count), count, replace=False)`, which is `permutation(count)`.
    pub(super) fn permutation(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for i in (1..count).rev() {
            let j = self.at_most(i as u32) as usize;
            order.swap(i, j);
        }
        order
    }

    /// A whole number from 0 to `most`: bits under the smallest mask that covers it, drawn anew where they exceed it.
    fn at_most(&mut self, most: u32) -> u32 {
        let mask = u32::MAX >> most.leading_zeros();
        loop {
            let value = self.bits() & mask;
            if value <= most {
                return value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first outputs of MT19937 with seed 5489 as its authors publish them, and the ten-thousandth that the C++
    /// standard names.
    #[test]
    fn the_bits_are_those_of_the_published_generator() {
        let mut random = LegacyRandom::new(5489);
        assert_eq!(random.bits(), 3_499_211_612);
        assert_eq!(random.bits(), 581_869_302);
        let last = (2..10_000).map(|_| random.bits()).last();
        assert_eq!(last, Some(4_123_659_995));
    }

    /// `numpy.random.seed(0)`: `rand()` is 0.5488135039273248, `randn(3)` is 1.76405235, 0.40015721, 0.97873798.
    #[test]
    fn doubles_and_normals_of_seed_0_are_numpys() {
        let first = LegacyRandom::new(0).double();
        assert!((first - 0.548_813_503_927_324_8).abs() < 1e-16);
        let mut random = LegacyRandom::new(0);
        for expected in [
            1.764_052_345_967_664,
            0.400_157_208_367_223_3,
            0.978_737_984_105_739_2,
        ] {
            assert!((random.normal() - expected).abs() < 1e-15);
        }
    }

    /// `numpy.random.seed(0); numpy.random.permutation(10)`.
    #[test]
    fn permutations_of_seed_0_are_numpys() {
        let order = LegacyRandom::new(0).permutation(10);
        assert_eq!(order, [2, 8, 4, 9, 1, 6, 7, 3, 0, 5]);
    }
}
