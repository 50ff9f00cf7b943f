//! What a file is that is no checkpoint, and what to do about it.

use std::path::Path;

use crate::files::FileError;

/// The longest header of a safetensors file.
const LONGEST_HEADER: u64 = 100_000_000;

/// Whether a file begins as safetensors does: the length of a header in JSON, then the header.
pub(super) fn is_safetensors(bytes: &[u8]) -> bool {
    bytes
        .first_chunk()
        .is_some_and(|length| u64::from_le_bytes(*length) <= LONGEST_HEADER)
        && bytes.get(8) == Some(&b'{')
}

/// The error that names what the file is instead of a checkpoint.
pub(super) fn refused(file: &Path, bytes: &[u8]) -> FileError {
    const SAVE: &str = "save the weights with torch.save(network.state_dict(), file), or as \
                        .safetensors";
    const AGAIN: &str = "download or copy it again";
    let begins = |with: &[u8]| bytes.starts_with(with);
    let text = text(bytes);
    let lower = text
        .as_deref()
        .unwrap_or_default()
        .trim_start()
        .to_ascii_lowercase();
    let (what, remedy) = if bytes.is_empty() {
        ("it is empty".to_owned(), AGAIN)
    } else if bytes.get(257..262) == Some(b"ustar") {
        (
            "it is a tar archive".to_owned(),
            "unpack it first (tar -xf) and name the file in it; if PyTorch of before 0.2 wrote \
             it, save it again with a later one",
        )
    } else if lower.starts_with("version https://git-lfs") {
        (
            "it is a pointer of Git LFS, not the file it points to".to_owned(),
            "fetch the file with `git lfs pull`",
        )
    } else if lower.starts_with("<!doctype") || lower.starts_with("<html") {
        (
            "it is an HTML page, such as a server sends for an error or a login".to_owned(),
            "download the file itself, by its direct link",
        )
    } else if let Some(text) = text {
        let line: String = text
            .trim_start()
            .lines()
            .next()
            .unwrap_or("")
            .chars()
            .take(40)
            .collect();
        (
            format!("it is text, not a checkpoint; it begins with \"{line}\""),
            SAVE,
        )
    } else if begins(&[0x1f, 0x8b]) || begins(&[0x28, 0xb5, 0x2f, 0xfd]) || begins(b"BZh") {
        (
            "it is compressed as a whole".to_owned(),
            "unpack it first (gunzip, unzstd, bunzip2)",
        )
    } else if begins(b"\x89HDF") {
        ("it is an HDF5 file, as Keras writes".to_owned(), SAVE)
    } else if begins(b"\x93NUMPY") {
        (
            "it is one NumPy array, and a network has several".to_owned(),
            SAVE,
        )
    } else if file
        .extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("onnx"))
    {
        (
            "it is an ONNX model, which has a program instead of the network's names".to_owned(),
            SAVE,
        )
    } else if file
        .extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("safetensors"))
    {
        (
            "it is not safetensors, which its name says; it may be damaged".to_owned(),
            AGAIN,
        )
    } else if begins(b"c") || begins(b"(") || begins(b"}") || begins(b"]") {
        (
            "it may be a pickle of protocol 0 or 1, which is not read here".to_owned(),
            SAVE,
        )
    } else {
        (
            "it is neither a PyTorch checkpoint nor safetensors, or is damaged".to_owned(),
            SAVE,
        )
    };
    FileError::Format {
        file: file.into(),
        reason: what,
        remedy: remedy.into(),
    }
}

/// The beginning of a file, if it is text.
fn text(bytes: &[u8]) -> Option<String> {
    let start = &bytes[..bytes.len().min(256)];
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        // A character may be cut in two at the end of the piece.
        Err(error) if error.error_len().is_none() && bytes.len() > start.len() => {
            std::str::from_utf8(&start[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    let plain = |c: char| !c.is_control() || c.is_whitespace();
    text.chars()
        .all(plain)
        .then(|| text.trim_start_matches('\u{feff}').to_owned())
}
