//! [`Fetch`]: a reader's request, from its arrival until there is enough to answer it with, or its time is over.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::call::{Call, Operation, Resource};
use super::inbox::{Inbox, Outcome, Reply, RequestId};
use super::options::FetchMethod;
use super::reactor::Reactor;
pub(super) use super::sessions::FetchSessions;
use super::sessions::Resolved;
use super::wanted::{TopicKey, Wanted};
use crate::broker::{Broker, read_error_code};
use crate::error_code::ErrorCode;
use crate::io::Token;
use crate::limits::ANSWERS_SIZE_MAX;
use crate::log::{FileSlice, LogView, ReadError};
use crate::shard::{Append, Located, Notify, Partition, Place, Unavailable};
use crate::types::{Isolation, LeaderEpoch, Offset, PartitionIndex};
use crate::wire::api::fetch::{
    AbortedTransaction, EpochEndOffset, Fetch as FetchApi, FetchRequest, FetchResponse,
    FetchableTopicResponse, PartitionData,
};
use crate::wire::records::{Piece, Records};

/// First version whose requests give the ids of topics.
const IDS_FROM: i16 = 13;

/// See the module.
pub(super) struct Fetch {
    call: Call,
    reply: Reply<FetchApi>,
    asked: Resolved,
    isolation: Isolation,
    size_min: usize,
    size_max: usize,
    deadline: Duration,
    waiter: Arc<Waiter>,
    waits_at: Vec<Arc<Partition>>,
    /// Another thread reads what is wanted into the operating system's cache.
    warming: bool,
    /// That has been done, and is not done twice.
    warmed: bool,
}

/// Told by a partition that there may be more to read.
struct Waiter {
    inbox: Arc<Inbox>,
    request: RequestId,
    /// It has been told, and nobody has looked since.
    told: AtomicBool,
}

impl Notify for Waiter {
    fn notify(&self) {
        if !self.told.swap(true, Ordering::AcqRel) {
            self.inbox.put(self.request, Outcome::LookAgain);
        }
    }
}

/// Bytes that an answer may still have.
#[derive(Clone, Copy)]
struct Room {
    size: usize,
    /// Of them, those that are held in memory until the client takes them.
    memory: usize,
}

/// What one look has found.
struct Found {
    partitions: Vec<PartitionFound>,
    size: usize,
    /// It is to be answered even if there is little.
    urgent: bool,
    /// What has to be read into the operating system's cache first.
    cold: Vec<FileSlice>,
}

struct PartitionFound {
    data: PartitionData,
    file: Option<FileSlice>,
}

/// What there is to read of a partition.
#[derive(Default)]
struct Readable {
    records: Records,
    /// The file that they are to be sent from; otherwise they are here.
    file: Option<FileSlice>,
    /// What has to be read ahead first.
    cold: Option<FileSlice>,
    /// Offset behind them, when they are here.
    end: Offset,
}

impl Reactor {
    /// Answers a fetch, or lets it wait.
    pub(super) fn fetch(&mut self, call: Call, request: FetchRequest, reply: Reply<FetchApi>) {
        let fetch_size_max = usize::try_from(call.broker().config().fetch_max_bytes).unwrap_or(usize::MAX);
        let isolation = match request.isolation_level {
            1 => Isolation::ReadCommitted,
            _ => Isolation::ReadUncommitted,
        };
        let size_min = usize::try_from(request.min_bytes).unwrap_or(0);
        let size_max = usize::try_from(request.max_bytes).unwrap_or(0).min(fetch_size_max);
        let wait = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0));
        let asked = match self.sessions.resolve(request, reply.version() >= IDS_FROM) {
            Ok(asked) => asked,
            Err(error) => {
                let error_code = error.code();
                return reply.send(&FetchResponse { error_code, ..FetchResponse::default() });
            }
        };
        let id = reply.request;
        let waiter =
            Arc::new(Waiter { inbox: Arc::clone(&self.inbox), request: id, told: AtomicBool::new(false) });
        let fetch = Fetch {
            call,
            reply,
            asked,
            isolation,
            size_min: size_min.min(size_max),
            size_max,
            deadline: self.now.saturating_add(wait),
            waiter,
            waits_at: Vec::new(),
            warming: false,
            warmed: false,
        };
        self.attempt(id, fetch, wait.is_zero());
    }

    /// Looks whether a fetch that waits can be answered; `over` when its time is.
    pub(super) fn look_again(&mut self, id: RequestId, over: bool) {
        let Some(mut fetch) = self.fetches.remove(&id) else { return };
        let over = over || fetch.deadline <= self.now;
        self.fetch_deadlines.remove(&(fetch.deadline, id));
        if fetch.warming {
            if !fetch.waiter.told.swap(false, Ordering::AcqRel) {
                // Only its time is over; what is being read will soon be there.
                self.fetches.insert(id, fetch);
                return;
            }
            (fetch.warming, fetch.warmed) = (false, true);
        }
        self.attempt(id, fetch, over);
    }

    fn attempt(&mut self, id: RequestId, mut fetch: Fetch, over: bool) {
        fetch.waiter.told.store(false, Ordering::Release);
        let mut found = fetch.look();
        if !found.cold.is_empty() {
            fetch.warm(std::mem::take(&mut found.cold));
            self.wait(id, fetch);
            return;
        }
        if over || found.urgent || found.size >= fetch.size_min {
            return self.answer(fetch, found);
        }
        if fetch.register() {
            // Something came between the look and the registration.
            found = fetch.look();
            if found.cold.is_empty() && (found.urgent || found.size >= fetch.size_min) {
                return self.answer(fetch, found);
            }
        }
        self.wait(id, fetch);
    }

    fn wait(&mut self, id: RequestId, fetch: Fetch) {
        self.fetch_deadlines.insert((fetch.deadline, id));
        self.fetches.insert(id, fetch);
    }

    fn answer(&mut self, mut fetch: Fetch, found: Found) {
        fetch.leave();
        let (response, files, told) = fetch.response(found);
        if fetch.asked.session != 0 {
            self.sessions.answered(fetch.asked.session, fetch.asked.epoch, told);
        }
        fetch.reply.send_with_files(&response, files);
    }

    /// Answers a connection's fetches with what there is: nobody will wait for more.
    pub(super) fn answer_waiting(&mut self, connection: Token) {
        for id in self.fetches_of(connection) {
            self.look_again(id, true);
        }
    }

    fn fetches_of(&self, connection: Token) -> Vec<RequestId> {
        self.fetches.keys().filter(|id| id.connection == connection).copied().collect()
    }

    /// A connection has gone, and nobody waits for its fetches.
    pub(super) fn forget_fetches(&mut self, connection: Token) {
        for id in self.fetches_of(connection) {
            if let Some(mut fetch) = self.fetches.remove(&id) {
                self.fetch_deadlines.remove(&(fetch.deadline, id));
                fetch.leave();
            }
        }
    }

    /// Sends a batch to the shard of its partition, behind those that could not be sent yet.
    pub(super) fn append(&mut self, partition: Arc<Partition>, append: Append) {
        if !self.overflow.is_empty() {
            return self.overflow.push_back((partition, append));
        }
        if let Err(append) = partition.try_append(append) {
            self.overflow.push_back((partition, append));
        }
    }
}

impl Fetch {
    /// Looks at every partition.
    fn look(&self) -> Found {
        let mut found = Found {
            partitions: Vec::new(),
            size: 0,
            urgent: self.asked.partitions.is_empty(),
            cold: Vec::new(),
        };
        let held = usize::try_from(self.call.shared.metrics.answers_held.get()).unwrap_or(usize::MAX);
        let mut memory = ANSWERS_SIZE_MAX.saturating_sub(held);
        for wanted in &self.asked.partitions {
            let room = Room { size: self.size_max.saturating_sub(found.size), memory };
            match self.look_at(wanted, room, found.size == 0) {
                Ok((one, cold)) => {
                    let size = one.data.records.size();
                    found.size += size;
                    if one.file.is_none() {
                        memory = memory.saturating_sub(size);
                    }
                    found.urgent |= one.data.diverging_epoch != EpochEndOffset::default();
                    found.cold.extend(cold);
                    found.partitions.push(one);
                }
                Err(code) => {
                    found.urgent = true;
                    found.partitions.push(PartitionFound::error(wanted.partition, code));
                }
            }
        }
        found
    }

    /// Looks at one partition; only the `first` with records may have more than there is room for, and from memory one batch may.
    fn look_at(
        &self,
        wanted: &Wanted,
        room: Room,
        first: bool,
    ) -> Result<(PartitionFound, Option<FileSlice>), ErrorCode> {
        let partition = served(self.call.broker(), wanted, &self.call)?;
        let view = partition.view();
        if let Some(why) = partition.unavailable()
            && *why == Unavailable::Deleted
        {
            return Err(ErrorCode::UnknownTopicOrPartition);
        }
        check_leader_epoch(wanted.leader_epoch, view.latest_epoch())?;
        let marked = |high_watermark: Offset, last_stable: Offset, log_start: Offset| PartitionData {
            partition_index: wanted.partition,
            high_watermark: high_watermark.0,
            last_stable_offset: last_stable.0,
            log_start_offset: log_start.0,
            ..PartitionData::default()
        };
        if let Some(diverging_epoch) = diverging(wanted, &view) {
            let marks = marked(view.high_watermark(), view.last_stable_offset(), view.log_start());
            let data = PartitionData { diverging_epoch, ..marks };
            return Ok((PartitionFound { data, file: None }, None));
        }
        let left = room.size;
        let room = Room { size: wanted.size_max.min(left), ..room };
        let located = partition.locate(Offset(wanted.offset), room.size, room.memory, self.isolation);
        let Located { place, log_start, high_watermark, last_stable } =
            located.map_err(|error| refusal(&error, &partition))?;
        let mut data = marked(high_watermark, last_stable, log_start);
        let upto = self.isolation.end(high_watermark, last_stable);
        let found = self.records(place, &partition, wanted.offset, upto, room);
        let found = found.map_err(|error| refusal(&error, &partition))?;
        let fits = first || found.records.size() <= left;
        if !fits {
            return Ok((PartitionFound { data, file: None }, None));
        }
        if self.isolation == Isolation::ReadCommitted && found.records.size() > 0 {
            let listed = aborted_transactions(&view, Offset(wanted.offset), &found, last_stable);
            data.aborted_transactions = Some(listed.map_err(|error| refusal(&error, &partition))?);
        }
        data.records = found.records;
        Ok((PartitionFound { data, file: found.file }, found.cold))
    }

    /// The records of a partition, from memory or a file. More may have come meanwhile: what the answer says of them holds
    /// for those below `upto`.
    fn records(
        &self,
        place: Place,
        partition: &Partition,
        from: i64,
        upto: Offset,
        room: Room,
    ) -> Result<Readable, ReadError> {
        let metrics = &self.call.shared.metrics;
        let slice = match place {
            Place::Memory(pieces, end) => {
                let records = Records::from(pieces);
                metrics.fetched_from_memory.add(records.size());
                return Ok(Readable { records, end, ..Readable::default() });
            }
            Place::File(slice) if !self.warmed && !slice.is_cached() => {
                return Ok(Readable { cold: Some(slice), ..Readable::default() });
            }
            Place::File(slice) => Some(slice),
            Place::Elsewhere => None,
        };
        match slice.filter(|_| self.call.shared.options.fetch_method == FetchMethod::Sendfile) {
            Some(slice) => {
                let records = Records { pieces: vec![Piece::Gap(slice.size)] };
                Ok(Readable { records, file: Some(slice), ..Readable::default() })
            }
            None => {
                let size_max = room.size.min(room.memory);
                let (pieces, next) = partition.read_below(upto, Offset(from).into(), size_max)?;
                let records = Records::from(pieces);
                metrics.copied_for_fetch.add(records.size());
                Ok(Readable { records, end: next.offset(), ..Readable::default() })
            }
        }
    }

    /// Lets another thread read what is cold into the operating system's cache.
    fn warm(&mut self, cold: Vec<FileSlice>) {
        self.warming = true;
        let waiter = Arc::clone(&self.waiter);
        self.call.shared.offload.run(move || {
            for slice in cold {
                if let Err(error) = slice.read_ahead() {
                    // Whoever sends it will meet the error again.
                    tracing::debug!(%error, "read ahead failed");
                }
            }
            waiter.notify();
        });
    }

    /// Registers with all partitions, once; returns whether that was done now.
    fn register(&mut self) -> bool {
        if !self.waits_at.is_empty() {
            // A partition forgets whom it has told.
            self.leave();
        }
        let broker = Arc::clone(self.call.broker());
        for wanted in &self.asked.partitions {
            if let Ok(partition) = served(&broker, wanted, &self.call) {
                partition.notify_on_change(self.waiter.clone());
                self.waits_at.push(partition);
            }
        }
        true
    }

    fn leave(&mut self) {
        let waiter: Arc<dyn Notify> = self.waiter.clone();
        self.waits_at.drain(..).for_each(|partition| partition.forget(&waiter));
    }

    /// The answer, the files that its records are sent from, and what the fetcher then knows.
    fn response(&mut self, found: Found) -> (FetchResponse, Vec<FileSlice>, Vec<Wanted>) {
        let mut response = FetchResponse { session_id: self.asked.session, ..FetchResponse::default() };
        let (mut files, mut told) = (Vec::new(), std::mem::take(&mut self.asked.partitions));
        let mut last_topic: Option<&TopicKey> = None;
        for (wanted, PartitionFound { data, file }) in told.iter_mut().zip(found.partitions) {
            let marks = Some([data.high_watermark, data.last_stable_offset, data.log_start_offset]);
            let is_error = data.error_code != ErrorCode::None.code();
            wanted.had_records = data.records.size() > 0;
            self.call.shared.metrics.bytes_out.add(data.records.size());
            if is_error {
                self.call.shared.metrics.failed_fetches.add(1);
            }
            let is_news = wanted.had_records
                || is_error
                || data.diverging_epoch != EpochEndOffset::default()
                || wanted.told != marks;
            // What was told in an error is told again when it is over.
            wanted.told = marks.filter(|_| !is_error);
            if self.asked.incremental && !is_news {
                continue;
            }
            files.extend(file);
            match response.responses.last_mut() {
                Some(last) if last_topic == Some(&wanted.topic) => last.partitions.push(data),
                _ => {
                    let (topic, topic_id) = wanted.topic.name_and_id();
                    let partitions = vec![data];
                    response.responses.push(FetchableTopicResponse { topic, topic_id, partitions });
                }
            }
            last_topic = Some(&wanted.topic);
        }
        (response, files, told)
    }
}

impl PartitionFound {
    fn error(partition: i32, code: ErrorCode) -> PartitionFound {
        let data = PartitionData {
            partition_index: partition,
            error_code: code.code(),
            high_watermark: -1,
            ..PartitionData::default()
        };
        PartitionFound { data, file: None }
    }
}

/// The aborted transactions that concern what was found from `from` on.
fn aborted_transactions(
    view: &LogView,
    from: Offset,
    found: &Readable,
    last_stable: Offset,
) -> Result<Vec<AbortedTransaction>, ReadError> {
    if !view.has_aborted_transactions(from)? {
        return Ok(Vec::new());
    }
    // Where a file's end is not to be found, more than need be is told, which is harmless.
    let end = found.file.as_ref().map_or(found.end, |slice| view.end_of(slice).unwrap_or(last_stable));
    let aborted = view.aborted_transactions(from, end.min(last_stable))?.into_iter();
    let listed = aborted
        .map(|one| AbortedTransaction { producer_id: one.producer_id.0, first_offset: one.first_offset.0 });
    Ok(listed.collect())
}

fn served(broker: &Broker, wanted: &Wanted, call: &Call) -> Result<Arc<Partition>, ErrorCode> {
    let topic = match &wanted.topic {
        TopicKey::Id(id) => broker.topic_by_id(*id).ok_or(ErrorCode::UnknownTopicId)?,
        TopicKey::Name(name) => broker.topic(name).ok_or(ErrorCode::UnknownTopicOrPartition)?,
    };
    if !call.allows(Operation::Read, Resource::Topic(topic.name().as_str())) {
        return Err(ErrorCode::TopicAuthorizationFailed);
    }
    match topic.partition(PartitionIndex(wanted.partition)) {
        None => Err(ErrorCode::UnknownTopicOrPartition),
        Some(Err(_)) => Err(ErrorCode::KafkaStorageError),
        Some(Ok(partition)) => Ok(partition),
    }
}

/// Holds the epoch that a client takes for the current one against the real one (KIP-320).
pub(super) fn check_leader_epoch(told: i32, latest: LeaderEpoch) -> Result<(), ErrorCode> {
    match told {
        -1 => Ok(()),
        told if told < latest.0 => Err(ErrorCode::FencedLeaderEpoch),
        told if told > latest.0 => Err(ErrorCode::UnknownLeaderEpoch),
        _ => Ok(()),
    }
}

/// Whether the fetcher's last record was written in an epoch that ended before it (KIP-595).
fn diverging(wanted: &Wanted, view: &LogView) -> Option<EpochEndOffset> {
    let end = view.end_of_epoch(LeaderEpoch(wanted.last_epoch))?;
    let diverges = end.epoch.0 < wanted.last_epoch || end.end.0 < wanted.offset;
    diverges.then_some(EpochEndOffset { epoch: end.epoch.0, end_offset: end.end.0 })
}

fn refusal(error: &ReadError, partition: &Partition) -> ErrorCode {
    if !matches!(error, ReadError::OutOfRange { .. }) {
        tracing::error!(partition = %partition.id(), %error, "records cannot be read");
    }
    read_error_code(error)
}
