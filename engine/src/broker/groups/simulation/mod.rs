//! Groups on a simulated shard, driven step by step by one thread: everything follows from a seed. Members join, sync,
//! commit, fall silent and leave; others commit without a membership and delete; the log is compacted, disks fail, processes
//! and power go. What was answered, and what was seen, must be there afterwards.

mod client;
mod model;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crossbeam::channel::{Receiver, Sender, unbounded};
use parking_lot::Mutex;

use self::client::{Client, Step};
use self::model::{Model, Outcome};
use super::Reply;
use super::hosted::{Appended, Hosted};
use crate::broker::coordinators::{Event, Teller, run_once};
use crate::broker::group::tests::requests::{Counter, GROUP, TestTopics, commit_request, outsider, topic};
use crate::broker::group::{CommitRequest, FetchOffset, Response, Stability};
use crate::config::EngineConfig;
use crate::config::topic::LogConfig;
use crate::error_code::ErrorCode;
use crate::io::Clock;
use crate::shard::simulation::{
    Careless, End, Simulated, SimulatedShard, check_notices_careless_disks, check_repeatable, run_all,
};
use crate::types::{PartitionIndex, TopicPartition};

const PARTITIONS: i32 = 3;
const CLIENTS: usize = 3;
/// The group of those who only keep offsets.
const PLAIN: &str = "plain";
/// Steps of one seed.
const STEPS: usize = 400;

/// Names a request.
type Tag = usize;

/// Answers as they come.
type Answers = Arc<Mutex<Vec<(Tag, Response)>>>;

/// Who waits for an answer.
enum Asker {
    /// A member that has taken a step.
    Client(usize, Step),
    /// Somebody who changes offsets.
    Changes(Vec<usize>),
}

struct Simulation {
    random: fastrand::Rng,
    shard: SimulatedShard,
    config: Arc<EngineConfig>,
    hosted: Hosted,
    events: Sender<Event<Appended>>,
    inbox: Receiver<Event<Appended>>,
    answers: Answers,
    waiting: BTreeMap<Tag, Asker>,
    next_tag: Tag,
    clients: Vec<Client>,
    next_offset: i64,
    model: Model,
    /// By generation and partition: which member was given it.
    given: BTreeMap<(i32, i32), String>,
    compactions: usize,
    restarts: u32,
}

impl Simulated for Simulation {
    fn new(seed: u64, careless: Option<Careless>) -> Simulation {
        let mut config = LogConfig { segment_bytes: 4000, index_interval_bytes: 100, ..LogConfig::default() };
        config.cleanup_policy.compact = true;
        let shard = SimulatedShard::new(seed, careless, 1, config);
        let config = Arc::new(EngineConfig::parse([]).unwrap());
        let (events, inbox) = unbounded();
        Simulation {
            random: fastrand::Rng::with_seed(seed),
            hosted: load(&shard, &config, 0, &events),
            shard,
            config,
            events,
            inbox,
            answers: Answers::default(),
            waiting: BTreeMap::new(),
            next_tag: 0,
            clients: (0..CLIENTS).map(Client::new).collect(),
            next_offset: 0,
            model: Model::default(),
            given: BTreeMap::new(),
            compactions: 0,
            restarts: 0,
        }
    }

    fn run(&mut self) {
        for step in 0..STEPS {
            match self.random.u32(..100) {
                0..30 => self.shard.round(),
                30..55 => self.step_of_client(),
                55..63 => self.commit_plainly(),
                63..65 => self.delete_offsets(),
                65..66 => self.delete_group(),
                66..81 => self.shard.clock.advance(Duration::from_millis(self.random.u64(..3000))),
                81..83 => self.shard.plan_fault(&mut self.random),
                83..85 => self.shard.disk.set_delay(self.random.u64(..5)),
                85..92 => self.compactions += usize::from(self.shard.try_to_compact(0)),
                92..95 => self.restart(End::Killed),
                95..98 => self.restart(End::PowerCut),
                _ => self.restart(End::Clean),
            }
            self.settle();
            let line = format!("{step}: {:?}", self.offsets());
            self.shard.note(&line);
            self.check();
        }
        self.restart(End::Killed);
        self.check();
    }

    fn shard(&self) -> &SimulatedShard {
        &self.shard
    }
}

impl Simulation {
    /// What the thread of the groups does, and what the answers bring.
    fn settle(&mut self) {
        run_once(&self.hosted, &self.inbox, self.shard.clock.monotonic());
        let answers = std::mem::take(&mut *self.answers.lock());
        for (tag, response) in answers {
            self.shard.note(&format!("{tag} {response:?}"));
            match self.waiting.remove(&tag).unwrap_or_else(|| panic!("{tag} is answered twice")) {
                Asker::Client(client, step) => self.clients[client].learn(step, response, &mut self.given),
                Asker::Changes(changes) => self.learn(&changes, &response),
            }
        }
    }

    fn learn(&mut self, changes: &[usize], response: &Response) {
        let error = match response {
            Response::Offsets(offsets) if offsets.error != ErrorCode::None => offsets.error,
            Response::Offsets(offsets) => offsets.partitions[0].error,
            Response::Deleted(error) => *error,
            other => panic!("{other:?}"),
        };
        let outcome = match error {
            ErrorCode::None => Outcome::Done,
            // The log has failed, or there was no time to say how it went.
            ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable => Outcome::Unknown,
            _ => Outcome::Refused,
        };
        changes.iter().for_each(|change| self.model.learn(*change, outcome));
    }

    /// Where the next request is answered.
    fn reply(&mut self, asker: Asker) -> Reply {
        let (tag, answers) = (self.next_tag, Arc::clone(&self.answers));
        self.next_tag += 1;
        self.waiting.insert(tag, asker);
        Box::new(move |response| answers.lock().push((tag, response)))
    }

    /// Lets a member do what it does next, unless it waits.
    fn step_of_client(&mut self) {
        let number = self.random.usize(..CLIENTS);
        let step = self.clients[number].next_step(&mut self.random);
        let client = &mut self.clients[number];
        match step {
            None => {}
            Some(Step::Join) => {
                let request = client.join();
                let to = self.reply(Asker::Client(number, Step::Join));
                self.hosted.with(|coordinator, now| coordinator.join(now, &request, to));
            }
            Some(Step::Sync) => {
                let request = client.sync(PARTITIONS);
                let to = self.reply(Asker::Client(number, Step::Sync));
                self.hosted.with(|coordinator, now| coordinator.sync(now, request, to));
            }
            Some(Step::Heartbeat) => {
                let identity = client.identity();
                let told = self.hosted.with(|coordinator, now| coordinator.heartbeat(now, GROUP, &identity));
                client.told(told);
            }
            Some(Step::Commit(partition)) => {
                let identity = client.identity();
                self.commit(GROUP, partition, |offset| {
                    commit_request(identity, &[("orders", partition, offset)])
                });
            }
            Some(Step::Leave) => {
                let leaving = client.leave();
                let left = Arc::new(Mutex::new(None));
                let told = Arc::clone(&left);
                let to: Reply = Box::new(move |response| *told.lock() = Some(response));
                self.hosted.with(|coordinator, now| coordinator.leave(now, GROUP, leaving, to));
                self.shard.note(&format!("left: {:?}", left.lock()));
            }
        }
    }

    fn commit(&mut self, group: &'static str, partition: i32, request: impl FnOnce(i64) -> CommitRequest) {
        self.next_offset += 1;
        let request = request(self.next_offset);
        let change = self.model.commit(group, partition, self.next_offset);
        let to = self.reply(Asker::Changes(vec![change]));
        self.hosted.with(|coordinator, now| coordinator.commit(now, request, to));
    }

    fn commit_plainly(&mut self) {
        let partition = self.random.i32(0..PARTITIONS);
        self.commit(PLAIN, partition, |offset| CommitRequest {
            group: PLAIN.to_owned(),
            ..commit_request(outsider(), &[("orders", partition, offset)])
        });
    }

    fn delete_offsets(&mut self) {
        let partition = self.random.i32(0..PARTITIONS);
        let changes = self.deletions([partition]);
        let to = self.reply(Asker::Changes(changes));
        let gone = vec![TopicPartition { topic: topic("orders"), partition: PartitionIndex(partition) }];
        self.hosted.with(|coordinator, now| coordinator.delete_offsets(now, PLAIN, gone, to));
    }

    fn delete_group(&mut self) {
        let changes = self.deletions(0..PARTITIONS);
        let to = self.reply(Asker::Changes(changes));
        self.hosted.with(|coordinator, now| coordinator.delete_group(now, PLAIN, to));
    }

    fn deletions(&mut self, partitions: impl IntoIterator<Item = i32>) -> Vec<usize> {
        let [_, found] = self.offsets();
        let delete =
            |partition: i32| self.model.delete(PLAIN, partition, found[usize::try_from(partition).unwrap()]);
        partitions.into_iter().filter_map(delete).collect()
    }

    fn restart(&mut self, end: End) {
        if end == End::Clean {
            self.hosted.with(|coordinator, _| coordinator.stop(ErrorCode::NotCoordinator));
        }
        self.settle();
        self.shard.restart(end);
        // What the old shard said when it ended is for nobody: these requests are never answered.
        self.inbox.try_iter().for_each(drop);
        self.waiting.clear();
        self.model.end();
        self.restarts += 1;
        self.hosted = load(&self.shard, &self.config, self.restarts, &self.events);
        self.clients.iter_mut().for_each(Client::ask_again);
    }

    /// Offsets of both groups, by partition.
    fn offsets(&self) -> [Vec<i64>; 2] {
        let wanted: Vec<FetchOffset> = (0..PARTITIONS)
            .map(|partition| FetchOffset {
                topic: topic("orders"),
                topic_id: None,
                partition: PartitionIndex(partition),
            })
            .collect();
        [GROUP, PLAIN].map(|group| {
            let fetched = self
                .hosted
                .with(|coordinator, _| coordinator.fetch_offsets(group, &wanted, Stability::Ignored));
            fetched.iter().map(|fetched| fetched.offset.0).collect()
        })
    }

    fn check(&mut self) {
        for (group, offsets) in [GROUP, PLAIN].into_iter().zip(self.offsets()) {
            for (partition, offset) in (0..).zip(offsets) {
                self.model.check(group, partition, offset);
            }
        }
    }
}

fn load(
    shard: &SimulatedShard,
    config: &Arc<EngineConfig>,
    restarts: u32,
    events: &Sender<Event<Appended>>,
) -> Hosted {
    let (partition, clock): (_, Arc<dyn Clock>) =
        (Arc::clone(&shard.partitions[0]), Arc::new(shard.clock.clone()));
    // Ids that no run before has given.
    let ids = Box::new(Counter(restarts * 1000));
    Hosted::load(partition, config, ids, Arc::new(TestTopics::default()), &clock, Teller::new(0, events))
        .unwrap()
}

#[test]
fn whatever_fails_and_ends_offsets_and_members_are_as_was_answered() {
    let (mut done, mut given, mut compactions) = (0, 0, 0);
    let count = run_all(100, |simulation: &Simulation| {
        done += simulation.model.done();
        given += simulation.given.len();
        compactions += simulation.compactions;
    });
    println!("{count} seeds: {done} changes, {given} partitions given, {compactions} compactions");
    assert!(done > 10 * count && given > 5 * count && compactions > count / 2, "it tests something");
}

#[test]
fn one_seed_is_one_history() {
    check_repeatable::<Simulation>();
}

#[test]
fn careless_disks_are_noticed() {
    check_notices_careless_disks::<Simulation>();
}
