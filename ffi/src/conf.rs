//! [`Conf`]: a client's settings and callbacks before it is made.

use std::ffi::{CString, c_char, c_int, c_void};
use std::mem::MaybeUninit;
use std::sync::LazyLock;

use parking_lot::Mutex;
use tidelog::client::KafkaError;
use tidelog::client::config::{Config, ConfigError, Kind as PropertyKind, properties};

use crate::boundary;
use crate::callbacks::{
    BackgroundEventCallback, Callbacks, DeliveryCallback, ErrorCallback, LogCallback, OffsetCommitCallback,
    Opaque, RebalanceCallback, StatsCallback,
};
use crate::guard::{guard, or_null};
use crate::handles::{Kind, Table};
use crate::text::c_text;
use crate::topic_conf::{TopicConf, TopicSettings, topic_confs};

/// Settings of a client, being put together.
///
/// A handle: one that is NULL or was destroyed gives an error. ::tl_new takes it over.
pub struct Conf {
    pub(crate) settings: Mutex<Settings>,
}

/// What a [`Conf`] holds.
#[derive(Clone, Default)]
pub(crate) struct Settings {
    pub(crate) config: Config,
    pub(crate) callbacks: Callbacks,
    /// `TL_EVENT_...`: what comes as an event instead of through a callback.
    pub(crate) events: c_int,
    /// Of topics that have no settings of their own.
    pub(crate) topic: TopicSettings,
}

static CONFS: Table<Conf> = Table::new(Kind { name: "conf", number: 1 });

pub(crate) fn confs() -> &'static Table<Conf> {
    &CONFS
}

/// Outcome of setting a property: one of `TL_CONF_...`.
pub type ConfResult = c_int;
/// There is no such property.
pub const TL_CONF_UNKNOWN: ConfResult = -2;
/// The property does not take this value, or the object does not exist.
pub const TL_CONF_INVALID: ConfResult = -1;
/// The property has been set.
pub const TL_CONF_OK: ConfResult = 0;

/// Reads a property that C gives and has `set` set it; tells what became of that.
pub(crate) fn set_property(
    name: *const c_char,
    value: *const c_char,
    set: impl FnOnce(&str, Option<&str>) -> Result<Result<(), ConfigError>, KafkaError>,
    errstr: *mut c_char,
    errstr_size: usize,
) -> ConfResult {
    let read = || set(boundary::required_text(name, "name")?, boundary::text(value, "value")?);
    let (result, reason) = match read() {
        Ok(Ok(())) => return TL_CONF_OK,
        Ok(Err(error)) if error.is_unknown() => (TL_CONF_UNKNOWN, error.to_string()),
        Ok(Err(error)) => (TL_CONF_INVALID, error.to_string()),
        Err(error) => (TL_CONF_INVALID, error.reason().to_owned()),
    };
    boundary::put_text(errstr, errstr_size, &reason);
    result
}

/// Hands out the value that `get` finds of a property.
pub(crate) fn get_property(
    name: *const c_char,
    get: impl FnOnce(&str) -> Result<Option<String>, KafkaError>,
    dest: *mut c_char,
    dest_size: Option<&mut usize>,
) -> ConfResult {
    let found = boundary::required_text(name, "name").and_then(get);
    let Ok(Some(value)) = found else { return TL_CONF_UNKNOWN };
    if let Some(size) = dest_size {
        boundary::put_text(dest, *size, &value);
        *size = value.len() + 1;
    }
    TL_CONF_OK
}

/// Names and values, in turns, as a list that the application frees.
pub(crate) fn dump(
    entries: Vec<(String, String)>,
    count: Option<&mut MaybeUninit<usize>>,
) -> *mut *const c_char {
    let texts: Vec<String> = entries.into_iter().flat_map(|(name, value)| [name, value]).collect();
    if let Some(count) = count {
        count.write(texts.len());
    }
    boundary::malloced_list(&texts)
}

/// Settings with nothing set. The caller owns them: ::tl_conf_destroy, unless ::tl_new takes them over. NULL when there
/// are too many.
#[unsafe(no_mangle)]
pub extern "C" fn tl_conf_new() -> *mut Conf {
    guard(|| or_null(new_conf(Settings::default())))
}

fn new_conf(settings: Settings) -> Result<*mut Conf, KafkaError> {
    CONFS.insert(|_| Ok(Conf { settings: Mutex::new(settings) }))
}

/// Destroys settings. Does nothing for NULL and for those that are gone already.
#[unsafe(no_mangle)]
pub extern "C" fn tl_conf_destroy(conf: *mut Conf) {
    guard(|| drop(CONFS.remove(conf)));
}

/// A copy of settings, which the caller owns. NULL when there is nothing to copy.
#[unsafe(no_mangle)]
pub extern "C" fn tl_conf_dup(conf: *const Conf) -> *mut Conf {
    guard(|| or_null(CONFS.borrow(conf).and_then(|conf| new_conf(conf.settings.lock().clone()))))
}

/// A copy of settings without the properties whose names begin with one of the `filter_cnt` texts in `filter`; callbacks are
/// copied. The caller owns it. NULL when there is nothing to copy, or for a filter that is none.
#[unsafe(no_mangle)]
pub extern "C" fn tl_conf_dup_filter(
    conf: *const Conf,
    filter_cnt: usize,
    filter: *mut *const c_char,
) -> *mut Conf {
    guard(|| {
        let copy = || {
            let texts = boundary::items(filter.cast_const(), filter_cnt, "filter")?;
            let prefixes: Result<Vec<&str>, KafkaError> =
                texts.iter().map(|text| boundary::required_text(*text, "filter")).collect();
            let settings = CONFS.borrow(conf)?.settings.lock().clone();
            new_conf(Settings { config: settings.config.without(&prefixes?), ..settings })
        };
        or_null(copy())
    })
}

/// Sets a property, by librdkafka's names and with its values; NULL and the empty text are the same. A name that no
/// client setting has is looked for among those of topics. `errstr` (of `errstr_size` bytes, may be NULL) gets the reason
/// when it is refused; the property then keeps its value.
#[unsafe(no_mangle)]
pub extern "C" fn tl_conf_set(
    conf: *mut Conf,
    name: *const c_char,
    value: *const c_char,
    errstr: *mut c_char,
    errstr_size: usize,
) -> ConfResult {
    guard(|| {
        let set =
            |name: &str, value: Option<&str>| Ok(CONFS.borrow(conf)?.settings.lock().config.set(name, value));
        set_property(name, value, set, errstr, errstr_size)
    })
}

/// Puts the value of a property, or its default, into `dest`, whose size is `*dest_size`; that becomes the size of the
/// value with its NUL. With `dest` NULL only the size is told. `TL_CONF_UNKNOWN` when there is no value.
#[unsafe(no_mangle)]
pub extern "C" fn tl_conf_get(
    conf: *const Conf,
    name: *const c_char,
    dest: *mut c_char,
    dest_size: Option<&mut usize>,
) -> ConfResult {
    guard(|| {
        let get = |name: &str| Ok(CONFS.borrow(conf)?.settings.lock().config.get(name));
        get_property(name, get, dest, dest_size)
    })
}

/// All properties that have a value: names and values in turns, `*cntp` of both together. Secrets are among them. The
/// caller frees it with ::tl_conf_dump_free. NULL when there is nothing to dump.
#[unsafe(no_mangle)]
pub extern "C" fn tl_conf_dump(
    conf: *const Conf,
    cntp: Option<&mut MaybeUninit<usize>>,
) -> *mut *const c_char {
    guard(|| match CONFS.borrow(conf) {
        Ok(conf) => dump(conf.settings.lock().config.dump(), cntp),
        Err(_) => std::ptr::null_mut(),
    })
}

/// Frees what ::tl_conf_dump or ::tl_topic_conf_dump returned, with the count that they told. Does nothing for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_conf_dump_free(arr: *mut *const c_char, cnt: usize) {
    guard(|| boundary::free_list(arr, cnt));
}

/// The words that the property `debug` takes, with commas between them.
static DEBUG_CONTEXTS: LazyLock<CString> = LazyLock::new(|| {
    let words = properties().iter().find_map(|property| match property.kind() {
        PropertyKind::Flags { words, .. } if property.name() == "debug" => Some(words.join(",")),
        _ => None,
    });
    c_text(&words.unwrap_or_default())
});

/// The words that the property `debug` takes, with commas between them. Static: never freed.
#[unsafe(no_mangle)]
pub extern "C" fn tl_get_debug_contexts() -> *const c_char {
    guard(|| DEBUG_CONTEXTS.as_ptr())
}

/// Changes settings, if they are there.
fn change(conf: *mut Conf, change: impl FnOnce(&mut Settings)) {
    guard(|| {
        if let Ok(conf) = CONFS.borrow(conf) {
            change(&mut conf.settings.lock());
        }
    });
}

/// Has `dr_msg_cb` called with delivery reports; NULL for nobody, then ::tl_poll need not be called.
#[unsafe(no_mangle)]
pub extern "C" fn tl_conf_set_dr_msg_cb(conf: *mut Conf, dr_msg_cb: DeliveryCallback) {
    change(conf, |settings| settings.callbacks.delivery = dr_msg_cb);
}

/// Has `rebalance_cb` called when the group rebalances; without it that is done by itself.
#[unsafe(no_mangle)]
pub extern "C" fn tl_conf_set_rebalance_cb(conf: *mut Conf, rebalance_cb: RebalanceCallback) {
    change(conf, |settings| settings.callbacks.rebalance = rebalance_cb);
}

/// Has `offset_commit_cb` called with the outcome of commits that nobody waited for.
#[unsafe(no_mangle)]
pub extern "C" fn tl_conf_set_offset_commit_cb(conf: *mut Conf, offset_commit_cb: OffsetCommitCallback) {
    change(conf, |settings| settings.callbacks.offset_commit = offset_commit_cb);
}

/// Has `error_cb` called with what is wrong with the client as a whole: an engine in the same process has nothing to
/// say but fatal errors.
#[unsafe(no_mangle)]
pub extern "C" fn tl_conf_set_error_cb(conf: *mut Conf, error_cb: ErrorCallback) {
    change(conf, |settings| settings.callbacks.error = error_cb);
}

/// Has `log_cb` called with log lines, in place of printing them to standard error.
#[unsafe(no_mangle)]
pub extern "C" fn tl_conf_set_log_cb(conf: *mut Conf, log_cb: LogCallback) {
    change(conf, |settings| settings.callbacks.log = log_cb);
}

/// Has `stats_cb` called with statistics every `statistics.interval.ms`.
#[unsafe(no_mangle)]
pub extern "C" fn tl_conf_set_stats_cb(conf: *mut Conf, stats_cb: StatsCallback) {
    change(conf, |settings| settings.callbacks.stats = stats_cb);
}

/// Has `event_cb` called with the events of the background queue, by a thread of the library.
#[unsafe(no_mangle)]
pub extern "C" fn tl_conf_set_background_event_cb(conf: *mut Conf, event_cb: BackgroundEventCallback) {
    change(conf, |settings| settings.callbacks.background_event = event_cb);
}

/// What callbacks get as `opaque`.
#[unsafe(no_mangle)]
pub extern "C" fn tl_conf_set_opaque(conf: *mut Conf, opaque: *mut c_void) {
    change(conf, |settings| settings.callbacks.opaque = Opaque::new(opaque));
}

/// What comes as an event of a queue instead of through a callback: `TL_EVENT_...`, or-ed.
#[unsafe(no_mangle)]
pub extern "C" fn tl_conf_set_events(conf: *mut Conf, events: c_int) {
    change(conf, |settings| settings.events = events);
}

/// Settings that topics have unless they get their own. They are taken over: do not destroy `tconf`.
#[unsafe(no_mangle)]
pub extern "C" fn tl_conf_set_default_topic_conf(conf: *mut Conf, tconf: *mut TopicConf) {
    change(conf, |settings| {
        if let Ok(topic) = topic_confs().remove(tconf) {
            settings.topic = topic.settings.lock().clone();
            settings.config.set_topic_defaults(&settings.topic.config);
        }
    });
}
