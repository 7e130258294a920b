//! What opening reads, believes and refuses.

use super::*;
use crate::io::{Failure, Fault, Lasting, Operation};

fn filled(config: LogConfig, values: usize) -> Rig {
    let mut rig = Rig::create(config);
    for value in numbers(0, values) {
        rig.append(batch(&[&value], 0));
    }
    rig
}

#[test]
fn what_was_appended_is_read_across_segments_and_after_a_clean_reopen() {
    let rig = filled(small_segments(), 200);
    assert!(rig.log.view().segment_bases().len() > 5);
    assert_eq!(rig.values(), numbers(0, 200));
    let (disk, from) = rig.close();
    let (mut rig, report) = Rig::recover(&disk, small_segments(), from);
    assert_eq!(report, RecoveryReport::default());
    rig.append(batch(&["value-0200"], 0));
    assert_eq!(rig.values(), numbers(0, 201));
}

/// The disk refuses to read any segment, or to open all but the few files that opening needs.
#[test]
fn opening_after_a_clean_stop_reads_no_segment_however_many_there_are() {
    let operations = [50, 1000].map(|values| {
        let (disk, from) = filled(small_segments(), values).close();
        for extension in [".log", "index"] {
            disk.inject(Fault {
                operation: Some(Operation::Open),
                path_suffix: extension.to_owned(),
                nth: 1,
                lasting: Lasting::ForGood,
                failure: Failure::Errno(libc::EIO),
            });
        }
        let before = disk.operation_count();
        let (log, report) = open(&disk, small_segments(), from).unwrap();
        assert_eq!(report.segments_read, 0);
        assert_eq!(log.end(), Offset(i64::try_from(values).unwrap()));
        disk.operation_count() - before
    });
    assert_eq!(operations[0], operations[1], "the cost does not grow with the log");
}

#[test]
fn a_mark_of_a_clean_stop_that_the_files_deny_is_not_believed() {
    let (disk, from) = filled(small_segments(), 100).close();
    // The snapshot of the close is gone.
    disk.remove_file(&directory().join("00000000000000000100.snapshot")).unwrap();
    let (log, report) = open(&disk, small_segments(), from).unwrap();
    assert!(report.segments_read > 0);
    assert_eq!(read_all(&log.view()), numbers(0, 100));
}

#[test]
fn a_segment_that_changed_after_a_clean_stop_is_not_appended_to() {
    let (disk, from) = filled(one_segment(), 20).close();
    let path = directory().join("00000000000000000000.log");
    let file = disk.open(&path, crate::io::OpenMode::ReadWrite).unwrap();
    let size = file.size().unwrap();
    for cut in [1, 30, 200] {
        file.set_size(size - cut).unwrap();
        let (mut log, _) = open(&disk, one_segment(), from).unwrap();
        let mut queue = disk.commit_queue().unwrap();
        let Err(LogError::Corrupt(corruption)) = log.start(&mut *queue) else {
            panic!("{cut} bytes missing")
        };
        assert_eq!(corruption.file, path);
    }
}

#[test]
fn a_log_that_was_never_started_opens_again() {
    let disk = Arc::new(SimDisk::new(1));
    disk.create_dir(Path::new("data")).unwrap();
    disk.sync_dir(Path::new("")).unwrap();
    let config = Arc::new(one_segment());
    let log = Log::create(Arc::clone(&disk) as _, &directory(), TOPIC, Arc::clone(&config)).unwrap();
    assert_eq!(log.view().read(Offset(0), 10, Offset(10)).unwrap().bytes.len(), 0);
    let disk = Arc::new(disk.power_cut());
    for clean in [false, true] {
        let (log, _) = open(&disk, one_segment(), OpenFrom { clean, ..OpenFrom::default() }).unwrap();
        assert_eq!((log.topic_id(), log.end()), (TOPIC, Offset(0)));
    }
    let (mut rig, _) = Rig::recover(&disk, one_segment(), OpenFrom::default());
    rig.append(batch(&["a"], 0));
    assert_eq!(rig.values(), ["a"]);
}

#[test]
fn a_folder_that_is_no_log_says_why() {
    let disk = Arc::new(SimDisk::new(1));
    let none = open(&disk, one_segment(), OpenFrom::default()).unwrap_err();
    assert!(matches!(none, LogError::NoMetadata { .. }), "{none}");
    let (disk, from) = filled(one_segment(), 3).close();
    disk.write_file(&directory().join("leader-epoch-checkpoint"), b"0\n1\nx\n").unwrap();
    let error = open(&disk, one_segment(), from).unwrap_err();
    assert_eq!(
        error.to_string(),
        "data/orders-0/leader-epoch-checkpoint line 3: expected an epoch and an offset"
    );
    disk.write_file(&directory().join("partition.metadata"), b"version: 0\n").unwrap();
    assert!(matches!(open(&disk, one_segment(), from), Err(LogError::Malformed(_))));
    disk.remove_file(&directory().join("partition.metadata")).unwrap();
    assert!(matches!(open(&disk, one_segment(), from), Err(LogError::NoMetadata { .. })));
}

#[test]
fn a_folder_that_lost_all_its_segments_is_refused() {
    let (disk, from) = filled(one_segment(), 3).close();
    disk.remove_file(&directory().join("00000000000000000000.log")).unwrap();
    let error = open(&disk, one_segment(), from).unwrap_err();
    assert!(matches!(error, LogError::NoSegments { reached: Offset(3), .. }), "{error}");
}

#[test]
fn leader_epochs_are_kept_and_rebuilt_when_their_file_is_gone() {
    use crate::types::LeaderEpoch;
    let mut rig = filled(one_segment(), 3);
    rig.log.set_leader_epoch(LeaderEpoch(5)).unwrap();
    rig.append(batch(&["value-0003"], 0));
    let view = rig.log.view();
    let end_of = |view: &LogView, epoch| view.end_of_epoch(LeaderEpoch(epoch)).map(|end| end.end.0);
    assert_eq!((end_of(&view, 0), end_of(&view, 5), end_of(&view, 6)), (Some(3), Some(4), None));
    let (disk, from) = rig.close();
    let epochs = directory().join("leader-epoch-checkpoint");
    let kept = disk.read_file(&epochs, 100).unwrap();
    assert_eq!(kept, b"0\n2\n0 0\n5 3\n");
    disk.remove_file(&epochs).unwrap();
    let (log, _) = open(&disk, one_segment(), from).unwrap();
    assert_eq!(disk.read_file(&epochs, 100).unwrap(), kept);
    assert_eq!(log.view().latest_epoch(), LeaderEpoch(5));
    assert_eq!(log.view().epoch_of(Offset(2)), Some(LeaderEpoch(0)));
}

#[test]
fn a_new_log_does_not_inherit_what_lies_in_its_folder() {
    let (disk, _) = filled(one_segment(), 3).close();
    let create =
        |topic_id| Log::create(Arc::clone(&disk) as _, &directory(), topic_id, Arc::new(one_segment()));
    let error = create(TOPIC).unwrap_err();
    assert!(matches!(error, LogError::Exists { .. }), "{error}");
    let other = TopicId([7; 16]);
    let mut rig = Rig::started(Arc::clone(&disk), create(other).unwrap());
    assert_eq!((rig.log.topic_id(), rig.log.end()), (other, Offset(0)));
    rig.append(batch(&["new"], 0));
    let stray = format!("orders-0.{TOPIC:?}-stray");
    assert_eq!(disk.list(Path::new("data")).unwrap(), ["orders-0".to_owned(), stray.clone()]);
    assert!(disk.list(&Path::new("data").join(stray)).unwrap().len() > 3, "nothing is lost");
    let (disk, from) = rig.close();
    assert_eq!(read_all(&open(&disk, one_segment(), from).unwrap().0.view()), ["new"]);
}

#[test]
fn a_creation_that_was_interrupted_goes_on() {
    let disk = Arc::new(SimDisk::new(1));
    disk.create_dir(&directory()).unwrap();
    for leftover in ["00000000000000000005.snapshot", "00000000000000000005.index", "partition.metadata.tmp"]
    {
        disk.write_file(&directory().join(leftover), b"x").unwrap();
    }
    for _ in 0..2 {
        Log::create(Arc::clone(&disk) as _, &directory(), TOPIC, Arc::new(one_segment())).unwrap();
        assert_eq!(disk.list(&directory()).unwrap(), ["leader-epoch-checkpoint", "partition.metadata"]);
    }
}

/// The same on the machine's own disk, by whatever way of writing it allows, direct or not.
#[test]
fn a_log_on_a_real_disk_survives_rolls_and_restarts() {
    use crate::io::{PosixDisk, WriteMethod};
    let folder = tempfile::tempdir().unwrap();
    for method in [WriteMethod::Auto, WriteMethod::ThreadPool] {
        let disk: Arc<dyn Disk> = Arc::new(PosixDisk::new(method));
        let path = folder.path().join(format!("{method:?}-0"));
        let config = Arc::new(small_segments());
        let mut log = Log::create(Arc::clone(&disk), &path, TOPIC, Arc::clone(&config)).unwrap();
        let mut sent = 0;
        for clean in [true, false, true] {
            let mut queue = disk.commit_queue().unwrap();
            log.start(&mut *queue).unwrap();
            for value in numbers(sent, sent + 25) {
                let batch = batch(&[&value], 0);
                if log.needs_roll(batch.header(), NOW) {
                    log.roll(&mut *queue).unwrap();
                }
                let Prepared::Write { bytes, last_offset, .. } = log.prepare(batch, NOW).unwrap() else {
                    panic!()
                };
                append(&mut *queue, log.handle(), vec![bytes], Durability::Durable);
                log.mark_durable(last_offset.plus(1));
                log.set_high_watermark(last_offset.plus(1));
            }
            sent += 25;
            assert_eq!(read_all(&log.view()), numbers(0, sent));
            if clean {
                log.close(&mut *queue).unwrap();
            }
            let (recovery_point, durable) = (log.durable(), log.durable());
            drop((log, queue));
            let from = OpenFrom { clean, recovery_point, durable, ..OpenFrom::default() };
            let report;
            (log, report) = Log::open(Arc::clone(&disk), &path, Arc::clone(&config), from).unwrap();
            assert_eq!(
                (read_all(&log.view()), report.segments_read),
                (numbers(0, sent), usize::from(!clean))
            );
        }
    }
}
