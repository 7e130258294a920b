//! DescribeCluster: the one node that there is.

use super::{Admin, KafkaError};
use crate::broker::Broker;

/// A node of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// `node.id`
    pub id: i32,
    /// Where it listens; an engine that has no listener is only reached from its own process.
    pub host: String,
    /// Port there; 0 without a listener.
    pub port: u16,
}

/// What is known of the cluster (KIP-430).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterDescription {
    /// Identity of the data directory.
    pub cluster_id: String,
    /// The node that administers: the only one.
    pub controller: Node,
    /// All nodes.
    pub nodes: Vec<Node>,
}

impl Admin {
    /// Describes the engine as a cluster of one node.
    ///
    /// # Errors
    /// `_TRANSPORT` when the client is offline.
    pub fn describe_cluster(&self) -> Result<ClusterDescription, KafkaError> {
        let broker = self.broker()?;
        let node = node(broker);
        Ok(ClusterDescription {
            cluster_id: broker.cluster_id().to_owned(),
            controller: node.clone(),
            nodes: vec![node],
        })
    }
}

/// The engine as a node.
pub(super) fn node(broker: &Broker) -> Node {
    Node { id: broker.config().node_id, host: "localhost".to_owned(), port: 0 }
}
