//! [`Call`]: what a handler knows beside the request: who asks, and whom it may ask itself.

use std::net::SocketAddr;
use std::sync::Arc;

use super::shared::Shared;
use crate::broker::Broker;
pub use crate::types::Operation;

/// Who is at the other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// Nobody has asked for a name (Kafka: `User:ANONYMOUS`).
    Anonymous,
}

/// What somebody wants to do it with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource<'a> {
    /// A topic.
    Topic(&'a str),
    /// A consumer group.
    Group(&'a str),
    /// A transactional id.
    TransactionalId(&'a str),
    /// The node itself.
    Cluster,
}

/// Whether `principal` may do that: the one place that decides. Until there is authentication everybody who can connect
/// may do everything, which is why a server listens at loopback unless it is told otherwise.
#[must_use]
pub fn authorize(principal: &Principal, _operation: Operation, _resource: Resource<'_>) -> bool {
    match principal {
        Principal::Anonymous => true,
    }
}

/// The other end of a connection.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) principal: Principal,
    /// Where it comes from, as groups show it.
    pub(super) host: String,
    /// The address that it has connected to.
    pub(super) local: Option<SocketAddr>,
}

/// See the module. Cheap to clone.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) shared: Arc<Shared>,
    pub(super) caller: Arc<Caller>,
    pub(super) client_id: String,
}

impl Call {
    pub(super) fn broker(&self) -> &Arc<Broker> {
        &self.shared.broker
    }

    /// Whether the caller may do that.
    pub(super) fn allows(&self, operation: Operation, resource: Resource<'_>) -> bool {
        authorize(&self.caller.principal, operation, resource)
    }

    /// Host and port that clients are told to connect to.
    pub(super) fn advertised(&self) -> (String, i32) {
        if let Some((host, port)) = &self.shared.options.advertised {
            return (host.clone(), (*port).into());
        }
        match self.caller.local.or(self.shared.tcp_address()) {
            Some(address) => (address.ip().to_canonical().to_string(), address.port().into()),
            None => ("localhost".to_owned(), 0),
        }
    }
}
