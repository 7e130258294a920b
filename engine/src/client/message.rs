//! [`Message`]: a record as an application holds it, pointing into the batch that it came in. Making one costs one
//! reference count and no copy.

use std::sync::Arc;

use bytes::Bytes;
use zerocopy::FromZeros;

use crate::limits::DECOMPRESSED_SIZE_MAX;
use crate::record::{
    BatchError, BatchHeader, BatchView, Compression, HEADER_SIZE, Headers, Record, Records, RecordsCursor,
    TimestampType,
};
use crate::types::{LeaderEpoch, Offset, PartitionIndex, Timestamp};

/// One record, with where it came from. Cheap to clone; keeps its whole batch in memory.
#[derive(Clone, Debug)]
pub struct Message {
    batch: Arc<MessageBatch>,
    offset: Option<Offset>,
    timestamp: Timestamp,
    key: Option<Span>,
    value: Option<Span>,
    headers: Span,
    headers_count: usize,
}

/// What the messages of one batch share.
#[derive(Debug)]
struct MessageBatch {
    topic: Arc<str>,
    partition: PartitionIndex,
    header: BatchHeader,
    /// The records, unpacked.
    unpacked: Bytes,
    timestamp_type: TimestampType,
}

/// A piece of the unpacked records.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    start: u32,
    size: u32,
}

impl Span {
    /// Where `part`, which was borrowed from `whole`, lies in it.
    #[inline]
    fn of(whole: &[u8], part: &[u8]) -> Span {
        let start = part.as_ptr().addr().saturating_sub(whole.as_ptr().addr());
        // Unpacked records are at most DECOMPRESSED_SIZE_MAX long, which fits.
        Span { start: u32::try_from(start).unwrap_or(0), size: u32::try_from(part.len()).unwrap_or(0) }
    }

    fn slice(self, whole: &[u8]) -> &[u8] {
        let start = usize::try_from(self.start).unwrap_or(usize::MAX);
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        whole.get(start..start.saturating_add(size)).unwrap_or_default()
    }
}

const _: () = assert!(DECOMPRESSED_SIZE_MAX <= u32::MAX as usize);

impl Message {
    /// Name of the topic.
    #[must_use]
    pub fn topic(&self) -> &str {
        &self.batch.topic
    }

    /// Number of the partition; -1 when none was ever chosen.
    #[must_use]
    pub fn partition(&self) -> PartitionIndex {
        self.batch.partition
    }

    /// Its place in the partition. `None` for a message that is not in a log, or not known to be.
    #[must_use]
    pub fn offset(&self) -> Option<Offset> {
        self.offset
    }

    /// Key; `None` is null.
    #[must_use]
    pub fn key(&self) -> Option<&[u8]> {
        self.key.map(|span| span.slice(&self.batch.unpacked))
    }

    /// Value; `None` is null.
    #[must_use]
    pub fn value(&self) -> Option<&[u8]> {
        self.value.map(|span| span.slice(&self.batch.unpacked))
    }

    /// Headers in the order they were given.
    #[must_use]
    pub fn headers(&self) -> Headers<'_> {
        Headers::from_encoded(self.headers.slice(&self.batch.unpacked), self.headers_count)
    }

    /// When it was made, or when the log took it.
    #[must_use]
    pub fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    /// Who set the timestamp.
    #[must_use]
    pub fn timestamp_type(&self) -> TimestampType {
        self.batch.timestamp_type
    }

    /// Epoch of the leader that appended it.
    #[must_use]
    pub fn leader_epoch(&self) -> LeaderEpoch {
        self.batch.header.leader_epoch()
    }

    /// A message whose content is gone: where it was going is all that is known.
    #[must_use]
    pub fn without_content(topic: Arc<str>, partition: PartitionIndex) -> Message {
        let timestamp_type = TimestampType::CreateTime;
        let header = BatchHeader::new_zeroed();
        let batch = MessageBatch { topic, partition, header, unpacked: Bytes::new(), timestamp_type };
        Message {
            batch: Arc::new(batch),
            offset: None,
            timestamp: Timestamp::NONE,
            key: None,
            value: None,
            headers: Span::default(),
            headers_count: 0,
        }
    }

    /// The same message at another offset, or at none: a report knows better than the bytes.
    #[must_use]
    pub fn at_offset(self, offset: Option<Offset>) -> Message {
        Message { offset, ..self }
    }

    #[inline(always)]
    fn new(batch: &Arc<MessageBatch>, record: &Record<'_>, offset: Option<Offset>) -> Message {
        let whole = &*batch.unpacked;
        let (headers, headers_count) = record.headers.encoded();
        Message {
            batch: Arc::clone(batch),
            offset,
            timestamp: record.timestamp,
            key: record.key.map(|key| Span::of(whole, key)),
            value: record.value.map(|value| Span::of(whole, value)),
            headers: if headers_count == 0 { Span::default() } else { Span::of(whole, headers) },
            headers_count,
        }
    }
}

/// A message as it lies in its batch, borrowed: [`MessageRef::to_message`] keeps it.
#[derive(Debug)]
pub struct MessageRef<'a> {
    batch: &'a Arc<MessageBatch>,
    record: Record<'a>,
}

impl<'a> MessageRef<'a> {
    /// The message for itself.
    #[must_use]
    #[inline(always)]
    pub fn to_message(&self) -> Message {
        Message::new(self.batch, &self.record, Some(self.record.offset))
    }

    /// The record.
    #[must_use]
    #[inline(always)]
    pub fn record(&self) -> &Record<'a> {
        &self.record
    }

    /// Name of the topic.
    #[must_use]
    #[inline(always)]
    pub fn topic(&self) -> &'a str {
        &self.batch.topic
    }

    /// Number of the partition.
    #[must_use]
    #[inline(always)]
    pub fn partition(&self) -> PartitionIndex {
        self.batch.partition
    }

    /// The records of its batch, unpacked: its key, value and headers lie in there.
    #[must_use]
    #[inline(always)]
    pub fn batch_bytes(&self) -> &'a Bytes {
        &self.batch.unpacked
    }
}

/// The messages of one batch, one after the other.
#[derive(Debug)]
pub struct BatchMessages {
    batch: Arc<MessageBatch>,
    cursor: RecordsCursor,
}

impl BatchMessages {
    /// The messages of `batch`, which is one whole record batch.
    ///
    /// # Errors
    /// [`BatchError`] when the bytes are not a batch or do not unpack. The CRC is not looked at.
    pub fn new(
        topic: Arc<str>,
        partition: PartitionIndex,
        batch: &Bytes,
    ) -> Result<BatchMessages, BatchError> {
        let view = BatchView::parse(batch)?;
        let header = *view.header();
        let (unpacked, cursor) = unpack(batch, &view)?;
        let timestamp_type = header.attributes().timestamp_type();
        let shared = MessageBatch { topic, partition, header, unpacked, timestamp_type };
        Ok(BatchMessages { batch: Arc::new(shared), cursor })
    }

    /// The batch's header.
    #[must_use]
    pub fn header(&self) -> &BatchHeader {
        &self.batch.header
    }

    /// Name of the topic.
    #[must_use]
    pub fn topic(&self) -> &Arc<str> {
        &self.batch.topic
    }

    /// Number of the partition.
    #[must_use]
    pub fn partition_index(&self) -> PartitionIndex {
        self.batch.partition
    }

    /// Gives the next messages to `take`, `count_max` at most. Returns how many there were, and the offset behind the
    /// last one.
    ///
    /// # Errors
    /// [`BatchError`], when one is malformed: those before it have been given.
    #[inline]
    pub fn give(
        &mut self,
        count_max: usize,
        mut take: impl FnMut(MessageRef<'_>),
    ) -> (usize, Option<Offset>, Result<(), BatchError>) {
        let mut records = match Records::resume(&self.batch.unpacked, self.cursor) {
            Ok(records) => records,
            Err(error) => return (0, None, Err(error)),
        };
        let (mut count, mut end, mut outcome) = (0, None, Ok(()));
        while count < count_max {
            match records.next() {
                None => break,
                Some(Err(error)) => {
                    outcome = Err(error);
                    break;
                }
                Some(Ok(record)) => {
                    end = Some(record.offset.plus(1));
                    count += 1;
                    take(MessageRef { batch: &self.batch, record });
                }
            }
        }
        self.cursor = records.cursor();
        (count, end, outcome)
    }

    /// The records that have not been handed out yet, borrowed: the cheapest way to see them all. Does not move on.
    ///
    /// # Errors
    /// [`BatchError`], when the batch is inconsistent.
    pub fn records(&self) -> Result<Records<'_>, BatchError> {
        Records::resume(&self.batch.unpacked, self.cursor)
    }

    /// Whether all of them have been handed out.
    #[must_use]
    pub fn is_used_up(&self) -> bool {
        self.records().is_ok_and(|mut records| records.next().is_none())
    }

    /// Leaves out the messages before `offset`.
    ///
    /// # Errors
    /// [`BatchError`], when one of them is malformed.
    pub fn skip_below(&mut self, offset: Offset) -> Result<(), BatchError> {
        let mut records = self.records()?;
        let mut cursor = records.cursor();
        while let Some(record) = records.next() {
            if record?.offset >= offset {
                break;
            }
            cursor = records.cursor();
        }
        self.cursor = cursor;
        Ok(())
    }
}

impl Iterator for BatchMessages {
    type Item = Result<Message, BatchError>;

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        let mut records = match Records::resume(&self.batch.unpacked, self.cursor) {
            Ok(records) => records,
            Err(error) => return Some(Err(error)),
        };
        let record = records.next()?;
        self.cursor = records.cursor();
        Some(record.map(|record| Message::new(&self.batch, &record, Some(record.offset))))
    }
}

/// The records of `batch` without compression, sharing its memory when there was none, and where they start.
fn unpack(batch: &Bytes, view: &BatchView<'_>) -> Result<(Bytes, RecordsCursor), BatchError> {
    if view.header().attributes().compression()? == Compression::None {
        return Ok((batch.slice(HEADER_SIZE..view.size()), view.records()?.cursor()));
    }
    let mut scratch = Vec::new();
    let cursor = view.unpack(&mut scratch, DECOMPRESSED_SIZE_MAX)?.cursor();
    scratch.truncate(cursor.remaining_size());
    Ok((Bytes::from(scratch), cursor))
}
