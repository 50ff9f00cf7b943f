//! The commands under headings, in the order in which one needs them.

use clap::Command;

/// Headings and the commands under each.
pub(super) const GROUPS: [(&str, &[&str]); 5] = [
    ("Learn", &["train", "resume", "sweep", "config", "import"]),
    ("Use", &["predict", "verify", "eval", "report", "export"]),
    ("Look", &["list"]),
    ("Paper", &["reproduce", "bench"]),
    ("Shell", &["completions", "man", "help"]),
];

/// The command with its help in groups; clap itself knows one list only.
pub(super) fn grouped(command: Command) -> Command {
    let mut text = String::new();
    for (heading, names) in GROUPS {
        text.push_str(&format!("{heading}:\n"));
        for name in names {
            let about = match command.find_subcommand(name).and_then(Command::get_about) {
                Some(about) => about.to_string(),
                None => "Print the help of a command".into(),
            };
            text.push_str(&format!("  {name:13} {about}\n"));
        }
        text.push('\n');
    }
    command.help_template(format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{text}Options:\n{{options}}{{after-help}}"
    ))
}
