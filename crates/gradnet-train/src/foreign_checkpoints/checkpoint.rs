//! The arrays of a checkpoint: what PyTorch, `pickle` or safetensors have written. Nothing in the
//! file is run: a pickle is read as data (`pickle.rs`).

use std::io::Cursor;
use std::path::{Path, PathBuf};

use memmap2::Mmap;
use safetensors::SafeTensors;
use zip::ZipArchive;

use super::foreign;
use super::found::{Found, SearchError};
use super::pytorch::{Nests, read_pickles, read_zip, unpack};
use super::search::search;
use super::stored::{Number, Place, Stored, row_by_row};
use crate::files::{FileError, guarded, map_file};
use crate::registry::ReleasedState;

/// Numbers in a network, at most: 2 GB of them in 64 bits.
const MOST: usize = 1 << 28;

/// A checkpoint, of which names, shapes and places are known; the numbers are read when asked for.
#[derive(Debug)]
pub struct Checkpoint {
    file: PathBuf,
    bytes: Mmap,
    nests: Nests,
}

impl Checkpoint {
    /// Opens a file; what it is, its contents say.
    ///
    /// # Errors
    /// If the file cannot be read, is no checkpoint, or is damaged.
    pub fn open(file: &Path) -> Result<Self, FileError> {
        if file.is_dir() {
            return Err(FileError::Format {
                file: file.into(),
                reason: "it is a folder, not a checkpoint".into(),
                remedy: "name the file in it that holds the weights".into(),
            });
        }
        let read = |error| FileError::read(file, &error);
        let source = std::fs::File::open(file).map_err(read)?;
        if source.metadata().map_err(read)?.len() == 0 {
            return Err(foreign::refused(file, &[]));
        }
        let bytes = map_file(&source).map_err(read)?;
        let nests = guarded(file, || match bytes.as_ref() {
            [b'P', b'K', 3, 4, ..] => read_zip(&bytes).map_err(|reason| damaged(file, reason)),
            _ if foreign::is_safetensors(&bytes) => {
                safetensors(&bytes).map_err(|reason| damaged(file, reason))
            }
            [0x80, 0..=5, ..] => read_pickles(&bytes).map_err(|reason| damaged(file, reason)),
            _ => Err(foreign::refused(file, &bytes)),
        })?;
        let file = file.into();
        Ok(Self { file, bytes, nests })
    }

    /// The state of the released network of that name: the one nesting and prefix whose names and
    /// shapes are the network's, below `key` if it is given, of `dim` dimensions if that decides.
    ///
    /// # Errors
    /// [`SearchError`] if there is none or more than one.
    pub fn find(&self, network: &str, dim: usize, key: Option<&str>) -> Result<Found, SearchError> {
        search(&self.nests, network, dim, key)
    }

    /// The numbers of a state.
    ///
    /// # Errors
    /// If an array cannot be read or holds something else than floating-point numbers.
    pub fn state(&self, found: &Found) -> Result<ReleasedState, FileError> {
        guarded(&self.file, || {
            let mut arrays = Vec::new();
            let mut total = 0usize;
            for (name, ours) in &found.names {
                let stored = &self.nests[&found.nest][name];
                total = total.saturating_add(stored.count().unwrap_or(usize::MAX));
                if total > MOST {
                    return Err(damaged(
                        &self.file,
                        format!("`{name}` is larger than any network here"),
                    ));
                }
                arrays.push((
                    ours.clone(),
                    stored.shape.clone(),
                    self.values(name, stored)?,
                ));
            }
            Ok(ReleasedState::new(arrays))
        })
    }

    /// Shape and numbers of the array of that name, in the first nesting that has it.
    ///
    /// # Errors
    /// If there is none, or it cannot be read.
    pub fn array(&self, name: &str) -> Result<(Vec<usize>, Vec<f64>), FileError> {
        let found = self.nests.values().find_map(|nest| nest.get(name));
        let stored = found.ok_or_else(|| FileError::Format {
            file: self.file.clone(),
            reason: format!("it has no array `{name}`"),
            remedy: "check that it is the file that was meant".into(),
        })?;
        guarded(&self.file, || {
            Ok((stored.shape.clone(), self.values(name, stored)?))
        })
    }

    fn values(&self, name: &str, stored: &Stored) -> Result<Vec<f64>, FileError> {
        if let Number::Other(kind) = &stored.number {
            return Err(FileError::Format {
                file: self.file.clone(),
                reason: format!(
                    "`{name}` holds {kind}; float16, bfloat16, float32 and float64 are read"
                ),
                remedy: "save the network as it was before it was quantised or converted, \
                         with network.float().state_dict()"
                    .into(),
            });
        }
        let cut_off = || damaged(&self.file, format!("`{name}` is cut off"));
        // A view may lie far into a storage, and a small entry may unpack to a large one.
        let reach = stored.reach().filter(|reach| *reach <= 8 * MOST);
        let reach = reach.ok_or_else(cut_off)?;
        let values = match &stored.place {
            Place::Here(bytes) => stored.values(bytes),
            Place::File(range) => self
                .bytes
                .get(range.clone())
                .and_then(|all| stored.values(all)),
            Place::Entry(entry) => {
                let unreadable =
                    |reason: String| damaged(&self.file, format!("`{name}`: {reason}"));
                let mut archive = ZipArchive::new(Cursor::new(self.bytes.as_ref()))
                    .map_err(|error| unreadable(error.to_string()))?;
                let bytes = unpack(&mut archive, entry, reach as u64).map_err(unreadable)?;
                stored.values(&bytes)
            }
        };
        values.ok_or_else(cut_off)
    }
}

fn damaged(file: &Path, reason: String) -> FileError {
    FileError::Format {
        file: file.into(),
        reason,
        remedy: "it may be cut off or changed on its way: copy it again, or save the weights \
                 again with torch.save(network.state_dict(), file)"
            .into(),
    }
}

/// The tensors of a safetensors file: one nesting.
fn safetensors(bytes: &[u8]) -> Result<Nests, String> {
    let (header, metadata) = SafeTensors::read_metadata(bytes)
        .map_err(|error| format!("it is no whole safetensors file ({error})"))?;
    let start = header + 8;
    let tensors = metadata.tensors().into_iter().map(|(name, info)| {
        let (begin, end) = info.data_offsets;
        let stored = Stored {
            stride: row_by_row(&info.shape),
            shape: info.shape.clone(),
            offset: 0,
            number: Number::named(&format!("{:?}", info.dtype)),
            big_endian: false,
            place: Place::File(start.saturating_add(begin)..start.saturating_add(end)),
        };
        (name, stored)
    });
    Ok(Nests::from([(String::new(), tensors.collect())]))
}
