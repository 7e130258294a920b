//! A partition whose disk has failed: everybody is told, nothing is tried again, and if only space or file
//! descriptors were wanting the log is recovered once there are some.

use std::sync::Arc;
use std::time::Duration;

use super::{Answer, Resources, Waiting, Writer};
use crate::log::{Log, LogError, OpenFrom};
use crate::shard::append::{ProduceError, ProduceFailure};
use crate::shard::partition::Unavailable;
use crate::shard::timers::Due;

/// How often a partition that went offline for want of space or file descriptors looks whether there are some.
const REOPEN_INTERVAL: Duration = Duration::from_millis(500);

/// Operations whose end concerns nobody any more.
#[derive(Default)]
pub(super) struct Orphans {
    pub(super) append: bool,
    pub(super) flush: bool,
}

impl Writer {
    /// Takes the partition offline: nothing is known about its unflushed bytes any more. Those whose operation has `failed` are told
    /// first, and once it is offline: whoever asks then must not find it serving.
    pub(super) fn fail(&mut self, error: &LogError, failed: Vec<Answer>, with: &mut Resources) {
        tracing::error!(partition = %self.partition.id(), %error, "partition goes offline");
        self.log.take_offline();
        self.partition.close(Unavailable::Offline(error.to_string()));
        self.orphans = Orphans { append: self.append.is_some(), flush: self.flush.is_some() };
        answer_storage(failed, error);
        for flight in [self.append.take(), self.flush.take()].into_iter().flatten() {
            answer_storage(flight.answers, error);
        }
        self.pull(with);
        self.refuse_waiting();
        if error.is_disk_full() {
            with.disk.ran_out();
        }
        if error.may_pass() {
            self.reopen_later(with);
        }
    }

    pub(super) fn refuse_waiting(&mut self) {
        let Some(why) = self.partition.unavailable() else { return };
        for Waiting { append, refused } in self.waiting.drain(..) {
            append.refuse(match (refused, &*why) {
                (Some(error), _) => error,
                (None, Unavailable::Offline(reason)) => ProduceError::Storage(reason.clone()),
                (None, Unavailable::Deleted) => ProduceError::Deleted,
            });
        }
    }

    /// Tries to bring a partition back that went offline for want of something that may come back: recovers its log as after
    /// a crash.
    pub(in crate::shard) fn reopen(&mut self, with: &mut Resources) {
        let from = OpenFrom {
            recovery_point: self.log.checkpoint().recovery_point,
            log_start: self.log.view().log_start(),
            durable: self.log.durable(),
            ..OpenFrom::default()
        };
        // What is kept back is for the engine's own topics.
        let enough = self.partition.id().topic.is_internal() || !with.disk.is_full();
        let opened = if enough && !self.is_in_flight() {
            Log::open(with.disk.clone(), &self.dir, Arc::clone(&self.config), from)
        } else {
            return self.reopen_later(with);
        };
        match opened {
            Ok((log, _)) => self.reopened(log, with),
            Err(error) if error.may_pass() => self.reopen_later(with),
            Err(error) => {
                tracing::error!(partition = %self.partition.id(), %error, "partition stays offline")
            }
        }
    }

    fn reopened(&mut self, log: Log, with: &mut Resources) {
        let mut failed = std::mem::replace(&mut self.log, log);
        // Its error is known; this only gives the queue's handle back.
        drop(failed.close(&mut *with.queue));
        self.started = false;
        with.marks.set(self.partition.slot(), self.log.durable());
        self.partition.reopened(self.log.view());
        tracing::info!(partition = %self.partition.id(), end = %self.log.end(), "partition is online again");
    }

    fn reopen_later(&self, with: &mut Resources) {
        let at = with.clock.monotonic() + REOPEN_INTERVAL;
        with.timers.add(at, Due::Reopen(self.partition.slot()));
    }
}

fn answer_storage(answers: Vec<Answer>, error: &LogError) {
    for Answer { reply, result, .. } in answers {
        reply.send(result.and_then(|appended| {
            let error = ProduceError::Storage(error.to_string());
            Err(ProduceFailure { error, batch: appended.batch })
        }));
    }
}
