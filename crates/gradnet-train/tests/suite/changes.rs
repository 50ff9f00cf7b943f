//! Random changes of a file's bytes.

use proptest::prelude::*;

/// One change of a file's bytes.
#[derive(Clone, Debug)]
pub enum Change {
    /// Another byte at a place.
    Set(usize, u8),
    /// An end.
    Cut(usize),
    /// More bytes at a place.
    Insert(usize, Vec<u8>),
    /// A piece twice.
    Repeat(usize, usize),
    /// A number of 64 bits over what is there, such as a length.
    Number(usize, u64),
}

/// Any change.
pub fn change() -> impl Strategy<Value = Change> {
    let extremes = prop_oneof![
        Just(0),
        Just(u64::MAX),
        Just(u64::MAX / 2 + 1),
        Just(u64::from(u32::MAX)),
        any::<u64>()
    ];
    prop_oneof![
        4 => (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        1 => any::<usize>().prop_map(Change::Cut),
        1 => (any::<usize>(), prop::collection::vec(any::<u8>(), 1..20))
            .prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        1 => (any::<usize>(), any::<usize>()).prop_map(|(at, length)| Change::Repeat(at, length)),
        2 => (any::<usize>(), extremes).prop_map(|(at, number)| Change::Number(at, number)),
    ]
}

/// The bytes after these changes.
pub fn changed(mut bytes: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        let length = bytes.len().max(1);
        match change {
            Change::Set(at, byte) => {
                if let Some(place) = bytes.get_mut(at % length) {
                    *place = *byte;
                }
            }
            Change::Cut(at) => bytes.truncate(at % length),
            Change::Insert(at, more) => {
                let at = (at % length).min(bytes.len());
                bytes.splice(at..at, more.iter().copied());
            }
            Change::Repeat(at, count) => {
                let at = (at % length).min(bytes.len());
                let end = (at + count % 64).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            Change::Number(at, number) => {
                let at = at % length;
                let little = number.to_le_bytes();
                for (place, byte) in bytes.iter_mut().skip(at).zip(little) {
                    *place = byte;
                }
            }
        }
    }
    bytes
}
