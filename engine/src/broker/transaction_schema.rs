//! What the records of `__transaction_state` mean, byte for byte as Kafka writes them without `transaction.version`, so
//! that Kafka's tools read them and a directory can be carried to a broker. Bytes in and out; no I/O.
//!
//! ```text
//! key     i16 version 0, string transactional id
//! value   i16 version 0, i64 producer id, i16 producer epoch, i32 timeout in ms, i8 state,
//!         i32 count of topics (-1 in the state Empty), each: string topic, i32 count, i32 partition ...,
//!         i64 time of the last change, i64 time of the transaction's start or -1
//! ```
//! Integers are big-endian; `string` is an i16 size and UTF-8. Version 1 of the value is flexible (KIP-482) and read, too.
//! A record without a value is a tombstone. Source: Kafka's `TransactionLogKey`, `TransactionLogValue`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::record_fields::{Reader, SchemaError, Versions, Writer};
use super::transaction::TransactionState;
use crate::types::{PartitionIndex, ProducerEpoch, ProducerId, Timestamp, TopicName, TopicPartition};

const VALUES: Versions = Versions { newest: 1, flexible_since: 1 };

/// What is written.
const VERSION: i16 = 0;

/// No structure has this tag: tagged fields tell nothing that is needed here.
const NO_TAG: u32 = u32::MAX;

/// What is kept of a transactional id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionMetadata {
    /// The producer that has the id.
    pub producer_id: ProducerId,
    /// Its epoch: whoever has a lower one has been fenced.
    pub producer_epoch: ProducerEpoch,
    /// How long a transaction may last.
    pub timeout: Duration,
    /// Where the last transaction stands.
    pub state: TransactionState,
    /// Partitions that it has written to, or may have.
    pub partitions: BTreeSet<TopicPartition>,
    /// When the state last changed.
    pub last_update: Timestamp,
    /// When the transaction began; [`Timestamp::NONE`] when there was none.
    pub start: Timestamp,
}

/// Reads the key: a transactional id. `None` for keys of later versions.
///
/// # Errors
/// [`SchemaError`]
pub fn decode_key(bytes: &[u8]) -> Result<Option<String>, SchemaError> {
    let mut reader = Reader::new(bytes)?;
    if reader.version() != 0 {
        return Ok(None);
    }
    reader.string("transactional id").map(Some)
}

/// Writes the key.
#[must_use]
pub fn encode_key(transactional_id: &str) -> Vec<u8> {
    let mut writer = Writer::new(0);
    writer.string(transactional_id);
    writer.finish()
}

impl TransactionMetadata {
    /// Reads a value. Partitions of names that are no topic's are passed over.
    ///
    /// # Errors
    /// [`SchemaError`]
    pub fn decode(bytes: &[u8]) -> Result<TransactionMetadata, SchemaError> {
        let mut reader = Reader::of_value(bytes, VALUES)?;
        let producer_id = ProducerId(reader.i64("producer id")?);
        let producer_epoch = ProducerEpoch(reader.i16("producer epoch")?);
        let timeout = reader.i32("timeout")?;
        let state = reader.i8("state")?;
        let impossible = SchemaError::Length { field: "state", length: state.into() };
        let state = TransactionState::from_number(state).ok_or(impossible)?;
        let mut partitions = BTreeSet::new();
        for _ in 0..reader.optional_count("topics")?.unwrap_or(0) {
            let topic = TopicName::new(&reader.string("topic")?).ok();
            for _ in 0..reader.count("partitions")? {
                let partition = PartitionIndex(reader.i32("partition")?);
                partitions.extend(topic.clone().map(|topic| TopicPartition { topic, partition }));
            }
            reader.tagged(NO_TAG)?;
        }
        Ok(TransactionMetadata {
            producer_id,
            producer_epoch,
            timeout: Duration::from_millis(u64::try_from(timeout).unwrap_or(0)),
            state,
            partitions,
            last_update: Timestamp(reader.i64("time of the last change")?),
            start: Timestamp(reader.i64("time of the start")?),
        })
    }

    /// Writes a value.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::of_value(VERSION, VALUES);
        writer.i64(self.producer_id.0);
        writer.i16(self.producer_epoch.0);
        writer.i32(i32::try_from(self.timeout.as_millis()).unwrap_or(i32::MAX));
        writer.i8(self.state.number());
        if self.state == TransactionState::Empty {
            writer.no_list();
        } else {
            let mut topics: BTreeMap<&TopicName, Vec<i32>> = BTreeMap::new();
            for TopicPartition { topic, partition } in &self.partitions {
                topics.entry(topic).or_default().push(partition.0);
            }
            writer.count(topics.len());
            for (topic, partitions) in topics {
                writer.string(topic.as_str());
                writer.count(partitions.len());
                partitions.into_iter().for_each(|partition| writer.i32(partition));
            }
        }
        writer.i64(self.last_update.0);
        writer.i64(self.start.0);
        writer.finish()
    }
}

#[cfg(test)]
mod tests {
    //! The bytes here were written by the classes of Apache Kafka 4.2 (`org.apache.kafka.coordinator.transaction.generated`).

    use super::*;

    fn bytes_of(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    }

    fn partition(topic: &str, partition: i32) -> TopicPartition {
        TopicPartition { topic: TopicName::new(topic).unwrap(), partition: PartitionIndex(partition) }
    }

    fn empty() -> TransactionMetadata {
        TransactionMetadata {
            producer_id: ProducerId(4711),
            producer_epoch: ProducerEpoch(3),
            timeout: Duration::from_secs(60),
            state: TransactionState::Empty,
            partitions: BTreeSet::new(),
            last_update: Timestamp(1_700_000_000_001),
            start: Timestamp(-1),
        }
    }

    fn ongoing() -> TransactionMetadata {
        let partitions = [partition("a", 0), partition("a", 2), partition("b", 1)].into();
        let start = Timestamp(1_700_000_000_000);
        TransactionMetadata { state: TransactionState::Ongoing, partitions, start, ..empty() }
    }

    #[test]
    fn keys_are_kafkas() {
        let golden = bytes_of("000000077ac3a4686c6572");
        assert_eq!(encode_key("zähler"), golden);
        assert_eq!(decode_key(&golden).unwrap().as_deref(), Some("zähler"));
        assert_eq!(decode_key(&[0, 1, 0]).unwrap(), None, "of a later version");
        assert!(decode_key(&golden[..9]).is_err());
    }

    #[test]
    fn values_are_kafkas() {
        let cases = [
            (empty(), "0000000000000000126700030000ea6000ffffffff0000018bcfe56801ffffffffffffffff"),
            (
                ongoing(),
                "0000000000000000126700030000ea60010000000200016100000002000000000000000200016200000001\
                 000000010000018bcfe568010000018bcfe56800",
            ),
        ];
        for (metadata, golden) in cases {
            assert_eq!(metadata.encode(), bytes_of(golden));
            assert_eq!(TransactionMetadata::decode(&bytes_of(golden)).unwrap(), metadata);
        }
    }

    #[test]
    fn the_flexible_version_is_read() {
        let cases = [
            (
                empty(),
                "0001000000000000126700030000ea6000000000018bcfe56801ffffffffffffffff03000800000000000012660108\
                 000000000000126802020002",
            ),
            (
                ongoing(),
                "0001000000000000126700030000ea6001030261030000000000000002000262020000000100\
                 0000018bcfe568010000018bcfe5680003000800000000000012660108000000000000126802020002",
            ),
        ];
        for (metadata, golden) in cases {
            assert_eq!(TransactionMetadata::decode(&bytes_of(golden)).unwrap(), metadata);
        }
    }

    #[test]
    fn what_is_cut_short_is_an_error() {
        let whole = ongoing().encode();
        for length in 0..whole.len() {
            assert!(TransactionMetadata::decode(&whole[..length]).is_err(), "{length}");
        }
        let mut unknown = whole;
        unknown[16] = 99;
        assert!(TransactionMetadata::decode(&unknown).is_err());
    }
}
