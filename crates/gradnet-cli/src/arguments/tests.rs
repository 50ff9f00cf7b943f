use super::groups::GROUPS;
use super::*;

fn visible(command: &clap::Command) -> Vec<String> {
    let shown = command.get_subcommands().filter(|c| !c.is_hide_set());
    shown.map(|c| c.get_name().to_owned()).collect()
}

#[test]
fn every_command_stands_under_one_heading() {
    let mut grouped: Vec<_> = GROUPS.iter().flat_map(|(_, names)| *names).collect();
    grouped.retain(|name| **name != "help");
    let mut commands = visible(&Arguments::command());
    grouped.sort_unstable();
    commands.sort_unstable();
    assert_eq!(grouped, commands.iter().collect::<Vec<_>>());
}

#[test]
fn the_list_of_commands_fits_into_80_columns() {
    let help = Arguments::definition().render_help().to_string();
    let list = help.lines().skip_while(|line| *line != "Learn:");
    let list: Vec<_> = list.take_while(|line| *line != "Options:").collect();
    assert!(list.len() > 15, "{help}");
    for line in list {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

/// Command lines in a text: the lines that begin with the program's name.
fn examples(text: &str) -> Vec<Vec<String>> {
    let lines = text.lines().map(str::trim);
    lines
        .filter(|line| line.starts_with("gradnet "))
        .map(|line| line.split_whitespace().map(str::to_owned).collect())
        .collect()
}

#[test]
fn every_command_has_an_example_that_is_read() {
    fn look(command: &clap::Command, path: &str) {
        let long = command
            .get_after_long_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        let examples = examples(&long);
        assert!(!examples.is_empty(), "{path} has no example");
        for example in examples {
            let line = example.join(" ");
            assert!(line.starts_with(path), "{path}: {line}");
            let read = Arguments::try_parse_from(&example);
            assert!(read.is_ok(), "{line}: {}", read.unwrap_err());
        }
        for inner in command.get_subcommands().filter(|c| !c.is_hide_set()) {
            look(inner, &format!("{path} {}", inner.get_name()));
        }
    }
    look(&Arguments::command(), "gradnet");
}

#[test]
fn every_command_is_in_the_list_of_commands() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/commands.md");
    let page = std::fs::read_to_string(file).unwrap();
    for name in visible(&Arguments::command()) {
        let is_named = [format!("`gradnet {name}"), format!("`{name} ")];
        assert!(is_named.iter().any(|text| page.contains(text)), "{name}");
    }
}

#[test]
fn what_was_typed_before_is_still_read() {
    for line in [
        "gradnet train --config configs/convex_d1024.toml",
        "gradnet train -c mine.toml --out runs/mine --backend wgpu",
        "gradnet train --resume runs/mine",
        "gradnet export runs/mine --to field.npz",
        "gradnet config init --data a.csv --out mine.toml",
        "gradnet config init --samples a.csv --x a,b -o mine.toml",
        "gradnet import --from a.pt --network gradnet_c --config c.toml --out runs/a",
        "gradnet reproduce table1 --out results",
        "gradnet networks --json",
        "gradnet targets",
        "gradnet devices --check --backend wgpu --dim 32",
    ] {
        let read = Arguments::try_parse_from(line.split_whitespace());
        assert!(read.is_ok(), "{line}: {}", read.unwrap_err());
    }
}

#[test]
fn nothing_is_said_twice() {
    Arguments::definition().debug_assert();
    for bad in [
        "gradnet train",
        "gradnet train a.toml --config b.toml --resume c",
        "gradnet resume",
    ] {
        assert!(
            Arguments::try_parse_from(bad.split_whitespace()).is_err(),
            "{bad}"
        );
    }
}

#[test]
fn networks_and_backends_are_listed_in_the_help() {
    let mut definition = Arguments::definition();
    let train = definition.find_subcommand_mut("train").unwrap();
    let help = train.render_long_help().to_string();
    for name in ["mgradnet_m", "gradnet_c", "ndarray", "wgpu", "flex"] {
        assert!(help.contains(name), "{name}: {help}");
    }
}

#[test]
fn only_networks_with_released_weights_are_offered_for_import() {
    let definition = Arguments::definition();
    let import = definition.find_subcommand("import").unwrap();
    let mut options = import.get_arguments();
    let network = options.find(|option| option.get_id() == "network").unwrap();
    let offered: Vec<_> = network.get_possible_values();
    let names: Vec<_> = offered.iter().map(|value| value.get_name()).collect();
    assert_eq!(
        names,
        [
            "gradnet_c",
            "gradnet_m",
            "mgradnet_c",
            "mgradnet_m",
            "patch_ridge",
            "patch_weak_ridge"
        ]
    );
}

#[test]
fn colours_are_known_before_the_arguments_are_read() {
    let asked = |line: &str| asked_color(line.split_whitespace().map(str::to_owned));
    assert_eq!(asked("gradnet --color never trian"), ColorChoice::Never);
    assert_eq!(asked("gradnet trian --color=always"), ColorChoice::Always);
    assert_eq!(asked("gradnet trian"), ColorChoice::Auto);
}
