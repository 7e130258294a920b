//! What producers and administrators ask of the coordinator of transactions, and what they are answered.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{TransactionState, TransactionVersion};
use crate::error_code::ErrorCode;
use crate::types::{ProducerEpoch, ProducerId, Timestamp, TopicPartition};

/// InitProducerId (22) with a transactional id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitRequest {
    /// `transactional.id`
    pub transactional_id: String,
    /// `transaction.timeout.ms`
    pub timeout: Duration,
    /// Who the producer was, if it only wants a new epoch (KIP-360).
    pub current: Option<(ProducerId, ProducerEpoch)>,
}

/// A producer that has a transactional id, as it names itself with every request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProducerSession {
    /// `transactional.id`
    pub transactional_id: String,
    /// What it was given.
    pub producer_id: ProducerId,
    /// What it was given.
    pub epoch: ProducerEpoch,
}

/// EndTxn (26).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndRequest {
    /// Who asks.
    pub session: ProducerSession,
    /// How the transaction is to end.
    pub end: TransactionEnd,
    /// Whether the producer gets a new epoch.
    pub version: TransactionVersion,
}

/// How a transaction is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionEnd {
    /// Its records count.
    Commit,
    /// Its records are not to be read.
    Abort,
}

/// An answer that had to wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// To an [`InitRequest`] and an [`EndRequest`]: who the producer is from now on.
    Producer(Result<(ProducerId, ProducerEpoch), ErrorCode>),
    /// To everything else.
    Done(ErrorCode),
}

/// A transactional id in a list (ListTransactions, 66).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedTransaction {
    /// The id.
    pub transactional_id: String,
    /// The producer that has it.
    pub producer_id: ProducerId,
    /// Where its last transaction stands.
    pub state: TransactionState,
    /// When that began; [`Timestamp::NONE`] when there was none.
    pub start: Timestamp,
}

/// A transactional id in detail (DescribeTransactions, 65).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionDescription {
    /// The producer that has it.
    pub producer_id: ProducerId,
    /// Its epoch.
    pub producer_epoch: ProducerEpoch,
    /// How long a transaction may last.
    pub timeout: Duration,
    /// Where its last transaction stands.
    pub state: TransactionState,
    /// When that began; [`Timestamp::NONE`] when there was none.
    pub start: Timestamp,
    /// Partitions that are still part of it.
    pub partitions: BTreeSet<TopicPartition>,
}
