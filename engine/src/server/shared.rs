//! [`Shared`]: what all shards of a server share.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use crossbeam::queue::SegQueue;

use super::metrics::ServerMetrics;
use super::offload::Offload;
use super::options::ServerOptions;
use crate::broker::Broker;
use crate::io::{Accepted, ListenAddress};
use crate::shard::Doorbell;

/// See the module.
pub(super) struct Shared {
    pub(super) broker: Arc<Broker>,
    pub(super) options: ServerOptions,
    pub(super) metrics: ServerMetrics,
    pub(super) offload: Offload,
    /// Where it listens.
    pub(super) addresses: Vec<ListenAddress>,
    pub(super) doors: Vec<Door>,
    /// Shard that gets the next connection.
    pub(super) next_shard: AtomicUsize,
    pub(super) stopping: AtomicBool,
}

/// The way for new connections into a shard.
#[derive(Default)]
pub(super) struct Door {
    pub(super) arrivals: SegQueue<Accepted>,
    pub(super) bell: OnceLock<Doorbell>,
}

impl Door {
    pub(super) fn ring(&self) {
        if let Some(bell) = self.bell.get() {
            bell.ring();
        }
    }
}

impl Shared {
    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Gives a new connection to the shard whose turn it is.
    pub(super) fn hand_over(&self, accepted: Accepted) {
        let next = self.next_shard.fetch_add(1, Ordering::Relaxed);
        if let Some(door) = self.doors.get(next % self.doors.len().max(1)) {
            door.arrivals.push(accepted);
            door.ring();
        }
    }

    /// The first TCP address that it listens at.
    pub(super) fn tcp_address(&self) -> Option<SocketAddr> {
        self.addresses.iter().find_map(|address| match address {
            ListenAddress::Tcp(address) => Some(*address),
            ListenAddress::Unix(_) => None,
        })
    }
}
