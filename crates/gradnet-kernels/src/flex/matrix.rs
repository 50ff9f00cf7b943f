//! Matrices in memory, read where they lie.

/// A matrix whose rows, or whose columns if it is transposed, each lie together.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a, E> {
    elements: &'a [E],
    rows: usize,
    columns: usize,
    /// From the start of a line to that of the next.
    step: usize,
    /// Whether the lines are columns.
    transposed: bool,
}

impl<'a, E> Matrix<'a, E> {
    /// The matrix `[rows, columns]` of elements in order.
    pub(super) fn new(elements: &'a [E], [rows, columns]: [usize; 2]) -> Self {
        Self::with_step(elements, [rows, columns], columns)
    }

    /// The matrix whose rows start `step` elements apart.
    ///
    /// # Panics
    /// If a row would reach outside the elements.
    pub(super) fn with_step(elements: &'a [E], [rows, columns]: [usize; 2], step: usize) -> Self {
        let empty = rows == 0 || columns == 0;
        let end = if empty {
            0
        } else {
            (rows - 1) * step + columns
        };
        Self {
            elements: &elements[..end],
            rows,
            columns,
            step,
            transposed: false,
        }
    }

    /// Rows and columns exchanged; nothing is moved.
    pub(super) fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            transposed: !self.transposed,
            ..self
        }
    }

    /// Rows and columns.
    pub(super) fn sizes(&self) -> [usize; 2] {
        [self.rows, self.columns]
    }

    /// Whether the columns lie together, not the rows.
    pub(super) fn is_transposed(&self) -> bool {
        self.transposed
    }

    /// A row, or a column where those lie together.
    pub(super) fn line(&self, index: usize) -> &'a [E] {
        let length = if self.transposed {
            self.rows
        } else {
            self.columns
        };
        &self.elements[index * self.step..][..length]
    }

    /// All elements row after row, if they lie so without a gap.
    pub(super) fn in_order(&self) -> Option<&'a [E]> {
        let whole = !self.transposed && (self.step == self.columns || self.rows < 2);
        whole.then_some(self.elements)
    }

    /// From an element to the next one down, and to the right.
    pub(super) fn steps(&self) -> [isize; 2] {
        let steps = [self.step as isize, 1];
        if self.transposed {
            [1, steps[0]]
        } else {
            steps
        }
    }

    /// An element.
    pub(super) fn at(&self, row: usize, column: usize) -> E
    where
        E: Copy,
    {
        let (line, place) = match self.transposed {
            true => (column, row),
            false => (row, column),
        };
        self.elements[line * self.step + place]
    }

    /// Where the first element lies.
    pub(super) fn as_ptr(&self) -> *const E {
        self.elements.as_ptr()
    }
}
