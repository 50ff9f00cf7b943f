//! A table of a page: a caption, headings, and rows of which the first column names and the others count.

use serde::Serialize;

/// The table, as texts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Table {
    caption: String,
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(
        caption: impl Into<String>,
        head: &[&str],
        rows: impl Iterator<Item = Vec<String>>,
    ) -> Self {
        Self {
            caption: caption.into(),
            head: head.iter().map(|text| (*text).to_owned()).collect(),
            rows: rows.collect(),
        }
    }
}
