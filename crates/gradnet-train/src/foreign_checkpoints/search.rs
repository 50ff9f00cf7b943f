//! Which of a checkpoint's arrays are the state of a released network.
//!
//! Trainers put the state under a key (`state_dict`, `model`, ..) and wrappers put their own name
//! before every array's (`module.` of DataParallel, `_orig_mod.` of torch.compile, `model.` of a
//! Lightning module that holds the network). Here every nesting with every prefix is compared with
//! the names and shapes of the network, and the one that fits is taken.

use std::collections::{BTreeMap, BTreeSet};

use super::found::{Found, SearchError, key};
use super::pytorch::Nests;
use super::stored::Stored;
use crate::nearest::nearest;
use crate::registry::{RELEASED, ReleasedDifference, released_difference};

/// Wrappers that come between a module and its parts, whose names are left out wherever they are.
const WRAPPERS: [&str; 4] = [
    "module",
    "_orig_mod",
    "_fsdp_wrapped_module",
    "_checkpoint_wrapped_module",
];

/// Names that are shown of a list, at most.
const SHOWN: usize = 6;

/// Parts of a prefix, at most.
const LONGEST_PREFIX: usize = 8;

/// Finds the state, see [`Checkpoint::find`](super::Checkpoint::find).
pub(super) fn search(
    nests: &Nests,
    network: &str,
    dim: usize,
    wanted: Option<&str>,
) -> Result<Found, SearchError> {
    if nests.values().all(BTreeMap::is_empty) {
        return Err(SearchError::Empty);
    }
    let keys: BTreeSet<String> = nests
        .iter()
        .flat_map(|(nest, arrays)| {
            prefixes(arrays)
                .into_iter()
                .map(|prefix| key(nest, &prefix))
        })
        .collect();
    let wanted = wanted
        .map(|wanted| wanted.trim_end_matches('.'))
        .map(|wanted| match wanted {
            "" => ".",
            wanted => wanted,
        });
    if let Some(wanted) = wanted
        && !keys.iter().any(|key| below(key, wanted))
    {
        return Err(SearchError::Key {
            key: wanted.into(),
            near: nearest(wanted, keys.iter().map(String::as_str)).map(str::to_owned),
            nests: listed(nests),
        });
    }
    let (mut fitting, closest) = fits(nests, network, wanted);
    if fitting
        .iter()
        .any(|found| Some(found.key().as_str()) == wanted)
    {
        fitting.retain(|found| Some(found.key().as_str()) == wanted);
    }
    if fitting.iter().any(|found| found.dim == dim) {
        fitting.retain(|found| found.dim == dim);
    }
    match fitting.len() {
        1 => Ok(fitting.remove(0)),
        0 => {
            let others = RELEASED
                .into_iter()
                .filter(|other| !fits(nests, other, wanted).0.is_empty());
            Err(SearchError::None {
                network: network.into(),
                nearest: closest.unwrap_or_else(|| none_of(network)),
                nests: listed(nests),
                others: others.collect(),
            })
        }
        _ => Err(SearchError::Several {
            network: network.into(),
            keys: fitting.iter().map(Found::key).collect(),
        }),
    }
}

/// What to say where not a single name is the network's.
fn none_of(network: &str) -> String {
    let wanted = released_difference(network, &BTreeMap::new()).unwrap_or_default();
    let wanted = wanted.missing.into_iter().map(|name| format!("`{name}`"));
    format!(
        "none of its names is one of that network's ({}, ..)",
        some(wanted)
    )
}

/// Whether a key is the one that is wanted, or leads on from it.
fn below(key: &str, wanted: &str) -> bool {
    key.strip_prefix(wanted)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Every state that fits, and a sentence about the nearest if none does.
fn fits(nests: &Nests, network: &str, wanted: Option<&str>) -> (Vec<Found>, Option<String>) {
    let mut fitting: Vec<Found> = Vec::new();
    let mut closest: Option<(usize, usize, String)> = None;
    for (nest, arrays) in nests {
        let before = fitting.len();
        // The longest prefix first: what wrappers have put before all names is told as a prefix.
        for prefix in prefixes(arrays).iter().rev() {
            let key = key(nest, prefix);
            if wanted.is_some_and(|wanted| !below(&key, wanted)) {
                continue;
            }
            let names: Vec<(String, String)> = arrays
                .range(prefix.clone()..)
                .take_while(|(name, _)| name.starts_with(prefix.as_str()))
                .map(|(name, _)| (name.clone(), unwrapped(&name[prefix.len()..])))
                .collect();
            let shapes: BTreeMap<&str, &[usize]> = names
                .iter()
                .map(|(name, ours)| (ours.as_str(), arrays[name].shape.as_slice()))
                .collect();
            let Some(difference) = released_difference(network, &shapes) else {
                continue;
            };
            if difference.is_none() && shapes.len() == names.len() {
                let same = |found: &Found| {
                    found.names.len() == names.len() && found.names[0].0 == names[0].0
                };
                if !fitting[before..].iter().any(same) {
                    fitting.push(Found {
                        nest: nest.clone(),
                        prefix: prefix.clone(),
                        wrappers: wrappers(&names, prefix.len()),
                        numbers: numbers(arrays, &names),
                        names,
                        dim: difference.dim,
                    });
                }
                continue;
            }
            let wrong = difference.count();
            let nearer = |(matched, faults, _): &(usize, usize, String)| {
                (difference.matched, *faults) > (*matched, wrong)
            };
            if difference.matched > 0 && closest.as_ref().is_none_or(nearer) {
                let text = format!(
                    "the nearest is {}, where {}",
                    place(nest, prefix),
                    told(&difference)
                );
                closest = Some((difference.matched, wrong, text));
            }
        }
    }
    (fitting, closest.map(|(_, _, text)| text))
}

/// All prefixes of the names that end with a part.
fn prefixes(arrays: &BTreeMap<String, Stored>) -> BTreeSet<String> {
    let ends = arrays.keys().flat_map(|name| {
        name.match_indices('.')
            .take(LONGEST_PREFIX)
            .map(|(dot, _)| name[..=dot].to_owned())
    });
    ends.chain([String::new()]).collect()
}

/// A name without the wrappers between its parts.
fn unwrapped(name: &str) -> String {
    let parts: Vec<&str> = name
        .split('.')
        .filter(|part| !WRAPPERS.contains(part))
        .collect();
    parts.join(".")
}

/// The wrappers in names, after their prefix.
fn wrappers(names: &[(String, String)], prefix: usize) -> Vec<&'static str> {
    let within = |wrapper: &&str| {
        names
            .iter()
            .any(|(name, _)| name[prefix..].split('.').any(|part| part == *wrapper))
    };
    WRAPPERS.into_iter().filter(within).collect()
}

fn numbers(arrays: &BTreeMap<String, Stored>, names: &[(String, String)]) -> String {
    let kinds: BTreeSet<&str> = names
        .iter()
        .map(|(name, _)| arrays[name].number.name())
        .collect();
    kinds.into_iter().collect::<Vec<_>>().join(" and ")
}

/// A nesting with a prefix in words.
fn place(nest: &str, prefix: &str) -> String {
    let nest = match nest {
        "" => "the top of the file".to_owned(),
        nest => format!("`{nest}`"),
    };
    match prefix {
        "" => nest,
        prefix => format!("{nest} without the prefix `{prefix}`"),
    }
}

fn told(difference: &ReleasedDifference) -> String {
    let parts = [
        ("missing", &difference.missing),
        ("unknown", &difference.unknown),
        ("of another shape", &difference.misshapen),
    ];
    let parts = parts.into_iter().filter(|(_, names)| !names.is_empty());
    let parts = parts.map(|(what, names)| {
        let verb = if names.len() == 1 { "is" } else { "are" };
        format!(
            "{} {verb} {what}",
            some(names.iter().map(|name| format!("`{name}`")))
        )
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// The nestings, those with most arrays first.
fn listed(nests: &Nests) -> String {
    let mut nests: Vec<(&String, usize)> = nests
        .iter()
        .map(|(nest, arrays)| (nest, arrays.len()))
        .collect();
    nests.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    some(
        nests
            .into_iter()
            .map(|(nest, count)| format!("{} ({count})", place(nest, ""))),
    )
}

/// The first few of a list.
fn some(all: impl ExactSizeIterator<Item = String>) -> String {
    let more = all.len().saturating_sub(SHOWN);
    let mut text = all.take(SHOWN).collect::<Vec<_>>().join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}
