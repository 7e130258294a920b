//! [`CoordinatorLog`]: a partition of an internal topic as the memory of a coordinator. Records go in durably and in the
//! order they were asked for; at the start all are shown again.

use std::sync::Arc;

use super::coordination::{CoordinatorRecord, Moment};
use super::{BrokerError, produce_error_code};
use crate::error_code::ErrorCode;
use crate::io::Clock;
use crate::limits::DECOMPRESSED_SIZE_MAX;
use crate::log::ReadCursor;
use crate::record::{
    BatchBuilder, BatchView, Batches, BufferPool, BuildError, Compression, ControlMarker, ProducerStamp,
    RecordData, SealedBatch,
};
use crate::shard::{Append, Appended, Partition, ProduceFailure, Reply};
use crate::types::{Acks, Isolation, ProducerEpoch, ProducerId, Sequence, TopicPartition};

/// See the module.
pub(super) struct CoordinatorLog {
    partition: Arc<Partition>,
    clock: Arc<dyn Clock>,
    buffers: BufferPool,
}

/// Something that stands in the log.
pub(super) enum Replayed<'a> {
    /// A record, with the producer in whose transaction it was written.
    Record { key: &'a [u8], value: Option<&'a [u8]>, transaction: Option<ProducerId> },
    /// The end of a producer's transaction.
    End { producer: ProducerId, marker: ControlMarker },
}

/// Bytes asked for by one read of the replay.
const READ_SIZE: usize = 1 << 20;

/// Bytes of buffers kept for records.
const BUFFERS_SIZE_MAX: usize = 256 << 10;

impl CoordinatorLog {
    pub(super) fn new(partition: Arc<Partition>, clock: &Arc<dyn Clock>) -> CoordinatorLog {
        CoordinatorLog { partition, clock: Arc::clone(clock), buffers: BufferPool::new(BUFFERS_SIZE_MAX) }
    }

    pub(super) fn partition_id(&self) -> &TopicPartition {
        self.partition.id()
    }

    /// The time.
    pub(super) fn moment(&self) -> Moment {
        Moment { monotonic: self.clock.monotonic(), wall: self.clock.now() }
    }

    /// Appends records as one batch, in the transaction of `producer` if there is one; `answer` is called once, by any
    /// thread, when they are durable or are not to be.
    pub(super) fn append(
        &self,
        records: &[CoordinatorRecord],
        producer: Option<(ProducerId, ProducerEpoch)>,
        answer: impl FnOnce(Result<(), ErrorCode>) + Send + 'static,
    ) {
        match self.encode(records, producer) {
            Ok(batch) => append_durably(&self.partition, &*self.clock, batch, answer),
            Err(_) => answer(Err(ErrorCode::MessageTooLarge)),
        }
    }

    fn encode(
        &self,
        records: &[CoordinatorRecord],
        producer: Option<(ProducerId, ProducerEpoch)>,
    ) -> Result<SealedBatch, BuildError> {
        let timestamp = self.clock.now();
        let mut builder = BatchBuilder::new(self.buffers.take(0), Compression::None);
        for CoordinatorRecord { key, value } in records {
            builder.append(&RecordData {
                timestamp,
                key: Some(key),
                value: value.as_deref(),
                headers: &[],
            })?;
        }
        // The log numbers the batches.
        let stamp = producer.map_or(ProducerStamp::NONE, |(producer_id, epoch)| ProducerStamp {
            producer_id,
            epoch,
            base_sequence: Sequence(0),
            transactional: true,
        });
        builder.seal(stamp, None)
    }

    /// Shows all that the log has, in order. A record of which `visit` says why it is not understood was written by a later
    /// version, and is passed over; what is understood still counts.
    pub(super) fn replay<E: std::fmt::Display>(
        &self,
        mut visit: impl FnMut(Replayed<'_>) -> Result<(), E>,
    ) -> Result<(), BrokerError> {
        let mut from = ReadCursor::from(self.partition.view().log_start());
        let mut scratch = Vec::new();
        loop {
            let read = self.partition.read(from, READ_SIZE, Isolation::ReadUncommitted)?;
            if read.pieces.is_empty() {
                return Ok(());
            }
            from = read.next;
            for batch in read.pieces.iter().flat_map(|piece| Batches::new(piece)) {
                let batch = batch.and_then(|batch| batch.verify().map(|()| batch));
                let batch = batch.map_err(|error| self.unreadable(&error))?;
                self.replay_batch(&batch, &mut scratch, &mut visit)?;
            }
        }
    }

    fn replay_batch<E: std::fmt::Display>(
        &self,
        batch: &BatchView<'_>,
        scratch: &mut Vec<u8>,
        visit: &mut impl FnMut(Replayed<'_>) -> Result<(), E>,
    ) -> Result<(), BrokerError> {
        let header = batch.header();
        let is_transactional = header.attributes().is_transactional();
        let passed_over = |error: E| {
            let offset = header.base_offset();
            tracing::warn!(partition = %self.partition.id(), %offset, %error, "record passed over");
        };
        if header.attributes().is_control() {
            let control = batch.control_record().map_err(|error| self.unreadable(&error))?;
            if let Some(control) = control {
                let end = Replayed::End { producer: header.producer_id(), marker: control.marker };
                visit(end).unwrap_or_else(passed_over);
            }
            return Ok(());
        }
        let transaction = is_transactional.then(|| header.producer_id());
        let records = batch.unpack(scratch, DECOMPRESSED_SIZE_MAX);
        for record in records.map_err(|error| self.unreadable(&error))? {
            let record = record.map_err(|error| self.unreadable(&error))?;
            if let Some(key) = record.key {
                let record = Replayed::Record { key, value: record.value, transaction };
                visit(record).unwrap_or_else(passed_over);
            }
        }
        Ok(())
    }

    fn unreadable(&self, error: &dyn std::fmt::Display) -> BrokerError {
        let id = self.partition.id();
        let (topic, partition) = (id.topic.to_string(), id.partition);
        BrokerError::Offline { topic, partition, reason: error.to_string() }
    }
}

/// Appends a batch of a coordinator; `answer` is called once, by any thread, when it is durable or is not to be.
pub(super) fn append_durably(
    partition: &Partition,
    clock: &dyn Clock,
    batch: SealedBatch,
    answer: impl FnOnce(Result<(), ErrorCode>) + Send + 'static,
) {
    let reply = move |result: Result<Appended, ProduceFailure>| {
        answer(result.map(drop).map_err(|failure| produce_error_code(&failure.error)));
    };
    let reply = Reply::new(Box::new(reply));
    partition.append(Append { batch, acks: Acks::Durable, since: clock.monotonic(), reply });
}
