//! Rows of a batch in the search, and those that have left it.

use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::inverse::{Solution, Verdict, Work};

/// A row of the search.
#[derive(Clone, Copy)]
pub(super) struct Row {
    /// Its number in the batch.
    pub(super) number: usize,
    /// `max(1, ‖y‖)`.
    pub(super) scale: f64,
    pub(super) at: Measured,
    pub(super) verdict: Option<Verdict>,
}

/// What the host knows of a row at a point.
#[derive(Clone, Copy)]
pub(super) struct Measured {
    /// The largest entry of `r`.
    pub(super) largest: f64,
    /// `‖r‖`.
    pub(super) residual: f64,
    /// `F(x)` and `⟨y, x⟩`, or NaN without a potential.
    pub(super) value: [f64; 2],
}

impl Measured {
    /// From the numbers of [`Search::measure`].
    pub(super) fn new(numbers: &[f64]) -> Self {
        Self {
            largest: numbers[0],
            residual: numbers[0] * numbers[1].sqrt(),
            value: [numbers[2], numbers[3]],
        }
    }

    /// `F(x) − ⟨y, x⟩`.
    pub(super) fn objective(&self) -> f64 {
        self.value[0] - self.value[1]
    }
}

/// Rows that are searched together.
pub(super) struct Group {
    pub(super) rows: Vec<Row>,
    pub(super) y: Tensor<2>,
    pub(super) x: Tensor<2>,
    pub(super) residual: Tensor<2>,
}

/// What is finished, in the order in which it was.
#[derive(Default)]
pub(super) struct Finished {
    rows: Vec<Row>,
    points: Vec<Tensor<2>>,
}

impl Finished {
    /// Takes the rows that are done out of a group: all of them if `always`, else when they are
    /// half of it.
    pub(super) fn gather(&mut self, group: &mut Group, always: bool) {
        let open: Vec<usize> = (0..group.rows.len())
            .filter(|i| group.rows[*i].verdict.is_none())
            .collect();
        let done = group.rows.len() - open.len();
        if done == 0 || (!always && !open.is_empty() && done < open.len()) {
            return;
        }
        let closed: Vec<usize> = (0..group.rows.len())
            .filter(|i| group.rows[*i].verdict.is_some())
            .collect();
        self.points.push(select(&group.x, &closed));
        self.rows.extend(closed.iter().map(|i| group.rows[*i]));
        group.rows = open.iter().map(|i| group.rows[*i]).collect();
        if !open.is_empty() {
            for tensor in [&mut group.x, &mut group.y, &mut group.residual] {
                *tensor = select(tensor, &open);
            }
        }
    }

    /// The rows in the order of the batch.
    pub(super) fn into_solution(self, y: Tensor<2>, steps: usize, work: Work) -> Solution {
        let mut order: Vec<usize> = (0..self.rows.len()).collect();
        order.sort_by_key(|i| self.rows[*i].number);
        let x = if self.points.is_empty() {
            y
        } else {
            select(&Tensor::cat(self.points, 0), &order)
        };
        let rows: Vec<Row> = order.iter().map(|i| self.rows[*i]).collect();
        Solution {
            x,
            residuals: rows.iter().map(|row| row.at.residual).collect(),
            relative_residuals: rows.iter().map(|row| row.at.residual / row.scale).collect(),
            verdicts: rows
                .iter()
                .map(|row| row.verdict.unwrap_or(Verdict::OutOfSteps))
                .collect(),
            steps,
            work,
        }
    }
}

/// Some rows of a tensor.
pub(in crate::inverse) fn select(rows: &Tensor<2>, which: &[usize]) -> Tensor<2> {
    let which: Vec<i64> = which.iter().map(|i| *i as i64).collect();
    let count = which.len();
    let device: Device = rows.device();
    let which = Tensor::<1, Int>::from_data(TensorData::new(which, [count]), &device);
    rows.clone().select(0, which)
}
