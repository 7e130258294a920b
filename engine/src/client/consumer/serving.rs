//! What a poll does: first what the group and the coordinator have to say, then messages, then waiting.

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::events::{BatchEvent, CallError, ConsumerError, Event, EventRef};
use super::fetcher::Fetcher;
use super::lines::LineId;
use super::membership::Command;
use super::rebalance::Rebalance;
use super::state::{Closing, Notice, Taken};
use super::{Consumer, FetchedBatch, deadline_of};

/// What had to be said.
enum Served {
    /// Nothing, or callbacks have heard it.
    All,
    /// This.
    Error(ConsumerError),
    /// A callback wants the poll to end.
    Stop,
}

impl Consumer {
    /// The next message or event, waiting at most `timeout` for it (`None`: without end). Serves callbacks.
    ///
    /// # Errors
    /// [`CallError::Closed`].
    pub fn poll(&self, timeout: Option<Duration>) -> Result<Option<Event>, CallError> {
        self.shared.check_process()?;
        if !self.shared.has_answers()
            && let Some(message) = self.shared.state.lock().next_message()
        {
            return Ok(Some(Event::Message(message)));
        }
        self.wait_for(timeout, Fetcher::next_message)
    }

    /// For event loops (librdkafka: `rd_kafka_queue_io_event_enable`): has `tell` called by another thread when there is
    /// something to poll, once after each [`Consumer::arm`]. Only the first call has an effect; false for others.
    pub fn listen(&self, tell: Box<dyn Fn() + Send + Sync>) -> bool {
        self.shared.signal.listen(tell)
    }

    /// See [`Consumer::listen`]. Poll afterwards: what came before is not told, nor is what only time brings, such as
    /// a retry: look again twice a second.
    pub fn arm(&self) {
        self.shared.signal.arm();
    }

    /// The next batch, or what is left of one, or event; waits at most `timeout` for it (`None`: without end). The
    /// position moves behind the batch.
    ///
    /// # Errors
    /// As [`Consumer::poll`].
    pub fn next_batch(&self, timeout: Option<Duration>) -> Result<Option<BatchEvent>, CallError> {
        self.wait_for(timeout, |fetcher, line| fetcher.take_batch(line).map(FetchedBatch::new))
    }

    fn wait_for<T>(
        &self,
        timeout: Option<Duration>,
        take: impl Fn(&mut Fetcher, LineId) -> Option<T>,
    ) -> Result<Option<Event<T>>, CallError> {
        self.shared.check_process()?;
        let deadline = deadline_of(timeout);
        loop {
            let seen = self.shared.signal.seen();
            match self.serve()? {
                Served::All => {}
                Served::Error(error) => return Ok(Some(error.into())),
                Served::Stop => return Ok(None),
            }
            let taken = self.shared.lock()?.take(&take);
            match taken {
                Taken::Event(event) => return Ok(Some(event)),
                Taken::Nothing(until) => {
                    if !self.wait(seen, deadline, until) {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// The next `count` messages and events; fewer when `timeout` ends first. Waits for all of them, as librdkafka
    /// does, also when the log has no more. Serves callbacks.
    ///
    /// # Errors
    /// As [`Consumer::poll`].
    pub fn consume(&self, count: usize, timeout: Option<Duration>) -> Result<Vec<Event>, CallError> {
        self.collect(count, timeout, count)
    }

    /// Up to `count` messages and events: what is there at once, or else the first that come within `timeout`.
    ///
    /// # Errors
    /// As [`Consumer::poll`].
    pub fn consume_available(
        &self,
        count: usize,
        timeout: Option<Duration>,
    ) -> Result<Vec<Event>, CallError> {
        self.collect(count, timeout, 1)
    }

    /// As [`Consumer::consume_available`], but what there is is given to `take`, before anything is kept of it: the
    /// cheapest way to see messages one by one. `take` must not call the consumer. Returns how many there were.
    ///
    /// # Errors
    /// As [`Consumer::poll`].
    pub fn consume_with(
        &self,
        count: usize,
        timeout: Option<Duration>,
        mut take: impl FnMut(EventRef<'_>),
    ) -> Result<usize, CallError> {
        self.give(count, timeout, 1, &mut take)
    }

    fn collect(
        &self,
        count_max: usize,
        timeout: Option<Duration>,
        enough: usize,
    ) -> Result<Vec<Event>, CallError> {
        const CAPACITY_MAX: usize = 1024;
        let mut events = Vec::with_capacity(count_max.min(CAPACITY_MAX));
        self.give(count_max, timeout, enough, &mut |event| events.push(event.into_event()))?;
        Ok(events)
    }

    fn give(
        &self,
        count_max: usize,
        timeout: Option<Duration>,
        enough: usize,
        take: &mut impl FnMut(EventRef<'_>),
    ) -> Result<usize, CallError> {
        let deadline = deadline_of(timeout);
        let mut count = 0;
        while count < count_max {
            let seen = self.shared.signal.seen();
            match self.serve() {
                Ok(Served::All) => {}
                Ok(Served::Error(error)) => {
                    take(EventRef::Error(error));
                    count += 1;
                    continue;
                }
                Ok(Served::Stop) => break,
                // What has been taken is handed out; the next call says why there is no more.
                Err(_) if count > 0 => break,
                Err(error) => return Err(error),
            }
            let (given, nothing) = self.shared.lock()?.give(count_max - count, take);
            count += given;
            let Some(until) = nothing else { break };
            if count >= enough || !self.wait(seen, deadline, until) {
                break;
            }
        }
        Ok(count)
    }

    /// Sleeps until there may be something, at most until `until`. False when the deadline is over.
    fn wait(&self, seen: u64, deadline: Option<Instant>, until: Option<Instant>) -> bool {
        let shared = &self.shared;
        let until = [until, shared.statistics.due()].into_iter().flatten().min();
        shared.sleepers.fetch_add(1, Ordering::SeqCst);
        let goes_on = shared.sleep(seen, deadline, until);
        shared.sleepers.fetch_sub(1, Ordering::SeqCst);
        goes_on
    }

    /// Does everything that comes before messages.
    fn serve(&self) -> Result<Served, CallError> {
        loop {
            if self.tell_statistics()?.is_some_and(|flow| flow.is_break()) {
                return Ok(Served::Stop);
            }
            let mut state = self.shared.lock()?;
            self.shared.take_answers(&mut state);
            match state.pop_notice() {
                Some(Notice::Error(error)) => return Ok(Served::Error(error)),
                Some(Notice::Committed(answer)) => {
                    drop(state);
                    if self.tell_commit(answer.error.as_ref(), &answer.partitions).is_break() {
                        return Ok(Served::Stop);
                    }
                    continue;
                }
                None => {}
            }
            if state.is_in_callback() {
                // Nothing is handed out until it returns.
                return Ok(Served::Stop);
            }
            if state.closing == Some(Closing::Polling) {
                drop(state);
                return self.serve_the_end();
            }
            let fetches = state.wants_committed(Instant::now());
            let rebalance = state.begin_rebalance();
            drop(state);
            if fetches {
                self.shared.fetch_committed();
            }
            let Some(rebalance) = rebalance else { return Ok(Served::All) };
            if self.rebalance(&rebalance).is_break() {
                return Ok(Served::Stop);
            }
        }
    }

    /// What is left to be done before the consumer is closed, by whoever polls.
    fn serve_the_end(&self) -> Result<Served, CallError> {
        let mut state = self.shared.lock()?;
        if state.is_rebalancing() {
            return Ok(Served::All);
        }
        match state.begin_last_rebalance() {
            Some(rebalance) => {
                drop(state);
                if self.rebalance(&rebalance).is_break() {
                    return Ok(Served::Stop);
                }
            }
            None => drop(state),
        }
        self.close();
        Err(CallError::Closed)
    }

    fn tell_commit(
        &self,
        error: Option<&crate::client::KafkaError>,
        partitions: &[crate::client::TopicPartitionOffset],
    ) -> ControlFlow<()> {
        match &self.on_commit {
            Some(callback) => callback(self, error, partitions),
            None => ControlFlow::Continue(()),
        }
    }

    /// Has the application change its assignment as the group wants, or does it. After a fatal error it is not asked.
    fn rebalance(&self, rebalance: &Rebalance) -> ControlFlow<()> {
        let state = self.shared.state.lock();
        let (calls, has_failed) = (state.assign_calls, state.fatal.is_some());
        drop(state);
        let callback = self.on_rebalance.lock().clone();
        let flow = match callback {
            Some(callback) if !has_failed => callback(self, rebalance),
            _ => ControlFlow::Continue(()),
        };
        let mut state = self.shared.state.lock();
        if state.assign_calls != calls {
            drop(state);
        } else if state.postponed && state.closing != Some(Closing::Call) {
            state.postpone_rebalance(rebalance.clone());
            return ControlFlow::Break(());
        } else {
            drop(state);
            self.shared.apply(rebalance);
        }
        self.end_rebalance();
        flow
    }

    fn end_rebalance(&self) {
        self.shared.state.lock().end_rebalance();
        // The thread is there: it has asked.
        drop(self.tell_membership(Command::Rebalanced));
        // Other threads go on.
        self.shared.wake();
    }

    /// For rebalance callbacks that only pass on what the group wants: it is not done when the callback returns, but by
    /// the next call that changes the assignment, or by [`Consumer::finish_rebalance`]. No messages are handed out until
    /// then. Has no effect elsewhere, nor in the last rebalance, when the consumer closes.
    pub fn postpone_rebalance(&self) {
        let mut state = self.shared.state.lock();
        if state.is_in_callback() {
            state.postponed = true;
        }
    }

    /// Does what [`Consumer::postpone_rebalance`] left to be done, if the application has not done it.
    pub fn finish_rebalance(&self) {
        let postponed = self.shared.state.lock().postponed_rebalance().cloned();
        if let Some(rebalance) = postponed {
            self.shared.apply(&rebalance);
            self.end_rebalance();
        }
    }

    /// The application has changed its assignment: that was what it had postponed.
    pub(super) fn note_assigned(&self) {
        if self.shared.state.lock().postponed_rebalance().is_some() {
            self.end_rebalance();
        }
    }

    /// The end of the assignment, when the consumer closes: with a last rebalance if the group has given it.
    pub(super) fn give_up_all(&self) {
        self.finish_rebalance();
        loop {
            let seen = self.shared.signal.seen();
            let state = self.shared.state.lock();
            if !state.is_rebalancing() || state.is_in_callback() {
                break;
            }
            drop(state);
            // Another thread is in a callback.
            let look_again = Instant::now() + Duration::from_millis(10);
            self.shared.sleep(seen, Some(look_again), None);
        }
        let last = self.shared.state.lock().begin_last_rebalance();
        if let Some(last) = last {
            // The flow does not matter: nothing follows.
            let _ = self.rebalance(&last);
        }
        // What a callback has left.
        drop(self.shared.replace(&[]));
    }

    /// The outcomes of the last commits.
    pub(super) fn tell_commits(&self) {
        loop {
            let mut state = self.shared.state.lock();
            self.shared.take_answers(&mut state);
            let Some(notice) = state.pop_notice() else { return };
            drop(state);
            if let Notice::Committed(answer) = notice {
                let _ = self.tell_commit(answer.error.as_ref(), &answer.partitions);
            }
        }
    }
}
