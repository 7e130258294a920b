//! Timeouts, and waiting in pieces, so that Ctrl-C is heard.

use std::time::{Duration, Instant};

use pyo3::prelude::*;

/// Longest wait without looking for signals.
const PIECE: Duration = Duration::from_millis(100);

/// A timeout in seconds, as Python's callers give it: negative for none.
#[derive(Clone, Copy)]
pub(crate) struct Timeout(Option<Duration>);

impl Timeout {
    /// Reads seconds; a fraction of a millisecond is dropped, as librdkafka does.
    pub(crate) fn seconds(seconds: f64) -> Timeout {
        if seconds < 0.0 {
            return Timeout(None);
        }
        Timeout(Duration::try_from_secs_f64((seconds * 1000.0).trunc() / 1000.0).ok())
    }

    /// As the engine takes it; `None` is without end.
    pub(crate) fn get(self) -> Option<Duration> {
        self.0
    }

    pub(crate) fn is_zero(self) -> bool {
        self.0 == Some(Duration::ZERO)
    }

    /// The moment it is over.
    pub(crate) fn deadline(self) -> Deadline {
        Deadline(self.0.and_then(|timeout| Instant::now().checked_add(timeout)))
    }
}

/// When to stop waiting.
#[derive(Clone, Copy)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    /// Waits until the time is over, for what will not come.
    ///
    /// # Errors
    /// As [`Deadline::wait`].
    pub(crate) fn sleep(self, py: Python<'_>) -> PyResult<()> {
        let nothing = |piece| {
            std::thread::sleep(piece);
            None::<()>
        };
        self.wait(py, nothing).map(drop)
    }

    /// Calls `attempt` with ever the next piece of the time, without Python's lock, until it has something or the time is
    /// over.
    ///
    /// # Errors
    /// What a signal handler raises, such as `KeyboardInterrupt`.
    pub(crate) fn wait<T: Send>(
        self,
        py: Python<'_>,
        mut attempt: impl FnMut(Duration) -> Option<T> + Send,
    ) -> PyResult<Option<T>> {
        loop {
            let left = self.0.map(|at| at.saturating_duration_since(Instant::now()));
            let piece = left.map_or(PIECE, |left| left.min(PIECE));
            if let Some(found) = py.detach(|| attempt(piece)) {
                return Ok(Some(found));
            }
            py.check_signals()?;
            if left.is_some_and(|left| left <= piece) {
                return Ok(None);
            }
        }
    }
}
