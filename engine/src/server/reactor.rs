//! [`Reactor`]: the connections of one shard. It lives on the shard's thread and gets turns from it: receives, lets
//! requests be handled, sends answers, minds the time. It never blocks.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::call::{Call, Caller, Principal};
use super::connection::Connection;
use super::dispatch;
use super::fetch::{Fetch, FetchSessions};
use super::handlers;
use super::inbox::{Inbox, Outcome, Reply, RequestId};
use super::input::{InputError, SCRATCH_SIZE};
use super::output::Sent;
use super::shared::Shared;
use crate::io::{Accepted, CommitQueue, Listener, Token};
use crate::shard::{Append, Doorbell, Partition, Resident};
use crate::wire::api::api_versions::ApiVersions;
use crate::wire::header::{HeaderError, RequestHeader};
use crate::wire::schema::Api;

/// Requests of one connection that are taken before others have their turn.
const REQUESTS_PER_TURN: usize = 64;

/// Connections that are accepted in one turn.
const ACCEPTS_PER_TURN: usize = 64;

/// How long those wait who could not be accepted.
const ACCEPT_RETRY: Duration = Duration::from_millis(500);

/// See the module.
pub(super) struct Reactor {
    pub(super) shared: Arc<Shared>,
    pub(super) inbox: Arc<Inbox>,
    shard: usize,
    listeners: Vec<Listening>,
    /// When to try again to accept.
    accept_at: Option<Duration>,
    connections: HashMap<Token, Connection>,
    /// Connections that may get on.
    runnable: VecDeque<Token>,
    /// When to look at which connection again, for having been silent.
    idle: BTreeSet<(Duration, Token)>,
    /// Fetches that wait for records.
    pub(super) fetches: HashMap<RequestId, Fetch>,
    pub(super) fetch_deadlines: BTreeSet<(Duration, RequestId)>,
    pub(super) sessions: FetchSessions,
    /// Appends for shards whose mailbox was full, in order.
    pub(super) overflow: VecDeque<(Arc<Partition>, Append)>,
    scratch: Vec<u8>,
    last_token: u64,
    pub(super) now: Duration,
}

struct Listening {
    token: Token,
    listener: Arc<Listener>,
    ready: bool,
}

impl Reactor {
    /// The reactor of shard number `shard`, which accepts from `listeners`.
    pub(super) fn new(
        shared: Arc<Shared>,
        shard: usize,
        bell: Doorbell,
        listeners: Vec<Arc<Listener>>,
    ) -> Reactor {
        let mut reactor = Reactor {
            shared,
            inbox: Inbox::new(bell),
            shard,
            listeners: Vec::new(),
            accept_at: None,
            connections: HashMap::new(),
            runnable: VecDeque::new(),
            idle: BTreeSet::new(),
            fetches: HashMap::new(),
            fetch_deadlines: BTreeSet::new(),
            sessions: FetchSessions::default(),
            overflow: VecDeque::new(),
            scratch: Vec::with_capacity(SCRATCH_SIZE),
            last_token: 0,
            now: Duration::ZERO,
        };
        for listener in listeners {
            let token = reactor.next_token();
            reactor.listeners.push(Listening { token, listener, ready: false });
        }
        reactor
    }

    /// Watches the listeners.
    pub(super) fn listen(&self, queue: &mut dyn CommitQueue) -> std::io::Result<()> {
        for Listening { token, listener, .. } in &self.listeners {
            queue.watch(*token, listener.clone())?;
        }
        Ok(())
    }

    fn next_token(&mut self) -> Token {
        self.last_token += 1;
        Token(self.last_token)
    }

    fn accept(&mut self, queue: &mut dyn CommitQueue) -> bool {
        let mut any = false;
        if self.accept_at.take_if(|at| *at <= self.now).is_some() {
            self.listeners.iter_mut().for_each(|listening| listening.ready = true);
        }
        for listening in &mut self.listeners {
            for _ in 0..ACCEPTS_PER_TURN {
                if !listening.ready {
                    break;
                }
                match listening.listener.accept() {
                    Ok(Some(accepted)) => self.shared.hand_over(accepted),
                    Ok(None) => listening.ready = false,
                    Err(error) => {
                        // Such as too many open files: nobody says when there are fewer.
                        tracing::warn!(%error, "a connection cannot be accepted");
                        listening.ready = false;
                        self.accept_at = Some(self.now + ACCEPT_RETRY);
                    }
                }
                any = true;
            }
        }
        let shared = Arc::clone(&self.shared);
        while let Some(accepted) = shared.doors[self.shard].arrivals.pop() {
            self.open(accepted, queue);
            any = true;
        }
        any
    }

    fn open(&mut self, accepted: Accepted, queue: &mut dyn CommitQueue) {
        let metrics = &self.shared.metrics;
        metrics.accepted.add(1);
        let open = usize::try_from(metrics.connections.get()).unwrap_or(usize::MAX);
        if open >= self.shared.options.connections_max || self.shared.is_stopping() {
            metrics.refused.add(1);
            return;
        }
        let Accepted { socket, peer, local } = accepted;
        let host = peer.map_or_else(|| "/unix".to_owned(), |peer| format!("/{}", peer.ip().to_canonical()));
        let socket = Arc::new(socket);
        let token = self.next_token();
        if let Err(error) = queue.watch(token, socket.clone()) {
            return tracing::warn!(%error, "a connection cannot be watched");
        }
        self.shared.metrics.connections.add(1);
        let caller = Caller { principal: Principal::Anonymous, host, local };
        self.connections.insert(
            token,
            Connection::new(socket, caller, Arc::clone(&self.shared.metrics.answers_held), self.now),
        );
        self.idle.insert((self.now.saturating_add(self.shared.options.idle_max), token));
    }

    fn close(&mut self, token: Token, queue: &mut dyn CommitQueue) {
        queue.unwatch(token);
        if let Some(connection) = self.connections.remove(&token) {
            connection.socket.shut_down();
            self.shared.metrics.connections.subtract(1);
            self.forget_fetches(token);
        }
    }

    /// Closes a connection because of what came from it.
    fn refuse(&mut self, token: Token, reason: &dyn std::fmt::Display, queue: &mut dyn CommitQueue) {
        if let Some(connection) = self.connections.get(&token) {
            tracing::info!(client = %connection.caller.host, %reason, "connection closed");
        }
        self.shared.metrics.refused.add(1);
        self.close(token, queue);
    }

    /// Receives, takes requests and sends, for one connection.
    fn run(&mut self, token: Token, queue: &mut dyn CommitQueue) {
        let options = &self.shared.options;
        let (size_max, in_flight_max) = (options.request_size_max, options.in_flight_size_max);
        for _ in 0..REQUESTS_PER_TURN {
            let Some(connection) = self.connections.get_mut(&token) else { return };
            if !connection.takes_requests(in_flight_max) {
                break;
            }
            let frame = match connection.input.next_frame(size_max) {
                Ok(Some(frame)) => frame,
                Ok(None) if connection.input.is_readable() => {
                    let before = connection.input.size();
                    if let Err(error) = connection.input.fill(&connection.socket, &mut self.scratch, size_max)
                    {
                        return self.end(token, &error, queue);
                    }
                    connection.last_active = self.now;
                    let received = connection.input.size().saturating_sub(before);
                    self.shared.metrics.received.add(received);
                    if connection.input.has_ended() {
                        self.answer_waiting(token);
                    }
                    continue;
                }
                Ok(None) => break,
                Err(error) => return self.end(token, &error, queue),
            };
            if let Err(error) = self.take(token, frame) {
                return self.refuse(token, &error, queue);
            }
            self.collect();
        }
        let more_to_send = self.flush(token, queue);
        let Some(connection) = self.connections.get_mut(&token) else { return };
        connection.unschedule();
        let more_to_take = connection.takes_requests(in_flight_max)
            && (connection.input.is_readable() || connection.input.has_frame(size_max));
        if (more_to_send || more_to_take) && connection.schedule() {
            self.runnable.push_back(token);
        }
    }

    fn end(&mut self, token: Token, error: &InputError, queue: &mut dyn CommitQueue) {
        match error {
            InputError::Size { .. } => self.refuse(token, error, queue),
            InputError::Io(_) => self.close(token, queue),
        }
    }

    /// Lets one request be handled.
    fn take(&mut self, token: Token, frame: bytes::Bytes) -> Result<(), HeaderError> {
        let Some(connection) = self.connections.get_mut(&token) else { return Ok(()) };
        let size = frame.len();
        let (header, body) = match RequestHeader::read(frame.clone()) {
            Ok(read) => read,
            Err(error) => {
                let correlation_id = error.of_api_versions().ok_or(error)?;
                let number = connection.expect(ApiVersions::KEY, size, self.now, false);
                let request = RequestId { connection: token, number };
                handlers::api_versions::refuse(Reply::new(
                    Arc::clone(&self.inbox),
                    request,
                    0,
                    correlation_id,
                ));
                return Ok(());
            }
        };
        let exclusive = dispatch::is_exclusive(header.api.key);
        let number = connection.expect(header.api.key, size, self.now, exclusive);
        let call = Call {
            shared: Arc::clone(&self.shared),
            caller: Arc::clone(&connection.caller),
            client_id: header.client_id.clone().unwrap_or_default(),
        };
        let request = RequestId { connection: token, number };
        Ok(dispatch::dispatch(self, call, &header, request, frame, body)?)
    }

    /// Takes no other request of a connection before those under way have been answered.
    pub(super) fn take_nothing_else(&mut self, token: Token) {
        if let Some(connection) = self.connections.get_mut(&token) {
            connection.take_nothing_else();
        }
    }

    /// Takes what has been answered to its connection.
    fn collect(&mut self) -> bool {
        let mut any = false;
        while let Some((request, outcome)) = self.inbox.take() {
            any = true;
            if matches!(outcome, Outcome::LookAgain) {
                self.look_again(request, false);
                continue;
            }
            if let Some(connection) = self.connections.get_mut(&request.connection) {
                connection.answer(request.number, outcome);
                if connection.schedule() {
                    self.runnable.push_back(request.connection);
                }
            }
        }
        any
    }

    /// Sends what can be sent; true when there is more and others have their turn first.
    fn flush(&mut self, token: Token, queue: &mut dyn CommitQueue) -> bool {
        let Some(connection) = self.connections.get_mut(&token) else { return false };
        let mut more = false;
        while let Some(answered) = connection.next_answer() {
            if let Some(latency) = self.shared.metrics.requests.get(&answered.api) {
                latency.record(self.now.saturating_sub(answered.arrived));
            }
            match answered.outcome {
                Outcome::Answer(frame, files) => connection.output.push(frame, files),
                Outcome::Close(reason) => {
                    self.refuse(token, &reason, queue);
                    return false;
                }
                Outcome::Silence | Outcome::LookAgain => {}
            }
        }
        if connection.output.can_flush() {
            match connection.output.flush(&connection.socket, &self.shared.metrics) {
                Ok(Sent::Everything | Sent::Blocked) => {}
                Ok(Sent::Turn) => more = true,
                Err(error) => {
                    tracing::debug!(%error, "a connection broke while it was sent to");
                    self.close(token, queue);
                    return false;
                }
            }
        }
        connection.output.note_held();
        if connection.is_over(self.shared.options.request_size_max) {
            self.close(token, queue);
        }
        more
    }

    fn retry_overflow(&mut self) -> bool {
        let any = !self.overflow.is_empty();
        while let Some((partition, append)) = self.overflow.pop_front() {
            if let Err(append) = partition.try_append(append) {
                self.overflow.push_front((partition, append));
                break;
            }
        }
        any
    }

    fn run_timers(&mut self, queue: &mut dyn CommitQueue) {
        while let Some((_, request)) = self.fetch_deadlines.first().copied().filter(|(at, _)| *at <= self.now)
        {
            self.look_again(request, true);
        }
        while let Some((at, token)) = self.idle.first().copied().filter(|(at, _)| *at <= self.now) {
            self.idle.remove(&(at, token));
            let Some(connection) = self.connections.get(&token) else { continue };
            let due = connection.last_active.saturating_add(self.shared.options.idle_max);
            if due <= self.now && connection.is_quiet() {
                self.close(token, queue);
            } else {
                self.idle.insert((due.max(self.now + IDLE_LOOK_MIN), token));
            }
        }
    }

    /// Accepts nothing more, and closes what is quiet.
    fn drain(&mut self, queue: &mut dyn CommitQueue) {
        for Listening { token, .. } in std::mem::take(&mut self.listeners) {
            queue.unwatch(token);
        }
        let quiet: Vec<Token> =
            self.connections.iter().filter(|(_, one)| one.is_quiet()).map(|(token, _)| *token).collect();
        quiet.into_iter().for_each(|token| self.close(token, queue));
        for connection in self.connections.values_mut() {
            connection.closing = true;
        }
        let all: Vec<Token> = self.connections.keys().copied().collect();
        all.into_iter().for_each(|token| self.answer_waiting(token));
    }
}

/// Least time between two looks at a connection that may be idle.
const IDLE_LOOK_MIN: Duration = Duration::from_millis(10);

impl Resident for Reactor {
    fn ready(&mut self, token: Token, ended: bool) {
        if let Some(connection) = self.connections.get_mut(&token) {
            connection.input.set_readable(ended);
            connection.output.set_writable();
            if connection.schedule() {
                self.runnable.push_back(token);
            }
        } else if let Some(listening) = self.listeners.iter_mut().find(|one| one.token == token) {
            listening.ready = true;
        }
    }

    fn turn(&mut self, now: Duration, queue: &mut dyn CommitQueue) -> bool {
        self.now = now;
        let mut busy = self.retry_overflow();
        busy |= self.accept(queue);
        busy |= self.collect();
        self.run_timers(queue);
        for _ in 0..self.runnable.len() {
            let Some(token) = self.runnable.pop_front() else { break };
            self.run(token, queue);
            busy = true;
        }
        if self.shared.is_stopping() {
            self.drain(queue);
        }
        busy
    }

    fn leave(&mut self, queue: &mut dyn CommitQueue) {
        for Listening { token, .. } in std::mem::take(&mut self.listeners) {
            queue.unwatch(token);
        }
        let all: Vec<Token> = self.connections.keys().copied().collect();
        all.into_iter().for_each(|token| self.close(token, queue));
    }

    fn has_work(&self) -> bool {
        !self.inbox.is_empty()
            || !self.runnable.is_empty()
            || !self.overflow.is_empty()
            || !self.shared.doors[self.shard].arrivals.is_empty()
            || self.listeners.iter().any(|one| one.ready)
            || self.shared.stopping.load(Ordering::Acquire) && !self.listeners.is_empty()
    }

    fn next_deadline(&self) -> Option<Duration> {
        let fetch = self.fetch_deadlines.first().map(|(at, _)| *at);
        let idle = self.idle.first().map(|(at, _)| *at);
        [fetch, idle, self.accept_at].into_iter().flatten().min()
    }
}

impl Drop for Reactor {
    fn drop(&mut self) {
        for connection in self.connections.values() {
            connection.socket.shut_down();
            self.shared.metrics.connections.subtract(1);
        }
    }
}
