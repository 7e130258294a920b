//! What is read: subscriptions and assignments, positions in them.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};
use tidelog::client::TopicPartitionOffset;

use super::Consumer;
use super::callbacks::RebalanceCallbacks;
use crate::kafka_error::type_error;
use crate::topic_partition::{Given, read, read_list, to_list};

fn callable(name: &str, given: Given<Bound<'_, PyAny>>) -> PyResult<Option<Py<PyAny>>> {
    match given.get() {
        None => Ok(None),
        Some(callback) if callback.is_callable() => Ok(Some(callback.unbind())),
        Some(_) => Err(type_error(format!("{name} expects a callable"))),
    }
}

#[pymethods]
impl Consumer {
    /// subscribe(topics, on_assign=noop, on_revoke=noop, on_lost=noop)
    ///
    /// Takes part in the group for these topics; replaces the subscription before. A topic that begins with ``^`` is a
    /// regular expression. The callbacks get the consumer and a list of TopicPartition.
    ///
    /// :param list(str) topics: topics
    /// :param func on_assign: called with partitions that are this consumer's from now on
    /// :param func on_revoke: called with partitions that are to be given up
    /// :param func on_lost: called with partitions that others may have already; without it on_revoke is
    /// :raises KafkaException: for an empty list or a pattern that cannot be used
    #[pyo3(signature = (topics, on_assign=Given::Nothing, on_revoke=Given::Nothing, on_lost=Given::Nothing),
        text_signature = "($self, topics, on_assign=..., on_revoke=..., on_lost=...)")]
    fn subscribe(
        &self,
        topics: &Bound<'_, PyAny>,
        on_assign: Given<Bound<'_, PyAny>>,
        on_revoke: Given<Bound<'_, PyAny>>,
        on_lost: Given<Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let inner = self.open()?;
        let Ok(topics) = topics.cast::<PyList>() else {
            return Err(type_error("expected list of topic unicode strings"));
        };
        let callbacks = RebalanceCallbacks {
            on_assign: callable("on_assign", on_assign)?,
            on_revoke: callable("on_revoke", on_revoke)?,
            on_lost: callable("on_lost", on_lost)?,
        };
        let names = topics.iter().map(|topic| match topic.cast::<PyString>() {
            Ok(topic) => Ok(topic.to_str()?.to_owned()),
            Err(_) => Err(type_error("expected list of topic unicode strings")),
        });
        let names: Vec<String> = names.collect::<PyResult<_>>()?;
        let callback = callbacks.into_callback(Arc::clone(&inner.object));
        let done = topics.py().detach(|| inner.consumer.subscribe_with(&names, callback));
        inner.outcome(done, "Failed to set subscription")
    }

    /// unsubscribe()
    ///
    /// Leaves the group: the partitions are given up.
    fn unsubscribe(&self, py: Python<'_>) -> PyResult<()> {
        let inner = self.inner()?;
        inner.outcome(py.detach(|| inner.consumer.unsubscribe()), "Failed to remove subscription")
    }

    /// assign(partitions)
    ///
    /// Reads exactly these partitions, from their offsets.
    ///
    /// :param list(TopicPartition) partitions: partitions
    fn assign(&self, partitions: &Bound<'_, PyAny>) -> PyResult<()> {
        let inner = self.inner()?;
        let partitions = self.list(partitions)?;
        inner.outcome(inner.consumer.assign(&partitions), "Failed to set assignment")
    }

    /// unassign()
    ///
    /// Reads nothing: same as ``assign([])``.
    fn unassign(&self) -> PyResult<()> {
        let inner = self.inner()?;
        inner.outcome(inner.consumer.unassign(), "Failed to remove assignment")
    }

    /// incremental_assign(partitions)
    ///
    /// Reads these partitions too, from their offsets.
    ///
    /// :param list(TopicPartition) partitions: partitions that are not assigned yet
    fn incremental_assign(&self, partitions: &Bound<'_, PyAny>) -> PyResult<()> {
        let inner = self.inner()?;
        let partitions = self.list(partitions)?;
        inner.outcome(inner.consumer.incremental_assign(&partitions), "")
    }

    /// incremental_unassign(partitions)
    ///
    /// Reads these partitions no more.
    ///
    /// :param list(TopicPartition) partitions: partitions that are assigned
    fn incremental_unassign(&self, partitions: &Bound<'_, PyAny>) -> PyResult<()> {
        let inner = self.inner()?;
        let partitions = self.list(partitions)?;
        inner.outcome(inner.consumer.incremental_unassign(&partitions), "")
    }

    /// assignment()
    ///
    /// What is assigned now.
    ///
    /// :rtype: list(TopicPartition)
    fn assignment<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let inner = self.inner()?;
        to_list(py, &inner.outcome(inner.consumer.assignment(), "Failed to get assignment")?)
    }

    /// pause(partitions)
    ///
    /// Hands out no messages of these partitions until resume().
    ///
    /// :param list(TopicPartition) partitions: partitions; unknown ones are ignored
    fn pause(&self, partitions: &Bound<'_, PyAny>) -> PyResult<()> {
        let inner = self.inner()?;
        let mut partitions = self.list(partitions)?;
        inner.outcome(inner.consumer.pause(&mut partitions), "Failed to pause partitions")
    }

    /// resume(partitions)
    ///
    /// Goes on with partitions that were paused.
    ///
    /// :param list(TopicPartition) partitions: partitions; unknown ones are ignored
    fn resume(&self, partitions: &Bound<'_, PyAny>) -> PyResult<()> {
        let inner = self.inner()?;
        let mut partitions = self.list(partitions)?;
        inner.outcome(inner.consumer.resume(&mut partitions), "Failed to resume partitions")
    }

    /// seek(partition)
    ///
    /// Goes on at another offset.
    ///
    /// :param TopicPartition partition: partition that is assigned, with the offset
    /// :raises KafkaException: ``_STATE`` for a partition that is not assigned
    fn seek(&self, partition: &Bound<'_, PyAny>) -> PyResult<()> {
        let inner = self.inner()?;
        let to = read(partition)?.borrow().to_client(partition.py())?;
        let what = format!("Failed to seek to offset {}", to.offset);
        inner.outcome(inner.consumer.seek(&to), &what)
    }

    /// position(partitions)
    ///
    /// Where reading goes on: behind the last message that was handed out.
    ///
    /// :param list(TopicPartition) partitions: partitions
    /// :returns: the same with offsets; OFFSET_INVALID where nothing was handed out yet
    /// :rtype: list(TopicPartition)
    fn position<'py>(&self, partitions: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
        let inner = self.inner()?;
        let mut found = self.list(partitions)?;
        inner.outcome(inner.consumer.position(&mut found), "Failed to get position")?;
        to_list(partitions.py(), &found)
    }

    /// memberid()
    ///
    /// What the group calls this consumer; None before it has joined.
    ///
    /// :rtype: str or None
    fn memberid(&self) -> PyResult<Option<String>> {
        let inner = self.inner()?;
        inner.outcome(inner.consumer.member_id(), "")
    }

    /// consumer_group_metadata()
    ///
    /// Who this consumer is to its group, for ``Producer.send_offsets_to_transaction()``.
    ///
    /// :rtype: bytes
    fn consumer_group_metadata(&self) -> PyResult<Option<std::borrow::Cow<'static, [u8]>>> {
        let inner = self.inner()?;
        let metadata = inner.outcome(inner.consumer.group_metadata(), "")?;
        Ok(metadata.map(|metadata| metadata.to_bytes().into()))
    }
}

impl Consumer {
    /// A list of partitions, of a consumer that is not closed.
    pub(super) fn list(&self, partitions: &Bound<'_, PyAny>) -> PyResult<Vec<TopicPartitionOffset>> {
        self.open()?;
        read_list(partitions)
    }
}
