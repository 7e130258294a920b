//! Engines, topics and producers for the workloads, and an engine that does nothing.

use tidelog::broker::NewTopic;
use tidelog::client::config::{ClientConfig, Config, ProducerConfig};
use tidelog::client::{Engine, Producer, ProducerRecord};

use crate::error::SampleError;
use crate::job::Job;
use crate::logs::IdleEngine;

/// The one topic of a workload.
pub const TOPIC: &str = "bench";

/// Settings of a client of the job's engine.
///
/// # Errors
/// When a setting is refused.
pub fn config(job: &Job, settings: &[(&str, &str)]) -> Result<Config, SampleError> {
    let mut config = Config::new();
    config
        .set("bootstrap.servers", Some(&format!("tidelog:{}", job.dir.display())))
        .map_err(SampleError::of)?;
    for (name, value) in settings {
        config.set(name, Some(value)).map_err(SampleError::of)?;
    }
    Ok(config)
}

/// The job's engine with the topic, whose settings differ from the defaults as said.
///
/// # Errors
/// When the engine cannot be opened or the topic not be created.
pub fn engine(job: &Job, partitions: i32, overrides: &[(&str, &str)]) -> Result<Engine, SampleError> {
    engine_for(job, &[], partitions, overrides)
}

/// As [`engine`], for clients with these settings.
///
/// # Errors
/// As [`engine`].
pub fn engine_for(
    job: &Job,
    settings: &[(&str, &str)],
    partitions: i32,
    overrides: &[(&str, &str)],
) -> Result<Engine, SampleError> {
    let client = ProducerConfig::new(&config(job, settings)?).map_err(SampleError::of)?.client;
    let engine = open(&client)?;
    let config = overrides.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let topic =
        NewTopic { name: TOPIC.to_owned(), partitions: Some(partitions), config, ..NewTopic::default() };
    engine.broker().create_topic(&topic).map_err(SampleError::of)?;
    Ok(engine)
}

/// The engine that a client's settings name.
///
/// # Errors
/// When it cannot be opened.
pub fn open(client: &ClientConfig) -> Result<Engine, SampleError> {
    let engine = Engine::open(client).map_err(SampleError::of)?;
    engine.ok_or_else(|| SampleError::Process("the configuration names no engine".to_owned()))
}

/// A producer on an engine.
///
/// # Errors
/// When a setting is refused.
pub fn producer(job: &Job, engine: &Engine, settings: &[(&str, &str)]) -> Result<Producer, SampleError> {
    let config = ProducerConfig::new(&config(job, settings)?).map_err(SampleError::of)?;
    Producer::on_engine(config, Some(engine.clone()), None).map_err(SampleError::of)
}

/// One value without a key.
#[inline]
pub fn record(payload: &[u8]) -> ProducerRecord<'_> {
    ProducerRecord { value: Some(payload), ..ProducerRecord::default() }
}

/// An engine with many partitions and nothing to do.
pub struct Idle(#[expect(dead_code, reason = "what is measured is that it is there")] Engine);

impl IdleEngine for Idle {
    fn open(job: &Job, partition_count: u32) -> Result<Self, SampleError> {
        let partitions = i32::try_from(partition_count).unwrap_or(i32::MAX);
        let engine = engine(job, partitions, &[])?;
        let producer = producer(job, &engine, &[])?;
        for partition in 0..partitions {
            let partition = Some(tidelog::types::PartitionIndex(partition));
            let record = ProducerRecord { partition, ..record(b"x") };
            producer.produce(TOPIC, record).map_err(SampleError::of)?;
        }
        producer.flush(None);
        Ok(Idle(engine))
    }
}
