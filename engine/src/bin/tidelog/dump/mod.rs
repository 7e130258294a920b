//! `tidelog dump`: prints what the files of a partition hold, batch by batch or entry by entry. Needs no data directory
//! and no lock: it also reads copies, Kafka's files, and files that a running engine writes to.

mod printed;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use tidelog::io::{Disk, PosixDisk, WriteMethod};
use tidelog::limits::DECOMPRESSED_SIZE_MAX;
use tidelog::log::inspection::{InspectError, InspectedFile, SegmentEnd, SegmentItem, SegmentReader};
use tidelog::record::{BatchError, BatchView};

use crate::error::{CliError, Outcome};
use crate::output::{FormatArgs, Output, count_text};
use crate::time::timestamp_text;
use printed::{PrintedBatch, PrintedRecord};

/// Print the batches and records of segments, and the entries of index files
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DumpArgs {
    /// Files to read: .log, .index, .timeindex, .txnindex or .snapshot
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print the records of each batch too
    #[arg(long)]
    records: bool,
    #[command(flatten)]
    format: FormatArgs,
}

const EXAMPLES: &str = "\
With --json each batch, record or entry is one line.
Exit code: 1 when a file cannot be read or holds something that is damaged.

Examples:
  tidelog dump tidelog-data/orders-0/00000000000000000000.log --records
  tidelog dump tidelog-data/orders-0/*.index";

pub(crate) fn run(args: &DumpArgs) -> Outcome {
    let disk = PosixDisk::new(WriteMethod::Auto);
    let mut dump = Dump { output: Output::new(args.format), records: args.records, damaged: false };
    for file in &args.files {
        match dump.file(&disk, file) {
            Err(error @ CliError::Output(_)) => return Err(error),
            Err(error) => {
                dump.output.flush()?;
                error.report();
                dump.damaged = true;
            }
            Ok(()) => {}
        }
    }
    dump.output.flush()?;
    Ok(if dump.damaged { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

struct Dump {
    output: Output,
    records: bool,
    /// Something could not be read.
    damaged: bool,
}

impl Dump {
    fn file(&mut self, disk: &dyn Disk, path: &Path) -> Result<(), CliError> {
        let file = InspectedFile::open(disk, path)?;
        if !self.output.is_json() {
            self.output.line(path.display())?;
        }
        match file {
            InspectedFile::Segment(reader) => self.segment(path, reader),
            InspectedFile::OffsetIndex(entries) => self.entries(&entries, |(offset, position)| {
                (
                    format!("  offset {offset} at byte {position}"),
                    json!({ "offset": offset.0, "position": position }),
                )
            }),
            InspectedFile::TimeIndex(entries) => self.entries(&entries, |(timestamp, offset)| {
                (
                    format!("  {} at offset {}", timestamp_text(*timestamp), offset),
                    json!({ "timestamp": timestamp.0, "offset": offset.0 }),
                )
            }),
            InspectedFile::Transactions(entries) => self.entries(&entries, |aborted| {
                (
                    format!(
                        "  producer {} aborted offsets {} to {}, last stable offset {}",
                        aborted.producer_id.0,
                        aborted.first_offset,
                        aborted.last_offset,
                        aborted.last_stable_offset
                    ),
                    json!({
                        "producer_id": aborted.producer_id.0,
                        "first_offset": aborted.first_offset.0,
                        "last_offset": aborted.last_offset.0,
                        "last_stable_offset": aborted.last_stable_offset.0,
                    }),
                )
            }),
            InspectedFile::Producers(producers) => self.entries(&producers, |producer| {
                let last = match producer.last {
                    Some((sequence, offset)) => format!("sequence {} at offset {offset}", sequence.0),
                    None => "no batch".to_owned(),
                };
                let open = producer
                    .transaction_start
                    .map_or_else(String::new, |start| format!(", transaction open from offset {start}"));
                (
                    format!(
                        "  producer {} epoch {}: {last}, {}{open}",
                        producer.id.0,
                        producer.epoch.0,
                        timestamp_text(producer.last_timestamp)
                    ),
                    json!({
                        "producer_id": producer.id.0,
                        "producer_epoch": producer.epoch.0,
                        "last_sequence": producer.last.map(|(sequence, _)| sequence.0),
                        "last_offset": producer.last.map(|(_, offset)| offset.0),
                        "last_timestamp": producer.last_timestamp.0,
                        "coordinator_epoch": producer.coordinator_epoch,
                        "transaction_start": producer.transaction_start.map(|offset| offset.0),
                    }),
                )
            }),
        }
    }

    /// Prints each entry in the form that was asked for.
    fn entries<E>(
        &mut self,
        entries: &[E],
        show: impl Fn(&E) -> (String, serde_json::Value),
    ) -> Result<(), CliError> {
        for entry in entries {
            let (text, json) = show(entry);
            if self.output.is_json() { self.output.json_line(&json)? } else { self.output.line(text)? }
        }
        if !self.output.is_json() {
            let count = count_text(entries.len() as u64, "entry", "entries");
            self.output.line(format_args!("  {count}"))?;
        }
        Ok(())
    }

    fn segment(&mut self, path: &Path, mut reader: SegmentReader) -> Result<(), CliError> {
        let (mut batches, mut records) = (0, 0);
        let end = loop {
            match reader.read_next().map_err(InspectError::from)? {
                SegmentItem::Batch { position, batch } => {
                    self.batch(path, position, &batch)?;
                    batches += 1;
                    records += u64::try_from(batch.header().records_count.get()).unwrap_or(0);
                }
                SegmentItem::End(end) => break end,
            }
        };
        let behind = match end {
            SegmentEnd::File => String::new(),
            SegmentEnd::Zeroes(size) => format!(", then {size} bytes that were prepared and not written"),
            SegmentEnd::Bad(error) => {
                self.output.flush()?;
                self.damaged = true;
                eprintln!("error: {}: damaged at byte {}: {error}", path.display(), reader.position());
                ", then damage".to_owned()
            }
        };
        if self.output.is_json() {
            return Ok(());
        }
        let (batches, records) =
            (count_text(batches, "batch", "batches"), count_text(records, "record", "records"));
        self.output.line(format_args!("  {batches}, {records}, {} bytes{behind}", reader.position()))
    }

    fn batch(&mut self, path: &Path, position: u64, batch: &BatchView<'_>) -> Result<(), CliError> {
        let fault = batch.verify().err();
        self.damaged |= fault.is_some();
        if self.output.is_json() {
            self.output.json_line(&PrintedBatch::new(path, position, batch, fault.is_none()))?;
        } else {
            self.output.line(printed::batch_text(position, batch))?;
            if let Some(error) = fault {
                self.output.line(format_args!("    DAMAGED: {error}"))?;
            }
        }
        if self.records { self.records(batch) } else { Ok(()) }
    }

    fn records(&mut self, batch: &BatchView<'_>) -> Result<(), CliError> {
        if batch.header().attributes().is_control() {
            return self.marker(batch);
        }
        let mut scratch = Vec::new();
        let records = match batch.unpack(&mut scratch, DECOMPRESSED_SIZE_MAX) {
            Ok(records) => records,
            Err(error) => return self.damage(&error),
        };
        for record in records {
            match record {
                Ok(record) if self.output.is_json() => self.output.json_line(&PrintedRecord::new(&record))?,
                Ok(record) => self.output.line(printed::record_text(&record))?,
                Err(error) => return self.damage(&error),
            }
        }
        Ok(())
    }

    /// A control batch holds one record of the log's own.
    fn marker(&mut self, batch: &BatchView<'_>) -> Result<(), CliError> {
        match batch.control_record() {
            Ok(Some(record)) if self.output.is_json() => {
                self.output.json_line(&json!({ "marker": format!("{:?}", record.marker) }))
            }
            Ok(Some(record)) => self.output.line(format_args!("    marker {:?}", record.marker)),
            Ok(None) => Ok(()),
            Err(error) => self.damage(&error),
        }
    }

    fn damage(&mut self, error: &BatchError) -> Result<(), CliError> {
        self.damaged = true;
        self.output.line(format_args!("    DAMAGED: {error}"))
    }
}
