//! What the records of `__transaction_state` mean, byte for byte as Kafka writes them with `transaction.version` 1 and 2,
//! so that Kafka's tools read them and a directory can be carried to a broker. Bytes in and out; no I/O.
//!
//! ```text
//! key     i16 version 0, string transactional id
//! value   i16 version 1, i64 producer id, i16 producer epoch, i32 timeout in ms, i8 state,
//!         list of topics (null in the state Empty), each: string topic, list of i32 partitions, tagged fields: none
//!         i64 time of the last change, i64 time of the transaction's start or -1
//!         tagged fields: 0: i64 previous producer id, 1: i64 next producer id, 2: i16 transaction version of the client
//! ```
//! Integers are big-endian. The value is flexible (KIP-482): sizes of strings and lists are varints, of one more. Version 0,
//! with fixed sizes (i16 and i32) and without tagged fields, is read, too; Kafka writes it with `transaction.version` 0.
//! A record without a value is a tombstone. Source: Kafka's `TransactionLogKey`, `TransactionLogValue`. Unlike Kafka 4.2,
//! which leaves the previous and the next producer id out, they are written, so that a restart does not lose them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::record_fields::{Reader, SchemaError, Versions, Writer};
use super::transaction::{TransactionState, TransactionVersion};
use crate::types::{PartitionIndex, ProducerEpoch, ProducerId, Timestamp, TopicName, TopicPartition};

const VALUES: Versions = Versions { newest: 1, flexible_since: 1 };

/// What is written.
const VERSION: i16 = 1;

const TAG_PREVIOUS_PRODUCER: u32 = 0;
const TAG_NEXT_PRODUCER: u32 = 1;
const TAG_CLIENT_VERSION: u32 = 2;

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
    /// The producer id before, if the last change was that its epochs were used up.
    pub previous_producer: Option<ProducerId>,
    /// The producer id that follows when the transaction has ended, because the epochs of this one are used up.
    pub next_producer: Option<ProducerId>,
    /// How the client ends transactions that made the last change.
    pub client_version: TransactionVersion,
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
            reader.each_tagged(|_, _| Ok(()))?;
        }
        let mut metadata = TransactionMetadata {
            producer_id,
            producer_epoch,
            timeout: Duration::from_millis(u64::try_from(timeout).unwrap_or(0)),
            state,
            partitions,
            last_update: Timestamp(reader.i64("time of the last change")?),
            start: Timestamp(reader.i64("time of the start")?),
            previous_producer: None,
            next_producer: None,
            client_version: TransactionVersion::V0,
        };
        reader.each_tagged(|tag, content| metadata.take_tagged(tag, content))?;
        Ok(metadata)
    }

    fn take_tagged(&mut self, tag: u32, content: &[u8]) -> Result<(), SchemaError> {
        let mut reader = Reader::of_tag(content);
        let mut producer =
            |field| reader.i64(field).map(|id| Some(ProducerId(id)).filter(|id| *id != ProducerId::NONE));
        match tag {
            TAG_PREVIOUS_PRODUCER => self.previous_producer = producer("previous producer id")?,
            TAG_NEXT_PRODUCER => self.next_producer = producer("next producer id")?,
            TAG_CLIENT_VERSION => {
                self.client_version = TransactionVersion::from_number(reader.i16("transaction version")?);
            }
            _ => {}
        }
        Ok(())
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
                writer.tagged(&[]);
            }
        }
        writer.i64(self.last_update.0);
        writer.i64(self.start.0);
        let bytes = |id: Option<ProducerId>| id.map(|id| id.0.to_be_bytes());
        let (previous, next) = (bytes(self.previous_producer), bytes(self.next_producer));
        let version = self.client_version.number().to_be_bytes();
        let fields = [
            previous.as_ref().map(|id| (TAG_PREVIOUS_PRODUCER as usize, id.as_slice())),
            next.as_ref().map(|id| (TAG_NEXT_PRODUCER as usize, id.as_slice())),
            (self.client_version != TransactionVersion::V0)
                .then_some((TAG_CLIENT_VERSION as usize, version.as_slice())),
        ];
        writer.tagged(&fields.into_iter().flatten().collect::<Vec<_>>());
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
            previous_producer: None,
            next_producer: None,
            client_version: TransactionVersion::V0,
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
        let all_tags = |metadata| TransactionMetadata {
            previous_producer: Some(ProducerId(4710)),
            next_producer: Some(ProducerId(4712)),
            client_version: TransactionVersion::V2,
            ..metadata
        };
        let cases = [
            (empty(), "0001000000000000126700030000ea6000000000018bcfe56801ffffffffffffffff00"),
            (
                ongoing(),
                "0001000000000000126700030000ea600103026103000000000000000200026202000000010000\
                 00018bcfe568010000018bcfe5680000",
            ),
            (
                all_tags(empty()),
                "0001000000000000126700030000ea6000000000018bcfe56801ffffffffffffffff03000800000000000012660108\
                 000000000000126802020002",
            ),
            (
                all_tags(ongoing()),
                "0001000000000000126700030000ea6001030261030000000000000002000262020000000100\
                 0000018bcfe568010000018bcfe5680003000800000000000012660108000000000000126802020002",
            ),
        ];
        for (metadata, golden) in cases {
            assert_eq!(metadata.encode(), bytes_of(golden));
            assert_eq!(TransactionMetadata::decode(&bytes_of(golden)).unwrap(), metadata);
        }
    }

    #[test]
    fn the_first_version_is_read() {
        let cases = [
            (empty(), "0000000000000000126700030000ea6000ffffffff0000018bcfe56801ffffffffffffffff"),
            (
                ongoing(),
                "0000000000000000126700030000ea60010000000200016100000002000000000000000200016200000001\
                 000000010000018bcfe568010000018bcfe56800",
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
