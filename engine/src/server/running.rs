//! [`Server`]: start and stop.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::metrics::ServerMetrics;
use super::metrics_endpoint::MetricsEndpoint;
use super::offload::Offload;
use super::options::ServerOptions;
use super::reactor::Reactor;
use super::shared::{Door, Shared};
use crate::broker::Broker;
use crate::io::{ListenAddress, Listener};
use crate::shard::{Occupied, Resident, ShardStopped};

/// How often a stop looks whether all connections are closed.
const DRAIN_LOOK: Duration = Duration::from_millis(1);

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// An address cannot be listened at.
    #[error("cannot listen at {address}: {source}")]
    Listen {
        /// The address.
        address: ListenAddress,
        /// The operating system's reason.
        source: io::Error,
    },
    /// An address that others can reach, without leave.
    #[error(
        "{0} can be reached from other machines and there is no authentication yet: everybody could read and delete \
         everything. Listen at 127.0.0.1, or allow it with --allow-anonymous-network"
    )]
    AnonymousNetwork(ListenAddress),
    /// The engine has a server already.
    #[error(transparent)]
    Occupied(#[from] Occupied),
    /// The engine has stopped.
    #[error(transparent)]
    Stopped(#[from] ShardStopped),
    /// The operating system gives no thread, or watches no sockets.
    #[error("cannot serve: {0}")]
    Io(#[from] io::Error),
}

/// A server at work. Dropping it stops it; the engine goes on.
pub struct Server {
    shared: Arc<Shared>,
    metrics_endpoint: Option<MetricsEndpoint>,
}

impl Server {
    /// Lets `broker` be reached at the addresses of `options`.
    ///
    /// # Errors
    /// [`ServerError`]; nothing is listened at then.
    pub fn start(broker: &Arc<Broker>, options: ServerOptions) -> Result<Server, ServerError> {
        let metrics = options.metrics_listener.map(ListenAddress::Tcp);
        for address in options.listeners.iter().chain(&metrics) {
            check_address(address, options.allow_anonymous_network)?;
        }
        let mut listeners = Vec::with_capacity(options.listeners.len());
        for address in &options.listeners {
            let source = |source| ServerError::Listen { address: address.clone(), source };
            let listener = Listener::bind(address).map_err(source)?;
            if let Some(size) = options.send_buffer_size {
                listener.set_send_buffer_size(size).map_err(source)?;
            }
            listeners.push(Arc::new(listener));
        }
        let shared = Arc::new(Shared {
            broker: Arc::clone(broker),
            metrics: ServerMetrics::default(),
            offload: Offload::start()?,
            addresses: listeners.iter().map(|listener| listener.address().clone()).collect(),
            doors: (0..broker.shard_count()).map(|_| Door::default()).collect(),
            next_shard: AtomicUsize::new(0),
            stopping: AtomicBool::new(false),
            options,
        });
        let mut server = Server { shared, metrics_endpoint: None };
        if let Some(address) = server.shared.options.metrics_listener {
            let started = MetricsEndpoint::start(address, Arc::clone(&server.shared));
            let source = |source| ServerError::Listen { address: ListenAddress::Tcp(address), source };
            server.metrics_endpoint = Some(started.map_err(source)?);
        }
        // The last shard accepts, when all others are ready.
        for shard in (0..broker.shard_count()).rev() {
            let listeners = if shard == 0 { std::mem::take(&mut listeners) } else { Vec::new() };
            server.settle(shard, listeners)?;
        }
        Ok(server)
    }

    fn settle(&self, shard: usize, listeners: Vec<Arc<Listener>>) -> Result<(), ServerError> {
        let shared = Arc::clone(&self.shared);
        self.shared.broker.on_shard(shard, move |worker| {
            worker.settle(|bell, queue| {
                // Set once, here.
                let _ = shared.doors[shard].bell.set(bell.clone());
                let reactor = Reactor::new(shared, shard, bell, listeners);
                reactor.listen(queue)?;
                Ok::<Box<dyn Resident>, ServerError>(Box::new(reactor))
            })
        })?
    }

    /// Where it listens, with the ports that it got.
    #[must_use]
    pub fn addresses(&self) -> &[ListenAddress] {
        &self.shared.addresses
    }

    /// Its own and the engine's figures, as Prometheus text.
    #[must_use]
    pub fn exposition(&self) -> String {
        super::exposition::exposition(&self.shared)
    }

    /// Where it answers requests for metrics.
    #[must_use]
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics_endpoint.as_ref().map(MetricsEndpoint::address)
    }

    /// What it has counted.
    #[must_use]
    pub fn metrics(&self) -> &ServerMetrics {
        &self.shared.metrics
    }

    /// Accepts nothing more, lets requests that are being answered finish for up to `drain_max`, and closes all
    /// connections. Fine to call twice; not to be called on a shard's thread.
    pub fn stop(&self) {
        if self.shared.stopping.swap(true, Ordering::AcqRel) {
            return;
        }
        let start = Instant::now();
        while self.shared.metrics.connections.get() > 0 && start.elapsed() < self.shared.options.drain_max {
            self.shared.doors.iter().for_each(Door::ring);
            std::thread::sleep(DRAIN_LOOK);
        }
        for shard in 0..self.shared.doors.len() {
            // A shard that has stopped has no resident any more.
            let settled = self.shared.doors[shard].bell.get().is_some();
            if settled && self.shared.broker.on_shard(shard, |worker| worker.evict()).is_err() {
                tracing::debug!(shard, "the shard had stopped before its server");
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Server({:?})", self.shared.addresses)
    }
}

/// Only what this machine itself can reach is open to everybody.
fn check_address(address: &ListenAddress, allowed: bool) -> Result<(), ServerError> {
    let ListenAddress::Tcp(tcp) = address else { return Ok(()) };
    let is_own = match tcp.ip() {
        IpAddr::V4(ip) => ip.is_loopback(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.to_ipv4_mapped().is_some_and(|ip| ip.is_loopback()),
    };
    if is_own {
        return Ok(());
    }
    if !allowed {
        return Err(ServerError::AnonymousNetwork(address.clone()));
    }
    tracing::warn!(%address, "everybody who can reach this address can read and delete everything");
    Ok(())
}
