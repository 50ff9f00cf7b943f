//! safetensors: named tensors after one JSON header.

use std::fs::File;
use std::path::Path;

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorInfo};

use super::array::{ArrayRows, Layout, Number};
use super::{FileError, RowReader, Selection, map_file};

/// Opens arrays of a file.
pub(super) fn open(file: &Path, selection: &Selection) -> Result<RowReader, FileError> {
    let (start, infos) = tensors(file)?;
    let known: Vec<&str> = infos.iter().map(|(name, _)| name.as_str()).collect();
    let names: Vec<String> = match selection {
        Selection::All => known.iter().map(|name| (*name).to_owned()).collect(),
        Selection::Named(names) => names.clone(),
    };
    let mut arrays = Vec::new();
    for name in &names {
        let Some((_, info)) = infos.iter().find(|(known, _)| known == name) else {
            return Err(FileError::missing(file, "array", name, &known));
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
        let source = File::open(file).map_err(|error| FileError::read(file, &error))?;
        arrays.push((layout, source));
    }
    let widths = arrays.iter().map(|(layout, _)| layout.width).collect();
    Ok(RowReader::new(ArrayRows::new(file, arrays)?, names, widths))
}

/// Where the tensors' bytes begin, and the tensors in the order of their bytes.
fn tensors(file: &Path) -> Result<(usize, Vec<(String, TensorInfo)>), FileError> {
    let source = File::open(file).map_err(|error| FileError::read(file, &error))?;
    let bytes = map_file(&source).map_err(|error| FileError::read(file, &error))?;
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

fn number(dtype: Dtype) -> Option<Number> {
    Some(match dtype {
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
