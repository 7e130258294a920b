//! Timeouts as C gives them: milliseconds, of which any negative number is without end.

use std::ffi::c_int;
use std::time::{Duration, Instant};

/// `None` is without end.
pub(crate) fn timeout(timeout_ms: c_int) -> Option<Duration> {
    u64::try_from(timeout_ms).ok().map(Duration::from_millis)
}

/// When a wait that begins now ends.
pub(crate) fn deadline(timeout_ms: c_int) -> Option<Instant> {
    timeout(timeout_ms).map(|timeout| Instant::now() + timeout)
}
