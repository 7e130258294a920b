//! [`TopicConf`]: settings of one topic.

use std::ffi::{c_char, c_void};
use std::mem::MaybeUninit;

use parking_lot::Mutex;
use tidelog::client::KafkaError;
use tidelog::client::config::TopicConfig;

use crate::callbacks::{Opaque, PartitionerCallback};
use crate::conf::{ConfResult, dump, get_property, set_property};
use crate::guard::{guard, or_null};
use crate::handles::{Kind, Table};

/// Settings of a topic, being put together.
///
/// A handle: one that is NULL or was destroyed gives an error. ::tl_topic_new takes it over.
pub struct TopicConf {
    pub(crate) settings: Mutex<TopicSettings>,
}

/// What a [`TopicConf`] holds.
#[derive(Clone, Default)]
pub(crate) struct TopicSettings {
    pub(crate) config: TopicConfig,
    pub(crate) partitioner: PartitionerCallback,
    pub(crate) opaque: Opaque,
}

static TOPIC_CONFS: Table<TopicConf> = Table::new(Kind { name: "topic conf", number: 2 });

pub(crate) fn topic_confs() -> &'static Table<TopicConf> {
    &TOPIC_CONFS
}

fn new_topic_conf(settings: TopicSettings) -> Result<*mut TopicConf, KafkaError> {
    TOPIC_CONFS.insert(|_| Ok(TopicConf { settings: Mutex::new(settings) }))
}

/// Settings with nothing set. The caller owns them: ::tl_topic_conf_destroy, unless they are taken over. NULL when there
/// are too many.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_conf_new() -> *mut TopicConf {
    guard(|| or_null(new_topic_conf(TopicSettings::default())))
}

/// A copy of settings, which the caller owns. NULL when there is nothing to copy.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_conf_dup(conf: *const TopicConf) -> *mut TopicConf {
    guard(|| or_null(TOPIC_CONFS.borrow(conf).and_then(|conf| new_topic_conf(conf.settings.lock().clone()))))
}

/// Destroys settings. Does nothing for NULL and for those that are gone already.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_conf_destroy(topic_conf: *mut TopicConf) {
    guard(|| drop(TOPIC_CONFS.remove(topic_conf)));
}

/// Sets a property of a topic, as ::tl_conf_set does one of a client.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_conf_set(
    conf: *mut TopicConf,
    name: *const c_char,
    value: *const c_char,
    errstr: *mut c_char,
    errstr_size: usize,
) -> ConfResult {
    guard(|| {
        let set = |name: &str, value: Option<&str>| {
            Ok(TOPIC_CONFS.borrow(conf)?.settings.lock().config.set(name, value))
        };
        set_property(name, value, set, errstr, errstr_size)
    })
}

/// The value of a property, as ::tl_conf_get tells it.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_conf_get(
    conf: *const TopicConf,
    name: *const c_char,
    dest: *mut c_char,
    dest_size: Option<&mut usize>,
) -> ConfResult {
    guard(|| {
        let get = |name: &str| Ok(TOPIC_CONFS.borrow(conf)?.settings.lock().config.get(name));
        get_property(name, get, dest, dest_size)
    })
}

/// All properties that have a value, as ::tl_conf_dump lists them.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_conf_dump(
    conf: *const TopicConf,
    cntp: Option<&mut MaybeUninit<usize>>,
) -> *mut *const c_char {
    guard(|| match TOPIC_CONFS.borrow(conf) {
        Ok(conf) => dump(conf.settings.lock().config.dump(), cntp),
        Err(_) => std::ptr::null_mut(),
    })
}

/// Changes settings, if they are there.
fn change(conf: *mut TopicConf, change: impl FnOnce(&mut TopicSettings)) {
    guard(|| {
        if let Ok(conf) = TOPIC_CONFS.borrow(conf) {
            change(&mut conf.settings.lock());
        }
    });
}

/// What ::tl_topic_opaque returns, and the partitioner gets.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_conf_set_opaque(conf: *mut TopicConf, opaque: *mut c_void) {
    change(conf, |settings| settings.opaque = Opaque::new(opaque));
}

/// Has `partitioner` choose the partition of each message that names none; NULL for the property `partitioner`.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_conf_set_partitioner_cb(conf: *mut TopicConf, partitioner: PartitionerCallback) {
    change(conf, |settings| settings.partitioner = partitioner);
}
