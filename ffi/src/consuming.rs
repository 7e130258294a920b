//! What a consumer reads and how: the group, the assignment, messages.

use std::ffi::{c_char, c_int};
use std::mem::MaybeUninit;

use tidelog::client::assignor::RebalanceProtocol;
use tidelog::client::consumer::CallError;
use tidelog::client::{KafkaError, OffsetSpec, TopicPartitionOffset};
use tidelog::error_code::ErrorCode;
use tidelog::types::PartitionIndex;

use crate::boundary;
use crate::client::{Client, client_of, clients, on_consumer};
use crate::error::{Error, ResponseError};
use crate::guard::{guard, guard_outcome, or_none};
use crate::message::Message;
use crate::queue::{Queue, queues};
use crate::timeout::{deadline, timeout};
use crate::topic::{Topic, topics};
use crate::topic_partition::{OffsetMeaning, TopicPartitionList};

/// The next message, or what the consumer has to say in its place (::tl_message_err); waits at most `timeout_ms` for it
/// (negative: without end). Calls callbacks. NULL when there is none, or on failure (::tl_last_error). The caller owns it:
/// ::tl_message_destroy.
#[unsafe(no_mangle)]
pub extern "C" fn tl_consumer_poll(rk: *mut Client, timeout_ms: c_int) -> Option<Box<Message<'static>>> {
    guard(|| {
        let client = client_of(rk)?;
        client.serve_lines();
        let message = match client.messages.gathers() {
            true => client.messages.poll_message(deadline(timeout_ms)),
            false => client.poll_messages(timeout(timeout_ms)),
        };
        message.map(Box::new)
    })
}

/// Has ::tl_consumer_poll hand out what ::tl_poll would: it does so in any case. Fails for a producer.
#[unsafe(no_mangle)]
pub extern "C" fn tl_poll_set_consumer(rk: *mut Client) -> ResponseError {
    guard(|| {
        clients()
            .get(rk)
            .and_then(|client| {
                client.consumer()?;
                client.main.forward(Some(&client.messages))
            })
            .into()
    })
}

/// Takes part in the group `group.id` for these topics, which replace those subscribed before: their partitions and
/// offsets do not matter. A topic that starts with `^` is a pattern. The list stays the caller's.
#[unsafe(no_mangle)]
pub extern "C" fn tl_subscribe(rk: *mut Client, topics: Option<&TopicPartitionList>) -> ResponseError {
    guard(|| {
        let topics = topics.map(TopicPartitionList::topics).unwrap_or_default();
        on_consumer(rk, |consumer| consumer.subscribe(&topics)).into()
    })
}

/// Leaves the group.
#[unsafe(no_mangle)]
pub extern "C" fn tl_unsubscribe(rk: *mut Client) -> ResponseError {
    guard(|| on_consumer(rk, |consumer| consumer.unsubscribe()).into())
}

/// Hands a list to the caller, who owns it.
fn hand_out(
    list: Result<TopicPartitionList, KafkaError>,
    into: Option<&mut MaybeUninit<*mut TopicPartitionList>>,
) -> ResponseError {
    let Some(into) = into else { return ErrorCode::LocalInvalidArg.into() };
    match list {
        Ok(list) => {
            into.write(Box::into_raw(Box::new(list)));
            ResponseError::NONE
        }
        Err(error) => {
            into.write(std::ptr::null_mut());
            (&error).into()
        }
    }
}

/// What is subscribed, as a new list, which the caller owns.
#[unsafe(no_mangle)]
pub extern "C" fn tl_subscription(
    rk: *mut Client,
    topics: Option<&mut MaybeUninit<*mut TopicPartitionList>>,
) -> ResponseError {
    guard(|| {
        let subscribed = on_consumer(rk, |consumer| consumer.subscription());
        hand_out(subscribed.map(|subscribed| TopicPartitionList::of_topics(&subscribed)), topics)
    })
}

/// Partitions of a list that may be NULL.
fn read(partitions: Option<&TopicPartitionList>) -> Result<Vec<TopicPartitionOffset>, KafkaError> {
    partitions.map_or_else(|| Ok(Vec::new()), |list| list.read(OffsetMeaning::Place))
}

/// Reads exactly these partitions from now on, each from its offset; NULL for none. The list stays the caller's.
#[unsafe(no_mangle)]
pub extern "C" fn tl_assign(rk: *mut Client, partitions: Option<&TopicPartitionList>) -> ResponseError {
    guard(|| on_consumer(rk, |consumer| consumer.assign(&read(partitions)?)).into())
}

/// Reads these partitions too. NULL on success; the caller owns the error.
#[unsafe(no_mangle)]
pub extern "C" fn tl_incremental_assign(
    rk: *mut Client,
    partitions: Option<&TopicPartitionList>,
) -> Option<Box<Error>> {
    guard_outcome(|| on_consumer(rk, |consumer| consumer.incremental_assign(&read(partitions)?)))
}

/// Reads these partitions no more. NULL on success; the caller owns the error.
#[unsafe(no_mangle)]
pub extern "C" fn tl_incremental_unassign(
    rk: *mut Client,
    partitions: Option<&TopicPartitionList>,
) -> Option<Box<Error>> {
    guard_outcome(|| on_consumer(rk, |consumer| consumer.incremental_unassign(&read(partitions)?)))
}

/// What is read, as a new list, which the caller owns.
#[unsafe(no_mangle)]
pub extern "C" fn tl_assignment(
    rk: *mut Client,
    partitions: Option<&mut MaybeUninit<*mut TopicPartitionList>>,
) -> ResponseError {
    guard(|| {
        let assigned = on_consumer(rk, |consumer| consumer.assignment());
        hand_out(assigned.map(|assigned| TopicPartitionList::of(&assigned)), partitions)
    })
}

/// 1 while the group has given the assignment to others, which a rebalance is about to say; else 0.
#[unsafe(no_mangle)]
pub extern "C" fn tl_assignment_lost(rk: *mut Client) -> c_int {
    guard(|| c_int::from(on_consumer(rk, |consumer| consumer.assignment_lost()) == Ok(true)))
}

/// How the group rebalances: `NONE` before it has been joined, `EAGER` or `COOPERATIVE`; NULL for what is no consumer.
/// Static: never freed.
#[unsafe(no_mangle)]
pub extern "C" fn tl_rebalance_protocol(rk: *mut Client) -> *const c_char {
    guard(|| match or_none(on_consumer(rk, |consumer| consumer.rebalance_protocol())) {
        Some(None) => c"NONE".as_ptr(),
        Some(Some(RebalanceProtocol::Eager)) => c"EAGER".as_ptr(),
        Some(Some(RebalanceProtocol::Cooperative)) => c"COOPERATIVE".as_ptr(),
        None => std::ptr::null(),
    })
}

/// The name that the group has given to this member; NULL before it has joined. With `group.protocol=consumer` it has one from
/// the beginning. The caller frees it: ::tl_mem_free.
#[unsafe(no_mangle)]
pub extern "C" fn tl_memberid(rk: *const Client) -> *mut c_char {
    guard(|| match or_none(on_consumer(rk, |consumer| consumer.member_id())).flatten() {
        Some(id) => boundary::malloced(id.as_bytes()),
        None => std::ptr::null_mut(),
    })
}

/// Calls the consumer with a list and puts back what it says of each element.
fn ask(
    rk: *mut Client,
    partitions: Option<&mut TopicPartitionList>,
    meaning: OffsetMeaning,
    call: impl FnOnce(&tidelog::client::Consumer, &mut [TopicPartitionOffset]) -> Result<(), CallError>,
) -> Result<(), KafkaError> {
    let list = partitions.ok_or(ErrorCode::LocalInvalidArg)?;
    let mut elements = list.read(meaning)?;
    let outcome = on_consumer(rk, |consumer| call(consumer, &mut elements));
    list.fill(&elements);
    outcome
}

/// Hands out nothing of these partitions until ::tl_resume_partitions. Elements have their own errors.
#[unsafe(no_mangle)]
pub extern "C" fn tl_pause_partitions(
    rk: *mut Client,
    partitions: Option<&mut TopicPartitionList>,
) -> ResponseError {
    guard(|| ask(rk, partitions, OffsetMeaning::Place, |consumer, list| consumer.pause(list)).into())
}

/// Takes ::tl_pause_partitions back.
#[unsafe(no_mangle)]
pub extern "C" fn tl_resume_partitions(
    rk: *mut Client,
    partitions: Option<&mut TopicPartitionList>,
) -> ResponseError {
    guard(|| ask(rk, partitions, OffsetMeaning::Place, |consumer, list| consumer.resume(list)).into())
}

/// Goes on at `offset` of an assigned partition. `timeout_ms` has no effect: it is done at once.
#[unsafe(no_mangle)]
pub extern "C" fn tl_seek(rkt: *mut Topic, partition: i32, offset: i64, timeout_ms: c_int) -> ResponseError {
    let _ = timeout_ms;
    guard(|| {
        let seek = || -> Result<(), KafkaError> {
            let topic = topics().get(rkt)?;
            let offset = OffsetSpec::from_number(offset).ok_or(ErrorCode::LocalInvalidArg)?;
            let to = TopicPartitionOffset::new(topic.name().into(), PartitionIndex(partition), offset);
            topic.client.consumer()?.seek(&to).map_err(crate::error::of_call)
        };
        seek().into()
    })
}

/// Goes on at the offsets of a list, whose elements have their own errors. NULL on success; the caller owns the error.
#[unsafe(no_mangle)]
pub extern "C" fn tl_seek_partitions(
    rk: *mut Client,
    partitions: Option<&mut TopicPartitionList>,
    timeout_ms: c_int,
) -> Option<Box<Error>> {
    let _ = timeout_ms;
    guard_outcome(|| {
        ask(rk, partitions, OffsetMeaning::Place, |consumer, list| {
            for element in list {
                element.error = consumer.seek(element).err().and_then(|error| error.kafka().cloned());
            }
            Ok(())
        })
    })
}

/// Ends a consumer: gives up its partitions with a last rebalance, commits what is stored (with `enable.auto.commit`),
/// leaves the group. Destroy it afterwards. Fine to call twice.
#[unsafe(no_mangle)]
pub extern "C" fn tl_consumer_close(rk: *mut Client) -> ResponseError {
    guard(|| clients().get(rk).and_then(|client| client.close_consumer()).into())
}

/// As ::tl_consumer_close, without waiting: what is left to be done comes out of `rkqu`, which the caller polls until
/// ::tl_consumer_closed says 1: no messages any more, but the last rebalance, as a callback or an event, and commits. Any queue
/// will do, also the consumer's own. NULL on success; the caller owns the error: `TL_RESP_ERR__INVALID_ARG` without a queue,
/// `TL_RESP_ERR__STATE` when it is closed, or about to be.
#[unsafe(no_mangle)]
pub extern "C" fn tl_consumer_close_queue(rk: *mut Client, rkqu: *mut Queue) -> Option<Box<Error>> {
    guard_outcome(|| {
        let (client, queue) = (clients().get(rk)?, queues().get(rkqu)?);
        client.close_by_polling(&queue.events)
    })
}

/// 1 when a consumer has been closed, or is none; else 0.
#[unsafe(no_mangle)]
pub extern "C" fn tl_consumer_closed(rk: *mut Client) -> c_int {
    guard(|| {
        let open = clients().get(rk).is_ok_and(|client| client.consumer().is_ok_and(|it| !it.is_closed()));
        c_int::from(!open)
    })
}

/// Position of the consumer in each partition, the offset behind the last message that was handed out, put into the list.
#[unsafe(no_mangle)]
pub extern "C" fn tl_position(rk: *mut Client, partitions: Option<&mut TopicPartitionList>) -> ResponseError {
    guard(|| ask(rk, partitions, OffsetMeaning::Place, |consumer, list| consumer.position(list)).into())
}

/// What the group has committed of each partition, put into the list; `TL_OFFSET_INVALID` for nothing.
#[unsafe(no_mangle)]
pub extern "C" fn tl_committed(
    rk: *mut Client,
    partitions: Option<&mut TopicPartitionList>,
    timeout_ms: c_int,
) -> ResponseError {
    guard(|| {
        ask(rk, partitions, OffsetMeaning::Place, |consumer, list| {
            consumer.committed(list, timeout(timeout_ms))
        })
        .into()
    })
}

/// Replaces each element's offset, which is a time in milliseconds, by the offset of the first message of that time or
/// later; `TL_OFFSET_END` when there is none.
#[unsafe(no_mangle)]
pub extern "C" fn tl_offsets_for_times(
    rk: *mut Client,
    offsets: Option<&mut TopicPartitionList>,
    timeout_ms: c_int,
) -> ResponseError {
    guard(|| {
        ask(rk, offsets, OffsetMeaning::Number, |consumer, list| {
            consumer.offsets_for_times(list, timeout(timeout_ms))
        })
        .into()
    })
}
