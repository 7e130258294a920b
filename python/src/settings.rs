//! [`Settings`]: the dictionary that a client is made with.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyTuple};
use tidelog::client::config::{Config, Role};
use tidelog::error_code::ErrorCode;

use crate::foreign::Run;
use crate::kafka_error::{config_exception, exception_with, type_error};

/// What the dictionary says, sorted.
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) config: Config,
    pub(crate) on_delivery: Option<Py<PyAny>>,
    pub(crate) on_commit: Option<Py<PyAny>>,
    pub(crate) stats_cb: Option<Py<PyAny>>,
    pub(crate) oauth_cb: Option<Py<PyAny>>,
    pub(crate) logger: Option<Py<PyAny>>,
    /// `delivery.report.only.error`
    pub(crate) only_errors: bool,
}

impl Settings {
    /// Reads `Client(config)`, `Client(config, **more)` and `Client(**config)`.
    ///
    /// # Errors
    /// `TypeError` and `ValueError` for what is not a dictionary or a callable; `_INVALID_ARG` with librdkafka's text for
    /// settings.
    pub(crate) fn read(
        role: Role,
        args: &Bound<'_, PyTuple>,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Settings> {
        let all = PyDict::new(args.py());
        if args.len() > 1 {
            return Err(type_error("expected tuple with configuration dict"));
        }
        if let Ok(config) = args.get_item(0) {
            let Ok(config) = config.cast::<PyDict>() else {
                return Err(type_error("expected configuration dict"));
            };
            all.update(config.as_mapping())?;
        }
        if let Some(kwargs) = kwargs {
            all.update(kwargs.as_mapping())?;
        }
        let mut settings = Settings::default();
        // As confluent-kafka does: topic defaults come behind everything else, and win.
        let topic_defaults = all.get_item("default.topic.config")?;
        for (name, value) in all.iter() {
            settings.set(role, &name.str()?.to_string(), &value)?;
        }
        if let Some(defaults) = topic_defaults {
            let names = defaults.run_method(intern!(defaults.py(), "keys"), ())?;
            for name in names.try_iter()? {
                let name = name?;
                settings.set_text(&name.str()?.to_string(), &defaults.get_item(&name)?)?;
            }
        }
        Ok(settings)
    }

    fn set(&mut self, role: Role, name: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let callable = || -> PyResult<Option<Py<PyAny>>> {
            if value.is_callable() {
                return Ok(Some(value.clone().unbind()));
            }
            Err(type_error(format!("expected {name} property as a callable function")))
        };
        match (name, role) {
            // Read behind everything else.
            ("default.topic.config", _) => {}
            // Brokers are not lost here: what fails is told where it was asked for.
            ("error_cb", _) => drop(callable()?),
            ("stats_cb", _) => self.stats_cb = callable()?,
            ("oauth_cb", _) => self.oauth_cb = callable()?,
            // Nothing here is throttled.
            ("throttle_cb", _) if value.is_callable() => {}
            ("throttle_cb", _) => {
                return Err(PyValueError::new_err("expected throttle_cb property as a callable function"));
            }
            ("logger", _) => self.logger = Some(value.clone().unbind()).filter(|_| !value.is_none()),
            ("on_delivery", Role::Producer) => self.on_delivery = own_callable(name, value)?,
            ("on_commit", Role::Consumer) => self.on_commit = own_callable(name, value)?,
            ("delivery.report.only.error", Role::Producer) => {
                let Ok(only) = value.cast::<PyBool>() else {
                    let kind = value.get_type().name()?.to_string();
                    let text = format!("Expected delivery.report.only.error to be bool type, not {kind}");
                    return Err(PyTypeError::new_err(text));
                };
                self.only_errors = only.is_true();
            }
            _ => self.set_text(name, value)?,
        }
        Ok(())
    }

    fn set_text(&mut self, name: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let text = match value.cast::<PyBytes>() {
            Ok(bytes) => Some(String::from_utf8_lossy(bytes.as_bytes()).into_owned()),
            Err(_) if value.is_none() => None,
            Err(_) => Some(value.str()?.to_str()?.to_owned()),
        };
        self.config.set(name, text.as_deref()).map_err(|error| config_exception(&error))
    }

    /// Asks the application for a token, as librdkafka does once when a client is made, where the settings are those of
    /// a cluster with OAUTHBEARER. Nothing here needs it.
    ///
    /// # Errors
    /// `SASL_AUTHENTICATION_FAILED` when there is none.
    pub(crate) fn ask_for_token(&self, py: Python<'_>, config: Option<&str>) -> PyResult<()> {
        let (Some(config), Some(callback)) = (config, &self.oauth_cb) else { return Ok(()) };
        let refused = |why: String| {
            let text = format!("Failed to acquire OAUTHBEARER token: {why}");
            exception_with(ErrorCode::SaslAuthenticationFailed, text)
        };
        let token = callback.bind(py).run((config,)).map_err(|error| refused(error.to_string()))?;
        let token = token.cast::<PyTuple>().map_err(|error| refused(error.to_string()))?;
        match (token.get_item(0), token.get_item(1)) {
            (Ok(_), Ok(expiry)) if expiry.extract::<f64>().is_ok() => Ok(()),
            _ => Err(refused("expected (token, expiry)".to_owned())),
        }
    }
}

/// A callable that only this binding knows.
fn own_callable(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Option<Py<PyAny>>> {
    match value.is_callable() {
        true => Ok(Some(value.clone().unbind())),
        false if value.is_none() => Ok(None),
        false => {
            let text = format!("{name} requires a callable object");
            Err(exception_with(ErrorCode::LocalInvalidArg, text))
        }
    }
}
