//! A drawn plot read back: where its dots, lines and arrows lie on its own axes, by the axes' ticks. For tests.

use super::address::Picture;

/// The plot.
pub(super) struct Drawn {
    texts: Vec<String>,
    /// Pixel and number of each tick.
    ticks: [Vec<[f64; 2]>; 2],
    /// Radius, colour and place of each dot, in pixels.
    dots: Vec<(f64, String, [f64; 2])>,
    /// Colour and corners of each path, in pixels.
    paths: Vec<(String, Vec<[f64; 2]>)>,
    /// Colour and ends of each line, in pixels.
    lines: Vec<(String, [[f64; 2]; 2])>,
    /// Left, top, width and height of each rectangle, in pixels.
    rectangles: Vec<[f64; 4]>,
}

/// The pixels of a grey PNG in an address, with its width and height.
pub(super) fn png(address: &str) -> (u32, u32, Vec<u8>) {
    let digits = address
        .strip_prefix("data:image/png;base64,")
        .expect("a PNG");
    let value = |digit: u8| match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let digits = digits.trim_end_matches('=').bytes().map(value);
    let bits = digits.flat_map(|digit| (0..6).rev().map(move |bit| digit >> bit & 1));
    let bits: Vec<u8> = bits.collect();
    let (bytes, _) = bits.as_chunks::<8>();
    let bytes = bytes
        .iter()
        .map(|byte| byte.iter().fold(0, |sum, bit| sum << 1 | bit));
    let bytes = std::io::Cursor::new(bytes.collect::<Vec<u8>>());
    let mut reader = png::Decoder::new(bytes).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    (reader.info().width, reader.info().height, pixels)
}

/// The text of an address without its percent signs.
pub(super) fn decoded(source: &str) -> String {
    let text = source
        .strip_prefix("data:image/svg+xml,")
        .expect("a drawing");
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next(), rest.next()].map(Option::unwrap);
        let digits = std::str::from_utf8(&digits).unwrap().to_owned();
        bytes.push(u8::from_str_radix(&digits, 16).unwrap());
    }
    String::from_utf8(bytes).unwrap()
}

/// An attribute of a tag.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split('"').next()
}

fn number(tag: &str, name: &str) -> f64 {
    attribute(tag, name)
        .and_then(|text| text.parse().ok())
        .unwrap_or(f64::NAN)
}

impl Drawn {
    pub(super) fn of(picture: &Picture) -> Self {
        let svg = decoded(&picture.source);
        let mut drawn = Self {
            texts: Vec::new(),
            ticks: [Vec::new(), Vec::new()],
            dots: Vec::new(),
            paths: Vec::new(),
            lines: Vec::new(),
            rectangles: Vec::new(),
        };
        let mut last_line = [[f64::NAN; 2]; 2];
        for piece in svg.split('<').skip(1) {
            let (tag, text) = piece.split_once('>').unwrap();
            let colour = |name| attribute(tag, name).unwrap_or_default().to_owned();
            match tag.split(' ').next().unwrap() {
                "line" => {
                    let end = |n: u8| ["x", "y"].map(|axis| number(tag, &format!("{axis}{n}")));
                    last_line = [end(1), end(2)];
                    drawn.lines.push((colour("stroke"), last_line));
                }
                "circle" => {
                    let place = [number(tag, "cx"), number(tag, "cy")];
                    drawn.dots.push((number(tag, "r"), colour("fill"), place));
                }
                "rect" => {
                    let sides = ["x", "y", "width", "height"];
                    drawn.rectangles.push(sides.map(|side| number(tag, side)));
                }
                "path" => {
                    let corners = attribute(tag, "d").unwrap();
                    let words = corners.split(|c: char| !(c.is_ascii_digit() || "-.e".contains(c)));
                    let numbers: Vec<f64> = words.filter_map(|word| word.parse().ok()).collect();
                    let (corners, _) = numbers.as_chunks::<2>();
                    drawn.paths.push((colour("stroke"), corners.to_vec()));
                }
                "text" => {
                    drawn.texts.push(text.to_owned());
                    // The label of a tick comes after its mark.
                    let axis = match attribute(tag, "text-anchor") {
                        Some("middle") => 0,
                        Some("end") => 1,
                        _ => continue,
                    };
                    if let Ok(value) = text.parse() {
                        drawn.ticks[axis].push([last_line[0][axis], value]);
                    }
                }
                _ => {}
            }
        }
        drawn
    }

    pub(super) fn has_text(&self, text: &str) -> bool {
        self.texts.iter().any(|found| found == text)
    }

    /// A place in pixels as the axes' numbers.
    fn place(&self, pixels: [f64; 2]) -> [f64; 2] {
        [0, 1].map(|axis| {
            let ticks = &self.ticks[axis];
            let ([from, low], [to, high]) = (ticks[0], ticks[ticks.len() - 1]);
            assert!(to != from, "{ticks:?}");
            low + (high - low) * (pixels[axis] - from) / (to - from)
        })
    }

    /// What the numbers of an axis span, between its ticks.
    fn span(&self, axis: usize) -> f64 {
        let ticks = &self.ticks[axis];
        (ticks[ticks.len() - 1][1] - ticks[0][1]).abs()
    }

    fn is_at(&self, found: [f64; 2], expected: [f64; 2]) -> bool {
        (0..2).all(|axis| (found[axis] - expected[axis]).abs() < 2e-3 * self.span(axis))
    }

    /// The dots of this radius, without those of the legend, which stands outside on the right.
    #[track_caller]
    pub(super) fn assert_dots(&self, radius: f64, expected: &[[f64; 2]]) {
        let right = self.ticks[0]
            .iter()
            .map(|[pixel, _]| *pixel)
            .fold(0.0, f64::max);
        let step = (right - self.ticks[0][0][0]) / (self.ticks[0].len() - 1) as f64;
        let inside = |place: &[f64; 2]| place[0] < right + step;
        let dots = self
            .dots
            .iter()
            .filter(|(r, _, place)| *r == radius && inside(place));
        let found: Vec<[f64; 2]> = dots.map(|(.., place)| self.place(*place)).collect();
        self.assert_same(&found, expected);
    }

    /// The dots of this colour and radius.
    pub(super) fn dots_of(&self, radius: f64, colour: &str) -> Vec<[f64; 2]> {
        let dots = self.dots.iter();
        let dots = dots.filter(|(r, fill, _)| *r == radius && fill == colour);
        dots.map(|(.., place)| self.place(*place)).collect()
    }

    /// The paths of this colour.
    pub(super) fn paths_of(&self, colour: &str) -> Vec<Vec<[f64; 2]>> {
        let paths = self.paths.iter().filter(|(stroke, _)| stroke == colour);
        let paths = paths.map(|(_, corners)| corners.iter().map(|at| self.place(*at)).collect());
        paths.collect()
    }

    /// Tails and tips of the arrows of this colour: a line, and a head that begins at the tip.
    pub(super) fn arrows_of(&self, colour: &str) -> Vec<[[f64; 2]; 2]> {
        let tails = self.lines.iter().filter(|(stroke, _)| stroke == colour);
        let tips = self.paths.iter().filter(|(stroke, _)| stroke == colour);
        let both = tails.zip(tips);
        both.map(|((_, [tail, _]), (_, head))| [self.place(*tail), self.place(head[0])])
            .collect()
    }

    /// Left end and height of each bar that stands on the first axis; the frame is no bar.
    pub(super) fn bars(&self) -> Vec<[f64; 2]> {
        let frame = (self.ticks[0][0][0] - self.ticks[0][self.ticks[0].len() - 1][0]).abs();
        let narrow = self.rectangles.iter();
        let narrow = narrow.filter(|[_, _, width, _]| *width < 0.2 * frame);
        let bars = narrow.map(|[left, top, _, height]| {
            let [start, foot] = self.place([*left, top + height]);
            let [_, head] = self.place([*left, *top]);
            ([start, head - foot], foot)
        });
        let standing = bars.filter(|(_, foot)| foot.abs() < 1e-3 * self.span(1));
        standing.map(|(bar, _)| bar).collect()
    }

    /// A path with these corners and no others.
    #[track_caller]
    pub(super) fn assert_line(&self, expected: &[[f64; 2]]) {
        let paths: Vec<Vec<[f64; 2]>> = self
            .paths
            .iter()
            .map(|(_, corners)| corners.iter().map(|at| self.place(*at)).collect())
            .collect();
        let same = |path: &Vec<[f64; 2]>| {
            let corners = path.iter().zip(expected);
            path.len() == expected.len() && corners.into_iter().all(|(a, b)| self.is_at(*a, *b))
        };
        assert!(paths.iter().any(same), "{paths:?} {expected:?}");
    }

    #[track_caller]
    pub(super) fn assert_same(&self, found: &[[f64; 2]], expected: &[[f64; 2]]) {
        let same = found.iter().zip(expected).all(|(a, b)| self.is_at(*a, *b));
        assert!(
            found.len() == expected.len() && same,
            "{found:?} {expected:?}"
        );
    }

    /// The same plot with the logarithms of its second axis' numbers.
    pub(super) fn over_logarithms(mut self) -> Self {
        self.ticks[1]
            .iter_mut()
            .for_each(|[_, value]| *value = value.log10());
        self
    }
}
