//! [`EventQueue`]: where events wait. A client has one for what it has to say and a consumer one for its messages; the
//! application makes others, for the answers of admin calls, and may forward one to another.

use std::collections::VecDeque;
use std::ffi::c_void;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use tidelog::client::consumer::Event as Polled;
use tidelog::client::{KafkaError, LogLine};
use tidelog::error_code::ErrorCode;

use crate::callbacks::Opaque;
use crate::client::{Client, ClientHandle, clients};
use crate::error::{of_call, set_last_error};
use crate::event::{Body, Event};
use crate::message::Message;
use crate::partition_queues::PartitionSource;

/// A queue, whoever names it. Threads share it.
pub(crate) struct EventQueue {
    pub(crate) source: Source,
    /// The source says when it has something.
    listens: AtomicBool,
    /// Messages may come from other queues, too.
    gathers: AtomicBool,
    state: Mutex<State>,
    changed: Condvar,
}

/// Where a queue gets events that nobody has put in.
pub(crate) enum Source {
    /// Nowhere.
    None,
    /// What a client has to say: delivery reports.
    Main(ClientHandle),
    /// A consumer's messages.
    Messages(ClientHandle),
    /// Those of one partition.
    Partition(PartitionSource),
}

impl Source {
    /// Whose it is; NULL's for nobody's.
    pub(crate) fn client(&self) -> ClientHandle {
        match self {
            Source::None => ClientHandle::NONE,
            Source::Main(client) | Source::Messages(client) => *client,
            Source::Partition(partition) => partition.client,
        }
    }
}

#[derive(Default)]
struct State {
    events: VecDeque<Event>,
    /// How often something may have come.
    changes: u64,
    /// Who gets what comes here.
    forwarded_to: Option<Arc<EventQueue>>,
    /// Whose events are handed out here too.
    forwarders: Vec<Weak<EventQueue>>,
    wake: Option<Wake>,
    yields: bool,
}

impl State {
    fn forwarders(&self) -> Vec<Arc<EventQueue>> {
        self.forwarders.iter().filter_map(Weak::upgrade).collect()
    }
}

/// What happens when something comes into an empty queue.
pub(crate) enum Wake {
    /// These bytes are written there.
    Write(OwnedFd, Vec<u8>),
    /// This is called.
    Call(extern "C" fn(*mut Client, *mut c_void), ClientHandle, Opaque),
}

/// How often a queue is looked at that has nothing: some things only time brings.
const TICK: Duration = Duration::from_millis(500);

/// Messages of a delivery report event.
const DELIVERIES_MAX: usize = 1024;

impl EventQueue {
    pub(crate) fn new(source: Source) -> Arc<EventQueue> {
        let (state, changed) = (Mutex::default(), Condvar::new());
        let (listens, gathers) = (AtomicBool::new(false), AtomicBool::new(false));
        Arc::new(EventQueue { source, listens, gathers, state, changed })
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
        let forwarders = self.state.lock().forwarders();
        forwarders.iter().find_map(|forwarder| forwarder.next())
    }

    fn next_of_source(&self) -> Option<Event> {
        let client = clients().get(self.source.client().pointer()).ok()?;
        let own = match &self.source {
            Source::None => None,
            Source::Main(_) => {
                client.serve_main();
                None
            }
            Source::Messages(_) => client.poll_messages(Some(Duration::ZERO)),
            Source::Partition(partition) => {
                let polled = partition.consume(1, Some(Duration::ZERO));
                client.shown(polled.map(|mut events| events.pop()))
            }
        };
        // Polling may have put something in.
        own.map(Event::of_message).or_else(|| self.state.lock().events.pop_front())
    }

    /// Has the sources say when they have something, from now on.
    fn arm(self: &Arc<Self>) {
        let forwarders = self.state.lock().forwarders();
        forwarders.iter().for_each(|forwarder| forwarder.arm());
        let Ok(client) = clients().get(self.source.client().pointer()) else { return };
        let first = !self.listens.swap(true, Ordering::AcqRel);
        match (&self.source, client.producer(), client.consumer()) {
            (Source::Main(_), Ok(producer), _) => {
                if first {
                    let this = Arc::downgrade(self);
                    producer.listen(Box::new(move || {
                        if let Some(queue) = this.upgrade() {
                            queue.wake();
                        }
                    }));
                }
                producer.arm();
            }
            (Source::Messages(_) | Source::Partition(_), _, Ok(consumer)) => {
                if first {
                    consumer.listen(client.readers_waker());
                }
                consumer.arm();
            }
            _ => {}
        }
    }

    /// Whether messages may come from other queues than its own source.
    pub(crate) fn gathers(&self) -> bool {
        self.gathers.load(Ordering::Acquire)
    }

    /// Whether its source will have no more: the client has been destroyed, the consumer closed.
    fn has_ended(&self) -> bool {
        if matches!(self.source, Source::None) {
            return false;
        }
        clients().get(self.source.client().pointer()).map_or(true, |client| {
            let is_closed = || client.consumer().is_ok_and(|consumer| consumer.is_closed());
            client.check_alive().is_err() || (!matches!(self.source, Source::Main(_)) && is_closed())
        })
    }

    /// Whether it gives its events to another queue, so that nobody finds them here.
    fn is_forwarded(&self) -> bool {
        self.state.lock().forwarded_to.is_some()
    }

    /// The next event, once it is there; `None` when the deadline is over, the queue was told to yield, or its client has
    /// ended.
    pub(crate) fn poll(self: &Arc<Self>, until: Option<Instant>) -> Option<Event> {
        self.wait_for(until, EventQueue::next)
    }

    /// Calls the callbacks that there is something for, once there is, as long as [`EventQueue::poll`] waits. Returns how
    /// many times.
    pub(crate) fn serve(self: &Arc<Self>, until: Option<Instant>) -> usize {
        let serve = |queue: &EventQueue| Some(queue.call_back()).filter(|served| *served > 0);
        self.wait_for(until, serve).unwrap_or(0)
    }

    /// Calls the callbacks that there is something for, of this queue and of those that forward to it.
    fn call_back(&self) -> usize {
        let own = match (&self.source, clients().get(self.source.client().pointer())) {
            (Source::Main(_), Ok(client)) => client.serve_main(),
            _ => 0,
        };
        let forwarders = self.state.lock().forwarders();
        own + forwarders.iter().map(|forwarder| forwarder.call_back()).sum::<usize>()
    }

    /// What `look` finds, once it finds something.
    fn wait_for<T>(
        self: &Arc<Self>,
        until: Option<Instant>,
        look: impl Fn(&EventQueue) -> Option<T>,
    ) -> Option<T> {
        loop {
            let seen = self.state.lock().changes;
            self.arm();
            if !self.is_forwarded()
                && let Some(found) = look(self)
            {
                return Some(found);
            }
            let has_ended = self.has_ended();
            let mut state = self.state.lock();
            if has_ended || std::mem::take(&mut state.yields) {
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
    pub(crate) fn len(&self) -> usize {
        let state = self.state.lock();
        let forwarders = state.forwarders();
        let own: usize = state.events.iter().map(Event::count).sum();
        drop(state);
        own + forwarders.iter().map(|forwarder| forwarder.len()).sum::<usize>()
    }

    /// Messages in delivery reports that nobody has taken.
    pub(crate) fn deliveries(&self) -> usize {
        self.state.lock().events.iter().map(Event::deliveries).sum()
    }

    /// Whether `self` gets what comes into `other`, directly or not.
    fn gets_from(&self, other: &Arc<EventQueue>) -> bool {
        let next = other.state.lock().forwarded_to.clone();
        next.is_some_and(|next| std::ptr::eq(self, &*next) || self.gets_from(&next))
    }

    /// Gives what comes here to `to`; to nobody when that is `None`. A partition is apart from then on.
    pub(crate) fn forward(self: &Arc<Self>, to: Option<&Arc<EventQueue>>) -> Result<(), KafkaError> {
        if to.is_some_and(|to| Arc::ptr_eq(self, to) || self.gets_from(to)) {
            let reason = "a queue cannot be forwarded to itself";
            return Err(KafkaError::with_reason(ErrorCode::LocalInvalidArg, reason));
        }
        if let Source::Partition(partition) = &self.source {
            partition.set_apart()?;
        }
        let before = std::mem::replace(&mut self.state.lock().forwarded_to, to.cloned());
        let this = Arc::downgrade(self);
        if let Some(before) = before {
            before.state.lock().forwarders.retain(|forwarder| !forwarder.ptr_eq(&this));
        }
        if let Some(to) = to {
            if !matches!(self.source, Source::Main(_)) {
                to.gathers.store(true, Ordering::Release);
            }
            to.state.lock().forwarders.push(this);
            to.wake();
        }
        Ok(())
    }

    pub(crate) fn set_wake(self: &Arc<Self>, wake: Option<Wake>) {
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

    /// The next message, or what consumers have to say in its place. Other events are left out.
    pub(crate) fn poll_message(self: &Arc<Self>, until: Option<Instant>) -> Option<Message<'static>> {
        loop {
            if let Body::Fetch(message) | Body::Error(message) = self.poll(until)?.into_body() {
                return Some(message);
            }
        }
    }

    /// Fills `into` with messages. Returns how many.
    pub(crate) fn consume(
        self: &Arc<Self>,
        until: Option<Instant>,
        into: &mut [*mut Message<'static>],
    ) -> usize {
        let client = clients().get(self.source.client().pointer());
        let timeout = until.map(|until| until.saturating_duration_since(Instant::now()));
        match (&self.source, client) {
            (Source::Messages(_), Ok(client)) if !self.is_shared() => {
                let consumed = client.consumer().map(|consumer| consumer.consume(into.len(), timeout));
                return client.put(consumed.and_then(|consumed| consumed.map_err(of_call)), into);
            }
            (Source::Partition(partition), Ok(client)) if partition.is_apart() && !self.is_shared() => {
                return client.put(partition.consume(into.len(), timeout), into);
            }
            _ => {}
        }
        let mut count = 0;
        while count < into.len() {
            let Some(message) = self.poll_message(until) else { break };
            into[count] = Box::into_raw(Box::new(message));
            count += 1;
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
    /// The next message, or what the consumer has to say in its place.
    pub(crate) fn poll_messages(&self, timeout: Option<Duration>) -> Option<Message<'static>> {
        self.shown(self.consumer().and_then(|consumer| consumer.poll(timeout).map_err(of_call)))
    }

    /// What polling came to, as the application sees it.
    #[inline]
    fn shown(&self, polled: Result<Option<Polled>, KafkaError>) -> Option<Message<'static>> {
        match polled {
            Ok(event) => event.map(|event| Message::consumed(event, self.broker)),
            Err(error) => {
                set_last_error((&error).into());
                self.end_closing_poll();
                None
            }
        }
    }

    /// Fills `into` with what was consumed. Returns how many.
    #[inline]
    fn put(&self, consumed: Result<Vec<Polled>, KafkaError>, into: &mut [*mut Message<'static>]) -> usize {
        let events = consumed.unwrap_or_else(|error| {
            set_last_error((&error).into());
            Vec::new()
        });
        let count = events.len();
        for (event, place) in events.into_iter().zip(into) {
            *place = Box::into_raw(Box::new(Message::consumed(event, self.broker)));
        }
        count
    }
}
