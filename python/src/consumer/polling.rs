//! Messages: `poll`, `consume`, iteration.

use std::time::Duration;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyList;
use tidelog::client::consumer::{CallError, Event};
use tidelog::error_code::ErrorCode;

use super::{Consumer, Inner};
use crate::arrow::{ArrowRecords, Columns};
use crate::kafka_error::exception;
use crate::message::Message;
use crate::waiting::Timeout;

/// Most messages that one call of `consume` may ask for.
const CONSUME_MAX: i64 = 1_000_000;

impl Inner {
    /// What is there at once.
    #[inline]
    fn poll_now(&self, py: Python<'_>) -> PyResult<Option<Event>> {
        self.log.serve(py)?;
        self.outcome(self.consumer.poll(Some(Duration::ZERO)), "")
    }

    fn poll(&self, py: Python<'_>, timeout: Timeout) -> PyResult<Option<Event>> {
        let event = self.poll_now(py)?;
        if event.is_some() || timeout.is_zero() {
            return Ok(event);
        }
        let attempt = |piece| {
            let polled = self.consumer.poll(Some(piece));
            let over = self.pending.is_raised() || !matches!(polled, Ok(None));
            over.then_some(polled)
        };
        let polled = timeout.deadline().wait(py, attempt)?;
        self.outcome(polled.unwrap_or(Ok(None)), "")
    }

    /// Up to `count` messages and events.
    fn consume(&self, py: Python<'_>, count: usize, timeout: Timeout) -> PyResult<Vec<Event>> {
        self.log.serve(py)?;
        let mut events = self.outcome(self.consumer.consume(count, Some(Duration::ZERO)), "")?;
        if events.len() == count || timeout.is_zero() {
            return Ok(events);
        }
        let attempt = |piece| {
            let more = self.consumer.consume(count - events.len(), Some(piece));
            match more {
                Ok(more) => events.extend(more),
                // What has been taken is handed out; the next call says why there is no more.
                Err(_) if !events.is_empty() => return Some(Ok(())),
                Err(error) => return Some(Err(error)),
            }
            (self.pending.is_raised() || events.len() >= count).then_some(Ok::<(), CallError>(()))
        };
        let ended = timeout.deadline().wait(py, attempt)?;
        self.outcome(ended.unwrap_or(Ok(())), "")?;
        Ok(events)
    }
}

/// An event as a message.
#[inline]
fn message(py: Python<'_>, event: Event) -> PyResult<Message> {
    match event {
        Event::Message(record) => Ok(Message::of(record)),
        Event::Error(error) => Message::event(py, &error),
    }
}

#[pymethods]
impl Consumer {
    /// poll(timeout=-1)
    ///
    /// The next message or event; serves callbacks.
    ///
    /// :param float timeout: seconds to wait for one; negative waits without end
    /// :returns: a message (look at its ``error()`` first), or None when there was none in time
    /// :rtype: Message or None
    #[pyo3(signature = (timeout=-1.0))]
    fn poll(&self, py: Python<'_>, timeout: f64) -> PyResult<Option<Message>> {
        let event = self.inner()?.poll(py, Timeout::seconds(timeout))?;
        event.map(|event| message(py, event)).transpose()
    }

    /// consume(num_messages=1, timeout=-1)
    ///
    /// The next messages and events; fewer than asked for when the time is over first.
    ///
    /// :param int num_messages: how many, 1000000 at most
    /// :param float timeout: seconds to wait for all of them; negative waits without end
    /// :rtype: list(Message)
    #[pyo3(signature = (num_messages=1, timeout=-1.0))]
    fn consume<'py>(&self, py: Python<'py>, num_messages: i64, timeout: f64) -> PyResult<Bound<'py, PyList>> {
        let inner = self.inner()?;
        let count = usize::try_from(num_messages).ok().filter(|_| num_messages <= CONSUME_MAX);
        let Some(count) = count else {
            return Err(PyValueError::new_err("num_messages must be between 0 and 1000000 (1M)"));
        };
        let events = inner.consume(py, count, Timeout::seconds(timeout))?;
        let mut messages = Vec::with_capacity(events.len());
        for event in events {
            messages.push(Py::new(py, message(py, event)?)?);
        }
        PyList::new(py, messages)
    }

    /// consume_arrow(max_records=65536, timeout=-1)
    ///
    /// The next records as columns: what is there at once, or else the first that come in time. Events are left out, but
    /// for errors when there is no record to return.
    ///
    /// :param int max_records: most records
    /// :param float timeout: seconds to wait for the first one; negative waits without end
    /// :rtype: ArrowRecords
    /// :raises KafkaException: for an error event, but the end of a partition
    #[pyo3(signature = (max_records=65536, timeout=-1.0))]
    fn consume_arrow(&self, py: Python<'_>, max_records: usize, timeout: f64) -> PyResult<ArrowRecords> {
        let inner = self.inner()?;
        let mut columns = Columns::new(max_records.min(1 << 16));
        let (mut count, mut failed) = (0, None);
        let timeout = Timeout::seconds(timeout);
        let mut collect = |piece: Duration| {
            let events = match inner.consumer.consume_available(max_records - count, Some(piece)) {
                Ok(events) => events,
                Err(error) => return Some(Err(error)),
            };
            for event in events {
                match event {
                    Event::Message(message) => {
                        columns.push(message);
                        count += 1;
                    }
                    Event::Error(event) if event.error.code() == ErrorCode::LocalPartitionEof => {}
                    Event::Error(event) => failed = Some(event.error),
                }
            }
            (count > 0 || failed.is_some() || inner.pending.is_raised()).then_some(Ok::<(), CallError>(()))
        };
        let ended = match py.detach(|| collect(Duration::ZERO)) {
            None if !timeout.is_zero() => timeout.deadline().wait(py, collect)?,
            ended => ended,
        };
        inner.outcome(ended.unwrap_or(Ok(())), "")?;
        if let Some(error) = failed.filter(|_| count == 0) {
            return Err(exception(&error));
        }
        let batch = columns.finish().map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(ArrowRecords::new(batch))
    }

    /// _wake_fd(): a file descriptor that becomes readable when there is something to poll(), once after each _arm().
    fn _wake_fd(&self) -> PyResult<i32> {
        let inner = self.inner()?;
        inner.wake.fd(|tell| inner.consumer.listen(tell))
    }

    /// _arm(): see _wake_fd(). Poll afterwards: what came before is not told.
    fn _arm(&self) -> PyResult<()> {
        self.inner().map(|inner| inner.consumer.arm())
    }

    fn __iter__(slf: Bound<'_, Consumer>) -> Bound<'_, Consumer> {
        slf
    }

    /// The next message or event, however long it takes. Ends when the consumer is closed.
    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Message>> {
        let inner = self.inner()?;
        loop {
            match inner.poll(py, Timeout::seconds(-1.0)) {
                Ok(Some(event)) => return message(py, event).map(Some),
                Ok(None) => {}
                Err(_) if inner.consumer.is_closed() => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }
}
