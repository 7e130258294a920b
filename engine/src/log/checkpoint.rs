//! Kafka's text checkpoints: a version line, a count line, one line per entry. Pure text, parsed strictly: a file
//! that does not say exactly what it should is an error that names file and line, never a guess.
//!
//! Source: Kafka's `org.apache.kafka.server.common.CheckpointFile` and `OffsetCheckpointFile`.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::types::{Offset, PartitionIndex, TopicName, TopicPartition};

/// The only version of the format there is.
const VERSION: &str = "0";

/// One offset per partition: what each of the root's checkpoint files holds.
pub type PartitionOffsets = BTreeMap<TopicPartition, Offset>;

/// Why a small text file of the log is not usable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} line {line}: {reason}", path.display())]
pub struct MalformedFile {
    /// The file.
    pub path: PathBuf,
    /// Number of the line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// Lines of a checkpoint with `entries`.
pub(super) fn format<E: Display>(entries: impl ExactSizeIterator<Item = E>) -> Vec<u8> {
    let mut text = format!("{VERSION}\n{}\n", entries.len());
    for entry in entries {
        text.push_str(&entry.to_string());
        text.push('\n');
    }
    text.into_bytes()
}

/// Entries of the checkpoint in `bytes`; `parse` turns a line into one, or names what is wrong with it.
pub(super) fn parse<E>(
    path: &Path,
    bytes: &[u8],
    parse_line: impl Fn(&str) -> Result<E, &'static str>,
) -> Result<Vec<E>, MalformedFile> {
    let malformed = |line, reason| MalformedFile { path: path.to_owned(), line, reason };
    let text = std::str::from_utf8(bytes).map_err(|_| malformed(1, "not UTF-8"))?;
    let mut lines = text.lines().zip(1..);
    match lines.next() {
        Some((VERSION, _)) => {}
        Some(_) => return Err(malformed(1, "unknown version, expected 0")),
        None => return Err(malformed(1, "the file is empty")),
    }
    let count: usize = match lines.next() {
        Some((line, number)) => parse_number(line).map_err(|reason| malformed(number, reason))?,
        None => return Err(malformed(2, "the count of entries is missing")),
    };
    let mut entries = Vec::new();
    let mut last = 2;
    for (line, number) in lines {
        if entries.len() == count {
            return Err(malformed(number, "more entries than the count says"));
        }
        entries.push(parse_line(line).map_err(|reason| malformed(number, reason))?);
        last = number;
    }
    if entries.len() < count {
        return Err(malformed(last + 1, "fewer entries than the count says"));
    }
    Ok(entries)
}

/// A number as Kafka writes it: digits, maybe a minus sign, nothing else.
pub(super) fn parse_number<N: FromStr>(text: &str) -> Result<N, &'static str> {
    if text.starts_with('+') {
        return Err("not a number");
    }
    text.parse().map_err(|_| "not a number")
}

/// The bytes of a checkpoint of `offsets`.
pub(super) fn format_offsets(offsets: &PartitionOffsets) -> Vec<u8> {
    format(offsets.iter().map(|(partition, offset)| offset_line(partition, *offset)))
}

/// One partition and its offset, without the line's end.
pub(super) fn offset_line(partition: &TopicPartition, offset: Offset) -> String {
    format!("{} {} {offset}", partition.topic, partition.partition)
}

/// What [`offset_line`] has written.
pub(super) fn parse_offset_line(line: &str) -> Result<(TopicPartition, Offset), &'static str> {
    let mut words = line.split(' ');
    let (Some(topic), Some(partition), Some(offset), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err("expected a topic, a partition and an offset");
    };
    let topic = TopicName::new(topic).map_err(|_| "not a topic name")?;
    let partition = PartitionIndex(parse_number(partition)?);
    let offset = Offset(parse_number(offset)?);
    if partition.0 < 0 || offset.0 < 0 {
        return Err("negative number");
    }
    Ok((TopicPartition { topic, partition }, offset))
}

/// The offsets in a checkpoint's bytes.
pub(super) fn parse_offsets(path: &Path, bytes: &[u8]) -> Result<PartitionOffsets, MalformedFile> {
    let entries = parse(path, bytes, parse_offset_line)?;
    let count = entries.len();
    let offsets: PartitionOffsets = entries.into_iter().collect();
    if offsets.len() < count {
        return Err(MalformedFile { path: path.to_owned(), line: 2, reason: "a partition is there twice" });
    }
    Ok(offsets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offsets(text: &str) -> Result<PartitionOffsets, (usize, &'static str)> {
        parse_offsets(Path::new("c"), text.as_bytes()).map_err(|error| (error.line, error.reason))
    }

    #[test]
    fn what_is_written_is_read_back_as_kafka_writes_it() {
        let mut written = PartitionOffsets::new();
        for (topic, partition, offset) in [("orders", 0, 7), ("orders", 11, i64::MAX), ("a.b", 3, 0)] {
            let topic = TopicName::new(topic).unwrap();
            written.insert(TopicPartition { topic, partition: PartitionIndex(partition) }, Offset(offset));
        }
        let bytes = format_offsets(&written);
        assert_eq!(
            String::from_utf8(bytes.clone()).unwrap(),
            format!("0\n3\na.b 3 0\norders 0 7\norders 11 {}\n", i64::MAX)
        );
        assert_eq!(parse_offsets(Path::new("c"), &bytes).unwrap(), written);
    }

    #[test]
    fn every_deviation_names_its_line() {
        assert_eq!(offsets("0\n0\n"), Ok(PartitionOffsets::new()));
        assert_eq!(offsets(""), Err((1, "the file is empty")));
        assert_eq!(offsets("1\n0\n"), Err((1, "unknown version, expected 0")));
        assert_eq!(offsets("0\n"), Err((2, "the count of entries is missing")));
        assert_eq!(offsets("0\nx\n"), Err((2, "not a number")));
        assert_eq!(offsets("0\n2\na 0 1\n"), Err((4, "fewer entries than the count says")));
        assert_eq!(offsets("0\n1\na 0 1\nb 0 1\n"), Err((4, "more entries than the count says")));
        assert_eq!(offsets("0\n1\na 0\n"), Err((3, "expected a topic, a partition and an offset")));
        assert_eq!(offsets("0\n1\na 0 1 2\n"), Err((3, "expected a topic, a partition and an offset")));
        assert_eq!(offsets("0\n1\na/b 0 1\n"), Err((3, "not a topic name")));
        assert_eq!(offsets("0\n1\na 0 +1\n"), Err((3, "not a number")));
        assert_eq!(offsets("0\n1\na 0 99999999999999999999\n"), Err((3, "not a number")));
        assert_eq!(offsets("0\n1\na -1 1\n"), Err((3, "negative number")));
        assert_eq!(offsets("0\n2\na 0 1\na 0 2\n"), Err((2, "a partition is there twice")));
        assert_eq!(
            parse_offsets(Path::new("c"), b"0\n1\n\xff 0 1\n").unwrap_err().to_string(),
            "c line 1: not UTF-8"
        );
    }
}
