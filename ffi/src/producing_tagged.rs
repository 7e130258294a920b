//! `tl_produce_v`: a message from a list of tagged values.

use std::ffi::c_int;

use tidelog::client::KafkaError;
use tidelog::error_code::ErrorCode;
use tidelog::record::HeaderRef;

use crate::boundary::{self, Tagged, TaggedHeader, TaggedValue};
use crate::callbacks::Opaque;
use crate::client::{Client, clients};
use crate::error::Error;
use crate::guard::guard_outcome;
use crate::headers::{Headers, sized};
use crate::producing::{Outgoing, TL_MSG_F_FREE, header_refs, is_full, partition_of, timestamp_of};
use crate::topic::{Topic, topics};
use crate::topic_partition::TL_PARTITION_UA;

/// Queues a message that `vus` (`cnt` of them) describe, as ::tl_produce does. The topic is given by name or as a
/// ::tl_topic_t of this client; everything else may be left out. NULL on success; the caller owns the error, and what
/// headers and payload it has given: ::tl_error_destroy.
///
/// librdkafka's `rd_kafka_produceva`. For its `rd_kafka_producev`, see the macros below.
#[unsafe(no_mangle)]
pub extern "C" fn tl_produce_v(rk: *mut Client, vus: *const Tagged, cnt: usize) -> Option<Box<Error>> {
    guard_outcome(|| {
        let client = clients().get(rk)?;
        let message = Described::read(boundary::items(vus, cnt, "vus")?)?;
        message.produce(&client)?;
        message.taken_over();
        Ok(())
    })
}

/// A message as the tagged values describe it.
struct Described<'a> {
    name: Option<&'a str>,
    topic: *mut Topic,
    flags: c_int,
    message: Outgoing<'a>,
    single: Vec<HeaderRef<'a>>,
    headers: *mut Headers,
    payload: *mut std::ffi::c_void,
}

impl<'a> Described<'a> {
    fn read(values: &'a [Tagged]) -> Result<Described<'a>, KafkaError> {
        let mut this = Described {
            name: None,
            topic: std::ptr::null_mut(),
            flags: 0,
            message: Outgoing {
                partition: TL_PARTITION_UA,
                key: None,
                value: None,
                headers: &[],
                timestamp: None,
                opaque: Opaque::default(),
            },
            single: Vec::new(),
            headers: std::ptr::null_mut(),
            payload: std::ptr::null_mut(),
        };
        for value in values {
            match value.value() {
                TaggedValue::End => break,
                value => this.take(value)?,
            }
        }
        if !this.single.is_empty() && !this.headers.is_null() {
            let reason = "VTYPE_HEADER and VTYPE_HEADERS are mutually exclusive";
            return Err(KafkaError::with_reason(ErrorCode::LocalConflict, reason));
        }
        Ok(this)
    }

    fn take(&mut self, value: TaggedValue) -> Result<(), KafkaError> {
        match value {
            TaggedValue::TopicName(name) => self.name = Some(boundary::required_text(name, "topic")?),
            TaggedValue::Topic(topic) => self.topic = topic,
            TaggedValue::Partition(partition) => self.message.partition = partition,
            TaggedValue::Value(memory) => {
                self.payload = memory.ptr.cast_mut();
                self.message.value = boundary::bytes(memory.ptr, memory.size, "value")?;
            }
            TaggedValue::Key(memory) => self.message.key = boundary::bytes(memory.ptr, memory.size, "key")?,
            TaggedValue::Opaque(pointer) => self.message.opaque = Opaque::new(pointer),
            TaggedValue::Flags(flags) => self.flags = flags,
            TaggedValue::Timestamp(timestamp) => self.message.timestamp = timestamp_of(timestamp),
            TaggedValue::Header(TaggedHeader { name, val, size }) => {
                let key = boundary::required_text(name, "header name")?;
                self.single.push(HeaderRef { key, value: sized(val, size, "header value")? });
            }
            TaggedValue::Headers(headers) => self.headers = headers,
            TaggedValue::End => {}
            TaggedValue::Unknown(tag) => {
                let reason = format!("Unsupported VTYPE {tag}: TL_VTYPE_TOPIC (1) to TL_VTYPE_HEADERS (10)");
                return Err(KafkaError::with_reason(ErrorCode::LocalInvalidArg, reason));
            }
        }
        Ok(())
    }

    fn produce(&self, client: &Client) -> Result<(), KafkaError> {
        let listed = header_refs(boundary::reference(self.headers));
        let headers = if listed.is_empty() { &self.single } else { &listed };
        let message = Outgoing { headers, ..self.message };
        if !self.topic.is_null() {
            let topic = topics().get(self.topic)?;
            if !topic.client.is(client) {
                let reason = "the topic is another client's";
                return Err(KafkaError::with_reason(ErrorCode::LocalInvalidArg, reason));
            }
            return topic.produce(self.topic, &message, self.flags);
        }
        let Some(name) = self.name else {
            let reason = "a topic is needed: TL_VTYPE_TOPIC or TL_VTYPE_RKT";
            return Err(KafkaError::with_reason(ErrorCode::LocalInvalidArg, reason));
        };
        client.produce_by_name(name, &message, self.flags)
    }

    /// What the message was made of belongs to the library now.
    fn taken_over(&self) {
        drop(boundary::take(self.headers));
        if self.flags & TL_MSG_F_FREE != 0 {
            boundary::free(self.payload);
        }
    }
}

impl Client {
    fn produce_by_name(&self, name: &str, message: &Outgoing<'_>, flags: c_int) -> Result<(), KafkaError> {
        let producer = self.producer()?;
        let topic = producer.topic(name);
        let partition = partition_of(message.partition);
        loop {
            match producer.produce_to(&topic, message.record(partition)) {
                Err(error) if is_full(&error) && self.make_room(flags) => {}
                produced => return produced,
            }
        }
    }
}
