//! What is done to a partition beside appending: retention, and its end.

use std::path::PathBuf;

use super::{Resources, Writer};
use crate::log::{LogCheckpoint, LogError, RetentionError};
use crate::types::Timestamp;

impl Writer {
    /// Ends the writer of a partition that is being deleted, without a care for its files.
    pub(in crate::shard) fn abandon(mut self, with: &mut Resources) {
        self.log.take_offline();
        // Offline, this only gives the queue's handle back.
        drop(self.log.close(&mut *with.queue));
    }

    /// Ends the writer in order: trims and flushes the files so that the next opening reads no segment.
    pub(in crate::shard) fn close(mut self, with: &mut Resources) -> Result<LogCheckpoint, LogError> {
        self.log.close(&mut *with.queue)?;
        Ok(self.log.checkpoint())
    }

    /// Applies the topic's retention; returns the files to be unlinked. When even the newest records are too old, their
    /// segment is closed first.
    pub(in crate::shard) fn apply_retention(&mut self, now: Timestamp, with: &mut Resources) -> Vec<PathBuf> {
        if self.partition.unavailable().is_some() || self.is_in_flight() {
            return Vec::new();
        }
        let retained = self.retain(now, with);
        retained.unwrap_or_else(|error| {
            tracing::warn!(partition = %self.partition.id(), %error, "retention was not applied");
            Vec::new()
        })
    }

    fn retain(&mut self, now: Timestamp, with: &mut Resources) -> Result<Vec<PathBuf>, RetentionError> {
        let mut retention = self.log.apply_retention(now)?;
        if retention.roll_wanted {
            self.start(with)?;
            self.log.roll(&mut *with.queue)?;
            retention.removed.extend(self.log.apply_retention(now)?.removed);
        }
        Ok(retention.removed)
    }
}
