//! Compaction of logs with transactions: readers of committed records know the same before and behind it, markers go when
//! nothing needs them, and recovery finds no transaction open that has ended.

use std::collections::BTreeMap;

use super::compaction::{Sent, State, compact, compacted, keyed, look_at, state};
use super::*;
use crate::log::inspection::Finding;
use crate::record::{ControlMarker, ControlRecord};
use crate::types::{ProducerEpoch, ProducerId, Sequence};

const PRODUCERS: i64 = 3;

/// A log that is written to by producers with transactions and by others.
pub(super) struct Writing {
    pub(super) rig: Rig,
    dice: Dice,
    open: BTreeMap<i64, usize>,
    number: u64,
}

fn stamp(producer: i64) -> ProducerStamp {
    ProducerStamp {
        producer_id: ProducerId(producer),
        epoch: ProducerEpoch(0),
        // The log numbers what comes from this process.
        base_sequence: Sequence(0),
        transactional: true,
    }
}

impl Writing {
    pub(super) fn new(seed: u64) -> Writing {
        Writing { rig: Rig::create(compacted()), dice: Dice(seed), open: BTreeMap::new(), number: 0 }
    }

    fn records(&mut self) -> Vec<Sent> {
        let count = 1 + self.dice.below(3);
        let record = |_| {
            self.number += 1;
            let value = (self.dice.below(5) > 0)
                .then(|| format!("value-{}-{}", self.number, self.dice.below(1 << 40)));
            (format!("key-{}", self.dice.below(10)), value)
        };
        (0..count).map(record).collect()
    }

    fn end(&mut self, producer: i64) {
        let marker = if self.dice.below(3) == 0 { ControlMarker::Commit } else { ControlMarker::Abort };
        let record = ControlRecord { marker, coordinator_epoch: 0 };
        self.rig.append(SealedBatch::control(record, ProducerId(producer), ProducerEpoch(0), NOW));
        self.open.remove(&producer);
    }

    pub(super) fn write(&mut self, steps: usize) {
        for _ in 0..steps {
            let producer = i64::try_from(self.dice.below(4)).unwrap();
            let records = self.records();
            if producer == PRODUCERS {
                self.rig.append(keyed(&records, ProducerStamp::NONE));
            } else if self.open.get(&producer).is_some_and(|count| *count > 2) || self.dice.below(4) == 0 {
                self.end(producer);
            } else {
                *self.open.entry(producer).or_default() += 1;
                self.rig.append(keyed(&records, stamp(producer)));
            }
        }
    }

    fn end_all(&mut self) {
        for producer in 0..PRODUCERS {
            if self.open.contains_key(&producer) {
                self.end(producer);
            }
        }
    }
}

/// What a reader of committed records knows in the end.
pub(super) fn committed(view: &LogView) -> State {
    let upto = view.last_stable_offset();
    let aborted = view.aborted_transactions(view.log_start(), upto).unwrap();
    let mut from: ReadCursor = view.log_start().into();
    let mut found = Vec::new();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    while from.offset() < upto {
        let read = view.read(from, 300, upto).unwrap();
        if read.bytes.is_empty() {
            break;
        }
        for batch in Batches::new(&read.bytes) {
            let batch = batch.unwrap();
            batch.verify().unwrap();
            let header = batch.header();
            let is_aborted = aborted.iter().any(|one| one.covers(header));
            if header.attributes().is_control() || is_aborted {
                continue;
            }
            for record in batch.unpack(&mut Vec::new(), 1 << 20).unwrap() {
                let record = record.unwrap();
                found.push((text(record.key.unwrap()), record.value.map(text)));
            }
        }
        from = read.next;
    }
    state(found)
}

/// Batches of a log: how many carry data, how many are markers, how many lost everything.
fn counts(view: &LogView) -> (usize, usize, usize) {
    let mut counts = (0, 0, 0);
    let mut from: ReadCursor = view.log_start().into();
    while from.offset() < view.high_watermark() {
        let read = view.read(from, 300, Offset(i64::MAX)).unwrap();
        for batch in Batches::new(&read.bytes) {
            let header = *batch.unwrap().header();
            match (header.records_count.get(), header.attributes().is_control()) {
                (0, _) => counts.2 += 1,
                (_, true) => counts.1 += 1,
                (_, false) => counts.0 += 1,
            }
        }
        from = read.next;
    }
    counts
}

#[test]
fn readers_of_committed_records_know_the_same_behind_a_compaction() {
    let mut compactions = 0;
    for seed in 1..=80 {
        let mut writing = Writing::new(seed);
        for round in 0..5 {
            writing.write(40);
            let view = writing.rig.log.view();
            let (known, stable) = (committed(&view), view.last_stable_offset());
            // Time passes, so that tombstones and markers go, too.
            let now = NOW.after(writing.rig.log.config().delete_retention * (round * 2));
            compactions += usize::from(compact(&mut writing.rig, now).unwrap());
            let view = writing.rig.log.view();
            assert_eq!(committed(&view), known, "seed {seed}, round {round}");
            assert_eq!(view.last_stable_offset(), stable);
            let (disk, state) = (&writing.rig.disk, writing.rig.log.checkpoint());
            let durable = writing.rig.log.end();
            let from = OpenFrom { durable, gaps_below: state.gaps_below, ..OpenFrom::default() };
            let found = look_at(disk, from).findings;
            let is_wrong = |one: &Finding| matches!(one, Finding::Transactions { .. });
            // That of the newest segment is written when it is closed.
            let newest = view.segment_bases().last().copied();
            let name = newest.map(|base| format!("{:020}.txnindex", base.0)).unwrap();
            let wrong = found.iter().filter(|one| is_wrong(one) && !one.to_string().contains(&name));
            assert_eq!(wrong.count(), 0, "seed {seed}, round {round}: {found:?}");
        }
        // Behind a crash, without anything but the segments.
        let known = committed(&writing.rig.log.view());
        let (stable, gaps) =
            (writing.rig.log.view().last_stable_offset(), writing.rig.log.checkpoint().gaps_below);
        let durable = writing.rig.log.end();
        let disk = Arc::new(writing.rig.disk.power_cut());
        for name in disk.list(&directory()).unwrap() {
            if [".snapshot", ".txnindex", ".index", ".timeindex"].iter().any(|kind| name.ends_with(kind)) {
                disk.remove_file(&directory().join(name)).unwrap();
            }
        }
        let from = OpenFrom { durable, gaps_below: gaps, ..OpenFrom::default() };
        let (rig, _) = Rig::recover(&disk, compacted(), from);
        assert_eq!(rig.log.view().last_stable_offset(), stable, "seed {seed}");
        assert_eq!(committed(&rig.log.view()), known, "seed {seed}");
    }
    assert!(compactions > 200, "{compactions}");
}

#[test]
fn markers_go_when_nothing_of_their_transactions_is_left_and_their_time_is_over() {
    let mut writing = Writing::new(7);
    writing.write(300);
    writing.end_all();
    let before = counts(&writing.rig.log.view());
    // Somebody else writes all keys anew.
    let all: Vec<Sent> = (0..10).map(|number| (format!("key-{number}"), Some("new".to_owned()))).collect();
    writing.rig.roll();
    writing.rig.append(keyed(&all, ProducerStamp::NONE));
    writing.rig.roll();
    writing.rig.append(keyed(&[("key-0".to_owned(), Some("last".to_owned()))], ProducerStamp::NONE));
    assert!(compact(&mut writing.rig, NOW).unwrap());
    let (data, markers, _) = counts(&writing.rig.log.view());
    assert_eq!((data, markers), (2, before.1), "their time is not over");
    let retention = writing.rig.log.config().delete_retention;
    writing.rig.roll();
    writing.rig.append(keyed(&all[..1], ProducerStamp::NONE));
    assert!(compact(&mut writing.rig, NOW.after(retention * 2)).unwrap());
    let (_, markers, emptied) = counts(&writing.rig.log.view());
    let producers = usize::try_from(PRODUCERS).unwrap();
    assert_eq!(markers, producers, "the last one of each tells its epoch");
    assert!(emptied >= producers, "the last batch of each tells its sequence");
    // Of producers that the log has forgotten nothing stays.
    writing.rig.roll();
    writing.rig.append(keyed(&all[..1], ProducerStamp::NONE));
    let view = writing.rig.log.view();
    let config = Arc::clone(writing.rig.log.config());
    for pass in 1..3 {
        let now = NOW.after(retention * (4 * pass));
        if let Some(due) = view.compaction_due(&config, now).unwrap() {
            writing.rig.log.allow_gaps_below(due.upto());
            let log = &mut writing.rig.log;
            let taken = |segment| {
                log.take_in(segment).unwrap();
                Ok(())
            };
            due.with_producers(Default::default()).run(now, 1 << 20, || false, taken).unwrap();
        }
    }
    assert_eq!(counts(&writing.rig.log.view()).1, 0);
}
