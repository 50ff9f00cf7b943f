//! How `[batch, hidden]` is cut into rows, strips and pieces of work.
//!
//! Units lie along the lanes, so that every layer's parameters are loaded once a strip and each row is read in order.
//! A hidden size that leaves many lanes of its last vector empty (7 units in 16 lanes) is repeated: `[batch, 7]` is
//! also `[batch / 16, 112]`, whose rows are seven whole vectors, with the parameters of the units repeated 16 times.
//! The batch then lies along the lanes as well. Since the memory is the same, nothing is transposed.

/// A `[batch, hidden]` array as rows of whole vectors.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows {
    /// Hidden units.
    pub(super) hidden: usize,
    /// Elements of a row: `hidden`, repeated.
    pub(super) length: usize,
    /// Elements in all; the last row may be short.
    pub(super) total: usize,
    /// Lanes of a vector.
    pub(super) width: usize,
}

impl Rows {
    /// Cuts `batch` times `hidden` elements for vectors of `width` lanes.
    pub(super) fn new(batch: usize, hidden: usize, width: usize) -> Self {
        let padded = hidden.div_ceil(width) * width;
        let repeats = width >> hidden.trailing_zeros().min(width.trailing_zeros());
        // Repeating pays where it fills more than a tenth of the lanes, and there are rows enough to fill them.
        let wasteful = 10 * padded > 11 * hidden;
        let repeats = if wasteful && batch >= 4 * repeats {
            repeats
        } else {
            1
        };
        Self {
            hidden,
            length: hidden * repeats,
            total: batch * hidden,
            width,
        }
    }

    /// The same rows in vectors of `width` lanes.
    pub(super) fn narrowed(self, width: usize) -> Self {
        Self { width, ..self }
    }

    /// Vectors of a row.
    #[inline(always)]
    pub(super) fn strips(&self) -> usize {
        self.length.div_ceil(self.width)
    }

    /// Elements of a piece of work of about `size` elements, whole rows. Few and large enough to pay for a thread.
    pub(super) fn piece(&self, size: usize) -> usize {
        let rows = self.total.div_ceil(self.length).max(1);
        let pieces = (self.total / size).clamp(1, rows);
        rows.div_ceil(pieces) * self.length
    }

    /// The unit of lane `lane` of strip `strip`; lanes past the row repeat the last unit.
    #[inline(always)]
    pub(super) fn unit(&self, strip: usize, lane: usize) -> usize {
        (strip * self.width + lane).min(self.length - 1) % self.hidden
    }

    /// Where each row of a piece of `elements` has its part of `strip`: (start, elements).
    #[inline(always)]
    pub(super) fn parts(&self, strip: usize, elements: usize) -> Parts {
        let start = strip * self.width;
        Parts {
            start,
            count: self.width.min(self.length - start),
            width: self.width,
            step: self.length,
            elements,
        }
    }
}

/// The parts of a strip, row by row: see [`Rows::parts`].
pub(super) struct Parts {
    start: usize,
    count: usize,
    width: usize,
    step: usize,
    elements: usize,
}

impl Parts {
    /// Where the next part starts if it is a whole vector. Those that are not come after those that are.
    #[inline(always)]
    pub(super) fn next_whole(&mut self) -> Option<usize> {
        let left = self.elements.checked_sub(self.start)?;
        if self.count < self.width || left < self.width {
            return None;
        }
        let start = self.start;
        self.start += self.step;
        Some(start)
    }
}

impl Iterator for Parts {
    type Item = (usize, usize);

    #[inline(always)]
    fn next(&mut self) -> Option<(usize, usize)> {
        let left = self.elements.checked_sub(self.start)?;
        if left == 0 {
            return None;
        }
        let part = (self.start, self.count.min(left));
        self.start += self.step;
        Some(part)
    }
}
