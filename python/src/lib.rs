//! `tidelog._cimpl`: the native half of the Python package. It converts, calls the engine's clients and maps errors; what
//! an application can observe is decided in `tidelog::client`. Names and signatures are those of `confluent_kafka.cimpl`,
//! so that this module can stand in for it. In reading order:
//!
//! - [`kafka_error`], [`topic_partition`], [`message`], [`uuid`]: the values.
//! - [`payload`], [`headers`], [`settings`]: what applications give, read.
//! - [`raised`], [`waiting`], [`log_queue`]: exceptions of callbacks, Ctrl-C, log lines.
//! - [`engine`], [`producer`], [`consumer`], [`admin`]: the engine and its clients; [`cluster`]: those of others.
//! - [`package`], [`metadata`]: results that are made of the Python half's classes.
//! - [`arrow`]: records as columns; [`wake`]: event loops.
//! - [`constants`], [`partitioners`], [`share`], [`interpreter`]: the rest; [`foreign`]: what only C can say.

mod admin;
mod arrow;
mod cluster;
mod constants;
mod consumer;
mod engine;
mod foreign;
mod headers;
mod interpreter;
mod kafka_error;
mod log_queue;
mod message;
mod metadata;
mod package;
mod partitioners;
mod payload;
mod producer;
mod raised;
mod settings;
mod share;
mod topic_partition;
mod uuid;
mod waiting;
mod wake;

use pyo3::prelude::*;
use pyo3::types::IntoPyDict;

/// version(): this package's version.
///
/// :rtype: str
#[pyfunction]
fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// libversion(): the engine's version, as text and as a number 0xMMmmrrpp like librdkafka's.
///
/// :rtype: tuple(str, int)
#[pyfunction]
fn libversion() -> (&'static str, u32) {
    let part = |text: &str| text.parse::<u32>().unwrap_or_default();
    let major = part(env!("CARGO_PKG_VERSION_MAJOR"));
    let minor = part(env!("CARGO_PKG_VERSION_MINOR"));
    let patch = part(env!("CARGO_PKG_VERSION_PATCH"));
    (env!("CARGO_PKG_VERSION"), major << 24 | minor << 16 | patch << 8 | 0xff)
}

/// The native half of tidelog: Kafka in a library.
#[pymodule(gil_used = false)]
fn _cimpl(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add_class::<kafka_error::KafkaException>()?;
    module.add_class::<kafka_error::KafkaError>()?;
    kafka_error::add_constants(py)?;
    module.add_class::<topic_partition::TopicPartition>()?;
    module.add_class::<message::Message>()?;
    module.add_class::<uuid::Uuid>()?;
    module.add_class::<producer::Producer>()?;
    module.add_class::<consumer::Consumer>()?;
    module.add_class::<admin::_AdminClientImpl>()?;
    module.add_class::<admin::NewTopic>()?;
    module.add_class::<admin::NewPartitions>()?;
    module.add_class::<engine::Engine>()?;
    module.add_class::<arrow::ArrowRecords>()?;
    module.add_class::<share::ShareConsumer>()?;
    module.add("IllegalStateException", py.get_type::<share::IllegalStateException>())?;
    module.add("ConcurrentModificationException", py.get_type::<share::ConcurrentModificationException>())?;
    constants::add(module)?;
    module.add_function(wrap_pyfunction!(version, module)?)?;
    module.add_function(wrap_pyfunction!(libversion, module)?)?;
    module.add_function(wrap_pyfunction!(partitioners::murmur2, module)?)?;
    module.add_function(wrap_pyfunction!(partitioners::consistent, module)?)?;
    module.add_function(wrap_pyfunction!(partitioners::fnv1a, module)?)?;
    module.add_function(wrap_pyfunction!(topic_partition::_topic_partition, module)?)?;
    module.add_function(wrap_pyfunction!(package::_stand_in, module)?)?;
    module.add_function(wrap_pyfunction!(interpreter::_check_interpreter, module)?)?;
    module.add_function(wrap_pyfunction!(cluster::_names_cluster, module)?)?;
    let contextvars = py.import("contextvars")?;
    let default = [("default", 0)].into_py_dict(py)?;
    let gate = contextvars.getattr("ContextVar")?.call(("reentry_identity",), Some(&default))?;
    module.add("_reentry_identity_var", gate)?;
    // As in the module that this one stands in for: all of it is meant for the Python half.
    module.delattr("__all__")
}
