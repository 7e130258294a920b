//! Bytes that other implementations write, and bytes that nobody should.

use proptest::prelude::*;

use super::*;

fn sample() -> MemberSubscription {
    MemberSubscription {
        topics: vec!["a".into(), "größe".into()],
        user_data: Some(vec![1, 2, 3]),
        owned: vec![TopicPartitions {
            topic: "a".into(),
            partitions: vec![PartitionIndex(0), PartitionIndex(7)],
        }],
        generation_id: 9,
        rack: Some("r1".into()),
    }
}

#[test]
fn a_subscription_survives_the_way_through_bytes() {
    for subscription in [sample(), MemberSubscription::new(vec![]), MemberSubscription::new(vec!["t".into()])]
    {
        assert_eq!(MemberSubscription::decode(&subscription.encode()), Ok(subscription));
    }
}

#[test]
fn an_assignment_survives_the_way_through_bytes() {
    let assignment = MemberAssignment { partitions: sample().owned, user_data: None };
    assert_eq!(MemberAssignment::decode(&assignment.encode()), Ok(assignment));
    assert_eq!(MemberAssignment::decode(&[]), Ok(MemberAssignment::default()));
}

#[test]
fn bytes_are_kafkas() {
    let subscription = MemberSubscription { generation_id: 5, ..MemberSubscription::new(vec!["t".into()]) };
    let expected: &[u8] = &[
        0, 3, // version
        0, 0, 0, 1, 0, 1, b't', // topics
        0xff, 0xff, 0xff, 0xff, // no user data
        0, 0, 0, 0, // owned
        0, 0, 0, 5, // generation
        0xff, 0xff, // no rack
    ];
    assert_eq!(subscription.encode(), expected);
    let assignment = MemberAssignment {
        partitions: vec![TopicPartitions { topic: "t".into(), partitions: vec![PartitionIndex(2)] }],
        user_data: Some(vec![]),
    };
    let expected: &[u8] = &[0, 1, 0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0];
    assert_eq!(assignment.encode(), expected);
}

#[test]
fn every_version_is_read_up_to_what_it_has() {
    let mut bytes = sample().encode();
    let ends = [(0_u8, 25), (1, 44), (2, 48), (3, bytes.len())];
    for (version, end) in ends {
        bytes[1] = version;
        let read = MemberSubscription::decode(&bytes[..end]).unwrap();
        assert_eq!((&read.topics, &read.user_data), (&sample().topics, &sample().user_data));
        assert_eq!(read.owned.len(), usize::from(version >= 1));
        assert_eq!(read.generation_id, if version >= 2 { 9 } else { -1 });
        assert_eq!(read.rack.is_some(), version >= 3);
    }
}

#[test]
fn a_later_version_is_read_as_the_newest_known() {
    let mut bytes = sample().encode();
    bytes[1] = 12;
    bytes.extend_from_slice(b"something new");
    assert_eq!(MemberSubscription::decode(&bytes), Ok(sample()));
}

#[test]
fn a_generation_is_found_wherever_members_put_it() {
    let java = 6_i32.to_be_bytes().to_vec();
    let mut librdkafka = Writer(Vec::new());
    librdkafka.topic_partitions(&sample().owned);
    librdkafka.i32(8);
    let cases = [
        (3, None, Some(3)),
        (-1, None, None),
        (-1, Some(java.clone()), Some(6)),
        (-1, Some(librdkafka.0), Some(8)),
        (2, Some(java), Some(2)),
        (-1, Some(vec![]), None),
        (-1, Some(vec![9, 9, 9, 9, 9]), None),
        (-1, Some((-5_i32).to_be_bytes().to_vec()), None),
    ];
    for (generation_id, user_data, expected) in cases {
        let subscription = MemberSubscription { generation_id, user_data, ..MemberSubscription::new(vec![]) };
        assert_eq!(subscription.generation(), expected, "{subscription:?}");
    }
}

#[test]
fn a_text_too_long_for_the_format_is_cut_between_characters() {
    let subscription =
        MemberSubscription { rack: Some("ö".repeat(20_000)), ..MemberSubscription::new(vec![]) };
    let read = MemberSubscription::decode(&subscription.encode()).unwrap();
    assert_eq!(read.rack, Some("ö".repeat(16_383)));
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let refused = |bytes: &[u8]| MemberSubscription::decode(bytes).unwrap_err().to_string();
    assert_eq!(refused(&[]), "bytes end too early at byte 0");
    assert_eq!(refused(&[0xff, 0xff]), "negative version at byte 2");
    assert_eq!(refused(&[0, 0, 0, 0, 0, 1, 0xff, 0xff]), "text is null at byte 8");
    assert_eq!(refused(&[0, 0, 0, 0, 0, 1, 0, 1, 0xff]), "text is not UTF-8 at byte 9");
    // Two thousand million topics are announced, none is there: nothing is reserved for them.
    assert_eq!(refused(&[0, 0, 0x7f, 0xff, 0xff, 0xff]), "bytes end too early at byte 6");
    assert_eq!(refused(&[0, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff]), "bytes end too early at byte 10");
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(subscription) = MemberSubscription::decode(&bytes) {
            let _ = subscription.generation();
            prop_assert_eq!(MemberSubscription::decode(&subscription.encode()), Ok(subscription));
        }
        if let Ok(assignment) = MemberAssignment::decode(&bytes) {
            prop_assert_eq!(MemberAssignment::decode(&assignment.encode()), Ok(assignment));
        }
    }

    #[test]
    fn cut_bytes_never_read_as_whole(at in 2..60_usize) {
        let bytes = sample().encode();
        prop_assume!(at < bytes.len());
        prop_assert!(MemberSubscription::decode(&bytes[..at]).is_err());
    }
}
