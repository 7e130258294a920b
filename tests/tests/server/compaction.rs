//! Compacted topics, and the one that groups keep their offsets in, stay small and keep what counts.

use tidelog::wire::api::offset_commit::{
    OffsetCommit, OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use tidelog::wire::api::offset_fetch::{OffsetFetch, OffsetFetchRequest, OffsetFetchRequestTopic};

use super::raw::RawClient;
use super::rig::TestServer;

/// Bytes of all partitions of a topic.
fn size(server: &TestServer, topic: &str) -> u64 {
    let topic = server.broker.topic(topic).unwrap();
    topic.partitions().iter().map(|partition| partition.as_ref().unwrap().view().size().unwrap()).sum()
}

fn commit(client: &mut RawClient, group: &str, offset: i64) {
    let partition = OffsetCommitRequestPartition {
        committed_offset: offset,
        committed_metadata: Some("x".repeat(4000)),
        ..OffsetCommitRequestPartition::default()
    };
    let topic = OffsetCommitRequestTopic {
        name: "read".to_owned(),
        partitions: vec![partition],
        ..OffsetCommitRequestTopic::default()
    };
    let request = OffsetCommitRequest {
        group_id: group.to_owned(),
        topics: vec![topic],
        ..OffsetCommitRequest::default()
    };
    assert_eq!(client.call::<OffsetCommit>(8, &request).topics[0].partitions[0].error_code, 0);
}

fn committed(client: &mut RawClient, group: &str) -> i64 {
    let topic = OffsetFetchRequestTopic { name: "read".to_owned(), partition_indexes: vec![0] };
    let request = OffsetFetchRequest {
        group_id: group.to_owned(),
        topics: Some(vec![topic]),
        ..OffsetFetchRequest::default()
    };
    client.call::<OffsetFetch>(7, &request).topics[0].partitions[0].committed_offset
}

#[test]
fn committed_offsets_stay_and_their_log_stays_small() {
    let settings = [("offsets.topic.segment.bytes", "1048576"), ("offsets.topic.num.partitions", "1")];
    let server = TestServer::with(&settings, Default::default());
    let mut client = RawClient::connect(&server);
    client.create_topic("read", &[]);
    commit(&mut client, "seldom", 77);
    for offset in 0..600 {
        commit(&mut client, &format!("often-{}", offset % 5), offset);
    }
    let before = size(&server, "__consumer_offsets");
    server.broker.compact();
    let after = size(&server, "__consumer_offsets");
    // The newest segment is never compacted.
    assert!(before > 2_000_000 && after < 1_100_000, "{before} bytes became {after}");
    let server = server.restarted(&settings);
    let mut client = RawClient::connect(&server);
    assert_eq!(committed(&mut client, "seldom"), 77);
    for number in 0..5 {
        assert_eq!(committed(&mut client, &format!("often-{number}")), 595 + number);
    }
}
