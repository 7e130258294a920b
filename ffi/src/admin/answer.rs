//! [`Answer`]: how a request is answered, by an event of a queue.

use std::ffi::CStr;
use std::sync::Arc;

use tidelog::client::{Admin, KafkaError};

use super::cluster::DescribeClusterResult;
use super::configs::{AlterConfigsResult, DescribeConfigsResult, IncrementalAlterConfigsResult};
use super::elections::ElectLeadersResult;
use super::group_offsets::{
    AlterConsumerGroupOffsetsResult, DeleteConsumerGroupOffsetsResult, ListConsumerGroupOffsetsResult,
};
use super::groups::{DeleteGroupsResult, DescribeConsumerGroupsResult, ListConsumerGroupsResult};
use super::offsets::ListOffsetsResult;
use super::options::{AdminOptions, Settings};
use super::records::DeleteRecordsResult;
use super::topic_descriptions::DescribeTopicsResult;
use super::topics::{CreatePartitionsResult, CreateTopicsResult, DeleteTopicsResult};
use crate::client::{Client, clients};
use crate::event::{self, Body, Event, EventType};
use crate::guard::{guard, or_none};
use crate::queue::{Queue, queues};

/// How a request was answered.
pub(crate) struct Answer {
    kind: EventType,
    result: Result<AnswerBody, KafkaError>,
}

/// What an answer holds.
pub(crate) enum AnswerBody {
    CreateTopics(CreateTopicsResult),
    DescribeTopics(DescribeTopicsResult),
    DeleteTopics(DeleteTopicsResult),
    CreatePartitions(CreatePartitionsResult),
    AlterConfigs(AlterConfigsResult),
    IncrementalAlterConfigs(IncrementalAlterConfigsResult),
    DescribeConfigs(DescribeConfigsResult),
    DeleteRecords(DeleteRecordsResult),
    ListOffsets(ListOffsetsResult),
    ElectLeaders(ElectLeadersResult),
    DescribeCluster(DescribeClusterResult),
    DeleteGroups(DeleteGroupsResult),
    ListConsumerGroups(ListConsumerGroupsResult),
    DescribeConsumerGroups(DescribeConsumerGroupsResult),
    DeleteConsumerGroupOffsets(DeleteConsumerGroupOffsetsResult),
    ListConsumerGroupOffsets(ListConsumerGroupOffsetsResult),
    AlterConsumerGroupOffsets(AlterConsumerGroupOffsetsResult),
}

impl Answer {
    pub(crate) fn kind(&self) -> EventType {
        self.kind
    }

    pub(crate) fn error(&self) -> Option<&KafkaError> {
        self.result.as_ref().err()
    }

    /// Name of the kind.
    pub(crate) fn name(&self) -> &'static CStr {
        match self.kind {
            event::TL_EVENT_CREATETOPICS_RESULT => c"CreateTopicsResult",
            event::TL_EVENT_DELETETOPICS_RESULT => c"DeleteTopicsResult",
            event::TL_EVENT_CREATEPARTITIONS_RESULT => c"CreatePartitionsResult",
            event::TL_EVENT_ALTERCONFIGS_RESULT => c"AlterConfigsResult",
            event::TL_EVENT_INCREMENTALALTERCONFIGS_RESULT => c"IncrementalAlterConfigsResult",
            event::TL_EVENT_DESCRIBECONFIGS_RESULT => c"DescribeConfigsResult",
            event::TL_EVENT_DELETERECORDS_RESULT => c"DeleteRecordsResult",
            event::TL_EVENT_DELETEGROUPS_RESULT => c"DeleteGroupsResult",
            event::TL_EVENT_LISTCONSUMERGROUPS_RESULT => c"ListConsumerGroupsResult",
            event::TL_EVENT_DESCRIBECONSUMERGROUPS_RESULT => c"DescribeConsumerGroupsResult",
            event::TL_EVENT_DELETECONSUMERGROUPOFFSETS_RESULT => c"DeleteConsumerGroupOffsetsResult",
            event::TL_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT => c"ListConsumerGroupOffsetsResult",
            event::TL_EVENT_DESCRIBETOPICS_RESULT => c"DescribeTopicsResult",
            event::TL_EVENT_DESCRIBECLUSTER_RESULT => c"DescribeClusterResult",
            event::TL_EVENT_LISTOFFSETS_RESULT => c"ListOffsetsResult",
            event::TL_EVENT_ELECTLEADERS_RESULT => c"ElectLeadersResult",
            event::TL_EVENT_ALTERCONSUMERGROUPOFFSETS_RESULT => c"AlterConsumerGroupOffsetsResult",
            _ => c"Unknown?",
        }
    }
}

/// What an event holds as an answer of this kind, if it does.
pub(super) fn answer_of(event: Option<&Event>, kind: EventType) -> Option<&AnswerBody> {
    match event?.body() {
        Body::Answer(answer) if answer.kind == kind => answer.result.as_ref().ok(),
        _ => None,
    }
}

/// Answers a request into a queue: what `read` reads from the application's objects is given to `work`, which another
/// thread does. Whatever goes wrong is the answer.
pub(super) fn request<R: Send + 'static>(
    rk: *mut Client,
    rkqu: *mut Queue,
    kind: EventType,
    options: Option<&AdminOptions>,
    read: impl FnOnce() -> Result<R, KafkaError>,
    work: impl FnOnce(&Admin, R, &Settings) -> Result<AnswerBody, KafkaError> + Send + 'static,
) {
    guard(|| {
        let (Some(client), Some(queue)) = (or_none(clients().get(rk)), or_none(queues().get(rkqu))) else {
            return;
        };
        let queue = Arc::clone(&queue.events);
        let settings = options.map(AdminOptions::settings).unwrap_or_default();
        let opaque = settings.opaque;
        let put = move |result| {
            let mut event = Event::new(Body::Answer(Answer { kind, result }));
            event.opaque = opaque;
            queue.add(event);
        };
        let asked = match read() {
            Ok(asked) => asked,
            Err(error) => return put(Err(error)),
        };
        let (timeout, work) = (settings.timeout, move |admin: &Admin| work(admin, asked, &settings));
        let begun = client.worker.request(timeout, work, put);
        or_none(begun);
    });
}
