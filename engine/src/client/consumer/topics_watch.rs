//! [`TopicsWatch`]: how a broker tells a consumer that topics came, went or grew.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::broker::Broker;
use crate::client::signal::Signal;
use crate::shard::Notify;

/// A mark that topics have changed since somebody looked.
pub(super) struct TopicsWatch {
    changed: AtomicBool,
    signal: Arc<Signal>,
}

impl TopicsWatch {
    pub(super) fn new(signal: Arc<Signal>) -> Arc<TopicsWatch> {
        Arc::new(TopicsWatch { changed: AtomicBool::new(false), signal })
    }

    /// Asks to be told of the next change. Look at the topics after this call.
    pub(super) fn watch(self: &Arc<Self>, broker: &Broker) {
        broker.notify_on_topics_change(self.clone());
    }

    /// Takes [`TopicsWatch::watch`] back.
    pub(super) fn forget(self: &Arc<Self>, broker: &Broker) {
        let waiter: Arc<dyn Notify> = self.clone();
        broker.forget_topics_waiter(&waiter);
    }

    /// Whether topics have changed since the last call.
    pub(super) fn take(&self) -> bool {
        self.changed.load(Ordering::Acquire) && self.changed.swap(false, Ordering::AcqRel)
    }
}

impl Notify for TopicsWatch {
    fn notify(&self) {
        self.changed.store(true, Ordering::Release);
        self.signal.notify();
    }
}
