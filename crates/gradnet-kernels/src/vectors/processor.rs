//! The lanes of pulp's vectors: one source for every processor that pulp knows.
//!
//! A token of pulp's proves what the processor can do; [`Singles`] and [`Doubles`] are its lanes of `f32` and of `f64`.
//! What pulp lacks is built of its parts here, and where x86 has a faster way of its own, that is in `x86`.

#![allow(unsafe_code)]

use std::any::TypeId;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ops::{Add, Div, Mul, Neg, Sub};

use pulp::{Scalar, Scalar128b, Scalar256b, Scalar512b, Simd, WithSimd};

#[cfg(target_arch = "x86_64")]
use super::x86;
use super::{Element, Kernel, Lanes, Vector, turn_in_tile};

/// A kernel on lanes of `E`, as pulp runs it.
#[derive(Clone, Copy)]
pub(crate) struct On<K, E>(K, PhantomData<E>);

impl<K, E> On<K, E> {
    /// Of a kernel.
    pub(crate) fn new(kernel: K) -> Self {
        Self(kernel, PhantomData)
    }
}

/// Runs work with the widest vectors of this processor.
pub(crate) fn widest<W: WithSimd>(work: W) -> W::Output {
    #[cfg(test)]
    let work = match super::forced::run(work) {
        Ok(done) => return done,
        Err(work) => work,
    };
    #[cfg(target_arch = "x86_64")]
    {
        x86::widest(work)
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        pulp::Arch::new().dispatch(work)
    }
}

/// Whether numbers and arrays of numbers stand for vectors. Their fused product and sum calls a library for each
/// number, and their maximum loses NaN.
#[inline(always)]
fn is_plain<S: Simd>() -> bool {
    let kind = TypeId::of::<S>();
    kind == TypeId::of::<Scalar>()
        || kind == TypeId::of::<Scalar128b>()
        || kind == TypeId::of::<Scalar256b>()
        || kind == TypeId::of::<Scalar512b>()
}

/// Numbers of lanes, for masks.
static INDICES_32: [i32; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
static INDICES_64: [i64; 8] = [0, 1, 2, 3, 4, 5, 6, 7];

/// Declares the lanes of an element type, by the names that pulp gives their operations.
macro_rules! lanes {
    (
        $(#[$doc:meta])* $lanes:ident, $vector:ident, $element:ty,
        vector: $register:ident, count: $count:ident, mask: $mask:ident, indices: $indices:ident,
        slices: [$as_simd:ident, $as_places:ident, $as_indices:ident],
        masked: [$less_index:ident, $splat_index:ident, $mask_load:ident, $mask_store:ident],
        arithmetic: [$splat:ident, $add:ident, $sub:ident, $mul:ident, $div:ident, $neg:ident],
        fused: [$fmadd:ident, $fnmadd:ident], others: [$max:ident, $abs:ident, $sqrt:ident, $sum:ident],
        bits: [$and:ident, $or:ident], choice: [$less:ident, $select:ident],
        power_of_two: $power_of_two:ident, over_root: $over_root:ident, turn: $turn:ident $(,)?
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub(crate) struct $lanes<S>(S);

        #[doc = concat!("The vector of [`", stringify!($lanes), "`].")]
        #[derive(Clone, Copy)]
        pub(crate) struct $vector<S: Simd>(S, S::$register);

        impl<K: Kernel<$element>> WithSimd for On<K, $element> {
            type Output = K::Output;

            #[inline(always)]
            fn with_simd<S: Simd>(self, simd: S) -> K::Output {
                self.0.run($lanes(simd))
            }
        }

        impl<S: Simd> $lanes<S> {
            /// The mask of the first `count` lanes.
            #[inline(always)]
            fn first(self, count: usize) -> S::$mask {
                let count = self.0.$splat_index(count as _);
                self.0.$less_index(S::$as_indices(&$indices[..S::$count]).0[0], count)
            }
        }

        impl<S: Simd> Lanes for $lanes<S> {
            type Element = $element;
            type Vector = $vector<S>;
            const WIDTH: usize = S::$count;

            #[inline(always)]
            fn run<K: Kernel<$element>>(self, kernel: K) -> K::Output {
                self.0.vectorize(On::<K, $element>::new(kernel))
            }

            #[inline(always)]
            fn splat(self, value: $element) -> Self::Vector {
                $vector(self.0, self.0.$splat(value))
            }

            #[inline(always)]
            fn load(self, from: &[$element]) -> Self::Vector {
                $vector(self.0, S::$as_simd(&from[..Self::WIDTH]).0[0])
            }

            #[inline(always)]
            fn load_first(self, from: &[$element], count: usize) -> Self::Vector {
                if count >= Self::WIDTH {
                    return self.load(from);
                }
                let (from, mask) = (&from[..count], self.first(count).into());
                // SAFETY: only the lanes of the slice are read.
                $vector(self.0, unsafe { self.0.$mask_load(mask, from.as_ptr()) })
            }

            #[inline(always)]
            fn write(self, vector: Self::Vector, to: &mut [MaybeUninit<$element>]) {
                S::$as_places(&mut to[..Self::WIDTH]).0[0].write(vector.1);
            }

            #[inline(always)]
            fn write_first(
                self,
                vector: Self::Vector,
                to: &mut [MaybeUninit<$element>],
                count: usize,
            ) {
                if count >= Self::WIDTH {
                    return self.write(vector, to);
                }
                let (to, mask) = (&mut to[..count], self.first(count).into());
                // SAFETY: only the lanes of the slice are written.
                unsafe { self.0.$mask_store(mask, to.as_mut_ptr().cast(), vector.1) }
            }

            #[inline(always)]
            fn turn(
                self,
                from: &[$element],
                to: &mut [MaybeUninit<$element>],
                steps: [usize; 2],
            ) {
                $turn(self, from, to, steps);
            }
        }

        impl<S: Simd> Vector for $vector<S> {
            type Element = $element;

            #[inline(always)]
            fn mul_add(self, factor: Self, term: Self) -> Self {
                if is_plain::<S>() {
                    return self * factor + term;
                }
                Self(self.0, self.0.$fmadd(self.1, factor.1, term.1))
            }

            #[inline(always)]
            fn neg_mul_add(self, factor: Self, term: Self) -> Self {
                if is_plain::<S>() {
                    return term - self * factor;
                }
                Self(self.0, self.0.$fnmadd(self.1, factor.1, term.1))
            }

            #[inline(always)]
            fn at_least(self, floor: Self) -> Self {
                if is_plain::<S>() {
                    let below = self.0.$less(self.1, floor.1);
                    return Self(self.0, self.0.$select(below, floor.1, self.1));
                }
                // x86 returns the second operand if one is NaN, ARM returns NaN.
                Self(self.0, self.0.$max(floor.1, self.1))
            }

            #[inline(always)]
            fn abs(self) -> Self {
                Self(self.0, self.0.$abs(self.1))
            }

            #[inline(always)]
            fn with_sign_of(self, other: Self) -> Self {
                let sign = self.0.$and(self.0.$splat(-0.0), other.1);
                Self(self.0, self.0.$or(self.1, sign))
            }

            #[inline(always)]
            fn where_positive(self, test: Self) -> Self {
                let zero = self.0.$splat(0.0);
                let positive = self.0.$less(zero, test.1);
                Self(self.0, self.0.$select(positive, self.1, zero))
            }

            #[inline(always)]
            fn or_zero_below(self, least: Self) -> Self {
                let below = self.0.$less(self.abs().1, least.1);
                Self(self.0, self.0.$select(below, self.0.$splat(0.0), self.1))
            }

            #[inline(always)]
            fn square_root(self) -> Self {
                Self(self.0, self.0.$sqrt(self.1))
            }

            #[inline(always)]
            fn over_root(self, square: Self, plus: Self) -> Self {
                $over_root(self, square, plus)
            }

            #[inline(always)]
            fn power_of_two(self) -> Self {
                Self(self.0, $power_of_two(self.0, self.1))
            }

            #[inline(always)]
            fn sum(self) -> $element {
                self.0.$sum(self.1)
            }
        }

        lanes!(@operator $vector, Add, add, $add);
        lanes!(@operator $vector, Sub, sub, $sub);
        lanes!(@operator $vector, Mul, mul, $mul);
        lanes!(@operator $vector, Div, div, $div);

        impl<S: Simd> Neg for $vector<S> {
            type Output = Self;

            #[inline(always)]
            fn neg(self) -> Self {
                Self(self.0, self.0.$neg(self.1))
            }
        }
    };
    (@operator $vector:ident, $trait:ident, $method:ident, $name:ident) => {
        impl<S: Simd> $trait for $vector<S> {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self(self.0, self.0.$name(self.1, other.1))
            }
        }
    };
}

lanes! {
    /// Lanes of `f32`.
    Singles, Single, f32,
    vector: f32s, count: F32_LANES, mask: m32s, indices: INDICES_32,
    slices: [as_simd_f32s, as_uninit_mut_simd_f32s, as_simd_i32s],
    masked: [less_than_i32s, splat_i32s, mask_load_ptr_f32s, mask_store_ptr_f32s],
    arithmetic: [splat_f32s, add_f32s, sub_f32s, mul_f32s, div_f32s, neg_f32s],
    fused: [mul_add_f32s, negate_mul_add_f32s], others: [max_f32s, abs_f32s, sqrt_f32s, reduce_sum_f32s],
    bits: [and_f32s, or_f32s], choice: [less_than_f32s, select_f32s],
    power_of_two: power_of_two_single, over_root: over_root_single, turn: turn_singles,
}

lanes! {
    /// Lanes of `f64`.
    Doubles, Double, f64,
    vector: f64s, count: F64_LANES, mask: m64s, indices: INDICES_64,
    slices: [as_simd_f64s, as_uninit_mut_simd_f64s, as_simd_i64s],
    masked: [less_than_i64s, splat_i64s, mask_load_ptr_f64s, mask_store_ptr_f64s],
    arithmetic: [splat_f64s, add_f64s, sub_f64s, mul_f64s, div_f64s, neg_f64s],
    fused: [mul_add_f64s, negate_mul_add_f64s], others: [max_f64s, abs_f64s, sqrt_f64s, reduce_sum_f64s],
    bits: [and_f64s, or_f64s], choice: [less_than_f64s, select_f64s],
    power_of_two: power_of_two_double, over_root: quotient, turn: turn_in_tile,
}

/// 2^n from the lowest bits of n + [`ROUND`](super::mathematics::Coefficients::ROUND).
#[inline(always)]
fn power_of_two_single<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let one = simd.splat_u32s(f32::ONE.to_bits());
    let bits = simd.wrapping_dyn_shl_u32s(simd.transmute_u32s_f32s(x), simd.splat_u32s(23));
    simd.transmute_f32s_u32s(simd.add_u32s(bits, one))
}

/// The same for `f64`, whose bits pulp does not shift: lane by lane, which the compiler makes a shift of vectors.
#[inline(always)]
fn power_of_two_double<S: Simd>(simd: S, x: S::f64s) -> S::f64s {
    let one = simd.splat_u64s(f64::ONE.to_bits());
    let mut bits = [simd.transmute_u64s_f64s(x)];
    for lane in pulp::bytemuck::cast_slice_mut::<_, u64>(&mut bits) {
        *lane <<= 52;
    }
    simd.transmute_f64s_u64s(simd.add_u64s(bits[0], one))
}

/// value / (√square + plus).
#[inline(always)]
fn quotient<V: Vector>(value: V, square: V, plus: V) -> V {
    value / (square.square_root() + plus)
}

#[inline(always)]
fn over_root_single<S: Simd>(value: Single<S>, square: Single<S>, plus: Single<S>) -> Single<S> {
    #[cfg(target_arch = "x86_64")]
    if let Some(found) = x86::over_root(value.0, [value.1, square.1, plus.1]) {
        return Single(value.0, found);
    }
    quotient(value, square, plus)
}

#[inline(always)]
fn turn_singles<S: Simd>(
    lanes: Singles<S>,
    from: &[f32],
    to: &mut [MaybeUninit<f32>],
    steps: [usize; 2],
) {
    #[cfg(target_arch = "x86_64")]
    if x86::turn(lanes.0, from, to, steps) {
        return;
    }
    turn_in_tile(lanes, from, to, steps);
}
