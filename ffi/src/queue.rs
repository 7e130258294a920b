//! [`Queue`]: the application's handle of an event queue.

use std::ffi::{c_char, c_int, c_void};
use std::sync::Arc;

use tidelog::client::KafkaError;
use tidelog::error_code::ErrorCode;
use tidelog::types::PartitionIndex;

use crate::boundary;
use crate::callbacks::{Opaque, QueueCallback};
use crate::client::{Client, clients};
use crate::error::ResponseError;
use crate::event::{Body, Event};
use crate::event_queue::{EventQueue, Source, Wake};
use crate::guard::{guard, or_none, or_null};
use crate::handles::{Held, Kind, Table};
use crate::timeout::deadline;

/// A queue of events.
///
/// A handle: one that is NULL or was destroyed gives an error. Threads may share it.
pub struct Queue {
    pub(crate) events: Arc<EventQueue>,
}

static QUEUES: Table<Queue> = Table::new(Kind { name: "queue", number: 5 });

pub(crate) fn queues() -> &'static Table<Queue> {
    &QUEUES
}

fn name(events: &Arc<EventQueue>) -> Result<*mut Queue, KafkaError> {
    QUEUES.insert(|_| Ok(Queue { events: Arc::clone(events) }))
}

pub(crate) fn queue_of(rkqu: *const Queue) -> Option<Held<Queue>> {
    or_none(QUEUES.get(rkqu))
}

/// A queue of the application's own. The caller owns it: ::tl_queue_destroy. NULL for what is no client.
#[unsafe(no_mangle)]
pub extern "C" fn tl_queue_new(rk: *mut Client) -> *mut Queue {
    guard(|| or_null(clients().get(rk).and_then(|_| name(&EventQueue::new(Source::None)))))
}

/// Lets go of a queue. Does nothing for NULL and for what is gone already.
#[unsafe(no_mangle)]
pub extern "C" fn tl_queue_destroy(rkqu: *mut Queue) {
    guard(|| drop(QUEUES.remove(rkqu)));
}

/// What a client has to say: delivery reports, log lines, statistics, errors. The caller owns it: ::tl_queue_destroy.
#[unsafe(no_mangle)]
pub extern "C" fn tl_queue_get_main(rk: *mut Client) -> *mut Queue {
    guard(|| or_null(clients().get(rk).and_then(|client| name(&client.main))))
}

/// A consumer's messages, rebalances and commits. The caller owns it: ::tl_queue_destroy. NULL for a producer.
#[unsafe(no_mangle)]
pub extern "C" fn tl_queue_get_consumer(rk: *mut Client) -> *mut Queue {
    guard(|| {
        or_null(clients().get(rk).and_then(|client| {
            client.consumer()?;
            name(&client.messages)
        }))
    })
}

/// The messages of one partition of a consumer's, and what is told of it. Polling the consumer hands them out until
/// ::tl_queue_forward is called with this queue, with NULL to take them from here, or with where they are to go; from then on
/// it does so no more, whatever is assigned later. Rebalances and all else come from polling the consumer, which has to go
/// on: within `max.poll.interval.ms` in a group. The caller owns it: ::tl_queue_destroy, which leaves the messages here.
/// NULL for a producer, without a topic, or for a negative partition.
#[unsafe(no_mangle)]
pub extern "C" fn tl_queue_get_partition(
    rk: *mut Client,
    topic: *const c_char,
    partition: i32,
) -> *mut Queue {
    guard(|| {
        or_null(clients().get(rk).and_then(|client| {
            client.consumer()?;
            let topic = boundary::required_text(topic, "topic")?;
            if partition < 0 {
                return Err(ErrorCode::LocalUnknownPartition.into());
            }
            name(&client.partition_queue(topic, PartitionIndex(partition)))
        }))
    })
}

/// The queue that ::tl_conf_set_background_event_cb is called with. The caller owns it: ::tl_queue_destroy. NULL when
/// there is none.
#[unsafe(no_mangle)]
pub extern "C" fn tl_queue_get_background(rk: *mut Client) -> *mut Queue {
    guard(|| {
        or_null(clients().get(rk).and_then(|client| {
            let none =
                || KafkaError::with_reason(ErrorCode::LocalNotConfigured, "no background callback is set");
            name(client.background().ok_or_else(none)?)
        }))
    })
}

/// Has what comes into `src` handed out by `dst`; by `src` again with NULL. Takes the partition of a
/// ::tl_queue_get_partition from its consumer. Nothing happens when it would go in a circle.
#[unsafe(no_mangle)]
pub extern "C" fn tl_queue_forward(src: *mut Queue, dst: *mut Queue) {
    guard(|| {
        let Some(src) = queue_of(src) else { return };
        let forwarded = match dst.is_null() {
            true => src.events.forward(None),
            false => QUEUES.get(dst).and_then(|dst| src.events.forward(Some(&dst.events))),
        };
        or_none(forwarded);
    });
}

/// Has log lines come out of `rkqu` as events, in place of the main queue; with NULL the main queue keeps them.
/// `TL_RESP_ERR__NOT_CONFIGURED` without the property `log.queue`. A client has its lines when it is made: call it first
/// thing.
#[unsafe(no_mangle)]
pub extern "C" fn tl_set_log_queue(rk: *mut Client, rkqu: *mut Queue) -> ResponseError {
    guard(|| {
        let forward = || -> Result<(), KafkaError> {
            let client = clients().get(rk)?;
            if !client.queues_lines() {
                let reason = "log lines come into queues with the property log.queue";
                return Err(KafkaError::with_reason(ErrorCode::LocalNotConfigured, reason));
            }
            if !rkqu.is_null() {
                let queue = QUEUES.get(rkqu)?;
                let lines = client.main.take_lines();
                lines.into_iter().for_each(|line| queue.events.add(Event::new(Body::Log(line))));
            }
            Ok(())
        };
        forward().into()
    })
}

/// How many events, or messages in them, wait in it. A consumer's messages are only counted once they are handed out.
#[unsafe(no_mangle)]
pub extern "C" fn tl_queue_length(rkqu: *mut Queue) -> usize {
    guard(|| queue_of(rkqu).map_or(0, |queue| queue.events.len()))
}

/// The next event; waits at most `timeout_ms` for it (negative: without end). NULL when there is none. The caller owns
/// it: ::tl_event_destroy. What is not handed out as an event is told through its callback meanwhile.
#[unsafe(no_mangle)]
pub extern "C" fn tl_queue_poll(rkqu: *mut Queue, timeout_ms: c_int) -> Option<Box<Event>> {
    guard(|| queue_of(rkqu).and_then(|queue| queue.events.poll(deadline(timeout_ms))).map(Box::new))
}

/// Calls the callbacks for what comes into a main queue, or one that main queues are forwarded to: delivery reports,
/// statistics, log lines, a fatal error. Waits at most `timeout_ms` for the first (negative: without end). Returns how many
/// times it has called one. Events and messages stay where they are: ::tl_queue_poll, ::tl_consume_queue.
#[unsafe(no_mangle)]
pub extern "C" fn tl_queue_poll_callback(rkqu: *mut Queue, timeout_ms: c_int) -> c_int {
    guard(|| {
        let served = queue_of(rkqu).map_or(0, |queue| queue.events.serve(deadline(timeout_ms)));
        c_int::try_from(served).unwrap_or(c_int::MAX)
    })
}

/// Has whoever waits for this queue come back with nothing.
#[unsafe(no_mangle)]
pub extern "C" fn tl_queue_yield(rkqu: *mut Queue) {
    guard(|| {
        if let Some(queue) = queue_of(rkqu) {
            queue.events.end_waiting();
        }
    });
}

/// For event loops: has the `size` bytes at `payload` (copied) written to `fd` when something comes into the queue after
/// it was found empty; -1 ends it. The descriptor is duplicated, and should not block.
#[unsafe(no_mangle)]
pub extern "C" fn tl_queue_io_event_enable(rkqu: *mut Queue, fd: c_int, payload: *const c_void, size: usize) {
    guard(|| {
        let Some(queue) = queue_of(rkqu) else { return };
        if fd == -1 {
            return queue.events.set_wake(None);
        }
        let enabled = boundary::bytes(payload, size, "payload").and_then(|payload| {
            let descriptor = boundary::duplicate(fd).map_err(|error| {
                KafkaError::with_reason(ErrorCode::LocalInvalidArg, format!("fd {fd}: {error}"))
            })?;
            Ok(Wake::Write(descriptor, payload.unwrap_or_default().to_vec()))
        });
        if let Some(wake) = or_none(enabled) {
            queue.events.set_wake(Some(wake));
        }
    });
}

/// As ::tl_queue_io_event_enable, with a function that is called; NULL ends it.
#[unsafe(no_mangle)]
pub extern "C" fn tl_queue_cb_event_enable(
    rkqu: *mut Queue,
    event_cb: QueueCallback,
    qev_opaque: *mut c_void,
) {
    guard(|| {
        let Some(queue) = queue_of(rkqu) else { return };
        let client = queue.events.source.client();
        let wake = event_cb.map(|callback| Wake::Call(callback, client, Opaque::new(qev_opaque)));
        queue.events.set_wake(wake);
    });
}
