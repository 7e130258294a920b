//! The simple consumer: partitions that the application starts and stops one by one, by topic, without a group.

use std::ffi::{c_int, c_void};
use std::sync::Arc;
use std::time::Instant;

use tidelog::client::{KafkaError, OffsetSpec, TopicPartitionOffset};
use tidelog::error_code::ErrorCode;
use tidelog::types::PartitionIndex;

use crate::boundary;
use crate::callbacks::{ConsumeCallback, Opaque};
use crate::error::{of_call, set_last_error};
use crate::event_queue::EventQueue;
use crate::guard::{guard, or_none};
use crate::handles::Held;
use crate::message::Message;
use crate::queue::{Queue, queue_of, queues};
use crate::timeout::deadline;
use crate::topic::{Topic, topics};
use crate::yielding;

/// Most messages that a callback is called with in one call: librdkafka has no more waiting by default
/// (`queued.min.messages`).
const CALLS_MAX: usize = 100_000;

/// A partition that somebody asks for by its topic.
fn partition_of(rkt: *mut Topic, partition: i32) -> Result<(Held<Topic>, PartitionIndex), KafkaError> {
    let topic = topics().get(rkt)?;
    topic.client.check_alive()?;
    topic.client.consumer()?;
    if partition < 0 {
        return Err(ErrorCode::LocalUnknownPartition.into());
    }
    Ok((topic, PartitionIndex(partition)))
}

/// The queue of a partition that has been started.
fn started(rkt: *mut Topic, partition: i32) -> Result<Arc<EventQueue>, KafkaError> {
    let (topic, partition) = partition_of(rkt, partition)?;
    queue_of_started(&topic, partition)
}

fn queue_of_started(topic: &Topic, partition: PartitionIndex) -> Result<Arc<EventQueue>, KafkaError> {
    let queue = topic.client.known_partition_queue(topic.name(), partition);
    queue.ok_or_else(|| {
        let reason = format!("{} [{partition}] has not been started", topic.name());
        KafkaError::with_reason(ErrorCode::LocalUnknownPartition, reason)
    })
}

fn start(
    rkt: *mut Topic,
    partition: i32,
    offset: i64,
    into: Option<&Arc<EventQueue>>,
) -> Result<(), KafkaError> {
    let (topic, partition) = partition_of(rkt, partition)?;
    let consumer = topic.client.consumer()?;
    if !consumer.subscription().map_err(of_call)?.is_empty() {
        let reason = "the consumer has subscribed to topics: its group says which partitions it has";
        return Err(KafkaError::with_reason(ErrorCode::LocalInvalidArg, reason));
    }
    let offset = OffsetSpec::from_number(offset).ok_or(ErrorCode::LocalInvalidArg)?;
    if offset == OffsetSpec::Invalid {
        let reason = "`offset` is TL_OFFSET_INVALID: expected a number from 0, or where to start";
        return Err(KafkaError::with_reason(ErrorCode::LocalInvalidArg, reason));
    }
    if offset == OffsetSpec::Stored && consumer.config().group_id.is_none() {
        let reason =
            "`offset` is TL_OFFSET_STORED, but the consumer has no `group.id` to store offsets under";
        return Err(KafkaError::with_reason(ErrorCode::LocalInvalidArg, reason));
    }
    let wanted = [TopicPartitionOffset::new(topic.name().into(), partition, offset)];
    topic.client.partition_queue(topic.name(), partition).forward(into)?;
    // Fails for one that has not been started.
    drop(consumer.incremental_unassign(&wanted));
    consumer.incremental_assign(&wanted).map_err(of_call)
}

fn stop(rkt: *mut Topic, partition: i32) -> Result<(), KafkaError> {
    let (topic, partition) = partition_of(rkt, partition)?;
    queue_of_started(&topic, partition)?;
    let given_up = [TopicPartitionOffset::new(topic.name().into(), partition, OffsetSpec::Invalid)];
    let outcome = topic.client.consumer()?.incremental_unassign(&given_up);
    topic.client.end_partition_queue(topic.name(), partition);
    outcome.map_err(of_call)
}

fn status(outcome: Result<(), KafkaError>) -> c_int {
    or_none(outcome).map_or(-1, |()| 0)
}

/// Reads a partition of a consumer's topic from `offset` on (`TL_OFFSET_BEGINNING`, `TL_OFFSET_END`, `TL_OFFSET_STORED`,
/// `TL_OFFSET_TAIL(n)` or a number), also when it is read already. Its messages come from ::tl_consume, ::tl_consume_batch
/// and ::tl_consume_callback, and not from ::tl_consumer_poll, which has to be called for everything else there is to say.
/// `auto.offset.reset` is the consumer's, whatever the topic's own settings say. 0, or -1 on failure (::tl_last_error):
/// `_INVALID_ARG` for a consumer that has subscribed, and for `TL_OFFSET_STORED` without `group.id`, `_UNKNOWN_PARTITION`
/// for a negative partition.
#[unsafe(no_mangle)]
pub extern "C" fn tl_consume_start(rkt: *mut Topic, partition: i32, offset: i64) -> c_int {
    guard(|| status(start(rkt, partition, offset, None)))
}

/// As ::tl_consume_start, with messages that come from `rkqu`, which may be that of many partitions: ::tl_consume_queue.
#[unsafe(no_mangle)]
pub extern "C" fn tl_consume_start_queue(
    rkt: *mut Topic,
    partition: i32,
    offset: i64,
    rkqu: *mut Queue,
) -> c_int {
    guard(|| status(queues().get(rkqu).and_then(|queue| start(rkt, partition, offset, Some(&queue.events)))))
}

/// Reads a partition no more. With `enable.auto.commit`, what was stored of it is committed. 0, or -1 on failure
/// (::tl_last_error): `_UNKNOWN_PARTITION` when it has not been started.
#[unsafe(no_mangle)]
pub extern "C" fn tl_consume_stop(rkt: *mut Topic, partition: i32) -> c_int {
    guard(|| status(stop(rkt, partition)))
}

/// The next message of a queue, or what there is to say in its place; none is a timeout.
fn one(queue: &Arc<EventQueue>, timeout_ms: c_int) -> Option<Box<Message<'static>>> {
    let message = queue.poll_message(deadline(timeout_ms));
    if message.is_none() {
        set_last_error(ErrorCode::LocalTimedOut.into());
    }
    message.map(Box::new)
}

fn many(
    queue: &Arc<EventQueue>,
    timeout_ms: c_int,
    rkmessages: *mut *mut Message<'static>,
    size: usize,
) -> Result<isize, KafkaError> {
    let into = boundary::items_mut(rkmessages, size, "rkmessages")?;
    Ok(isize::try_from(queue.consume(deadline(timeout_ms), into)).unwrap_or(isize::MAX))
}

/// Calls `callback` with what there is, once the first has come.
fn call_with(queue: &Arc<EventQueue>, timeout_ms: c_int, callback: ConsumeCallback, opaque: Opaque) -> c_int {
    let Some(callback) = callback else {
        set_last_error(ErrorCode::LocalInvalidArg.into());
        return -1;
    };
    let (mut until, mut count) = (deadline(timeout_ms), 0);
    while count < CALLS_MAX
        && let Some(message) = queue.poll_message(until)
    {
        let flow = yielding::call(|| callback(&message, opaque.pointer()));
        count += 1;
        if flow.is_break() {
            break;
        }
        until = Some(Instant::now());
    }
    c_int::try_from(count).unwrap_or(c_int::MAX)
}

/// The next message of a partition of ::tl_consume_start, or what there is to say in its place (::tl_message_err); waits at
/// most `timeout_ms` for it (negative: without end). NULL when there is none, or on failure (::tl_last_error: `_TIMED_OUT`,
/// `_UNKNOWN_PARTITION` when it has not been started). The caller owns it: ::tl_message_destroy.
#[unsafe(no_mangle)]
pub extern "C" fn tl_consume(
    rkt: *mut Topic,
    partition: i32,
    timeout_ms: c_int,
) -> Option<Box<Message<'static>>> {
    guard(|| or_none(started(rkt, partition)).and_then(|queue| one(&queue, timeout_ms)))
}

/// The next `rkmessages_size` messages of a partition of ::tl_consume_start, put into `rkmessages`; fewer when `timeout_ms`
/// ends first. Returns how many, -1 on failure (::tl_last_error). The caller owns them: ::tl_message_destroy.
#[unsafe(no_mangle)]
pub extern "C" fn tl_consume_batch(
    rkt: *mut Topic,
    partition: i32,
    timeout_ms: c_int,
    rkmessages: *mut *mut Message<'static>,
    rkmessages_size: usize,
) -> isize {
    guard(|| {
        let queue = started(rkt, partition);
        or_none(queue.and_then(|queue| many(&queue, timeout_ms, rkmessages, rkmessages_size))).unwrap_or(-1)
    })
}

/// Calls `consume_cb` with each message of a partition of ::tl_consume_start that is there, and with what there is to say
/// in its place; waits at most `timeout_ms` for the first (negative: without end). Returns how many there were, 100,000 at
/// most, -1 on failure (::tl_last_error). `opaque` is given to the callback.
#[unsafe(no_mangle)]
pub extern "C" fn tl_consume_callback(
    rkt: *mut Topic,
    partition: i32,
    timeout_ms: c_int,
    consume_cb: ConsumeCallback,
    opaque: *mut c_void,
) -> c_int {
    guard(|| {
        let queue = or_none(started(rkt, partition));
        queue.map_or(-1, |queue| call_with(&queue, timeout_ms, consume_cb, Opaque::new(opaque)))
    })
}

/// As ::tl_consume, from a queue.
#[unsafe(no_mangle)]
pub extern "C" fn tl_consume_queue(rkqu: *mut Queue, timeout_ms: c_int) -> Option<Box<Message<'static>>> {
    guard(|| queue_of(rkqu).and_then(|queue| one(&queue.events, timeout_ms)))
}

/// The next `rkmessages_size` messages of a queue, and what consumers have to say in their place, put into `rkmessages`;
/// fewer when `timeout_ms` ends first. Returns how many, -1 on failure (::tl_last_error). The caller owns them:
/// ::tl_message_destroy. Other events of the queue are left out.
#[unsafe(no_mangle)]
pub extern "C" fn tl_consume_batch_queue(
    rkqu: *mut Queue,
    timeout_ms: c_int,
    rkmessages: *mut *mut Message<'static>,
    rkmessages_size: usize,
) -> isize {
    guard(|| {
        let queue = queues().get(rkqu);
        let consumed = queue.and_then(|queue| many(&queue.events, timeout_ms, rkmessages, rkmessages_size));
        or_none(consumed).unwrap_or(-1)
    })
}

/// As ::tl_consume_callback, from a queue.
#[unsafe(no_mangle)]
pub extern "C" fn tl_consume_callback_queue(
    rkqu: *mut Queue,
    timeout_ms: c_int,
    consume_cb: ConsumeCallback,
    opaque: *mut c_void,
) -> c_int {
    guard(|| {
        queue_of(rkqu)
            .map_or(-1, |queue| call_with(&queue.events, timeout_ms, consume_cb, Opaque::new(opaque)))
    })
}
