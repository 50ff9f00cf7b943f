//! FNV-1a in 64 bits: a number that another one stands for if the bytes are others.
//!
//! It finds what accidents do to a file, not what an enemy does; a change of a single byte never leaves it as it was,
//! since each step is a bijection of the number for a given byte.

/// A digest of the bytes added so far.
#[derive(Clone, Copy, Debug)]
pub struct Digest(u64);

impl Digest {
    /// The digest of some bytes.
    pub fn of(bytes: &[u8]) -> u64 {
        let mut digest = Self::default();
        digest.add(bytes);
        digest.value()
    }

    /// Adds more bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
    }

    /// The digest.
    pub fn value(self) -> u64 {
        self.0
    }
}

impl Default for Digest {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published values of FNV-1a, 64 bits (Fowler, Noll, Vo).
    #[test]
    fn the_digest_is_fnv_1a() {
        assert_eq!(Digest::of(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(Digest::of(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(Digest::of(b"foobar"), 0x8594_4171_f739_67e8);
        let mut parts = Digest::default();
        parts.add(b"foo");
        parts.add(b"bar");
        assert_eq!(parts.value(), Digest::of(b"foobar"));
    }
}
