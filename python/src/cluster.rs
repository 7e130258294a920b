//! Which clients are those of a Kafka cluster, which the installed confluent-kafka serves.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use tidelog::client::config::{Bootstrap, ConfigError};

/// _names_cluster(args, kwargs): whether these arguments of a client name a Kafka cluster.
#[pyfunction]
pub(crate) fn _names_cluster(args: &Bound<'_, PyTuple>, kwargs: &Bound<'_, PyDict>) -> PyResult<bool> {
    let config = args.get_item(0).ok().and_then(|config| config.cast_into::<PyDict>().ok());
    let get = |name: &str| -> PyResult<Option<String>> {
        for dict in [Some(kwargs), config.as_ref()].into_iter().flatten() {
            if let Some(value) = dict.get_item(name)?.filter(|value| !value.is_none()) {
                return Ok(Some(value.str()?.to_string()));
            }
        }
        Ok(None)
    };
    if get("test.mock.num.brokers")?.is_some_and(|count| count.trim() != "0") {
        return Ok(false);
    }
    let servers = get("bootstrap.servers")?.or(get("metadata.broker.list")?);
    Ok(matches!(Bootstrap::parse(servers.as_deref()), Err(ConfigError::Network(_))))
}
