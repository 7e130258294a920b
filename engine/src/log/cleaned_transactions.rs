//! [`CleanedTransactions`]: what a compaction has to know of transactions: records of aborted ones go, and a marker may go
//! once nothing of its transaction is left before it (Kafka: `CleanedTransactionMetadata`).

use std::collections::{HashMap, HashSet};

use super::transaction_index::AbortedTransaction;
use crate::record::BatchHeader;
use crate::types::ProducerId;

/// See the module. A log is shown to it from its start on.
pub(super) struct CleanedTransactions {
    /// The aborted transactions of each producer.
    aborted: HashMap<ProducerId, Vec<AbortedTransaction>>,
    /// Producers of whose current transaction something has been kept.
    kept: HashSet<ProducerId>,
}

impl CleanedTransactions {
    /// `aborted` are all that concern the part of the log that is compacted.
    pub(super) fn new(aborted: Vec<AbortedTransaction>) -> CleanedTransactions {
        let mut by_producer: HashMap<ProducerId, Vec<AbortedTransaction>> = HashMap::new();
        for one in aborted {
            by_producer.entry(one.producer_id).or_default().push(one);
        }
        CleanedTransactions { aborted: by_producer, kept: HashSet::new() }
    }

    /// Whether a batch belongs to an aborted transaction.
    pub(super) fn is_aborted(&self, header: &BatchHeader) -> bool {
        let of_producer = self.aborted.get(&header.producer_id());
        !header.attributes().is_control()
            && of_producer.is_some_and(|all| all.iter().any(|one| one.covers(header)))
    }

    /// Notes that a batch, or its header alone, stays in the log.
    pub(super) fn keep(&mut self, header: &BatchHeader) {
        if header.attributes().is_transactional() && !header.attributes().is_control() {
            self.kept.insert(header.producer_id());
        }
    }

    /// A marker has come. Whether it ends a transaction of which nothing is left.
    pub(super) fn ends_nothing(&mut self, header: &BatchHeader) -> bool {
        !self.kept.remove(&header.producer_id())
    }
}
