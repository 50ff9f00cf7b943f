//! `gradnet completions` and `gradnet man`: both come from the definition of the command line itself.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use clap_complete::Shell;

use crate::arguments::Arguments;
use crate::diagnostics::Failure;
use crate::output;

/// Prints the completions of a shell.
pub fn completions(shell: Shell) -> Result<ExitCode, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::definition(), "gradnet", &mut text);
    io::Write::write_all(&mut io::stdout().lock(), &text)?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a manual page for the program and one for each command.
pub fn manual(folder: &Path) -> Result<ExitCode, Failure> {
    let failed = |error: io::Error| {
        Failure::input(
            format!("cannot write to {}: {error}", folder.display()),
            "choose a folder you may write to",
        )
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    clap_mangen::generate_to(Arguments::definition(), folder).map_err(failed)?;
    output::line(format_args!("manual pages in {}", folder.display()))?;
    Ok(ExitCode::SUCCESS)
}
