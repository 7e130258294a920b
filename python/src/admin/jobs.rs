//! [`Jobs`]: requests that are under way, done one after the other by a thread of their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use tidelog::client::{Admin, KafkaError};
use tidelog::error_code::ErrorCode;

use crate::kafka_error::{KafkaError as PyKafkaError, exception, exception_with};

/// Does the work without Python's lock; what it returns makes the result with it.
type Job = Box<dyn FnOnce(&Admin) -> Answer + Send>;

/// A job, and the future that gets its answer.
type Request = (Job, Py<PyAny>);

/// Makes a request's result.
pub(super) type Answer = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

/// See the module.
pub(super) struct Jobs {
    admin: Mutex<Admin>,
    request_timeout: Duration,
    thread: Mutex<Option<Sender<Request>>>,
    count: Arc<AtomicUsize>,
}

impl Jobs {
    pub(super) fn new(admin: Admin, request_timeout: Duration) -> Jobs {
        Jobs { admin: Mutex::new(admin), request_timeout, thread: Mutex::default(), count: Arc::default() }
    }

    /// The client.
    pub(super) fn admin(&self) -> Admin {
        self.admin.lock().clone()
    }

    /// Requests that are not answered yet.
    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// Lets go of the engine, once requests that are under way have been answered.
    pub(super) fn close(&self) {
        *self.thread.lock() = None;
        *self.admin.lock() = Admin::on_engine(None);
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
        let timeout = timeout.unwrap_or(self.request_timeout);
        let job: Job = Box::new(move |admin| {
            if admin.engine().is_some() {
                return Box::new(job(admin)) as Answer;
            }
            std::thread::sleep(timeout);
            Box::new(|_| {
                let code = ErrorCode::LocalTimedOut;
                let text = format!("Failed while waiting for controller: {}", code.description());
                Err(exception_with(code, text))
            })
        });
        let mut thread = self.thread.lock();
        let sender = match &*thread {
            Some(sender) => sender,
            None => thread.insert(self.start()?),
        };
        self.count.fetch_add(1, Ordering::AcqRel);
        // The thread lives as long as the sender.
        drop(sender.send((job, future.clone().unbind())));
        Ok(())
    }

    fn start(&self) -> PyResult<Sender<Request>> {
        let (sender, receiver) = channel::<Request>();
        let (admin, count) = (self.admin(), Arc::clone(&self.count));
        let thread = std::thread::Builder::new().name("tidelog-admin".to_owned());
        thread.spawn(move || {
            for (job, future) in receiver {
                let answer = job(&admin);
                count.fetch_sub(1, Ordering::AcqRel);
                // Nobody waits any more once the interpreter ends.
                Python::try_attach(|py| complete(py, &future, answer));
            }
        })?;
        Ok(sender)
    }
}

fn complete(py: Python<'_>, future: &Py<PyAny>, answer: Answer) {
    let done = match answer(py) {
        Ok(result) => future.call_method1(py, "set_result", (result,)),
        Err(error) => future.call_method1(py, "set_exception", (error,)),
    };
    if let Err(error) = done {
        error.write_unraisable(py, Some(future.bind(py)));
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
