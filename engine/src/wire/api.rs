//! The APIs that are served, one file each, in the order of the alphabet. A file says which versions; how to read it
//! says `schema.rs`. Field names, versions and meanings are those of Kafka 4.2's message definitions.

use std::ops::RangeInclusive;

use bytes::Bytes;

use super::error::DecodeError;
use super::reader::Reader;
use super::schema::{Api, Wire};

/// What is known of an API without knowing its messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiInfo {
    /// Its number.
    pub key: i16,
    /// Its name.
    pub name: &'static str,
    /// Versions that are served.
    pub versions: RangeInclusive<i16>,
    /// The first flexible version.
    pub flexible_from: i16,
}

impl ApiInfo {
    /// The API with this number.
    #[must_use]
    pub fn of(key: i16) -> Option<&'static ApiInfo> {
        APIS.iter().find(|api| api.key == key)
    }

    /// Whether a version has compact lengths and tagged fields.
    #[must_use]
    pub fn is_flexible(&self, version: i16) -> bool {
        version >= self.flexible_from
    }
}

macro_rules! apis {
    ($($module:ident::$name:ident,)*) => {
        $(pub mod $module;)*

        /// All APIs that are served.
        pub const APIS: &[ApiInfo] = &[$(ApiInfo {
            key: $module::$name::KEY,
            name: $module::$name::NAME,
            versions: $module::$name::VERSIONS,
            flexible_from: $module::$name::FLEXIBLE_FROM,
        },)*];

        /// A request of any API.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Request {
            $(
                #[doc = concat!("Of [`", stringify!($module), "`].")]
                $name(<$module::$name as Api>::Request),
            )*
        }

        impl Request {
            /// Reads the body of a request whose header has been read.
            ///
            /// # Errors
            /// [`DecodeError`] when the bytes are not such a request.
            pub fn read(api: &ApiInfo, version: i16, body: Bytes) -> Result<Request, DecodeError> {
                let mut reader = Reader::new(body, version, api.is_flexible(version));
                let read = match api.key {
                    $($module::$name::KEY => Wire::read(&mut reader).map(Request::$name),)*
                    _ => unreachable!("{} is one of the APIs", api.name),
                };
                // Bytes that are left over are nobody's: Kafka does not look at them, and librdkafka 2.16 leaves some behind
                // Metadata.
                read.map_err(|error| error.of(api.name, version))
            }
        }
    };
}

apis! {
    add_offsets_to_txn::AddOffsetsToTxn,
    add_partitions_to_txn::AddPartitionsToTxn,
    alter_configs::AlterConfigs,
    api_versions::ApiVersions,
    consumer_group_describe::ConsumerGroupDescribe,
    consumer_group_heartbeat::ConsumerGroupHeartbeat,
    create_partitions::CreatePartitions,
    create_topics::CreateTopics,
    delete_groups::DeleteGroups,
    delete_records::DeleteRecords,
    delete_topics::DeleteTopics,
    describe_cluster::DescribeCluster,
    describe_configs::DescribeConfigs,
    describe_groups::DescribeGroups,
    describe_log_dirs::DescribeLogDirs,
    describe_producers::DescribeProducers,
    describe_quorum::DescribeQuorum,
    describe_topic_partitions::DescribeTopicPartitions,
    describe_transactions::DescribeTransactions,
    elect_leaders::ElectLeaders,
    end_txn::EndTxn,
    fetch::Fetch,
    find_coordinator::FindCoordinator,
    heartbeat::Heartbeat,
    incremental_alter_configs::IncrementalAlterConfigs,
    init_producer_id::InitProducerId,
    join_group::JoinGroup,
    leave_group::LeaveGroup,
    list_groups::ListGroups,
    list_offsets::ListOffsets,
    list_transactions::ListTransactions,
    metadata::Metadata,
    offset_commit::OffsetCommit,
    offset_delete::OffsetDelete,
    offset_fetch::OffsetFetch,
    offset_for_leader_epoch::OffsetForLeaderEpoch,
    produce::Produce,
    sync_group::SyncGroup,
    txn_offset_commit::TxnOffsetCommit,
    write_txn_markers::WriteTxnMarkers,
}
