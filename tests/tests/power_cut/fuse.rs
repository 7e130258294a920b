//! What both of our file systems (FUSE) share.

use std::io;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use fuser::{BackgroundSession, Config, FileAttr, FileType, Filesystem, INodeNo, MountOption};

/// How long the kernel may believe what it was told: never, since files change behind its back.
pub(super) const NO_TIME: Duration = Duration::ZERO;

/// The number of the directory at the top.
pub(super) const TOP: u64 = 1;
/// The number of the file that marks are written to.
pub(super) const NOTES: u64 = 2;

/// Attributes of a file or directory.
pub(super) fn attributes(number: u64, kind: FileType, size: u64) -> FileAttr {
    FileAttr {
        ino: INodeNo(number),
        size,
        blocks: size.div_ceil(512),
        atime: UNIX_EPOCH,
        mtime: UNIX_EPOCH,
        ctime: UNIX_EPOCH,
        crtime: UNIX_EPOCH,
        kind,
        perm: if kind == FileType::Directory { 0o700 } else { 0o600 },
        nlink: 1,
        uid: rustix::process::getuid().as_raw(),
        gid: rustix::process::getgid().as_raw(),
        rdev: 0,
        blksize: 4096,
        flags: 0,
    }
}

/// What is read of `content` from `at` on: at most `size` bytes, and none behind its end.
pub(super) fn piece(content: &[u8], at: u64, size: u32) -> &[u8] {
    let start = content.len().min(at as usize);
    &content[start..content.len().min(start + size as usize)]
}

/// A mounted file system. Unmounted when dropped.
pub(super) struct Mounted(Option<BackgroundSession>);

impl Mounted {
    pub(super) fn new(system: impl Filesystem, at: &Path, threads: usize) -> io::Result<Mounted> {
        let mut config = Config::default();
        config.mount_options = vec![MountOption::FSName("power-cut".to_owned())];
        config.n_threads = Some(threads);
        fuser::spawn_mount(system, at, &config).map(|session| Mounted(Some(session)))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        if let Some(session) = self.0.take() {
            // It fails when the mount is busy; then there is nothing more to do about it.
            drop(session.umount_and_join());
        }
    }
}
