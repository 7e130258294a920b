//! Reads and look-ups from anywhere.

use super::*;
use crate::io::OpenMode;

/// Three records a batch, ten bytes a value.
fn filled(config: LogConfig, batches: usize) -> Rig {
    let mut rig = Rig::create(config);
    for values in numbers(0, 3 * batches).chunks(3) {
        let values: Vec<_> = values.iter().map(String::as_str).collect();
        rig.append(batch(&values, 0));
    }
    rig
}

#[test]
fn a_read_from_any_offset_starts_with_the_batch_that_holds_it() {
    let rig = filled(small_segments(), 100);
    let view = rig.log.view();
    let all = numbers(0, 300);
    for from in 0..300_usize {
        for max_bytes in [0, 1, 150, 100_000] {
            let offset = Offset(i64::try_from(from).unwrap());
            let read = view.read(offset, max_bytes, Offset(i64::MAX)).unwrap();
            let first = Batches::new(&read.bytes).next().unwrap().unwrap();
            assert!(first.header().base_offset() <= offset && offset <= first.header().last_offset());
            let values = values_in(&read, offset);
            assert!(!values.is_empty());
            assert_eq!(values, all[from..from + values.len()]);
            if max_bytes < 200 {
                assert_eq!(Batches::new(&read.bytes).count(), 1, "one batch, however small the limit");
            }
        }
    }
}

#[test]
fn a_read_ends_below_its_bound() {
    let rig = filled(one_segment(), 10);
    let view = rig.log.view();
    for upto in 0..=30_i64 {
        let read = view.read(Offset(0), 100_000, Offset(upto)).unwrap();
        // Whole batches of three only.
        assert_eq!(read.next.offset(), Offset(upto / 3 * 3), "up to {upto}");
    }
}

#[test]
fn nothing_is_read_at_the_end_and_outside_is_an_error() {
    let mut rig = filled(small_segments(), 10);
    let view = rig.log.view();
    let read = view.read(Offset(30), 1000, Offset(i64::MAX)).unwrap();
    assert!(read.bytes.is_empty());
    assert_eq!(read.next.offset(), Offset(30));
    rig.log.delete_records(Offset(5)).unwrap();
    for outside in [-1, 0, 4, 31] {
        match view.read(Offset(outside), 1000, Offset(i64::MAX)) {
            Err(ReadError::OutOfRange { offset, log_start, end }) => {
                assert_eq!((offset.0, log_start.0, end.0), (outside, 5, 30));
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(values_in(&view.read(Offset(5), 1, Offset(i64::MAX)).unwrap(), Offset(5)), numbers(5, 6));
}

#[test]
fn what_is_not_below_the_high_watermark_is_not_seen() {
    let mut rig = filled(one_segment(), 2);
    let view = rig.log.view();
    let Prepared::Write { bytes, .. } = rig.log.prepare(batch(&["hidden"], 77), NOW).unwrap() else {
        panic!("not a duplicate")
    };
    rig.write(vec![bytes], Durability::Cached);
    rig.log.mark_written(Offset(7));
    assert_eq!((view.end(), view.high_watermark()), (Offset(7), Offset(6)));
    assert_eq!(view.read(Offset(0), 100_000, Offset(i64::MAX)).unwrap().next.offset(), Offset(6));
    assert!(view.read(Offset(6), 1000, Offset(i64::MAX)).unwrap().bytes.is_empty());
    assert!(view.read(Offset(7), 1000, Offset(i64::MAX)).unwrap().bytes.is_empty());
    assert_eq!(view.offset_for_timestamp(Timestamp(77)).unwrap(), None);
    rig.log.set_high_watermark(Offset(7));
    assert_eq!(view.offset_for_timestamp(Timestamp(77)).unwrap().unwrap().offset, Offset(6));
    assert_eq!(rig.values().last().unwrap(), "hidden");
}

#[test]
fn a_cursor_outlives_the_roll_and_the_end_of_its_segment() {
    let mut rig = filled(one_segment(), 2);
    let view = rig.log.view();
    let mut cursor = view.read(Offset(0), 100_000, Offset(i64::MAX)).unwrap().next;
    rig.append(batch(&["six"], 0));
    rig.roll();
    let read = view.read(cursor, 100_000, Offset(i64::MAX)).unwrap();
    assert_eq!(values_in(&read, Offset(6)), ["six"]);
    cursor = read.next;
    assert!(view.read(cursor, 100_000, Offset(i64::MAX)).unwrap().bytes.is_empty());
    rig.append(batch(&["seven"], 0));
    assert_eq!(values_in(&view.read(cursor, 1, Offset(i64::MAX)).unwrap(), Offset(7)), ["seven"]);
}

/// Every timestamp is looked up in logs whose times ascend, descend, or jump, compressed or not, before and after
/// a reopen, and compared with a walk through all records.
#[test]
fn look_ups_by_time_find_the_first_record_that_is_not_earlier() {
    for (codec, spread) in [(Compression::None, 1_i64), (Compression::Lz4, 7), (Compression::None, -3)] {
        let mut rig = Rig::create(small_segments());
        let mut times = Vec::new();
        for number in 0..200_i64 {
            let base = 10_000 + spread * number + (number * 7919) % 50;
            let records = [(base, "a"), (base + 13, "b"), (base - 5, "c")];
            rig.append(timed(&records, codec, ProducerStamp::NONE));
            times.extend(records.map(|(timestamp, _)| timestamp));
        }
        check_times(&rig.log.view(), &times);
        let (disk, from) = rig.close();
        let (log, _) = open(&disk, small_segments(), from).unwrap();
        check_times(&log.view(), &times);
    }
}

fn check_times(view: &LogView, times: &[i64]) {
    let newest = *times.iter().max().unwrap();
    for wanted in (9_000..newest + 10).step_by(3) {
        let expected = times.iter().position(|timestamp| *timestamp >= wanted);
        let found = view.offset_for_timestamp(Timestamp(wanted)).unwrap();
        assert_eq!(found.map(|found| usize::try_from(found.offset.0).unwrap()), expected, "at {wanted}");
        assert!(found.is_none_or(|found| found.timestamp.0 == times[expected.unwrap()]));
    }
    let found = view.max_timestamp().unwrap().unwrap();
    let expected = times.iter().position(|timestamp| *timestamp == newest).unwrap();
    assert_eq!((found.timestamp.0, usize::try_from(found.offset.0).unwrap()), (newest, expected));
}

#[test]
fn records_without_a_time_have_none() {
    let mut rig = Rig::create(small_segments());
    assert_eq!(rig.log.view().max_timestamp().unwrap(), None);
    assert_eq!(rig.log.view().offset_for_timestamp(Timestamp(0)).unwrap(), None);
    for _ in 0..50 {
        rig.append(batch(&["x"], -1));
    }
    assert_eq!(rig.log.view().max_timestamp().unwrap(), None);
    let (disk, from) = rig.close();
    let (log, _) = open(&disk, small_segments(), from).unwrap();
    assert_eq!(log.view().max_timestamp().unwrap(), None);
    assert_eq!(log.view().offset_for_timestamp(Timestamp(0)).unwrap(), None);
}

#[test]
fn log_append_time_is_the_time_of_every_record() {
    let config =
        LogConfig { timestamp_type: crate::record::TimestampType::LogAppendTime, ..small_segments() };
    let mut rig = Rig::create(config);
    let Prepared::Write { append_time, bytes, .. } = rig.append_at(batch(&["a", "b"], 5), Timestamp(777))
    else {
        panic!("not a duplicate")
    };
    assert_eq!(append_time, Timestamp(777));
    Batches::new(&bytes).next().unwrap().unwrap().verify().unwrap();
    let found = rig.log.view().offset_for_timestamp(Timestamp(6)).unwrap().unwrap();
    assert_eq!((found.timestamp, found.offset), (Timestamp(777), Offset(0)));
}

#[test]
fn a_hole_in_the_log_is_named_and_not_skipped() {
    let rig = filled(small_segments(), 100);
    let view = rig.log.view();
    let bases = view.segment_bases();
    let (disk, from) = rig.close();
    let middle = bases[bases.len() / 2];
    disk.remove_file(&directory().join(format!("{:020}.log", middle.0))).unwrap();
    let (log, _) = open(&disk, small_segments(), from).unwrap();
    let before = middle.plus(-1);
    assert!(!log.view().read(before, 1, Offset(i64::MAX)).unwrap().bytes.is_empty());
    match log.view().read(middle, 1, Offset(i64::MAX)) {
        Err(ReadError::Corrupt(corruption)) => assert_eq!(corruption.offset, middle),
        other => panic!("{other:?}"),
    }
    // Compaction may have done that.
    let (log, _) = open(&disk, small_segments(), OpenFrom { gaps_below: Offset(i64::MAX), ..from }).unwrap();
    assert!(!log.view().read(middle, 1, Offset(i64::MAX)).unwrap().bytes.is_empty());
}

#[test]
fn a_batch_that_claims_to_reach_beyond_the_high_watermark_is_damage() {
    let rig = filled(one_segment(), 10);
    let view = rig.log.view();
    let path = directory().join(format!("{:020}.log", 0));
    let file = rig.disk.open(&path, OpenMode::ReadWrite).unwrap();
    // The first batch's last offset, by one bit: 65,538 instead of 2.
    let mut byte = [0];
    file.read_at(&mut byte, 24).unwrap();
    file.write_at(&[byte[0] ^ 1], 24).unwrap();
    match view.read(Offset(0), 1000, Offset(i64::MAX)) {
        Err(ReadError::Corrupt(found)) => {
            assert_eq!((found.file, found.position, found.offset), (path, 0, Offset(0)));
        }
        other => panic!("{other:?}"),
    }
}
