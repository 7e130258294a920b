//! [`Joining`]: records of a transaction for partitions that are not part of it yet. The transaction's coordinator adds these
//! first (KIP-890).

use std::time::Duration;

use super::{Fit, Sender};
use crate::broker::Broker;
use crate::broker::transaction::{ProducerSession, TransactionVersion};
use crate::error_code::ErrorCode;
use crate::types::TopicPartition;

/// See the module.
pub(super) struct Joining {
    transactional_id: String,
    since: Duration,
    sender: Sender,
    waiting: Vec<Fit>,
}

impl Joining {
    pub(super) fn new(transactional_id: String, since: Duration, sender: Sender) -> Joining {
        Joining { transactional_id, since, sender, waiting: Vec::new() }
    }

    pub(super) fn add(&mut self, fit: Fit) {
        self.waiting.push(fit);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Has the partitions added, and hands the records over then. May wait for a disk.
    pub(super) fn run(self, broker: &Broker) {
        let Some(session) = self.session() else {
            return self.refuse(ErrorCode::InvalidProducerIdMapping);
        };
        let places: Vec<TopicPartition> = self.waiting.iter().map(|fit| fit.partition.id().clone()).collect();
        match broker.transactions() {
            Ok(transactions) => {
                let version = TransactionVersion::V2;
                transactions.add_partitions(&session, &places, version, move |code| match code {
                    ErrorCode::None => self.append(),
                    code => self.refuse(code),
                });
            }
            Err(error) => self.refuse(error.code()),
        }
    }

    /// Whose records these are; `None` when they are of several producers.
    fn session(&self) -> Option<ProducerSession> {
        let mut producers = self.waiting.iter().map(|fit| {
            let header = fit.batch.header();
            (header.producer_id(), header.producer_epoch())
        });
        let first @ (producer_id, epoch) = producers.next()?;
        let transactional_id = self.transactional_id.clone();
        producers.all(|other| other == first).then_some(ProducerSession {
            transactional_id,
            producer_id,
            epoch,
        })
    }

    fn append(self) {
        for fit in self.waiting {
            let (partition, append) = fit.into_append(self.since, self.sender);
            partition.append(append);
        }
    }

    fn refuse(self, code: ErrorCode) {
        let (code, text) = told(code);
        self.waiting.into_iter().for_each(|fit| fit.slot.refuse(code, Some(text)));
    }
}

/// What a producer is told when the coordinator does not add its partitions.
fn told(code: ErrorCode) -> (ErrorCode, &'static str) {
    match code {
        ErrorCode::ProducerFenced => {
            (ErrorCode::InvalidProducerEpoch, "the epoch of the producer is not that of its transactional id")
        }
        ErrorCode::InvalidProducerIdMapping => (code, "the producer id is not that of its transactional id"),
        ErrorCode::ConcurrentTransactions => (code, "the transaction before has not ended yet"),
        ErrorCode::CoordinatorNotAvailable | ErrorCode::NotCoordinator => {
            (ErrorCode::NotEnoughReplicas, "the transaction's coordinator cannot be reached")
        }
        code => (code, "the partition could not be added to the transaction"),
    }
}
