//! [`Client`]: a producer or a consumer: made, named and destroyed.

use std::ffi::{CString, c_char, c_int, c_void};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tidelog::client::admin::AdminWorker;
use tidelog::client::config::{ClientConfig, Config, ConsumerConfig, ProducerConfig, Role};
use tidelog::client::consumer::ConsumerError;
use tidelog::client::{Admin, ClientLog, Consumer, Engine, KafkaError, Producer};
use tidelog::error_code::ErrorCode;

use crate::background::Background;
use crate::boundary;
use crate::conf::{Conf, Settings, confs};
use crate::error::{ResponseError, of_call};
use crate::event::{Event, TL_EVENT_ERROR, TL_EVENT_LOG};
use crate::event_queue::{EventQueue, Source};
use crate::guard::{explained, guard, or_none, or_null};
use crate::handles::{Held, Kind, Table};
use crate::message::Message;
use crate::partition_queues::PartitionQueues;
use crate::serving;
use crate::text::c_text;
use crate::timeout::deadline;

/// A producer or a consumer. Threads may share it.
///
/// A handle: one that is NULL or was destroyed gives an error.
pub struct Client {
    pub(crate) handle: ClientHandle,
    name: CString,
    side: Side,
    /// As they were when it was made.
    pub(crate) settings: Settings,
    /// What there is beside messages.
    pub(crate) main: Arc<EventQueue>,
    /// Messages of a consumer, and what comes with them.
    pub(crate) messages: Arc<EventQueue>,
    /// Messages of partitions that the application takes apart.
    pub(crate) partitions: Arc<PartitionQueues>,
    /// Does what is asked for in the background.
    pub(crate) worker: AdminWorker,
    pub(crate) background: Background,
    /// `node.id` of its engine; -1 without one.
    pub(crate) broker: i32,
    log_queue: bool,
    is_closing: Arc<AtomicBool>,
    /// Whose polling closes it.
    closed_by: Mutex<Option<Arc<EventQueue>>>,
    has_ended: AtomicBool,
}

enum Side {
    Producer(Producer),
    Consumer(Consumer),
}

/// The settings of one kind of client, read once.
enum Parsed {
    Producer(ProducerConfig),
    Consumer(ConsumerConfig),
}

impl Parsed {
    fn new(role: Role, config: &Config) -> Result<Parsed, KafkaError> {
        Ok(match role {
            Role::Consumer => Parsed::Consumer(ConsumerConfig::new(config)?),
            _ => Parsed::Producer(ProducerConfig::new(config)?),
        })
    }

    fn client(&self) -> &ClientConfig {
        match self {
            Parsed::Producer(config) => &config.client,
            Parsed::Consumer(config) => &config.client,
        }
    }
}

/// The handle of a client, for callbacks.
#[derive(Clone, Copy)]
pub(crate) struct ClientHandle(usize);

impl ClientHandle {
    /// NULL.
    pub(crate) const NONE: ClientHandle = ClientHandle(0);

    pub(crate) fn pointer(self) -> *mut Client {
        std::ptr::without_provenance_mut(self.0)
    }
}

static CLIENTS: Table<Client> = Table::new(Kind { name: "client", number: 3 });

pub(crate) fn clients() -> &'static Table<Client> {
    &CLIENTS
}

/// Which kind of client: `TL_PRODUCER` or `TL_CONSUMER`.
pub type ClientType = c_int;
/// A producer, or whoever administers.
pub const TL_PRODUCER: ClientType = 0;
/// A consumer.
pub const TL_CONSUMER: ClientType = 1;

impl Client {
    fn new(handle: *mut Client, role: Role, mut settings: Settings) -> Result<Client, KafkaError> {
        let handle = ClientHandle(handle.addr());
        let parsed = Parsed::new(role, &settings.config)?;
        let config = parsed.client().clone();
        settings.add_events(config.enabled_events);
        let engine = Engine::open(&config)?;
        let (main, messages) =
            (EventQueue::new(Source::Main(handle)), EventQueue::new(Source::Messages(handle)));
        let is_closing = Arc::new(AtomicBool::new(false));
        let broker = engine.as_ref().map_or(-1, |engine| engine.broker().config().node_id);
        let told = serving::Told { handle, broker, settings: &settings, main: &main, messages: &messages };
        let side = match parsed {
            Parsed::Consumer(config) => {
                let callbacks = told.consumer_callbacks(&is_closing);
                let consumer = Consumer::on_engine_with(config, engine.clone(), callbacks);
                if let Some(callback) = told.statistics() {
                    consumer.on_statistics(callback);
                }
                Side::Consumer(consumer)
            }
            Parsed::Producer(config) => {
                let delivery = told.delivery(config.report_only_errors);
                let producer = Producer::on_engine(config, engine.clone(), delivery)?;
                if let Some(callback) = told.statistics() {
                    producer.on_statistics(callback);
                }
                producer.on_error(told.fatal_error());
                Side::Producer(producer)
            }
        };
        let name = told.log(ClientLog::new(role, &settings.config, &config), &config);
        let background = Background::start(handle, &settings.callbacks)?;
        Ok(Client {
            handle,
            name: c_text(&name),
            side,
            worker: AdminWorker::new(Admin::on_engine(engine), config.request_timeout),
            settings,
            main,
            messages,
            partitions: Arc::default(),
            background,
            broker,
            log_queue: config.log_queue,
            is_closing,
            closed_by: Mutex::default(),
            has_ended: AtomicBool::new(false),
        })
    }

    pub(crate) fn name(&self) -> &str {
        // Made from a text.
        self.name.to_str().unwrap_or_default()
    }

    /// The producer that it is.
    ///
    /// # Errors
    /// `_INVALID_ARG` when it is a consumer.
    #[inline]
    pub(crate) fn producer(&self) -> Result<&Producer, KafkaError> {
        match &self.side {
            Side::Producer(producer) => Ok(producer),
            Side::Consumer(_) => {
                Err(KafkaError::with_reason(ErrorCode::LocalInvalidArg, "the client is not a producer"))
            }
        }
    }

    /// The consumer that it is.
    ///
    /// # Errors
    /// `_UNKNOWN_GROUP` when it is a producer, as librdkafka says of clients that are in no group.
    #[inline]
    pub(crate) fn consumer(&self) -> Result<&Consumer, KafkaError> {
        match &self.side {
            Side::Consumer(consumer) => Ok(consumer),
            Side::Producer(_) => {
                Err(KafkaError::with_reason(ErrorCode::LocalUnknownGroup, "the client is not a consumer"))
            }
        }
    }

    pub(crate) fn engine(&self) -> Option<Engine> {
        match &self.side {
            Side::Producer(producer) => producer.engine(),
            Side::Consumer(consumer) => consumer.engine(),
        }
    }

    /// For topics, which outlive their client.
    ///
    /// # Errors
    /// `_STATE` once it has been destroyed.
    #[inline]
    pub(crate) fn check_alive(&self) -> Result<(), KafkaError> {
        if self.has_ended.load(Ordering::Acquire) {
            return Err(KafkaError::with_reason(ErrorCode::LocalState, "the client has been destroyed"));
        }
        Ok(())
    }

    /// Whether anybody hears of deliveries. When not, they need not be polled for.
    pub(crate) fn hears_of_deliveries(&self) -> bool {
        self.settings.callbacks.delivery.is_some() || self.settings.hands_out(crate::event::TL_EVENT_DR)
    }

    /// Tells why a producer is of no use any more.
    pub(crate) fn tell_fatal(&self, error: &KafkaError) {
        if self.settings.hands_out(TL_EVENT_ERROR) {
            let told = KafkaError::with_reason(ErrorCode::LocalFatal, error.reason().to_owned());
            self.main.add(Event::of_message(Message::failed(ConsumerError::new(told))));
        } else if let Some(callback) = self.settings.callbacks.error {
            let code = c_int::from(ErrorCode::LocalFatal.code());
            let reason = c_text(error.reason());
            callback(self.handle.pointer(), code, reason.as_ptr(), self.settings.callbacks.opaque.pointer());
        }
    }

    /// Closes a consumer: gives up its partitions, commits, leaves the group.
    pub(crate) fn close_consumer(&self) -> Result<(), KafkaError> {
        let consumer = self.consumer()?;
        self.is_closing.store(true, Ordering::Release);
        consumer.close();
        self.wake_readers();
        Ok(())
    }

    /// Has whoever polls `queue` close a consumer.
    pub(crate) fn close_by_polling(&self, queue: &Arc<EventQueue>) -> Result<(), KafkaError> {
        let consumer = self.consumer()?;
        if !Arc::ptr_eq(queue, &self.messages) {
            self.messages.forward(Some(queue))?;
        }
        *self.closed_by.lock() = Some(Arc::clone(queue));
        consumer.begin_close().map_err(of_call)
    }

    /// A poll that has closed a consumer has nothing more to wait for.
    pub(crate) fn end_closing_poll(&self) {
        let is_closed = self.consumer().is_ok_and(Consumer::is_closed);
        if let Some(queue) = self.closed_by.lock().take_if(|_| is_closed) {
            queue.end_waiting();
        }
    }

    /// Lets go of the engine; whoever waits for something wakes up.
    fn end(&self, close_consumer: bool) {
        self.has_ended.store(true, Ordering::Release);
        match &self.side {
            Side::Producer(producer) => producer.close(),
            Side::Consumer(_) if close_consumer => drop(self.close_consumer()),
            Side::Consumer(_) => self.is_closing.store(true, Ordering::Release),
        }
        self.worker.close();
        self.background.stop();
        self.main.wake();
        self.wake_readers();
    }

    /// Whether log lines come into the main queue.
    pub(crate) fn queues_lines(&self) -> bool {
        self.log_queue || self.settings.hands_out(TL_EVENT_LOG)
    }

    /// Whether polling tells the log lines that wait in the main queue.
    pub(crate) fn tells_lines(&self) -> bool {
        self.log_queue && !self.settings.hands_out(TL_EVENT_LOG)
    }

    /// What has whoever waits for messages look again, at whichever queue: only the consumer knows that there is something.
    pub(crate) fn readers_waker(&self) -> Box<dyn Fn() + Send + Sync> {
        let (messages, partitions) = (Arc::downgrade(&self.messages), Arc::downgrade(&self.partitions));
        Box::new(move || {
            if let (Some(messages), Some(partitions)) = (messages.upgrade(), partitions.upgrade()) {
                messages.wake();
                partitions.wake();
            }
        })
    }

    /// Has whoever waits for messages look again.
    fn wake_readers(&self) {
        self.messages.wake();
        self.partitions.wake();
    }
}

impl Settings {
    /// Whether what is of these kinds (`TL_EVENT_...`) comes as an event.
    pub(crate) fn hands_out(&self, kinds: c_int) -> bool {
        self.events & kinds != 0
    }
}

/// Makes a producer or a consumer from settings, which belong to it from now on: do not destroy `conf`. NULL stands for
/// the defaults. It opens or joins the engine that `bootstrap.servers` names: `tidelog:/path`, `tidelog::memory:` (one for
/// itself) or `tidelog::memory:name`.
///
/// NULL on failure: `errstr` (of `errstr_size` bytes, may be NULL) says why, and `conf` still belongs to the caller. The
/// caller owns the client: ::tl_destroy.
#[unsafe(no_mangle)]
pub extern "C" fn tl_new(
    type_: ClientType,
    conf: *mut Conf,
    errstr: *mut c_char,
    errstr_size: usize,
) -> *mut Client {
    guard(|| or_null(explained(make(type_, conf), errstr, errstr_size)))
}

fn make(type_: ClientType, conf: *mut Conf) -> Result<*mut Client, KafkaError> {
    let role = match type_ {
        TL_PRODUCER => Role::Producer,
        TL_CONSUMER => Role::Consumer,
        other => {
            let reason = format!("{other} is no type of client: TL_PRODUCER (0) or TL_CONSUMER (1)");
            return Err(KafkaError::with_reason(ErrorCode::LocalInvalidArg, reason));
        }
    };
    let settings =
        if conf.is_null() { Settings::default() } else { confs().borrow(conf)?.settings.lock().clone() };
    let client = CLIENTS.insert(|handle| Client::new(handle, role, settings))?;
    drop(confs().remove(conf));
    Ok(client)
}

impl Settings {
    /// The property `enabled_events` does what `tl_conf_set_events` does.
    fn add_events(&mut self, enabled: u32) {
        self.events |= c_int::try_from(enabled).unwrap_or(0);
    }
}

/// Do not close a consumer when it is destroyed: neither commit nor leave the group.
pub const TL_DESTROY_F_NO_CONSUMER_CLOSE: c_int = 0x8;

/// Destroys a client. A consumer is closed first; what a producer has not delivered is given up: ::tl_flush before. Calls
/// of other threads that wait come back. Does nothing for NULL and for what is gone already; its topics and queues stay
/// to be destroyed and only give errors.
#[unsafe(no_mangle)]
pub extern "C" fn tl_destroy(rk: *mut Client) {
    tl_destroy_flags(rk, 0);
}

/// As ::tl_destroy, with `flags`: `TL_DESTROY_F_NO_CONSUMER_CLOSE`.
#[unsafe(no_mangle)]
pub extern "C" fn tl_destroy_flags(rk: *mut Client, flags: c_int) {
    guard(|| {
        let Ok(client) = CLIENTS.get(rk) else { return };
        // While it closes, callbacks may still use it.
        client.end(flags & TL_DESTROY_F_NO_CONSUMER_CLOSE == 0);
        drop(CLIENTS.remove(rk));
    });
}

/// Waits until every client of the process has been destroyed, by whichever thread; at most `timeout_ms` (negative:
/// without end). 0, or -1 when there are some left.
#[unsafe(no_mangle)]
pub extern "C" fn tl_wait_destroyed(timeout_ms: c_int) -> c_int {
    const LOOK: Duration = Duration::from_millis(5);
    guard(|| {
        let until = deadline(timeout_ms);
        while CLIENTS.count() > 0 {
            if until.is_some_and(|until| Instant::now() >= until) {
                return -1;
            }
            std::thread::sleep(LOOK);
        }
        0
    })
}

/// The client, if it is alive; else the last error says why not.
pub(crate) fn client_of(rk: *const Client) -> Option<Held<Client>> {
    or_none(CLIENTS.get(rk))
}

/// Its name, such as `rdkafka#producer-1`; NULL for what is none. Lives as long as the client.
#[unsafe(no_mangle)]
pub extern "C" fn tl_name(rk: *const Client) -> *const c_char {
    guard(|| client_of(rk).map_or(std::ptr::null(), |client| client.name.as_ptr()))
}

/// `TL_PRODUCER` or `TL_CONSUMER`; -1 for what is no client.
#[unsafe(no_mangle)]
pub extern "C" fn tl_type(rk: *const Client) -> ClientType {
    guard(|| match client_of(rk).map(|client| matches!(client.side, Side::Producer(_))) {
        Some(true) => TL_PRODUCER,
        Some(false) => TL_CONSUMER,
        None => -1,
    })
}

/// The pointer of ::tl_conf_set_opaque.
#[unsafe(no_mangle)]
pub extern "C" fn tl_opaque(rk: *const Client) -> *mut c_void {
    guard(|| client_of(rk).map_or(std::ptr::null_mut(), |client| client.settings.callbacks.opaque.pointer()))
}

/// Identity of the engine's data; NULL when it is offline. The caller frees it: ::tl_mem_free. `timeout_ms` has no
/// effect: an engine in the same process need not be waited for.
#[unsafe(no_mangle)]
pub extern "C" fn tl_clusterid(rk: *mut Client, timeout_ms: c_int) -> *mut c_char {
    let _ = timeout_ms;
    guard(|| {
        let engine = client_of(rk).and_then(|client| client.engine());
        engine.map_or(std::ptr::null_mut(), |engine| {
            boundary::malloced(engine.broker().cluster_id().as_bytes())
        })
    })
}

/// Number of the node that administers, which is the only one; -1 when it is offline.
#[unsafe(no_mangle)]
pub extern "C" fn tl_controllerid(rk: *mut Client, timeout_ms: c_int) -> i32 {
    let _ = timeout_ms;
    guard(|| {
        let engine = client_of(rk).and_then(|client| client.engine());
        engine.map_or(-1, |engine| engine.broker().config().node_id)
    })
}

/// `size` bytes of zeroes, which the caller frees: ::tl_mem_free. NULL when there is no memory. `rk` may be NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_mem_malloc(rk: *mut Client, size: usize) -> *mut c_void {
    tl_mem_calloc(rk, 1, size)
}

/// As ::tl_mem_malloc, for `num` times `size` bytes.
#[unsafe(no_mangle)]
pub extern "C" fn tl_mem_calloc(rk: *mut Client, num: usize, size: usize) -> *mut c_void {
    let _ = rk;
    guard(|| boundary::zeroes(num, size))
}

/// Frees memory that a call has passed to the caller, such as ::tl_memberid. Does nothing for NULL. `rk` may be NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_mem_free(rk: *mut Client, ptr: *mut c_void) {
    let _ = rk;
    guard(|| boundary::free(ptr));
}

/// The error after which the client can only be destroyed, and why in `errstr` (of `errstr_size` bytes, may be NULL); 0
/// when there is none.
#[unsafe(no_mangle)]
pub extern "C" fn tl_fatal_error(rk: *mut Client, errstr: *mut c_char, errstr_size: usize) -> ResponseError {
    guard(|| {
        let Some(client) = client_of(rk) else { return ErrorCode::LocalInvalidArg.into() };
        let fatal = match &client.side {
            Side::Producer(producer) => producer.fatal_error(),
            Side::Consumer(consumer) => consumer.fatal_error(),
        };
        if let Some(error) = &fatal {
            boundary::put_text(errstr, errstr_size, error.reason());
        }
        fatal.as_ref().into()
    })
}

/// Has the client fail for good with `err` and `reason`, so that an application can test what it does then: it is told
/// through ::tl_conf_set_error_cb or an event, or as a consumer by ::tl_consumer_poll, as `TL_RESP_ERR__FATAL`.
/// `TL_RESP_ERR__PREV_IN_PROGRESS` when it has failed already.
#[unsafe(no_mangle)]
pub extern "C" fn tl_test_fatal_error(
    rk: *mut Client,
    err: ResponseError,
    reason: *const c_char,
) -> ResponseError {
    let fail = || {
        let client = CLIENTS.get(rk)?;
        let code = err.code().ok_or(ErrorCode::LocalInvalidArg)?;
        let reason = boundary::required_text(reason, "reason")?;
        match &client.side {
            Side::Producer(producer) => producer.test_fatal_error(code, reason),
            Side::Consumer(consumer) => consumer.test_fatal_error(code, reason).map_err(of_call),
        }
    };
    guard(|| fail().into())
}

/// What a call of the consumer came to.
pub(crate) fn on_consumer<T>(
    rk: *const Client,
    call: impl FnOnce(&Consumer) -> Result<T, tidelog::client::consumer::CallError>,
) -> Result<T, KafkaError> {
    let client = CLIENTS.get(rk)?;
    call(client.consumer()?).map_err(of_call)
}
