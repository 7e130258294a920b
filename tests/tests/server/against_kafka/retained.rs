//! Logs whose oldest segments are deleted, by age and by size, and whose records an administrator deletes: what is left.

use std::time::{Duration, Instant};

use tidelog::record::{BatchBuilder, Compression, PooledBuffer, ProducerStamp, RecordData};
use tidelog::types::Timestamp;

use super::side::Side;
use super::step::{Place, RETAINED, Step as Request};

/// Age of records that are too old, of a topic that keeps them an hour.
const OLD_MS: i64 = 7_200_000;
/// Of so many steps the first append old records, for the most part, the others new ones.
const PHASE: i64 = 20;
const OLD_OF_PHASE: i64 = 12;
/// What lies between the records of two steps: a segment holds those of three.
const APART_MS: i64 = 4_000;
/// When nothing changes for so long, what was to be deleted has been.
const QUIET: Duration = Duration::from_millis(60);
/// When both have not come to the same in this time, they will not.
const PATIENCE: Duration = Duration::from_secs(5);

/// See the module.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Append { place: Place, count: i64, timestamp: i64 },
    Delete { place: Place, before: i64 },
}

/// The steps that `random` draws at a time; `at` counts them.
pub(super) fn draw(random: &mut fastrand::Rng, at: i64, now: i64) -> Step {
    let place = random.choice(RETAINED).unwrap();
    if random.u8(..6) == 0 {
        return Step::Delete { place, before: random.i64(-2..at + 3) };
    }
    let is_old = at % PHASE < OLD_OF_PHASE;
    let age = if is_old == (random.u8(..8) > 0) { OLD_MS } else { 0 };
    Step::Append { place, count: random.i64(1..4), timestamp: now + at * APART_MS - age }
}

/// Both take a step, and say what is left of the log.
pub(super) fn step(sides: &mut [Side; 2], turn: i16, step: &Step) -> [String; 2] {
    let (said, place) = match *step {
        Step::Append { place, count, timestamp } => {
            let encode = |stamp, _| batch(stamp, count, timestamp);
            (super::both(sides, |side| side.append(None, place, 0, encode)), place)
        }
        // A log of which every record is deleted gives up its newest segment, too; Kafka's does not.
        Step::Delete { place, before }
            if [-1, sides[0].look_up(place, -1, false).offset].contains(&before) =>
        {
            return ["all", "all"].map(str::to_owned);
        }
        Step::Delete { place, before } => {
            let request = Request::DeleteRecords { place, offset: before };
            (super::both(sides, |side| side.run_in(turn, &request)), place)
        }
    };
    let left = settled(sides, turn, place);
    std::array::from_fn(|side| format!("{}; {}", said[side], left[side]))
}

fn batch(stamp: ProducerStamp, count: i64, timestamp: i64) -> Vec<u8> {
    let mut builder = BatchBuilder::new(PooledBuffer::default(), Compression::None);
    for number in 0..count {
        let key = number.to_string();
        let (timestamp, key, value) = (Timestamp(timestamp), Some(key.as_bytes()), Some(&b"a value"[..]));
        builder.append(&RecordData { timestamp, key, value, headers: &[] }).unwrap();
    }
    builder.seal(stamp, None).unwrap().view().bytes().to_vec()
}

/// What both have in the end.
fn settled(sides: &mut [Side; 2], turn: i16, place: Place) -> [String; 2] {
    let deadline = Instant::now() + PATIENCE;
    let (mut before, mut since) = ([String::new(), String::new()], Instant::now());
    let look = |side: &mut Side| {
        let start = side.look_up(place, -2, false).offset;
        side.run_in(turn, &Request::Read { place, offset: start, committed: false })
    };
    loop {
        let said = sides.each_mut().map(look);
        let now = Instant::now();
        if said != before {
            (before, since) = (said, now);
        } else if now > deadline || said[0] == said[1] && now - since > QUIET {
            return said;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
