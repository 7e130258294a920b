//! [`Client`]: a member as consumers are, with what it knows of itself from the answers it got.

use std::collections::BTreeMap;

use crate::broker::group::tests::requests::{identity, joining, sync_request};
use crate::broker::group::{JoinRequest, LeavingMember, MemberIdentity, Response, SyncRequest};
use crate::error_code::ErrorCode;

/// What a member asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Join,
    Sync,
    Heartbeat,
    Commit(i32),
    Leave,
}

/// How far a member is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Outside,
    /// It waits for an answer to that.
    Waiting(Step),
    Joined,
    /// It has these partitions.
    Stable(Vec<i32>),
}

/// See the module.
pub(super) struct Client {
    number: usize,
    state: State,
    member_id: String,
    generation: i32,
    /// Of the leader: everybody.
    members: Vec<String>,
}

impl Client {
    pub(super) fn new(number: usize) -> Client {
        Client {
            number,
            state: State::Outside,
            member_id: String::new(),
            generation: -1,
            members: Vec::new(),
        }
    }

    /// What it asks for next; `None` while it waits.
    pub(super) fn next_step(&mut self, random: &mut fastrand::Rng) -> Option<Step> {
        let step = match &self.state {
            State::Waiting(_) => return None,
            State::Outside => Step::Join,
            State::Joined => Step::Sync,
            State::Stable(partitions) => match (random.choice(partitions), random.u32(..12)) {
                (_, 0) => Step::Leave,
                (_, 1) => Step::Join,
                (Some(partition), 4..) => Step::Commit(*partition),
                _ => Step::Heartbeat,
            },
        };
        if matches!(step, Step::Join | Step::Sync) {
            self.state = State::Waiting(step);
        }
        Some(step)
    }

    pub(super) fn identity(&self) -> MemberIdentity {
        identity(&self.member_id, self.generation)
    }

    pub(super) fn join(&self) -> JoinRequest {
        JoinRequest { member_id: self.member_id.clone(), ..joining(["a", "b", "c"][self.number]) }
    }

    /// The leader gives each member every so many of `partitions`.
    pub(super) fn sync(&self, partitions: i32) -> SyncRequest {
        let count = self.members.len();
        let part = |member: usize| -> String {
            let numbers = (0..partitions).zip((0..count).cycle()).filter(|(_, at)| *at == member);
            numbers.map(|(partition, _)| format!("{partition} ")).collect()
        };
        let parts: Vec<String> = (0..count).map(part).collect();
        let assignments: Vec<(&str, &str)> =
            self.members.iter().zip(&parts).map(|(id, part)| (id.as_str(), part.as_str())).collect();
        sync_request(self.identity(), &assignments)
    }

    pub(super) fn leave(&mut self) -> Vec<LeavingMember> {
        let member_id = std::mem::take(&mut self.member_id);
        self.state = State::Outside;
        vec![LeavingMember { member_id, instance_id: None }]
    }

    /// The server it had asked is gone.
    pub(super) fn ask_again(&mut self) {
        match self.state {
            State::Waiting(Step::Sync) => self.state = State::Joined,
            State::Waiting(_) => self.state = State::Outside,
            _ => {}
        }
    }

    /// The answer to a heartbeat.
    pub(super) fn told(&mut self, error: ErrorCode) {
        match error {
            ErrorCode::None => {}
            ErrorCode::UnknownMemberId => {
                self.member_id.clear();
                self.state = State::Outside;
            }
            _ => self.state = State::Outside,
        }
    }

    /// The answer to a join or a sync. `given` has who was given which partition in which generation: nobody is given what
    /// somebody else has.
    pub(super) fn learn(&mut self, step: Step, response: Response, given: &mut BTreeMap<(i32, i32), String>) {
        assert_eq!(self.state, State::Waiting(step), "an answer that nobody waits for");
        match response {
            Response::Join(joined) if joined.error == ErrorCode::None => {
                self.member_id = joined.member_id;
                self.generation = joined.generation;
                self.members = joined.members.into_iter().map(|member| member.member_id).collect();
                self.state = State::Joined;
            }
            Response::Sync(synced) if synced.error == ErrorCode::None => {
                let text = String::from_utf8(synced.assignment.to_vec()).unwrap();
                let partitions: Vec<i32> =
                    text.split_whitespace().map(|number| number.parse().unwrap()).collect();
                for partition in &partitions {
                    let owner =
                        given.entry((self.generation, *partition)).or_insert_with(|| self.member_id.clone());
                    assert_eq!(owner, &self.member_id, "partition {partition} in {}", self.generation);
                }
                self.state = State::Stable(partitions);
            }
            Response::Join(refused) => self.told(refused.error),
            Response::Sync(refused) => self.told(refused.error),
            other => panic!("{other:?}"),
        }
    }
}
