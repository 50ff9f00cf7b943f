//! Vectors of the processor at hand: a token proves what it can do, generic code is compiled once for each.
//!
//! [`Element::widest`] looks the processor up once a call and runs a [`Kernel`] with the widest [`Lanes`] it has:
//! AVX-512, AVX2 with FMA, or arrays that the compiler vectorises as the target allows.

pub(crate) mod doubled;
pub(crate) mod mathematics;
#[cfg(target_arch = "x86_64")]
mod single16;
#[cfg(target_arch = "x86_64")]
pub(crate) mod x86;

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
    /// The smallest normal number over the distance from 1 to the next: arithmetic with numbers below the first is a hundred
    /// times slower, and products with numbers below the second soon are.
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

    /// Writes the transpose of the first `WIDTH` columns of `WIDTH` rows, which lie `steps[0]` elements apart in `from` and
    /// will lie `steps[1]` apart in `to`.
    #[inline(always)]
    fn turn(
        self,
        from: &[Self::Element],
        to: &mut [MaybeUninit<Self::Element>],
        steps: [usize; 2],
    ) {
        let mut tile = [[Self::Element::ZERO; WIDEST]; WIDEST];
        for (row, tile) in tile[..Self::WIDTH].iter_mut().enumerate() {
            tile[..Self::WIDTH].copy_from_slice(&from[row * steps[0]..][..Self::WIDTH]);
        }
        for column in 0..Self::WIDTH {
            let to = &mut to[column * steps[1]..][..Self::WIDTH];
            for (to, row) in to.iter_mut().zip(&tile) {
                to.write(row[column]);
            }
        }
    }
}

/// Lanes of the widest vector.
const WIDEST: usize = 16;

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

/// Adds the halves of an array until one element is left.
#[inline(always)]
pub(crate) fn sum_of_halves<E: Element, const N: usize>(mut lanes: [E; N]) -> E {
    let mut half = N / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] = lanes[i] + lanes[i + half];
        }
        half /= 2;
    }
    lanes[0]
}

impl Element for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const NEGLIGIBLE: Self = Self::MIN_POSITIVE / Self::EPSILON;

    #[inline(always)]
    fn nearest(value: f64) -> Self {
        value as f32
    }

    #[inline(always)]
    fn whole(self) -> usize {
        self as usize
    }

    fn widest<K: Kernel<Self>>(kernel: K) -> K::Output {
        #[cfg(target_arch = "x86_64")]
        {
            if let Some(lanes) = x86::Avx512Single::detect() {
                return lanes.run(kernel);
            }
            if let Some(lanes) = x86::Avx2Single::detect() {
                return lanes.run(kernel);
            }
        }
        Portable::<f32, 8>::new().run(kernel)
    }
}

impl Element for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const NEGLIGIBLE: Self = Self::MIN_POSITIVE / Self::EPSILON;

    #[inline(always)]
    fn nearest(value: f64) -> Self {
        value
    }

    #[inline(always)]
    fn whole(self) -> usize {
        self as usize
    }

    fn widest<K: Kernel<Self>>(kernel: K) -> K::Output {
        #[cfg(target_arch = "x86_64")]
        {
            if let Some(lanes) = x86::Avx512Double::detect() {
                return lanes.run(kernel);
            }
            if let Some(lanes) = x86::Avx2Double::detect() {
                return lanes.run(kernel);
            }
        }
        Portable::<f64, 4>::new().run(kernel)
    }
}

/// Arrays, for processors without vectors written out here.
#[derive(Clone, Copy)]
pub(crate) struct Portable<E, const N: usize>(std::marker::PhantomData<E>);

impl<E, const N: usize> Portable<E, N> {
    /// Every processor can.
    pub(crate) fn new() -> Self {
        Self(std::marker::PhantomData)
    }
}

/// The vector of [`Portable`].
#[derive(Clone, Copy)]
pub(crate) struct Array<E, const N: usize>([E; N]);

/// Whether the target rounds a product and a sum once without calling a library.
const FUSED: bool = cfg!(any(target_arch = "aarch64", target_feature = "fma"));

macro_rules! portable {
    ($element:ty, $bits:ty, $mantissa:literal) => {
        impl<const N: usize> Lanes for Portable<$element, N> {
            type Element = $element;
            type Vector = Array<$element, N>;
            const WIDTH: usize = N;

            #[inline(always)]
            fn run<K: Kernel<$element>>(self, kernel: K) -> K::Output {
                kernel.run(self)
            }

            #[inline(always)]
            fn splat(self, value: $element) -> Self::Vector {
                Array([value; N])
            }

            #[inline(always)]
            fn load(self, from: &[$element]) -> Self::Vector {
                let from = &from[..N];
                Array(std::array::from_fn(|i| from[i]))
            }

            #[inline(always)]
            fn load_first(self, from: &[$element], count: usize) -> Self::Vector {
                let from = &from[..count.min(N)];
                Array(std::array::from_fn(|i| from.get(i).copied().unwrap_or(0.0)))
            }

            #[inline(always)]
            fn write(self, vector: Self::Vector, to: &mut [MaybeUninit<$element>]) {
                to[..N].write_copy_of_slice(&vector.0);
            }

            #[inline(always)]
            fn write_first(
                self,
                vector: Self::Vector,
                to: &mut [MaybeUninit<$element>],
                count: usize,
            ) {
                let count = count.min(N);
                to[..count].write_copy_of_slice(&vector.0[..count]);
            }
        }

        impl<const N: usize> Vector for Array<$element, N> {
            type Element = $element;

            #[inline(always)]
            fn mul_add(self, factor: Self, term: Self) -> Self {
                Array(std::array::from_fn(|i| {
                    if FUSED {
                        self.0[i].mul_add(factor.0[i], term.0[i])
                    } else {
                        self.0[i] * factor.0[i] + term.0[i]
                    }
                }))
            }

            #[inline(always)]
            fn neg_mul_add(self, factor: Self, term: Self) -> Self {
                (-self).mul_add(factor, term)
            }

            #[inline(always)]
            fn at_least(self, floor: Self) -> Self {
                Array(std::array::from_fn(|i| {
                    if self.0[i] < floor.0[i] { floor.0[i] } else { self.0[i] }
                }))
            }

            #[inline(always)]
            fn abs(self) -> Self {
                Array(self.0.map(<$element>::abs))
            }

            #[inline(always)]
            fn with_sign_of(self, other: Self) -> Self {
                Array(std::array::from_fn(|i| self.0[i].copysign(other.0[i])))
            }

            #[inline(always)]
            fn where_positive(self, test: Self) -> Self {
                Array(std::array::from_fn(|i| {
                    if test.0[i] > 0.0 { self.0[i] } else { 0.0 }
                }))
            }

            #[inline(always)]
            fn or_zero_below(self, least: Self) -> Self {
                Array(std::array::from_fn(|i| {
                    if self.0[i].abs() < least.0[i] { 0.0 } else { self.0[i] }
                }))
            }

            #[inline(always)]
            fn square_root(self) -> Self {
                Array(self.0.map(<$element>::sqrt))
            }

            #[inline(always)]
            fn over_root(self, square: Self, plus: Self) -> Self {
                self / (square.square_root() + plus)
            }

            #[inline(always)]
            fn power_of_two(self) -> Self {
                Array(self.0.map(|x| {
                    let one = (1.0 as $element).to_bits();
                    <$element>::from_bits((x.to_bits() << $mantissa).wrapping_add(one))
                }))
            }

            #[inline(always)]
            fn sum(self) -> $element {
                sum_of_halves(self.0)
            }
        }

        portable!(@operator $element, Add, add, +);
        portable!(@operator $element, Sub, sub, -);
        portable!(@operator $element, Mul, mul, *);
        portable!(@operator $element, Div, div, /);

        impl<const N: usize> Neg for Array<$element, N> {
            type Output = Self;

            #[inline(always)]
            fn neg(self) -> Self {
                Array(self.0.map(|x| -x))
            }
        }
    };
    (@operator $element:ty, $trait:ident, $method:ident, $operator:tt) => {
        impl<const N: usize> $trait for Array<$element, N> {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Array(std::array::from_fn(|i| self.0[i] $operator other.0[i]))
            }
        }
    };
}

portable!(f32, u32, 23);
portable!(f64, u64, 52);
