//! [`ClientLog`]: what a client has to say beside its results, to the application's logger or to standard error.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use pyo3::prelude::*;
use tidelog::client::config::{ClientConfig, Config, Role};

/// A line, with syslog's level.
struct Line {
    level: u32,
    facility: &'static str,
    text: String,
}

/// Lines on their way to `logger`, which is called by the thread that polls. Without one they are printed at once, as
/// librdkafka does.
pub(crate) struct ClientLog {
    /// The client's name, unique in this process.
    name: String,
    logger: Option<Py<PyAny>>,
    level_max: u32,
    has_lines: AtomicBool,
    lines: Mutex<VecDeque<Line>>,
}

impl ClientLog {
    /// The log of a client that has just been made: it begins with what is odd about its settings.
    pub(crate) fn new(
        role: Role,
        config: &Config,
        client: &ClientConfig,
        logger: Option<Py<PyAny>>,
    ) -> ClientLog {
        static COUNT: AtomicU64 = AtomicU64::new(1);
        let kind = if role == Role::Consumer { "consumer" } else { "producer" };
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let log = ClientLog {
            name: format!("{}#{kind}-{number}", client.client_id),
            logger,
            level_max: if client.debug.is_empty() { client.log_level } else { 7 },
            has_lines: AtomicBool::new(false),
            lines: Mutex::default(),
        };
        if !client.debug.is_empty() {
            let version = env!("CARGO_PKG_VERSION");
            log.write(
                7,
                "INIT",
                format!("tidelog v{version} {} initialized ({:?})", log.name, client.bootstrap),
            );
        }
        for warning in config.warnings(role) {
            log.write(4, "CONFWARN", warning);
        }
        log
    }

    fn write(&self, level: u32, facility: &'static str, text: String) {
        if level > self.level_max {
            return;
        }
        if self.logger.is_none() {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            let (seconds, millis, name) = (now.as_secs(), now.subsec_millis(), &self.name);
            return eprintln!("%{level}|{seconds}.{millis:03}|{facility}|{name}| [thrd:app]: {text}");
        }
        self.lines.lock().push_back(Line { level, facility, text });
        self.has_lines.store(true, Ordering::Release);
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
            logger.call_method1(py, "log", arguments)?;
            served += 1;
        }
        Ok(served)
    }

    fn next_line(&self) -> Option<Line> {
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
