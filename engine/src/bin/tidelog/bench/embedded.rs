//! The engine in this process, through its own clients.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tidelog::client::admin::{Admin, Mode, NewTopic};
use tidelog::client::config::Config;
use tidelog::client::consumer::Event;
use tidelog::client::producer::ProducerTopic;
use tidelog::client::{Consumer, Delivery, KafkaError, Producer, ProducerRecord};
use tidelog::error_code::ErrorCode;

use super::target::{Measured, Receiver, Sender};
use crate::error::{CliError, of_batch, of_consumer};
use crate::fresh_folder::PassingFolder;

/// See the module.
pub(super) struct Embedded {
    servers: String,
    /// Keeps the engine open from the first client to the last.
    admin: Admin,
    /// Goes last, when the engine has closed.
    _folder: Option<PassingFolder>,
}

impl Embedded {
    /// In `directory`, or in a fresh one that is removed at the end.
    pub(super) fn on_disk(directory: Option<&Path>) -> Result<Embedded, CliError> {
        let (path, folder) = match directory {
            Some(path) => (std::path::absolute(path).map_err(CliError::of_file(path))?, None),
            None => {
                let folder = PassingFolder::new("tidelog-bench")?;
                (folder.path().join("data"), Some(folder))
            }
        };
        let name = path.to_str().ok_or_else(|| CliError::DirectoryName(path.clone()))?;
        Embedded::open(format!("tidelog:{name}"), folder)
    }

    /// In memory.
    pub(super) fn in_memory() -> Result<Embedded, CliError> {
        Embedded::open("tidelog::memory:bench".to_owned(), None)
    }

    fn open(servers: String, folder: Option<PassingFolder>) -> Result<Embedded, CliError> {
        let admin = Admin::new(&config(&servers, &[])?)?;
        Ok(Embedded { servers, admin, _folder: folder })
    }
}

fn config(servers: &str, settings: &[(String, String)]) -> Result<Config, CliError> {
    let mut config = Config::new();
    config.set("bootstrap.servers", Some(servers)).map_err(KafkaError::from)?;
    for (name, value) in settings {
        config.set(name, Some(value)).map_err(|error| CliError::Usage(error.to_string()))?;
    }
    Ok(config)
}

impl Measured for Embedded {
    fn create_topic(&self, name: &str, partitions: u16, may_exist: bool) -> Result<(), CliError> {
        let new = NewTopic {
            name: name.to_owned(),
            partitions: Some(partitions.into()),
            config: [("max.message.bytes".to_owned(), super::MESSAGE_SIZE_MAX.to_string())].into(),
            ..NewTopic::default()
        };
        match self.admin.create_topics(&[new], Mode::Apply).remove(0) {
            Err(error) if !(may_exist && error.code() == ErrorCode::TopicAlreadyExists) => {
                Err(CliError::about(format!("topic {name}"))(error))
            }
            _ => Ok(()),
        }
    }

    fn delete_topic(&self, name: &str) -> Result<(), CliError> {
        self.admin.delete_topics(&[name]).remove(0).map_err(CliError::about(format!("topic {name}")))
    }

    fn sender(&self, topic: &str, settings: &[(String, String)]) -> Result<Box<dyn Sender>, CliError> {
        let producer = Producer::new(&config(&self.servers, settings)?)?;
        let topic = producer.topic(topic);
        Ok(Box::new(EmbeddedSender { producer, topic, pending: 0 }))
    }

    fn receiver(&self, topic: &str, settings: &[(String, String)]) -> Result<Box<dyn Receiver>, CliError> {
        let consumer = Consumer::new(&config(&self.servers, settings)?)?;
        consumer.subscribe(&[topic]).map_err(of_consumer)?;
        Ok(Box::new(EmbeddedReceiver(consumer)))
    }
}

struct EmbeddedSender {
    producer: Producer,
    topic: Arc<ProducerTopic>,
    pending: usize,
}

impl Sender for EmbeddedSender {
    fn send(&mut self, key: Option<&[u8]>, value: &[u8], due: u64) -> Result<bool, CliError> {
        let delivery = Delivery::Opaque(usize::try_from(due).unwrap_or(usize::MAX));
        let record = ProducerRecord { key, value: Some(value), delivery, ..ProducerRecord::default() };
        match self.producer.produce_to(&self.topic, record) {
            Ok(()) => {
                self.pending += 1;
                Ok(true)
            }
            Err(error) if error.code() == ErrorCode::LocalQueueFull => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn serve(&mut self, timeout: Duration, due: &mut Vec<u64>) -> Result<(), CliError> {
        let mut timeout = timeout;
        while let Some((report, delivery)) = self.producer.next_report(Some(timeout)) {
            if let Some(error) = report.error {
                return Err(error.into());
            }
            if let Delivery::Opaque(nanos) = delivery {
                due.push(nanos as u64);
            }
            self.pending -= 1;
            timeout = Duration::ZERO;
        }
        Ok(())
    }

    fn pending(&self) -> usize {
        self.pending
    }
}

struct EmbeddedReceiver(Consumer);

impl Receiver for EmbeddedReceiver {
    fn receive(&mut self, timeout: Duration, each: &mut dyn FnMut(&[u8])) -> Result<(), CliError> {
        match self.0.next_batch(Some(timeout)).map_err(of_consumer)? {
            Some(Event::Message(batch)) => {
                for record in batch.records().map_err(of_batch)? {
                    each(record.map_err(of_batch)?.value.unwrap_or_default());
                }
                Ok(())
            }
            Some(Event::Error(error)) => Err(error.error.into()),
            None => Ok(()),
        }
    }

    fn assigned(&self) -> Result<usize, CliError> {
        Ok(self.0.assignment().map_err(of_consumer)?.len())
    }

    fn close(&mut self) {
        self.0.close();
    }
}
