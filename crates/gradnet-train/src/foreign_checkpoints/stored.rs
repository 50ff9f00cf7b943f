//! Arrays as they lie in a checkpoint: where, in which numbers, in which order.

use std::ops::Range;

/// How the numbers of an array are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Number {
    /// 16 bits, 11 of them significant.
    F16,
    /// 16 bits, 8 of them significant.
    Bf16,
    /// 32 bits.
    F32,
    /// 64 bits.
    F64,
    /// Something that is no floating-point number, under its own name.
    Other(String),
}

impl Number {
    /// By what PyTorch (dtype or class of storage), NumPy or safetensors call it.
    pub(super) fn named(name: &str) -> Self {
        match name {
            "HalfStorage" | "float16" | "half" | "f2" | "F16" => Self::F16,
            "BFloat16Storage" | "bfloat16" | "BF16" => Self::Bf16,
            "FloatStorage" | "float32" | "float" | "f4" | "F32" => Self::F32,
            "DoubleStorage" | "float64" | "double" | "f8" | "F64" => Self::F64,
            other => Self::Other(other.trim_end_matches("Storage").to_lowercase()),
        }
    }

    /// Its name in PyTorch.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::F16 => "float16",
            Self::Bf16 => "bfloat16",
            Self::F32 => "float32",
            Self::F64 => "float64",
            Self::Other(name) => name,
        }
    }

    /// Bytes of one; 0 if nothing here knows.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::F16 | Self::Bf16 => 2,
            Self::F32 => 4,
            Self::F64 => 8,
            Self::Other(_) => 0,
        }
    }

    /// The number in exactly its bytes, without rounding.
    fn value(&self, bytes: &[u8], big_endian: bool) -> f64 {
        let mut little = [0; 8];
        little[..bytes.len()].copy_from_slice(bytes);
        if big_endian {
            little[..bytes.len()].reverse();
        }
        let [a, b, c, d, ..] = little;
        match self {
            Self::F16 => half(u16::from_le_bytes([a, b])),
            Self::Bf16 => f32::from_le_bytes([0, 0, a, b]).into(),
            Self::F32 => f32::from_le_bytes([a, b, c, d]).into(),
            Self::F64 => f64::from_le_bytes(little),
            Self::Other(_) => f64::NAN,
        }
    }
}

/// IEEE 754's number of 16 bits: (-1)^s 2^(e - 15) (1 + m / 1024).
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = ((bits >> 10) & 31, f64::from(bits & 1023));
    let size = match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * 2f64.powi(i32::from(exponent) - 25),
    };
    if bits >> 15 == 1 { -size } else { size }
}

/// Where the bytes of an array are.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Place {
    /// In the file.
    File(Range<usize>),
    /// In an entry of the archive.
    Entry(String),
    /// In the pickle itself.
    Here(Vec<u8>),
}

/// An array that has not been read yet.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stored {
    pub(super) shape: Vec<usize>,
    /// Numbers from one index to the next, for each dimension.
    pub(super) stride: Vec<usize>,
    /// Numbers before the first.
    pub(super) offset: usize,
    pub(super) number: Number,
    pub(super) big_endian: bool,
    pub(super) place: Place,
}

impl Stored {
    /// How many numbers there are.
    pub(super) fn count(&self) -> Option<usize> {
        let mut sizes = self.shape.iter();
        sizes.try_fold(1usize, |product, size| product.checked_mul(*size))
    }

    /// How many bytes of its place the array reaches over.
    pub(super) fn reach(&self) -> Option<usize> {
        if self.count()? == 0 {
            return Some(0);
        }
        let mut last = self.offset;
        for (size, stride) in self.shape.iter().zip(&self.stride) {
            last = last.checked_add((size - 1).checked_mul(*stride)?)?;
        }
        last.checked_add(1)?.checked_mul(self.number.bytes())
    }

    /// The numbers, row by row, of at least [`reach`](Self::reach) bytes of its place.
    pub(super) fn values(&self, bytes: &[u8]) -> Option<Vec<f64>> {
        let (count, width) = (self.count()?, self.number.bytes());
        if bytes.len() < self.reach()? || self.shape.len() != self.stride.len() {
            return None;
        }
        let value = |mut index: usize| {
            let mut at = self.offset;
            for (size, stride) in self.shape.iter().zip(&self.stride).rev() {
                at += index % size * stride;
                index /= size;
            }
            let at = at * width;
            self.number.value(&bytes[at..at + width], self.big_endian)
        };
        Some((0..count).map(value).collect())
    }
}

/// The strides of an array that lies row by row.
pub(super) fn row_by_row(shape: &[usize]) -> Vec<usize> {
    let mut stride = vec![1usize; shape.len()];
    for axis in (1..shape.len()).rev() {
        stride[axis - 1] = stride[axis].saturating_mul(shape[axis]);
    }
    stride
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(number: Number, shape: &[usize], stride: &[usize], offset: usize) -> Stored {
        Stored {
            shape: shape.to_vec(),
            stride: stride.to_vec(),
            offset,
            number,
            big_endian: false,
            place: Place::Here(Vec::new()),
        }
    }

    #[test]
    fn half_precision_is_widened_exactly() {
        // 1.5 = 0 01111 1000000000; the smallest is 2^-24, the largest 65504.
        for (bits, value) in [
            (0x3e00, 1.5),
            (0xbe00, -1.5),
            (0x0001, 2f64.powi(-24)),
            (0x0400, 2f64.powi(-14)),
            (0x7bff, 65504.0),
            (0x8000, -0.0),
        ] {
            assert_eq!(half(bits), value);
        }
        assert_eq!(half(0x7c00), f64::INFINITY);
        assert!(half(0x7e00).is_nan());
        // The upper half of a float of 32 bits: 0x3fc0 is 1.5.
        assert_eq!(Number::Bf16.value(&[0xc0, 0x3f], false), 1.5);
        assert_eq!(Number::Bf16.value(&[0x3f, 0xc0], true), 1.5);
    }

    #[test]
    fn strides_and_offsets_are_followed_and_what_reaches_too_far_is_none() {
        let bytes: Vec<u8> = (0..7u8).flat_map(|i| f32::from(i).to_le_bytes()).collect();
        // The transpose of [[1, 2], [3, 4], [5, 6]].
        let transposed = stored(Number::F32, &[2, 3], &[1, 2], 1);
        assert_eq!(transposed.reach(), Some(28));
        let values = [1.0, 3.0, 5.0, 2.0, 4.0, 6.0];
        assert_eq!(transposed.values(&bytes), Some(values.to_vec()));
        assert_eq!(transposed.values(&bytes[..27]), None);
        let endless = stored(Number::F32, &[2, usize::MAX], &[usize::MAX, 1], 0);
        assert_eq!(endless.values(&bytes), None);
        let empty = stored(Number::F32, &[0, 3], &[3, 1], 9);
        assert_eq!(empty.values(&[]), Some(Vec::new()));
    }
}
