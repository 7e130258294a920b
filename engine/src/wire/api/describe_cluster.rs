//! DescribeCluster (60): the cluster's id and its brokers (KIP-700).

use crate::wire::schema::{api, schema};

api! {
    DescribeCluster = 60, versions 0..=2, flexible from 0,
    DescribeClusterRequest => DescribeClusterResponse
}

schema! {
    /// What is asked.
    pub struct DescribeClusterRequest {
        _ => include_cluster_authorized_operations: bool,
        1.. => endpoint_type: i8 = 1,
        2.. => include_fenced_brokers: bool,
    }

    /// The answer.
    pub struct DescribeClusterResponse {
        _ => throttle_time_ms: i32,
        _ => error_code: i16,
        _ => error_message: Option<String>,
        1.. => endpoint_type: i8 = 1,
        _ => cluster_id: String,
        _ => controller_id: i32 = -1,
        _ => brokers: Vec<DescribeClusterBroker>,
        _ => cluster_authorized_operations: i32 = i32::MIN,
    }

    /// Element of `brokers`.
    pub struct DescribeClusterBroker {
        _ => broker_id: i32,
        _ => host: String,
        _ => port: i32,
        _ => rack: Option<String>,
        2.. => is_fenced: bool,
    }
}
