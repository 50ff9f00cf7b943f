//! The paper's tables and figures, each reproduced by one call.
//!
//! ```text
//! grid (grids/*.toml)  -->  cells: network x dimension x rate x settings x seed  -->  records, a JSON file each  -->  table  -->  Markdown, CSV, JSON
//! ```
//!
//! A cell is one training run, and its record is written the moment it ends: a reproduction that is killed goes on where it stopped, a cell that
//! was interrupted at its last checkpoint. A record belongs to a cell if everything that decides its numbers is the same ([`Identity`]). Settings and
//! learning rate are chosen by the error on the validation draw of seed 0, never by the test error; the further seeds are trained with the choice.
//! The grids stand in files of their own beside the published numbers, in the words of a config file.

mod cell;
mod grid;
mod identity;
mod plan;
mod record;
mod runner;
mod table;

#[cfg(test)]
mod tests;

pub use cell::{Candidate, Cell};
pub use grid::{Grid, GridNetwork, Measure, Published, Unit};
pub use identity::Identity;
pub use plan::{Plan, Selection};
pub use record::{OrbitScore, Record, Store};
pub use runner::{Options, Progress, ReproduceError, Silent, Watch, reproduce};
pub use table::{FieldRow, OrbitRow, Rows, Table};
