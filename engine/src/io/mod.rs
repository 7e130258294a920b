//! Disk, clock and wake-ups behind traits, so that everything above runs the same on a real disk and on a simulated
//! one that loses power.
//!
//! - [`Disk`] and [`DiskFile`]: blocking file operations, for whoever may wait (opening, recovery, retention,
//!   readers on their own threads).
//! - [`CommitQueue`]: one shard's queue of appends; it owns in-flight buffers, never blocks on the disk except in
//!   [`CommitQueue::wait`], and is the only way bytes reach an active segment.
//! - [`Clock`]: the time.
//! - [`Listener`], [`Socket`]: sockets; the commit queue says when one is ready.
//!
//! [`PosixDisk`] is the real one, with a commit queue on io_uring or, where that is refused, on threads; [`SimDisk`] is
//! the simulated one, and plain memory for engines that leave nothing behind. [`ReservedDisk`] keeps space of
//! either back for the day on which it is full. [`DirectoryLock`] keeps a second process away. All commit queues pass one suite of tests, `conformance`.
//!
//! This is the only module that names io-uring or flags of file descriptors.

mod aligned;
mod append_file;
mod clock;
mod commit;
#[cfg(test)]
mod conformance;
mod disk;
mod inbox;
mod lock;
mod net;
mod pool;
mod posix;
mod process;
mod readiness;
mod request;
mod reserve;
mod ring;
mod sim;
mod slots;

pub use clock::{Clock, SystemClock};
pub use commit::{AppendHandle, CommitQueue, Completion, CompletionKind, Durability, Token, Waker};
pub use disk::{Disk, DiskFile, OpenMode};
pub use lock::{DirectoryLock, LockError};
pub use net::{Accepted, ListenAddress, Listener, Socket, block_sigpipe};
pub use posix::{PosixDisk, WriteMethod};
pub use process::{Forked, OwnerProcess, descriptors_max};
pub use reserve::ReservedDisk;
pub(crate) use reserve::is_disk_full;
pub use ring::io_uring_refused;
pub use sim::{Failure, Fault, Lasting, Operation, SimClock, SimDisk};
