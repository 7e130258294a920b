//! What the victim had written down by the time the power went, and the check of a disk against it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use tidelog::broker::Broker;
use tidelog::types::{Offset, PartitionIndex};

use super::sent::{origin, value};
use super::workload::{
    COMMITTED_BY, CONFIG_BASE, RETENTION_BYTES, SEGMENT_BYTES, TOPIC, Workload, side_topic,
};
use crate::engines::{committed, on_directory, produce, producer, records};

/// Things that the victim does in steps with rising numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Deed {
    /// Makes the topic of the records (0).
    Topic,
    /// Makes a side topic.
    Create,
    /// Deletes a side topic.
    Delete,
    /// Sets `retention.ms` of the topic.
    Config,
    /// Commits an offset.
    Commit,
}

const DEEDS: [Deed; 5] = [Deed::Topic, Deed::Create, Deed::Delete, Deed::Config, Deed::Commit];

/// One line that a victim writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// This message of this producer has been acknowledged.
    Acknowledged { partition: i32, offset: i64, producer: u64, number: u64 },
    /// A consumer has been given this message.
    Seen { partition: i32, offset: i64, producer: u64, number: u64 },
    /// This is about to be asked for.
    Begun(Deed, i64),
    /// This has been answered with success.
    Done(Deed, i64),
}

impl Mark {
    pub(crate) fn line(self) -> String {
        match self {
            Mark::Acknowledged { partition, offset, producer, number } => {
                format!("ack {partition} {offset} {producer} {number}\n")
            }
            Mark::Seen { partition, offset, producer, number } => {
                format!("seen {partition} {offset} {producer} {number}\n")
            }
            Mark::Begun(deed, number) => format!("begun {deed:?} {number}\n"),
            Mark::Done(deed, number) => format!("done {deed:?} {number}\n"),
        }
    }

    /// Those of whole lines.
    pub(crate) fn parse_all(lines: &str) -> impl Iterator<Item = Mark> {
        lines.lines().map(|line| Mark::parse(line).unwrap_or_else(|| panic!("no mark: {line}")))
    }

    fn parse(line: &str) -> Option<Mark> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |at: usize| words.get(at)?.parse::<i64>().ok();
        let deed = || DEEDS.into_iter().find(|deed| words.get(1) == Some(&format!("{deed:?}").as_str()));
        let message = || {
            let partition = i32::try_from(number(1)?).ok()?;
            Some((partition, number(2)?, number(3)?.unsigned_abs(), number(4)?.unsigned_abs()))
        };
        Some(match *words.first()? {
            "ack" => {
                let (partition, offset, producer, number) = message()?;
                Mark::Acknowledged { partition, offset, producer, number }
            }
            "seen" => {
                let (partition, offset, producer, number) = message()?;
                Mark::Seen { partition, offset, producer, number }
            }
            "begun" => Mark::Begun(deed()?, number(2)?),
            "done" => Mark::Done(deed()?, number(2)?),
            _ => return None,
        })
    }
}

/// A message that has to be there: its offset, its producer and its number.
pub(crate) type Promised = (i64, u64, u64);

/// All marks up to a moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evidence {
    acknowledged: BTreeMap<i32, Vec<Promised>>,
    /// By consumers: they must not have seen what is not there.
    seen: BTreeMap<i32, Vec<Promised>>,
    begun: HashMap<Deed, i64>,
    done: HashMap<Deed, i64>,
    pub(crate) marks: usize,
}

impl Evidence {
    pub(crate) fn add(&mut self, mark: Mark) {
        self.marks += 1;
        match mark {
            Mark::Acknowledged { partition, offset, producer, number } => {
                self.acknowledged.entry(partition).or_default().push((offset, producer, number));
            }
            Mark::Seen { partition, offset, producer, number } => {
                self.seen.entry(partition).or_default().push((offset, producer, number));
            }
            Mark::Begun(deed, number) => drop(self.begun.insert(deed, number)),
            Mark::Done(deed, number) => drop(self.done.insert(deed, number)),
        }
    }

    /// What a victim wrote into a file, as far as its lines are whole.
    pub(crate) fn read(notes: &Path) -> Evidence {
        let text = std::fs::read_to_string(notes).unwrap();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let mut evidence = Evidence::default();
        Mark::parse_all(whole).for_each(|mark| evidence.add(mark));
        evidence
    }

    /// Messages that have been acknowledged.
    pub(crate) fn acknowledged(&self) -> usize {
        self.acknowledged.values().map(Vec::len).sum()
    }

    /// Messages that consumers have been given, as often as they have.
    pub(crate) fn seen(&self) -> usize {
        self.seen.values().map(Vec::len).sum()
    }

    /// Messages that have been acknowledged and that no consumer has been given, with their partition.
    pub(crate) fn missed(&self) -> Vec<(i32, Promised)> {
        let of = |partition, all: &BTreeMap<i32, Vec<Promised>>| -> HashSet<Promised> {
            all.get(partition).into_iter().flatten().copied().collect()
        };
        let missed = self.acknowledged.keys().flat_map(|partition| {
            let missed = &of(partition, &self.acknowledged) - &of(partition, &self.seen);
            missed.into_iter().map(|promised| (*partition, promised))
        });
        missed.collect()
    }

    fn begun(&self, deed: Deed) -> i64 {
        self.begun.get(&deed).copied().unwrap_or(-1)
    }

    fn done(&self, deed: Deed) -> i64 {
        self.done.get(&deed).copied().unwrap_or(-1)
    }

    /// Opens the engine in `root` and holds it against the marks; writes on, as a producer that is named by `checker`,
    /// closes it, and looks again.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn check(&self, root: &Path, workload: &Workload, checker: u64) -> Result<(), String> {
        let checked = catch_unwind(AssertUnwindSafe(|| {
            let added = {
                let broker = on_directory(root).unwrap_or_else(|error| panic!("refused: {error}"));
                self.check_opened(&broker, workload);
                let added = append_everywhere(&broker, workload, checker);
                broker.close();
                added
            };
            let broker = on_directory(root).unwrap_or_else(|error| panic!("refused once repaired: {error}"));
            self.check_opened(&broker, workload);
            for (partition, offset, value) in added {
                let kept = records(&broker, TOPIC, partition).into_iter().find(|(at, _)| *at == offset);
                assert_eq!(
                    kept.map(|(_, kept)| kept),
                    Some(value),
                    "what was appended after the cut is lost"
                );
            }
            broker.close();
        }));
        checked.map_err(|panic| match panic.downcast::<String>() {
            Ok(text) => *text,
            Err(other) => {
                (*other.downcast::<&str>().unwrap_or(Box::new("a panic without a text"))).to_owned()
            }
        })
    }

    fn check_opened(&self, broker: &Arc<Broker>, workload: &Workload) {
        if broker.topic(TOPIC).is_none() {
            assert!(self.done(Deed::Topic) < 0 && self.acknowledged.is_empty(), "lost: the whole topic");
            return;
        }
        let mut seen = HashSet::new();
        for partition in 0..workload.partitions {
            self.check_partition(broker, partition, workload, &mut seen);
        }
        if workload.administrates {
            self.check_deeds(broker);
        }
    }

    fn check_partition(
        &self,
        broker: &Broker,
        partition: i32,
        workload: &Workload,
        seen: &mut HashSet<(u64, u64)>,
    ) {
        let found = records(broker, TOPIC, partition);
        let start = broker.served_partition(TOPIC, PartitionIndex(partition)).unwrap().view().log_start();
        let offsets = found.iter().map(|(offset, _)| offset.0);
        assert!(
            offsets.eq(start.0..start.0 + found.len() as i64),
            "partition {partition}: a gap or a repeat"
        );
        let mut last = HashMap::new();
        for (_, value) in &found {
            let (producer, number) = origin(value);
            assert!(seen.insert((producer, number)), "partition {partition}: a message is there twice");
            let before = last.insert(producer, number);
            assert!(
                before < Some(number),
                "partition {partition}: {number} behind {before:?} of producer {producer}"
            );
        }
        let size: usize = found.iter().map(|(_, value)| value.len()).sum();
        let may_go = workload.retains && size + 2 * SEGMENT_BYTES >= RETENTION_BYTES;
        assert!(start == Offset(0) || may_go, "partition {partition} starts at {start} with {size} bytes");
        let promised = [&self.acknowledged, &self.seen].into_iter().filter_map(|all| all.get(&partition));
        for (offset, producer, number) in promised.flatten() {
            let Ok(place) = usize::try_from(offset - start.0) else { continue };
            let kept = found.get(place).is_some_and(|(_, kept)| *kept == value(*producer, *number));
            assert!(
                kept,
                "lost: offset {offset} of partition {partition}, which has {} records",
                found.len()
            );
        }
    }

    fn check_deeds(&self, broker: &Broker) {
        for number in 0..=self.begun(Deed::Create).max(0) {
            let exists = broker.topic(&side_topic(number)).is_some();
            if number <= self.done(Deed::Create) && number > self.begun(Deed::Delete) {
                assert!(exists, "lost: topic {}", side_topic(number));
            }
            assert!(!exists || number > self.done(Deed::Delete), "deleted, and back: {}", side_topic(number));
        }
        let retention = broker.topic(TOPIC).unwrap().config().retention.unwrap().as_millis();
        let retention = i64::try_from(retention).unwrap();
        self.check_between(Deed::Config, if retention < CONFIG_BASE { -1 } else { retention - CONFIG_BASE });
        self.check_between(Deed::Commit, committed(broker, COMMITTED_BY));
    }

    fn check_between(&self, deed: Deed, found: i64) {
        let (done, begun) = (self.done(deed), self.begun(deed));
        assert!((done..=begun).contains(&found), "{deed:?}: {found}, done {done}, begun {begun}");
    }
}

/// One more message per partition, acknowledged.
fn append_everywhere(broker: &Arc<Broker>, workload: &Workload, checker: u64) -> Vec<(i32, Offset, Vec<u8>)> {
    if broker.topic(TOPIC).is_none() {
        return Vec::new();
    }
    let client = producer(broker, &[]);
    let partitions = [0, workload.partitions - 1].into_iter().collect::<std::collections::BTreeSet<_>>();
    let append = |partition: i32| {
        let message = value(checker, u64::from(partition.unsigned_abs()));
        let offset = produce(&client, TOPIC, partition, &message).expect("a repaired log takes messages");
        (partition, offset, message)
    };
    partitions.into_iter().map(append).collect()
}
