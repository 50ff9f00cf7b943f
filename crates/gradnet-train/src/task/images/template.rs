//! A config for a regularizer of a user's own pictures.

use std::path::{Path, PathBuf};

use super::Sets;
use super::config::is_empty;
use crate::files::FileError;
use crate::pictures::{Picture, read_folder};
use crate::task::draft::{Draft, Input, Request, Size, Template, Training, unfit};

/// The template.
pub(super) const TEMPLATE: Template = Template {
    inputs: &[
        Input::needed("train", "folder of pictures to train on"),
        Input::optional(
            "validation",
            "folder of pictures that choose the weights [default: `validation` or `val` beside --train]",
        ),
        Input::optional(
            "test",
            "folder of pictures that give the results [default: `test` beside --train]",
        ),
    ],
    columns: &[],
    network: "patch_ridge",
    draft,
};

/// The largest crop, and the smallest that teaches anything.
const PATCH: [usize; 2] = [8, 40];

fn draft(request: &Request) -> Result<Draft, FileError> {
    let train = request.file("train");
    let train_set = read_folder(train)?;
    let folders = [
        train.to_owned(),
        beside(request, "validation", &["validation", "val"])?,
        beside(request, "test", &["test"])?,
    ];
    let sets = Sets {
        train: train_set,
        validation: read_folder(&folders[1])?,
        test: read_folder(&folders[2])?,
    };
    sets.apart()?;
    let least = |picture: &Picture| picture.height.min(picture.width);
    let side = sets.train.iter().map(least).fold(PATCH[1], usize::min);
    if side < PATCH[0] {
        let reason = format!("a picture in it has a side of {side} pixels");
        let remedy = "take pictures of fewer than 8 pixels out of the folder";
        return Err(unfit(train, reason, remedy));
    }
    let [of_train, of_validation, of_test] =
        [&sets.train, &sets.validation, &sets.test].map(Vec::len);
    let quoted = folders.clone().map(|folder| request.quoted(&folder));
    Ok(Draft {
        told: format!(
            "Learns a regularizer of images from {}: {of_train} pictures to train on, {of_validation} to choose by, {of_test} to test with",
            request.in_comment(train)
        ),
        then: ", denoise pictures with `gradnet solve`",
        named_after: named_after(train),
        tables: format!(
            r#"[images]
# Folders of .png or .npy pictures, relative to this config's folder. No picture may be in two of them.
train = {}
validation = {}
test = {}
# Side of the crops that a step learns from, turned, mirrored and scaled at random.
patch = {side}
augment = true
# Standard deviation of the noise, of 255: the least and the largest to learn from, and those that are tested.
noise = [5, 5]
levels = [5, 15, 25]
"#,
            quoted[0], quoted[1], quoted[2],
        ),
        network: "Only networks on patches, whose names begin with patch_, learn from pictures"
            .into(),
        size: Size::Lines("filters = 32\n# Pixels of a patch's side, an odd number.\nsize = 13\n"),
        train: Training {
            steps: 6000,
            of: "crops",
            batch: 32,
            learning_rate: 0.001,
            points: None,
        },
        evaluation: String::new(),
        notes: Vec::new(),
    })
}

/// A folder that was given, or the first of these names beside the training pictures.
fn beside(request: &Request, option: &str, names: &[&str]) -> Result<PathBuf, FileError> {
    let given = request.file(option);
    if !is_empty(given) {
        return Ok(given.to_owned());
    }
    let train = request.file("train");
    let parent = train.parent().unwrap_or(Path::new(""));
    let mut folders = names.iter().map(|name| parent.join(name));
    folders.find(|folder| folder.is_dir() && folder != train).ok_or_else(|| {
        unfit(
            train,
            format!("no folder `{}` stands beside it", names.join("` or `")),
            "name one with --validation FOLDER and --test FOLDER: pictures that are not trained on choose the weights and test them",
        )
    })
}

/// The runs are named after the folder above `train`, if that is what the folder is called.
fn named_after(train: &Path) -> PathBuf {
    match train.parent() {
        Some(parent) if train.ends_with("train") && !is_empty(parent) => parent.to_owned(),
        _ => train.to_owned(),
    }
}
