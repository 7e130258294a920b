//! [`ServerOptions`]: where and how a server listens.

use std::net::SocketAddr;
use std::time::Duration;

use crate::io::ListenAddress;

/// How records of the past leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FetchMethod {
    /// From the file to the network by sendfile(2), without a copy in this process.
    #[default]
    Sendfile,
    /// Through memory: faster where the network is this machine's own.
    Copy,
}

/// Where and how a server listens.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// Where to listen.
    pub listeners: Vec<ListenAddress>,
    /// Host and port that clients are told to connect to; `None` for the address that they have connected to.
    pub advertised: Option<(String, u16)>,
    /// Whether addresses other than loopback may be listened at. There is no authentication yet: everybody who can
    /// reach the port can read and delete everything.
    pub allow_anonymous_network: bool,
    /// `socket.request.max.bytes`: largest request.
    pub request_size_max: usize,
    /// `connections.max.idle.ms`: how long a connection may be silent.
    pub idle_max: Duration,
    /// `max.connections`: connections of all listeners; further ones are closed at once.
    pub connections_max: usize,
    /// Bytes of requests and answers that one connection may have under way before it is not read any more.
    pub in_flight_size_max: usize,
    /// `socket.send.buffer.bytes`: bytes that the kernel holds of what one connection has still to send; `None` leaves it to the
    /// kernel, which is faster and lets clients that are slow to read cost up to megabytes each.
    pub send_buffer_size: Option<usize>,
    /// How records of the past leave.
    pub fetch_method: FetchMethod,
    /// Where `GET /metrics` is answered with Prometheus text.
    pub metrics_listener: Option<SocketAddr>,
    /// How long a stop waits for requests that are being answered.
    pub drain_max: Duration,
}

impl Default for ServerOptions {
    fn default() -> ServerOptions {
        ServerOptions {
            listeners: Vec::new(),
            advertised: None,
            allow_anonymous_network: false,
            request_size_max: 100 << 20,
            idle_max: Duration::from_secs(600),
            connections_max: 100_000,
            in_flight_size_max: 128 << 20,
            send_buffer_size: None,
            fetch_method: FetchMethod::Sendfile,
            metrics_listener: None,
            drain_max: Duration::from_secs(5),
        }
    }
}

/// Why a text is not an address that clients can be told to connect to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdvertisedError {
    /// There is no port.
    #[error("expected HOST:PORT")]
    NoPort,
    /// What stands in its place is none.
    #[error("{0} is no port")]
    BadPort(String),
}

/// Reads `HOST:PORT` or `[IPv6]:PORT` as [`ServerOptions::advertised`] wants it.
///
/// # Errors
/// [`AdvertisedError`].
pub fn advertised_address(text: &str) -> Result<(String, u16), AdvertisedError> {
    let (host, port) = text.rsplit_once(':').ok_or(AdvertisedError::NoPort)?;
    let port = port.parse().map_err(|_| AdvertisedError::BadPort(port.to_owned()))?;
    Ok((host.trim_matches(['[', ']']).to_owned(), port))
}
