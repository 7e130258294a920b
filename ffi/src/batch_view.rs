//! [`BatchView`]: a whole record batch, read where it lies.

use std::ffi::{CString, c_char, c_int, c_void};
use std::mem::MaybeUninit;

use tidelog::client::BatchMessages;
use tidelog::client::consumer::{Event as Polled, FetchedBatch};
use tidelog::error_code::ErrorCode;
use tidelog::record::Headers as EncodedHeaders;

use crate::boundary;
use crate::client::{Client, client_of};
use crate::error::{ResponseError, of_call, set_last_error};
use crate::guard::guard;
use crate::headers::Headers;
use crate::message::{Message, TimestampKind, timestamp_kind, tl_message_err, tl_message_errstr};
use crate::text::c_text;
use crate::timeout::timeout;

/// A batch of records as it lies in the engine's memory, or what the consumer has to say in its place
/// (::tl_batch_view_err). The caller owns it: ::tl_batch_view_destroy. NULL in its place gives NULL, 0 or -1.
pub struct BatchView {
    content: Content,
    topic: CString,
}

enum Content {
    Batch { messages: BatchMessages, next_offset: i64, timestamp_kind: TimestampKind, leader_epoch: i32 },
    Said(Box<Message<'static>>),
}

/// A record of a batch. Its pointers lead into the batch and are good until ::tl_batch_view_destroy.
#[repr(C)]
pub struct RecordView {
    /// Its offset.
    pub offset: i64,
    /// Milliseconds since the epoch; ::tl_batch_view_timestamp_type says what they mean.
    pub timestamp: i64,
    /// Key; NULL for null.
    pub key: *const c_void,
    /// Bytes of the key.
    pub key_len: usize,
    /// Value; NULL for null.
    pub payload: *const c_void,
    /// Bytes of the value.
    pub len: usize,
    /// Encoded headers: ::tl_record_headers.
    pub headers: *const c_void,
    /// Bytes of the encoded headers.
    pub headers_size: usize,
    /// How many headers there are.
    pub headers_cnt: usize,
}

/// Takes the next batch of what the consumer reads, or what is left of one; waits at most `timeout_ms` for it (negative:
/// without end). The position moves behind the batch. Calls callbacks, as ::tl_consumer_poll does. NULL when there is
/// none, or on failure (::tl_last_error).
#[unsafe(no_mangle)]
pub extern "C" fn tl_consume_batch_view(rk: *mut Client, timeout_ms: c_int) -> Option<Box<BatchView>> {
    guard(|| {
        let client = client_of(rk)?;
        let polled =
            client.consumer().and_then(|consumer| consumer.next_batch(timeout(timeout_ms)).map_err(of_call));
        match polled {
            Ok(None) => None,
            Ok(Some(Polled::Message(batch))) => Some(Box::new(BatchView::of(batch))),
            Ok(Some(Polled::Error(error))) => Some(Box::new(BatchView::said(Message::failed(*error)))),
            Err(error) => {
                set_last_error((&error).into());
                None
            }
        }
    })
}

impl BatchView {
    fn of(batch: FetchedBatch) -> BatchView {
        let topic = c_text(batch.topic());
        let content = Content::Batch {
            next_offset: batch.next_offset().0,
            timestamp_kind: timestamp_kind(batch.timestamp_type()),
            leader_epoch: batch.leader_epoch().0,
            messages: batch.into_messages(),
        };
        BatchView { content, topic }
    }

    fn said(message: Message<'static>) -> BatchView {
        let topic = message.place().map(|place| c_text(&place.topic)).unwrap_or_default();
        BatchView { content: Content::Said(Box::new(message)), topic }
    }

    fn message(&self) -> Option<&Message<'_>> {
        match &self.content {
            Content::Said(message) => Some(message),
            Content::Batch { .. } => None,
        }
    }
}

/// What the consumer has to say in place of a batch; 0 for a batch.
#[unsafe(no_mangle)]
pub extern "C" fn tl_batch_view_err(view: Option<&BatchView>) -> ResponseError {
    guard(|| match view {
        Some(BatchView { content: Content::Batch { .. }, .. }) => ResponseError::NONE,
        view => tl_message_err(view.and_then(BatchView::message)),
    })
}

/// Why, for people; NULL for a batch.
#[unsafe(no_mangle)]
pub extern "C" fn tl_batch_view_errstr(view: Option<&BatchView>) -> *const c_char {
    guard(|| tl_message_errstr(view.and_then(BatchView::message)))
}

/// Name of the topic.
#[unsafe(no_mangle)]
pub extern "C" fn tl_batch_view_topic_name(view: Option<&BatchView>) -> *const c_char {
    guard(|| view.map_or(std::ptr::null(), |view| view.topic.as_ptr()))
}

/// Number of the partition.
#[unsafe(no_mangle)]
pub extern "C" fn tl_batch_view_partition(view: Option<&BatchView>) -> i32 {
    guard(|| match view.map(|view| &view.content) {
        Some(Content::Batch { messages, .. }) => messages.partition_index().0,
        Some(Content::Said(message)) => message.record().partition().0,
        None => -1,
    })
}

/// Offset behind the batch; `TL_OFFSET_INVALID` where there is none.
#[unsafe(no_mangle)]
pub extern "C" fn tl_batch_view_next_offset(view: Option<&BatchView>) -> i64 {
    guard(|| match view.map(|view| &view.content) {
        Some(Content::Batch { next_offset, .. }) => *next_offset,
        _ => crate::topic_partition::TL_OFFSET_INVALID,
    })
}

/// What the timestamps of the records mean.
#[unsafe(no_mangle)]
pub extern "C" fn tl_batch_view_timestamp_type(view: Option<&BatchView>) -> TimestampKind {
    guard(|| match view.map(|view| &view.content) {
        Some(Content::Batch { timestamp_kind, .. }) => *timestamp_kind,
        _ => crate::message::TL_TIMESTAMP_NOT_AVAILABLE,
    })
}

/// Epoch of the leader that appended the batch; -1 where there is none.
#[unsafe(no_mangle)]
pub extern "C" fn tl_batch_view_leader_epoch(view: Option<&BatchView>) -> i32 {
    guard(|| match view.map(|view| &view.content) {
        Some(Content::Batch { leader_epoch, .. }) => *leader_epoch,
        _ => -1,
    })
}

/// Puts the next records, `cnt` at most, into `records` and returns how many: 0 behind the last one, -1 on failure
/// (::tl_last_error). Copies neither keys nor values.
#[unsafe(no_mangle)]
pub extern "C" fn tl_batch_view_read(
    view: Option<&mut BatchView>,
    records: *mut RecordView,
    cnt: usize,
) -> isize {
    guard(|| {
        let into = boundary::items_mut(records.cast::<MaybeUninit<RecordView>>(), cnt, "records");
        let (Some(view), Ok(into)) = (view, into) else {
            set_last_error(ErrorCode::LocalInvalidArg.into());
            return -1;
        };
        let Content::Batch { messages, .. } = &mut view.content else { return 0 };
        let mut places = into.iter_mut();
        let (count, _, outcome) = messages.give(cnt, |message| {
            if let Some(place) = places.next() {
                place.write(RecordView::of(message.record()));
            }
        });
        if count == 0 && outcome.is_err() {
            set_last_error(ErrorCode::CorruptMessage.into());
            return -1;
        }
        isize::try_from(count).unwrap_or(isize::MAX)
    })
}

impl RecordView {
    #[inline(always)]
    fn of(record: &tidelog::record::Record<'_>) -> RecordView {
        let place = |bytes: Option<&[u8]>| match bytes {
            Some(bytes) => (bytes.as_ptr().cast::<c_void>(), bytes.len()),
            None => (std::ptr::null(), 0),
        };
        let ((key, key_len), (payload, len)) = (place(record.key), place(record.value));
        let (encoded, headers_cnt) = record.headers.encoded();
        RecordView {
            offset: record.offset.0,
            timestamp: record.timestamp.0,
            key,
            key_len,
            payload,
            len,
            headers: encoded.as_ptr().cast(),
            headers_size: encoded.len(),
            headers_cnt,
        }
    }
}

/// The headers of a record of a batch that has not been destroyed, as a list that the caller owns: ::tl_headers_destroy.
/// NULL when it has none.
#[unsafe(no_mangle)]
pub extern "C" fn tl_record_headers(record: Option<&RecordView>) -> Option<Box<Headers>> {
    guard(|| {
        let record = record.filter(|record| record.headers_cnt > 0)?;
        let encoded = boundary::bytes(record.headers, record.headers_size, "headers").ok().flatten()?;
        Some(Box::new(Headers::from(EncodedHeaders::from_encoded(encoded, record.headers_cnt))))
    })
}

/// Frees a batch. Does nothing for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_batch_view_destroy(view: Option<Box<BatchView>>) {
    guard(|| drop(view));
}
