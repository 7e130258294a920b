//! Clients of an engine in the same process, with librdkafka's semantics.
//!
//! Everything that an application can observe of a client is decided here; the C library and the Python package only
//! convert. The modules:
//!
//! - [`error`]: [`KafkaError`], what every call of a client fails with.

pub mod error;

pub use error::KafkaError;
