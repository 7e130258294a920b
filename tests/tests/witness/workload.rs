//! What a victim does while the power may go: how much, and with what.

use super::careless::Carelessness;

/// Where the records go.
pub(crate) const TOPIC: &str = "a";
/// The group that commits.
pub(crate) const COMMITTED_BY: &str = "readers";
/// `retention.ms` of the topic is this and the number of the step.
pub(crate) const CONFIG_BASE: i64 = 1_000_000_000;
/// `retention.bytes` of the topic, where it has retention.
pub(crate) const RETENTION_BYTES: usize = 96 << 10;
/// `internal.segment.bytes` of the topic.
pub(crate) const SEGMENT_BYTES: usize = 24 << 10;

/// The topic that step `number` makes.
pub(crate) fn side_topic(number: i64) -> String {
    format!("side-{number}")
}

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Workload {
    pub(crate) partitions: i32,
    pub(crate) producers: u64,
    /// The first producer's name; the others count on from it.
    pub(crate) first_producer: u64,
    /// Of each producer.
    pub(crate) messages: u64,
    /// Old segments go while it runs.
    pub(crate) retains: bool,
    /// Topics come and go, settings change, offsets are committed.
    pub(crate) administrates: bool,
    pub(crate) carelessness: Option<Carelessness>,
}

/// A little of what every victim does.
pub(crate) const SMALL: Workload = Workload {
    partitions: 1,
    producers: 2,
    first_producer: 0,
    messages: 64,
    retains: false,
    administrates: false,
    carelessness: None,
};

impl Workload {
    /// As one word, for the victim's process.
    pub(crate) fn to_argument(self) -> String {
        let Workload { partitions, producers, first_producer, messages, .. } = self;
        let Workload { retains, administrates, carelessness, .. } = self;
        let carelessness = carelessness.map_or("none".to_owned(), |carelessness| format!("{carelessness:?}"));
        format!(
            "{partitions} {producers} {first_producer} {messages} {retains} {administrates} {carelessness}"
        )
    }

    pub(crate) fn parse(argument: &str) -> Workload {
        let [partitions, producers, first_producer, messages, retains, administrates, carelessness] =
            argument.split(' ').collect::<Vec<_>>()[..]
        else {
            panic!("{argument}")
        };
        Workload {
            partitions: partitions.parse().unwrap(),
            producers: producers.parse().unwrap(),
            first_producer: first_producer.parse().unwrap(),
            messages: messages.parse().unwrap(),
            retains: retains.parse().unwrap(),
            administrates: administrates.parse().unwrap(),
            carelessness: Carelessness::ALL.into_iter().find(|one| format!("{one:?}") == carelessness),
        }
    }
}
