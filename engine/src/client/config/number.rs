//! Numbers as C reads and prints them: `strtol` with base 0, `strtod`, `%g`. librdkafka's settings are read and its
//! messages printed with these. Pure functions.

/// The whole number at the start of `text`; white space in front and anything behind it are ignored. `0x` and `0`
/// in front mean base 16 and 8. Beyond the range of `i64` the nearest end of it. `None` when there is no digit.
pub(super) fn integer(text: &str) -> Option<i64> {
    let (negative, digits) = sign(trim_start(text));
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', next, ..] if next.is_ascii_hexdigit() => (16, &digits[2..]),
        [b'0', ..] => (8, digits),
        _ => (10, digits),
    };
    let mut digits = digits.chars().map_while(|c| c.to_digit(radix)).peekable();
    digits.peek()?;
    let value = digits.fold(0_i64, |value, digit| {
        let value = value.saturating_mul(i64::from(radix));
        if negative { value.saturating_sub(i64::from(digit)) } else { value.saturating_add(i64::from(digit)) }
    });
    Some(value)
}

/// The number at the start of `text`; white space in front and anything behind it are ignored. `None` when there is
/// none, and for `nan`, which C would take.
pub(super) fn real(text: &str) -> Option<f64> {
    let (negative, rest) = sign(trim_start(text));
    let magnitude = match rest.as_bytes() {
        [b'0', b'x' | b'X', ..] => hexadecimal(&rest[2..]).unwrap_or(0.0),
        [b'i' | b'I', b'n' | b'N', b'f' | b'F', ..] => f64::INFINITY,
        _ => decimal(rest)?,
    };
    Some(if negative { -magnitude } else { magnitude })
}

/// `value` as `%g` prints it: six significant digits, no trailing zeroes, an exponent when that is shorter.
pub(super) fn general(value: f64) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    let scientific = format!("{value:.5e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>() {
        Ok(exponent @ -4..=5) => {
            let decimals = usize::try_from(5 - exponent).unwrap_or(0);
            without_trailing_zeroes(&format!("{value:.decimals$}")).to_owned()
        }
        Ok(exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{}e{sign}{:02}", without_trailing_zeroes(mantissa), exponent.unsigned_abs())
        }
        Err(_) => scientific,
    }
}

/// `text` without what C's `isspace` takes for white space.
pub(super) fn trim_start(text: &str) -> &str {
    text.trim_start_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r'])
}

fn sign(text: &str) -> (bool, &str) {
    match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    }
}

fn decimal(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let digits_from = |at: usize| bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let whole = digits_from(0);
    let mut end = whole;
    if bytes.get(end) == Some(&b'.') {
        let fraction = digits_from(end + 1);
        if whole + fraction > 0 {
            end += 1 + fraction;
        }
    }
    if end == 0 {
        return None;
    }
    if let Some(b'e' | b'E') = bytes.get(end) {
        let signed = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let digits = bytes.get(end + 1 + signed..).map_or(0, |_| digits_from(end + 1 + signed));
        if digits > 0 {
            end += 1 + signed + digits;
        }
    }
    text[..end].parse().ok()
}

/// What follows `0x`; `None` when no digit does.
fn hexadecimal(text: &str) -> Option<f64> {
    let mut value = 0.0;
    let mut scale = 1.0;
    let (mut any, mut point, mut end) = (false, false, 0);
    for c in text.chars() {
        match c.to_digit(16) {
            Some(digit) => {
                any = true;
                value = value * 16.0 + f64::from(digit);
                scale *= if point { 16.0 } else { 1.0 };
            }
            None if c == '.' && !point => point = true,
            None => break,
        }
        end += 1;
    }
    let exponent = match text.as_bytes().get(end) {
        Some(b'p' | b'P') => {
            let (negative, digits) = sign(&text[end + 1..]);
            let digits = digits.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
            let power = digits.parse::<i32>().unwrap_or(if digits.is_empty() { 0 } else { i32::MAX });
            if negative { -power } else { power }
        }
        _ => 0,
    };
    any.then(|| value / scale * 2.0_f64.powi(exponent))
}

fn without_trailing_zeroes(number: &str) -> &str {
    match number.contains('.') {
        true => number.trim_end_matches('0').trim_end_matches('.'),
        false => number,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_read_as_strtol_does() {
        let cases = [
            ("5", Some(5)),
            (" \t-17 apples", Some(-17)),
            ("+3", Some(3)),
            ("0x10", Some(16)),
            ("0XfFg", Some(255)),
            ("0x", Some(0)),
            ("0xg", Some(0)),
            ("010", Some(8)),
            ("08", Some(0)),
            ("1e3", Some(1)),
            ("", None),
            ("-", None),
            ("- 3", None),
            ("--3", None),
            ("abc", None),
            ("\u{a0}1", None),
            ("99999999999999999999", Some(i64::MAX)),
            ("-99999999999999999999", Some(i64::MIN)),
        ];
        for (text, expected) in cases {
            assert_eq!(integer(text), expected, "{text:?}");
        }
    }

    #[test]
    fn reals_are_read_as_strtod_does() {
        let cases = [
            ("5", Some(5.0)),
            (".5", Some(0.5)),
            ("5.", Some(5.0)),
            ("5e", Some(5.0)),
            ("5e+", Some(5.0)),
            ("1e1x", Some(10.0)),
            ("1E-2", Some(0.01)),
            ("-0.25 s", Some(-0.25)),
            ("0x1p3", Some(8.0)),
            ("0x.8", Some(0.5)),
            ("0x1.8p-1", Some(0.75)),
            ("0x", Some(0.0)),
            ("0xz", Some(0.0)),
            ("0x1p99999999999", Some(f64::INFINITY)),
            ("inf", Some(f64::INFINITY)),
            ("-Infinity", Some(f64::NEG_INFINITY)),
            ("1e999", Some(f64::INFINITY)),
            (".", None),
            ("e5", None),
            ("nan", None),
            ("", None),
            ("- 3", None),
        ];
        for (text, expected) in cases {
            assert_eq!(real(text), expected, "{text:?}");
        }
    }

    #[test]
    fn reals_are_printed_as_percent_g_does() {
        let cases = [
            (5.0, "5"),
            (0.5, "0.5"),
            (-0.0, "-0"),
            (123.456_789, "123.457"),
            (900_000.0, "900000"),
            (123_456.7, "123457"),
            (999_999.5, "1e+06"),
            (1e8, "1e+08"),
            (0.000_012_34, "1.234e-05"),
            (0.0001, "0.0001"),
            (1e-300, "1e-300"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
        ];
        for (value, expected) in cases {
            assert_eq!(general(value), expected);
        }
    }
}
