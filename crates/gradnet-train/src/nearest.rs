//! "Did you mean": the known name closest to an unknown one.

use std::path::{Path, PathBuf};

/// The name among `known` that is closest to `name`, if one is close enough to be a slip of the fingers.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase().replace(['-', ' '], "_");
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&name, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

/// The entry of a path's folder that was probably meant, among those that suit.
pub(crate) fn nearest_file(path: &Path, suits: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let entries = std::fs::read_dir(folder).ok()?.flatten();
    let there: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| suits(path))
        .collect();
    let names = there.iter().filter_map(|path| path.file_name()?.to_str());
    let near = nearest(path.file_name()?.to_str()?, names)?;
    Some(path.with_file_name(near))
}

/// What other programs call some settings.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("batch_size", "batch"),
    ("budget", "parameters"),
    ("d", "dim"),
    ("dimension", "dim"),
    ("hidden", "width"),
    ("hidden_size", "width"),
    ("iterations", "steps"),
    ("lr", "learning_rate"),
    ("rate", "learning_rate"),
    ("units", "width"),
];

/// Lists longer than this are walls of text in a report.
const SHORT: usize = 10;

/// The remedy for an unknown name of a `kind` ("key", "network"): the nearest known one if there is one, and where to
/// find all.
pub(crate) fn remedy(kind: &str, name: &str, known: &[&str]) -> String {
    let other = OTHER_NAMES
        .iter()
        .find(|(other, here)| *other == name && known.contains(here));
    let near = match other {
        Some((_, here)) => Some(*here),
        None => nearest(name, known.iter().copied()),
    };
    let all = all(kind, known);
    match near {
        Some(near) => format!("did you mean `{near}`? ({all})"),
        None if known.is_empty() => "there is nothing to set here: remove the line".to_owned(),
        None => all,
    }
}

/// All known names, or the command that lists them.
pub(crate) fn all(kind: &str, known: &[&str]) -> String {
    match known.len() {
        0..=SHORT => format!("known: {}", known.join(", ")),
        _ if kind == "key" => "`gradnet config schema` lists all keys".into(),
        _ => format!("`gradnet list {kind}s` lists all {kind}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transposition_and_a_missing_underscore_find_their_name() {
        let known = ["steps", "batch", "learning_rate"];
        assert_eq!(nearest("stpes", known), Some("steps"));
        assert_eq!(nearest("learningrate", known), Some("learning_rate"));
        assert_eq!(nearest("learning-rate", known), Some("learning_rate"));
    }

    #[test]
    fn an_unlike_name_finds_none() {
        assert_eq!(nearest("momentum", ["steps", "batch"]), None);
    }
}
