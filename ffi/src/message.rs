//! [`Message`]: a message as C sees it: consumed, or in a delivery report. Also what a consumer has to say: an error in
//! place of a message.

use std::borrow::Cow;
use std::ffi::{CString, c_char, c_int, c_void};
use std::mem::MaybeUninit;
use std::sync::{Arc, OnceLock};

use tidelog::client::consumer::{ConsumerError, Event};
use tidelog::client::{
    Delivery, DeliveryReport, KafkaError, Message as Record, OffsetSpec, TopicPartitionOffset,
};
use tidelog::record::TimestampType;
use tidelog::types::LeaderEpoch;

use crate::callbacks::Opaque;
use crate::error::ResponseError;
use crate::guard::guard;
use crate::headers::Headers;
use crate::text::c_text;
use tidelog::error_code::ErrorCode;

/// A message, or what a consumer has to say in its place (::tl_message_err).
///
/// One that a call returns belongs to the caller: ::tl_message_destroy. One that a callback or an event shows belongs to
/// the library. Key and value point into the engine's own memory and live as long as the message. NULL in place of a
/// message gives NULL, -1 or `TL_RESP_ERR__INVALID_ARG`.
pub struct Message<'a> {
    record: Cow<'a, Record>,
    error: Option<KafkaError>,
    opaque: Opaque,
    /// The broker that has it, or had it; -1 when there is none.
    broker: i32,
    /// Of a delivery report.
    latency_us: i64,
    status: MessageStatus,
    topic: OnceLock<CString>,
    text: OnceLock<CString>,
    headers: OnceLock<Option<Headers>>,
}

/// Whether a message is in the log: one of `TL_MSG_STATUS_...`.
pub type MessageStatus = c_int;
/// It is not.
pub const TL_MSG_STATUS_NOT_PERSISTED: MessageStatus = 0;
/// Nobody knows.
pub const TL_MSG_STATUS_POSSIBLY_PERSISTED: MessageStatus = 1;
/// It is.
pub const TL_MSG_STATUS_PERSISTED: MessageStatus = 2;

/// What a timestamp means: one of `TL_TIMESTAMP_...`.
pub type TimestampKind = c_int;
/// There is none.
pub const TL_TIMESTAMP_NOT_AVAILABLE: TimestampKind = 0;
/// When the message was made.
pub const TL_TIMESTAMP_CREATE_TIME: TimestampKind = 1;
/// When the log took it.
pub const TL_TIMESTAMP_LOG_APPEND_TIME: TimestampKind = 2;

pub(crate) fn timestamp_kind(kind: TimestampType) -> TimestampKind {
    match kind {
        TimestampType::CreateTime => TL_TIMESTAMP_CREATE_TIME,
        TimestampType::LogAppendTime => TL_TIMESTAMP_LOG_APPEND_TIME,
    }
}

impl<'a> Message<'a> {
    fn new(record: Cow<'a, Record>, error: Option<KafkaError>) -> Message<'a> {
        Message {
            record,
            error,
            opaque: Opaque::default(),
            broker: -1,
            latency_us: -1,
            status: TL_MSG_STATUS_PERSISTED,
            topic: OnceLock::new(),
            text: OnceLock::new(),
            headers: OnceLock::new(),
        }
    }

    /// What a consumer of `broker` hands out.
    pub(crate) fn consumed(event: Event, broker: i32) -> Message<'static> {
        match event {
            Event::Message(record) => Message { broker, ..Message::new(Cow::Owned(record), None) },
            Event::Error(error) => Message::failed(*error),
        }
    }

    /// What a consumer has to say.
    pub(crate) fn failed(error: ConsumerError) -> Message<'static> {
        let ConsumerError { error, topic, partition, offset } = error;
        let partition = partition.unwrap_or(TopicPartitionOffset::UNASSIGNED);
        let topic = topic.unwrap_or_else(|| Arc::from(""));
        let record = Record::without_content(topic, partition).at_offset(offset);
        Message { status: TL_MSG_STATUS_NOT_PERSISTED, ..Message::new(Cow::Owned(record), Some(error)) }
    }

    /// A delivery report of a producer of `broker`.
    #[inline]
    pub(crate) fn delivered(report: &'a DeliveryReport, delivery: &Delivery, broker: i32) -> Message<'a> {
        let status = match report.error.as_ref().map(KafkaError::code) {
            None => TL_MSG_STATUS_PERSISTED,
            // It may have been on its way to the disk.
            Some(ErrorCode::LocalMsgTimedOut | ErrorCode::LocalPurgeInflight) => {
                TL_MSG_STATUS_POSSIBLY_PERSISTED
            }
            Some(_) => TL_MSG_STATUS_NOT_PERSISTED,
        };
        let opaque = match delivery {
            Delivery::Opaque(number) => Opaque::from_number(*number),
            Delivery::Silent | Delivery::Callback(_) => Opaque::default(),
        };
        let latency_us = i64::try_from(report.latency.as_micros()).unwrap_or(i64::MAX);
        let broker = if status == TL_MSG_STATUS_PERSISTED { broker } else { -1 };
        let message = Message::new(Cow::Borrowed(&report.message), report.error.clone());
        Message { opaque, broker, latency_us, status, ..message }
    }

    /// The message for itself: one that a report showed is kept.
    pub(crate) fn into_owned(self) -> Message<'static> {
        let record = Cow::Owned(self.record.into_owned());
        Message { record, ..self }
    }

    /// The message in the engine's form.
    pub(crate) fn record(&self) -> &Record {
        &self.record
    }

    pub(crate) fn error(&self) -> Option<&KafkaError> {
        self.error.as_ref()
    }

    /// Where an error belongs to; `None` when it concerns no topic.
    pub(crate) fn place(&self) -> Option<TopicPartitionOffset> {
        let topic = Some(self.record.topic()).filter(|topic| !topic.is_empty())?;
        let offset = self.record.offset().map_or(OffsetSpec::Invalid, OffsetSpec::At);
        Some(TopicPartitionOffset::new(topic.into(), self.record.partition(), offset))
    }

    fn error_text(&self) -> Option<&CString> {
        let error = self.error.as_ref()?;
        Some(self.text.get_or_init(|| c_text(error.reason())))
    }
}

/// Tells bytes: their place, and their size through `size`.
fn tell(bytes: Option<&[u8]>, size: Option<&mut MaybeUninit<usize>>) -> *const c_void {
    if let Some(size) = size {
        size.write(bytes.map_or(0, <[u8]>::len));
    }
    bytes.map_or(std::ptr::null(), |bytes| bytes.as_ptr().cast())
}

/// What went wrong; 0 for a message. `TL_RESP_ERR__PARTITION_EOF` says that a partition has no more for now.
#[unsafe(no_mangle)]
pub extern "C" fn tl_message_err(message: Option<&Message<'_>>) -> ResponseError {
    guard(|| match message {
        Some(message) => message.error.as_ref().into(),
        None => ErrorCode::LocalInvalidArg.into(),
    })
}

/// Why, for people; NULL for a message. Lives as long as the message.
#[unsafe(no_mangle)]
pub extern "C" fn tl_message_errstr(message: Option<&Message<'_>>) -> *const c_char {
    guard(|| message.and_then(Message::error_text).map_or(std::ptr::null(), |text| text.as_ptr()))
}

/// Name of its topic; empty for an error that concerns none. Lives as long as the message.
#[unsafe(no_mangle)]
pub extern "C" fn tl_message_topic_name(message: Option<&Message<'_>>) -> *const c_char {
    guard(|| {
        let name = message.map(|message| message.topic.get_or_init(|| c_text(message.record.topic())));
        name.map_or(std::ptr::null(), |name| name.as_ptr())
    })
}

/// Number of its partition; `TL_PARTITION_UA` (-1) when none was chosen, or an error concerns none.
#[unsafe(no_mangle)]
pub extern "C" fn tl_message_partition(message: Option<&Message<'_>>) -> i32 {
    guard(|| message.map_or(-1, |message| message.record.partition().0))
}

/// Its offset; `TL_OFFSET_INVALID` when it has none.
#[unsafe(no_mangle)]
pub extern "C" fn tl_message_offset(message: Option<&Message<'_>>) -> i64 {
    guard(|| {
        let offset = message.and_then(|message| message.record.offset());
        offset.map_or(OffsetSpec::Invalid.number(), |offset| offset.0)
    })
}

/// Its value, and how long that is; NULL with 0 for null. Of an error, the text of ::tl_message_errstr.
#[unsafe(no_mangle)]
pub extern "C" fn tl_message_payload(
    message: Option<&Message<'_>>,
    len: Option<&mut MaybeUninit<usize>>,
) -> *const c_void {
    guard(|| {
        let value = message.and_then(|message| match &message.error {
            // Not a report, which shows what was to be delivered.
            Some(_) if message.latency_us < 0 => message.error_text().map(|text| text.as_bytes()),
            _ => message.record.value(),
        });
        tell(value, len)
    })
}

/// Its key, and how long that is; NULL with 0 for null.
#[unsafe(no_mangle)]
pub extern "C" fn tl_message_key(
    message: Option<&Message<'_>>,
    len: Option<&mut MaybeUninit<usize>>,
) -> *const c_void {
    guard(|| tell(message.and_then(|message| message.record.key()), len))
}

/// Its timestamp in milliseconds since the epoch, and what it means; -1 when there is none.
#[unsafe(no_mangle)]
pub extern "C" fn tl_message_timestamp(
    message: Option<&Message<'_>>,
    tstype: Option<&mut MaybeUninit<TimestampKind>>,
) -> i64 {
    guard(|| {
        let record = message.map(|message| &message.record);
        let timestamp = record.map_or(-1, |record| record.timestamp().0);
        if let Some(kind) = tstype {
            let known = record.filter(|_| timestamp != -1);
            kind.write(
                known.map_or(TL_TIMESTAMP_NOT_AVAILABLE, |record| timestamp_kind(record.timestamp_type())),
            );
        }
        timestamp
    })
}

/// Its headers, which live as long as the message. `TL_RESP_ERR__NOENT` when it has none.
#[unsafe(no_mangle)]
pub extern "C" fn tl_message_headers(
    message: Option<&Message<'_>>,
    hdrsp: Option<&mut MaybeUninit<*const Headers>>,
) -> ResponseError {
    guard(|| {
        let (Some(message), Some(headers)) = (message, hdrsp) else {
            return ErrorCode::LocalInvalidArg.into();
        };
        match message.headers.get_or_init(|| Headers::of(&message.record)) {
            Some(of_message) => {
                headers.write(std::ptr::from_ref(of_message));
                ResponseError::NONE
            }
            None => ErrorCode::LocalNoent.into(),
        }
    })
}

/// As ::tl_message_headers, and the headers become the caller's (::tl_headers_destroy): the message has none any more.
#[unsafe(no_mangle)]
pub extern "C" fn tl_message_detach_headers(
    message: Option<&mut Message<'_>>,
    hdrsp: Option<&mut MaybeUninit<*mut Headers>>,
) -> ResponseError {
    guard(|| {
        let (Some(message), Some(headers)) = (message, hdrsp) else {
            return ErrorCode::LocalInvalidArg.into();
        };
        message.headers.get_or_init(|| Headers::of(&message.record));
        // Looked at already, so that the record is not asked again.
        match message.headers.get_mut().and_then(Option::take) {
            Some(of_message) => {
                headers.write(Box::into_raw(Box::new(of_message)));
                ResponseError::NONE
            }
            None => ErrorCode::LocalNoent.into(),
        }
    })
}

/// Gives it these headers, in place of those it has: `hdrs` belongs to it from now on. NULL takes them from it.
#[unsafe(no_mangle)]
pub extern "C" fn tl_message_set_headers(message: Option<&mut Message<'_>>, hdrs: Option<Box<Headers>>) {
    guard(|| {
        if let Some(message) = message {
            message.headers = OnceLock::from(hdrs.map(|headers| *headers));
        }
    });
}

/// The broker that it was consumed from, or that has acknowledged it: `node.id` of the engine. -1 when there is none.
#[unsafe(no_mangle)]
pub extern "C" fn tl_message_broker_id(message: Option<&Message<'_>>) -> i32 {
    guard(|| message.map_or(-1, |message| message.broker))
}

/// Of a delivery report: why the message was not delivered, for people; NULL when it was, and elsewhere. Lives as long as
/// the message.
#[unsafe(no_mangle)]
pub extern "C" fn tl_message_produce_errstr(message: Option<&Message<'_>>) -> *const c_char {
    let report = message.filter(|message| message.latency_us >= 0);
    guard(|| report.and_then(Message::error_text).map_or(std::ptr::null(), |text| text.as_ptr()))
}

/// What the application gave ::tl_produce for the delivery report; NULL elsewhere.
#[unsafe(no_mangle)]
pub extern "C" fn tl_message_opaque(message: Option<&Message<'_>>) -> *mut c_void {
    guard(|| message.map_or(std::ptr::null_mut(), |message| message.opaque.pointer()))
}

/// Of a delivery report: whether it is in the log, `TL_MSG_STATUS_...`.
#[unsafe(no_mangle)]
pub extern "C" fn tl_message_status(message: Option<&Message<'_>>) -> MessageStatus {
    guard(|| message.map_or(TL_MSG_STATUS_NOT_PERSISTED, |message| message.status))
}

/// Of a delivery report: microseconds from producing to the acknowledgement; -1 elsewhere.
#[unsafe(no_mangle)]
pub extern "C" fn tl_message_latency(message: Option<&Message<'_>>) -> i64 {
    guard(|| message.map_or(-1, |message| message.latency_us))
}

/// Epoch of the leader that appended it; -1 when it has none.
#[unsafe(no_mangle)]
pub extern "C" fn tl_message_leader_epoch(message: Option<&Message<'_>>) -> i32 {
    guard(|| {
        let consumed = message.filter(|message| message.error.is_none());
        consumed.map_or(-1, |message| {
            let LeaderEpoch(epoch) = message.record.leader_epoch();
            epoch
        })
    })
}

/// Frees a message that a call returned. Does nothing for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_message_destroy(message: Option<Box<Message<'static>>>) {
    guard(|| drop(message));
}
