//! `ClusterMetadata` and its parts, which are classes of the Python half.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use tidelog::client::{ClusterMetadata, Engine};
use tidelog::error_code::ErrorCode;

use crate::foreign::Run;
use crate::kafka_error::{KafkaError, exception};
use crate::package::class;
use crate::waiting::Timeout;

/// What is said of `topic`, or of all, as an object.
///
/// # Errors
/// `_TRANSPORT` after `timeout` for a client without an engine.
pub(crate) fn of(
    py: Python<'_>,
    engine: Option<Engine>,
    topic: Option<&str>,
    timeout: Timeout,
) -> PyResult<Py<PyAny>> {
    let engine = wait_for_engine(py, engine, timeout, ErrorCode::LocalTransport)?;
    let metadata = py.detach(|| ClusterMetadata::of(&engine, topic));
    to_object(py, &metadata)
}

/// The cluster's id.
///
/// # Errors
/// `_TIMED_OUT` after `timeout` for a client without an engine.
pub(crate) fn cluster_id(py: Python<'_>, engine: Option<Engine>, timeout: Timeout) -> PyResult<String> {
    let engine = wait_for_engine(py, engine, timeout, ErrorCode::LocalTimedOut)?;
    Ok(py.detach(|| ClusterMetadata::of(&engine, Some(""))).cluster_id)
}

fn wait_for_engine(
    py: Python<'_>,
    engine: Option<Engine>,
    timeout: Timeout,
    otherwise: ErrorCode,
) -> PyResult<Engine> {
    if engine.is_none() {
        timeout.deadline().sleep(py)?;
    }
    engine.ok_or_else(|| exception(&otherwise.into()))
}

pub(crate) fn to_object(py: Python<'_>, from: &ClusterMetadata) -> PyResult<Py<PyAny>> {
    let metadata = class(py, "admin", "ClusterMetadata")?.run(())?;
    metadata.setattr("cluster_id", &from.cluster_id)?;
    metadata.setattr("controller_id", from.controller_id)?;
    let brokers = PyDict::new(py);
    for broker in &from.brokers {
        let object = class(py, "admin", "BrokerMetadata")?.run(())?;
        object.setattr("id", broker.id)?;
        object.setattr("host", &broker.host)?;
        object.setattr("port", broker.port)?;
        brokers.set_item(broker.id, &object)?;
        metadata.setattr("orig_broker_id", broker.id)?;
        metadata.setattr("orig_broker_name", format!("{}:{}/{}", broker.host, broker.port, broker.id))?;
    }
    metadata.setattr("brokers", brokers)?;
    let topics = PyDict::new(py);
    for topic in &from.topics {
        let object = class(py, "admin", "TopicMetadata")?.run(())?;
        object.setattr("topic", topic.name.as_ref() as &str)?;
        object.setattr("error", KafkaError::make_optional(py, topic.error.map(Into::into).as_ref())?)?;
        let partitions = PyDict::new(py);
        for partition in &topic.partitions {
            let object = class(py, "admin", "PartitionMetadata")?.run(())?;
            object.setattr("id", partition.id.0)?;
            object.setattr("leader", partition.leader)?;
            object.setattr("replicas", partition.replicas.clone())?;
            object.setattr("isrs", partition.in_sync_replicas.clone())?;
            object
                .setattr("error", KafkaError::make_optional(py, partition.error.map(Into::into).as_ref())?)?;
            partitions.set_item(partition.id.0, object)?;
        }
        object.setattr("partitions", partitions)?;
        topics.set_item(topic.name.as_ref() as &str, object)?;
    }
    metadata.setattr("topics", topics)?;
    Ok(metadata.unbind())
}
