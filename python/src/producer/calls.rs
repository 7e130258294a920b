//! Further calls of a producer.

use pyo3::prelude::*;

use super::Producer;
use crate::metadata;
use crate::waiting::Timeout;

#[pymethods]
impl Producer {
    fn __len__(&self) -> usize {
        self.open().map_or(0, |inner| inner.producer.len())
    }

    fn __bool__(&self) -> bool {
        true
    }

    /// purge(in_queue=True, in_flight=True, blocking=True)
    ///
    /// Drops messages that are queued; their reports say ``_PURGE_QUEUE``. What the engine has taken is reported as it
    /// ends.
    ///
    /// :param bool in_queue: drop what is queued
    /// :param bool in_flight: accepted: nothing that the engine has taken can be called back
    /// :param bool blocking: accepted: it never blocks
    #[pyo3(signature = (in_queue=Truth(true), in_flight=Truth(true), blocking=Truth(true)),
        text_signature = "($self, in_queue=True, in_flight=True, blocking=True)")]
    fn purge(&self, in_queue: Truth, in_flight: Truth, blocking: Truth) -> PyResult<()> {
        let _ = (in_flight, blocking);
        let inner = self.open()?;
        if in_queue.0 {
            inner.producer.purge();
        }
        Ok(())
    }

    /// list_topics(topic=None, timeout=-1)
    ///
    /// What there is: brokers, topics, partitions.
    ///
    /// :param str topic: only this topic
    /// :param float timeout: seconds
    /// :rtype: ClusterMetadata
    #[pyo3(signature = (topic=None, timeout=-1.0))]
    fn list_topics(&self, py: Python<'_>, topic: Option<&str>, timeout: f64) -> PyResult<Py<PyAny>> {
        let inner = self.open_handle()?;
        let engine = inner.producer.engine();
        metadata::of(py, engine, topic, Timeout::seconds(timeout))
    }

    /// cluster_id(timeout=-1)
    ///
    /// The id of the engine's cluster.
    ///
    /// :param float timeout: seconds
    /// :rtype: str
    #[pyo3(signature = (timeout=-1.0))]
    fn cluster_id(&self, py: Python<'_>, timeout: f64) -> PyResult<String> {
        let inner = self.open_handle()?;
        metadata::cluster_id(py, inner.producer.engine(), Timeout::seconds(timeout))
    }

    /// set_sasl_credentials(username, password)
    ///
    /// Accepted: an engine in the same process asks for none.
    ///
    /// :param str username: name
    /// :param str password: password
    fn set_sasl_credentials(&self, username: &str, password: &str) -> PyResult<()> {
        let _ = (username, password);
        self.open_handle().map(drop)
    }
}

/// An argument that may be anything: what counts is whether Python takes it for true.
struct Truth(bool);

impl<'a, 'py> FromPyObject<'a, 'py> for Truth {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Truth> {
        object.is_truthy().map(Truth)
    }
}
