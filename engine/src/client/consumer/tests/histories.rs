//! Whatever an application does with its partitions, it gets the messages of each from where it is, each once and in
//! their order: histories by seeds, held against what can be told beforehand.

use super::*;
use crate::shard::simulation::seeds;

const PARTITIONS: usize = 3;

/// What is known of a partition.
#[derive(Clone, Copy, Default)]
struct Known {
    produced: i64,
    /// The offset of the next message, where it is assigned.
    next: Option<i64>,
    /// Something was handed out since it was assigned or sought.
    moved: bool,
    paused: bool,
    /// The end that was told last.
    told_end: Option<i64>,
}

struct History {
    fixture: Fixture,
    consumer: Consumer,
    random: fastrand::Rng,
    known: [Known; PARTITIONS],
    queues: [Option<PartitionQueue>; PARTITIONS],
}

/// A partition in a list.
fn one(partition: usize, offset: i64) -> [TopicPartitionOffset; 1] {
    [element("t", i32::try_from(partition).unwrap(), offset)]
}

impl History {
    fn new(seed: u64) -> History {
        let mut random = fastrand::Rng::with_seed(seed);
        let fixture = Fixture::new();
        // From a batch at a time to several.
        let size_max = random.i64(100..2000).to_string();
        let values = [("fetch.message.max.bytes", size_max.as_str()), ("enable.partition.eof", "true")];
        let consumer = fixture.consumer(&values);
        let queues = std::array::from_fn(|_| None);
        History { fixture, consumer, random, known: [Known::default(); PARTITIONS], queues }
    }

    /// One more thing that an application may do.
    fn step(&mut self) {
        let partition = self.random.usize(0..PARTITIONS);
        let Known { next, produced, .. } = self.known[partition];
        match (self.random.usize(0..12), next) {
            (0 | 1, _) => self.produce(partition),
            (2, None) => {
                let from = self.random.i64(0..=produced);
                self.consumer.incremental_assign(&one(partition, from)).unwrap();
                self.known[partition] = Known { produced, next: Some(from), ..Known::default() };
            }
            (2, Some(_)) if self.random.u8(0..4) == 0 => {
                self.consumer.incremental_unassign(&one(partition, -1001)).unwrap();
                self.known[partition] = Known { produced, ..Known::default() };
            }
            (3, Some(_)) => {
                let to = self.random.i64(0..=produced);
                self.consumer.seek(&one(partition, to)[0]).unwrap();
                let paused = self.known[partition].paused;
                self.known[partition] = Known { produced, next: Some(to), paused, ..Known::default() };
            }
            (4, Some(_)) => {
                let mut list = one(partition, -1001);
                let paused = self.random.bool();
                match paused {
                    true => self.consumer.pause(&mut list).unwrap(),
                    false => self.consumer.resume(&mut list).unwrap(),
                }
                self.known[partition].paused = paused;
            }
            (5, _) if self.queues[partition].take().is_none() => {
                let number = PartitionIndex(i32::try_from(partition).unwrap());
                self.queues[partition] = Some(self.consumer.partition_queue("t", number).unwrap());
            }
            (6, _) => self.take_batch(),
            (7 | 8, _) => {
                let polled = self.consumer.poll(NOW).unwrap();
                polled.into_iter().for_each(|event| self.note(&event, None));
            }
            (9, _) => {
                let count = self.random.usize(1..30);
                let events = self.consumer.consume(count, NOW).unwrap();
                events.iter().for_each(|event| self.note(event, None));
            }
            _ => self.take_apart(partition),
        }
    }

    fn produce(&mut self, partition: usize) {
        let produced = &mut self.known[partition].produced;
        let end = *produced + self.random.i64(1..20);
        self.fixture.produce("t", i32::try_from(partition).unwrap(), *produced..end);
        *produced = end;
    }

    fn take_apart(&mut self, partition: usize) {
        let count = self.random.usize(1..30);
        let Some(queue) = &self.queues[partition] else { return };
        for event in queue.consume(count, NOW).unwrap() {
            self.note(&event, Some(partition));
        }
    }

    fn take_batch(&mut self) {
        match self.consumer.next_batch(NOW).unwrap() {
            Some(Event::Message(batch)) => {
                let messages: Vec<_> = batch.into_messages().map(|message| message.unwrap()).collect();
                assert!(!messages.is_empty(), "a batch without messages");
                messages.into_iter().for_each(|message| self.note(&Event::Message(message), None));
            }
            Some(Event::Error(error)) => self.note(&Event::Error(error), None),
            None => {}
        }
    }

    /// Something has come from the consumer, or from the queue of a partition.
    fn note(&mut self, event: &Event, from: Option<usize>) {
        let (partition, offset) = match event {
            Event::Message(message) => (message.partition(), message.offset()),
            Event::Error(error) => (error.partition.unwrap(), error.offset),
        };
        let number = usize::try_from(partition.0).unwrap();
        let Offset(offset) = offset.unwrap();
        let apart = self.queues[number].is_some().then_some(number);
        let known = &mut self.known[number];
        if let Event::Message(message) = event {
            assert_eq!((apart, known.next), (from, Some(offset)), "{}", text(event));
            assert!(!known.paused, "{}", text(event));
            assert_eq!(message.value(), Some(offset.to_string().as_bytes()));
            known.next = Some(offset + 1);
            known.moved = true;
        } else {
            // It may have been told before something else happened.
            assert_eq!(text(event), format!("_PARTITION_EOF@{number}:{offset}"));
            assert!(offset <= known.produced && known.told_end != Some(offset), "{}", text(event));
            known.told_end = Some(offset);
        }
    }

    fn check_position(&self, partition: usize) {
        let known = &self.known[partition];
        let mut list = one(partition, 0);
        self.consumer.position(&mut list).unwrap();
        let expected = known.next.filter(|_| known.moved).unwrap_or(-1001);
        assert_eq!(list[0].offset.number(), expected, "position of {partition}");
    }

    /// In the end everything has come.
    fn finish(&mut self) {
        for partition in 0..PARTITIONS {
            self.consumer.resume(&mut one(partition, -1001)).unwrap();
            self.known[partition].paused = false;
        }
        for event in self.consumer.consume(10_000, NOW).unwrap() {
            self.note(&event, None);
        }
        for partition in 0..PARTITIONS {
            let Some(queue) = &self.queues[partition] else { continue };
            for event in queue.consume(10_000, NOW).unwrap() {
                self.note(&event, Some(partition));
            }
        }
        for known in &self.known {
            assert!(known.next.is_none_or(|next| next == known.produced), "{:?}", known.next);
        }
    }
}

#[test]
fn each_message_comes_once_and_in_order_whatever_is_done_with_its_partition() {
    for seed in seeds(100) {
        eprintln!("seed {seed}");
        let mut history = History::new(seed);
        for _ in 0..200 {
            history.step();
            (0..PARTITIONS).for_each(|partition| history.check_position(partition));
        }
        history.finish();
    }
}
