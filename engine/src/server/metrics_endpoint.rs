//! [`MetricsEndpoint`]: answers `GET /metrics`, one request for each connection, on a thread of its own. HTTP servers that
//! could be had bring an asynchronous runtime along; this needs none.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::exposition::exposition;
use super::shared::Shared;

/// Longest request head that is read.
const HEAD_SIZE_MAX: usize = 8 << 10;

/// Longest that one client may take, reading or writing.
const PATIENCE: Duration = Duration::from_secs(5);

/// Header lines of a request that are understood.
const HEADERS_MAX: usize = 64;

/// See the module. Dropping it ends it.
pub(super) struct MetricsEndpoint {
    address: SocketAddr,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl MetricsEndpoint {
    /// # Errors
    /// When the address cannot be listened at, or there is no thread.
    pub(super) fn start(address: SocketAddr, shared: Arc<Shared>) -> io::Result<MetricsEndpoint> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let stopping = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stopping);
        let named = std::thread::Builder::new().name("tidelog-metrics".to_owned());
        let thread = named.spawn(move || serve(&listener, &shared, &stopped))?;
        Ok(MetricsEndpoint { address, stopping, thread: Some(thread) })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for MetricsEndpoint {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Release);
        // Wakes it; it may have ended already.
        let woken = TcpStream::connect_timeout(&self.address, PATIENCE).is_ok();
        if let Some(thread) = self.thread.take().filter(|_| woken) {
            let _ = thread.join();
        }
    }
}

fn serve(listener: &TcpListener, shared: &Shared, stopping: &AtomicBool) {
    crate::io::block_sigpipe();
    for stream in listener.incoming() {
        if stopping.load(Ordering::Acquire) {
            return;
        }
        let answered = stream.and_then(|stream| answer(stream, shared));
        if let Err(error) = answered {
            tracing::debug!(%error, "a request for metrics was not answered");
        }
    }
}

fn answer(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let (status, body) = match target(&mut stream)? {
        Some((method, path)) if method == "GET" && path == "/metrics" => ("200 OK", exposition(shared)),
        Some((method, _)) if method != "GET" => {
            ("405 Method Not Allowed", "only GET is answered\n".to_owned())
        }
        Some(_) => ("404 Not Found", "metrics are at /metrics\n".to_owned()),
        None => ("400 Bad Request", "that is no request\n".to_owned()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())
}

/// Method and path of a request; `None` when it is none.
fn target(stream: &mut TcpStream) -> io::Result<Option<(String, String)>> {
    let mut head = Vec::new();
    let mut piece = [0; 1024];
    while head.len() < HEAD_SIZE_MAX {
        let read = stream.read(&mut piece)?;
        head.extend_from_slice(&piece[..read]);
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(&head) {
            Ok(httparse::Status::Complete(_)) => {
                let path = request.path.and_then(|path| path.split('?').next());
                return Ok(request
                    .method
                    .zip(path)
                    .map(|(method, path)| (method.to_owned(), path.to_owned())));
            }
            Ok(httparse::Status::Partial) if read > 0 => {}
            _ => return Ok(None),
        }
    }
    Ok(None)
}
