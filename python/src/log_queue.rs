//! [`LogQueue`]: log lines of a client on their way to the application's logger.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use pyo3::intern;
use pyo3::prelude::*;
use tidelog::client::config::{ClientConfig, Config, Role};
use tidelog::client::{ClientLog, LogLine};

use crate::foreign::Run;

/// Lines for `logger`, which is called by the thread that polls. Without one they are printed at once, as librdkafka
/// does.
pub(crate) struct LogQueue {
    /// The client's name.
    name: String,
    logger: Option<Py<PyAny>>,
    has_lines: AtomicBool,
    lines: Mutex<VecDeque<LogLine>>,
}

impl LogQueue {
    /// The queue of a client that is being made.
    pub(crate) fn new(
        role: Role,
        config: &Config,
        client: &ClientConfig,
        logger: Option<Py<PyAny>>,
    ) -> LogQueue {
        let ClientLog { name, mut lines } = ClientLog::new(role, config, client);
        if logger.is_none() {
            lines.drain(..).for_each(|line| line.print(&name));
        }
        let has_lines = AtomicBool::new(!lines.is_empty());
        LogQueue { name, logger, has_lines, lines: Mutex::new(lines.into()) }
    }

    /// Hands lines to the logger. Returns how many.
    ///
    /// # Errors
    /// What the logger raises; the other lines wait.
    #[inline]
    pub(crate) fn serve(&self, py: Python<'_>) -> PyResult<usize> {
        if !self.has_lines.load(Ordering::Acquire) {
            return Ok(0);
        }
        self.serve_lines(py)
    }

    fn serve_lines(&self, py: Python<'_>) -> PyResult<usize> {
        let mut served = 0;
        while let (Some(logger), Some(line)) = (&self.logger, self.next_line()) {
            let arguments = (python_level(line.level), "%s [%s] %s", line.facility, &self.name, line.text);
            logger.bind(py).run_method(intern!(py, "log"), arguments)?;
            served += 1;
        }
        Ok(served)
    }

    fn next_line(&self) -> Option<LogLine> {
        let mut lines = self.lines.lock();
        let next = lines.pop_front();
        if next.is_none() {
            self.has_lines.store(false, Ordering::Release);
        }
        next
    }
}

/// Python's level for syslog's.
fn python_level(level: u32) -> u32 {
    match level {
        0..=2 => 50,
        3 => 40,
        4 => 30,
        5 | 6 => 20,
        _ => 10,
    }
}
