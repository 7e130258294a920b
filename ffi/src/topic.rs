//! [`Topic`]: a topic to produce to, with settings of its own if it has some.

use std::ffi::{CString, c_char, c_int, c_void};
use std::sync::Arc;

use arc_swap::ArcSwap;
use tidelog::client::config::TopicProducerConfig;
use tidelog::client::producer::ProducerTopic;
use tidelog::client::{KafkaError, Producer};
use tidelog::error_code::ErrorCode;
use tidelog::types::PartitionIndex;

use crate::boundary;
use crate::callbacks::Opaque;
use crate::client::{Client, clients};
use crate::guard::{guard, or_none, or_null};
use crate::handles::{Held, Kind, Table};
use crate::text::c_text;
use crate::topic_conf::{TopicConf, TopicSettings, topic_confs};

/// A topic of a client, so that its name need not be looked up for each message. Threads may share it.
///
/// A handle: one that is NULL or was destroyed gives an error.
pub struct Topic {
    pub(crate) client: Held<Client>,
    name: CString,
    settings: TopicSettings,
    /// Of a producer.
    own: Option<ProducerSide>,
}

struct ProducerSide {
    config: TopicProducerConfig,
    /// What the name means: another topic after it was deleted and created anew.
    topic: ArcSwap<ProducerTopic>,
}

static TOPICS: Table<Topic> = Table::new(Kind { name: "topic", number: 4 });

pub(crate) fn topics() -> &'static Table<Topic> {
    &TOPICS
}

impl Topic {
    fn new(client: Held<Client>, name: &str, own: Option<TopicSettings>) -> Result<Topic, KafkaError> {
        let settings = match own {
            Some(own) => own,
            None => TopicSettings {
                config: client.settings.config.topic_defaults(),
                ..client.settings.topic.clone()
            },
        };
        let own = client.producer().ok().map(|producer| {
            let config = TopicProducerConfig::new(&client.settings.config, &settings.config);
            let topic = ArcSwap::new(producer.topic_with(name, &config));
            ProducerSide { config, topic }
        });
        Ok(Topic { name: c_text(name), settings, own, client })
    }

    pub(crate) fn name(&self) -> &str {
        // Only texts were taken in.
        self.name.to_str().unwrap_or_default()
    }

    /// Calls `act` with the producer and what the topic is now.
    #[inline]
    pub(crate) fn with<T>(
        &self,
        act: impl FnOnce(&Producer, &ProducerTopic) -> Result<T, KafkaError>,
    ) -> Result<T, KafkaError> {
        let producer = self.client.producer()?;
        self.client.check_alive()?;
        let Some(own) = &self.own else { return Err(ErrorCode::LocalInvalidArg.into()) };
        let current = own.topic.load();
        if current.is_current() {
            return act(producer, &current);
        }
        drop(current);
        let anew = producer.topic_with(self.name(), &own.config);
        own.topic.store(Arc::clone(&anew));
        act(producer, &anew)
    }

    /// What the application's partitioner chooses for a message that names no partition; `None` without one.
    #[inline]
    pub(crate) fn choose(
        &self,
        handle: *const Topic,
        topic: &ProducerTopic,
        key: Option<&[u8]>,
        opaque: Opaque,
    ) -> Option<PartitionIndex> {
        let partitioner = self.settings.partitioner?;
        let count = i32::try_from(topic.partition_count()).ok().filter(|count| *count > 0)?;
        let (place, size) = key.map_or((std::ptr::null(), 0), |key| (key.as_ptr().cast(), key.len()));
        let chosen =
            partitioner(handle, place, size, count, self.settings.opaque.pointer(), opaque.pointer());
        Some(PartitionIndex(chosen))
    }
}

/// A topic of a client, with settings that belong to it from now on (do not destroy `conf`) or, with NULL, those that
/// the client has for topics. What a producer knows already keeps the settings it has. NULL on failure
/// (::tl_last_error), then `conf` still belongs to the caller. The caller owns the topic: ::tl_topic_destroy.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_new(rk: *mut Client, topic: *const c_char, conf: *mut TopicConf) -> *mut Topic {
    guard(|| {
        let make = || -> Result<*mut Topic, KafkaError> {
            let client = clients().get(rk)?;
            let name = boundary::required_text(topic, "topic")?;
            let own = match conf.is_null() {
                true => None,
                false => Some(topic_confs().borrow(conf)?.settings.lock().clone()),
            };
            let topic = TOPICS.insert(|_| Topic::new(client, name, own))?;
            drop(topic_confs().remove(conf));
            Ok(topic)
        };
        or_null(make())
    })
}

/// Lets go of a topic; what was produced to it is delivered all the same. Does nothing for NULL and for what is gone
/// already.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_destroy(rkt: *mut Topic) {
    guard(|| drop(TOPICS.remove(rkt)));
}

/// Its name, which lives as long as it does; NULL for what is none.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_name(rkt: *const Topic) -> *const c_char {
    guard(|| or_none(TOPICS.borrow(rkt)).map_or(std::ptr::null(), |topic| topic.name.as_ptr()))
}

/// The pointer of ::tl_topic_conf_set_opaque.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_opaque(rkt: *const Topic) -> *mut c_void {
    guard(|| {
        or_none(TOPICS.borrow(rkt)).map_or(std::ptr::null_mut(), |topic| topic.settings.opaque.pointer())
    })
}

/// For partitioners: 1 when the topic has this partition and it can be written, else 0.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_partition_available(rkt: *const Topic, partition: i32) -> c_int {
    guard(|| {
        let Some(topic) = or_none(TOPICS.borrow(rkt)) else { return 0 };
        let engine = topic.client.engine();
        let found = engine.and_then(|engine| engine.broker().topic(topic.name()));
        let served = found.is_some_and(|topic| match topic.partition(PartitionIndex(partition)) {
            Some(Ok(partition)) => partition.unavailable().is_none(),
            Some(Err(_)) | None => false,
        });
        c_int::from(served)
    })
}
