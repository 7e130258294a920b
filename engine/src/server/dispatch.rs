//! Which handler answers which request, and where it runs: at once on the shard's thread, or on a thread that may wait.

use std::sync::Arc;

use bytes::Bytes;

use super::call::Call;
use super::handlers;
use super::inbox::{Reply, RequestId};
use super::reactor::Reactor;
use crate::wire::api::{self, Request};
use crate::wire::error::DecodeError;
use crate::wire::header::RequestHeader;
use crate::wire::schema::Api;

/// Whether a connection's next request waits until this one has been answered, as with Kafka every one does. Those that
/// are answered at once, and batches of a producer, which keep their order anyway, need not.
pub(super) fn is_exclusive(api: i16) -> bool {
    use api::{api_versions::ApiVersions, produce::Produce};
    api != Produce::KEY && api != ApiVersions::KEY
}

/// Reads a request's body and lets it be answered.
pub(super) fn dispatch(
    reactor: &mut Reactor,
    call: Call,
    header: &RequestHeader,
    id: RequestId,
    frame: Bytes,
    body: Bytes,
) -> Result<(), DecodeError> {
    let request = Request::read(header.api, header.version, body)?;
    let inbox = Arc::clone(&reactor.inbox);
    let (version, correlation_id) = (header.version, header.correlation_id);
    // Answered on this thread, which must not wait.
    macro_rules! here {
        ($handler:ident, $request:expr) => {
            handlers::$handler::handle(&call, $request, Reply::new(inbox, id, version, correlation_id))
        };
    }
    // Answered on a thread that may wait.
    macro_rules! elsewhere {
        ($handler:ident, $request:expr) => {{
            let reply = Reply::new(inbox, id, version, correlation_id);
            let request = $request;
            let offload = Arc::clone(&call.shared);
            offload.offload.run(move || handlers::$handler::handle(&call, request, reply));
        }};
    }
    match request {
        Request::Produce(request) => {
            let reply = Reply::new(inbox, id, version, correlation_id);
            handlers::produce::handle(reactor, &call, request, frame, reply);
        }
        Request::Fetch(request) => {
            let reply = Reply::new(inbox, id, version, correlation_id);
            reactor.fetch(call, request, reply);
        }
        Request::ApiVersions(request) => here!(api_versions, request),
        Request::Metadata(request) if handlers::metadata::creates_topics(&call, &request, version) => {
            elsewhere!(metadata, request);
        }
        Request::Metadata(request) => here!(metadata, request),
        Request::DescribeCluster(request) => here!(describe_cluster, request),
        Request::DescribeQuorum(request) => here!(describe_quorum, request),
        Request::DescribeTopicPartitions(request) => here!(describe_topic_partitions, request),
        Request::ElectLeaders(request) => here!(elect_leaders, request),
        Request::OffsetForLeaderEpoch(request) => here!(offset_for_leader_epoch, request),
        Request::ListOffsets(request) => elsewhere!(list_offsets, request),
        Request::FindCoordinator(request) => elsewhere!(find_coordinator, request),
        Request::JoinGroup(request) => elsewhere!(join_group, request),
        Request::SyncGroup(request) => elsewhere!(sync_group, request),
        Request::Heartbeat(request) => elsewhere!(heartbeat, request),
        Request::LeaveGroup(request) => elsewhere!(leave_group, request),
        Request::ConsumerGroupHeartbeat(request) => elsewhere!(consumer_group_heartbeat, request),
        Request::ConsumerGroupDescribe(request) => elsewhere!(consumer_group_describe, request),
        Request::OffsetCommit(request) => elsewhere!(offset_commit, request),
        Request::OffsetFetch(request) => elsewhere!(offset_fetch, request),
        Request::OffsetDelete(request) => elsewhere!(offset_delete, request),
        Request::DescribeGroups(request) => elsewhere!(describe_groups, request),
        Request::ListGroups(request) => elsewhere!(list_groups, request),
        Request::DeleteGroups(request) => elsewhere!(delete_groups, request),
        Request::InitProducerId(request) => elsewhere!(init_producer_id, request),
        Request::DescribeProducers(request) => elsewhere!(describe_producers, request),
        Request::AddPartitionsToTxn(request) => elsewhere!(add_partitions_to_txn, request),
        Request::AddOffsetsToTxn(request) => elsewhere!(add_offsets_to_txn, request),
        Request::EndTxn(request) => elsewhere!(end_txn, request),
        Request::TxnOffsetCommit(request) => elsewhere!(txn_offset_commit, request),
        Request::WriteTxnMarkers(request) => elsewhere!(write_txn_markers, request),
        Request::DescribeTransactions(request) => elsewhere!(describe_transactions, request),
        Request::ListTransactions(request) => elsewhere!(list_transactions, request),
        Request::CreateTopics(request) => elsewhere!(create_topics, request),
        Request::DeleteTopics(request) => elsewhere!(delete_topics, request),
        Request::CreatePartitions(request) => elsewhere!(create_partitions, request),
        Request::DeleteRecords(request) => elsewhere!(delete_records, request),
        Request::DescribeConfigs(request) => elsewhere!(describe_configs, request),
        Request::AlterConfigs(request) => elsewhere!(alter_configs, request),
        Request::IncrementalAlterConfigs(request) => elsewhere!(incremental_alter_configs, request),
        Request::DescribeLogDirs(request) => elsewhere!(describe_log_dirs, request),
    }
    Ok(())
}
