//! `TopicPartition`, and lists of them in and out.

use std::sync::Arc;

use pyo3::exceptions::{PyNotImplementedError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};
use tidelog::client::{OffsetSpec, TopicPartitionOffset};
use tidelog::error_code::ErrorCode;
use tidelog::types::{LeaderEpoch, PartitionIndex};

use crate::kafka_error::{KafkaError, exception_with, type_error};

/// TopicPartition(topic, partition=-1, offset=OFFSET_INVALID, metadata=None, leader_epoch=None)
///
/// A partition with what is asked or known about it: ``topic``, ``partition``, ``offset``, ``metadata``, ``leader_epoch``,
/// ``error``. Two of them are equal when topic and partition are.
#[pyclass(module = "tidelog", subclass)]
pub(crate) struct TopicPartition {
    topic: Py<PyString>,
    /// Number of the partition: -1 for none in particular.
    #[pyo3(get, set)]
    partition: i32,
    /// Offset, or one of the constants ``OFFSET_...``: where to read, what to commit, what was found.
    #[pyo3(get, set)]
    offset: i64,
    metadata: Option<String>,
    leader_epoch: Option<i32>,
    error: Option<Py<KafkaError>>,
}

#[pymethods]
impl TopicPartition {
    #[new]
    #[pyo3(signature = (topic, partition=-1, offset=-1001, metadata=Given::Nothing, leader_epoch=Given::Nothing),
        text_signature = "(topic, partition=-1, offset=-1001, metadata=..., leader_epoch=...)")]
    fn new(
        topic: &Bound<'_, PyString>,
        partition: i32,
        offset: i64,
        metadata: Given<String>,
        leader_epoch: Given<i32>,
    ) -> PyResult<TopicPartition> {
        // Must be Unicode, as names of topics are.
        topic.to_str()?;
        Ok(TopicPartition {
            topic: topic.clone().unbind(),
            partition,
            offset,
            metadata: metadata.get(),
            leader_epoch: leader_epoch.get().filter(|epoch| *epoch >= 0),
            error: None,
        })
    }

    /// Name of the topic: str, read only.
    #[getter]
    fn topic(&self, py: Python<'_>) -> Py<PyString> {
        self.topic.clone_ref(py)
    }

    /// Text that is committed with the offset: str or None, read only.
    #[getter]
    fn metadata(&self) -> Option<&str> {
        self.metadata.as_deref()
    }

    /// Epoch of the leader that the record before the offset came from: int or None, read only.
    #[getter]
    fn leader_epoch(&self) -> Option<i32> {
        self.leader_epoch
    }

    /// What went wrong with this partition: KafkaError or None, read only.
    #[getter]
    fn error(&self, py: Python<'_>) -> Option<Py<KafkaError>> {
        self.error.as_ref().map(|error| error.clone_ref(py))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let epoch = self.leader_epoch.map_or_else(|| "None".to_owned(), |epoch| epoch.to_string());
        let error = match &self.error {
            Some(error) => error.bind(py).repr()?.to_string(),
            None => "None".to_owned(),
        };
        let topic = self.topic.bind(py).to_str()?;
        Ok(format!(
            "TopicPartition{{topic={topic},partition={},offset={},leader_epoch={epoch},error={error}}}",
            self.partition, self.offset
        ))
    }

    fn __str__(&self, py: Python<'_>) -> PyResult<String> {
        self.__repr__(py)
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        let partition = isize::try_from(self.partition).unwrap_or_default();
        Ok(self.topic.bind(py).hash()? ^ partition)
    }

    fn __richcmp__(
        &self,
        py: Python<'_>,
        other: &Bound<'_, PyAny>,
        op: pyo3::basic::CompareOp,
    ) -> PyResult<bool> {
        use pyo3::basic::CompareOp;
        let Ok(other) = other.cast::<TopicPartition>() else {
            return match op {
                CompareOp::Eq => Ok(false),
                CompareOp::Ne => Ok(true),
                _ => Err(PyNotImplementedError::new_err("TopicPartitions are compared with each other only")),
            };
        };
        let other = other.borrow();
        let ours = (self.topic.bind(py).to_str()?, self.partition);
        let theirs = (other.topic.bind(py).to_str()?, other.partition);
        Ok(op.matches(ours.cmp(&theirs)))
    }

    #[allow(clippy::type_complexity)] // what pickle asks for
    fn __reduce__<'py>(
        slf: &Bound<'py, TopicPartition>,
    ) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyAny>, i32, i64, Option<String>, Option<i32>))> {
        let py = slf.py();
        let this = slf.borrow();
        let make = py.import("tidelog._cimpl")?.getattr("_topic_partition")?;
        let fields = (
            this.topic.bind(py).clone().into_any(),
            this.partition,
            this.offset,
            this.metadata.clone(),
            this.leader_epoch,
        );
        Ok((make, fields))
    }
}

/// Makes a `TopicPartition` from what pickle has kept.
#[pyfunction]
pub(crate) fn _topic_partition(
    topic: Bound<'_, PyString>,
    partition: i32,
    offset: i64,
    metadata: Option<String>,
    leader_epoch: Option<i32>,
) -> TopicPartition {
    TopicPartition { topic: topic.unbind(), partition, offset, metadata, leader_epoch, error: None }
}

/// An argument that may be left out but not be `None`.
pub(crate) enum Given<T> {
    Nothing,
    Value(T),
}

impl<T> Given<T> {
    pub(crate) fn get(self) -> Option<T> {
        match self {
            Given::Nothing => None,
            Given::Value(value) => Some(value),
        }
    }
}

impl<'a, 'py, T: FromPyObject<'a, 'py>> FromPyObject<'a, 'py> for Given<T> {
    type Error = T::Error;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> Result<Given<T>, T::Error> {
        T::extract(object).map(Given::Value)
    }
}

impl TopicPartition {
    /// What the engine says, as an object.
    pub(crate) fn of(py: Python<'_>, from: &TopicPartitionOffset) -> PyResult<TopicPartition> {
        Ok(TopicPartition {
            topic: PyString::new(py, &from.topic).unbind(),
            partition: from.partition.0,
            offset: from.offset.number(),
            metadata: from.metadata.as_deref().map(str::to_owned),
            leader_epoch: from.leader_epoch.map(|epoch| epoch.0),
            error: KafkaError::make_optional(py, from.error.as_ref())?,
        })
    }

    /// As the engine takes it.
    ///
    /// # Errors
    /// `_INVALID_ARG`, for a negative offset that means nothing.
    pub(crate) fn to_client(&self, py: Python<'_>) -> PyResult<TopicPartitionOffset> {
        let offset = OffsetSpec::from_number(self.offset).ok_or_else(|| {
            exception_with(ErrorCode::LocalInvalidArg, format!("{} is not an offset", self.offset))
        })?;
        let mut element = self.with_offset(py, offset)?;
        element.metadata = self.metadata.as_deref().map(Arc::from);
        element.leader_epoch = self.leader_epoch.map(LeaderEpoch);
        Ok(element)
    }

    fn with_offset(&self, py: Python<'_>, offset: OffsetSpec) -> PyResult<TopicPartitionOffset> {
        let topic = self.topic.bind(py).to_str()?;
        Ok(TopicPartitionOffset::new(topic.into(), PartitionIndex(self.partition), offset))
    }

    /// Its place.
    pub(crate) fn place<'a>(&'a self, py: Python<'a>) -> PyResult<(&'a str, PartitionIndex)> {
        Ok((self.topic.bind(py).to_str()?, PartitionIndex(self.partition)))
    }

    /// Its offset, as it was given.
    pub(crate) fn offset_number(&self) -> i64 {
        self.offset
    }
}

/// Reads a list of exactly `TopicPartition`s.
///
/// # Errors
/// `TypeError`, with confluent-kafka's texts.
pub(crate) fn read_list(list: &Bound<'_, PyAny>) -> PyResult<Vec<TopicPartitionOffset>> {
    read_those(list, |_| true)
}

/// As [`read_list`], without those whose offset is none.
///
/// # Errors
/// As [`read_list`].
pub(crate) fn read_positions(list: &Bound<'_, PyAny>) -> PyResult<Vec<TopicPartitionOffset>> {
    read_those(list, |place| place.offset >= 0)
}

fn read_those(
    list: &Bound<'_, PyAny>,
    is_asked: impl Fn(&TopicPartition) -> bool,
) -> PyResult<Vec<TopicPartitionOffset>> {
    let list = list.cast::<PyList>().map_err(|_| type_error("requires list of TopicPartition"))?;
    let mut found = Vec::with_capacity(list.len());
    for item in list {
        let place = read(&item)?.borrow();
        if is_asked(&place) {
            found.push(place.to_client(list.py())?);
        }
    }
    Ok(found)
}

/// One `TopicPartition`, not one of a subclass.
///
/// # Errors
/// `TypeError`.
pub(crate) fn read<'a, 'py>(item: &'a Bound<'py, PyAny>) -> PyResult<&'a Bound<'py, TopicPartition>> {
    item.cast_exact::<TopicPartition>().map_err(|_| PyTypeError::new_err("expected cimpl.TopicPartition"))
}

/// A list of `TopicPartition`s.
pub(crate) fn to_list<'py>(py: Python<'py>, from: &[TopicPartitionOffset]) -> PyResult<Bound<'py, PyList>> {
    let all: PyResult<Vec<TopicPartition>> =
        from.iter().map(|element| TopicPartition::of(py, element)).collect();
    PyList::new(py, all?.into_iter().map(|one| Py::new(py, one)).collect::<PyResult<Vec<_>>>()?)
}
