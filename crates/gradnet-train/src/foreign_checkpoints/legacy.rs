//! Files of PyTorch before 1.6: five pickles one after another, then the storages.

use std::collections::HashMap;
use std::ops::Range;

use super::pickle::{Id, Node, Pickle};

/// The number with which a file of before PyTorch 1.6 begins.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/// A file of before PyTorch 1.6: magic number, version, the machine, the values, keys, storages.
pub(super) struct Legacy {
    pub(super) pickle: Pickle,
    pub(super) storages: HashMap<String, Range<usize>>,
    pub(super) big_endian: bool,
}

impl Legacy {
    /// None if the bytes are not such a file.
    pub(super) fn read(bytes: &[u8]) -> Result<Option<Self>, String> {
        let (magic, end) = Pickle::read(bytes, 0)?;
        if !matches!(magic.node(magic.root), Node::Bytes(number) if *number == MAGIC) {
            return Ok(None);
        }
        let (_, end) = Pickle::read(bytes, end)?;
        let (machine, end) = Pickle::read(bytes, end)?;
        let order = machine.entries(machine.root).iter();
        let order = order.filter(|(key, _)| machine.key(*key) == "little_endian");
        let big_endian = order
            .map(|(_, little)| machine.node(*little))
            .any(|little| matches!(little, Node::Bool(false)));
        let (pickle, end) = Pickle::read(bytes, end)?;
        let (keys, mut at) = Pickle::read(bytes, end)?;
        let widths: HashMap<String, usize> = pickle
            .nodes()
            .iter()
            .filter_map(|node| match node {
                Node::Persistent(name) => Reference::new(&pickle, *name),
                _ => None,
            })
            .map(|storage| (storage.key, storage_bytes(&storage.kind)))
            .collect();
        let mut storages = HashMap::new();
        for key in keys.list(keys.root) {
            let key = keys.key(*key);
            let width = widths.get(&key).copied().unwrap_or(0);
            let range = bytes.get(at..at + 8).and_then(|count| {
                let count = u64::from_le_bytes(count.try_into().ok()?);
                let end = usize::try_from(count)
                    .ok()?
                    .checked_mul(width)?
                    .checked_add(at + 8)?;
                (width > 0 && end <= bytes.len()).then_some(at + 8..end)
            });
            let range = range.ok_or_else(|| format!("its storage {key} is cut off"))?;
            at = range.end;
            storages.insert(key, range);
        }
        Ok(Some(Self {
            pickle,
            storages,
            big_endian,
        }))
    }
}

/// What a tensor says of its storage: ("storage", class, key, device, count, view).
pub(super) struct Reference {
    pub(super) kind: String,
    pub(super) key: String,
    pub(super) view: usize,
}

impl Reference {
    pub(super) fn new(pickle: &Pickle, name: Id) -> Option<Self> {
        let [_, class, key, _, _, view @ ..] = pickle.list(name) else {
            return None;
        };
        let view = view.first().and_then(|view| pickle.list(*view).get(1));
        Some(Self {
            kind: last_part(pickle.class(*class)).to_owned(),
            key: pickle.key(*key),
            view: view.and_then(|offset| pickle.size(*offset)).unwrap_or(0),
        })
    }
}

/// The last part of a dotted name.
pub(super) fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// Bytes of one element of a storage of that class.
fn storage_bytes(kind: &str) -> usize {
    match kind {
        "ComplexDoubleStorage" => 16,
        "DoubleStorage" | "LongStorage" | "ComplexFloatStorage" => 8,
        "FloatStorage" | "IntStorage" | "QInt32Storage" => 4,
        "HalfStorage" | "BFloat16Storage" | "ShortStorage" => 2,
        _ => 1,
    }
}
