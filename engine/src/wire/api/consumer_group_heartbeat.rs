//! ConsumerGroupHeartbeat (68): a member of the newer protocol joins, is there, or leaves, and learns what is assigned to it
//! (KIP-848).

use crate::types::TopicId;
use crate::wire::schema::{api, schema};

api! {
    ConsumerGroupHeartbeat = 68, versions 0..=1, flexible from 0,
    ConsumerGroupHeartbeatRequest => ConsumerGroupHeartbeatResponse
}

schema! {
    /// What is asked.
    pub struct ConsumerGroupHeartbeatRequest {
        _ => group_id: String,
        _ => member_id: String,
        _ => member_epoch: i32,
        _ => instance_id: Option<String>,
        _ => rack_id: Option<String>,
        _ => rebalance_timeout_ms: i32 = -1,
        _ => subscribed_topic_names: Option<Vec<String>>,
        1.. => subscribed_topic_regex: Option<String>,
        _ => server_assignor: Option<String>,
        _ => topic_partitions: Option<Vec<TopicPartitions>>,
    }

    /// The answer.
    pub struct ConsumerGroupHeartbeatResponse {
        _ => throttle_time_ms: i32,
        _ => error_code: i16,
        _ => error_message: Option<String>,
        _ => member_id: Option<String>,
        _ => member_epoch: i32,
        _ => heartbeat_interval_ms: i32,
        _ => [marked] assignment: Option<Assignment>,
    }

    /// What a member may read.
    pub struct Assignment {
        _ => topic_partitions: Vec<TopicPartitions>,
    }

    /// Partitions of a topic.
    pub struct TopicPartitions {
        _ => topic_id: TopicId,
        _ => partitions: Vec<i32>,
    }
}
