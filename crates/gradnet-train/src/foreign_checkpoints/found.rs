//! Where in a checkpoint a network's state was found, or why none was taken.

use super::pytorch::join;

/// The state of a network in a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The keys that lead to it, joined by dots; empty at the top.
    pub nest: String,
    /// What was taken off its names, such as "model.".
    pub prefix: String,
    /// Wrappers whose names were left out between the parts of the others.
    pub wrappers: Vec<&'static str>,
    /// What its numbers are: "float32", or several such names.
    pub numbers: String,
    /// Each array's name in the nesting and in the network.
    pub(super) names: Vec<(String, String)>,
    pub(super) dim: usize,
}

impl Found {
    /// What `--key` calls it.
    pub fn key(&self) -> String {
        key(&self.nest, &self.prefix)
    }
}

/// Why no state was taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SearchError {
    /// There are no arrays in the file.
    #[error("it holds no arrays")]
    Empty,
    /// Nothing lies under the key.
    #[error("it holds no arrays under `{key}`; there are {nests}")]
    Key {
        /// The key asked for.
        key: String,
        /// A key like it.
        near: Option<String>,
        /// Where there are arrays.
        nests: String,
    },
    /// More than one state fits.
    #[error("it holds {} states of {network}: `{}`", keys.len(), keys.join("`, `"))]
    Several {
        /// The network asked for.
        network: String,
        /// What `--key` calls them.
        keys: Vec<String>,
    },
    /// No state fits.
    #[error("it holds no {network}: {nearest}; it has arrays in {nests}")]
    None {
        /// The network asked for.
        network: String,
        /// What fits best, and what it lacks.
        nearest: String,
        /// Where there are arrays.
        nests: String,
        /// Networks that fit instead.
        others: Vec<&'static str>,
    },
}

impl SearchError {
    /// What the user can do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Key {
                near: Some(near), ..
            } => format!("did you mean --key {near}?"),
            Self::Key { .. } => "name one of these with --key, or leave it out".into(),
            Self::Several { keys, .. } => {
                format!(
                    "choose one with --key, for instance --key {}",
                    quoted(&keys[0])
                )
            }
            Self::None { others, .. } if !others.is_empty() => format!(
                "its names and shapes are those of {}: name the one it was saved from with \
                 --network",
                others.join(" and ")
            ),
            Self::Empty | Self::None { .. } => "save the weights with \
                torch.save(network.state_dict(), file), under the names of the released code \
                (docs/interchange.md)"
                .into(),
        }
    }
}

/// A key as a shell takes it.
fn quoted(key: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "._-/".contains(c);
    match key.chars().all(plain) {
        true => key.to_owned(),
        false => format!("'{}'", key.replace('\'', r"'\''")),
    }
}

/// A nesting and a prefix of its names as one path; "." at the top.
pub(super) fn key(nest: &str, prefix: &str) -> String {
    match join(nest, prefix.trim_end_matches('.')) {
        path if path.is_empty() => ".".into(),
        path => path,
    }
}
