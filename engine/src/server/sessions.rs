//! [`FetchSessions`]: what a shard remembers of its fetchers (KIP-227), so that a request names only what has changed and
//! an answer only what is new.

use std::collections::HashMap;

use super::fetch::Wanted;
use crate::error_code::ErrorCode;
use crate::limits::FETCH_SESSIONS_MAX;
use crate::types::TopicId;
use crate::wire::api::fetch::{FetchRequest, ForgottenTopic};

/// A request without a session, and the end of one.
const FINAL_EPOCH: i32 = -1;

/// The first request of a session.
const INITIAL_EPOCH: i32 = 0;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct FetchSessions {
    sessions: HashMap<i32, Session>,
    uses: u64,
}

#[derive(Debug)]
struct Session {
    /// Epoch that the next request has.
    next_epoch: i32,
    partitions: Vec<Wanted>,
    last_use: u64,
}

/// What a request is about.
#[derive(Debug)]
pub(super) struct Resolved {
    /// The session it belongs to; 0 for none.
    pub(super) session: i32,
    /// Whether partitions with nothing new are left out of the answer.
    pub(super) incremental: bool,
    /// The partitions, in the order in which they are to be read.
    pub(super) partitions: Vec<Wanted>,
}

impl FetchSessions {
    /// Finds or makes the session of a request and brings it up to date.
    pub(super) fn resolve(&mut self, request: FetchRequest) -> Result<Resolved, ErrorCode> {
        self.uses += 1;
        let (id, epoch) = (request.session_id, request.session_epoch);
        if epoch == FINAL_EPOCH || epoch == INITIAL_EPOCH {
            self.sessions.remove(&id);
            let partitions = Wanted::of_all(request.topics);
            let session =
                if epoch == INITIAL_EPOCH && !partitions.is_empty() { self.open(&partitions) } else { 0 };
            return Ok(Resolved { session, incremental: false, partitions });
        }
        let uses = self.uses;
        let session = self.sessions.get_mut(&id).ok_or(ErrorCode::FetchSessionIdNotFound)?;
        if epoch != session.next_epoch {
            return Err(ErrorCode::InvalidFetchSessionEpoch);
        }
        session.next_epoch = if epoch == i32::MAX { 1 } else { epoch + 1 };
        session.last_use = uses;
        session.update(Wanted::of_all(request.topics));
        session.forget(&request.forgotten_topics_data);
        Ok(Resolved { session: id, incremental: true, partitions: session.partitions.clone() })
    }

    fn open(&mut self, partitions: &[Wanted]) -> i32 {
        if self.sessions.len() >= FETCH_SESSIONS_MAX
            && let Some(oldest) =
                self.sessions.iter().min_by_key(|(_, session)| session.last_use).map(|(id, _)| *id)
        {
            self.sessions.remove(&oldest);
        }
        let id = loop {
            // As Kafka's, so that a session of another shard or another run is not taken for one of ours.
            let bytes = uuid::Uuid::new_v4().into_bytes();
            let id = i32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) & i32::MAX;
            if id != 0 && !self.sessions.contains_key(&id) {
                break id;
            }
        };
        let session = Session { next_epoch: 1, partitions: partitions.to_vec(), last_use: self.uses };
        self.sessions.insert(id, session);
        id
    }

    /// Notes what a session's fetcher has been told; partitions that had records go to the end of the line, so that all
    /// have their turn.
    pub(super) fn answered(&mut self, id: i32, told: Vec<Wanted>) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let mut later = Vec::new();
        for wanted in told {
            let Some(place) = session.partitions.iter().position(|known| known.is_same(&wanted)) else {
                continue;
            };
            if wanted.had_records {
                session.partitions.remove(place);
                later.push(wanted);
            } else {
                session.partitions[place] = wanted;
            }
        }
        session.partitions.extend(later);
    }
}

impl Session {
    fn update(&mut self, partitions: Vec<Wanted>) {
        for wanted in partitions {
            match self.partitions.iter_mut().find(|known| known.is_same(&wanted)) {
                Some(known) => {
                    let told = known.told;
                    *known = wanted;
                    known.told = told;
                }
                None => self.partitions.push(wanted),
            }
        }
    }

    fn forget(&mut self, forgotten: &[ForgottenTopic]) {
        for topic in forgotten {
            self.partitions.retain(|known| {
                let same = if topic.topic_id == TopicId::default() {
                    known.topic == topic.topic
                } else {
                    known.topic_id == topic.topic_id
                };
                !(same && topic.partitions.contains(&known.partition))
            });
        }
    }
}
