//! What a record is the record of: everything that decides its numbers.
//!
//! Two records are of one cell if their identities are equal. A file's name cannot hold an identity,
//! so it holds the identity's tag besides the settings a reader looks for. The tag keeps two cells
//! apart that differ in anything else; it proves nothing. Whoever reads a record compares identities,
//! so that a record whose tag an older version computed, or that has none, is still found.

use serde::Serialize;

use crate::two_body::Horizon;
use gradnet_train::Digest;
use gradnet_train::experiment::Experiment;

/// The version of what the program makes of an experiment. A change after which the same experiment
/// comes to other numbers, by more than rounding, raises it: older records are then no longer found.
pub(super) const SCHEMA: u32 = 1;

/// Everything that decides the numbers of a record but the machine, its backend included: backends
/// agree to rounding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Identity {
    schema: u32,
    /// The resolved experiment without its name.
    experiment: Experiment,
    /// How far predicted orbits are followed, where they are.
    horizon: Option<Horizon>,
}

impl Identity {
    pub(super) fn new(schema: u32, experiment: &Experiment, horizon: Option<Horizon>) -> Self {
        Self {
            schema,
            experiment: experiment.unnamed(),
            horizon,
        }
    }

    /// Eight hexadecimal digits for a file's name.
    pub(super) fn tag(&self) -> String {
        let text = serde_json::to_string(self)
            .expect("an experiment is tables of texts and finite numbers, which JSON has");
        let digest = Digest::of(text.as_bytes());
        format!("{:08x}", (digest >> 32) ^ (digest & 0xffff_ffff))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reproduce::{Cell, Grid};

    fn cells() -> Vec<Cell> {
        let mut grid = Grid::from_name("toy-convex").unwrap();
        let mut row = grid.networks[4].clone();
        assert_eq!(row.network, "mgradnet_c");
        grid.networks = vec![row.clone()];
        row.settings.insert("layers".into(), 3.into());
        grid.networks.push(row);
        let networks = grid.networks.iter();
        networks
            .map(|row| Cell::new(&grid, row, None, &row.candidates(&grid)[0], 0).unwrap())
            .collect()
    }

    #[test]
    fn two_rows_that_differ_in_a_fixed_setting_only_have_two_identities() {
        let cells = cells();
        assert_eq!(cells[0].name(), cells[1].name());
        assert_ne!(cells[0].identity(), cells[1].identity());
        assert_ne!(cells[0].identity().tag(), cells[1].identity().tag());
    }

    #[test]
    fn every_part_but_the_name_of_the_experiment_decides() {
        let experiment = &cells()[0].experiment;
        let identity = Identity::new(1, experiment, None);
        let renamed = Experiment {
            name: "other".into(),
            ..experiment.clone()
        };
        assert_eq!(identity, Identity::new(1, &renamed, None));
        assert_eq!(identity.tag(), Identity::new(1, &renamed, None).tag());
        let changes: [fn(&mut Experiment); 6] = [
            |e| e.seed += 1,
            |e| e.allow_misfit ^= true,
            |e| e.train.steps += 1,
            |e| e.train.clip_norm = Some(1.0),
            |e| e.train.validation.points += 1,
            |e| e.evaluation.linear_points += 1,
        ];
        let changed = changes.map(|change| {
            let mut other = experiment.clone();
            change(&mut other);
            Identity::new(1, &other, None)
        });
        let horizon = Some(Horizon::default());
        let others = [
            Identity::new(2, experiment, None),
            Identity::new(1, experiment, horizon),
        ];
        let mut tags = vec![identity.tag()];
        for other in changed.iter().chain(&others) {
            assert_ne!(*other, identity);
            tags.push(other.tag());
        }
        tags.sort();
        tags.dedup();
        assert_eq!(tags.len(), 9);
        assert!(tags.iter().all(|tag| tag.len() == 8));
    }
}
