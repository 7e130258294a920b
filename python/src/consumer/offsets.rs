//! What is committed: storing and committing offsets.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use tidelog::client::consumer::CallError;
use tidelog::client::{OffsetSpec, TopicPartitionOffset};
use tidelog::error_code::ErrorCode;
use tidelog::types::{LeaderEpoch, Offset, PartitionIndex};

use super::{Consumer, Inner};
use crate::kafka_error::{exception_with, type_error};
use crate::message::Message;
use crate::topic_partition::to_list;
use crate::waiting::Timeout;

/// Whose offsets.
enum Which {
    /// Those that are stored.
    Stored,
    These(Vec<TopicPartitionOffset>),
}

impl Consumer {
    fn which(
        &self,
        message: Option<&Bound<'_, PyAny>>,
        offsets: Option<&Bound<'_, PyAny>>,
        verb: &str,
    ) -> PyResult<Which> {
        match (message, offsets) {
            (Some(_), Some(_)) => Err(PyValueError::new_err("message and offsets are mutually exclusive")),
            (None, Some(offsets)) => self.list(offsets).map(Which::These),
            (Some(message), None) => Ok(Which::These(vec![behind(message, verb)?])),
            (None, None) => Ok(Which::Stored),
        }
    }
}

/// The offset behind a message.
fn behind(message: &Bound<'_, PyAny>, verb: &str) -> PyResult<TopicPartitionOffset> {
    let py = message.py();
    let Ok(message) = message.cast::<Message>() else {
        return Err(type_error("expected confluent_kafka.cimpl.Message"));
    };
    if message.get().has_error(py) {
        let error = message.call_method0("error")?.call_method0("str");
        let text = error.map_or_else(|_| "?".to_owned(), |text| text.to_string());
        let text = format!("Cannot {verb} offsets for message with error: '{text}'");
        return Err(exception_with(ErrorCode::LocalInvalidArg, text));
    }
    let place = message.get().place(py).filter(|(_, partition, offset, _)| *partition >= 0 && *offset >= 0);
    let Some((topic, partition, offset, epoch)) = place else {
        let code = ErrorCode::LocalNoOffset;
        let what = if verb == "commit" { "Commit failed" } else { "StoreOffsets failed" };
        return Err(exception_with(code, format!("{what}: {}", code.description())));
    };
    let spec = OffsetSpec::At(Offset(offset.saturating_add(1)));
    let mut element = TopicPartitionOffset::new(topic.into(), PartitionIndex(partition), spec);
    element.leader_epoch = (epoch >= 0).then_some(LeaderEpoch(epoch));
    Ok(element)
}

impl Inner {
    fn commit(&self, py: Python<'_>, which: &Which) -> PyResult<Vec<TopicPartitionOffset>> {
        let committed = py.detach(|| match which {
            Which::Stored => self.consumer.commit(None),
            Which::These(offsets) => self.consumer.commit(Some(offsets)),
        });
        self.outcome(committed, "Commit failed")
    }

    fn commit_later(&self, which: &Which) -> Result<(), CallError> {
        match which {
            Which::Stored => self.consumer.commit_async(None),
            Which::These(offsets) => self.consumer.commit_async(Some(offsets)),
        }
    }
}

/// `async` is a word of Python's language: it can only come by `**{"async": ...}`.
fn is_asynchronous(asynchronous: bool, others: Option<&Bound<'_, PyDict>>) -> PyResult<bool> {
    let Some(others) = others else { return Ok(asynchronous) };
    let mut is_asynchronous = asynchronous;
    for (name, value) in others.iter() {
        let name = name.str()?.to_string();
        if name != "async" {
            return Err(type_error(format!("'{name}' is an invalid keyword argument for this function")));
        }
        is_asynchronous = value.is_truthy()?;
    }
    Ok(is_asynchronous)
}

#[pymethods]
impl Consumer {
    /// commit(message=None, offsets=None, asynchronous=True)
    ///
    /// Commits the offset behind a message, these offsets, or all that are stored.
    ///
    /// :param Message message: a message
    /// :param list(TopicPartition) offsets: offsets
    /// :param bool asynchronous: do not wait: ``on_commit`` is told the outcome; also as ``async``
    /// :returns: None, or when waited for, the offsets, each with its error
    /// :rtype: None or list(TopicPartition)
    /// :raises KafkaException: ``_NO_OFFSET`` when nothing is stored
    #[pyo3(signature = (message=None, offsets=None, asynchronous=true, **others),
        text_signature = "($self, message=None, offsets=None, asynchronous=True, **others)")]
    fn commit<'py>(
        &self,
        py: Python<'py>,
        message: Option<&Bound<'py, PyAny>>,
        offsets: Option<&Bound<'py, PyAny>>,
        asynchronous: bool,
        others: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Option<Bound<'py, PyList>>> {
        let inner = self.open()?;
        let later = is_asynchronous(asynchronous, others)?;
        let which = self.which(message, offsets, "commit")?;
        if later {
            inner.outcome(inner.commit_later(&which), "Commit failed")?;
            return Ok(None);
        }
        to_list(py, &inner.commit(py, &which)?).map(Some)
    }

    /// store_offsets(message=None, offsets=None)
    ///
    /// Keeps the offset behind a message, or these offsets, for the next commit. Needs
    /// ``enable.auto.offset.store=false``.
    ///
    /// :param Message message: a message
    /// :param list(TopicPartition) offsets: offsets
    #[pyo3(signature = (message=None, offsets=None))]
    fn store_offsets(
        &self,
        message: Option<&Bound<'_, PyAny>>,
        offsets: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let inner = self.open()?;
        let Which::These(mut stored) = self.which(message, offsets, "store")? else {
            return Err(PyValueError::new_err("expected either message or offsets"));
        };
        inner.outcome(inner.consumer.store_offsets(&mut stored), "StoreOffsets failed")?;
        let refused = stored.iter().find_map(|element| element.error.clone());
        refused.map_or(Ok(()), |error| inner.outcome(Err(CallError::Kafka(error)), "StoreOffsets failed"))
    }

    /// committed(partitions, timeout=-1)
    ///
    /// What the group has committed.
    ///
    /// :param list(TopicPartition) partitions: partitions
    /// :param float timeout: seconds
    /// :returns: the same with offsets; OFFSET_INVALID where nothing is committed
    /// :rtype: list(TopicPartition)
    #[pyo3(signature = (partitions, timeout=-1.0))]
    fn committed<'py>(&self, partitions: &Bound<'py, PyAny>, timeout: f64) -> PyResult<Bound<'py, PyList>> {
        let inner = self.inner()?;
        let (mut found, py) = (self.list(partitions)?, partitions.py());
        let timeout = Timeout::seconds(timeout).get();
        let done = py.detach(|| inner.consumer.committed(&mut found, timeout));
        inner.outcome(done, "Failed to get committed offsets")?;
        to_list(py, &found)
    }
}
