//! Produce: hands the client's own batches, cut out of what was received and never copied or encoded again, to the shards of
//! their partitions.

mod joining;

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use parking_lot::Mutex;

use self::joining::Joining;
use crate::broker::{Topic, produce_error_code};
use crate::error_code::ErrorCode;
use crate::log::AppendError;
use crate::record::{BatchError, Compression, SealedBatch};
use crate::server::call::{Call, Operation, Resource};
use crate::server::inbox::Reply;
use crate::server::reactor::Reactor;
use crate::server::shared::Shared;
use crate::shard::{Append, Appended, Partition, ProduceError, ProduceFailure, Reply as AppendReply};
use crate::types::{Acks, PartitionIndex};
use crate::wire::api::produce::{
    PartitionProduceResponse, Produce, ProduceRequest, ProduceResponse, TopicProduceResponse,
};

/// First version that may carry records packed with zstd (KIP-110).
const ZSTD_SINCE: i16 = 7;

/// First version whose senders can abort a transaction that is refused, and go on (KIP-890).
const ABORTABLE_SINCE: i16 = 11;

/// First version whose senders leave it to this request to make partitions part of a transaction (KIP-890).
const JOINS_SINCE: i16 = 12;

/// A partition of a request: which one, and where its records lie in what was received.
struct Part {
    topic: usize,
    place: usize,
    index: i32,
    records: Option<(usize, usize)>,
}

pub(in crate::server) fn handle(
    reactor: &mut Reactor,
    call: &Call,
    request: ProduceRequest,
    frame: Bytes,
    reply: Reply<Produce>,
) {
    let acks = acks_of(request.acks);
    let (version, connection) = (reply.version(), reply.request.connection);
    let transactional_id = request.transactional_id.clone();
    let may_transact = transactional_id
        .as_ref()
        .is_some_and(|id| call.allows(Operation::Write, Resource::TransactionalId(id)));
    let sender = Sender { version, may_transact };
    let mut joining = transactional_id
        .filter(|_| may_transact && version >= JOINS_SINCE)
        .map(|id| Joining::new(id, reactor.now, sender));
    let (answer, topics, parts) = outline(call, request, &frame);
    let silent = acks == Ok(Acks::None);
    let answers = Answers::new(Arc::clone(&call.shared), reply, answer, parts.len(), silent);
    // The request's own slices are gone, so that this is the only one left and its bytes may be changed.
    let mut cutter = Cutter::new(frame);
    for part in parts {
        let slot = Slot { answers: Arc::clone(&answers), topic: part.topic, place: part.place };
        let admitted = acks.and_then(|acks| {
            let topic = topics[part.topic].as_ref().map_err(|error| *error)?;
            let partition = partition_of(topic, part.index)?;
            let batch = batch_of(part.records, &mut cutter, sender)?;
            Ok((partition, batch, acks))
        });
        match admitted {
            Ok((partition, batch, acks)) => {
                let fit = Fit { partition, batch, acks, slot };
                match &mut joining {
                    Some(joining) if fit.has_to_join() => joining.add(fit),
                    _ => {
                        let (partition, append) = fit.into_append(reactor.now, sender);
                        reactor.append(partition, append);
                    }
                }
            }
            Err(Unfit { code, text }) => slot.refuse(code, text),
        }
    }
    if let Some(joining) = joining.filter(|joining| !joining.is_empty()) {
        // What follows may be for the same partitions and has to come behind.
        reactor.take_nothing_else(connection);
        let shared = Arc::clone(&call.shared);
        call.shared.offload.run(move || joining.run(&shared.broker));
    }
}

/// What of a request concerns all its batches.
#[derive(Clone, Copy)]
struct Sender {
    version: i16,
    /// It names a transactional id, and may use it.
    may_transact: bool,
}

/// A partition's records that can be handed over.
struct Fit {
    partition: Arc<Partition>,
    batch: SealedBatch,
    acks: Acks,
    slot: Slot,
}

impl Fit {
    /// Whether it is of a transaction that the partition is not part of.
    fn has_to_join(&self) -> bool {
        let header = self.batch.header();
        header.attributes().is_transactional()
            && !self.partition.takes_transaction(header.producer_id(), header.producer_epoch())
    }

    fn into_append(self, since: Duration, sender: Sender) -> (Arc<Partition>, Append) {
        let Fit { partition, batch, acks, slot } = self;
        let records = usize::try_from(batch.header().records_count.get()).unwrap_or(0);
        let reply = slot.into_reply(sender.version, records, batch.size());
        (partition, Append { batch, acks, since, reply })
    }
}

/// Why a partition's records are not even handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Unfit {
    code: ErrorCode,
    text: Option<&'static str>,
}

impl From<ErrorCode> for Unfit {
    fn from(code: ErrorCode) -> Unfit {
        Unfit { code, text: None }
    }
}

fn acks_of(acks: i16) -> Result<Acks, Unfit> {
    match acks {
        0 => Ok(Acks::None),
        1 => Ok(Acks::Written),
        -1 => Ok(Acks::Durable),
        _ => Err(ErrorCode::InvalidRequiredAcks.into()),
    }
}

type Topics = Vec<Result<Arc<Topic>, Unfit>>;

/// The answer with a place for each partition, the topics, and what is to be done.
fn outline(call: &Call, request: ProduceRequest, frame: &Bytes) -> (ProduceResponse, Topics, Vec<Part>) {
    let mut answer = ProduceResponse::default();
    let mut topics = Vec::with_capacity(request.topic_data.len());
    let mut parts = Vec::new();
    for (number, of_topic) in request.topic_data.into_iter().enumerate() {
        let found = if of_topic.name.is_empty() {
            call.broker().topic_by_id(of_topic.topic_id).ok_or(ErrorCode::UnknownTopicId)
        } else {
            call.broker().topic(&of_topic.name).ok_or(ErrorCode::UnknownTopicOrPartition)
        };
        topics.push(found.map_err(Unfit::from).and_then(|topic| check_topic(call, topic)));
        let mut partitions = Vec::with_capacity(of_topic.partition_data.len());
        for (place, partition) in of_topic.partition_data.into_iter().enumerate() {
            let index = partition.index;
            let records = partition
                .records
                .map(|records| (records.as_ptr().addr() - frame.as_ptr().addr(), records.len()));
            parts.push(Part { topic: number, place, index, records });
            partitions.push(PartitionProduceResponse { index, ..PartitionProduceResponse::default() });
        }
        answer.responses.push(TopicProduceResponse {
            name: of_topic.name,
            topic_id: of_topic.topic_id,
            partition_responses: partitions,
        });
    }
    (answer, topics, parts)
}

fn check_topic(call: &Call, topic: Arc<Topic>) -> Result<Arc<Topic>, Unfit> {
    if !call.allows(Operation::Write, Resource::Topic(topic.name().as_str())) {
        return Err(ErrorCode::TopicAuthorizationFailed.into());
    }
    if topic.name().is_internal() {
        return Err(ErrorCode::InvalidTopicException.into());
    }
    Ok(topic)
}

fn partition_of(topic: &Topic, index: i32) -> Result<Arc<Partition>, Unfit> {
    match topic.partition(PartitionIndex(index)) {
        None => Err(ErrorCode::UnknownTopicOrPartition.into()),
        Some(Err(_)) => Err(ErrorCode::KafkaStorageError.into()),
        Some(Ok(partition)) => Ok(partition),
    }
}

fn batch_of(
    records: Option<(usize, usize)>,
    cutter: &mut Cutter,
    sender: Sender,
) -> Result<SealedBatch, Unfit> {
    let Some((start, size)) = records else {
        return Err(Unfit { code: ErrorCode::InvalidRecord, text: Some("there is no record batch") });
    };
    let batch = SealedBatch::from_wire(cutter.cut(start, size)).map_err(|error| refusal_of(&error))?;
    let attributes = batch.header().attributes();
    if attributes.is_transactional() && !sender.may_transact {
        let text = "records of a transaction need the transactional id of their producer";
        return Err(Unfit { code: ErrorCode::TransactionalIdAuthorizationFailed, text: Some(text) });
    }
    if sender.version < ZSTD_SINCE && attributes.compression() == Ok(Compression::Zstd) {
        let text = "records packed with zstd need version 7 of Produce";
        return Err(Unfit { code: ErrorCode::UnsupportedCompressionType, text: Some(text) });
    }
    Ok(batch)
}

fn refusal_of(error: &BatchError) -> Unfit {
    match error {
        BatchError::Magic(_) => {
            let text = "message formats 0 and 1 are not supported any more";
            Unfit { code: ErrorCode::InvalidRecord, text: Some(text) }
        }
        BatchError::Inconsistent(text) => Unfit { code: ErrorCode::InvalidRecord, text: Some(text) },
        BatchError::Crc { .. } => {
            Unfit { code: ErrorCode::CorruptMessage, text: Some("the checksum of the batch is wrong") }
        }
        _ => Unfit { code: ErrorCode::CorruptMessage, text: Some("the record batch is cut short") },
    }
}

/// What a client of this version is told.
fn code_of(error: &ProduceError, version: i16) -> ErrorCode {
    match (error, produce_error_code(error)) {
        (ProduceError::Refused(AppendError::NotInTransaction(_)), _) if version >= ABORTABLE_SINCE => {
            ErrorCode::TransactionAbortable
        }
        // A client knows nothing of this process's end; another attempt is what it should make.
        (_, code) if code.is_local() => ErrorCode::NotLeaderOrFollower,
        (_, code) => code,
    }
}

/// Cuts batches out of a frame, front to back, without copying: each piece is its owner's to change.
struct Cutter {
    rest: BytesMut,
    /// Where `rest` starts in the frame.
    start: usize,
}

impl Cutter {
    fn new(frame: Bytes) -> Cutter {
        // Somebody else may only hold it by mistake; then a copy is as good.
        let rest = frame.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&shared[..]));
        Cutter { rest, start: 0 }
    }

    fn cut(&mut self, start: usize, size: usize) -> BytesMut {
        drop(self.rest.split_to(start - self.start));
        self.start = start + size;
        self.rest.split_to(size)
    }
}

/// The answer that is being filled in by the shards.
struct Answers {
    shared: Arc<Shared>,
    state: Mutex<Filling>,
    silent: bool,
}

struct Filling {
    reply: Option<Reply<Produce>>,
    response: ProduceResponse,
    left: usize,
    failed: bool,
}

impl Answers {
    fn new(
        shared: Arc<Shared>,
        reply: Reply<Produce>,
        response: ProduceResponse,
        left: usize,
        silent: bool,
    ) -> Arc<Answers> {
        let state = Mutex::new(Filling { reply: Some(reply), response, left, failed: false });
        let answers = Answers { shared, state, silent };
        if left == 0 {
            answers.send(&mut answers.state.lock());
        }
        Arc::new(answers)
    }

    fn fill(&self, topic: usize, place: usize, fill: impl FnOnce(&mut PartitionProduceResponse)) {
        let mut state = self.state.lock();
        let of_topic = state.response.responses.get_mut(topic);
        if let Some(answer) = of_topic.and_then(|topic| topic.partition_responses.get_mut(place)) {
            fill(answer);
            state.failed |= answer_failed(&state.response, topic, place);
        }
        state.left -= 1;
        if state.left == 0 {
            self.send(&mut state);
        }
    }

    fn send(&self, state: &mut Filling) {
        let Some(reply) = state.reply.take() else { return };
        match (self.silent, state.failed) {
            (false, _) => reply.send(&state.response),
            (true, false) => reply.stay_silent(),
            // As Kafka does: it is the only way to tell a producer that wants no answers.
            (true, true) => reply.close("a batch with acks=0 was refused"),
        }
    }
}

fn answer_failed(response: &ProduceResponse, topic: usize, place: usize) -> bool {
    response.responses[topic].partition_responses[place].error_code != ErrorCode::None.code()
}

/// One partition's place in an answer.
struct Slot {
    answers: Arc<Answers>,
    topic: usize,
    place: usize,
}

impl Slot {
    fn refuse(self, code: ErrorCode, text: Option<&str>) {
        self.answers.shared.metrics.failed_produces.add(1);
        self.answers.fill(self.topic, self.place, |answer| {
            answer.error_code = code.code();
            answer.base_offset = -1;
            answer.error_message = text.map(str::to_owned);
        });
    }

    fn into_reply(self, version: i16, records: usize, bytes: usize) -> AppendReply {
        AppendReply::new(Box::new(move |result: Result<Appended, ProduceFailure>| match result {
            Ok(appended) => {
                self.answers.shared.metrics.messages_in.add(records);
                self.answers.shared.metrics.bytes_in.add(bytes);
                self.answers.fill(self.topic, self.place, |answer| {
                    answer.base_offset = appended.base_offset.0;
                    answer.log_append_time_ms = appended.append_time.0;
                    answer.log_start_offset = appended.log_start.0;
                });
            }
            Err(failure) => {
                self.refuse(code_of(&failure.error, version), Some(&failure.error.to_string()));
            }
        }))
    }
}
