//! Numbers as people read them.

/// A number with four digits, without a tail of zeros; very small and very large ones with an exponent.
pub fn four_digits(number: f64) -> String {
    match number.abs() {
        0.0 => "0".into(),
        1e-3..1e6 => {
            let digits = (3 - number.abs().log10().floor() as i32).max(0) as usize;
            let text = format!("{number:.digits$}");
            match text.contains('.') {
                true => text.trim_end_matches('0').trim_end_matches('.').into(),
                false => text,
            }
        }
        _ => format!("{number:.3e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_with_four_digits() {
        for (number, text) in [
            (0.0, "0"),
            (-3.0, "-3"),
            (0.5, "0.5"),
            (-12.345, "-12.35"),
            (123_456.0, "123456"),
            (1.5e-7, "1.500e-7"),
            (-1e30, "-1.000e30"),
            (0.001, "0.001"),
        ] {
            assert_eq!(four_digits(number), text);
        }
    }
}
