//! [`Crowd`]: a group whose members wait for each other, each at a connection of its own, and what came to whom in words.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tidelog::wire::api::join_group::{JoinGroup, JoinGroupResponse};
use tidelog::wire::api::sync_group::{SyncGroup, SyncGroupResponse};

use super::super::raw::RawClient;
use super::asking::version;
use super::members::{self, Members, Named, Step, synced};

/// Members of a history.
const MEMBERS: usize = 3;
/// A group waits for members until they come: only they move it.
const REBALANCE_TIMEOUT_MS: i32 = 50_000;
/// When nobody is answered for so long at either broker, nobody will be.
const QUIET: Duration = Duration::from_millis(20);
/// When only one broker answers somebody, the other may still do so.
const PATIENCE: Duration = Duration::from_secs(2);

/// The steps that `random` draws.
pub(super) fn draw(random: &mut fastrand::Rng, _: i64) -> Step {
    let member = random.usize(..MEMBERS);
    let named = match random.u8(..20) {
        0 => Named::Nobody,
        1 => Named::Ghost,
        _ => Named::AsBefore,
    };
    let generation_off = if random.u8(..12) == 0 { random.i32(-1..2) } else { 0 };
    match random.u8(..100) {
        0..45 => {
            let protocol = random.choice(["range", "range", "range", "range", "range", "sticky"]).unwrap();
            Step::Join { member, named, protocol }
        }
        45..75 => Step::Sync { member, named, generation_off },
        75..83 => Step::Heartbeat { member, named, generation_off },
        83..87 => Step::Leave { member, named },
        87..92 => Step::Commit { member, named, generation_off },
        _ => Step::Describe,
    }
}

/// A member that leaves while it waits for an assignment is never answered by Kafka.
pub(super) fn is_known(step: &Step, our: &str, their: &str) -> bool {
    let Step::Leave { member, .. } = step else { return members::is_known(step, our, their) };
    let answer = format!("; to member {member} UnknownMemberId: b\"\"");
    our.contains(&answer) && our.replacen(&answer, "", 1) == their
}

/// See the module.
pub(super) struct Crowd {
    address: SocketAddr,
    members: Members,
    connections: Vec<Connection>,
    /// What was answered at once.
    said: Vec<String>,
    /// What members were answered since that was last told.
    heard: Vec<(usize, Answer)>,
}

/// An answer that had to be waited for.
enum Answer {
    Joined(JoinGroupResponse),
    Synced(SyncGroupResponse),
}

/// A member's connection, and what it waits for there.
struct Connection {
    client: RawClient,
    waits: Option<Waits>,
}

/// A request that is under way, in this version.
#[derive(Clone, Copy)]
enum Waits {
    ToJoin(i16),
    ToSync(i16),
}

impl Crowd {
    /// A history named `prefix` begins.
    pub(super) fn begin(address: SocketAddr, prefix: &str) -> Crowd {
        let members = Members::begin(address, prefix, MEMBERS, REBALANCE_TIMEOUT_MS);
        let connection = || Connection { client: RawClient::at(address), waits: None };
        let connections = std::iter::repeat_with(connection).take(MEMBERS).collect();
        Crowd { address, members, connections, said: Vec::new(), heard: Vec::new() }
    }

    /// Takes a step. Who is to join or to be given an assignment is not waited for.
    fn begin_step(&mut self, turn: i16, step: &Step) {
        match *step {
            Step::Join { member, named, protocol } => {
                let version = version::<JoinGroup>(turn);
                let request = self.members.join_request(member, named, protocol);
                self.connection(member).ask::<JoinGroup>(version, &request);
                self.connections[member].waits = Some(Waits::ToJoin(version));
            }
            Step::Sync { member, named, generation_off } => {
                let version = version::<SyncGroup>(turn);
                let request = self.members.sync_request(member, named, generation_off);
                self.connection(member).ask::<SyncGroup>(version, &request);
                self.connections[member].waits = Some(Waits::ToSync(version));
            }
            // Whom Kafka has lead then depends on what it has named its members.
            Step::Leave { member, .. } if self.members.is_leader(member) => {
                self.said.push("leads".to_owned())
            }
            _ => self.said.push(self.members.run_in(turn, step)),
        }
    }

    /// Where a member asks: somewhere else, when it waits where it was; nobody hears that answer.
    fn connection(&mut self, member: usize) -> &mut RawClient {
        let connection = &mut self.connections[member];
        if connection.waits.take().is_some() {
            connection.client = RawClient::at(self.address);
        }
        &mut connection.client
    }

    /// Takes the answers that are there.
    fn hear(&mut self) {
        for (member, connection) in self.connections.iter_mut().enumerate() {
            let Some(waits) = connection.waits else { continue };
            if !connection.client.has_answer() {
                continue;
            }
            connection.waits = None;
            let client = &mut connection.client;
            self.heard.push((
                member,
                match waits {
                    Waits::ToJoin(version) => Answer::Joined(client.answer::<JoinGroup>(version)),
                    Waits::ToSync(version) => Answer::Synced(client.answer::<SyncGroup>(version)),
                },
            ));
        }
    }

    fn take_words(&mut self) -> String {
        for (member, answer) in &self.heard {
            if let Answer::Joined(answer) = answer {
                self.members.note_joined(*member, answer);
            }
        }
        for (member, answer) in self.heard.drain(..) {
            let said = match &answer {
                Answer::Joined(answer) => self.members.joined(answer),
                Answer::Synced(answer) => synced(answer),
            };
            self.said.push(format!("to member {member} {said}"));
        }
        self.said.sort();
        std::mem::take(&mut self.said).join("; ")
    }
}

/// Both crowds take a step, and say who was answered then.
pub(super) fn step(crowds: &mut [Crowd; 2], turn: i16, step: &Step) -> [String; 2] {
    for crowd in crowds.iter_mut() {
        crowd.begin_step(turn, step);
    }
    let mut last = Instant::now();
    loop {
        let before = crowds.each_ref().map(|crowd| crowd.heard.len());
        crowds.iter_mut().for_each(Crowd::hear);
        let answers = crowds.each_ref().map(|crowd| crowd.heard.len());
        if answers != before {
            last = Instant::now();
        }
        let patience = if answers[0] == answers[1] { QUIET } else { PATIENCE };
        if last.elapsed() > patience
            || crowds.iter().all(|crowd| crowd.connections.iter().all(|one| one.waits.is_none()))
        {
            return crowds.each_mut().map(Crowd::take_words);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}
