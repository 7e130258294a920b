//! [`Queue`]: where events wait. A client has one for what it has to say and a consumer one for its messages; the
//! application makes others, for the answers of admin calls, and may forward one to another.

use std::collections::VecDeque;
use std::ffi::{c_int, c_void};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use tidelog::client::{KafkaError, LogLine};
use tidelog::error_code::ErrorCode;

use crate::boundary;
use crate::callbacks::{Opaque, QueueCallback};
use crate::client::{Client, ClientHandle, clients};
use crate::error::{ResponseError, set_last_error};
use crate::event::{Body, Event};
use crate::guard::{guard, or_none, or_null};
use crate::handles::{Held, Kind, Table};
use crate::message::Message;
use crate::timeout::deadline;

/// A queue of events.
///
/// A handle: one that is NULL or was destroyed gives an error. Threads may share it.
pub struct Queue {
    pub(crate) core: Arc<Core>,
}

/// A queue, whoever names it.
pub(crate) struct Core {
    source: Source,
    /// The source says when it has something.
    listens: AtomicBool,
    state: Mutex<State>,
    changed: Condvar,
}

/// Where a queue gets events that nobody has put in.
#[derive(Clone, Copy)]
pub(crate) enum Source {
    /// Nowhere.
    None,
    /// What a client has to say: delivery reports.
    Main(ClientHandle),
    /// A consumer's messages.
    Messages(ClientHandle),
}

#[derive(Default)]
struct State {
    events: VecDeque<Event>,
    /// How often something may have come.
    changes: u64,
    /// Who gets what comes here.
    forwarded_to: Option<Arc<Core>>,
    /// Whose events are handed out here too.
    forwarders: Vec<Weak<Core>>,
    wake: Option<Wake>,
    yields: bool,
}

/// What happens when something comes into an empty queue.
enum Wake {
    /// These bytes are written there.
    Write(OwnedFd, Vec<u8>),
    /// This is called.
    Call(extern "C" fn(*mut Client, *mut c_void), ClientHandle, Opaque),
}

/// How often a queue is looked at that has nothing: some things only time brings.
const TICK: Duration = Duration::from_millis(500);

/// Messages of a delivery report event.
const DELIVERIES_MAX: usize = 1024;

impl Core {
    pub(crate) fn new(source: Source) -> Arc<Core> {
        let (state, changed) = (Mutex::default(), Condvar::new());
        Arc::new(Core { source, listens: AtomicBool::new(false), state, changed })
    }

    /// Puts an event in.
    pub(crate) fn add(&self, event: Event) {
        self.state.lock().events.push_back(event);
        self.wake();
    }

    /// Puts a delivery report in, with others if there are some at the end.
    pub(crate) fn add_delivery(&self, message: Message<'static>) {
        let mut state = self.state.lock();
        if let Some(Body::Delivery(messages)) = state.events.back_mut().map(Event::body_mut)
            && messages.len() < DELIVERIES_MAX
        {
            return messages.push(message);
        }
        state.events.push_back(Event::new(Body::Delivery(vec![message])));
        drop(state);
        self.wake();
    }

    /// Has whoever waits look again.
    pub(crate) fn wake(&self) {
        let mut state = self.state.lock();
        state.changes += 1;
        self.changed.notify_all();
        let call = match &state.wake {
            Some(Wake::Write(to, payload)) => {
                // It fails when the application does not read, which knows by then; or is gone.
                let _ = rustix::io::write(to, payload);
                None
            }
            Some(Wake::Call(callback, client, opaque)) => Some((*callback, *client, *opaque)),
            None => None,
        };
        let next = state.forwarded_to.clone();
        drop(state);
        if let Some((callback, client, opaque)) = call {
            callback(client.pointer(), opaque.pointer());
        }
        if let Some(next) = next {
            next.wake();
        }
    }

    /// The next event of this queue and of those that forward to it.
    fn next(&self) -> Option<Event> {
        let taken = self.state.lock().events.pop_front();
        if let Some(event) = taken.or_else(|| self.next_of_source()) {
            return Some(event);
        }
        let forwarders: Vec<_> = self.state.lock().forwarders.iter().filter_map(Weak::upgrade).collect();
        forwarders.iter().find_map(|forwarder| forwarder.next())
    }

    fn next_of_source(&self) -> Option<Event> {
        let client = match self.source {
            Source::None => return None,
            Source::Main(client) | Source::Messages(client) => clients().get(client.pointer()).ok()?,
        };
        let own = match (self.source, client.producer()) {
            (Source::Main(_), Ok(producer)) => {
                producer.poll(Some(Duration::ZERO));
                None
            }
            (Source::Messages(_), _) => client.poll_messages(Some(Duration::ZERO)),
            _ => None,
        };
        // Polling may have put something in.
        own.map(Event::of_message).or_else(|| self.state.lock().events.pop_front())
    }

    /// Has the sources say when they have something, from now on.
    fn arm(self: &Arc<Self>) {
        let forwarders: Vec<_> = self.state.lock().forwarders.iter().filter_map(Weak::upgrade).collect();
        forwarders.iter().for_each(|forwarder| forwarder.arm());
        let (Source::Main(client) | Source::Messages(client)) = self.source else { return };
        let Ok(client) = clients().get(client.pointer()) else { return };
        let this = Arc::downgrade(self);
        let tell = move || {
            if let Some(queue) = this.upgrade() {
                queue.wake();
            }
        };
        let first = !self.listens.swap(true, Ordering::AcqRel);
        match (self.source, client.producer(), client.consumer()) {
            (Source::Main(_), Ok(producer), _) => {
                first.then(|| producer.listen(Box::new(tell)));
                producer.arm();
            }
            (Source::Messages(_), _, Ok(consumer)) => {
                first.then(|| consumer.listen(Box::new(tell)));
                consumer.arm();
            }
            _ => {}
        }
    }

    /// Whether it gives its events to another queue, so that nobody finds them here.
    fn is_forwarded(&self) -> bool {
        self.state.lock().forwarded_to.is_some()
    }

    /// The next event, once it is there; `None` when the deadline is over or the queue was told to yield.
    pub(crate) fn poll(self: &Arc<Self>, until: Option<Instant>) -> Option<Event> {
        loop {
            let seen = self.state.lock().changes;
            self.arm();
            if !self.is_forwarded()
                && let Some(event) = self.next()
            {
                return Some(event);
            }
            let mut state = self.state.lock();
            if std::mem::take(&mut state.yields) {
                return None;
            }
            if state.changes != seen {
                continue;
            }
            let tick = Instant::now() + TICK;
            self.changed.wait_until(&mut state, until.map_or(tick, |until| until.min(tick)));
            if state.changes == seen && until.is_some_and(|until| Instant::now() >= until) {
                return None;
            }
        }
    }

    /// Takes the log lines out that wait at the front.
    pub(crate) fn take_lines(&self) -> Vec<LogLine> {
        let mut lines = Vec::new();
        let mut state = self.state.lock();
        while let Some(Body::Log(line)) = state.events.front().map(Event::body) {
            lines.push(line.clone());
            state.events.pop_front();
        }
        lines
    }

    /// Has whoever waits come back with nothing.
    pub(crate) fn end_waiting(&self) {
        self.state.lock().yields = true;
        self.wake();
    }

    /// Events that wait, without those that sources have yet to give.
    fn len(&self) -> usize {
        let state = self.state.lock();
        let forwarders: Vec<_> = state.forwarders.iter().filter_map(Weak::upgrade).collect();
        let own: usize = state.events.iter().map(Event::count).sum();
        drop(state);
        own + forwarders.iter().map(|forwarder| forwarder.len()).sum::<usize>()
    }

    /// Messages in delivery reports that nobody has taken.
    pub(crate) fn deliveries(&self) -> usize {
        self.state.lock().events.iter().map(Event::deliveries).sum()
    }

    /// Whether `self` gets what comes into `other`, directly or not.
    fn gets_from(&self, other: &Arc<Core>) -> bool {
        let next = other.state.lock().forwarded_to.clone();
        next.is_some_and(|next| std::ptr::eq(self, &*next) || self.gets_from(&next))
    }

    /// Gives what comes here to `to`; to nobody when that is `None`.
    pub(crate) fn forward(self: &Arc<Self>, to: Option<&Arc<Core>>) -> Result<(), KafkaError> {
        if to.is_some_and(|to| Arc::ptr_eq(self, to) || self.gets_from(to)) {
            let reason = "a queue cannot be forwarded to itself";
            return Err(KafkaError::with_reason(ErrorCode::LocalInvalidArg, reason));
        }
        let before = std::mem::replace(&mut self.state.lock().forwarded_to, to.cloned());
        let this = Arc::downgrade(self);
        if let Some(before) = before {
            before.state.lock().forwarders.retain(|forwarder| !forwarder.ptr_eq(&this));
        }
        if let Some(to) = to {
            to.state.lock().forwarders.push(this);
            to.wake();
        }
        Ok(())
    }

    fn set_wake(self: &Arc<Self>, wake: Option<Wake>) {
        let tells = wake.is_some();
        self.state.lock().wake = wake;
        if tells {
            self.arm();
            // What is there already is told once.
            if self.len() > 0 {
                self.wake();
            }
        }
    }
}

impl Client {
    /// The next message, or what the consumer has to say in its place.
    pub(crate) fn poll_messages(&self, timeout: Option<Duration>) -> Option<Message<'static>> {
        let polled = match self.consumer() {
            Ok(consumer) => consumer.poll(timeout).map_err(crate::error::of_call),
            Err(error) => Err(error),
        };
        match polled {
            Ok(event) => event.map(Message::consumed),
            Err(error) => {
                set_last_error((&error).into());
                self.note_fatal(&error);
                let shown = error.is_fatal();
                shown.then(|| Message::failed(tidelog::client::consumer::ConsumerError::new(error)))
            }
        }
    }
}

static QUEUES: Table<Queue> = Table::new(Kind { name: "queue", number: 5 });

pub(crate) fn queues() -> &'static Table<Queue> {
    &QUEUES
}

fn name(core: &Arc<Core>) -> Result<*mut Queue, KafkaError> {
    QUEUES.insert(|_| Ok(Queue { core: Arc::clone(core) }))
}

fn queue_of(rkqu: *const Queue) -> Option<Held<Queue>> {
    or_none(QUEUES.get(rkqu))
}

/// A queue of the application's own. The caller owns it: ::tl_queue_destroy. NULL for what is no client.
#[unsafe(no_mangle)]
pub extern "C" fn tl_queue_new(rk: *mut Client) -> *mut Queue {
    guard(|| or_null(clients().get(rk).and_then(|_| name(&Core::new(Source::None)))))
}

/// Lets go of a queue. Does nothing for NULL and for what is gone already.
#[unsafe(no_mangle)]
pub extern "C" fn tl_queue_destroy(rkqu: *mut Queue) {
    guard(|| drop(QUEUES.remove(rkqu)));
}

/// What a client has to say: delivery reports, log lines, statistics, errors. The caller owns it: ::tl_queue_destroy.
#[unsafe(no_mangle)]
pub extern "C" fn tl_queue_get_main(rk: *mut Client) -> *mut Queue {
    guard(|| or_null(clients().get(rk).and_then(|client| name(&client.main))))
}

/// A consumer's messages, rebalances and commits. The caller owns it: ::tl_queue_destroy. NULL for a producer.
#[unsafe(no_mangle)]
pub extern "C" fn tl_queue_get_consumer(rk: *mut Client) -> *mut Queue {
    guard(|| {
        or_null(clients().get(rk).and_then(|client| {
            client.consumer()?;
            name(&client.messages)
        }))
    })
}

/// The queue that ::tl_conf_set_background_event_cb is called with. The caller owns it: ::tl_queue_destroy. NULL when
/// there is none.
#[unsafe(no_mangle)]
pub extern "C" fn tl_queue_get_background(rk: *mut Client) -> *mut Queue {
    guard(|| {
        or_null(clients().get(rk).and_then(|client| {
            let none =
                || KafkaError::with_reason(ErrorCode::LocalNotConfigured, "no background callback is set");
            name(client.background().ok_or_else(none)?)
        }))
    })
}

/// Has what comes into `src` handed out by `dst`; by `src` again with NULL. Nothing happens when it would go in a circle.
#[unsafe(no_mangle)]
pub extern "C" fn tl_queue_forward(src: *mut Queue, dst: *mut Queue) {
    guard(|| {
        let Some(src) = queue_of(src) else { return };
        let forwarded = match dst.is_null() {
            true => src.core.forward(None),
            false => QUEUES.get(dst).and_then(|dst| src.core.forward(Some(&dst.core))),
        };
        or_none(forwarded);
    });
}

/// How many events, or messages in them, wait in it. A consumer's messages are only counted once they are handed out.
#[unsafe(no_mangle)]
pub extern "C" fn tl_queue_length(rkqu: *mut Queue) -> usize {
    guard(|| queue_of(rkqu).map_or(0, |queue| queue.core.len()))
}

/// The next event; waits at most `timeout_ms` for it (negative: without end). NULL when there is none. The caller owns
/// it: ::tl_event_destroy. What is not handed out as an event is told through its callback meanwhile.
#[unsafe(no_mangle)]
pub extern "C" fn tl_queue_poll(rkqu: *mut Queue, timeout_ms: c_int) -> Option<Box<Event>> {
    guard(|| queue_of(rkqu).and_then(|queue| queue.core.poll(deadline(timeout_ms))).map(Box::new))
}

/// Has whoever waits for this queue come back with nothing.
#[unsafe(no_mangle)]
pub extern "C" fn tl_queue_yield(rkqu: *mut Queue) {
    guard(|| {
        if let Some(queue) = queue_of(rkqu) {
            queue.core.end_waiting();
        }
    });
}

/// For event loops: has the `size` bytes at `payload` (copied) written to `fd` when something comes into the queue after
/// it was found empty; -1 ends it. The descriptor is duplicated, and should not block.
#[unsafe(no_mangle)]
pub extern "C" fn tl_queue_io_event_enable(rkqu: *mut Queue, fd: c_int, payload: *const c_void, size: usize) {
    guard(|| {
        let Some(queue) = queue_of(rkqu) else { return };
        if fd == -1 {
            return queue.core.set_wake(None);
        }
        let enabled = boundary::bytes(payload, size, "payload").and_then(|payload| {
            let descriptor = boundary::duplicate(fd).map_err(|error| {
                KafkaError::with_reason(ErrorCode::LocalInvalidArg, format!("fd {fd}: {error}"))
            })?;
            Ok(Wake::Write(descriptor, payload.unwrap_or_default().to_vec()))
        });
        if let Some(wake) = or_none(enabled) {
            queue.core.set_wake(Some(wake));
        }
    });
}

/// As ::tl_queue_io_event_enable, with a function that is called; NULL ends it.
#[unsafe(no_mangle)]
pub extern "C" fn tl_queue_cb_event_enable(
    rkqu: *mut Queue,
    event_cb: QueueCallback,
    qev_opaque: *mut c_void,
) {
    guard(|| {
        let Some(queue) = queue_of(rkqu) else { return };
        let client = match queue.core.source {
            Source::Main(client) | Source::Messages(client) => client,
            Source::None => ClientHandle::NONE,
        };
        let wake = event_cb.map(|callback| Wake::Call(callback, client, Opaque::new(qev_opaque)));
        queue.core.set_wake(wake);
    });
}

/// The next `rkmessages_size` messages of a queue, and what consumers have to say in their place, put into `rkmessages`;
/// fewer when `timeout_ms` ends first. Returns how many, -1 on failure (::tl_last_error). The caller owns them:
/// ::tl_message_destroy. Other events of the queue are left out.
#[unsafe(no_mangle)]
pub extern "C" fn tl_consume_batch_queue(
    rkqu: *mut Queue,
    timeout_ms: c_int,
    rkmessages: *mut *mut Message<'static>,
    rkmessages_size: usize,
) -> isize {
    guard(|| {
        let into = boundary::items_mut(rkmessages, rkmessages_size, "rkmessages");
        let (Some(queue), Some(into)) = (queue_of(rkqu), or_none(into)) else { return -1 };
        isize::try_from(queue.core.consume(deadline(timeout_ms), into)).unwrap_or(isize::MAX)
    })
}

impl Core {
    /// Fills `into` with messages. Returns how many.
    fn consume(self: &Arc<Self>, until: Option<Instant>, into: &mut [*mut Message<'static>]) -> usize {
        if let (Source::Messages(client), false) = (self.source, self.is_shared()) {
            let Ok(client) = clients().get(client.pointer()) else { return 0 };
            return client.consume(until, into);
        }
        let mut count = 0;
        while count < into.len() {
            let Some(event) = self.poll(until) else { break };
            if let Body::Fetch(message) = event.into_body() {
                into[count] = Box::into_raw(Box::new(message));
                count += 1;
            }
        }
        count
    }

    /// Whether other events may come here than those of its source.
    fn is_shared(&self) -> bool {
        let state = self.state.lock();
        !state.events.is_empty() || !state.forwarders.is_empty() || state.forwarded_to.is_some()
    }
}

impl Client {
    /// Fills `into` with messages. Returns how many.
    fn consume(&self, until: Option<Instant>, into: &mut [*mut Message<'static>]) -> usize {
        let mut places = into.iter_mut();
        let timeout = until.map(|until| until.saturating_duration_since(Instant::now()));
        let consumed = self.consumer().and_then(|consumer| {
            let events = consumer.consume(places.len(), timeout).map_err(crate::error::of_call)?;
            Ok(events
                .into_iter()
                .zip(&mut places)
                .map(|(event, place)| {
                    *place = Box::into_raw(Box::new(Message::consumed(event)));
                })
                .count())
        });
        match consumed {
            Ok(count) => count,
            Err(error) => {
                set_last_error(ResponseError::from(&error));
                self.note_fatal(&error);
                0
            }
        }
    }
}
