//! The consumers' side: each record is measured from the moment it was due until it is here.

use std::time::{Duration, Instant};

use super::meter::Meter;
use super::stamp::Stamp;
use super::target::Receiver;
use super::watch::Watch;
use crate::error::CliError;
use crate::latency::nanos;

/// How long one wait for records takes before the consumer looks whether it is to end.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Reads until the watch says that it is over, or it cannot go on.
///
/// # Errors
/// The consumer's.
pub(super) fn run(
    receiver: &mut dyn Receiver,
    consumer: usize,
    run: u64,
    start: Instant,
    received: &Meter,
    watch: &Watch,
) -> Result<(), CliError> {
    let mut due = Vec::new();
    while !watch.is_over() {
        receiver.receive(POLL_INTERVAL, &mut |value| {
            due.extend(Stamp::read(value, run).map(|stamp| stamp.due));
        })?;
        if due.is_empty() {
            watch.set_assigned(consumer, receiver.assigned()?);
        } else {
            watch.add_received(due.len() as u64);
            received.record(due.drain(..), nanos(start.elapsed()));
        }
    }
    receiver.close();
    Ok(())
}
