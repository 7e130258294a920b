//! Topics and the cluster.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use tidelog::client::admin::{Node, TopicDescription};
use tidelog::client::{Admin, KafkaError};
use tidelog::types::Operation;

use super::jobs::{by_key, in_order, whole};
use super::options::{Options, items, objects};
use super::{_AdminClientImpl, NewPartitions, NewTopic};
use crate::foreign::Run;
use crate::package::class;
use crate::uuid::Uuid;

/// A dictionary of names, each with its error or `None`.
fn by_name(py: Python<'_>, names: Vec<String>, outcomes: Vec<Result<(), KafkaError>>) -> PyResult<Py<PyAny>> {
    by_key(py, names, outcomes, |()| Ok(py.None().into_bound(py)))
}

/// A node as an object.
pub(super) fn node<'py>(py: Python<'py>, node: &Node) -> PyResult<Bound<'py, PyAny>> {
    class(py, "", "Node")?.run((node.id, &node.host, node.port))
}

fn describe<'py>(
    py: Python<'py>,
    coordinator: &Node,
    topic: &TopicDescription,
    authorized: Option<&[i32]>,
) -> PyResult<Bound<'py, PyAny>> {
    let partitions = PyList::empty(py);
    for partition in &topic.partitions {
        let nodes = |ids: &[i32]| -> PyResult<Vec<Bound<'py, PyAny>>> {
            ids.iter().map(|_| node(py, coordinator)).collect()
        };
        let leader = (partition.leader >= 0).then(|| node(py, coordinator)).transpose()?;
        let fields =
            (partition.partition.0, leader, nodes(&partition.replicas)?, nodes(&partition.in_sync_replicas)?);
        partitions.append(class(py, "", "TopicPartitionInfo")?.run(fields)?)?;
    }
    let name = topic.name.as_str();
    let fields = (name, Uuid::of(topic.id), topic.is_internal, partitions, authorized);
    class(py, "admin", "TopicDescription")?.run(fields)
}

#[pymethods]
impl _AdminClientImpl {
    /// create_topics(new_topics, future, **options): creates topics.
    #[pyo3(signature = (new_topics, future, **options))]
    fn create_topics(
        &self,
        new_topics: &Bound<'_, PyAny>,
        future: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let inner = self.open()?;
        let options = Options::read(options, &["operation_timeout", "validate_only"])?;
        let topics = objects(new_topics, "NewTopic", NewTopic::to_client)?;
        let mode = options.mode;
        inner.jobs.begin(future, options.request_timeout, move |admin: &Admin| {
            let outcomes = admin.create_topics(&topics, mode);
            move |py: Python<'_>| by_name(py, topics.into_iter().map(|topic| topic.name).collect(), outcomes)
        })
    }

    /// delete_topics(topics, future, **options): deletes topics.
    #[pyo3(signature = (topics, future, **options))]
    fn delete_topics(
        &self,
        topics: &Bound<'_, PyAny>,
        future: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let inner = self.open()?;
        let options = Options::read(options, &["operation_timeout"])?;
        let topics = items(topics, "topic strings")?;
        let topics: Vec<String> =
            topics.iter().map(|topic| Ok(topic.str()?.to_string())).collect::<PyResult<_>>()?;
        inner.jobs.begin(future, options.request_timeout, move |admin: &Admin| {
            let outcomes = admin.delete_topics(&topics);
            move |py: Python<'_>| by_name(py, topics, outcomes)
        })
    }

    /// create_partitions(new_partitions, future, **options): adds partitions to topics.
    #[pyo3(signature = (new_partitions, future, **options))]
    fn create_partitions(
        &self,
        new_partitions: &Bound<'_, PyAny>,
        future: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let inner = self.open()?;
        let options = Options::read(options, &["operation_timeout", "validate_only"])?;
        let new = objects(new_partitions, "NewPartitions", NewPartitions::to_client)?;
        let mode = options.mode;
        inner.jobs.begin(future, options.request_timeout, move |admin: &Admin| {
            let outcomes = admin.create_partitions(&new, mode);
            move |py: Python<'_>| by_name(py, new.into_iter().map(|new| new.topic).collect(), outcomes)
        })
    }

    /// describe_topics(topics, future, **options): topics in detail, each with its own outcome.
    #[pyo3(signature = (topics, future, **options))]
    fn describe_topics(
        &self,
        topics: &Bound<'_, PyAny>,
        future: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let inner = self.open()?;
        let options = Options::read(options, &["include_authorized_operations"])?;
        let topics: Vec<String> = topics.extract()?;
        if let Some(index) = topics.iter().position(String::is_empty) {
            return Err(PyValueError::new_err(format!("Empty topic name at index {index} isn't allowed")));
        }
        let authorized = options.authorized(&Operation::OF_TOPICS);
        inner.jobs.begin(future, options.request_timeout, move |admin: &Admin| {
            let outcomes = admin.describe_topics(&topics);
            let cluster = admin.describe_cluster();
            move |py: Python<'_>| {
                let cluster = whole(cluster)?;
                in_order(py, outcomes, |topic| {
                    describe(py, &cluster.controller, &topic, authorized.as_deref())
                })
            }
        })
    }

    /// describe_cluster(future, **options): the cluster: its nodes and its id.
    #[pyo3(signature = (future, **options))]
    fn describe_cluster(
        &self,
        future: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let inner = self.open()?;
        let options = Options::read(options, &["include_authorized_operations"])?;
        let authorized = options.authorized(&Operation::OF_CLUSTER);
        inner.jobs.begin(future, options.request_timeout, move |admin: &Admin| {
            let described = admin.describe_cluster();
            move |py: Python<'_>| {
                let cluster = whole(described)?;
                let nodes: Vec<_> = cluster.nodes.iter().map(|one| node(py, one)).collect::<PyResult<_>>()?;
                let fields = (node(py, &cluster.controller)?, nodes, cluster.cluster_id, authorized);
                Ok(class(py, "admin", "DescribeClusterResult")?.run(fields)?.unbind())
            }
        })
    }
}
