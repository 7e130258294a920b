//! [`Connection`]: one client's stream: requests in, answers out in the order of the requests.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::call::Caller;
use super::inbox::Outcome;
use super::input::Input;
use super::metrics::Count;
use super::output::Output;
use crate::io::Socket;
use crate::limits::PIPELINE_COUNT_MAX;

/// See the module.
pub(super) struct Connection {
    pub(super) socket: Arc<Socket>,
    pub(super) caller: Arc<Caller>,
    pub(super) input: Input,
    pub(super) output: Output,
    /// Requests that are not answered yet, or whose answer waits for that of an earlier one; the oldest first.
    expected: VecDeque<Expected>,
    next_number: u64,
    /// Bytes of requests that are not answered yet.
    in_flight: usize,
    /// No other request is taken before the one under way has been answered.
    exclusive: bool,
    /// It is in the line of those that may get on.
    scheduled: bool,
    /// When it last sent something.
    pub(super) last_active: Duration,
    /// It is to be closed once its answers are sent.
    pub(super) closing: bool,
}

struct Expected {
    number: u64,
    api: i16,
    size: usize,
    arrived: Duration,
    outcome: Option<Outcome>,
}

/// An answer that can be sent now.
pub(super) struct Answered {
    pub(super) api: i16,
    pub(super) arrived: Duration,
    pub(super) outcome: Outcome,
}

impl Connection {
    pub(super) fn new(
        socket: Arc<Socket>,
        caller: Caller,
        answers_held: Arc<Count>,
        now: Duration,
    ) -> Connection {
        Connection {
            socket,
            caller: Arc::new(caller),
            input: Input::default(),
            output: Output::new(answers_held),
            expected: VecDeque::new(),
            next_number: 0,
            in_flight: 0,
            exclusive: false,
            scheduled: false,
            last_active: now,
            closing: false,
        }
    }

    /// Notes a request that has been taken; returns its number. After an exclusive one no other is taken before it is
    /// answered, as Kafka does with all.
    pub(super) fn expect(&mut self, api: i16, size: usize, arrived: Duration, exclusive: bool) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        self.in_flight += size;
        self.exclusive = exclusive;
        self.expected.push_back(Expected { number, api, size, arrived, outcome: None });
        number
    }

    /// No other request is taken before those under way have been answered.
    pub(super) fn take_nothing_else(&mut self) {
        self.exclusive = !self.expected.is_empty();
    }

    /// Puts it into the line of those that may get on; false when it stands there already.
    pub(super) fn schedule(&mut self) -> bool {
        !std::mem::replace(&mut self.scheduled, true)
    }

    /// It has had its turn.
    pub(super) fn unschedule(&mut self) {
        self.scheduled = false;
    }

    /// Whether another request may be taken.
    pub(super) fn takes_requests(&self, size_max: usize) -> bool {
        !self.exclusive
            && !self.closing
            && self.expected.len() < PIPELINE_COUNT_MAX
            && self.in_flight + self.output.size() < size_max
    }

    /// Whether nothing is under way.
    pub(super) fn is_quiet(&self) -> bool {
        self.expected.is_empty() && self.output.size() == 0
    }

    /// Whether nothing will come of it any more: nothing is under way, and nothing can arrive.
    pub(super) fn is_over(&self, size_max: usize) -> bool {
        self.is_quiet() && (self.closing || self.input.has_ended() && !self.input.has_frame(size_max))
    }

    /// Notes an answer.
    pub(super) fn answer(&mut self, number: u64, outcome: Outcome) {
        let found = self.expected.binary_search_by_key(&number, |expected| expected.number);
        if let Some(expected) = found.ok().and_then(|place| self.expected.get_mut(place)) {
            expected.outcome = Some(outcome);
        }
    }

    /// The next answer in the order of the requests, if it is there.
    pub(super) fn next_answer(&mut self) -> Option<Answered> {
        let outcome = self.expected.front_mut()?.outcome.take()?;
        let Expected { api, size, arrived, .. } = self.expected.pop_front()?;
        self.in_flight -= size;
        if self.expected.is_empty() {
            self.exclusive = false;
        }
        Some(Answered { api, arrived, outcome })
    }
}
