//! Callbacks of a consumer, as the engine calls them.

use std::ops::ControlFlow;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyWeakrefMethods;
use pyo3::types::PyWeakrefReference;
use tidelog::client::consumer::{CommitCallback, Rebalance, RebalanceCallback};

use crate::foreign::Run;
use crate::kafka_error::KafkaError;
use crate::raised;
use crate::topic_partition;

/// `on_commit(err, partitions)`.
pub(super) fn on_commit(callback: Py<PyAny>) -> CommitCallback {
    Box::new(move |_, error, partitions| {
        Python::attach(|py| {
            let told = || {
                let error = KafkaError::make_optional(py, error)?;
                callback.bind(py).run((error, topic_partition::to_list(py, partitions)?))
            };
            raised::keep(told())
        })
    })
}

/// What `subscribe()` was given.
pub(super) struct RebalanceCallbacks {
    pub(super) on_assign: Option<Py<PyAny>>,
    pub(super) on_revoke: Option<Py<PyAny>>,
    pub(super) on_lost: Option<Py<PyAny>>,
}

impl RebalanceCallbacks {
    /// One callback for the engine. `None` where there is nobody to call.
    pub(super) fn into_callback(self, object: Arc<Py<PyWeakrefReference>>) -> Option<RebalanceCallback> {
        if self.on_assign.is_none() && self.on_revoke.is_none() && self.on_lost.is_none() {
            return None;
        }
        Some(Box::new(move |_, rebalance| {
            let Some(callback) = self.of(rebalance) else { return ControlFlow::Continue(()) };
            Python::attach(|py| {
                let Some(consumer) = object.bind(py).upgrade() else { return ControlFlow::Continue(()) };
                let told = || {
                    let partitions = topic_partition::to_list(py, rebalance.partitions())?;
                    callback.bind(py).run((consumer, partitions))
                };
                raised::keep(told())
            })
        }))
    }

    fn of(&self, rebalance: &Rebalance) -> Option<&Py<PyAny>> {
        match rebalance {
            Rebalance::Assign(_) => self.on_assign.as_ref(),
            Rebalance::Revoke(_) => self.on_revoke.as_ref(),
            Rebalance::Lost(_) => self.on_lost.as_ref().or(self.on_revoke.as_ref()),
        }
    }
}
