//! ElectLeaders: of leaders that are where they should be.

use crate::broker::Election;
use crate::error_code::ErrorCode;
use crate::server::call::{Call, Operation, Resource};
use crate::server::inbox::Reply;
use crate::server::refusal::{Refusal, outcome};
use crate::types::PartitionIndex;
use crate::wire::api::elect_leaders::{
    ElectLeaders, ElectLeadersRequest, ElectLeadersResponse, PartitionResult, ReplicaElectionResult,
    TopicPartitions,
};

pub(in crate::server) fn handle(call: &Call, request: ElectLeadersRequest, reply: Reply<ElectLeaders>) {
    let election = check(call, &request);
    // Of all partitions only those are answered for which an election was needed.
    let asked = request.topic_partitions.unwrap_or_default();
    let replica_election_results = asked.into_iter().map(|topic| elect_all(call, topic, election)).collect();
    let error_code = election.err().unwrap_or(ErrorCode::None).code();
    reply.send(&ElectLeadersResponse { error_code, replica_election_results, ..Default::default() });
}

/// Which election is asked for, if there may be one.
fn check(call: &Call, request: &ElectLeadersRequest) -> Result<Election, ErrorCode> {
    if !call.allows(Operation::Alter, Resource::Cluster) {
        return Err(ErrorCode::ClusterAuthorizationFailed);
    }
    match Election::from_number(request.election_type.into()) {
        Some(election) => Ok(election),
        // Where nothing is asked for it does not matter.
        None if request.topic_partitions.as_ref().is_some_and(Vec::is_empty) => Ok(Election::Preferred),
        None => Err(ErrorCode::InvalidRequest),
    }
}

fn elect_all(
    call: &Call,
    asked: TopicPartitions,
    election: Result<Election, ErrorCode>,
) -> ReplicaElectionResult {
    let elect = |partition| -> Result<(), Refusal> {
        Ok(call.broker().elect_leader(&asked.topic, PartitionIndex(partition), election?)?)
    };
    let result = |partition_id| {
        let (error_code, error_message) = outcome(elect(partition_id));
        PartitionResult { partition_id, error_code, error_message }
    };
    let partition_result = asked.partitions.into_iter().map(result).collect();
    ReplicaElectionResult { topic: asked.topic, partition_result }
}
