//! [`TransactionCheck`]: holds the lists of aborted transactions against the log, one batch after the other.

use std::collections::HashMap;
use std::path::Path;

use crate::io::Disk;
use crate::log::AbortedTransaction;
use crate::log::aborted_transactions;
use crate::log::error::FileError;
use crate::log::producer_state::control_record;
use crate::record::{BatchView, ControlMarker};
use crate::types::{Offset, ProducerId};

/// What is wrong with a list of aborted transactions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransactionFault {
    /// It is not what its checksum was made of, no such list, or only one of the two files is there.
    #[error("is damaged")]
    Damaged,
    /// Readers of committed records would see aborted ones.
    #[error("does not have the transaction that producer {} aborted at offset {marker}", producer.0)]
    Lacks {
        /// Whose it was.
        producer: ProducerId,
        /// Offset of its marker.
        marker: Offset,
    },
    /// Readers of committed records would not see some of them.
    #[error("has a transaction of producer {} from offset {first} to {marker} that was not aborted", producer.0)]
    Invents {
        /// Whose it should be.
        producer: ProducerId,
        /// Its first offset.
        first: Offset,
        /// Offset of its marker.
        marker: Offset,
    },
}

/// See the module.
#[derive(Default)]
pub(super) struct TransactionCheck {
    /// First record that is there of each transaction that has not ended.
    open: HashMap<ProducerId, Offset>,
    /// The last marker of each producer.
    markers: HashMap<ProducerId, Offset>,
    /// What was aborted in the segment that is read.
    aborted: Vec<Aborted>,
    /// A part of the log could not be read: what was aborted behind it is not known.
    has_lost_track: bool,
}

/// An aborted transaction as the log has it.
struct Aborted {
    producer: ProducerId,
    /// Offset of the marker before, where its first record cannot be.
    after: Option<Offset>,
    /// First record of it that is there; `None` when there is none.
    first: Option<Offset>,
    marker: Offset,
}

impl Aborted {
    /// Whether an entry is about it. Its first records may have been removed from the log.
    fn is_told_by(&self, entry: &AbortedTransaction) -> bool {
        entry.producer_id == self.producer
            && entry.last_offset == self.marker
            && self.after.is_none_or(|after| entry.first_offset > after)
            && self.first.is_none_or(|first| entry.first_offset <= first)
    }
}

impl TransactionCheck {
    /// Goes past a batch.
    pub(super) fn add(&mut self, batch: &BatchView<'_>) {
        let header = batch.header();
        let producer = header.producer_id();
        if !header.attributes().is_control() {
            // Of a batch without records compaction has left the sequence only.
            if header.attributes().is_transactional() && header.records_count.get() > 0 {
                self.open.entry(producer).or_insert(header.base_offset());
            }
            return;
        }
        let Some(record) = control_record(batch) else { return };
        let (first, marker) = (self.open.remove(&producer), header.last_offset());
        let after = self.markers.insert(producer, marker);
        if record.marker == ControlMarker::Abort {
            self.aborted.push(Aborted { producer, after, first, marker });
        }
    }

    /// A part of the log cannot be read.
    pub(super) fn lose_track(&mut self) {
        self.has_lost_track = true;
    }

    /// The segment at `base` has been read: what is wrong with its list. Where the log `is_compacted` markers may have gone.
    pub(super) fn finish(
        &mut self,
        disk: &dyn Disk,
        directory: &Path,
        base: Offset,
        is_compacted: bool,
    ) -> Result<Option<TransactionFault>, FileError> {
        let aborted = std::mem::take(&mut self.aborted);
        let Some(listed) = aborted_transactions::stored(disk, directory, base)? else {
            return Ok(Some(TransactionFault::Damaged));
        };
        if self.has_lost_track {
            return Ok(None);
        }
        // Both ascend by the offset of the marker.
        let entry_of = |aborted: &Aborted| {
            let place = listed.binary_search_by_key(&aborted.marker, |entry| entry.last_offset).ok()?;
            listed.get(place).filter(|entry| aborted.is_told_by(entry))
        };
        let is_known = |entry: &AbortedTransaction| {
            let place = aborted.binary_search_by_key(&entry.last_offset, |aborted| aborted.marker).ok();
            place.and_then(|place| aborted.get(place)).is_some_and(|aborted| aborted.is_told_by(entry))
        };
        let mut that_are_there = aborted.iter().filter(|aborted| aborted.first.is_some());
        let lacks = that_are_there.find(|aborted| entry_of(aborted).is_none());
        let lacks = lacks
            .map(|aborted| TransactionFault::Lacks { producer: aborted.producer, marker: aborted.marker });
        let invents = || {
            let entry = listed.iter().filter(|_| !is_compacted).find(|entry| !is_known(entry))?;
            let (producer, first, marker) = (entry.producer_id, entry.first_offset, entry.last_offset);
            Some(TransactionFault::Invents { producer, first, marker })
        };
        Ok(lacks.or_else(invents))
    }
}
