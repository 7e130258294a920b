//! Consumer groups: listed, described, deleted.

use std::ffi::{CStr, CString, c_char, c_int};
use std::mem::MaybeUninit;

use tidelog::broker::group::GroupState;
use tidelog::client::KafkaError;
use tidelog::client::admin::{GroupDescription, GroupListing, MemberDescription as Member};
use tidelog::error_code::ErrorCode;
use tidelog::types::Operation;

use super::answer::{AnswerBody, answer_of, request};
use super::cluster::Node;
use super::group_types::{self, ConsumerGroupType, TL_CONSUMER_GROUP_TYPE_UNKNOWN};
use super::operations::{AclOperation, Authorized};
use super::options::AdminOptions;
use super::{Objects, destroy_all, number_named, objects, tell, texts};
use crate::boundary;
use crate::client::Client;
use crate::error::Error;
use crate::event::{
    Event, TL_EVENT_DELETEGROUPS_RESULT, TL_EVENT_DESCRIBECONSUMERGROUPS_RESULT,
    TL_EVENT_LISTCONSUMERGROUPS_RESULT,
};
use crate::guard::{guard, or_none};
use crate::queue::Queue;
use crate::text::c_text;
use crate::topic_partition::TopicPartitionList;

/// State of a consumer group.
pub type ConsumerGroupState = c_int;
/// There is no such group, or no such state.
pub const TL_CONSUMER_GROUP_STATE_UNKNOWN: ConsumerGroupState = 0;
/// It waits for members to join.
pub const TL_CONSUMER_GROUP_STATE_PREPARING_REBALANCE: ConsumerGroupState = 1;
/// It waits for the assignment.
pub const TL_CONSUMER_GROUP_STATE_COMPLETING_REBALANCE: ConsumerGroupState = 2;
/// Every member has its assignment.
pub const TL_CONSUMER_GROUP_STATE_STABLE: ConsumerGroupState = 3;
/// It does not exist.
pub const TL_CONSUMER_GROUP_STATE_DEAD: ConsumerGroupState = 4;
/// It has no members.
pub const TL_CONSUMER_GROUP_STATE_EMPTY: ConsumerGroupState = 5;

/// Each state with its number and its name.
const STATES: [(GroupState, ConsumerGroupState, &CStr); 5] = [
    (GroupState::PreparingRebalance, TL_CONSUMER_GROUP_STATE_PREPARING_REBALANCE, c"PreparingRebalance"),
    (GroupState::CompletingRebalance, TL_CONSUMER_GROUP_STATE_COMPLETING_REBALANCE, c"CompletingRebalance"),
    (GroupState::Stable, TL_CONSUMER_GROUP_STATE_STABLE, c"Stable"),
    (GroupState::Dead, TL_CONSUMER_GROUP_STATE_DEAD, c"Dead"),
    (GroupState::Empty, TL_CONSUMER_GROUP_STATE_EMPTY, c"Empty"),
];

pub(super) fn state_of(number: ConsumerGroupState) -> Option<GroupState> {
    STATES.iter().find(|(_, known, _)| *known == number).map(|(state, _, _)| *state)
}

fn number_of(state: GroupState) -> ConsumerGroupState {
    let known = STATES.iter().find(|(known, _, _)| *known == state);
    known.map_or(TL_CONSUMER_GROUP_STATE_UNKNOWN, |(_, number, _)| *number)
}

/// Name of a state, such as `Stable`; `Unknown` for others. Static: never freed.
#[unsafe(no_mangle)]
pub extern "C" fn tl_consumer_group_state_name(state: ConsumerGroupState) -> *const c_char {
    guard(|| {
        let known = STATES.iter().find(|(_, number, _)| *number == state);
        known.map_or(c"Unknown", |(_, _, name)| name).as_ptr()
    })
}

/// The state with this name, in any case; `TL_CONSUMER_GROUP_STATE_UNKNOWN` for others.
#[unsafe(no_mangle)]
pub extern "C" fn tl_consumer_group_state_code(name: *const c_char) -> ConsumerGroupState {
    guard(|| {
        let known = STATES.iter().map(|(_, number, name)| (*number, *name));
        number_named(name, known).unwrap_or(TL_CONSUMER_GROUP_STATE_UNKNOWN)
    })
}

/// What became of a group. It belongs to its event.
pub struct GroupResult {
    group: CString,
    error: Option<Error>,
    partitions: Option<TopicPartitionList>,
}

impl GroupResult {
    pub(super) fn new(
        group: &str,
        outcome: Result<Option<TopicPartitionList>, KafkaError>,
    ) -> Box<GroupResult> {
        let (error, partitions) = match outcome {
            Ok(partitions) => (None, partitions),
            Err(error) => (Some(Error::from(error)), None),
        };
        Box::new(GroupResult { group: c_text(group), error, partitions })
    }
}

/// What went wrong with the group; NULL for nothing.
#[unsafe(no_mangle)]
pub extern "C" fn tl_group_result_error(groupres: Option<&GroupResult>) -> Option<&Error> {
    guard(|| groupres.and_then(|result| result.error.as_ref()))
}

/// Name of the group.
#[unsafe(no_mangle)]
pub extern "C" fn tl_group_result_name(groupres: Option<&GroupResult>) -> *const c_char {
    guard(|| groupres.map_or(std::ptr::null(), |result| CStr::as_ptr(&result.group)))
}

/// The partitions that were asked for, each with its outcome; NULL where none were.
#[unsafe(no_mangle)]
pub extern "C" fn tl_group_result_partitions(groupres: Option<&GroupResult>) -> Option<&TopicPartitionList> {
    guard(|| groupres.and_then(|result| result.partitions.as_ref()))
}

/// A group to be deleted. The caller owns it: ::tl_DeleteGroup_destroy.
pub struct DeleteGroup {
    group: String,
}

/// A group to be deleted. NULL for what is no text.
#[unsafe(no_mangle)]
pub extern "C" fn tl_DeleteGroup_new(group: *const c_char) -> Option<Box<DeleteGroup>> {
    guard(|| {
        let group = or_none(boundary::required_text(group, "group"))?.to_owned();
        Some(Box::new(DeleteGroup { group }))
    })
}

/// Frees a group to be deleted. Does nothing for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_DeleteGroup_destroy(del_group: Option<Box<DeleteGroup>>) {
    guard(|| drop(del_group));
}

/// Frees the `del_group_cnt` objects of an array, and not the array.
#[unsafe(no_mangle)]
pub extern "C" fn tl_DeleteGroup_destroy_array(del_groups: *mut *mut DeleteGroup, del_group_cnt: usize) {
    guard(|| destroy_all(del_groups, del_group_cnt));
}

/// The answer to ::tl_DeleteGroups. It belongs to its event.
pub struct DeleteGroupsResult {
    groups: Objects<GroupResult>,
}

/// Deletes groups with their offsets, each on its own. The objects stay the caller's; `options` may be NULL. The answer
/// comes into `rkqu` as a `TL_EVENT_DELETEGROUPS_RESULT`.
#[unsafe(no_mangle)]
pub extern "C" fn tl_DeleteGroups(
    rk: *mut Client,
    del_groups: *mut *mut DeleteGroup,
    del_group_cnt: usize,
    options: Option<&AdminOptions>,
    rkqu: *mut Queue,
) {
    let read = || -> Result<Vec<String>, KafkaError> {
        let groups = objects(del_groups, del_group_cnt, "del_groups")?;
        Ok(groups.into_iter().map(|group| group.group.clone()).collect())
    };
    request(rk, rkqu, TL_EVENT_DELETEGROUPS_RESULT, options, read, |admin, names, _| {
        let outcomes = names.iter().zip(admin.delete_consumer_groups(&names));
        let groups = outcomes.map(|(name, outcome)| GroupResult::new(name, outcome.map(|()| None)));
        Ok(AnswerBody::DeleteGroups(DeleteGroupsResult { groups: groups.collect() }))
    });
}

/// The answer to ::tl_DeleteGroups; NULL for another event, or when the request as a whole failed (::tl_event_error).
#[unsafe(no_mangle)]
pub extern "C" fn tl_event_DeleteGroups_result(rkev: Option<&Event>) -> Option<&DeleteGroupsResult> {
    guard(|| match answer_of(rkev, TL_EVENT_DELETEGROUPS_RESULT) {
        Some(AnswerBody::DeleteGroups(result)) => Some(result),
        _ => None,
    })
}

/// What became of each group, `*cntp` of them. The array belongs to the event.
#[unsafe(no_mangle)]
pub extern "C" fn tl_DeleteGroups_result_groups(
    result: Option<&DeleteGroupsResult>,
    cntp: Option<&mut MaybeUninit<usize>>,
) -> *mut *const GroupResult {
    guard(|| tell(result.map(|result| &result.groups), cntp))
}

/// A group in a list. It belongs to its event.
pub struct ConsumerGroupListing {
    group: CString,
    is_simple: bool,
    state: ConsumerGroupState,
    kind: ConsumerGroupType,
}

impl ConsumerGroupListing {
    fn of(listing: &GroupListing) -> Box<ConsumerGroupListing> {
        Box::new(ConsumerGroupListing {
            group: c_text(&listing.group),
            is_simple: listing.is_simple,
            state: number_of(listing.state),
            kind: group_types::number_of(listing.kind),
        })
    }
}

/// Name of the group.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ConsumerGroupListing_group_id(grplist: Option<&ConsumerGroupListing>) -> *const c_char {
    guard(|| grplist.map_or(std::ptr::null(), |listing| CStr::as_ptr(&listing.group)))
}

/// 1 when no member ever joined it: it only stores offsets; else 0.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ConsumerGroupListing_is_simple_consumer_group(
    grplist: Option<&ConsumerGroupListing>,
) -> c_int {
    guard(|| c_int::from(grplist.is_some_and(|listing| listing.is_simple)))
}

/// Its state, `TL_CONSUMER_GROUP_STATE_...`.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ConsumerGroupListing_state(
    grplist: Option<&ConsumerGroupListing>,
) -> ConsumerGroupState {
    guard(|| grplist.map_or(TL_CONSUMER_GROUP_STATE_UNKNOWN, |listing| listing.state))
}

/// Its type, `TL_CONSUMER_GROUP_TYPE_...`.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ConsumerGroupListing_type(grplist: Option<&ConsumerGroupListing>) -> ConsumerGroupType {
    guard(|| grplist.map_or(TL_CONSUMER_GROUP_TYPE_UNKNOWN, |listing| listing.kind))
}

/// The answer to ::tl_ListConsumerGroups. It belongs to its event.
pub struct ListConsumerGroupsResult {
    groups: Objects<ConsumerGroupListing>,
}

/// Lists consumer groups: all, or those in the states and of the types of the options. `options` may be NULL. The answer
/// comes into `rkqu` as a `TL_EVENT_LISTCONSUMERGROUPS_RESULT`.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ListConsumerGroups(rk: *mut Client, options: Option<&AdminOptions>, rkqu: *mut Queue) {
    let kind = TL_EVENT_LISTCONSUMERGROUPS_RESULT;
    request(
        rk,
        rkqu,
        kind,
        options,
        || Ok(()),
        |admin, (), settings| {
            let groups = admin.list_consumer_groups(&settings.states)?;
            let wanted = groups.iter().filter(|group| settings.match_group_type(group.kind));
            let groups = wanted.map(ConsumerGroupListing::of).collect();
            Ok(AnswerBody::ListConsumerGroups(ListConsumerGroupsResult { groups }))
        },
    );
}

/// The answer to ::tl_ListConsumerGroups; NULL for another event, or when the request as a whole failed
/// (::tl_event_error).
#[unsafe(no_mangle)]
pub extern "C" fn tl_event_ListConsumerGroups_result(
    rkev: Option<&Event>,
) -> Option<&ListConsumerGroupsResult> {
    guard(|| match answer_of(rkev, TL_EVENT_LISTCONSUMERGROUPS_RESULT) {
        Some(AnswerBody::ListConsumerGroups(result)) => Some(result),
        _ => None,
    })
}

/// The groups, `*cntp` of them. The array belongs to the event.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ListConsumerGroups_result_valid(
    result: Option<&ListConsumerGroupsResult>,
    cntp: Option<&mut MaybeUninit<usize>>,
) -> *mut *const ConsumerGroupListing {
    guard(|| tell(result.map(|result| &result.groups), cntp))
}

/// What other nodes could not tell: there are none, so that `*cntp` is 0.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ListConsumerGroups_result_errors(
    result: Option<&ListConsumerGroupsResult>,
    cntp: Option<&mut MaybeUninit<usize>>,
) -> *mut *const Error {
    let _ = result;
    guard(|| tell(None, cntp))
}

/// A group in detail. It belongs to its event.
pub struct ConsumerGroupDescription {
    group: CString,
    error: Option<Error>,
    is_simple: bool,
    assignor: CString,
    state: ConsumerGroupState,
    kind: ConsumerGroupType,
    coordinator: Option<Node>,
    members: Vec<MemberDescription>,
    authorized: Authorized,
}

/// A member of a group. It belongs to its event.
pub struct MemberDescription {
    client: CString,
    instance: Option<CString>,
    member: CString,
    host: CString,
    assignment: MemberAssignment,
    target: Option<MemberAssignment>,
}

/// What a member has been given to read. It belongs to its event.
pub struct MemberAssignment {
    partitions: TopicPartitionList,
}

impl ConsumerGroupDescription {
    fn of(
        name: &str,
        described: Result<GroupDescription, KafkaError>,
        authorized: &Authorized,
    ) -> Box<ConsumerGroupDescription> {
        Box::new(match described {
            Ok(group) => ConsumerGroupDescription {
                group: c_text(&group.group),
                error: None,
                is_simple: group.is_simple,
                assignor: c_text(&group.assignor),
                state: number_of(group.state),
                kind: group_types::number_of(group.kind),
                coordinator: Some(Node::of(&group.coordinator)),
                members: group.members.iter().map(MemberDescription::of).collect(),
                authorized: authorized.clone(),
            },
            Err(error) => ConsumerGroupDescription {
                group: c_text(name),
                error: Some(error.into()),
                is_simple: false,
                assignor: CString::default(),
                state: TL_CONSUMER_GROUP_STATE_UNKNOWN,
                kind: TL_CONSUMER_GROUP_TYPE_UNKNOWN,
                coordinator: None,
                members: Vec::new(),
                authorized: Authorized::default(),
            },
        })
    }
}

impl MemberDescription {
    fn of(member: &Member) -> MemberDescription {
        MemberDescription {
            client: c_text(&member.client_id),
            instance: member.instance_id.as_deref().map(c_text),
            member: c_text(&member.member_id),
            host: c_text(&member.host),
            assignment: MemberAssignment { partitions: TopicPartitionList::of(&member.assignment) },
            target: member
                .target
                .as_deref()
                .map(|target| MemberAssignment { partitions: TopicPartitionList::of(target) }),
        }
    }
}

/// The answer to ::tl_DescribeConsumerGroups. It belongs to its event.
pub struct DescribeConsumerGroupsResult {
    groups: Objects<ConsumerGroupDescription>,
}

/// Describes `groups_cnt` groups, each on its own; one that does not exist is dead. `options` may be NULL. The answer comes
/// into `rkqu` as a `TL_EVENT_DESCRIBECONSUMERGROUPS_RESULT`.
#[unsafe(no_mangle)]
pub extern "C" fn tl_DescribeConsumerGroups(
    rk: *mut Client,
    groups: *mut *const c_char,
    groups_cnt: usize,
    options: Option<&AdminOptions>,
    rkqu: *mut Queue,
) {
    let read = || -> Result<Vec<String>, KafkaError> {
        let names = texts(groups, groups_cnt, "groups", "group")?;
        if names.is_empty() {
            let reason = "No groups to describe";
            return Err(KafkaError::with_reason(ErrorCode::LocalInvalidArg, reason));
        }
        Ok(names)
    };
    request(rk, rkqu, TL_EVENT_DESCRIBECONSUMERGROUPS_RESULT, options, read, |admin, names, settings| {
        let authorized = Authorized::asked(settings, &Operation::OF_GROUPS);
        let described = names.iter().zip(admin.describe_consumer_groups(&names));
        let groups =
            described.map(|(name, described)| ConsumerGroupDescription::of(name, described, &authorized));
        Ok(AnswerBody::DescribeConsumerGroups(DescribeConsumerGroupsResult { groups: groups.collect() }))
    });
}

/// The answer to ::tl_DescribeConsumerGroups; NULL for another event, or when the request as a whole failed
/// (::tl_event_error).
#[unsafe(no_mangle)]
pub extern "C" fn tl_event_DescribeConsumerGroups_result(
    rkev: Option<&Event>,
) -> Option<&DescribeConsumerGroupsResult> {
    guard(|| match answer_of(rkev, TL_EVENT_DESCRIBECONSUMERGROUPS_RESULT) {
        Some(AnswerBody::DescribeConsumerGroups(result)) => Some(result),
        _ => None,
    })
}

/// The groups, `*cntp` of them. The array belongs to the event.
#[unsafe(no_mangle)]
pub extern "C" fn tl_DescribeConsumerGroups_result_groups(
    result: Option<&DescribeConsumerGroupsResult>,
    cntp: Option<&mut MaybeUninit<usize>>,
) -> *mut *const ConsumerGroupDescription {
    guard(|| tell(result.map(|result| &result.groups), cntp))
}

/// Name of the group.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ConsumerGroupDescription_group_id(
    grpdesc: Option<&ConsumerGroupDescription>,
) -> *const c_char {
    guard(|| grpdesc.map_or(std::ptr::null(), |group| CStr::as_ptr(&group.group)))
}

/// What went wrong with it; NULL for nothing.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ConsumerGroupDescription_error(
    grpdesc: Option<&ConsumerGroupDescription>,
) -> Option<&Error> {
    guard(|| grpdesc.and_then(|group| group.error.as_ref()))
}

/// 1 when no member ever joined it: it only stores offsets; else 0.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ConsumerGroupDescription_is_simple_consumer_group(
    grpdesc: Option<&ConsumerGroupDescription>,
) -> c_int {
    guard(|| c_int::from(grpdesc.is_some_and(|group| group.is_simple)))
}

/// How its members share out partitions, such as `range`; empty unless it is stable.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ConsumerGroupDescription_partition_assignor(
    grpdesc: Option<&ConsumerGroupDescription>,
) -> *const c_char {
    guard(|| grpdesc.map_or(std::ptr::null(), |group| CStr::as_ptr(&group.assignor)))
}

/// Its state, `TL_CONSUMER_GROUP_STATE_...`.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ConsumerGroupDescription_state(
    grpdesc: Option<&ConsumerGroupDescription>,
) -> ConsumerGroupState {
    guard(|| grpdesc.map_or(TL_CONSUMER_GROUP_STATE_UNKNOWN, |group| group.state))
}

/// Its type, `TL_CONSUMER_GROUP_TYPE_...`; unknown for one that could not be described.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ConsumerGroupDescription_type(
    grpdesc: Option<&ConsumerGroupDescription>,
) -> ConsumerGroupType {
    guard(|| grpdesc.map_or(TL_CONSUMER_GROUP_TYPE_UNKNOWN, |group| group.kind))
}

/// What may be done with it, `*cntp` numbers `TL_ACL_OPERATION_...`; NULL unless
/// ::tl_AdminOptions_set_include_authorized_operations asked for it. The array belongs to the event.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ConsumerGroupDescription_authorized_operations(
    grpdesc: Option<&ConsumerGroupDescription>,
    cntp: Option<&mut MaybeUninit<usize>>,
) -> *const AclOperation {
    guard(|| Authorized::tell(grpdesc.map(|group| &group.authorized), cntp))
}

/// The node that coordinates it; NULL for one that could not be described.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ConsumerGroupDescription_coordinator(
    grpdesc: Option<&ConsumerGroupDescription>,
) -> Option<&Node> {
    guard(|| grpdesc.and_then(|group| group.coordinator.as_ref()))
}

/// How many members it has.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ConsumerGroupDescription_member_count(
    grpdesc: Option<&ConsumerGroupDescription>,
) -> usize {
    guard(|| grpdesc.map_or(0, |group| group.members.len()))
}

/// The member of number `idx`; NULL when there is none.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ConsumerGroupDescription_member(
    grpdesc: Option<&ConsumerGroupDescription>,
    idx: usize,
) -> Option<&MemberDescription> {
    guard(|| grpdesc.and_then(|group| group.members.get(idx)))
}

/// Its `client.id`.
#[unsafe(no_mangle)]
pub extern "C" fn tl_MemberDescription_client_id(member: Option<&MemberDescription>) -> *const c_char {
    guard(|| member.map_or(std::ptr::null(), |member| CStr::as_ptr(&member.client)))
}

/// Its `group.instance.id`; NULL when it has none.
#[unsafe(no_mangle)]
pub extern "C" fn tl_MemberDescription_group_instance_id(
    member: Option<&MemberDescription>,
) -> *const c_char {
    guard(|| {
        let instance = member.and_then(|member| member.instance.as_deref());
        instance.map_or(std::ptr::null(), CStr::as_ptr)
    })
}

/// The name that the group has given to it.
#[unsafe(no_mangle)]
pub extern "C" fn tl_MemberDescription_consumer_id(member: Option<&MemberDescription>) -> *const c_char {
    guard(|| member.map_or(std::ptr::null(), |member| CStr::as_ptr(&member.member)))
}

/// Where it comes from.
#[unsafe(no_mangle)]
pub extern "C" fn tl_MemberDescription_host(member: Option<&MemberDescription>) -> *const c_char {
    guard(|| member.map_or(std::ptr::null(), |member| CStr::as_ptr(&member.host)))
}

/// What it has been given to read.
#[unsafe(no_mangle)]
pub extern "C" fn tl_MemberDescription_assignment(
    member: Option<&MemberDescription>,
) -> Option<&MemberAssignment> {
    guard(|| member.map(|member| &member.assignment))
}

/// What it is to read once others have given it up; NULL unless its group is of `TL_CONSUMER_GROUP_TYPE_CONSUMER`.
#[unsafe(no_mangle)]
pub extern "C" fn tl_MemberDescription_target_assignment(
    member: Option<&MemberDescription>,
) -> Option<&MemberAssignment> {
    guard(|| member.and_then(|member| member.target.as_ref()))
}

/// The partitions. The list belongs to the event.
#[unsafe(no_mangle)]
pub extern "C" fn tl_MemberAssignment_partitions(
    assignment: Option<&MemberAssignment>,
) -> Option<&TopicPartitionList> {
    guard(|| assignment.map(|assignment| &assignment.partitions))
}
