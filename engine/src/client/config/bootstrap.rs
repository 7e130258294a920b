//! [`Bootstrap`]: which engine `bootstrap.servers` names. Pure; looks at no file.

use std::path::PathBuf;

use super::error::ConfigError;
use super::keys;
use super::values::Values;

/// What a client works on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Bootstrap {
    /// `tidelog:/path` or `tidelog:./path`: the engine of that directory, shared by all clients of this process.
    Directory(PathBuf),
    /// `tidelog::memory:`, an engine that leaves nothing behind. With a name behind it, `tidelog::memory:orders`,
    /// clients of this process that give the same name share one.
    Memory {
        /// The name, when there is one.
        name: Option<String>,
    },
    /// Nothing: a client accepts, waits for its timeouts and reports that no broker is there.
    Offline,
}

const SCHEME: &str = "tidelog:";
const MEMORY: &str = ":memory:";

impl Bootstrap {
    /// Reads `bootstrap.servers`. `None`, the empty text and one of only commas and blanks name nothing.
    ///
    /// # Errors
    /// [`ConfigError::Network`] for hosts, [`ConfigError::Bootstrap`] for `tidelog:` with anything but a path or
    /// `:memory:` behind it. `tidelog:9092` is a host.
    pub fn parse(servers: Option<&str>) -> Result<Bootstrap, ConfigError> {
        let servers = servers.unwrap_or_default().trim();
        if servers.split(',').all(|server| server.trim().is_empty()) {
            return Ok(Bootstrap::Offline);
        }
        let Some(engine) = servers.strip_prefix(SCHEME) else {
            return Err(ConfigError::Network(servers.to_owned()));
        };
        if let Some(name) = engine.strip_prefix(MEMORY) {
            let name = Some(name.to_owned()).filter(|name| !name.is_empty());
            return Ok(Bootstrap::Memory { name });
        }
        if engine == "." || engine == ".." || ["/", "./", "../"].iter().any(|start| engine.starts_with(start))
        {
            return Ok(Bootstrap::Directory(PathBuf::from(engine)));
        }
        let port = engine.split(',').next().unwrap_or_default();
        if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ConfigError::Network(servers.to_owned()));
        }
        Err(ConfigError::Bootstrap(servers.to_owned()))
    }

    /// From a client's settings. `test.mock.num.brokers` asks for a broker that exists for this client only: an
    /// engine in memory.
    pub(super) fn of(values: &Values) -> Result<Bootstrap, ConfigError> {
        match values.count(keys::MOCK_BROKERS) {
            0 => Bootstrap::parse(values.text(keys::BOOTSTRAP)),
            _ => Ok(Bootstrap::Memory { name: None }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error_code::ErrorCode;

    #[test]
    fn an_engine_is_named_by_path_or_memory() {
        for (servers, path) in [
            ("tidelog:/var/lib/x", "/var/lib/x"),
            (" tidelog:/a,b c ", "/a,b c"),
            ("tidelog:./data", "./data"),
            ("tidelog:../data", "../data"),
            ("tidelog:.", "."),
        ] {
            assert_eq!(Bootstrap::parse(Some(servers)), Ok(Bootstrap::Directory(path.into())), "{servers}");
        }
        assert_eq!(Bootstrap::parse(Some("tidelog::memory:")), Ok(Bootstrap::Memory { name: None }));
        let named = Bootstrap::Memory { name: Some("a".into()) };
        assert_eq!(Bootstrap::parse(Some("tidelog::memory:a")), Ok(named));
    }

    #[test]
    fn nothing_is_offline() {
        for servers in [None, Some(""), Some(" "), Some(", ,")] {
            assert_eq!(Bootstrap::parse(servers), Ok(Bootstrap::Offline), "{servers:?}");
        }
    }

    #[test]
    fn hosts_are_told_who_serves_them() {
        for servers in
            ["localhost:9092", "kafka", "a:1,b:2", "tidelog:9092", "tidelog:9092,b:1", "PLAINTEXT://a:1"]
        {
            let error = Bootstrap::parse(Some(servers)).unwrap_err();
            assert_eq!(error, ConfigError::Network(servers.into()));
            assert_eq!(error.code(), ErrorCode::LocalNotImplemented);
            assert!(error.to_string().contains("served by librdkafka in the Python package"));
        }
    }

    #[test]
    fn a_scheme_without_a_place_is_refused() {
        for servers in ["tidelog:", "tidelog:data", "tidelog::disk:", "tidelog:~/data"] {
            assert_eq!(Bootstrap::parse(Some(servers)), Err(ConfigError::Bootstrap(servers.into())));
        }
    }
}
