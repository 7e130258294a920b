//! `_AdminClientImpl`: admin requests, each with a future that is completed by a thread in the background. In reading
//! order: this file, `jobs` (that thread), `options` (keyword arguments), `new_topic`, then what can be asked: `topics`,
//! `configs`, `groups`, `offsets`, `unsupported`.

mod configs;
mod groups;
mod jobs;
mod new_topic;
mod offsets;
mod options;
mod topics;
mod unsupported;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use tidelog::client::config::{AdminConfig, Role};
use tidelog::client::{Admin, Engine};

use self::jobs::Jobs;
use crate::kafka_error::not_created;
use crate::log_queue::LogQueue;
use crate::metadata;
use crate::settings::Settings;
use crate::waiting::Timeout;

pub(crate) use new_topic::{NewPartitions, NewTopic};

/// _AdminClientImpl(config): what ``tidelog.admin.AdminClient`` calls.
#[pyclass(module = "tidelog._cimpl", subclass, frozen, weakref)]
pub(crate) struct _AdminClientImpl {
    inner: OnceLock<Inner>,
    closed: AtomicBool,
}

/// An admin client that was made, closed or not.
struct Inner {
    jobs: Jobs,
    log: LogQueue,
}

impl _AdminClientImpl {
    fn open(&self) -> PyResult<&Inner> {
        match self.inner.get() {
            Some(inner) if !self.closed.load(Ordering::Acquire) => Ok(inner),
            _ => Err(PyRuntimeError::new_err("AdminClient has been closed")),
        }
    }

    fn open_handle(&self) -> PyResult<&Inner> {
        self.open().map_err(|_| PyRuntimeError::new_err("Handle has been closed"))
    }
}

#[pymethods]
impl _AdminClientImpl {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> _AdminClientImpl {
        _AdminClientImpl { inner: OnceLock::new(), closed: AtomicBool::new(false) }
    }

    #[pyo3(signature = (*args, **kwargs))]
    fn __init__(&self, args: &Bound<'_, PyTuple>, kwargs: Option<&Bound<'_, PyDict>>) -> PyResult<()> {
        let py = args.py();
        let settings = Settings::read(Role::Any, args, kwargs)?;
        let config = AdminConfig::new(&settings.config)
            .map_err(|error| not_created("admin client", error.code(), &error))?;
        settings.ask_for_token(py, config.client.oauthbearer.as_deref())?;
        let log = LogQueue::new(Role::Any, &settings.config, &config.client, settings.logger);
        let engine = py.detach(|| Engine::open(&config.client));
        let engine = engine.map_err(|error| not_created("admin client", error.code(), &error.reason()))?;
        let jobs = Jobs::new(Admin::on_engine(engine), config.client.request_timeout);
        self.inner
            .set(Inner { jobs, log })
            .map_err(|_| PyRuntimeError::new_err("AdminClient already initialized"))
    }

    /// poll(timeout): serves log lines; results of requests need no polling.
    ///
    /// :param float timeout: seconds
    /// :rtype: int
    fn poll(&self, py: Python<'_>, timeout: f64) -> PyResult<usize> {
        let inner = self.open()?;
        let served = inner.log.serve(py)?;
        if served == 0 {
            Timeout::seconds(timeout).deadline().sleep(py)?;
        }
        Ok(served)
    }

    fn __len__(&self) -> usize {
        self.open().map_or(0, |inner| inner.jobs.count())
    }

    fn __bool__(&self) -> bool {
        true
    }

    /// list_topics(topic=None, timeout=-1): what there is: brokers, topics, partitions.
    ///
    /// :rtype: ClusterMetadata
    #[pyo3(signature = (topic=None, timeout=-1.0))]
    fn list_topics(&self, py: Python<'_>, topic: Option<&str>, timeout: f64) -> PyResult<Py<PyAny>> {
        let engine = self.open_handle()?.jobs.admin().engine().cloned();
        metadata::of(py, engine, topic, Timeout::seconds(timeout))
    }

    /// cluster_id(timeout=-1): the id of the engine's cluster.
    ///
    /// :rtype: str
    #[pyo3(signature = (timeout=-1.0))]
    fn cluster_id(&self, py: Python<'_>, timeout: f64) -> PyResult<String> {
        let engine = self.open_handle()?.jobs.admin().engine().cloned();
        metadata::cluster_id(py, engine, Timeout::seconds(timeout))
    }

    /// set_sasl_credentials(username, password): accepted: an engine in the same process asks for none.
    fn set_sasl_credentials(&self, username: &str, password: &str) -> PyResult<()> {
        let _ = (username, password);
        self.open_handle().map(drop)
    }

    fn __enter__(slf: Bound<'_, _AdminClientImpl>) -> Bound<'_, _AdminClientImpl> {
        slf
    }

    fn __exit__(
        &self,
        py: Python<'_>,
        _kind: &Bound<'_, PyAny>,
        _value: &Bound<'_, PyAny>,
        _traceback: &Bound<'_, PyAny>,
    ) {
        if let Ok(inner) = self.open() {
            self.closed.store(true, Ordering::Release);
            py.detach(|| inner.jobs.close());
        }
    }
}
