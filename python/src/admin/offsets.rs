//! Offsets of partitions, deleting records, elections.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use tidelog::broker::OffsetSpec;
use tidelog::client::Admin;
use tidelog::client::admin::{Election, OffsetQuery, RecordDeletion};
use tidelog::error_code::ErrorCode;
use tidelog::types::{Isolation, Offset};

use super::_AdminClientImpl;
use super::jobs::by_key;
use super::options::Options;
use crate::foreign::Run;
use crate::kafka_error::exception_with;
use crate::package::class;
use crate::topic_partition::{TopicPartition, read};

/// The partitions of a request, as they were given, with what was asked of each.
fn partitions<T>(
    list: &Bound<'_, PyAny>,
    ask: impl Fn(String, &TopicPartition, Python<'_>) -> PyResult<T>,
) -> PyResult<(Vec<Py<TopicPartition>>, Vec<T>)> {
    let (mut objects, mut asked) = (Vec::new(), Vec::new());
    for item in list.try_iter()? {
        let item = item?;
        let partition = read(&item)?;
        let borrowed = partition.borrow();
        let topic = borrowed.place(list.py())?.0.to_owned();
        asked.push(ask(topic, &borrowed, list.py())?);
        objects.push(partition.clone().unbind());
    }
    Ok((objects, asked))
}

fn invalid(text: String) -> PyErr {
    exception_with(ErrorCode::LocalInvalidArg, text)
}

#[pymethods]
impl _AdminClientImpl {
    /// list_offsets(partitions, future, **options): offsets by their meaning or by time.
    #[pyo3(signature = (partitions, future, **options))]
    fn list_offsets(
        &self,
        partitions: &Bound<'_, PyAny>,
        future: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let inner = self.open()?;
        let options = Options::read(options, &["isolation_level_value"])?;
        let isolation =
            if options.read_committed { Isolation::ReadCommitted } else { Isolation::ReadUncommitted };
        let (objects, queries) = self::partitions(partitions, |topic, given, py| {
            let number = given.offset_number();
            let spec = OffsetSpec::from_number(number)
                .ok_or_else(|| invalid(format!("{number} is not an OffsetSpec")))?;
            Ok(OffsetQuery { topic, partition: given.place(py)?.1, spec })
        })?;
        inner.jobs.begin(future, options.request_timeout, move |admin: &Admin| {
            let found = admin.list_offsets(&queries, isolation);
            move |py: Python<'_>| {
                by_key(py, objects, found, |found| {
                    let fields = found.map_or((-1, -1, -1), |found| {
                        (found.offset.0, found.timestamp.0, found.leader_epoch.0)
                    });
                    class(py, "admin", "ListOffsetsResultInfo")?.run(fields)
                })
            }
        })
    }

    /// delete_records(partitions, future, **options): deletes the records before offsets.
    #[pyo3(signature = (partitions, future, **options))]
    fn delete_records(
        &self,
        partitions: &Bound<'_, PyAny>,
        future: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let inner = self.open()?;
        let options = Options::read(options, &["operation_timeout"])?;
        let (objects, deletions) = self::partitions(partitions, |topic, given, py| {
            let before = match given.offset_number() {
                -1 => None,
                offset @ 0.. => Some(Offset(offset)),
                other => return Err(invalid(format!("records cannot be deleted before offset {other}"))),
            };
            Ok(RecordDeletion { topic, partition: given.place(py)?.1, before })
        })?;
        inner.jobs.begin(future, options.request_timeout, move |admin: &Admin| {
            let deleted = admin.delete_records(&deletions);
            move |py: Python<'_>| {
                by_key(py, objects, deleted, |low| class(py, "admin", "DeletedRecords")?.run((low.0,)))
            }
        })
    }

    /// elect_leaders(election_type, partitions, future, **options): there is one node, which leads all that it can.
    #[pyo3(signature = (election_type, partitions, future, **options))]
    fn elect_leaders(
        &self,
        election_type: i32,
        partitions: &Bound<'_, PyAny>,
        future: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let inner = self.open()?;
        let election = Election::from_number(election_type);
        let election = election.ok_or_else(|| PyValueError::new_err("election_type is 0 or 1"))?;
        let options = Options::read(options, &["operation_timeout"])?;
        let (objects, asked) = match partitions.is_none() {
            true => (Vec::new(), Vec::new()),
            false => self::partitions(partitions, |topic, given, py| Ok((topic, given.place(py)?.1)))?,
        };
        inner.jobs.begin(future, options.request_timeout, move |admin: &Admin| {
            let outcomes = admin.elect_leaders(&asked, election);
            move |py: Python<'_>| by_key(py, objects, outcomes, |()| Ok(py.None().into_bound(py)))
        })
    }
}
