//! The process that runs when the power goes, or that is killed: an engine that is worked with, and notes of what it has promised.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tidelog::broker::{Broker, BrokerOptions};
use tidelog::config::{AlterOperation, Alteration};
use tidelog::error_code::ErrorCode;
use tidelog::io::{DirectoryLock, Disk, PosixDisk, WriteMethod};

use super::careless::CarelessDisk;
use super::evidence::{Deed, Mark};
use super::sent::{origin, value};
use super::workload::{
    COMMITTED_BY, CONFIG_BASE, RETENTION_BYTES, SEGMENT_BYTES, TOPIC, Workload, side_topic,
};
use crate::child::Child;
use crate::engines::{commit, create, next_report, options, producer, record};

/// Messages between two waits of a producer.
const BURST: usize = 8;

/// Steps of the thread that administrates.
const STEPS: i64 = 12;

/// Beside the directory: what is written there is noted at that very moment.
pub(crate) const NOTES: &str = "notes";
/// The engine's directory, below what loses power.
pub(crate) const DATA: &str = "data";

/// Writes marks down; the write returns when the mark stands in the record.
pub(super) struct Notes(File);

impl Notes {
    pub(super) fn open(path: &str) -> Notes {
        Notes(OpenOptions::new().append(true).open(path).unwrap())
    }

    pub(super) fn add(&mut self, mark: Mark) {
        self.0.write_all(mark.line().as_bytes()).unwrap();
    }
}

/// An empty file for notes in `directory`.
pub(crate) fn new_notes(directory: &Path) -> PathBuf {
    let notes = directory.join(NOTES);
    File::create(&notes).unwrap();
    notes
}

/// A victim in a process of its own, which notes its promises at `notes`.
pub(crate) fn start(directory: &Path, notes: &Path, workload: &Workload) -> Child {
    let argument = format!("{}\n{}", notes.display(), workload.to_argument());
    Child::start_with("write down", directory, &argument)
}

/// The child: `argument` is the notes' path and, behind a line feed, the workload.
pub(crate) fn run(directory: &Path, argument: &str) {
    let (notes, workload) = argument.split_once('\n').unwrap();
    let workload = Workload::parse(workload);
    let broker = open(&directory.join(DATA), &workload);
    let mut own = Notes::open(notes);
    ensure_topic(&broker, &workload, &mut own);
    std::thread::scope(|scope| {
        for name in workload.first_producer..workload.first_producer + workload.producers {
            let (broker, notes) = (&broker, Notes::open(notes));
            scope.spawn(move || produce(broker, name, &workload, notes));
        }
        if workload.administrates {
            administrate(&broker, own);
        }
    });
    // The power goes while it runs: it is not closed.
    std::process::exit(0);
}

pub(super) fn open(root: &Path, workload: &Workload) -> Arc<Broker> {
    let real = PosixDisk::new(WriteMethod::Auto);
    let disk: Arc<dyn Disk> = match workload.carelessness {
        Some(carelessness) => Arc::new(CarelessDisk::new(real, carelessness)),
        None => Arc::new(real),
    };
    disk.create_dir_durably(root).unwrap();
    let lock = Some(DirectoryLock::acquire(root).unwrap());
    let settings = [
        ("tidelog.shards", "2"),
        ("tidelog.reserve.bytes", "0"),
        ("log.retention.check.interval.ms", "5"),
        ("group.min.session.timeout.ms", "500"),
        ("group.consumer.heartbeat.interval.ms", "100"),
        ("group.consumer.session.timeout.ms", "1000"),
        ("log.flush.offset.checkpoint.interval.ms", "20"),
    ];
    Broker::open(BrokerOptions { root: root.to_owned(), lock, ..options(disk, &settings) }).unwrap()
}

/// Makes the topic, if it is not there yet.
pub(super) fn ensure_topic(broker: &Broker, workload: &Workload, notes: &mut Notes) {
    if broker.topic(TOPIC).is_some() {
        return;
    }
    let (segment, retention) = (SEGMENT_BYTES.to_string(), RETENTION_BYTES.to_string());
    let mut settings = vec![("internal.segment.bytes", segment.as_str())];
    if workload.retains {
        settings.push(("retention.bytes", &retention));
    }
    notes.add(Mark::Begun(Deed::Topic, 0));
    create(broker, TOPIC, workload.partitions, &settings).unwrap();
    notes.add(Mark::Done(Deed::Topic, 0));
}

/// Ends at the first error, as the disk may be told to fail.
fn produce(broker: &Arc<Broker>, name: u64, workload: &Workload, mut notes: Notes) {
    let client = producer(broker, &[("enable.idempotence", "true"), ("linger.ms", "1")]);
    for first in (0..workload.messages).step_by(BURST) {
        for number in (first..).take(BURST) {
            let partition = (name + number) % u64::from(workload.partitions.unsigned_abs());
            let message = value(name, number);
            client.produce(TOPIC, record(i32::try_from(partition).unwrap(), &message)).unwrap();
        }
        for _ in 0..BURST {
            let (partition, message, outcome) = next_report(&client);
            let Ok(offset) = outcome else { return };
            let (producer, number) = origin(&message);
            notes.add(Mark::Acknowledged { partition: partition.0, offset: offset.0, producer, number });
        }
    }
}

/// Does things with rising numbers, one after the other; ends at the first error.
fn administrate(broker: &Broker, mut notes: Notes) {
    let mut step = |deed, number, act: &dyn Fn() -> bool| {
        notes.add(Mark::Begun(deed, number));
        let done = act();
        if done {
            notes.add(Mark::Done(deed, number));
        }
        done
    };
    for number in 0..STEPS {
        let retention = Alteration {
            name: "retention.ms".to_owned(),
            operation: AlterOperation::Set((CONFIG_BASE + number).to_string()),
        };
        let went_well = step(Deed::Create, number, &|| create(broker, &side_topic(number), 1, &[]).is_ok())
            && step(Deed::Config, number, &|| {
                broker.alter_topic(TOPIC, std::slice::from_ref(&retention), false).is_ok()
            })
            && step(Deed::Commit, number, &|| commit(broker, COMMITTED_BY, number) == ErrorCode::None)
            && (number == 0
                || step(Deed::Delete, number - 1, &|| broker.delete_topic(&side_topic(number - 1)).is_ok()));
        if !went_well {
            return;
        }
    }
}
