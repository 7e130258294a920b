//! Sockets that never block: a [`Listener`] for TCP or a Unix path, and the [`Socket`]s it accepts. When to try again is
//! told by [`super::CommitQueue::watch`].

use std::fmt;
use std::io::{self, IoSlice};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags, Shutdown};

use super::DiskFile;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 4096;

/// A connected stream.
#[derive(Debug)]
pub struct Socket(OwnedFd);

impl Socket {
    /// Receives what is there into the spare capacity of `into`; returns the count of bytes, 0 at the end of the stream.
    ///
    /// # Errors
    /// `WouldBlock` when there is nothing; else the operating system's.
    pub fn receive(&self, into: &mut Vec<u8>) -> io::Result<usize> {
        Ok(rustix::net::recv(&self.0, rustix::buffer::spare_capacity(into), RecvFlags::empty())?.0)
    }

    /// Sends what fits; returns the count of bytes. `more` says that more will follow at once.
    ///
    /// # Errors
    /// `WouldBlock` when nothing fits; else the operating system's.
    pub fn send(&self, pieces: &[IoSlice<'_>], more: bool) -> io::Result<usize> {
        let flags = SendFlags::NOSIGNAL | if more { SendFlags::MORE } else { SendFlags::empty() };
        Ok(rustix::net::sendmsg(&self.0, pieces, &mut SendAncillaryBuffer::default(), flags)?)
    }

    /// Sends what fits of `size` bytes of a file without taking them into memory; returns the count.
    ///
    /// # Errors
    /// `WouldBlock` when nothing fits, `UnexpectedEof` when the file ends before `position`, `Unsupported` for a file
    /// that the kernel does not know; else the operating system's.
    pub fn send_file(&self, file: &dyn DiskFile, position: u64, size: usize) -> io::Result<usize> {
        let descriptor = file.descriptor().ok_or(io::ErrorKind::Unsupported)?;
        let mut position = position;
        match rustix::fs::sendfile(&self.0, descriptor, Some(&mut position), size)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            count => Ok(count),
        }
    }

    /// Ends both directions: the other side sees the end, and so does whoever watches this socket.
    pub fn shut_down(&self) {
        // Whatever it says, the stream has ended.
        let _ = rustix::net::shutdown(&self.0, Shutdown::Both);
    }
}

impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Where a listener listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenAddress {
    /// IPv4 or IPv6; port 0 is a free one.
    Tcp(SocketAddr),
    /// A path in the file system; made when it is bound, and removed when the listener is dropped.
    Unix(PathBuf),
}

impl ListenAddress {
    /// The addresses that `text` names: `HOST:PORT`, where a host may have several, or `unix:PATH`.
    ///
    /// # Errors
    /// When `text` is neither, or the host is not known.
    pub fn resolve(text: &str) -> io::Result<Vec<ListenAddress>> {
        if let Some(path) = text.strip_prefix("unix:") {
            return Ok(vec![ListenAddress::Unix(PathBuf::from(path))]);
        }
        let mut found: Vec<SocketAddr> = text.to_socket_addrs()?.collect();
        // A name such as localhost has one address for each family; with a free port they would differ.
        if found.iter().any(|address| address.port() == 0) {
            found.truncate(1);
        }
        Ok(found.into_iter().map(ListenAddress::Tcp).collect())
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ListenAddress::Tcp(address) => address.fmt(f),
            ListenAddress::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Accepts connections.
#[derive(Debug)]
pub struct Listener {
    socket: ListeningSocket,
    address: ListenAddress,
}

#[derive(Debug)]
enum ListeningSocket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// A connection that has been accepted.
#[derive(Debug)]
pub struct Accepted {
    /// The stream.
    pub socket: Socket,
    /// Where it comes from; `None` on a Unix socket.
    pub peer: Option<SocketAddr>,
    /// The address that it was made to; `None` on a Unix socket.
    pub local: Option<SocketAddr>,
}

impl Listener {
    /// Listens at `address`. A socket file that nobody listens at any more is replaced.
    ///
    /// # Errors
    /// The operating system's, such as `AddrInUse`.
    pub fn bind(address: &ListenAddress) -> io::Result<Listener> {
        let (socket, address) = match address {
            ListenAddress::Tcp(address) => {
                let socket = TcpListener::bind(address)?;
                rustix::net::listen(&socket, BACKLOG)?;
                socket.set_nonblocking(true)?;
                let bound = socket.local_addr()?;
                (ListeningSocket::Tcp(socket), ListenAddress::Tcp(bound))
            }
            ListenAddress::Unix(path) => {
                remove_stale(path)?;
                let socket = UnixListener::bind(path)?;
                socket.set_nonblocking(true)?;
                (ListeningSocket::Unix(socket), ListenAddress::Unix(path.clone()))
            }
        };
        Ok(Listener { socket, address })
    }

    /// Bounds what the kernel holds of what connections have still to send (`SO_SNDBUF`, which the kernel doubles), where it
    /// would decide for itself.
    ///
    /// # Errors
    /// The operating system's.
    pub fn set_send_buffer_size(&self, size: usize) -> io::Result<()> {
        Ok(rustix::net::sockopt::set_socket_send_buffer_size(self, size)?)
    }

    /// Where it listens, with the port that it got.
    #[must_use]
    pub fn address(&self) -> &ListenAddress {
        &self.address
    }

    /// Takes the next connection; `None` when none is waiting.
    ///
    /// # Errors
    /// The operating system's, such as too many open files; a connection that broke before it was taken is passed over.
    pub fn accept(&self) -> io::Result<Option<Accepted>> {
        loop {
            let accepted = match &self.socket {
                ListeningSocket::Tcp(listener) => listener.accept().and_then(|(stream, _)| of_tcp(stream)),
                ListeningSocket::Unix(listener) => listener.accept().and_then(|(stream, _)| of_unix(stream)),
            };
            match accepted {
                Ok(accepted) => return Ok(Some(accepted)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) if is_of_the_connection(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

fn of_tcp(stream: TcpStream) -> io::Result<Accepted> {
    stream.set_nonblocking(true)?;
    stream.set_nodelay(true)?;
    let (peer, local) = (Some(stream.peer_addr()?), Some(stream.local_addr()?));
    Ok(Accepted { socket: Socket(stream.into()), peer, local })
}

fn of_unix(stream: UnixStream) -> io::Result<Accepted> {
    stream.set_nonblocking(true)?;
    Ok(Accepted { socket: Socket(stream.into()), peer: None, local: None })
}

/// Whether an error is only that of a connection that has ended again.
fn is_of_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted, InvalidInput, NotConnected};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted | InvalidInput | NotConnected)
}

/// Removes the file of a Unix socket that nobody listens at.
fn remove_stale(path: &Path) -> io::Result<()> {
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
    if is_socket && UnixStream::connect(path).is_err() {
        std::fs::remove_file(path)?;
    }
    Ok(())
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.socket {
            ListeningSocket::Tcp(socket) => socket.as_fd(),
            ListeningSocket::Unix(socket) => socket.as_fd(),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let ListenAddress::Unix(path) = &self.address {
            // Somebody may have removed it already.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Keeps writes to a stream that has ended from killing the process with SIGPIPE when this thread does them: sendfile has
/// no flag for that. The application's own handling of the signal stays as it is.
pub fn block_sigpipe() {
    let mut signals = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: `sigemptyset` fills the set, which the others then read; the mask is that of this thread only.
    unsafe {
        libc::sigemptyset(signals.as_mut_ptr());
        libc::sigaddset(signals.as_mut_ptr(), libc::SIGPIPE);
        libc::pthread_sigmask(libc::SIG_BLOCK, signals.as_ptr(), std::ptr::null_mut());
    }
}
