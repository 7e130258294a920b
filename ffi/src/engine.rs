//! [`Engine`]: an engine that is opened by itself, to keep it while clients come and go, and to open ports for others.

use std::ffi::{CString, c_char, c_int};

use parking_lot::Mutex;
use tidelog::client::config::{AdminConfig, Bootstrap};
use tidelog::client::{Engine as Opened, KafkaError};
use tidelog::error_code::ErrorCode;
use tidelog::io::ListenAddress;
use tidelog::server::{Server, ServerOptions, advertised_address, engine_exposition};

use crate::boundary;
use crate::conf::{Conf, confs};
use crate::error::Error;
use crate::guard::{explained, guard, guard_outcome, or_none, or_null};
use crate::handles::{Kind, Table};
use crate::text::c_text;

/// An engine of this process. It ends when this and its last client are gone.
///
/// A handle: one that is NULL or was closed gives an error. Threads may share it.
pub struct Engine {
    engine: Opened,
    bootstrap: CString,
    listening: Mutex<Option<Listening>>,
}

struct Listening {
    server: Server,
    addresses: Vec<CString>,
}

static ENGINES: Table<Engine> = Table::new(Kind { name: "engine", number: 6 });

/// Opens the engine that the property `bootstrap.servers` of `conf` names, or joins it where it is open already, with the
/// properties `tidelog.*`. `conf` stays the caller's. An engine in memory needs a name for clients to find it:
/// `tidelog::memory:name`. NULL on failure: `errstr` (of `errstr_size` bytes, may be NULL) says why. The caller owns it:
/// ::tl_engine_close.
#[unsafe(no_mangle)]
pub extern "C" fn tl_engine_open(conf: *const Conf, errstr: *mut c_char, errstr_size: usize) -> *mut Engine {
    guard(|| or_null(explained(open(conf), errstr, errstr_size)))
}

fn open(conf: *const Conf) -> Result<*mut Engine, KafkaError> {
    let config = confs().borrow(conf)?.settings.lock().config.clone();
    let invalid = |reason: &'static str| KafkaError::with_reason(ErrorCode::LocalInvalidArg, reason);
    let client = AdminConfig::new(&config)?.client;
    if client.bootstrap == (Bootstrap::Memory { name: None }) {
        let reason = "an engine in memory that is opened by itself needs a name: tidelog::memory:name";
        return Err(invalid(reason));
    }
    let engine = Opened::open(&client)?;
    let engine = engine.ok_or_else(|| invalid("bootstrap.servers must name an engine: tidelog:/path"))?;
    let bootstrap = c_text(&config.get("bootstrap.servers").unwrap_or_default());
    ENGINES.insert(|_| Ok(Engine { engine, bootstrap, listening: Mutex::new(None) }))
}

/// Stops listening, and lets go of the engine, which ends with its last client. Does nothing for NULL and for what is
/// closed already.
#[unsafe(no_mangle)]
pub extern "C" fn tl_engine_close(engine: *mut Engine) {
    guard(|| {
        if let Ok(engine) = ENGINES.remove(engine) {
            // The ports close even while another thread looks at them.
            drop(engine.listening.lock().take());
        }
    });
}

/// What clients of this process give as `bootstrap.servers`. Lives as long as the engine is open.
#[unsafe(no_mangle)]
pub extern "C" fn tl_engine_bootstrap_servers(engine: *const Engine) -> *const c_char {
    guard(|| or_none(ENGINES.borrow(engine)).map_or(std::ptr::null(), |engine| engine.bootstrap.as_ptr()))
}

/// Lets every Kafka client reach the engine at `cnt` addresses: `127.0.0.1:9092` (port 0: any that is free), `[::1]:9092`,
/// `unix:/path`. Only this machine's own addresses unless `allow_anonymous_network` is 1: there is no authentication, so
/// that whoever reaches the port can read and delete everything. `advertised` is the `host:port` that clients are told to
/// connect to; NULL for the address they have come to. An engine listens once. NULL on success; the caller owns the error.
#[unsafe(no_mangle)]
pub extern "C" fn tl_engine_listen(
    engine: *mut Engine,
    addresses: *const *const c_char,
    cnt: usize,
    advertised: *const c_char,
    allow_anonymous_network: c_int,
) -> Option<Box<Error>> {
    guard_outcome(|| {
        let engine = ENGINES.get(engine)?;
        let mut listeners = Vec::new();
        for address in boundary::items(addresses, cnt, "addresses")? {
            let text = boundary::required_text(*address, "address")?;
            let named =
                ListenAddress::resolve(text).map_err(|error| cannot(&format!("{text:?}: {error}")))?;
            listeners.extend(named);
        }
        if listeners.is_empty() {
            return Err(cannot("no address is given"));
        }
        let options = ServerOptions {
            listeners,
            advertised: boundary::text(advertised, "advertised")?.map(host_and_port).transpose()?,
            allow_anonymous_network: allow_anonymous_network != 0,
            ..ServerOptions::default()
        };
        let mut listening = engine.listening.lock();
        let server = Server::start(engine.engine.broker(), options)
            .map_err(|error| KafkaError::with_reason(ErrorCode::LocalCritSysResource, error.to_string()))?;
        let addresses = server.addresses().iter().map(|address| c_text(&address.to_string())).collect();
        *listening = Some(Listening { server, addresses });
        Ok(())
    })
}

fn cannot(reason: &str) -> KafkaError {
    KafkaError::with_reason(ErrorCode::LocalInvalidArg, format!("cannot listen: {reason}"))
}

fn host_and_port(text: &str) -> Result<(String, u16), KafkaError> {
    advertised_address(text).map_err(|_| cannot(&format!("advertised must be host:port, not {text:?}")))
}

/// Where it listens, with the port that was chosen; NULL behind the last address. Lives as long as the engine is open.
#[unsafe(no_mangle)]
pub extern "C" fn tl_engine_address(engine: *const Engine, idx: usize) -> *const c_char {
    guard(|| {
        let Some(engine) = or_none(ENGINES.borrow(engine)) else { return std::ptr::null() };
        let listening = engine.listening.lock();
        let address = listening.as_ref().and_then(|listening| listening.addresses.get(idx));
        address.map_or(std::ptr::null(), |address| address.as_ptr())
    })
}

/// The engine's figures as Prometheus text: latencies of its shards, ends of its partitions, and requests when it
/// listens. The caller frees it: ::tl_mem_free. NULL for what is no engine.
#[unsafe(no_mangle)]
pub extern "C" fn tl_engine_stats(engine: *const Engine) -> *mut c_char {
    guard(|| {
        let Some(engine) = or_none(ENGINES.get(engine)) else { return std::ptr::null_mut() };
        let listening = engine.listening.lock();
        let text = match &*listening {
            Some(listening) => listening.server.exposition(),
            None => engine_exposition(engine.engine.broker()),
        };
        boundary::malloced(text.as_bytes())
    })
}
