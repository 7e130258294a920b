//! What a transaction costs, on disk: begin, some records, commit or abort; beside the same records without one.

use std::path::Path;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tidelog::client::config::Config;
use tidelog::client::{Producer, ProducerRecord};

/// Longer than anything takes.
const PATIENCE: Option<Duration> = Some(Duration::from_secs(60));

const VALUE: &[u8] = &[b'v'; 100];

fn producer(directory: &Path, settings: &[(&str, &str)]) -> Producer {
    let mut config = Config::new();
    let engine = format!("tidelog:{}", directory.display());
    let engine = [("bootstrap.servers", engine.as_str()), ("linger.ms", "0")];
    for (name, value) in engine.iter().chain(settings) {
        config.set(name, Some(value)).expect("a setting of librdkafka's");
    }
    Producer::new(&config).expect("an engine in an empty directory")
}

fn produce(producer: &Producer, records: u64) {
    for _ in 0..records {
        let record = ProducerRecord { value: Some(VALUE), ..ProducerRecord::default() };
        producer.produce("t", record).expect("the queue is not full");
    }
}

fn transactions(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().expect("a directory for the engine");
    let plain = producer(directory.path(), &[]);
    let transactional = producer(directory.path(), &[("transactional.id", "bench")]);
    transactional.init_transactions(PATIENCE).expect("nobody else has the id");
    let mut group = criterion.benchmark_group("transaction");
    for records in [1, 100, 10_000] {
        group.throughput(Throughput::Elements(records));
        group.bench_function(BenchmarkId::new("none, acks=all", records), |bencher| {
            bencher.iter(|| {
                produce(&plain, records);
                assert_eq!(plain.flush(PATIENCE), 0);
            });
        });
        group.bench_function(BenchmarkId::new("commit", records), |bencher| {
            bencher.iter(|| {
                transactional.begin_transaction().expect("none is open");
                produce(&transactional, records);
                transactional.commit_transaction(PATIENCE).expect("nothing is in the way");
            });
        });
        group.bench_function(BenchmarkId::new("abort", records), |bencher| {
            bencher.iter(|| {
                transactional.begin_transaction().expect("none is open");
                produce(&transactional, records);
                assert_eq!(transactional.flush(PATIENCE), 0);
                transactional.abort_transaction(PATIENCE).expect("nothing is in the way");
            });
        });
    }
    group.finish();
}

criterion_group!(benches, transactions);
criterion_main!(benches);
