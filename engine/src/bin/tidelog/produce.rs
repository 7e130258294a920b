//! `tidelog produce`: lines of standard input become records. Each is acknowledged, or the command says which was not.

use std::io::{BufReader, IsTerminal};
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::ProgressBar;
use parking_lot::Mutex;
use tidelog::client::config::Config;
use tidelog::client::producer::DeliveryCallback;
use tidelog::client::{DeliveryReport, KafkaError, Producer, ProducerRecord};
use tidelog::error_code::ErrorCode;
use tidelog::record::HeaderRef;
use tidelog::types::PartitionIndex;

use crate::configs::parse_setting;
use crate::data_directory::DirectoryArgs;
use crate::error::{CliError, Outcome};
use crate::interrupt::{INTERRUPTED, Interrupt};
use crate::line_format::{LineFormat, ParsedLine};
use crate::lines::{Line, LineReader};
use crate::output::{count_text, size_text};
use crate::progress;
use crate::standard_input::StandardInput;

/// Produce records from lines of standard input
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ProduceArgs {
    #[command(flatten)]
    directory: DirectoryArgs,
    /// Topic to produce to; created when there is none
    #[arg(long, value_name = "TOPIC")]
    topic: String,
    /// Partition to produce to [default: by the key, or spread without one]
    #[arg(long, value_name = "NUMBER")]
    partition: Option<i32>,
    /// A line is a key, this text and a value
    #[arg(long, value_name = "TEXT")]
    key_separator: Option<String>,
    /// How to read lines, see below; may be given several times
    #[arg(long = "property", value_name = "NAME=VALUE", value_parser = parse_setting)]
    properties: Vec<(String, String)>,
    /// A setting of the producer, such as linger.ms=50; may be given several times
    #[arg(long = "producer-property", value_name = "NAME=VALUE", value_parser = parse_setting)]
    producer_properties: Vec<(String, String)>,
}

const EXAMPLES: &str = "\
Properties:
  parse.key=true              a line starts with a key
  key.separator=TEXT          what stands behind it [default: \\t]
  parse.headers=true          a line starts with headers, before its key
  headers.delimiter=TEXT      what stands behind them [default: \\t]
  headers.separator=TEXT      what stands between two headers [default: ,]
  headers.key.separator=TEXT  what stands between a header's key and value [default: :]
  null.marker=TEXT            a key, value or header value that is null
  ignore.error=true           take a line without separator as a mere value

Examples:
  echo 'hello' | tidelog produce --topic greetings
  printf 'alice:1\\nbob:2\\n' | tidelog produce --topic scores --key-separator :
  tidelog produce --topic events --producer-property compression.type=zstd < events.ndjson";

/// How long one wait for acknowledgements takes before Ctrl-C is looked at again.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// What the deliveries said so far.
#[derive(Debug, Default)]
struct Deliveries {
    failed: u64,
    first_error: Option<KafkaError>,
}

/// What went into the producer.
#[derive(Debug, Default)]
struct Ingested {
    records: u64,
    bytes: u64,
}

pub(crate) fn run(args: &ProduceArgs) -> Outcome {
    let format = LineFormat::new(args.key_separator.as_deref(), &args.properties).map_err(CliError::Usage)?;
    let interrupt = Interrupt::listen().map_err(CliError::Signals)?;
    let directory = args.directory.open_or_create()?;
    let config = producer_config(directory.config(), &args.producer_properties)?;
    let size_max = config.get("message.max.bytes").and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let deliveries = Arc::new(Mutex::new(Deliveries::default()));
    let producer = Producer::with_callback(&config, Some(count_failures(&deliveries)))?;
    if std::io::stdin().is_terminal() {
        eprintln!("each line becomes a record; Ctrl-D ends");
    }
    let bar = if std::io::stdin().is_terminal() {
        ProgressBar::hidden()
    } else {
        progress::open_ended("producing")
    };
    let start = Instant::now();
    let mut ingest = Ingest {
        producer: &producer,
        args,
        format: &format,
        bar: &bar,
        size_max,
        ingested: Ingested::default(),
    };
    let input = BufReader::with_capacity(1 << 16, StandardInput::new(interrupt.clone()));
    let result = ingest.all(LineReader::new(input, size_max));
    let Ingested { records, bytes } = ingest.ingested;
    finish(&producer, &interrupt);
    bar.finish_and_clear();
    let Deliveries { failed, first_error } = std::mem::take(&mut *deliveries.lock());
    let unknown = producer.len() as u64;
    let seconds = start.elapsed().as_secs_f64();
    let delivered = match records - failed - unknown {
        delivered if delivered == records => count_text(records, "record", "records"),
        delivered => format!("{delivered} of {}", count_text(records, "record", "records")),
    };
    eprintln!("produced {delivered} ({}) to {} in {seconds:.2} s", size_text(bytes), args.topic);
    result?;
    if let Some(source) = first_error {
        return Err(CliError::Item {
            what: format!("{} not delivered", count_text(failed, "record", "records")),
            source,
        });
    }
    Ok(if interrupt.is_set() { ExitCode::from(INTERRUPTED) } else { ExitCode::SUCCESS })
}

/// Settings of a client with those that the user gave.
fn producer_config(mut config: Config, properties: &[(String, String)]) -> Result<Config, CliError> {
    for (name, value) in properties {
        config.set(name, Some(value)).map_err(|error| CliError::Usage(error.to_string()))?;
    }
    Ok(config)
}

fn count_failures(deliveries: &Arc<Mutex<Deliveries>>) -> DeliveryCallback {
    let deliveries = Arc::clone(deliveries);
    Box::new(move |report: &DeliveryReport, _| {
        if let Some(error) = &report.error {
            let mut deliveries = deliveries.lock();
            deliveries.failed += 1;
            deliveries.first_error.get_or_insert_with(|| error.clone());
        }
        ControlFlow::Continue(())
    })
}

/// Waits for all acknowledgements; an interrupted user waits for those that come within a second.
fn finish(producer: &Producer, interrupt: &Interrupt) {
    let mut patience = 10;
    while producer.flush(Some(POLL_INTERVAL)) > 0 && patience > 0 {
        patience -= i32::from(interrupt.is_set());
    }
}

/// From lines to records.
struct Ingest<'a> {
    producer: &'a Producer,
    args: &'a ProduceArgs,
    format: &'a LineFormat,
    bar: &'a ProgressBar,
    /// `message.max.bytes`
    size_max: usize,
    ingested: Ingested,
}

impl Ingest<'_> {
    fn all<R: std::io::BufRead>(&mut self, mut lines: LineReader<R>) -> Result<(), CliError> {
        loop {
            let next = lines.next().map_err(CliError::Input)?;
            let Some(line) = next else { return Ok(()) };
            let line = match line {
                Line::Whole(line) => line,
                Line::TooLong => {
                    let (input, number) = ("standard input".to_owned(), lines.number());
                    return Err(CliError::LineTooLong { input, number, size_max: self.size_max });
                }
            };
            let size = line.len() as u64;
            let sent = self
                .format
                .parse(line)
                .map_err(|error| error.to_string())
                .and_then(|parsed| self.send(&parsed).map_err(|error| error.reason().to_owned()));
            sent.map_err(|reason| CliError::Line { number: lines.number(), reason })?;
            self.ingested.records += 1;
            self.ingested.bytes += size;
            self.bar.set_position(lines.position());
        }
    }

    /// Queues one record, waiting for room.
    fn send(&self, parsed: &ParsedLine<'_>) -> Result<(), KafkaError> {
        let headers: Vec<HeaderRef<'_>> =
            parsed.headers.iter().map(|(key, value)| HeaderRef { key, value: *value }).collect();
        loop {
            let record = ProducerRecord {
                key: parsed.key,
                value: parsed.value,
                headers: &headers,
                partition: self.args.partition.map(PartitionIndex),
                ..ProducerRecord::default()
            };
            match self.producer.produce(&self.args.topic, record) {
                Err(error) if error.code() == ErrorCode::LocalQueueFull => {
                    self.producer.poll(Some(POLL_INTERVAL));
                }
                result => return result,
            }
        }
    }
}
