//! [`State`]: what the threads that share a consumer share, under one lock.

use std::time::Instant;

use super::events::{CallError, ConsumerError, Event};
use super::fetcher::{Advance, Fetcher};
use super::group::GroupState;
use crate::client::Engine;

/// See the module.
pub(super) struct State {
    pub(super) fetcher: Fetcher,
    /// Given back when the consumer is closed; `None` also when it is offline.
    pub(super) engine: Option<Engine>,
    pub(super) closed: bool,
    pub(super) group: GroupState,
}

/// What looking for something to hand out found.
pub(super) enum Taken<T> {
    /// Something.
    Event(Event<T>),
    /// Nothing until the signal says so, or until this time.
    Nothing(Option<Instant>),
}

impl State {
    /// # Errors
    /// [`CallError::Closed`].
    pub(super) fn check_open(&mut self) -> Result<&mut State, CallError> {
        if self.closed { Err(CallError::Closed) } else { Ok(self) }
    }

    /// The next thing to hand out, with `take` for what is asked for.
    pub(super) fn take<T>(&mut self, take: impl Fn(&mut Fetcher) -> Option<T>) -> Taken<T> {
        loop {
            if let Some(taken) = take(&mut self.fetcher) {
                return Taken::Event(Event::Message(taken));
            }
            match self.fetcher.advance() {
                Advance::Ready => {}
                Advance::Error(error) => return Taken::Event(error.into()),
                Advance::Idle(until) => return Taken::Nothing(until),
            }
        }
    }
}

impl<T> From<ConsumerError> for Event<T> {
    fn from(error: ConsumerError) -> Event<T> {
        Event::Error(Box::new(error))
    }
}
