//! Groups that migrate between the protocols: members of both, who take their time to give partitions up, over a log that hangs
//! and fails and a coordinator that starts anew. No partition ever has two readers, and in the end each has one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::bench::*;
use crate::broker::consumer_protocol::{MemberAssignment, MemberSubscription, TopicPartitions};
use crate::broker::group::{
    AssignedPartitions, ConsumerHeartbeat, ConsumerHeartbeatResponse, JoinRequest, JoinResponse,
    LeavingMember, Protocol, Response, SyncResponse,
};
use crate::error_code::ErrorCode;
use crate::types::PartitionIndex;

const TOPIC: &str = "orders";
const PARTITIONS: i32 = 5;

/// What a client reads, by number.
type Owned = BTreeSet<i32>;

/// A client that reads [`TOPIC`].
struct Client {
    speaks: Speaks,
    id: String,
    /// Generation, or epoch.
    generation: i32,
    owned: Owned,
    doing: Doing,
    /// It was taken out, or may have been, and goes on with what it had until it hears of that.
    is_out: bool,
    /// When it was last told that all is well.
    well_at: Duration,
}

/// How long a member is surely not taken out: the session of the classic ones.
const SESSION: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speaks {
    /// The classic protocol, in its cooperative form.
    Classic,
    Consumer,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Doing {
    /// It is to join, or to send what it has.
    Asking,
    Waiting(Tag),
    /// The application gives up what is not in this, and takes on the rest.
    Changing(Owned),
    Stable,
}

fn by_id(owned: &Owned) -> AssignedPartitions {
    let partitions: BTreeSet<PartitionIndex> = owned.iter().copied().map(PartitionIndex).collect();
    if partitions.is_empty() { AssignedPartitions::new() } else { [(id_of(TOPIC), partitions)].into() }
}

fn by_name(owned: &Owned) -> Vec<TopicPartitions> {
    let partitions = owned.iter().copied().map(PartitionIndex).collect();
    vec![TopicPartitions { topic: TOPIC.to_owned(), partitions }]
}

fn numbers(partitions: Vec<TopicPartitions>) -> Owned {
    partitions.into_iter().flat_map(|topic| topic.partitions).map(|index| index.0).collect()
}

impl Client {
    fn new(speaks: Speaks, name: &str) -> Client {
        let id = if speaks == Speaks::Consumer { name.to_owned() } else { String::new() };
        Client {
            speaks,
            id,
            generation: 0,
            owned: Owned::new(),
            doing: Doing::Asking,
            is_out: false,
            well_at: Duration::ZERO,
        }
    }

    /// Goes on by one step, if it can.
    fn go_on(&mut self, bench: &mut Bench) {
        match std::mem::replace(&mut self.doing, Doing::Stable) {
            Doing::Asking => self.ask(bench),
            Doing::Waiting(tag) if bench.is_waiting(tag) => self.doing = Doing::Waiting(tag),
            Doing::Waiting(tag) => match bench.answer(tag) {
                Response::Join(response) => self.joined(&response, bench),
                Response::Sync(response) => self.synced(&response),
                Response::ConsumerHeartbeat(response) => self.beaten(&response),
                other => panic!("{other:?}"),
            },
            Doing::Changing(target) => {
                // A member of the classic protocol joins again only after it has given something up.
                let says_so = self.speaks == Speaks::Consumer || !self.owned.is_subset(&target);
                (self.owned, self.is_out) = (target, false);
                self.doing = if says_so { Doing::Asking } else { Doing::Stable };
            }
            Doing::Stable if self.speaks == Speaks::Consumer => self.ask(bench),
            Doing::Stable => self.heard(bench.heartbeat(&self.id, self.generation)),
        }
        if self.doing == Doing::Stable {
            self.well_at = bench.now.monotonic;
        }
    }

    fn ask(&mut self, bench: &mut Bench) {
        self.doing = Doing::Waiting(match self.speaks {
            Speaks::Consumer => bench.beat(self.heartbeat()),
            Speaks::Classic => {
                let mut subscription = MemberSubscription::new(vec![TOPIC.to_owned()]);
                subscription.owned = by_name(&self.owned);
                let metadata = subscription.encode().into();
                let protocols = vec![Protocol { name: "cooperative-sticky".to_owned(), metadata }];
                let member_id = self.id.clone();
                bench.join(&JoinRequest { member_id, protocols, member_id_required: true, ..joining("c") })
            }
        });
    }

    fn heartbeat(&self) -> ConsumerHeartbeat {
        ConsumerHeartbeat {
            group: GROUP.to_owned(),
            member_id: self.id.clone(),
            epoch: self.generation,
            instance_id: None,
            rack_id: None,
            client_id: "client".to_owned(),
            client_host: "/127.0.0.1".to_owned(),
            rebalance_timeout: Some(seconds(60)),
            topics: Some(vec![TOPIC.to_owned()]),
            expression: None,
            assignor: None,
            owned: Some(by_id(&self.owned)),
            member_id_required: true,
        }
    }

    /// The group has gone on without it.
    fn lose(&mut self) {
        self.owned.clear();
        (self.generation, self.doing, self.is_out) = (0, Doing::Asking, false);
    }

    fn beaten(&mut self, response: &ConsumerHeartbeatResponse) {
        match response.error {
            ErrorCode::None => {
                self.generation = response.epoch;
                let assigned = response.assignment.iter().flatten().flat_map(|(_, partitions)| partitions);
                let target: Owned = assigned.map(|index| index.0).collect();
                let is_new = response.assignment.is_some() && target != self.owned;
                self.doing = if is_new { Doing::Changing(target) } else { Doing::Stable };
            }
            ErrorCode::UnknownMemberId | ErrorCode::FencedMemberEpoch | ErrorCode::GroupIdNotFound => {
                self.lose();
            }
            // The coordinator could not write it.
            ErrorCode::NotCoordinator => self.doing = Doing::Asking,
            error => panic!("{error:?} {:?}", response.message),
        }
    }

    fn heard(&mut self, error: ErrorCode) {
        match error {
            ErrorCode::None => {}
            ErrorCode::RebalanceInProgress | ErrorCode::NotCoordinator => self.doing = Doing::Asking,
            ErrorCode::UnknownMemberId => {
                self.id.clear();
                self.lose();
            }
            ErrorCode::IllegalGeneration => self.lose(),
            error => panic!("{error:?}"),
        }
    }

    fn joined(&mut self, response: &JoinResponse, bench: &mut Bench) {
        match response.error {
            ErrorCode::None => {
                (self.id, self.generation) = (response.member_id.clone(), response.generation);
                let mut request = sync_request(identity(&self.id, self.generation), &[]);
                (request.protocol_type, request.protocol) =
                    (response.protocol_type.clone(), response.protocol.clone());
                if response.leader == self.id {
                    request.assignments = share_out(response);
                }
                self.doing = Doing::Waiting(bench.sync(request));
            }
            ErrorCode::MemberIdRequired => {
                (self.id, self.doing) = (response.member_id.clone(), Doing::Asking);
            }
            error => self.heard(error),
        }
    }

    fn synced(&mut self, response: &SyncResponse) {
        match response.error {
            ErrorCode::None => {
                let assignment = MemberAssignment::decode(&response.assignment).unwrap();
                self.doing = Doing::Changing(numbers(assignment.partitions));
            }
            ErrorCode::CoordinatorNotAvailable => self.doing = Doing::Asking,
            error => self.heard(error),
        }
    }

    /// Goes as it should, or is killed.
    fn go(self, bench: &mut Bench, is_killed: bool) {
        match self.speaks {
            _ if is_killed || self.id.is_empty() => {}
            Speaks::Classic => {
                bench.ask_to_leave(vec![LeavingMember { member_id: self.id, instance_id: None }]);
            }
            Speaks::Consumer => {
                bench.beat(ConsumerHeartbeat { epoch: -1, owned: None, ..self.heartbeat() });
            }
        }
    }
}

/// The leader's part: as many for everybody, and what is to move stays with who has it until it has been given up.
fn share_out(response: &JoinResponse) -> Vec<(String, bytes::Bytes)> {
    let owned: Vec<Owned> = response
        .members
        .iter()
        .map(|member| numbers(MemberSubscription::decode(&member.metadata).unwrap().owned))
        .collect();
    let count = response.members.len();
    let encoded = |place: usize| {
        let is_free = |number: &i32| {
            let others = owned.iter().enumerate().filter(|(other, _)| *other != place);
            others.into_iter().all(|(_, owned)| !owned.contains(number))
        };
        let wanted = (0..PARTITIONS).filter(|number| usize::try_from(*number).unwrap() % count == place);
        let partitions = by_name(&wanted.filter(is_free).collect());
        MemberAssignment { partitions, user_data: None }.encode_as(1).into()
    };
    response.members.iter().enumerate().map(|(at, member)| (member.member_id.clone(), encoded(at))).collect()
}

struct Run {
    bench: Bench,
    random: fastrand::Rng,
    clients: Vec<Client>,
    steps: Vec<String>,
}

impl Run {
    fn new(seed: u64) -> Run {
        let bench = Bench::new();
        bench.topics.put(TOPIC, PARTITIONS);
        Run { bench, random: fastrand::Rng::with_seed(seed), clients: Vec::new(), steps: Vec::new() }
    }

    fn step(&mut self) {
        let place = self.random.usize(..self.clients.len().max(1));
        match self.random.u8(..60) {
            0..4 if self.clients.len() < 4 => {
                let speaks = self.random.choice([Speaks::Classic, Speaks::Consumer]).unwrap();
                self.clients.push(Client::new(speaks, &format!("m{}", self.steps.len())));
            }
            4..6 if !self.clients.is_empty() => {
                let is_killed = self.random.bool();
                self.clients.swap_remove(place).go(&mut self.bench, is_killed);
            }
            6 => self.bench.pass(Duration::from_secs(self.random.u64(..40))),
            7 => self.restart(),
            8..12 => {
                let fails = Log::Fails(ErrorCode::KafkaStorageError);
                let log = self.random.choice([Log::Writes, Log::Writes, Log::Hangs, fails]).unwrap();
                self.bench.resume_log(log);
            }
            _ if self.clients.is_empty() => {}
            _ => self.clients[place].go_on(&mut self.bench),
        }
        let known: Vec<String> = self.clients.iter().map(Client::to_string).collect();
        self.steps.push(format!("log {:?}: {}", self.bench.log, known.join(" | ")));
        self.check();
    }

    /// Requests that were under way got no answer: they are made again.
    fn restart(&mut self) {
        self.bench.restart();
        for client in self.clients.iter_mut().filter(|client| matches!(client.doing, Doing::Waiting(_))) {
            client.doing = Doing::Asking;
        }
    }

    /// Whether the coordinator knows a client.
    fn is_member(&self, id: &str) -> bool {
        let coordinator = &self.bench.coordinator;
        let consumers = coordinator.describe_consumers(GROUP).map(|group| group.members).unwrap_or_default();
        let classic = coordinator.describe(GROUP).map(|group| group.members).unwrap_or_default();
        consumers.iter().any(|member| member.member_id == id)
            || classic.iter().any(|member| member.member_id == id)
    }

    fn check(&mut self) {
        let are_out: Vec<bool> = self.clients.iter().map(|client| !self.is_member(&client.id)).collect();
        let now = self.bench.now.monotonic;
        for (client, is_out) in self.clients.iter_mut().zip(are_out) {
            client.is_out |= is_out || now - client.well_at >= SESSION;
        }
        let mut read = BTreeMap::new();
        for client in self.clients.iter().filter(|client| !client.is_out) {
            for number in &client.owned {
                let other = read.insert(*number, &client.id);
                assert_eq!(other, None, "{number} has two readers: {:#?}", self.steps);
            }
        }
    }

    fn finish(&mut self) {
        self.bench.resume_log(Log::Writes);
        for _ in 0..60 {
            for place in 0..self.clients.len() {
                for _ in 0..4 {
                    self.clients[place].go_on(&mut self.bench);
                    self.check();
                }
            }
            self.bench.pass(seconds(2));
        }
        let read: Vec<i32> = self.clients.iter().flat_map(|client| client.owned.iter().copied()).collect();
        let is_right = self.clients.is_empty() || read.len() == usize::try_from(PARTITIONS).unwrap();
        let known: Vec<String> = self.clients.iter().map(Client::to_string).collect();
        assert!(is_right, "{:#?}\n{known:#?}", self.steps);
    }
}

impl std::fmt::Display for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Client { speaks, id, generation, owned, doing, is_out, .. } = self;
        let out = if *is_out { " out" } else { "" };
        write!(f, "{speaks:?} {id}{out} at {generation} reads {owned:?}, {doing:?}")
    }
}

#[test]
fn no_partition_ever_has_two_readers_and_in_the_end_each_has_one() {
    for seed in crate::shard::simulation::seeds(60) {
        eprintln!("seed {seed}");
        let mut run = Run::new(seed);
        (0..300).for_each(|_| run.step());
        run.finish();
    }
}
