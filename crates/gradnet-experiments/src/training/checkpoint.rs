//! Checkpoints: burn-train's records, each file written whole or not at all.

use std::path::{Path, PathBuf};

use burn::train::checkpoint::{
    Checkpoint, Checkpointer, CheckpointerError, CheckpointingAction, CheckpointingStrategy,
};
use burn::train::metric::store::EventStoreClient;

use crate::run::write_atomically;

/// Keeps records as `NAME-EPOCH.bpk` in a folder; unlike burn-train's `FileCheckpointer`, a crash leaves no half-written file.
pub(super) struct AtomicCheckpointer {
    directory: PathBuf,
    name: &'static str,
}

impl AtomicCheckpointer {
    pub(super) fn new(directory: &Path, name: &'static str) -> Self {
        Self {
            directory: directory.into(),
            name,
        }
    }

    fn file(&self, epoch: usize) -> PathBuf {
        self.directory.join(format!("{}-{epoch}.bpk", self.name))
    }
}

impl<R: Checkpoint> Checkpointer<R> for AtomicCheckpointer {
    fn save(&self, epoch: usize, record: R) -> Result<(), CheckpointerError> {
        let bytes = record
            .checkpoint_into_bytes()
            .map_err(CheckpointerError::Record)?;
        std::fs::create_dir_all(&self.directory).map_err(CheckpointerError::IOError)?;
        write_atomically(&self.file(epoch), &bytes).map_err(CheckpointerError::IOError)
    }

    fn restore(&self, epoch: usize) -> Result<R, CheckpointerError> {
        R::load(self.file(epoch))
    }

    fn delete(&self, epoch: usize) -> Result<(), CheckpointerError> {
        match std::fs::remove_file(self.file(epoch)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(CheckpointerError::IOError(error))
            }
            _ => Ok(()),
        }
    }
}

/// Saves at the first validation after every so many steps and keeps the last two.
pub(super) struct CheckpointEvery {
    steps: usize,
    interval: usize,
    saved: Vec<usize>,
}

impl CheckpointEvery {
    pub(super) fn new(steps: usize, interval: usize) -> Self {
        Self {
            steps,
            interval,
            saved: Vec::new(),
        }
    }
}

impl CheckpointingStrategy for CheckpointEvery {
    fn checkpointing(
        &mut self,
        epoch: usize,
        _collector: &EventStoreClient,
    ) -> Vec<CheckpointingAction> {
        self.actions(epoch)
    }
}

impl CheckpointEvery {
    fn actions(&mut self, epoch: usize) -> Vec<CheckpointingAction> {
        let due = |epoch: usize| epoch * self.interval / self.steps;
        if due(epoch) == due(epoch - 1) {
            return Vec::new();
        }
        // Save first: at no moment is there no checkpoint.
        let mut actions = vec![CheckpointingAction::Save];
        self.saved.push(epoch);
        if self.saved.len() > 2 {
            actions.push(CheckpointingAction::Delete(self.saved.remove(0)));
        }
        actions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every 500 steps with a validation every 200: due at 600 (epoch 3), 1000 (5), 1600 (8); the first is dropped when the third is saved.
    #[test]
    fn checkpoints_come_at_the_first_validation_due_and_two_are_kept() {
        let mut strategy = CheckpointEvery::new(500, 200);
        let actions: Vec<_> = (1..=8).map(|epoch| strategy.actions(epoch)).collect();
        let (none, save) = (Vec::new(), vec![CheckpointingAction::Save]);
        let last = vec![CheckpointingAction::Save, CheckpointingAction::Delete(3)];
        let expected = [
            none.clone(),
            none.clone(),
            save.clone(),
            none.clone(),
            save,
            none.clone(),
            none,
            last,
        ];
        assert_eq!(actions, expected);
    }
}
