//! What groups have committed: listed, changed, deleted.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use tidelog::client::{Admin, KafkaError, TopicPartitionOffset};
use tidelog::error_code::ErrorCode;

use super::answer::{AnswerBody, answer_of, request};
use super::groups::GroupResult;
use super::options::{AdminOptions, Settings};
use super::{Objects, destroy_all, objects, tell};
use crate::boundary;
use crate::client::Client;
use crate::event::{
    Event, TL_EVENT_ALTERCONSUMERGROUPOFFSETS_RESULT, TL_EVENT_DELETECONSUMERGROUPOFFSETS_RESULT,
    TL_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT,
};
use crate::guard::guard;
use crate::queue::Queue;
use crate::topic_partition::{OffsetMeaning, TopicPartitionList};

/// A group, and partitions if some are named.
#[derive(Clone)]
struct Asked {
    group: String,
    partitions: Option<Vec<TopicPartitionOffset>>,
}

impl Asked {
    fn read(group: *const c_char, partitions: Option<&TopicPartitionList>) -> Option<Asked> {
        let group = boundary::required_text(group, "group").ok()?.to_owned();
        let partitions = partitions.map(|list| list.read(OffsetMeaning::Place)).transpose().ok()?;
        Some(Asked { group, partitions })
    }

    /// Of each of these groups what `act` answers.
    fn each(
        all: &[Asked],
        act: impl Fn(&str, Option<&[TopicPartitionOffset]>) -> Result<Vec<TopicPartitionOffset>, KafkaError>,
    ) -> Objects<GroupResult> {
        let result = |asked: &Asked| {
            let answered = act(&asked.group, asked.partitions.as_deref());
            GroupResult::new(&asked.group, answered.map(|list| Some(TopicPartitionList::of(&list))))
        };
        all.iter().map(result).collect()
    }
}

fn missing() -> KafkaError {
    KafkaError::with_reason(ErrorCode::LocalInvalidArg, "no partitions are given")
}

/// What is to be told of a group's offsets. The caller owns it: ::tl_ListConsumerGroupOffsets_destroy.
pub struct ListConsumerGroupOffsets {
    asked: Asked,
}

/// A group whose offsets are to be told: of `partitions`, which are copied, or of all with NULL. NULL for what is no text.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ListConsumerGroupOffsets_new(
    group_id: *const c_char,
    partitions: Option<&TopicPartitionList>,
) -> Option<Box<ListConsumerGroupOffsets>> {
    guard(|| Some(Box::new(ListConsumerGroupOffsets { asked: Asked::read(group_id, partitions)? })))
}

/// Frees such an object. Does nothing for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ListConsumerGroupOffsets_destroy(
    list_grpoffsets: Option<Box<ListConsumerGroupOffsets>>,
) {
    guard(|| drop(list_grpoffsets));
}

/// Frees the `list_grpoffset_cnt` objects of an array, and not the array.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ListConsumerGroupOffsets_destroy_array(
    list_grpoffsets: *mut *mut ListConsumerGroupOffsets,
    list_grpoffset_cnt: usize,
) {
    guard(|| destroy_all(list_grpoffsets, list_grpoffset_cnt));
}

/// The answer to ::tl_ListConsumerGroupOffsets. It belongs to its event.
pub struct ListConsumerGroupOffsetsResult {
    groups: Objects<GroupResult>,
}

/// Tells what groups have committed; `TL_OFFSET_INVALID` for nothing. The objects stay the caller's; `options` may be NULL.
/// The answer comes into `rkqu` as a `TL_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT`.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ListConsumerGroupOffsets(
    rk: *mut Client,
    list_grpoffsets: *mut *mut ListConsumerGroupOffsets,
    list_grpoffsets_cnt: usize,
    options: Option<&AdminOptions>,
    rkqu: *mut Queue,
) {
    let read = || -> Result<Vec<Asked>, KafkaError> {
        let asked = objects(list_grpoffsets, list_grpoffsets_cnt, "list_grpoffsets")?;
        Ok(asked.into_iter().map(|one| one.asked.clone()).collect())
    };
    let work = |admin: &Admin, asked: Vec<Asked>, settings: &Settings| {
        let groups = Asked::each(&asked, |group, partitions| {
            admin.list_consumer_group_offsets(group, partitions, settings.stability())
        });
        Ok(AnswerBody::ListConsumerGroupOffsets(ListConsumerGroupOffsetsResult { groups }))
    };
    request(rk, rkqu, TL_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT, options, read, work);
}

/// The answer to ::tl_ListConsumerGroupOffsets; NULL for another event, or when the request as a whole failed
/// (::tl_event_error).
#[unsafe(no_mangle)]
pub extern "C" fn tl_event_ListConsumerGroupOffsets_result(
    rkev: Option<&Event>,
) -> Option<&ListConsumerGroupOffsetsResult> {
    guard(|| match answer_of(rkev, TL_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT) {
        Some(AnswerBody::ListConsumerGroupOffsets(result)) => Some(result),
        _ => None,
    })
}

/// The groups, `*cntp` of them. The array belongs to the event.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ListConsumerGroupOffsets_result_groups(
    result: Option<&ListConsumerGroupOffsetsResult>,
    cntp: Option<&mut MaybeUninit<usize>>,
) -> *mut *const GroupResult {
    guard(|| tell(result.map(|result| &result.groups), cntp))
}

/// Offsets to be committed for a group. The caller owns it: ::tl_AlterConsumerGroupOffsets_destroy.
pub struct AlterConsumerGroupOffsets {
    asked: Asked,
}

/// Offsets to be committed for a group. The list is copied. NULL for what is no text, or no list.
#[unsafe(no_mangle)]
pub extern "C" fn tl_AlterConsumerGroupOffsets_new(
    group_id: *const c_char,
    partitions: Option<&TopicPartitionList>,
) -> Option<Box<AlterConsumerGroupOffsets>> {
    guard(|| {
        let asked = Asked::read(group_id, Some(partitions?))?;
        Some(Box::new(AlterConsumerGroupOffsets { asked }))
    })
}

/// Frees such an object. Does nothing for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_AlterConsumerGroupOffsets_destroy(
    alter_grpoffsets: Option<Box<AlterConsumerGroupOffsets>>,
) {
    guard(|| drop(alter_grpoffsets));
}

/// Frees the `alter_grpoffset_cnt` objects of an array, and not the array.
#[unsafe(no_mangle)]
pub extern "C" fn tl_AlterConsumerGroupOffsets_destroy_array(
    alter_grpoffsets: *mut *mut AlterConsumerGroupOffsets,
    alter_grpoffset_cnt: usize,
) {
    guard(|| destroy_all(alter_grpoffsets, alter_grpoffset_cnt));
}

/// The answer to ::tl_AlterConsumerGroupOffsets. It belongs to its event.
pub struct AlterConsumerGroupOffsetsResult {
    groups: Objects<GroupResult>,
}

/// Commits offsets in the name of groups that have no members. The objects stay the caller's; `options` may be NULL. The
/// answer comes into `rkqu` as a `TL_EVENT_ALTERCONSUMERGROUPOFFSETS_RESULT`.
#[unsafe(no_mangle)]
pub extern "C" fn tl_AlterConsumerGroupOffsets(
    rk: *mut Client,
    alter_grpoffsets: *mut *mut AlterConsumerGroupOffsets,
    alter_grpoffsets_cnt: usize,
    options: Option<&AdminOptions>,
    rkqu: *mut Queue,
) {
    let read = || -> Result<Vec<Asked>, KafkaError> {
        let asked = objects(alter_grpoffsets, alter_grpoffsets_cnt, "alter_grpoffsets")?;
        Ok(asked.into_iter().map(|one| one.asked.clone()).collect())
    };
    let work = |admin: &Admin, asked: Vec<Asked>, _: &Settings| {
        let groups = Asked::each(&asked, |group, partitions| {
            admin.alter_consumer_group_offsets(group, partitions.ok_or_else(missing)?)
        });
        Ok(AnswerBody::AlterConsumerGroupOffsets(AlterConsumerGroupOffsetsResult { groups }))
    };
    request(rk, rkqu, TL_EVENT_ALTERCONSUMERGROUPOFFSETS_RESULT, options, read, work);
}

/// The answer to ::tl_AlterConsumerGroupOffsets; NULL for another event, or when the request as a whole failed
/// (::tl_event_error).
#[unsafe(no_mangle)]
pub extern "C" fn tl_event_AlterConsumerGroupOffsets_result(
    rkev: Option<&Event>,
) -> Option<&AlterConsumerGroupOffsetsResult> {
    guard(|| match answer_of(rkev, TL_EVENT_ALTERCONSUMERGROUPOFFSETS_RESULT) {
        Some(AnswerBody::AlterConsumerGroupOffsets(result)) => Some(result),
        _ => None,
    })
}

/// The groups, `*cntp` of them. The array belongs to the event.
#[unsafe(no_mangle)]
pub extern "C" fn tl_AlterConsumerGroupOffsets_result_groups(
    result: Option<&AlterConsumerGroupOffsetsResult>,
    cntp: Option<&mut MaybeUninit<usize>>,
) -> *mut *const GroupResult {
    guard(|| tell(result.map(|result| &result.groups), cntp))
}

/// Offsets of a group to be deleted. The caller owns it: ::tl_DeleteConsumerGroupOffsets_destroy.
pub struct DeleteConsumerGroupOffsets {
    asked: Asked,
}

/// Offsets of a group to be deleted. The list is copied. NULL for what is no text, or no list.
#[unsafe(no_mangle)]
pub extern "C" fn tl_DeleteConsumerGroupOffsets_new(
    group: *const c_char,
    partitions: Option<&TopicPartitionList>,
) -> Option<Box<DeleteConsumerGroupOffsets>> {
    guard(|| {
        let asked = Asked::read(group, Some(partitions?))?;
        Some(Box::new(DeleteConsumerGroupOffsets { asked }))
    })
}

/// Frees such an object. Does nothing for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_DeleteConsumerGroupOffsets_destroy(
    del_grpoffsets: Option<Box<DeleteConsumerGroupOffsets>>,
) {
    guard(|| drop(del_grpoffsets));
}

/// Frees the `del_grpoffset_cnt` objects of an array, and not the array.
#[unsafe(no_mangle)]
pub extern "C" fn tl_DeleteConsumerGroupOffsets_destroy_array(
    del_grpoffsets: *mut *mut DeleteConsumerGroupOffsets,
    del_grpoffset_cnt: usize,
) {
    guard(|| destroy_all(del_grpoffsets, del_grpoffset_cnt));
}

/// The answer to ::tl_DeleteConsumerGroupOffsets. It belongs to its event.
pub struct DeleteConsumerGroupOffsetsResult {
    groups: Objects<GroupResult>,
}

/// Deletes what groups have committed of partitions. The objects stay the caller's; `options` may be NULL. The answer comes
/// into `rkqu` as a `TL_EVENT_DELETECONSUMERGROUPOFFSETS_RESULT`.
#[unsafe(no_mangle)]
pub extern "C" fn tl_DeleteConsumerGroupOffsets(
    rk: *mut Client,
    del_grpoffsets: *mut *mut DeleteConsumerGroupOffsets,
    del_grpoffsets_cnt: usize,
    options: Option<&AdminOptions>,
    rkqu: *mut Queue,
) {
    let read = || -> Result<Vec<Asked>, KafkaError> {
        let asked = objects(del_grpoffsets, del_grpoffsets_cnt, "del_grpoffsets")?;
        Ok(asked.into_iter().map(|one| one.asked.clone()).collect())
    };
    let work = |admin: &Admin, asked: Vec<Asked>, _: &Settings| {
        let groups = Asked::each(&asked, |group, partitions| {
            admin.delete_consumer_group_offsets(group, partitions.ok_or_else(missing)?)
        });
        Ok(AnswerBody::DeleteConsumerGroupOffsets(DeleteConsumerGroupOffsetsResult { groups }))
    };
    request(rk, rkqu, TL_EVENT_DELETECONSUMERGROUPOFFSETS_RESULT, options, read, work);
}

/// The answer to ::tl_DeleteConsumerGroupOffsets; NULL for another event, or when the request as a whole failed
/// (::tl_event_error).
#[unsafe(no_mangle)]
pub extern "C" fn tl_event_DeleteConsumerGroupOffsets_result(
    rkev: Option<&Event>,
) -> Option<&DeleteConsumerGroupOffsetsResult> {
    guard(|| match answer_of(rkev, TL_EVENT_DELETECONSUMERGROUPOFFSETS_RESULT) {
        Some(AnswerBody::DeleteConsumerGroupOffsets(result)) => Some(result),
        _ => None,
    })
}

/// The groups, `*cntp` of them. The array belongs to the event.
#[unsafe(no_mangle)]
pub extern "C" fn tl_DeleteConsumerGroupOffsets_result_groups(
    result: Option<&DeleteConsumerGroupOffsetsResult>,
    cntp: Option<&mut MaybeUninit<usize>>,
) -> *mut *const GroupResult {
    guard(|| tell(result.map(|result| &result.groups), cntp))
}
