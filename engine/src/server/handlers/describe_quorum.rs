//! DescribeQuorum: a quorum of one, which is always in agreement with itself.

use crate::error_code::ErrorCode;
use crate::server::call::Call;
use crate::server::inbox::Reply;
use crate::wire::api::describe_quorum::{
    DescribeQuorum, DescribeQuorumRequest, DescribeQuorumResponse, Listener, Node, PartitionData,
    ReplicaState, ResponsePartitionData, ResponseTopicData,
};

/// The topic that Kafka keeps its metadata in. Here it is a name only.
const METADATA_TOPIC: &str = "__cluster_metadata";

pub(in crate::server) fn handle(call: &Call, request: DescribeQuorumRequest, reply: Reply<DescribeQuorum>) {
    let node_id = call.broker().config().node_id;
    let (host, port) = call.advertised();
    let topics = request.topics.into_iter().map(|topic| {
        let known = topic.topic_name == METADATA_TOPIC;
        let partitions = topic.partitions.into_iter().map(|one| partition(call, &one, known)).collect();
        ResponseTopicData { topic_name: topic.topic_name, partitions }
    });
    let port = u16::try_from(port).unwrap_or(0);
    reply.send(&DescribeQuorumResponse {
        topics: topics.collect(),
        nodes: vec![Node { node_id, listeners: vec![Listener { name: "PLAINTEXT".to_owned(), host, port }] }],
        ..DescribeQuorumResponse::default()
    });
}

fn partition(call: &Call, asked: &PartitionData, known: bool) -> ResponsePartitionData {
    let partition_index = asked.partition_index;
    if !known || partition_index != 0 {
        let error_code = ErrorCode::UnknownTopicOrPartition.code();
        return ResponsePartitionData { partition_index, error_code, ..ResponsePartitionData::default() };
    }
    let leader_id = call.broker().config().node_id;
    let now = call.broker().clock().now().0;
    let voter = ReplicaState {
        replica_id: leader_id,
        last_fetch_timestamp: now,
        last_caught_up_timestamp: now,
        ..ReplicaState::default()
    };
    ResponsePartitionData {
        partition_index,
        leader_id,
        leader_epoch: 1,
        current_voters: vec![voter],
        ..ResponsePartitionData::default()
    }
}
