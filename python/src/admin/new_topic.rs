//! `NewTopic` and `NewPartitions`.

use pyo3::exceptions::PyNotImplementedError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use tidelog::client::admin;

use crate::kafka_error::{hash_of, type_error};
use crate::topic_partition::Given;

/// NewTopic(topic, num_partitions=-1, replication_factor=-1, replica_assignment=None, config=None)
///
/// A topic to be created: see ``AdminClient.create_topics()``. -1 leaves a count to the engine.
#[pyclass(module = "tidelog.admin", frozen, subclass)]
pub(crate) struct NewTopic {
    /// Name of the topic: str.
    #[pyo3(get)]
    topic: String,
    /// Number of partitions: int.
    #[pyo3(get)]
    num_partitions: i32,
    /// Copies of each partition: int; one node keeps one.
    #[pyo3(get)]
    replication_factor: i32,
    /// Nodes of each partition: list(list(int)) or None.
    #[pyo3(get)]
    replica_assignment: Option<Py<PyAny>>,
    /// Settings of the topic: dict or None.
    #[pyo3(get)]
    config: Option<Py<PyDict>>,
}

#[pymethods]
impl NewTopic {
    #[new]
    #[pyo3(signature = (topic, num_partitions=-1, replication_factor=-1, replica_assignment=None,
        config=Given::Nothing),
        text_signature = "(topic, num_partitions=-1, replication_factor=-1, replica_assignment=None, config=...)")]
    fn new(
        topic: String,
        num_partitions: i32,
        replication_factor: i32,
        replica_assignment: Option<Py<PyAny>>,
        config: Given<Bound<'_, PyAny>>,
    ) -> PyResult<NewTopic> {
        let config = match config {
            Given::Nothing => None,
            Given::Value(config) => match config.cast_into::<PyDict>() {
                Ok(config) => Some(config.unbind()),
                Err(_) => return Err(type_error("config must be a dict of strings")),
            },
        };
        Ok(NewTopic { topic, num_partitions, replication_factor, replica_assignment, config })
    }

    fn __repr__(&self) -> String {
        match self.num_partitions {
            -1 => format!("NewTopic(topic={})", self.topic),
            count => format!("NewTopic(topic={},num_partitions={count})", self.topic),
        }
    }

    fn __hash__(&self) -> isize {
        hash_of((&self.topic, self.num_partitions))
    }

    fn __richcmp__(&self, other: &Bound<'_, PyAny>, op: pyo3::basic::CompareOp) -> PyResult<bool> {
        let theirs = other.cast::<NewTopic>().ok().map(Bound::get);
        let theirs = theirs.map(|other| (&other.topic, other.num_partitions));
        compare((&self.topic, self.num_partitions), theirs, op)
    }
}

fn compare<T: Ord>(ours: T, theirs: Option<T>, op: pyo3::basic::CompareOp) -> PyResult<bool> {
    use pyo3::basic::CompareOp;
    match (theirs, op) {
        (Some(theirs), op) => Ok(op.matches(ours.cmp(&theirs))),
        (None, CompareOp::Eq) => Ok(false),
        (None, CompareOp::Ne) => Ok(true),
        (None, _) => Err(PyNotImplementedError::new_err("only objects of the same type can be compared")),
    }
}

impl NewTopic {
    pub(super) fn to_client(&self, py: Python<'_>) -> PyResult<admin::NewTopic> {
        let replica_assignment = assignment(py, self.replica_assignment.as_ref())?.unwrap_or_default();
        let mut config = std::collections::BTreeMap::new();
        for (name, value) in self.config.iter().flat_map(|config| config.bind(py).iter()) {
            config.insert(name.str()?.to_string(), value.str()?.to_string());
        }
        let counted = self.num_partitions != -1;
        let fits = usize::try_from(self.num_partitions).is_ok_and(|count| count == replica_assignment.len());
        if !replica_assignment.is_empty() && counted && !fits {
            return Err(pyo3::exceptions::PyValueError::new_err(
                "replica_assignment must be a list of int lists with an outer size of num_partitions",
            ));
        }
        let assigned = !replica_assignment.is_empty();
        Ok(admin::NewTopic {
            name: self.topic.clone(),
            partitions: (counted && !assigned).then_some(self.num_partitions),
            replication_factor: match i16::try_from(self.replication_factor) {
                Ok(-1) | Err(_) => None,
                Ok(_) if assigned => None,
                Ok(factor) => Some(factor),
            },
            replica_assignment: (0..).zip(replica_assignment).collect(),
            config,
        })
    }
}

/// Which nodes keep each partition, if that is given; an empty list gives nothing.
fn assignment(py: Python<'_>, given: Option<&Py<PyAny>>) -> PyResult<Option<Vec<Vec<i32>>>> {
    let Some(given) = given else { return Ok(None) };
    let read: Vec<Vec<i32>> = given.extract(py).map_err(|_| {
        pyo3::exceptions::PyValueError::new_err(
            "replica_assignment must be a list of int lists with an outer size of num_partitions",
        )
    })?;
    Ok(Some(read).filter(|read| !read.is_empty()))
}

/// NewPartitions(topic, new_total_count, replica_assignment=None)
///
/// Partitions to be added to a topic: see ``AdminClient.create_partitions()``.
#[pyclass(module = "tidelog.admin", frozen, subclass)]
pub(crate) struct NewPartitions {
    /// Name of the topic: str.
    #[pyo3(get)]
    topic: String,
    /// Number of partitions that it is to have: int.
    #[pyo3(get)]
    new_total_count: i32,
    /// Nodes of each new partition: list(list(int)) or None.
    #[pyo3(get)]
    replica_assignment: Option<Py<PyAny>>,
}

#[pymethods]
impl NewPartitions {
    #[new]
    #[pyo3(signature = (topic, new_total_count, replica_assignment=None))]
    fn new(topic: String, new_total_count: i32, replica_assignment: Option<Py<PyAny>>) -> NewPartitions {
        NewPartitions { topic, new_total_count, replica_assignment }
    }

    fn __repr__(&self) -> String {
        format!("NewPartitions(topic={},new_total_count={})", self.topic, self.new_total_count)
    }

    fn __hash__(&self) -> isize {
        hash_of((&self.topic, self.new_total_count))
    }

    fn __richcmp__(&self, other: &Bound<'_, PyAny>, op: pyo3::basic::CompareOp) -> PyResult<bool> {
        let theirs = other.cast::<NewPartitions>().ok().map(Bound::get);
        let theirs = theirs.map(|other| (&other.topic, other.new_total_count));
        compare((&self.topic, self.new_total_count), theirs, op)
    }
}

impl NewPartitions {
    pub(super) fn to_client(&self, py: Python<'_>) -> PyResult<admin::NewPartitions> {
        Ok(admin::NewPartitions {
            topic: self.topic.clone(),
            total_count: self.new_total_count,
            replica_assignment: assignment(py, self.replica_assignment.as_ref())?,
        })
    }
}
