//! Files as memory: the only unsafe line of this crate.

use std::fs::File;
use std::io;

use memmap2::Mmap;

/// The contents of a file as bytes that the system reads when they are looked at.
///
/// # Errors
/// The system's.
#[expect(
    unsafe_code,
    reason = "a map of a file cannot be made without; see SAFETY"
)]
pub(crate) fn map_file(file: &File) -> io::Result<Mmap> {
    // SAFETY: the bytes are only read, and only as bytes or numbers of any bit pattern, so nothing a file can hold is
    // undefined. If another process cuts the file off while it is mapped, the system ends this one with a signal; it
    // does not go on with wrong memory. The program's own maps are of unnamed temporary files, which no other process
    // can reach, and of files a user names for one reading.
    unsafe { Mmap::map(file) }
}
