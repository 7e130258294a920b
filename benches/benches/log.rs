//! A log beneath its shard: what appending costs apart from the disk, looking up an offset and a time, one durable commit by each
//! way to write, and the way into a shard and back.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tidelog::config::topic::LogConfig;
use tidelog::io::{
    AppendHandle, CommitQueue, Disk, Durability, PosixDisk, ReservedDisk, SimDisk, SystemClock, Token,
    WriteMethod,
};
use tidelog::log::{Log, Prepared};
use tidelog::metrics::ShardMetrics;
use tidelog::record::{BatchBuilder, BufferPool, Compression, ProducerStamp, RecordData, SealedBatch};
use tidelog::shard::{Shard, ShardOptions};
use tidelog::types::{Offset, Timestamp, TopicId};
use tidelog_benches::payload::Payloads;

/// Records of a batch.
const BATCH_COUNT: u64 = 100;

/// Batches of the log that is searched: some 100 segments of 1 MB.
const BATCHES: u64 = 8_000;

const NOW: Timestamp = Timestamp(1_700_000_000_000);

/// A batch as it comes from a client, its first timestamp `at` milliseconds behind [`NOW`].
fn batch(payloads: &Payloads, at: u64) -> SealedBatch {
    let mut builder = BatchBuilder::new(BufferPool::new(0).take(16 << 10), Compression::None);
    let timestamp = Timestamp(NOW.0 + i64::try_from(at).unwrap_or(0));
    for number in 0..BATCH_COUNT {
        let record = RecordData { timestamp, key: None, value: Some(payloads.at(number)), headers: &[] };
        builder.append(&record).expect("the batch is far from the format's limits");
    }
    let sealed = builder.seal(ProducerStamp::NONE, None).expect("the batch has records");
    SealedBatch::from_wire(BytesMut::from(sealed.view().bytes())).expect("it is whole")
}

fn complete(
    queue: &mut dyn CommitQueue,
    handle: AppendHandle,
    prepared: Prepared,
    durability: Durability,
) -> Offset {
    let Prepared::Write { bytes, last_offset, .. } = prepared else { panic!("nothing is sent twice") };
    queue.append(Token(0), handle, vec![bytes], durability);
    let mut completions = Vec::new();
    while completions.is_empty() {
        queue.wait(None, &mut completions).expect("the queue works");
    }
    completions.remove(0).result.expect("the disk works");
    last_offset.plus(1)
}

/// An empty log and its queue.
fn create(disk: Arc<dyn Disk>, folder: &Path, config: LogConfig) -> (Log, Box<dyn CommitQueue>) {
    disk.create_dir_durably(folder.parent().expect("it has one")).expect("the disk works");
    let mut queue = disk.commit_queue().expect("the disk works");
    let mut log = Log::create(disk, folder, TopicId([7; 16]), Arc::new(config)).expect("the disk works");
    log.start(&mut *queue).expect("the disk works");
    (log, queue)
}

/// Appends one batch, after a roll when one is due.
fn append(log: &mut Log, queue: &mut dyn CommitQueue, batch: SealedBatch, durability: Durability) {
    if log.needs_roll(batch.header(), NOW) {
        log.roll(queue).expect("the disk works");
    }
    let prepared = log.prepare(batch, NOW).expect("the log takes it");
    let end = complete(queue, log.handle(), prepared, durability);
    log.mark_written(end);
    log.mark_durable(end);
    log.set_high_watermark(end);
}

fn append_in_memory(c: &mut Criterion) {
    let payloads = Payloads::new(100);
    let mut group = c.benchmark_group("log");
    group.throughput(Throughput::Elements(BATCH_COUNT));
    let config = LogConfig { segment_bytes: 64 << 20, ..LogConfig::default() };
    let (mut log, mut queue) = create(Arc::new(SimDisk::memory()), Path::new("/data/a-0"), config);
    group.bench_function("append a batch of 100, in memory", |b| {
        b.iter_batched(
            || batch(&payloads, 0),
            |batch| {
                append(&mut log, &mut *queue, batch, Durability::Cached);
                // It would fill the memory.
                if log.end() > Offset(10_000_000) {
                    log.delete_records(log.end()).expect("it is the end");
                }
            },
            criterion::BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn look_up(c: &mut Criterion) {
    let payloads = Payloads::new(100);
    let config = LogConfig { segment_bytes: 1 << 20, ..LogConfig::default() };
    let (mut log, mut queue) = create(Arc::new(SimDisk::memory()), Path::new("/data/a-0"), config);
    for number in 0..BATCHES {
        append(&mut log, &mut *queue, batch(&payloads, number), Durability::Cached);
    }
    let view = log.view();
    let mut group = c.benchmark_group("look up");
    let mut random = fastrand::Rng::with_seed(1);
    group.bench_function("the batch with an offset", |b| {
        b.iter(|| {
            let offset = Offset(random.i64(0..view.high_watermark().0));
            black_box(view.read(offset, 1, Offset(i64::MAX)).expect("it is there"))
        });
    });
    group.bench_function("the offset of a time", |b| {
        b.iter(|| {
            let at = i64::try_from(random.u64(0..BATCHES)).unwrap_or(0);
            black_box(view.offset_for_timestamp(Timestamp(NOW.0 + at)).expect("it is there"))
        });
    });
    group.finish();
}

fn commit(c: &mut Criterion) {
    let payloads = Payloads::new(100);
    let mut group = c.benchmark_group("durable commit of 13 KB");
    for method in [WriteMethod::Direct, WriteMethod::Buffered, WriteMethod::ThreadPool] {
        let folder = tempfile::tempdir().expect("there is room for temporary files");
        let disk = Arc::new(PosixDisk::new(method));
        let (mut log, mut queue) = create(disk, &folder.path().join("data/a-0"), LogConfig::default());
        group.bench_function(BenchmarkId::from_parameter(format!("{method:?}")), |b| {
            b.iter_batched(
                || batch(&payloads, 0),
                |batch| append(&mut log, &mut *queue, batch, Durability::Durable),
                criterion::BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

fn mailbox(c: &mut Criterion) {
    let disk = Arc::new(ReservedDisk::new(Arc::new(SimDisk::memory()), "/reserve".into(), 0));
    let options = ShardOptions {
        number: 0,
        disk,
        clock: Arc::new(SystemClock::new()),
        durable_marks: "/marks".into(),
        marks_sequence: 1,
        cache_size_max: 1 << 20,
        spin: Duration::ZERO,
        metrics: Arc::new(ShardMetrics::default()),
    };
    let shard = Shard::start(options).expect("a shard can be started");
    let mut group = c.benchmark_group("mailbox");
    group.bench_function("to a shard that sleeps, and back", |b| {
        b.iter(|| shard.run(|_| ()).expect("it runs"));
    });
    group.throughput(Throughput::Elements(1000));
    group.bench_function("a thousand messages to a shard", |b| {
        b.iter(|| {
            for _ in 0..999 {
                shard.submit(|_| ()).expect("it runs");
            }
            shard.run(|_| ()).expect("it runs");
        });
    });
    group.finish();
}

criterion_group!(benches, append_in_memory, look_up, commit, mailbox);
criterion_main!(benches);
