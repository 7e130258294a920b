//! Consumer groups and what they have committed.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use tidelog::broker::group::{GroupKind, GroupState, Stability};
use tidelog::client::admin::GroupDescription;
use tidelog::client::{Admin, KafkaError, TopicPartitionOffset};
use tidelog::error_code::ErrorCode;
use tidelog::types::Operation;

use super::_AdminClientImpl;
use super::jobs::{in_order, whole};
use super::options::{Options, items};
use super::topics::node;
use crate::foreign::Run;
use crate::kafka_error::KafkaError as PyKafkaError;
use crate::package::class;
use crate::topic_partition;

/// librdkafka's numbers of states.
const STATES: [(GroupState, i32); 5] = [
    (GroupState::PreparingRebalance, 1),
    (GroupState::CompletingRebalance, 2),
    (GroupState::Stable, 3),
    (GroupState::Dead, 4),
    (GroupState::Empty, 5),
];

/// librdkafka's number of a kind of groups.
fn number_of(kind: GroupKind) -> i32 {
    match kind {
        GroupKind::Consumer => 1,
        GroupKind::Classic => 2,
    }
}

fn number(state: GroupState) -> i32 {
    STATES.iter().find(|(known, _)| *known == state).map_or(0, |(_, number)| *number)
}

fn describe<'py>(
    py: Python<'py>,
    group: &GroupDescription,
    authorized: Option<&[i32]>,
) -> PyResult<Bound<'py, PyAny>> {
    let members = PyList::empty(py);
    for member in &group.members {
        let partitions = topic_partition::to_list(py, &member.assignment)?;
        let assignment = class(py, "admin", "MemberAssignment")?.run((partitions,))?;
        let target = match &member.target {
            Some(target) => {
                let partitions = topic_partition::to_list(py, target)?;
                Some(class(py, "admin", "MemberAssignment")?.run((partitions,))?)
            }
            None => None,
        };
        let fields =
            (&member.member_id, &member.client_id, &member.host, assignment, &member.instance_id, target);
        members.append(class(py, "admin", "MemberDescription")?.run(fields)?)?;
    }
    let named = PyDict::new(py);
    named.set_item("type", number_of(group.kind))?;
    named.set_item("authorized_operations", authorized)?;
    let coordinator = node(py, &group.coordinator)?;
    let state = number(group.state);
    let fields = (&group.group, group.is_simple, members, &group.assignor, state, coordinator);
    class(py, "admin", "ConsumerGroupDescription")?.call(fields, Some(&named))
}

/// The names of groups, which may not be given twice.
fn names(groups: &Bound<'_, PyAny>) -> PyResult<Result<Vec<String>, KafkaError>> {
    let groups: Vec<String> = groups.extract()?;
    let mut sorted: Vec<&String> = groups.iter().collect();
    sorted.sort();
    if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
        let text = "Duplicate groups not allowed";
        return Ok(Err(KafkaError::with_reason(ErrorCode::LocalInvalidArg, text)));
    }
    Ok(Ok(groups))
}

/// Offsets of one group, as a request names them.
struct GroupOffsets {
    group: String,
    partitions: Option<Vec<TopicPartitionOffset>>,
}

impl GroupOffsets {
    fn read(request: &Bound<'_, PyAny>) -> PyResult<GroupOffsets> {
        let all = items(request, "ConsumerGroupTopicPartitions")?;
        let [one] = all.as_slice() else {
            return Err(PyValueError::new_err("Expected exactly one ConsumerGroupTopicPartitions"));
        };
        let partitions = one.getattr("topic_partitions")?;
        let partitions =
            (!partitions.is_none()).then(|| topic_partition::read_list(&partitions)).transpose()?;
        Ok(GroupOffsets { group: one.getattr("group_id")?.extract()?, partitions })
    }
}

/// A list of the one group with its offsets.
fn group_offsets(
    py: Python<'_>,
    group: &str,
    offsets: Result<Vec<TopicPartitionOffset>, KafkaError>,
) -> PyResult<Py<PyAny>> {
    in_order(py, vec![offsets], |offsets| {
        let partitions = topic_partition::to_list(py, &offsets)?;
        class(py, "", "ConsumerGroupTopicPartitions")?.run((group, partitions))
    })
}

#[pymethods]
impl _AdminClientImpl {
    /// list_consumer_groups(future, **options): the groups that there are.
    #[pyo3(signature = (future, **options))]
    fn list_consumer_groups(
        &self,
        future: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let inner = self.open()?;
        let options = Options::read(options, &["states_int", "types_int"])?;
        let wanted = STATES.iter().filter(|(_, number)| options.states.contains(number));
        let states: Vec<GroupState> = wanted.map(|(state, _)| *state).collect();
        let fits = options.states.is_empty() || !states.is_empty();
        inner.jobs.begin(future, options.request_timeout, move |admin: &Admin| {
            let listed = if fits { admin.list_consumer_groups(&states) } else { Ok(Vec::new()) };
            move |py: Python<'_>| {
                let (valid, errors) = (PyList::empty(py), PyList::empty(py));
                match listed {
                    Ok(groups) => {
                        for group in groups {
                            let kind = number_of(group.kind);
                            if !options.types.is_empty() && !options.types.contains(&kind) {
                                continue;
                            }
                            let fields = (group.group, group.is_simple, number(group.state), kind);
                            valid.append(class(py, "admin", "ConsumerGroupListing")?.run(fields)?)?;
                        }
                    }
                    Err(error) => errors.append(PyKafkaError::make(py, &error)?)?,
                }
                Ok(class(py, "admin", "ListConsumerGroupsResult")?.run((valid, errors))?.unbind())
            }
        })
    }

    /// describe_consumer_groups(groups, future, **options): groups in detail, each with its own outcome.
    #[pyo3(signature = (groups, future, **options))]
    fn describe_consumer_groups(
        &self,
        groups: &Bound<'_, PyAny>,
        future: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let inner = self.open()?;
        let options = Options::read(options, &["include_authorized_operations"])?;
        let groups = names(groups)?;
        let authorized = options.authorized(&Operation::OF_GROUPS);
        inner.jobs.begin(future, options.request_timeout, move |admin: &Admin| {
            let described = groups.map(|groups| admin.describe_consumer_groups(&groups));
            move |py: Python<'_>| {
                in_order(py, whole(described)?, |group| describe(py, &group, authorized.as_deref()))
            }
        })
    }

    /// delete_consumer_groups(groups, future, **options): deletes groups with their offsets.
    #[pyo3(signature = (groups, future, **options))]
    fn delete_consumer_groups(
        &self,
        groups: &Bound<'_, PyAny>,
        future: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let inner = self.open()?;
        let options = Options::read(options, &[])?;
        let groups = names(groups)?;
        inner.jobs.begin(future, options.request_timeout, move |admin: &Admin| {
            let deleted = groups.map(|groups| admin.delete_consumer_groups(&groups));
            move |py: Python<'_>| in_order(py, whole(deleted)?, |()| Ok(py.None().into_bound(py)))
        })
    }

    /// list_consumer_group_offsets(request, future, **options): what a group has committed.
    #[pyo3(signature = (request, future, **options))]
    fn list_consumer_group_offsets(
        &self,
        request: &Bound<'_, PyAny>,
        future: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let inner = self.open()?;
        let options = Options::read(options, &["require_stable"])?;
        let GroupOffsets { group, partitions } = GroupOffsets::read(request)?;
        let stability = if options.require_stable { Stability::Required } else { Stability::Ignored };
        inner.jobs.begin(future, options.request_timeout, move |admin: &Admin| {
            let found = admin.list_consumer_group_offsets(&group, partitions.as_deref(), stability);
            move |py: Python<'_>| group_offsets(py, &group, found)
        })
    }

    /// alter_consumer_group_offsets(request, future, **options): commits in the name of a group without members.
    #[pyo3(signature = (request, future, **options))]
    fn alter_consumer_group_offsets(
        &self,
        request: &Bound<'_, PyAny>,
        future: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let inner = self.open()?;
        let options = Options::read(options, &[])?;
        let GroupOffsets { group, partitions } = GroupOffsets::read(request)?;
        let partitions = partitions.unwrap_or_default();
        inner.jobs.begin(future, options.request_timeout, move |admin: &Admin| {
            let altered = admin.alter_consumer_group_offsets(&group, &partitions);
            move |py: Python<'_>| group_offsets(py, &group, altered)
        })
    }

    /// list_groups(group=None, timeout=-1): groups with their members, the old way.
    ///
    /// :rtype: list(GroupMetadata)
    #[pyo3(signature = (group=None, timeout=-1.0))]
    fn list_groups<'py>(
        &self,
        py: Python<'py>,
        group: Option<&str>,
        timeout: f64,
    ) -> PyResult<Bound<'py, PyList>> {
        let _ = timeout;
        let admin = self.open_handle()?.jobs.admin();
        let described = py.detach(|| -> Result<Vec<GroupDescription>, KafkaError> {
            let listed = admin.list_consumer_groups(&[])?.into_iter().map(|listed| listed.group);
            let wanted: Vec<String> = listed.filter(|name| group.is_none_or(|group| group == name)).collect();
            admin.describe_consumer_groups(&wanted).into_iter().collect()
        });
        let list = PyList::empty(py);
        for group in whole(described)? {
            let object = class(py, "admin", "GroupMetadata")?.run(())?;
            object.setattr("id", &group.group)?;
            object.setattr("state", group.state.name())?;
            object.setattr("protocol_type", "consumer")?;
            object.setattr("protocol", &group.assignor)?;
            let members = PyList::empty(py);
            for member in &group.members {
                let one = class(py, "admin", "GroupMember")?.run(())?;
                one.setattr("id", &member.member_id)?;
                one.setattr("client_id", &member.client_id)?;
                one.setattr("client_host", &member.host)?;
                members.append(one)?;
            }
            object.setattr("members", members)?;
            list.append(object)?;
        }
        Ok(list)
    }
}
