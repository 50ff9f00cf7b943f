//! Checkpoints: all that a run needs to go on exactly as if it had never stopped, in one file that is there whole or
//! not at all.
//!
//! ```text
//! gradnet checkpoint 1\n
//! {"step": .., "sections": [lengths], ..}\n      one line of JSON
//! model | optimizer | scheduler | best           Burn records, one after another, and the average where there is one
//! checksum                                       the seal, as of weights.bpk
//! ```
//!
//! Batches are a pure function of seed and step ([`Sampler`](crate::task::regression::Sampler)), so the step is all
//! there is to know about them. Numbers that decide something (the best error so far) are kept as their bits: text
//! would round them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use burn::lr_scheduler::{LrSchedulerRecord, module_lr_scheduler::ModuleLrScheduler};
use burn::module::Module;
use burn::optim::{ModuleOptimizer, OptimizerRecord};
use burn::store::{ModuleRecord, RecordError};
use burn::tensor::Bytes;
use serde::{Deserialize, Serialize};

use crate::data::FileDigests;
use crate::registry::Network;
use crate::run::{RunError, RunFolder, sealed, unsealed, write_atomically};

/// The first line of every checkpoint.
const HEAD: &[u8] = b"gradnet checkpoint 1\n";

/// Checkpoints kept.
const KEPT: usize = 2;

/// Where a run is, apart from its tensors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Position {
    /// Steps done.
    pub(super) step: usize,
    /// Whether the validation that is due at this step was interrupted.
    #[serde(default)]
    pub(super) validation_due: bool,
    /// The run's `config.toml`: a checkpoint of another run is no checkpoint of this one.
    pub(super) experiment: String,
    /// The backend that computed so far.
    pub(super) backend: String,
    /// The files the run learns from as they were when it began; none in a checkpoint from before they were noted.
    #[serde(default)]
    pub(super) files: Option<FileDigests>,
    /// A digest of the numbers it learns from: instead of `files`, in checkpoints from before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) data_digest: Option<String>,
    /// The definition of the task's numbers; the first, in checkpoints from before there was another.
    #[serde(default = "first")]
    pub(super) definition: u32,
    /// Bytes of `metrics.jsonl` that belong to the steps done.
    pub(super) metrics_bytes: u64,
    /// Bits of the best validation so far; the names are those of version 0.1, which knew decibels only.
    #[serde(rename = "best_db")]
    pub(super) best: u64,
    /// Bits of the last validation.
    #[serde(rename = "validation_db")]
    pub(super) validation: Option<u64>,
    /// Bits of the sum of the losses since the last validation, and their number.
    pub(super) interval: (u64, usize),
    /// Seconds of training.
    pub(super) elapsed_s: f64,
    /// Lengths of the sections that follow.
    pub(super) sections: [usize; 4],
    /// The length of the section with the averaged weights, where there are such.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) average: Option<usize>,
}

fn first() -> u32 {
    1
}

/// A checkpoint in memory, its records still bytes.
#[derive(Clone, Debug)]
pub(super) struct Checkpoint {
    pub(super) position: Position,
    /// Model, optimizer, scheduler, best weights.
    sections: [Vec<u8>; 4],
    /// The averaged weights.
    average: Option<Vec<u8>>,
}

/// The layout of the weights in a checkpoint: their names begin with `network.`.
#[derive(Module, Debug)]
struct Model<N: Module> {
    network: N,
}

/// The records of a network in a checkpoint and of the best weights, a network alone as version 0.1 wrote it.
fn records(network: Network, best: Network) -> [ModuleRecord; 2] {
    match network.is_alone() {
        true => {
            let network = network.registered;
            [
                Model { network }.into_record(),
                best.registered.into_record(),
            ]
        }
        false => [Model { network }.into_record(), best.into_record()],
    }
}

/// The network and the best weights of such records.
fn loaded(network: Network, [model, best]: [ModuleRecord; 2]) -> Result<[Network; 2], RecordError> {
    if !network.is_alone() {
        let best = network.clone().try_load_record(best)?;
        let model = Model { network }.try_load_record(model)?;
        return Ok([model.network, best]);
    }
    let network = network.registered;
    let best = network.clone().try_load_record(best)?;
    let model = Model { network }.try_load_record(model)?;
    Ok([model.network.into(), best.into()])
}

/// What a run resumes from.
pub(super) struct Restored {
    pub(super) position: Position,
    pub(super) network: Network,
    pub(super) best: Network,
    /// The averaged weights, of a run that averages.
    pub(super) average: Option<Network>,
    pub(super) optimizer: ModuleOptimizer,
    pub(super) scheduler: ModuleLrScheduler,
}

impl Checkpoint {
    /// Takes the state of a run; the lengths in `position` are filled in.
    pub(super) fn new(
        mut position: Position,
        network: &Network,
        best: &Network,
        average: Option<Network>,
        optimizer: &ModuleOptimizer,
        scheduler: &ModuleLrScheduler,
    ) -> Result<Self, String> {
        let text = |error: RecordError| error.to_string();
        let [model, best] = records(network.clone(), best.clone());
        let sections = [
            model.into_bytes().map_err(text)?,
            optimizer.to_record().into_bytes().map_err(text)?,
            scheduler.to_record().into_bytes().map_err(text)?,
            best.into_bytes().map_err(text)?,
        ]
        .map(|bytes| bytes.to_vec());
        let average = match average {
            None => None,
            Some(average) => Some(average.into_record().into_bytes().map_err(text)?.to_vec()),
        };
        position.sections = [0, 1, 2, 3].map(|index| sections[index].len());
        position.average = average.as_ref().map(Vec::len);
        Ok(Self {
            position,
            sections,
            average,
        })
    }

    /// The file's contents.
    fn into_bytes(self) -> Result<Vec<u8>, io::Error> {
        let mut bytes = HEAD.to_vec();
        serde_json::to_writer(&mut bytes, &self.position)?;
        bytes.push(b'\n');
        self.sections
            .iter()
            .chain(&self.average)
            .for_each(|section| bytes.extend(section));
        Ok(sealed(bytes))
    }

    /// Reads the contents of a file; the reason if they are damaged.
    fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        if !bytes.starts_with(HEAD) {
            return Err("it does not begin as a checkpoint of this version does".into());
        }
        let rest = unsealed(bytes)?.strip_prefix(HEAD).ok_or("it is cut off")?;
        let line = rest
            .iter()
            .position(|byte| *byte == b'\n')
            .ok_or("it is cut off")?;
        let position: Position =
            serde_json::from_slice(&rest[..line]).map_err(|error| error.to_string())?;
        let mut left = &rest[line + 1..];
        let mut sections = [const { Vec::new() }; 4];
        for (section, length) in sections.iter_mut().zip(position.sections) {
            let (first, others) = left.split_at_checked(length).ok_or("it is cut off")?;
            *section = first.to_vec();
            left = others;
        }
        let average = match position.average {
            None => None,
            Some(length) => Some(left.get(..length).ok_or("it is cut off")?.to_vec()),
        };
        Ok(Self {
            position,
            sections,
            average,
        })
    }

    /// Builds the run's parts again, from fresh ones of the same experiment.
    pub(super) fn restore(
        self,
        network: Network,
        optimizer: ModuleOptimizer,
        scheduler: ModuleLrScheduler,
    ) -> Result<Restored, String> {
        let text = |error: RecordError| error.to_string();
        let [model_record, optimizer_record, scheduler_record, best] =
            self.sections.map(Bytes::from_bytes_vec);
        let best = ModuleRecord::from_bytes(best).map_err(text)?;
        let model = ModuleRecord::from_bytes(model_record).map_err(text)?;
        let average = match self.average {
            None => None,
            Some(average) => {
                let record = ModuleRecord::from_bytes(Bytes::from_bytes_vec(average));
                let record = record.map_err(text)?;
                Some(network.clone().try_load_record(record).map_err(text)?)
            }
        };
        let [network, best] = loaded(network, [model, best]).map_err(text)?;
        let optimizer_record = OptimizerRecord::from_bytes(optimizer_record).map_err(text)?;
        let scheduler_record = LrSchedulerRecord::from_bytes(scheduler_record).map_err(text)?;
        Ok(Restored {
            position: self.position,
            network,
            best,
            average,
            optimizer: optimizer.load_record(optimizer_record),
            scheduler: scheduler.load_record(scheduler_record),
        })
    }
}

/// The checkpoints of a run folder, the newest first.
fn files(run: &Path) -> Vec<(usize, PathBuf)> {
    let mut found: Vec<(usize, PathBuf)> = fs::read_dir(run.join(RunFolder::CHECKPOINTS))
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let step = name.strip_prefix("step-")?.strip_suffix(".checkpoint")?;
            Some((step.parse().ok()?, entry.path()))
        })
        .collect();
    found.sort_by(|a, b| b.cmp(a));
    found
}

/// Writes a checkpoint and drops the ones before the last two.
///
/// # Errors
/// If the file cannot be written; the older ones are then still there.
pub(super) fn save(run: &Path, checkpoint: Checkpoint) -> Result<(), RunError> {
    let folder = run.join(RunFolder::CHECKPOINTS);
    let path = folder.join(format!("step-{:09}.checkpoint", checkpoint.position.step));
    let written = || -> io::Result<()> {
        fs::create_dir_all(&folder)?;
        write_atomically(&path, &checkpoint.into_bytes()?)
    };
    written().map_err(|error| RunError::io("write the checkpoint", &path, error))?;
    for (_, older) in files(run).into_iter().skip(KEPT) {
        // One too many does no harm.
        let _ = fs::remove_file(older);
    }
    Ok(())
}

/// The newest checkpoint that can be read, and what was wrong with newer ones; None if the run has none at all.
///
/// # Errors
/// If there are checkpoints, but none that can be read.
pub(super) fn newest(run: &Path) -> Result<Option<(Checkpoint, Vec<String>)>, RunError> {
    let mut damaged = Vec::new();
    for (_, path) in files(run) {
        let read = fs::read(&path).map_err(|error| error.to_string());
        match read.and_then(|bytes| Checkpoint::from_bytes(&bytes)) {
            Ok(checkpoint) => return Ok(Some((checkpoint, damaged))),
            Err(reason) => damaged.push(format!("{}: {reason}", path.display())),
        }
    }
    if damaged.is_empty() {
        return Ok(None);
    }
    Err(RunError::Checkpoint {
        path: run.into(),
        reason: format!("no checkpoint can be read ({})", damaged.join("; ")),
        remedy: format!(
            "restore one from a copy, or remove {} to start again from the first step; the best weights so far stay in weights.bpk until then",
            run.join(RunFolder::CHECKPOINTS).display()
        ),
    })
}

/// When checkpoints are due: at the first validation after every so many steps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Due {
    /// Steps between checkpoints; 0 for none.
    pub(super) every: usize,
    /// Steps between validations.
    pub(super) interval: usize,
}

impl Due {
    /// Whether one is due after validation `count`, counted from 1.
    pub(super) fn after(self, count: usize) -> bool {
        let passed = |count: usize| (count * self.interval).checked_div(self.every);
        passed(count) != passed(count - 1)
    }
}

#[cfg(test)]
mod tests {
    use crate::registry::{NetworkConfig, Size};
    use burn::tensor::{Device, Tensor};
    use gradnet_core::{ParameterSource, VectorField};

    use super::*;
    use crate::experiment::TrainConfig;
    use crate::training::{optimizer, scheduler};

    fn position(step: usize) -> Position {
        Position {
            step,
            validation_due: false,
            experiment: "name = \"a\"\n".into(),
            backend: "flex".into(),
            files: None,
            data_digest: None,
            definition: 1,
            metrics_bytes: 7,
            best: (-12.3f64).to_bits(),
            validation: None,
            interval: (0.1f64.to_bits(), 3),
            elapsed_s: 1.5,
            sections: [3, 1, 0, 5],
            average: Some(2),
        }
    }

    fn checkpoint(step: usize) -> Checkpoint {
        Checkpoint {
            position: position(step),
            sections: [vec![1, 2, 3], vec![4], vec![], vec![b'\n'; 5]],
            average: Some(vec![8, 9]),
        }
    }

    /// The names are part of the format: a run that an older version stopped resumes by them.
    #[test]
    fn weights_in_a_checkpoint_are_named_as_by_the_versions_before() {
        let config = NetworkConfig::from_name("mgradnet_c").unwrap();
        let config = config.with_size(Size::Width(3));
        let network = |seed| {
            let mut source = ParameterSource::new(&Device::flex().autodiff(), seed);
            config.init(2, &mut source).unwrap()
        };
        let train = TrainConfig::default();
        let parts = (optimizer(&train), scheduler(&train));
        let average = Some(network(3));
        let made = Checkpoint::new(
            position(5),
            &network(0),
            &network(1),
            average,
            &parts.0,
            &parts.1,
        );
        let made = made.unwrap();
        let named = |section: &[u8]| String::from_utf8_lossy(section).contains("network.");
        assert!(named(&made.sections[0]));
        assert!(!named(&made.sections[3]));
        let restored = made.restore(network(2), parts.0, parts.1).unwrap();
        let value = |network: Network| {
            let x = Tensor::<2>::from_floats([[0.25, 0.5]], &Device::flex());
            network.valid().forward(x).into_data()
        };
        assert_eq!(value(restored.network), value(network(0)));
        assert_eq!(value(restored.best), value(network(1)));
        assert_eq!(value(restored.average.unwrap()), value(network(3)));
        assert_ne!(value(network(0)), value(network(1)));
    }

    /// Every 500 steps with a validation every 200: due at 600 (the third), 1000 and 1600.
    #[test]
    fn checkpoints_come_at_the_first_validation_due() {
        let due = |every| -> Vec<usize> {
            let due = Due {
                every,
                interval: 200,
            };
            (1..=8).filter(|count| due.after(*count)).collect()
        };
        assert_eq!(due(500), [3, 5, 8]);
        assert_eq!(due(0), [0; 0]);
        assert_eq!(due(1), [1, 2, 3, 4, 5, 6, 7, 8]);
    }

    #[test]
    fn a_checkpoint_reads_back_and_every_change_to_it_is_found() {
        let bytes = checkpoint(5).into_bytes().unwrap();
        let read = Checkpoint::from_bytes(&bytes).unwrap();
        assert_eq!(read.position, checkpoint(5).position);
        assert_eq!(read.sections, checkpoint(5).sections);
        assert_eq!(read.average, Some(vec![8, 9]));
        for end in 0..bytes.len() {
            assert!(Checkpoint::from_bytes(&bytes[..end]).is_err(), "{end}");
        }
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(Checkpoint::from_bytes(&changed).is_err(), "{at}");
        }
    }

    #[test]
    fn two_checkpoints_are_kept_and_a_damaged_one_falls_back_to_the_one_before() {
        let run = tempfile::tempdir().unwrap();
        assert!(newest(run.path()).unwrap().is_none());
        for step in [200, 1_000, 30_000] {
            save(run.path(), checkpoint(step)).unwrap();
        }
        let steps = || -> Vec<usize> { files(run.path()).into_iter().map(|(s, _)| s).collect() };
        assert_eq!(steps(), [30_000, 1_000]);
        let (found, damaged) = newest(run.path()).unwrap().unwrap();
        assert_eq!((found.position.step, damaged.len()), (30_000, 0));

        let [(_, new), (_, old)] = &files(run.path())[..] else {
            panic!("two are kept");
        };
        fs::write(new, "").unwrap();
        let (found, damaged) = newest(run.path()).unwrap().unwrap();
        assert_eq!((found.position.step, damaged.len()), (1_000, 1));
        fs::write(old, "gradnet checkpoint 1\nnonsense").unwrap();
        let error = newest(run.path()).unwrap_err();
        assert!(error.to_string().contains("no checkpoint can be read"));
        assert!(error.remedy().contains("first step"));
    }
}
