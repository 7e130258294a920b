//! `Producer`: the class, and producing one message. In reading order: this file, `batch` (many messages in a call),
//! `serving` (delivery reports), `transactions`, `calls` (the rest).

mod batch;
mod calls;
mod serving;
mod transactions;

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwapOption;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};
use tidelog::client::config::{ProducerConfig, Role};
use tidelog::client::producer::ProducerTopic;
use tidelog::client::{self, Delivery, DeliveryReport, Engine, ProducerRecord};
use tidelog::error_code::ErrorCode;
use tidelog::types::{PartitionIndex, Timestamp};

use crate::foreign::Run;
use crate::headers::GivenHeaders;
use crate::kafka_error::{KafkaError, not_created, not_produced};
use crate::log_queue::LogQueue;
use crate::message::Message;
use crate::payload::Payload;
use crate::raised;
use crate::settings::Settings;
use crate::wake::Wake;

/// Producer(config)
///
/// Produces messages: ``config`` is a dictionary of settings, with librdkafka's names; ``bootstrap.servers`` names the
/// engine. Settings of this class alone: ``on_delivery(err, msg)``, ``error_cb``, ``stats_cb``, ``logger``,
/// ``delivery.report.only.error``. Threads may share a producer.
///
/// :raises KafkaException: for settings that cannot be used, and when the engine cannot be opened.
#[pyclass(module = "tidelog", subclass, frozen, weakref)]
pub(crate) struct Producer {
    inner: OnceLock<Inner>,
    closed: AtomicBool,
}

/// A producer that was made, closed or not.
struct Inner {
    producer: client::Producer,
    log: LogQueue,
    wake: Wake,
    on_delivery: Option<Py<PyAny>>,
    only_errors: bool,
    /// The topic that was produced to first, with the object that named it: mostly it is the only one.
    first_topic: OnceLock<NamedTopic>,
    /// The one that was produced to last, when it is another one.
    last_topic: ArcSwapOption<NamedTopic>,
}

struct NamedTopic {
    name: Py<PyString>,
    topic: Arc<ProducerTopic>,
}

impl Producer {
    /// # Errors
    /// `RuntimeError` for one that was closed or never made (a subclass without `super().__init__()`).
    #[inline]
    fn open(&self) -> PyResult<&Inner> {
        match self.inner.get() {
            Some(inner) if !self.closed.load(Ordering::Acquire) => Ok(inner),
            _ => Err(PyRuntimeError::new_err("Producer has been closed")),
        }
    }

    /// For calls that confluent-kafka's clients have in common.
    fn open_handle(&self) -> PyResult<&Inner> {
        self.open().map_err(|_| PyRuntimeError::new_err("Handle has been closed"))
    }
}

#[pymethods]
impl Producer {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Producer {
        Producer { inner: OnceLock::new(), closed: AtomicBool::new(false) }
    }

    #[pyo3(signature = (*args, **kwargs))]
    fn __init__(&self, args: &Bound<'_, PyTuple>, kwargs: Option<&Bound<'_, PyDict>>) -> PyResult<()> {
        let py = args.py();
        let again = || PyRuntimeError::new_err("Producer already initialized");
        if self.inner.get().is_some() {
            return Err(again());
        }
        let settings = Settings::read(Role::Producer, args, kwargs)?;
        self.inner.set(Inner::new(py, settings)?).map_err(|_| again())
    }

    /// produce(topic, value=None, key=None, partition=-1, callback=None, on_delivery=None, timestamp=0, headers=None)
    ///
    /// Queues a message and returns at once: what becomes of it is told by poll() and flush().
    ///
    /// :param str topic: topic; created when it does not exist, with ``allow.auto.create.topics``
    /// :param str|bytes value: value: text (as UTF-8) or anything that has a buffer
    /// :param str|bytes key: key, likewise
    /// :param int partition: partition; -1 lets the partitioner choose
    /// :param func callback: called as ``callback(err, msg)`` with the delivery report; ``on_delivery`` is the same
    /// :param int timestamp: milliseconds since the epoch; 0 is now
    /// :param dict|list headers: headers: ``{key: value}`` or ``[(key, value)]``
    /// :raises BufferError: when the queue is full: poll() and try again
    /// :raises KafkaException: for messages that are too large, partitions that do not exist
    #[pyo3(signature = (topic, value=None, key=None, partition=-1, callback=None, on_delivery=None, timestamp=0,
        headers=None))]
    #[allow(clippy::too_many_arguments)] // confluent-kafka's
    fn produce(
        &self,
        topic: &Bound<'_, PyString>,
        value: Option<&Bound<'_, PyAny>>,
        key: Option<&Bound<'_, PyAny>>,
        partition: i32,
        callback: Option<&Bound<'_, PyAny>>,
        on_delivery: Option<&Bound<'_, PyAny>>,
        timestamp: i64,
        headers: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let inner = self.open()?;
        let size_max = inner.producer.message_size_max();
        let (value, key) = (Payload::read(value, size_max)?, Payload::read(key, size_max)?);
        let mut record = ProducerRecord {
            key: key.bytes(),
            value: value.bytes(),
            headers: &[],
            partition: chosen(partition),
            timestamp: given(timestamp),
            delivery: inner.delivery(topic.py(), callback.or(on_delivery)),
        };
        let Some(headers) = headers else { return inner.produce(topic, record) };
        let headers = GivenHeaders::read(headers)?;
        let values = headers.values()?;
        let refs = headers.refs(&values);
        record.headers = &refs;
        inner.produce(topic, record)
    }
}

/// The partition of a message, `None` where the partitioner is to choose.
fn chosen(partition: i32) -> Option<PartitionIndex> {
    (partition != -1).then_some(PartitionIndex(partition))
}

/// The time of a message, `None` for now.
fn given(timestamp: i64) -> Option<Timestamp> {
    (timestamp != 0).then_some(Timestamp(timestamp))
}

impl NamedTopic {
    /// Whether it is what `name` names: the very object, as literals in a loop are, and still the topic it was.
    #[inline]
    fn is(&self, name: &Bound<'_, PyString>) -> bool {
        self.name.is(name) && self.topic.is_current()
    }
}

impl Inner {
    fn new(py: Python<'_>, settings: Settings) -> PyResult<Inner> {
        let config = ProducerConfig::new(&settings.config)
            .map_err(|error| not_created("producer", error.code(), &error))?;
        settings.ask_for_token(py, config.client.oauthbearer.as_deref())?;
        let logger = settings.logger.as_ref().map(|logger| logger.clone_ref(py));
        let log = LogQueue::new(Role::Producer, &settings.config, &config.client, logger);
        let made = py.detach(|| {
            let engine = Engine::open(&config.client)?;
            client::Producer::on_engine(config, engine, None)
        });
        let producer = made.map_err(|error| not_created("producer", error.code(), &error.reason()))?;
        if let Some(callback) = settings.stats_cb {
            producer.on_statistics(raised::statistics_callback(callback));
        }
        producer.on_error(raised::error_callback());
        Ok(Inner {
            producer,
            log,
            wake: Wake::default(),
            on_delivery: settings.on_delivery,
            only_errors: settings.only_errors,
            first_topic: OnceLock::new(),
            last_topic: ArcSwapOption::empty(),
        })
    }

    #[inline]
    fn produce(&self, name: &Bound<'_, PyString>, record: ProducerRecord<'_>) -> PyResult<()> {
        let produced = match self.first_topic.get() {
            Some(first) if first.is(name) => self.producer.produce_to(&first.topic, record),
            _ => self.producer.produce_to(&*self.topic(name)?, record),
        };
        produced.map_err(|error| not_produced(&error))
    }

    /// Whether it is the time to produce: in a transaction, for who has transactions.
    fn check_transaction(&self) -> Result<(), client::KafkaError> {
        let is_outside = self.producer.is_transactional() && !self.producer.is_in_transaction();
        if is_outside { Err(ErrorCode::LocalState.into()) } else { Ok(()) }
    }

    /// The topic to produce to now.
    fn topic(&self, name: &Bound<'_, PyString>) -> PyResult<Arc<ProducerTopic>> {
        self.check_transaction().map_err(|error| not_produced(&error))?;
        self.look_up(name)
    }

    /// Looks a topic up, and remembers it as the last one.
    fn look_up(&self, name: &Bound<'_, PyString>) -> PyResult<Arc<ProducerTopic>> {
        if let Some(last) = &*self.last_topic.load()
            && last.is(name)
        {
            return Ok(Arc::clone(&last.topic));
        }
        let text = name.to_str()?;
        if text.contains('\0') {
            return Err(PyValueError::new_err("embedded null character"));
        }
        let known = self.producer.known_topic(text);
        // Looking it up may create it, which waits for the disk.
        let topic = known.unwrap_or_else(|| name.py().detach(|| self.producer.topic(text)));
        let named = NamedTopic { name: name.clone().unbind(), topic: Arc::clone(&topic) };
        if let Err(other) = self.first_topic.set(named) {
            self.last_topic.store(Some(Arc::new(other)));
        }
        Ok(topic)
    }

    /// What is attached to a message whose callback is `callback`, or the producer's.
    #[inline]
    fn delivery(&self, py: Python<'_>, callback: Option<&Bound<'_, PyAny>>) -> Delivery {
        let callback = match (callback, &self.on_delivery) {
            (None, None) => return Delivery::Silent,
            (Some(callback), _) => callback.clone().unbind(),
            (None, Some(common)) => common.clone_ref(py),
        };
        let only_errors = self.only_errors;
        Delivery::Callback(Box::new(move |report: DeliveryReport| {
            if only_errors && report.error.is_none() {
                return ControlFlow::Continue(());
            }
            Python::attach(|py| raised::keep(tell(py, &callback, report)))
        }))
    }
}

/// Calls `callback(err, msg)`.
fn tell(py: Python<'_>, callback: &Py<PyAny>, report: DeliveryReport) -> PyResult<()> {
    let error = KafkaError::make_optional(py, report.error.as_ref())?;
    let of_message = error.as_ref().map(|error| error.clone_ref(py));
    let message = Message::report(report.message, of_message, report.latency);
    let error = error.map_or_else(|| py.None().into_bound(py), |error| error.into_bound(py).into_any());
    callback.bind(py).run_with(&error, Bound::new(py, message)?.as_any()).map(drop)
}
