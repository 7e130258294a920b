//! `Consumer`: the class and its life. In reading order: this file, `polling` (messages), `assignments` (what is read),
//! `offsets` (what is committed), `queries` (the rest).

mod assignments;
mod callbacks;
mod offsets;
mod polling;
mod queries;

use std::sync::{Arc, OnceLock};

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple, PyWeakrefReference};
use tidelog::client::config::{ConsumerConfig, Role};
use tidelog::client::consumer::{CallError, ConsumerCallbacks};
use tidelog::client::{self, Engine};

use crate::kafka_error::{exception, exception_with, not_created};
use crate::log_queue::LogQueue;
use crate::raised;
use crate::settings::Settings;
use crate::wake::Wake;

/// Consumer(config)
///
/// Consumes messages: ``config`` is a dictionary of settings, with librdkafka's names; ``bootstrap.servers`` names the
/// engine, ``group.id`` the group. Settings of this class alone: ``on_commit(err, partitions)``, ``error_cb``,
/// ``stats_cb``, ``logger``. Can be iterated: ``for msg in consumer``.
///
/// :raises KafkaException: for settings that cannot be used, and when the engine cannot be opened.
/// :raises ValueError: without ``group.id``
#[pyclass(module = "tidelog", subclass, frozen, weakref)]
pub(crate) struct Consumer {
    inner: OnceLock<Inner>,
}

/// A consumer that was made, closed or not.
struct Inner {
    consumer: client::Consumer,
    log: LogQueue,
    wake: Wake,
    /// The object that callbacks get.
    object: Arc<Py<PyWeakrefReference>>,
}

impl Consumer {
    /// # Errors
    /// `RuntimeError` for one that was not made (a subclass without `super().__init__()`).
    #[inline]
    fn inner(&self) -> PyResult<&Inner> {
        self.inner.get().ok_or_else(closed)
    }

    /// For calls that look at their arguments first.
    ///
    /// # Errors
    /// `RuntimeError` for one that was closed or not made.
    fn open(&self) -> PyResult<&Inner> {
        self.inner.get().filter(|inner| !inner.consumer.is_closed()).ok_or_else(closed)
    }

    /// For calls that confluent-kafka's clients have in common.
    fn open_handle(&self) -> PyResult<&Inner> {
        self.open().map_err(|_| PyRuntimeError::new_err("Handle has been closed"))
    }
}

impl Inner {
    fn new(slf: &Bound<'_, Consumer>, settings: Settings) -> PyResult<Inner> {
        let py = slf.py();
        let config = ConsumerConfig::new(&settings.config)
            .map_err(|error| not_created("consumer", error.code(), &error))?;
        settings.ask_for_token(py, config.client.oauthbearer.as_deref())?;
        let logger = settings.logger.as_ref().map(|logger| logger.clone_ref(py));
        let log = LogQueue::new(Role::Consumer, &settings.config, &config.client, logger);
        let engine = py.detach(|| Engine::open(&config.client));
        let engine = engine.map_err(|error| not_created("consumer", error.code(), &error.reason()))?;
        let on_commit = settings.on_commit.map(|callback| callbacks::on_commit(callback));
        let callbacks = ConsumerCallbacks { on_rebalance: None, on_commit };
        let consumer = client::Consumer::on_engine_with(config, engine, callbacks);
        if let Some(callback) = settings.stats_cb {
            consumer.on_statistics(raised::statistics_callback(callback));
        }
        let object = Arc::new(PyWeakrefReference::new(slf)?.unbind());
        Ok(Inner { consumer, log, wake: Wake::default(), object })
    }

    /// What a call has done, and what callbacks raised meanwhile.
    fn outcome<T>(&self, outcome: Result<T, CallError>, what: &str) -> PyResult<T> {
        raised::raise()?;
        outcome.map_err(|error| call_exception(&error, what))
    }
}

/// The exception for a call that failed. `what` begins the text where librdkafka has none that is better than the code's.
fn call_exception(error: &CallError, what: &str) -> PyErr {
    match error.kafka() {
        None => closed(),
        Some(error) if what.is_empty() => exception(error),
        Some(error) => exception_with(error.code(), format!("{what}: {}", error.reason())),
    }
}

fn closed() -> PyErr {
    PyRuntimeError::new_err("Consumer closed")
}

#[pymethods]
impl Consumer {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Consumer {
        Consumer { inner: OnceLock::new() }
    }

    #[pyo3(signature = (*args, **kwargs))]
    fn __init__(
        slf: &Bound<'_, Consumer>,
        args: &Bound<'_, PyTuple>,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        if slf.get().inner.get().is_some() {
            return Err(PyRuntimeError::new_err("Consumer already initialized"));
        }
        let settings = Settings::read(Role::Consumer, args, kwargs)?;
        if settings.config.get("group.id").unwrap_or_default().is_empty() {
            return Err(PyValueError::new_err("Failed to create consumer: group.id must be set"));
        }
        let inner = Inner::new(slf, settings)?;
        slf.get().inner.set(inner).map_err(|_| PyRuntimeError::new_err("Consumer already initialized"))
    }

    /// close()
    ///
    /// Gives up the partitions (``on_revoke`` is called), commits stored offsets with ``enable.auto.commit``, leaves the
    /// group and lets go of the engine. Fine to call twice.
    ///
    /// :rtype: None
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let Some(inner) = self.inner.get() else { return Ok(()) };
        py.detach(|| inner.consumer.close());
        inner.log.serve(py)?;
        raised::raise()
    }

    fn __enter__(slf: Bound<'_, Consumer>) -> Bound<'_, Consumer> {
        slf
    }

    fn __exit__(
        &self,
        py: Python<'_>,
        _kind: &Bound<'_, PyAny>,
        _value: &Bound<'_, PyAny>,
        _traceback: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        self.close(py)
    }
}
