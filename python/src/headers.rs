//! Record headers: lists of pairs or dictionaries in, lists of pairs out.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};
use tidelog::record::{HeaderRef, Headers};

use crate::kafka_error::type_error;
use crate::payload::Payload;

/// Headers of a message that is being produced.
pub(crate) struct GivenHeaders<'py> {
    pairs: Vec<(String, Bound<'py, PyAny>)>,
}

impl<'py> GivenHeaders<'py> {
    /// Reads a list of `(key, value)` tuples or a dictionary.
    ///
    /// # Errors
    /// `TypeError`, with what was expected.
    pub(crate) fn read(given: &Bound<'py, PyAny>) -> PyResult<GivenHeaders<'py>> {
        let mut pairs = Vec::new();
        if let Ok(dict) = given.cast::<PyDict>() {
            for (key, value) in dict.iter() {
                pairs.push((key.str()?.to_string(), value));
            }
        } else if let Ok(list) = given.cast::<PyList>() {
            for item in list.iter() {
                let pair = item.cast::<PyTuple>().ok().filter(|pair| pair.len() == 2);
                let Some(pair) = pair else {
                    return Err(type_error("Headers are expected to be a list of (key, value) tuples"));
                };
                pairs.push((pair.get_item(0)?.str()?.to_string(), pair.get_item(1)?));
            }
        } else {
            let kind = given.get_type().name()?.to_string();
            let text = format!("expected headers to be dict or list of (key, value) tuples, not {kind}");
            return Err(type_error(text));
        }
        Ok(GivenHeaders { pairs })
    }

    /// The values as bytes.
    ///
    /// # Errors
    /// `TypeError` for a value that is neither `None`, bytes nor text.
    pub(crate) fn values(&self) -> PyResult<Vec<Payload<'_>>> {
        self.pairs.iter().map(|(_, value)| header_value(value)).collect()
    }

    /// Both together, as the engine takes them.
    pub(crate) fn refs<'a>(&'a self, values: &'a [Payload<'a>]) -> Vec<HeaderRef<'a>> {
        let pairs = self.pairs.iter().zip(values);
        pairs.map(|((key, _), value)| HeaderRef { key: key.as_str(), value: value.bytes() }).collect()
    }
}

fn header_value<'a>(value: &'a Bound<'_, PyAny>) -> PyResult<Payload<'a>> {
    if value.is_none() {
        return Ok(Payload::Null);
    }
    match Payload::read(Some(value), usize::MAX) {
        Err(_) if !value.is_instance_of::<PyString>() => {
            let kind = value.get_type().name()?.to_string();
            let text = format!("expected header value to be None, binary, or unicode string, not {kind}");
            Err(type_error(text))
        }
        read => read,
    }
}

/// A record's headers as `[(key, value), ...]`; `None` when it has none.
pub(crate) fn to_list<'py>(py: Python<'py>, headers: Headers<'_>) -> PyResult<Option<Bound<'py, PyList>>> {
    let list = PyList::empty(py);
    for header in headers {
        let value = header.value.map(|value| PyBytes::new(py, value));
        list.append((header.key_lossy(), value))?;
    }
    Ok(if list.is_empty() { None } else { Some(list) })
}
