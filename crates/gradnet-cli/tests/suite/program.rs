//! The program under test, run in a folder with a fixed environment.

use std::path::Path;

use assert_cmd::Command;

/// What a run of the program left behind.
pub struct Ran {
    /// The exit code.
    pub code: i32,
    /// What it printed as data.
    pub stdout: String,
    /// What it said otherwise.
    pub stderr: String,
}

impl Ran {
    /// What a process that ended by itself left behind.
    pub fn of(output: std::process::Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Runs `gradnet` with `arguments` in `folder`: no terminal, so reports are 80 columns wide and plain.
pub fn gradnet(folder: &Path, arguments: &[&str]) -> Ran {
    Ran::of(command(folder).args(arguments).output().unwrap())
}

/// The program in `folder`, ready for arguments.
pub fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gradnet"));
    command
        .current_dir(folder)
        .env_remove("CLICOLOR_FORCE")
        .env_remove("CI")
        .env("NO_COLOR", "1");
    command
}
