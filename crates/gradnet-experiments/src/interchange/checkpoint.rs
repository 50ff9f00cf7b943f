//! The arrays of a PyTorch or safetensors checkpoint. Nothing in the file is run: the pickle is read as data, by a reader that knows tensors only.

use std::path::Path;

use burn::store::pytorch_reader::{DType, PytorchReader, Tensor};
use gradnet_core::network::ReleasedState;
use safetensors::tensor::Dtype;

use crate::files::{FileError, guarded, map_file, safetensors_tensors};

/// Keys under which training scripts put the weights.
const NESTED: [&str; 4] = ["state_dict", "model_state_dict", "model", "net"];

/// Numbers in a checkpoint, at most: 2 GB of them in 64 bits.
const MOST: usize = 1 << 28;

/// Reads every array of a `.pt`, `.pth` or `.safetensors` file.
///
/// # Errors
/// If the file cannot be read, is none of these, or is damaged.
pub fn read_arrays(file: &Path) -> Result<ReleasedState, FileError> {
    let extension = file.extension().unwrap_or_default().to_string_lossy();
    guarded(file, || match extension.to_ascii_lowercase().as_str() {
        "pt" | "pth" | "bin" => pytorch(file),
        "safetensors" => safetensors(file),
        _ => Err(FileError::Format {
            file: file.into(),
            reason: format!("its name ends in \".{extension}\", which no checkpoint here does"),
            remedy: "name it .pt, .pth or .safetensors, as its contents are".into(),
        }),
    })
}

fn damaged(file: &Path, reason: impl std::fmt::Display) -> FileError {
    FileError::Format {
        file: file.into(),
        reason: reason.to_string(),
        remedy: "save the weights again with torch.save(network.state_dict(), file)".into(),
    }
}

fn pytorch(file: &Path) -> Result<ReleasedState, FileError> {
    // The reader's own message for a missing file says nothing of a remedy.
    std::fs::File::open(file).map_err(|error| FileError::read(file, &error))?;
    let mut read = PytorchReader::new(file);
    for key in NESTED {
        // Only a file whose every name begins with the key is nested: `model.` also begins names of modules.
        let nested = match &read {
            Ok(reader) => {
                let prefix = format!("{key}.");
                !reader.is_empty() && reader.keys().iter().all(|name| name.starts_with(&prefix))
            }
            Err(_) => true,
        };
        if nested && let Ok(inner) = PytorchReader::with_top_level_key(file, key) {
            read = Ok(inner);
            break;
        }
    }
    let reader = read.map_err(|error| {
        damaged(
            file,
            format!("it is no PyTorch checkpoint of tensors ({error})"),
        )
    })?;
    let mut arrays = Vec::new();
    let mut total = 0usize;
    for (name, tensor) in reader.tensors() {
        total = total.saturating_add(elements(tensor.shape()).unwrap_or(usize::MAX));
        if total > MOST {
            return Err(damaged(
                file,
                format!("`{name}` is larger than any network here"),
            ));
        }
        arrays.push((
            name.clone(),
            tensor.shape().to_vec(),
            values(file, name, tensor)?,
        ));
    }
    Ok(ReleasedState::new(arrays))
}

fn elements(shape: &[usize]) -> Option<usize> {
    shape
        .iter()
        .try_fold(1usize, |product, size| product.checked_mul(*size))
}

fn values(file: &Path, name: &str, tensor: &Tensor) -> Result<Vec<f64>, FileError> {
    let size = match tensor.dtype() {
        DType::F32 => 4,
        DType::F64 => 8,
        other => {
            return Err(damaged(
                file,
                format!("`{name}` holds {other:?}, not floating-point numbers of 32 or 64 bits"),
            ));
        }
    };
    let bytes = tensor
        .read()
        .map_err(|error| damaged(file, format!("`{name}` cannot be read ({error})")))?;
    Ok(match size {
        4 => bytes
            .chunks_exact(4)
            .map(|b| f32::from_ne_bytes([b[0], b[1], b[2], b[3]]).into())
            .collect(),
        _ => bytes
            .chunks_exact(8)
            .map(|b| f64::from_ne_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]))
            .collect(),
    })
}

fn safetensors(file: &Path) -> Result<ReleasedState, FileError> {
    let (start, infos) = safetensors_tensors(file)?;
    let source = std::fs::File::open(file).map_err(|error| FileError::read(file, &error))?;
    let bytes = map_file(&source).map_err(|error| FileError::read(file, &error))?;
    let mut arrays = Vec::new();
    for (name, info) in infos {
        let (begin, end) = info.data_offsets;
        let data = bytes
            .get(start + begin..start + end)
            .ok_or_else(|| damaged(file, format!("`{name}` is cut off")))?;
        let values = match info.dtype {
            Dtype::F32 => data
                .chunks_exact(4)
                .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]).into())
                .collect(),
            Dtype::F64 => data
                .chunks_exact(8)
                .map(|b| f64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]))
                .collect(),
            other => {
                return Err(damaged(
                    file,
                    format!(
                        "`{name}` holds {other:?}, not floating-point numbers of 32 or 64 bits"
                    ),
                ));
            }
        };
        arrays.push((name, info.shape, values));
    }
    Ok(ReleasedState::new(arrays))
}
