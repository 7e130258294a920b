//! Random runs: members that join, sync, commit, fall silent and leave, over a log that hangs and fails. Whatever
//! happens, nobody is answered twice or never, and the log alone brings the same offsets back.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::bench::*;
use crate::broker::group::{GroupState, JoinRequest, LeavingMember, Response, Stability};
use crate::error_code::ErrorCode;

const CLIENTS: [&str; 4] = ["a", "b", "c", "d"];

#[derive(Clone, Debug)]
enum Act {
    Join { client: usize, is_static: bool, id_required: bool },
    Sync(usize),
    Heartbeat(usize),
    Commit { client: usize, partition: i32, offset: i64 },
    Leave(usize),
    Delete,
    Pass(u64),
    Log(Log),
}

fn act() -> impl Strategy<Value = Act> {
    let client = 0..CLIENTS.len();
    prop_oneof![
        6 => (client.clone(), any::<bool>(), any::<bool>())
            .prop_map(|(client, is_static, id_required)| Act::Join { client, is_static, id_required }),
        6 => client.clone().prop_map(Act::Sync),
        2 => client.clone().prop_map(Act::Heartbeat),
        4 => (client.clone(), 0..3, 0..1000_i64)
            .prop_map(|(client, partition, offset)| Act::Commit { client, partition, offset }),
        1 => client.prop_map(Act::Leave),
        1 => Just(Act::Delete),
        3 => (0..30_u64).prop_map(Act::Pass),
        2 => prop_oneof![
            Just(Log::Writes),
            Just(Log::Hangs),
            Just(Log::Fails(ErrorCode::KafkaStorageError)),
        ]
        .prop_map(Act::Log),
    ]
}

/// What the clients know of themselves, from the answers they got.
struct Clients {
    bench: Bench,
    member_ids: [String; 4],
    generation: [i32; 4],
    waiting: BTreeMap<Tag, usize>,
    /// What every run with the same acts must see.
    history: Vec<String>,
    /// Generations that were told of, with their leaders.
    leaders: BTreeSet<(i32, String)>,
}

impl Clients {
    fn new() -> Clients {
        Clients {
            bench: Bench::new(),
            member_ids: Default::default(),
            generation: [-1; 4],
            waiting: BTreeMap::new(),
            history: Vec::new(),
            leaders: BTreeSet::new(),
        }
    }

    fn play(&mut self, act: &Act) {
        match *act {
            Act::Join { client, is_static, id_required } => {
                let request = JoinRequest {
                    member_id: if is_static { String::new() } else { self.member_ids[client].clone() },
                    instance_id: is_static.then(|| CLIENTS[client].to_owned()),
                    member_id_required: id_required,
                    ..joining(CLIENTS[client])
                };
                let tag = self.bench.join(&request);
                self.waiting.insert(tag, client);
            }
            Act::Sync(client) => {
                let member = identity(&self.member_ids[client], self.generation[client]);
                let assignments: Vec<_> = self.member_ids.iter().map(|id| (id.as_str(), "x")).collect();
                let tag = self.bench.sync(sync_request(member, &assignments));
                self.waiting.insert(tag, client);
            }
            Act::Heartbeat(client) => {
                let told = self.bench.heartbeat(&self.member_ids[client], self.generation[client]);
                self.history.push(format!("heartbeat {client}: {told:?}"));
            }
            Act::Commit { client, partition, offset } => {
                let member = identity(&self.member_ids[client], self.generation[client]);
                let tag = self.bench.commit(commit_request(member, &[("orders", partition, offset)]));
                self.waiting.insert(tag, client);
            }
            Act::Leave(client) => {
                let member_id = self.member_ids[client].clone();
                let leaving = vec![LeavingMember { member_id, instance_id: None }];
                let left = self.bench.leave(leaving);
                self.history.push(format!("leave {client}: {left:?}"));
            }
            Act::Delete => {
                let tag = self.bench.delete_group();
                self.waiting.insert(tag, 0);
            }
            Act::Pass(count) => self.bench.pass(seconds(count)),
            Act::Log(log) => self.bench.resume_log(log),
        }
        self.learn();
    }

    /// Takes the answers that have come.
    fn learn(&mut self) {
        let answered: Vec<Tag> =
            self.waiting.keys().copied().filter(|tag| !self.bench.is_waiting(*tag)).collect();
        for tag in answered {
            let client = self.waiting.remove(&tag).unwrap();
            let answer = self.bench.answer(tag);
            self.history.push(format!("{tag} of {client}: {answer:?}"));
            if let Response::Join(joined) = answer
                && matches!(joined.error, ErrorCode::None | ErrorCode::MemberIdRequired)
            {
                self.member_ids[client] = joined.member_id;
                self.generation[client] = joined.generation;
                if joined.error == ErrorCode::None {
                    self.leaders.insert((joined.generation, joined.leader));
                }
            }
        }
    }
}

fn play(acts: &[Act]) -> Clients {
    let mut clients = Clients::new();
    for act in acts {
        clients.play(act);
    }
    clients
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_request_is_answered_once_the_log_works_and_time_passes(acts in prop::collection::vec(act(), 1..80)) {
        let mut clients = play(&acts);
        clients.bench.resume_log(Log::Writes);
        // Longer than any timeout of a member, shorter than offsets live.
        clients.bench.pass(seconds(3600));
        clients.learn();
        prop_assert!(clients.waiting.is_empty(), "{:?}", clients.waiting);
        prop_assert!(matches!(clients.bench.state(), None | Some(GroupState::Empty)));
    }

    #[test]
    fn the_log_alone_brings_back_the_offsets_that_were_seen(acts in prop::collection::vec(act(), 1..80)) {
        let mut clients = play(&acts);
        clients.bench.resume_log(Log::Writes);
        let before = clients.bench.coordinator.fetch_all_offsets(GROUP, Stability::Required);
        prop_assert!(before.iter().all(|fetched| fetched.error == ErrorCode::None));
        clients.bench.restart();
        let after = clients.bench.coordinator.fetch_all_offsets(GROUP, Stability::Required);
        prop_assert_eq!(before, after);
    }

    #[test]
    fn a_stable_group_comes_back_with_the_same_members(acts in prop::collection::vec(act(), 1..80)) {
        let mut clients = play(&acts);
        clients.bench.resume_log(Log::Writes);
        let before = clients.bench.coordinator.describe(GROUP);
        if let Some(before) = before.filter(|group| group.state == GroupState::Stable) {
            clients.bench.restart();
            let after = clients.bench.coordinator.describe(GROUP);
            prop_assert_eq!(Some(before), after);
        }
    }

    #[test]
    fn a_generation_has_one_leader(acts in prop::collection::vec(act(), 1..80)) {
        // A static leader that comes back leads under its new id; generations start anew after a deletion.
        let plain = |act: &Act| !matches!(act, Act::Delete | Act::Join { is_static: true, .. });
        let clients = play(&acts.into_iter().filter(plain).collect::<Vec<_>>());
        let generations: BTreeSet<i32> = clients.leaders.iter().map(|(generation, _)| *generation).collect();
        prop_assert_eq!(generations.len(), clients.leaders.len(), "{:?}", clients.leaders);
    }

    #[test]
    fn the_same_acts_lead_to_the_same_history(acts in prop::collection::vec(act(), 1..80)) {
        let (once, again) = (play(&acts), play(&acts));
        prop_assert_eq!(once.history, again.history);
        prop_assert_eq!(once.bench.records, again.bench.records);
    }
}
