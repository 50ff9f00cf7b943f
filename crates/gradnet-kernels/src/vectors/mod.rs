//! Vectors of the processor at hand: a token proves what it can do, generic code is compiled once for each.
//!
//! [`Element::widest`] looks the processor up once a call and runs a [`Kernel`] with the widest [`Lanes`] it has. The
//! vectors are those of pulp: AVX-512, AVX2 with FMA, NEON, or arrays that the compiler vectorises as the target
//! allows.

pub(crate) mod doubled;
#[cfg(test)]
pub(crate) mod forced;
pub(crate) mod mathematics;
mod processor;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::mem::MaybeUninit;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// An element type with kernels of its own: `f32` or `f64`.
pub(crate) trait Element:
    Copy
    + Send
    + Sync
    + 'static
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Into<f64>
    + mathematics::Coefficients
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// The smallest normal number over the distance from 1 to the next: arithmetic with numbers below the first is a
    /// hundred times slower, and products with numbers below the second soon are.
    const NEGLIGIBLE: Self;

    /// The nearest value of this type.
    fn nearest(value: f64) -> Self;

    /// The whole part of a positive value; 0 for a negative one and for NaN.
    fn whole(self) -> usize;

    /// Runs `kernel` with the widest vectors of this processor.
    fn widest<K: Kernel<Self>>(kernel: K) -> K::Output;
}

/// Work written once for every width of vector.
pub(crate) trait Kernel<E: Element> {
    /// What the work returns.
    type Output;

    /// Does the work. Implementations, and what they call, must be `#[inline(always)]`: that is what compiles them
    /// for the vectors of `lanes`.
    fn run<L: Lanes<Element = E>>(self, lanes: L) -> Self::Output;
}

/// A token: whoever holds one may use the vectors of its kind.
pub(crate) trait Lanes: Copy + Send + Sync {
    /// What a lane holds.
    type Element: Element;
    /// The vector; only tokens make one.
    type Vector: Vector<Element = Self::Element>;
    /// Lanes of a vector.
    const WIDTH: usize;

    /// Runs `kernel` in code compiled for these vectors.
    fn run<K: Kernel<Self::Element>>(self, kernel: K) -> K::Output;

    /// The same value in each lane.
    fn splat(self, value: Self::Element) -> Self::Vector;

    /// The first `WIDTH` elements of a slice.
    fn load(self, from: &[Self::Element]) -> Self::Vector;

    /// The first `count` elements of a slice, zeros in the lanes after them.
    fn load_first(self, from: &[Self::Element], count: usize) -> Self::Vector;

    /// Writes all lanes to the head of a slice, whatever it held.
    fn write(self, vector: Self::Vector, to: &mut [MaybeUninit<Self::Element>]);

    /// Writes the first `count` lanes to the head of a slice, whatever it held.
    fn write_first(self, vector: Self::Vector, to: &mut [MaybeUninit<Self::Element>], count: usize);

    /// Replaces the head of a slice by all lanes.
    #[inline(always)]
    fn store(self, vector: Self::Vector, to: &mut [Self::Element]) {
        self.write(vector, places(to));
    }

    /// Replaces the head of a slice by the first `count` lanes.
    #[inline(always)]
    fn store_first(self, vector: Self::Vector, to: &mut [Self::Element], count: usize) {
        self.write_first(vector, places(to), count);
    }

    /// Writes the transpose of the first `WIDTH` columns of `WIDTH` rows, which lie `steps[0]` elements apart in `from`
    /// and will lie `steps[1]` apart in `to`.
    fn turn(self, from: &[Self::Element], to: &mut [MaybeUninit<Self::Element>], steps: [usize; 2]);
}

/// Lanes of the widest vector.
pub(crate) const WIDEST: usize = 16;

/// [`Lanes::turn`] by way of a tile in the nearest cache.
#[inline(always)]
fn turn_in_tile<L: Lanes>(
    _: L,
    from: &[L::Element],
    to: &mut [MaybeUninit<L::Element>],
    steps: [usize; 2],
) {
    let mut tile = [[L::Element::ZERO; WIDEST]; WIDEST];
    for (row, tile) in tile[..L::WIDTH].iter_mut().enumerate() {
        tile[..L::WIDTH].copy_from_slice(&from[row * steps[0]..][..L::WIDTH]);
    }
    for column in 0..L::WIDTH {
        let to = &mut to[column * steps[1]..][..L::WIDTH];
        for (to, row) in to.iter_mut().zip(&tile) {
            to.write(row[column]);
        }
    }
}

/// Elements as places to write to. Who takes them writes whole elements, nothing else.
#[inline(always)]
#[allow(unsafe_code)]
pub(crate) fn places<E: Element>(elements: &mut [E]) -> &mut [MaybeUninit<E>] {
    // SAFETY: the same memory with the same layout, and no code of these kernels makes an element uninitialised.
    unsafe { &mut *(std::ptr::from_mut(elements) as *mut [MaybeUninit<E>]) }
}

/// Arithmetic lane by lane.
pub(crate) trait Vector:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// What a lane holds.
    type Element: Element;

    /// `self * factor + term`, rounded once where the processor can.
    fn mul_add(self, factor: Self, term: Self) -> Self;

    /// `term - self * factor`, rounded once where the processor can.
    fn neg_mul_add(self, factor: Self, term: Self) -> Self;

    /// The larger of `self` and `floor`; NaN stays NaN.
    fn at_least(self, floor: Self) -> Self;

    /// |self|.
    fn abs(self) -> Self;

    /// A non-negative `self` with the sign of `other`.
    fn with_sign_of(self, other: Self) -> Self;

    /// `self` where `test` > 0, zero elsewhere.
    fn where_positive(self, test: Self) -> Self;

    /// `self`, and zero where |self| < `least`; NaN stays NaN.
    fn or_zero_below(self, least: Self) -> Self;

    /// √self.
    fn square_root(self) -> Self;

    /// self / (√square + plus), to three units of the last place, for `square` ≥ 0 and a finite
    /// `plus` > 0. Beside a `square` of 0 a `plus` below 1e-12 may count as larger.
    fn over_root(self, square: Self, plus: Self) -> Self;

    /// 2^n, where `self` is n + [`Coefficients::ROUND`](mathematics::Coefficients::ROUND).
    fn power_of_two(self) -> Self;

    /// The sum of the lanes, in a fixed order.
    fn sum(self) -> Self::Element;
}

macro_rules! element {
    ($element:ty) => {
        impl Element for $element {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const NEGLIGIBLE: Self = Self::MIN_POSITIVE / Self::EPSILON;

            #[inline(always)]
            fn nearest(value: f64) -> Self {
                value as Self
            }

            #[inline(always)]
            fn whole(self) -> usize {
                self as usize
            }

            fn widest<K: Kernel<Self>>(kernel: K) -> K::Output {
                processor::widest(processor::On::<K, Self>::new(kernel))
            }
        }
    };
}

element!(f32);
element!(f64);
