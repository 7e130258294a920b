//! [`Event`]: what a queue hands out.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::mem::MaybeUninit;

use tidelog::client::{KafkaError, LogLine, TopicPartitionOffset};
use tidelog::error_code::ErrorCode;

use crate::admin::Answer;
use crate::boundary;
use crate::callbacks::Opaque;
use crate::client::{ClientHandle, clients};
use crate::error::ResponseError;
use crate::guard::guard;
use crate::message::Message;
use crate::text::c_text;
use crate::topic_partition::{TopicPartition, TopicPartitionList};

/// Kinds of events, of which ::tl_conf_set_events takes those up to `TL_EVENT_STATS`.
pub type EventType = c_int;
/// Nothing: the kind of NULL.
pub const TL_EVENT_NONE: EventType = 0x0;
/// Delivery reports.
pub const TL_EVENT_DR: EventType = 0x1;
/// Messages of a consumer.
pub const TL_EVENT_FETCH: EventType = 0x2;
/// A log line.
pub const TL_EVENT_LOG: EventType = 0x4;
/// What a consumer has to say in place of a message.
pub const TL_EVENT_ERROR: EventType = 0x8;
/// The group rebalances: change the assignment, or destroy the event to have it done.
pub const TL_EVENT_REBALANCE: EventType = 0x10;
/// The outcome of a commit that nobody waited for.
pub const TL_EVENT_OFFSET_COMMIT: EventType = 0x20;
/// Statistics.
pub const TL_EVENT_STATS: EventType = 0x40;
/// Answer to ::tl_CreateTopics.
pub const TL_EVENT_CREATETOPICS_RESULT: EventType = 100;
/// Answer to ::tl_DeleteTopics.
pub const TL_EVENT_DELETETOPICS_RESULT: EventType = 101;
/// Answer to ::tl_CreatePartitions.
pub const TL_EVENT_CREATEPARTITIONS_RESULT: EventType = 102;
/// Answer to ::tl_AlterConfigs.
pub const TL_EVENT_ALTERCONFIGS_RESULT: EventType = 103;
/// Answer to ::tl_DescribeConfigs.
pub const TL_EVENT_DESCRIBECONFIGS_RESULT: EventType = 104;
/// Answer to ::tl_DeleteRecords.
pub const TL_EVENT_DELETERECORDS_RESULT: EventType = 105;
/// Answer to ::tl_DeleteGroups.
pub const TL_EVENT_DELETEGROUPS_RESULT: EventType = 106;
/// Answer to ::tl_DeleteConsumerGroupOffsets.
pub const TL_EVENT_DELETECONSUMERGROUPOFFSETS_RESULT: EventType = 107;
/// For ::tl_conf_set_events: has no effect here.
pub const TL_EVENT_BACKGROUND: EventType = 0x200;
/// Answer to ::tl_ListConsumerGroups.
pub const TL_EVENT_LISTCONSUMERGROUPS_RESULT: EventType = 0x2000;
/// Answer to ::tl_DescribeConsumerGroups.
pub const TL_EVENT_DESCRIBECONSUMERGROUPS_RESULT: EventType = 0x4000;
/// Answer to ::tl_ListConsumerGroupOffsets.
pub const TL_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT: EventType = 0x8000;
/// Answer to ::tl_AlterConsumerGroupOffsets.
pub const TL_EVENT_ALTERCONSUMERGROUPOFFSETS_RESULT: EventType = 0x10000;
/// Answer to ::tl_IncrementalAlterConfigs.
pub const TL_EVENT_INCREMENTALALTERCONFIGS_RESULT: EventType = 0x20000;
/// Answer to ::tl_DescribeTopics.
pub const TL_EVENT_DESCRIBETOPICS_RESULT: EventType = 0x10_0000;
/// Answer to ::tl_DescribeCluster.
pub const TL_EVENT_DESCRIBECLUSTER_RESULT: EventType = 0x20_0000;
/// Answer to ::tl_ListOffsets.
pub const TL_EVENT_LISTOFFSETS_RESULT: EventType = 0x40_0000;
/// Answer to ::tl_ElectLeaders.
pub const TL_EVENT_ELECTLEADERS_RESULT: EventType = 0x80_0000;

/// Something that a queue hands out. The caller owns it: ::tl_event_destroy; what it tells lives as long as it does.
/// Asking an event for what its kind does not have gives NULL or 0, and so does NULL.
pub struct Event {
    body: Body,
    /// Of an answer: the application's own pointer.
    pub(crate) opaque: Opaque,
    /// The next message of ::tl_event_message_next.
    next: usize,
    error: Option<KafkaError>,
    error_text: CString,
    texts: [CString; 2],
    place: Option<Box<TopicPartition>>,
}

/// What an event is about.
pub(crate) enum Body {
    Delivery(Vec<Message<'static>>),
    Fetch(Message<'static>),
    Error(Message<'static>),
    Log(LogLine),
    Rebalance {
        client: ClientHandle,
        error: ResponseError,
        list: TopicPartitionList,
    },
    OffsetCommit {
        error: Option<KafkaError>,
        list: TopicPartitionList,
    },
    Stats(CString),
    Answer(Answer),
    /// It has been taken out.
    Nothing,
}

impl Body {
    pub(crate) fn committed(error: Option<KafkaError>, offsets: &[TopicPartitionOffset]) -> Body {
        Body::OffsetCommit { error, list: TopicPartitionList::of(offsets) }
    }
}

impl Event {
    pub(crate) fn new(body: Body) -> Event {
        let error = match &body {
            Body::Error(message) => message.error().cloned(),
            Body::OffsetCommit { error, .. } => error.clone(),
            Body::Answer(answer) => answer.error().cloned(),
            _ => None,
        };
        let texts = match &body {
            Body::Log(line) => [c_text(line.facility), c_text(&line.text)],
            _ => [CString::default(), CString::default()],
        };
        let place = match &body {
            Body::Error(message) => message.place().map(|place| Box::new(TopicPartition::of(&place))),
            _ => None,
        };
        let error_text = error.as_ref().map(|error| c_text(error.reason())).unwrap_or_default();
        Event { body, opaque: Opaque::default(), next: 0, error, error_text, texts, place }
    }

    /// A message, or what a consumer has to say in its place.
    pub(crate) fn of_message(message: Message<'static>) -> Event {
        Event::new(if message.error().is_some() { Body::Error(message) } else { Body::Fetch(message) })
    }

    pub(crate) fn body_mut(&mut self) -> &mut Body {
        &mut self.body
    }

    pub(crate) fn into_body(mut self) -> Body {
        std::mem::replace(&mut self.body, Body::Nothing)
    }

    pub(crate) fn body(&self) -> &Body {
        &self.body
    }

    fn messages(&self) -> &[Message<'static>] {
        match &self.body {
            Body::Delivery(messages) => messages,
            Body::Fetch(message) => std::slice::from_ref(message),
            _ => &[],
        }
    }

    /// As what a queue counts it.
    pub(crate) fn count(&self) -> usize {
        self.messages().len().max(1)
    }

    /// Delivery reports in it.
    pub(crate) fn deliveries(&self) -> usize {
        match &self.body {
            Body::Delivery(messages) => messages.len(),
            _ => 0,
        }
    }

    fn kind(&self) -> EventType {
        match &self.body {
            Body::Delivery(_) => TL_EVENT_DR,
            Body::Fetch(_) => TL_EVENT_FETCH,
            Body::Error(_) => TL_EVENT_ERROR,
            Body::Log(_) => TL_EVENT_LOG,
            Body::Rebalance { .. } => TL_EVENT_REBALANCE,
            Body::OffsetCommit { .. } => TL_EVENT_OFFSET_COMMIT,
            Body::Stats(_) => TL_EVENT_STATS,
            Body::Answer(answer) => answer.kind(),
            Body::Nothing => TL_EVENT_NONE,
        }
    }
}

/// What the application did not do about a rebalance is done.
impl Drop for Event {
    fn drop(&mut self) {
        if let Body::Rebalance { client, .. } = &self.body
            && let Ok(client) = clients().get(client.pointer())
            && let Ok(consumer) = client.consumer()
        {
            consumer.finish_rebalance();
        }
    }
}

/// Its kind, `TL_EVENT_...`.
#[unsafe(no_mangle)]
pub extern "C" fn tl_event_type(rkev: Option<&Event>) -> EventType {
    guard(|| rkev.map_or(TL_EVENT_NONE, Event::kind))
}

/// Name of its kind, such as `DeliveryReport`. Static: never freed.
#[unsafe(no_mangle)]
pub extern "C" fn tl_event_name(rkev: Option<&Event>) -> *const c_char {
    let name = |event: &Event| -> &'static CStr {
        match &event.body {
            Body::Delivery(_) => c"DeliveryReport",
            Body::Fetch(_) => c"Fetch",
            Body::Error(_) => c"Error",
            Body::Log(_) => c"Log",
            Body::Rebalance { .. } => c"Rebalance",
            Body::OffsetCommit { .. } => c"OffsetCommit",
            Body::Stats(_) => c"Stats",
            Body::Answer(answer) => answer.name(),
            Body::Nothing => c"(NONE)",
        }
    };
    guard(|| rkev.map_or(c"(NONE)", name).as_ptr())
}

/// Frees an event with everything it tells. A rebalance that was not answered by changing the assignment is done. Does
/// nothing for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_event_destroy(rkev: Option<Box<Event>>) {
    guard(|| drop(rkev));
}

/// The next message of a `TL_EVENT_DR` or `TL_EVENT_FETCH`; NULL behind the last one. It belongs to the event.
#[unsafe(no_mangle)]
pub extern "C" fn tl_event_message_next(rkev: Option<&mut Event>) -> *const Message<'static> {
    guard(|| {
        let Some(event) = rkev else { return std::ptr::null() };
        let next = event.next;
        event.next += 1;
        event.messages().get(next).map_or(std::ptr::null(), std::ptr::from_ref)
    })
}

/// Puts up to `size` messages of the event into `rkmessages` and returns how many: those that ::tl_event_message_next has
/// not told. They belong to the event.
#[unsafe(no_mangle)]
pub extern "C" fn tl_event_message_array(
    rkev: Option<&mut Event>,
    rkmessages: *mut *const Message<'static>,
    size: usize,
) -> usize {
    guard(|| {
        let (Some(event), Ok(into)) = (rkev, boundary::items_mut(rkmessages, size, "rkmessages")) else {
            return 0;
        };
        let rest = event.messages().get(event.next..).unwrap_or_default();
        let count = into.iter_mut().zip(rest).map(|(place, message)| *place = message).count();
        event.next += count;
        count
    })
}

/// How many messages there are in the event.
#[unsafe(no_mangle)]
pub extern "C" fn tl_event_message_count(rkev: Option<&Event>) -> usize {
    guard(|| rkev.map_or(0, |event| event.messages().len()))
}

/// The error of the event; of a rebalance, what it is.
#[unsafe(no_mangle)]
pub extern "C" fn tl_event_error(rkev: Option<&Event>) -> ResponseError {
    guard(|| match rkev {
        Some(Event { body: Body::Rebalance { error, .. }, .. }) => *error,
        Some(event) => event.error.as_ref().into(),
        None => ErrorCode::LocalInvalidArg.into(),
    })
}

/// Why, for people; an empty text without an error.
#[unsafe(no_mangle)]
pub extern "C" fn tl_event_error_string(rkev: Option<&Event>) -> *const c_char {
    guard(|| rkev.map_or(c"".as_ptr(), |event| event.error_text.as_ptr()))
}

/// 1 when the client cannot be used any more, else 0.
#[unsafe(no_mangle)]
pub extern "C" fn tl_event_error_is_fatal(rkev: Option<&Event>) -> c_int {
    let is_fatal = |error: &KafkaError| error.code() == ErrorCode::LocalFatal;
    guard(|| c_int::from(rkev.and_then(|event| event.error.as_ref()).is_some_and(is_fatal)))
}

/// The partitions of a `TL_EVENT_REBALANCE` or `TL_EVENT_OFFSET_COMMIT`. They belong to the event.
#[unsafe(no_mangle)]
pub extern "C" fn tl_event_topic_partition_list(rkev: Option<&mut Event>) -> *mut TopicPartitionList {
    guard(|| match rkev.map(Event::body_mut) {
        Some(Body::Rebalance { list, .. } | Body::OffsetCommit { list, .. }) => list,
        _ => std::ptr::null_mut(),
    })
}

/// The partition that a `TL_EVENT_ERROR` concerns. The caller owns it: ::tl_topic_partition_destroy. NULL for none.
#[unsafe(no_mangle)]
pub extern "C" fn tl_event_topic_partition(rkev: Option<&mut Event>) -> Option<Box<TopicPartition>> {
    guard(|| rkev?.place.take())
}

/// Of an answer: the pointer of ::tl_AdminOptions_set_opaque.
#[unsafe(no_mangle)]
pub extern "C" fn tl_event_opaque(rkev: Option<&Event>) -> *mut c_void {
    guard(|| rkev.map_or(std::ptr::null_mut(), |event| event.opaque.pointer()))
}

/// The JSON of a `TL_EVENT_STATS`.
#[unsafe(no_mangle)]
pub extern "C" fn tl_event_stats(rkev: Option<&Event>) -> *const c_char {
    guard(|| match rkev.map(Event::body) {
        Some(Body::Stats(json)) => json.as_ptr(),
        _ => std::ptr::null(),
    })
}

/// The line of a `TL_EVENT_LOG`: what it is about, the line, and syslog's level. 0, or -1 for other events.
#[unsafe(no_mangle)]
pub extern "C" fn tl_event_log(
    rkev: Option<&Event>,
    fac: Option<&mut MaybeUninit<*const c_char>>,
    str: Option<&mut MaybeUninit<*const c_char>>,
    level: Option<&mut MaybeUninit<c_int>>,
) -> c_int {
    guard(|| {
        let Some(event) = rkev else { return -1 };
        let Body::Log(line) = &event.body else { return -1 };
        fac.map(|fac| fac.write(event.texts[0].as_ptr()));
        str.map(|text| text.write(event.texts[1].as_ptr()));
        level.map(|level| level.write(c_int::try_from(line.level).unwrap_or(c_int::MAX)));
        0
    })
}
