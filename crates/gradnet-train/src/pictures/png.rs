//! PNG, in 8 and 16 bits, grey and colour.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use png::{BitDepth, ColorType, Decoder, Encoder, EncodingError, Transformations};

use super::Picture;
use crate::files::{FileError, guarded, write_atomically};

pub(super) fn read(file: &Path) -> Result<Picture, FileError> {
    let source = File::open(file).map_err(|error| FileError::read(file, &error))?;
    guarded(file, || decoded(file, source))
}

fn decoded(file: &Path, source: File) -> Result<Picture, FileError> {
    let broken = |reason: String| FileError::Format {
        file: file.into(),
        reason: format!("it cannot be read as PNG ({reason})"),
        remedy: "save the picture again as PNG; a name alone makes no picture".into(),
    };
    let mut decoder = Decoder::new(BufReader::new(source));
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder
        .read_info()
        .map_err(|error| broken(error.to_string()))?;
    let size = reader.output_buffer_size();
    let mut bytes = vec![0; size.ok_or_else(|| broken("it is too large".into()))?];
    let frame = reader
        .next_frame(&mut bytes)
        .map_err(|error| broken(error.to_string()))?;
    let bytes = &bytes[..frame.buffer_size()];
    let numbers: Vec<f32> = match frame.bit_depth {
        BitDepth::Sixteen => {
            let (pairs, _) = bytes.as_chunks::<2>();
            let pairs = pairs.iter();
            pairs
                .map(|pair| f32::from(u16::from_be_bytes(*pair)) / 65535.0)
                .collect()
        }
        _ => bytes.iter().map(|byte| f32::from(*byte) / 255.0).collect(),
    };
    let (channels, colours) = match frame.color_type {
        ColorType::Grayscale => (1, 1),
        ColorType::GrayscaleAlpha => (2, 1),
        ColorType::Rgba => (4, 3),
        _ => (3, 3),
    };
    let plane = |channel: usize| numbers.iter().skip(channel).step_by(channels).copied();
    if channels > colours && plane(colours).any(|alpha| alpha < 1.0) {
        return Err(FileError::Format {
            file: file.into(),
            reason: "it has transparent pixels, whose brightness nobody knows".into(),
            remedy: "save it without an alpha channel, over the background you want".into(),
        });
    }
    Ok(Picture {
        name: file.display().to_string(),
        height: frame.height as usize,
        width: frame.width as usize,
        planes: (0..colours)
            .map(|channel| plane(channel).collect())
            .collect(),
        white: 1.0,
        bits: match frame.bit_depth {
            BitDepth::Sixteen => 16,
            _ => 8,
        },
    })
}

pub(super) fn write(picture: &Picture, file: &Path) -> Result<(), FileError> {
    let size = [picture.height, picture.width];
    let mut bytes = Vec::with_capacity(2 * size[0] * size[1] * picture.planes.len());
    for pixel in 0..size[0] * size[1] {
        for plane in &picture.planes {
            let value = plane[pixel].clamp(0.0, 1.0);
            match picture.bits {
                8 => bytes.push((value * 255.0).round() as u8),
                _ => bytes.extend(((value * 65535.0).round() as u16).to_be_bytes()),
            }
        }
    }
    let depth = match picture.bits {
        8 => BitDepth::Eight,
        _ => BitDepth::Sixteen,
    };
    let colour = match picture.planes.len() {
        3 => ColorType::Rgb,
        _ => ColorType::Grayscale,
    };
    let encoded = encoded(size, colour, depth, &bytes);
    let encoded = encoded.map_err(|error| FileError::Format {
        file: file.into(),
        reason: error.to_string(),
        remedy: "write a .npy file instead".into(),
    })?;
    write_atomically(file, &encoded).map_err(|error| FileError::write(file, &error))
}

/// A grey picture in 8 bits as the bytes of a PNG file, its brightnesses cut at 0 and 1; `None` if it has no pixels, or
/// too many for the format.
pub(crate) fn grey_png(size: [usize; 2], values: &[f64]) -> Option<Vec<u8>> {
    let byte = |value: &f64| (value.clamp(0.0, 1.0) * 255.0).round() as u8;
    let bytes: Vec<u8> = values.iter().map(byte).collect();
    encoded(size, ColorType::Grayscale, BitDepth::Eight, &bytes).ok()
}

/// Pixels as the bytes of a PNG file.
fn encoded(
    [height, width]: [usize; 2],
    colour: ColorType,
    depth: BitDepth,
    bytes: &[u8],
) -> Result<Vec<u8>, EncodingError> {
    let side = |side: usize| u32::try_from(side).map_err(|_| EncodingError::LimitsExceeded);
    let mut encoded = Vec::new();
    let mut encoder = Encoder::new(&mut encoded, side(width)?, side(height)?);
    encoder.set_depth(depth);
    encoder.set_color(colour);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(bytes)?;
    writer.finish()?;
    Ok(encoded)
}
