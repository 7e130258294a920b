//! ElectLeaders: there is nothing to elect, every partition has its preferred leader.

use crate::error_code::ErrorCode;
use crate::server::call::{Call, Operation, Resource};
use crate::server::inbox::Reply;
use crate::types::PartitionIndex;
use crate::wire::api::elect_leaders::{
    ElectLeaders, ElectLeadersRequest, ElectLeadersResponse, PartitionResult, ReplicaElectionResult,
    TopicPartitions,
};

pub(in crate::server) fn handle(call: &Call, request: ElectLeadersRequest, reply: Reply<ElectLeaders>) {
    if !call.allows(Operation::Alter, Resource::Cluster) {
        let error_code = ErrorCode::ClusterAuthorizationFailed.code();
        return reply.send(&ElectLeadersResponse { error_code, ..ElectLeadersResponse::default() });
    }
    // Of all partitions only those are answered for which an election was needed.
    let asked = request.topic_partitions.unwrap_or_default();
    let replica_election_results = asked.into_iter().map(|topic| answer(call, topic)).collect();
    reply.send(&ElectLeadersResponse { replica_election_results, ..ElectLeadersResponse::default() });
}

fn answer(call: &Call, asked: TopicPartitions) -> ReplicaElectionResult {
    let topic = call.broker().topic(&asked.topic);
    let result = |partition_id| {
        let exists =
            topic.as_ref().is_some_and(|topic| topic.partition(PartitionIndex(partition_id)).is_some());
        let code = if exists { ErrorCode::ElectionNotNeeded } else { ErrorCode::UnknownTopicOrPartition };
        PartitionResult {
            partition_id,
            error_code: code.code(),
            error_message: Some(code.description().to_owned()),
        }
    };
    let partition_result = asked.partitions.into_iter().map(result).collect();
    ReplicaElectionResult { topic: asked.topic, partition_result }
}
