//! Topics: described.

use std::ffi::{CStr, CString, c_char, c_int};
use std::mem::MaybeUninit;

use tidelog::client::KafkaError;
use tidelog::client::admin::{Node as DescribedNode, PartitionDescription, TopicDescription as Described};
use tidelog::error_code::ErrorCode;
use tidelog::types::Operation;

use super::answer::{AnswerBody, answer_of, request};
use super::cluster::Node;
use super::operations::{AclOperation, Authorized};
use super::options::AdminOptions;
use super::{Objects, tell, texts};
use crate::client::Client;
use crate::error::Error;
use crate::event::{Event, TL_EVENT_DESCRIBETOPICS_RESULT};
use crate::guard::{guard, or_none};
use crate::queue::Queue;
use crate::text::c_text;
use crate::uuid::Uuid;

/// Names of topics. The caller owns it: ::tl_TopicCollection_destroy.
pub struct TopicCollection {
    names: Vec<String>,
}

/// The `topics_cnt` topics with these names, which are copied. NULL for names that are no text (::tl_last_error).
#[unsafe(no_mangle)]
pub extern "C" fn tl_TopicCollection_of_topic_names(
    topics: *mut *const c_char,
    topics_cnt: usize,
) -> Option<Box<TopicCollection>> {
    guard(|| {
        let names = or_none(texts(topics, topics_cnt, "topics", "topic"))?;
        Some(Box::new(TopicCollection { names }))
    })
}

/// Frees a collection. Does nothing for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_TopicCollection_destroy(topics: Option<Box<TopicCollection>>) {
    guard(|| drop(topics));
}

/// A topic in detail. It belongs to its event.
pub struct TopicDescription {
    name: CString,
    id: Option<Uuid>,
    error: Option<Error>,
    is_internal: bool,
    partitions: Objects<TopicPartitionInfo>,
    authorized: Authorized,
}

/// A partition in a ::tl_TopicDescription_t. It belongs to its event.
pub struct TopicPartitionInfo {
    partition: c_int,
    leader: Option<Node>,
    replicas: Objects<Node>,
    in_sync_replicas: Objects<Node>,
}

impl TopicDescription {
    fn of(
        name: &str,
        described: Result<Described, KafkaError>,
        nodes: &[DescribedNode],
        authorized: &Authorized,
    ) -> Box<TopicDescription> {
        Box::new(match described {
            Ok(topic) => {
                let partitions = topic.partitions.iter();
                TopicDescription {
                    name: c_text(name),
                    id: Some(Uuid::of(topic.id)),
                    error: None,
                    is_internal: topic.is_internal,
                    partitions: partitions.map(|it| Box::new(TopicPartitionInfo::of(it, nodes))).collect(),
                    authorized: authorized.clone(),
                }
            }
            Err(error) => TopicDescription {
                name: c_text(name),
                id: None,
                error: Some(error.into()),
                is_internal: false,
                partitions: Vec::new(),
                authorized: Authorized::default(),
            },
        })
    }
}

impl TopicPartitionInfo {
    fn of(described: &PartitionDescription, nodes: &[DescribedNode]) -> TopicPartitionInfo {
        let node = |id: &i32| nodes.iter().find(|node| node.id == *id).map(Node::of);
        let all = |ids: &[i32]| ids.iter().filter_map(node).map(Box::new).collect();
        TopicPartitionInfo {
            partition: described.partition.0,
            leader: node(&described.leader),
            replicas: all(&described.replicas),
            in_sync_replicas: all(&described.in_sync_replicas),
        }
    }
}

/// The answer to ::tl_DescribeTopics. It belongs to its event.
pub struct DescribeTopicsResult {
    topics: Objects<TopicDescription>,
}

/// Describes topics, each on its own. The collection stays the caller's; `options` may be NULL. The answer comes into
/// `rkqu` as a `TL_EVENT_DESCRIBETOPICS_RESULT`.
#[unsafe(no_mangle)]
pub extern "C" fn tl_DescribeTopics(
    rk: *mut Client,
    topics: Option<&TopicCollection>,
    options: Option<&AdminOptions>,
    rkqu: *mut Queue,
) {
    let read = || -> Result<Vec<String>, KafkaError> {
        let topics = topics.ok_or(ErrorCode::LocalInvalidArg)?;
        Ok(topics.names.clone())
    };
    request(rk, rkqu, TL_EVENT_DESCRIBETOPICS_RESULT, options, read, |admin, names, settings| {
        let authorized = Authorized::asked(settings, &Operation::OF_TOPICS);
        let nodes = admin.describe_cluster()?.nodes;
        let described = names.iter().zip(admin.describe_topics(&names));
        let topics =
            described.map(|(name, described)| TopicDescription::of(name, described, &nodes, &authorized));
        Ok(AnswerBody::DescribeTopics(DescribeTopicsResult { topics: topics.collect() }))
    });
}

/// The answer to ::tl_DescribeTopics; NULL for another event, or when the request as a whole failed (::tl_event_error).
#[unsafe(no_mangle)]
pub extern "C" fn tl_event_DescribeTopics_result(rkev: Option<&Event>) -> Option<&DescribeTopicsResult> {
    guard(|| match answer_of(rkev, TL_EVENT_DESCRIBETOPICS_RESULT) {
        Some(AnswerBody::DescribeTopics(result)) => Some(result),
        _ => None,
    })
}

/// The topics, `*cntp` of them, in the order of the collection. The array belongs to the event.
#[unsafe(no_mangle)]
pub extern "C" fn tl_DescribeTopics_result_topics(
    result: Option<&DescribeTopicsResult>,
    cntp: Option<&mut MaybeUninit<usize>>,
) -> *mut *const TopicDescription {
    guard(|| tell(result.map(|result| &result.topics), cntp))
}

/// Name of the topic.
#[unsafe(no_mangle)]
pub extern "C" fn tl_TopicDescription_name(topicdesc: Option<&TopicDescription>) -> *const c_char {
    guard(|| topicdesc.map_or(std::ptr::null(), |topic| CStr::as_ptr(&topic.name)))
}

/// Its id; NULL for one that does not exist.
#[unsafe(no_mangle)]
pub extern "C" fn tl_TopicDescription_topic_id(topicdesc: Option<&TopicDescription>) -> Option<&Uuid> {
    guard(|| topicdesc.and_then(|topic| topic.id.as_ref()))
}

/// What went wrong with the topic; NULL for nothing.
#[unsafe(no_mangle)]
pub extern "C" fn tl_TopicDescription_error(topicdesc: Option<&TopicDescription>) -> Option<&Error> {
    guard(|| topicdesc.and_then(|topic| topic.error.as_ref()))
}

/// 1 for a topic of the engine's own, else 0.
#[unsafe(no_mangle)]
pub extern "C" fn tl_TopicDescription_is_internal(topicdesc: Option<&TopicDescription>) -> c_int {
    guard(|| c_int::from(topicdesc.is_some_and(|topic| topic.is_internal)))
}

/// Its partitions, `*cntp` of them, by number. The array belongs to the event.
#[unsafe(no_mangle)]
pub extern "C" fn tl_TopicDescription_partitions(
    topicdesc: Option<&TopicDescription>,
    cntp: Option<&mut MaybeUninit<usize>>,
) -> *mut *const TopicPartitionInfo {
    guard(|| tell(topicdesc.map(|topic| &topic.partitions), cntp))
}

/// What may be done with it, `*cntp` numbers `TL_ACL_OPERATION_...`; NULL unless
/// ::tl_AdminOptions_set_include_authorized_operations asked for it. The array belongs to the event.
#[unsafe(no_mangle)]
pub extern "C" fn tl_TopicDescription_authorized_operations(
    topicdesc: Option<&TopicDescription>,
    cntp: Option<&mut MaybeUninit<usize>>,
) -> *const AclOperation {
    guard(|| Authorized::tell(topicdesc.map(|topic| &topic.authorized), cntp))
}

/// Number of the partition; -1 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_TopicPartitionInfo_partition(partition: Option<&TopicPartitionInfo>) -> c_int {
    guard(|| partition.map_or(-1, |partition| partition.partition))
}

/// The node that serves it; NULL while it is offline.
#[unsafe(no_mangle)]
pub extern "C" fn tl_TopicPartitionInfo_leader(partition: Option<&TopicPartitionInfo>) -> Option<&Node> {
    guard(|| partition.and_then(|partition| partition.leader.as_ref()))
}

/// The nodes that keep it, `*cntp` of them. The array belongs to the event.
#[unsafe(no_mangle)]
pub extern "C" fn tl_TopicPartitionInfo_replicas(
    partition: Option<&TopicPartitionInfo>,
    cntp: Option<&mut MaybeUninit<usize>>,
) -> *mut *const Node {
    guard(|| tell(partition.map(|partition| &partition.replicas), cntp))
}

/// Those of them that have all of it, `*cntp` of them. The array belongs to the event.
#[unsafe(no_mangle)]
pub extern "C" fn tl_TopicPartitionInfo_isr(
    partition: Option<&TopicPartitionInfo>,
    cntp: Option<&mut MaybeUninit<usize>>,
) -> *mut *const Node {
    guard(|| tell(partition.map(|partition| &partition.in_sync_replicas), cntp))
}
