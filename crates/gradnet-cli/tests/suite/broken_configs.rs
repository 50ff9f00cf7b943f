//! Every broken config gives one diagnostic that underlines the place and names the remedy, and exit code 2.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::program::{Ran, gradnet};

/// The folder of the broken configs; the program runs in it, so that reports name files without the machine's paths.
fn broken() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/broken"))
}

/// What holds of every refusal, whatever its text.
fn check_refusal(ran: &Ran) {
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
    assert_eq!(
        ran.stderr.matches('×').count(),
        1,
        "one diagnostic:\n{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("help: "), "a remedy:\n{}", ran.stderr);
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
}

/// That a part of the text is underlined.
fn check_underline(ran: &Ran) {
    let underlined = ran.stderr.contains("·") && ran.stderr.contains('╰');
    assert!(underlined, "a place:\n{}", ran.stderr);
}

fn check(name: &str) {
    let ran = gradnet(broken(), &["config", "check", &format!("{name}.toml")]);
    check_refusal(&ran);
    // An empty file has no place to underline.
    if !["empty", "comments_only"].contains(&name) {
        check_underline(&ran);
    }
    insta::assert_snapshot!(name, ran.stderr);
}

/// One test a file, and the list of the files.
macro_rules! broken {
    ($($name:ident)*) => {
        $(#[test] fn $name() { check(stringify!($name)); })*
        const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

broken! {
    a_date_for_a_number
    another_schema
    batch_of_zero
    budget_too_small
    comments_only
    dimension_beyond_memory
    dimension_of_a_plane_target
    dimension_of_one
    duplicate_key
    duplicate_table
    empty
    fixed_set_smaller_than_batch
    fractional_steps
    grid_beyond_the_plane
    hidden_of_zero
    infinite_rate
    key_without_value
    list_for_a_number
    monotone_network_on_nonconvex_target
    name_that_leaves_the_folder
    negative_rate
    negative_seed
    negative_width
    network_as_text
    network_without_a_name
    no_draws
    no_modules
    no_name
    no_network
    no_schema
    no_size
    no_target
    number_beyond_64_bits
    number_in_quotes
    odd_dimension_for_hamiltonian
    rate_not_a_number
    rate_of_zero
    schema_as_text
    setting_of_another_network
    text_for_a_number
    text_without_quotes
    two_networks
    two_targets
    unclosed_table
    unknown_activation
    unknown_key
    unknown_network
    unknown_table
    unknown_target
    unknown_top_level_key
    width_and_parameters
    width_beyond_memory
    width_of_zero
}

#[test]
fn every_file_of_the_folder_is_tested() {
    let files: BTreeSet<String> = fs::read_dir(broken())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let names: BTreeSet<String> = NAMES.iter().map(|name| format!("{name}.toml")).collect();
    assert_eq!(files, names);
    assert!(names.len() >= 20);
}

/// A command line that is refused, run in `folder`.
fn refused(folder: &Path, arguments: &[&str]) -> String {
    let ran = gradnet(folder, arguments);
    check_refusal(&ran);
    ran.stderr
}

#[test]
fn a_missing_file_with_a_near_name() {
    insta::assert_snapshot!(refused(
        broken(),
        &["train", "--config", "unknown_keys.toml"]
    ));
}

#[test]
fn a_missing_folder() {
    insta::assert_snapshot!(refused(
        broken(),
        &["train", "--config", "nowhere/config.toml"]
    ));
}

#[test]
fn a_folder() {
    let parent = broken().parent().unwrap();
    let stderr = refused(parent, &["config", "check", "broken"]);
    assert!(stderr.contains("it is a folder"), "{stderr}");
}

#[test]
fn a_file_that_is_not_text() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("binary.toml"),
        b"schema = 1\nname = \"\xff\xfe\"\n",
    )
    .unwrap();
    insta::assert_snapshot!(refused(folder.path(), &["config", "check", "binary.toml"]));
}

#[test]
fn a_file_that_is_too_long() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("long.toml"), "# long\n".repeat(200_000)).unwrap();
    insta::assert_snapshot!(refused(folder.path(), &["config", "check", "long.toml"]));
}

/// The good config that options of the command line break.
const GOOD: &str = "../../../../configs/smoke.toml";

#[test]
fn an_option_that_sets_an_unknown_key() {
    let ran = gradnet(
        broken(),
        &["train", "--config", GOOD, "--set", "train.stpes=5"],
    );
    check_refusal(&ran);
    check_underline(&ran);
    insta::assert_snapshot!(ran.stderr);
}

#[test]
fn an_option_that_sets_a_refused_value() {
    let ran = gradnet(
        broken(),
        &["train", "--config", GOOD, "--set", "train.learning_rate=-1"],
    );
    check_refusal(&ran);
    check_underline(&ran);
    insta::assert_snapshot!(ran.stderr);
}

/// The message names the machine's memory, so it is no snapshot.
#[test]
fn options_that_ask_for_more_than_the_memory() {
    for (set, value) in [
        ("evaluation.points=100000000000000", "100000000000000"),
        ("train.batch=100000000000000", "100000000000000"),
        ("train.validation.points=100000000000000", "100000000000000"),
        (
            "evaluation.linear_points=9223372036854775807",
            "9223372036854775807",
        ),
        (
            "network={mgradnet_m={width=4194304,modules=200000}}",
            "4194304",
        ),
    ] {
        let ran = gradnet(broken(), &["train", "--config", GOOD, "--set", set]);
        check_refusal(&ran);
        check_underline(&ran);
        let message = format!("is {value}, but it must leave room");
        let text = ran.stderr.replace("\n  │", "");
        assert!(text.contains(&message), "{set}:\n{}", ran.stderr);
    }
}

#[test]
fn an_option_that_sets_nothing() {
    let ran = gradnet(
        broken(),
        &["train", "--config", GOOD, "--set", "train.steps"],
    );
    check_refusal(&ran);
    check_underline(&ran);
    insta::assert_snapshot!(ran.stderr);
}

#[test]
fn an_option_that_names_an_unknown_network() {
    let ran = gradnet(
        broken(),
        &["train", "--config", GOOD, "--network", "mgradnetm"],
    );
    check_refusal(&ran);
    check_underline(&ran);
    insta::assert_snapshot!(ran.stderr);
}

#[test]
fn every_broken_file_of_a_list_is_reported_and_the_good_ones_pass() {
    let ran = gradnet(
        broken(),
        &[
            "config",
            "check",
            "unknown_key.toml",
            GOOD,
            "negative_rate.toml",
        ],
    );
    assert_eq!(ran.code, 2);
    assert_eq!(ran.stderr.matches('×').count(), 2);
    assert_eq!(ran.stdout.lines().count(), 1);
}
