//! What `torch.save`, `torch.jit.save` and `pickle.dump` write, as arrays with names.
//!
//! | container | values | numbers |
//! |---|---|---|
//! | zip (PyTorch 1.6 and later, TorchScript) | the entry `data.pkl` | entries `data/KEY` |
//! | pickles one after another (before 1.6) | the fourth pickle | after the fifth, storage by storage |
//! | one pickle (`pickle.dump`) | itself | in it |
//!
//! Dictionaries and lists nest: each that has arrays is a [`Nests`] entry under its path. A module
//! that was saved as an object counts as its `state_dict()`.

use std::collections::BTreeMap;
use std::io::Read;

use zip::ZipArchive;

use super::legacy::{Legacy, Reference, last_part};
use super::numpy;
use super::pickle::{Id, Node, Object, Pickle};
use super::stored::{Number, Place, Stored};

/// The arrays of each nesting, by their names in it.
pub(super) type Nests = BTreeMap<String, BTreeMap<String, Stored>>;

/// Bytes of a pickle, at most: arrays lie outside it.
const LONGEST_PICKLE: u64 = 1 << 27;

/// Dictionaries within dictionaries, at most.
const DEEPEST: usize = 64;

/// Values looked at, at most: what is referred to twice is looked at twice.
const MOST_VISITS: usize = 1_000_000;

/// Reads a zip archive's pickle.
pub(super) fn read_zip(bytes: &[u8]) -> Result<Nests, String> {
    let mut archive = ZipArchive::new(std::io::Cursor::new(bytes))
        .map_err(|error| format!("it is no whole zip archive, as PyTorch saves ({error})"))?;
    let names = archive.file_names().filter_map(Result::ok);
    let names: Vec<String> = names.map(|name| name.into_owned()).collect();
    let pickles = names
        .iter()
        .filter(|name| name.rsplit('/').next() == Some("data.pkl"));
    let Some(entry) = pickles.min_by_key(|name| name.len()) else {
        let first = names.first().map_or("nothing", String::as_str);
        return Err(format!(
            "it is a zip archive, but none of PyTorch's: it holds {first}"
        ));
    };
    let folder = entry.trim_end_matches("data.pkl").to_owned();
    let pickle = unpack(&mut archive, entry, LONGEST_PICKLE)?;
    let order = format!("{folder}byteorder");
    let big_endian = names.contains(&order) && unpack(&mut archive, &order, 8)? == b"big";
    let (pickle, _) = Pickle::read(&pickle, 0)?;
    let entry = move |key: &str| Some(Place::Entry(format!("{folder}data/{key}")));
    Walk::new(&pickle, &entry, big_endian).nests()
}

/// At most so many bytes of an entry.
pub(super) fn unpack<R: Read + std::io::Seek>(
    archive: &mut ZipArchive<R>,
    name: &str,
    most: u64,
) -> Result<Vec<u8>, String> {
    let unreadable = |error: &dyn std::fmt::Display| format!("`{name}` cannot be read ({error})");
    let entry = archive.by_name(name).map_err(|error| unreadable(&error))?;
    let mut bytes = Vec::new();
    entry
        .take(most)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(&error))?;
    Ok(bytes)
}

/// Reads a file that is one pickle or several.
pub(super) fn read_pickles(bytes: &[u8]) -> Result<Nests, String> {
    if let Some(legacy) = Legacy::read(bytes)? {
        let place = |key: &str| legacy.storages.get(key).cloned().map(Place::File);
        return Walk::new(&legacy.pickle, &place, legacy.big_endian).nests();
    }
    let (pickle, _) = Pickle::read(bytes, 0)?;
    Walk::new(&pickle, &|_| None, false).nests()
}

/// The way through a pickle's values, from nesting to nesting.
struct Walk<'a> {
    pickle: &'a Pickle,
    /// Where the storage of that key is.
    place: &'a dyn Fn(&str) -> Option<Place>,
    big_endian: bool,
    nests: Nests,
    visits: usize,
}

impl<'a> Walk<'a> {
    fn new(pickle: &'a Pickle, place: &'a dyn Fn(&str) -> Option<Place>, big_endian: bool) -> Self {
        let (nests, visits) = (Nests::new(), 0);
        Self {
            pickle,
            place,
            big_endian,
            nests,
            visits,
        }
    }

    fn nests(mut self) -> Result<Nests, String> {
        self.visit(self.pickle.root, "", "", false, DEEPEST)?;
        Ok(self.nests)
    }

    /// Looks at what `nest` holds under `name`; `within` a module, names continue.
    fn visit(
        &mut self,
        id: Id,
        nest: &str,
        name: &str,
        within: bool,
        depth: usize,
    ) -> Result<(), String> {
        self.visits += 1;
        if self.visits > MOST_VISITS {
            return Err(format!(
                "it refers to its values more than {MOST_VISITS} times"
            ));
        }
        let Some(depth) = depth.checked_sub(1) else {
            return Ok(());
        };
        let pickle = self.pickle;
        if let Some(stored) = self.array(id) {
            let arrays = self.nests.entry(nest.to_owned()).or_default();
            arrays.insert(name.to_owned(), stored);
            return Ok(());
        }
        let inner = join(nest, name);
        for (key, value) in pickle.entries(id) {
            self.visit(*value, &inner, &pickle.key(*key), false, depth)?;
        }
        for (index, value) in pickle.list(id).iter().enumerate() {
            self.visit(*value, &inner, &index.to_string(), false, depth)?;
        }
        if let Node::Object(object) = pickle.node(id)
            && let Some(state) = object.state
        {
            let (nest, name) = if within {
                (nest, name)
            } else {
                (inner.as_str(), "")
            };
            for (key, value) in members(pickle, state) {
                self.visit(value, nest, &join(name, &key), true, depth)?;
            }
        }
        Ok(())
    }

    /// An array, if that is what the value is.
    fn array(&self, id: Id) -> Option<Stored> {
        let Node::Object(object) = self.pickle.node(id) else {
            return None;
        };
        self.called(self.pickle.class(object.class), object)
    }

    fn called(&self, class: &str, object: &Object) -> Option<Stored> {
        let arguments = self.pickle.list(object.arguments);
        match class {
            "torch._utils._rebuild_parameter" | "torch._utils._rebuild_parameter_with_state" => {
                self.array(*arguments.first()?)
            }
            // A subclass of Tensor: (function, type, its arguments, state).
            "torch._tensor._rebuild_from_type_v2" => {
                let inner = self.pickle.list(*arguments.get(2)?);
                self.tensor(self.pickle.class(*arguments.first()?), inner)
            }
            _ => self
                .tensor(class, arguments)
                .or_else(|| numpy::array(self.pickle, class, object)),
        }
    }

    /// `_rebuild_tensor(storage, offset, shape, stride, ..)`, in any of its versions.
    fn tensor(&self, class: &str, arguments: &[Id]) -> Option<Stored> {
        if !class.starts_with("torch._utils._rebuild_tensor") {
            return None;
        }
        let pickle = self.pickle;
        let [storage, offset, shape, stride, more @ ..] = arguments else {
            return None;
        };
        let sizes = |id: &Id| -> Option<Vec<usize>> {
            let sizes = pickle.list(*id).iter();
            sizes.map(|size| pickle.size(*size)).collect()
        };
        let (kind, view, place, big_endian) = self.storage(*storage)?;
        let kind = match more.get(2) {
            Some(dtype) if class.ends_with("_v3") => last_part(pickle.class(*dtype)).to_owned(),
            _ => kind,
        };
        Some(Stored {
            shape: sizes(shape)?,
            stride: sizes(stride)?,
            offset: pickle.size(*offset)?.checked_add(view)?,
            number: Number::named(&kind),
            big_endian,
            place,
        })
    }

    /// Class, offset, place and byte order of a storage, which lies outside the pickle or, after
    /// `pickle.dump`, in it as a file of its own.
    fn storage(&self, id: Id) -> Option<(String, usize, Place, bool)> {
        match self.pickle.node(id) {
            Node::Persistent(name) => {
                let storage = Reference::new(self.pickle, *name)?;
                let place = (self.place)(&storage.key)?;
                Some((storage.kind, storage.view, place, self.big_endian))
            }
            Node::Object(call)
                if self.pickle.class(call.class) == "torch.storage._load_from_bytes" =>
            {
                let file = self.pickle.list(call.arguments).first()?;
                let file = self.pickle.bytes(*file)?;
                let inner = Legacy::read(&file).ok()??;
                let Node::Persistent(name) = inner.pickle.node(inner.pickle.root) else {
                    return None;
                };
                let storage = Reference::new(&inner.pickle, *name)?;
                let range = inner.storages.get(&storage.key)?.clone();
                let place = Place::Here(file[range].to_vec());
                Some((storage.kind, storage.view, place, inner.big_endian))
            }
            _ => None,
        }
    }
}

/// The members of an object: of a `torch.nn.Module`, what its `state_dict()` has.
fn members(pickle: &Pickle, state: Id) -> Vec<(String, Id)> {
    let mut attributes: Vec<(String, Id)> = Vec::new();
    // With slots the state is two dictionaries.
    for part in std::iter::once(&state).chain(pickle.list(state)) {
        let entries = pickle.entries(*part).iter();
        attributes.extend(entries.map(|(key, value)| (pickle.key(*key), *value)));
    }
    let table = |name: &str| {
        attributes
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, id)| *id)
    };
    let tables = ["_parameters", "_buffers", "_modules"].map(table);
    let [Some(parameters), Some(buffers), Some(modules)] = tables else {
        return attributes;
    };
    // A set is a list, or a call with a list.
    let outside = table("_non_persistent_buffers_set").map(|set| match pickle.node(set) {
        Node::Object(call) => pickle.list(call.arguments).first().copied().unwrap_or(set),
        _ => set,
    });
    let outside = outside.map_or(&[][..], |names| pickle.list(names));
    let outside: Vec<String> = outside.iter().map(|name| pickle.key(*name)).collect();
    let tables = [parameters, buffers, modules];
    let entries = tables.iter().flat_map(|table| pickle.entries(*table));
    let entries = entries.map(|(key, value)| (pickle.key(*key), *value));
    entries.filter(|(key, _)| !outside.contains(key)).collect()
}

/// Two parts of a path.
pub(super) fn join(path: &str, name: &str) -> String {
    match (path, name) {
        ("", name) => name.to_owned(),
        (path, "") => path.to_owned(),
        (path, name) => format!("{path}.{name}"),
    }
}
