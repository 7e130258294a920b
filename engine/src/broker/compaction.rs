//! Compaction of the topics that want it, one partition at a time, on the housekeeper's thread: shards only take the new
//! segments in.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Broker;
use crate::config::topic::LogConfig;
use crate::log::{Compacted, CompactionError, Log};
use crate::shard::Partition;

impl Broker {
    /// Compacts every partition of topics with `cleanup.policy=compact` that is due for it. One that cannot be compacted
    /// stays as it is, and the reason is logged.
    pub fn compact(&self) {
        if !self.config.cleaner_enabled {
            return;
        }
        for topic in self.topics() {
            let config = topic.config();
            let partitions = topic.partitions();
            for partition in partitions.iter().flatten().filter(|_| config.cleanup_policy.compact) {
                match self.compact_partition(partition, &config) {
                    Ok(None) => {}
                    Ok(Some(Compacted { upto, bytes_before, bytes_after })) => tracing::info!(
                        partition = %partition.id(), %upto, bytes_before, bytes_after, "compacted"
                    ),
                    Err(_) if self.closing.load(Ordering::Acquire) => return,
                    Err(error) => {
                        tracing::warn!(partition = %partition.id(), %error, "was not compacted");
                    }
                }
            }
        }
    }

    fn compact_partition(
        &self,
        partition: &Arc<Partition>,
        config: &LogConfig,
    ) -> Result<Option<Compacted>, CompactionError> {
        let now = self.clock.now();
        let Some(compaction) = partition.view().compaction_due(config, now)? else { return Ok(None) };
        let known = self.with_log(partition, |log| log.describe_producers())?;
        let compaction = compaction.with_producers(known.into_iter().map(|producer| producer.id).collect());
        let upto = compaction.upto();
        self.with_log(partition, move |log| log.allow_gaps_below(upto))?;
        // Before the first gap, or the next opening would take it for damage.
        self.try_checkpoint().map_err(|error| CompactionError::NotTakenIn(error.to_string()))?;
        let memory = usize::try_from(self.config.cleaner_memory_bytes).unwrap_or(usize::MAX);
        let stops = || self.closing.load(Ordering::Acquire);
        let compacted = compaction.run(now, memory, stops, |segment| {
            let taken = self.with_log(partition, move |log| log.take_in(segment))?;
            partition.forget_cached_below(upto);
            let taken = taken.map_err(|error| CompactionError::NotTakenIn(error.to_string()))?;
            let gone = || CompactionError::NotTakenIn("its segments were deleted meanwhile".to_owned());
            self.unlink(&taken.ok_or_else(gone)?);
            Ok(())
        })?;
        self.with_log(partition, move |log| log.compacted_to(compacted.upto))?;
        Ok(Some(compacted))
    }

    fn with_log<R: Send + 'static>(
        &self,
        partition: &Arc<Partition>,
        task: impl FnOnce(&mut Log) -> R + Send + 'static,
    ) -> Result<R, CompactionError> {
        if self.closing.load(Ordering::Acquire) {
            return Err(CompactionError::Stopped);
        }
        let shard = self.shard_of(partition.topic_id(), partition.id().partition);
        let partition = Arc::clone(partition);
        let done = shard.run(move |worker| worker.log(&partition).map(task));
        done.ok().flatten().ok_or(CompactionError::Stopped)
    }
}
