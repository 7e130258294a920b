//! [`Output`]: what a command prints: aligned tables for people, JSON for programs.

use std::fmt;
use std::io::{self, BufWriter, StdoutLock, Write};

use clap::Args;
use serde::Serialize;

use crate::error::CliError;

/// How a list is printed.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct FormatArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Where text stands in its column.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Something that is listed: one row of a table, one object in JSON.
pub(crate) trait Row: Serialize {
    /// Heading and alignment of each column.
    const COLUMNS: &'static [(&'static str, Align)];

    /// What stands in the columns.
    fn cells(&self) -> Vec<String>;
}

/// Standard output, buffered. Its errors end the command; that nobody reads on is no error to the user.
pub(crate) struct Output {
    stream: BufWriter<StdoutLock<'static>>,
    json: bool,
}

impl Output {
    /// Prints text.
    pub(crate) fn text() -> Output {
        Output { stream: BufWriter::with_capacity(1 << 16, io::stdout().lock()), json: false }
    }

    /// Prints as the arguments say.
    pub(crate) fn new(format: FormatArgs) -> Output {
        Output { json: format.json, ..Output::text() }
    }

    /// Whether JSON is wanted.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Prints one line of text.
    pub(crate) fn line(&mut self, line: impl fmt::Display) -> Result<(), CliError> {
        writeln!(self.stream, "{line}").map_err(CliError::Output)
    }

    /// Prints bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), CliError> {
        self.stream.write_all(bytes).map_err(CliError::Output)
    }

    /// Prints one JSON value over several lines.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> Result<(), CliError> {
        serde_json::to_writer_pretty(&mut self.stream, value).map_err(into_output)?;
        self.line("")
    }

    /// Prints one JSON value on a line of its own, for lists without an end in sight.
    pub(crate) fn json_line(&mut self, value: &impl Serialize) -> Result<(), CliError> {
        serde_json::to_writer(&mut self.stream, value).map_err(into_output)?;
        self.line("")
    }

    /// Prints a list in the format that was asked for.
    pub(crate) fn list<R: Row>(&mut self, rows: &[R]) -> Result<(), CliError> {
        if self.json { self.json(&rows) } else { self.table(rows) }
    }

    /// Prints a table whose columns are as wide as what stands in them.
    pub(crate) fn table<R: Row>(&mut self, rows: &[R]) -> Result<(), CliError> {
        let cells: Vec<Vec<String>> = rows.iter().map(Row::cells).collect();
        let headings = R::COLUMNS.iter().map(|(heading, _)| (*heading).to_owned()).collect::<Vec<_>>();
        let width = |column: usize| {
            let in_column = std::iter::once(&headings).chain(&cells).filter_map(|row| row.get(column));
            in_column.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..headings.len()).map(width).collect();
        for row in std::iter::once(&headings).chain(&cells) {
            let mut line = String::new();
            for ((cell, width), (_, align)) in row.iter().zip(&widths).zip(R::COLUMNS) {
                let padded = match align {
                    Align::Left => format!("{cell:<width$}  "),
                    Align::Right => format!("{cell:>width$}  "),
                };
                line.push_str(&padded);
            }
            self.line(line.trim_end())?;
        }
        Ok(())
    }

    /// Hands everything on to whoever reads it.
    pub(crate) fn flush(&mut self) -> Result<(), CliError> {
        self.stream.flush().map_err(CliError::Output)
    }
}

fn into_output(error: serde_json::Error) -> CliError {
    CliError::Output(error.into())
}

/// A count of things, for people: `1 record`, `1,234 records`.
pub(crate) fn count_text(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", number_text(count), if count == 1 { one } else { many })
}

/// A number with its thousands set apart: `1,234`.
pub(crate) fn number_text(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A time in nanoseconds with three digits: `412 ns`, `1.23 ms`, `10 s`.
pub(crate) fn duration_text(nanos: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1_000, "µs"), (1_000_000, "ms"), (1_000_000_000, "s")];
    let Some((unit, name)) = UNITS.into_iter().rev().find(|(unit, _)| nanos >= *unit) else {
        return format!("{nanos} ns");
    };
    let whole = nanos / unit;
    let hundredths = nanos % unit * 100 / unit;
    match (whole, hundredths) {
        (_, 0) | (100.., _) => format!("{whole} {name}"),
        (10.., _) => format!("{whole}.{} {name}", hundredths / 10),
        _ => format!("{whole}.{hundredths:02} {name}"),
    }
}

/// A count of bytes, for people: `1.5 MiB`.
pub(crate) fn size_text(size: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if size < 1024 {
        return format!("{size} B");
    }
    let mut unit = 0;
    // A tenth of a unit is all that is shown, so that whole numbers suffice.
    let mut tenths = size.saturating_mul(10) / 1024;
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_read_well() {
        for (count, text) in
            [(0, "0 records"), (1, "1 record"), (999, "999 records"), (1000, "1,000 records")]
        {
            assert_eq!(count_text(count, "record", "records"), text);
        }
        assert_eq!(number_text(1_234_567), "1,234,567");
    }

    #[test]
    fn durations_have_three_digits() {
        for (nanos, text) in [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_000, "1 µs"),
            (1_234, "1.23 µs"),
            (12_345_678, "12.3 ms"),
            (123_456_789, "123 ms"),
            (10_000_000_000, "10 s"),
            (u64::MAX, "18446744073 s"),
        ] {
            assert_eq!(duration_text(nanos), text);
        }
    }

    #[test]
    fn sizes_are_short() {
        for (size, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            (1 << 20, "1.0 MiB"),
            (5 << 30, "5.0 GiB"),
            (u64::MAX, "1.5 EiB"),
        ] {
            assert_eq!(size_text(size), text, "{size}");
        }
    }
}
