//! Messages: `poll`, `consume`, iteration.

use std::time::Duration;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyList;
use tidelog::client::consumer::{CallError, ConsumerError, Event, EventRef};
use tidelog::error_code::ErrorCode;

use super::{Consumer, Inner};
use crate::arrow::{ArrowRecords, Columns};
use crate::kafka_error::exception;
use crate::message::Message;
use crate::raised;
use crate::waiting::Timeout;

/// Rows that there is room for at once.
const ROWS_AT_ONCE: usize = 1 << 17;

/// Most messages that one call of `consume` may ask for.
const CONSUME_MAX: i64 = 1_000_000;

impl Inner {
    /// What is there at once.
    #[inline]
    fn poll_now(&self, py: Python<'_>) -> PyResult<Option<Event>> {
        self.log.serve(py)?;
        self.outcome(self.consumer.poll(Some(Duration::ZERO)), "")
    }

    #[inline]
    fn poll(&self, py: Python<'_>, seconds: f64) -> PyResult<Option<Event>> {
        let event = self.poll_now(py)?;
        if event.is_some() || seconds == 0.0 {
            return Ok(event);
        }
        self.wait_and_poll(py, Timeout::seconds(seconds))
    }

    fn wait_and_poll(&self, py: Python<'_>, timeout: Timeout) -> PyResult<Option<Event>> {
        let attempt = |piece| {
            let polled = self.consumer.poll(Some(piece));
            let over = raised::is_raised() || !matches!(polled, Ok(None));
            over.then_some(polled)
        };
        let polled = timeout.deadline().wait(py, attempt)?;
        self.outcome(polled.unwrap_or(Ok(None)), "")
    }

    /// Up to `count` messages and events.
    fn consume<'py>(&self, py: Python<'py>, count: usize, timeout: Timeout) -> PyResult<Vec<Py<Message>>> {
        const CAPACITY_MAX: usize = 1024;
        self.log.serve(py)?;
        let mut messages = Vec::with_capacity(count.min(CAPACITY_MAX));
        // Where events come between the messages.
        let mut events: Vec<(usize, ConsumerError)> = Vec::new();
        let mut failed = None;
        // The consumer is locked meanwhile. Making a message runs no code of the application, because the garbage
        // collector does not know its class; it knows that of errors.
        let given = self.consumer.consume_with(count, Some(Duration::ZERO), |event| match event {
            EventRef::Message(message) => match Py::new(py, Message::of(message.to_message())) {
                Ok(message) => messages.push(message),
                Err(error) => failed = Some(error),
            },
            EventRef::Error(error) => events.push((messages.len() + events.len(), error)),
        });
        self.outcome(given, "")?;
        failed.map_or(Ok(()), Err)?;
        for (place, event) in events {
            messages.insert(place, Py::new(py, Message::event(py, &event)?)?);
        }
        if messages.len() < count && !timeout.is_zero() {
            for event in self.wait_and_consume(py, count - messages.len(), timeout, !messages.is_empty())? {
                messages.push(Py::new(py, message(py, event)?)?);
            }
        }
        Ok(messages)
    }

    /// The rest of what `consume` was asked for; `has_some` when it has something to return anyway.
    fn wait_and_consume(
        &self,
        py: Python<'_>,
        count: usize,
        timeout: Timeout,
        has_some: bool,
    ) -> PyResult<Vec<Event>> {
        let mut events = Vec::new();
        let attempt = |piece| {
            match self.consumer.consume(count - events.len(), Some(piece)) {
                Ok(more) => events.extend(more),
                // What has been taken is handed out; the next call says why there is no more.
                Err(_) if has_some || !events.is_empty() => return Some(Ok(())),
                Err(error) => return Some(Err(error)),
            }
            (raised::is_raised() || events.len() >= count).then_some(Ok::<(), CallError>(()))
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
        let event = self.inner()?.poll(py, timeout)?;
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
        PyList::new(py, inner.consume(py, count, Timeout::seconds(timeout))?)
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
        let mut columns = Columns::new(max_records.min(ROWS_AT_ONCE));
        let (mut count, mut failed) = (0, None);
        let timeout = Timeout::seconds(timeout);
        let mut collect = |piece: Duration| {
            let given = inner.consumer.consume_with(max_records - count, Some(piece), |event| match event {
                EventRef::Message(message) => {
                    columns.push(&message);
                    count += 1;
                }
                EventRef::Error(event) if event.error.code() == ErrorCode::LocalPartitionEof => {}
                EventRef::Error(event) => failed = Some(event.error),
            });
            if let Err(error) = given {
                return Some(Err(error));
            }
            (count > 0 || failed.is_some() || raised::is_raised()).then_some(Ok::<(), CallError>(()))
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
            match inner.poll(py, -1.0) {
                Ok(Some(event)) => return message(py, event).map(Some),
                Ok(None) => {}
                Err(_) if inner.consumer.is_closed() => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }
}
