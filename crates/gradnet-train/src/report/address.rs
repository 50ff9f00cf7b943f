//! Pictures as `data:` addresses: each is an image of its own, so that the names inside two of them cannot meet.

use kuva::render::layout::Layout;
use kuva::render::plots::Plot;
use serde::Serialize;

/// A picture as the page holds it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Picture {
    /// `data:image/svg+xml,...` or `data:image/png;base64,...`
    pub(super) source: String,
    /// What it shows, also for those who do not see it.
    pub(super) caption: String,
}

impl Picture {
    /// Plots in one frame.
    pub(super) fn plots(plots: Vec<Plot>, layout: Layout, caption: impl Into<String>) -> Self {
        Self::svg(&kuva::render_to_svg(plots, layout), caption)
    }

    /// A drawing.
    pub(super) fn svg(svg: &str, caption: impl Into<String>) -> Self {
        Self {
            source: format!("data:image/svg+xml,{}", percent_encoded(svg)),
            caption: caption.into(),
        }
    }

    /// The bytes of a PNG file.
    pub(super) fn png(bytes: &[u8], caption: impl Into<String>) -> Self {
        Self {
            source: png_address(bytes),
            caption: caption.into(),
        }
    }
}

/// The address of a PNG file's bytes.
pub(super) fn png_address(bytes: &[u8]) -> String {
    format!("data:image/png;base64,{}", base64(bytes))
}

/// The text as it may stand in an address within quotes.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 5 / 4);
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => encoded.push(byte.into()),
            b' ' | b'-' | b'_' | b'.' | b'~' | b'/' | b':' | b'=' | b',' | b';' | b'(' | b')'
            | b'!' | b'*' => encoded.push(byte.into()),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base 64 of RFC 4648: four digits for three bytes, `=` where bytes are missing.
fn base64(bytes: &[u8]) -> String {
    let mut encoded = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let byte = |place: usize| three.get(place).map_or(0, |byte| u32::from(*byte));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let index = (bits >> (18 - 6 * digit) & 63) as usize;
            encoded.push(match digit <= three.len() {
                true => DIGITS[index].into(),
                false => '=',
            });
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_survives_its_address() {
        let encoded = percent_encoded("<svg a=\"1\">#%&é</svg>");
        assert!(!encoded.contains(['<', '>', '"', '#', '&', '\'']));
        assert_eq!(encoded, "%3Csvg a=%221%22%3E%23%25%26%C3%A9%3C/svg%3E");
    }

    /// The examples of RFC 4648, Sec. 10, and a byte of each kind of bits.
    #[test]
    fn bytes_are_written_in_base_64() {
        for (bytes, text) in [
            (&b""[..], ""),
            (b"f", "Zg=="),
            (b"foo", "Zm9v"),
            (b"fooba", "Zm9vYmE="),
            (b"foobar", "Zm9vYmFy"),
            (&[0xff, 0xfb, 0xf0], "//vw"),
        ] {
            assert_eq!(base64(bytes), text);
        }
    }
}
