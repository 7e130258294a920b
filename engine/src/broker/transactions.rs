//! [`Transactions`]: the transactions of a broker at work. It gives the state machines of
//! [`transaction`](super::transaction) what they lack: time, a log to keep their records in (`__transaction_state`), the
//! partitions that markers go to, and a thread for what is due.
//!
//! Any thread may ask. Answers that have to wait for the disk come through a callback, on the thread of the transactions;
//! it must not block. Shards never run any of this: they only say that an append has ended.

mod hosted;
mod reach;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use self::hosted::{Hosted, Reply};
pub(super) use self::reach::Reach;
use super::coordinators::Coordinators;
use super::transaction::{
    EndRequest, InitRequest, ListedTransaction, ProducerSession, Response, TransactionDescription,
    TransactionVersion,
};
use super::{Broker, BrokerError};
use crate::config::EngineConfig;
use crate::error_code::ErrorCode;
use crate::io::Clock;
use crate::record::ControlRecord;
use crate::shard::{Partition, ShardStopped};
use crate::types::{ProducerEpoch, ProducerId, TopicPartition};

/// Where transactions keep their records.
pub const TRANSACTIONS_TOPIC: &str = "__transaction_state";

/// The transactions of one broker.
pub struct Transactions(Coordinators<Hosted>);

impl Transactions {
    /// Reads what the log has of transactions, goes on with those that were about to end, and starts their thread.
    ///
    /// # Errors
    /// When a partition cannot be read, or the thread not be started.
    fn start(
        partitions: Vec<Arc<Partition>>,
        config: &Arc<EngineConfig>,
        clock: &Arc<dyn Clock>,
        reach: &Arc<Reach>,
    ) -> Result<Transactions, BrokerError> {
        let started = Coordinators::start("tidelog-transactions", clock, partitions, |partition, teller| {
            Hosted::load(partition, config, clock, reach, teller)
        });
        started.map(Transactions)
    }

    fn of(&self, transactional_id: &str) -> &Hosted {
        self.0.of(transactional_id)
    }

    /// Gives a transactional id to a producer, or a new epoch to the one that has it. Whoever had it is fenced, and what it
    /// has begun is aborted: until that is done the answer is `CONCURRENT_TRANSACTIONS`, and the same is to be asked again.
    pub fn init(
        &self,
        request: &InitRequest,
        answer: impl FnOnce(Result<(ProducerId, ProducerEpoch), ErrorCode>) + Send + 'static,
    ) {
        self.of(&request.transactional_id).init(request, producer_reply(answer));
    }

    /// Adds partitions to a producer's transaction, which begins with the first; `answer` comes when they take its records.
    /// Partitions that do not exist must not be asked for.
    pub fn add_partitions(
        &self,
        session: &ProducerSession,
        partitions: &[TopicPartition],
        version: TransactionVersion,
        answer: impl FnOnce(ErrorCode) + Send + 'static,
    ) {
        let to: Reply = Box::new(|response| {
            if let Response::Done(error) = response {
                answer(error);
            }
        });
        self.of(&session.transactional_id)
            .with(|coordinator, now| coordinator.add_partitions(now, session, partitions, version, to));
    }

    /// Ends a producer's transaction; `answer` comes when readers see that it has, or when that has to wait though it has been
    /// decided. It says who the producer is from now on.
    pub fn end(
        &self,
        request: &EndRequest,
        answer: impl FnOnce(Result<(ProducerId, ProducerEpoch), ErrorCode>) + Send + 'static,
    ) {
        self.of(&request.session.transactional_id).end(request, producer_reply(answer));
    }

    /// All transactional ids, in order.
    #[must_use]
    pub fn list(&self) -> Vec<ListedTransaction> {
        let lists = self.0.iter().flat_map(|hosted| hosted.with(|coordinator, _| coordinator.list()));
        let mut all: Vec<ListedTransaction> = lists.collect();
        all.sort_by(|a, b| a.transactional_id.cmp(&b.transactional_id));
        all
    }

    /// A transactional id in detail; `None` when nobody has had it.
    #[must_use]
    pub fn describe(&self, transactional_id: &str) -> Option<TransactionDescription> {
        self.of(transactional_id).with(|coordinator, _| coordinator.describe(transactional_id))
    }
}

fn producer_reply(
    answer: impl FnOnce(Result<(ProducerId, ProducerEpoch), ErrorCode>) + Send + 'static,
) -> Reply {
    Box::new(|response| {
        if let Response::Producer(response) = response {
            answer(response);
        }
    })
}

impl Broker {
    /// The transactions. The first call makes [`TRANSACTIONS_TOPIC`] if there is none.
    ///
    /// # Errors
    /// When the topic cannot be made or read, or the broker has closed.
    pub fn transactions(&self) -> Result<Arc<Transactions>, BrokerError> {
        if self.ownership.lock().closed {
            return Err(ShardStopped.into());
        }
        let mut started = self.transactions.lock();
        if let Some(transactions) = &*started {
            return Ok(Arc::clone(transactions));
        }
        if self.topic(TRANSACTIONS_TOPIC).is_none() {
            let config = &self.config;
            let (count, size) =
                (config.transaction_topic_num_partitions, config.transaction_topic_segment_bytes);
            self.create_internal_topic(TRANSACTIONS_TOPIC, count, size, "uncompressed")?;
        }
        let partitions = self.all_partitions(TRANSACTIONS_TOPIC)?;
        let transactions = Transactions::start(partitions, &self.config, &self.clock, &self.reach)?;
        let transactions = Arc::new(transactions);
        *started = Some(Arc::clone(&transactions));
        Ok(transactions)
    }

    /// The transactions, if there ever were any.
    ///
    /// # Errors
    /// When their topic cannot be read.
    pub fn existing_transactions(&self) -> Result<Option<Arc<Transactions>>, BrokerError> {
        if self.topic(TRANSACTIONS_TOPIC).is_none() { Ok(None) } else { self.transactions().map(Some) }
    }

    /// Ends a producer's transaction in one partition, whatever its coordinator says: for administrators, where one hangs
    /// (KIP-664). `answer` comes when the marker is durable.
    pub fn write_marker(
        &self,
        place: &TopicPartition,
        producer: (ProducerId, ProducerEpoch),
        record: ControlRecord,
        answer: impl FnOnce(ErrorCode) + Send + 'static,
    ) {
        let (reach, ended) = (Arc::clone(&self.reach), place.clone());
        self.reach.mark(place, producer, record, &*self.clock, move |result| {
            if result.is_ok() {
                reach.ended(&ended, producer.0, record.marker);
            }
            answer(result.err().unwrap_or(ErrorCode::None));
        });
    }
}
