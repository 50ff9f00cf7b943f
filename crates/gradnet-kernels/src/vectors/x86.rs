//! What is particular to x86: which of its vectors there are, and what AVX-512 does in its own way for 16 lanes of
//! `f32`.

#![allow(unsafe_code)]

use std::any::TypeId;
use std::arch::x86_64::*;
use std::mem::MaybeUninit;

use pulp::bytemuck::cast;
use pulp::x86::{V3, V4};
use pulp::{Scalar256b, Simd, WithSimd};

/// Runs work with AVX-512, AVX2 and FMA, or arrays that the compiler vectorises.
#[inline]
pub(super) fn widest<W: WithSimd>(work: W) -> W::Output {
    if let Some(simd) = V4::try_new() {
        return Simd::vectorize(simd, work);
    }
    if let Some(simd) = V3::try_new() {
        return Simd::vectorize(simd, work);
    }
    Scalar256b.vectorize(work)
}

#[inline(always)]
fn is_avx512<S: Simd>() -> bool {
    TypeId::of::<S>() == TypeId::of::<V4>()
}

/// value / (√square + plus) in AVX-512's own way.
#[inline(always)]
pub(super) fn over_root<S: Simd>(_: S, terms: [S::f32s; 3]) -> Option<S::f32s> {
    if !is_avx512::<S>() {
        return None;
    }
    let [value, square, plus] = terms.map(cast);
    // SAFETY: the token proves the feature.
    Some(cast(unsafe { over_root_16(value, square, plus) }))
}

/// Turns a block of 16 by 16 in AVX-512's own way, or tells that it did not.
#[inline(always)]
pub(super) fn turn<S: Simd>(
    _: S,
    from: &[f32],
    to: &mut [MaybeUninit<f32>],
    steps: [usize; 2],
) -> bool {
    if !is_avx512::<S>() {
        return false;
    }
    let (from, to) = (&from[..15 * steps[0] + 16], &mut to[..15 * steps[1] + 16]);
    // SAFETY: the token proves the feature; the slices hold the first and the last row, and so those between.
    unsafe { turn_16(from.as_ptr(), to.as_mut_ptr().cast(), steps) };
    true
}

/// value / (√square + plus) without the root and the quotient of the processor, which take as long as all the rest of
/// Adam: each from an approximation to 14 bits and one step of Newton's.
///
/// `square` is kept from 0, where the approximation is infinite: the smallest normal number counts for nothing beside
/// `plus`. The products are taken in an order in which none is subnormal, which would be slow.
#[inline]
#[target_feature(enable = "avx512f")]
fn over_root_16(value: __m512, square: __m512, plus: __m512) -> __m512 {
    let infinite = _mm512_set1_ps(f32::INFINITY);
    let finite = _mm512_cmp_ps_mask::<_CMP_NEQ_UQ>(square, infinite);
    let square = _mm512_max_ps(_mm512_set1_ps(f32::MIN_POSITIVE), square);
    let square = _mm512_min_ps(_mm512_set1_ps(f32::MAX), square);
    let half = _mm512_set1_ps(0.5);
    let near = _mm512_rsqrt14_ps(square);
    let near_root = _mm512_mul_ps(square, near);
    let left = _mm512_fnmadd_ps(_mm512_mul_ps(near_root, half), near, half);
    let root = _mm512_mul_ps(square, _mm512_fmadd_ps(near, left, near));
    let divisor = _mm512_add_ps(root, plus);
    let near = _mm512_rcp14_ps(divisor);
    let left = _mm512_fnmadd_ps(divisor, near, _mm512_set1_ps(1.0));
    // What is divided by an infinite root is 0, as long as it is finite itself.
    let reciprocal = _mm512_maskz_mov_ps(finite, _mm512_fmadd_ps(near, left, near));
    _mm512_mul_ps(value, reciprocal)
}

/// Turns 16 rows of 16 columns within registers: pairs of rows, then pairs of pairs, then quarters.
///
/// # Safety
/// Every row, so many elements from the one before, must lie in memory that may be read and written.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn turn_16(from: *const f32, to: *mut f32, steps: [usize; 2]) {
    let mut rows = [_mm512_setzero_ps(); 16];
    for (i, row) in rows.iter_mut().enumerate() {
        // SAFETY: by the caller.
        *row = unsafe { _mm512_loadu_ps(from.add(i * steps[0])) };
    }
    // In each quarter of vector j of a four of rows stands the quarter's column j.
    let mut fours = [[_mm512_setzero_pd(); 4]; 4];
    for (rows, four) in rows.chunks_exact(4).zip(&mut fours) {
        let low = [
            _mm512_castps_pd(_mm512_unpacklo_ps(rows[0], rows[1])),
            _mm512_castps_pd(_mm512_unpacklo_ps(rows[2], rows[3])),
        ];
        let high = [
            _mm512_castps_pd(_mm512_unpackhi_ps(rows[0], rows[1])),
            _mm512_castps_pd(_mm512_unpackhi_ps(rows[2], rows[3])),
        ];
        *four = [
            _mm512_unpacklo_pd(low[0], low[1]),
            _mm512_unpackhi_pd(low[0], low[1]),
            _mm512_unpacklo_pd(high[0], high[1]),
            _mm512_unpackhi_pd(high[0], high[1]),
        ];
    }
    const EVEN: i32 = 0b10_00_10_00;
    const ODD: i32 = 0b11_01_11_01;
    let [a, b, c, d] = fours;
    for (j, (((a, b), c), d)) in a.into_iter().zip(b).zip(c).zip(d).enumerate() {
        let even = [
            _mm512_shuffle_f64x2::<EVEN>(a, b),
            _mm512_shuffle_f64x2::<EVEN>(c, d),
        ];
        let odd = [
            _mm512_shuffle_f64x2::<ODD>(a, b),
            _mm512_shuffle_f64x2::<ODD>(c, d),
        ];
        let columns = [
            _mm512_shuffle_f64x2::<EVEN>(even[0], even[1]),
            _mm512_shuffle_f64x2::<EVEN>(odd[0], odd[1]),
            _mm512_shuffle_f64x2::<ODD>(even[0], even[1]),
            _mm512_shuffle_f64x2::<ODD>(odd[0], odd[1]),
        ];
        for (k, column) in columns.into_iter().enumerate() {
            let to = to.wrapping_add((4 * k + j) * steps[1]);
            // SAFETY: by the caller.
            unsafe { _mm512_storeu_ps(to, _mm512_castpd_ps(column)) };
        }
    }
}
