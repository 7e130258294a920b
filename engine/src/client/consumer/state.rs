//! [`State`]: what a consumer's threads share under one lock.

use std::collections::VecDeque;
use std::thread::ThreadId;
use std::time::Instant;

use super::commits::CommitAnswer;
use super::events::{ConsumerError, Event, EventRef};
use super::fatal;
use super::fetcher::{Advance, Fetcher};
use super::lines::LineId;
use super::rebalance::Rebalance;
use crate::client::assignor::RebalanceProtocol;
use crate::client::config::ConsumerConfig;
use crate::client::{Engine, KafkaError, Message, OffsetSpec, TopicPartitionOffset};

/// See the module.
pub(super) struct State {
    pub(super) fetcher: Fetcher,
    /// Given back when the consumer is closed; `None` also when it is offline.
    pub(super) engine: Option<Engine>,
    closed: bool,
    pub(super) closing: Option<Closing>,
    /// The rebalance that ends it all has been asked for.
    last_asked: bool,
    /// The application is asked to do rebalances.
    pub(super) asks: bool,
    /// Topics and patterns as the application gave them.
    pub(super) subscription: Vec<String>,
    /// Something is to be served before the next message.
    interrupted: bool,
    notices: VecDeque<Notice>,
    /// What the group wants the application to do; no messages are handed out until it has.
    rebalance: Option<Rebalance>,
    /// Who is doing it.
    rebalancing: Option<Rebalancing>,
    /// The callback that runs wants it to be done later.
    pub(super) postponed: bool,
    /// How often the application has changed its assignment.
    pub(super) assign_calls: u64,
    /// How often it has polled.
    pub(super) polls: u64,
    /// How the group that this consumer has joined rebalances.
    pub(super) protocol: Option<RebalanceProtocol>,
    /// The assignment may have been given to others already: nothing of it may be committed.
    pub(super) lost: bool,
    /// After this the consumer has no partitions any more.
    pub(super) fatal: Option<KafkaError>,
    /// When to ask again for committed offsets that could not be had.
    pub(super) committed_retry_at: Option<Instant>,
}

/// Who ends the consumer. The group can ask for no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closing {
    /// A call that does nothing else.
    Call,
    /// Whoever polls, who does the last rebalance as any other.
    Polling,
}

/// Who does what the group wants.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Rebalancing {
    /// This thread, in a callback.
    Callback(ThreadId),
    /// The application, by a later call: its callback has said so.
    Later(Rebalance),
}

/// Something to be told by the next poll.
#[derive(Debug)]
pub(super) enum Notice {
    /// As an event.
    Error(ConsumerError),
    /// Through `on_commit`.
    Committed(CommitAnswer),
}

/// What looking for something to hand out found.
pub(super) enum Taken<T> {
    /// Something.
    Event(Event<T>),
    /// Nothing until the signal says so, or until this time.
    Nothing(Option<Instant>),
}

impl State {
    pub(super) fn new(config: &ConsumerConfig, engine: Option<Engine>) -> State {
        let broker = engine.as_ref().map(|engine| engine.broker().clone());
        State {
            fetcher: Fetcher::new(config, broker),
            engine,
            closed: false,
            closing: None,
            last_asked: false,
            asks: false,
            subscription: Vec::new(),
            interrupted: false,
            notices: VecDeque::new(),
            rebalance: None,
            rebalancing: None,
            postponed: false,
            assign_calls: 0,
            polls: 0,
            protocol: None,
            lost: false,
            fatal: None,
            committed_retry_at: None,
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Lets go of everything. Returns the engine, which may stop when it is dropped.
    pub(super) fn close(&mut self) -> Option<Engine> {
        self.closed = true;
        self.interrupted = true;
        self.rebalance = None;
        self.notices.clear();
        self.fetcher.close();
        self.engine.take()
    }

    /// The next message of the batch being handed out, unless there is something else to look at first.
    #[inline(always)]
    pub(super) fn next_message(&mut self) -> Option<Message> {
        if self.interrupted {
            return None;
        }
        self.polls += 1;
        self.fetcher.next_message(LineId::CONSUMER)
    }

    /// The next thing to hand out, with `take` for what is asked for.
    pub(super) fn take<T>(&mut self, take: impl Fn(&mut Fetcher, LineId) -> Option<T>) -> Taken<T> {
        self.polls += 1;
        while !self.interrupted {
            if let Some(taken) = take(&mut self.fetcher, LineId::CONSUMER) {
                return Taken::Event(Event::Message(taken));
            }
            match self.fetcher.advance(LineId::CONSUMER) {
                Advance::Ready => {}
                Advance::Error(error) => return Taken::Event(error.into()),
                Advance::Idle(until) => return Taken::Nothing(self.nothing_until(until)),
            }
        }
        Taken::Nothing(None)
    }

    /// Gives the next things to hand out to `take`, `count_max` at most. Returns how many there were, and unless that is
    /// enough, until when there is nothing more.
    pub(super) fn give(
        &mut self,
        count_max: usize,
        take: &mut impl FnMut(EventRef<'_>),
    ) -> (usize, Option<Option<Instant>>) {
        self.polls += 1;
        if self.interrupted {
            return (0, Some(None));
        }
        self.give_of(LineId::CONSUMER, count_max, take)
    }

    /// As [`State::give`], of a line: also while there is something else to be served by the consumer.
    pub(super) fn give_of(
        &mut self,
        line: LineId,
        count_max: usize,
        take: &mut impl FnMut(EventRef<'_>),
    ) -> (usize, Option<Option<Instant>>) {
        let mut count = 0;
        while count < count_max {
            let given =
                self.fetcher.give(line, count_max - count, |message| take(EventRef::Message(message)));
            count += given;
            if given > 0 {
                continue;
            }
            match self.fetcher.advance(line) {
                Advance::Ready => {}
                Advance::Error(error) => {
                    take(EventRef::Error(error));
                    count += 1;
                }
                Advance::Idle(until) => return (count, Some(self.nothing_until(until))),
            }
        }
        (count, None)
    }

    /// Until when there is nothing to hand out, when partitions have nothing until `until`.
    fn nothing_until(&self, until: Option<Instant>) -> Option<Instant> {
        let asks = self.fetcher.wants_committed.then(Instant::now);
        [until, asks, self.committed_retry_at].into_iter().flatten().min()
    }

    pub(super) fn push_notice(&mut self, notice: Notice) {
        self.notices.push_back(notice);
        self.interrupted = true;
    }

    /// The oldest notice.
    pub(super) fn pop_notice(&mut self) -> Option<Notice> {
        let notice = self.notices.pop_front();
        self.settle();
        notice
    }

    /// Asks the application to do what the group wants, unless the consumer closes.
    pub(super) fn ask(&mut self, rebalance: Rebalance) {
        if !self.closed && self.closing.is_none() {
            self.rebalance = Some(rebalance);
            self.interrupted = true;
        }
    }

    /// Takes on what the group wants, if no other thread has: to be ended with [`State::end_rebalance`].
    pub(super) fn begin_rebalance(&mut self) -> Option<Rebalance> {
        if self.rebalancing.is_some() {
            return None;
        }
        let rebalance = self.rebalance.take()?;
        self.begin_callback();
        Some(rebalance)
    }

    /// Whether a thread is doing what the group wants.
    pub(super) fn is_rebalancing(&self) -> bool {
        self.rebalancing.is_some()
    }

    /// Whether this thread does: it calls from within a callback.
    pub(super) fn is_in_callback(&self) -> bool {
        self.rebalancing == Some(Rebalancing::Callback(std::thread::current().id()))
    }

    /// What is assigned, without offsets, as rebalances list it.
    pub(super) fn assigned(&self) -> Vec<TopicPartitionOffset> {
        self.fetcher.assignment.iter().map(|partition| partition.element(OffsetSpec::Invalid)).collect()
    }

    /// The application has done what the group wants.
    pub(super) fn end_rebalance(&mut self) {
        self.rebalancing = None;
        self.lost = false;
        self.settle();
    }

    /// As [`State::begin_rebalance`], for the one that ends it all. `None` when the group has given nothing, and
    /// the second time.
    pub(super) fn begin_last_rebalance(&mut self) -> Option<Rebalance> {
        let assigned = self.assigned();
        let in_group = !self.subscription.is_empty() && self.protocol.is_some() && !self.is_in_callback();
        if !in_group || assigned.is_empty() || self.last_asked {
            return None;
        }
        self.last_asked = true;
        self.begin_callback();
        Some(Rebalance::Revoke(assigned))
    }

    fn begin_callback(&mut self) {
        self.rebalancing = Some(Rebalancing::Callback(std::thread::current().id()));
        self.postponed = false;
    }

    /// The application will do what the group wants, though its callback has returned.
    pub(super) fn postpone_rebalance(&mut self, rebalance: Rebalance) {
        self.rebalancing = Some(Rebalancing::Later(rebalance));
    }

    /// What the application still has to do, if it has postponed it.
    pub(super) fn postponed_rebalance(&self) -> Option<&Rebalance> {
        match &self.rebalancing {
            Some(Rebalancing::Later(rebalance)) => Some(rebalance),
            Some(Rebalancing::Callback(_)) | None => None,
        }
    }

    /// Takes back what the application was to do, if it has not begun.
    pub(super) fn withdraw_rebalance(&mut self) -> Option<Rebalance> {
        let rebalance = self.rebalance.take();
        self.settle();
        rebalance
    }

    fn settle(&mut self) {
        let waits = self.rebalance.is_some() || self.rebalancing.is_some();
        let ends = self.closed || self.closing == Some(Closing::Polling);
        self.interrupted = ends || waits || !self.notices.is_empty();
    }

    /// Whether it is time to ask what the group has committed.
    pub(super) fn wants_committed(&self, now: Instant) -> bool {
        self.fetcher.wants_committed || self.committed_retry_at.is_some_and(|at| at <= now)
    }

    /// Ends what the consumer does: its partitions are gone, without a rebalance, and it gets no others. False when it has
    /// been ended before.
    pub(super) fn fail(&mut self, error: KafkaError) -> bool {
        if self.fatal.is_some() {
            return false;
        }
        self.push_notice(Notice::Error(fatal::told(&error)));
        self.fatal = Some(error.into_fatal());
        self.protocol = None;
        let places = self.fetcher.assignment.places().to_vec();
        drop(self.fetcher.unassign(&places));
        true
    }

    /// Notes what has been committed.
    pub(super) fn note_committed(&mut self, partitions: &[TopicPartitionOffset]) {
        let assignment = &mut self.fetcher.assignment;
        for element in partitions.iter().filter(|element| element.error.is_none()) {
            if let Some(offset) = element.offset.offset()
                && let Some(place) = assignment.find(&element.topic, element.partition)
                && let Some(partition) = assignment.get_mut(place)
            {
                partition.committed = Some(offset);
            }
        }
    }
}

impl<T> From<ConsumerError> for Event<T> {
    fn from(error: ConsumerError) -> Event<T> {
        Event::Error(Box::new(error))
    }
}
