//! [`Watch`]: how the broker tells a member's thread to look at topics or at the group again.

use std::sync::Arc;

use crossbeam::channel::Sender;

use super::Command;
use crate::broker::{Broker, Groups};
use crate::shard::Notify;

/// Sends a command each time it is told of a change it was registered for.
pub(super) struct Watch {
    commands: Sender<Command>,
    command: fn() -> Command,
}

impl Watch {
    pub(super) fn new(commands: Sender<Command>, command: fn() -> Command) -> Arc<Watch> {
        Arc::new(Watch { commands, command })
    }

    /// Asks to be told when topics change next. Look at the topics after this call.
    pub(super) fn watch_topics(self: &Arc<Self>, broker: &Broker) {
        broker.notify_on_topics_change(self.clone());
    }

    /// Takes [`Watch::watch_topics`] back.
    pub(super) fn forget_topics(self: &Arc<Self>, broker: &Broker) {
        let waiter: Arc<dyn Notify> = self.clone();
        broker.forget_topics_waiter(&waiter);
    }

    /// Asks to be told when members come or go next. Send a heartbeat after this call.
    pub(super) fn watch_group(self: &Arc<Self>, groups: &Groups, group: &str) {
        groups.notify_on_change(group, self.clone());
    }

    /// Takes [`Watch::watch_group`] back.
    pub(super) fn forget_group(self: &Arc<Self>, groups: &Groups, group: &str) {
        let waiter: Arc<dyn Notify> = self.clone();
        groups.forget_waiter(group, &waiter);
    }
}

impl Notify for Watch {
    fn notify(&self) {
        // Nobody listens any more once the thread has ended.
        drop(self.commands.send((self.command)()));
    }
}
