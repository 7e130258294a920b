//! What goes, and what stays.

use std::time::Duration;

use super::*;

/// Hundred values, one a second, in segments of about ten.
fn filled(config: LogConfig) -> Rig {
    let mut rig = Rig::create(config);
    for (second, value) in (0_i64..).zip(numbers(0, 100)) {
        rig.append(batch(&[&value], 1000 * second));
    }
    rig
}

fn retained(rig: &Rig) -> usize {
    let values = rig.values();
    assert_eq!(values, numbers(100 - values.len(), 100));
    assert_eq!(rig.log.view().log_start().0, i64::try_from(100 - values.len()).unwrap());
    values.len()
}

fn by_time(seconds: u64) -> LogConfig {
    LogConfig { retention: Some(Duration::from_secs(seconds)), ..small_segments() }
}

#[test]
fn segments_go_when_their_newest_record_is_too_old() {
    let mut rig = filled(by_time(50));
    let bases = rig.log.view().segment_bases();
    assert_eq!(rig.log.apply_retention(Timestamp(50_000)).unwrap(), Retention::default());
    let retention = rig.log.apply_retention(Timestamp(100_000)).unwrap();
    // A segment stays as long as one of its records is at most 50 s old.
    let expected = bases.windows(2).filter(|pair| 1000 * (pair[1].0 - 1) < 50_000).count();
    assert_eq!(retention.removed.len(), expected);
    assert!(!retention.roll_wanted);
    let first = usize::try_from(bases[expected].0).unwrap();
    assert_eq!(retained(&rig), 100 - first);
    for file in &retention.removed {
        assert!(file.to_str().unwrap().ends_with(".log.deleted"));
        rig.disk.remove_file(file).unwrap();
    }
    let left =
        rig.names().into_iter().filter(|name| name.starts_with(&format!("{:020}", bases[0].0))).count();
    assert_eq!(left, 0, "the indexes are gone, too");
}

#[test]
fn the_active_segment_goes_when_all_of_it_is_too_old() {
    let mut rig = filled(by_time(50));
    let retention = rig.log.apply_retention(Timestamp(1_000_000)).unwrap();
    assert!(retention.roll_wanted);
    rig.roll();
    let retention = rig.log.apply_retention(Timestamp(1_000_000)).unwrap();
    assert_eq!((retention.removed.len(), retention.roll_wanted), (1, false));
    assert_eq!(retained(&rig), 0);
    let (disk, from) = rig.close();
    let (mut rig, _) = Rig::recover(&disk, by_time(50), from);
    assert_eq!((rig.log.view().log_start(), rig.log.end()), (Offset(100), Offset(100)));
    rig.append(batch(&["value-0100"], 0));
    assert_eq!(rig.values(), ["value-0100"]);
}

#[test]
fn a_clock_that_goes_backwards_or_wild_deletes_nothing_that_is_young() {
    let mut rig = filled(by_time(50));
    for now in [i64::MIN, -1, 0, 99_000] {
        rig.log.apply_retention(Timestamp(now)).unwrap();
        assert!(rig.values().contains(&"value-0060".to_owned()), "at {now}");
    }
    let mut forever = filled(LogConfig { retention: None, ..small_segments() });
    assert_eq!(forever.log.apply_retention(Timestamp(i64::MAX)).unwrap(), Retention::default());
}

#[test]
fn segments_go_when_the_log_is_too_large_without_them() {
    for kept in [1, 1500, 3000, 1 << 20] {
        let mut rig = filled(LogConfig { retention_bytes: Some(kept), ..small_segments() });
        let before = rig.log.view().size().unwrap();
        let removed = rig.log.apply_retention(Timestamp(0)).unwrap();
        let size = rig.log.view().size().unwrap();
        assert_eq!(size, before - removed.bytes_removed);
        assert!(size >= kept.min(before).min(900), "{size} of {kept}");
        assert!(size < kept + 1000 || size == before, "{size} of {kept}");
        assert!(retained(&rig) > 0, "the active segment stays");
    }
}

#[test]
fn nothing_is_kept_where_no_byte_is_to_be_kept() {
    let mut rig = filled(LogConfig { retention_bytes: Some(0), ..small_segments() });
    assert!(rig.log.apply_retention(Timestamp(0)).unwrap().roll_wanted);
    rig.roll();
    assert!(!rig.log.apply_retention(Timestamp(0)).unwrap().roll_wanted);
    assert_eq!(retained(&rig), 0);
    rig.append(batch(&["value-0100"], 0));
    assert_eq!(rig.values(), ["value-0100"]);
}

#[test]
fn a_compacted_log_keeps_everything_but_what_was_deleted_by_hand() {
    let cleanup_policy = crate::config::topic::CleanupPolicy { delete: false, compact: true };
    let config = LogConfig { cleanup_policy, retention_bytes: Some(1), ..by_time(1) };
    let mut rig = filled(config);
    assert_eq!(rig.log.apply_retention(Timestamp(i64::MAX)).unwrap(), Retention::default());
    rig.log.delete_records(Offset(55)).unwrap();
    assert!(rig.log.apply_retention(Timestamp(0)).unwrap().removed.len() > 3);
    assert_eq!(retained(&rig), 45);
}

#[test]
fn deleted_records_stay_deleted_and_never_pass_the_high_watermark() {
    let mut rig = filled(small_segments());
    assert_eq!(rig.log.delete_records(Offset(42)).unwrap(), Offset(42));
    assert_eq!(rig.log.delete_records(Offset(10)).unwrap(), Offset(42), "never backwards");
    let refused = rig.log.delete_records(Offset(101)).unwrap_err();
    assert_eq!(refused.high_watermark, Offset(100));
    assert_eq!(retained(&rig), 58);
    let (disk, from) = rig.close();
    assert_eq!(from.log_start, Offset(42));
    let (mut rig, _) = Rig::recover(&disk, small_segments(), from);
    assert_eq!(retained(&rig), 58);
    rig.log.delete_records(Offset(100)).unwrap();
    assert_eq!(retained(&rig), 0);
    assert!(rig.log.apply_retention(Timestamp(0)).unwrap().roll_wanted);
}

#[test]
fn readers_keep_what_they_have_open() {
    let mut rig = filled(by_time(50));
    let view = rig.log.view();
    let read = view.read(Offset(3), 1, Offset(i64::MAX)).unwrap();
    for file in rig.log.apply_retention(Timestamp(100_000)).unwrap().removed {
        rig.disk.remove_file(&file).unwrap();
    }
    assert_eq!(values_in(&read, Offset(3)), numbers(3, 4));
    assert!(matches!(view.read(read.next, 1, Offset(i64::MAX)), Err(ReadError::OutOfRange { .. })));
}
