//! The bytes here were written by the classes of Apache Kafka 4.2 (`org.apache.kafka.coordinator.group.generated`),
//! the hashes computed by its `Utils.abs(group.hashCode()) % partitions`.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::types::{LeaderEpoch, Offset, Timestamp, TopicId};

fn bytes_of(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn keys_are_kafkas() {
    let offset = RecordKey::Offset {
        group: "grüppe".to_owned(),
        topic: "orders".to_owned(),
        partition: PartitionIndex(7),
    };
    let golden = "000100076772c3bc70706500066f726465727300000007";
    assert_eq!(hex_of(&offset.encode()), golden);
    assert_eq!(RecordKey::decode(&bytes_of(golden)).unwrap(), offset);
    let legacy = "000000076772c3bc70706500066f726465727300000007";
    assert_eq!(RecordKey::decode(&bytes_of(legacy)).unwrap(), offset);
    let group = RecordKey::Group("grüppe".to_owned());
    assert_eq!(hex_of(&group.encode()), "000200076772c3bc707065");
    assert_eq!(RecordKey::decode(&group.encode()).unwrap(), group);
    assert_eq!(RecordKey::decode(&bytes_of("000900")).unwrap(), RecordKey::Other(9));
}

/// Written by Kafka 4.2's own classes.
#[test]
fn keys_of_the_consumer_protocol_are_kafkas() {
    let group = "g".to_owned();
    let member = MemberKey { group: group.clone(), member: "m".to_owned() };
    let keys = [
        ("000300076772c3bc707065", RecordKey::ConsumerGroup("grüppe".to_owned())),
        ("000500016700016d", RecordKey::ConsumerMember(member.clone())),
        ("0006000167", RecordKey::AssignmentEpoch(group.clone())),
        ("000700016700016d", RecordKey::Target(member.clone())),
        ("000800016700016d", RecordKey::CurrentAssignment(member)),
        ("00100001670003612e2a", RecordKey::Expression { group, expression: "a.*".to_owned() }),
    ];
    for (golden, key) in keys {
        assert_eq!(hex_of(&key.encode()), golden);
        assert_eq!(RecordKey::decode(&bytes_of(golden)).unwrap(), key);
    }
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

macro_rules! same {
    ($golden:literal, $value:expr, $decode:path, $encode:path) => {
        let value = $value;
        assert_eq!(hex_of(&$encode(&value)), $golden);
        assert_eq!($decode(&bytes_of($golden)), Ok(value));
    };
}

#[test]
fn members_of_the_consumer_protocol_are_as_kafka_writes_them() {
    let epoch = ConsumerGroupEpoch { epoch: 7, metadata_hash: -2 };
    same!(
        "000000000007010008fffffffffffffffe",
        epoch,
        ConsumerGroupEpoch::decode,
        ConsumerGroupEpoch::encode
    );
    let epoch = ConsumerGroupEpoch { epoch: 7, metadata_hash: 0 };
    same!("00000000000700", epoch, ConsumerGroupEpoch::decode, ConsumerGroupEpoch::encode);
    let member = ConsumerMemberMetadata {
        instance_id: Some("i".to_owned()),
        rack_id: None,
        client_id: "c".to_owned(),
        client_host: "/h".to_owned(),
        topics: names(&["a", "b"]),
        expression: Some("x.*".to_owned()),
        rebalance_timeout: Duration::from_secs(300),
        assignor: Some("range".to_owned()),
        classic: None,
    };
    let golden = "00000269000263032f68030261026204782e2a000493e00672616e676500";
    assert_eq!(hex_of(&member.encode()), golden);
    assert_eq!(ConsumerMemberMetadata::decode(&bytes_of(golden)), Ok(member));
    let classic = ConsumerMemberMetadata {
        instance_id: Some(String::new()),
        rack_id: Some(String::new()),
        client_id: "c".to_owned(),
        client_host: "/h".to_owned(),
        topics: names(&[]),
        expression: Some(String::new()),
        rebalance_timeout: Duration::from_millis(1),
        assignor: Some(String::new()),
        classic: Some(ClassicMember {
            session_timeout: Duration::from_millis(5),
            protocols: vec![("range".to_owned(), Bytes::from_static(b"\x00\x01"))],
        }),
    };
    same!(
        "000001010263032f68010100000001010100110100000005020672616e67650300010000",
        classic,
        ConsumerMemberMetadata::decode,
        ConsumerMemberMetadata::encode
    );
}

#[test]
fn assignments_of_the_consumer_protocol_are_as_kafka_writes_them() {
    let id = TopicId([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
    let of_topic = |numbers: &[i32]| {
        AssignedPartitions::from([(id, numbers.iter().copied().map(PartitionIndex).collect())])
    };
    let epoch_bytes = |epoch: &i32| encode_assignment_epoch(*epoch);
    same!("00000000000900", 9, decode_assignment_epoch, epoch_bytes);
    let target = of_topic(&[0, 3]);
    same!(
        "0000020102030405060708090a0b0c0d0e0f100300000000000000030000",
        target,
        decode_target,
        encode_target
    );
    let current = CurrentAssignment {
        epoch: 4,
        previous_epoch: 3,
        state: MemberState::UnreleasedPartitions,
        assigned: of_topic(&[1]),
        revoking: of_topic(&[2]),
    };
    same!(
        "0000000000040000000302020102030405060708090a0b0c0d0e0f10020000000100020102030405060708090a0b0c0d0e0f1002000000020000",
        current,
        CurrentAssignment::decode,
        CurrentAssignment::encode
    );
    let resolved =
        ResolvedExpression { topics: names(&["a", "b"]), resolved_at: Timestamp(1_700_000_000_000) };
    same!(
        "0000030261026200000000000000000000018bcfe5680000",
        resolved,
        ResolvedExpression::decode,
        ResolvedExpression::encode
    );
}

fn commit() -> OffsetCommit {
    OffsetCommit {
        offset: Offset(123_456_789_012),
        leader_epoch: None,
        metadata: "noté".to_owned(),
        commit_time: Timestamp(1_700_000_000_001),
        expiry_time: None,
        topic_id: None,
    }
}

#[test]
fn every_version_of_an_offset_is_read_and_kafkas_own_choice_written() {
    let id = TopicId([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
    let with_epoch = OffsetCommit { leader_epoch: Some(LeaderEpoch(5)), ..commit() };
    let with_expiry = OffsetCommit { expiry_time: Some(Timestamp(1_800_000_000_002)), ..commit() };
    let with_id = OffsetCommit { topic_id: Some(id), ..with_epoch.clone() };
    let start = "00000000001cbe991a14";
    let cases = [
        (format!("0000{}00056e6f74c3a90000018bcfe56801", &start[4..]), commit(), false),
        (format!("0001{}00056e6f74c3a90000018bcfe56801000001a3185c5002", &start[4..]), with_expiry, true),
        (format!("0002{}00056e6f74c3a90000018bcfe56801", &start[4..]), commit(), false),
        (format!("0003{}0000000500056e6f74c3a90000018bcfe56801", &start[4..]), with_epoch.clone(), false),
        (format!("0004{}00000005066e6f74c3a90000018bcfe5680100", &start[4..]), with_epoch, true),
        (
            format!(
                "0004{}00000005066e6f74c3a90000018bcfe568010100100102030405060708090a0b0c0d0e0f10",
                &start[4..]
            ),
            with_id,
            true,
        ),
    ];
    for (golden, value, written) in cases {
        assert_eq!(OffsetCommit::decode(&bytes_of(&golden)).unwrap(), value, "{golden}");
        if written {
            assert_eq!(hex_of(&value.encode()), golden);
        }
    }
}

fn member(id: &str, instance: Option<&str>) -> MemberMetadata {
    MemberMetadata {
        member_id: id.to_owned(),
        instance_id: instance.map(str::to_owned),
        client_id: "cli".to_owned(),
        client_host: "/10.0.0.1".to_owned(),
        rebalance_timeout: Duration::from_millis(300_000),
        session_timeout: Duration::from_millis(45_000),
        subscription: Bytes::from_static(&[1, 2, 3]),
        assignment: Bytes::new(),
    }
}

const GROUPS: [&str; 5] = [
    "00000008636f6e73756d657200000009000572616e676500036d2d310000000200036d2d310003636c6900092f31302e302e302e3100\
     00afc8000000030102030000000000036d2d320003636c6900092f31302e302e302e310000afc80000000301020300000000",
    "00010008636f6e73756d657200000009000572616e676500036d2d310000000200036d2d310003636c6900092f31302e302e302e3100\
     0493e00000afc8000000030102030000000000036d2d320003636c6900092f31302e302e302e31000493e00000afc800000003010203\
     00000000",
    "00020008636f6e73756d657200000009000572616e676500036d2d310000018bcfe568010000000200036d2d310003636c6900092f31\
     302e302e302e31000493e00000afc8000000030102030000000000036d2d320003636c6900092f31302e302e302e31000493e00000af\
     c80000000301020300000000",
    "00030008636f6e73756d657200000009000572616e676500036d2d310000018bcfe568010000000200036d2d31ffff0003636c690009\
     2f31302e302e302e31000493e00000afc8000000030102030000000000036d2d320004696e73740003636c6900092f31302e302e302e\
     31000493e00000afc80000000301020300000000",
    "000409636f6e73756d6572000000090672616e6765046d2d310000018bcfe5680103046d2d310004636c690a2f31302e302e302e3100\
     0493e00000afc8040102030100046d2d3205696e737404636c690a2f31302e302e302e31000493e00000afc804010203010000",
];

#[test]
fn every_version_of_a_group_is_read_and_kafkas_own_choice_written() {
    for (version, golden) in GROUPS.iter().enumerate() {
        let mut expected = GroupMetadata {
            protocol_type: "consumer".to_owned(),
            generation: 9,
            protocol: Some("range".to_owned()),
            leader: Some("m-1".to_owned()),
            state_time: (version >= 2).then_some(Timestamp(1_700_000_000_001)),
            members: vec![member("m-1", None), member("m-2", (version >= 3).then_some("inst"))],
        };
        if version == 0 {
            for member in &mut expected.members {
                member.rebalance_timeout = member.session_timeout;
            }
        }
        assert_eq!(GroupMetadata::decode(&bytes_of(golden)).unwrap(), expected, "version {version}");
        if version == 3 {
            assert_eq!(hex_of(&expected.encode()), *golden);
        }
    }
}

#[test]
fn a_group_without_members_is_written_as_kafka_writes_it() {
    let empty = GroupMetadata { state_time: Some(Timestamp(1_700_000_000_001)), ..GroupMetadata::default() };
    let golden = "0003000000000000ffffffff0000018bcfe5680100000000";
    assert_eq!(hex_of(&empty.encode()), golden);
    assert_eq!(GroupMetadata::decode(&bytes_of(golden)).unwrap(), empty);
}

#[test]
fn a_group_goes_to_the_partition_kafka_sends_it_to() {
    let cases = [
        ("", 0, 0),
        ("a", 47, 1),
        ("grüppe", 12, 0),
        ("my-group", 12, 2),
        ("polygenelubricants", 0, 0),
        ("😀 group", 6, 2),
        ("console-consumer-12345", 6, 2),
        ("__x", 10, 0),
    ];
    for (group, of_50, of_4) in cases {
        assert_eq!(partition_for(group, 50), PartitionIndex(of_50), "{group}");
        assert_eq!(partition_for(group, 4), PartitionIndex(of_4), "{group}");
    }
}

#[test]
fn what_is_cut_or_impossible_is_an_error() {
    for golden in GROUPS {
        let whole = bytes_of(golden);
        for cut in 0..whole.len() {
            assert!(GroupMetadata::decode(&whole[..cut]).is_err());
        }
    }
    assert_eq!(OffsetCommit::decode(&bytes_of("0005")), Err(SchemaError::Version(5)));
    assert_eq!(GroupMetadata::decode(&bytes_of("ffff")), Err(SchemaError::Version(-1)));
    let null_group = SchemaError::Length { field: "group", length: -1 };
    assert_eq!(RecordKey::decode(&bytes_of("0002ffff")), Err(null_group));
    assert_eq!(RecordKey::decode(&bytes_of("00020001ff")), Err(SchemaError::NotText("group")));
    // Two billion members in 20 bytes.
    assert!(GroupMetadata::decode(&bytes_of("0000000000000000ffffffff7fffffff")).is_err());
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), version in 0..5_u8) {
        let mut bytes = bytes;
        bytes.splice(0..0, [0, version]);
        let _ = RecordKey::decode(&bytes);
        let _ = OffsetCommit::decode(&bytes);
        let _ = GroupMetadata::decode(&bytes);
        let _ = ConsumerGroupEpoch::decode(&bytes);
        let _ = ConsumerMemberMetadata::decode(&bytes);
        let _ = CurrentAssignment::decode(&bytes);
        let _ = ResolvedExpression::decode(&bytes);
        let _ = decode_target(&bytes);
        let _ = decode_assignment_epoch(&bytes);
    }

    #[test]
    fn an_offset_survives_the_bytes(
        offset in any::<i64>(),
        epoch in prop::option::of(0..i32::MAX),
        metadata in ".{0,300}",
        time in any::<i64>(),
        id in prop::option::of(any::<[u8; 16]>()),
    ) {
        let value = OffsetCommit {
            offset: Offset(offset),
            leader_epoch: epoch.map(LeaderEpoch),
            metadata,
            commit_time: Timestamp(time),
            expiry_time: None,
            topic_id: id.map(TopicId),
        };
        prop_assert_eq!(OffsetCommit::decode(&value.encode()).unwrap(), value);
    }
}
