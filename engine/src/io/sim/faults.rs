//! Operations made to fail on purpose.

use std::io;
use std::path::Path;

/// What a simulated disk can be asked to do. Appends through a commit queue count as writes, its flushes as syncs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Opening or creating a file.
    Open,
    /// Reading.
    Read,
    /// Writing, appends included.
    Write,
    /// Making a file durable.
    Sync,
    /// Making names durable.
    SyncDirectory,
    /// Setting a file's size.
    Resize,
    /// Making, renaming or removing a name.
    Name,
}

/// Whether a fault happens again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasting {
    /// The next such operation works.
    Once,
    /// Every later one fails too.
    ForGood,
}

/// How an operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// With this `errno`, nothing done.
    Errno(i32),
    /// A write stores the first half of its bytes and reports an error; everything else fails with `EIO`.
    Short,
}

/// One planned failure.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Which kind of operation; `None` for any.
    pub operation: Option<Operation>,
    /// Only where the path ends so; empty for every path.
    pub path_suffix: String,
    /// Which of those operations, counted from 1 for the next.
    pub nth: u64,
    /// Once or for good.
    pub lasting: Lasting,
    /// How.
    pub failure: Failure,
}

/// What an operation is to do after all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Proceed,
    WriteHalf,
}

/// The faults to come, and a count of what has been asked.
#[derive(Debug, Default)]
pub(super) struct Faults {
    planned: Vec<Fault>,
    count: u64,
}

impl Faults {
    pub(super) fn plan(&mut self, fault: Fault) {
        self.planned.push(fault);
    }

    pub(super) fn clear(&mut self) {
        self.planned.clear();
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Counts an operation and says whether it fails.
    pub(super) fn before(&mut self, operation: Operation, path: &Path) -> io::Result<Verdict> {
        self.count += 1;
        let mut verdict = Ok(Verdict::Proceed);
        self.planned.retain_mut(|fault| {
            if !fault.concerns(operation, path) {
                return true;
            }
            fault.nth = fault.nth.saturating_sub(1);
            if fault.nth > 0 {
                return true;
            }
            verdict = match fault.failure {
                Failure::Errno(errno) => Err(io::Error::from_raw_os_error(errno)),
                Failure::Short if operation == Operation::Write => Ok(Verdict::WriteHalf),
                Failure::Short => Err(io::Error::from_raw_os_error(libc::EIO)),
            };
            fault.lasting == Lasting::ForGood
        });
        verdict
    }
}

impl Fault {
    fn concerns(&self, operation: Operation, path: &Path) -> bool {
        self.operation.is_none_or(|concerned| concerned == operation)
            && path.to_str().is_some_and(|path| path.ends_with(&self.path_suffix))
    }
}
