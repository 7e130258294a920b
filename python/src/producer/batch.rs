//! `produce_batch`: many messages in one call.

use arrow_array::RecordBatch;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString};
use tidelog::client::producer::NotQueued;
use tidelog::client::{self, ProducerRecord};
use tidelog::error_code::ErrorCode;
use tidelog::record::HeaderRef;
use tidelog::types::Timestamp;

use super::{Inner, Producer, chosen, given};
use crate::arrow::{Row, Rows, read_stream};
use crate::headers::GivenHeaders;
use crate::kafka_error::{KafkaError, not_produced, type_error};
use crate::payload::Payload;

/// A message as its dictionary says.
#[derive(Default)]
struct Given<'py> {
    value: Option<Bound<'py, PyAny>>,
    key: Option<Bound<'py, PyAny>>,
    /// What most messages do not have.
    rest: Option<Box<Rest<'py>>>,
}

#[derive(Default)]
struct Rest<'py> {
    partition: Option<i32>,
    timestamp: i64,
    callback: Option<Bound<'py, PyAny>>,
    headers: Option<GivenHeaders<'py>>,
}

impl<'py> Given<'py> {
    fn read(index: usize, message: &Bound<'py, PyAny>) -> PyResult<Given<'py>> {
        let Ok(message) = message.cast::<PyDict>() else {
            return Err(type_error(format!("Message at index {index} must be a dict")));
        };
        let py = message.py();
        let mut read = Given::default();
        for (name, value) in message.iter() {
            // Mostly the very objects that the compiler made of the same text.
            if name.is(intern!(py, "value")) {
                read.value = payload("value", index, value)?;
            } else if name.is(intern!(py, "key")) {
                read.key = payload("key", index, value)?;
            } else {
                read.set(index, &name, value)?;
            }
        }
        Ok(read)
    }

    fn set(&mut self, index: usize, name: &Bound<'py, PyAny>, value: Bound<'py, PyAny>) -> PyResult<()> {
        let name = name.cast::<PyString>()?.to_str()?;
        if value.is_none() && name != "partition" {
            return Ok(());
        }
        let rest = self.rest.get_or_insert_default();
        match name {
            "value" => self.value = payload("value", index, value)?,
            "key" => self.key = payload("key", index, value)?,
            "partition" => rest.partition = Some(value.extract()?),
            "timestamp" => rest.timestamp = value.extract()?,
            "callback" | "on_delivery" => rest.callback = Some(value),
            "headers" => rest.headers = Some(GivenHeaders::read(&value)?),
            // Others are the application's own.
            _ => {}
        }
        Ok(())
    }

    fn headers(&self) -> Option<&GivenHeaders<'py>> {
        self.rest.as_ref()?.headers.as_ref()
    }
}

/// A key or a value, which must be bytes or text; `None` for null.
#[inline]
fn payload<'py>(name: &str, index: usize, given: Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    if given.is_none() {
        return Ok(None);
    }
    let known = given.is_exact_instance_of::<PyBytes>() || given.is_instance_of::<PyString>();
    if known || Payload::read(Some(&given), usize::MAX).is_ok() {
        return Ok(Some(given));
    }
    Err(type_error(format!("Message {name} at index {index} must be bytes or str")))
}

#[pymethods]
impl Producer {
    /// produce_batch(topic, messages, partition=-1, callback=None, on_delivery=None)
    ///
    /// Queues many messages in one call. Each is a dictionary: ``value``, ``key``, ``partition``, ``timestamp``,
    /// ``headers``, ``callback``, all of them optional. One that was not queued gets the reason under ``_error``.
    ///
    /// :param str topic: topic
    /// :param list(dict) messages: messages; or anything with Arrow's C stream interface (a pyarrow table, a polars
    ///     DataFrame), with columns of these names
    /// :param int partition: partition of messages that name none
    /// :param func callback: for messages that have none; ``on_delivery`` is the same
    /// :returns: number of messages that were queued
    /// :rtype: int
    #[pyo3(signature = (topic, messages, partition=-1, callback=None, on_delivery=None))]
    fn produce_batch(
        &self,
        topic: &Bound<'_, PyString>,
        messages: &Bound<'_, PyAny>,
        partition: i32,
        callback: Option<&Bound<'_, PyAny>>,
        on_delivery: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<usize> {
        let inner = self.open()?;
        if let Some(batches) = read_stream(messages)? {
            return inner.produce_rows(topic, &batches, partition, callback.or(on_delivery));
        }
        let Ok(messages) = messages.cast::<PyList>() else {
            return Err(type_error("messages must be a list"));
        };
        let read: PyResult<Vec<Given<'_>>> =
            messages.iter().enumerate().map(|(index, message)| Given::read(index, &message)).collect();
        let common = Common { partition, callback: callback.or(on_delivery) };
        inner.produce_batch(topic, &read?, &common, messages)
    }
}

impl Inner {
    /// Queues the rows of columns; raises what refuses one, behind those that were queued.
    fn produce_rows(
        &self,
        topic: &Bound<'_, PyString>,
        batches: &[RecordBatch],
        partition: i32,
        callback: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<usize> {
        let rows: Vec<Rows<'_>> = batches.iter().map(Rows::of).collect::<PyResult<_>>()?;
        let (py, topic) = (topic.py(), self.topic(topic)?);
        let mut queued = 0;
        let all: Vec<Row<'_>> = rows.iter().flat_map(Rows::iter).collect();
        for piece in all.chunks(ROWS_AT_ONCE) {
            let records = piece.iter().map(|row| ProducerRecord {
                key: row.key,
                value: row.value,
                headers: &row.headers,
                partition: chosen(row.partition.unwrap_or(partition)),
                timestamp: row.timestamp.map(Timestamp),
                delivery: self.delivery(py, callback),
            });
            let mut records: Vec<ProducerRecord<'_>> = records.collect();
            let refused = self.producer.produce_batch(&topic, &mut records);
            queued += piece.len() - refused.len();
            if let Some(first) = refused.first() {
                return Err(not_produced(&first.error));
            }
        }
        Ok(queued)
    }
}

/// Rows that are queued in one call of the engine.
const ROWS_AT_ONCE: usize = 4096;

/// What holds for all messages of a call.
struct Common<'a, 'py> {
    partition: i32,
    callback: Option<&'a Bound<'py, PyAny>>,
}

impl Inner {
    fn produce_batch<'py>(
        &self,
        topic: &Bound<'py, PyString>,
        messages: &[Given<'py>],
        common: &Common<'_, 'py>,
        dicts: &Bound<'py, PyList>,
    ) -> PyResult<usize> {
        if messages.is_empty() {
            return Ok(0);
        }
        if let Err(error) = self.check_transaction() {
            (0..messages.len()).try_for_each(|index| annotate(dicts, index, &error))?;
            return Ok(0);
        }
        let values = messages.iter().map(|given| given.headers().map(GivenHeaders::values).transpose());
        let has_headers = messages.iter().any(|given| given.headers().is_some());
        let values: Vec<Option<Vec<Payload<'_>>>> =
            if has_headers { values.collect::<PyResult<_>>()? } else { Vec::new() };
        let refs = messages.iter().zip(&values).map(|(given, values)| {
            given.headers().zip(values.as_deref()).map_or_else(Vec::new, |(own, values)| own.refs(values))
        });
        let refs: Vec<Vec<HeaderRef<'_>>> = refs.collect();
        let topic = self.look_up(topic)?;
        let mut refused = 0;
        for (number, piece) in messages.chunks(MESSAGES_AT_ONCE).enumerate() {
            let start = number * MESSAGES_AT_ONCE;
            let payloads = piece.iter().map(|given| {
                let value = Payload::read(given.value.as_ref(), usize::MAX)?;
                Ok((value, Payload::read(given.key.as_ref(), usize::MAX)?))
            });
            let payloads: Vec<(Payload<'_>, Payload<'_>)> = payloads.collect::<PyResult<_>>()?;
            let mut records = Vec::with_capacity(piece.len());
            for (index, (given, (value, key))) in piece.iter().zip(&payloads).enumerate() {
                let headers = refs.get(start + index).map_or(&[][..], Vec::as_slice);
                records.push(self.record(dicts.py(), given, common, (key, value), headers));
            }
            let mut full = None;
            for NotQueued { index, error } in self.producer.produce_batch(&topic, &mut records) {
                annotate(dicts, start + index, &error)?;
                refused += 1;
                full = Some(error).filter(|error| error.code() == ErrorCode::LocalQueueFull).or(full);
            }
            // No later message gets before one that may be tried again.
            if let Some(error) = full {
                let rest = start + piece.len()..messages.len();
                refused += rest.len();
                rest.into_iter().try_for_each(|index| annotate(dicts, index, &error))?;
                break;
            }
        }
        Ok(messages.len() - refused)
    }

    #[inline]
    fn record<'a, 'py>(
        &self,
        py: Python<'py>,
        message: &Given<'py>,
        common: &Common<'_, 'py>,
        (key, value): (&'a Payload<'a>, &'a Payload<'a>),
        headers: &'a [HeaderRef<'a>],
    ) -> ProducerRecord<'a> {
        let rest = message.rest.as_deref();
        let callback = rest.and_then(|rest| rest.callback.as_ref());
        ProducerRecord {
            key: key.bytes(),
            value: value.bytes(),
            headers,
            partition: chosen(rest.and_then(|rest| rest.partition).unwrap_or(common.partition)),
            timestamp: given(rest.map_or(0, |rest| rest.timestamp)),
            delivery: self.delivery(py, callback.or(common.callback)),
        }
    }
}

/// Says in a message's dictionary why it was not queued.
fn annotate(dicts: &Bound<'_, PyList>, index: usize, error: &client::KafkaError) -> PyResult<()> {
    let reason = format!("Message failed: {}", error.reason());
    let error = KafkaError::make(dicts.py(), &client::KafkaError::with_reason(error.code(), reason))?;
    dicts.get_item(index)?.set_item(intern!(dicts.py(), "_error"), error)
}

/// Messages that are queued in one call of the engine: what is made of them stays in the processor's cache.
const MESSAGES_AT_ONCE: usize = 256;
