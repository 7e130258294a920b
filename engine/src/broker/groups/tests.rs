//! Groups on a simulated disk: what survives, and who is told what.

use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::time::Duration;

use bytes::Bytes;

use super::*;
use crate::broker::BrokerOptions;
use crate::broker::group::{CommitOffset, GroupState, Protocol};
use crate::io::{SimDisk, SystemClock};
use crate::types::{Offset, TopicName};

pub(in crate::broker) fn broker(disk: &SimDisk) -> Arc<Broker> {
    Broker::open(BrokerOptions {
        root: PathBuf::from("/data"),
        config: EngineConfig::parse([("group.min.session.timeout.ms", "100")]).unwrap(),
        disk: Arc::new(disk.clone()),
        clock: Arc::new(SystemClock::new()),
        lock: None,
        accept_truncation: Default::default(),
    })
    .unwrap()
}

fn topic() -> TopicName {
    TopicName::new("orders").unwrap()
}

fn commit(groups: &Groups, offset: i64) -> ErrorCode {
    let (sender, answer) = channel();
    let request = CommitRequest {
        group: "readers".to_owned(),
        member: MemberIdentity { member_id: String::new(), instance_id: None, generation: -1 },
        retention: None,
        knows_consumer_protocol: false,
        offsets: vec![CommitOffset {
            topic: topic(),
            topic_id: None,
            partition: PartitionIndex(0),
            offset: Offset(offset),
            leader_epoch: None,
            metadata: "note".to_owned(),
        }],
    };
    groups.commit(request, move |response| sender.send(response).unwrap());
    answer.recv_timeout(Duration::from_secs(20)).unwrap().partitions[0].error
}

fn committed(groups: &Groups) -> i64 {
    let wanted = [FetchOffset { topic: topic(), topic_id: None, partition: PartitionIndex(0) }];
    groups.fetch_offsets("readers", &wanted, Stability::Ignored)[0].offset.0
}

#[test]
fn a_committed_offset_survives_a_clean_stop_and_a_power_cut() {
    let disk = SimDisk::new(7);
    let first = broker(&disk);
    assert!(first.existing_groups().unwrap().is_none(), "asking makes no topic");
    assert_eq!(commit(&first.groups().unwrap(), 41), ErrorCode::None);
    assert_eq!(committed(&first.groups().unwrap()), 41);
    first.close();

    let second = broker(&disk);
    assert_eq!(committed(&second.existing_groups().unwrap().unwrap()), 41);
    assert_eq!(commit(&second.groups().unwrap(), 42), ErrorCode::None);
    let disk = disk.power_cut();
    drop(second);

    let third = broker(&disk);
    assert_eq!(committed(&third.groups().unwrap()), 42);
    let listed = third.groups().unwrap().list();
    assert_eq!((listed.len(), listed[0].group.as_str()), (1, "readers"));
}

#[test]
fn a_member_joins_syncs_and_is_lost_when_it_falls_silent() {
    let broker = broker(&SimDisk::new(7));
    let groups = broker.groups().unwrap();
    let (sender, joined) = channel();
    let request = JoinRequest {
        group: "readers".to_owned(),
        member_id: String::new(),
        instance_id: None,
        client_id: "test".to_owned(),
        client_host: "/127.0.0.1".to_owned(),
        rebalance_timeout: Duration::from_secs(1),
        session_timeout: broker.config().group_session_timeout_min,
        protocol_type: "consumer".to_owned(),
        protocols: vec![Protocol { name: "range".to_owned(), metadata: Bytes::new() }],
        member_id_required: false,
        skip_assignment_supported: true,
    };
    groups.join(&request, move |response| sender.send(response).unwrap());
    let joined = joined.recv_timeout(Duration::from_secs(20)).unwrap();
    assert_eq!((joined.error, joined.leader == joined.member_id), (ErrorCode::None, true));
    let member = MemberIdentity {
        member_id: joined.member_id.clone(),
        instance_id: None,
        generation: joined.generation,
    };
    let (sender, synced) = channel();
    let request = SyncRequest {
        group: "readers".to_owned(),
        member: member.clone(),
        protocol_type: None,
        protocol: None,
        assignments: vec![(joined.member_id, Bytes::from_static(b"mine"))],
    };
    groups.sync(request, move |response| sender.send(response).unwrap());
    let synced = synced.recv_timeout(Duration::from_secs(20)).unwrap();
    assert_eq!((synced.error, synced.assignment), (ErrorCode::None, Bytes::from_static(b"mine")));
    assert_eq!(groups.heartbeat("readers", &member), ErrorCode::None);
    assert_eq!(groups.describe("readers").unwrap().state, GroupState::Stable);
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    while groups.describe("readers").unwrap().state != GroupState::Empty
        && std::time::Instant::now() < deadline
    {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(groups.describe("readers").unwrap().state, GroupState::Empty);
}
