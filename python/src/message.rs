//! `Message`: a record, an event, or a delivery report.

use std::sync::OnceLock;
use std::time::Duration;

use parking_lot::Mutex;
use pyo3::basic::CompareOp;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyTuple};
use tidelog::client;
use tidelog::client::consumer::ConsumerError;
use tidelog::record::TimestampType;

use crate::headers;
use crate::kafka_error::{KafkaError, compared};

/// Message(topic=None, partition=-1, offset=OFFSET_INVALID, key=None, value=None, headers=None, error=None, timestamp=None, latency=None, leader_epoch=-1, delivery_count=-1)
///
/// A record as it was consumed, what became of one that was produced, or an event: then ``error()`` says which.
/// All that it has is behind methods. Its bytes stay in the batch it came in until they are asked for.
#[pyclass(module = "tidelog", frozen)]
pub(crate) struct Message {
    record: Option<client::Message>,
    /// What became of it. Reports do not carry headers, as confluent-kafka's do not.
    report: Option<Report>,
    /// Values that were set from Python; from then on all of them.
    fields: OnceLock<Box<Mutex<Fields>>>,
}

/// What a delivery report says.
struct Report {
    error: Option<Py<KafkaError>>,
    latency: Duration,
}

/// Values of a message, of any type.
struct Fields {
    topic: Py<PyAny>,
    partition: i32,
    offset: i64,
    key: Py<PyAny>,
    value: Py<PyAny>,
    headers: Py<PyAny>,
    error: Py<PyAny>,
    timestamp: (i32, i64),
    latency: Option<f64>,
    leader_epoch: i32,
    delivery_count: i16,
}

impl Message {
    /// A record that was consumed.
    #[inline]
    pub(crate) fn of(record: client::Message) -> Message {
        Message { record: Some(record), report: None, fields: OnceLock::new() }
    }

    /// What became of a message.
    pub(crate) fn report(
        record: client::Message,
        error: Option<Py<KafkaError>>,
        latency: Duration,
    ) -> Message {
        Message { record: Some(record), report: Some(Report { error, latency }), fields: OnceLock::new() }
    }

    /// An event of a consumer: its value is the error's text.
    pub(crate) fn event(py: Python<'_>, event: &ConsumerError) -> PyResult<Message> {
        let error = KafkaError::make(py, &event.error)?;
        let message = Message { record: None, report: None, fields: OnceLock::new() };
        let fields = Fields {
            topic: event.topic.as_deref().map_or_else(|| py.None(), |topic| PyString::new(py, topic).into()),
            // What librdkafka says of errors that concern none.
            partition: event.partition.map_or(0, |partition| partition.0),
            offset: event.offset.map_or(-1001, |offset| offset.0),
            value: PyBytes::new(py, event.error.reason().as_bytes()).into(),
            error: error.into_any(),
            timestamp: (0, -1),
            ..Fields::empty(py)
        };
        // It is new: nobody has set it before.
        drop(message.fields.set(Box::new(Mutex::new(fields))));
        Ok(message)
    }

    /// Its topic, partition and offset as far as they say where it is in a log, and its epoch.
    pub(crate) fn place(&self, py: Python<'_>) -> Option<(String, i32, i64, i32)> {
        match (self.fields.get(), &self.record) {
            (Some(fields), _) => {
                let fields = fields.lock();
                let topic = fields.topic.bind(py).extract::<String>().ok()?;
                Some((topic, fields.partition, fields.offset, fields.leader_epoch))
            }
            (None, Some(record)) => {
                let (topic, partition) = (record.topic().to_owned(), record.partition().0);
                Some((topic, partition, offset_of(record), record.leader_epoch().0))
            }
            (None, None) => None,
        }
    }

    pub(crate) fn has_error(&self, py: Python<'_>) -> bool {
        match self.fields.get() {
            Some(fields) => !fields.lock().error.is_none(py),
            None => self.failure().is_some(),
        }
    }

    fn fields(&self, py: Python<'_>) -> PyResult<&Mutex<Fields>> {
        if let Some(fields) = self.fields.get() {
            return Ok(fields);
        }
        let fields = self.all_fields(py)?;
        Ok(self.fields.get_or_init(|| Box::new(Mutex::new(fields))))
    }

    fn all_fields(&self, py: Python<'_>) -> PyResult<Fields> {
        let error = self.failure().map_or_else(|| py.None(), |error| error.clone_ref(py).into_any());
        let latency = self.report.as_ref().map(|report| report.latency.as_secs_f64());
        let Some(record) = &self.record else { return Ok(Fields { error, latency, ..Fields::empty(py) }) };
        let headers = self.record_headers(py, record)?;
        Ok(Fields {
            topic: PyString::new(py, record.topic()).into(),
            partition: record.partition().0,
            offset: offset_of(record),
            key: bytes_or_none(py, record.key()).unbind(),
            value: bytes_or_none(py, record.value()).unbind(),
            headers,
            error,
            timestamp: timestamp_of(record),
            latency,
            leader_epoch: self.epoch_of(record),
            ..Fields::empty(py)
        })
    }

    fn record_headers(&self, py: Python<'_>, record: &client::Message) -> PyResult<Py<PyAny>> {
        if self.report.is_some() {
            return Ok(py.None());
        }
        Ok(headers::to_list(py, record.headers())?.map_or_else(|| py.None(), |list| list.into_any().unbind()))
    }

    fn failure(&self) -> Option<&Py<KafkaError>> {
        self.report.as_ref()?.error.as_ref()
    }

    fn epoch_of(&self, record: &client::Message) -> i32 {
        if self.report.is_some() { -1 } else { record.leader_epoch().0 }
    }

    fn read<T>(
        &self,
        of_fields: impl FnOnce(&Fields) -> T,
        of_record: impl FnOnce(&client::Message) -> T,
        otherwise: T,
    ) -> T {
        match (self.fields.get(), &self.record) {
            (Some(fields), _) => of_fields(&fields.lock()),
            (None, Some(record)) => of_record(record),
            (None, None) => otherwise,
        }
    }
}

impl Fields {
    fn empty(py: Python<'_>) -> Fields {
        Fields {
            topic: py.None(),
            partition: -1,
            offset: -1001,
            key: py.None(),
            value: py.None(),
            headers: py.None(),
            error: py.None(),
            timestamp: (0, 0),
            latency: None,
            leader_epoch: -1,
            delivery_count: -1,
        }
    }
}

#[pymethods]
impl Message {
    #[new]
    #[pyo3(signature = (topic=None, partition=-1, offset=-1001, key=None, value=None, headers=None, error=None,
        timestamp=None, latency=None, leader_epoch=-1, delivery_count=-1))]
    #[allow(clippy::too_many_arguments)] // confluent-kafka's
    fn new(
        py: Python<'_>,
        topic: Option<Py<PyAny>>,
        partition: Option<i32>,
        offset: Option<i64>,
        key: Option<Py<PyAny>>,
        value: Option<Py<PyAny>>,
        headers: Option<Py<PyAny>>,
        error: Option<Py<PyAny>>,
        timestamp: Option<(i32, i64)>,
        latency: Option<f64>,
        leader_epoch: Option<i32>,
        delivery_count: Option<i16>,
    ) -> Message {
        let or_none = |given: Option<Py<PyAny>>| given.unwrap_or_else(|| py.None());
        let fields = Fields {
            topic: or_none(topic),
            partition: partition.unwrap_or(-1),
            offset: offset.unwrap_or(-1001),
            key: or_none(key),
            value: or_none(value),
            headers: or_none(headers),
            error: or_none(error),
            timestamp: timestamp.unwrap_or((0, 0)),
            latency: latency.filter(|latency| *latency >= 0.0),
            leader_epoch: leader_epoch.unwrap_or(-1),
            delivery_count: delivery_count.unwrap_or(-1),
        };
        let fields = OnceLock::from(Box::new(Mutex::new(fields)));
        Message { record: None, report: None, fields }
    }

    /// topic(): name of the topic.
    ///
    /// :rtype: str or None
    fn topic(&self, py: Python<'_>) -> Py<PyAny> {
        let of_record = |record: &client::Message| PyString::intern(py, record.topic()).into_any().unbind();
        self.read(|fields| fields.topic.clone_ref(py), of_record, py.None())
    }

    /// partition(): number of the partition.
    ///
    /// :rtype: int or None
    fn partition(&self) -> Option<i32> {
        self.read(|fields| fields.partition, |record| record.partition().0, -1).at_least_zero()
    }

    /// offset(): its place in the partition; None for a message that is not in a log, or not known to be.
    ///
    /// :rtype: int or None
    fn offset(&self) -> Option<i64> {
        self.read(|fields| fields.offset, offset_of, -1001).at_least_zero()
    }

    /// key(): the key.
    ///
    /// :rtype: bytes or None
    #[inline]
    fn key<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        match (self.fields.get(), &self.record) {
            (None, Some(record)) => bytes_or_none(py, record.key()),
            (Some(fields), _) => fields.lock().key.bind(py).clone(),
            (None, None) => py.None().into_bound(py),
        }
    }

    /// value(): the value; for an event, its text.
    ///
    /// :rtype: bytes or None
    #[inline]
    fn value<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        match (self.fields.get(), &self.record) {
            (None, Some(record)) => bytes_or_none(py, record.value()),
            (Some(fields), _) => fields.lock().value.bind(py).clone(),
            (None, None) => py.None().into_bound(py),
        }
    }

    /// headers(): ``[(key, value), ...]`` in the order they were given; None when there are none.
    ///
    /// :rtype: list(tuple(str, bytes)) or None
    fn headers(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match (self.fields.get(), &self.record) {
            (None, Some(record)) => self.record_headers(py, record),
            (Some(fields), _) => Ok(fields.lock().headers.clone_ref(py)),
            (None, None) => Ok(py.None()),
        }
    }

    /// error(): what this event, or this message's failure, is; None for a message that is fine.
    ///
    /// :rtype: KafkaError or None
    fn error(&self, py: Python<'_>) -> Py<PyAny> {
        if let Some(fields) = self.fields.get() {
            return fields.lock().error.clone_ref(py);
        }
        self.failure().map_or_else(|| py.None(), |error| error.clone_ref(py).into_any())
    }

    /// timestamp(): ``(type, milliseconds since the epoch)``; the type is one of the constants ``TIMESTAMP_...``.
    ///
    /// :rtype: tuple(int, int)
    fn timestamp(&self) -> (i32, i64) {
        self.read(|fields| fields.timestamp, timestamp_of, (0, 0))
    }

    /// latency(): seconds from produce() to the acknowledgement, in a delivery report.
    ///
    /// :rtype: float or None
    fn latency(&self) -> Option<f64> {
        match self.fields.get() {
            Some(fields) => fields.lock().latency,
            None => self.report.as_ref().map(|report| report.latency.as_secs_f64()),
        }
    }

    /// leader_epoch(): epoch of the leader that appended it.
    ///
    /// :rtype: int or None
    fn leader_epoch(&self) -> Option<i32> {
        self.read(|fields| fields.leader_epoch, |record| self.epoch_of(record), -1).at_least_zero()
    }

    /// delivery_count(): how often it was handed out, by a share group (KIP-932).
    ///
    /// :rtype: int or None
    fn delivery_count(&self) -> Option<i16> {
        self.read(|fields| fields.delivery_count, |_| -1, -1).at_least_zero()
    }

    /// deserialized_key(): the same object as key(), which a deserializer may have replaced.
    ///
    /// :rtype: object
    fn deserialized_key<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        self.key(py)
    }

    /// deserialized_value(): the same object as value(), which a deserializer may have replaced.
    ///
    /// :rtype: object
    fn deserialized_value<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        self.value(py)
    }

    /// set_topic(topic): replaces the topic.
    fn set_topic(&self, py: Python<'_>, value: Py<PyAny>) -> PyResult<()> {
        self.set(py, value, |fields| &mut fields.topic)
    }

    /// set_key(key): replaces the key, by an object of any type.
    fn set_key(&self, py: Python<'_>, value: Py<PyAny>) -> PyResult<()> {
        self.set(py, value, |fields| &mut fields.key)
    }

    /// set_value(value): replaces the value, by an object of any type.
    fn set_value(&self, py: Python<'_>, value: Py<PyAny>) -> PyResult<()> {
        self.set(py, value, |fields| &mut fields.value)
    }

    /// set_headers(headers): replaces the headers, by an object of any type.
    fn set_headers(&self, py: Python<'_>, value: Py<PyAny>) -> PyResult<()> {
        self.set(py, value, |fields| &mut fields.headers)
    }

    /// set_error(error): replaces the error.
    fn set_error(&self, py: Python<'_>, value: Py<PyAny>) -> PyResult<()> {
        self.set(py, value, |fields| &mut fields.error)
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        match (self.fields.get(), &self.record) {
            (None, Some(record)) => Ok(record.value().map_or(0, <[u8]>::len)),
            _ => match self.value(py) {
                value if value.is_none() => Ok(0),
                value => value.len(),
            },
        }
    }

    fn __richcmp__(slf: &Bound<'_, Message>, other: &Bound<'_, PyAny>, op: CompareOp) -> PyResult<Py<PyAny>> {
        let py = slf.py();
        let Ok(other) = other.cast::<Message>() else { return compared(py, None) };
        let equal = || slf.get().identity(py)?.eq(other.get().identity(py)?);
        let outcome = match op {
            CompareOp::Eq => Some(equal()?),
            CompareOp::Ne => Some(!equal()?),
            _ => None,
        };
        compared(py, outcome)
    }

    fn __hash__(slf: &Bound<'_, Message>) -> PyResult<isize> {
        Err(PyTypeError::new_err(format!("unhashable type: '{}'", slf.get_type().fully_qualified_name()?)))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Message>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let all = slf.get().fields(py)?.lock();
        let place = (all.topic.clone_ref(py), all.partition, all.offset);
        let content = (all.key.clone_ref(py), all.value.clone_ref(py), all.headers.clone_ref(py));
        let rest =
            (all.error.clone_ref(py), all.timestamp, all.latency, all.leader_epoch, all.delivery_count);
        let args = (
            place.0, place.1, place.2, content.0, content.1, content.2, rest.0, rest.1, rest.2, rest.3,
            rest.4,
        );
        Ok((slf.get_type(), args).into_pyobject(py)?.into_any())
    }
}

impl Message {
    fn set(
        &self,
        py: Python<'_>,
        value: Py<PyAny>,
        field: impl FnOnce(&mut Fields) -> &mut Py<PyAny>,
    ) -> PyResult<()> {
        let before = std::mem::replace(field(&mut self.fields(py)?.lock()), value);
        // Outside of the lock: it may run code.
        drop(before);
        Ok(())
    }

    /// What equality looks at.
    fn identity<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let head = (self.topic(py), self.value(py), self.key(py), self.headers(py)?, self.error(py));
        let tail = (self.partition(), self.offset(), self.leader_epoch(), self.timestamp());
        (head.into_pyobject(py)?, tail.into_pyobject(py)?).into_pyobject(py)
    }
}

#[inline]
fn bytes_or_none<'py>(py: Python<'py>, bytes: Option<&[u8]>) -> Bound<'py, PyAny> {
    match bytes {
        Some(bytes) => PyBytes::new(py, bytes).into_any(),
        None => py.None().into_bound(py),
    }
}

/// `OFFSET_INVALID` for none.
fn offset_of(record: &client::Message) -> i64 {
    record.offset().map_or(-1001, |offset| offset.0)
}

fn timestamp_of(record: &client::Message) -> (i32, i64) {
    let kind = match record.timestamp_type() {
        TimestampType::CreateTime => 1,
        TimestampType::LogAppendTime => 2,
    };
    (kind, record.timestamp().0)
}

/// Getters say `None` where nothing is set.
trait AtLeastZero: Sized + PartialOrd + Default {
    fn at_least_zero(self) -> Option<Self> {
        (self >= Self::default()).then_some(self)
    }
}

impl AtLeastZero for i16 {}
impl AtLeastZero for i32 {}
impl AtLeastZero for i64 {}
