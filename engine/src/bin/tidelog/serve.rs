//! `tidelog serve`: lets every Kafka client reach a data directory over TCP or a Unix socket, until Ctrl-C or SIGTERM.

use std::collections::BTreeSet;
use std::io::Write;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use tidelog::broker::{Broker, BrokerOptions};
use tidelog::config::EngineConfig;
use tidelog::io::{DirectoryLock, Disk, ListenAddress, PosixDisk, SimDisk, SystemClock, WriteMethod};
use tidelog::server::{FetchMethod, Server, ServerOptions, advertised_address};

use crate::error::{CliError, Outcome};
use crate::interrupt::Interrupt;

/// How often it is looked whether to stop.
const LOOK: Duration = Duration::from_millis(100);

/// Serve Kafka clients over the network
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ServeArgs {
    /// Directory that holds the data; made when it is missing
    #[arg(long, value_name = "DIR", default_value = "./tidelog-data", conflicts_with = "memory")]
    data_dir: PathBuf,
    /// Keep everything in memory; nothing is left behind
    #[arg(long)]
    memory: bool,
    /// Where to listen, as HOST:PORT or unix:PATH; may be given several times; port 0 is a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9092")]
    listen: Vec<String>,
    /// Where clients are told to connect to, when it is not the address that they have connected to
    #[arg(long, value_name = "HOST:PORT", value_parser = advertised_address)]
    advertise: Option<(String, u16)>,
    /// Allow addresses that other machines can reach, although everybody who can reach them may do everything
    #[arg(long)]
    allow_anonymous_network: bool,
    /// A setting of the engine under the name that Kafka's brokers have for it, such as num.partitions=4
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting)]
    settings: Vec<(String, String)>,
    /// How records of the past leave
    #[arg(long, value_enum, default_value_t = FetchBy::Sendfile)]
    fetch: FetchBy,
    /// Answer `GET /metrics` there with figures for Prometheus, as HOST:PORT
    #[arg(long, value_name = "ADDRESS")]
    metrics_listen: Option<String>,
    /// Close connections that say nothing for so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    idle_seconds: u64,
    /// Most connections at a time
    #[arg(long, value_name = "COUNT", default_value_t = 100_000)]
    connections_max: usize,
    /// Most bytes that the kernel holds for a client that is slow to read, socket.send.buffer.bytes of Kafka's brokers [default:
    /// as the kernel likes]
    #[arg(long, value_name = "BYTES")]
    send_buffer_bytes: Option<usize>,
}

const EXAMPLES: &str = "\
Examples:
  tidelog serve
  tidelog serve --listen 127.0.0.1:0 --memory --set num.partitions=4
  tidelog serve --listen 0.0.0.0:9092 --advertise broker.example:9092 --allow-anonymous-network

Then: kcat -b 127.0.0.1:9092 -L";

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FetchBy {
    /// From the file to the network, without a copy in this process
    Sendfile,
    /// Through memory, which is faster on this machine's own network
    Copy,
}

fn resolve(option: &str, text: &str) -> Result<Vec<SocketAddr>, CliError> {
    let resolved = text.to_socket_addrs();
    Ok(resolved.map_err(|error| CliError::Usage(format!("{option} {text}: {error}")))?.collect())
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.trim().to_owned(), value.to_owned()))
}

pub(crate) fn run(args: &ServeArgs) -> Outcome {
    let interrupt = Interrupt::listen().map_err(CliError::Signals)?;
    let mut listeners = Vec::new();
    for text in &args.listen {
        let named = ListenAddress::resolve(text);
        listeners.extend(named.map_err(|error| CliError::Usage(format!("--listen {text}: {error}")))?);
    }
    let metrics_listener = match &args.metrics_listen {
        Some(text) => resolve("--metrics-listen", text)?.first().copied(),
        None => None,
    };
    let broker = open(args)?;
    let options = ServerOptions {
        listeners,
        advertised: args.advertise.clone(),
        allow_anonymous_network: args.allow_anonymous_network,
        metrics_listener,
        idle_max: Duration::from_secs(args.idle_seconds),
        connections_max: args.connections_max,
        send_buffer_size: args.send_buffer_bytes,
        fetch_method: match args.fetch {
            FetchBy::Sendfile => FetchMethod::Sendfile,
            FetchBy::Copy => FetchMethod::Copy,
        },
        ..ServerOptions::default()
    };
    let server = Server::start(&broker, options).map_err(|error| CliError::Usage(error.to_string()))?;
    let mut output = std::io::stdout().lock();
    for address in server.addresses() {
        writeln!(output, "listening at {address}").map_err(CliError::Output)?;
    }
    if let Some(address) = server.metrics_address() {
        writeln!(output, "metrics at http://{address}/metrics").map_err(CliError::Output)?;
    }
    output.flush().map_err(CliError::Output)?;
    while !interrupt.is_set() {
        std::thread::sleep(LOOK);
    }
    server.stop();
    drop(server);
    broker.close();
    Ok(ExitCode::SUCCESS)
}

fn open(args: &ServeArgs) -> Result<Arc<Broker>, CliError> {
    // A server has the machine for itself: a shard for each core.
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).to_string();
    let mut pairs = vec![("tidelog.shards", cores.as_str())];
    if args.memory {
        pairs.push(("tidelog.reserve.bytes", "0"));
    }
    pairs.extend(args.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let config = EngineConfig::parse(pairs).map_err(|error| CliError::Usage(error.to_string()))?;
    let (root, disk, lock): (PathBuf, Arc<dyn Disk>, _) = if args.memory {
        (Path::new("/memory").to_owned(), Arc::new(SimDisk::memory()), None)
    } else {
        let disk = PosixDisk::new(WriteMethod::Auto);
        disk.create_dir_durably(&args.data_dir).map_err(CliError::of_file(&args.data_dir))?;
        let root = args.data_dir.canonicalize().map_err(CliError::of_file(&args.data_dir))?;
        let lock = DirectoryLock::acquire(&root)?;
        (root, Arc::new(disk), Some(lock))
    };
    let options = BrokerOptions {
        root,
        config,
        disk,
        clock: Arc::new(SystemClock::new()),
        lock,
        accept_truncation: BTreeSet::new(),
    };
    Broker::open(options).map_err(|error| CliError::Usage(error.to_string()))
}
