//! What `tidelog dump` prints of batches and records: a line of text, or an object in JSON.

use std::borrow::Cow;
use std::path::Path;

use serde::Serialize;
use tidelog::record::{BatchView, Record, TimestampType};
use tidelog::types::Timestamp;

use crate::time::timestamp_text;

/// A batch as it is printed in JSON.
#[derive(Serialize)]
pub(super) struct PrintedBatch<'a> {
    file: Cow<'a, str>,
    position: u64,
    size: usize,
    base_offset: i64,
    last_offset: i64,
    count: i32,
    compression: String,
    timestamp_type: &'static str,
    max_timestamp: i64,
    leader_epoch: i32,
    producer_id: i64,
    producer_epoch: i16,
    base_sequence: i32,
    transactional: bool,
    control: bool,
    crc: u32,
    valid: bool,
}

/// A record as it is printed in JSON. What is not UTF-8 shows U+FFFD in its place.
#[derive(Serialize)]
pub(super) struct PrintedRecord<'a> {
    offset: i64,
    timestamp: i64,
    key: Option<Cow<'a, str>>,
    value: Option<Cow<'a, str>>,
    headers: Vec<(Cow<'a, str>, Option<Cow<'a, str>>)>,
}

impl<'a> PrintedBatch<'a> {
    pub(super) fn new(path: &'a Path, position: u64, batch: &BatchView<'_>, valid: bool) -> PrintedBatch<'a> {
        let header = batch.header();
        let attributes = header.attributes();
        PrintedBatch {
            file: path.to_string_lossy(),
            position,
            size: batch.size(),
            base_offset: header.base_offset().0,
            last_offset: header.last_offset().0,
            count: header.records_count.get(),
            compression: compression_text(batch),
            timestamp_type: timestamp_type_text(attributes.timestamp_type()),
            max_timestamp: header.max_timestamp().0,
            leader_epoch: header.leader_epoch().0,
            producer_id: header.producer_id().0,
            producer_epoch: header.producer_epoch().0,
            base_sequence: header.base_sequence().0,
            transactional: attributes.is_transactional(),
            control: attributes.is_control(),
            crc: header.crc.get(),
            valid,
        }
    }
}

/// One line about a batch.
pub(super) fn batch_text(position: u64, batch: &BatchView<'_>) -> String {
    let header = batch.header();
    let attributes = header.attributes();
    let (first, last) = (header.base_offset(), header.last_offset());
    let mut text = format!(
        "  offsets {first}-{last}  count {}  byte {position}  size {}  {}  {} {}  epoch {}  crc {:08x}",
        header.records_count.get(),
        batch.size(),
        compression_text(batch),
        timestamp_type_text(attributes.timestamp_type()),
        timestamp_text(header.max_timestamp()),
        header.leader_epoch().0,
        header.crc.get(),
    );
    if header.producer_id().0 >= 0 {
        let (id, epoch) = (header.producer_id().0, header.producer_epoch().0);
        text.push_str(&format!("  producer {id}/{epoch} sequence {}", header.base_sequence().0));
    }
    if attributes.is_transactional() {
        text.push_str("  transactional");
    }
    if attributes.is_control() {
        text.push_str("  control");
    }
    if attributes.has_delete_horizon() {
        let horizon = Timestamp(header.base_timestamp.get());
        text.push_str(&format!("  delete horizon {}", timestamp_text(horizon)));
    }
    text
}

fn compression_text(batch: &BatchView<'_>) -> String {
    match batch.header().attributes().compression() {
        Ok(codec) => format!("{codec:?}").to_lowercase(),
        Err(error) => error.to_string(),
    }
}

fn timestamp_type_text(timestamp_type: TimestampType) -> &'static str {
    match timestamp_type {
        TimestampType::CreateTime => "CreateTime",
        TimestampType::LogAppendTime => "LogAppendTime",
    }
}

impl<'a> PrintedRecord<'a> {
    pub(super) fn new(record: &Record<'a>) -> PrintedRecord<'a> {
        let text = |bytes: Option<&'a [u8]>| bytes.map(String::from_utf8_lossy);
        PrintedRecord {
            offset: record.offset.0,
            timestamp: record.timestamp.0,
            key: text(record.key),
            value: text(record.value),
            headers: record.headers.map(|header| (header.key_lossy(), text(header.value))).collect(),
        }
    }
}

/// One line about a record.
pub(super) fn record_text(record: &Record<'_>) -> String {
    let mut text = format!("    offset {}  {}", record.offset, timestamp_text(record.timestamp));
    text.push_str(&format!("  key {}  value {}", bytes_text(record.key), bytes_text(record.value)));
    for header in record.headers {
        text.push_str(&format!("  header {:?}={}", header.key_lossy(), bytes_text(header.value)));
    }
    text
}

/// Bytes in quotes, with escapes for all that is no printable ASCII.
fn bytes_text(bytes: Option<&[u8]>) -> String {
    match bytes {
        None => "null".to_owned(),
        Some(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => format!("{text:?}"),
            Err(_) => format!("\"{}\"", bytes.escape_ascii()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_can_be_told_from_each_other() {
        assert_eq!(bytes_text(None), "null");
        assert_eq!(bytes_text(Some(b"null")), "\"null\"");
        assert_eq!(bytes_text(Some("a\"\tä".as_bytes())), r#""a\"\tä""#);
        assert_eq!(bytes_text(Some(b"\xff\x00")), r#""\xff\x00""#);
    }
}
