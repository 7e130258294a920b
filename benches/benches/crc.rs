//! CRC32C at the sizes it is used at: a record, a small batch, a full batch, a large read.

use std::hint::black_box;

use crc_fast::{CrcAlgorithm, checksum};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tidelog_benches::payload::Payloads;

fn crc(c: &mut Criterion) {
    let mut group = c.benchmark_group("CRC32C");
    for size in [100, 1 << 10, 16 << 10, 1 << 20] {
        let bytes = Payloads::new(size).at(0).to_vec();
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(BenchmarkId::from_parameter(size), |b| {
            b.iter(|| checksum(CrcAlgorithm::Crc32Iscsi, black_box(&bytes)));
        });
    }
    group.finish();
}

criterion_group!(benches, crc);
criterion_main!(benches);
