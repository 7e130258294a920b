//! [`Config::warnings`]: settings that are accepted but probably not meant, as lines for the log
//! (librdkafka: `CONFWARN`). Pure.

use super::bootstrap::Bootstrap;
use super::keys;
use super::property::Role;
use super::table::PROPERTIES;
use super::{Config, check};

impl Config {
    /// Lines to log with `CONFWARN` when a client of this `role` is created with these settings.
    #[must_use]
    pub fn warnings(&self, role: Role) -> Vec<String> {
        let values = self.values();
        let mut warnings = Vec::new();
        let (own, other) = match role {
            Role::Consumer => ("consumer", Role::Producer),
            Role::Producer | Role::Any => ("producer", Role::Consumer),
        };
        let other_name = if other == Role::Producer { "producer" } else { "consumer" };
        for property in values.set_places().map(|place| &PROPERTIES[place]) {
            let name = property.name();
            if property.is_deprecated() {
                warnings.push(format!("Configuration property {name} is deprecated"));
            }
            if property.role() == other {
                warnings.push(format!(
                    "Configuration property {name} is a {other_name} property and will be ignored by this {own} \
                     instance"
                ));
            }
        }
        self.warn_of_backoffs(&mut warnings);
        if role == Role::Consumer {
            let (wait, timeout) = (values.int(keys::FETCH_WAIT), values.int(keys::SOCKET_TIMEOUT));
            if wait.saturating_add(1000) > timeout {
                warnings.push(format!(
                    "Configuration property `fetch.wait.max.ms` ({wait}) should be set lower than \
                     `socket.timeout.ms` ({timeout}) by at least 1000ms to avoid blocking and timing out \
                     sub-sequent requests"
                ));
            }
        }
        self.warn_of_sasl(&mut warnings);
        if Bootstrap::of(values) == Ok(Bootstrap::Offline) {
            warnings.push(
                "No `bootstrap.servers` configured: client will not be able to connect to Kafka cluster"
                    .to_owned(),
            );
        }
        warnings
    }

    fn warn_of_backoffs(&self, warnings: &mut Vec<String>) {
        let values = self.values();
        let max = values.int(keys::RETRY_BACKOFF_MAX);
        let fast = keys::METADATA_REFRESH_FAST;
        for (name, place, checked) in [
            ("retry.backoff.ms", keys::RETRY_BACKOFF, true),
            ("topic.metadata.refresh.fast.interval.ms", fast, values.is_set(fast.0)),
        ] {
            let value = values.int(place);
            if checked && value > max {
                warnings.push(format!(
                    "Configuration `{name}` with value {value} is greater than configuration \
                     `retry.backoff.max.ms` with value {max}. A static backoff with value `retry.backoff.max.ms` \
                     will be applied."
                ));
            }
        }
    }

    fn warn_of_sasl(&self, warnings: &mut Vec<String>) {
        let values = self.values();
        let mechanism = values.text(keys::SASL_MECHANISM).unwrap_or_default();
        if values.is_set(keys::SASL_MECHANISM.0) && !check::is_sasl(values) {
            warnings.push(format!(
                "Configuration property `sasl.mechanism` set to `{mechanism}` but `security.protocol` is not \
                 configured for SASL: recommend setting `security.protocol` to SASL_SSL or SASL_PLAINTEXT"
            ));
        }
        if values.is_set(keys::SASL_USERNAME.0) && !(mechanism.starts_with("SCRAM") || mechanism == "PLAIN") {
            warnings.push(
                "Configuration property `sasl.username` only applies when `sasl.mechanism` is set to PLAIN or \
                 SCRAM-SHA-.."
                    .to_owned(),
            );
        }
    }
}
