//! [`LeaderEpochs`]: from which offset on each leader epoch wrote (`leader-epoch-checkpoint`, KIP-101). Pure values;
//! the log's owner keeps one and publishes copies to readers.

use std::path::Path;

use super::checkpoint::{self, MalformedFile};
use crate::types::{LeaderEpoch, Offset};

/// Name of the file in the partition's folder.
pub(super) const FILE_NAME: &str = "leader-epoch-checkpoint";

/// An epoch and where it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochEnd {
    /// The epoch, the asked one or the largest before it.
    pub epoch: LeaderEpoch,
    /// Offset behind the last record of the epoch.
    pub end: Offset,
}

/// First offset of each epoch, both strictly ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LeaderEpochs {
    entries: Vec<(LeaderEpoch, Offset)>,
}

impl LeaderEpochs {
    /// One epoch from `start` on.
    pub(super) fn starting(epoch: LeaderEpoch, start: Offset) -> LeaderEpochs {
        LeaderEpochs { entries: vec![(epoch, start)] }
    }

    /// The newest epoch; 0 when none is known.
    pub(super) fn latest(&self) -> LeaderEpoch {
        self.entries.last().map_or(LeaderEpoch(0), |(epoch, _)| *epoch)
    }

    /// The epoch that wrote `offset`.
    pub(super) fn epoch_of(&self, offset: Offset) -> Option<LeaderEpoch> {
        let behind = self.entries.partition_point(|(_, start)| *start <= offset);
        self.entries.get(behind.checked_sub(1)?).map(|(epoch, _)| *epoch)
    }

    /// Notes that `epoch` writes from `start` on, unless it is known. Returns whether that changed anything.
    pub(super) fn assign(&mut self, epoch: LeaderEpoch, start: Offset) -> bool {
        if self.entries.last().is_some_and(|(latest, _)| *latest >= epoch) {
            return false;
        }
        self.entries.retain(|(_, known)| *known < start);
        self.entries.push((epoch, start));
        true
    }

    /// Where `epoch` ends when the log ends at `log_end`, by Kafka's rules for OffsetsForLeaderEpoch: an epoch
    /// between two known ones answers with the one before, one before all of them with the first one's start, one
    /// behind all of them with nothing.
    pub(super) fn end_of(&self, epoch: LeaderEpoch, log_end: Offset) -> Option<EpochEnd> {
        if epoch < LeaderEpoch(0) {
            return None;
        }
        let behind = self.entries.partition_point(|(known, _)| *known <= epoch);
        let Some((_, next_start)) = self.entries.get(behind) else {
            let end = EpochEnd { epoch, end: log_end };
            return (self.entries.last().map(|(latest, _)| *latest) == Some(epoch)).then_some(end);
        };
        let epoch = match behind.checked_sub(1).and_then(|slot| self.entries.get(slot)) {
            Some((floor, _)) => *floor,
            None => epoch,
        };
        Some(EpochEnd { epoch, end: *next_start })
    }

    /// Forgets epochs that start behind `end`, where the log was cut. Returns whether any did.
    pub(super) fn truncate(&mut self, end: Offset) -> bool {
        let kept = self.entries.partition_point(|(_, start)| *start <= end).max(1);
        let cut = kept < self.entries.len();
        self.entries.truncate(kept);
        cut
    }

    /// The file's bytes.
    pub(super) fn encode(&self) -> Vec<u8> {
        checkpoint::format(self.entries.iter().map(|(epoch, start)| format!("{} {start}", epoch.0)))
    }

    /// Reads the file's bytes.
    pub(super) fn decode(path: &Path, bytes: &[u8]) -> Result<LeaderEpochs, MalformedFile> {
        let entries = checkpoint::parse(path, bytes, |line| {
            let (epoch, start) = line.split_once(' ').ok_or("expected an epoch and an offset")?;
            let (epoch, start) = (checkpoint::parse_number(epoch)?, checkpoint::parse_number(start)?);
            if epoch < 0 || start < 0 {
                return Err("negative number");
            }
            Ok((LeaderEpoch(epoch), Offset(start)))
        })?;
        let ascending = |pair: &[(LeaderEpoch, Offset)]| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1;
        match entries.windows(2).position(|pair| !ascending(pair)) {
            Some(slot) => Err(MalformedFile {
                path: path.to_owned(),
                line: slot + 4,
                reason: "epochs and offsets must ascend",
            }),
            None => Ok(LeaderEpochs { entries }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> LeaderEpochs {
        let mut epochs = LeaderEpochs::starting(LeaderEpoch(2), Offset(10));
        assert!(epochs.assign(LeaderEpoch(4), Offset(20)));
        assert!(!epochs.assign(LeaderEpoch(4), Offset(25)));
        assert!(!epochs.assign(LeaderEpoch(3), Offset(26)));
        epochs
    }

    #[test]
    fn the_end_of_an_epoch_follows_kafkas_rules() {
        let end = |epoch| known().end_of(LeaderEpoch(epoch), Offset(30)).map(|end| (end.epoch.0, end.end.0));
        assert_eq!(end(4), Some((4, 30)));
        assert_eq!(end(5), None);
        assert_eq!(end(2), Some((2, 20)));
        assert_eq!(end(3), Some((2, 20)));
        assert_eq!(end(1), Some((1, 10)));
        assert_eq!(LeaderEpochs::default().end_of(LeaderEpoch(0), Offset(30)), None);
    }

    #[test]
    fn an_offset_knows_its_epoch() {
        let epochs = known();
        let of = |offset| epochs.epoch_of(Offset(offset)).map(|epoch| epoch.0);
        assert_eq!((of(9), of(10), of(19), of(20), of(99)), (None, Some(2), Some(2), Some(4), Some(4)));
        assert_eq!(epochs.latest(), LeaderEpoch(4));
    }

    #[test]
    fn the_file_round_trips_and_must_ascend() {
        let path = Path::new("e");
        let epochs = known();
        assert_eq!(epochs.encode(), b"0\n2\n2 10\n4 20\n");
        assert_eq!(LeaderEpochs::decode(path, &epochs.encode()).unwrap(), epochs);
        let error = LeaderEpochs::decode(path, b"0\n2\n2 10\n2 20\n").unwrap_err();
        assert_eq!(error.to_string(), "e line 4: epochs and offsets must ascend");
        assert_eq!(LeaderEpochs::decode(path, b"0\n1\n-1 0\n").unwrap_err().line, 3);
    }

    #[test]
    fn cutting_the_log_forgets_later_epochs() {
        let mut epochs = known();
        assert!(!epochs.truncate(Offset(20)));
        assert!(epochs.truncate(Offset(19)));
        assert_eq!(epochs.latest(), LeaderEpoch(2));
    }
}
