//! [`FetchSessions`]: what a shard remembers of its fetchers (KIP-227), so that a request names only what has changed and
//! an answer only what is new.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use super::wanted::{PartitionKey, Wanted, forgotten};
use crate::error_code::ErrorCode;
use crate::limits::FETCH_SESSIONS_MAX;
use crate::wire::api::fetch::FetchRequest;

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
    /// Its requests give the ids of topics, not their names.
    by_id: bool,
    partitions: Vec<Wanted>,
    last_use: u64,
}

/// What a request is about.
#[derive(Debug)]
pub(super) struct Resolved {
    /// The session it belongs to; 0 for none.
    pub(super) session: i32,
    /// Its epoch there.
    pub(super) epoch: i32,
    /// Whether partitions with nothing new are left out of the answer.
    pub(super) incremental: bool,
    /// The partitions, in the order in which they are to be read.
    pub(super) partitions: Vec<Wanted>,
}

impl FetchSessions {
    /// Finds or makes the session of a request, which gives the ids of topics or their names, and brings it up to date.
    pub(super) fn resolve(&mut self, request: FetchRequest, by_id: bool) -> Result<Resolved, ErrorCode> {
        self.uses += 1;
        let (id, epoch) = (request.session_id, request.session_epoch);
        let asked = Wanted::of_all(request.topics, by_id);
        if epoch == FINAL_EPOCH || epoch == INITIAL_EPOCH {
            self.sessions.remove(&id);
            let session = if epoch == INITIAL_EPOCH { self.open(by_id, &asked) } else { 0 };
            return Ok(Resolved { session, epoch, incremental: false, partitions: asked });
        }
        let session = self.sessions.get_mut(&id).ok_or(ErrorCode::FetchSessionIdNotFound)?;
        if epoch != session.next_epoch {
            return Err(ErrorCode::InvalidFetchSessionEpoch);
        }
        if by_id != session.by_id {
            return Err(ErrorCode::FetchSessionTopicIdError);
        }
        session.next_epoch = after(epoch);
        session.last_use = self.uses;
        session.update(asked);
        session.forget(&forgotten(request.forgotten_topics_data, by_id));
        if session.partitions.is_empty() {
            // As in Kafka: with nothing to remember it is over.
            self.sessions.remove(&id);
            return Ok(Resolved { session: 0, epoch, incremental: false, partitions: Vec::new() });
        }
        Ok(Resolved { session: id, epoch, incremental: true, partitions: session.partitions.clone() })
    }

    fn open(&mut self, by_id: bool, partitions: &[Wanted]) -> i32 {
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
        let (next_epoch, partitions) = (after(INITIAL_EPOCH), partitions.to_vec());
        self.sessions.insert(id, Session { next_epoch, by_id, partitions, last_use: self.uses });
        id
    }

    /// Notes what a session's fetcher has been told in the answer to a request. Once the session goes on, partitions that
    /// had records go to the end of the line, so that all have their turn.
    pub(super) fn answered(&mut self, id: i32, epoch: i32, told: Vec<Wanted>) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        if session.next_epoch != after(epoch) {
            // The next request has come already: its fetcher is told once more.
            return;
        }
        session.partitions = told;
        if epoch != INITIAL_EPOCH {
            session.partitions.sort_by_key(|wanted| wanted.had_records);
        }
    }
}

/// Epoch of the request that follows one.
fn after(epoch: i32) -> i32 {
    if epoch == i32::MAX { 1 } else { epoch + 1 }
}

impl Session {
    /// Takes up what a request asks; what is new goes to the end of the line.
    fn update(&mut self, asked: Vec<Wanted>) {
        if asked.is_empty() {
            return;
        }
        let mut places: HashMap<PartitionKey, usize> =
            self.partitions.iter().enumerate().map(|(place, known)| (known.key(), place)).collect();
        for wanted in asked {
            match places.entry(wanted.key()) {
                Entry::Occupied(place) => {
                    let known = &mut self.partitions[*place.get()];
                    *known = Wanted { told: known.told, ..wanted };
                }
                Entry::Vacant(place) => {
                    place.insert(self.partitions.len());
                    self.partitions.push(wanted);
                }
            }
        }
    }

    fn forget(&mut self, forgotten: &HashSet<PartitionKey>) {
        if !forgotten.is_empty() {
            self.partitions.retain(|known| !forgotten.contains(&known.key()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::TopicId;
    use crate::wire::api::fetch::{FetchPartition, FetchTopic, ForgottenTopic};

    /// A request for partitions of the topic `t`.
    fn request(session_id: i32, session_epoch: i32, partitions: &[i32]) -> FetchRequest {
        let partition = |partition: &i32| FetchPartition { partition: *partition, ..Default::default() };
        let partitions = partitions.iter().map(partition).collect();
        let topic = FetchTopic { topic: "t".to_owned(), topic_id: TopicId([1; 16]), partitions };
        FetchRequest { session_id, session_epoch, topics: vec![topic], ..FetchRequest::default() }
    }

    fn forgetting(mut request: FetchRequest, partitions: &[i32]) -> FetchRequest {
        let partitions = partitions.to_vec();
        let topic = ForgottenTopic { topic: "t".to_owned(), topic_id: TopicId([1; 16]), partitions };
        request.forgotten_topics_data.push(topic);
        request
    }

    fn numbers(resolved: &Resolved) -> Vec<i32> {
        resolved.partitions.iter().map(|wanted| wanted.partition).collect()
    }

    #[test]
    fn a_request_names_what_is_new_and_all_that_is_known_is_read() {
        let mut sessions = FetchSessions::default();
        let first = sessions.resolve(request(0, 0, &[0, 1]), false).unwrap();
        let next = sessions.resolve(request(first.session, 1, &[2, 1, 2]), false).unwrap();
        assert_eq!((numbers(&next), next.incremental), (vec![0, 1, 2], true));
        let next = sessions.resolve(forgetting(request(first.session, 2, &[]), &[0, 7]), false).unwrap();
        assert_eq!(numbers(&next), [1, 2]);
        let last = sessions.resolve(forgetting(request(first.session, 3, &[]), &[1, 2]), false).unwrap();
        assert_eq!((last.session, last.incremental), (0, false));
        let gone = sessions.resolve(request(first.session, 4, &[]), false).unwrap_err();
        assert_eq!(gone, ErrorCode::FetchSessionIdNotFound);
    }

    #[test]
    fn who_had_records_waits_for_the_others() {
        let mut sessions = FetchSessions::default();
        let mut first = sessions.resolve(request(0, 0, &[0, 1, 2]), false).unwrap();
        first.partitions[0].had_records = true;
        sessions.answered(first.session, first.epoch, first.partitions);
        let mut second = sessions.resolve(request(first.session, 1, &[]), false).unwrap();
        assert_eq!(numbers(&second), [0, 1, 2], "the first answer was in the order of the request");
        second.partitions[1].had_records = true;
        second.partitions[0].told = Some([5, 5, 0]);
        sessions.answered(first.session, second.epoch, second.partitions);
        let third = sessions.resolve(request(first.session, 2, &[0]), false).unwrap();
        assert_eq!(numbers(&third), [2, 0, 1]);
        assert_eq!(third.partitions[1].told, Some([5, 5, 0]), "what it was told it knows");
    }

    #[test]
    fn an_answer_that_the_next_request_has_overtaken_changes_nothing() {
        let mut sessions = FetchSessions::default();
        let first = sessions.resolve(request(0, 0, &[0]), false).unwrap();
        sessions.resolve(request(first.session, 1, &[1]), false).unwrap();
        sessions.answered(first.session, first.epoch, first.partitions);
        let third = sessions.resolve(request(first.session, 2, &[]), false).unwrap();
        assert_eq!(numbers(&third), [0, 1]);
    }

    #[test]
    fn a_session_goes_on_as_it_began() {
        let mut sessions = FetchSessions::default();
        let session = sessions.resolve(request(0, 0, &[0]), true).unwrap().session;
        let late = sessions.resolve(request(session, 2, &[]), true).unwrap_err();
        assert_eq!(late, ErrorCode::InvalidFetchSessionEpoch);
        let by_name = sessions.resolve(request(session, 1, &[]), false).unwrap_err();
        assert_eq!(by_name, ErrorCode::FetchSessionTopicIdError);
        assert_eq!(sessions.resolve(request(session, 1, &[]), true).unwrap().session, session);
    }
}
