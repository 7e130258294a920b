//! [`LineReader`]: cuts bytes into lines, whatever they are, and never holds more of one than it may.

use std::io::{self, BufRead, Read};

/// Bytes of an over-long line that are skipped at once.
const SKIP_SIZE: u64 = 1 << 16;

/// A line, without its end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// All of it.
    Whole(&'a [u8]),
    /// It has more bytes than are read; it has been skipped.
    TooLong {
        /// Its bytes.
        size: u64,
    },
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
        // The line, its end, and one byte more that says that it is too long.
        let wanted = (self.size_max as u64).saturating_add(2);
        let read = self.source.by_ref().take(wanted).read_until(b'\n', &mut self.buffer)?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        self.position += read as u64;
        if self.buffer.last() == Some(&b'\n') {
            self.buffer.pop();
        } else if read as u64 == wanted {
            let size = read as u64 + self.skip_line()?;
            return Ok(Some(Line::TooLong { size }));
        }
        if self.buffer.len() > self.size_max {
            return Ok(Some(Line::TooLong { size: self.buffer.len() as u64 }));
        }
        Ok(Some(Line::Whole(&self.buffer)))
    }

    /// Reads up to the end of the line. Returns the bytes before it.
    fn skip_line(&mut self) -> io::Result<u64> {
        let mut skipped = 0;
        loop {
            self.buffer.clear();
            let read = self.source.by_ref().take(SKIP_SIZE).read_until(b'\n', &mut self.buffer)? as u64;
            self.position += read;
            skipped += read;
            if self.buffer.last() == Some(&b'\n') {
                return Ok(skipped - 1);
            }
            if read == 0 {
                return Ok(skipped);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8], size_max: usize) -> Vec<Result<Vec<u8>, u64>> {
        let mut reader = LineReader::new(io::BufReader::with_capacity(3, bytes), size_max);
        let mut lines = Vec::new();
        while let Some(line) = reader.next().unwrap() {
            lines.push(match line {
                Line::Whole(line) => Ok(line.to_vec()),
                Line::TooLong { size } => Err(size),
            });
        }
        assert_eq!((reader.number(), reader.position()), (lines.len() as u64, bytes.len() as u64));
        lines
    }

    #[test]
    fn every_byte_but_the_line_feed_is_content() {
        assert_eq!(lines(b"", 10), []);
        assert_eq!(lines(b"\n\n", 10), [Ok(vec![]), Ok(vec![])]);
        assert_eq!(
            lines(b"a\r\n\0\xff\nlast", 10),
            [Ok(b"a\r".to_vec()), Ok(vec![0, 0xff]), Ok(b"last".to_vec())]
        );
    }

    #[test]
    fn a_line_that_is_too_long_is_measured_and_skipped() {
        for end in ["", "\n"] {
            for size in 1..40 {
                let text = format!("ok\n{}{end}", "x".repeat(size));
                let expected = if size <= 8 { Ok(vec![b'x'; size]) } else { Err(size as u64) };
                assert_eq!(lines(text.as_bytes(), 8), [Ok(b"ok".to_vec()), expected], "{text:?}");
            }
        }
        let text = format!("{}\nok", "x".repeat(200_000));
        assert_eq!(lines(text.as_bytes(), 8), [Err(200_000), Ok(b"ok".to_vec())]);
    }
}
