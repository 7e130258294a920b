//! [`Jobs`]: the thread of a client that does its requests, and [`Answer`], how they are answered.

use std::ffi::CStr;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use parking_lot::Mutex;
use tidelog::client::{Admin, KafkaError};
use tidelog::error_code::ErrorCode;

use super::configs::{AlterConfigsResult, DescribeConfigsResult, IncrementalAlterConfigsResult};
use super::group_offsets::{
    AlterConsumerGroupOffsetsResult, DeleteConsumerGroupOffsetsResult, ListConsumerGroupOffsetsResult,
};
use super::groups::{DeleteGroupsResult, DescribeConsumerGroupsResult, ListConsumerGroupsResult};
use super::options::{AdminOptions, Settings};
use super::records::DeleteRecordsResult;
use super::topics::{CreatePartitionsResult, CreateTopicsResult, DeleteTopicsResult};
use crate::client::{Client, clients};
use crate::event::{self, Body, Event, EventType};
use crate::guard::{guard, or_none};
use crate::queue::{Queue, queues};

/// Something to be done by the thread.
type Job = Box<dyn FnOnce(&Admin) + Send>;

/// Requests of a client, done one after the other. The thread starts with the first one.
pub(crate) struct Jobs {
    admin: Mutex<Admin>,
    timeout: Duration,
    thread: Mutex<Option<Sender<Job>>>,
}

impl Jobs {
    /// `timeout` is that of requests that have none.
    pub(crate) fn new(admin: Admin, timeout: Duration) -> Jobs {
        Jobs { admin: Mutex::new(admin), timeout, thread: Mutex::default() }
    }

    /// Does `job` in the background.
    ///
    /// # Errors
    /// `_CRIT_SYS_RESOURCE` when no thread can be had.
    pub(crate) fn begin(&self, job: impl FnOnce(&Admin) + Send + 'static) -> Result<(), KafkaError> {
        let mut thread = self.thread.lock();
        let sender = match &*thread {
            Some(sender) => sender,
            None => thread.insert(self.start()?),
        };
        // The thread lives as long as the sender.
        drop(sender.send(Box::new(job)));
        Ok(())
    }

    fn start(&self) -> Result<Sender<Job>, KafkaError> {
        let (sender, receiver) = channel::<Job>();
        let admin = self.admin.lock().clone();
        let thread = std::thread::Builder::new().name("tidelog-admin".to_owned());
        let serve = move || receiver.into_iter().for_each(|job| job(&admin));
        thread
            .spawn(serve)
            .map_err(|error| KafkaError::with_reason(ErrorCode::LocalCritSysResource, error.to_string()))?;
        Ok(sender)
    }

    /// Lets go of the engine, once requests that are under way have been answered.
    pub(crate) fn close(&self) {
        *self.thread.lock() = None;
        *self.admin.lock() = Admin::on_engine(None);
    }
}

/// How a request was answered.
pub(crate) struct Answer {
    kind: EventType,
    result: Result<AnswerBody, KafkaError>,
}

/// What an answer holds.
pub(crate) enum AnswerBody {
    CreateTopics(CreateTopicsResult),
    DeleteTopics(DeleteTopicsResult),
    CreatePartitions(CreatePartitionsResult),
    AlterConfigs(AlterConfigsResult),
    IncrementalAlterConfigs(IncrementalAlterConfigsResult),
    DescribeConfigs(DescribeConfigsResult),
    DeleteRecords(DeleteRecordsResult),
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
        let queue = std::sync::Arc::clone(&queue.core);
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
        let timeout = settings.timeout.unwrap_or(client.jobs.timeout);
        let begun = client.jobs.begin(move |admin| {
            if admin.engine().is_some() {
                return put(work(admin, asked, &settings));
            }
            std::thread::sleep(timeout);
            let code = ErrorCode::LocalTimedOut;
            let text = format!("Failed while waiting for controller: {}", code.description());
            put(Err(KafkaError::with_reason(code, text)));
        });
        or_none(begun);
    });
}
