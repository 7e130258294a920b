//! What a victim does while the power may go: how much, and with what.

use super::careless::Carelessness;

/// Where the records go.
pub(super) const TOPIC: &str = "a";
/// The group that commits.
pub(super) const COMMITTED_BY: &str = "readers";
/// `retention.ms` of the topic is this and the number of the step.
pub(super) const CONFIG_BASE: i64 = 1_000_000_000;
/// `retention.bytes` of the topic, where it has retention.
pub(super) const RETENTION_BYTES: usize = 96 << 10;
/// `internal.segment.bytes` of the topic.
pub(super) const SEGMENT_BYTES: usize = 24 << 10;

/// The topic that step `number` makes.
pub(super) fn side_topic(number: i64) -> String {
    format!("side-{number}")
}

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Workload {
    pub(super) partitions: i32,
    pub(super) producers: u64,
    /// Of each producer.
    pub(super) messages: u64,
    /// Old segments go while it runs.
    pub(super) retains: bool,
    /// Topics come and go, settings change, offsets are committed.
    pub(super) administrates: bool,
    pub(super) carelessness: Option<Carelessness>,
}

impl Workload {
    /// As one word, for the victim's process.
    pub(super) fn to_argument(self) -> String {
        let Workload { partitions, producers, messages, retains, administrates, carelessness } = self;
        let carelessness = carelessness.map_or("none".to_owned(), |carelessness| format!("{carelessness:?}"));
        format!("{partitions} {producers} {messages} {retains} {administrates} {carelessness}")
    }

    pub(super) fn parse(argument: &str) -> Workload {
        let [partitions, producers, messages, retains, administrates, carelessness] =
            argument.split(' ').collect::<Vec<_>>()[..]
        else {
            panic!("{argument}")
        };
        Workload {
            partitions: partitions.parse().unwrap(),
            producers: producers.parse().unwrap(),
            messages: messages.parse().unwrap(),
            retains: retains.parse().unwrap(),
            administrates: administrates.parse().unwrap(),
            carelessness: Carelessness::ALL.into_iter().find(|one| format!("{one:?}") == carelessness),
        }
    }
}
