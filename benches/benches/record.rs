//! Encoding and decoding of records: the work per record on the produce and consume paths.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tidelog::record::{
    BatchBuilder, BatchView, BufferPool, Compression, ProducerStamp, RecordData, SealedBatch,
};
use tidelog::types::Timestamp;
use tidelog_benches::payload::Payloads;

/// Uncompressed size of a batch, as a producer under load fills it.
const BATCH_SIZE: usize = 16 << 10;

/// The pool keeps what one thread needs in turns.
const POOL_SIZE: usize = 1 << 20;

const CODECS: [Compression; 5] =
    [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];

fn record(value: &[u8]) -> RecordData<'_> {
    RecordData { timestamp: Timestamp(1_700_000_000_000), key: None, value: Some(value), headers: &[] }
}

/// An open batch filled to [`BATCH_SIZE`], and how many records that took.
fn filled(pool: &BufferPool, payloads: &Payloads, codec: Compression) -> (BatchBuilder, u64) {
    let mut builder = BatchBuilder::new(pool.take(2 * BATCH_SIZE), codec);
    let mut count = 0;
    while builder.size() < BATCH_SIZE {
        builder.append(&record(payloads.at(count))).expect("the batch is far from the format's limits");
        count += 1;
    }
    (builder, count)
}

fn sealed(pool: &BufferPool, payloads: &Payloads, codec: Compression) -> SealedBatch {
    filled(pool, payloads, codec).0.seal(ProducerStamp::NONE, None).expect("the batch has records")
}

fn append(c: &mut Criterion) {
    let pool = BufferPool::new(POOL_SIZE);
    let mut group = c.benchmark_group("append a batch");
    for size in [10, 100, 1024] {
        let payloads = Payloads::new(size);
        group.throughput(Throughput::Elements(filled(&pool, &payloads, Compression::None).1));
        group.bench_function(BenchmarkId::from_parameter(size), |b| {
            b.iter(|| black_box(filled(&pool, &payloads, Compression::None).1));
        });
    }
    group.finish();
}

fn seal(c: &mut Criterion) {
    let pool = BufferPool::new(POOL_SIZE);
    let payloads = Payloads::new(100);
    let mut group = c.benchmark_group("fill and seal a batch");
    group.throughput(Throughput::Bytes(BATCH_SIZE as u64));
    for codec in CODECS {
        group.bench_function(BenchmarkId::from_parameter(format!("{codec:?}")), |b| {
            b.iter(|| black_box(sealed(&pool, &payloads, codec)));
        });
    }
    group.finish();
}

fn decode(c: &mut Criterion) {
    let pool = BufferPool::new(POOL_SIZE);
    let mut group = c.benchmark_group("decode a batch");
    for size in [10, 100, 1024] {
        let batch = sealed(&pool, &Payloads::new(size), Compression::None);
        let count = batch.view().records().expect("the batch is not compressed").count();
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::from_parameter(size), |b| {
            b.iter(|| {
                for record in batch.view().records().expect("the batch is not compressed") {
                    black_box(record.expect("the batch is well formed").value);
                }
            });
        });
    }
    group.finish();
}

fn unpack(c: &mut Criterion) {
    let pool = BufferPool::new(POOL_SIZE);
    let payloads = Payloads::new(100);
    let mut group = c.benchmark_group("unpack and decode a batch");
    group.throughput(Throughput::Bytes(BATCH_SIZE as u64));
    for codec in CODECS {
        let batch = sealed(&pool, &payloads, codec);
        let mut scratch = Vec::new();
        group.bench_function(BenchmarkId::from_parameter(format!("{codec:?}")), |b| {
            b.iter(|| {
                let records = batch.view().unpack(&mut scratch, 1 << 20).expect("the batch is well formed");
                black_box(records.count());
            });
        });
    }
    group.finish();
}

fn verify(c: &mut Criterion) {
    let pool = BufferPool::new(POOL_SIZE);
    let batch = sealed(&pool, &Payloads::new(100), Compression::None);
    let bytes = batch.view().bytes();
    let mut group = c.benchmark_group("parse and verify a batch");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function(BenchmarkId::from_parameter(BATCH_SIZE), |b| {
        b.iter(|| {
            let view = BatchView::parse(black_box(bytes)).expect("the batch is whole");
            view.verify().expect("its checksum fits");
        });
    });
    group.finish();
}

criterion_group!(benches, append, seal, decode, unpack, verify);
criterion_main!(benches);
