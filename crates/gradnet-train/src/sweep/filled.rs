//! What is known so far of each line of a table.

use super::{Cell, CellResult, Place, Record, Store};
use crate::run::RunError;

/// The records of a place: those of the candidate that validated best with the first seed, all its seeds.
#[derive(Clone, Debug)]
pub struct Filled<'a> {
    /// The place.
    pub place: &'a Place,
    /// The candidate.
    pub chosen: usize,
    /// Its records, in the order of the seeds, the first one's among them.
    pub records: Vec<Record>,
    /// Whether no candidate's and no seed's record is missing.
    pub whole: bool,
}

impl<'a> Filled<'a> {
    /// The results of its seeds that did not diverge, in their order.
    pub fn results(&self) -> Vec<&CellResult> {
        let records = self.records.iter();
        records.filter_map(|r| r.result.as_ref()).collect()
    }

    /// The cell of the chosen candidate and the first seed.
    pub fn cell(&self) -> &'a Cell {
        &self.place.candidates[self.chosen][0]
    }

    /// What a store has of these places; those it has nothing of are left out.
    ///
    /// # Errors
    /// The first record that cannot be read.
    pub fn of(places: &'a [Place], store: &Store) -> Result<Vec<Self>, RunError> {
        let filled = places
            .iter()
            .map(|place| Self::of_place(place, store).transpose());
        filled.flatten().collect()
    }

    fn of_place(place: &'a Place, store: &Store) -> Result<Option<Self>, RunError> {
        let mut best: Option<(usize, Record)> = None;
        let mut whole = true;
        for (candidate, seeds) in place.candidates.iter().enumerate() {
            match store.load(&seeds[0])? {
                None => whole = false,
                Some(record) => {
                    let better = |(_, best): &(usize, Record)| {
                        record.validation().total_cmp(&best.validation()).is_lt()
                    };
                    if best.as_ref().is_none_or(better) {
                        best = Some((candidate, record));
                    }
                }
            }
        }
        let Some((chosen, first)) = best else {
            return Ok(None);
        };
        let mut records = vec![first];
        for seed in &place.candidates[chosen][1..] {
            records.extend(store.load(seed)?);
        }
        Ok(Some(Self {
            whole: whole && records.len() == place.candidates[chosen].len(),
            place,
            chosen,
            records,
        }))
    }
}
