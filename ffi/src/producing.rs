//! Producing: one message, many, or one from a list of tagged values; and serving their delivery reports.

use std::ffi::{c_int, c_void};
use std::time::{Duration, Instant};

use tidelog::client::producer::{NotQueued, ProducerTopic};
use tidelog::client::{Consumer, Delivery, KafkaError, Producer, ProducerRecord};
use tidelog::error_code::ErrorCode;
use tidelog::record::HeaderRef;
use tidelog::types::{PartitionIndex, Timestamp};

use crate::boundary;
use crate::callbacks::Opaque;
use crate::client::{Client, client_of, clients};
use crate::error::ResponseError;
use crate::guard::{guard, or_none};
use crate::headers::Headers;
use crate::timeout::{deadline, timeout};
use crate::topic::{Topic, on_topic};
use crate::topic_partition::TL_PARTITION_UA;

/// The library frees the value with `free()` once the message has been queued. It has been copied: what makes this fast
/// elsewhere makes nothing faster here.
pub const TL_MSG_F_FREE: c_int = 0x1;
/// The value is copied. It always is, into the batch that is written.
pub const TL_MSG_F_COPY: c_int = 0x2;
/// Wait while the queue is full, until another thread has served reports; without this, `TL_RESP_ERR__QUEUE_FULL`.
pub const TL_MSG_F_BLOCK: c_int = 0x4;
/// Of a batch: each message names its own partition.
pub const TL_MSG_F_PARTITION: c_int = 0x8;

/// How often a thread that waits for a full queue looks again, if nobody tells it.
const FULL_RETRY: Duration = Duration::from_millis(1);

/// How often it is looked whether a consumer's statistics are due.
const TICK: Duration = Duration::from_millis(50);

#[inline]
pub(crate) fn partition_of(partition: i32) -> Option<PartitionIndex> {
    (partition != TL_PARTITION_UA).then_some(PartitionIndex(partition))
}

#[inline]
fn delivery_of(opaque: Opaque) -> Delivery {
    match opaque.number() {
        0 => Delivery::Silent,
        number => Delivery::Opaque(number),
    }
}

/// Queues a message: `payload` of `len` bytes and `key` of `keylen` bytes, each NULL with 0 for null. The partitioner
/// chooses where `partition` is `TL_PARTITION_UA`. `msgflags` is `TL_MSG_F_...`, or-ed; `msg_opaque` comes back with the
/// delivery report (::tl_message_opaque). Encodes on the caller's thread into the batch that is written, without an
/// allocation and without waking a thread; any thread may call.
///
/// Returns 0, or -1 with the reason in ::tl_last_error: `TL_RESP_ERR__QUEUE_FULL` (serve reports and try again),
/// `TL_RESP_ERR_MSG_SIZE_TOO_LARGE`, `TL_RESP_ERR__UNKNOWN_PARTITION`, `TL_RESP_ERR__INVALID_ARG`, `TL_RESP_ERR__STATE`.
/// The payload then still belongs to the caller. `errno` is not set.
#[unsafe(no_mangle)]
pub extern "C" fn tl_produce(
    rkt: *mut Topic,
    partition: i32,
    msgflags: c_int,
    payload: *mut c_void,
    len: usize,
    key: *const c_void,
    keylen: usize,
    msg_opaque: *mut c_void,
) -> c_int {
    guard(|| {
        let produce = || -> Result<(), KafkaError> {
            let message = Outgoing {
                partition,
                key: boundary::bytes(key, keylen, "key")?,
                value: boundary::bytes(payload, len, "payload")?,
                headers: &[],
                timestamp: None,
                opaque: Opaque::new(msg_opaque),
            };
            on_topic(rkt, |topic| topic.produce(rkt, &message, msgflags))
        };
        or_none(produce()).map_or(-1, |()| {
            free_if(msgflags, payload);
            0
        })
    })
}

fn free_if(flags: c_int, payload: *mut c_void) {
    if flags & TL_MSG_F_FREE != 0 {
        boundary::free(payload);
    }
}

/// A message that is to be produced.
pub(crate) struct Outgoing<'a> {
    pub(crate) partition: i32,
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) value: Option<&'a [u8]>,
    pub(crate) headers: &'a [HeaderRef<'a>],
    pub(crate) timestamp: Option<Timestamp>,
    pub(crate) opaque: Opaque,
}

impl<'a> Outgoing<'a> {
    #[inline]
    pub(crate) fn record(&self, partition: Option<PartitionIndex>) -> ProducerRecord<'a> {
        ProducerRecord {
            key: self.key,
            value: self.value,
            headers: self.headers,
            partition,
            timestamp: self.timestamp,
            delivery: delivery_of(self.opaque),
        }
    }
}

impl Topic {
    /// Queues a message, as `flags` say.
    #[inline]
    pub(crate) fn produce(
        &self,
        handle: *const Topic,
        message: &Outgoing<'_>,
        flags: c_int,
    ) -> Result<(), KafkaError> {
        self.with(|producer, topic| {
            let partition = partition_of(message.partition)
                .or_else(|| self.choose(handle, topic, message.key, message.opaque));
            loop {
                match producer.produce_to(topic, message.record(partition)) {
                    Err(error) if is_full(&error) && self.client.make_room(flags) => {}
                    produced => return produced,
                }
            }
        })
    }
}

pub(crate) fn is_full(error: &KafkaError) -> bool {
    error.code() == ErrorCode::LocalQueueFull
}

impl Client {
    /// Makes room in a queue that is full: at once when nobody wants the reports that fill it; else waits a moment, if the
    /// application says so, for another thread to serve them. False when there is no point in trying again.
    #[cold]
    pub(crate) fn make_room(&self, flags: c_int) -> bool {
        let Ok(producer) = self.producer() else { return false };
        if self.drop_reports(producer) > 0 {
            return true;
        }
        if flags & TL_MSG_F_BLOCK == 0 || self.check_alive().is_err() {
            return false;
        }
        match self.hears_of_deliveries() {
            false => drop(producer.wait(Some(FULL_RETRY))),
            true => std::thread::sleep(FULL_RETRY),
        }
        true
    }

    /// Drops reports that nobody hears of. Returns how many.
    fn drop_reports(&self, producer: &Producer) -> usize {
        if self.hears_of_deliveries() { 0 } else { producer.poll(Some(Duration::ZERO)) }
    }
}

/// A message of ::tl_produce_batch.
#[repr(C)]
pub struct BatchMessage {
    /// Value; NULL with 0 for null.
    pub payload: *mut c_void,
    /// Bytes of the value.
    pub len: usize,
    /// Key; NULL with 0 for null.
    pub key: *const c_void,
    /// Bytes of the key.
    pub key_len: usize,
    /// Where it goes, with `TL_MSG_F_PARTITION`.
    pub partition: i32,
    /// Set by the call: 0, or why the message was not queued.
    pub err: ResponseError,
    /// Milliseconds since the epoch; 0 is now.
    pub timestamp: i64,
    /// Comes back with the delivery report.
    pub opaque: *mut c_void,
}

/// Queues `message_cnt` messages in order, each as ::tl_produce does. Each has its own outcome in `err`; behind one that
/// finds the queue full none is queued, so that trying these again keeps the order. Returns how many were queued. What a
/// call costs is paid once for many.
#[unsafe(no_mangle)]
pub extern "C" fn tl_produce_batch(
    rkt: *mut Topic,
    partition: i32,
    msgflags: c_int,
    rkmessages: *mut BatchMessage,
    message_cnt: c_int,
) -> c_int {
    guard(|| {
        let count = usize::try_from(message_cnt).unwrap_or(0);
        let messages = boundary::items_mut(rkmessages, count, "rkmessages");
        let queued = messages.and_then(|messages| {
            on_topic(rkt, |topic| topic.produce_batch(rkt, partition, msgflags, messages))
        });
        or_none(queued).map_or(0, |count| c_int::try_from(count).unwrap_or(c_int::MAX))
    })
}

impl Topic {
    fn produce_batch(
        &self,
        handle: *const Topic,
        partition: i32,
        flags: c_int,
        messages: &mut [BatchMessage],
    ) -> Result<usize, KafkaError> {
        let mut records = Vec::with_capacity(messages.len());
        let mut places = Vec::with_capacity(messages.len());
        self.with(|producer, topic| {
            for (place, message) in messages.iter_mut().enumerate() {
                let own = if flags & TL_MSG_F_PARTITION != 0 { message.partition } else { partition };
                let outgoing = message.outgoing(own);
                message.err = outgoing.as_ref().err().into();
                let Ok(outgoing) = outgoing else { continue };
                let chosen = || self.choose(handle, topic, outgoing.key, outgoing.opaque);
                records.push(outgoing.record(partition_of(own).or_else(chosen)));
                places.push(place);
            }
            for NotQueued { index, error } in self.queue_all(producer, topic, &mut records, flags) {
                messages[places[index]].err = (&error).into();
            }
            Ok(())
        })?;
        let queued = messages.iter().filter(|message| message.err == ResponseError::NONE);
        Ok(queued.map(|message| free_if(flags, message.payload)).count())
    }

    /// Queues records in order, making room as `flags` say. Returns those that were not.
    fn queue_all(
        &self,
        producer: &Producer,
        topic: &ProducerTopic,
        records: &mut [ProducerRecord<'_>],
        flags: c_int,
    ) -> Vec<NotQueued> {
        let (mut start, mut refused) = (0, Vec::new());
        loop {
            let more = producer.produce_batch(topic, &mut records[start..]);
            refused.extend(more.into_iter().map(|one| NotQueued { index: start + one.index, ..one }));
            let full = refused.iter().position(|one| is_full(&one.error));
            let Some(first) = full.filter(|_| self.client.make_room(flags)) else { return refused };
            start = refused[first].index;
            refused.truncate(first);
        }
    }
}

impl BatchMessage {
    fn outgoing<'a>(&self, partition: i32) -> Result<Outgoing<'a>, KafkaError> {
        Ok(Outgoing {
            partition,
            key: boundary::bytes(self.key, self.key_len, "key")?,
            value: boundary::bytes(self.payload, self.len, "payload")?,
            headers: &[],
            timestamp: timestamp_of(self.timestamp),
            opaque: Opaque::new(self.opaque),
        })
    }
}

/// 0 is now.
pub(crate) fn timestamp_of(timestamp: i64) -> Option<Timestamp> {
    (timestamp != 0).then_some(Timestamp(timestamp))
}

/// What the headers of a message are read from.
pub(crate) fn header_refs(headers: Option<&Headers>) -> Vec<HeaderRef<'_>> {
    headers.map_or_else(Vec::new, |headers| headers.refs().collect())
}

/// Serves what the client has to say: calls callbacks, waiting at most `timeout_ms` for the first one (negative: without
/// end). Returns how many events were served. Of a consumer these are log lines and statistics, of which a closed one has no
/// more; ::tl_consumer_poll has everything.
#[unsafe(no_mangle)]
pub extern "C" fn tl_poll(rk: *mut Client, timeout_ms: c_int) -> c_int {
    guard(|| {
        let Some(client) = client_of(rk) else { return 0 };
        let served = match client.consumer() {
            Ok(consumer) => client.serve_told_by(consumer, deadline(timeout_ms)),
            Err(_) => client.serve_reports(timeout(timeout_ms)),
        };
        c_int::try_from(served).unwrap_or(c_int::MAX)
    })
}

impl Client {
    /// Calls the callbacks for what the client has to say by now. Returns how many times.
    pub(crate) fn serve_main(&self) -> usize {
        match self.consumer() {
            Ok(consumer) => self.serve_statistics(consumer),
            Err(_) => self.serve_reports(Some(Duration::ZERO)),
        }
    }

    /// Hands out a producer's log lines and its reports. Returns how many.
    fn serve_reports(&self, timeout: Option<Duration>) -> usize {
        let lines = self.serve_lines();
        let timeout = if lines > 0 { Some(Duration::ZERO) } else { timeout };
        lines + self.producer().map_or(0, |producer| producer.poll(timeout))
    }

    /// Hands out a consumer's log lines and tells its statistics. Returns how many.
    fn serve_statistics(&self, consumer: &Consumer) -> usize {
        self.serve_lines() + usize::from(matches!(consumer.tell_statistics(), Ok(Some(_))))
    }

    /// As [`Client::serve_statistics`], once there are any.
    fn serve_told_by(&self, consumer: &Consumer, until: Option<Instant>) -> usize {
        loop {
            let served = self.serve_statistics(consumer);
            let left = until.map_or(TICK, |until| until.saturating_duration_since(Instant::now()));
            if served > 0 || left.is_zero() || consumer.is_closed() {
                return served;
            }
            std::thread::sleep(left.min(TICK));
        }
    }

    /// Hands out log lines, with `log.queue`. Returns how many.
    pub(crate) fn serve_lines(&self) -> usize {
        if !self.tells_lines() {
            return 0;
        }
        let lines = self.main.take_lines();
        lines.iter().for_each(|line| self.settings.print(self.handle, self.name(), line));
        lines.len()
    }
}

/// Waits until every message has been delivered or has failed and its report has been served, at most `timeout_ms`
/// (negative: without end). Nothing lingers meanwhile. Reports that are to come as events (`TL_EVENT_DR`) count as served
/// once they are in their queue: who flushes need not poll it beside. `TL_RESP_ERR__TIMED_OUT` when some are left,
/// `TL_RESP_ERR__NOT_IMPLEMENTED` for a consumer.
#[unsafe(no_mangle)]
pub extern "C" fn tl_flush(rk: *mut Client, timeout_ms: c_int) -> ResponseError {
    guard(|| {
        let flush = || -> Result<(), KafkaError> {
            let client = clients().get(rk)?;
            let producer = client.producer().map_err(|_| ErrorCode::LocalNotImplemented)?;
            match producer.flush(timeout(timeout_ms)) {
                0 => Ok(()),
                _ => Err(ErrorCode::LocalTimedOut.into()),
            }
        };
        flush().into()
    })
}

/// Messages that no thread has taken are dropped.
pub const TL_PURGE_F_QUEUE: c_int = 0x1;
/// Has no effect: what is being written cannot be called back.
pub const TL_PURGE_F_INFLIGHT: c_int = 0x2;
/// Has no effect: nothing is waited for.
pub const TL_PURGE_F_NON_BLOCKING: c_int = 0x4;

/// Drops messages, with `TL_PURGE_F_...`: their reports say `TL_RESP_ERR__PURGE_QUEUE`.
#[unsafe(no_mangle)]
pub extern "C" fn tl_purge(rk: *mut Client, purge_flags: c_int) -> ResponseError {
    const KNOWN: c_int = TL_PURGE_F_QUEUE | TL_PURGE_F_INFLIGHT | TL_PURGE_F_NON_BLOCKING;
    guard(|| {
        let purged = clients().get(rk).and_then(|client| {
            let producer = client.producer().map_err(|_| ErrorCode::LocalNotImplemented)?;
            if purge_flags & !KNOWN != 0 {
                return Err(ErrorCode::LocalInvalidArg.into());
            }
            if purge_flags & TL_PURGE_F_QUEUE != 0 {
                producer.purge();
            }
            Ok(())
        });
        purged.into()
    })
}

/// Messages that are queued, in flight, or whose report has not been served; 0 for a consumer.
#[unsafe(no_mangle)]
pub extern "C" fn tl_outq_len(rk: *mut Client) -> c_int {
    guard(|| {
        let Some(client) = client_of(rk) else { return 0 };
        let Ok(producer) = client.producer() else { return 0 };
        client.drop_reports(producer);
        c_int::try_from(producer.len() + client.main.deliveries()).unwrap_or(c_int::MAX)
    })
}
