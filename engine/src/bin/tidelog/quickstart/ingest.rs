//! The producer's side of the quickstart: lines become records, and every acknowledgement is held against what was sent.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use indicatif::ProgressBar;
use tidelog::client::{Delivery, DeliveryReport, KafkaError, Producer, ProducerRecord};
use tidelog::error_code::ErrorCode;
use tidelog::record::HeaderRef;

use super::proof::{PartitionTrail, digest};
use super::sources::Source;
use super::stamp::Stamp;
use crate::error::CliError;
use crate::interrupt::Interrupt;
use crate::latency::{nanos, new_histogram};
use crate::lines::{Line, LineReader};

/// How long one wait for acknowledgements takes before Ctrl-C is looked at again.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Records between two looks at the acknowledgements.
const SERVE_INTERVAL: u64 = 64;

/// Longest key: the first word of a line, but not a whole page of it.
const KEY_SIZE_MAX: usize = 64;

/// Sends records and follows them to their acknowledgement.
pub(super) struct Ingest<'a> {
    producer: &'a Producer,
    topic: &'a str,
    start: Instant,
    size_max: usize,
    interrupt: &'a Interrupt,
    /// By partition: the batch whose acknowledgements are coming in.
    clocks: Vec<BatchClock>,
    /// What became of what was sent.
    pub(super) result: Ingested,
}

/// When a batch was begun. A report says how long ago that was; a record that joined the batch later waited less.
#[derive(Clone, Copy, Debug, Default)]
struct BatchClock {
    /// What all reports of the batch say.
    latency: Duration,
    /// When its first record was produced, in nanoseconds from the start of the run.
    begun: u64,
}

impl BatchClock {
    /// Nanoseconds from producing the record of `stamp` to its acknowledgement, by a report with `latency`.
    fn latency(&mut self, latency: Duration, stamp: Stamp) -> u64 {
        if latency != self.latency {
            *self = BatchClock { latency, begun: stamp.nanos };
        }
        nanos(latency).saturating_sub(stamp.nanos.saturating_sub(self.begun))
    }
}

/// What was sent, and what was acknowledged.
pub(super) struct Ingested {
    /// Records that were sent.
    pub(super) sent: u64,
    /// Bytes of their lines.
    pub(super) bytes: u64,
    /// Records that were acknowledged.
    pub(super) acknowledged: u64,
    /// By partition: what was acknowledged, in order.
    pub(super) trails: Vec<PartitionTrail>,
    /// From the call of `produce` to the acknowledgement, in nanoseconds.
    pub(super) latency: Histogram<u64>,
    /// When the first record was sent.
    pub(super) first_sent: Option<Instant>,
    /// When the last acknowledgement came.
    pub(super) last_acknowledged: Instant,
}

impl Ingested {
    /// Nothing, so far.
    pub(super) fn nothing(partitions: usize, now: Instant) -> Ingested {
        Ingested {
            sent: 0,
            bytes: 0,
            acknowledged: 0,
            trails: vec![PartitionTrail::default(); partitions],
            latency: new_histogram(),
            first_sent: None,
            last_acknowledged: now,
        }
    }
}

impl<'a> Ingest<'a> {
    /// Sends to `topic`, which has `partitions` partitions; times count from `start`.
    pub(super) fn new(
        producer: &'a Producer,
        topic: &'a str,
        partitions: usize,
        start: Instant,
        size_max: usize,
        interrupt: &'a Interrupt,
    ) -> Ingest<'a> {
        let result = Ingested::nothing(partitions, start);
        let clocks = vec![BatchClock::default(); partitions];
        Ingest { producer, topic, start, size_max, interrupt, clocks, result }
    }

    /// Sends every line of a file.
    ///
    /// # Errors
    /// [`CliError`] names the file, and the line where it matters. What was sent before is sent.
    pub(super) fn file(&mut self, source: &Source, bar: &ProgressBar) -> Result<(), CliError> {
        let file = File::open(&source.path).map_err(CliError::of_file(&source.path))?;
        self.lines(source, LineReader::new(BufReader::with_capacity(1 << 16, file), self.size_max), bar)
    }

    fn lines(
        &mut self,
        source: &Source,
        mut lines: LineReader<impl BufRead>,
        bar: &ProgressBar,
    ) -> Result<(), CliError> {
        let before = bar.position();
        loop {
            let next = lines.next().map_err(CliError::of_file(&source.path))?;
            let Some(line) = next else { return Ok(()) };
            let Line::Whole(line) = line else {
                let (input, number) = (source.path.display().to_string(), lines.number());
                return Err(CliError::LineTooLong { input, number, size_max: self.size_max });
            };
            let size = line.len() as u64;
            self.send(line).map_err(|error| {
                let what = format!("{}: line {}", source.path.display(), lines.number());
                CliError::about(what)(error)
            })?;
            self.result.bytes += size;
            if self.result.sent.is_multiple_of(SERVE_INTERVAL) {
                self.serve(Duration::ZERO)?;
                bar.set_position(before + lines.position());
                if self.interrupt.is_set() {
                    return Err(CliError::Interrupted);
                }
            }
        }
    }

    /// Queues one record, waiting for room.
    fn send(&mut self, line: &[u8]) -> Result<(), KafkaError> {
        let key = first_word(line);
        let opaque = usize::try_from(digest(key, Some(line))).unwrap_or(usize::MAX);
        let number = self.result.sent;
        self.result.first_sent.get_or_insert_with(Instant::now);
        loop {
            let stamp = Stamp::new(number, self.start.elapsed()).to_bytes();
            let headers = [HeaderRef { key: Stamp::HEADER, value: Some(&stamp) }];
            let record = ProducerRecord {
                key,
                value: Some(line),
                headers: &headers,
                delivery: Delivery::Opaque(opaque),
                ..ProducerRecord::default()
            };
            match self.producer.produce(self.topic, record) {
                Ok(()) => break,
                Err(error) if error.code() == ErrorCode::LocalQueueFull => {
                    self.serve(POLL_INTERVAL)?;
                }
                Err(error) => return Err(error),
            }
        }
        self.result.sent += 1;
        Ok(())
    }

    /// Waits for everything that was sent to be acknowledged.
    ///
    /// # Errors
    /// The first record that was not.
    pub(super) fn finish(&mut self) -> Result<(), CliError> {
        while !self.producer.is_empty() {
            self.serve(POLL_INTERVAL)?;
            if self.interrupt.is_set() {
                return Err(CliError::Interrupted);
            }
        }
        Ok(())
    }

    /// Takes the acknowledgements that are there, waiting at most `timeout` for the first.
    fn serve(&mut self, timeout: Duration) -> Result<(), KafkaError> {
        let mut timeout = timeout;
        while let Some((report, delivery)) = self.producer.next_report(Some(timeout)) {
            self.acknowledge(&report, &delivery)?;
            timeout = Duration::ZERO;
        }
        Ok(())
    }

    fn acknowledge(&mut self, report: &DeliveryReport, delivery: &Delivery) -> Result<(), KafkaError> {
        if let Some(error) = &report.error {
            return Err(error.clone());
        }
        let Delivery::Opaque(digest) = delivery else { return Ok(()) };
        let message = &report.message;
        let stamp = message.headers().find_map(|header| Stamp::of(&header)).ok_or(ErrorCode::LocalBadMsg)?;
        let offset = message.offset().map_or(-1, |offset| offset.0);
        let partition = usize::try_from(message.partition().0).unwrap_or(usize::MAX);
        if let Some(trail) = self.result.trails.get_mut(partition) {
            trail.add(offset, stamp.number, *digest as u64);
        }
        if let Some(clock) = self.clocks.get_mut(partition) {
            self.result.latency.saturating_record(clock.latency(report.latency, stamp));
        }
        self.result.acknowledged += 1;
        self.result.last_acknowledged = Instant::now();
        Ok(())
    }
}

/// The key of a line: its first word, or none. Lines with the same first word stay in order.
fn first_word(line: &[u8]) -> Option<&[u8]> {
    let word = line.split(u8::is_ascii_whitespace).find(|word| !word.is_empty())?;
    Some(&word[..word.len().min(KEY_SIZE_MAX)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_record_of_a_batch_has_waited_since_it_was_produced() {
        let mut clock = BatchClock::default();
        let stamp = |nanos| Stamp { number: 0, nanos };
        let first = Duration::from_nanos(900);
        let latencies = [
            clock.latency(first, stamp(100)),
            clock.latency(first, stamp(400)),
            clock.latency(Duration::from_nanos(50), stamp(1000)),
        ];
        assert_eq!(latencies, [900, 600, 50]);
    }

    #[test]
    fn the_key_is_the_first_word() {
        assert_eq!(first_word(b"one two"), Some(&b"one"[..]));
        assert_eq!(first_word(b" \t one"), Some(&b"one"[..]));
        assert_eq!(first_word(b""), None);
        assert_eq!(first_word(b" \r"), None);
        assert_eq!(first_word(&[0xff; 100]).map(<[u8]>::len), Some(KEY_SIZE_MAX));
    }
}
