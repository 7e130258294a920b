//! What a consumer asks of topics and partitions.

use pyo3::prelude::*;
use pyo3::types::PyList;

use super::Consumer;
use crate::metadata;
use crate::topic_partition::{read, to_list};
use crate::waiting::Timeout;

#[pymethods]
impl Consumer {
    /// get_watermark_offsets(partition, timeout=-1, cached=False)
    ///
    /// The first offset of a partition, and the one behind the last.
    ///
    /// :param TopicPartition partition: partition
    /// :param float timeout: seconds
    /// :param bool cached: do not ask: what is known of an assigned partition, else OFFSET_INVALID
    /// :rtype: tuple(int, int)
    #[pyo3(signature = (partition, timeout=-1.0, cached=false))]
    fn get_watermark_offsets(
        &self,
        partition: &Bound<'_, PyAny>,
        timeout: f64,
        cached: bool,
    ) -> PyResult<(i64, i64)> {
        const WHAT: &str = "Failed to get watermark offsets";
        let (inner, py) = (self.inner()?, partition.py());
        let asked = read(partition)?.borrow();
        let (topic, partition) = asked.place(py)?;
        if cached {
            let found = inner.outcome(inner.consumer.cached_watermark_offsets(topic, partition), WHAT)?;
            return Ok(found.map_or((-1001, -1001), |ends| (ends.low.0, ends.high.0)));
        }
        let timeout = Timeout::seconds(timeout).get();
        let found = py.detach(|| inner.consumer.watermark_offsets(topic, partition, timeout));
        let ends = inner.outcome(found, WHAT)?;
        Ok((ends.low.0, ends.high.0))
    }

    /// offsets_for_times(partitions, timeout=-1)
    ///
    /// The first offsets whose timestamps are at least those given.
    ///
    /// :param list(TopicPartition) partitions: partitions, with milliseconds since the epoch as their offset
    /// :param float timeout: seconds
    /// :returns: the same with offsets; OFFSET_END for a time behind the last record
    /// :rtype: list(TopicPartition)
    #[pyo3(signature = (partitions, timeout=-1.0))]
    fn offsets_for_times<'py>(
        &self,
        partitions: &Bound<'py, PyAny>,
        timeout: f64,
    ) -> PyResult<Bound<'py, PyList>> {
        let (inner, py) = (self.inner()?, partitions.py());
        let mut found = self.list(partitions)?;
        let timeout = Timeout::seconds(timeout).get();
        let done = py.detach(|| inner.consumer.offsets_for_times(&mut found, timeout));
        inner.outcome(done, "Failed to get offsets")?;
        to_list(py, &found)
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
        let engine = self.open_handle()?.consumer.engine();
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
        let engine = self.open_handle()?.consumer.engine();
        metadata::cluster_id(py, engine, Timeout::seconds(timeout))
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
