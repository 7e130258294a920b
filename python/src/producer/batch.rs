//! `produce_batch`: many messages in one call.

use arrow_array::RecordBatch;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString};
use tidelog::client::ProducerRecord;
use tidelog::record::HeaderRef;
use tidelog::types::Timestamp;

use super::{Inner, Producer, chosen, given};
use crate::arrow::{Row, Rows, read_stream};
use crate::headers::GivenHeaders;
use crate::kafka_error::{KafkaError, type_error};
use crate::payload::Payload;

/// A message as its dictionary says.
#[derive(Default)]
struct Given<'py> {
    value: Option<Bound<'py, PyAny>>,
    key: Option<Bound<'py, PyAny>>,
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
                read.value = Some(value);
            } else if name.is(intern!(py, "key")) {
                read.key = Some(value);
            } else {
                read.set(&name, value)?;
            }
        }
        for (name, payload) in [("value", &mut read.value), ("key", &mut read.key)] {
            if payload.as_ref().is_some_and(|payload| payload.is_none()) {
                *payload = None;
            }
            let fits = |payload: &Bound<'_, PyAny>| {
                payload.is_exact_instance_of::<PyBytes>()
                    || payload.is_instance_of::<PyString>()
                    || Payload::read(Some(payload), usize::MAX).is_ok()
            };
            if payload.as_ref().is_some_and(|payload| !fits(payload)) {
                return Err(type_error(format!("Message {name} at index {index} must be bytes or str")));
            }
        }
        Ok(read)
    }

    fn header_refs<'a>(&'a self, values: Option<&'a [Payload<'a>]>) -> Vec<HeaderRef<'a>> {
        self.headers.as_ref().zip(values).map_or_else(Vec::new, |(headers, values)| headers.refs(values))
    }

    fn set(&mut self, name: &Bound<'py, PyAny>, value: Bound<'py, PyAny>) -> PyResult<()> {
        let name = name.cast::<PyString>()?.to_str()?;
        if value.is_none() && name != "partition" {
            return Ok(());
        }
        match name {
            "value" => self.value = Some(value),
            "key" => self.key = Some(value),
            "partition" => self.partition = Some(value.extract()?),
            "timestamp" => self.timestamp = value.extract()?,
            "callback" | "on_delivery" => self.callback = Some(value),
            "headers" => self.headers = Some(GivenHeaders::read(Some(&value))?),
            // Others are the application's own.
            _ => {}
        }
        Ok(())
    }
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
        let topic = self.topic(topic)?;
        let mut queued = 0;
        let all: Vec<Row<'_>> = rows.iter().flat_map(Rows::iter).collect();
        for piece in all.chunks(ROWS_AT_ONCE) {
            let records = piece.iter().map(|row| -> PyResult<_> {
                Ok(ProducerRecord {
                    key: row.key,
                    value: row.value,
                    headers: &row.headers,
                    partition: chosen(row.partition.unwrap_or(partition)),
                    timestamp: row.timestamp.map(Timestamp),
                    delivery: self.delivery(callback)?,
                })
            });
            let mut records: Vec<ProducerRecord<'_>> = records.collect::<PyResult<_>>()?;
            let refused = self.producer.produce_batch(&topic, &mut records);
            queued += piece.len() - refused.len();
            if let Some(first) = refused.first() {
                return Err(super::refused(&first.error));
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
        let payloads = messages.iter().map(|given| {
            let value = Payload::read(given.value.as_ref(), usize::MAX)?;
            Ok((value, Payload::read(given.key.as_ref(), usize::MAX)?))
        });
        let payloads: Vec<(Payload<'_>, Payload<'_>)> = payloads.collect::<PyResult<_>>()?;
        let headers =
            messages.iter().map(|given| given.headers.as_ref().map(GivenHeaders::values).transpose());
        let headers: Vec<Option<Vec<Payload<'_>>>> = headers.collect::<PyResult<_>>()?;
        let refs = messages.iter().zip(&headers).map(|(given, values)| given.header_refs(values.as_deref()));
        let refs: Vec<Vec<HeaderRef<'_>>> = refs.collect();
        let topic = self.topic(topic)?;
        let mut records = Vec::with_capacity(messages.len());
        for ((given_message, (value, key)), headers) in messages.iter().zip(&payloads).zip(&refs) {
            records.push(ProducerRecord {
                key: key.bytes(),
                value: value.bytes(),
                headers,
                partition: chosen(given_message.partition.unwrap_or(common.partition)),
                timestamp: given(given_message.timestamp),
                delivery: self.delivery(given_message.callback.as_ref().or(common.callback))?,
            });
        }
        let refused = self.producer.produce_batch(&topic, &mut records);
        for one in &refused {
            let error = KafkaError::make(dicts.py(), &one.error)?;
            dicts.get_item(one.index)?.set_item(intern!(dicts.py(), "_error"), error)?;
        }
        Ok(messages.len() - refused.len())
    }
}
