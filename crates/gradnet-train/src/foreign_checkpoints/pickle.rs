//! The values of a pickle, as data.
//!
//! What a pickle would have Python call is a value like any other here: [`Object`] keeps the name
//! and the arguments. So objects of packages nobody has installed, which trainers save beside the
//! weights, do no harm, and neither does a pickle that names `os.system`.

use super::unpickle::unpickle;

/// Characters of a key, at most: what follows is left out.
const LONGEST_KEY: usize = 200;

/// The place of a value among [`Pickle::nodes`]. Whatever a pickle refers to twice is one value.
pub(super) type Id = u32;

/// A value.
#[derive(Debug)]
pub(super) enum Node {
    /// None or a float: nothing here asks for them.
    Other,
    /// A truth value.
    Bool(bool),
    /// An integer of at most 64 bits.
    Int(i64),
    /// A text.
    Text(String),
    /// Bytes, or an integer of more than 64 bits in little-endian order.
    Bytes(Vec<u8>),
    /// A list, tuple or set.
    List(Vec<Id>),
    /// A dictionary.
    Dict(Vec<(Id, Id)>),
    /// A class or function: "module.name".
    Class(String),
    /// What a call of a class or function gives.
    Object(Box<Object>),
    /// Something that lies outside the pickle, under this name.
    Persistent(Id),
}

/// What a call of a class or function gives, and what was put into it.
#[derive(Debug)]
pub(super) struct Object {
    /// What was called.
    pub(super) class: Id,
    /// With which arguments.
    pub(super) arguments: Id,
    /// Its items, if it is a kind of dictionary.
    pub(super) entries: Vec<(Id, Id)>,
    /// Its attributes, or whatever else it is told to restore itself from.
    pub(super) state: Option<Id>,
}

/// A pickle's values.
#[derive(Debug)]
pub(super) struct Pickle {
    nodes: Vec<Node>,
    /// The value it stands for.
    pub(super) root: Id,
}

impl Pickle {
    /// Reads the pickle that begins at `start`, and where it ends.
    ///
    /// # Errors
    /// What is wrong with the bytes.
    pub(super) fn read(bytes: &[u8], start: usize) -> Result<(Self, usize), String> {
        let (nodes, root, end) = unpickle(bytes, start)?;
        Ok((Self { nodes, root }, end))
    }

    /// A value.
    pub(super) fn node(&self, id: Id) -> &Node {
        &self.nodes[id as usize]
    }

    /// All values.
    pub(super) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The values of a list or tuple; none of anything else.
    pub(super) fn list(&self, id: Id) -> &[Id] {
        match self.node(id) {
            Node::List(items) => items,
            _ => &[],
        }
    }

    /// The items of a dictionary of any kind; none of anything else.
    pub(super) fn entries(&self, id: Id) -> &[(Id, Id)] {
        match self.node(id) {
            Node::Dict(entries) => entries,
            Node::Object(object) => &object.entries,
            _ => &[],
        }
    }

    /// The name of a class; empty for anything else.
    pub(super) fn class(&self, id: Id) -> &str {
        match self.node(id) {
            Node::Class(name) => name,
            _ => "",
        }
    }

    /// Bytes, which protocol 2 writes as `_codecs.encode(text, "latin1")`.
    pub(super) fn bytes(&self, id: Id) -> Option<Vec<u8>> {
        match self.node(id) {
            Node::Bytes(bytes) => Some(bytes.clone()),
            Node::Object(call) if self.class(call.class) == "_codecs.encode" => {
                match self.node(*self.list(call.arguments).first()?) {
                    Node::Text(text) => text.chars().map(|c| u8::try_from(c).ok()).collect(),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// An integer that is a size or a place.
    pub(super) fn size(&self, id: Id) -> Option<usize> {
        match self.node(id) {
            Node::Int(value) => usize::try_from(*value).ok(),
            _ => None,
        }
    }

    /// A value as the key of a dictionary.
    pub(super) fn key(&self, id: Id) -> String {
        match self.node(id) {
            Node::Text(text) => text.chars().take(LONGEST_KEY).collect(),
            Node::Int(value) => value.to_string(),
            Node::Class(name) => name.clone(),
            _ => "?".into(),
        }
    }
}
