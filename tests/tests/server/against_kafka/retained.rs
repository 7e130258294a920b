//! Logs whose oldest segments are deleted, by age and by size, and whose records an administrator deletes: what is left.

use std::time::Duration;

use tidelog::record::Compression;

use super::super::raw::batch_of;
use super::side::Side;
use super::step::{Place, RETAINED, Step as Request};
use super::{both, settled};

/// Age of records that are too old, of a topic that keeps them an hour.
const OLD_MS: i64 = 7_200_000;
/// Of so many steps the first append old records, for the most part, the others new ones.
const PHASE: i64 = 20;
const OLD_OF_PHASE: i64 = 12;
/// What lies between the records of two steps: a segment holds those of three.
const APART_MS: i64 = 4_000;
/// When nothing changes for so long, what was to be deleted has been.
const QUIET: Duration = Duration::from_millis(60);

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
            let keys: Vec<String> = (0..count).map(|number| number.to_string()).collect();
            let encode = |stamp, _| {
                let records = keys.iter().map(|key| (Some(key.as_bytes()), Some(&b"a value"[..])));
                batch_of(Compression::None, stamp, timestamp, records)
            };
            (both(sides, |side| side.append(None, place, 0, encode)), place)
        }
        // A log of which every record is deleted gives up its newest segment, too; Kafka's does not.
        Step::Delete { place, before }
            if [-1, sides[0].look_up(place, -1, false).offset].contains(&before) =>
        {
            return ["all", "all"].map(str::to_owned);
        }
        Step::Delete { place, before } => {
            let request = Request::DeleteRecords { place, offset: before };
            (both(sides, |side| side.run_in(turn, &request)), place)
        }
    };
    let left = settled(sides, QUIET, |side| {
        let start = side.look_up(place, -2, false).offset;
        side.run_in(turn, &Request::Read { place, offset: start, committed: false })
    });
    std::array::from_fn(|side| format!("{}; {}", said[side], left[side]))
}
