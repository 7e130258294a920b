//! ConsumerGroupDescribe (69): groups of the newer protocol in detail (KIP-848).

use crate::types::TopicId;
use crate::wire::schema::{api, schema};

api! {
    ConsumerGroupDescribe = 69, versions 0..=1, flexible from 0,
    ConsumerGroupDescribeRequest => ConsumerGroupDescribeResponse
}

schema! {
    /// What is asked.
    pub struct ConsumerGroupDescribeRequest {
        _ => group_ids: Vec<String>,
        _ => include_authorized_operations: bool,
    }

    /// The answer.
    pub struct ConsumerGroupDescribeResponse {
        _ => throttle_time_ms: i32,
        _ => groups: Vec<DescribedGroup>,
    }

    /// Element of `groups`.
    pub struct DescribedGroup {
        _ => error_code: i16,
        _ => error_message: Option<String>,
        _ => group_id: String,
        _ => group_state: String,
        _ => group_epoch: i32,
        _ => assignment_epoch: i32,
        _ => assignor_name: String,
        _ => members: Vec<Member>,
        _ => authorized_operations: i32 = i32::MIN,
    }

    /// Element of `members`.
    pub struct Member {
        _ => member_id: String,
        _ => instance_id: Option<String>,
        _ => rack_id: Option<String>,
        _ => member_epoch: i32,
        _ => client_id: String,
        _ => client_host: String,
        _ => subscribed_topic_names: Vec<String>,
        _ => subscribed_topic_regex: Option<String>,
        _ => assignment: Assignment,
        _ => target_assignment: Assignment,
        1.. => member_type: i8 = -1,
    }

    /// Partitions of a member.
    pub struct Assignment {
        _ => topic_partitions: Vec<TopicPartitions>,
    }

    /// Partitions of a topic.
    pub struct TopicPartitions {
        _ => topic_id: TopicId,
        _ => topic_name: String,
        _ => partitions: Vec<i32>,
    }
}
