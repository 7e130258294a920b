//! [`Topics`]: who makes, changes, describes and deletes topics, and what came of it in words.

use std::net::SocketAddr;
use std::ops::Range;

use tidelog::types::TopicId;
use tidelog::wire::api::alter_configs::{self, AlterConfigs, AlterConfigsRequest};
use tidelog::wire::api::create_partitions::{
    CreatePartitions, CreatePartitionsAssignment, CreatePartitionsRequest, CreatePartitionsTopic,
};
use tidelog::wire::api::create_topics::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig, CreateTopics, CreateTopicsRequest,
};
use tidelog::wire::api::delete_topics::{DeleteTopicState, DeleteTopics, DeleteTopicsRequest};
use tidelog::wire::api::describe_configs::{
    DescribeConfigs, DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResourceResult,
};
use tidelog::wire::api::describe_topic_partitions::{
    Cursor, DescribeTopicPartitions, DescribeTopicPartitionsRequest, TopicRequest,
};
use tidelog::wire::api::elect_leaders::{self, ElectLeaders, ElectLeadersRequest};
use tidelog::wire::api::incremental_alter_configs::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigs, IncrementalAlterConfigsRequest,
};
use tidelog::wire::api::metadata::{Metadata, MetadataRequest, MetadataRequestTopic};

use super::asking::{Asking, text};

/// Topics of a history: the first few can be, two of which cannot be at the same time, and the others cannot.
const NAMES: [&str; 8] = ["a", "b", "a.b", "a_b", "no name", "", ".", "x"];
const COLLIDING: usize = 2;
const GOOD: usize = 4;
/// The last name, so many times.
const LONG: usize = 250;
/// The broker.
const NODE: i32 = 1;
/// What a resource is.
const TOPIC: i8 = 2;
const BROKER: i8 = 4;

/// Settings as they are drawn: what can be and what cannot.
const CONFIGS: [(&str, Option<&str>); 20] = [
    ("retention.ms", Some("100000")),
    ("retention.ms", Some("-1")),
    ("retention.ms", Some("-2")),
    ("retention.ms", Some("soon")),
    ("retention.bytes", None),
    ("cleanup.policy", Some("compact")),
    ("cleanup.policy", Some("compact,delete")),
    ("cleanup.policy", Some("delete")),
    ("cleanup.policy", Some("sometimes")),
    ("cleanup.policy", Some("")),
    ("max.message.bytes", Some("-5")),
    ("max.message.bytes", Some("1000")),
    ("compression.type", Some("zstd")),
    ("compression.type", Some("brotli")),
    ("segment.bytes", Some("1048576")),
    ("segment.bytes", Some("10")),
    ("message.timestamp.type", Some("LogAppendTime")),
    ("preallocate", Some("perhaps")),
    ("unclean.leader.election.enable", Some("true")),
    ("nope", Some("1")),
];

/// A setting, and what is to be done with it (`OpType`): set, delete, append or subtract.
type Change = (usize, i8);

/// Which topic: by its name, or by its id.
#[derive(Clone, Copy, Debug)]
pub(super) enum Called {
    Name(usize),
    Id(usize),
    /// By an id that is nobody's.
    Stranger,
}

/// A topic to be made.
#[derive(Clone, Debug)]
pub(super) struct New {
    name: usize,
    partitions: i32,
    replication_factor: i16,
    assignments: Vec<(i32, Vec<i32>)>,
    configs: Vec<usize>,
}

/// One request.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Create { topics: Vec<New>, validate_only: bool },
    Delete { topics: Vec<Called> },
    Grow { name: usize, count: i32, assignments: Option<Vec<Vec<i32>>>, validate_only: bool },
    Replace { resource: (i8, usize), configs: Vec<usize>, validate_only: bool },
    Change { resource: (i8, usize), changes: Vec<Change>, validate_only: bool },
    Configs { resource: (i8, usize), keys: Option<Vec<usize>> },
    Metadata { topics: Option<Vec<Called>> },
    Describe { names: Vec<usize>, limit: i32, cursor: Option<(usize, i32)> },
    Elect { election: i8, partitions: Option<Vec<(usize, Vec<i32>)>> },
}

/// The steps that `random` draws.
pub(super) fn draw(random: &mut fastrand::Rng, _: i64) -> Step {
    let validate_only = random.u8(..6) == 0;
    match random.u8(..100) {
        0..30 => {
            let mut topics: Vec<New> = (0..random.usize(1..3)).map(|_| drawn_topic(random)).collect();
            // Of two that cannot be at the same time Kafka makes both when one request asks for them.
            let is_one_of_two = |new: &New| (COLLIDING..GOOD).contains(&new.name);
            if topics.iter().filter(|new| is_one_of_two(new)).count() == 2 {
                topics.pop();
            }
            Step::Create { topics, validate_only }
        }
        30..40 => Step::Delete { topics: drawn_calls(random, 1..3) },
        40..50 => {
            let ids = [NODE, NODE, NODE, NODE, 7];
            let assigned = |random: &mut fastrand::Rng| {
                let one = |random: &mut fastrand::Rng| {
                    (0..random.usize(1..8).div_ceil(6)).map(|_| random.choice(ids).unwrap()).collect()
                };
                (0..random.usize(0..3)).map(|_| one(random)).collect()
            };
            let assignments = (random.u8(..3) == 0).then(|| assigned(random));
            Step::Grow { name: random.usize(..GOOD), count: random.i32(-1..6), assignments, validate_only }
        }
        50..60 => {
            let configs = drawn_configs(random);
            Step::Replace { resource: drawn_resource(random), configs, validate_only }
        }
        60..75 => {
            let ops = [0, 0, 0, 1, 2, 3];
            let changes = drawn_configs(random).into_iter();
            let changes = changes.map(|config| (config, random.choice(ops).unwrap())).collect();
            Step::Change { resource: drawn_resource(random), changes, validate_only }
        }
        75..83 => {
            let keys = random.bool().then(|| drawn_configs(random));
            Step::Configs { resource: drawn_resource(random), keys }
        }
        83..87 => {
            let partitions =
                |random: &mut fastrand::Rng| (0..random.usize(..3)).map(|_| random.i32(-1..4)).collect();
            let one = |random: &mut fastrand::Rng| (drawn_name(random), partitions(random));
            let some = random.u8(..6) > 0;
            let partitions = some.then(|| (0..random.usize(..3)).map(|_| one(random)).collect());
            Step::Elect { election: random.choice([0, 0, 0, 1, 1, 1, 2, -1]).unwrap(), partitions }
        }
        87..94 => {
            let named = random.u8(..4) > 0;
            Step::Metadata { topics: named.then(|| drawn_calls(random, 0..4)) }
        }
        _ => {
            // Of names that cannot be Kafka says that it does not know what is wrong.
            let names = (0..random.usize(1..4)).map(|_| random.usize(..GOOD)).collect();
            let cursor = (random.u8(..3) == 0).then(|| (random.usize(..GOOD), random.i32(-1..4)));
            Step::Describe { names, limit: random.i32(-1..6), cursor }
        }
    }
}

fn drawn_name(random: &mut fastrand::Rng) -> usize {
    if random.u8(..12) == 0 { random.usize(GOOD..NAMES.len()) } else { random.usize(..GOOD) }
}

/// All by name, or all by id: of a mixed request Kafka overlooks the names.
fn drawn_calls(random: &mut fastrand::Rng, count: Range<usize>) -> Vec<Called> {
    let by_id = random.u8(..3) == 0;
    let called = |random: &mut fastrand::Rng| match random.u8(..8) {
        0 if by_id => Called::Stranger,
        _ if by_id => Called::Id(random.usize(..GOOD)),
        _ => Called::Name(drawn_name(random)),
    };
    (0..random.usize(count)).map(|_| called(random)).collect()
}

fn drawn_configs(random: &mut fastrand::Rng) -> Vec<usize> {
    (0..random.usize(..3)).map(|_| random.usize(..CONFIGS.len())).collect()
}

fn drawn_resource(random: &mut fastrand::Rng) -> (i8, usize) {
    let kinds = [TOPIC, TOPIC, TOPIC, TOPIC, TOPIC, TOPIC, TOPIC, TOPIC, 77, BROKER];
    match random.choice(kinds).unwrap() {
        // A broker without a name is all of them, whose settings Kafka would change from here on.
        BROKER => (BROKER, random.usize(..GOOD)),
        kind => (kind, drawn_name(random)),
    }
}

fn drawn_topic(random: &mut fastrand::Rng) -> New {
    let mut new = New {
        name: drawn_name(random),
        partitions: random.choice([1, 2, 3, 1, 2, 3, -1, 0, -2]).unwrap(),
        replication_factor: random.choice([1, 1, 1, 1, 1, 1, -1, -1, 0, 2]).unwrap(),
        assignments: Vec::new(),
        configs: if random.bool() { drawn_configs(random) } else { Vec::new() },
    };
    if new.replication_factor > 1 {
        // Of partitions that cannot be Kafka tells before.
        new.partitions = new.partitions.max(1);
    }
    if random.u8(..4) == 0 {
        if random.u8(..8) > 0 {
            (new.partitions, new.replication_factor) = (-1, -1);
        }
        let count = random.i32(1..4);
        let nodes: [&[i32]; 7] = [&[NODE], &[NODE], &[NODE], &[NODE], &[NODE, NODE], &[7], &[]];
        let node = |at| (at, random.choice(nodes).unwrap().to_vec());
        new.assignments = (0..count).map(node).collect();
        if random.u8(..8) == 0 {
            new.assignments[0].0 += random.i32(0..3);
        }
    }
    new
}

/// Of a topic that is not there or cannot be, Kafka looks first whether it could be set so.
pub(super) fn is_known(step: &Step, our: &str, their: &str) -> bool {
    let sets = matches!(step, Step::Replace { .. } | Step::Change { .. });
    let is_nowhere = ["UnknownTopicOrPartition", "InvalidTopicException"].contains(&our);
    sets && is_nowhere && their.starts_with("Invalid")
}

/// See the module.
pub(super) struct Topics {
    asking: Asking,
    prefix: String,
    ids: [TopicId; GOOD],
    changes: i64,
}

impl Topics {
    /// A history named `prefix` begins.
    pub(super) fn begin(address: SocketAddr, prefix: &str) -> Topics {
        let mut asking = Asking::at(address);
        let prefix = format!("{prefix}-topics");
        asking.create_topic(&format!("{prefix}-beacon"), 1, &[]);
        Topics { asking, prefix, ids: [TopicId([9; 16]); GOOD], changes: 0 }
    }

    fn name(&self, number: usize) -> String {
        match number {
            ..GOOD => format!("{}-{}", self.prefix, NAMES[number]),
            _ if number + 1 == NAMES.len() => NAMES[number].repeat(LONG),
            _ => NAMES[number].to_owned(),
        }
    }

    /// A name in words.
    fn known(&self, name: Option<&str>) -> String {
        let Some(name) = name else { return "nameless".to_owned() };
        name.strip_prefix(&self.prefix).map_or_else(|| format!("{:.9}", name), ToOwned::to_owned)
    }

    /// An id in words.
    fn whose(&self, id: TopicId) -> String {
        match self.ids.iter().position(|known| *known == id) {
            Some(number) => format!("id of {}", NAMES[number]),
            None if id == TopicId::default() => "no id".to_owned(),
            None => "some id".to_owned(),
        }
    }

    fn called(&self, called: Called) -> (Option<String>, TopicId) {
        match called {
            Called::Name(name) => (Some(self.name(name)), TopicId::default()),
            Called::Id(name) => (None, self.ids[name]),
            Called::Stranger => (None, TopicId([5; 16])),
        }
    }

    /// Takes a step, with requests of the version that `turn` chooses, and says what came of it.
    pub(super) fn run_in(&mut self, turn: i16, step: &Step) -> String {
        self.asking.turn = turn;
        match step {
            Step::Create { topics, validate_only } => self.create(topics, *validate_only),
            Step::Delete { topics } => self.delete(topics),
            Step::Grow { name, count, assignments, validate_only } => {
                self.grow(*name, *count, assignments.as_deref(), *validate_only)
            }
            Step::Replace { resource, configs, validate_only } => {
                self.replace(*resource, configs, *validate_only)
            }
            Step::Change { resource, changes, validate_only } => {
                self.change(*resource, changes, *validate_only)
            }
            Step::Configs { resource, keys } => self.configs(*resource, keys.as_deref()),
            Step::Metadata { topics } => self.metadata(topics.as_deref()),
            Step::Describe { names, limit, cursor } => self.describe(names, *limit, *cursor),
            Step::Elect { election, partitions } => self.elect(*election, partitions.as_deref()),
        }
    }

    /// Waits until what was changed is to be seen: Kafka's broker hears of it in the order in which it was done.
    fn settle(&mut self) {
        self.changes += 1;
        let (topic, value) = (format!("{}-beacon", self.prefix), self.changes.to_string());
        let config =
            AlterableConfig { name: "flush.ms".to_owned(), config_operation: 0, value: Some(value.clone()) };
        let resource = AlterConfigsResource {
            resource_type: TOPIC,
            resource_name: topic.clone(),
            configs: vec![config],
        };
        let request = IncrementalAlterConfigsRequest { resources: vec![resource], validate_only: false };
        assert_eq!(self.asking.call::<IncrementalAlterConfigs>(&request).responses[0].error_code, 0);
        let resource =
            DescribeConfigsResource { resource_type: TOPIC, resource_name: topic, configuration_keys: None };
        let request = DescribeConfigsRequest { resources: vec![resource], ..Default::default() };
        let ask = |asking: &mut Asking| asking.call::<DescribeConfigs>(&request).results.remove(0).configs;
        let is_there = |one: &DescribeConfigsResourceResult| {
            one.name == "flush.ms" && one.value.as_ref() == Some(&value)
        };
        self.asking.until_ready(ask, |configs| !configs.iter().any(is_there));
    }

    fn create(&mut self, topics: &[New], validate_only: bool) -> String {
        let topic = |new: &New| CreatableTopic {
            name: self.name(new.name),
            num_partitions: new.partitions,
            replication_factor: new.replication_factor,
            assignments: new
                .assignments
                .iter()
                .map(|(partition_index, broker_ids)| CreatableReplicaAssignment {
                    partition_index: *partition_index,
                    broker_ids: broker_ids.clone(),
                })
                .collect(),
            configs: new
                .configs
                .iter()
                .map(|config| {
                    let (name, value) = owned(*config);
                    CreatableTopicConfig { name, value }
                })
                .collect(),
        };
        let request = CreateTopicsRequest {
            topics: topics.iter().map(topic).collect(),
            validate_only,
            ..CreateTopicsRequest::default()
        };
        let answer = self.asking.call::<CreateTopics>(&request);
        let mut said = Vec::new();
        for topic in &answer.topics {
            let configs = topic.configs.iter().flatten().filter(|one| is_drawn(&one.name));
            let mut configs: Vec<String> =
                configs.map(|one| format!("{}={:?} of {}", one.name, one.value, one.config_source)).collect();
            configs.sort();
            let has_id = topic.topic_id != TopicId::default();
            // Kafka also gives one to what it only checks.
            let id = if has_id && !validate_only { "an id" } else { "no id" };
            said.push(format!(
                "{} {} {} partitions {} replicas {id} {configs:?}",
                self.known(Some(&topic.name)),
                text(topic.error_code),
                topic.num_partitions,
                topic.replication_factor
            ));
        }
        said.sort();
        if !validate_only && answer.topics.iter().any(|topic| topic.error_code == 0) {
            self.settle();
            for number in 0..GOOD {
                let name = self.name(number);
                if answer.topics.iter().any(|topic| topic.error_code == 0 && topic.name == name) {
                    self.ids[number] = self.asking.topic_id(&name);
                }
            }
        }
        said.join("; ")
    }

    fn delete(&mut self, topics: &[Called]) -> String {
        let state = |called: &Called| {
            let (name, topic_id) = self.called(*called);
            DeleteTopicState { name, topic_id }
        };
        let by_name = |called: &Called| self.called(*called).0;
        // Before version 6 there are only names.
        let topic_names: Vec<String> = topics.iter().filter_map(by_name).collect();
        let topics: Vec<DeleteTopicState> = topics.iter().map(state).collect();
        let versions = if topic_names.len() < topics.len() { 6..=6 } else { 1..=6 };
        let request = DeleteTopicsRequest { topics, topic_names, timeout_ms: 10_000 };
        let answer = self.asking.call_in::<DeleteTopics>(versions, &request);
        let mut said: Vec<String> = Vec::new();
        for result in &answer.responses {
            let (name, id) = (self.known(result.name.as_deref()), self.whose(result.topic_id));
            said.push(format!("{name} {id} {}", text(result.error_code)));
        }
        said.sort();
        if answer.responses.iter().any(|result| result.error_code == 0) {
            self.settle();
        }
        said.join("; ")
    }

    fn grow(
        &mut self,
        name: usize,
        count: i32,
        assignments: Option<&[Vec<i32>]>,
        validate_only: bool,
    ) -> String {
        let assignment =
            |broker_ids: &Vec<i32>| CreatePartitionsAssignment { broker_ids: broker_ids.clone() };
        let assignments = assignments.map(|all| all.iter().map(assignment).collect());
        let topic = CreatePartitionsTopic { name: self.name(name), count, assignments };
        let request = CreatePartitionsRequest { topics: vec![topic], timeout_ms: 10_000, validate_only };
        let answer = self.asking.call::<CreatePartitions>(&request);
        if answer.results[0].error_code == 0 {
            self.settle();
        }
        let said = answer
            .results
            .iter()
            .map(|one| format!("{} {}", self.known(Some(&one.name)), text(one.error_code)));
        said.collect::<Vec<_>>().join("; ")
    }

    fn resource(&self, (kind, name): (i8, usize)) -> String {
        if kind == TOPIC { self.name(name) } else { NAMES[name].to_owned() }
    }

    fn replace(&mut self, resource: (i8, usize), configs: &[usize], validate_only: bool) -> String {
        let config = |config: &usize| {
            let (name, value) = owned(*config);
            alter_configs::AlterableConfig { name, value }
        };
        let resource = alter_configs::AlterConfigsResource {
            resource_type: resource.0,
            resource_name: self.resource(resource),
            configs: configs.iter().map(config).collect(),
        };
        let request = AlterConfigsRequest { resources: vec![resource], validate_only };
        let answer = self.asking.call::<AlterConfigs>(&request);
        self.altered(answer.responses.iter().map(|one| one.error_code))
    }

    fn change(&mut self, resource: (i8, usize), changes: &[Change], validate_only: bool) -> String {
        let change = |(config, config_operation): &Change| {
            let (name, value) = owned(*config);
            AlterableConfig { name, config_operation: *config_operation, value }
        };
        let resource = AlterConfigsResource {
            resource_type: resource.0,
            resource_name: self.resource(resource),
            configs: changes.iter().map(change).collect(),
        };
        let request = IncrementalAlterConfigsRequest { resources: vec![resource], validate_only };
        let answer = self.asking.call::<IncrementalAlterConfigs>(&request);
        self.altered(answer.responses.iter().map(|one| one.error_code))
    }

    fn altered(&mut self, codes: impl Iterator<Item = i16>) -> String {
        self.settle();
        codes.map(text).collect::<Vec<_>>().join("; ")
    }

    fn configs(&mut self, resource: (i8, usize), keys: Option<&[usize]>) -> String {
        let configuration_keys = keys.map(|keys| keys.iter().map(|key| CONFIGS[*key].0.to_owned()).collect());
        let resource = DescribeConfigsResource {
            resource_type: resource.0,
            resource_name: self.resource(resource),
            configuration_keys,
        };
        let request = DescribeConfigsRequest { resources: vec![resource], ..Default::default() };
        let answer = self.asking.call::<DescribeConfigs>(&request);
        let mut said = Vec::new();
        for result in &answer.results {
            said.push(text(result.error_code));
            let drawn = result.configs.iter().filter(|one| is_drawn(&one.name));
            let mut configs: Vec<String> = drawn
                .map(|one| format!("{}={:?} of {} {}", one.name, one.value, one.config_source, one.read_only))
                .collect();
            configs.sort();
            said.extend(configs);
        }
        said.join("; ")
    }

    fn metadata(&mut self, topics: Option<&[Called]>) -> String {
        let topic = |called: &Called| {
            let (name, topic_id) = self.called(*called);
            MetadataRequestTopic { topic_id, name }
        };
        let topics: Option<Vec<_>> = topics.map(|topics| topics.iter().map(topic).collect());
        let by_id = topics.iter().flatten().any(|topic| topic.name.is_none());
        let versions = if by_id { 12..=13 } else { 4..=13 };
        let request = MetadataRequest { topics, allow_auto_topic_creation: false, ..Default::default() };
        let answer = self.asking.call_in::<Metadata>(versions, &request);
        let mut said = Vec::new();
        for topic in &answer.topics {
            let name = self.known(topic.name.as_deref());
            if request.topics.is_none() && !topic.name.iter().any(|name| name.starts_with(&self.prefix)) {
                continue;
            }
            let mut partitions: Vec<String> = Vec::new();
            for one in &topic.partitions {
                let (number, leader, replicas) = (one.partition_index, one.leader_id, &one.replica_nodes);
                let (isr, offline) = (&one.isr_nodes, &one.offline_replicas);
                partitions.push(format!(
                    "{number} {} led by {leader} in {} {replicas:?} {isr:?} {offline:?}",
                    text(one.error_code),
                    one.leader_epoch
                ));
            }
            partitions.sort();
            let (code, id) = (text(topic.error_code), self.whose(topic.topic_id));
            said.push(format!("{name} {id} {code} internal {} {partitions:?}", topic.is_internal));
        }
        said.sort();
        format!("{}: {}", text(answer.error_code), said.join("; "))
    }

    fn describe(
        &mut self,
        names: &[usize],
        response_partition_limit: i32,
        cursor: Option<(usize, i32)>,
    ) -> String {
        let cursor =
            cursor.map(|(name, partition_index)| Cursor { topic_name: self.name(name), partition_index });
        let topics = names.iter().map(|name| TopicRequest { name: self.name(*name) }).collect();
        let request = DescribeTopicPartitionsRequest { topics, response_partition_limit, cursor };
        let answer = self.asking.call::<DescribeTopicPartitions>(&request);
        let mut said = Vec::new();
        for topic in &answer.topics {
            let (name, id) = (self.known(topic.name.as_deref()), self.whose(topic.topic_id));
            let partitions: Vec<String> = topic
                .partitions
                .iter()
                .map(|one| format!("{} {} {}", one.partition_index, text(one.error_code), one.leader_id))
                .collect();
            said.push(format!("{name} {id} {} {partitions:?}", text(topic.error_code)));
        }
        let next = answer.next_cursor.map(|next| (self.known(Some(&next.topic_name)), next.partition_index));
        format!("{} then {next:?}", said.join("; "))
    }

    fn elect(&mut self, election_type: i8, partitions: Option<&[(usize, Vec<i32>)]>) -> String {
        let asked = |(name, partitions): &(usize, Vec<i32>)| elect_leaders::TopicPartitions {
            topic: self.name(*name),
            partitions: partitions.clone(),
        };
        let topic_partitions = partitions.map(|partitions| partitions.iter().map(asked).collect());
        let request = ElectLeadersRequest { election_type, topic_partitions, timeout_ms: 10_000 };
        let answer = self.asking.call_in::<ElectLeaders>(1..=2, &request);
        let mut said = Vec::new();
        for topic in &answer.replica_election_results {
            if request.topic_partitions.is_none() && !topic.topic.starts_with(&self.prefix) {
                continue;
            }
            for one in &topic.partition_result {
                said.push(format!(
                    "{} {} {}",
                    self.known(Some(&topic.topic)),
                    one.partition_id,
                    text(one.error_code)
                ));
            }
        }
        said.sort();
        format!("{}: {}", text(answer.error_code), said.join("; "))
    }
}

fn owned(config: usize) -> (String, Option<String>) {
    let (name, value) = CONFIGS[config];
    (name.to_owned(), value.map(ToOwned::to_owned))
}

fn is_drawn(name: &str) -> bool {
    CONFIGS.iter().any(|(known, _)| *known == name)
}
