//! Transactions on a simulated shard, driven step by step by one thread: everything follows from a seed. Producers get their
//! ids, write, commit, abort and fall silent; others take their ids over; the log of the coordinator is compacted, disks
//! fail, processes and power go. What readers of committed records see is held against what was answered.

mod client;
mod model;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use crossbeam::channel::{Receiver, Sender, unbounded};
use parking_lot::Mutex;

use self::client::{Client, Step};
use self::model::Model;
use super::Reach;
use super::hosted::{Hosted, News, Reply};
use crate::broker::coordinators::{Event, Teller, run_once};
use crate::broker::producer_ids::ProducerIds;
use crate::broker::topic::Topic;
use crate::broker::topic_index::TopicIndex;
use crate::broker::transaction::{EndRequest, Response, TransactionEnd, TransactionVersion};
use crate::config::EngineConfig;
use crate::config::topic::LogConfig;
use crate::error_code::ErrorCode;
use crate::io::{Clock, ReservedDisk};
use crate::log::ReadCursor;
use crate::record::{BatchBuilder, Batches, BufferPool, Compression, ProducerStamp, RecordData, SealedBatch};
use crate::shard::simulation::{Careless, End, Simulated, SimulatedShard, check_repeatable, run_all};
use crate::shard::{Append, Appended, Partition, ProduceFailure, Reply as AppendReply};
use crate::types::{Acks, Isolation, Offset, Sequence, Timestamp, TopicPartition};

/// Partitions that are written to; the coordinator's comes first.
const PARTITIONS: usize = 2;
const CLIENTS: usize = 3;
/// Steps of one seed.
const STEPS: usize = 300;

/// Names a request.
type Tag = usize;

/// What comes back.
enum Answer {
    Coordinator(Response),
    Written(Result<(), ErrorCode>),
}

/// Who waits for an answer, and which of his steps it ends.
type Waiting = BTreeMap<Tag, (usize, Step)>;

struct Simulation {
    random: fastrand::Rng,
    shard: SimulatedShard,
    config: Arc<EngineConfig>,
    hosted: Hosted,
    events: Sender<Event<News>>,
    inbox: Receiver<Event<News>>,
    answers: Arc<Mutex<Vec<(Tag, Answer)>>>,
    waiting: Waiting,
    next_tag: Tag,
    clients: Vec<Client>,
    model: Model,
    /// Batches that are long on their way; nobody waits for them any more.
    late: Vec<(usize, SealedBatch)>,
    compactions: usize,
}

impl Simulated for Simulation {
    fn new(seed: u64, careless: Option<Careless>) -> Simulation {
        let mut config = LogConfig { segment_bytes: 3000, index_interval_bytes: 100, ..LogConfig::default() };
        config.cleanup_policy.compact = true;
        let shard = SimulatedShard::new(seed, careless, 1 + PARTITIONS, config);
        let config = Arc::new(EngineConfig::parse([]).unwrap());
        let (events, inbox) = unbounded();
        Simulation {
            random: fastrand::Rng::with_seed(seed),
            hosted: load(&shard, &config, &events),
            shard,
            config,
            events,
            inbox,
            answers: Arc::default(),
            waiting: Waiting::new(),
            next_tag: 0,
            // Two of them fight for one id.
            clients: (0..CLIENTS).map(|number| Client::new(format!("mover-{}", number / 2))).collect(),
            model: Model::default(),
            late: Vec::new(),
            compactions: 0,
        }
    }

    fn run(&mut self) {
        for step in 0..STEPS {
            match self.random.u32(..100) {
                0..40 => self.shard.round(),
                40..80 => self.step_of_client(),
                80..86 => self.shard.clock.advance(Duration::from_millis(self.random.u64(..20_000))),
                86..88 => self.shard.plan_fault(&mut self.random),
                88..90 => self.shard.disk.set_delay(self.random.u64(..5)),
                90..92 => self.compactions += usize::from(self.shard.try_to_compact(0)),
                92..94 => self.deliver_late(),
                94..96 => self.restart(End::Killed),
                96..98 => self.restart(End::PowerCut),
                _ => self.restart(End::Clean),
            }
            self.settle();
            let line = format!("{step}: {:?}", self.shard.high_watermarks());
            self.shard.note(&line);
        }
        self.restart(End::Killed);
        self.end_all();
    }

    fn shard(&self) -> &SimulatedShard {
        &self.shard
    }
}

impl Simulation {
    /// What the thread of the transactions does, and what the answers bring.
    fn settle(&mut self) {
        run_once(&self.hosted, &self.inbox, self.shard.clock.monotonic());
        let answers = std::mem::take(&mut *self.answers.lock());
        for (tag, answer) in answers {
            let (client, step) =
                self.waiting.remove(&tag).unwrap_or_else(|| panic!("{tag} is answered twice"));
            let line = match &answer {
                Answer::Coordinator(response) => format!("{client} {step:?}: {response:?}"),
                Answer::Written(result) => format!("{client} {step:?}: {result:?}"),
            };
            self.shard.note(&line);
            self.clients[client].learn(&step, answer, &mut self.model);
        }
    }

    fn tag(&mut self, client: usize, step: Step) -> Tag {
        self.next_tag += 1;
        self.waiting.insert(self.next_tag, (client, step));
        self.next_tag
    }

    fn reply(&mut self, client: usize, step: Step) -> Reply {
        let (tag, answers) = (self.tag(client, step), Arc::clone(&self.answers));
        Box::new(move |response| answers.lock().push((tag, Answer::Coordinator(response))))
    }

    /// Lets a producer do what it does next, unless it waits.
    fn step_of_client(&mut self) {
        let number = self.random.usize(..CLIENTS);
        let Some(step) = self.clients[number].next_step(&mut self.random, &mut self.model) else { return };
        let line = format!("{number} {step:?}");
        self.shard.note(&line);
        match &step {
            Step::Init => {
                let request = self.clients[number].init();
                let to = self.reply(number, step);
                self.hosted.init(&request, to);
            }
            Step::Add(slots) => {
                let session = self.clients[number].session();
                let places: Vec<TopicPartition> =
                    slots.iter().map(|slot| self.shard.partitions[1 + slot].id().clone()).collect();
                let version = self.clients[number].version;
                let to = self.reply(number, step);
                self.hosted
                    .with(|coordinator, now| coordinator.add_partitions(now, &session, &places, version, to));
            }
            Step::Send { slot, value, .. } => {
                let (slot, batch) = (*slot, self.clients[number].batch(*slot, value));
                if self.random.u32(..8) == 0 {
                    self.late.push((slot, batch));
                    self.clients[number].hears_nothing(&step);
                } else {
                    self.send(number, slot, batch, step);
                }
            }
            Step::End(end) => {
                let client = &self.clients[number];
                let request = EndRequest { session: client.session(), end: *end, version: client.version };
                let to = self.reply(number, step);
                self.hosted.end(&request, to);
            }
        }
    }

    fn send(&mut self, client: usize, slot: usize, batch: SealedBatch, step: Step) {
        let (tag, answers) = (self.tag(client, step), Arc::clone(&self.answers));
        let reply = move |result: Result<Appended, ProduceFailure>| {
            let code = |failure: ProduceFailure| crate::broker::produce_error_code(&failure.error);
            answers.lock().push((tag, Answer::Written(result.map(drop).map_err(code))));
        };
        let reply = AppendReply::new(Box::new(reply));
        let since = self.shard.clock.monotonic();
        self.shard.partitions[1 + slot].append(Append { batch, acks: Acks::Durable, since, reply });
    }

    /// A batch arrives that its producer has given up: its transaction may have ended since.
    fn deliver_late(&mut self) {
        if let Some((slot, batch)) = self.late.pop() {
            let reply = AppendReply::new(Box::new(|_: Result<Appended, ProduceFailure>| {}));
            let since = self.shard.clock.monotonic();
            self.shard.partitions[1 + slot].append(Append { batch, acks: Acks::Durable, since, reply });
        }
    }

    fn restart(&mut self, end: End) {
        if end == End::Clean {
            self.hosted.with(|coordinator, _| coordinator.stop(ErrorCode::NotCoordinator));
        }
        self.settle();
        self.check();
        self.shard.restart(end);
        // What the old shard said when it ended is for nobody: these requests are never answered.
        self.inbox.try_iter().for_each(drop);
        self.hosted = load(&self.shard, &self.config, &self.events);
        // What was still on its way to the old shard has gone with the last who held it.
        self.answers.lock().clear();
        for (client, step) in std::mem::take(&mut self.waiting).into_values() {
            self.clients[client].hears_nothing(&step);
        }
        self.check();
    }

    /// What readers of committed records see of each partition.
    fn check(&mut self) {
        self.shard.disk.clear_faults();
        for slot in 0..PARTITIONS {
            let (seen, _) = committed(&self.shard.partitions[1 + slot]);
            self.model.check(slot, &seen);
        }
    }

    /// Lets time pass until nothing is open any more, and looks at the whole.
    fn end_all(&mut self) {
        self.shard.disk.clear_faults();
        self.shard.disk.set_delay(0);
        for _ in 0..150 {
            self.shard.clock.advance(Duration::from_secs(1));
            self.shard.round();
            self.settle();
        }
        let open = self.hosted.with(|coordinator, _| coordinator.list());
        assert!(open.iter().all(|one| one.state.is_ended()), "{open:?}");
        self.check();
        let mut seen = Vec::new();
        for partition in &self.shard.partitions[1..] {
            let (values, is_whole) = committed(partition);
            assert!(is_whole, "something is open in {} though all has ended", partition.id());
            seen.extend(values);
        }
        self.model.check_all_or_nothing(&seen);
    }
}

fn load(shard: &SimulatedShard, config: &Arc<EngineConfig>, events: &Sender<Event<News>>) -> Hosted {
    let clock: Arc<dyn Clock> = Arc::new(shard.clock.clone());
    let first = &shard.partitions[0];
    let served = shard.partitions.iter().map(|partition| Ok(Arc::clone(partition))).collect();
    let mut topics = TopicIndex::default();
    let name = first.id().topic.clone();
    topics.insert(Arc::new(Topic::new(name, first.topic_id(), served, Arc::new(LogConfig::default()))));
    let disk = Arc::new(ReservedDisk::new(Arc::new(shard.disk.clone()), "/data/reserve".into(), 0));
    let producer_ids = ProducerIds::open(&*disk, Path::new("/data")).unwrap();
    let reach = Arc::new(Reach {
        disk,
        topics: Arc::new(ArcSwap::from_pointee(topics)),
        producer_ids: Mutex::new(producer_ids),
        groups: Mutex::new(None),
    });
    Hosted::load(Arc::clone(first), config, &clock, &reach, Teller::new(0, events)).unwrap()
}

/// Values that a reader of committed records gets, and whether that is all there is.
fn committed(partition: &Partition) -> (Vec<String>, bool) {
    let view = partition.view();
    let aborted = view.aborted_transactions(Offset::ZERO, view.last_stable_offset()).unwrap();
    let mut values = Vec::new();
    let mut from = ReadCursor::from(Offset::ZERO);
    loop {
        let read = partition.read(from, 500, Isolation::ReadCommitted).unwrap();
        if read.pieces.is_empty() {
            return (values, read.last_stable == read.high_watermark);
        }
        from = read.next;
        for batch in read.pieces.iter().flat_map(|piece| Batches::new(piece)) {
            let batch = batch.unwrap();
            batch.verify().unwrap();
            let header = batch.header();
            let is_aborted = aborted.iter().any(|one| one.covers(header));
            if header.attributes().is_control() || is_aborted {
                continue;
            }
            for record in batch.records().unwrap() {
                values.push(String::from_utf8(record.unwrap().value.unwrap().to_vec()).unwrap());
            }
        }
    }
}

#[test]
fn whatever_fails_and_ends_a_transaction_is_seen_as_a_whole_or_not_at_all() {
    let (mut committed, mut aborted, mut compactions) = (0, 0, 0);
    let count = run_all(100, |simulation: &Simulation| {
        let (of_commits, of_aborts) = simulation.model.ended();
        committed += of_commits;
        aborted += of_aborts;
        compactions += simulation.compactions;
    });
    println!("{count} seeds: {committed} commits and {aborted} aborts answered, {compactions} compactions");
    assert!(committed > 2 * count && aborted > count && compactions > count / 2, "it tests something");
}

#[test]
fn one_seed_is_one_history() {
    check_repeatable::<Simulation>();
}
