//! [`Partition`]: what every thread but its shard's sees of a partition. Reads happen here, on the reader's own thread,
//! without a hop; appends go through the shard's mailbox.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use bytes::Bytes;
use parking_lot::Mutex;

use super::append::Announced;
use super::batch_cache::CachedTail;
use super::mailbox::{Mailbox, SendError};
use super::waiters::{Notify, Waiters};
use super::worker::Message;
use super::{Append, BatchSource, ProduceError};
use crate::log::{FileSlice, LogView, ReadCursor, ReadError};
use crate::types::{Isolation, Offset, ProducerEpoch, ProducerId, TopicId, TopicPartition};

/// Place of a partition in its shard's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Slot(pub(super) usize);

/// Why a partition does not take appends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// A write, a flush or its recovery failed, for this reason; what was committed can still be read.
    Offline(String),
    /// It has been deleted.
    Deleted,
}

/// How a producer's transaction may begin in a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admission {
    /// In this epoch.
    pub epoch: ProducerEpoch,
    /// Its first record has sequence 0, because the epoch is new with the transaction: one with a later sequence has come
    /// before those that precede it.
    pub begins_at_zero: bool,
}

/// One partition, shared by its shard, its producers and its readers.
#[derive(Debug)]
pub struct Partition {
    id: TopicPartition,
    topic_id: TopicId,
    slot: Slot,
    mailbox: Mailbox<Message>,
    /// Swapped when the partition is reopened after a failure.
    view: ArcSwap<LogView>,
    tail: Arc<CachedTail>,
    waiters: Waiters,
    unavailable: ArcSwapOption<Unavailable>,
    /// Producers whose transactions may begin here.
    admitted: Mutex<HashMap<ProducerId, Admission>>,
}

/// Result of a read: whole batches, from the one that holds the offset asked for.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// Batches back to back, in one or more pieces, each piece ending on a batch boundary. Empty when there is nothing
    /// to read yet. Checksums have not been compared.
    pub pieces: Vec<Bytes>,
    /// Where to go on.
    pub next: ReadCursor,
    /// First offset that can be read.
    pub log_start: Offset,
    /// End of what may be read.
    pub high_watermark: Offset,
    /// End of what a `read_committed` reader may read.
    pub last_stable: Offset,
}

/// Result of [`Partition::locate`].
#[derive(Clone, Debug)]
pub struct Located {
    /// Where the batches are.
    pub place: Place,
    /// First offset that can be read.
    pub log_start: Offset,
    /// End of what may be read.
    pub high_watermark: Offset,
    /// End of what a `read_committed` reader may read.
    pub last_stable: Offset,
}

/// Where batches are.
#[derive(Clone, Debug)]
pub enum Place {
    /// Here, up to this offset.
    Memory(Vec<Bytes>, Offset),
    /// In a file.
    File(FileSlice),
    /// There are none, or [`Partition::read_below`] has to take them into memory.
    Elsewhere,
}

impl Partition {
    pub(super) fn new(
        id: TopicPartition,
        topic_id: TopicId,
        slot: Slot,
        mailbox: Mailbox<Message>,
        view: Arc<LogView>,
    ) -> Partition {
        Partition {
            id,
            topic_id,
            slot,
            mailbox,
            view: ArcSwap::new(view),
            tail: Arc::default(),
            waiters: Waiters::default(),
            unavailable: ArcSwapOption::empty(),
            admitted: Mutex::default(),
        }
    }

    /// Topic and number.
    #[must_use]
    pub fn id(&self) -> &TopicPartition {
        &self.id
    }

    /// Identity of the topic.
    #[must_use]
    pub fn topic_id(&self) -> TopicId {
        self.topic_id
    }

    /// What readers may know of the log.
    #[must_use]
    pub fn view(&self) -> Arc<LogView> {
        self.view.load_full()
    }

    /// End of what may be read: the first offset that is not committed.
    #[must_use]
    pub fn high_watermark(&self) -> Offset {
        self.view.load().high_watermark()
    }

    /// Why appends are refused, if they are.
    #[must_use]
    pub fn unavailable(&self) -> Option<Arc<Unavailable>> {
        self.unavailable.load_full()
    }

    /// Sends one batch to the shard. Waits while the shard's mailbox is full; the answer goes to the append's reply.
    pub fn append(&self, append: Append) {
        if let Err(Message::Append(_, append)) = self.mailbox.send_waiting(Message::Append(self.slot, append))
        {
            append.refuse(ProduceError::Stopped);
        }
    }

    /// As [`Partition::append`], for those who must not wait, such as another shard.
    ///
    /// # Errors
    /// The append, when the shard's mailbox is full: try again soon, and nothing younger before.
    pub fn try_append(&self, append: Append) -> Result<(), Append> {
        match self.mailbox.send(Message::Append(self.slot, append)) {
            Err(SendError::Full(Message::Append(_, append))) => return Err(append),
            Err(SendError::Closed(Message::Append(_, append))) => append.refuse(ProduceError::Stopped),
            _ => {}
        }
        Ok(())
    }

    /// Asks the shard to pull from `source`. One announcement may be outstanding per source.
    ///
    /// # Errors
    /// [`ProduceError::Stopped`] when the shard has stopped; nothing will be pulled.
    pub fn announce(&self, source: Arc<dyn BatchSource>) -> Result<(), ProduceError> {
        let message = Message::Announce(self.slot, Announced::new(source));
        match self.mailbox.send_waiting(message) {
            Err(Message::Announce(_, announced)) => {
                // Whoever is told by the error need not be told again.
                drop(announced.take());
                Err(ProduceError::Stopped)
            }
            _ => Ok(()),
        }
    }

    /// Batches from `from` on: from memory when the reader keeps up, else from the segments, on the caller's thread.
    /// At least one batch if there is any, then as many as fit `size_max`.
    ///
    /// # Errors
    /// [`ReadError`], out of range among them.
    pub fn read(
        &self,
        from: ReadCursor,
        size_max: usize,
        isolation: Isolation,
    ) -> Result<Fetched, ReadError> {
        let view = self.view.load();
        let (high_watermark, last_stable) = (view.high_watermark(), view.last_stable_offset());
        let upto = isolation.end(high_watermark, last_stable);
        let (pieces, next) = self.pieces(&view, upto, from, size_max)?;
        Ok(Fetched { pieces, next, log_start: view.log_start(), high_watermark, last_stable })
    }

    /// As [`Partition::read`], but nothing that reaches to `upto`: for who has looked at the marks before. Also says where to
    /// go on.
    ///
    /// # Errors
    /// [`ReadError`], out of range among them.
    pub fn read_below(
        &self,
        upto: Offset,
        from: ReadCursor,
        size_max: usize,
    ) -> Result<(Vec<Bytes>, ReadCursor), ReadError> {
        self.pieces(&self.view.load(), upto, from, size_max)
    }

    fn pieces(
        &self,
        view: &LogView,
        upto: Offset,
        from: ReadCursor,
        size_max: usize,
    ) -> Result<(Vec<Bytes>, ReadCursor), ReadError> {
        if let Some(cached) = self.cached(view, from.offset(), upto, size_max) {
            return Ok(cached);
        }
        let read = view.read(from, size_max, upto)?;
        let pieces = if read.bytes.is_empty() { Vec::new() } else { vec![read.bytes] };
        Ok((pieces, read.next))
    }

    /// As [`Partition::read`], but what is not in memory is not read: the answer says where it lies, if the kernel can
    /// send it from there. Of what is in memory at most `memory_max` bytes are given (but one batch at least); with 0, it is
    /// looked for in its file, too.
    ///
    /// # Errors
    /// [`ReadError`], out of range among them.
    pub fn locate(
        &self,
        from: Offset,
        size_max: usize,
        memory_max: usize,
        isolation: Isolation,
    ) -> Result<Located, ReadError> {
        let view = self.view.load();
        let (high_watermark, last_stable) = (view.high_watermark(), view.last_stable_offset());
        let upto = isolation.end(high_watermark, last_stable);
        let cached = match memory_max {
            0 => None,
            _ => self.cached(&view, from, upto, size_max.min(memory_max)),
        };
        let place = match cached {
            Some((pieces, next)) => Place::Memory(pieces, next.offset()),
            None => view.slice(from, size_max, upto)?.map_or(Place::Elsewhere, Place::File),
        };
        Ok(Located { place, log_start: view.log_start(), high_watermark, last_stable })
    }

    fn cached(
        &self,
        view: &LogView,
        from: Offset,
        upto: Offset,
        size_max: usize,
    ) -> Option<(Vec<Bytes>, ReadCursor)> {
        if from < view.log_start() || from >= upto {
            return None;
        }
        let (pieces, next) = self.tail.read(from, upto, size_max)?;
        Some((pieces, next.into()))
    }

    /// From now on what lies below `upto` is read from its segments, which have been compacted.
    pub fn forget_cached_below(&self, upto: Offset) {
        self.tail.forget_below(upto);
    }

    /// Registers `waiter` to be told once when the high watermark moves or the partition changes its state. Look at
    /// the high watermark again after this call.
    pub fn notify_on_change(&self, waiter: Arc<dyn Notify>) {
        self.waiters.register(waiter);
    }

    /// Takes back [`Partition::notify_on_change`].
    pub fn forget(&self, waiter: &Arc<dyn Notify>) {
        self.waiters.unregister(waiter);
    }

    /// Takes transactional records of this producer from now on, until its transaction is ended here by a marker. Others are
    /// refused: a batch that was long on its way would begin a transaction that nobody ends (KIP-890).
    pub fn admit_transaction(&self, producer_id: ProducerId, admission: Admission) {
        self.admitted.lock().insert(producer_id, admission);
    }

    /// Whether it takes transactional records of this producer, in this epoch.
    #[must_use]
    pub fn takes_transaction(&self, producer_id: ProducerId, epoch: ProducerEpoch) -> bool {
        self.admitted_transaction(producer_id).is_some_and(|admission| admission.epoch == epoch)
    }

    // The shard's side.

    /// How a transaction of this producer may begin here.
    pub(super) fn admitted_transaction(&self, producer_id: ProducerId) -> Option<Admission> {
        self.admitted.lock().get(&producer_id).copied()
    }

    /// A producer's transaction is being ended.
    pub(super) fn end_transaction(&self, producer_id: ProducerId) {
        self.admitted.lock().remove(&producer_id);
    }

    pub(super) fn slot(&self) -> Slot {
        self.slot
    }

    pub(super) fn tail(&self) -> &Arc<CachedTail> {
        &self.tail
    }

    pub(super) fn wake_readers(&self) {
        self.waiters.wake_all();
    }

    pub(super) fn reopened(&self, view: Arc<LogView>) {
        self.view.store(view);
        self.unavailable.store(None);
        self.waiters.wake_all();
    }

    pub(super) fn close(&self, why: Unavailable) {
        self.tail.clear();
        self.unavailable.store(Some(Arc::new(why)));
        self.waiters.wake_all();
    }
}
