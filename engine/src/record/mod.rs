//! Kafka's record batch, version 2: bytes in and out of memory, never I/O.
//!
//! Reading: [`BatchView`] borrows a batch. Source: Kafka's `org.apache.kafka.common.record.DefaultRecordBatch`.

mod header;

pub use header::{Attributes, BatchError, BatchHeader, BatchView, Compression, HEADER_SIZE, TimestampType};
