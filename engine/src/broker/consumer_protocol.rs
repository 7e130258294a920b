//! What the members of a group of the classic protocol tell each other through the coordinator: who wants what
//! ([`MemberSubscription`]) and who gets what ([`MemberAssignment`]). The coordinator passes the bytes on, and reads them to
//! know which topics are read, and where a group has members of both protocols. No I/O.
//!
//! ```text
//! subscription  version i16, topics [string], user data bytes or null,
//!               from v1: owned [topic string, partitions [i32]], from v2: generation i32, from v3: rack string or null
//! assignment    version i16, assigned [topic string, partitions [i32]], user data bytes or null
//! ```
//! All integers are big-endian; a string starts with its size as i16, bytes and arrays with an i32, -1 for null.
//! Source: Kafka's `ConsumerProtocolSubscription.json` and `ConsumerProtocolAssignment.json`. A version from the
//! future is read as the newest known one; what it adds stands at the end.

use crate::types::PartitionIndex;

/// Version that subscriptions are written in.
const SUBSCRIPTION_VERSION: i16 = 3;

/// Version that assignments are written in. Later ones look the same.
const ASSIGNMENT_VERSION: i16 = 1;

/// Type of the groups whose members tell each other this.
pub const PROTOCOL_TYPE: &str = "consumer";

/// Partitions of one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicPartitions {
    /// Name of the topic, as some member wrote it.
    pub topic: String,
    /// The partitions.
    pub partitions: Vec<PartitionIndex>,
}

/// What a member says when it joins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberSubscription {
    /// Topics it wants.
    pub topics: Vec<String>,
    /// What its assignor wants to tell the leader's.
    pub user_data: Option<Vec<u8>>,
    /// Partitions it has and would keep (cooperative groups only).
    pub owned: Vec<TopicPartitions>,
    /// Generation in which it got them; -1 for none. [`MemberSubscription::generation`] knows more.
    pub generation_id: i32,
    /// `client.rack` (KIP-881).
    pub rack: Option<String>,
}

/// What a member is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberAssignment {
    /// The partitions.
    pub partitions: Vec<TopicPartitions>,
    /// What the leader's assignor wants to tell the member's.
    pub user_data: Option<Vec<u8>>,
}

/// Why bytes are not a subscription or an assignment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {position}")]
pub struct ProtocolError {
    /// What was found.
    pub what: &'static str,
    /// Where.
    pub position: usize,
}

impl MemberSubscription {
    /// A subscription to `topics` of a member that has nothing yet.
    #[must_use]
    pub fn new(topics: Vec<String>) -> MemberSubscription {
        MemberSubscription { topics, user_data: None, owned: Vec::new(), generation_id: -1, rack: None }
    }

    /// The subscription as bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer(Vec::with_capacity(64));
        writer.i16(SUBSCRIPTION_VERSION);
        writer.array(&self.topics, |writer, topic| writer.string(Some(topic)));
        writer.bytes(self.user_data.as_deref());
        writer.topic_partitions(&self.owned);
        writer.i32(self.generation_id);
        writer.string(self.rack.as_deref());
        writer.0
    }

    /// Reads a subscription. Bytes behind it are ignored.
    ///
    /// # Errors
    /// [`ProtocolError`].
    pub fn decode(bytes: &[u8]) -> Result<MemberSubscription, ProtocolError> {
        let mut reader = Reader { bytes, position: 0 };
        let version = reader.version()?;
        Ok(MemberSubscription {
            topics: reader.array(Reader::string)?,
            user_data: reader.bytes()?,
            owned: if version >= 1 { reader.array(Reader::topic_partitions)? } else { Vec::new() },
            generation_id: if version >= 2 { reader.i32()? } else { -1 },
            rack: if version >= 3 { reader.nullable_string()? } else { None },
        })
    }

    /// Generation in which the member got what it has, from wherever it says so: its own field, or the user data of
    /// members older than that field (KIP-341). Java's cooperative assignor writes the generation alone there,
    /// librdkafka and Java's eager one the partitions in front of it.
    #[must_use]
    pub fn generation(&self) -> Option<i32> {
        if self.generation_id >= 0 {
            return Some(self.generation_id);
        }
        let bytes = self.user_data.as_deref()?;
        let mut reader = Reader { bytes, position: 0 };
        if bytes.len() > size_of::<i32>() {
            reader.array(Reader::topic_partitions).ok()?;
        }
        reader.i32().ok().filter(|generation| *generation >= 0)
    }
}

impl MemberAssignment {
    /// The assignment as bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        self.encode_as(ASSIGNMENT_VERSION)
    }

    /// As [`MemberAssignment::encode`], for who has spoken in this version, if that is known.
    #[must_use]
    pub fn encode_as(&self, version: i16) -> Vec<u8> {
        let mut writer = Writer(Vec::with_capacity(64));
        writer.i16(version.clamp(0, SUBSCRIPTION_VERSION));
        writer.topic_partitions(&self.partitions);
        writer.bytes(self.user_data.as_deref());
        writer.0
    }

    /// Reads an assignment. Bytes behind it are ignored; no bytes at all are an assignment of nothing, which is how
    /// the coordinator answers a member that its leader forgot.
    ///
    /// # Errors
    /// [`ProtocolError`].
    pub fn decode(bytes: &[u8]) -> Result<MemberAssignment, ProtocolError> {
        if bytes.is_empty() {
            return Ok(MemberAssignment::default());
        }
        let mut reader = Reader { bytes, position: 0 };
        reader.version()?;
        Ok(MemberAssignment {
            partitions: reader.array(Reader::topic_partitions)?,
            user_data: reader.bytes()?,
        })
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Reader<'a> {
    fn fail<T>(&self, what: &'static str) -> Result<T, ProtocolError> {
        Err(ProtocolError { what, position: self.position })
    }

    fn take(&mut self, size: usize) -> Result<&'a [u8], ProtocolError> {
        let end = self.position.checked_add(size);
        match end.and_then(|end| self.bytes.get(self.position..end)) {
            Some(taken) => {
                self.position += size;
                Ok(taken)
            }
            None => self.fail("bytes end too early"),
        }
    }

    fn fixed<const SIZE: usize>(&mut self) -> Result<[u8; SIZE], ProtocolError> {
        let taken = self.take(SIZE)?;
        taken.try_into().or_else(|_| self.fail("bytes end too early"))
    }

    fn i16(&mut self) -> Result<i16, ProtocolError> {
        self.fixed().map(i16::from_be_bytes)
    }

    fn i32(&mut self) -> Result<i32, ProtocolError> {
        self.fixed().map(i32::from_be_bytes)
    }

    fn version(&mut self) -> Result<i16, ProtocolError> {
        match self.i16()? {
            version if version >= 0 => Ok(version),
            _ => self.fail("negative version"),
        }
    }

    fn nullable_string(&mut self) -> Result<Option<String>, ProtocolError> {
        let Ok(size) = usize::try_from(self.i16()?) else { return Ok(None) };
        match std::str::from_utf8(self.take(size)?) {
            Ok(text) => Ok(Some(text.to_owned())),
            Err(_) => self.fail("text is not UTF-8"),
        }
    }

    fn string(&mut self) -> Result<String, ProtocolError> {
        match self.nullable_string()? {
            Some(text) => Ok(text),
            None => self.fail("text is null"),
        }
    }

    fn bytes(&mut self) -> Result<Option<Vec<u8>>, ProtocolError> {
        let Ok(size) = usize::try_from(self.i32()?) else { return Ok(None) };
        self.take(size).map(|bytes| Some(bytes.to_vec()))
    }

    fn topic_partitions(&mut self) -> Result<TopicPartitions, ProtocolError> {
        let topic = self.string()?;
        let partitions = self.array(|reader| reader.i32().map(PartitionIndex))?;
        Ok(TopicPartitions { topic, partitions })
    }

    /// An array; null counts as empty. Grows only with elements that are really there.
    fn array<T>(
        &mut self,
        element: impl Fn(&mut Reader<'a>) -> Result<T, ProtocolError>,
    ) -> Result<Vec<T>, ProtocolError> {
        let count = self.i32()?;
        (0..count).map(|_| element(self)).collect()
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn i16(&mut self, value: i16) {
        self.0.extend_from_slice(&value.to_be_bytes());
    }

    fn i32(&mut self, value: i32) {
        self.0.extend_from_slice(&value.to_be_bytes());
    }

    /// A text, cut at the longest size that the format can say. No name of a topic or rack comes near it.
    fn string(&mut self, text: Option<&str>) {
        let Some(text) = text else { return self.i16(-1) };
        let longest = text.len().min(i16::MAX.unsigned_abs().into());
        let end = (0..=longest).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        self.i16(i16::try_from(end).unwrap_or(i16::MAX));
        self.0.extend_from_slice(&text.as_bytes()[..end]);
    }

    fn bytes(&mut self, bytes: Option<&[u8]>) {
        let Some(bytes) = bytes else { return self.i32(-1) };
        self.i32(i32::try_from(bytes.len()).unwrap_or(i32::MAX));
        self.0.extend_from_slice(bytes);
    }

    fn array<T>(&mut self, elements: &[T], write: impl Fn(&mut Writer, &T)) {
        self.i32(i32::try_from(elements.len()).unwrap_or(i32::MAX));
        elements.iter().for_each(|element| write(self, element));
    }

    fn topic_partitions(&mut self, topics: &[TopicPartitions]) {
        self.array(topics, |writer, topic| {
            writer.string(Some(&topic.topic));
            writer.array(&topic.partitions, |writer, partition| writer.i32(partition.0));
        });
    }
}

#[cfg(test)]
mod tests;
