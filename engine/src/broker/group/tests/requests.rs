//! Requests as members and administrators make them, and ids for members.

use std::time::Duration;

use bytes::Bytes;

use crate::broker::group::{
    CommitOffset, CommitRequest, JoinRequest, MemberIdentity, MemberIds, Protocol, SyncRequest,
};
use crate::error_code::ErrorCode;
use crate::types::{Offset, PartitionIndex, TopicName};

/// Member ids 0, 1, 2, ...
pub(in crate::broker) struct Counter(pub(in crate::broker) u32);

impl MemberIds for Counter {
    fn next(&mut self) -> String {
        self.0 += 1;
        format!("{:04}", self.0 - 1)
    }
}

pub(in crate::broker) const GROUP: &str = "orders-readers";

pub(in crate::broker) fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

pub(in crate::broker) fn topic(name: &str) -> TopicName {
    TopicName::new(name).unwrap()
}

/// Metadata of a consumer that subscribes to these topics (Kafka's `ConsumerProtocolSubscription`, version 0).
pub(in crate::broker) fn subscription(topics: &[&str]) -> Bytes {
    let mut bytes = vec![0, 0];
    bytes.extend_from_slice(&u32::try_from(topics.len()).unwrap().to_be_bytes());
    for topic in topics {
        bytes.extend_from_slice(&u16::try_from(topic.len()).unwrap().to_be_bytes());
        bytes.extend_from_slice(topic.as_bytes());
    }
    bytes.extend_from_slice(&(-1_i32).to_be_bytes());
    bytes.into()
}

pub(in crate::broker) fn protocol(name: &str) -> Protocol {
    Protocol { name: name.to_owned(), metadata: subscription(&["orders"]) }
}

/// A new member's request: session timeout 10 s, rebalance timeout 60 s, protocol `range`.
pub(in crate::broker) fn joining(client: &str) -> JoinRequest {
    JoinRequest {
        group: GROUP.to_owned(),
        member_id: String::new(),
        instance_id: None,
        client_id: client.to_owned(),
        client_host: "/127.0.0.1".to_owned(),
        rebalance_timeout: seconds(60),
        session_timeout: seconds(10),
        protocol_type: "consumer".to_owned(),
        protocols: vec![protocol("range")],
        member_id_required: false,
        skip_assignment_supported: true,
    }
}

pub(in crate::broker) fn identity(member_id: &str, generation: i32) -> MemberIdentity {
    MemberIdentity { member_id: member_id.to_owned(), instance_id: None, generation }
}

/// Nobody's identity: an administrator's, or a consumer's without a group.
pub(in crate::broker) fn outsider() -> MemberIdentity {
    identity("", -1)
}

pub(in crate::broker) fn sync_request(member: MemberIdentity, assignments: &[(&str, &str)]) -> SyncRequest {
    SyncRequest {
        group: GROUP.to_owned(),
        member,
        protocol_type: None,
        protocol: None,
        assignments: assignments
            .iter()
            .map(|(id, text)| ((*id).to_owned(), Bytes::copy_from_slice(text.as_bytes())))
            .collect(),
    }
}

pub(in crate::broker) fn commit_request(
    member: MemberIdentity,
    offsets: &[(&str, i32, i64)],
) -> CommitRequest {
    let commit = |&(name, partition, offset): &(&str, i32, i64)| CommitOffset {
        topic: topic(name),
        topic_id: None,
        partition: PartitionIndex(partition),
        offset: Offset(offset),
        leader_epoch: None,
        metadata: String::new(),
    };
    CommitRequest {
        group: GROUP.to_owned(),
        member,
        retention: None,
        unknown_group_error: ErrorCode::IllegalGeneration,
        offsets: offsets.iter().map(commit).collect(),
    }
}
