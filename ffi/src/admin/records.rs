//! The oldest records of partitions: deleted.

use tidelog::client::admin::RecordDeletion;
use tidelog::client::{KafkaError, OffsetSpec, TopicPartitionOffset};
use tidelog::error_code::ErrorCode;
use tidelog::types::Offset;

use super::answer::{AnswerBody, answer_of, request};
use super::options::AdminOptions;
use super::{destroy_all, objects};
use crate::client::Client;
use crate::event::{Event, TL_EVENT_DELETERECORDS_RESULT};
use crate::guard::guard;
use crate::queue::Queue;
use crate::topic_partition::{OffsetMeaning, TopicPartitionList};

/// Records to be deleted. The caller owns it: ::tl_DeleteRecords_destroy.
pub struct DeleteRecords {
    before: Vec<TopicPartitionOffset>,
}

/// Records to be deleted: those before each partition's offset, `TL_OFFSET_END` for all. The list is copied. NULL for
/// NULL, and for offsets that are none.
#[unsafe(no_mangle)]
pub extern "C" fn tl_DeleteRecords_new(
    before_offsets: Option<&TopicPartitionList>,
) -> Option<Box<DeleteRecords>> {
    guard(|| {
        let before = before_offsets?.read(OffsetMeaning::Place).ok()?;
        Some(Box::new(DeleteRecords { before }))
    })
}

/// Frees such an object. Does nothing for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_DeleteRecords_destroy(del_records: Option<Box<DeleteRecords>>) {
    guard(|| drop(del_records));
}

/// Frees the `del_record_cnt` objects of an array, and not the array.
#[unsafe(no_mangle)]
pub extern "C" fn tl_DeleteRecords_destroy_array(
    del_records: *mut *mut DeleteRecords,
    del_record_cnt: usize,
) {
    guard(|| destroy_all(del_records, del_record_cnt));
}

/// The answer to ::tl_DeleteRecords. It belongs to its event.
pub struct DeleteRecordsResult {
    offsets: TopicPartitionList,
}

/// Deletes the oldest records of partitions, each on its own. The objects stay the caller's; `options` may be NULL. The
/// answer comes into `rkqu` as a `TL_EVENT_DELETERECORDS_RESULT`.
#[unsafe(no_mangle)]
pub extern "C" fn tl_DeleteRecords(
    rk: *mut Client,
    del_records: *mut *mut DeleteRecords,
    del_record_cnt: usize,
    options: Option<&AdminOptions>,
    rkqu: *mut Queue,
) {
    let read = || -> Result<Vec<TopicPartitionOffset>, KafkaError> {
        let deletions = objects(del_records, del_record_cnt, "del_records")?;
        Ok(deletions.into_iter().flat_map(|deletion| deletion.before.clone()).collect())
    };
    request(rk, rkqu, TL_EVENT_DELETERECORDS_RESULT, options, read, |admin, mut asked, _| {
        for element in &mut asked {
            match first_left(admin, element) {
                Ok(offset) => element.offset = OffsetSpec::At(offset),
                Err(error) => element.error = Some(error),
            }
        }
        Ok(AnswerBody::DeleteRecords(DeleteRecordsResult { offsets: TopicPartitionList::of(&asked) }))
    });
}

fn first_left(admin: &tidelog::client::Admin, asked: &TopicPartitionOffset) -> Result<Offset, KafkaError> {
    let before = match asked.offset {
        OffsetSpec::At(offset) => Some(offset),
        OffsetSpec::End => None,
        other => {
            let reason = format!("records cannot be deleted before {other}: an offset or TL_OFFSET_END (-1)");
            return Err(KafkaError::with_reason(ErrorCode::LocalInvalidArg, reason));
        }
    };
    let deletion = RecordDeletion { topic: asked.topic.to_string(), partition: asked.partition, before };
    admin.delete_records(&[deletion]).pop().unwrap_or_else(|| Err(ErrorCode::LocalFail.into()))
}

/// The answer to ::tl_DeleteRecords; NULL for another event, or when the request as a whole failed (::tl_event_error).
#[unsafe(no_mangle)]
pub extern "C" fn tl_event_DeleteRecords_result(rkev: Option<&Event>) -> Option<&DeleteRecordsResult> {
    guard(|| match answer_of(rkev, TL_EVENT_DELETERECORDS_RESULT) {
        Some(AnswerBody::DeleteRecords(result)) => Some(result),
        _ => None,
    })
}

/// The partitions, each with the first offset that is left or an error. The list belongs to the event.
#[unsafe(no_mangle)]
pub extern "C" fn tl_DeleteRecords_result_offsets(
    result: Option<&DeleteRecordsResult>,
) -> Option<&TopicPartitionList> {
    guard(|| result.map(|result| &result.offsets))
}
