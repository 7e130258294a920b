//! A log that is compacted while producers append to it, with and without transactions: what is left of it.

use std::time::{Duration, Instant};

use tidelog::record::{Compression, ProducerStamp};

use super::super::raw::batch_of;
use super::side::Side;
use super::step::{COMPACTED, Claim, Step as Request, Who};
use super::{PATIENCE, both, settled};

/// Keys of a history: few, so that they come again.
const KEYS: u8 = 8;
/// When the first record was made: in the future, so that the markers of transactions, which have the broker's time, begin
/// no segments.
const START: i64 = 2_000_000_000_000;
/// How many steps have the times of one segment, and how far they are from those of the next.
const TOGETHER: i64 = 3;
const APART_MS: i64 = 60_000;
/// What has the next segment begin.
const SEGMENT_MS: i64 = 11_000;
/// Steps from one time to the next that it is waited for the log to be compacted; it is compacted meanwhile, too.
const BETWEEN: i64 = 20;
/// How often a log is compacted until nothing can go any more: what marks that a record was deleted, or a transaction ended,
/// goes by the second time after it was seen.
const ROUNDS: i64 = 4;
/// When nothing changes for so long, the log has been compacted.
const QUIET: Duration = Duration::from_millis(150);

/// A record: its key, and whether it has a value.
type Entry = (u8, bool);

/// See the module.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// One batch, by a producer that has an id if it has a number.
    Append { producer: Option<usize>, batch: Batch },
    /// A transaction from its begin to its end.
    Transact { producer: usize, batches: Vec<Batch>, commits: bool },
    /// Waits until the log has been compacted.
    Compact { from: i64 },
}

/// What a batch holds.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    timestamp: i64,
    codec: Compression,
    entries: Vec<Entry>,
}

/// The steps that `random` draws; `at` counts them.
pub(super) fn draw(random: &mut fastrand::Rng, at: i64) -> Step {
    let timestamp = START + at / TOGETHER * APART_MS + at % TOGETHER;
    if at % BETWEEN == BETWEEN - 1 {
        return Step::Compact { from: timestamp };
    }
    match random.u8(..100) {
        0..70 => {
            let producer = (random.u8(..2) == 0).then(|| random.usize(..4));
            let producer = producer.filter(|number| *number < 2);
            Step::Append { producer, batch: drawn_batch(random, timestamp) }
        }
        _ => {
            let batches = (0..random.usize(1..4)).map(|_| drawn_batch(random, timestamp)).collect();
            Step::Transact { producer: random.usize(2..4), batches, commits: random.u8(..3) > 0 }
        }
    }
}

fn drawn_batch(random: &mut fastrand::Rng, timestamp: i64) -> Batch {
    let entry = |random: &mut fastrand::Rng| (random.u8(..KEYS), random.u8(..4) > 0);
    Batch {
        timestamp,
        codec: random
            .choice([Compression::None, Compression::None, Compression::Lz4, Compression::Zstd])
            .unwrap(),
        entries: (0..random.usize(1..5)).map(|_| entry(random)).collect(),
    }
}

/// Both take a step, and say what came of it.
pub(super) fn step(sides: &mut [Side; 2], turn: i16, step: &Step) -> [String; 2] {
    match step {
        Step::Append { producer, batch } => {
            let who = producer.map(|number| (who(number), Claim::Next, false));
            sides.each_mut().map(|side| append(side, who, batch))
        }
        Step::Transact { producer, batches, commits } => {
            both(sides, |side| transact(side, turn, who(*producer), batches, *commits))
        }
        Step::Compact { from } => {
            for round in 0..ROUNDS {
                let filler = Batch {
                    timestamp: from + round * SEGMENT_MS,
                    codec: Compression::None,
                    entries: vec![(KEYS, true)],
                };
                both(sides, |side| {
                    append(side, None, &filler);
                    wait_for_compaction(side, &filler);
                    String::new()
                });
            }
            settled(sides, QUIET, |side| side.read_compacted(COMPACTED).join("; "))
        }
    }
}

fn who(number: usize) -> Who {
    Who { number, epoch_off: 0 }
}

fn append(side: &mut Side, who: Option<(Who, Claim, bool)>, batch: &Batch) -> String {
    let Batch { timestamp, codec, entries } = batch;
    let count = i32::try_from(entries.len()).unwrap();
    side.append(who, COMPACTED, count, |stamp: ProducerStamp, _| {
        let value = |number: usize| format!("{timestamp}.{number}");
        let records: Vec<(String, Option<String>)> = (0..)
            .zip(entries)
            .map(|(number, (key, has_value))| (key_of(*key), has_value.then(|| value(number))))
            .collect();
        let bytes =
            records.iter().map(|(key, value)| (Some(key.as_bytes()), value.as_ref().map(String::as_bytes)));
        batch_of(*codec, stamp, *timestamp, bytes)
    })
}

fn key_of(number: u8) -> String {
    format!("key{number}")
}

fn transact(side: &mut Side, turn: i16, who: Who, batches: &[Batch], commits: bool) -> String {
    let mut said = vec![side.run_in(turn, &Request::AddPartitions { who, places: vec![COMPACTED] })];
    for batch in batches {
        said.push(append(side, Some((who, Claim::Next, true)), batch));
    }
    said.push(side.run_in(turn, &Request::EndTransaction { who, commits }));
    said.join("; ")
}

/// A log has been compacted when of the fillers only the last two are there: it is in the newest segment, which is left
/// alone, and the one before is the newest of its key among the others.
fn wait_for_compaction(side: &mut Side, filler: &Batch) {
    let deadline = Instant::now() + PATIENCE;
    let key = key_of(filler.entries[0].0);
    while Instant::now() < deadline {
        let said = side.read_compacted(COMPACTED).join(" ");
        if said.matches(&key).count() <= 2 {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
