//! [`Metadata`]: what there is: the node, topics, partitions.

use std::ffi::{CString, c_char, c_int};
use std::mem::MaybeUninit;

use tidelog::client::{ClusterMetadata, KafkaError, PartitionMetadata};
use tidelog::error_code::ErrorCode;

use crate::boundary;
use crate::client::{Client, clients};
use crate::error::{ResponseError, of_call};
use crate::guard::guard;
use crate::text::c_text;
use crate::timeout::timeout;
use crate::topic::{Topic, topics};

/// What there was when it was asked for. The caller owns it (::tl_metadata_destroy); what it tells lives as long as it
/// does. Numbers that nothing has give NULL, 0 or -1, and so does NULL.
pub struct Metadata {
    brokers: Vec<(i32, CString, u16)>,
    topics: Vec<TopicMetadata>,
}

struct TopicMetadata {
    name: CString,
    error: Option<ErrorCode>,
    partitions: Vec<PartitionMetadata>,
}

impl Metadata {
    fn of(cluster: ClusterMetadata) -> Metadata {
        let brokers = cluster.brokers.into_iter().map(|node| (node.id, c_text(&node.host), node.port));
        let topics = cluster.topics.into_iter().map(|topic| TopicMetadata {
            name: c_text(&topic.name),
            error: topic.error,
            partitions: topic.partitions,
        });
        Metadata { brokers: brokers.collect(), topics: topics.collect() }
    }
}

/// Asks what there is: all topics, or with `all_topics` 0 only `only_rkt` (not NULL), or those the client uses (NULL),
/// which here are all too. `TL_RESP_ERR__TRANSPORT` after `timeout_ms` when there is no engine.
#[unsafe(no_mangle)]
pub extern "C" fn tl_metadata(
    rk: *mut Client,
    all_topics: c_int,
    only_rkt: *mut Topic,
    metadatap: Option<&mut MaybeUninit<*const Metadata>>,
    timeout_ms: c_int,
) -> ResponseError {
    guard(|| {
        let ask = || -> Result<(), KafkaError> {
            let into = metadatap.ok_or(ErrorCode::LocalInvalidArg)?;
            into.write(std::ptr::null());
            let client = clients().get(rk)?;
            let only = match all_topics == 0 && !only_rkt.is_null() {
                true => Some(topics().get(only_rkt)?),
                false => None,
            };
            let name = only.as_ref().map(|topic| topic.name());
            let cluster = match (client.consumer(), client.engine()) {
                (Ok(consumer), _) => consumer.metadata(name, timeout(timeout_ms)).map_err(of_call)?,
                (Err(_), Some(engine)) => ClusterMetadata::of(&engine, name),
                (Err(_), None) => {
                    std::thread::sleep(timeout(timeout_ms).unwrap_or_default());
                    return Err(ErrorCode::LocalTransport.into());
                }
            };
            into.write(Box::into_raw(Box::new(Metadata::of(cluster))));
            Ok(())
        };
        ask().into()
    })
}

/// Frees metadata. Does nothing for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_metadata_destroy(metadata: *const Metadata) {
    guard(|| drop(boundary::take(metadata.cast_mut())));
}

fn count<T>(list: &[T]) -> c_int {
    c_int::try_from(list.len()).unwrap_or(c_int::MAX)
}

fn at<T>(list: &[T], index: c_int) -> Option<&T> {
    list.get(usize::try_from(index).ok()?)
}

fn partition(metadata: Option<&Metadata>, topic: c_int, partition: c_int) -> Option<&PartitionMetadata> {
    at(&at(&metadata?.topics, topic)?.partitions, partition)
}

/// How many nodes there are: one.
#[unsafe(no_mangle)]
pub extern "C" fn tl_metadata_broker_cnt(metadata: Option<&Metadata>) -> c_int {
    guard(|| metadata.map_or(0, |metadata| count(&metadata.brokers)))
}

/// Number of a node.
#[unsafe(no_mangle)]
pub extern "C" fn tl_metadata_broker_id(metadata: Option<&Metadata>, idx: c_int) -> i32 {
    guard(|| metadata.and_then(|metadata| at(&metadata.brokers, idx)).map_or(-1, |(id, _, _)| *id))
}

/// Host of a node.
#[unsafe(no_mangle)]
pub extern "C" fn tl_metadata_broker_host(metadata: Option<&Metadata>, idx: c_int) -> *const c_char {
    guard(|| {
        let node = metadata.and_then(|metadata| at(&metadata.brokers, idx));
        node.map_or(std::ptr::null(), |(_, host, _)| host.as_ptr())
    })
}

/// Port of a node; 0 for an engine that is only used from its own process.
#[unsafe(no_mangle)]
pub extern "C" fn tl_metadata_broker_port(metadata: Option<&Metadata>, idx: c_int) -> c_int {
    guard(|| {
        let node = metadata.and_then(|metadata| at(&metadata.brokers, idx));
        node.map_or(-1, |(_, _, port)| c_int::from(*port))
    })
}

/// How many topics are told of.
#[unsafe(no_mangle)]
pub extern "C" fn tl_metadata_topic_cnt(metadata: Option<&Metadata>) -> c_int {
    guard(|| metadata.map_or(0, |metadata| count(&metadata.topics)))
}

/// Name of a topic.
#[unsafe(no_mangle)]
pub extern "C" fn tl_metadata_topic_name(metadata: Option<&Metadata>, topic: c_int) -> *const c_char {
    guard(|| {
        let topic = metadata.and_then(|metadata| at(&metadata.topics, topic));
        topic.map_or(std::ptr::null(), |topic| topic.name.as_ptr())
    })
}

/// What is wrong with a topic: `TL_RESP_ERR_UNKNOWN_TOPIC_OR_PART` for one that does not exist.
#[unsafe(no_mangle)]
pub extern "C" fn tl_metadata_topic_err(metadata: Option<&Metadata>, topic: c_int) -> ResponseError {
    guard(|| match metadata.and_then(|metadata| at(&metadata.topics, topic)) {
        Some(topic) => topic.error.map_or(ResponseError::NONE, ResponseError::from),
        None => ErrorCode::LocalInvalidArg.into(),
    })
}

/// How many partitions a topic has.
#[unsafe(no_mangle)]
pub extern "C" fn tl_metadata_partition_cnt(metadata: Option<&Metadata>, topic: c_int) -> c_int {
    guard(|| {
        let topic = metadata.and_then(|metadata| at(&metadata.topics, topic));
        topic.map_or(0, |topic| count(&topic.partitions))
    })
}

/// Number of a partition.
#[unsafe(no_mangle)]
pub extern "C" fn tl_metadata_partition_id(metadata: Option<&Metadata>, topic: c_int, idx: c_int) -> i32 {
    guard(|| partition(metadata, topic, idx).map_or(-1, |partition| partition.id.0))
}

/// What is wrong with a partition: `TL_RESP_ERR_KAFKA_STORAGE_ERROR` for one that is offline.
#[unsafe(no_mangle)]
pub extern "C" fn tl_metadata_partition_err(
    metadata: Option<&Metadata>,
    topic: c_int,
    idx: c_int,
) -> ResponseError {
    guard(|| match partition(metadata, topic, idx) {
        Some(partition) => partition.error.map_or(ResponseError::NONE, ResponseError::from),
        None => ErrorCode::LocalInvalidArg.into(),
    })
}

/// Number of the node that leads a partition; -1 for none.
#[unsafe(no_mangle)]
pub extern "C" fn tl_metadata_partition_leader(metadata: Option<&Metadata>, topic: c_int, idx: c_int) -> i32 {
    guard(|| partition(metadata, topic, idx).map_or(-1, |partition| partition.leader))
}

fn tell(nodes: Option<&Vec<i32>>, cnt: Option<&mut MaybeUninit<c_int>>) -> *const i32 {
    if let Some(into) = cnt {
        into.write(nodes.map_or(0, |nodes| count(nodes)));
    }
    nodes.map_or(std::ptr::null(), |nodes| nodes.as_ptr())
}

/// Numbers of the nodes that have a partition, `*cnt` of them.
#[unsafe(no_mangle)]
pub extern "C" fn tl_metadata_partition_replicas(
    metadata: Option<&Metadata>,
    topic: c_int,
    idx: c_int,
    cnt: Option<&mut MaybeUninit<c_int>>,
) -> *const i32 {
    guard(|| tell(partition(metadata, topic, idx).map(|partition| &partition.replicas), cnt))
}

/// Numbers of the nodes that have all of a partition, `*cnt` of them.
#[unsafe(no_mangle)]
pub extern "C" fn tl_metadata_partition_isrs(
    metadata: Option<&Metadata>,
    topic: c_int,
    idx: c_int,
    cnt: Option<&mut MaybeUninit<c_int>>,
) -> *const i32 {
    guard(|| tell(partition(metadata, topic, idx).map(|partition| &partition.in_sync_replicas), cnt))
}
