//! Elections of leaders.

use std::collections::HashSet;
use std::ffi::c_int;
use std::mem::MaybeUninit;

use tidelog::client::admin::Election;
use tidelog::client::{KafkaError, OffsetSpec, TopicPartitionOffset};
use tidelog::error_code::ErrorCode;
use tidelog::types::PartitionIndex;

use super::answer::{AnswerBody, answer_of, request};
use super::options::AdminOptions;
use super::{Objects, tell};
use crate::client::Client;
use crate::error::Error;
use crate::event::{Event, TL_EVENT_ELECTLEADERS_RESULT};
use crate::guard::guard;
use crate::queue::Queue;
use crate::topic_partition::{TopicPartition, TopicPartitionList};

/// Who may be elected, `TL_ELECTION_TYPE_...`.
pub type ElectionType = c_int;
/// The first of the nodes that keep a partition.
pub const TL_ELECTION_TYPE_PREFERRED: ElectionType = 0;
/// Any of them, also one that has fallen behind.
pub const TL_ELECTION_TYPE_UNCLEAN: ElectionType = 1;

/// An election. The caller owns it: ::tl_ElectLeaders_destroy.
pub struct ElectLeaders {
    election_type: ElectionType,
    partitions: Vec<(String, PartitionIndex)>,
}

/// An election of the leaders of `partitions`, which are copied; NULL stands for those of all partitions that need one.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ElectLeaders_new(
    election_type: ElectionType,
    partitions: Option<&TopicPartitionList>,
) -> Option<Box<ElectLeaders>> {
    guard(|| {
        let places = partitions.map(TopicPartitionList::places).unwrap_or_default();
        let partitions = places.into_iter().map(|(topic, partition, _)| (topic, partition)).collect();
        Some(Box::new(ElectLeaders { election_type, partitions }))
    })
}

/// Frees such an object. Does nothing for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ElectLeaders_destroy(elect_leaders: Option<Box<ElectLeaders>>) {
    guard(|| drop(elect_leaders));
}

/// What became of a partition. It belongs to its event.
pub struct TopicPartitionResult {
    place: TopicPartition,
    error: Error,
}

/// The answer to ::tl_ElectLeaders. It belongs to its event.
pub struct ElectLeadersResult {
    partitions: Objects<TopicPartitionResult>,
}

/// Elects leaders, each on its own. There is one node, which leads each partition that it can: the answer for those is
/// `TL_RESP_ERR_ELECTION_NOT_NEEDED`. The object stays the caller's; `options` may be NULL. The answer comes into `rkqu` as a
/// `TL_EVENT_ELECTLEADERS_RESULT`; `TL_RESP_ERR__INVALID_ARG` for a partition that is listed twice and for another type of
/// election.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ElectLeaders(
    rk: *mut Client,
    elect_leaders: Option<&ElectLeaders>,
    options: Option<&AdminOptions>,
    rkqu: *mut Queue,
) {
    let read = || -> Result<_, KafkaError> {
        let invalid = |reason: String| KafkaError::with_reason(ErrorCode::LocalInvalidArg, reason);
        let asked = elect_leaders.ok_or_else(|| invalid("elect_leaders is NULL".to_owned()))?;
        let election = Election::from_number(asked.election_type).ok_or_else(|| {
            invalid(format!("{} is no type of election: TL_ELECTION_TYPE_...", asked.election_type))
        })?;
        let mut seen = HashSet::new();
        if !asked.partitions.iter().all(|place| seen.insert(place)) {
            return Err(invalid("Duplicate partitions specified".to_owned()));
        }
        Ok((election, asked.partitions.clone()))
    };
    request(rk, rkqu, TL_EVENT_ELECTLEADERS_RESULT, options, read, |admin, (election, asked), _| {
        let elected = asked.iter().zip(admin.elect_leaders(&asked, election));
        let result = |((topic, partition), outcome): (&(String, PartitionIndex), Result<(), KafkaError>)| {
            let place = TopicPartitionOffset::new(topic.as_str().into(), *partition, OffsetSpec::Invalid);
            let error = outcome.err().unwrap_or_else(|| ErrorCode::None.into());
            Box::new(TopicPartitionResult { place: TopicPartition::of(&place), error: error.into() })
        };
        Ok(AnswerBody::ElectLeaders(ElectLeadersResult { partitions: elected.map(result).collect() }))
    });
}

/// The answer to ::tl_ElectLeaders; NULL for another event, or when the request as a whole failed (::tl_event_error).
#[unsafe(no_mangle)]
pub extern "C" fn tl_event_ElectLeaders_result(rkev: Option<&Event>) -> Option<&ElectLeadersResult> {
    guard(|| match answer_of(rkev, TL_EVENT_ELECTLEADERS_RESULT) {
        Some(AnswerBody::ElectLeaders(result)) => Some(result),
        _ => None,
    })
}

/// What became of the partitions, `*cntp` of them, in the order of the list. The array belongs to the event.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ElectLeaders_result_partitions(
    result: Option<&ElectLeadersResult>,
    cntp: Option<&mut MaybeUninit<usize>>,
) -> *mut *const TopicPartitionResult {
    guard(|| tell(result.map(|result| &result.partitions), cntp))
}

/// The partition. It belongs to the event.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_partition_result_partition(
    partition_result: Option<&TopicPartitionResult>,
) -> Option<&TopicPartition> {
    guard(|| partition_result.map(|result| &result.place))
}

/// What went wrong with it, of code 0 for nothing. It belongs to the event.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_partition_result_error(
    partition_result: Option<&TopicPartitionResult>,
) -> Option<&Error> {
    guard(|| partition_result.map(|result| &result.error))
}
