//! What is measured, as the bench sees it: something that makes topics, senders and receivers.

use std::time::Duration;

use super::embedded::Embedded;
use super::plan::{Plan, Target};
use crate::error::CliError;

/// See the module.
pub(super) trait Measured: Sync {
    /// Makes a topic; one that is there already is fine when the user has named it.
    fn create_topic(&self, name: &str, partitions: u16, may_exist: bool) -> Result<(), CliError>;

    /// Removes a topic.
    fn delete_topic(&self, name: &str) -> Result<(), CliError>;

    /// A producer to `topic` with these settings.
    fn sender(&self, topic: &str, settings: &[(String, String)]) -> Result<Box<dyn Sender>, CliError>;

    /// A consumer of `topic` with these settings.
    fn receiver(&self, topic: &str, settings: &[(String, String)]) -> Result<Box<dyn Receiver>, CliError>;
}

/// A producer, used by one thread.
pub(super) trait Sender: Send {
    /// Queues a record that was due at `due`. False when there is no room: serve first.
    fn send(&mut self, key: Option<&[u8]>, value: &[u8], due: u64) -> Result<bool, CliError>;

    /// Takes the acknowledgements that are there, waiting at most `timeout` for the first, and puts down when what they
    /// are for was due.
    fn serve(&mut self, timeout: Duration, due: &mut Vec<u64>) -> Result<(), CliError>;

    /// Records that are not acknowledged yet.
    fn pending(&self) -> usize;
}

/// A consumer in a group, used by one thread.
pub(super) trait Receiver: Send {
    /// Hands out the values that are there, waiting at most `timeout` for the first.
    fn receive(&mut self, timeout: Duration, each: &mut dyn FnMut(&[u8])) -> Result<(), CliError>;

    /// Partitions that it has.
    fn assigned(&self) -> Result<usize, CliError>;

    /// Leaves the group.
    fn close(&mut self);
}

/// Opens what the plan names.
pub(super) fn open(plan: &Plan) -> Result<Box<dyn Measured>, CliError> {
    match &plan.target {
        Target::Embedded(directory) => Ok(Box::new(Embedded::on_disk(directory.as_deref())?)),
        Target::Memory => Ok(Box::new(Embedded::in_memory()?)),
        #[cfg(feature = "librdkafka")]
        Target::Server => Ok(Box::new(super::librdkafka::Cluster::of_our_own()?)),
        #[cfg(feature = "librdkafka")]
        Target::Cluster(servers) => Ok(Box::new(super::librdkafka::Cluster::new(servers))),
        #[cfg(not(feature = "librdkafka"))]
        Target::Server | Target::Cluster(_) => Err(CliError::Usage(format!(
            "--target {} is reached through librdkafka, which this tidelog was built without: build it with `cargo build \
             --release -p tidelog --features librdkafka`",
            plan.target
        ))),
    }
}
