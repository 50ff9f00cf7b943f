//! The paper's tables and figures, each reproduced by one call.
//!
//! ```text
//! sweep (tables/*.toml) with the published numbers  -->  records, a JSON file each  -->  table  -->  Markdown, CSV, JSON
//! ```
//!
//! A table of the paper is a [`sweep`](gradnet_train::sweep) in a layout of its own: what is trained, found again and
//! chosen by validation is told there. Its file holds a table `[paper]` besides, with the published numbers and what is
//! measured.

mod denoising;
mod orbits;
mod paper;
mod results;
mod sweeps;
mod table;

#[cfg(test)]
mod tests;

use gradnet_train::sweep::{Filled, Options, SweepError, Watch, fill};

pub use denoising::Restored;
pub use orbits::{OrbitScore, Orbits};
pub use paper::{OrbitErrors, Paper, Published, Quantity, Selection, Unit};
pub use results::Results;
pub use sweeps::TaskTables;
pub use table::{Candidate, FieldRow, OrbitRow, Rows, Table};

/// Runs what a part of a table lacks and returns the whole table, which lies in the results folder as Markdown, CSV and
/// JSON after every cell.
///
/// # Errors
/// See [`SweepError`].
pub fn reproduce(
    paper: &Paper,
    selection: &Selection,
    results: &Results,
    options: &Options,
    watch: &dyn Watch,
) -> Result<Table, SweepError> {
    let store = results.store(paper);
    // The table shows whatever the results folder has, also of networks and dimensions not asked for now.
    let whole = paper.whole(selection).places()?;
    let written = || {
        let table = Table::new(paper, &Filled::of(&whole, &store)?);
        table.write(results)?;
        Ok(table)
    };
    let asked = paper.select(selection).places()?;
    let so_far = || written().map(|table| table.markdown());
    fill(&asked, &store, options, watch, &so_far)?;
    Ok(written()?)
}
