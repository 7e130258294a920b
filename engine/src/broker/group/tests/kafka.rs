//! Runs recorded from Apache Kafka 4.2's own group coordinator, repeated step by step: every answer and every state
//! must be the same. The sixteen runs were picked out of 4,000 random ones, so that few take as many different
//! transitions as possible. `kafka_traces.txt` explains itself.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::bench::*;
use crate::broker::group::{GroupState, JoinRequest, LeavingMember, Response};
use crate::error_code::ErrorCode;

const TRACES: &str = include_str!("kafka_traces.txt");
const CLIENTS: [&str; 4] = ["a", "b", "c", "d"];

struct Player {
    bench: Bench,
    member_ids: [String; 4],
    generations: [i32; 4],
    /// Joins and syncs without an answer: their numbers in the run.
    open: BTreeMap<Tag, u32>,
    /// Of those, the joins, with their clients.
    joins: BTreeMap<Tag, usize>,
    count: u32,
    /// Acts played in this run.
    acts: u32,
    seen: Vec<String>,
}

impl Player {
    fn new() -> Player {
        Player {
            bench: Bench::with(&[("offsets.retention.check.interval.ms", "1000000000000")]),
            member_ids: Default::default(),
            generations: [-1; 4],
            open: BTreeMap::new(),
            joins: BTreeMap::new(),
            count: 0,
            acts: 0,
            seen: Vec::new(),
        }
    }

    /// Plays an act and returns what followed.
    fn play(&mut self, act: &str) -> Vec<String> {
        self.acts += 1;
        let words: Vec<&str> = act.split(' ').collect();
        let client = CLIENTS.iter().position(|name| *name == words[1]).unwrap_or_default();
        match words[0] {
            "join" => self.join(client, &words[2..]),
            "sync" => self.sync(client),
            "heartbeat" => {
                let error = self.bench.heartbeat(&self.member_ids[client], self.generations[client]);
                self.saw_error(error);
            }
            "commit" => self.commit(client),
            "leave" => self.leave(client, words.contains(&"by-instance")),
            "pass" => self.bench.pass(Duration::from_millis(words[1].parse().unwrap())),
            "log" => self.bench.resume_log(match words[1] {
                "writes" => Log::Writes,
                "hangs" => Log::Hangs,
                _ => Log::Fails(ErrorCode::KafkaStorageError),
            }),
            other => panic!("unknown act {other}"),
        }
        self.see_answers();
        self.see_group();
        std::mem::take(&mut self.seen)
    }

    fn saw_error(&mut self, error: ErrorCode) {
        self.seen.push(format!("  error {}", error.code()));
    }

    fn join(&mut self, client: usize, how: &[&str]) {
        if self.joins.values().any(|waiting| *waiting == client) {
            return self.seen.push("  waits already".to_owned());
        }
        let is = |word: &str| how.contains(&word);
        let request = JoinRequest {
            member_id: if is("as-new") { String::new() } else { self.member_ids[client].clone() },
            instance_id: is("static").then(|| instance(client)),
            protocols: how[0].split(',').map(protocol).collect(),
            member_id_required: is("id-required"),
            skip_assignment_supported: is("may-skip"),
            ..joining(CLIENTS[client])
        };
        let tag = self.bench.join(&request);
        self.joins.insert(tag, client);
        self.opened(tag);
    }

    fn sync(&mut self, client: usize) {
        let member = identity(&self.member_ids[client], self.generations[client]);
        let mut request = sync_request(member, &[]);
        let mut named = BTreeSet::new();
        for (id, name) in self.member_ids.iter().zip(CLIENTS).filter(|(id, _)| named.insert(*id)) {
            let assignment = format!("for-{name}-{}", self.acts);
            request.assignments.push((id.clone(), assignment.into()));
        }
        let tag = self.bench.sync(request);
        self.opened(tag);
    }

    fn opened(&mut self, tag: Tag) {
        self.count += 1;
        self.open.insert(tag, self.count);
    }

    /// Kafka's answer was taken before its record was written: what the log says does not count here.
    fn commit(&mut self, client: usize) {
        let member = identity(&self.member_ids[client], self.generations[client]);
        let tag = self.bench.commit(commit_request(member, &[("orders", 0, 5)]));
        let error = match self.bench.is_waiting(tag) {
            true => ErrorCode::None,
            false => self.bench.offsets_answer(tag).partitions[0].error,
        };
        self.saw_error(if error == ErrorCode::NotCoordinator { ErrorCode::None } else { error });
    }

    fn leave(&mut self, client: usize, by_instance: bool) {
        let member_id = if by_instance { String::new() } else { self.member_ids[client].clone() };
        let leaving = vec![LeavingMember { member_id, instance_id: by_instance.then(|| instance(client)) }];
        let left = self.bench.leave(leaving);
        self.saw_error(left.map_or_else(|error| error, |left| left[0].error));
    }

    fn see_answers(&mut self) {
        let answered: Vec<Tag> =
            self.open.keys().copied().filter(|tag| !self.bench.is_waiting(*tag)).collect();
        for tag in answered {
            let number = self.open.remove(&tag).unwrap();
            match self.bench.answer(tag) {
                Response::Join(joined) => {
                    let members: Vec<&str> =
                        joined.members.iter().map(|member| member.member_id.as_str()).collect();
                    self.seen.push(format!(
                        "  join {number}: {} {} {} {} {} {} [{}]",
                        joined.error.code(),
                        joined.generation,
                        joined.protocol.as_deref().unwrap_or("-"),
                        or_dash(&joined.leader),
                        or_dash(&joined.member_id),
                        if joined.skip_assignment { "skip" } else { "-" },
                        members.join(","),
                    ));
                    let client = self.joins.remove(&tag).unwrap();
                    if matches!(joined.error, ErrorCode::None | ErrorCode::MemberIdRequired) {
                        self.member_ids[client] = joined.member_id;
                        self.generations[client] = joined.generation;
                    }
                }
                Response::Sync(synced) => {
                    let assignment = String::from_utf8(synced.assignment.to_vec()).unwrap();
                    let (error, assignment) = (synced.error.code(), or_dash(&assignment));
                    self.seen.push(format!("  sync {number}: {error} {assignment}"));
                }
                other => panic!("{other:?}"),
            }
        }
    }

    fn see_group(&mut self) {
        let Some(group) = self.bench.coordinator.groups.get(GROUP) else {
            return self.seen.push("  no group".to_owned());
        };
        let members: Vec<&str> = group.members.keys().map(String::as_str).collect();
        self.seen.push(format!(
            "  group {} {} {} [{}] {} {}",
            GroupState::from(group.state),
            group.generation,
            group.leader.as_deref().unwrap_or("null"),
            members.join(","),
            group.pending_join.len(),
            group.pending_sync.len(),
        ));
    }
}

fn or_dash(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}

/// Clients share two instances, so that they fence each other.
fn instance(client: usize) -> String {
    format!("i{}", client % 2)
}

#[test]
fn every_step_is_answered_as_kafka_answered_it() {
    let mut player = Player::new();
    let mut lines = TRACES.lines().enumerate().filter(|(_, line)| !line.starts_with(';')).peekable();
    let mut acts = 0;
    while let Some((number, line)) = lines.next() {
        if line == "run" {
            player = Player::new();
            continue;
        }
        let mut expected = Vec::new();
        while let Some((_, follows)) = lines.next_if(|(_, next)| next.starts_with("  ")) {
            expected.push(follows.to_owned());
        }
        assert_eq!(player.play(line), expected, "line {}: {line}", number + 1);
        acts += 1;
    }
    assert!(acts > 500, "only {acts} acts were read");
}
