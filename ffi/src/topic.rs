//! [`Topic`]: a topic to produce to, with settings of its own if it has some.

use std::cell::Cell;
use std::ffi::{CString, c_char, c_int, c_void};
use std::sync::Arc;

use arc_swap::ArcSwapOption;
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
    /// What the name meant first, and nearly always still means.
    first: Arc<ProducerTopic>,
    /// What it means after the topic was deleted and created anew.
    later: ArcSwapOption<ProducerTopic>,
}

impl ProducerSide {
    /// What the name means now that the first topic of that name is gone.
    #[cold]
    fn anew(&self, producer: &Producer, name: &str) -> Arc<ProducerTopic> {
        if let Some(later) = self.later.load_full().filter(|later| later.is_current()) {
            return later;
        }
        let later = producer.topic_with(name, &self.config);
        self.later.store(Some(Arc::clone(&later)));
        later
    }
}

thread_local! {
    /// The topic that this thread produced to last, so that it need not be looked up for the next message.
    static LAST: Cell<Option<Held<Topic>>> = const { Cell::new(None) };
}

/// Calls `act` with the topic that `handle` names.
///
/// # Errors
/// `_INVALID_ARG` for NULL, `_STATE` for what is not alive; what `act` fails with.
#[inline]
pub(crate) fn on_topic<T>(
    handle: *const Topic,
    act: impl FnOnce(&Topic) -> Result<T, KafkaError>,
) -> Result<T, KafkaError> {
    // Gone when the thread ends. `act` may call the application, which may produce.
    let last = LAST.try_with(Cell::take).ok().flatten();
    let topic = match last.filter(|last| TOPICS.names(handle, last)) {
        Some(last) => last,
        None => TOPICS.get(handle)?,
    };
    let outcome = act(&topic);
    let _ = LAST.try_with(|last| last.set(Some(topic)));
    outcome
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
            let first = producer.topic_with(name, &config);
            ProducerSide { config, first, later: ArcSwapOption::empty() }
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
        if own.first.is_current() {
            return act(producer, &own.first);
        }
        act(producer, &own.anew(producer, self.name()))
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
    guard(|| {
        drop(TOPICS.remove(rkt));
        drop(LAST.try_with(Cell::take));
    });
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
