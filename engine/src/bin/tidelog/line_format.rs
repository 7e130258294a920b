//! [`LineFormat`]: how a line becomes a record, with the properties of Kafka's console producer.

use std::collections::BTreeMap;

/// What to make of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LineFormat {
    /// A line starts with a key.
    parse_key: bool,
    key_separator: Vec<u8>,
    /// A line starts with headers, before its key.
    parse_headers: bool,
    headers_delimiter: Vec<u8>,
    headers_separator: Vec<u8>,
    headers_key_separator: Vec<u8>,
    /// What stands for null.
    null_marker: Option<Vec<u8>>,
    /// Take lines without a separator as mere values.
    ignore_error: bool,
}

/// The parts of a line.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ParsedLine<'a> {
    /// Key; `None` is null.
    pub(crate) key: Option<&'a [u8]>,
    /// Value; `None` is null.
    pub(crate) value: Option<&'a [u8]>,
    /// Headers in order.
    pub(crate) headers: ParsedHeaders<'a>,
}

/// Keys and values of headers; `None` is null.
pub(crate) type ParsedHeaders<'a> = Vec<(&'a str, Option<&'a [u8]>)>;

/// Why a line is no record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LineError {
    /// Nothing separates key and value.
    #[error("no key separator {0:?}")]
    NoKey(String),
    /// Nothing separates headers and the rest.
    #[error("no headers delimiter {0:?}")]
    NoHeaders(String),
    /// A header without a separator.
    #[error("header {0:?} has no separator")]
    Header(String),
    /// Header keys are text.
    #[error("header key {0:?} is not UTF-8")]
    HeaderKey(String),
}

impl Default for LineFormat {
    fn default() -> LineFormat {
        LineFormat {
            parse_key: false,
            key_separator: b"\t".to_vec(),
            parse_headers: false,
            headers_delimiter: b"\t".to_vec(),
            headers_separator: b",".to_vec(),
            headers_key_separator: b":".to_vec(),
            null_marker: None,
            ignore_error: false,
        }
    }
}

impl LineFormat {
    /// From `--key-separator` and `--property`, of which the latter win.
    ///
    /// # Errors
    /// A text that names the property that is wrong.
    pub(crate) fn new(
        key_separator: Option<&str>,
        properties: &[(String, String)],
    ) -> Result<LineFormat, String> {
        let mut format = LineFormat::default();
        if let Some(separator) = key_separator {
            format.parse_key = true;
            format.key_separator = parse_separator(separator)?;
        }
        let properties: BTreeMap<&str, &str> =
            properties.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        for (name, value) in properties {
            match name {
                "parse.key" => format.parse_key = parse_switch(name, value)?,
                "key.separator" => format.key_separator = parse_separator(value)?,
                "parse.headers" => format.parse_headers = parse_switch(name, value)?,
                "headers.delimiter" => format.headers_delimiter = parse_separator(value)?,
                "headers.separator" => format.headers_separator = parse_separator(value)?,
                "headers.key.separator" => format.headers_key_separator = parse_separator(value)?,
                "null.marker" => format.null_marker = Some(value.as_bytes().to_vec()),
                "ignore.error" => format.ignore_error = parse_switch(name, value)?,
                _ => return Err(format!("unknown property {name:?}")),
            }
        }
        Ok(format)
    }

    /// Takes a line apart.
    ///
    /// # Errors
    /// [`LineError`], never with `ignore.error`.
    pub(crate) fn parse<'a>(&self, line: &'a [u8]) -> Result<ParsedLine<'a>, LineError> {
        match self.parse_strictly(line) {
            Err(_) if self.ignore_error => {
                Ok(ParsedLine { value: self.null_or(line), ..ParsedLine::default() })
            }
            parsed => parsed,
        }
    }

    fn parse_strictly<'a>(&self, line: &'a [u8]) -> Result<ParsedLine<'a>, LineError> {
        let mut parsed = ParsedLine::default();
        let mut rest = line;
        if self.parse_headers {
            let (headers, behind) = split_once(rest, &self.headers_delimiter)
                .ok_or_else(|| LineError::NoHeaders(text(&self.headers_delimiter)))?;
            parsed.headers = self.headers(headers)?;
            rest = behind;
        }
        if self.parse_key {
            let (key, behind) = split_once(rest, &self.key_separator)
                .ok_or_else(|| LineError::NoKey(text(&self.key_separator)))?;
            parsed.key = self.null_or(key);
            rest = behind;
        }
        parsed.value = self.null_or(rest);
        Ok(parsed)
    }

    fn headers<'a>(&self, mut rest: &'a [u8]) -> Result<ParsedHeaders<'a>, LineError> {
        let mut headers = Vec::new();
        if self.null_or(rest).is_none() {
            return Ok(headers);
        }
        loop {
            let (header, behind) = match split_once(rest, &self.headers_separator) {
                Some((header, behind)) => (header, Some(behind)),
                None => (rest, None),
            };
            let (key, value) = split_once(header, &self.headers_key_separator)
                .ok_or_else(|| LineError::Header(text(header)))?;
            let key = std::str::from_utf8(key).map_err(|_| LineError::HeaderKey(text(key)))?;
            headers.push((key, self.null_or(value)));
            match behind {
                Some(behind) => rest = behind,
                None => return Ok(headers),
            }
        }
    }

    fn null_or<'a>(&self, part: &'a [u8]) -> Option<&'a [u8]> {
        Some(part).filter(|part| self.null_marker.as_deref() != Some(*part))
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn split_once<'a>(bytes: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes.windows(separator.len()).position(|window| window == separator)?;
    Some((&bytes[..at], &bytes[at + separator.len()..]))
}

/// A separator as it is typed: `\t`, `\n`, `\0` and `\\` stand for what shells make hard to type.
///
/// # Errors
/// A text, for an empty one.
pub(crate) fn parse_separator(typed: &str) -> Result<Vec<u8>, String> {
    let mut separator = Vec::with_capacity(typed.len());
    let mut bytes = typed.bytes().peekable();
    while let Some(byte) = bytes.next() {
        let escaped = if byte == b'\\' { bytes.peek().copied() } else { None };
        let meant = match escaped {
            Some(b't') => b'\t',
            Some(b'n') => b'\n',
            Some(b'0') => 0,
            Some(b'\\') => b'\\',
            _ => {
                separator.push(byte);
                continue;
            }
        };
        bytes.next();
        separator.push(meant);
    }
    if separator.is_empty() { Err("a separator must not be empty".to_owned()) } else { Ok(separator) }
}

/// A property that is `true` or `false`.
///
/// # Errors
/// A text that names the property.
pub(crate) fn parse_switch(name: &str, value: &str) -> Result<bool, String> {
    match value.trim().to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(format!("property {name} is true or false, not {value:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(properties: &[(&str, &str)]) -> LineFormat {
        let owned: Vec<_> =
            properties.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        LineFormat::new(None, &owned).unwrap()
    }

    fn parsed<'a>(key: Option<&'a str>, value: Option<&'a str>) -> Result<ParsedLine<'a>, LineError> {
        let bytes = |text: Option<&'a str>| text.map(str::as_bytes);
        Ok(ParsedLine { key: bytes(key), value: bytes(value), headers: Vec::new() })
    }

    #[test]
    fn a_line_is_a_value_unless_a_key_is_asked_for() {
        assert_eq!(LineFormat::default().parse(b"a\tb"), parsed(None, Some("a\tb")));
        assert_eq!(format(&[("parse.key", "true")]).parse(b"a\tb\tc"), parsed(Some("a"), Some("b\tc")));
        let colons = LineFormat::new(Some("::"), &[]).unwrap();
        assert_eq!(colons.parse(b"a:::b"), parsed(Some("a"), Some(":b")));
        assert_eq!(colons.parse(b"::"), parsed(Some(""), Some("")));
        assert_eq!(colons.parse(b"a:b"), Err(LineError::NoKey("::".to_owned())));
        let forgiving = format(&[("parse.key", "true"), ("ignore.error", "true")]);
        assert_eq!(forgiving.parse(b"ab"), parsed(None, Some("ab")));
    }

    #[test]
    fn headers_come_first_and_the_marker_is_null() {
        let format = format(&[
            ("parse.headers", "true"),
            ("parse.key", "true"),
            ("key.separator", "="),
            ("null.marker", "NULL"),
        ]);
        let line = format.parse(b"h1:a,h2:NULL,h1:\tNULL=NULL").unwrap();
        assert_eq!((line.key, line.value), (None, None));
        assert_eq!(line.headers, [("h1", Some(&b"a"[..])), ("h2", None), ("h1", Some(&b""[..]))]);
        assert_eq!(format.parse(b"NULL\tk=v").unwrap().headers, []);
        assert_eq!(format.parse(b"h\tk=v"), Err(LineError::Header("h".to_owned())));
        assert_eq!(format.parse(b"h:1"), Err(LineError::NoHeaders("\t".to_owned())));
        assert_eq!(format.parse(b"\xff:1\tk=v"), Err(LineError::HeaderKey("\u{fffd}".to_owned())));
    }

    #[test]
    fn wrong_properties_are_named() {
        let error = |name: &str, value: &str| {
            LineFormat::new(None, &[(name.to_owned(), value.to_owned())]).unwrap_err()
        };
        assert_eq!(error("parse.keys", "true"), "unknown property \"parse.keys\"");
        assert_eq!(error("parse.key", "yes"), "property parse.key is true or false, not \"yes\"");
        assert_eq!(error("key.separator", ""), "a separator must not be empty");
    }

    #[test]
    fn separators_can_be_typed() {
        assert_eq!(parse_separator(r"\t").unwrap(), b"\t");
        assert_eq!(parse_separator(r"\\t\0\x").unwrap(), b"\\t\0\\x");
        assert_eq!(parse_separator("\\").unwrap(), b"\\");
    }
}
