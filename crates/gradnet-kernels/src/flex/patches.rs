//! Patches of images against kernels.
//!
//! An image is cut into strips of rows, one for a thread, and a strip into blocks. A block is unrolled into columns:
//! `[k², pixels]`, each row the block shifted by one offset of the patch, so that unrolling copies whole lines. The
//! columns stay in the cache while they are multiplied. Backwards the product gives columns, and they are added where
//! they were copied from.

use std::ops::Range;

use super::matrix::Matrix;
use super::pieces::{add, each_piece, in_order, written};
use super::product::{Threads, product, write_product};
use crate::vectors::{Element, Kernel, Lanes};

/// Pixels of a block, about: 169 columns of them are 700 kB.
const BLOCK: usize = 1024;

/// Rows of a strip.
const STRIP: usize = 48;

/// The shape of images, and of their patches.
#[derive(Clone, Copy, Debug)]
pub(super) struct Images {
    pub(super) batch: usize,
    pub(super) height: usize,
    pub(super) width: usize,
    /// `k`.
    pub(super) side: usize,
}

/// Some rows of one image.
#[derive(Clone, Debug)]
struct Strip {
    image: usize,
    rows: Range<usize>,
}

impl Images {
    fn pixels(&self) -> usize {
        self.height * self.width
    }

    fn dim(&self) -> usize {
        self.side * self.side
    }

    /// Pixels from the middle of a patch to its border.
    fn reach(&self) -> usize {
        self.side / 2
    }

    /// All strips, in the order of their pixels.
    fn strips(&self) -> Vec<Strip> {
        let strips = (0..self.batch).flat_map(|image| {
            let starts = (0..self.height).step_by(STRIP);
            starts.map(move |start| Strip {
                image,
                rows: start..(start + STRIP).min(self.height),
            })
        });
        strips.collect()
    }

    /// The blocks of a strip.
    fn blocks(&self, strip: &Strip) -> impl Iterator<Item = Range<usize>> + use<> {
        let rows = (BLOCK / self.width.max(1)).max(1);
        let end = strip.rows.end;
        let starts = strip.rows.clone().step_by(rows);
        starts.map(move |start| start..(start + rows).min(end))
    }

    /// The place of a row's first pixel among those of all images.
    fn place(&self, strip: &Strip, row: usize) -> usize {
        strip.image * self.pixels() + row * self.width
    }

    /// The rows `rows`, and as many around them as patches reach, with zeros beyond the border: `[rows + k − 1, width +
    /// k − 1]`.
    fn padded<E: Element>(&self, x: &[E], strip: &Strip, rows: &Range<usize>) -> Vec<E> {
        let (reach, wide) = (self.reach(), self.width + self.side - 1);
        let mut padded = vec![E::ZERO; (rows.len() + self.side - 1) * wide];
        for (line, to) in padded.chunks_exact_mut(wide).enumerate() {
            let row = rows.start + line;
            if (reach..reach + self.height).contains(&row) {
                let from = self.place(strip, row - reach);
                to[reach..reach + self.width].copy_from_slice(&x[from..][..self.width]);
            }
        }
        padded
    }

    /// The columns of a block, `[k², pixels]`, from what [`padded`](Self::padded) returned.
    fn columns<E: Element>(&self, padded: &[E], rows: usize) -> Vec<E> {
        let wide = self.width + self.side - 1;
        let mut columns = Vec::with_capacity(self.dim() * rows * self.width);
        for down in 0..self.side {
            for right in 0..self.side {
                for row in 0..rows {
                    let from = (row + down) * wide + right;
                    columns.extend_from_slice(&padded[from..][..self.width]);
                }
            }
        }
        columns
    }

    /// Adds the strips' sums, each with the rows around it that its patches reach, into images.
    fn gathered<E: Element>(&self, strips: &[Strip], sums: Vec<Vec<E>>) -> Vec<E> {
        let (reach, wide) = (self.reach(), self.width + self.side - 1);
        let mut images = vec![E::ZERO; self.batch * self.pixels()];
        for (strip, sums) in strips.iter().zip(sums) {
            for (line, from) in sums.chunks_exact(wide).enumerate() {
                let row = strip.rows.start + line;
                if (reach..reach + self.height).contains(&row) {
                    let place = self.place(strip, row - reach);
                    let to = &mut images[place..][..self.width];
                    add(to, &from[reach..][..self.width]);
                }
            }
        }
        images
    }

    /// Runs `work` on the blocks of each strip, with the sums of the strip to add to.
    fn summed<E: Element>(&self, work: impl Fn(&Strip, Range<usize>, &mut [E]) + Sync) -> Vec<E> {
        let wide = self.width + self.side - 1;
        let strips = self.strips();
        let sums = each_piece(strips.iter().collect(), |strip: &Strip| {
            let mut sums = vec![E::ZERO; (strip.rows.len() + self.side - 1) * wide];
            for rows in self.blocks(strip) {
                let first = (rows.start - strip.rows.start) * wide;
                work(strip, rows, &mut sums[first..]);
            }
            sums
        });
        self.gathered(&strips, sums)
    }

    /// Runs `work` on the blocks of each strip, with its part of `[batch · height · width, count]` elements to write.
    fn rows<E: Element>(
        &self,
        count: usize,
        work: impl Fn(&Strip, Range<usize>, &mut [std::mem::MaybeUninit<E>]) + Sync,
    ) -> Vec<E> {
        written(self.batch * self.pixels() * count, |mut rest| {
            let mut parts = Vec::new();
            for strip in self.strips() {
                let size = strip.rows.len() * self.width * count;
                let (part, after) = rest.split_at_mut(size);
                parts.push((strip, part));
                rest = after;
            }
            each_piece(parts, |(strip, mut rest)| {
                for rows in self.blocks(&strip) {
                    let size = rows.len() * self.width * count;
                    let (part, after) = rest.split_at_mut(size);
                    work(&strip, rows, part);
                    rest = after;
                }
            });
        })
    }
}

/// `⟨w_c, P_i x⟩`, `[batch · height · width, count]`, with kernels `[count, k²]`.
pub(super) fn products<E: Element>(images: Images, x: &[E], kernels: &[E]) -> Vec<E> {
    let dim = images.dim();
    let count = kernels.len() / dim;
    images.rows(count, |strip, rows, output| {
        let pixels = rows.len() * images.width;
        let columns = images.columns(&images.padded(x, strip, &rows), rows.len());
        let columns = Matrix::new(&columns, [dim, pixels]).transposed();
        let kernels = Matrix::new(kernels, [count, dim]).transposed();
        write_product(columns, kernels, Threads::One, output);
    })
}

/// `Σ_i P_iᵀ Σ_c z_ic w_c`, `[batch, height, width]`.
pub(super) fn sums<E: Element>(images: Images, z: &[E], kernels: &[E]) -> Vec<E> {
    let dim = images.dim();
    let count = kernels.len() / dim;
    images.summed(|strip, rows, sums| {
        let pixels = rows.len() * images.width;
        let z = &z[images.place(strip, rows.start) * count..][..pixels * count];
        let z = Matrix::new(z, [pixels, count]).transposed();
        let kernels = Matrix::new(kernels, [count, dim]).transposed();
        let columns = product(kernels, z, Threads::One);
        let columns = &columns;
        E::widest(Fold {
            columns,
            width: images.width,
            side: images.side,
            sums,
        });
    })
}

/// `Σ_i z_i ⊗ P_i x`, `[count, k²]`.
pub(super) fn moments<E: Element>(images: Images, z: &[E], x: &[E]) -> Vec<E> {
    let dim = images.dim();
    let count = z.len() / (images.batch * images.pixels()).max(1);
    let strips = images.strips();
    let found = each_piece(strips.iter().collect(), |strip: &Strip| {
        let mut moments = vec![E::ZERO; count * dim];
        for rows in images.blocks(strip) {
            let pixels = rows.len() * images.width;
            let z = &z[images.place(strip, rows.start) * count..][..pixels * count];
            let columns = images.columns(&images.padded(x, strip, &rows), rows.len());
            let z = Matrix::new(z, [pixels, count]).transposed();
            let columns = Matrix::new(&columns, [dim, pixels]).transposed();
            add(&mut moments, &product(z, columns, Threads::One));
        }
        moments
    });
    match found.is_empty() {
        true => vec![E::ZERO; count * dim],
        false => in_order(found),
    }
}

/// `P_i x`, `[batch · height · width, k²]`.
pub(super) fn patches<E: Element>(images: Images, x: &[E]) -> Vec<E> {
    let (side, wide) = (images.side, images.width + images.side - 1);
    images.rows(images.dim(), |strip, rows, output| {
        let padded = images.padded(x, strip, &rows);
        for (index, patch) in output.chunks_exact_mut(images.dim()).enumerate() {
            let (row, column) = (index / images.width, index % images.width);
            for (down, line) in patch.chunks_exact_mut(side).enumerate() {
                let from = &padded[(row + down) * wide + column..][..side];
                for (to, value) in line.iter_mut().zip(from) {
                    to.write(*value);
                }
            }
        }
    })
}

/// `Σ_i P_iᵀ p_i`, `[batch, height, width]`.
pub(super) fn overlaps<E: Element>(images: Images, rows: &[E]) -> Vec<E> {
    let (dim, side, wide) = (images.dim(), images.side, images.width + images.side - 1);
    images.summed(|strip, range, sums| {
        let pixels = range.len() * images.width;
        let patches = &rows[images.place(strip, range.start) * dim..][..pixels * dim];
        for (index, patch) in patches.chunks_exact(dim).enumerate() {
            let (row, column) = (index / images.width, index % images.width);
            for (down, line) in patch.chunks_exact(side).enumerate() {
                let to = &mut sums[(row + down) * wide + column..][..side];
                for (sum, value) in to.iter_mut().zip(line) {
                    *sum = *sum + *value;
                }
            }
        }
    })
}

/// Adds columns `[k², pixels]` where they were copied from.
struct Fold<'a, E> {
    columns: &'a [E],
    width: usize,
    side: usize,
    /// `[rows + k − 1, width + k − 1]`, and perhaps more after it.
    sums: &'a mut [E],
}

impl<E: Element> Kernel<E> for Fold<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes<Element = E>>(self, lanes: L) {
        let (side, width) = (self.side, self.width);
        let wide = width + side - 1;
        let pixels = self.columns.len() / (side * side);
        // Between these columns every offset of a patch has a pixel for all lanes, and the sum is made before it is
        // stored.
        let from = side - 1;
        let vectors = (width + 1).saturating_sub(side) / L::WIDTH;
        let until = from + vectors * L::WIDTH;
        for row in 0..pixels / width {
            for down in 0..side {
                let sums = &mut self.sums[(row + down) * wide..][..wide];
                let columns = &self.columns[down * side * pixels + row * width..];
                for start in (from..until).step_by(L::WIDTH) {
                    let mut sum = lanes.load(&sums[start..]);
                    for right in 0..side {
                        sum = sum + lanes.load(&columns[right * pixels + start - right..]);
                    }
                    lanes.store(sum, &mut sums[start..]);
                }
                for right in 0..side {
                    let column = &columns[right * pixels..][..width];
                    let before = from.min(right + width);
                    add_lanes(lanes, &mut sums[right..before], column);
                    let after = until.clamp(right, right + width);
                    add_lanes(
                        lanes,
                        &mut sums[after..right + width],
                        &column[after - right..],
                    );
                }
            }
        }
    }
}

/// Adds as many elements as there are sums.
#[inline(always)]
fn add_lanes<L: Lanes>(lanes: L, sums: &mut [L::Element], more: &[L::Element]) {
    for (sum, more) in sums.chunks_mut(L::WIDTH).zip(more.chunks(L::WIDTH)) {
        let count = sum.len();
        let total = lanes.load_first(sum, count) + lanes.load_first(more, count);
        lanes.store_first(total, sum, count);
    }
}
