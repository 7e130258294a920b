//! DescribeCluster: the one node that there is.

use crate::error_code::ErrorCode;
use crate::server::call::{Call, Operation};
use crate::server::inbox::Reply;
use crate::wire::api::describe_cluster::{
    DescribeCluster, DescribeClusterBroker, DescribeClusterRequest, DescribeClusterResponse,
};

/// The endpoint type of brokers (KIP-919); there are no controllers of their own.
const BROKERS: i8 = 1;

pub(in crate::server) fn handle(call: &Call, request: DescribeClusterRequest, reply: Reply<DescribeCluster>) {
    let mut response = DescribeClusterResponse::default();
    if request.endpoint_type != BROKERS {
        response.error_code = ErrorCode::MismatchedEndpointType.code();
        response.error_message = Some("this is a broker: only endpoint type 1 can be described".to_owned());
        return reply.send(&response);
    }
    let broker = call.broker();
    let (host, port) = call.advertised();
    let node = broker.config().node_id;
    broker.cluster_id().clone_into(&mut response.cluster_id);
    response.controller_id = node;
    response.brokers = vec![DescribeClusterBroker { broker_id: node, host, port, ..Default::default() }];
    if request.include_cluster_authorized_operations {
        response.cluster_authorized_operations = Operation::bits(&Operation::OF_CLUSTER);
    }
    reply.send(&response);
}
