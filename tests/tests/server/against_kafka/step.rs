//! [`Step`]: one request of a history, told so that it means the same to either broker: producers by their number, since
//! each broker gives ids of its own.

use std::ops::Range;

use tidelog::record::Compression;

/// A topic: its partitions and its settings.
type Topic = (i32, &'static [(&'static str, &'static str)]);

/// Topics of a history. Their records are old, but for those that are compacted.
pub(super) const TOPICS: [Topic; 8] = [
    (2, &[("retention.ms", "-1")]),
    (1, &[("retention.ms", "-1"), ("compression.type", "gzip")]),
    (1, &[("retention.ms", "-1"), ("message.timestamp.type", "LogAppendTime")]),
    (
        1,
        &[
            ("cleanup.policy", "compact"),
            ("min.cleanable.dirty.ratio", "0"),
            ("delete.retention.ms", "0"),
            ("segment.ms", "10000"),
            ("message.timestamp.after.max.ms", "9223372036854775807"),
        ],
    ),
    (1, &[("retention.ms", "3600000"), ("segment.ms", "10000")]),
    (1, &[("retention.ms", "-1"), ("retention.bytes", "600"), ("segment.ms", "10000")]),
    (
        1,
        &[
            ("cleanup.policy", "compact,delete"),
            ("min.cleanable.dirty.ratio", "1"),
            ("retention.ms", "3600000"),
            ("segment.ms", "10000"),
        ],
    ),
    (1, &[("retention.ms", "-1"), ("retention.bytes", "0")]),
];
/// Those of histories of requests, of compaction and of retention.
pub(super) const KEPT_TOPICS: Range<usize> = 0..3;
pub(super) const COMPACTED_TOPICS: Range<usize> = 3..4;
pub(super) const RETAINED_TOPICS: Range<usize> = 4..8;
/// The topic whose records get the log's time.
pub(super) const STAMPED: usize = 2;
/// The topic that is compacted.
pub(super) const COMPACTED: Place = Place(3, 0);
/// Topics whose records are deleted: by age, by size, by age where they are compacted, too (though never so much is new), and at
/// once.
pub(super) const RETAINED: [Place; 4] = [Place(4, 0), Place(5, 0), Place(6, 0), Place(7, 0)];
/// The partitions of the others.
pub(super) const PLACES: [Place; 4] = [Place(0, 0), Place(0, 1), Place(1, 0), Place(2, 0)];
/// Producers: of the first two each has an id of its own, the others are known by a transactional id.
pub(super) const PRODUCERS: usize = 4;
/// The first producer that has a transactional id.
const TRANSACTIONAL: usize = 2;
/// When the first record was made; each step is a millisecond.
const START: i64 = 1_600_000_000_000;

/// Number of a topic, and a partition of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place(pub(super) usize, pub(super) i32);

/// A producer as it names itself: how far its epoch is from the one that it was given.
#[derive(Clone, Copy, Debug)]
pub(super) struct Who {
    pub(super) number: usize,
    pub(super) epoch_off: i16,
}

/// Which sequence a batch claims.
#[derive(Clone, Copy, Debug)]
pub(super) enum Claim {
    /// What follows the last.
    Next,
    /// That of the batch which was taken so many before.
    Repeat(usize),
    /// What follows the last, and some more.
    Gap(i32),
    /// The first there is.
    Zero,
}

/// What a batch holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Records {
    pub(super) count: i32,
    pub(super) timestamp: i64,
    pub(super) codec: Compression,
}

/// See the module.
#[derive(Clone, Debug)]
pub(super) enum Step {
    InitProducer { number: usize, goes_on: bool },
    AddPartitions { who: Who, places: Vec<Place> },
    Produce { who: Option<Who>, transactional: bool, claim: Claim, place: Place, records: Records },
    EndTransaction { who: Who, commits: bool },
    AddOffsets { who: Who },
    CommitInTransaction { who: Who, place: Place, offset: i64 },
    Commit { place: Place, offset: i64 },
    Committed { stable: bool },
    DeleteRecords { place: Place, offset: i64 },
    ListOffset { place: Place, timestamp: i64, committed: bool },
    Read { place: Place, offset: i64, committed: bool },
    EpochEnd { place: Place, current: i32, epoch: i32 },
    DescribeProducers { place: Place },
    DescribeTransaction { number: usize },
}

/// Name of a producer that has one.
pub(super) fn transactional_id(prefix: &str, number: usize) -> Option<String> {
    (number >= TRANSACTIONAL).then(|| format!("{prefix}-{number}"))
}

/// The steps that `random` draws; `at` counts them.
pub(super) fn draw(random: &mut fastrand::Rng, at: i64) -> Step {
    let place = if random.u8(..40) == 0 { Place(1, 9) } else { random.choice(PLACES).unwrap() };
    let who = drawn_who(random, TRANSACTIONAL..PRODUCERS);
    let committed = random.bool();
    match random.u8(..100) {
        0..6 => Step::InitProducer { number: random.usize(..PRODUCERS), goes_on: random.bool() },
        6..16 => Step::AddPartitions { who, places: vec![place] },
        16..18 => Step::AddPartitions { who, places: PLACES.to_vec() },
        18..48 => produce(random, place, START + at),
        48..56 => Step::EndTransaction { who, commits: random.u8(..3) > 0 },
        56..59 => Step::AddOffsets { who },
        59..62 => Step::CommitInTransaction { who, place, offset: random.i64(-1..9) },
        62..64 => Step::Commit { place, offset: random.i64(-2..9) },
        64..68 => Step::Committed { stable: random.bool() },
        68..71 => Step::DeleteRecords { place, offset: random.i64(-2..12) },
        71..79 => {
            let times = [-1, -2, -3, -4, -7, START, START + at / 2, START + at + 5];
            Step::ListOffset { place, timestamp: random.choice(times).unwrap(), committed }
        }
        79..90 => Step::Read { place, offset: random.i64(-1..20), committed },
        90..93 => Step::EpochEnd { place, current: random.i32(-1..2), epoch: random.i32(-1..2) },
        93..97 => Step::DescribeProducers { place },
        _ => Step::DescribeTransaction { number: random.usize(TRANSACTIONAL..PRODUCERS) },
    }
}

fn drawn_who(random: &mut fastrand::Rng, numbers: std::ops::Range<usize>) -> Who {
    let epoch_off = match random.u8(..16) {
        0 => -1,
        1 => 1,
        _ => 0,
    };
    Who { number: random.usize(numbers), epoch_off }
}

fn produce(random: &mut fastrand::Rng, place: Place, timestamp: i64) -> Step {
    let who = (random.u8(..6) > 0).then(|| drawn_who(random, 0..PRODUCERS));
    let has_transactions = who.is_some_and(|who| who.number >= TRANSACTIONAL);
    // Now and then one that has none says that it is in one.
    let pretends = who.is_some() && PLACES.contains(&place) && random.u8(..12) == 0;
    let transactional = has_transactions || pretends;
    let claim = match random.u8(..12) {
        0 => Claim::Repeat(1),
        1 => Claim::Repeat(random.usize(1..8)),
        2 => Claim::Gap(random.i32(1..4)),
        3 => Claim::Zero,
        _ => Claim::Next,
    };
    let codec = random.choice([Compression::None, Compression::None, Compression::Lz4, Compression::Zstd]);
    let timestamp = timestamp + random.i64(-20..20);
    let records = Records { count: random.i32(1..4), timestamp, codec: codec.unwrap() };
    Step::Produce { who, transactional, claim, place, records }
}
