//! Names of the files in a partition's folder: the base offset in 20 digits, then what the file holds. Pure text.

use std::path::{Path, PathBuf};

use crate::types::Offset;

/// Digits of the offset in a name: enough for every `i64`, so that names sort as offsets do.
const DIGITS: usize = 20;

/// What a file that belongs to an offset holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum FileKind {
    /// Record batches.
    Log,
    /// Offset to position.
    OffsetIndex,
    /// Timestamp to offset.
    TimeIndex,
    /// Aborted transactions.
    TransactionIndex,
    /// Checksum of the aborted transactions: ours, Kafka does not look at it.
    TransactionChecksum,
    /// Producers' state up to the offset.
    Snapshot,
}

impl FileKind {
    const ALL: [FileKind; 6] = [
        FileKind::Log,
        FileKind::OffsetIndex,
        FileKind::TimeIndex,
        FileKind::TransactionIndex,
        FileKind::TransactionChecksum,
        FileKind::Snapshot,
    ];

    /// What belongs to a segment besides its `.log`.
    pub(super) const INDEXES: [FileKind; 4] = [
        FileKind::OffsetIndex,
        FileKind::TimeIndex,
        FileKind::TransactionIndex,
        FileKind::TransactionChecksum,
    ];

    fn extension(self) -> &'static str {
        match self {
            FileKind::Log => "log",
            FileKind::OffsetIndex => "index",
            FileKind::TimeIndex => "timeindex",
            FileKind::TransactionIndex => "txnindex",
            FileKind::TransactionChecksum => "txnindex.crc",
            FileKind::Snapshot => "snapshot",
        }
    }

    /// The file of this kind at `base` in `directory`.
    pub(super) fn path(self, directory: &Path, base: Offset) -> PathBuf {
        directory.join(format!("{base:0DIGITS$}.{}", self.extension(), base = base.0))
    }

    /// What `name` names; `None` for anything else that may lie in the folder.
    pub(super) fn parse(name: &str) -> Option<(Offset, FileKind)> {
        let (digits, extension) = name.split_once('.')?;
        if digits.len() != DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let kind = FileKind::ALL.into_iter().find(|kind| kind.extension() == extension)?;
        Some((Offset(digits.parse().ok()?), kind))
    }
}

/// `path` with `suffix` behind its name.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_back_to_offset_and_kind() {
        for kind in FileKind::ALL {
            for offset in [0, 42, i64::MAX] {
                let path = kind.path(Path::new("t-0"), Offset(offset));
                let name = path.file_name().and_then(|name| name.to_str()).unwrap();
                assert_eq!(FileKind::parse(name), Some((Offset(offset), kind)));
            }
        }
        assert_eq!(
            FileKind::Log.path(Path::new("t-0"), Offset(42)),
            Path::new("t-0/00000000000000000042.log")
        );
    }

    #[test]
    fn other_names_are_nobodys() {
        for name in [
            "partition.metadata",
            "00000000000000000042.log.deleted",
            "42.log",
            "99999999999999999999.log",
            "+0000000000000000042.log",
            "00000000000000000042.",
            "00000000000000000042",
        ] {
            assert_eq!(FileKind::parse(name), None, "{name}");
        }
    }
}
