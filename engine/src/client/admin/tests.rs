//! What each administrative call answers, item by item.

use super::*;
use crate::broker::OffsetSpec;
use crate::broker::group::{ConsumerHeartbeat, GroupKind, GroupState, Stability};
use crate::client::{OffsetSpec as OffsetPlace, Producer, ProducerRecord, TopicPartitionOffset};
use crate::config::{AlterOperation, Alteration, ConfigSource, TopicOverrides};
use crate::types::{Isolation, Offset, PartitionIndex};

fn config() -> Config {
    let mut config = Config::new();
    config.set("bootstrap.servers", Some("tidelog::memory:")).unwrap();
    config
}

fn admin() -> Admin {
    Admin::new(&config()).unwrap()
}

fn topic(name: &str, partitions: i32) -> NewTopic {
    NewTopic { name: name.to_owned(), partitions: Some(partitions), ..NewTopic::default() }
}

fn created(names: &[&str]) -> Admin {
    let admin = admin();
    let topics: Vec<_> = names.iter().map(|name| topic(name, 2)).collect();
    assert!(admin.create_topics(&topics, Mode::Apply).iter().all(Result::is_ok));
    admin
}

fn codes<T: std::fmt::Debug>(results: &[Result<T, KafkaError>]) -> Vec<ErrorCode> {
    let code = |result: &Result<T, KafkaError>| match result {
        Ok(_) => ErrorCode::None,
        Err(error) => error.code(),
    };
    results.iter().map(code).collect()
}

fn settings(pairs: &[(&str, &str)]) -> TopicOverrides {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn value_of(admin: &Admin, topic: &str, name: &str) -> (String, ConfigSource) {
    let described = admin.describe_configs(&[ConfigResource::Topic(topic.to_owned())]).remove(0).unwrap();
    let entry = described.into_iter().find(|entry| entry.name == name).unwrap();
    (entry.value, entry.source)
}

#[test]
fn nothing_is_done_with_a_topic_that_is_named_twice() {
    let admin = created(&["there"]);
    let (twice, once) = (ErrorCode::InvalidRequest, ErrorCode::None);
    let topics = [topic("a", 1), topic("b", 1), topic("a", 2)];
    assert_eq!(codes(&admin.create_topics(&topics, Mode::Apply)), [twice, once, twice]);
    let more =
        |name: &str| NewPartitions { topic: name.to_owned(), total_count: 5, ..NewPartitions::default() };
    let added = admin.create_partitions(&[more("there"), more("b"), more("there")], Mode::Apply);
    assert_eq!(codes(&added), [twice, once, twice]);
    assert_eq!(codes(&admin.delete_topics(&["there", "b", "there"])), [twice, once, twice]);
    let left: Vec<_> = admin.list_topics().unwrap();
    assert_eq!((left.len(), left[0].name.as_str(), left[0].partitions.len()), (1, "there", 2));
}

#[test]
fn records_that_are_kept_for_their_keys_are_not_deleted() {
    let admin = admin();
    let compacted = NewTopic { config: settings(&[("cleanup.policy", "compact")]), ..topic("compacted", 1) };
    let both = NewTopic { config: settings(&[("cleanup.policy", "compact,delete")]), ..topic("both", 1) };
    assert!(admin.create_topics(&[compacted, both], Mode::Apply).iter().all(Result::is_ok));
    let all_of =
        |topic: &str| RecordDeletion { topic: topic.to_owned(), partition: PartitionIndex(0), before: None };
    let deleted = admin.delete_records(&[all_of("compacted"), all_of("both")]);
    assert_eq!(codes(&deleted), [ErrorCode::PolicyViolation, ErrorCode::None]);
}

#[test]
fn each_topic_is_created_or_refused_by_itself() {
    let admin = created(&["there", "here"]);
    let topics = [
        topic("a", 3),
        topic("there", 1),
        NewTopic { replication_factor: Some(3), ..topic("here", 0) },
        topic("bad name", 1),
        topic("__consumer_offsets", 1),
        topic("none", 0),
        NewTopic { config: settings(&[("retention.ms", "soon")]), ..topic("config", 1) },
        NewTopic { replication_factor: Some(3), ..topic("copies", 1) },
        NewTopic {
            replica_assignment: vec![(0, vec![1]), (1, vec![7])],
            name: "far".to_owned(),
            ..NewTopic::default()
        },
        NewTopic { replica_assignment: vec![(0, vec![1])], ..topic("both", 1) },
        NewTopic {
            replica_assignment: vec![(1, vec![1]), (1, vec![1])],
            name: "twice".to_owned(),
            ..NewTopic::default()
        },
        NewTopic {
            replica_assignment: vec![(1, vec![1]), (0, vec![1])],
            name: "assigned".to_owned(),
            ..NewTopic::default()
        },
    ];
    let expected = [
        ErrorCode::None,
        ErrorCode::TopicAlreadyExists,
        ErrorCode::TopicAlreadyExists,
        ErrorCode::InvalidTopicException,
        ErrorCode::InvalidTopicException,
        ErrorCode::InvalidPartitions,
        ErrorCode::InvalidConfig,
        ErrorCode::InvalidReplicationFactor,
        ErrorCode::InvalidReplicaAssignment,
        ErrorCode::InvalidRequest,
        ErrorCode::InvalidReplicaAssignment,
        ErrorCode::None,
    ];
    assert_eq!(codes(&admin.create_topics(&topics, Mode::ValidateOnly)), expected);
    assert_eq!(admin.list_topics().unwrap().len(), 2, "validating creates nothing");
    assert_eq!(codes(&admin.create_topics(&topics, Mode::Apply)), expected);
    let names: Vec<_> = admin.list_topics().unwrap().iter().map(|topic| topic.name.to_string()).collect();
    assert_eq!(names, ["a", "assigned", "here", "there"]);
}

#[test]
fn topics_are_described_and_deleted_each_by_itself() {
    let admin = created(&["a", "b"]);
    let described = admin.describe_topics(&["b", "missing"]);
    assert_eq!(codes(&described), [ErrorCode::None, ErrorCode::UnknownTopicOrPartition]);
    let b = described[0].as_ref().unwrap();
    assert_eq!((b.partitions.len(), b.is_internal), (2, false));
    assert!(b.partitions.iter().all(|partition| partition.error.is_none() && partition.leader >= 0));
    let deleted = admin.delete_topics(&["a", "missing"]);
    assert_eq!(codes(&deleted), [ErrorCode::None, ErrorCode::UnknownTopicOrPartition]);
    assert_eq!(admin.list_topics().unwrap().len(), 1);
}

#[test]
fn one_node_leads_already() {
    let admin = created(&["t"]);
    let asked = [("t", PartitionIndex(0)), ("t", PartitionIndex(9)), ("missing", PartitionIndex(0))];
    for election in [Election::Preferred, Election::Unclean] {
        let elected = admin.elect_leaders(&asked, election);
        let missing = ErrorCode::UnknownTopicOrPartition;
        assert_eq!(codes(&elected), [ErrorCode::ElectionNotNeeded, missing, missing]);
    }
}

#[test]
fn partitions_only_grow() {
    let admin = created(&["t"]);
    let node = admin.describe_cluster().unwrap().controller.id;
    let to = |topic: &str, total_count, replica_assignment| NewPartitions {
        topic: topic.to_owned(),
        total_count,
        replica_assignment,
    };
    let wrong = [
        (to("t", 2, None), ErrorCode::InvalidPartitions),
        (to("t", 1, None), ErrorCode::InvalidPartitions),
        (to("missing", 3, None), ErrorCode::UnknownTopicOrPartition),
        (to("t", 4, Some(vec![vec![node]])), ErrorCode::InvalidReplicaAssignment),
        (to("t", 3, Some(vec![vec![node + 1]])), ErrorCode::InvalidReplicaAssignment),
        (to("t", 3, Some(vec![])), ErrorCode::InvalidReplicaAssignment),
    ];
    for (new, expected) in wrong {
        assert_eq!(codes(&admin.create_partitions(&[new], Mode::Apply)), [expected]);
    }
    let right = [to("t", 4, Some(vec![vec![node], vec![node]]))];
    assert_eq!(codes(&admin.create_partitions(&right, Mode::ValidateOnly)), [ErrorCode::None]);
    assert_eq!(admin.list_topics().unwrap()[0].partitions.len(), 2, "validating adds nothing");
    assert_eq!(codes(&admin.create_partitions(&right, Mode::Apply)), [ErrorCode::None]);
    assert_eq!(admin.list_topics().unwrap()[0].partitions.len(), 4);
}

#[test]
fn incremental_changes_leave_other_settings_and_whole_ones_do_not() {
    let admin = created(&["t"]);
    let resource = ConfigResource::Topic("t".to_owned());
    let set = |name: &str, value: &str| Alteration {
        name: name.to_owned(),
        operation: AlterOperation::Set(value.to_owned()),
    };
    let change = |alterations| [ResourceAlteration { resource: resource.clone(), alterations }];
    let both = change(vec![set("retention.ms", "7"), set("segment.bytes", "2097152")]);
    assert_eq!(codes(&admin.incremental_alter_configs(&both, Mode::ValidateOnly)), [ErrorCode::None]);
    assert_eq!(value_of(&admin, "t", "retention.ms").1, ConfigSource::Default, "validating changes nothing");
    assert_eq!(codes(&admin.incremental_alter_configs(&both, Mode::Apply)), [ErrorCode::None]);
    let one = change(vec![set("retention.ms", "8")]);
    assert_eq!(codes(&admin.incremental_alter_configs(&one, Mode::Apply)), [ErrorCode::None]);
    assert_eq!(value_of(&admin, "t", "retention.ms").0, "8");
    assert_eq!(value_of(&admin, "t", "segment.bytes").0, "2097152");
    let whole = ResourceSettings { resource: resource.clone(), settings: settings(&[("retention.ms", "9")]) };
    assert_eq!(codes(&admin.alter_configs(&[whole], Mode::Apply)), [ErrorCode::None]);
    assert_eq!(value_of(&admin, "t", "retention.ms").0, "9");
    assert_eq!(value_of(&admin, "t", "segment.bytes").1, ConfigSource::Default);
    let wrong = change(vec![set("retention.ms", "soon")]);
    assert_eq!(codes(&admin.incremental_alter_configs(&wrong, Mode::Apply)), [ErrorCode::InvalidConfig]);
    let [first] = change(vec![set("retention.ms", "1")]);
    let twice = admin.incremental_alter_configs(&[first.clone(), first], Mode::Apply);
    assert_eq!(codes(&twice), [ErrorCode::InvalidRequest; 2]);
    assert_eq!(value_of(&admin, "t", "retention.ms").0, "9");
}

#[test]
fn the_engines_settings_are_shown_and_fixed() {
    let admin = admin();
    let node = admin.describe_cluster().unwrap().controller.id;
    let described = admin.describe_configs(&[ConfigResource::Broker(node), ConfigResource::Broker(node + 1)]);
    assert_eq!(codes(&described), [ErrorCode::None, ErrorCode::InvalidRequest]);
    assert!(described[0].as_ref().unwrap().iter().any(|entry| entry.name == "num.partitions"));
    let change = ResourceSettings {
        resource: ConfigResource::Broker(node),
        settings: settings(&[("num.partitions", "3")]),
    };
    assert_eq!(codes(&admin.alter_configs(&[change], Mode::Apply)), [ErrorCode::InvalidRequest]);
}

#[test]
fn a_group_has_no_settings() {
    let (admin, group) = (admin(), ConfigResource::Group("g".to_owned()));
    assert_eq!(admin.describe_configs(std::slice::from_ref(&group)), [Ok(Vec::new())]);
    let change = ResourceSettings { resource: group, settings: settings(&[("a", "3")]) };
    let refused = &admin.alter_configs(&[change], Mode::Apply)[0];
    let reason = "Cannot update these configs dynamically: a".to_owned();
    assert_eq!(*refused, Err(KafkaError::with_reason(ErrorCode::InvalidRequest, reason)));
}

#[test]
fn offsets_move_with_what_is_produced_and_deleted() {
    let producer = Producer::new(&config()).unwrap();
    let admin = Admin::on_engine(producer.engine());
    for _ in 0..10 {
        producer.produce("t", ProducerRecord { value: Some(b"x"), ..ProducerRecord::default() }).unwrap();
    }
    assert_eq!(producer.flush(None), 0);
    let query = |topic: &str, partition, spec| OffsetQuery {
        topic: topic.to_owned(),
        partition: PartitionIndex(partition),
        spec,
    };
    let offsets = |specs: &[OffsetSpec]| -> Vec<i64> {
        let queries: Vec<_> = specs.iter().map(|spec| query("t", 0, *spec)).collect();
        let found = admin.list_offsets(&queries, Isolation::ReadUncommitted);
        found.into_iter().map(|found| found.unwrap().unwrap().offset.0).collect()
    };
    assert_eq!(offsets(&[OffsetSpec::Earliest, OffsetSpec::Latest]), [0, 10]);
    let before = |topic: &str, before| RecordDeletion {
        topic: topic.to_owned(),
        partition: PartitionIndex(0),
        before,
    };
    let deletions = [before("t", Some(Offset(4))), before("t", Some(Offset(11))), before("missing", None)];
    let deleted = admin.delete_records(&deletions);
    assert_eq!(deleted[0], Ok(Offset(4)));
    let expected = [ErrorCode::None, ErrorCode::OffsetOutOfRange, ErrorCode::UnknownTopicOrPartition];
    assert_eq!(codes(&deleted), expected);
    assert_eq!(offsets(&[OffsetSpec::Earliest, OffsetSpec::Latest]), [4, 10]);
    let unknown = [query("t", 1, OffsetSpec::Latest)];
    assert_eq!(
        codes(&admin.list_offsets(&unknown, Isolation::ReadUncommitted)),
        [ErrorCode::UnknownTopicOrPartition]
    );
}

#[test]
fn without_an_engine_every_call_says_so() {
    let admin = Admin::new(&Config::new()).unwrap();
    assert_eq!(admin.list_topics().unwrap_err().code(), ErrorCode::LocalTransport);
    assert_eq!(codes(&admin.create_topics(&[topic("t", 1)], Mode::Apply)), [ErrorCode::LocalTransport]);
}

fn at(topic: &str, partition: i32, offset: OffsetPlace) -> TopicPartitionOffset {
    TopicPartitionOffset::new(topic.into(), PartitionIndex(partition), offset)
}

#[test]
fn a_groups_offsets_are_set_listed_and_deleted_and_the_group_with_them() {
    let admin = created(&["t"]);
    assert_eq!(admin.list_consumer_groups(&[]), Ok(vec![]));
    let nothing =
        admin.list_consumer_group_offsets("g", Some(&[at("t", 0, OffsetPlace::Invalid)]), Stability::Ignored);
    assert_eq!(nothing.unwrap()[0].offset, OffsetPlace::Invalid);
    assert_eq!(admin.list_topics().unwrap().len(), 1, "asking makes no internal topic");
    let wanted = [
        TopicPartitionOffset { metadata: Some("note".into()), ..at("t", 1, OffsetPlace::At(Offset(7))) },
        at("t", 2, OffsetPlace::At(Offset(7))),
        at("missing", 0, OffsetPlace::At(Offset(7))),
        at("t", 0, OffsetPlace::End),
    ];
    let altered = admin.alter_consumer_group_offsets("g", &wanted).unwrap();
    let errors: Vec<_> = altered.iter().map(|element| element.error.as_ref().map(KafkaError::code)).collect();
    let unknown = Some(ErrorCode::UnknownTopicOrPartition);
    assert_eq!(errors, [None, unknown, unknown, Some(ErrorCode::LocalInvalidArg)]);
    let all = admin.list_consumer_group_offsets("g", None, Stability::Required).unwrap();
    assert_eq!(all, [wanted[0].clone()]);
    let listed = admin.list_consumer_groups(&[GroupState::Empty]).unwrap();
    assert_eq!((listed[0].group.as_str(), listed[0].is_simple), ("g", true));
    assert_eq!(admin.list_consumer_groups(&[GroupState::Stable]), Ok(vec![]));
    let described = admin.describe_consumer_groups(&["g", "none"]);
    let states: Vec<_> = described.into_iter().map(|group| group.unwrap().state).collect();
    assert_eq!(states, [GroupState::Empty, GroupState::Dead]);
    let deleted = admin.delete_consumer_group_offsets("g", &[at("t", 1, OffsetPlace::Invalid)]).unwrap();
    assert_eq!(deleted[0].error, None);
    assert_eq!(admin.list_consumer_group_offsets("g", None, Stability::Ignored), Ok(vec![]));
    let expected = [ErrorCode::GroupIdNotFound];
    assert_eq!(codes(&admin.delete_consumer_groups(&["none"])), expected);
}

/// Clients that come over TCP bring groups of the consumer protocol.
#[test]
fn a_group_of_the_consumer_protocol_is_listed_described_emptied_and_deleted() {
    let admin = created(&["t"]);
    let groups = admin.broker().unwrap().groups().unwrap();
    let (sender, answers) = std::sync::mpsc::channel();
    let heartbeat = ConsumerHeartbeat {
        group: "g".to_owned(),
        member_id: "member".to_owned(),
        epoch: 0,
        instance_id: None,
        rack_id: None,
        client_id: "client".to_owned(),
        client_host: "/127.0.0.1".to_owned(),
        rebalance_timeout: Some(std::time::Duration::from_secs(60)),
        topics: Some(vec!["t".to_owned()]),
        expression: None,
        assignor: Some("range".to_owned()),
        owned: Some(Default::default()),
        member_id_required: true,
    };
    groups.consumer_heartbeat(heartbeat, move |response| sender.send(response).unwrap());
    assert_eq!(answers.recv().unwrap().error, ErrorCode::None);

    let listed = admin.list_consumer_groups(&[GroupState::Stable]).unwrap();
    assert_eq!((listed[0].kind, listed[0].is_simple), (GroupKind::Consumer, false));
    let described = admin.describe_consumer_groups(&["g"]).remove(0).unwrap();
    assert_eq!((described.kind, described.state), (GroupKind::Consumer, GroupState::Stable));
    let (member, all) =
        (&described.members[0], [at("t", 0, OffsetPlace::Invalid), at("t", 1, OffsetPlace::Invalid)]);
    assert_eq!((described.assignor.as_str(), member.member_id.as_str()), ("range", "member"));
    assert_eq!((&member.assignment[..], member.target.as_deref()), (&all[..], Some(&all[..])));
    assert_eq!(codes(&admin.delete_consumer_groups(&["g"])), [ErrorCode::NonEmptyGroup]);
    assert_eq!(admin.remove_members_from_consumer_group("g"), Ok(1));
    assert_eq!(admin.delete_consumer_groups(&["g"]), [Ok(())]);
    assert_eq!(admin.list_consumer_groups(&[]), Ok(vec![]));
}
