//! The commands under headings, in the order in which one needs them.

use clap::Command;

/// Headings and the commands under each.
pub(super) const GROUPS: [(&str, &[&str]); 5] = [
    ("Learn", &["train", "resume", "sweep", "config", "import"]),
    (
        "Use",
        &[
            "predict", "rollout", "tune", "solve", "sample", "verify", "eval", "report", "export",
        ],
    ),
    ("Look", &["list"]),
    ("Paper", &["reproduce", "bench"]),
    ("Shell", &["completions", "man", "help"]),
];

/// The command with its help in groups; clap itself knows one list only.
///
/// clap does not wrap a template, so that every line has to fit into 80 columns.
pub(super) fn grouped(command: Command) -> Command {
    let styles = command.get_styles();
    let (header, literal) = (styles.get_header(), styles.get_literal());
    let mut text = String::new();
    for (heading, names) in GROUPS {
        text.push_str(&format!("{header}{heading}:{header:#}\n"));
        for name in names {
            let about = match command.find_subcommand(name).and_then(Command::get_about) {
                Some(about) => about.to_string(),
                None => "Print the help of a command".into(),
            };
            text.push_str(&format!("  {literal}{name:13}{literal:#} {about}\n"));
        }
        text.push('\n');
    }
    text.push_str(&format!("{header}Options:{header:#}"));
    command.help_template(format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{text}\n{{options}}{{after-help}}"
    ))
}
