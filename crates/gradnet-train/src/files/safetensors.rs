//! safetensors: named tensors after one JSON header.

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorInfo};
use serde::Deserializer;
use serde::de::{IgnoredAny, MapAccess, Visitor};

use super::array::{ArrayRows, Layout, Number, OpenFile};
use super::{FileError, Naming, Opened, Selection, map_file};

/// Opens arrays of a file.
pub(super) fn open(
    file: &Path,
    selection: &Selection,
    naming: Naming,
) -> Result<Opened, FileError> {
    let (start, infos) = tensors(file)?;
    let known: Vec<&str> = infos.iter().map(|(name, _)| name.as_str()).collect();
    let names: Vec<String> = match selection {
        Selection::All => known.iter().map(|name| (*name).to_owned()).collect(),
        Selection::Named(names) => names.clone(),
    };
    let mut arrays = Vec::new();
    for name in &names {
        let Some((_, info)) = infos.iter().find(|(known, _)| known == name) else {
            return Err(FileError::missing(file, ("array", name), &known, naming));
        };
        let Some(number) = number(info.dtype) else {
            return Err(FileError::Column {
                file: file.into(),
                what: "array",
                name: name.clone(),
                requirement: format!("holds {:?}, which is not read here", info.dtype),
                remedy: "save it as F32 or F64".into(),
            });
        };
        let shape: Vec<u64> = info.shape.iter().map(|size| *size as u64).collect();
        let offset = (start + info.data_offsets.0) as u64;
        let layout = Layout::new(file, name, &shape, (number, false), offset)?;
        let path = PathBuf::from(file);
        let open: OpenFile = Box::new(move |_: &Layout| {
            File::open(&path).map_err(|error| FileError::read(&path, &error))
        });
        arrays.push((layout, open));
    }
    ArrayRows::opened(file, names, arrays)
}

/// Where the tensors' bytes begin, and the tensors in the order of their bytes.
fn tensors(file: &Path) -> Result<(usize, Vec<(String, TensorInfo)>), FileError> {
    let source = File::open(file).map_err(|error| FileError::read(file, &error))?;
    let bytes = map_file(&source).map_err(|error| FileError::read(file, &error))?;
    // The crate keeps the last of tensors of one name, and finds fault with its place.
    if let Some(name) = header(&bytes).and_then(doubled) {
        return Err(FileError::Column {
            file: file.into(),
            what: "array",
            name,
            requirement: "is there twice".into(),
            remedy: "give every array a name of its own".into(),
        });
    }
    let (header, metadata) = SafeTensors::read_metadata(&bytes).map_err(|error| {
        FileError::damaged(file, format!("it is no whole safetensors file ({error})"))
    })?;
    let infos = metadata
        .offset_keys()
        .into_iter()
        .filter_map(|name| {
            let info = metadata.info(&name)?.clone();
            Some((name, info))
        })
        .collect();
    Ok((header + 8, infos))
}

/// The header's JSON: its length comes first, in eight bytes.
fn header(bytes: &[u8]) -> Option<&[u8]> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.get(..usize::try_from(u64::from_le_bytes(*length)).ok()?)
}

/// A name that stands twice in the header.
fn doubled(header: &[u8]) -> Option<String> {
    struct Names;
    impl<'de> Visitor<'de> for Names {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object of tensors")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<String>, A::Error> {
            let mut names = Vec::new();
            while let Some((name, _)) = map.next_entry::<String, IgnoredAny>()? {
                names.push(name);
            }
            Ok(names)
        }
    }
    let mut names = serde_json::Deserializer::from_slice(header)
        .deserialize_map(Names)
        .ok()?;
    names.sort_unstable();
    let place = names.windows(2).position(|pair| pair[0] == pair[1])?;
    Some(names.swap_remove(place))
}

fn number(dtype: Dtype) -> Option<Number> {
    Some(match dtype {
        Dtype::BOOL => Number::Bool,
        Dtype::F16 => Number::F16,
        Dtype::BF16 => Number::BF16,
        Dtype::F32 => Number::F32,
        Dtype::F64 => Number::F64,
        Dtype::I8 => Number::I8,
        Dtype::I16 => Number::I16,
        Dtype::I32 => Number::I32,
        Dtype::I64 => Number::I64,
        Dtype::U8 => Number::U8,
        Dtype::U16 => Number::U16,
        Dtype::U32 => Number::U32,
        Dtype::U64 => Number::U64,
        _ => return None,
    })
}
