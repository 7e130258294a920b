//! Servers and clusters over TCP, through librdkafka, so that ours and any other are measured alike.

use std::time::Duration;

use futures_executor::block_on;
use parking_lot::Mutex;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::{ClientContext, DefaultClientContext};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use tidelog::client::Engine;
use tidelog::config::EngineConfig;
use tidelog::io::ListenAddress;
use tidelog::server::{Server, ServerOptions};

use super::target::{Measured, Receiver, Sender};
use crate::error::CliError;
use crate::fresh_folder::PassingFolder;

/// Longest time that making or removing a topic may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// See the module.
pub(super) struct Cluster {
    servers: String,
    /// Stops with it.
    _own: Option<OwnServer>,
}

/// A server in this process, on a fresh directory.
struct OwnServer {
    server: Server,
    engine: Engine,
    /// Goes last.
    _folder: PassingFolder,
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        self.server.stop();
        self.engine.broker().close();
    }
}

impl OwnServer {
    fn start() -> Result<OwnServer, CliError> {
        let folder = PassingFolder::new("tidelog-bench")?;
        let data = folder.path().join("data");
        // As `tidelog serve` does: a core for each shard.
        let shards = std::thread::available_parallelism().map_or(1, usize::from).to_string();
        let config = EngineConfig::parse([("tidelog.shards", shards.as_str())])
            .map_err(|error| CliError::Measure(error.to_string()))?;
        let engine = Engine::join_directory(&data, &config)?;
        let loopback = ListenAddress::Tcp(([127, 0, 0, 1], 0).into());
        let options = ServerOptions { listeners: vec![loopback], ..ServerOptions::default() };
        let server = Server::start(engine.broker(), options)
            .map_err(|error| CliError::Measure(format!("the server cannot be started: {error}")))?;
        Ok(OwnServer { server, engine, _folder: folder })
    }
}

impl Cluster {
    /// The cluster that these servers name.
    pub(super) fn new(servers: &str) -> Cluster {
        Cluster { servers: servers.to_owned(), _own: None }
    }

    /// A server of ours in this process.
    pub(super) fn of_our_own() -> Result<Cluster, CliError> {
        let own = OwnServer::start()?;
        let addresses: Vec<String> = own.server.addresses().iter().map(ToString::to_string).collect();
        Ok(Cluster { servers: addresses.join(","), _own: Some(own) })
    }

    fn config(&self, settings: &[(String, String)]) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.servers);
        for (name, value) in settings {
            config.set(name, value);
        }
        config
    }

    fn admin(&self) -> Result<(AdminClient<DefaultClientContext>, AdminOptions), CliError> {
        let options = AdminOptions::new().operation_timeout(Some(PATIENCE)).request_timeout(Some(PATIENCE));
        Ok((self.config(&[]).create().map_err(of_client)?, options))
    }
}

impl Measured for Cluster {
    fn create_topic(&self, name: &str, partitions: u16, may_exist: bool) -> Result<(), CliError> {
        let (admin, options) = self.admin()?;
        let size_max = super::MESSAGE_SIZE_MAX.to_string();
        let new = NewTopic::new(name, partitions.into(), TopicReplication::Fixed(1))
            .set("max.message.bytes", &size_max);
        let results = block_on(admin.create_topics([&new], &options)).map_err(of_client)?;
        match results.into_iter().next() {
            Some(Err((_, code))) if !(may_exist && code == RDKafkaErrorCode::TopicAlreadyExists) => {
                Err(CliError::Remote(format!("topic {name}: {code}")))
            }
            _ => Ok(()),
        }
    }

    fn delete_topic(&self, name: &str) -> Result<(), CliError> {
        let (admin, options) = self.admin()?;
        let results = block_on(admin.delete_topics(&[name], &options)).map_err(of_client)?;
        match results.into_iter().next() {
            Some(Err((_, code))) => Err(CliError::Remote(format!("topic {name}: {code}"))),
            _ => Ok(()),
        }
    }

    fn sender(&self, topic: &str, settings: &[(String, String)]) -> Result<Box<dyn Sender>, CliError> {
        let producer = self.config(settings).create_with_context(Delivered::default()).map_err(of_client)?;
        Ok(Box::new(ClusterSender { producer, topic: topic.to_owned(), pending: 0 }))
    }

    fn receiver(&self, topic: &str, settings: &[(String, String)]) -> Result<Box<dyn Receiver>, CliError> {
        let consumer: BaseConsumer = self.config(settings).create().map_err(of_client)?;
        consumer.subscribe(&[topic]).map_err(of_client)?;
        Ok(Box::new(ClusterReceiver(consumer)))
    }
}

/// What has been delivered since the last look.
#[derive(Default)]
struct Delivered {
    due: Mutex<Vec<u64>>,
    failure: Mutex<Option<KafkaError>>,
}

impl ClientContext for Delivered {}

impl ProducerContext for Delivered {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, due: usize) {
        match result {
            Ok(_) => self.due.lock().push(due as u64),
            Err((error, _)) => *self.failure.lock() = Some(error.clone()),
        }
    }
}

struct ClusterSender {
    producer: BaseProducer<Delivered>,
    topic: String,
    pending: usize,
}

impl Sender for ClusterSender {
    fn send(&mut self, key: Option<&[u8]>, value: &[u8], due: u64) -> Result<bool, CliError> {
        let opaque = usize::try_from(due).unwrap_or(usize::MAX);
        let record: BaseRecord<'_, [u8], [u8], usize> =
            BaseRecord::with_opaque_to(&self.topic, opaque).payload(value);
        let sent = self.producer.send(match key {
            Some(key) => record.key(key),
            None => record,
        });
        match sent {
            Ok(()) => {
                self.pending += 1;
                Ok(true)
            }
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => Ok(false),
            Err((error, _)) => Err(of_client(error)),
        }
    }

    fn serve(&mut self, timeout: Duration, due: &mut Vec<u64>) -> Result<(), CliError> {
        // librdkafka waits in whole milliseconds.
        let wait = if timeout < Duration::from_millis(1) { Duration::ZERO } else { timeout };
        self.producer.poll(wait);
        let delivered = self.producer.context();
        if let Some(error) = delivered.failure.lock().take() {
            return Err(of_client(error));
        }
        let mut new = delivered.due.lock();
        self.pending -= new.len();
        due.append(&mut new);
        Ok(())
    }

    fn pending(&self) -> usize {
        self.pending
    }
}

struct ClusterReceiver(BaseConsumer);

impl Receiver for ClusterReceiver {
    fn receive(&mut self, timeout: Duration, each: &mut dyn FnMut(&[u8])) -> Result<(), CliError> {
        let mut timeout = timeout;
        while let Some(message) = self.0.poll(timeout) {
            each(message.map_err(of_client)?.payload().unwrap_or_default());
            timeout = Duration::ZERO;
        }
        Ok(())
    }

    fn assigned(&self) -> Result<usize, CliError> {
        Ok(self.0.assignment().map_err(of_client)?.count())
    }

    fn close(&mut self) {
        // It leaves its group when it is dropped.
        self.0.unsubscribe();
    }
}

fn of_client(error: KafkaError) -> CliError {
    match error {
        KafkaError::ClientConfig(_, reason, name, value) => {
            CliError::Usage(format!("{name}={value}: {reason}"))
        }
        other => CliError::Remote(other.to_string()),
    }
}
