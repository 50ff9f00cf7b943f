//! A config for the energy of a user's own recorded paths.

use super::config::{DynamicsConfig, PathsFile};
use super::examination::examine;
use super::kind::Kind;
use super::table::{self, NAMING};
use crate::data::file::{PointTable, listed};
use crate::files::FileError;
use crate::task::draft::{
    Draft, Input, Request, Size, Template, Training, list, told, toml_text, unfit,
};

/// The template.
pub(super) const TEMPLATE: Template = Template {
    inputs: &[Input::needed("data", "recorded paths, one row per sample")],
    columns: &["x", "number", "time"],
    network: "gradnet_c",
    draft,
};

/// Paths that a training needs: one to train on and one for each of the parts held out.
const FEWEST: usize = 3;

/// Names of the columns with the path's number and with the time, the usual ones first.
const NUMBERS: [&str; 6] = ["path", "run", "trajectory", "traj", "episode", "id"];
const TIMES: [&str; 5] = ["time", "t", "time_s", "seconds", "timestamp"];

/// The names given, or the first of the usual ones that the file has.
fn named(request: &Request) -> Result<PathsFile, FileError> {
    let tried = |given: &Option<String>, usual: &[&str]| match given {
        Some(given) => vec![given.clone()],
        None => usual.iter().map(ToString::to_string).collect(),
    };
    let times = tried(&request.time, &TIMES);
    let mut first = None;
    for number in tried(&request.number, &NUMBERS) {
        for time in &times {
            let names = PathsFile {
                path: request.file("data").into(),
                number: number.clone(),
                time: time.clone(),
                ..PathsFile::default()
            };
            match table::dim(&names) {
                Ok(_) => return Ok(names),
                Err(error) => first = first.or(Some(error)),
            }
        }
    }
    let mut error = first.expect("some name is tried");
    if let FileError::Column { remedy, .. } = &mut error {
        *remedy = format!(
            "name the column that numbers the paths with --number NAME and that of the times with --time NAME; {remedy}"
        );
    }
    Err(error)
}

fn draft(request: &Request) -> Result<Draft, FileError> {
    let file = request.file("data");
    let names = named(request)?;
    let state = match request.x.as_slice() {
        [] => {
            // A table of points leaves out what seems to number its rows, which is another question here.
            let (columns, _) = PointTable::columns(file, &[], NAMING.reading(request.header))?;
            let is_state = |name: &String| *name != names.number && *name != names.time;
            columns.x.into_iter().filter(is_state).collect()
        }
        given => given.to_vec(),
    };
    if state.is_empty() {
        let reason = format!(
            "no column is left for the state beside `{}` and `{}`",
            names.number, names.time
        );
        return Err(unfit(
            file,
            reason,
            "name the columns of the state with --x q,p",
        ));
    }
    let config = PathsFile {
        path: file.into(),
        state,
        ..names
    };
    let paths = table::read(&config)?;
    let (count, dim) = (paths.paths.len(), paths.states.len());
    if count < FEWEST {
        let reason = format!(
            "it has {count} paths; a training needs at least {FEWEST}: one to train on, one that chooses the weights and one for the errors"
        );
        let remedy = "record more paths, or give the pieces of one path numbers of their own";
        return Err(unfit(file, reason, remedy));
    }
    let samples: usize = paths.paths.iter().map(|path| path.len()).sum();
    let shortest = paths.paths.iter().map(|path| path.len()).min();
    let horizon = shortest.unwrap_or_default().saturating_sub(1).clamp(1, 10);
    // A share of a fifth, or one path of few.
    let share = (1.0 / count as f64).max(0.2);
    let (kind, name, order) = match dim % 2 {
        0 => (
            Kind::Hamiltonian,
            "hamiltonian",
            "positions, then momenta in the same order",
        ),
        _ => (Kind::GradientFlow, "gradient_flow", "the coordinates"),
    };
    let dynamics = DynamicsConfig {
        kind,
        horizon,
        file: Some(config.clone()),
        ..DynamicsConfig::default()
    };
    let all: Vec<_> = paths.paths.iter().collect();
    let findings = examine(&dynamics, &all, &paths.states);
    Ok(Draft {
        told: format!(
            "Learns the energy behind the paths in {}: {count} paths, {samples} samples, {dim} coordinates",
            request.in_comment(file)
        ),
        then: ", predict paths with `gradnet rollout`",
        named_after: file.into(),
        tables: format!(
            r#"[dynamics]
# "hamiltonian", "separable" (an energy of the positions and one of the momenta), "dissipative" (with friction on the momenta) or
# "gradient_flow" (straight down a potential; for a state of any number of coordinates).
kind = "{name}"
# Samples that a path is followed over.
horizon = {horizon}
# Shares of the paths that are held out: one chooses the weights, the other gives the reported errors. The rest trains.
validation = {share:.2}
test = {share:.2}

[dynamics.file]
# Relative to this config's folder.
path = {path}
# The columns with the number of the path and with the time.
number = {number}
time = {time}
# The columns (or arrays) with the state: {order}.
state = {state}
"#,
            path = request.quoted(file),
            number = toml_text(&config.number),
            time = toml_text(&config.time),
            state = list(&config.state),
        ),
        network: "gradnet_c and gradnet_m learn any energy, mgradnet_m a convex one".into(),
        size: Size::Rows { rows: samples, dim },
        train: Training {
            steps: 3000,
            of: "windows",
            batch: 50,
            learning_rate: 0.02,
            points: None,
        },
        evaluation: String::new(),
        notes: told(
            vec![format!(
                "{}: paths `{}`, times `{}`, state {}",
                file.display(),
                config.number,
                config.time,
                listed(&config.state)
            )],
            &findings,
        ),
    })
}
