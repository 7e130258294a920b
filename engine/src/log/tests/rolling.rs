//! When a segment ends, and what it leaves.

use std::time::Duration;

use super::*;
use crate::io::{Failure, Fault, Lasting, Operation};

#[test]
fn closed_files_are_kafkas_to_the_last_byte() {
    let mut rig = Rig::create(small_segments());
    for value in numbers(0, 100) {
        rig.append(batch(&[&value], 7));
    }
    let bases = rig.log.view().segment_bases();
    for pair in bases.windows(2) {
        let log = read_file(&rig, pair[0], "log");
        let last = Batches::new(&log).last().unwrap().unwrap();
        assert_eq!(last.header().next_offset(), pair[1]);
        let consumed: usize = Batches::new(&log).map(|batch| batch.unwrap().size()).sum();
        assert_eq!(consumed, log.len(), "nothing behind the last batch");
        // One entry: every timestamp is the same.
        let times = read_file(&rig, pair[0], "timeindex");
        assert_eq!((times.len(), &times[..8]), (12, &7_i64.to_be_bytes()[..]));
        check_offset_index(&log, &read_file(&rig, pair[0], "index"), pair[0]);
    }
}

/// What kafka-dump-log checks: each entry is the last offset of the batch at its position.
fn check_offset_index(log: &[u8], index: &[u8], base: Offset) {
    assert!(!index.is_empty() && index.len().is_multiple_of(8));
    for entry in index.chunks(8) {
        let relative = i32::from_be_bytes(entry[..4].try_into().unwrap());
        let position = i32::from_be_bytes(entry[4..].try_into().unwrap());
        let at = usize::try_from(position).unwrap();
        let batch = Batches::new(&log[at..]).next().unwrap().unwrap();
        assert_eq!(batch.header().last_offset(), base.plus(i64::from(relative)));
    }
}

fn read_file(rig: &Rig, base: Offset, extension: &str) -> Vec<u8> {
    rig.disk.read_file(&directory().join(format!("{:020}.{extension}", base.0)), 1 << 20).unwrap()
}

#[test]
fn a_segment_rolls_when_its_records_span_segment_ms() {
    let config = LogConfig { segment_age_max: Duration::from_secs(10), ..one_segment() };
    let mut rig = Rig::create(config.clone());
    let needs_roll = |rig: &Rig, timestamp, now| rig.log.needs_roll(batch(&["x"], timestamp).header(), now);
    assert!(!needs_roll(&rig, 99_999_999, NOW), "an empty segment has no age");
    rig.append(batch(&["x"], 50_000));
    assert!(!needs_roll(&rig, 60_000, NOW));
    assert!(needs_roll(&rig, 60_001, NOW));
    assert!(!needs_roll(&rig, 10, NOW), "a clock that goes backwards makes nothing older");
    let (disk, from) = rig.close();
    let (rig, _) = Rig::recover(&disk, config, from);
    assert!(needs_roll(&rig, 60_001, NOW), "the age survives a restart");
}

#[test]
fn a_compacted_segment_rolls_when_its_records_span_max_compaction_lag_ms() {
    for (compact, rolls) in [(true, true), (false, false)] {
        let mut config = LogConfig { max_compaction_lag: Duration::from_secs(10), ..one_segment() };
        config.cleanup_policy.compact = compact;
        let mut rig = Rig::create(config);
        rig.append(batch(&["a"], 50_000));
        assert!(!rig.log.needs_roll(batch(&["b"], 60_000).header(), NOW));
        assert_eq!(rig.log.needs_roll(batch(&["b"], 60_001).header(), NOW), rolls);
    }
}

#[test]
fn without_timestamps_the_age_counts_from_the_first_append() {
    let config = LogConfig { segment_age_max: Duration::from_secs(10), ..one_segment() };
    let mut rig = Rig::create(config);
    rig.append_at(batch(&["x"], -1), Timestamp(1_000));
    assert!(!rig.log.needs_roll(batch(&["x"], -1).header(), Timestamp(11_000)));
    assert!(rig.log.needs_roll(batch(&["x"], -1).header(), Timestamp(11_001)));
    assert!(!rig.log.needs_roll(batch(&["x"], -1).header(), Timestamp(i64::MIN)));
}

#[test]
fn jitter_makes_segments_roll_earlier_and_always_alike() {
    let config = LogConfig {
        segment_age_max: Duration::from_secs(100),
        segment_jitter: Duration::from_secs(50),
        ..one_segment()
    };
    let ages: Vec<i64> = (0..2)
        .map(|_| {
            let mut rig = Rig::create(config.clone());
            rig.append(batch(&["x"], 0));
            (1..200_000).step_by(10).find(|t| rig.log.needs_roll(batch(&["x"], *t).header(), NOW)).unwrap()
        })
        .collect();
    assert_eq!(ages[0], ages[1]);
    assert!((50_000..=100_010).contains(&ages[0]), "{ages:?}");
}

#[test]
fn a_full_index_rolls() {
    let config = LogConfig { index_interval_bytes: 0, segment_index_bytes: 120, ..LogConfig::default() };
    let mut rig = Rig::create(config);
    for number in 0..100 {
        rig.append(batch(&["x"], number));
    }
    for base in rig.log.view().segment_bases() {
        for extension in ["index", "timeindex"] {
            let path = directory().join(format!("{:020}.{extension}", base.0));
            let size = rig.disk.read_file(&path, 1 << 20).map_or(0, |bytes| bytes.len());
            assert!(size <= 120, "{extension} has {size} bytes");
        }
    }
    assert!(rig.log.view().segment_bases().len() > 5);
}

#[test]
fn a_batch_that_fits_no_segment_is_refused_and_given_back() {
    let config = LogConfig { segment_bytes: 500, ..LogConfig::default() };
    let large = "x".repeat(500);
    let refused = admit(batch(&[&large], 0), &config, NOW, &mut Vec::new()).unwrap_err();
    assert!(matches!(refused.error, AppendError::TooLarge { size_max: 500, .. }));
    assert!(refused.batch.size() > 500);
    assert!(admit(batch(&["small"], 0), &config, NOW, &mut Vec::new()).is_ok());
}

/// Every disk operation of a roll fails in turn: either nothing has changed and the next try works, or the log is offline, and
/// in both cases a reopened log has every record.
#[test]
fn a_failed_roll_loses_nothing() {
    let mut tried = 0;
    for nth in 1.. {
        let mut rig = Rig::create(one_segment());
        rig.append(batch(&["a", "b"], 0));
        let before = rig.disk.operation_count();
        let failure = Failure::Errno(libc::ENOSPC);
        let fault =
            Fault { operation: None, path_suffix: String::new(), nth, lasting: Lasting::Once, failure };
        rig.disk.inject(fault);
        let rolled = rig.log.roll(&mut *rig.queue);
        rig.disk.clear_faults();
        if rolled.is_ok() && rig.disk.operation_count() - before < nth {
            break;
        }
        tried += 1;
        match rig.log.roll(&mut *rig.queue) {
            Ok(()) => {
                rig.append(batch(&["c"], 0));
                assert_eq!(rig.values(), ["a", "b", "c"]);
                assert_eq!(rig.log.view().segment_bases(), [Offset(0), Offset(2)]);
            }
            Err(error) => {
                assert!(matches!(error, LogError::Offline { .. }), "{error}");
                assert_eq!(rig.log.prepare(batch(&["c"], 0), NOW).unwrap_err().error, AppendError::Offline);
            }
        }
        let durable = rig.log.durable();
        let disk = Arc::new(rig.disk.power_cut());
        let (rig, _) = Rig::recover(&disk, one_segment(), OpenFrom { durable, ..OpenFrom::default() });
        assert_eq!(rig.values()[..2], ["a", "b"]);
    }
    assert!(tried > 8, "{tried} operations");
}

#[test]
fn a_failed_close_of_the_old_segment_takes_the_log_offline() {
    let mut rig = Rig::create(one_segment());
    rig.append(batch(&["a"], 0));
    rig.disk.inject(Fault {
        operation: Some(Operation::Sync),
        path_suffix: ".log".to_owned(),
        nth: 1,
        lasting: Lasting::Once,
        failure: Failure::Errno(libc::EIO),
    });
    rig.log.roll(&mut *rig.queue).unwrap_err();
    assert!(matches!(rig.log.roll(&mut *rig.queue), Err(LogError::Offline { .. })));
    assert!(matches!(rig.log.close(&mut *rig.queue), Err(LogError::Offline { .. })));
    assert_eq!(rig.values(), ["a"], "readers go on");
}
