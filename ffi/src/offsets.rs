//! Offsets: stored, committed, and the ends of partitions.

use std::ffi::{c_char, c_int, c_void};
use std::mem::MaybeUninit;
use std::sync::Arc;

use tidelog::client::consumer::Watermarks;
use tidelog::client::{Admin, KafkaError, OffsetSpec, TopicPartitionOffset};
use tidelog::error_code::ErrorCode;
use tidelog::types::{Isolation, Offset, PartitionIndex};

use crate::boundary;
use crate::callbacks::{OffsetCommitCallback, Opaque};
use crate::client::{Client, clients, on_consumer};
use crate::error::{Error, ResponseError, of_call};
use crate::event::{Body, Event};
use crate::guard::{guard, guard_outcome};
use crate::message::Message;
use crate::queue::{Queue, queues};
use crate::timeout::timeout;
use crate::topic::{Topic, topics};
use crate::topic_partition::{OffsetMeaning, TopicPartitionList};

/// Stores the offset behind a message, to be committed with what is stored; with `enable.auto.offset.store`
/// that is done by itself.
#[unsafe(no_mangle)]
pub extern "C" fn tl_offset_store_message(
    rk: *mut Client,
    message: Option<&Message<'_>>,
) -> Option<Box<Error>> {
    guard_outcome(|| {
        let message = message.ok_or(ErrorCode::LocalInvalidArg)?;
        if let Some(error) = message.error() {
            let reason = format!("the message is an error: {}", error.reason());
            return Err(KafkaError::with_reason(ErrorCode::LocalInvalidArg, reason));
        }
        on_consumer(rk, |consumer| consumer.store_message(message.record()))
    })
}

/// Stores offset + 1 of a partition, to be committed with what is stored, whatever `enable.auto.offset.store` says.
#[unsafe(no_mangle)]
pub extern "C" fn tl_offset_store(rkt: *mut Topic, partition: i32, offset: i64) -> ResponseError {
    guard(|| {
        let store = || -> Result<(), KafkaError> {
            let topic = topics().get(rkt)?;
            let next = OffsetSpec::At(Offset(offset.max(-1)).plus(1));
            let place = TopicPartitionOffset::new(topic.name().into(), PartitionIndex(partition), next);
            topic.client.consumer()?.store_offset(&place).map_err(of_call)
        };
        store().into()
    })
}

/// Stores the offsets of a list, to be committed with what is stored. Elements have their own errors.
#[unsafe(no_mangle)]
pub extern "C" fn tl_offsets_store(
    rk: *mut Client,
    offsets: Option<&mut TopicPartitionList>,
) -> ResponseError {
    guard(|| {
        let store = || -> Result<(), KafkaError> {
            let list = offsets.ok_or(ErrorCode::LocalInvalidArg)?;
            let mut elements = list.read(OffsetMeaning::Place)?;
            let outcome = on_consumer(rk, |consumer| consumer.store_offsets(&mut elements));
            list.fill(&elements);
            outcome
        };
        store().into()
    })
}

/// Commits the offsets of a list, or with NULL what is stored of the assignment. With `async_` 0 it waits for the outcome;
/// else the outcome is told to ::tl_conf_set_offset_commit_cb.
#[unsafe(no_mangle)]
pub extern "C" fn tl_commit(
    rk: *mut Client,
    offsets: Option<&TopicPartitionList>,
    async_: c_int,
) -> ResponseError {
    guard(|| {
        let commit = || -> Result<(), KafkaError> {
            let offsets = offsets.map(|list| list.read(OffsetMeaning::Place)).transpose()?;
            if async_ != 0 {
                return on_consumer(rk, |consumer| consumer.commit_async(offsets.as_deref()));
            }
            let committed = on_consumer(rk, |consumer| consumer.commit(offsets.as_deref()))?;
            first_error(committed)
        };
        commit().into()
    })
}

/// Commits the offset behind a message; see ::tl_commit.
#[unsafe(no_mangle)]
pub extern "C" fn tl_commit_message(
    rk: *mut Client,
    message: Option<&Message<'_>>,
    async_: c_int,
) -> ResponseError {
    guard(|| {
        let commit = || -> Result<(), KafkaError> {
            let message = message.ok_or(ErrorCode::LocalInvalidArg)?;
            if async_ != 0 {
                return on_consumer(rk, |consumer| consumer.commit_message_async(message.record()));
            }
            first_error(on_consumer(rk, |consumer| consumer.commit_message(message.record()))?)
        };
        commit().into()
    })
}

fn first_error(committed: Vec<TopicPartitionOffset>) -> Result<(), KafkaError> {
    committed.into_iter().find_map(|element| element.error).map_or(Ok(()), Err)
}

/// Commits as ::tl_commit and has the outcome come into `rkqu` as a `TL_EVENT_OFFSET_COMMIT`. With NULL in its place it
/// waits for the outcome and calls `cb`, if that is not NULL, with `commit_opaque`.
#[unsafe(no_mangle)]
pub extern "C" fn tl_commit_queue(
    rk: *mut Client,
    offsets: Option<&TopicPartitionList>,
    rkqu: *mut Queue,
    cb: OffsetCommitCallback,
    commit_opaque: *mut c_void,
) -> ResponseError {
    guard(|| {
        let commit = || -> Result<(), KafkaError> {
            let offsets = offsets.map(|list| list.read(OffsetMeaning::Place)).transpose()?;
            let client = clients().get(rk)?;
            client.consumer()?;
            if rkqu.is_null() {
                let answer = client.consumer()?.commit_each(offsets.as_deref()).map_err(of_call)?;
                let mut list = TopicPartitionList::of(&answer.partitions);
                let error = ResponseError::from(answer.error.as_ref());
                if let Some(callback) = cb {
                    callback(rk, error, &mut list, commit_opaque);
                }
                return answer.error.map_or_else(|| first_error(answer.partitions), Err);
            }
            let queue = Arc::clone(&queues().get(rkqu)?.events);
            let (handle, opaque) = (client.handle, Opaque::new(commit_opaque));
            client.worker.begin(move |_: &Admin| {
                let client = clients().get(handle.pointer());
                let answer = client
                    .and_then(|client| client.consumer()?.commit_each(offsets.as_deref()).map_err(of_call));
                let body = match answer {
                    Ok(answer) => Body::committed(answer.error, &answer.partitions),
                    Err(error) => Body::committed(Some(error), offsets.as_deref().unwrap_or_default()),
                };
                let mut event = Event::new(body);
                event.opaque = opaque;
                queue.add(event);
            })
        };
        commit().into()
    })
}

/// The ends of a partition: the first offset that can be read, and the one behind the last.
#[unsafe(no_mangle)]
pub extern "C" fn tl_query_watermark_offsets(
    rk: *mut Client,
    topic: *const c_char,
    partition: i32,
    low: Option<&mut MaybeUninit<i64>>,
    high: Option<&mut MaybeUninit<i64>>,
    timeout_ms: c_int,
) -> ResponseError {
    guard(|| {
        let ask = || -> Result<Watermarks, KafkaError> {
            let topic = boundary::required_text(topic, "topic")?;
            let client = clients().get(rk)?;
            match client.consumer() {
                Ok(consumer) => consumer
                    .watermark_offsets(topic, PartitionIndex(partition), timeout(timeout_ms))
                    .map_err(of_call),
                // A producer may ask too.
                Err(_) => client.watermarks(topic, PartitionIndex(partition)),
            }
        };
        tell(ask(), low, high)
    })
}

/// The ends of a partition that is assigned, without asking anybody; `TL_OFFSET_INVALID` for those of others.
#[unsafe(no_mangle)]
pub extern "C" fn tl_get_watermark_offsets(
    rk: *mut Client,
    topic: *const c_char,
    partition: i32,
    low: Option<&mut MaybeUninit<i64>>,
    high: Option<&mut MaybeUninit<i64>>,
) -> ResponseError {
    guard(|| {
        let ask = || -> Result<Watermarks, KafkaError> {
            let topic = boundary::required_text(topic, "topic")?;
            let invalid = Offset(OffsetSpec::Invalid.number());
            let known = on_consumer(rk, |consumer| {
                consumer.cached_watermark_offsets(topic, PartitionIndex(partition))
            })?;
            Ok(known.unwrap_or(Watermarks { low: invalid, high: invalid }))
        };
        tell(ask(), low, high)
    })
}

fn tell(
    watermarks: Result<Watermarks, KafkaError>,
    low: Option<&mut MaybeUninit<i64>>,
    high: Option<&mut MaybeUninit<i64>>,
) -> ResponseError {
    match watermarks {
        Ok(watermarks) => {
            low.map(|low| low.write(watermarks.low.0));
            high.map(|high| high.write(watermarks.high.0));
            ResponseError::NONE
        }
        Err(error) => (&error).into(),
    }
}

impl Client {
    fn watermarks(&self, topic: &str, partition: PartitionIndex) -> Result<Watermarks, KafkaError> {
        let engine = self.engine().ok_or(ErrorCode::LocalAllBrokersDown)?;
        Watermarks::of(engine.broker(), topic, partition, Isolation::ReadUncommitted)
    }
}
