//! What is asked of topics, twice or of some that are not there: each answer is clear, and nothing is guessed at.

use tidelog::error_code::ErrorCode;
use tidelog::types::TopicId;
use tidelog::wire::api::alter_configs::{self, AlterConfigs, AlterConfigsRequest};
use tidelog::wire::api::create_topics::{
    CreatableTopic, CreatableTopicConfig, CreatableTopicResult, CreateTopics, CreateTopicsRequest,
};
use tidelog::wire::api::delete_topics::{DeleteTopicState, DeleteTopics, DeleteTopicsRequest};
use tidelog::wire::api::describe_topic_partitions::{
    Cursor, DescribeTopicPartitions, DescribeTopicPartitionsRequest, TopicRequest,
};
use tidelog::wire::api::incremental_alter_configs::{
    AlterConfigsResource, IncrementalAlterConfigs, IncrementalAlterConfigsRequest,
};
use tidelog::wire::api::metadata::{Metadata, MetadataRequest, MetadataRequestTopic};

use super::raw::RawClient;
use super::rig::TestServer;

#[test]
fn nothing_is_done_with_a_topic_that_a_request_names_twice() {
    let server = TestServer::start();
    let mut client = RawClient::connect(&server);
    client.create_topic("a", &[]);
    let topic = |name: &str| CreatableTopic {
        name: name.to_owned(),
        num_partitions: 1,
        replication_factor: 1,
        ..CreatableTopic::default()
    };
    let topics = vec![topic("b"), topic("c"), topic("b")];
    let created = client.call::<CreateTopics>(7, &CreateTopicsRequest { topics, ..Default::default() });
    let codes: Vec<_> = created.topics.iter().map(|topic| (topic.name.as_str(), topic.error_code)).collect();
    let twice = ErrorCode::InvalidRequest.code();
    assert_eq!(codes, [("b", twice), ("c", 0)]);

    // By name and by identity: it is the same topic.
    let named = |name: &str| DeleteTopicState { name: Some(name.to_owned()), topic_id: TopicId::default() };
    let id = server.broker.topic("a").unwrap().id();
    let topics = vec![named("a"), named("c"), DeleteTopicState { name: None, topic_id: id }];
    let deleted = client.call::<DeleteTopics>(6, &DeleteTopicsRequest { topics, ..Default::default() });
    let codes: Vec<_> =
        deleted.responses.iter().map(|topic| (topic.name.as_deref(), topic.error_code)).collect();
    assert_eq!(codes, [(Some("a"), twice), (Some("c"), 0)]);
    assert!(server.broker.topic("a").is_some());

    let resource =
        || AlterConfigsResource { resource_type: 2, resource_name: "a".to_owned(), ..Default::default() };
    let resources = vec![resource(), resource()];
    let request = IncrementalAlterConfigsRequest { resources, ..Default::default() };
    let altered = client.call::<IncrementalAlterConfigs>(1, &request);
    let codes: Vec<_> = altered.responses.iter().map(|answer| answer.error_code).collect();
    assert_eq!(codes, [twice]);
}

#[test]
fn a_topic_that_is_asked_for_twice_is_answered_once() {
    let server = TestServer::start();
    let mut client = RawClient::connect(&server);
    client.create_topic("a", &[]);
    let asked = |name: &str| MetadataRequestTopic { name: Some(name.to_owned()), ..Default::default() };
    let topics = Some(vec![asked("a"), asked("b"), asked("a")]);
    let request = MetadataRequest { topics, allow_auto_topic_creation: false, ..Default::default() };
    let found = client.call::<Metadata>(12, &request);
    let names: Vec<_> = found.topics.iter().map(|topic| topic.name.as_deref().unwrap()).collect();
    assert_eq!(names, ["a", "b"]);
}

#[test]
fn a_page_of_topics_begins_at_one_that_is_asked_for() {
    let server = TestServer::start();
    let mut client = RawClient::connect(&server);
    client.create_topic_with("a", 3, &[]);
    client.create_topic("b", &[]);
    let mut describe = |names: &[&str], topic_name: &str, partition_index: i32| {
        let topics = names.iter().map(|name| TopicRequest { name: (*name).to_owned() }).collect();
        let cursor = Some(Cursor { topic_name: topic_name.to_owned(), partition_index });
        let request = DescribeTopicPartitionsRequest { topics, cursor, response_partition_limit: 10 };
        let answer = client.call::<DescribeTopicPartitions>(0, &request);
        let found = answer.topics.into_iter().map(|topic| (topic.error_code, topic.partitions.len()));
        found.collect::<Vec<_>>()
    };
    let refused = ErrorCode::InvalidRequest.code();
    assert_eq!(describe(&["a", "b"], "a", 2), [(0, 1), (0, 1)]);
    assert_eq!(describe(&["b"], "a", 0), [(refused, 0)], "the cursor's topic is not listed");
    assert_eq!(describe(&["a"], "a", -1), [(refused, 0)]);
    assert_eq!(describe(&[], "aa", 0), [(0, 1)], "of all topics a page may begin anywhere");
}

#[test]
fn what_is_only_checked_is_answered_as_if_it_were_done() {
    let server = TestServer::start();
    let mut client = RawClient::connect(&server);
    let compacted =
        CreatableTopicConfig { name: "cleanup.policy".to_owned(), value: Some("compact".to_owned()) };
    let topic = CreatableTopic {
        name: "a".to_owned(),
        num_partitions: 2,
        replication_factor: 1,
        configs: vec![compacted],
        ..CreatableTopic::default()
    };
    let mut create = |validate_only| {
        let topics = vec![topic.clone()];
        let request = CreateTopicsRequest { topics, validate_only, ..CreateTopicsRequest::default() };
        client.call::<CreateTopics>(7, &request).topics.remove(0)
    };
    let (checked, made) = (create(true), create(false));
    assert_eq!(CreatableTopicResult { topic_id: made.topic_id, ..checked }, made);
}

#[test]
fn a_setting_that_is_given_twice_is_not_guessed_at() {
    let server = TestServer::start();
    let mut client = RawClient::connect(&server);
    client.create_topic("a", &[]);
    let setting = |value: &str| alter_configs::AlterableConfig {
        name: "retention.ms".to_owned(),
        value: Some(value.to_owned()),
    };
    let resource = alter_configs::AlterConfigsResource {
        resource_type: 2,
        resource_name: "a".to_owned(),
        configs: vec![setting("1000"), setting("2000")],
    };
    let request = AlterConfigsRequest { resources: vec![resource], validate_only: false };
    let altered = client.call::<AlterConfigs>(2, &request);
    assert_eq!(altered.responses[0].error_code, ErrorCode::InvalidRequest.code());
    assert_eq!(altered.responses[0].error_message.as_deref(), Some("Error due to duplicate config keys"));
}
