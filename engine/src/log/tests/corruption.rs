//! Damage on disk: refused where it was promised, cut where it was not, repaired where it can be made anew.

use super::*;
use crate::io::OpenMode;

const LOG: &str = "00000000000000000000.log";

/// One segment of 30 values with index entries, closed.
fn closed_segment() -> (Arc<SimDisk>, OpenFrom) {
    let mut rig = Rig::create(one_segment());
    for (value, timestamp) in numbers(0, 30).iter().zip([5, 9, 1, 7, 300].into_iter().cycle()) {
        rig.append(batch(&[value], timestamp));
    }
    rig.close()
}

fn write(disk: &Arc<SimDisk>, name: &str, bytes: &[u8]) {
    let file = disk.open(&directory().join(name), OpenMode::Create).unwrap();
    file.write_at(bytes, 0).unwrap();
}

fn read(disk: &Arc<SimDisk>, name: &str) -> Vec<u8> {
    disk.read_file(&directory().join(name), 1 << 20).unwrap()
}

fn after_crash(from: OpenFrom) -> OpenFrom {
    OpenFrom { clean: false, recovery_point: Offset(0), ..from }
}

#[test]
fn every_flipped_bit_of_durable_records_is_refused_with_file_and_byte() {
    let (disk, from) = closed_segment();
    let sound = read(&disk, LOG);
    let starts: Vec<u64> = Batches::new(&sound)
        .scan(0, |position, batch| {
            let start = *position;
            *position += batch.unwrap().size() as u64;
            Some(start)
        })
        .collect();
    for at in 0..sound.len() {
        let mut damaged = sound.clone();
        damaged[at] ^= 1 << (at % 8);
        write(&disk, LOG, &damaged);
        let error = open(&disk, one_segment(), after_crash(from)).unwrap_err();
        let LogError::Corrupt(corruption) = &error else { panic!("byte {at}: {error}") };
        assert_eq!(corruption.file, directory().join(LOG));
        let batch = starts.iter().rposition(|start| *start <= at as u64).unwrap();
        assert_eq!(corruption.position, starts[batch], "byte {at}: {error}");
        assert!(error.to_string().contains(&format!("{LOG} is corrupt at byte {}", corruption.position)));
    }
    write(&disk, LOG, &sound);
    assert_eq!(read_all(&open(&disk, one_segment(), after_crash(from)).unwrap().0.view()), numbers(0, 30));
}

#[test]
fn zeroed_sectors_and_missing_ends_of_durable_records_are_refused() {
    let (disk, from) = closed_segment();
    let sound = read(&disk, LOG);
    for start in (0..sound.len()).step_by(512) {
        let mut damaged = sound.clone();
        let end = sound.len().min(start + 512);
        damaged[start..end].fill(0);
        write(&disk, LOG, &damaged);
        assert!(
            matches!(open(&disk, one_segment(), after_crash(from)), Err(LogError::Corrupt(_))),
            "at {start}"
        );
    }
    for size in 0..sound.len() {
        write(&disk, LOG, &sound[..size]);
        assert!(matches!(open(&disk, one_segment(), after_crash(from)), Err(LogError::Corrupt(_))), "{size}");
    }
}

/// Behind the durable offset the same damage is a torn tail.
#[test]
fn every_flipped_bit_behind_the_durable_offset_is_cut() {
    let (disk, from) = closed_segment();
    let sound = read(&disk, LOG);
    let behind: usize = Batches::new(&sound).take(20).map(|batch| batch.unwrap().size()).sum();
    for at in behind..sound.len() {
        let mut damaged = sound.clone();
        damaged[at] ^= 0x10;
        write(&disk, LOG, &damaged);
        let from = OpenFrom { durable: Offset(20), ..after_crash(from) };
        let (log, report) = open(&disk, one_segment(), from).unwrap();
        let kept = read_all(&log.view());
        assert!((20..30).contains(&kept.len()) && kept == numbers(0, kept.len()), "byte {at}");
        let left = read(&disk, LOG).len();
        let torn = damaged[left..].iter().rposition(|byte| *byte != 0).unwrap() + 1;
        assert_eq!(report.bytes_cut, torn as u64);
    }
}

#[test]
fn accepted_damage_is_cut_and_kept_in_a_copy() {
    let mut rig = Rig::create(small_segments());
    for value in numbers(0, 60) {
        rig.append(batch(&[&value], 0));
    }
    let bases = rig.log.view().segment_bases();
    let (disk, from) = rig.close();
    let name = format!("{:020}.log", bases[1].0);
    let sound = read(&disk, &name);
    let second = Batches::new(&sound).next().unwrap().unwrap().size();
    let mut damaged = sound.clone();
    damaged[second + 70] ^= 1;
    write(&disk, &name, &damaged);
    let refuse = after_crash(from);
    for _ in 0..2 {
        assert!(
            matches!(open(&disk, small_segments(), refuse), Err(LogError::Corrupt(_))),
            "it stays refused"
        );
    }
    assert_eq!(read(&disk, &name), damaged, "and untouched");
    let accept = OpenFrom { accept_truncation: true, ..refuse };
    let (rig, report) = Rig::recover(&disk, small_segments(), accept);
    let kept = usize::try_from(bases[1].0).unwrap() + 1;
    assert_eq!(rig.values(), numbers(0, kept));
    assert_eq!(report.copies.len(), bases.len() - 1, "the tail, and the segments behind it");
    assert_eq!(read(&disk, &format!("{name}.corrupt-0")), damaged[second..]);
    // From now on it is a sound log.
    let durable = rig.log.durable();
    let from = OpenFrom { durable, recovery_point: durable, ..OpenFrom::default() };
    let (mut rig, _) = Rig::recover(&disk, small_segments(), from);
    rig.append(batch(&["new"], 0));
    assert_eq!(rig.values().last().unwrap(), "new");
}

#[test]
fn damage_in_a_closed_segment_is_corruption_even_if_nothing_else_is_known() {
    let mut rig = Rig::create(small_segments());
    for value in numbers(0, 30) {
        rig.append(batch(&[&value], 0));
    }
    let (disk, _) = rig.close();
    let mut damaged = read(&disk, LOG);
    *damaged.last_mut().unwrap() ^= 1;
    write(&disk, LOG, &damaged);
    let error = open(&disk, small_segments(), OpenFrom::default()).unwrap_err();
    assert!(matches!(error, LogError::Corrupt(_)), "a segment is durable before the next one is written");
}

/// Reads from every offset and looks up every time.
fn check_look_ups(view: &LogView) {
    let all = numbers(0, 30);
    for from in 0..30 {
        let offset = Offset(i64::try_from(from).unwrap());
        let read = view.read(offset, 1, Offset(i64::MAX)).unwrap();
        assert_eq!(values_in(&read, offset), all[from..=from]);
    }
    for (timestamp, offset) in [(1, 0), (6, 1), (9, 1), (10, 4), (300, 4)] {
        let found = view.offset_for_timestamp(Timestamp(timestamp)).unwrap().unwrap();
        assert_eq!(found.offset, Offset(offset), "time {timestamp}");
    }
    assert_eq!(view.max_timestamp().unwrap().unwrap().offset, Offset(4));
    let segment = Arc::clone(&view.segments().as_slice()[0]);
    let size = segment.visible().unwrap() / 30;
    for (position, expected) in
        [(0, Some(0)), (1, Some(1)), (size, Some(1)), (17 * size + 5, Some(18)), (29 * size + 1, None)]
    {
        assert_eq!(segment.offset_from(position).unwrap(), expected.map(Offset), "byte {position}");
    }
}

/// After a crash the indexes are made anew; after a clean stop a wrong one must not lead any reader astray.
#[test]
fn every_flipped_bit_of_an_index_is_harmless() {
    let (disk, from) = closed_segment();
    for name in ["00000000000000000000.index", "00000000000000000000.timeindex"] {
        let sound = read(&disk, name);
        assert!(sound.len() > 16);
        for at in 0..sound.len() * 8 {
            let mut damaged = sound.clone();
            damaged[at / 8] ^= 1 << (at % 8);
            write(&disk, name, &damaged);
            let (log, report) = open(&disk, one_segment(), from).unwrap();
            assert_eq!(report.segments_read, 0);
            check_look_ups(&log.view());
            write(&disk, name, &damaged);
            let (mut log, _) = open(&disk, one_segment(), from).unwrap();
            log.start(&mut *disk.commit_queue().unwrap()).unwrap();
            check_look_ups(&log.view());
            write(&disk, name, &damaged);
            open(&disk, one_segment(), after_crash(from)).unwrap();
            assert_eq!(read(&disk, name), sound, "bit {at} of {name} is repaired");
        }
    }
}

#[test]
fn a_missing_short_or_empty_index_is_rebuilt_by_whoever_reads_first() {
    let (disk, from) = closed_segment();
    for name in ["00000000000000000000.index", "00000000000000000000.timeindex"] {
        let sound = read(&disk, name);
        for size in 0..sound.len() {
            write(&disk, name, &sound[..size]);
            let (log, _) = open(&disk, one_segment(), from).unwrap();
            check_look_ups(&log.view());
        }
        disk.remove_file(&directory().join(name)).unwrap();
        let (log, _) = open(&disk, one_segment(), from).unwrap();
        check_look_ups(&log.view());
        assert_eq!(read(&disk, name), sound, "the file is back");
    }
}

#[test]
fn a_damaged_producer_snapshot_costs_reading_the_log_and_nothing_else() {
    let mut rig = Rig::create(one_segment());
    let stamp = |base_sequence| ProducerStamp {
        producer_id: crate::types::ProducerId(7),
        epoch: crate::types::ProducerEpoch(0),
        base_sequence: crate::types::Sequence(base_sequence),
        transactional: false,
    };
    rig.append(stamped(&["a"], 0, stamp(0)));
    rig.append(stamped(&["b"], 0, stamp(1)));
    let (disk, from) = rig.close();
    let name = "00000000000000000002.snapshot";
    let sound = read(&disk, name);
    assert_eq!(sound.len(), 10 + 46 + 32);
    for at in 0..sound.len() {
        let mut damaged = sound.clone();
        damaged[at] ^= 0x40;
        write(&disk, name, &damaged);
        let (mut rig, report) = Rig::recover(&disk, one_segment(), from);
        assert_eq!(report.segments_read, 1, "byte {at}");
        let again = rig.append(stamped(&["b"], 0, stamp(1)));
        assert!(matches!(again, Prepared::Duplicate { base_offset: Offset(1), .. }));
        write(&disk, name, &sound);
    }
}
