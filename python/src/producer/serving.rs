//! Serving delivery reports: `poll` and `flush`, and the end of a producer.

use std::sync::atomic::Ordering;
use std::time::Duration;

use pyo3::prelude::*;

use super::{Inner, Producer};
use crate::raised;
use crate::waiting::Timeout;

impl Inner {
    /// Serves what is there.
    #[inline]
    fn serve(&self, py: Python<'_>) -> PyResult<usize> {
        let lines = self.log.serve(py)?;
        let served = self.producer.poll(Some(Duration::ZERO));
        raised::raise()?;
        Ok(lines + served)
    }

    pub(super) fn poll(&self, py: Python<'_>, seconds: f64) -> PyResult<usize> {
        let served = self.serve(py)?;
        if served > 0 || seconds == 0.0 {
            return Ok(served);
        }
        self.wait_and_serve(py, Timeout::seconds(seconds))
    }

    fn wait_and_serve(&self, py: Python<'_>, timeout: Timeout) -> PyResult<usize> {
        let deadline = timeout.deadline();
        loop {
            let wait = |piece| self.producer.wait(Some(piece)).then_some(());
            if deadline.wait(py, wait)?.is_none() {
                return Ok(0);
            }
            // Another thread may have been quicker.
            let served = self.serve(py)?;
            if served > 0 {
                return Ok(served);
            }
        }
    }

    /// All callbacks run; what the first one to raise has raised comes at the end.
    pub(super) fn flush(&self, py: Python<'_>, timeout: Timeout) -> PyResult<usize> {
        let deadline = timeout.deadline();
        loop {
            self.log.serve(py)?;
            let mut left = self.producer.flush(Some(Duration::ZERO));
            if left > 0 && !timeout.is_zero() {
                let wait = |piece| self.producer.wait(Some(piece)).then_some(());
                if deadline.wait(py, wait)?.is_some() {
                    continue;
                }
                left = self.producer.len();
            }
            raised::raise()?;
            return Ok(left);
        }
    }
}

#[pymethods]
impl Producer {
    /// poll(timeout=-1)
    ///
    /// Serves delivery reports and other events: calls their callbacks. Waits at most ``timeout`` for the first one.
    ///
    /// :param float timeout: seconds; negative waits without end
    /// :returns: number of events that were served
    /// :rtype: int
    #[pyo3(signature = (timeout=-1.0))]
    fn poll(&self, py: Python<'_>, timeout: f64) -> PyResult<usize> {
        let inner = self.open()?;
        inner.poll(py, timeout)
    }

    /// flush(timeout=-1)
    ///
    /// Waits until every message has been delivered or has failed, and serves all reports.
    ///
    /// :param float timeout: seconds; negative waits without end
    /// :returns: number of messages that are still queued: 0 when all is done
    /// :rtype: int
    #[pyo3(signature = (timeout=-1.0))]
    fn flush(&self, py: Python<'_>, timeout: f64) -> PyResult<usize> {
        let inner = self.open()?;
        inner.flush(py, Timeout::seconds(timeout))
    }

    /// _wake_fd(): a file descriptor that becomes readable when there is something to poll(), once after each _arm().
    fn _wake_fd(&self) -> PyResult<i32> {
        let inner = self.open()?;
        inner.wake.fd(|tell| inner.producer.listen(tell))
    }

    /// _arm(): see _wake_fd(). Poll afterwards: what came before is not told.
    fn _arm(&self) -> PyResult<()> {
        self.open().map(|inner| inner.producer.arm())
    }

    /// close()
    ///
    /// Aborts the transaction if there is one, flushes, and lets go of the engine. Fine to call twice.
    ///
    /// :rtype: bool
    fn close(&self, py: Python<'_>) -> PyResult<bool> {
        let Ok(inner) = self.open() else { return Ok(true) };
        let aborted = match inner.producer.is_in_transaction() {
            true => inner.abort(py, Timeout::seconds(-1.0)),
            false => Ok(()),
        };
        let flushed = inner.flush(py, Timeout::seconds(-1.0));
        self.closed.store(true, Ordering::Release);
        py.detach(|| inner.producer.close());
        aborted.and(flushed).map(|_| true)
    }

    fn __enter__(slf: Bound<'_, Producer>) -> Bound<'_, Producer> {
        slf
    }

    fn __exit__(
        &self,
        py: Python<'_>,
        _kind: &Bound<'_, PyAny>,
        _value: &Bound<'_, PyAny>,
        _traceback: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        self.close(py).map(drop)
    }
}
