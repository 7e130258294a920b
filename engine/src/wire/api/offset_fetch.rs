//! OffsetFetch (9): offsets that groups have committed.

use crate::types::TopicId;
use crate::wire::schema::{api, schema};

api! {
    OffsetFetch = 9, versions 1..=10, flexible from 6,
    OffsetFetchRequest => OffsetFetchResponse
}

schema! {
    /// What is asked.
    pub struct OffsetFetchRequest {
        1..=7 => group_id: String,
        1..=7 => [null 2..=7] topics: Option<Vec<OffsetFetchRequestTopic>>,
        8.. => groups: Vec<OffsetFetchRequestGroup>,
        7.. => require_stable: bool,
    }

    /// Element of `topics`.
    pub struct OffsetFetchRequestTopic {
        1..=7 => name: String,
        1..=7 => partition_indexes: Vec<i32>,
    }

    /// Element of `groups`.
    pub struct OffsetFetchRequestGroup {
        8.. => group_id: String,
        9.. => member_id: Option<String>,
        9.. => member_epoch: i32 = -1,
        8.. => topics: Option<Vec<OffsetFetchRequestTopics>>,
    }

    /// Element of `topics`.
    pub struct OffsetFetchRequestTopics {
        8..=9 => name: String,
        10.. => topic_id: TopicId,
        8.. => partition_indexes: Vec<i32>,
    }

    /// The answer.
    pub struct OffsetFetchResponse {
        3.. => throttle_time_ms: i32,
        1..=7 => topics: Vec<OffsetFetchResponseTopic>,
        2..=7 => error_code: i16,
        8.. => groups: Vec<OffsetFetchResponseGroup>,
    }

    /// Element of `topics`.
    pub struct OffsetFetchResponseTopic {
        1..=7 => name: String,
        1..=7 => partitions: Vec<OffsetFetchResponsePartition>,
    }

    /// Element of `partitions`.
    pub struct OffsetFetchResponsePartition {
        1..=7 => partition_index: i32,
        1..=7 => committed_offset: i64,
        5..=7 => committed_leader_epoch: i32 = -1,
        1..=7 => metadata: Option<String>,
        1..=7 => error_code: i16,
    }

    /// Element of `groups`.
    pub struct OffsetFetchResponseGroup {
        8.. => group_id: String,
        8.. => topics: Vec<OffsetFetchResponseTopics>,
        8.. => error_code: i16,
    }

    /// Element of `topics`.
    pub struct OffsetFetchResponseTopics {
        8..=9 => name: String,
        10.. => topic_id: TopicId,
        8.. => partitions: Vec<OffsetFetchResponsePartitions>,
    }

    /// Element of `partitions`.
    pub struct OffsetFetchResponsePartitions {
        8.. => partition_index: i32,
        8.. => committed_offset: i64,
        8.. => committed_leader_epoch: i32 = -1,
        8.. => metadata: Option<String>,
        8.. => error_code: i16,
    }
}
