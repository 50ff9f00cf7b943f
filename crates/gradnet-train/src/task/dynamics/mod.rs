//! Dynamics: a field learned from recorded paths, without derivatives.
//!
//! ```text
//! dx/dt = S ∇H(x) + B u        S by the kind (`kind`), ∇H the network, B and friction in closed form (`coefficients`)
//! ```
//!
//! Chaudhari, Pranav, Moura, IEEE TSP 2025, Sec. VII-B learn a Hamiltonian from exact derivatives; here there are
//! states and times alone. The loss follows the paths over windows (`loss::rollout`), or takes difference quotients
//! (`loss::midpoint`). Beside a result (`score`) stand the same numbers of standing still, of the best linear system
//! and, where the equations are known (`systems`), of the true field under the same method.
//!
//! | file | what it holds |
//! |---|---|
//! | `config`, `settings` | the table `[dynamics]` and its checks |
//! | `paths`, `table`, `systems` | paths, from a file or by seed |
//! | `units`, `examination` | the change of units that keeps the structure; what would ruin a fit |
//! | `kind`, `flow`, `step` | the structure, the flow, one step of time |
//! | `window`, `coefficients`, `loss` | pieces of paths and what a field is trained by |
//! | `predict`, `score`, `numbers` | predicted paths and their numbers |
//! | `shown` | paths for a report's page |
//! | `task` | all of it as a task |

mod coefficients;
mod config;
mod examination;
mod flow;
mod kind;
mod loss;
mod numbers;
mod paths;
mod predict;
mod score;
mod settings;
mod shown;
mod step;
mod systems;
mod table;
mod task;
mod template;
mod units;
mod window;

pub use coefficients::Coefficients;
pub use config::{DynamicsConfig, PathsFile, SystemPaths};
pub use flow::Flow;
pub use kind::Kind;
pub use loss::Loss;
pub(crate) use numbers::energy_at;
pub(crate) use score::square;
pub use shown::{ShownPath, ShownPaths};
pub use step::step;
pub use systems::System;
pub use task::Dynamics;
pub(crate) use task::{FRICTION, input_name};
pub(crate) use units::time as time_unit;
