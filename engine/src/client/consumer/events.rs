//! [`Event`] and [`ConsumerError`]: what polling a consumer returns, and [`CallError`], what its calls fail with. Plain
//! values.

use std::fmt;
use std::sync::Arc;

use super::FetchedBatch;
use crate::client::{KafkaError, Message, MessageRef};
use crate::types::{Offset, PartitionIndex};

/// What a consumer hands out. `T` is what was asked for: messages, or whole batches.
#[derive(Debug)]
pub enum Event<T = Message> {
    /// A message, or a batch.
    Message(T),
    /// Something that happened to a partition, a topic or the group. Not always a failure: the end of a partition is
    /// told this way too (`_PARTITION_EOF`).
    Error(Box<ConsumerError>),
}

/// What a consumer hands out, given to whoever takes it before anything is kept: [`super::Consumer::consume_with`].
#[derive(Debug)]
pub enum EventRef<'a> {
    /// A message, as it lies in its batch.
    Message(MessageRef<'a>),
    /// As [`Event::Error`].
    Error(ConsumerError),
}

impl EventRef<'_> {
    /// The event for itself.
    #[must_use]
    pub fn into_event(self) -> Event {
        match self {
            EventRef::Message(message) => Event::Message(message.to_message()),
            EventRef::Error(error) => error.into(),
        }
    }
}

/// A batch, or an error, from [`super::Consumer::next_batch`].
pub type BatchEvent = Event<FetchedBatch>;

/// An error with the place it belongs to. confluent-kafka makes a message of it whose value is the error's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerError {
    /// What happened.
    pub error: KafkaError,
    /// The topic, if it concerns one.
    pub topic: Option<Arc<str>>,
    /// The partition, if it concerns one.
    pub partition: Option<PartitionIndex>,
    /// Where in the partition; for the end, the offset that the next record will have.
    pub offset: Option<Offset>,
}

impl ConsumerError {
    /// An error of the consumer as a whole.
    #[must_use]
    pub fn new(error: KafkaError) -> ConsumerError {
        ConsumerError { error, topic: None, partition: None, offset: None }
    }
}

impl fmt::Display for ConsumerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.topic, self.partition) {
            (Some(topic), Some(partition)) => write!(f, "{topic}-{partition}: {}", self.error),
            (Some(topic), None) => write!(f, "{topic}: {}", self.error),
            (None, _) => self.error.fmt(f),
        }
    }
}

impl std::error::Error for ConsumerError {}

/// Why a consumer did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The consumer has been closed.
    #[error("Consumer closed")]
    Closed,
    /// Anything else. The text is the code's own unless librdkafka has a better one.
    #[error(transparent)]
    Kafka(#[from] KafkaError),
}

impl CallError {
    /// The error, unless it is that the consumer is closed.
    #[must_use]
    pub fn kafka(&self) -> Option<&KafkaError> {
        match self {
            CallError::Closed => None,
            CallError::Kafka(error) => Some(error),
        }
    }
}

impl From<crate::error_code::ErrorCode> for CallError {
    fn from(code: crate::error_code::ErrorCode) -> CallError {
        CallError::Kafka(KafkaError::new(code))
    }
}
