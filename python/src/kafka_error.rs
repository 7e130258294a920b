//! `KafkaError` and `KafkaException`.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};

use pyo3::basic::CompareOp;
use pyo3::exceptions::{PyBufferError, PyException, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyTuple};
use tidelog::client;
use tidelog::client::config::ConfigError;
use tidelog::error_code::ErrorCode;

/// Kafka error: ``args[0]`` is the :class:`KafkaError` that says what happened.
#[pyclass(extends = PyException, subclass, module = "tidelog")]
pub(crate) struct KafkaException;

#[pymethods]
impl KafkaException {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> KafkaException {
        KafkaException
    }
}

/// KafkaError(error, reason=None, fatal=False, retriable=False, txn_requires_abort=False)
///
/// What happened: a code (one of this class's constants), a text, and what may be done next. Compares with numbers and
/// other errors by its code. Where it is raised, it is a :class:`KafkaException` whose ``args[0]`` is itself.
#[pyclass(extends = KafkaException, frozen, module = "tidelog")]
pub(crate) struct KafkaError {
    code: i32,
    text: Cow<'static, str>,
    fatal: bool,
    retriable: bool,
    txn_requires_abort: bool,
}

impl KafkaError {
    fn text_of(code: i32) -> Cow<'static, str> {
        match ErrorCode::from_code(code) {
            Some(known) => Cow::Borrowed(known.description()),
            None => Cow::Owned(format!("Err-{code}?")),
        }
    }

    fn name_of(code: i32) -> Cow<'static, str> {
        match ErrorCode::from_code(code) {
            Some(known) => Cow::Borrowed(known.name()),
            None => Cow::Owned(format!("ERR_{code}?")),
        }
    }

    /// As an object.
    pub(crate) fn make(py: Python<'_>, error: &client::KafkaError) -> PyResult<Py<KafkaError>> {
        let value = KafkaError {
            code: error.code().code().into(),
            text: Cow::Owned(error.reason().to_owned()),
            fatal: error.is_fatal(),
            retriable: error.is_retriable(),
            txn_requires_abort: error.txn_requires_abort(),
        };
        Py::new(py, PyClassInitializer::from(KafkaException).add_subclass(value))
    }

    /// As an object, `None` for no error.
    pub(crate) fn make_optional(
        py: Python<'_>,
        error: Option<&client::KafkaError>,
    ) -> PyResult<Option<Py<KafkaError>>> {
        error.map(|error| KafkaError::make(py, error)).transpose()
    }
}

#[pymethods]
impl KafkaError {
    #[new]
    #[pyo3(signature = (error, reason=None, fatal=false, retriable=false, txn_requires_abort=false))]
    fn new(
        error: i32,
        reason: Option<String>,
        fatal: bool,
        retriable: bool,
        txn_requires_abort: bool,
    ) -> PyClassInitializer<KafkaError> {
        let text = reason.map_or_else(|| KafkaError::text_of(error), Cow::Owned);
        let value = KafkaError { code: error, text, fatal, retriable, txn_requires_abort };
        PyClassInitializer::from(KafkaException).add_subclass(value)
    }

    #[pyo3(signature = (*_args, **_kwargs))]
    fn __init__(&self, _args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) {}

    /// code(): the number, one of this class's constants.
    ///
    /// :rtype: int
    #[pyo3(name = "code")]
    fn number(&self) -> i32 {
        self.code
    }

    /// name(): the constant's name, such as ``_TIMED_OUT``.
    ///
    /// :rtype: str
    fn name(&self) -> Cow<'static, str> {
        KafkaError::name_of(self.code)
    }

    /// str(): the text for people.
    ///
    /// :rtype: str
    fn str(&self) -> &str {
        &self.text
    }

    /// fatal(): whether the client cannot be used any more.
    ///
    /// :rtype: bool
    fn fatal(&self) -> bool {
        self.fatal
    }

    /// retriable(): whether the same call may succeed when it is tried again.
    ///
    /// :rtype: bool
    fn retriable(&self) -> bool {
        self.retriable
    }

    /// txn_requires_abort(): whether the transaction must be aborted before anything else.
    ///
    /// :rtype: bool
    fn txn_requires_abort(&self) -> bool {
        self.txn_requires_abort
    }

    /// What an exception carries: this error.
    #[getter]
    fn args<'py>(slf: &Bound<'py, KafkaError>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(slf.py(), [slf])
    }

    fn __repr__(&self) -> String {
        let fatal = if self.fatal { "FATAL," } else { "" };
        let name = KafkaError::name_of(self.code);
        format!("KafkaError{{{fatal}code={name},val={},str=\"{}\"}}", self.code, self.text)
    }

    fn __str__(&self) -> String {
        self.__repr__()
    }

    fn __hash__(&self) -> i32 {
        self.code
    }

    fn __richcmp__(&self, other: &Bound<'_, PyAny>, op: CompareOp) -> PyResult<Py<PyAny>> {
        let code = match other.cast::<KafkaError>() {
            Ok(error) => Some(error.get().code),
            Err(_) => other.extract::<i32>().ok(),
        };
        compared(other.py(), code.map(|code| op.matches(self.code.cmp(&code))))
    }

    fn __reduce__<'py>(slf: &Bound<'py, KafkaError>) -> PyResult<Bound<'py, PyTuple>> {
        let error = slf.get();
        let args = (error.code, error.text.as_ref(), error.fatal, error.retriable, error.txn_requires_abort);
        (slf.get_type(), args).into_pyobject(slf.py())
    }
}

/// The exception for an error of the client.
pub(crate) fn exception(error: &client::KafkaError) -> PyErr {
    Python::attach(|py| match KafkaError::make(py, error) {
        Ok(error) => PyErr::from_type(py.get_type::<KafkaException>(), (error,)),
        Err(failed) => failed,
    })
}

/// The exception for an error with a text of its own.
pub(crate) fn exception_with(code: ErrorCode, text: impl Into<String>) -> PyErr {
    exception(&client::KafkaError::with_reason(code, text.into()))
}

/// The exception for a message that was not queued.
pub(crate) fn not_produced(error: &client::KafkaError) -> PyErr {
    match error.code() {
        ErrorCode::LocalQueueFull => PyBufferError::new_err(error.reason().to_owned()),
        code => exception_with(code, format!("Unable to produce message: {}", error.reason())),
    }
}

/// The exception for a client of this `kind` that cannot be made.
pub(crate) fn not_created(kind: &str, code: ErrorCode, why: &dyn std::fmt::Display) -> PyErr {
    exception_with(code, format!("Failed to create {kind}: {why}"))
}

/// The exception for a setting that cannot be used.
pub(crate) fn config_exception(error: &ConfigError) -> PyErr {
    exception_with(error.code(), error.to_string())
}

/// Sets the constants of `KafkaError`: one for each code.
pub(crate) fn add_constants(py: Python<'_>) -> PyResult<()> {
    let class = py.get_type::<KafkaError>();
    for &error in ErrorCode::ALL {
        class.setattr(error.name(), error.code())?;
    }
    Ok(())
}

/// Where Python would have raised for a wrong type.
pub(crate) fn type_error(text: impl Into<String>) -> PyErr {
    PyTypeError::new_err(text.into())
}

/// What a comparison says: `NotImplemented` where there is nothing to compare.
pub(crate) fn compared(py: Python<'_>, outcome: Option<bool>) -> PyResult<Py<PyAny>> {
    match outcome {
        Some(outcome) => Ok(PyBool::new(py, outcome).to_owned().into_any().unbind()),
        None => Ok(py.NotImplemented()),
    }
}

/// A hash of what several values are.
pub(crate) fn hash_of(values: impl Hash) -> isize {
    let mut hasher = DefaultHasher::new();
    values.hash(&mut hasher);
    let bytes = hasher.finish().to_le_bytes();
    match isize::from_le_bytes(bytes) {
        -1 => -2,
        hash => hash,
    }
}
