//! Which cells a table needs: first every candidate with seed 0, then the further seeds of the candidate that validated best.

use super::{Candidate, Cell, Grid, GridNetwork, Record};
use gradnet_train::experiment::ExperimentError;

/// A part of a table: some of its networks and dimensions, and how many seeds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// Registered names of the networks; all if not given.
    pub networks: Option<Vec<String>>,
    /// Dimensions; all if not given.
    pub dims: Option<Vec<usize>>,
    /// Seeds, where they are not the grid's.
    pub seeds: Option<usize>,
}

/// A network in one dimension: a row of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    grid: &'a Grid,
    pub(super) network: &'a GridNetwork,
    pub(super) dim: Option<usize>,
    pub(super) seeds: usize,
    pub(super) published_db: Option<f64>,
}

/// The cells of a grid, or of a part of it.
#[derive(Clone, Debug)]
pub struct Plan {
    grid: Grid,
    selection: Selection,
}

impl Plan {
    /// The plan for a part of a grid.
    pub fn new(grid: Grid, selection: Selection) -> Self {
        Self { grid, selection }
    }

    /// The grid.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// The plan for the whole grid, with at least as many seeds.
    pub fn whole(&self) -> Self {
        let seeds = self.grid.seeds.iter().copied().chain(self.selection.seeds);
        let selection = Selection {
            seeds: seeds.max(),
            ..Selection::default()
        };
        Self::new(self.grid.clone(), selection)
    }

    /// The rows, small dimensions first.
    pub(super) fn entries(&self) -> Vec<Entry<'_>> {
        let Selection {
            networks,
            dims,
            seeds,
        } = &self.selection;
        let all: Vec<Option<usize>> = match self.grid.dims.as_slice() {
            [] => vec![None],
            dims => dims.iter().copied().map(Some).collect(),
        };
        let mut entries = Vec::new();
        for (place, dim) in all.into_iter().enumerate() {
            if let (Some(dim), Some(chosen)) = (dim, dims)
                && !chosen.contains(&dim)
            {
                continue;
            }
            let of_grid = self.grid.seeds.get(place).or(self.grid.seeds.last());
            let seeds = seeds.or(of_grid.copied()).unwrap_or(1);
            entries.extend(
                self.grid
                    .networks
                    .iter()
                    .filter(|network| {
                        networks
                            .as_ref()
                            .is_none_or(|chosen| chosen.contains(&network.network))
                    })
                    .map(|network| Entry {
                        grid: &self.grid,
                        network,
                        dim,
                        seeds,
                        published_db: network.published_db.get(place).copied(),
                    }),
            );
        }
        entries
    }

    /// Every candidate with seed 0.
    ///
    /// # Errors
    /// If a candidate cannot be built.
    pub fn search(&self) -> Result<Vec<Cell>, ExperimentError> {
        let mut cells = Vec::new();
        for entry in self.entries() {
            for candidate in entry.network.candidates(&self.grid) {
                cells.push(entry.cell(&candidate, 0)?);
            }
        }
        Ok(cells)
    }

    /// The further seeds of each row's best candidate, as far as it is known.
    ///
    /// # Errors
    /// If a candidate cannot be built.
    pub fn repeats(&self, records: &[Record]) -> Result<Vec<Cell>, ExperimentError> {
        let mut cells = Vec::new();
        for entry in self.entries() {
            let Some(best) = best(&entry, records) else {
                continue;
            };
            for seed in 1..entry.seeds as u64 {
                cells.push(entry.cell(&best.candidate, seed)?);
            }
        }
        Ok(cells)
    }
}

impl Entry<'_> {
    fn cell(&self, candidate: &Candidate, seed: u64) -> Result<Cell, ExperimentError> {
        Cell::new(self.grid, self.network, self.dim, candidate, seed)
    }

    /// Whether a record belongs to this row: with its candidate and seed the row has the very cell.
    pub(super) fn owns(&self, record: &Record) -> bool {
        let alike = record.network == self.network.network
            && self.dim.is_none_or(|dim| dim == record.dim)
            && self
                .network
                .candidates(self.grid)
                .contains(&record.candidate);
        alike
            && self
                .cell(&record.candidate, record.seed)
                .is_ok_and(|cell| record.is_of(&cell))
    }
}

/// The record of seed 0 with the least validation error.
pub(super) fn best<'a>(entry: &Entry<'_>, records: &'a [Record]) -> Option<&'a Record> {
    let error = |record: &Record| match &record.result {
        Some(result) => result.validation_db,
        None => f64::INFINITY,
    };
    records
        .iter()
        .filter(|record| record.seed == 0 && record.result.is_some() && entry.owns(record))
        .min_by(|a, b| error(a).total_cmp(&error(b)))
}
