//! What an export writes, by the name of the file.

use std::path::{Path, PathBuf};

use super::export::FORMATS;
use crate::files::{FileError, Format};
use crate::run::{Run, check_output};

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Arrays and their description.
    Arrays,
    /// An ONNX model.
    Onnx,
    /// A PyTorch module beside arrays and description.
    Torch,
}

impl Form {
    /// The form that a name asks for.
    pub(super) fn of(to: &Path) -> Result<Self, FileError> {
        let end = to.extension().unwrap_or_default().to_ascii_lowercase();
        match end.to_str() {
            Some("onnx") => Ok(Self::Onnx),
            Some("py") => Ok(Self::Torch),
            _ if Format::of_output(to).is_ok_and(Format::has_arrays) => Ok(Self::Arrays),
            _ => Err(FileError::Format {
                file: to.into(),
                reason: "weights are not written in a format its name says".into(),
                remedy:
                    "name it .safetensors or .npz for arrays, .onnx for a model, .py for PyTorch"
                        .into(),
            }),
        }
    }

    /// The file of the arrays.
    pub(super) fn arrays(self, to: &Path) -> PathBuf {
        match self {
            Self::Torch => to.with_extension("npz"),
            Self::Arrays | Self::Onnx => to.into(),
        }
    }

    /// All files that are written.
    pub(super) fn files(self, to: &Path) -> Vec<PathBuf> {
        match self {
            Self::Onnx => vec![to.into()],
            Self::Arrays => vec![to.into(), to.with_extension("json")],
            Self::Torch => vec![to.into(), self.arrays(to), to.with_extension("json")],
        }
    }
}

/// Refuses places where something else is.
pub(super) fn check_places(run: &Run, form: Form, to: &Path) -> Result<(), FileError> {
    for file in form.files(to) {
        check_output(&file, &[], std::slice::from_ref(run))?;
    }
    if form == Form::Onnx {
        return Ok(());
    }
    let description = to.with_extension("json");
    let is_ours = is_description(&description);
    let beside = form.files(to).into_iter().filter(|file| file != to);
    match beside.into_iter().find(|file| file.exists() && !is_ours) {
        None => Ok(()),
        Some(file) => Err(FileError::Format {
            file,
            reason: "what is written beside the weights would replace this file, which no export has written".into(),
            remedy: "choose another name with --output, or move that file away".into(),
        }),
    }
}

/// Whether an export wrote this file.
fn is_description(file: &Path) -> bool {
    let value = std::fs::read(file)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok());
    value.is_some_and(|value| FORMATS.iter().any(|format| value["format"] == *format))
}
