//! Offsets of partitions: listed, by their meaning or by time.

use std::mem::MaybeUninit;

use tidelog::broker::{FoundOffset, OffsetSpec as Wanted};
use tidelog::client::admin::OffsetQuery;
use tidelog::client::{KafkaError, OffsetSpec, TopicPartitionOffset};
use tidelog::error_code::ErrorCode;

use super::answer::{AnswerBody, answer_of, request};
use super::options::AdminOptions;
use super::{Objects, tell};
use crate::client::Client;
use crate::event::{Event, TL_EVENT_LISTOFFSETS_RESULT};
use crate::guard::guard;
use crate::queue::Queue;
use crate::topic_partition::{TopicPartition, TopicPartitionList};

/// What ::tl_ListOffsets can ask for in place of a time in milliseconds, which gives the first message of that time or
/// later.
pub type OffsetSpecNumber = i64;
/// The message with the largest timestamp.
pub const TL_OFFSET_SPEC_MAX_TIMESTAMP: OffsetSpecNumber = -3;
/// The first message.
pub const TL_OFFSET_SPEC_EARLIEST: OffsetSpecNumber = -2;
/// Behind the last message.
pub const TL_OFFSET_SPEC_LATEST: OffsetSpecNumber = -1;

/// What was found in a partition. It belongs to its event.
pub struct ListOffsetsResultInfo {
    place: TopicPartition,
    timestamp: i64,
}

impl ListOffsetsResultInfo {
    fn new(query: &OffsetQuery, found: Result<Option<FoundOffset>, KafkaError>) -> ListOffsetsResultInfo {
        let mut element =
            TopicPartitionOffset::new(query.topic.as_str().into(), query.partition, OffsetSpec::End);
        let mut timestamp = -1;
        match found {
            Ok(Some(found)) => {
                element.offset = OffsetSpec::At(found.offset);
                element.leader_epoch = Some(found.leader_epoch);
                timestamp = found.timestamp.0;
            }
            Ok(None) => {}
            Err(error) => {
                element.offset = OffsetSpec::Invalid;
                element.error = Some(error);
            }
        }
        ListOffsetsResultInfo { place: TopicPartition::of(&element), timestamp }
    }
}

/// The answer to ::tl_ListOffsets. It belongs to its event.
pub struct ListOffsetsResult {
    infos: Objects<ListOffsetsResultInfo>,
}

/// Looks up an offset of each partition of a list, whose offsets say which: `TL_OFFSET_SPEC_...` or a time in milliseconds.
/// The list stays the caller's; `options` may be NULL (::tl_AdminOptions_set_isolation_level). The answer comes into `rkqu`
/// as a `TL_EVENT_LISTOFFSETS_RESULT`; `TL_RESP_ERR__INVALID_ARG` for an empty list, and for other negative numbers.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ListOffsets(
    rk: *mut Client,
    topic_partitions: Option<&TopicPartitionList>,
    options: Option<&AdminOptions>,
    rkqu: *mut Queue,
) {
    let read = || -> Result<Vec<OffsetQuery>, KafkaError> {
        let invalid = |reason: String| KafkaError::with_reason(ErrorCode::LocalInvalidArg, reason);
        let places = topic_partitions.map(TopicPartitionList::places).unwrap_or_default();
        if places.is_empty() {
            return Err(invalid("there are no partitions to list offsets of".to_owned()));
        }
        let query = |(topic, partition, number): (String, _, _)| {
            let spec = Wanted::from_number(number);
            let spec = spec.ok_or_else(|| {
                invalid(format!("{number} is neither a time nor one of TL_OFFSET_SPEC_..."))
            })?;
            Ok(OffsetQuery { topic, partition, spec })
        };
        places.into_iter().map(query).collect()
    };
    request(rk, rkqu, TL_EVENT_LISTOFFSETS_RESULT, options, read, |admin, queries, settings| {
        let found = admin.list_offsets(&queries, settings.isolation);
        let infos = queries.iter().zip(found);
        let infos = infos.map(|(query, found)| Box::new(ListOffsetsResultInfo::new(query, found)));
        Ok(AnswerBody::ListOffsets(ListOffsetsResult { infos: infos.collect() }))
    });
}

/// The answer to ::tl_ListOffsets; NULL for another event, or when the request as a whole failed (::tl_event_error).
#[unsafe(no_mangle)]
pub extern "C" fn tl_event_ListOffsets_result(rkev: Option<&Event>) -> Option<&ListOffsetsResult> {
    guard(|| match answer_of(rkev, TL_EVENT_LISTOFFSETS_RESULT) {
        Some(AnswerBody::ListOffsets(result)) => Some(result),
        _ => None,
    })
}

/// What was found, `*cntp` of them, in the order of the list. The array belongs to the event.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ListOffsets_result_infos(
    result: Option<&ListOffsetsResult>,
    cntp: Option<&mut MaybeUninit<usize>>,
) -> *mut *const ListOffsetsResultInfo {
    guard(|| tell(result.map(|result| &result.infos), cntp))
}

/// The partition with its offset, or what went wrong with it (::tl_topic_partition_err); `TL_OFFSET_END` when no message
/// fits. It belongs to the event.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ListOffsetsResultInfo_topic_partition(
    result_info: Option<&ListOffsetsResultInfo>,
) -> Option<&TopicPartition> {
    guard(|| result_info.map(|info| &info.place))
}

/// Timestamp of the message that was found; -1 for the ends, for none and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_ListOffsetsResultInfo_timestamp(result_info: Option<&ListOffsetsResultInfo>) -> i64 {
    guard(|| result_info.map_or(-1, |info| info.timestamp))
}
