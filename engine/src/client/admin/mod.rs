//! [`Admin`]: looks at an engine and changes it: topics, settings, records, groups, transactions. Calls return when the change is
//! durable, so nothing here has a queue, a callback or a timeout; what cannot be done is answered for each item by
//! itself, in the order asked.
//!
//! Names and meanings are those of Kafka's admin client (KIP-117); error texts are the broker's.

mod cluster;
mod configs;
mod group_offsets;
mod groups;
mod offsets;
#[cfg(test)]
mod tests;
mod topics;
mod transactions;
mod worker;

pub use crate::broker::{Election, NewPartitions, NewTopic};
pub use cluster::{ClusterDescription, Node};
pub use configs::{ConfigResource, ResourceAlteration, ResourceSettings};
pub use groups::{GroupDescription, GroupListing, MemberDescription};
pub use offsets::{OffsetQuery, RecordDeletion};
pub use topics::{PartitionDescription, TopicDescription};
pub use worker::AdminWorker;

use std::collections::HashMap;
use std::hash::Hash;

use super::KafkaError;
use super::config::{AdminConfig, Config};
use super::engine::Engine;
use crate::broker::{Broker, BrokerError};
use crate::error_code::ErrorCode;

/// Whether a change is made or only checked (Kafka: `validate_only`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It is made.
    Apply,
    /// Nothing changes; the answer is what it would have been.
    ValidateOnly,
}

/// An admin client. Threads may share it.
#[derive(Clone, Debug)]
pub struct Admin {
    engine: Option<Engine>,
}

impl Admin {
    /// An admin client with these settings, which opens or joins the engine that `bootstrap.servers` names.
    ///
    /// # Errors
    /// `_INVALID_ARG` with librdkafka's text for wrong settings; what [`Engine::open`] says.
    pub fn new(config: &Config) -> Result<Admin, KafkaError> {
        let config = AdminConfig::new(config)?;
        Ok(Admin::on_engine(Engine::open(&config.client)?))
    }

    /// An admin client of an engine that is open already. Without one every call is answered by `_TRANSPORT`, at once.
    #[must_use]
    pub fn on_engine(engine: Option<Engine>) -> Admin {
        Admin { engine }
    }

    /// The engine behind this client; `None` when it is offline.
    #[must_use]
    pub fn engine(&self) -> Option<&Engine> {
        self.engine.as_ref()
    }

    fn broker(&self) -> Result<&Broker, KafkaError> {
        match &self.engine {
            Some(engine) => {
                engine.broker().check_process()?;
                Ok(engine.broker())
            }
            None => Err(KafkaError::new(ErrorCode::LocalTransport)),
        }
    }

    /// Answers each of `items` by itself.
    fn each<'i, I, T>(
        &self,
        items: &'i [I],
        answer: impl Fn(&Broker, &'i I) -> Result<T, KafkaError>,
    ) -> Vec<Result<T, KafkaError>> {
        items.iter().map(|item| answer(self.broker()?, item)).collect()
    }

    /// As [`Admin::each`]: nothing is done with what is named twice.
    fn each_once<'i, I, K: Eq + Hash + ?Sized + 'i, T>(
        &self,
        items: &'i [I],
        key: impl Fn(&'i I) -> &'i K,
        repeated: fn() -> BrokerError,
        answer: impl Fn(&Broker, &'i I) -> Result<T, KafkaError>,
    ) -> Vec<Result<T, KafkaError>> {
        let mut count: HashMap<&K, usize> = HashMap::new();
        items.iter().for_each(|item| *count.entry(key(item)).or_default() += 1);
        self.each(items, |broker, item| match count.get(key(item)) {
            Some(2..) => Err(repeated().into()),
            _ => answer(broker, item),
        })
    }

    /// As [`Admin::each_once`], of topics.
    fn each_topic<I, T>(
        &self,
        items: &[I],
        name: impl Fn(&I) -> &str,
        answer: impl Fn(&Broker, &I) -> Result<T, KafkaError>,
    ) -> Vec<Result<T, KafkaError>> {
        self.each_once(items, name, || BrokerError::RepeatedTopic, answer)
    }
}
