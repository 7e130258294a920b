//! Topics: created, deleted, given more partitions.

use std::ffi::{c_char, c_int};
use std::mem::MaybeUninit;

use tidelog::client::KafkaError;
use tidelog::client::admin::{NewPartitions as Grown, NewTopic as Created};
use tidelog::error_code::ErrorCode;

use super::answer::{AnswerBody, answer_of, request};
use super::options::AdminOptions;
use super::{Objects, TopicResult, count_of, destroy_all, objects, tell};
use crate::boundary;
use crate::client::Client;
use crate::error::ResponseError;
use crate::event::{
    Event, TL_EVENT_CREATEPARTITIONS_RESULT, TL_EVENT_CREATETOPICS_RESULT, TL_EVENT_DELETETOPICS_RESULT,
};
use crate::guard::{explained, guard};
use crate::queue::Queue;

/// What became of topics that were to be created. It belongs to its event.
pub struct CreateTopicsResult {
    topics: Objects<TopicResult>,
}

/// What became of topics that were to be deleted. It belongs to its event.
pub struct DeleteTopicsResult {
    topics: Objects<TopicResult>,
}

/// What became of topics that were to get partitions. It belongs to its event.
pub struct CreatePartitionsResult {
    topics: Objects<TopicResult>,
}

fn invalid(reason: String) -> KafkaError {
    KafkaError::with_reason(ErrorCode::LocalInvalidArg, reason)
}

/// A topic to be created. The caller owns it: ::tl_NewTopic_destroy.
pub struct NewTopic {
    topic: Created,
}

/// A topic to be created with `num_partitions` partitions (-1: as the engine says) and `replication_factor` copies of each
/// (-1 or 1: a single node keeps one). NULL on failure: `errstr` (of `errstr_size` bytes, may be NULL) says why.
#[unsafe(no_mangle)]
pub extern "C" fn tl_NewTopic_new(
    topic: *const c_char,
    num_partitions: c_int,
    replication_factor: c_int,
    errstr: *mut c_char,
    errstr_size: usize,
) -> Option<Box<NewTopic>> {
    guard(|| {
        let read = || -> Result<NewTopic, KafkaError> {
            let name = boundary::required_text(topic, "topic")?.to_owned();
            if name.is_empty() {
                return Err(invalid("Invalid topic name".to_owned()));
            }
            if num_partitions < -1 || num_partitions == 0 {
                return Err(invalid(format!(
                    "num_partitions out of expected range -1 or 1 and more: {num_partitions}"
                )));
            }
            let factor = match count_of(replication_factor) {
                None => None,
                Some(factor) => Some(i16::try_from(factor).map_err(|_| {
                    invalid(format!("replication_factor out of expected range -1..{}: {factor}", i16::MAX))
                })?),
            };
            let topic = Created {
                name,
                partitions: count_of(num_partitions),
                replication_factor: factor,
                ..Created::default()
            };
            Ok(NewTopic { topic })
        };
        explained(read(), errstr, errstr_size).ok().map(Box::new)
    })
}

/// Frees a topic to be created. Does nothing for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_NewTopic_destroy(new_topic: Option<Box<NewTopic>>) {
    guard(|| drop(new_topic));
}

/// Frees the `new_topic_cnt` objects of an array, and not the array.
#[unsafe(no_mangle)]
pub extern "C" fn tl_NewTopic_destroy_array(new_topics: *mut *mut NewTopic, new_topic_cnt: usize) {
    guard(|| destroy_all(new_topics, new_topic_cnt));
}

/// Says which nodes keep a partition, in place of a replication factor: partitions in order, from 0.
#[unsafe(no_mangle)]
pub extern "C" fn tl_NewTopic_set_replica_assignment(
    new_topic: Option<&mut NewTopic>,
    partition: i32,
    broker_ids: *mut i32,
    broker_id_cnt: usize,
    errstr: *mut c_char,
    errstr_size: usize,
) -> ResponseError {
    guard(|| {
        let set = || -> Result<(), KafkaError> {
            let new = new_topic.ok_or(ErrorCode::LocalInvalidArg)?;
            let nodes = boundary::items(broker_ids.cast_const(), broker_id_cnt, "broker_ids")?;
            check_order(new.topic.replica_assignment.len(), partition)?;
            new.topic.replica_assignment.push((partition, nodes.to_vec()));
            new.topic.partitions = None;
            new.topic.replication_factor = None;
            Ok(())
        };
        explained(set(), errstr, errstr_size).into()
    })
}

fn check_order(next: usize, partition: i32) -> Result<(), KafkaError> {
    if usize::try_from(partition) == Ok(next) {
        return Ok(());
    }
    let text = "Partitions must be added in order, starting at 0: expecting partition";
    Err(invalid(format!("{text} {next}, not {partition}")))
}

/// Sets a property of the topic.
#[unsafe(no_mangle)]
pub extern "C" fn tl_NewTopic_set_config(
    new_topic: Option<&mut NewTopic>,
    name: *const c_char,
    value: *const c_char,
) -> ResponseError {
    guard(|| {
        let set = || -> Result<(), KafkaError> {
            let new = new_topic.ok_or(ErrorCode::LocalInvalidArg)?;
            let name = boundary::required_text(name, "name")?.to_owned();
            let value = boundary::text(value, "value")?.unwrap_or_default().to_owned();
            new.topic.config.insert(name, value);
            Ok(())
        };
        set().into()
    })
}

/// Creates `new_topic_cnt` topics, each on its own. The objects stay the caller's; `options` may be NULL. The answer comes
/// into `rkqu` as a `TL_EVENT_CREATETOPICS_RESULT`.
#[unsafe(no_mangle)]
pub extern "C" fn tl_CreateTopics(
    rk: *mut Client,
    new_topics: *mut *mut NewTopic,
    new_topic_cnt: usize,
    options: Option<&AdminOptions>,
    rkqu: *mut Queue,
) {
    let read = || -> Result<Vec<Created>, KafkaError> {
        let topics = objects(new_topics, new_topic_cnt, "new_topics")?;
        Ok(topics.into_iter().map(|new| new.topic.clone()).collect())
    };
    request(rk, rkqu, TL_EVENT_CREATETOPICS_RESULT, options, read, |admin, topics, settings| {
        let names: Vec<String> = topics.iter().map(|topic| topic.name.clone()).collect();
        let topics = TopicResult::list(&names, admin.create_topics(&topics, settings.mode()));
        Ok(AnswerBody::CreateTopics(CreateTopicsResult { topics }))
    });
}

/// The answer to ::tl_CreateTopics; NULL for another event, or when the request as a whole failed (::tl_event_error).
#[unsafe(no_mangle)]
pub extern "C" fn tl_event_CreateTopics_result(rkev: Option<&Event>) -> Option<&CreateTopicsResult> {
    guard(|| match answer_of(rkev, TL_EVENT_CREATETOPICS_RESULT) {
        Some(AnswerBody::CreateTopics(result)) => Some(result),
        _ => None,
    })
}

/// What became of each topic, `*cntp` of them. The array belongs to the event.
#[unsafe(no_mangle)]
pub extern "C" fn tl_CreateTopics_result_topics(
    result: Option<&CreateTopicsResult>,
    cntp: Option<&mut MaybeUninit<usize>>,
) -> *mut *const TopicResult {
    guard(|| tell(result.map(|result| &result.topics), cntp))
}

/// A topic to be deleted. The caller owns it: ::tl_DeleteTopic_destroy.
pub struct DeleteTopic {
    name: String,
}

/// A topic to be deleted. NULL for what is no text.
#[unsafe(no_mangle)]
pub extern "C" fn tl_DeleteTopic_new(topic: *const c_char) -> Option<Box<DeleteTopic>> {
    guard(|| {
        let name = boundary::required_text(topic, "topic").ok()?.to_owned();
        Some(Box::new(DeleteTopic { name }))
    })
}

/// Frees a topic to be deleted. Does nothing for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_DeleteTopic_destroy(del_topic: Option<Box<DeleteTopic>>) {
    guard(|| drop(del_topic));
}

/// Frees the `del_topic_cnt` objects of an array, and not the array.
#[unsafe(no_mangle)]
pub extern "C" fn tl_DeleteTopic_destroy_array(del_topics: *mut *mut DeleteTopic, del_topic_cnt: usize) {
    guard(|| destroy_all(del_topics, del_topic_cnt));
}

/// Deletes topics with all their messages, each on its own. The objects stay the caller's; `options` may be NULL. The
/// answer comes into `rkqu` as a `TL_EVENT_DELETETOPICS_RESULT`.
#[unsafe(no_mangle)]
pub extern "C" fn tl_DeleteTopics(
    rk: *mut Client,
    del_topics: *mut *mut DeleteTopic,
    del_topic_cnt: usize,
    options: Option<&AdminOptions>,
    rkqu: *mut Queue,
) {
    let read = || -> Result<Vec<String>, KafkaError> {
        let topics = objects(del_topics, del_topic_cnt, "del_topics")?;
        Ok(topics.into_iter().map(|topic| topic.name.clone()).collect())
    };
    request(rk, rkqu, TL_EVENT_DELETETOPICS_RESULT, options, read, |admin, names, _| {
        let topics = TopicResult::list(&names, admin.delete_topics(&names));
        Ok(AnswerBody::DeleteTopics(DeleteTopicsResult { topics }))
    });
}

/// The answer to ::tl_DeleteTopics; NULL for another event, or when the request as a whole failed (::tl_event_error).
#[unsafe(no_mangle)]
pub extern "C" fn tl_event_DeleteTopics_result(rkev: Option<&Event>) -> Option<&DeleteTopicsResult> {
    guard(|| match answer_of(rkev, TL_EVENT_DELETETOPICS_RESULT) {
        Some(AnswerBody::DeleteTopics(result)) => Some(result),
        _ => None,
    })
}

/// What became of each topic, `*cntp` of them. The array belongs to the event.
#[unsafe(no_mangle)]
pub extern "C" fn tl_DeleteTopics_result_topics(
    result: Option<&DeleteTopicsResult>,
    cntp: Option<&mut MaybeUninit<usize>>,
) -> *mut *const TopicResult {
    guard(|| tell(result.map(|result| &result.topics), cntp))
}

/// A topic that is to get partitions. The caller owns it: ::tl_NewPartitions_destroy.
pub struct NewPartitions {
    partitions: Grown,
}

/// A topic that is to have `new_total_cnt` partitions in all. NULL on failure: `errstr` (of `errstr_size` bytes, may be
/// NULL) says why.
#[unsafe(no_mangle)]
pub extern "C" fn tl_NewPartitions_new(
    topic: *const c_char,
    new_total_cnt: usize,
    errstr: *mut c_char,
    errstr_size: usize,
) -> Option<Box<NewPartitions>> {
    guard(|| {
        let read = || -> Result<NewPartitions, KafkaError> {
            let topic = boundary::required_text(topic, "topic")?.to_owned();
            let total_count = i32::try_from(new_total_cnt).ok().filter(|count| *count > 0);
            let total_count = total_count.ok_or_else(|| {
                invalid(format!("new_total_cnt out of expected range 1..{}: {new_total_cnt}", i32::MAX))
            })?;
            Ok(NewPartitions { partitions: Grown { topic, total_count, replica_assignment: None } })
        };
        explained(read(), errstr, errstr_size).ok().map(Box::new)
    })
}

/// Frees such a topic. Does nothing for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_NewPartitions_destroy(new_parts: Option<Box<NewPartitions>>) {
    guard(|| drop(new_parts));
}

/// Frees the `new_parts_cnt` objects of an array, and not the array.
#[unsafe(no_mangle)]
pub extern "C" fn tl_NewPartitions_destroy_array(new_parts: *mut *mut NewPartitions, new_parts_cnt: usize) {
    guard(|| destroy_all(new_parts, new_parts_cnt));
}

/// Says which nodes keep a new partition: new partitions in order, the first one is number 0.
#[unsafe(no_mangle)]
pub extern "C" fn tl_NewPartitions_set_replica_assignment(
    new_parts: Option<&mut NewPartitions>,
    new_partition_idx: i32,
    broker_ids: *mut i32,
    broker_id_cnt: usize,
    errstr: *mut c_char,
    errstr_size: usize,
) -> ResponseError {
    guard(|| {
        let set = || -> Result<(), KafkaError> {
            let new = new_parts.ok_or(ErrorCode::LocalInvalidArg)?;
            let nodes = boundary::items(broker_ids.cast_const(), broker_id_cnt, "broker_ids")?;
            let assignment = &mut new.partitions.replica_assignment;
            check_order(assignment.as_ref().map_or(0, Vec::len), new_partition_idx)?;
            assignment.get_or_insert_default().push(nodes.to_vec());
            Ok(())
        };
        explained(set(), errstr, errstr_size).into()
    })
}

/// Adds partitions to topics, each on its own. The objects stay the caller's; `options` may be NULL. The answer comes into
/// `rkqu` as a `TL_EVENT_CREATEPARTITIONS_RESULT`.
#[unsafe(no_mangle)]
pub extern "C" fn tl_CreatePartitions(
    rk: *mut Client,
    new_parts: *mut *mut NewPartitions,
    new_parts_cnt: usize,
    options: Option<&AdminOptions>,
    rkqu: *mut Queue,
) {
    let read = || -> Result<Vec<Grown>, KafkaError> {
        let topics = objects(new_parts, new_parts_cnt, "new_parts")?;
        Ok(topics.into_iter().map(|new| new.partitions.clone()).collect())
    };
    request(rk, rkqu, TL_EVENT_CREATEPARTITIONS_RESULT, options, read, |admin, grown, settings| {
        let names: Vec<String> = grown.iter().map(|new| new.topic.clone()).collect();
        let topics = TopicResult::list(&names, admin.create_partitions(&grown, settings.mode()));
        Ok(AnswerBody::CreatePartitions(CreatePartitionsResult { topics }))
    });
}

/// The answer to ::tl_CreatePartitions; NULL for another event, or when the request as a whole failed (::tl_event_error).
#[unsafe(no_mangle)]
pub extern "C" fn tl_event_CreatePartitions_result(rkev: Option<&Event>) -> Option<&CreatePartitionsResult> {
    guard(|| match answer_of(rkev, TL_EVENT_CREATEPARTITIONS_RESULT) {
        Some(AnswerBody::CreatePartitions(result)) => Some(result),
        _ => None,
    })
}

/// What became of each topic, `*cntp` of them. The array belongs to the event.
#[unsafe(no_mangle)]
pub extern "C" fn tl_CreatePartitions_result_topics(
    result: Option<&CreatePartitionsResult>,
    cntp: Option<&mut MaybeUninit<usize>>,
) -> *mut *const TopicResult {
    guard(|| tell(result.map(|result| &result.topics), cntp))
}
