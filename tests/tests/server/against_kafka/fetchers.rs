//! [`Fetchers`]: clients that fetch in sessions (KIP-227), by the names of topics and by their ids, and what each was
//! answered in words.

use std::net::SocketAddr;

use tidelog::record::{Batches, Compression, ProducerStamp};
use tidelog::types::TopicId;
use tidelog::wire::api::fetch::{
    Fetch, FetchPartition, FetchRequest, FetchTopic, ForgottenTopic, PartitionData,
};
use tidelog::wire::api::produce::Produce;
use tidelog::wire::records::Piece;

use super::super::raw::{batch_by, produce_request};
use super::asking::{Asking, text};

/// Clients of a history: one fetches by names, the other by ids.
const FETCHERS: usize = 2;
const BY_ID: usize = 1;
/// Partitions of each topic.
const PARTITIONS: i32 = 2;
/// Topics that there are; one more is asked for.
const TOPICS: usize = 2;
/// Bytes that hold a batch of a history. What exceeds what is asked of its partition, though not what is asked of all, the
/// server gives all the same; Kafka gives a part of it.
const LARGEST_BATCH: i32 = 200;
/// Versions that name topics, and that give ids.
const NAMING: std::ops::RangeInclusive<i16> = 7..=12;
const BY_IDS: std::ops::RangeInclusive<i16> = 13..=17;

/// Number of a topic, and a partition of it.
type Place = (usize, i32);

/// Which session a request claims to be part of.
#[derive(Clone, Copy, Debug)]
pub(super) enum Claim {
    None,
    /// A new one; the one that there is ends.
    New,
    /// The fetcher's own; how far the epoch is from what comes next.
    Own(i32),
    /// Somebody's.
    Strange,
    /// The fetcher's own, which ends.
    End,
}

/// What is asked of one partition.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    place: Place,
    offset: i64,
    max_bytes: i32,
}

/// One request.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Append {
        place: Place,
        count: i64,
    },
    Fetch {
        fetcher: usize,
        by_id: bool,
        claim: Claim,
        wanted: Vec<Wanted>,
        forgotten: Vec<Place>,
        max_bytes: i32,
    },
}

/// The steps that `random` draws; `at` counts them.
pub(super) fn draw(random: &mut fastrand::Rng, at: i64) -> Step {
    if random.u8(..4) == 0 {
        let place = (random.usize(..TOPICS), random.i32(0..PARTITIONS));
        return Step::Append { place, count: random.i64(1..4) };
    }
    let fetcher = random.usize(..FETCHERS);
    let by_id = (fetcher == BY_ID) != (random.u8(..20) == 0);
    let claim = match random.u8(..20) {
        0 => Claim::None,
        1..4 => Claim::New,
        4 => Claim::Own(random.i32(-1..2)),
        5 => Claim::Strange,
        6 => Claim::End,
        _ => Claim::Own(0),
    };
    let count = if matches!(claim, Claim::New | Claim::None) { random.usize(..6) } else { random.usize(..3) };
    let mut wanted: Vec<Wanted> = Vec::new();
    for _ in 0..count {
        let one = Wanted {
            place: drawn_place(random),
            offset: random.i64(-1..at / 3 + 2),
            max_bytes: random.choice([LARGEST_BATCH, 1 << 20]).unwrap(),
        };
        if !wanted.iter().any(|known| known.place == one.place) {
            wanted.push(one);
        }
    }
    let forgotten = (0..random.usize(..8).saturating_sub(5)).map(|_| drawn_place(random));
    // What is asked for is not forgotten by the same request: then Kafka's session may end with an answer to it.
    let forgotten = forgotten.filter(|place| wanted.iter().all(|one| one.place != *place)).collect();
    Step::Fetch {
        fetcher,
        by_id,
        claim,
        wanted,
        forgotten,
        // No two batches fit into the small ones: Kafka fills what is left of them with a part of a batch.
        max_bytes: random.choice([0, 1, 100, 150, 1 << 20, 1 << 20, 1 << 20, 1 << 20]).unwrap(),
    }
}

fn drawn_place(random: &mut fastrand::Rng) -> Place {
    match random.u8(..16) {
        0 => (0, PARTITIONS),
        1 => (TOPICS, 0),
        _ => (random.usize(..TOPICS), random.i32(0..PARTITIONS)),
    }
}

/// See the module.
pub(super) struct Fetchers {
    asking: Asking,
    topics: [(String, TopicId); TOPICS + 1],
    sessions: [Session; FETCHERS],
}

/// A session as its client knows it.
#[derive(Clone, Copy, Default)]
struct Session {
    id: i32,
    next_epoch: i32,
}

impl Fetchers {
    /// A history named `prefix` begins.
    pub(super) fn begin(address: SocketAddr, prefix: &str) -> Fetchers {
        let mut asking = Asking::at(address);
        let topics = std::array::from_fn(|topic| {
            let name = format!("{prefix}-fetched{topic}");
            if topic == TOPICS {
                return (name, TopicId([7; 16]));
            }
            asking.create_topic(&name, PARTITIONS, &[("retention.ms", "-1")]);
            let id = asking.topic_id(&name);
            (name, id)
        });
        Fetchers { asking, topics, sessions: Default::default() }
    }

    /// Takes a step, with requests of the version that `turn` chooses, and says what came of it.
    pub(super) fn run_in(&mut self, turn: i16, step: &Step) -> String {
        self.asking.turn = turn;
        match step {
            Step::Append { place, count } => self.append(*place, *count),
            Step::Fetch { fetcher, by_id, claim, wanted, forgotten, max_bytes } => {
                let (session_id, session_epoch) = self.claimed(*fetcher, *claim);
                let request = FetchRequest {
                    session_id,
                    session_epoch,
                    max_bytes: *max_bytes,
                    topics: wanted.iter().map(|one| self.asked(one)).collect(),
                    forgotten_topics_data: forgotten.iter().map(|place| self.forgotten(*place)).collect(),
                    ..FetchRequest::default()
                };
                self.fetch(*fetcher, *by_id, &request)
            }
        }
    }

    fn append(&mut self, place: Place, count: i64) -> String {
        let values: Vec<String> = (0..count).map(|number| format!("record {number}")).collect();
        let values: Vec<&[u8]> = values.iter().map(String::as_bytes).collect();
        let records = batch_by(Compression::None, ProducerStamp::NONE, 1_600_000_000_000, &values);
        let request = produce_request(-1, &self.topics[place.0].0, place.1, Some(&records));
        let answer = self.asking.call::<Produce>(&request).responses.remove(0).partition_responses.remove(0);
        format!("{} at {}", text(answer.error_code), answer.base_offset)
    }

    fn claimed(&self, fetcher: usize, claim: Claim) -> (i32, i32) {
        let own = self.sessions[fetcher];
        match claim {
            Claim::None => (0, -1),
            Claim::New => (own.id, 0),
            Claim::Own(off) => (own.id, own.next_epoch + off),
            Claim::Strange => (12_345, 1),
            Claim::End => (own.id, -1),
        }
    }

    fn asked(&self, wanted: &Wanted) -> FetchTopic {
        let (topic, topic_id) = self.topics[wanted.place.0].clone();
        let partition = FetchPartition {
            partition: wanted.place.1,
            fetch_offset: wanted.offset,
            partition_max_bytes: wanted.max_bytes,
            ..FetchPartition::default()
        };
        FetchTopic { topic, topic_id, partitions: vec![partition] }
    }

    fn forgotten(&self, place: Place) -> ForgottenTopic {
        let (topic, topic_id) = self.topics[place.0].clone();
        ForgottenTopic { topic, topic_id, partitions: vec![place.1] }
    }

    fn fetch(&mut self, fetcher: usize, by_id: bool, request: &FetchRequest) -> String {
        let versions = if by_id { BY_IDS } else { NAMING };
        let answer = self.asking.call_in::<Fetch>(versions, request);
        let session = &mut self.sessions[fetcher];
        let which = match answer.session_id {
            0 => "no session",
            id if id == session.id => "the session",
            _ => "a new session",
        };
        if answer.error_code == 0 {
            let next_epoch =
                if answer.session_id == session.id { request.session_epoch.max(0) + 1 } else { 1 };
            *session = Session { id: answer.session_id, next_epoch };
        }
        let mut said = vec![format!("{} in {which}", text(answer.error_code))];
        for topic in &answer.responses {
            let is_asked = |(name, id): &(String, TopicId)| {
                if by_id { *id == topic.topic_id } else { *name == topic.topic }
            };
            let number = self.topics.iter().position(is_asked).unwrap();
            said.extend(topic.partitions.iter().map(|found| words_of(number, found)));
        }
        // Refusals come in any order.
        said[1..].sort_by_key(|words| {
            let is_refused = !words.contains(" None ");
            (!is_refused, is_refused.then(|| words.clone()))
        });
        said.join("; ")
    }
}

fn words_of(topic: usize, found: &PartitionData) -> String {
    let mut ranges: Vec<String> = Vec::new();
    for piece in &found.records.pieces {
        let Piece::Memory(bytes) = piece else { panic!("an answer has no gaps") };
        // Kafka's may end in the middle of a batch.
        for batch in Batches::new(bytes).map_while(Result::ok) {
            ranges.push(format!("{}..{}", batch.header().base_offset(), batch.header().next_offset()));
        }
    }
    let (code, partition) = (text(found.error_code), found.partition_index);
    format!("{topic}-{partition} {code} {} to {} {ranges:?}", found.log_start_offset, found.high_watermark)
}
