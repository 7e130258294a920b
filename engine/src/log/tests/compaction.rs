//! Compaction keeps the newest record of every key, in its place, whatever happens on the way.

use std::collections::BTreeMap;

use super::*;
use crate::config::topic::CleanupPolicy;
use crate::io::{Failure, Fault, Lasting};
use crate::log::inspection::{CheckFrom, Finding, PartitionCheck, check_partition};
use crate::types::{ProducerEpoch, ProducerId, Sequence};

/// What a consumer that starts at the beginning knows in the end: the value of each key, if it has one.
pub(super) type State = BTreeMap<String, String>;

/// A record as it was sent.
pub(super) type Sent = (String, Option<String>);

pub(super) fn compacted() -> LogConfig {
    LogConfig {
        cleanup_policy: CleanupPolicy { delete: false, compact: true },
        min_cleanable_dirty_ratio: 0.0,
        ..small_segments()
    }
}

pub(super) fn keyed(records: &[Sent], stamp: ProducerStamp) -> SealedBatch {
    let mut builder = BatchBuilder::new(BufferPool::new(0).take(256), Compression::Zstd);
    for (key, value) in records {
        let (key, value) = (Some(key.as_bytes()), value.as_ref().map(String::as_bytes));
        builder.append(&RecordData { timestamp: NOW, key, value, headers: &[] }).unwrap();
    }
    builder.seal(stamp, None).unwrap()
}

/// All records with their offsets; every checksum must be right and every offset higher than the one before.
fn records(view: &LogView) -> Vec<(Offset, Sent)> {
    let mut found: Vec<(Offset, Sent)> = Vec::new();
    let mut from: ReadCursor = view.log_start().into();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    while from.offset() < view.high_watermark() {
        let read = view.read(from, 200, Offset(i64::MAX)).unwrap();
        for batch in Batches::new(&read.bytes) {
            let batch = batch.unwrap();
            batch.verify().unwrap();
            for record in batch.unpack(&mut Vec::new(), 1 << 20).unwrap() {
                let record = record.unwrap();
                assert!(found.last().is_none_or(|(last, _)| *last < record.offset));
                found.push((record.offset, (text(record.key.unwrap()), record.value.map(text))));
            }
        }
        assert!(read.next.offset() > from.offset(), "a read goes on");
        from = read.next;
    }
    found
}

pub(super) fn state(records: impl IntoIterator<Item = Sent>) -> State {
    let mut state = State::new();
    for (key, value) in records {
        match value {
            Some(value) => state.insert(key, value),
            None => state.remove(&key),
        };
    }
    state
}

/// A log of many versions of few keys, and all that was sent to it.
fn filled(seed: u64) -> (Rig, Vec<Sent>) {
    let (mut rig, mut dice) = (Rig::create(compacted()), Dice(seed));
    let mut sent = Vec::new();
    fill(&mut rig, &mut dice, &mut sent, 60);
    (rig, sent)
}

fn fill(rig: &mut Rig, dice: &mut Dice, sent: &mut Vec<Sent>, batches: usize) {
    for _ in 0..batches {
        let count = 1 + usize::try_from(dice.below(4)).unwrap();
        let records: Vec<Sent> = (0..count)
            .map(|at| {
                let key = format!("key-{}", dice.below(12));
                let value =
                    (dice.below(5) > 0).then(|| format!("value-{}-{}", sent.len() + at, dice.below(1 << 40)));
                (key, value)
            })
            .collect();
        let stamp = ProducerStamp {
            producer_id: ProducerId(9),
            epoch: ProducerEpoch(0),
            base_sequence: Sequence(i32::try_from(sent.len()).unwrap()),
            transactional: false,
        };
        rig.append(keyed(&records, stamp));
        sent.extend(records);
    }
}

/// Compacts as a broker does; false when nothing was due.
pub(super) fn compact(rig: &mut Rig, now: Timestamp) -> Result<bool, CompactionError> {
    let config = Arc::clone(rig.log.config());
    let Some(compaction) = rig.log.view().compaction_due(&config, now)? else { return Ok(false) };
    rig.log.allow_gaps_below(compaction.upto());
    let compacted = compaction.run(now, 1 << 20, || false, |segment| take_in(rig, segment))?;
    rig.log.compacted_to(compacted.upto);
    Ok(true)
}

fn take_in(rig: &mut Rig, segment: CompactedSegment) -> Result<(), CompactionError> {
    let taken = rig.log.take_in(segment);
    for file in taken.map_err(|error| CompactionError::NotTakenIn(error.to_string()))?.unwrap() {
        // What stays is removed by the next opening.
        drop(rig.disk.remove_file(&file));
    }
    Ok(())
}

/// What a look at the folder finds, without changing it.
pub(super) fn look_at(disk: &Arc<SimDisk>, open: OpenFrom) -> PartitionCheck {
    let disk: Arc<dyn Disk> = Arc::clone(disk) as Arc<dyn Disk>;
    let from = CheckFrom { topic_id: None, open, index_interval: compacted().index_interval_bytes };
    check_partition(&disk, &directory(), &from, &mut |_| {})
}

/// The log has the newest record of every key where it was sent, and nothing that was not.
fn check(rig: &Rig, sent: &[Sent]) {
    let found = records(&rig.log.view());
    for (offset, record) in &found {
        assert_eq!(*record, sent[usize::try_from(offset.0).unwrap()], "offset {offset}");
    }
    assert_eq!(state(found.into_iter().map(|(_, record)| record)), state(sent.to_vec()));
    assert_eq!(rig.log.end(), Offset(i64::try_from(sent.len()).unwrap()));
}

fn size(rig: &Rig) -> u64 {
    rig.log.view().size().unwrap()
}

#[test]
fn the_newest_of_every_key_stays_where_it_was() {
    for seed in 1..=60 {
        let (mut rig, mut sent) = filled(seed);
        let mut dice = Dice(seed << 20);
        for _ in 0..4 {
            let before = size(&rig);
            assert!(compact(&mut rig, NOW).unwrap());
            check(&rig, &sent);
            assert!(size(&rig) < before);
            assert!(!compact(&mut rig, NOW).unwrap(), "nothing is new");
            fill(&mut rig, &mut dice, &mut sent, 20);
        }
        // Where it was closed, and where it crashed.
        let gaps = rig.log.checkpoint().gaps_below;
        let (disk, from) = rig.close();
        let (rig, report) = Rig::recover(&disk, compacted(), from);
        assert_eq!(report.segments_read, 0);
        check(&rig, &sent);
        let disk = Arc::new(rig.disk.power_cut());
        let durable = Offset(i64::try_from(sent.len()).unwrap());
        let from = OpenFrom { durable, gaps_below: gaps, ..OpenFrom::default() };
        let (mut rig, report) = Rig::recover(&disk, compacted(), from);
        assert!(report.segments_read > 1, "all of it was read");
        check(&rig, &sent);
        fill(&mut rig, &mut dice, &mut sent, 20);
        compact(&mut rig, NOW).unwrap();
        check(&rig, &sent);
    }
}

#[test]
fn a_disk_that_fails_at_any_point_and_a_power_cut_behind_it_lose_nothing() {
    let (mut runs, mut waiting) = (0, 0);
    for nth in 1.. {
        let (mut rig, sent) = filled(7);
        let (operation, path_suffix) = (None, String::new());
        let (lasting, failure) = (Lasting::ForGood, Failure::Errno(libc::EIO));
        rig.disk.inject(Fault { operation, path_suffix, nth, lasting, failure });
        let outcome = compact(&mut rig, NOW);
        rig.disk.clear_faults();
        runs += 1;
        let gaps = rig.log.checkpoint().gaps_below;
        for disk in [Arc::clone(&rig.disk), Arc::new(rig.disk.power_cut())] {
            let durable = Offset(i64::try_from(sent.len()).unwrap());
            let from = OpenFrom { durable, gaps_below: gaps, ..OpenFrom::default() };
            let found = look_at(&disk, from);
            assert!(found.findings.iter().all(Finding::is_repairable), "{found:?}");
            waiting += found.findings.iter().filter(|one| matches!(one, Finding::Waiting { .. })).count();
            let (rig, _) = Rig::recover(&disk, compacted(), from);
            check(&rig, &sent);
            let opened = look_at(&disk, from);
            let counts = |check: &PartitionCheck| (check.segments, check.batches, check.records, check.end);
            assert_eq!(counts(&found), counts(&opened), "what opening finds");
            assert!(!rig.names().iter().any(|name| name.ends_with(".swap") || name.ends_with(".cleaned")));
        }
        if outcome.is_ok() {
            break;
        }
    }
    assert!(runs > 20 && waiting > 0, "{runs} points of failure, {waiting} segments that wait");
}

#[test]
fn tombstones_go_when_their_time_is_over() {
    let mut rig = Rig::create(compacted());
    let record = |key: &str, value: Option<&str>| (key.to_owned(), value.map(str::to_owned));
    rig.append(keyed(&[record("gone", Some("v")), record("stays", Some("v"))], ProducerStamp::NONE));
    rig.append(keyed(&[record("gone", None)], ProducerStamp::NONE));
    rig.roll();
    rig.append(keyed(&[record("other", Some("v"))], ProducerStamp::NONE));
    assert!(compact(&mut rig, NOW).unwrap());
    let keys = |rig: &Rig| -> Vec<String> {
        records(&rig.log.view()).into_iter().map(|(_, (key, _))| key).collect()
    };
    assert_eq!(keys(&rig), ["stays", "gone", "other"], "a consumer that is behind learns of the deletion");
    let delete_retention = rig.log.config().delete_retention;
    for (late, expected) in [(false, 4), (true, 3)] {
        rig.roll();
        rig.append(keyed(&[record("other", Some("w"))], ProducerStamp::NONE));
        let now = if late { NOW.after(delete_retention).after(delete_retention) } else { NOW };
        assert!(compact(&mut rig, now).unwrap());
        assert_eq!(keys(&rig).len(), expected, "{:?}", keys(&rig));
    }
    assert_eq!(keys(&rig), ["stays", "other", "other"]);
}

/// A compaction that is cut short before or behind its first segment, or by the end of its memory, and a log that is opened
/// anew: what it has not come to is not taken for compacted, or a tombstone would go before what it deletes.
#[test]
fn what_a_compaction_did_not_come_to_is_still_to_be_compacted_after_the_next_opening() {
    let record = |key: &str, value: Option<&str>| (key.to_owned(), value.map(str::to_owned));
    for (segments, memory_max) in [(0, 1 << 20), (1, 1 << 20), (usize::MAX, 1)] {
        // One batch in each, so that there are several to be written.
        let config = LogConfig { segment_bytes: 100, ..compacted() };
        let mut rig = Rig::create(config.clone());
        for (key, value) in [("gone", Some("v")), ("stays", Some("v")), ("gone", None), ("other", Some("v"))]
        {
            rig.append(keyed(&[record(key, value)], ProducerStamp::NONE));
            rig.roll();
        }
        let compaction = rig.log.view().compaction_due(&config, NOW).unwrap().unwrap();
        rig.log.allow_gaps_below(compaction.upto());
        let mut taken = 0;
        let take_in = |segment| {
            taken += 1;
            if taken > segments { Err(CompactionError::Stopped) } else { take_in(&mut rig, segment) }
        };
        let outcome = compaction.run(NOW, memory_max, || false, take_in);
        assert_eq!(outcome.is_ok(), segments == usize::MAX);
        if let Ok(compacted) = outcome {
            assert!(compacted.upto < compaction.upto(), "memory for one key");
            rig.log.compacted_to(compacted.upto);
        }
        let (disk, from) = rig.close();
        let (mut rig, _) = Rig::recover(&disk, config, from);
        let mut now = NOW;
        for _ in 0..4 {
            rig.roll();
            rig.append(keyed(&[record("other", Some("w"))], ProducerStamp::NONE));
            compact(&mut rig, now).unwrap();
            now = now.after(rig.log.config().delete_retention).after(rig.log.config().delete_retention);
        }
        let keys: Vec<String> = records(&rig.log.view()).into_iter().map(|(_, (key, _))| key).collect();
        assert_eq!(keys, ["stays", "other", "other"], "{segments} segments, {memory_max} bytes");
    }
}

#[test]
fn a_compaction_stops_at_any_batch_when_it_is_asked_to() {
    let (mut rig, sent) = filled(11);
    let mut asked = 0;
    for batches in 0.. {
        let compaction = rig.log.view().compaction_due(&compacted(), NOW).unwrap().unwrap();
        rig.log.allow_gaps_below(compaction.upto());
        let seen = std::cell::Cell::new(0);
        let stops = || seen.replace(seen.get() + 1) == batches;
        let outcome = compaction.run(NOW, 1 << 20, stops, |segment| take_in(&mut rig, segment));
        check(&rig, &sent);
        match outcome {
            Ok(_) => break,
            Err(CompactionError::Stopped) => asked += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(asked > 20, "{asked} batches");
}

#[test]
fn a_producers_sequences_are_known_when_all_its_records_are_gone() {
    let (mut rig, sent) = filled(3);
    rig.roll();
    // Somebody else writes all keys anew.
    for number in 0..12 {
        rig.append(keyed(&[(format!("key-{number}"), Some("new".to_owned()))], ProducerStamp::NONE));
    }
    rig.roll();
    rig.append(keyed(&[("last".to_owned(), None)], ProducerStamp::NONE));
    assert!(compact(&mut rig, NOW).unwrap());
    assert_eq!(records(&rig.log.view()).len(), 13);
    let gaps = rig.log.checkpoint().gaps_below;
    let durable = rig.log.end();
    let disk = Arc::new(rig.disk.power_cut());
    let from = OpenFrom { durable, gaps_below: gaps, ..OpenFrom::default() };
    for name in disk.list(&directory()).unwrap().iter().filter(|name| name.ends_with(".snapshot")) {
        disk.remove_file(&directory().join(name)).unwrap();
    }
    let (rig, _) = Rig::recover(&disk, compacted(), from);
    let known = rig.log.describe_producers();
    let last = Sequence(i32::try_from(sent.len()).unwrap() - 1);
    assert_eq!(
        known.iter().map(|one| (one.id, one.last_sequence)).collect::<Vec<_>>(),
        [(ProducerId(9), last)]
    );
}

#[test]
fn what_is_young_or_little_is_left_for_later() {
    let (rig, _) = filled(5);
    let config = |change: fn(&mut LogConfig)| {
        let mut config = compacted();
        change(&mut config);
        config
    };
    let due =
        |config: &LogConfig, now: Timestamp| rig.log.view().compaction_due(config, now).unwrap().is_some();
    let hour = std::time::Duration::from_secs(3600);
    assert!(due(&compacted(), NOW));
    let young = config(|config| config.min_compaction_lag = std::time::Duration::from_secs(3600));
    assert!(!due(&young, NOW) && due(&young, NOW.after(hour).after(hour)));
    let ratio = config(|config| config.min_cleanable_dirty_ratio = 0.5);
    assert!(due(&ratio, NOW), "all of it is new");
    let ratio = config(|config| config.min_cleanable_dirty_ratio = 1.0);
    assert!(!due(&ratio, NOW), "more is asked for than there is");
}
