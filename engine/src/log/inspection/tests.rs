//! Looking into logs: what is found, and that nothing is changed.

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::config::topic::LogConfig;
use crate::io::{Completion, Disk, Durability, OpenMode, SimDisk, Token};
use crate::log::error::CorruptionReason;
use crate::log::{Log, OpenFrom, Prepared};
use crate::record::{BatchBuilder, BatchError, BufferPool, Compression, ProducerStamp, RecordData};
use crate::types::{Offset, ProducerEpoch, ProducerId, Timestamp, TopicId};

const DIRECTORY: &str = "data/orders-0";
const TOPIC: TopicId = TopicId(*b"topic-id-orders!");
const INTERVAL: u32 = 100;

/// The files of a log of 100 batches of one record each, closed in order.
fn closed_log() -> Arc<dyn Disk> {
    let disk: Arc<dyn Disk> = Arc::new(SimDisk::new(1));
    disk.create_dir(Path::new("data")).unwrap();
    let config = LogConfig { segment_bytes: 2000, index_interval_bytes: INTERVAL, ..LogConfig::default() };
    let mut log = Log::create(Arc::clone(&disk), Path::new(DIRECTORY), TOPIC, Arc::new(config)).unwrap();
    let mut queue = disk.commit_queue().unwrap();
    log.start(&mut *queue).unwrap();
    for number in 0..100_i32 {
        let mut builder = BatchBuilder::new(BufferPool::new(0).take(256), Compression::None);
        let record = RecordData {
            timestamp: Timestamp(1000 + i64::from(number)),
            key: None,
            value: Some(b"value"),
            headers: &[],
        };
        builder.append(&record).unwrap();
        let stamp = ProducerStamp {
            producer_id: ProducerId(7),
            epoch: ProducerEpoch(0),
            base_sequence: crate::types::Sequence(number),
            ..ProducerStamp::NONE
        };
        let batch = builder.seal(stamp, None).unwrap();
        if log.needs_roll(batch.header(), Timestamp(2000)) {
            log.roll(&mut *queue).unwrap();
        }
        let Prepared::Write { bytes, last_offset, .. } = log.prepare(batch, Timestamp(2000)).unwrap() else {
            panic!("nothing was sent twice")
        };
        queue.append(Token(0), log.handle(), vec![bytes], Durability::Durable);
        let mut completions: Vec<Completion> = Vec::new();
        while completions.is_empty() {
            queue.wait(None, &mut completions).unwrap();
        }
        log.mark_durable(last_offset.plus(1));
        log.set_high_watermark(last_offset.plus(1));
    }
    log.close(&mut *queue).unwrap();
    disk
}

fn from(durable: i64) -> CheckFrom {
    let open = OpenFrom { durable: Offset(durable), ..OpenFrom::default() };
    CheckFrom { topic_id: Some(TOPIC), open, index_interval: INTERVAL }
}

fn check(disk: &Arc<dyn Disk>, durable: i64) -> PartitionCheck {
    check_partition(disk, Path::new(DIRECTORY), &from(durable), &mut |_| {})
}

fn names(disk: &Arc<dyn Disk>, extension: &str) -> Vec<String> {
    let all = disk.list(Path::new(DIRECTORY)).unwrap();
    all.into_iter()
        .filter(|name| name.ends_with(extension))
        .map(|name| format!("{DIRECTORY}/{name}"))
        .collect()
}

fn flip(disk: &Arc<dyn Disk>, path: &str, position: u64) {
    let file = disk.open(Path::new(path), OpenMode::ReadWrite).unwrap();
    let mut byte = [0];
    file.read_at(&mut byte, position).unwrap();
    file.write_at(&[byte[0] ^ 0x10], position).unwrap();
}

fn size(disk: &Arc<dyn Disk>, path: &str) -> u64 {
    disk.open(Path::new(path), OpenMode::Read).unwrap().size().unwrap()
}

fn resize(disk: &Arc<dyn Disk>, path: &str, size: u64) {
    disk.open(Path::new(path), OpenMode::ReadWrite).unwrap().set_size(size).unwrap();
}

/// All findings as text, and whether all of them are repaired by opening.
fn findings(check: &PartitionCheck) -> (Vec<String>, bool) {
    let texts = check.findings.iter().map(ToString::to_string).collect();
    (texts, check.findings.iter().all(Finding::is_repairable))
}

#[test]
fn a_log_that_was_closed_in_order_has_no_findings() {
    let disk = closed_log();
    let mut read = 0;
    let check = check_partition(&disk, Path::new(DIRECTORY), &from(100), &mut |bytes| read += bytes);
    assert_eq!(findings(&check), (vec![], true));
    assert_eq!((check.batches, check.records), (100, 100));
    assert_eq!((check.start, check.end), (Offset(0), Offset(100)));
    assert_eq!(check.bytes, read);
    assert_eq!(check.segments, names(&disk, ".log").len());
    assert!(check.segments > 3);
}

#[test]
fn damage_below_the_durable_offset_is_corruption_and_names_the_byte() {
    let disk = closed_log();
    let logs = names(&disk, ".log");
    flip(&disk, &logs[1], 70);
    flip(&disk, logs.last().unwrap(), 70);
    let check = check(&disk, 100);
    let damaged = check.findings.iter().filter_map(|finding| match finding {
        Finding::Corrupt(corruption) => Some((corruption.file.to_str().unwrap(), corruption.position)),
        _ => None,
    });
    assert_eq!(damaged.collect::<Vec<_>>(), [(&*logs[1], 0), (&**logs.last().unwrap(), 0)]);
    assert!(!findings(&check).1);
}

#[test]
fn damage_behind_the_durable_offset_is_a_torn_tail() {
    let disk = closed_log();
    let logs = names(&disk, ".log");
    let last = logs.last().unwrap();
    let cut = size(&disk, last) - 1;
    resize(&disk, last, cut);
    let check = check(&disk, 99);
    assert!(
        check.findings.iter().any(|finding| matches!(
            finding,
            Finding::TornTail {
                reason: CorruptionReason::Batch(BatchError::Truncated { .. }),
                offset: Offset(99),
                ..
            }
        )),
        "{:?}",
        findings(&check)
    );
    assert!(findings(&check).1 && check.end == Offset(99));
}

#[test]
fn what_is_missing_at_the_end_of_a_segment_is_noticed() {
    let disk = closed_log();
    let logs = names(&disk, ".log");
    resize(&disk, &logs[1], 0);
    let check = check(&disk, 100);
    assert!(matches!(
        &check.findings[..],
        [Finding::Corrupt(corruption)] if matches!(corruption.reason, CorruptionReason::EndsEarly(_))
    ));
    resize(&disk, logs.last().unwrap(), 0);
    assert!(!findings(&super::check_partition(&disk, Path::new(DIRECTORY), &from(100), &mut |_| {})).1);
}

#[test]
fn zeroes_written_ahead_are_no_damage() {
    let disk = closed_log();
    let logs = names(&disk, ".log");
    let last = logs.last().unwrap();
    let whole = size(&disk, last);
    resize(&disk, last, whole + 500);
    let check = check(&disk, 100);
    assert!(matches!(&check.findings[..], [Finding::Unclosed { bytes: 500, .. }]));
}

/// Damages the offset index and the time index at these paths.
type Damage<'a> = &'a dyn Fn(&Arc<dyn Disk>, &str, &str);

#[test]
fn every_fault_of_an_index_is_found_and_repairable() {
    let faults = |damage: Damage<'_>| -> Vec<IndexFault> {
        let disk = closed_log();
        damage(&disk, &names(&disk, ".index")[1], &names(&disk, ".timeindex")[1]);
        let check = check(&disk, 100);
        assert!(findings(&check).1);
        let fault = |finding| match finding {
            Finding::Index { fault, .. } => fault,
            other => panic!("{other}"),
        };
        check.findings.into_iter().map(fault).collect()
    };
    let remove = |disk: &Arc<dyn Disk>, path: &str| disk.remove_file(Path::new(path)).unwrap();
    assert_eq!(faults(&|disk, index, _| remove(disk, index)), [IndexFault::Missing]);
    assert_eq!(faults(&|disk, _, times| remove(disk, times)), [IndexFault::Missing]);
    for position in 0..8 {
        let found = faults(&|disk, index, _| flip(disk, index, 8 + position));
        assert!(matches!(found[..], [IndexFault::WrongEntry { entry: 1, .. }]), "byte {position}: {found:?}");
    }
    for position in 0..12 {
        let found = faults(&|disk, _, times| flip(disk, times, 12 + position));
        assert!(matches!(found[..], [IndexFault::WrongEntry { entry: 1, .. }]), "byte {position}: {found:?}");
    }
    let found = faults(&|disk, index, times| {
        resize(disk, index, size(disk, index) - 1);
        resize(disk, times, size(disk, times) - 12);
    });
    assert!(matches!(found[..], [IndexFault::Unreadable(_), IndexFault::MaxTimestamp(_)]), "{found:?}");
}

#[test]
fn small_files_are_held_against_what_they_should_say() {
    let disk = closed_log();
    let snapshot = names(&disk, ".snapshot").pop().unwrap();
    flip(&disk, &snapshot, 20);
    let epochs = format!("{DIRECTORY}/leader-epoch-checkpoint");
    disk.write_file(Path::new(&epochs), b"0\n1\nx 0\n").unwrap();
    let other = CheckFrom { topic_id: Some(TopicId([1; 16])), ..from(100) };
    let check = check_partition(&disk, Path::new(DIRECTORY), &other, &mut |_| {});
    assert!(
        matches!(
            &check.findings[..],
            [Finding::OtherTopic { .. }, Finding::Malformed(_), Finding::Snapshot(_)]
        ),
        "{:?}",
        findings(&check)
    );
    let nowhere = check_partition(&disk, Path::new("data/none-0"), &from(5), &mut |_| {});
    assert!(!findings(&nowhere).1);
}

#[test]
fn each_file_is_looked_into_by_its_name() {
    let disk = closed_log();
    let open = |path: &str| InspectedFile::open(&*disk, Path::new(path));
    let logs = names(&disk, ".log");
    let Ok(InspectedFile::Segment(mut segment)) = open(&logs[1]) else { panic!("a segment") };
    let mut offsets = Vec::new();
    while let SegmentItem::Batch { batch, .. } = segment.read_next().unwrap() {
        offsets.push(batch.header().base_offset());
    }
    assert_eq!(offsets.first(), Some(&segment.base()));
    assert_eq!(segment.position(), segment.size());
    let Ok(InspectedFile::OffsetIndex(entries)) = open(&names(&disk, ".index")[0]) else {
        panic!("an index")
    };
    assert!(entries.is_sorted() && !entries.is_empty());
    let Ok(InspectedFile::TimeIndex(times)) = open(&names(&disk, ".timeindex")[0]) else {
        panic!("an index")
    };
    assert!(times.is_sorted() && !times.is_empty());
    let Ok(InspectedFile::Producers(producers)) = open(&names(&disk, ".snapshot").pop().unwrap()) else {
        panic!("a snapshot")
    };
    assert_eq!((producers[0].id, producers[0].last.unwrap().1), (ProducerId(7), Offset(99)));
    assert!(matches!(open("data/orders-0/partition.metadata"), Err(InspectError::Name(_))));
    disk.rename(Path::new(&logs[1]), Path::new(&format!("{}.corrupt-0", logs[1]))).unwrap();
    assert!(matches!(open(&format!("{}.corrupt-0", logs[1])), Ok(InspectedFile::Segment(_))));
}
