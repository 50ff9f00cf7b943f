use std::fs;

use super::*;
use crate::data::{Stream, generator};

fn picture(planes: usize) -> Picture {
    let (height, width) = (5, 7);
    let plane = |p: usize| (0..height * width).map(move |i| ((i * 37 + p * 11) % 64) as f32 / 63.0);
    Picture {
        name: "test".into(),
        height,
        width,
        planes: (0..planes).map(|p| plane(p).collect()).collect(),
        white: 1.0,
        bits: 16,
    }
}

#[test]
fn pictures_come_back_as_they_were_written() {
    let folder = tempfile::tempdir().unwrap();
    for (name, planes, bits, step) in [
        ("grey.png", 1, 16, 0.5001 / 65535.0),
        ("colour.png", 3, 16, 0.5001 / 65535.0),
        ("grey.png", 1, 8, 0.5001 / 255.0),
        ("colour.png", 3, 8, 0.5001 / 255.0),
        ("grey.npy", 1, 16, 1e-7),
    ] {
        let file = folder.path().join(name);
        let written = Picture {
            bits,
            ..picture(planes)
        };
        written.write(&file).unwrap();
        let read = Picture::read(&file).unwrap();
        assert_eq!([read.height, read.width, read.planes.len()], [5, 7, planes]);
        assert_eq!(read.bits, bits, "{name}");
        for (a, b) in read.planes.concat().iter().zip(written.planes.concat()) {
            assert!((a - b).abs() <= step, "{name}: {a} {b}");
        }
    }
    let three = picture(3).write(&folder.path().join("colour.npy"));
    assert!(three.unwrap_err().to_string().contains("three colours"));
}

/// Noise leads beyond black and white: a measurement in [0, 1] must not be taken for one in [0, 255].
#[test]
fn white_is_told_from_the_numbers_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.npy");
    for (numbers, white) in [
        ([0.0, 0.25, 1.0], 1.0),
        ([-0.27, 0.5, 1.2], 1.0),
        ([0.1, 0.5, 1.000_000_1], 1.0),
        ([0.0, 1.0, 1.0], 1.0),
        ([0.0, 1.0, 2.0], 255.0),
        ([0.0, 7.0, 255.0], 255.0),
        ([-30.5, 100.0, 280.25], 255.0),
    ] {
        let written = Picture {
            name: String::new(),
            height: 1,
            width: 3,
            planes: vec![numbers.to_vec()],
            white: 1.0,
            bits: 16,
        };
        written.write(&file).unwrap();
        let read = Picture::read(&file).unwrap();
        assert_eq!(read.white, white, "{numbers:?}");
        for (value, number) in read.values().iter().zip(numbers) {
            assert!((value * white as f32 - number).abs() < 1e-4, "{numbers:?}");
        }
        read.write(&file).unwrap();
        let again = Picture::read(&file).unwrap();
        assert_eq!(again.white, white);
        for (a, b) in again.values().iter().zip(read.values()) {
            assert!((a - b).abs() < 1e-6);
        }
    }
}

#[test]
fn grey_is_the_weighted_mean_of_the_colours() {
    let colours = picture(3);
    let [r, g, b] = [0, 1, 2].map(|plane: usize| colours.planes[plane][10]);
    let grey = colours.grey();
    assert_eq!(grey.planes.len(), 1);
    assert!((grey.values()[10] - (0.299 * r + 0.587 * g + 0.114 * b)).abs() < 1e-6);
}

/// A PNG written by hand with the crate's encoder: 8 bits, and 8 bits with alpha.
fn encode(file: &Path, colour: ::png::ColorType, bytes: &[u8]) {
    let mut encoder = ::png::Encoder::new(fs::File::create(file).unwrap(), 2, 1);
    encoder.set_color(colour);
    encoder.set_depth(::png::BitDepth::Eight);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(bytes).unwrap();
}

#[test]
fn eight_bits_are_divided_by_255_and_transparency_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.png");
    encode(&file, ::png::ColorType::Grayscale, &[51, 255]);
    assert_eq!(Picture::read(&file).unwrap().values(), [0.2, 1.0]);
    encode(
        &file,
        ::png::ColorType::GrayscaleAlpha,
        &[51, 255, 102, 255],
    );
    assert_eq!(Picture::read(&file).unwrap().values(), [0.2, 0.4]);
    encode(
        &file,
        ::png::ColorType::GrayscaleAlpha,
        &[51, 255, 102, 128],
    );
    let error = Picture::read(&file).unwrap_err();
    assert!(error.to_string().contains("transparent"), "{error}");
}

#[test]
fn what_is_no_picture_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("text.png"), "hello, I am no picture").unwrap();
    fs::write(at("cut.png"), b"\x89PNG\r\n\x1a\n\0\0\0").unwrap();
    for name in ["text.png", "cut.png"] {
        let error = Picture::read(&at(name)).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains("PNG"), "{error}");
    }
    let error = Picture::read(&at("photo.jpg")).unwrap_err();
    assert!(error.remedy().contains("convert"));
    let mut wild = picture(1);
    wild.planes[0][3] = 600.0;
    wild.write(&at("wild.npy")).unwrap();
    let error = Picture::read(&at("wild.npy")).unwrap_err().to_string();
    assert!(error.contains("600"), "{error}");
    wild.planes[0][3] = f32::NAN;
    wild.write(&at("nan.npy")).unwrap();
    let error = Picture::read(&at("nan.npy")).unwrap_err().to_string();
    assert!(error.contains("NaN"), "{error}");
}

#[test]
fn a_folder_is_read_in_the_order_of_names() {
    let folder = tempfile::tempdir().unwrap();
    let error = read_folder(folder.path()).unwrap_err().to_string();
    assert!(error.contains(".png"), "{error}");
    fs::write(folder.path().join("notes.txt"), "no picture").unwrap();
    for name in ["b.png", "a.npy"] {
        picture(1).write(&folder.path().join(name)).unwrap();
    }
    let read = read_folder(folder.path()).unwrap();
    let names: Vec<bool> = read.iter().map(|p| p.name.ends_with("a.npy")).collect();
    assert_eq!(names, [true, false]);
    let missing = read_folder(&folder.path().join("no")).unwrap_err();
    assert!(missing.to_string().contains("no such folder"), "{missing}");
}

#[test]
fn leaves_are_drawn_by_the_seed_and_have_edges() {
    let draw = |index| {
        dead_leaves(
            "leaves".into(),
            48,
            &mut generator(1, Stream::Target, index),
        )
    };
    let first = draw(0);
    assert_eq!(first, draw(0));
    assert_ne!(first, draw(1));
    let values = first.values();
    assert!(values.iter().all(|value| (0.0..=1.0).contains(value)));
    // Neighbours differ little at most places, much at some: edges.
    let steps: Vec<f32> = values
        .windows(2)
        .map(|pair| (pair[0] - pair[1]).abs())
        .collect();
    let flat = steps.iter().filter(|step| **step < 0.02).count() as f32 / steps.len() as f32;
    let edges = steps.iter().filter(|step| **step > 0.1).count();
    assert!(flat > 0.5 && edges > 20, "{flat} {edges}");
}
