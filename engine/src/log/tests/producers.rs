//! Repeated, missing and fenced batches; transactions.

use std::time::Duration;

use super::*;
use crate::record::{ControlMarker, ControlRecord};
use crate::types::{ProducerEpoch, ProducerId, Sequence};

const PRODUCER: ProducerId = ProducerId(42);

fn stamp(epoch: i16, base_sequence: i32) -> ProducerStamp {
    ProducerStamp {
        producer_id: PRODUCER,
        epoch: ProducerEpoch(epoch),
        base_sequence: Sequence(base_sequence),
        transactional: false,
    }
}

fn transactional(base_sequence: i32) -> ProducerStamp {
    ProducerStamp { transactional: true, ..stamp(0, base_sequence) }
}

fn send(rig: &mut Rig, epoch: i16, sequence: i32, values: &[&str]) -> Result<Prepared, AppendError> {
    let batch = stamped(values, 0, stamp(epoch, sequence));
    rig.try_append(batch, NOW).map_err(|refused| refused.error)
}

fn base_of(prepared: Result<Prepared, AppendError>) -> (i64, bool) {
    match prepared.unwrap() {
        Prepared::Write { base_offset, .. } => (base_offset.0, false),
        Prepared::Duplicate { base_offset, .. } => (base_offset.0, true),
    }
}

#[test]
fn one_of_the_last_five_batches_is_answered_with_its_offset_and_older_ones_are_refused() {
    let mut rig = Rig::create(one_segment());
    for number in 0..7 {
        assert_eq!(base_of(send(&mut rig, 0, 2 * number, &["a", "b"])), (i64::from(2 * number), false));
    }
    for number in 2..7 {
        assert_eq!(base_of(send(&mut rig, 0, 2 * number, &["a", "b"])), (i64::from(2 * number), true));
    }
    for number in 0..2 {
        let refused = send(&mut rig, 0, 2 * number, &["a", "b"]);
        assert!(matches!(refused, Err(AppendError::OutOfOrderSequence { last: Sequence(13), .. })));
    }
    assert_eq!(rig.log.end(), Offset(14));
}

#[test]
fn gaps_and_lower_epochs_are_refused_and_new_epochs_start_at_zero() {
    let mut rig = Rig::create(one_segment());
    assert_eq!(base_of(send(&mut rig, 3, 100, &["unknown producers may start anywhere"])), (0, false));
    assert!(matches!(send(&mut rig, 3, 102, &["gap"]), Err(AppendError::OutOfOrderSequence { .. })));
    assert_eq!(base_of(send(&mut rig, 3, 101, &["next"])), (1, false));
    assert!(matches!(send(&mut rig, 2, 102, &["fenced"]), Err(AppendError::ProducerFenced { .. })));
    assert!(matches!(send(&mut rig, 4, 102, &["not 0"]), Err(AppendError::OutOfOrderSequence { .. })));
    assert_eq!(base_of(send(&mut rig, 4, 0, &["new epoch"])), (2, false));
    assert!(matches!(send(&mut rig, 3, 102, &["fenced"]), Err(AppendError::ProducerFenced { .. })));
}

#[test]
fn sequences_wrap_to_zero() {
    let mut rig = Rig::create(one_segment());
    send(&mut rig, 0, i32::MAX - 1, &["a", "b", "c"]).unwrap();
    assert_eq!(base_of(send(&mut rig, 0, i32::MAX - 1, &["a", "b", "c"])), (0, true));
    assert_eq!(base_of(send(&mut rig, 0, 1, &["d"])), (3, false));
}

/// Each of the last five batches is recognized after a roll and a clean restart, after a crash with and without snapshots, and a gap is
/// noticed.
#[test]
fn producers_are_known_after_a_restart_of_any_kind() {
    for (clean, keep_snapshots) in [(true, true), (true, false), (false, true), (false, false)] {
        let mut rig = Rig::create(small_segments());
        for number in 0..50 {
            send(&mut rig, 0, number, &["value"]).unwrap();
        }
        assert!(rig.log.view().segment_bases().len() > 3);
        let (disk, from) = rig.close();
        if !keep_snapshots {
            for name in disk.list(&directory()).unwrap().iter().filter(|name| name.ends_with(".snapshot")) {
                disk.remove_file(&directory().join(name)).unwrap();
            }
        }
        let (mut rig, _) = Rig::recover(&disk, small_segments(), OpenFrom { clean, ..from });
        for number in 45..50 {
            assert_eq!(base_of(send(&mut rig, 0, number, &["value"])), (i64::from(number), true));
        }
        assert!(matches!(send(&mut rig, 0, 44, &["old"]), Err(AppendError::OutOfOrderSequence { .. })));
        assert!(matches!(send(&mut rig, 0, 51, &["gap"]), Err(AppendError::OutOfOrderSequence { .. })));
        assert_eq!(base_of(send(&mut rig, 0, 50, &["value"])), (50, false));
    }
}

#[test]
fn at_most_two_snapshots_stay() {
    let mut rig = Rig::create(small_segments());
    for number in 0..100 {
        send(&mut rig, 0, number, &["value"]).unwrap();
    }
    let snapshots = rig.names().into_iter().filter(|name| name.ends_with(".snapshot")).count();
    assert_eq!(snapshots, 2);
}

#[test]
fn idle_producers_are_forgotten() {
    let mut rig = Rig::create(one_segment());
    let day = Duration::from_secs(86_400);
    send(&mut rig, 0, 0, &["a"]).unwrap();
    rig.log.expire_producers(Timestamp(NOW.0 + 86_399_999), day);
    assert!(matches!(send(&mut rig, 0, 5, &["gap"]), Err(AppendError::OutOfOrderSequence { .. })));
    rig.log.expire_producers(Timestamp(0), day);
    assert!(send(&mut rig, 0, 5, &["gap"]).is_err(), "a clock that goes backwards forgets nobody");
    rig.log.expire_producers(Timestamp(NOW.0 + 86_400_000), day);
    assert_eq!(base_of(send(&mut rig, 0, 5, &["anywhere"])), (1, false));
}

/// Its first records are deleted: a reader that is sent there would be out of range at once, again and again.
#[test]
fn the_last_stable_offset_is_never_before_the_start_of_the_log() {
    let mut rig = Rig::create(small_segments());
    rig.append(stamped(&["t0", "t1"], 0, transactional(0)));
    for value in numbers(0, 40) {
        rig.append(batch(&[&value], 0));
    }
    rig.log.delete_records(Offset(30)).unwrap();
    let view = rig.log.view();
    assert_eq!(view.last_stable_offset(), Offset(30));
    assert_eq!(view.read(Offset(30), 1000, view.last_stable_offset()).unwrap().next.offset(), Offset(30));
    // The space comes back, too, and what is open stays so behind a restart.
    rig.log.apply_retention(NOW).unwrap();
    assert!(rig.log.view().segment_bases()[0] > Offset(0));
    let (disk, from) = rig.close();
    for clean in [true, false] {
        let (log, _) = open(&disk, small_segments(), OpenFrom { clean, ..from }).unwrap();
        assert_eq!(log.view().last_stable_offset(), Offset(30), "clean: {clean}");
    }
    let (mut rig, _) = Rig::recover(&disk, small_segments(), from);
    let record = ControlRecord { marker: ControlMarker::Abort, coordinator_epoch: 0 };
    rig.append(SealedBatch::control(record, PRODUCER, ProducerEpoch(0), NOW));
    assert_eq!(rig.log.view().last_stable_offset(), Offset(43));
}

#[test]
fn an_open_transaction_holds_the_last_stable_offset() {
    let mut rig = Rig::create(small_segments());
    rig.append(batch(&["plain"], 0));
    rig.append(stamped(&["t0", "t1"], 0, transactional(0)));
    rig.append(batch(&["plain"], 0));
    let view = rig.log.view();
    assert_eq!((view.last_stable_offset(), view.high_watermark()), (Offset(1), Offset(4)));
    assert_eq!(view.read(Offset(0), 1000, view.last_stable_offset()).unwrap().next.offset(), Offset(1));
    assert!(matches!(send(&mut rig, 0, 2, &["x"]), Err(AppendError::NotTransactional(PRODUCER))));
    // It is still open after a crash and after a clean stop.
    let (disk, from) = rig.close();
    for clean in [false, true] {
        let (log, _) = open(&disk, small_segments(), OpenFrom { clean, ..from }).unwrap();
        assert_eq!(log.view().last_stable_offset(), Offset(1));
    }
    let (mut rig, _) = Rig::recover(&disk, small_segments(), from);
    let end = |marker, coordinator_epoch| {
        SealedBatch::control(ControlRecord { marker, coordinator_epoch }, PRODUCER, ProducerEpoch(0), NOW)
    };
    rig.append(end(ControlMarker::Abort, 9));
    assert_eq!(rig.log.view().last_stable_offset(), Offset(5));
    let refused = rig.log.prepare(end(ControlMarker::Commit, 8), NOW).unwrap_err().error;
    assert_eq!(refused, AppendError::CoordinatorFenced { current: 9, found: 8 });
    let aborted = AbortedTransaction {
        producer_id: PRODUCER,
        first_offset: Offset(1),
        last_offset: Offset(4),
        last_stable_offset: Offset(5),
    };
    let aborted_of = |rig: &Rig| rig.log.view().aborted_transactions(Offset(0), Offset(100)).unwrap();
    assert_eq!(aborted_of(&rig), [aborted]);
    rig.roll();
    assert_eq!(aborted_of(&rig), [aborted]);
    assert_eq!(rig.log.view().aborted_transactions(Offset(0), Offset(1)).unwrap(), []);
    assert_eq!(rig.log.view().aborted_transactions(Offset(5), Offset(9)).unwrap(), []);
    let (disk, from) = rig.close();
    let txnindex = directory().join("00000000000000000000.txnindex");
    assert_eq!(disk.read_file(&txnindex, 100).unwrap().len(), 34);
    disk.remove_file(&txnindex).unwrap();
    let after_crash = OpenFrom { clean: false, recovery_point: Offset(0), ..from };
    let (rig, _) = Rig::recover(&disk, small_segments(), after_crash);
    assert_eq!(aborted_of(&rig), [aborted]);
}
