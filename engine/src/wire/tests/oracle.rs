//! Against the crate kafka-protocol, which was generated from Kafka's own definitions.

use std::ops::RangeInclusive;

use bytes::{Bytes, BytesMut};
use kafka_protocol::protocol::{Decodable, Encodable};

use super::{Random, Sample};
use crate::wire::api::{APIS, ApiInfo};
use crate::wire::header::{RequestHeader, respond};
use crate::wire::reader::Reader;
use crate::wire::records::Piece;
use crate::wire::schema::{Api, Wire};
use crate::wire::writer::{Frame, Writer};

/// Different contents of each message in each version.
const SAMPLES: u64 = 60;

pub(super) fn flat(frame: &Frame) -> Bytes {
    let mut bytes = BytesMut::new();
    for piece in &frame.pieces {
        match piece {
            Piece::Memory(piece) => bytes.extend_from_slice(piece),
            Piece::Gap(_) => panic!("there are no gaps in samples"),
        }
    }
    assert_eq!(bytes.len(), frame.size());
    assert_eq!(bytes[..4], i32::try_from(bytes.len() - 4).unwrap().to_be_bytes());
    bytes.freeze()
}

/// Writes a message as the body of a frame.
pub(super) fn written<T: Wire>(message: &T, version: i16, flexible: bool) -> Bytes {
    let mut writer = Writer::new(version, flexible);
    message.write(&mut writer);
    flat(&writer.finish()).slice(4..)
}

/// What we write they read, with nothing left over; what they write of it is the same bytes; and we read those.
fn compare<O, T>(api: &ApiInfo, versions: RangeInclusive<i16>)
where
    O: Decodable + Encodable,
    T: Wire + Sample + PartialEq + std::fmt::Debug,
{
    for version in versions {
        for seed in 0..SAMPLES {
            let what = format!("{} version {version} seed {seed}", api.name);
            let flexible = api.is_flexible(version);
            let message = T::sample(&mut Random(seed), version);
            let ours = written(&message, version, flexible);
            let mut left = ours.clone();
            let theirs = O::decode(&mut left, version).unwrap_or_else(|error| panic!("{what}: {error}"));
            assert!(left.is_empty(), "{what}: {} bytes left", left.len());
            let mut again = BytesMut::new();
            theirs.encode(&mut again, version).unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(again, ours, "{what}");
            let mut reader = Reader::new(again.freeze(), version, flexible);
            assert_eq!(T::read(&mut reader).unwrap(), message, "{what}");
            assert_eq!(reader.remaining(), 0);
        }
    }
}

macro_rules! compare_all {
    ($($module:ident::$name:ident $(up to $last:literal)?: $request:ident, $response:ident;)*) => {
        #[test]
        fn another_implementation_agrees_on_every_version_of_every_api() {
            let mut compared = Vec::new();
            $({
                use crate::wire::api::$module::$name;
                let api = ApiInfo::of($name::KEY).unwrap();
                let versions = $name::VERSIONS;
                $(let versions = *versions.start()..=$last;)?
                compare::<kafka_protocol::messages::$request, <$name as Api>::Request>(api, versions.clone());
                compare::<kafka_protocol::messages::$response, <$name as Api>::Response>(api, versions);
                compared.push(api.key);
            })*
            assert_eq!(compared, APIS.iter().map(|api| api.key).collect::<Vec<_>>(), "all are compared");
        }

        /// The body of a request of any API.
        pub(super) fn sample_request(api: &ApiInfo, version: i16, random: &mut Random) -> Bytes {
            use crate::wire::api;
            let flexible = api.is_flexible(version);
            match api.key {
                $(api::$module::$name::KEY => {
                    let request = <api::$module::$name as Api>::Request::sample(random, version);
                    written(&request, version, flexible)
                })*
                _ => panic!("{} is one of the APIs", api.name),
            }
        }
    };
}

// Where a version is given, it is the last that the crate knows.
compare_all! {
    add_offsets_to_txn::AddOffsetsToTxn: AddOffsetsToTxnRequest, AddOffsetsToTxnResponse;
    add_partitions_to_txn::AddPartitionsToTxn: AddPartitionsToTxnRequest, AddPartitionsToTxnResponse;
    alter_configs::AlterConfigs: AlterConfigsRequest, AlterConfigsResponse;
    api_versions::ApiVersions: ApiVersionsRequest, ApiVersionsResponse;
    consumer_group_describe::ConsumerGroupDescribe: ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse;
    consumer_group_heartbeat::ConsumerGroupHeartbeat: ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse;
    create_partitions::CreatePartitions: CreatePartitionsRequest, CreatePartitionsResponse;
    create_topics::CreateTopics: CreateTopicsRequest, CreateTopicsResponse;
    delete_groups::DeleteGroups: DeleteGroupsRequest, DeleteGroupsResponse;
    delete_records::DeleteRecords: DeleteRecordsRequest, DeleteRecordsResponse;
    delete_topics::DeleteTopics: DeleteTopicsRequest, DeleteTopicsResponse;
    describe_cluster::DescribeCluster: DescribeClusterRequest, DescribeClusterResponse;
    describe_configs::DescribeConfigs: DescribeConfigsRequest, DescribeConfigsResponse;
    describe_groups::DescribeGroups: DescribeGroupsRequest, DescribeGroupsResponse;
    describe_log_dirs::DescribeLogDirs: DescribeLogDirsRequest, DescribeLogDirsResponse;
    describe_producers::DescribeProducers: DescribeProducersRequest, DescribeProducersResponse;
    describe_quorum::DescribeQuorum: DescribeQuorumRequest, DescribeQuorumResponse;
    describe_topic_partitions::DescribeTopicPartitions: DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse;
    describe_transactions::DescribeTransactions: DescribeTransactionsRequest, DescribeTransactionsResponse;
    elect_leaders::ElectLeaders: ElectLeadersRequest, ElectLeadersResponse;
    end_txn::EndTxn: EndTxnRequest, EndTxnResponse;
    fetch::Fetch: FetchRequest, FetchResponse;
    find_coordinator::FindCoordinator: FindCoordinatorRequest, FindCoordinatorResponse;
    heartbeat::Heartbeat: HeartbeatRequest, HeartbeatResponse;
    incremental_alter_configs::IncrementalAlterConfigs: IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse;
    init_producer_id::InitProducerId: InitProducerIdRequest, InitProducerIdResponse;
    join_group::JoinGroup: JoinGroupRequest, JoinGroupResponse;
    leave_group::LeaveGroup: LeaveGroupRequest, LeaveGroupResponse;
    list_groups::ListGroups: ListGroupsRequest, ListGroupsResponse;
    list_offsets::ListOffsets up to 10: ListOffsetsRequest, ListOffsetsResponse;
    list_transactions::ListTransactions: ListTransactionsRequest, ListTransactionsResponse;
    metadata::Metadata: MetadataRequest, MetadataResponse;
    offset_commit::OffsetCommit up to 9: OffsetCommitRequest, OffsetCommitResponse;
    offset_delete::OffsetDelete: OffsetDeleteRequest, OffsetDeleteResponse;
    offset_fetch::OffsetFetch up to 9: OffsetFetchRequest, OffsetFetchResponse;
    offset_for_leader_epoch::OffsetForLeaderEpoch: OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse;
    produce::Produce: ProduceRequest, ProduceResponse;
    sync_group::SyncGroup: SyncGroupRequest, SyncGroupResponse;
    txn_offset_commit::TxnOffsetCommit: TxnOffsetCommitRequest, TxnOffsetCommitResponse;
    write_txn_markers::WriteTxnMarkers up to 1: WriteTxnMarkersRequest, WriteTxnMarkersResponse;
}

#[test]
fn versions_that_the_other_implementation_does_not_know_are_read_as_they_are_written() {
    fn check<T: Wire + Sample + PartialEq + std::fmt::Debug>(version: i16) {
        for seed in 0..SAMPLES {
            let message = T::sample(&mut Random(seed), version);
            let mut reader = Reader::new(written(&message, version, true), version, true);
            assert_eq!(T::read(&mut reader).unwrap(), message);
            assert_eq!(reader.remaining(), 0);
        }
    }
    use crate::wire::api::{list_offsets, offset_commit, offset_fetch, write_txn_markers};
    check::<list_offsets::ListOffsetsRequest>(11);
    check::<list_offsets::ListOffsetsResponse>(11);
    check::<offset_commit::OffsetCommitRequest>(10);
    check::<offset_commit::OffsetCommitResponse>(10);
    check::<offset_fetch::OffsetFetchRequest>(10);
    check::<offset_fetch::OffsetFetchResponse>(10);
    check::<write_txn_markers::WriteTxnMarkersRequest>(2);
    check::<write_txn_markers::WriteTxnMarkersResponse>(2);
}

#[test]
fn headers_are_those_of_the_other_implementation() {
    use kafka_protocol::messages::{ApiKey, RequestHeader as Theirs, ResponseHeader};
    use kafka_protocol::protocol::StrBytes;

    for api in APIS {
        for version in api.versions.clone() {
            let key = ApiKey::try_from(api.key).unwrap();
            // The crate learned of these later versions only after it was made.
            let known = version.min(key.valid_versions().max);
            let theirs = Theirs::default()
                .with_request_api_key(api.key)
                .with_request_api_version(version)
                .with_correlation_id(77)
                .with_client_id(Some(StrBytes::from_static_str("me")));
            let mut bytes = BytesMut::new();
            theirs.encode(&mut bytes, key.request_header_version(known)).unwrap();
            bytes.extend_from_slice(b"body");
            let (header, body) = RequestHeader::read(bytes.freeze()).unwrap();
            assert_eq!((header.api, header.version, header.correlation_id), (api, version, 77));
            assert_eq!((header.client_id.as_deref(), &body[..]), (Some("me"), &b"body"[..]));
        }
    }
    let answers = [
        (respond::<crate::wire::api::heartbeat::Heartbeat>(3, 5, &Default::default()), ApiKey::Heartbeat, 3),
        (respond::<crate::wire::api::heartbeat::Heartbeat>(4, 5, &Default::default()), ApiKey::Heartbeat, 4),
        (
            respond::<crate::wire::api::api_versions::ApiVersions>(4, 5, &Default::default()),
            ApiKey::ApiVersions,
            4,
        ),
    ];
    for (frame, key, version) in answers {
        let mut bytes = flat(&frame).slice(4..);
        let header = ResponseHeader::decode(&mut bytes, key.response_header_version(version)).unwrap();
        assert_eq!(header.correlation_id, 5);
        if key == ApiKey::Heartbeat {
            kafka_protocol::messages::HeartbeatResponse::decode(&mut bytes, version).unwrap();
        } else {
            kafka_protocol::messages::ApiVersionsResponse::decode(&mut bytes, version).unwrap();
        }
        assert!(bytes.is_empty());
    }
}
