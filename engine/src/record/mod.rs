//! Kafka's record batch, version 2: bytes in and out of memory, never I/O.
//!
//! Writing: a [`BatchBuilder`] encodes records into a [`PooledBuffer`] and becomes a [`SealedBatch`].
//! Reading: [`Batches`] walks a piece of a log, [`BatchView`] borrows one batch, [`Records`] decodes what is in it.
//! Admission: [`BatchView::validate`] holds a client's batch against a log's [`ValidationRules`].
//! Source: Kafka's `org.apache.kafka.common.record.DefaultRecordBatch`.

mod batches;
mod builder;
mod compression;
mod control;
#[cfg(test)]
mod golden;
mod header;
mod pool;
#[cfg(test)]
mod properties;
mod records;
mod retain;
mod sealed;
mod validation;
mod varint;

pub use batches::Batches;
pub use builder::{BatchBuilder, BuildError, HeaderRef, ProducerStamp, RecordData};
pub use control::{ControlMarker, ControlRecord};
pub use header::{Attributes, BatchError, BatchHeader, BatchView, Compression, HEADER_SIZE, TimestampType};
pub use pool::{BufferPool, PooledBuffer};
pub use records::{Header, Headers, Record, Records, RecordsCursor};
pub use retain::{Retained, emptied, retain, vacated};
pub use sealed::{RepackError, SealedBatch};
pub use validation::{ValidationError, ValidationRules};
