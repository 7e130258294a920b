//! [`Side`]: one of the two brokers, and what its clients know of it. Says in words what each step came to, without what
//! may differ: ids, the times of markers, texts.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::SocketAddr;
use std::ops::Range;

use tidelog::record::{BatchView, Batches, ProducerStamp};
use tidelog::types::{ProducerEpoch, ProducerId, Sequence};
use tidelog::wire::api::add_offsets_to_txn::{AddOffsetsToTxn, AddOffsetsToTxnRequest};
use tidelog::wire::api::add_partitions_to_txn::{
    AddPartitionsToTxn, AddPartitionsToTxnRequest, AddPartitionsToTxnTopic,
};
use tidelog::wire::api::delete_records::{
    DeleteRecords, DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic,
};
use tidelog::wire::api::describe_producers::{DescribeProducers, DescribeProducersRequest, TopicRequest};
use tidelog::wire::api::describe_transactions::{
    DescribeTransactions, DescribeTransactionsRequest, TransactionState,
};
use tidelog::wire::api::end_txn::{EndTxn, EndTxnRequest};
use tidelog::wire::api::fetch::{Fetch, FetchPartition, FetchRequest, FetchTopic, PartitionData};
use tidelog::wire::api::init_producer_id::{InitProducerId, InitProducerIdRequest};
use tidelog::wire::api::list_offsets::{
    ListOffsets, ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsTopic,
};
use tidelog::wire::api::offset_commit::{
    OffsetCommit, OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use tidelog::wire::api::offset_fetch::{OffsetFetch, OffsetFetchRequest};
use tidelog::wire::api::offset_for_leader_epoch::{
    OffsetForLeaderEpoch, OffsetForLeaderEpochRequest, OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use tidelog::wire::api::produce::Produce;
use tidelog::wire::api::txn_offset_commit::{
    TxnOffsetCommit, TxnOffsetCommitRequest, TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use tidelog::wire::records::Piece;

use super::super::raw::{batch_by, produce_request};
use super::asking::{Asking, text};
use super::step::{Claim, PRODUCERS, Place, Records, STAMPED, Step, TOPICS, Who, transactional_id};

/// What ListOffsets takes in place of a time.
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
/// What is said of a time that the broker has read from its clock.
const LATELY: i64 = 1_700_000_000_000;

/// See the module.
pub(super) struct Side {
    asking: Asking,
    prefix: String,
    producers: [Producer; PRODUCERS],
    sequences: HashMap<(usize, Place), Sequences>,
    /// Where producers have begun a transaction.
    in_transaction: HashSet<(usize, Place)>,
}

/// What a producer was given.
#[derive(Clone, Default)]
struct Producer {
    ids: Vec<i64>,
    epoch: i16,
}

/// What of a producer's a partition has taken: first sequence and count.
#[derive(Default)]
struct Sequences(Vec<(i32, i32)>);

impl Sequences {
    fn next(&self) -> i32 {
        self.0.last().map_or(0, |(first, count)| first + count)
    }

    /// First sequence and count of a batch.
    fn claimed(&self, claim: Claim, count: i32) -> (i32, i32) {
        match claim {
            Claim::Next => (self.next(), count),
            Claim::Repeat(back) => match self.0.len().checked_sub(back) {
                Some(place) => self.0[place],
                None => (self.next(), count),
            },
            Claim::Gap(more) => (self.next() + more, count),
            Claim::Zero => (0, count),
        }
    }
}

impl Side {
    /// A history named `prefix` begins: its topics are made.
    pub(super) fn begin(address: SocketAddr, prefix: &str, topics: Range<usize>) -> Side {
        let mut asking = Asking::at(address);
        for topic in topics {
            let (partitions, settings) = TOPICS[topic];
            asking.create_topic(&name(prefix, topic), partitions, settings);
        }
        let mut side = Side {
            asking,
            prefix: prefix.to_owned(),
            producers: std::array::from_fn(|_| Producer::default()),
            sequences: HashMap::new(),
            in_transaction: HashSet::new(),
        };
        side.asking.find_coordinator(&side.group(), 0);
        side.asking.find_coordinator(&side.id(PRODUCERS - 1), 1);
        for number in 0..PRODUCERS {
            side.run(&Step::InitProducer { number, goes_on: false });
        }
        side
    }

    fn topic(&self, place: Place) -> String {
        name(&self.prefix, place.0)
    }

    fn id(&self, number: usize) -> String {
        transactional_id(&self.prefix, number).unwrap_or_default()
    }

    fn group(&self) -> String {
        format!("{}-group", self.prefix)
    }

    /// Id and epoch that a producer gives. Only one that has no id gives an epoch below 0.
    fn stamp(&self, who: Who) -> (i64, i16) {
        let producer = &self.producers[who.number];
        (producer.ids.last().copied().unwrap_or(-1), (producer.epoch + who.epoch_off).max(0))
    }

    /// A producer's id in words: whose it is, and the how manyeth.
    fn whose(&self, id: i64) -> String {
        let of = |(number, producer): (usize, &Producer)| {
            producer.ids.iter().position(|known| *known == id).map(|nth| format!("producer {number}.{nth}"))
        };
        if id < 0 { "nobody".to_owned() } else { self.producers.iter().enumerate().find_map(of).unwrap() }
    }

    /// Takes a step, with requests of the version that `turn` chooses, and says what came of it.
    pub(super) fn run_in(&mut self, turn: i16, step: &Step) -> String {
        self.asking.turn = turn;
        self.run(step)
    }

    fn run(&mut self, step: &Step) -> String {
        match step {
            Step::InitProducer { number, goes_on } => self.init_producer(*number, *goes_on),
            Step::AddPartitions { who, places } => self.add_partitions(*who, places),
            Step::Produce { who, transactional, claim, place, records } => {
                let who = who.map(|who| (who, *claim, *transactional));
                self.produce(who, *place, *records)
            }
            Step::EndTransaction { who, commits } => self.end_transaction(*who, *commits),
            Step::AddOffsets { who } => self.add_offsets(*who),
            Step::CommitInTransaction { who, place, offset } => {
                self.commit_in_transaction(*who, *place, *offset)
            }
            Step::Commit { place, offset } => self.commit(*place, *offset),
            Step::Committed { stable } => self.committed(*stable),
            Step::DeleteRecords { place, offset } => self.delete_records(*place, *offset),
            Step::ListOffset { place, timestamp, committed } => {
                self.list_offset(*place, *timestamp, *committed)
            }
            Step::Read { place, offset, committed } => self.read(*place, *offset, *committed),
            Step::EpochEnd { place, current, epoch } => self.epoch_end(*place, *current, *epoch),
            Step::DescribeProducers { place } => self.describe_producers(*place),
            Step::DescribeTransaction { number } => self.describe_transaction(*number),
        }
    }

    fn init_producer(&mut self, number: usize, goes_on: bool) -> String {
        let (producer_id, producer_epoch) = match goes_on {
            true => self.stamp(Who { number, epoch_off: 0 }),
            false => (-1, -1),
        };
        let transactional_id = transactional_id(&self.prefix, number);
        let request = InitProducerIdRequest {
            transactional_id,
            transaction_timeout_ms: 60_000,
            producer_id,
            producer_epoch,
        };
        let ask = |asking: &mut Asking| asking.call::<InitProducerId>(&request);
        let answer = self.asking.settled(ask, |answer| answer.error_code);
        if answer.error_code == 0 {
            self.become_next(number, answer.producer_id, answer.producer_epoch);
            self.wait_for_end(number);
        }
        let ids = self.producers[number].ids.len();
        format!("{}, epoch {}, {ids} ids", text(answer.error_code), answer.producer_epoch)
    }

    /// A producer has been told who it is.
    fn become_next(&mut self, number: usize, id: i64, epoch: i16) {
        let producer = &mut self.producers[number];
        if producer.ids.last() != Some(&id) {
            producer.ids.push(id);
        }
        producer.epoch = epoch;
        self.sequences.retain(|(whose, _), _| *whose != number);
    }

    fn add_partitions(&mut self, who: Who, places: &[Place]) -> String {
        let (producer_id, producer_epoch) = self.stamp(who);
        let topics = places
            .iter()
            .map(|place| AddPartitionsToTxnTopic { name: self.topic(*place), partitions: vec![place.1] });
        let request = AddPartitionsToTxnRequest {
            transactional_id: self.id(who.number),
            producer_id,
            producer_epoch,
            topics: merged(topics.collect()),
        };
        let ask = |asking: &mut Asking| asking.call::<AddPartitionsToTxn>(&request);
        let answer = self
            .asking
            .settled(ask, |answer| answer.results_by_topic[0].results_by_partition[0].partition_error_code);
        let mut said: Vec<String> = Vec::new();
        for topic in answer.results_by_topic {
            for result in topic.results_by_partition {
                let code = text(result.partition_error_code);
                said.push(format!("{}-{} {code}", topic.name, result.partition_index));
            }
        }
        said.sort();
        said.join(", ")
    }

    fn produce(&mut self, who: Option<(Who, Claim, bool)>, place: Place, records: Records) -> String {
        let Records { count, timestamp, codec } = records;
        self.append(who, place, count, |stamp, count| {
            let values: Vec<String> = (0..count).map(|number| format!("{timestamp}.{number}")).collect();
            let values: Vec<&[u8]> = values.iter().map(String::as_bytes).collect();
            batch_by(codec, stamp, timestamp, &values)
        })
    }

    /// Appends the batch that `encode` makes, of `count` records or as many as the one before had which is repeated.
    pub(super) fn append(
        &mut self,
        who: Option<(Who, Claim, bool)>,
        place: Place,
        count: i32,
        encode: impl Fn(ProducerStamp, i32) -> Vec<u8>,
    ) -> String {
        let mut taken = None;
        let (stamp, count) = match who {
            None => (ProducerStamp::NONE, count),
            Some((who, claim, transactional)) => {
                let (id, epoch) = self.stamp(who);
                // Kafka holds the first batch of a transaction against the sequences of those that it refused before.
                let is_first = transactional && !self.in_transaction.contains(&(who.number, place));
                let claim = if is_first { Claim::Next } else { claim };
                let sequences = self.sequences.entry((who.number, place)).or_default();
                let (first, count) = sequences.claimed(claim, count);
                taken = Some((who.number, first, matches!(claim, Claim::Repeat(_))));
                let stamp = ProducerStamp {
                    producer_id: ProducerId(id),
                    epoch: ProducerEpoch(epoch),
                    base_sequence: Sequence(first),
                    transactional,
                };
                (stamp, count)
            }
        };
        let records = encode(stamp, count);
        let mut request = produce_request(-1, &self.topic(place), place.1, Some(&records));
        if let Some((who, _, true)) = who {
            request.transactional_id = transactional_id(&self.prefix, who.number);
        }
        let ask = |asking: &mut Asking| {
            asking.call::<Produce>(&request).responses.remove(0).partition_responses.remove(0)
        };
        let answer = self.asking.settled(ask, |answer| answer.error_code);
        if let (0, Some((number, first, false))) = (answer.error_code, taken) {
            self.sequences.entry((number, place)).or_default().0.push((first, count));
            if stamp.transactional {
                self.in_transaction.insert((number, place));
            }
        }
        // Of some refusals Kafka tells the start of the log, too.
        let start = if answer.error_code == 0 { answer.log_start_offset } else { -1 };
        // Of a batch that it has already, Kafka takes the producer's time for that of the log.
        let time = time(if place.0 == STAMPED { answer.log_append_time_ms } else { -1 });
        format!("{} at {} of {time}, start {start}", text(answer.error_code), answer.base_offset)
    }

    fn end_transaction(&mut self, who: Who, commits: bool) -> String {
        let (producer_id, producer_epoch) = self.stamp(who);
        let request = EndTxnRequest {
            transactional_id: self.id(who.number),
            producer_id,
            producer_epoch,
            committed: commits,
        };
        let ask = |asking: &mut Asking| asking.call::<EndTxn>(&request);
        let answer = self.asking.settled(ask, |answer| answer.error_code);
        if answer.producer_id >= 0 {
            self.become_next(who.number, answer.producer_id, answer.producer_epoch);
        }
        if answer.error_code == 0 {
            self.wait_for_end(who.number);
        }
        let ids = self.producers[who.number].ids.len();
        format!("{}, epoch {}, {ids} ids", text(answer.error_code), answer.producer_epoch)
    }

    /// Markers are written after the answer.
    fn wait_for_end(&mut self, number: usize) {
        if transactional_id(&self.prefix, number).is_some() {
            self.in_transaction.retain(|(whose, _)| *whose != number);
            let id = self.id(number);
            let is_ending = |state: &TransactionState| state.transaction_state.starts_with("Prepare");
            self.asking.until_ready(|asking| transaction(asking, &id), is_ending);
        }
    }

    fn add_offsets(&mut self, who: Who) -> String {
        let (producer_id, producer_epoch) = self.stamp(who);
        let request = AddOffsetsToTxnRequest {
            transactional_id: self.id(who.number),
            producer_id,
            producer_epoch,
            group_id: self.group(),
        };
        let ask = |asking: &mut Asking| asking.call::<AddOffsetsToTxn>(&request);
        text(self.asking.settled(ask, |answer| answer.error_code).error_code)
    }

    fn commit_in_transaction(&mut self, who: Who, place: Place, offset: i64) -> String {
        let (producer_id, producer_epoch) = self.stamp(who);
        let partition = TxnOffsetCommitRequestPartition {
            partition_index: place.1,
            committed_offset: offset,
            ..Default::default()
        };
        let topic = TxnOffsetCommitRequestTopic { name: self.topic(place), partitions: vec![partition] };
        let request = TxnOffsetCommitRequest {
            transactional_id: self.id(who.number),
            group_id: self.group(),
            producer_id,
            producer_epoch,
            topics: vec![topic],
            ..Default::default()
        };
        let ask =
            |asking: &mut Asking| asking.call::<TxnOffsetCommit>(&request).topics[0].partitions[0].error_code;
        text(self.asking.settled(ask, |code| *code))
    }

    fn commit(&mut self, place: Place, offset: i64) -> String {
        let partition = OffsetCommitRequestPartition {
            partition_index: place.1,
            committed_offset: offset,
            ..Default::default()
        };
        let topic = OffsetCommitRequestTopic {
            name: self.topic(place),
            partitions: vec![partition],
            ..Default::default()
        };
        let request =
            OffsetCommitRequest { group_id: self.group(), topics: vec![topic], ..Default::default() };
        let ask =
            |asking: &mut Asking| asking.call::<OffsetCommit>(&request).topics[0].partitions[0].error_code;
        text(self.asking.settled(ask, |code| *code))
    }

    fn committed(&mut self, stable: bool) -> String {
        let request = OffsetFetchRequest {
            group_id: self.group(),
            topics: None,
            require_stable: stable,
            ..Default::default()
        };
        let ask = |asking: &mut Asking| asking.call::<OffsetFetch>(&request);
        let answer = self.asking.settled(ask, |answer| answer.error_code);
        let mut said = vec![text(answer.error_code)];
        for topic in answer.topics {
            for found in topic.partitions {
                let code = text(found.error_code);
                said.push(format!(
                    "{}-{} {code} {}",
                    topic.name, found.partition_index, found.committed_offset
                ));
            }
        }
        said.sort();
        said.join(", ")
    }

    fn delete_records(&mut self, place: Place, offset: i64) -> String {
        let partition = DeleteRecordsPartition { partition_index: place.1, offset };
        let topic = DeleteRecordsTopic { name: self.topic(place), partitions: vec![partition] };
        let request = DeleteRecordsRequest { topics: vec![topic], timeout_ms: 10_000 };
        let answer = self.asking.call::<DeleteRecords>(&request).topics.remove(0).partitions.remove(0);
        format!("{}, from {}", text(answer.error_code), answer.low_watermark)
    }

    fn list_offset(&mut self, place: Place, timestamp: i64, committed: bool) -> String {
        let answer = self.look_up(place, timestamp, committed);
        let start = self.look_up(place, EARLIEST, committed).offset;
        let by_time = timestamp == MAX_TIMESTAMP || timestamp >= 0;
        if by_time && start > 0 {
            return "Kafka finds records that are deleted, and does not find others".to_owned();
        }
        // Kafka's last stable offset may be that of the batch of which the log's start is a part.
        let is_stable = timestamp == LATEST && committed;
        let offset = if is_stable { answer.offset.max(start) } else { answer.offset };
        let time = time(answer.timestamp);
        format!("{} {offset} of {time}, epoch {}", text(answer.error_code), answer.leader_epoch)
    }

    pub(super) fn look_up(
        &mut self,
        place: Place,
        timestamp: i64,
        committed: bool,
    ) -> ListOffsetsPartitionResponse {
        let partition =
            ListOffsetsPartition { partition_index: place.1, current_leader_epoch: -1, timestamp };
        let topic = ListOffsetsTopic { name: self.topic(place), partitions: vec![partition] };
        let request = ListOffsetsRequest {
            replica_id: -1,
            isolation_level: i8::from(committed),
            topics: vec![topic],
            ..Default::default()
        };
        self.asking.call::<ListOffsets>(&request).topics.remove(0).partitions.remove(0)
    }

    /// Everything from `offset` on, however many answers that takes: Kafka's may end where it likes.
    fn read(&mut self, place: Place, offset: i64, committed: bool) -> String {
        let answers = self.fetch_all(place, offset, committed);
        let found = &answers[0];
        let mut said = vec![format!(
            "{}, from {} to {}, stable {}",
            text(found.error_code),
            found.log_start_offset,
            found.high_watermark,
            found.last_stable_offset.max(found.log_start_offset)
        )];
        let mut aborted = BTreeSet::new();
        let mut next = offset;
        for found in &answers {
            for transaction in found.aborted_transactions.iter().flatten() {
                aborted.insert((transaction.first_offset, transaction.producer_id));
            }
            each_batch(found, |batch| {
                next = batch.header().next_offset().0;
                said.push(self.words_of(batch));
            });
        }
        // Kafka also tells of some that come later.
        let told = aborted.into_iter().filter(|(first, _)| *first < next);
        said.extend(told.map(|(first, id)| format!("aborted from {first} by {}", self.whose(id))));
        said.join("; ")
    }

    /// The answers to fetches from `offset` on, up to one that has no records.
    fn fetch_all(&mut self, place: Place, offset: i64, committed: bool) -> Vec<PartitionData> {
        let (mut answers, mut next) = (Vec::new(), offset);
        loop {
            let before = next;
            let found = self.fetch(place, next, committed);
            each_batch(&found, |batch| next = batch.header().next_offset().0);
            answers.push(found);
            if next == before {
                return answers;
            }
        }
    }

    fn fetch(&mut self, place: Place, offset: i64, committed: bool) -> PartitionData {
        let partition = FetchPartition {
            partition: place.1,
            fetch_offset: offset,
            partition_max_bytes: 1 << 20,
            ..FetchPartition::default()
        };
        let topic =
            FetchTopic { topic: self.topic(place), partitions: vec![partition], ..FetchTopic::default() };
        let request =
            FetchRequest { isolation_level: i8::from(committed), topics: vec![topic], ..Default::default() };
        self.asking.call::<Fetch>(&request).responses.remove(0).partitions.remove(0)
    }

    /// What a compacted log has: its batches, and the markers of transactions of which something is left. The last marker of
    /// a producer stays longer than with Kafka.
    pub(super) fn read_compacted(&mut self, place: Place) -> Vec<String> {
        let (mut said, mut in_transaction) = (Vec::new(), HashSet::new());
        for found in self.fetch_all(place, 0, false) {
            each_batch(&found, |batch| {
                let (attributes, producer_id) = (batch.header().attributes(), batch.header().producer_id());
                if attributes.is_control() {
                    if !in_transaction.remove(&producer_id) {
                        return;
                    }
                } else if attributes.is_transactional() {
                    in_transaction.insert(producer_id);
                }
                said.push(self.words_of(batch));
            });
        }
        said
    }

    fn words_of(&self, batch: &BatchView<'_>) -> String {
        let header = batch.header();
        let whose = self.whose(header.producer_id().0);
        let range = format!("{}..{}", header.base_offset(), header.next_offset());
        let epoch = header.producer_epoch().0;
        if let Some(control) = batch.control_record().unwrap() {
            return format!("{range} {:?} of {whose} epoch {epoch}", control.marker);
        }
        let mut unpacked = Vec::new();
        let values = batch.unpack(&mut unpacked, 1 << 20).unwrap().map(|record| {
            let record = record.unwrap();
            let shown =
                |bytes: Option<&[u8]>| bytes.map_or("null".into(), String::from_utf8_lossy).into_owned();
            let key = record.key.map_or_else(String::new, |key| format!("{} of ", shown(Some(key))));
            format!("{}: {key}{}={}", record.offset, time(record.timestamp.0), shown(record.value))
        });
        let values: Vec<String> = values.collect();
        let (sequence, leader) = (header.base_sequence().0, header.leader_epoch().0);
        let (attributes, last) = (header.attributes(), time(header.max_timestamp().0));
        let codec = attributes.compression().unwrap();
        let kind = if attributes.is_transactional() { "transactional" } else { "plain" };
        format!(
            "{range} {kind} {codec:?} of {whose} epoch {epoch} sequence {sequence} leader {leader} until {last} {values:?}"
        )
    }

    fn epoch_end(&mut self, place: Place, current: i32, epoch: i32) -> String {
        let partition = OffsetForLeaderPartition {
            partition: place.1,
            current_leader_epoch: current,
            leader_epoch: epoch,
        };
        let topic = OffsetForLeaderTopic { topic: self.topic(place), partitions: vec![partition] };
        let request = OffsetForLeaderEpochRequest { replica_id: -1, topics: vec![topic] };
        let answer = self.asking.call::<OffsetForLeaderEpoch>(&request).topics.remove(0).partitions.remove(0);
        format!("{}, epoch {} ends at {}", text(answer.error_code), answer.leader_epoch, answer.end_offset)
    }

    fn describe_producers(&mut self, place: Place) -> String {
        let topic = TopicRequest { name: self.topic(place), partition_indexes: vec![place.1] };
        let request = DescribeProducersRequest { topics: vec![topic] };
        let answer = self.asking.call::<DescribeProducers>(&request).topics.remove(0).partitions.remove(0);
        let mut said: Vec<String> = Vec::new();
        for state in answer.active_producers {
            let whose = self.whose(state.producer_id);
            said.push(format!(
                "{whose} epoch {} sequence {} transaction from {}",
                state.producer_epoch, state.last_sequence, state.current_txn_start_offset
            ));
        }
        said.sort();
        format!("{}: {}", text(answer.error_code), said.join(", "))
    }

    fn describe_transaction(&mut self, number: usize) -> String {
        let id = self.id(number);
        let state = self.asking.settled(|asking| transaction(asking, &id), |state| state.error_code);
        let mut places: Vec<String> = Vec::new();
        for topic in &state.topics {
            places.extend(topic.partitions.iter().map(|partition| format!("{}-{partition}", topic.topic)));
        }
        places.sort();
        let whose = if state.error_code == 0 { self.whose(state.producer_id) } else { String::new() };
        let (code, state, epoch) = (text(state.error_code), state.transaction_state, state.producer_epoch);
        format!("{code} {state} of {whose} epoch {epoch}: {}", places.join(", "))
    }
}

/// Has `look` called with the batches of an answer.
fn each_batch(found: &PartitionData, mut look: impl FnMut(&BatchView<'_>)) {
    for piece in &found.records.pieces {
        let Piece::Memory(bytes) = piece else { panic!("an answer has no gaps") };
        Batches::new(bytes).for_each(|batch| look(&batch.unwrap()));
    }
}

fn transaction(asking: &mut Asking, id: &str) -> TransactionState {
    let request = DescribeTransactionsRequest { transactional_ids: vec![id.to_owned()] };
    asking.call::<DescribeTransactions>(&request).transaction_states.remove(0)
}

fn name(prefix: &str, topic: usize) -> String {
    format!("{prefix}-topic{topic}")
}

/// Each topic once, with all its partitions.
fn merged(topics: Vec<AddPartitionsToTxnTopic>) -> Vec<AddPartitionsToTxnTopic> {
    let mut merged: Vec<AddPartitionsToTxnTopic> = Vec::new();
    for topic in topics {
        match merged.iter_mut().find(|known| known.name == topic.name) {
            Some(known) => known.partitions.extend(topic.partitions),
            None => merged.push(topic),
        }
    }
    merged
}

fn time(timestamp: i64) -> String {
    if timestamp > LATELY { "lately".to_owned() } else { timestamp.to_string() }
}
