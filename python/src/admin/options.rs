//! [`Options`]: keyword arguments of admin requests.

use std::time::Duration;

use pyo3::PyClass;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pyclass::boolean_struct::True;
use pyo3::types::{PyBool, PyDict};
use tidelog::client::admin::Mode;
use tidelog::types::Operation;

use crate::kafka_error::type_error;

/// Those that were given. Which of them a request takes, its list of names says.
pub(super) struct Options {
    pub(super) request_timeout: Option<Duration>,
    pub(super) mode: Mode,
    pub(super) require_stable: bool,
    pub(super) states: Vec<i32>,
    pub(super) types: Vec<i32>,
    pub(super) read_committed: bool,
    wants_operations: bool,
}

impl Options {
    /// Reads `kwargs`, of which only those in `allowed` may be given.
    ///
    /// # Errors
    /// `TypeError` and `ValueError`, with confluent-kafka's texts.
    pub(super) fn read(kwargs: Option<&Bound<'_, PyDict>>, allowed: &[&str]) -> PyResult<Options> {
        let mut options = Options {
            request_timeout: None,
            mode: Mode::Apply,
            require_stable: false,
            states: Vec::new(),
            types: Vec::new(),
            read_committed: false,
            wants_operations: false,
        };
        for (name, value) in kwargs.into_iter().flatten() {
            let name = name.str()?.to_string();
            if name != "request_timeout" && !allowed.contains(&name.as_str()) {
                return Err(type_error(format!("'{name}' is an invalid keyword argument for this function")));
            }
            options.set(&name, &value)?;
        }
        Ok(options)
    }

    /// What may be done with something, if that is asked: all that there is, for whoever is in the engine's process.
    pub(super) fn authorized(&self, operations: &'static [Operation]) -> Option<Vec<i32>> {
        let numbers = || operations.iter().map(|operation| operation.number().into()).collect();
        self.wants_operations.then(numbers)
    }

    fn set(&mut self, name: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
        match name {
            "request_timeout" => self.request_timeout = Some(seconds(name, value)?),
            // A change here is there at once.
            "operation_timeout" => drop(seconds(name, value)?),
            "validate_only" if boolean(name, value)? => self.mode = Mode::ValidateOnly,
            "require_stable" => self.require_stable = boolean(name, value)?,
            "include_authorized_operations" => self.wants_operations = boolean(name, value)?,
            "states_int" => self.states = value.extract()?,
            "types_int" => self.types = value.extract()?,
            "isolation_level_value" => self.read_committed = value.extract::<i32>()? == 1,
            // There is one broker.
            "broker" => drop(value.extract::<i32>()?),
            _ => {}
        }
        Ok(())
    }
}

fn seconds(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Duration> {
    const MAX: f64 = 3600.0;
    let seconds: f64 = match value.extract() {
        Ok(seconds) => seconds,
        Err(_) => {
            let kind = value.get_type().name()?.to_string();
            return Err(PyTypeError::new_err(format!("must be real number, not {kind}")));
        }
    };
    let valid = (0.0..=MAX).contains(&seconds);
    Duration::try_from_secs_f64(seconds).ok().filter(|_| valid).ok_or_else(|| {
        PyValueError::new_err(format!(
            "Invalid value type for \"{name}\": expecting integer in range 0..3600000"
        ))
    })
}

fn boolean(name: &str, value: &Bound<'_, PyAny>) -> PyResult<bool> {
    match value.cast::<PyBool>() {
        Ok(value) => Ok(value.is_true()),
        Err(_) => {
            let kind = value.get_type().name()?.to_string();
            Err(PyTypeError::new_err(format!("Expected {name} to be bool type, not {kind}")))
        }
    }
}

/// A list that must not be empty. `what` is what it holds.
pub(super) fn items<'py>(list: &Bound<'py, PyAny>, what: &str) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let Ok(list) = list.cast::<pyo3::types::PyList>() else {
        let kind = list.get_type().name()?.to_string();
        return Err(PyTypeError::new_err(format!("argument 1 must be list, not {kind}")));
    };
    if list.is_empty() {
        return Err(PyValueError::new_err(format!("Expected non-empty list of {what}")));
    }
    Ok(list.iter().collect())
}

/// The same of objects of one class, whose name is `name`, each of them converted.
pub(super) fn objects<C, T>(
    list: &Bound<'_, PyAny>,
    name: &str,
    convert: impl Fn(&C, Python<'_>) -> PyResult<T>,
) -> PyResult<Vec<T>>
where
    C: PyClass<Frozen = True> + Sync,
{
    let convert = |item: Bound<'_, PyAny>| match item.cast::<C>() {
        Ok(object) => convert(object.get(), item.py()),
        Err(_) => Err(PyValueError::new_err(format!("Expected list of {name} objects"))),
    };
    items(list, &format!("{name} objects"))?.into_iter().map(convert).collect()
}
