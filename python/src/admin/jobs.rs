//! [`Jobs`]: requests that are under way, done one after the other by a thread of their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use tidelog::client::admin::AdminWorker;
use tidelog::client::{Admin, KafkaError};

use crate::foreign::Run;
use crate::kafka_error::{KafkaError as PyKafkaError, exception};

/// See the module.
pub(super) struct Jobs {
    worker: AdminWorker,
    count: Arc<AtomicUsize>,
}

impl Jobs {
    pub(super) fn new(admin: Admin, request_timeout: Duration) -> Jobs {
        Jobs { worker: AdminWorker::new(admin, request_timeout), count: Arc::default() }
    }

    /// The client.
    pub(super) fn admin(&self) -> Admin {
        self.worker.admin()
    }

    /// Requests that are not answered yet.
    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// Lets go of the engine, once requests that are under way have been answered.
    pub(super) fn close(&self) {
        self.worker.close();
    }

    /// Does `job` in the background and completes `future` with its answer. Without an engine the request times out.
    pub(super) fn begin<A>(
        &self,
        future: &Bound<'_, PyAny>,
        timeout: Option<Duration>,
        job: impl FnOnce(&Admin) -> A + Send + 'static,
    ) -> PyResult<()>
    where
        A: FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send + 'static,
    {
        let (count, future) = (Arc::clone(&self.count), future.clone().unbind());
        self.count.fetch_add(1, Ordering::AcqRel);
        let begun = self.worker.request(
            timeout,
            move |admin| Ok(job(admin)),
            move |answered| {
                count.fetch_sub(1, Ordering::AcqRel);
                // Nobody waits any more once the interpreter ends.
                Python::try_attach(|py| complete(py, &future, answered));
            },
        );
        if begun.is_err() {
            self.count.fetch_sub(1, Ordering::AcqRel);
        }
        whole(begun)
    }
}

/// Completes `future` with what `answered` makes, with Python's lock.
fn complete<A>(py: Python<'_>, future: &Py<PyAny>, answered: Result<A, KafkaError>)
where
    A: FnOnce(Python<'_>) -> PyResult<Py<PyAny>>,
{
    let future = future.bind(py);
    let done = match whole(answered).and_then(|answer| answer(py)) {
        Ok(result) => future.run_method(intern!(py, "set_result"), (result,)),
        Err(error) => future.run_method(intern!(py, "set_exception"), (error,)),
    };
    if let Err(error) = done {
        error.write_unraisable(py, Some(future));
    }
}

/// An item's outcome as it stands in lists and dictionaries: an object, or a `KafkaError`.
pub(super) fn outcome<'py, T>(
    py: Python<'py>,
    outcome: Result<T, KafkaError>,
    make: impl FnOnce(T) -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    match outcome {
        Ok(value) => make(value),
        Err(error) => Ok(PyKafkaError::make(py, &error)?.into_bound(py).into_any()),
    }
}

/// Items' outcomes, in a list.
pub(super) fn in_order<'py, T>(
    py: Python<'py>,
    outcomes: Vec<Result<T, KafkaError>>,
    make: impl Fn(T) -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<Py<PyAny>> {
    let list = PyList::empty(py);
    outcomes.into_iter().try_for_each(|one| list.append(outcome(py, one, &make)?))?;
    Ok(list.into_any().unbind())
}

/// Items' outcomes, in a dictionary by what they are of.
pub(super) fn by_key<'py, K, T>(
    py: Python<'py>,
    keys: Vec<K>,
    outcomes: Vec<Result<T, KafkaError>>,
    make: impl Fn(T) -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<Py<PyAny>>
where
    K: IntoPyObject<'py>,
{
    let dict = PyDict::new(py);
    keys.into_iter().zip(outcomes).try_for_each(|(key, one)| dict.set_item(key, outcome(py, one, &make)?))?;
    Ok(dict.into_any().unbind())
}

/// A request's outcome as a whole.
pub(super) fn whole<T>(outcome: Result<T, KafkaError>) -> PyResult<T> {
    outcome.map_err(|error| exception(&error))
}
