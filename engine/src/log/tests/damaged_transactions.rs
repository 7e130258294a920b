//! Damage to the lists of aborted transactions, which readers of committed records and compactions rely on: it is noticed, and
//! made good from the log.

use super::compacted_transactions::{Writing, committed};
use super::compaction::{State, compact, compacted, look_at};
use super::*;
use crate::io::OpenMode;
use crate::log::inspection::{Finding, TransactionFault};
use crate::log::transaction_index;

/// A closed log of several segments with transactions in it.
struct Closed {
    disk: Arc<SimDisk>,
    from: OpenFrom,
    /// The files that tell of aborted transactions, with what is in them.
    lists: Vec<(PathBuf, Vec<u8>)>,
    aborted: Vec<AbortedTransaction>,
    committed: State,
}

fn open_view(disk: &Arc<SimDisk>, from: OpenFrom) -> Arc<LogView> {
    open(disk, compacted(), from).unwrap().0.view()
}

fn aborted(view: &LogView) -> Vec<AbortedTransaction> {
    view.aborted_transactions(view.log_start(), view.last_stable_offset()).unwrap()
}

fn closed_log() -> Closed {
    let mut writing = Writing::new(3);
    writing.write(60);
    let view = writing.rig.log.view();
    let (aborted, committed) = (aborted(&view), committed(&view));
    let (disk, from) = writing.rig.close();
    let names = disk.list(&directory()).unwrap().into_iter().filter(|name| name.contains(".txnindex"));
    let lists = names.map(|name| directory().join(name)).map(|path| {
        let bytes = disk.read_file(&path, 1 << 20).unwrap();
        (path, bytes)
    });
    let lists: Vec<_> = lists.collect();
    assert!(aborted.len() > 5 && lists.len() > 3, "{aborted:?}");
    Closed { lists, disk, from, aborted, committed }
}

fn write(disk: &Arc<SimDisk>, path: &Path, bytes: &[u8]) {
    disk.open(path, OpenMode::Create).unwrap().write_at(bytes, 0).unwrap();
}

#[test]
fn every_flipped_byte_of_a_list_of_aborted_transactions_is_made_good() {
    let log = closed_log();
    for (path, sound) in &log.lists {
        for at in 0..sound.len() {
            let mut damaged = sound.clone();
            damaged[at] ^= 1 << (at % 8);
            write(&log.disk, path, &damaged);
            let view = open_view(&log.disk, log.from);
            assert_eq!(aborted(&view), log.aborted, "byte {at} of {}", path.display());
            assert_eq!(committed(&view), log.committed);
            assert_eq!(&log.disk.read_file(path, 1 << 20).unwrap(), sound, "byte {at} is repaired");
        }
    }
}

#[test]
fn a_list_of_aborted_transactions_that_is_gone_or_cut_short_is_made_good() {
    let log = closed_log();
    for (path, sound) in log.lists.iter().filter(|(path, _)| path.extension().unwrap() == "txnindex") {
        for size in 0..sound.len() {
            write(&log.disk, path, &sound[..size]);
            assert_eq!(aborted(&open_view(&log.disk, log.from)), log.aborted, "{size} bytes");
        }
        log.disk.remove_file(path).unwrap();
        assert_eq!(aborted(&open_view(&log.disk, log.from)), log.aborted);
        assert_eq!(&log.disk.read_file(path, 1 << 20).unwrap(), sound, "the file is back");
    }
}

/// What a look at the folder says of the lists, and whether opening makes them good.
fn faults(disk: &Arc<SimDisk>, from: OpenFrom) -> Vec<(TransactionFault, bool)> {
    let found = look_at(disk, from).findings;
    let of_lists = found.iter().map(|finding| match finding {
        Finding::Transactions { fault, is_made_anew, .. } => (fault.clone(), *is_made_anew),
        other => panic!("{other}"),
    });
    of_lists.collect()
}

#[test]
fn a_check_names_lists_of_aborted_transactions_that_are_damaged_or_say_something_else_than_the_log() {
    let log = closed_log();
    assert_eq!(faults(&log.disk, log.from), []);
    for (path, sound) in &log.lists {
        let mut damaged = sound.clone();
        damaged[2] ^= 1;
        write(&log.disk, path, &damaged);
        assert_eq!(faults(&log.disk, log.from), [(TransactionFault::Damaged, true)]);
        write(&log.disk, path, sound);
    }
    let (path, sound) = log.lists.iter().find(|(path, _)| path.extension().unwrap() == "txnindex").unwrap();
    let checksum = path.with_extension("txnindex.crc");
    let mut listed = transaction_index::decode(sound).unwrap();
    let replace = |listed: &[AbortedTransaction]| {
        let bytes = transaction_index::encode(listed);
        write(&log.disk, &checksum, &transaction_index::checksum(&bytes));
        write(&log.disk, path, &bytes);
    };
    // It is whole, but another one's.
    let last = listed.pop().unwrap();
    let (producer, marker) = (last.producer_id, last.last_offset);
    replace(&listed);
    assert_eq!(faults(&log.disk, log.from), [(TransactionFault::Lacks { producer, marker }, false)]);
    let crashed = OpenFrom { clean: false, recovery_point: Offset(0), ..log.from };
    assert_eq!(faults(&log.disk, crashed), [(TransactionFault::Lacks { producer, marker }, true)]);
    listed.push(AbortedTransaction { producer_id: crate::types::ProducerId(99), ..last });
    replace(&listed);
    assert!(matches!(&faults(&log.disk, log.from)[..], [(TransactionFault::Lacks { .. }, false)]));
    listed.pop();
    listed.push(last);
    let marker = Offset(last.last_offset.0 + 1);
    listed.push(AbortedTransaction { last_offset: marker, ..last });
    replace(&listed);
    let (first, producer) = (last.first_offset, last.producer_id);
    assert_eq!(faults(&log.disk, log.from), [(TransactionFault::Invents { producer, first, marker }, false)]);
}

/// A wrong list would have it take committed records for aborted ones, and remove them for good.
#[test]
fn a_compaction_believes_no_damaged_list_of_aborted_transactions() {
    let log = closed_log();
    for (path, sound) in &log.lists {
        for at in 0..sound.len() {
            let disk = Arc::new(log.disk.power_cut());
            let mut damaged = sound.clone();
            damaged[at] ^= 1;
            write(&disk, path, &damaged);
            let (mut rig, _) = Rig::recover(&disk, compacted(), log.from);
            assert!(compact(&mut rig, NOW).unwrap());
            assert_eq!(committed(&rig.log.view()), log.committed, "byte {at} of {}", path.display());
        }
    }
}
