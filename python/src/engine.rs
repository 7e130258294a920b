//! `Engine`: an engine that is opened by itself, to keep it while clients come and go, and to open ports for others.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use tidelog::client::config::{AdminConfig, Config};
use tidelog::error_code::ErrorCode;
use tidelog::io::ListenAddress;
use tidelog::server::{Server, ServerOptions, advertised_address};

use crate::kafka_error::{config_exception, exception, exception_with};

/// Engine(path=None, listeners=(), advertised=None, allow_anonymous_network=False, config=None)
///
/// An engine in this process: opened, or joined where it is open already, and kept until ``close()``. With ``listeners``
/// every Kafka client can use it over TCP.
///
/// :param str path: directory of its data, or a name as clients give it, ``"tidelog:..."``; None or ``":memory:"`` for one in
///     memory
/// :param list(str) listeners: addresses: ``"127.0.0.1:9092"`` (port 0: any that is free), ``"unix:/path"``
/// :param str advertised: ``"host:port"`` that clients are told to connect to
/// :param bool allow_anonymous_network: whether other addresses than this machine's own may be listened at: there is no
///     authentication, so that whoever reaches the port can read and delete everything
/// :param dict config: settings ``tidelog.*``
/// :raises KafkaException: when it cannot be opened, or an address cannot be listened at
#[pyclass(module = "tidelog", frozen, weakref)]
pub(crate) struct Engine {
    bootstrap: String,
    open: Mutex<Option<Open>>,
}

struct Open {
    /// Stops before the engine does.
    server: Option<Server>,
    _engine: tidelog::client::Engine,
}

/// `host:port`.
fn advertised(text: &str) -> PyResult<(String, u16)> {
    let refused = |_| PyValueError::new_err(format!("advertised must be \"host:port\", not {text:?}"));
    advertised_address(text).map_err(refused)
}

/// What clients give as `bootstrap.servers`. An engine in memory that has no name gets one, to be found by.
fn name_of(path: Option<&Path>) -> PyResult<String> {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    Ok(match (path, path.and_then(Path::to_str)) {
        (None, _) | (_, Some(":memory:" | "tidelog::memory:")) => {
            format!("tidelog::memory:engine-{}", COUNT.fetch_add(1, Ordering::Relaxed))
        }
        (_, Some(name)) if name.starts_with("tidelog:") => name.to_owned(),
        (Some(path), _) => format!("tidelog:{}", std::path::absolute(path)?.display()),
    })
}

#[pymethods]
impl Engine {
    #[new]
    #[pyo3(signature = (path=None, listeners=Vec::new(), advertised=None, allow_anonymous_network=false, config=None),
        text_signature = "(path=None, listeners=(), advertised=None, allow_anonymous_network=False, config=None)")]
    fn new(
        py: Python<'_>,
        path: Option<PathBuf>,
        listeners: Vec<String>,
        advertised: Option<&str>,
        allow_anonymous_network: bool,
        config: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Engine> {
        let bootstrap = name_of(path.as_deref())?;
        let mut settings = Config::new();
        for (name, value) in config.into_iter().flatten() {
            let (name, value) = (name.str()?.to_string(), value.str()?.to_string());
            settings.set(&name, Some(&value)).map_err(|error| config_exception(&error))?;
        }
        settings.set("bootstrap.servers", Some(&bootstrap)).map_err(|error| config_exception(&error))?;
        let settings = AdminConfig::new(&settings).map_err(|error| config_exception(&error))?;
        let mut addresses = Vec::new();
        for text in &listeners {
            let named = ListenAddress::resolve(text);
            let refused = |error| PyValueError::new_err(format!("cannot listen at {text:?}: {error}"));
            addresses.extend(named.map_err(refused)?);
        }
        let options = ServerOptions {
            listeners: addresses,
            advertised: advertised.map(self::advertised).transpose()?,
            allow_anonymous_network,
            ..ServerOptions::default()
        };
        let opened = py.detach(|| tidelog::client::Engine::open(&settings.client));
        let engine = opened.map_err(|error| exception(&error))?;
        let Some(engine) = engine else { return Err(PyValueError::new_err("path must not be empty")) };
        let server = if options.listeners.is_empty() {
            None
        } else {
            let started = py.detach(|| Server::start(engine.broker(), options));
            Some(
                started
                    .map_err(|error| exception_with(ErrorCode::LocalCritSysResource, error.to_string()))?,
            )
        };
        Ok(Engine { bootstrap, open: Mutex::new(Some(Open { server, _engine: engine })) })
    }

    /// What clients of this process give as ``bootstrap.servers``: str.
    #[getter]
    fn bootstrap_servers(&self) -> &str {
        &self.bootstrap
    }

    /// Where it listens: list(str), with the ports that were chosen.
    #[getter]
    fn addresses(&self) -> Vec<String> {
        let open = self.open.lock();
        let server = open.as_ref().and_then(|open| open.server.as_ref());
        server.map_or_else(Vec::new, |server| server.addresses().iter().map(ToString::to_string).collect())
    }

    /// close(): stops listening, and lets go of the engine, which ends with its last client. Fine to call twice.
    fn close(&self, py: Python<'_>) {
        let open = self.open.lock().take();
        py.detach(|| drop(open));
    }

    fn __enter__(slf: Bound<'_, Engine>) -> Bound<'_, Engine> {
        slf
    }

    fn __exit__(
        &self,
        py: Python<'_>,
        _kind: &Bound<'_, PyAny>,
        _value: &Bound<'_, PyAny>,
        _traceback: &Bound<'_, PyAny>,
    ) {
        self.close(py);
    }

    fn __repr__(&self) -> String {
        format!("Engine({:?}, listeners={:?})", self.bootstrap, self.addresses())
    }
}
