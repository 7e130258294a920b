//! [`Client`]: a producer of transactions as Kafka's clients are: it asks again where it is told to, commits only what was
//! acknowledged whole, and gives up what was not.

use bytes::BytesMut;

use super::{
    Answer, BatchBuilder, BufferPool, Compression, Duration, ErrorCode, Model, PARTITIONS, ProducerStamp,
    RecordData, Response, SealedBatch, Sequence, Timestamp, TransactionEnd, TransactionVersion,
};
use crate::broker::transaction::{InitRequest, ProducerSession};
use crate::types::{ProducerEpoch, ProducerId};

/// Something that a producer waits for.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Init,
    Add(Vec<usize>),
    Send { slot: usize, value: String, transaction: usize },
    End(TransactionEnd),
}

/// Where it stands.
#[derive(Debug)]
enum Phase {
    /// It has no id, or has been fenced.
    Out,
    Ready,
    Open {
        transaction: usize,
        slots: Vec<usize>,
        has_failed: bool,
    },
    Ending {
        transaction: usize,
        end: TransactionEnd,
        has_failed: bool,
    },
}

#[derive(Debug)]
pub(super) struct Client {
    id: String,
    /// How its present process ends transactions.
    pub(super) version: TransactionVersion,
    session: Option<ProducerSession>,
    phase: Phase,
    /// Requests without an answer.
    waits_for: usize,
    /// Of the next batch to each partition, in this epoch.
    sequences: [i32; PARTITIONS],
}

impl Client {
    pub(super) fn new(id: String) -> Client {
        let (version, phase) = (TransactionVersion::V0, Phase::Out);
        Client { id, version, session: None, phase, waits_for: 0, sequences: [0; PARTITIONS] }
    }

    pub(super) fn init(&self) -> InitRequest {
        InitRequest { transactional_id: self.id.clone(), timeout: Duration::from_secs(60), current: None }
    }

    pub(super) fn session(&self) -> ProducerSession {
        self.session.clone().unwrap()
    }

    /// A batch as it comes over a network.
    pub(super) fn batch(&mut self, slot: usize, value: &str) -> SealedBatch {
        let session = self.session();
        let base_sequence = Sequence(self.sequences[slot]);
        self.sequences[slot] += 1;
        let mut builder = BatchBuilder::new(BufferPool::new(0).take(256), Compression::None);
        let value = Some(value.as_bytes());
        builder
            .append(&RecordData { timestamp: Timestamp(1), key: Some(b"k"), value, headers: &[] })
            .unwrap();
        let stamp = ProducerStamp {
            producer_id: session.producer_id,
            epoch: session.epoch,
            base_sequence,
            transactional: true,
        };
        let batch = builder.seal(stamp, None).unwrap();
        SealedBatch::from_wire(BytesMut::from(batch.view().bytes())).unwrap()
    }

    /// What it does next; `None` when it waits.
    pub(super) fn next_step(&mut self, random: &mut fastrand::Rng, model: &mut Model) -> Option<Step> {
        if random.u32(..60) == 0 {
            // Its process has ended: a new one of the same name begins, whatever the old one still waits for.
            (self.phase, self.session, self.waits_for) = (Phase::Out, None, 0);
            self.version =
                random.choice([TransactionVersion::V0, TransactionVersion::V2]).unwrap_or_default();
        }
        let is_open = matches!(self.phase, Phase::Open { .. });
        if self.waits_for > 0 && !(is_open && self.waits_for < 3) {
            return None;
        }
        let step = match &mut self.phase {
            Phase::Out => Step::Init,
            Phase::Ready => {
                let mut slots: Vec<usize> = (0..PARTITIONS).filter(|_| random.bool()).collect();
                if slots.is_empty() {
                    slots.push(0);
                }
                Step::Add(slots)
            }
            Phase::Open { transaction, slots, has_failed } => {
                let (transaction, has_failed) = (*transaction, *has_failed);
                if !has_failed && random.u32(..3) > 0 {
                    let slot = random.choice(slots.iter().copied()).unwrap_or_default();
                    Step::Send { slot, value: model.send(transaction, slot), transaction }
                } else if self.waits_for > 0 {
                    return None;
                } else {
                    let aborts = has_failed || random.u32(..3) == 0;
                    let end = if aborts { TransactionEnd::Abort } else { TransactionEnd::Commit };
                    model.ask(transaction, end);
                    self.phase = Phase::Ending { transaction, end, has_failed };
                    Step::End(end)
                }
            }
            Phase::Ending { end, .. } => Step::End(*end),
        };
        self.waits_for += 1;
        Some(step)
    }

    /// An answer has come; one to an earlier process of this name is nobody's.
    pub(super) fn learn(&mut self, step: &Step, answer: Answer, model: &mut Model) {
        if self.waits_for == 0 {
            return;
        }
        self.waits_for -= 1;
        match (step, answer) {
            (Step::Init, Answer::Coordinator(Response::Producer(Ok((producer_id, epoch))))) => {
                if matches!(self.phase, Phase::Out) {
                    let transactional_id = self.id.clone();
                    self.session = Some(ProducerSession { transactional_id, producer_id, epoch });
                    self.phase = Phase::Ready;
                    self.sequences = [0; PARTITIONS];
                }
            }
            (Step::Add(slots), Answer::Coordinator(Response::Done(ErrorCode::None))) => {
                if matches!(self.phase, Phase::Ready) {
                    let (transaction, slots) = (model.begin(), slots.clone());
                    self.phase = Phase::Open { transaction, slots, has_failed: false };
                }
            }
            (Step::Send { value, transaction, .. }, Answer::Written(Ok(()))) => {
                model.acknowledge(*transaction, value);
            }
            (Step::Send { transaction, .. }, Answer::Written(Err(_))) => self.fail(*transaction),
            (Step::End(_), Answer::Coordinator(Response::Producer(ended))) => self.ended(ended, model),
            (Step::Add(_), Answer::Coordinator(Response::Done(code))) if is_fenced(code) => self.leave(),
            // It asks again.
            _ => {}
        }
    }

    fn ended(&mut self, ended: Result<(ProducerId, ProducerEpoch), ErrorCode>, model: &mut Model) {
        let Phase::Ending { transaction, has_failed, .. } = self.phase else { return };
        match ended {
            Ok((producer_id, epoch)) => {
                model.answer(transaction);
                self.phase = Phase::Ready;
                if self.version == TransactionVersion::V2 {
                    let transactional_id = self.id.clone();
                    self.session = Some(ProducerSession { transactional_id, producer_id, epoch });
                    self.sequences = [0; PARTITIONS];
                } else if has_failed {
                    // What it has given up may still arrive: it needs a new epoch, whose batches count from 0 (KIP-360).
                    self.leave();
                }
            }
            Err(code) if is_fenced(code) => self.leave(),
            // Aborted by its time, or by a successor that has gone since.
            Err(ErrorCode::InvalidTxnState) => self.leave(),
            Err(_) => {}
        }
    }

    fn leave(&mut self) {
        (self.phase, self.session) = (Phase::Out, None);
    }

    fn fail(&mut self, of: usize) {
        match &mut self.phase {
            Phase::Open { transaction, has_failed, .. } if *transaction == of => *has_failed = true,
            _ => {}
        }
    }

    /// There will be no answer: whoever was asked has ended.
    pub(super) fn hears_nothing(&mut self, step: &Step) {
        if self.waits_for == 0 {
            return;
        }
        self.waits_for -= 1;
        if let Step::Send { transaction, .. } = step {
            self.fail(*transaction);
        }
    }
}

/// Whether somebody else has the id.
fn is_fenced(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::ProducerFenced | ErrorCode::InvalidProducerIdMapping)
}
