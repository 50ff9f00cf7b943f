use super::super::drawn::{Drawn, png};
use super::*;
use crate::registry::Curves;
use crate::task::Quantity;
use crate::task::images::Denoised;

fn shown() -> ShownPictures {
    let clean = vec![0.2, 0.4, 0.6, 0.8, 1.0, 0.0];
    let noisy = vec![0.3, 0.4, 0.5, 0.8, 1.2, -0.1];
    // A fifth and a tenth of white above and below.
    let denoised = vec![0.2 + 51.0 / 255.0, 0.4, 0.6 - 25.5 / 255.0, 0.8, 1.0, 0.0];
    ShownPictures {
        name: "castle.png".into(),
        size: [2, 3],
        clean,
        levels: vec![ShownLevel {
            level: 51.0,
            noisy,
            noisy_psnr: 19.5,
            denoised: Some(Denoised {
                values: denoised,
                psnr: 24.25,
                strength: 0.5,
                scale: 2.0,
                step: 0.25,
                steps: 17,
            }),
        }],
        lipschitz: 3.0,
        concavity: 0.0,
    }
}

#[test]
fn the_pictures_of_a_strip_have_the_pixels_of_what_they_show() {
    let strips = strips(&shown());
    assert_eq!(strips[0].title, "σ = 51/255: castle.png");
    let found: Vec<_> = strips[0]
        .pictures
        .iter()
        .map(|picture| png(&picture.source))
        .collect();
    let expected: [[u8; 6]; 4] = [
        [51, 102, 153, 204, 255, 0],
        [77, 102, 128, 204, 255, 0],
        [102, 102, 128, 204, 255, 0],
        // The difference of a fifth is white, that of a tenth half way to black.
        [255, 128, 64, 128, 128, 128],
    ];
    assert_eq!(found.len(), 4);
    for ((width, height, bytes), expected) in found.iter().zip(expected) {
        assert_eq!((*width, *height), (3, 2));
        let apart = bytes.iter().zip(expected).map(|(a, b)| a.abs_diff(b)).max();
        assert!(apart <= Some(1), "{bytes:?} {expected:?}");
    }
    let caption = |place: usize| strips[0].pictures[place].caption.as_str();
    assert_eq!(
        (caption(1), caption(2)),
        ("Noisy: 19.50 dB.", "Denoised: 24.25 dB.")
    );
}

/// A large picture is cut to its middle.
#[test]
fn the_middle_of_a_picture_is_the_middle() {
    let [height, width] = [SIDE + 4, 3];
    let values: Vec<f64> = (0..height * width).map(|pixel| pixel as f64).collect();
    let (size, values) = middle(&values, [height, width]);
    assert_eq!((size, values.len()), ([SIDE, 3], SIDE * 3));
    assert_eq!((values[0], values[3]), (6.0, 9.0));
}

#[test]
fn psnr_lies_over_the_noise_where_the_results_say() {
    let numbers = |values: [f64; 2]| {
        let levels = [("psnr_db_5", values[0]), ("psnr_db_25", values[1])];
        let numbers = levels.map(|(name, value)| (name.to_owned(), Quantity::new(value, "dB")));
        Quantities::from(numbers)
    };
    let rows = Rows::from([("total_variation".to_owned(), numbers([36.0, 28.0]))]);
    let picture = psnr_by_noise(&[5.0, 25.0], &numbers([37.5, 29.0]), &rows).unwrap();
    let drawn = Drawn::of(&picture);
    for text in ["this run", "total variation", "PSNR, dB", "σ, of 255"] {
        assert!(drawn.has_text(text), "{text}");
    }
    drawn.assert_line(&[[5.0, 37.5], [25.0, 29.0]]);
    drawn.assert_line(&[[5.0, 36.0], [25.0, 28.0]]);
    drawn.assert_dots(4.0, &[[5.0, 37.5], [25.0, 29.0], [5.0, 36.0], [25.0, 28.0]]);
    assert!(psnr_by_noise(&[5.0], &Quantities::new(), &Rows::new()).is_none());
}

/// Every filter with its weights, every curve with its values.
#[test]
fn filters_and_activations_are_drawn_from_their_numbers() {
    let units = PatchUnits {
        side: 3,
        filters: vec![
            vec![0.0, 0.5, -0.5, 0.25, -0.25, 0.0, 0.0, 0.0, 0.0],
            vec![-2.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        ],
        curves: Some(Curves {
            range: 0.1,
            values: vec![vec![-4.0, 0.0, 4.0], vec![-1.0, 0.0, 2.0]],
        }),
    };
    let picture = filters(&units);
    let svg = super::super::drawn::decoded(&picture.source);
    let images: Vec<_> = svg.split(" href=\"").skip(1).collect();
    let pixels = images
        .iter()
        .map(|rest| png(rest.split('"').next().unwrap()).2);
    let pixels: Vec<Vec<u8>> = pixels.collect();
    assert_eq!(pixels[0], [128, 255, 0, 191, 64, 128, 128, 128, 128]);
    assert_eq!(pixels[1], [0, 255, 128, 128, 128, 128, 128, 128, 128]);
    assert!(svg.contains(">1 ±0.5<") && svg.contains(">2 ±2<"));
    // One scale for both: the second ends at half the height above the middle.
    assert!(svg.contains("M0.00 48.00L40.00 24.00L80.00 0.00"), "{svg}");
    assert!(svg.contains("M0.00 30.00L40.00 24.00L80.00 12.00"));
    assert!(
        picture
            .caption
            .contains("from -0.1 to 0.1 across, σ(z) from -4 to 4")
    );
    let units = PatchUnits {
        curves: None,
        ..units
    };
    assert!(filters(&units).caption.contains("share one softmax"));
}

#[test]
fn the_certificate_has_the_bound_and_the_step_that_follows() {
    let power = ("lipschitz_power".to_owned(), Quantity::new(2.5, ""));
    let tables = certificate(&shown(), &Quantities::from([power]));
    let tables = serde_json::to_value(tables).unwrap();
    let rows = |table: usize| tables[table]["rows"].as_array().unwrap().clone();
    let last = |row: usize| rows(0)[row][1].as_str().unwrap().to_owned();
    assert_eq!([0, 1, 2, 3].map(last), ["3", "2.5", "1.2", "is convex"]);
    let steps = serde_json::json!(["σ = 51/255", "0.5", "2", "0.25", "17"]);
    assert_eq!(rows(1), [steps]);
}
