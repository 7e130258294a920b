//! [`ClientLog`]: what a client has to say when it is made, beside its results. Who hands it out decides where it goes;
//! [`LogLine::print`] is what librdkafka does unless told otherwise.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use super::config::{ClientConfig, Config, Role};

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Syslog's level: 0 is an emergency, 7 is for debugging.
    pub level: u32,
    /// What it is about, such as `CONFWARN`.
    pub facility: &'static str,
    /// The line.
    pub text: String,
}

/// The name of a client and its first lines.
#[derive(Clone, Debug)]
pub struct ClientLog {
    /// Unique in this process, such as `rdkafka#producer-1`.
    pub name: String,
    /// What is odd about its settings, as far as `log_level` and `debug` let it through.
    pub lines: Vec<LogLine>,
}

impl ClientLog {
    /// The log of a client that is being made from these settings.
    #[must_use]
    pub fn new(role: Role, config: &Config, client: &ClientConfig) -> ClientLog {
        static COUNT: AtomicU64 = AtomicU64::new(1);
        let kind = if role == Role::Consumer { "consumer" } else { "producer" };
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}#{kind}-{number}", client.client_id);
        let mut lines = Vec::new();
        if !client.debug.is_empty() {
            let version = env!("CARGO_PKG_VERSION");
            let text = format!("tidelog v{version} {name} initialized ({:?})", client.bootstrap);
            lines.push(LogLine { level: 7, facility: "INIT", text });
        }
        let warnings = config.warnings(role).into_iter();
        lines.extend(warnings.map(|text| LogLine { level: 4, facility: "CONFWARN", text }));
        let level_max = if client.debug.is_empty() { client.log_level } else { 7 };
        lines.retain(|line| line.level <= level_max);
        ClientLog { name, lines }
    }
}

impl LogLine {
    /// Prints it to standard error, as a line of the client `name`.
    pub fn print(&self, name: &str) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let (seconds, millis) = (now.as_secs(), now.subsec_millis());
        let LogLine { level, facility, text } = self;
        eprintln!("%{level}|{seconds}.{millis:03}|{facility}|{name}| [thrd:app]: {text}");
    }
}

impl fmt::Display for LogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}
