//! What producers have sent and were promised.

use std::collections::HashMap;

use crate::types::{Acks, Offset};

/// What became of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is in the log from this offset on.
    Appended(Offset),
    /// The log does not take it, and has not.
    Refused(String),
    /// It may be in the log.
    Unknown,
}

/// One batch.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) producer: usize,
    pub(super) slot: usize,
    /// Of an idempotent producer.
    pub(super) sequence: Option<i32>,
    pub(super) acks: Acks,
    pub(super) values: Vec<String>,
    /// `None` while it is not answered.
    pub(super) outcome: Option<Outcome>,
    /// What was promised does not hold any more: the power went, and it was not meant to survive that.
    is_void: bool,
}

/// See the module.
pub(super) struct Model {
    pub(super) sent: Vec<Sent>,
    /// By producer and partition: the next sequence number.
    sequences: HashMap<(usize, usize), i32>,
    /// By partition: what readers have seen.
    seen: Vec<Vec<String>>,
}

impl Model {
    pub(super) fn new(partitions: usize) -> Model {
        let seen = (0..partitions).map(|_| Vec::new()).collect();
        Model { sent: Vec::new(), sequences: HashMap::new(), seen }
    }

    /// A batch that was not sent before.
    pub(super) fn new_batch(
        &mut self,
        producer: usize,
        slot: usize,
        is_idempotent: bool,
        acks: Acks,
        count: usize,
    ) -> usize {
        let number = self.sent.len();
        let sequence = is_idempotent.then(|| {
            let next = self.sequences.entry((producer, slot)).or_default();
            let sequence = *next;
            *next += i32::try_from(count).unwrap();
            sequence
        });
        let values = (0..count).map(|at| format!("{number}.{at}")).collect();
        self.sent.push(Sent { producer, slot, sequence, acks, values, outcome: None, is_void: false });
        number
    }

    fn of(&self, producer: usize, slot: usize) -> impl Iterator<Item = (usize, &Sent)> {
        self.sent.iter().enumerate().filter(move |(_, sent)| sent.producer == producer && sent.slot == slot)
    }

    pub(super) fn unanswered(&self, producer: usize, slot: usize) -> usize {
        self.of(producer, slot).filter(|(_, sent)| sent.outcome.is_none()).count()
    }

    /// The first batch of an idempotent producer that has to be sent again before any other: it waits until the ones behind
    /// it are answered.
    pub(super) fn to_retry(&self, producer: usize, slot: usize) -> Option<usize> {
        let open = |sent: &Sent| !matches!(sent.outcome, Some(Outcome::Appended(_)));
        let mut failed = self
            .of(producer, slot)
            .filter(|(_, sent)| sent.sequence.is_some() && open(sent) && sent.outcome.is_some());
        failed.next().map(|(number, _)| number)
    }

    pub(super) fn answer(&mut self, number: usize, outcome: Outcome) {
        let sent = &mut self.sent[number];
        assert!(sent.outcome.is_none(), "batch {number} is answered twice");
        sent.outcome = Some(outcome);
    }

    /// Promises that do not outlast the power.
    pub(super) fn lose_what_was_not_durable(&mut self) {
        for sent in self.sent.iter_mut().filter(|sent| sent.acks != Acks::Durable) {
            sent.is_void = true;
        }
    }

    pub(super) fn acknowledged(&self) -> usize {
        self.sent.iter().filter(|sent| matches!(sent.outcome, Some(Outcome::Appended(_)))).count()
    }

    /// Holds what a consumer reads of a partition against what was promised and what was read before.
    pub(super) fn check(&mut self, slot: usize, found: &[String]) {
        let seen = &self.seen[slot];
        assert!(found.starts_with(seen), "partition {slot}: what readers have seen has changed");
        self.seen[slot] = found.to_vec();
        let mut times: HashMap<&str, usize> = HashMap::new();
        for value in found {
            *times.entry(value).or_default() += 1;
        }
        let known: HashMap<&str, &Sent> = self
            .sent
            .iter()
            .flat_map(|sent| sent.values.iter().map(move |value| (value.as_str(), sent)))
            .collect();
        for (value, times) in times {
            let sent = known.get(value).unwrap_or_else(|| panic!("{value} was never sent"));
            assert_eq!(sent.slot, slot, "{value} is in another partition");
            assert_eq!(times, 1, "{value} of producer {} is there {times} times", sent.producer);
            let refused = matches!(sent.outcome, Some(Outcome::Refused(_))) && sent.sequence.is_none();
            assert!(!refused, "{value} was refused and is there");
        }
        for (number, sent) in
            self.sent.iter().enumerate().filter(|(_, sent)| sent.slot == slot && !sent.is_void)
        {
            let Some(Outcome::Appended(offset)) = sent.outcome else { continue };
            if sent.acks == Acks::None {
                continue;
            }
            let start = usize::try_from(offset.0).unwrap();
            let kept = found.get(start..start + sent.values.len());
            let is_seen = start < found.len();
            // One that waits for a flush is not shown yet; once it is answered as durable, it is.
            if sent.acks == Acks::Durable || is_seen {
                assert_eq!(kept, Some(&sent.values[..]), "batch {number} at offset {offset} is lost");
            }
        }
    }
}
