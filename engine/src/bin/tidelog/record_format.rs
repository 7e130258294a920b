//! [`RecordFormat`]: how a record becomes a line, with the properties of Kafka's console consumer.

use std::borrow::Cow;

use serde::Serialize;
use tidelog::client::Message;
use tidelog::record::TimestampType;
use tidelog::types::Timestamp;

use crate::line_format::{parse_separator, parse_switch};

/// What of a record is printed, and what stands between its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RecordFormat {
    print_timestamp: bool,
    print_partition: bool,
    print_offset: bool,
    print_headers: bool,
    print_key: bool,
    print_value: bool,
    key_separator: Vec<u8>,
    line_separator: Vec<u8>,
    headers_separator: Vec<u8>,
    null_literal: Vec<u8>,
}

impl Default for RecordFormat {
    fn default() -> RecordFormat {
        RecordFormat {
            print_timestamp: false,
            print_partition: false,
            print_offset: false,
            print_headers: false,
            print_key: false,
            print_value: true,
            key_separator: b"\t".to_vec(),
            line_separator: b"\n".to_vec(),
            headers_separator: b",".to_vec(),
            null_literal: b"null".to_vec(),
        }
    }
}

impl RecordFormat {
    /// From `--key-separator` and `--property`, of which the latter win.
    ///
    /// # Errors
    /// A text that names the property that is wrong.
    pub(crate) fn new(
        key_separator: Option<&str>,
        properties: &[(String, String)],
    ) -> Result<RecordFormat, String> {
        let mut format = RecordFormat::default();
        if let Some(separator) = key_separator {
            format.print_key = true;
            format.key_separator = parse_separator(separator)?;
        }
        for (name, value) in properties {
            match name.as_str() {
                "print.timestamp" => format.print_timestamp = parse_switch(name, value)?,
                "print.partition" => format.print_partition = parse_switch(name, value)?,
                "print.offset" => format.print_offset = parse_switch(name, value)?,
                "print.headers" => format.print_headers = parse_switch(name, value)?,
                "print.key" => format.print_key = parse_switch(name, value)?,
                "print.value" => format.print_value = parse_switch(name, value)?,
                "key.separator" => format.key_separator = parse_separator(value)?,
                "line.separator" => format.line_separator = parse_separator(value)?,
                "headers.separator" => format.headers_separator = parse_separator(value)?,
                "null.literal" => format.null_literal = value.as_bytes().to_vec(),
                _ => return Err(format!("unknown property {name:?}")),
            }
        }
        Ok(format)
    }

    /// Adds the line of `message` to `line`.
    pub(crate) fn write(&self, message: &Message, line: &mut Vec<u8>) {
        let mut parts = Parts { line, separator: &self.key_separator, is_first: true };
        if self.print_timestamp {
            parts.next(timestamp(message).as_bytes());
        }
        if self.print_partition {
            parts.next(format!("Partition:{}", message.partition()).as_bytes());
        }
        if self.print_offset {
            parts.next(format!("Offset:{}", offset(message)).as_bytes());
        }
        if self.print_headers {
            parts.next(&self.headers(message));
        }
        if self.print_key {
            parts.next(message.key().unwrap_or(&self.null_literal));
        }
        if self.print_value {
            parts.next(message.value().unwrap_or(&self.null_literal));
        }
        line.extend_from_slice(&self.line_separator);
    }

    fn headers(&self, message: &Message) -> Vec<u8> {
        let mut text = Vec::new();
        for header in message.headers() {
            if !text.is_empty() {
                text.extend_from_slice(&self.headers_separator);
            }
            text.extend_from_slice(header.key);
            text.push(b':');
            text.extend_from_slice(header.value.unwrap_or(&self.null_literal));
        }
        if text.is_empty() { b"NO_HEADERS".to_vec() } else { text }
    }
}

/// The parts of a line, each behind a separator but the first.
struct Parts<'a> {
    line: &'a mut Vec<u8>,
    separator: &'a [u8],
    is_first: bool,
}

impl Parts<'_> {
    fn next(&mut self, part: &[u8]) {
        if !std::mem::replace(&mut self.is_first, false) {
            self.line.extend_from_slice(self.separator);
        }
        self.line.extend_from_slice(part);
    }
}

/// As Kafka's console consumer prints it: the kind and milliseconds since 1970.
fn timestamp(message: &Message) -> String {
    match (message.timestamp(), message.timestamp_type()) {
        (Timestamp::NONE, _) => "NO_TIMESTAMP".to_owned(),
        (at, TimestampType::CreateTime) => format!("CreateTime:{at}"),
        (at, TimestampType::LogAppendTime) => format!("LogAppendTime:{at}"),
    }
}

fn offset(message: &Message) -> i64 {
    message.offset().map_or(-1, |offset| offset.0)
}

/// A record in JSON. What is not UTF-8 shows U+FFFD in its place.
#[derive(Serialize)]
pub(crate) struct JsonRecord<'a> {
    topic: &'a str,
    partition: i32,
    offset: i64,
    timestamp: i64,
    key: Option<Cow<'a, str>>,
    value: Option<Cow<'a, str>>,
    headers: Vec<(Cow<'a, str>, Option<Cow<'a, str>>)>,
}

impl<'a> JsonRecord<'a> {
    /// Of `message`.
    pub(crate) fn new(message: &'a Message) -> JsonRecord<'a> {
        let text = |bytes: Option<&'a [u8]>| bytes.map(String::from_utf8_lossy);
        JsonRecord {
            topic: message.topic(),
            partition: message.partition().0,
            offset: offset(message),
            timestamp: message.timestamp().0,
            key: text(message.key()),
            value: text(message.value()),
            headers: message.headers().map(|header| (header.key_lossy(), text(header.value))).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use tidelog::client::BatchMessages;
    use tidelog::record::{BatchBuilder, BufferPool, Compression, HeaderRef, ProducerStamp, RecordData};
    use tidelog::types::{LeaderEpoch, Offset, PartitionIndex};

    use super::*;

    fn message(key: Option<&[u8]>, value: Option<&[u8]>, headers: &[HeaderRef<'_>]) -> Message {
        let mut builder = BatchBuilder::new(BufferPool::new(0).take(256), Compression::None);
        builder.append(&RecordData { timestamp: Timestamp(1000), key, value, headers }).unwrap();
        let batch = builder.seal(ProducerStamp::NONE, None).unwrap().assign(Offset(5), LeaderEpoch(0));
        BatchMessages::new("t".into(), PartitionIndex(2), &batch).unwrap().next().unwrap().unwrap()
    }

    fn line(format: &RecordFormat, message: &Message) -> String {
        let mut line = Vec::new();
        format.write(message, &mut line);
        String::from_utf8_lossy(&line).into_owned()
    }

    fn format(properties: &[(&str, &str)]) -> RecordFormat {
        let owned: Vec<_> =
            properties.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        RecordFormat::new(None, &owned).unwrap()
    }

    #[test]
    fn a_line_is_the_value_unless_more_is_asked_for() {
        let plain = message(Some(b"k"), Some(b"v"), &[]);
        assert_eq!(line(&RecordFormat::default(), &plain), "v\n");
        assert_eq!(line(&RecordFormat::new(Some(":"), &[]).unwrap(), &plain), "k:v\n");
        let nothing = message(None, None, &[]);
        assert_eq!(line(&format(&[("print.key", "true"), ("null.literal", "-")]), &nothing), "-\t-\n");
    }

    #[test]
    fn all_parts_stand_in_kafkas_order() {
        let all = format(&[
            ("print.key", "true"),
            ("print.headers", "true"),
            ("print.offset", "true"),
            ("print.partition", "true"),
            ("print.timestamp", "true"),
            ("key.separator", "|"),
        ]);
        let headers = [HeaderRef { key: "a", value: Some(b"1") }, HeaderRef { key: "b", value: None }];
        let full = message(Some(b"k"), Some(b"v"), &headers);
        assert_eq!(line(&all, &full), "CreateTime:1000|Partition:2|Offset:5|a:1,b:null|k|v\n");
        let bare = message(None, Some(b"v"), &[]);
        assert_eq!(line(&all, &bare), "CreateTime:1000|Partition:2|Offset:5|NO_HEADERS|null|v\n");
    }

    #[test]
    fn wrong_properties_are_named() {
        let error = RecordFormat::new(None, &[("print.keys".to_owned(), "true".to_owned())]).unwrap_err();
        assert_eq!(error, "unknown property \"print.keys\"");
    }
}
