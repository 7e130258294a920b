//! [`LineReader`]: cuts bytes into lines, whatever they are, and never holds more of one than it may.

use std::io::{self, BufRead, Read};

/// A line, without its end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// All of it.
    Whole(&'a [u8]),
    /// It goes on beyond what may be read. There is no way on behind it.
    TooLong,
}

/// Reads lines that end with a line feed or with the input. All other bytes are content.
pub(crate) struct LineReader<R> {
    source: R,
    size_max: usize,
    buffer: Vec<u8>,
    number: u64,
    position: u64,
}

impl<R: BufRead> LineReader<R> {
    /// Lines of at most `size_max` bytes.
    pub(crate) fn new(source: R, size_max: usize) -> LineReader<R> {
        LineReader { source, size_max, buffer: Vec::new(), number: 0, position: 0 }
    }

    /// Number of the line that was read last, from 1.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Bytes read so far.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// The next line; `None` at the end.
    ///
    /// # Errors
    /// The operating system's.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.buffer.clear();
        // One byte more, for the end of the line.
        let wanted = (self.size_max as u64).saturating_add(1);
        let read = self.source.by_ref().take(wanted).read_until(b'\n', &mut self.buffer)?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        self.position += read as u64;
        if self.buffer.last() == Some(&b'\n') {
            self.buffer.pop();
        }
        Ok(Some(if self.buffer.len() > self.size_max { Line::TooLong } else { Line::Whole(&self.buffer) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8], size_max: usize) -> Vec<Option<Vec<u8>>> {
        let mut reader = LineReader::new(io::BufReader::with_capacity(3, bytes), size_max);
        let mut lines = Vec::new();
        while let Some(line) = reader.next().unwrap() {
            match line {
                Line::Whole(line) => lines.push(Some(line.to_vec())),
                Line::TooLong => {
                    lines.push(None);
                    break;
                }
            }
        }
        assert_eq!(reader.number(), lines.len() as u64);
        assert!(lines.last() == Some(&None) || reader.position() == bytes.len() as u64);
        lines
    }

    fn whole(line: &[u8]) -> Option<Vec<u8>> {
        Some(line.to_vec())
    }

    #[test]
    fn every_byte_but_the_line_feed_is_content() {
        assert_eq!(lines(b"", 10), []);
        assert_eq!(lines(b"\n\n", 10), [whole(b""), whole(b"")]);
        assert_eq!(lines(b"a\r\n\0\xff\nlast", 10), [whole(b"a\r"), whole(b"\0\xff"), whole(b"last")]);
    }

    #[test]
    fn a_line_that_is_too_long_is_noticed_wherever_it_ends() {
        for end in ["", "\n"] {
            for size in 1..40 {
                let text = format!("ok\n{}{end}", "x".repeat(size));
                let expected = (size <= 8).then(|| vec![b'x'; size]);
                assert_eq!(lines(text.as_bytes(), 8), [whole(b"ok"), expected], "{text:?}");
            }
        }
    }
}
