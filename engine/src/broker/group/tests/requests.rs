//! Requests as members and administrators make them, and ids for members.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;

use crate::broker::group::{
    CommitOffset, CommitRequest, JoinRequest, MemberIdentity, MemberIds, Protocol, SyncRequest, Topics,
};
use crate::types::{Offset, PartitionIndex, TopicId, TopicName};

/// Member ids 0, 1, 2, ...
pub(in crate::broker) struct Counter(pub(in crate::broker) u32);

impl MemberIds for Counter {
    fn next(&mut self) -> String {
        self.0 += 1;
        format!("{:04}", self.0 - 1)
    }
}

/// Topics with their counts of partitions. The first byte of an id is that of its name.
#[derive(Default)]
pub(in crate::broker) struct TestTopics(Mutex<(u64, BTreeMap<String, i32>)>);

impl TestTopics {
    pub(in crate::broker) fn put(&self, name: &str, partitions: i32) {
        let mut topics = self.0.lock();
        topics.0 += 1;
        topics.1.insert(name.to_owned(), partitions);
    }

    pub(in crate::broker) fn remove(&self, name: &str) {
        let mut topics = self.0.lock();
        topics.0 += 1;
        topics.1.remove(name);
    }
}

/// The id that [`TestTopics`] have for a name.
pub(in crate::broker) fn id_of(name: &str) -> TopicId {
    TopicId([name.as_bytes()[0]; 16])
}

impl Topics for TestTopics {
    fn find(&self, name: &str) -> Option<(TopicId, i32)> {
        self.0.lock().1.get(name).map(|partitions| (id_of(name), *partitions))
    }

    fn name_of(&self, id: TopicId) -> Option<String> {
        self.0.lock().1.keys().find(|name| id_of(name) == id).cloned()
    }

    fn version(&self) -> u64 {
        self.0.lock().0
    }

    fn names(&self) -> Vec<String> {
        self.0.lock().1.keys().cloned().collect()
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
        knows_consumer_protocol: false,
        offsets: offsets.iter().map(commit).collect(),
    }
}
