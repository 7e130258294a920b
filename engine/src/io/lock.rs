//! One process owns a data directory: the lock on its `.lock` file, with the owner's pid in it.
//!
//! Two locks are taken. The one of the open file description (`F_OFD_SETLK`) also holds off this process itself and
//! is not lost when something else here opens and closes the file; but forked children share it, so that it may
//! outlive its owner. The process's own (`F_SETLK`) ends with the owner and decides between those who find him dead.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use parking_lot::Mutex;

use super::posix::FILE_MODE;
use super::process::OwnerProcess;

const NAME: &str = ".lock";

/// Lock files that this process holds. Opening and closing such a file again would give up the process's lock on it.
static HELD: Mutex<Vec<FileIdentity>> = Mutex::new(Vec::new());

/// Nobody holds [`HELD`] for long, but a child forked in that very moment finds it held for ever.
const PATIENCE: Duration = Duration::from_secs(1);

/// The right to use a data directory. Given back when dropped, and by the kernel when the process ends. A forked child
/// that drops its copy leaves the parent's right alone.
#[derive(Debug)]
pub struct DirectoryLock {
    file: File,
    identity: FileIdentity,
    owner: OwnerProcess,
}

/// Why a directory could not be locked.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another engine uses the directory; perhaps one of this process.
    #[error("{} is in use by process {}", directory.display(), Pid(*pid))]
    Held {
        /// The directory.
        directory: PathBuf,
        /// The owner's process id, when it can be told.
        pid: Option<u32>,
    },
    /// The lock file cannot be used.
    #[error("cannot lock {}: {source}", path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
}

struct Pid(Option<u32>);

impl std::fmt::Display for Pid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(pid) => pid.fmt(f),
            None => f.write_str("(unknown)"),
        }
    }
}

/// Which file, in which process: a forked child's copy of [`HELD`] speaks of its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileIdentity {
    device: u64,
    inode: u64,
    pid: u32,
}

impl FileIdentity {
    fn new(found: &fs::Metadata) -> FileIdentity {
        FileIdentity { device: found.dev(), inode: found.ino(), pid: std::process::id() }
    }
}

impl DirectoryLock {
    /// Locks `directory`, which exists.
    ///
    /// # Errors
    /// [`LockError::Held`] at once when a living process has it.
    pub fn acquire(directory: &Path) -> Result<DirectoryLock, LockError> {
        let path = directory.join(NAME);
        match try_acquire(&path) {
            Ok(Ok(lock)) => Ok(lock),
            Ok(Err(pid)) => Err(LockError::Held { directory: directory.to_owned(), pid }),
            Err(source) => Err(LockError::Io { path, source }),
        }
    }
}

impl Drop for DirectoryLock {
    fn drop(&mut self) {
        // In a forked child, closing its descriptor is all there is to do: unlocking would act on the parent's lock.
        if self.owner.is_current() {
            HELD.lock().retain(|held| *held != self.identity);
            for kind in [LockKind::Process, LockKind::Description] {
                // It cannot fail in a way that leaves anything to do: closing the file follows.
                let _ = set_lock(&self.file, kind, libc::F_UNLCK);
            }
        }
    }
}

/// The lock, or the pid of whoever has it.
fn try_acquire(path: &Path) -> io::Result<Result<DirectoryLock, Option<u32>>> {
    // Held from the look to the entry, so that two threads cannot both open the file.
    let mut held = HELD.try_lock_for(PATIENCE).ok_or(io::ErrorKind::TimedOut)?;
    if fs::metadata(path).is_ok_and(|found| held.contains(&FileIdentity::new(&found))) {
        return Ok(Err(Some(std::process::id())));
    }
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(false).mode(FILE_MODE).open(path)?;
    if !set_lock(&file, LockKind::Description, libc::F_WRLCK)? {
        let holder = Holder::read(&file);
        if holder.as_ref().is_none_or(Holder::may_live) {
            return Ok(Err(holder.map(|holder| holder.pid)));
        }
    }
    if !set_lock(&file, LockKind::Process, libc::F_WRLCK)? {
        return Ok(Err(Holder::read(&file).map(|holder| holder.pid)));
    }
    Holder::current().write(&file)?;
    let identity = FileIdentity::new(&file.metadata()?);
    held.push(identity);
    Ok(Ok(DirectoryLock { file, identity, owner: OwnerProcess::current() }))
}

/// The two locks, each on its own byte of the file.
#[derive(Clone, Copy)]
enum LockKind {
    /// Belongs to the open file and whoever inherits it.
    Description,
    /// Belongs to the process alone.
    Process,
}

/// Takes or gives back a lock without waiting. Returns false when somebody else has it.
fn set_lock(file: &File, kind: LockKind, action: libc::c_int) -> io::Result<bool> {
    let (command, start) = match kind {
        LockKind::Description => (libc::F_OFD_SETLK, 0),
        LockKind::Process => (libc::F_SETLK, 1),
    };
    let small = |constant: libc::c_int| i16::try_from(constant).expect("the constants of fcntl are small");
    let lock = libc::flock {
        l_type: small(action),
        l_whence: small(libc::SEEK_SET),
        l_start: start,
        l_len: 1,
        l_pid: 0,
    };
    // SAFETY: the command reads one `flock`, which lives during the call.
    if unsafe { libc::fcntl(file.as_raw_fd(), command, &raw const lock) } == 0 {
        return Ok(true);
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        Some(libc::EAGAIN | libc::EACCES) => Ok(false),
        _ => Err(error),
    }
}

/// The owner as written into the lock file: pid, start time of the process, namespace of pids.
#[derive(Debug, PartialEq, Eq)]
struct Holder {
    pid: u32,
    started: String,
    namespace: String,
}

impl Holder {
    fn current() -> Holder {
        let pid = std::process::id();
        let started = living_since(pid).ok().flatten().unwrap_or_default();
        Holder { pid, started, namespace: pid_namespace() }
    }

    fn read(file: &File) -> Option<Holder> {
        let mut bytes = [0; 200];
        let count = file.read_at(&mut bytes, 0).ok()?;
        let mut words = std::str::from_utf8(&bytes[..count]).ok()?.split_whitespace();
        let pid = words.next()?.parse().ok()?;
        let mut word = || words.next().unwrap_or_default().to_owned();
        Some(Holder { pid, started: word(), namespace: word() })
    }

    fn write(&self, mut file: &File) -> io::Result<()> {
        file.set_len(0)?;
        file.write_all(format!("{} {} {}\n", self.pid, self.started, self.namespace).as_bytes())
    }

    /// False only when this process can see that the holder has ended.
    fn may_live(&self) -> bool {
        if self.started.is_empty() || self.namespace != pid_namespace() {
            return true;
        }
        match living_since(self.pid) {
            Ok(Some(started)) => started == self.started,
            Ok(None) => false,
            Err(_) => true,
        }
    }
}

/// Which numbering of processes this one takes part in; a pid means nothing in another container.
fn pid_namespace() -> String {
    fs::read_link("/proc/self/ns/pid").map(|name| name.display().to_string()).unwrap_or_default()
}

/// When a process started, in the kernel's own count, which tells apart two processes that had one pid. `None` when it
/// has ended, also when nobody has asked for its exit status yet.
fn living_since(pid: u32) -> io::Result<Option<String>> {
    fs::metadata("/proc/self/stat")?;
    let status = match fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(status) => status,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        // The process ended between opening and reading.
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => return Ok(None),
        Err(error) => return Err(error),
    };
    // The second field is the program's name in parentheses, which may hold anything: count from its end (proc(5)).
    let fields = status.rsplit_once(')').map(|(_, fields)| fields).unwrap_or_default();
    let mut fields = fields.split_whitespace();
    match fields.next() {
        None | Some("Z" | "X") => Ok(None),
        Some(_) => Ok(fields.nth(18).map(str::to_owned)),
    }
}

#[cfg(test)]
mod tests;
