//! [`Resident`]: something that lives on a shard's thread beside its partitions, such as a server's connections. The
//! shard gives it turns, tells it which of its sockets are ready, and sleeps for both of them.

use std::time::Duration;

use super::mailbox::Mailbox;
use super::worker::Message;
use crate::io::{CommitQueue, Token};

/// See the module. It never blocks, and it asks nothing of its own shard but by [`super::Partition::try_append`].
pub trait Resident {
    /// A socket watched with `token` may have become readable or writable, or (`ended`) the other side has ended. The
    /// next turn looks.
    fn ready(&mut self, token: Token, ended: bool);

    /// Does what there is to do, a bounded part of it; sockets are watched with `queue`. False when there was nothing.
    fn turn(&mut self, now: Duration, queue: &mut dyn CommitQueue) -> bool;

    /// It has to go: lets go of its sockets.
    fn leave(&mut self, queue: &mut dyn CommitQueue);

    /// Whether another turn would find something to do: asked before the shard sleeps, and after other threads were told
    /// to use the [`Doorbell`].
    fn has_work(&self) -> bool;

    /// When it needs a turn in any case, by the monotonic clock.
    fn next_deadline(&self) -> Option<Duration>;
}

/// Ends a shard's sleep, so that its resident gets a turn. Usable from any thread.
#[derive(Clone, Debug)]
pub struct Doorbell(Mailbox<Message>);

impl Doorbell {
    pub(super) fn new(mailbox: Mailbox<Message>) -> Doorbell {
        Doorbell(mailbox)
    }

    /// Call after what the resident is to find has been put where it looks.
    pub fn ring(&self) {
        self.0.wake_if_asleep();
    }
}

/// The shard has a resident already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the engine serves a listener already")]
pub struct Occupied;
