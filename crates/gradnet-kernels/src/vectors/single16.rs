//! What AVX-512 does in its own way for 16 lanes of `f32`.

#![allow(unsafe_code)]

use std::arch::x86_64::*;

/// value / (√square + plus) without the root and the quotient of the processor, which take as long as all the rest of Adam: each
/// from an approximation to 14 bits and one step of Newton's.
///
/// `square` is kept from 0, where the approximation is infinite: the smallest normal number counts for nothing beside `plus`. The products are
/// taken in an order in which none is subnormal, which would be slow.
#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn over_root(value: __m512, square: __m512, plus: __m512) -> __m512 {
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
pub(crate) unsafe fn turn(from: *const f32, to: *mut f32, steps: [usize; 2]) {
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
