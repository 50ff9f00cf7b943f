//! AVX-512 and AVX2 vectors.

#![allow(unsafe_code)]

use std::arch::x86_64::*;
use std::mem::MaybeUninit;
use std::ops::{Add, Div, Mul, Neg, Sub};

use super::single16;
use super::{Kernel, Lanes, Vector, sum_of_halves};

/// Declares a token and its vector, with the intrinsics that make them up.
macro_rules! vectors {
    (
        $(#[$doc:meta])* $token:ident, $vector:ident, $register:ty, $element:ty, $width:literal,
        features: [$($feature:tt),+], enable: $enable:literal,
        set: $set:ident, load: $load:ident, store: $store:ident,
        add: $add:ident, sub: $sub:ident, mul: $mul:ident, div: $div:ident,
        fmadd: $fmadd:ident, fnmadd: $fnmadd:ident, max: $max:ident, sqrt: $sqrt:ident,
        and: $and:ident, or: $or:ident, andnot: $andnot:ident, xor: $xor:ident,
        load_first: $load_first:expr, store_first: $store_first:expr,
        where_positive: $where_positive:expr, zero_below: $zero_below:expr,
        over_root: $over_root:expr, power_of_two: $power_of_two:expr $(, turn: $turn:expr)? $(,)?
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub(crate) struct $token(());

        #[doc = concat!("The vector of [`", stringify!($token), "`].")]
        #[derive(Clone, Copy)]
        pub(crate) struct $vector($register);

        impl $token {
            /// The token, if this processor has the vectors.
            #[inline]
            pub(crate) fn detect() -> Option<Self> {
                (true $(&& std::arch::is_x86_feature_detected!($feature))+).then_some(Self(()))
            }
        }

        impl Lanes for $token {
            type Element = $element;
            type Vector = $vector;
            const WIDTH: usize = $width;

            #[inline]
            fn run<K: Kernel<$element>>(self, kernel: K) -> K::Output {
                #[target_feature(enable = $enable)]
                fn compiled<K: Kernel<$element>>(token: $token, kernel: K) -> K::Output {
                    kernel.run(token)
                }
                // SAFETY: a token exists only where `detect` found the features enabled here.
                unsafe { compiled(self, kernel) }
            }

            #[inline(always)]
            fn splat(self, value: $element) -> $vector {
                // SAFETY: the token proves the feature.
                $vector(unsafe { $set(value) })
            }

            #[inline(always)]
            fn load(self, from: &[$element]) -> $vector {
                let from = &from[..$width];
                // SAFETY: the token proves the feature; the slice holds a whole vector.
                $vector(unsafe { $load(from.as_ptr()) })
            }

            #[inline(always)]
            fn load_first(self, from: &[$element], count: usize) -> $vector {
                if count >= $width {
                    return self.load(from);
                }
                let from = &from[..count];
                // SAFETY: the token proves the feature; only the lanes of the slice are read.
                $vector(unsafe { $load_first(from.as_ptr(), count) })
            }

            #[inline(always)]
            fn write(self, vector: $vector, to: &mut [MaybeUninit<$element>]) {
                let to = &mut to[..$width];
                // SAFETY: the token proves the feature; the slice holds a whole vector.
                unsafe { $store(to.as_mut_ptr().cast(), vector.0) }
            }

            #[inline(always)]
            fn write_first(
                self,
                vector: $vector,
                to: &mut [MaybeUninit<$element>],
                count: usize,
            ) {
                if count >= $width {
                    return self.write(vector, to);
                }
                let to = &mut to[..count];
                // SAFETY: the token proves the feature; only the lanes of the slice are written.
                unsafe { $store_first(to.as_mut_ptr().cast(), count, vector.0) }
            }

            $(
                #[inline(always)]
                fn turn(
                    self,
                    from: &[$element],
                    to: &mut [MaybeUninit<$element>],
                    steps: [usize; 2],
                ) {
                    let last = $width - 1;
                    let from = &from[..last * steps[0] + $width];
                    let to = &mut to[..last * steps[1] + $width];
                    // SAFETY: the token proves the feature; the slices hold the first and the last row, and so those between.
                    unsafe { $turn(from.as_ptr(), to.as_mut_ptr().cast(), steps) }
                }
            )?
        }

        // SAFETY (all blocks below): a vector is only made by a token, which proves the feature, or from a vector.
        impl Vector for $vector {
            type Element = $element;

            #[inline(always)]
            fn mul_add(self, factor: Self, term: Self) -> Self {
                Self(unsafe { $fmadd(self.0, factor.0, term.0) })
            }

            #[inline(always)]
            fn neg_mul_add(self, factor: Self, term: Self) -> Self {
                Self(unsafe { $fnmadd(self.0, factor.0, term.0) })
            }

            #[inline(always)]
            fn at_least(self, floor: Self) -> Self {
                // The instruction returns its second operand if one is NaN.
                Self(unsafe { $max(floor.0, self.0) })
            }

            #[inline(always)]
            fn abs(self) -> Self {
                Self(unsafe { $andnot($set(-0.0), self.0) })
            }

            #[inline(always)]
            fn with_sign_of(self, other: Self) -> Self {
                Self(unsafe { $or(self.0, $and($set(-0.0), other.0)) })
            }

            #[inline(always)]
            fn where_positive(self, test: Self) -> Self {
                Self(unsafe { $where_positive(self.0, test.0) })
            }

            #[inline(always)]
            fn or_zero_below(self, least: Self) -> Self {
                Self(unsafe { $zero_below(self.0, least.0) })
            }

            #[inline(always)]
            fn square_root(self) -> Self {
                Self(unsafe { $sqrt(self.0) })
            }

            #[inline(always)]
            fn over_root(self, square: Self, plus: Self) -> Self {
                Self(unsafe { $over_root(self.0, square.0, plus.0) })
            }

            #[inline(always)]
            fn power_of_two(self) -> Self {
                Self(unsafe { $power_of_two(self.0) })
            }

            #[inline(always)]
            fn sum(self) -> $element {
                let mut lanes = [0.0; $width];
                unsafe { $store(lanes.as_mut_ptr(), self.0) };
                sum_of_halves(lanes)
            }
        }

        vectors!(@operator $vector, Add, add, $add);
        vectors!(@operator $vector, Sub, sub, $sub);
        vectors!(@operator $vector, Mul, mul, $mul);
        vectors!(@operator $vector, Div, div, $div);

        impl Neg for $vector {
            type Output = Self;

            #[inline(always)]
            fn neg(self) -> Self {
                Self(unsafe { $xor($set(-0.0), self.0) })
            }
        }
    };
    (@operator $vector:ident, $trait:ident, $method:ident, $intrinsic:ident) => {
        impl $trait for $vector {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self(unsafe { $intrinsic(self.0, other.0) })
            }
        }
    };
}

vectors! {
    /// 16 lanes of `f32`.
    Avx512Single, Single16, __m512, f32, 16,
    features: ["avx512f", "avx512dq", "fma"], enable: "avx512f,avx512dq,fma",
    set: _mm512_set1_ps, load: _mm512_loadu_ps, store: _mm512_storeu_ps,
    add: _mm512_add_ps, sub: _mm512_sub_ps, mul: _mm512_mul_ps, div: _mm512_div_ps,
    fmadd: _mm512_fmadd_ps, fnmadd: _mm512_fnmadd_ps, max: _mm512_max_ps, sqrt: _mm512_sqrt_ps,
    and: _mm512_and_ps, or: _mm512_or_ps, andnot: _mm512_andnot_ps, xor: _mm512_xor_ps,
    load_first: |from, count| _mm512_maskz_loadu_ps((1u16 << count) - 1, from),
    store_first: |to, count, vector| _mm512_mask_storeu_ps(to, (1u16 << count) - 1, vector),
    where_positive: |value, test| {
        let positive = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(test, _mm512_setzero_ps());
        _mm512_maskz_mov_ps(positive, value)
    },
    zero_below: |value, least| {
        let kept = _mm512_cmp_ps_mask::<_CMP_NLT_UQ>(_mm512_abs_ps(value), least);
        _mm512_maskz_mov_ps(kept, value)
    },
    over_root: |value, square, plus| single16::over_root(value, square, plus),
    power_of_two: |x| {
        let shifted = _mm512_slli_epi32::<23>(_mm512_castps_si512(x));
        _mm512_castsi512_ps(_mm512_add_epi32(shifted, _mm512_set1_epi32(1.0f32.to_bits() as i32)))
    },
    turn: |from, to, steps| single16::turn(from, to, steps),
}

vectors! {
    /// 8 lanes of `f64`.
    Avx512Double, Double8, __m512d, f64, 8,
    features: ["avx512f", "avx512dq", "fma"], enable: "avx512f,avx512dq,fma",
    set: _mm512_set1_pd, load: _mm512_loadu_pd, store: _mm512_storeu_pd,
    add: _mm512_add_pd, sub: _mm512_sub_pd, mul: _mm512_mul_pd, div: _mm512_div_pd,
    fmadd: _mm512_fmadd_pd, fnmadd: _mm512_fnmadd_pd, max: _mm512_max_pd, sqrt: _mm512_sqrt_pd,
    and: _mm512_and_pd, or: _mm512_or_pd, andnot: _mm512_andnot_pd, xor: _mm512_xor_pd,
    load_first: |from, count| _mm512_maskz_loadu_pd((1u8 << count) - 1, from),
    store_first: |to, count, vector| _mm512_mask_storeu_pd(to, (1u8 << count) - 1, vector),
    where_positive: |value, test| {
        let positive = _mm512_cmp_pd_mask::<_CMP_GT_OQ>(test, _mm512_setzero_pd());
        _mm512_maskz_mov_pd(positive, value)
    },
    zero_below: |value, least| {
        let kept = _mm512_cmp_pd_mask::<_CMP_NLT_UQ>(_mm512_abs_pd(value), least);
        _mm512_maskz_mov_pd(kept, value)
    },
    over_root: |value, square, plus| {
        _mm512_div_pd(value, _mm512_add_pd(_mm512_sqrt_pd(square), plus))
    },
    power_of_two: |x| {
        let shifted = _mm512_slli_epi64::<52>(_mm512_castpd_si512(x));
        _mm512_castsi512_pd(_mm512_add_epi64(shifted, _mm512_set1_epi64(1.0f64.to_bits() as i64)))
    },
}

/// A run of set lanes then clear ones: read from 8 − count on, the first `count` lanes of eight are set.
static RUN_SINGLE: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
/// The same for four lanes.
static RUN_DOUBLE: [i64; 8] = [-1, -1, -1, -1, 0, 0, 0, 0];

/// The mask whose first `count` ≤ 8 lanes are set.
#[inline(always)]
unsafe fn first_single(count: usize) -> __m256i {
    // SAFETY: the caller has AVX2; the range is checked.
    unsafe { _mm256_loadu_si256(RUN_SINGLE[8 - count..16 - count].as_ptr().cast()) }
}

/// The mask whose first `count` ≤ 4 lanes are set.
#[inline(always)]
unsafe fn first_double(count: usize) -> __m256i {
    // SAFETY: the caller has AVX2; the range is checked.
    unsafe { _mm256_loadu_si256(RUN_DOUBLE[4 - count..8 - count].as_ptr().cast()) }
}

vectors! {
    /// 8 lanes of `f32`.
    Avx2Single, Single8, __m256, f32, 8,
    features: ["avx2", "fma"], enable: "avx2,fma",
    set: _mm256_set1_ps, load: _mm256_loadu_ps, store: _mm256_storeu_ps,
    add: _mm256_add_ps, sub: _mm256_sub_ps, mul: _mm256_mul_ps, div: _mm256_div_ps,
    fmadd: _mm256_fmadd_ps, fnmadd: _mm256_fnmadd_ps, max: _mm256_max_ps, sqrt: _mm256_sqrt_ps,
    and: _mm256_and_ps, or: _mm256_or_ps, andnot: _mm256_andnot_ps, xor: _mm256_xor_ps,
    load_first: |from, count| _mm256_maskload_ps(from, first_single(count)),
    store_first: |to, count, vector| _mm256_maskstore_ps(to, first_single(count), vector),
    where_positive: |value, test| {
        _mm256_and_ps(value, _mm256_cmp_ps::<_CMP_GT_OQ>(test, _mm256_setzero_ps()))
    },
    zero_below: |value, least| {
        let size = _mm256_andnot_ps(_mm256_set1_ps(-0.0), value);
        _mm256_and_ps(value, _mm256_cmp_ps::<_CMP_NLT_UQ>(size, least))
    },
    over_root: |value, square, plus| {
        _mm256_div_ps(value, _mm256_add_ps(_mm256_sqrt_ps(square), plus))
    },
    power_of_two: |x| {
        let shifted = _mm256_slli_epi32::<23>(_mm256_castps_si256(x));
        _mm256_castsi256_ps(_mm256_add_epi32(shifted, _mm256_set1_epi32(1.0f32.to_bits() as i32)))
    },
}

vectors! {
    /// 4 lanes of `f64`.
    Avx2Double, Double4, __m256d, f64, 4,
    features: ["avx2", "fma"], enable: "avx2,fma",
    set: _mm256_set1_pd, load: _mm256_loadu_pd, store: _mm256_storeu_pd,
    add: _mm256_add_pd, sub: _mm256_sub_pd, mul: _mm256_mul_pd, div: _mm256_div_pd,
    fmadd: _mm256_fmadd_pd, fnmadd: _mm256_fnmadd_pd, max: _mm256_max_pd, sqrt: _mm256_sqrt_pd,
    and: _mm256_and_pd, or: _mm256_or_pd, andnot: _mm256_andnot_pd, xor: _mm256_xor_pd,
    load_first: |from, count| _mm256_maskload_pd(from, first_double(count)),
    store_first: |to, count, vector| _mm256_maskstore_pd(to, first_double(count), vector),
    where_positive: |value, test| {
        _mm256_and_pd(value, _mm256_cmp_pd::<_CMP_GT_OQ>(test, _mm256_setzero_pd()))
    },
    zero_below: |value, least| {
        let size = _mm256_andnot_pd(_mm256_set1_pd(-0.0), value);
        _mm256_and_pd(value, _mm256_cmp_pd::<_CMP_NLT_UQ>(size, least))
    },
    over_root: |value, square, plus| {
        _mm256_div_pd(value, _mm256_add_pd(_mm256_sqrt_pd(square), plus))
    },
    power_of_two: |x| {
        let shifted = _mm256_slli_epi64::<52>(_mm256_castpd_si256(x));
        _mm256_castsi256_pd(_mm256_add_epi64(shifted, _mm256_set1_epi64x(1.0f64.to_bits() as i64)))
    },
}
