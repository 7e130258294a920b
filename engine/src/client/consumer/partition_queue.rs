//! [`PartitionQueue`]: the messages of one partition, taken apart from the consumer's others.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::events::{CallError, Event, EventRef};
use super::lines::LineId;
use super::shared::Shared;
use super::{Consumer, deadline_of};
use crate::client::KafkaError;
use crate::error_code::ErrorCode;
use crate::types::PartitionIndex;

/// The messages of one partition, which polling the consumer hands out no more: threads can poll one partition each
/// (librdkafka: `rd_kafka_queue_get_partition` and `rd_kafka_queue_forward` to nobody). It holds for every assignment
/// that has the partition, and ends when this is dropped.
///
/// Everything else comes from polling the consumer as before: rebalances, the outcomes of commits, statistics. It must be
/// polled within `max.poll.interval.ms`; polling here does not count.
pub struct PartitionQueue {
    shared: Arc<Shared>,
    topic: Arc<str>,
    partition: PartitionIndex,
    line: LineId,
}

impl Consumer {
    /// Takes a partition apart from the others, whether it is assigned or not.
    ///
    /// # Errors
    /// `_CONFLICT` when it has a queue already; [`CallError::Closed`].
    pub fn partition_queue(
        &self,
        topic: &str,
        partition: PartitionIndex,
    ) -> Result<PartitionQueue, CallError> {
        let topic: Arc<str> = topic.into();
        let line = self.shared.lock()?.fetcher.set_apart(&topic, partition);
        let line = line.ok_or_else(|| {
            let reason = format!("{topic} [{partition}] has a queue already");
            KafkaError::with_reason(ErrorCode::LocalConflict, reason)
        })?;
        Ok(PartitionQueue { shared: Arc::clone(&self.shared), topic, partition, line })
    }
}

impl PartitionQueue {
    /// Name of the topic.
    #[must_use]
    pub fn topic(&self) -> &Arc<str> {
        &self.topic
    }

    /// Number of the partition.
    #[must_use]
    pub fn partition(&self) -> PartitionIndex {
        self.partition
    }

    /// The next message or event of the partition, waiting at most `timeout` for it (`None`: without end). Calls no
    /// callbacks.
    ///
    /// # Errors
    /// As [`Consumer::poll`].
    pub fn poll(&self, timeout: Option<Duration>) -> Result<Option<Event>, CallError> {
        Ok(self.consume(1, timeout)?.pop())
    }

    /// The next `count` messages and events of the partition; fewer when `timeout` ends first.
    ///
    /// # Errors
    /// As [`Consumer::poll`].
    pub fn consume(&self, count: usize, timeout: Option<Duration>) -> Result<Vec<Event>, CallError> {
        let mut events = Vec::new();
        let mut take = |event: EventRef<'_>| events.push(event.into_event());
        let deadline = deadline_of(timeout);
        let mut left = count;
        while left > 0 {
            let seen = self.shared.signal.seen();
            let (given, nothing) = match self.give(left, &mut take) {
                Ok(given) => given,
                // What has been taken is handed out; the next call says why there is no more.
                Err(_) if left < count => break,
                Err(error) => return Err(error),
            };
            left -= given;
            if let Some(until) = nothing
                && !self.shared.sleep(seen, deadline, until)
            {
                break;
            }
        }
        Ok(events)
    }

    /// What there is, and unless that is enough, until when there is nothing more.
    fn give(
        &self,
        count_max: usize,
        take: &mut impl FnMut(EventRef<'_>),
    ) -> Result<(usize, Option<Option<Instant>>), CallError> {
        let mut state = self.shared.lock()?;
        if state.wants_committed(Instant::now()) {
            drop(state);
            self.shared.fetch_committed();
            state = self.shared.lock()?;
        }
        Ok(state.give_of(self.line, count_max, take))
    }
}

impl Drop for PartitionQueue {
    fn drop(&mut self) {
        // In a forked child the lock may be held by a thread that is not there.
        if self.shared.check_process().is_ok() {
            self.shared.state.lock().fetcher.rejoin(&self.topic, self.partition);
            self.shared.wake();
        }
    }
}

impl std::fmt::Debug for PartitionQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PartitionQueue({} [{}])", self.topic, self.partition)
    }
}
