//! [`Records`]: the records of one batch, decoded one at a time and borrowed from its bytes. Never allocates.
//!
//! ```text
//! length varint | attributes i8 | timestamp delta varlong | offset delta varint
//! key size varint, key | value size varint, value | headers count varint
//! each header: key size varint, key | value size varint, value           (sizes: -1 is null)
//! ```
//! Source: Kafka's `org.apache.kafka.common.record.DefaultRecord`.

use std::borrow::Cow;
use std::str::Utf8Error;

use super::varint::{Front, take_i32, take_i64};
use super::{BatchError, BatchHeader, BatchView, Compression, TimestampType};
use crate::types::{Offset, Timestamp};

/// One record of a batch.
#[derive(Clone, Debug)]
pub struct Record<'a> {
    /// Its place in the partition.
    pub offset: Offset,
    /// When it was made, or when the log took it: [`super::Attributes::timestamp_type`] says which.
    pub timestamp: Timestamp,
    /// Key; `None` is null, which differs from empty.
    pub key: Option<&'a [u8]>,
    /// Value; `None` is null: a tombstone in a compacted topic.
    pub value: Option<&'a [u8]>,
    /// Headers in the order they were given.
    pub headers: Headers<'a>,
}

/// One header of a record (KIP-82).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// Key: UTF-8 by Kafka's rules, but nothing on the way enforces that. Not unique within a record.
    pub key: &'a [u8],
    /// Value; `None` is null.
    pub value: Option<&'a [u8]>,
}

impl<'a> Header<'a> {
    /// The key as text.
    ///
    /// # Errors
    /// When it is not UTF-8.
    pub fn key_str(&self) -> Result<&'a str, Utf8Error> {
        std::str::from_utf8(self.key)
    }

    /// The key as text, with U+FFFD for what is not UTF-8, as the Java client shows it.
    #[must_use]
    pub fn key_lossy(&self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.key)
    }
}

/// The headers of one record, decoded when they are asked for. Their form was checked with the record.
#[derive(Clone, Copy, Debug, Default)]
pub struct Headers<'a> {
    bytes: &'a [u8],
    remaining: usize,
}

impl<'a> Headers<'a> {
    /// The encoded headers, without their count, and how many there are.
    #[must_use]
    pub fn encoded(&self) -> (&'a [u8], usize) {
        (self.bytes, self.remaining)
    }

    /// Headers from [`Headers::encoded`] of others.
    #[must_use]
    pub fn from_encoded(bytes: &'a [u8], count: usize) -> Headers<'a> {
        Headers { bytes, remaining: count }
    }

    /// Checks that `body` is a count and that many headers, and nothing else.
    #[inline]
    fn parse(mut body: &'a [u8]) -> Result<Headers<'a>, &'static str> {
        let count = take_i32(&mut body).ok_or("headers count is malformed")?;
        if count == 0 {
            return if body.is_empty() {
                Ok(Headers::default())
            } else {
                Err("bytes follow the last header")
            };
        }
        Headers::parse_some(count, body)
    }

    fn parse_some(count: i32, bytes: &'a [u8]) -> Result<Headers<'a>, &'static str> {
        let remaining = usize::try_from(count).map_err(|_| "headers count is negative")?;
        let mut rest = bytes;
        for _ in 0..remaining {
            take_header(&mut rest)?;
        }
        if rest.is_empty() { Ok(Headers { bytes, remaining }) } else { Err("bytes follow the last header") }
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = Header<'a>;

    fn next(&mut self) -> Option<Header<'a>> {
        self.remaining = self.remaining.checked_sub(1)?;
        take_header(&mut self.bytes).ok()
    }

    // The count is exact and its headers are there: `parse` has seen them.
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining, Some(self.remaining))
    }

    fn count(self) -> usize {
        self.remaining
    }
}

impl ExactSizeIterator for Headers<'_> {}

/// Takes one header off the front of `bytes`.
fn take_header<'a>(bytes: &mut &'a [u8]) -> Result<Header<'a>, &'static str> {
    let key = take_bytes(bytes).ok_or("header key is cut short")?.ok_or("header key is null")?;
    let value = take_bytes(bytes).ok_or("header value is cut short")?;
    Ok(Header { key, value })
}

/// Takes a size and that many bytes off the front of `bytes`. The outer None says that they are not all there; like
/// Kafka this takes every negative size for null.
#[inline]
fn take_bytes<'a>(bytes: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    let Ok(size) = usize::try_from(take_i32(bytes)?) else { return Some(None) };
    let (taken, rest) = bytes.split_at_checked(size)?;
    *bytes = rest;
    Some(Some(taken))
}

impl<'a> BatchView<'a> {
    /// The records of a batch that is not compressed, borrowed from it.
    ///
    /// # Errors
    /// [`BatchError::Inconsistent`] for a compressed batch ([`BatchView::unpack`] reads those) or a negative count.
    pub fn records(&self) -> Result<Records<'a>, BatchError> {
        match self.header().attributes().compression()? {
            Compression::None => Records::new(self.header(), self.payload()),
            _ => Err(BatchError::Inconsistent("records are compressed")),
        }
    }
}

/// A place between two records of a batch, with what is needed to go on from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordsCursor {
    origin: Origin,
    remaining_size: usize,
    index: usize,
}

/// What the fields of a batch's records count from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Origin {
    offset: Offset,
    timestamp: i64,
    append_time: Option<Timestamp>,
    count: usize,
}

impl RecordsCursor {
    /// Bytes of unpacked records that come after this place.
    #[must_use]
    pub fn remaining_size(&self) -> usize {
        self.remaining_size
    }
}

/// Iterator over the records of a batch. Ends after the first error.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    bytes: &'a [u8],
    origin: Origin,
    index: usize,
}

impl<'a> Records<'a> {
    /// The records in `unpacked`, which is what follows the header once it is no longer compressed.
    pub(super) fn new(header: &BatchHeader, unpacked: &'a [u8]) -> Result<Records<'a>, BatchError> {
        let count = usize::try_from(header.records_count.get())
            .map_err(|_| BatchError::Inconsistent("records count is negative"))?;
        let append_time = match header.attributes().timestamp_type() {
            TimestampType::CreateTime => None,
            TimestampType::LogAppendTime => Some(header.max_timestamp()),
        };
        let (offset, timestamp) = (header.base_offset(), header.base_timestamp.get());
        Ok(Records { bytes: unpacked, origin: Origin { offset, timestamp, append_time, count }, index: 0 })
    }

    /// The records that have not been taken yet, encoded.
    pub(super) fn remaining(&self) -> &'a [u8] {
        self.bytes
    }

    /// Where this iterator is, for [`Records::resume`].
    #[must_use]
    #[inline]
    pub fn cursor(&self) -> RecordsCursor {
        RecordsCursor { origin: self.origin, remaining_size: self.bytes.len(), index: self.index }
    }

    /// Goes on where another iterator over the same `unpacked` records was: for a reader that owns the bytes and cannot
    /// borrow from itself.
    ///
    /// # Errors
    /// [`BatchError::Inconsistent`] for a cursor of other bytes.
    #[inline]
    pub fn resume(unpacked: &'a [u8], cursor: RecordsCursor) -> Result<Records<'a>, BatchError> {
        let RecordsCursor { origin, remaining_size, index } = cursor;
        let start = unpacked.len().checked_sub(remaining_size);
        let bytes = start.and_then(|start| unpacked.get(start..));
        let bytes = bytes.ok_or(BatchError::Inconsistent("the cursor belongs to other records"))?;
        Ok(Records { bytes, origin, index })
    }

    /// Takes a record whose numbers are short and which has no headers, as nearly all are. `None`, with nothing taken,
    /// for any other: [`Records::take`] reads that, or says what is wrong with it.
    #[inline(always)]
    fn take_common(&mut self) -> Option<Record<'a>> {
        let mut front = Front::new(self.bytes)?;
        let length = front.size()?;
        let (record, rest) = self.bytes.split_at_checked(front.taken() + length)?;
        front.skip_byte();
        let (timestamp_delta, offset_delta) = (front.number()?, front.number()?);
        let key_size = front.number()?;
        let mut body = record.get(front.taken()..)?;
        let key = match usize::try_from(key_size) {
            Err(_) => None,
            Ok(size) => {
                let (key, after) = body.split_at_checked(size)?;
                body = after;
                Some(key)
            }
        };
        let value = take_bytes(&mut body)?;
        if *body != [0] {
            return None;
        }
        self.bytes = rest;
        Some(self.record(timestamp_delta, offset_delta, key, value, Headers::default()))
    }

    #[inline(always)]
    fn record(
        &self,
        timestamp_delta: i64,
        offset_delta: i64,
        key: Option<&'a [u8]>,
        value: Option<&'a [u8]>,
        headers: Headers<'a>,
    ) -> Record<'a> {
        let create_time = Timestamp(self.origin.timestamp.wrapping_add(timestamp_delta));
        Record {
            offset: self.origin.offset.plus(offset_delta),
            timestamp: self.origin.append_time.unwrap_or(create_time),
            key,
            value,
            headers,
        }
    }

    fn take(&mut self) -> Result<Record<'a>, &'static str> {
        let length = take_i32(&mut self.bytes).ok_or("length is malformed")?;
        let length = usize::try_from(length).map_err(|_| "length is negative")?;
        let (mut body, rest) = self.bytes.split_at_checked(length).ok_or("batch ends within the record")?;
        self.bytes = rest;
        let (_attributes, after) = body.split_first().ok_or("attributes are missing")?;
        body = after;
        let timestamp_delta = take_i64(&mut body).ok_or("timestamp delta is malformed")?;
        let offset_delta = take_i32(&mut body).ok_or("offset delta is malformed")?;
        let key = take_bytes(&mut body).ok_or("key is cut short")?;
        let value = take_bytes(&mut body).ok_or("value is cut short")?;
        let headers = Headers::parse(body)?;
        Ok(self.record(timestamp_delta, i64::from(offset_delta), key, value, headers))
    }

    fn fail(&mut self, error: BatchError) -> Option<Result<Record<'a>, BatchError>> {
        self.bytes = &[];
        self.index = self.origin.count;
        Some(Err(error))
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, BatchError>;

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        if self.index == self.origin.count {
            if self.bytes.is_empty() {
                return None;
            }
            return self.fail(BatchError::Inconsistent("bytes follow the last record"));
        }
        if let Some(record) = self.take_common() {
            self.index += 1;
            return Some(Ok(record));
        }
        match self.take() {
            Ok(record) => {
                self.index += 1;
                Some(Ok(record))
            }
            Err(reason) => {
                let index = self.index;
                self.fail(BatchError::Record { index, reason })
            }
        }
    }

    // No lower bound: the count in a header is a claim, and `collect` would allocate by it.
}

#[cfg(test)]
mod tests {
    use zerocopy::FromZeros;

    use super::*;

    fn records(count: i32, bytes: &[u8]) -> Vec<Result<(i64, i64), BatchError>> {
        let mut header = BatchHeader::new_zeroed();
        header.base_offset.set(100);
        header.base_timestamp.set(1000);
        header.records_count.set(count);
        let decoded = Records::new(&header, bytes).unwrap();
        decoded.map(|record| record.map(|r| (r.offset.0, r.timestamp.0))).collect()
    }

    fn reason(count: i32, bytes: &[u8]) -> &'static str {
        match records(count, bytes).as_slice() {
            [.., Err(BatchError::Record { reason, .. } | BatchError::Inconsistent(reason))] => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn deltas_count_from_the_header() {
        // Second record: 7 ms earlier, three offsets on.
        let bytes = [12, 0, 0, 0, 1, 1, 0, 12, 0, 13, 6, 1, 1, 0];
        assert_eq!(records(2, &bytes), [Ok((100, 1000)), Ok((103, 993))]);
    }

    #[test]
    fn every_malformed_field_is_named_and_ends_the_batch() {
        assert_eq!(reason(1, &[]), "length is malformed");
        assert_eq!(reason(1, &[1]), "length is negative");
        assert_eq!(reason(1, &[12, 0, 0]), "batch ends within the record");
        assert_eq!(reason(1, &[0]), "attributes are missing");
        assert_eq!(reason(1, &[4, 0, 0x80]), "timestamp delta is malformed");
        assert_eq!(reason(1, &[6, 0, 0, 0x80]), "offset delta is malformed");
        assert_eq!(reason(1, &[8, 0, 0, 0, 4]), "key is cut short");
        assert_eq!(reason(1, &[10, 0, 0, 0, 1, 2]), "value is cut short");
        assert_eq!(reason(1, &[10, 0, 0, 0, 1, 1]), "headers count is malformed");
        assert_eq!(reason(1, &[12, 0, 0, 0, 1, 1, 1]), "headers count is negative");
        assert_eq!(reason(1, &[12, 0, 0, 0, 1, 1, 2]), "header key is cut short");
        assert_eq!(reason(1, &[14, 0, 0, 0, 1, 1, 2, 1]), "header key is null");
        assert_eq!(reason(1, &[14, 0, 0, 0, 1, 1, 2, 0]), "header value is cut short");
        assert_eq!(reason(1, &[14, 0, 0, 0, 1, 1, 0, 9]), "bytes follow the last header");
        assert_eq!(reason(1, &[12, 0, 0, 0, 1, 1, 0, 9]), "bytes follow the last record");
        assert_eq!(records(2, &[12, 0, 0, 0, 1, 1, 0]).len(), 2, "nothing follows an error");
    }

    #[test]
    fn a_count_without_records_costs_nothing() {
        assert_eq!(records(i32::MAX, &[]).len(), 1);
        // A headers count of 2^31 - 1 in a record of a few bytes.
        let bytes = [22, 0, 0, 0, 1, 1, 0xfe, 0xff, 0xff, 0xff, 0x0f, 0];
        assert_eq!(reason(1, &bytes), "header value is cut short");
    }

    #[test]
    fn a_reader_goes_on_where_its_cursor_says() {
        let bytes = [12, 0, 0, 0, 1, 1, 0, 12, 0, 13, 6, 1, 1, 0];
        let mut header = BatchHeader::new_zeroed();
        header.records_count.set(2);
        let mut first = Records::new(&header, &bytes).unwrap();
        for expected in [vec![0, 3], vec![3], vec![]] {
            let rest = Records::resume(&bytes, first.cursor()).unwrap();
            let offsets: Vec<_> = rest.map(|record| record.unwrap().offset.0).collect();
            assert_eq!(offsets, expected);
            first.next();
        }
        let elsewhere = Records::new(&header, &bytes).unwrap().cursor();
        assert!(Records::resume(&bytes[1..], elsewhere).is_err());
    }

    #[test]
    fn header_keys_that_are_not_text_are_kept() {
        let mut bytes: &[u8] = &[4, 0xff, b'a', 1];
        let header = take_header(&mut bytes).unwrap();
        assert_eq!(header, Header { key: &[0xff, b'a'], value: None });
        assert!(header.key_str().is_err());
        assert_eq!(header.key_lossy(), "\u{fffd}a");
    }
}
