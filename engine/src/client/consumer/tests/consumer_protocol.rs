//! Taking part by the consumer protocol (KIP-848): the coordinator assigns, in small moves. Where it can be held against
//! librdkafka with the same settings, `tests/` does that.

use super::grouping::{CONSUMER_PROTOCOL, COOPERATIVE, Member, poll_all};
use super::membership::{fatal, groups, wait_until};
use super::*;
use crate::broker::group::{GroupKind, GroupState};
use crate::client::assignor::RebalanceProtocol;
use crate::shard::simulation::seeds;

fn member(fixture: &Fixture, values: &[(&str, &str)], topics: &[&str]) -> Member {
    let values: Vec<_> = [CONSUMER_PROTOCOL].iter().chain(values).copied().collect();
    Member::new(fixture, &values, topics)
}

fn member_count(fixture: &Fixture) -> usize {
    groups(fixture).describe_consumers("g").map_or(0, |group| group.members.len())
}

fn state(fixture: &Fixture) -> GroupState {
    groups(fixture).describe_consumers("g").unwrap().state
}

#[test]
fn a_single_member_gets_everything_and_is_asked_first() {
    let fixture = Fixture::new();
    fixture.produce("t", 1, 0..2);
    let member = member(&fixture, &[], &["t"]);
    let id = member.consumer.member_id().unwrap().unwrap();
    assert_eq!(next(&member.consumer, 2), ["1:0=0", "1:1=1"]);
    assert_eq!(member.take_notes(), ["assign [0, 1, 2]"]);
    assert_eq!(member.consumer.member_id().unwrap().unwrap(), id, "it has chosen its name itself");
    assert_eq!(member.consumer.rebalance_protocol().unwrap(), Some(RebalanceProtocol::Cooperative));
    poll_all(&[&member], || state(&fixture) == GroupState::Stable);
    let group = groups(&fixture).describe_consumers("g").unwrap();
    assert_eq!((groups(&fixture).kind_of("g"), group.members.len()), (Some(GroupKind::Consumer), 1));
    assert_eq!((group.assignor.as_str(), group.members[0].member_id.as_str()), ("uniform", id.as_str()));
    let metadata = member.consumer.group_metadata().unwrap().unwrap();
    assert_eq!((metadata.member_id, metadata.generation), (id, 1), "the epoch is the generation");
    member.consumer.close();
    assert_eq!(member.take_notes(), ["revoke [0, 1, 2]", "ok 0:-1001 1:2 2:-1001"]);
    assert_eq!(state(&fixture), GroupState::Empty);
}

#[test]
fn members_share_by_small_moves() {
    let fixture = Fixture::new();
    let first = member(&fixture, &[], &["t"]);
    poll_all(&[&first], || first.assigned().len() == 3);
    let second = member(&fixture, &[("group.remote.assignor", "uniform")], &["t"]);
    poll_all(&[&first, &second], || second.assigned().len() == 1 && first.notes.lock().len() == 3);
    let [moved] = second.assigned()[..] else { panic!() };
    let expected = ["assign [0, 1, 2]", &format!("revoke [{moved}]"), "assign []"];
    assert_eq!(first.take_notes(), expected);
    assert_eq!(second.take_notes(), [format!("assign [{moved}]")]);
    poll_all(&[&first, &second], || state(&fixture) == GroupState::Stable);
    second.consumer.close();
    poll_all(&[&first], || first.assigned().len() == 3);
    assert_eq!(first.take_notes(), [format!("assign [{moved}]")]);
}

#[test]
fn what_is_read_may_change_and_topics_may_come_grow_and_go() {
    let fixture = Fixture::new();
    let other = member(&fixture, &[], &["t"]);
    poll_all(&[&other], || other.assigned().len() == 3);
    other.take_notes();
    fixture.create("u1", 1);
    other.consumer.subscribe(&["t", "^u.*", "missing"]).unwrap();
    poll_all(&[&other], || other.assigned().len() == 4);
    assert_eq!(other.take_notes(), ["assign [0]"], "what is missing is not told");
    fixture.create("u2", 2);
    poll_all(&[&other], || other.assigned().len() == 6);
    let broker = fixture.engine.broker();
    broker.add_partitions("u2", 3).unwrap();
    poll_all(&[&other], || other.assigned().len() == 7);
    broker.delete_topic("u2").unwrap();
    fixture.create("u2", 1);
    poll_all(&[&other], || other.assigned().len() == 5);
    other.take_notes();
    other.consumer.subscribe(&["t"]).unwrap();
    poll_all(&[&other], || other.assigned().len() == 3 && other.notes.lock().len() == 2);
    assert_eq!(other.take_notes(), ["revoke [0, 0]", "assign []"]);
    other.consumer.unsubscribe().unwrap();
    poll_all(&[&other], || state(&fixture) == GroupState::Empty);
    assert_eq!((other.take_notes(), other.assigned()), (vec!["revoke [0, 1, 2]".to_owned()], vec![]));
    other.consumer.subscribe(&["t"]).unwrap();
    poll_all(&[&other], || other.assigned().len() == 3);
}

#[test]
fn who_stops_polling_is_told_loses_everything_and_comes_back_by_polling() {
    let fixture = Fixture::new();
    let member = member(&fixture, &[("max.poll.interval.ms", "120")], &["t"]);
    poll_all(&[&member], || member.assigned().len() == 3);
    wait_until(|| member_count(&fixture) == 0);
    assert_eq!(next(&member.consumer, 1), ["_MAX_POLL_EXCEEDED@-1:-1"]);
    poll_all(&[&member], || member.notes.lock().len() == 3);
    assert_eq!(member.take_notes(), ["assign [0, 1, 2]", "lost [0, 1, 2]", "assign [0, 1, 2]"]);
}

#[test]
fn of_two_members_with_the_same_instance_id_the_second_is_refused_for_good() {
    let fixture = Fixture::new();
    let values = [("group.instance.id", "one")];
    let first = member(&fixture, &values, &["t"]);
    poll_all(&[&first], || first.assigned().len() == 3);
    let second = member(&fixture, &values, &["t"]);
    let error = fatal(&second);
    assert_eq!(error.code(), ErrorCode::UnreleasedInstanceId);
    assert_eq!(
        error.reason(),
        "ConsumerGroupHeartbeat fatal error: Broker: The instance ID is still used by another member in the consumer \
         group"
    );
    assert_eq!(code(second.consumer.subscribe(&["t"])), ErrorCode::LocalFatal);
    assert_eq!(code(second.consumer.commit(Some(&[element("t", 0, 1)]))), ErrorCode::LocalFatal);
    second.consumer.close();
    first.consumer.close();
    assert_eq!(member_count(&fixture), 1, "its place is kept");
    let third = member(&fixture, &values, &["t"]);
    poll_all(&[&third], || third.assigned().len() == 3);
    assert_eq!(member_count(&fixture), 1);
}

#[test]
fn an_assignor_that_there_is_not_is_fatal() {
    let fixture = Fixture::new();
    let member = member(&fixture, &[("group.remote.assignor", "sticky")], &["t"]);
    assert_eq!(fatal(&member).code(), ErrorCode::UnsupportedAssignor);
    assert!(member.take_notes().is_empty());
    member.consumer.close();
}

#[test]
fn members_of_both_protocols_share_a_group_while_it_migrates_to_and_fro() {
    let fixture = Fixture::new();
    let old = Member::new(&fixture, &[COOPERATIVE], &["t"]);
    poll_all(&[&old], || old.assigned().len() == 3);
    let new = member(&fixture, &[], &["t"]);
    let both = |members: &[&Member]| {
        let counts: Vec<_> = members.iter().map(|member| member.assigned().len()).collect();
        counts.iter().sum::<usize>() == 3 && !counts.contains(&0)
    };
    poll_all(&[&old, &new], || both(&[&old, &new]));
    assert_eq!(groups(&fixture).kind_of("g"), Some(GroupKind::Consumer));
    new.consumer.close();
    poll_all(&[&old], || old.assigned().len() == 3);
    assert_eq!(groups(&fixture).kind_of("g"), Some(GroupKind::Classic));
    let notes = [old.take_notes(), new.take_notes()].concat();
    assert!(!notes.iter().any(|note| note.starts_with("lost")), "{notes:?}");
}

/// Commits one after the other, of a member whose epoch is moved by others all the time.
#[test]
fn commits_do_not_fail_because_others_come_and_go() {
    let fixture = Fixture::new();
    let values = [("enable.auto.commit", "false")];
    let stays = member(&fixture, &values, &["t"]);
    poll_all(&[&stays], || stays.assigned().len() == 3);
    let done = std::sync::atomic::AtomicBool::new(false);
    let (committed, other_count) = std::thread::scope(|scope| {
        let committing = scope.spawn(|| {
            let mut committed = 0;
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                let list = [element("t", 0, committed)];
                let answer = stays.consumer.commit(Some(&list)).unwrap();
                assert!(answer.iter().all(|element| element.error.is_none()), "{answer:?}");
                committed += 1;
            }
            committed
        });
        let mut others = 0;
        let until = Instant::now() + Duration::from_millis(700);
        while Instant::now() < until || others < 5 {
            let other = member(&fixture, &values, &["t"]);
            poll_all(&[&stays, &other], || !other.assigned().is_empty() || committing.is_finished());
            other.consumer.close();
            others += 1;
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        (committing.join().unwrap(), others)
    });
    eprintln!("{committed} commits, {other_count} members came and went");
    assert!(committed > 0);
}

/// Members come, change what they read, and go, as they should. All of the consumer protocol, or of both.
struct Crowd {
    fixture: Fixture,
    random: fastrand::Rng,
    is_mixed: bool,
    members: Vec<Member>,
    produced: [i64; 3],
    seen: [Vec<i64>; 3],
}

impl Crowd {
    fn new(seed: u64, is_mixed: bool) -> Crowd {
        Crowd {
            fixture: Fixture::new(),
            random: fastrand::Rng::with_seed(seed),
            is_mixed,
            members: Vec::new(),
            produced: [0; 3],
            seen: Default::default(),
        }
    }

    fn step(&mut self) {
        match self.random.u8(0..8) {
            0 if self.members.len() < 4 => {
                let is_classic = self.is_mixed && self.random.bool();
                let protocol = if is_classic { COOPERATIVE } else { CONSUMER_PROTOCOL };
                self.members.push(Member::new(&self.fixture, &[protocol], &["t"]));
            }
            1 if !self.members.is_empty() => {
                let gone = self.members.swap_remove(self.random.usize(0..self.members.len()));
                gone.consumer.close();
            }
            2 if !self.members.is_empty() => {
                let member = &self.members[self.random.usize(0..self.members.len())];
                match self.random.bool() {
                    true => member.consumer.subscribe(&["t", "none"]).unwrap(),
                    false => member.consumer.unsubscribe().unwrap(),
                }
            }
            3 | 4 => {
                let partition = self.random.usize(0..3);
                let produced = &mut self.produced[partition];
                let end = *produced + self.random.i64(1..5);
                self.fixture.produce("t", i32::try_from(partition).unwrap(), *produced..end);
                *produced = end;
            }
            _ => (0..self.random.usize(1..10)).for_each(|_| self.poll()),
        }
    }

    fn poll(&mut self) {
        for member in &self.members {
            match member.consumer.poll(Some(Duration::from_millis(1))).unwrap() {
                Some(Event::Message(message)) => {
                    let seen = &mut self.seen[usize::try_from(message.partition().0).unwrap()];
                    seen.push(message.offset().unwrap().0);
                }
                // Members of the classic protocol are told.
                Some(Event::Error(error)) => {
                    assert_eq!(error.error.code(), ErrorCode::UnknownTopicOrPartition, "{error}");
                }
                None => {}
            }
        }
    }

    fn check(&self) {
        let mut assigned: Vec<_> = self.members.iter().flat_map(Member::assigned).collect();
        let count = assigned.len();
        assigned.sort_unstable();
        assigned.dedup();
        assert_eq!(assigned.len(), count, "a partition has two readers: {self:?}");
        for (seen, produced) in self.seen.iter().zip(self.produced) {
            let expected: Vec<i64> = (0..produced).collect();
            // Between two generations a group takes no commits of members of the classic protocol that go.
            let mut seen = seen.clone();
            if self.is_mixed {
                seen.sort_unstable();
                seen.dedup();
            }
            assert!(expected.starts_with(&seen), "{self:?}");
        }
        if !self.is_mixed {
            let is_good =
                |note: &String| ["assign", "revoke", "ok"].iter().any(|good| note.starts_with(good));
            assert!(self.members.iter().all(|member| member.notes.lock().iter().all(is_good)), "{self:?}");
        }
    }

    fn is_done(&self) -> bool {
        self.seen.iter().zip(self.produced).all(|(seen, produced)| match produced {
            0 => true,
            produced => seen.contains(&(produced - 1)),
        })
    }
}

impl std::fmt::Debug for Crowd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "seen {:?} of {:?}", self.seen, self.produced)?;
        for member in &self.members {
            let (id, notes) = (member.consumer.member_id(), member.notes.lock());
            writeln!(f, "{id:?} has {:?} after {notes:?}", member.assigned())?;
        }
        let groups = groups(&self.fixture);
        writeln!(f, "{:#?} {:#?}", groups.describe_consumers("g"), groups.describe("g"))
    }
}

#[test]
fn each_message_is_handed_out_once_whoever_comes_and_goes() {
    for seed in seeds(10) {
        for is_mixed in [false, true] {
            eprintln!("seed {seed}, mixed {is_mixed}");
            let mut crowd = Crowd::new(seed, is_mixed);
            for _ in 0..40 {
                crowd.step();
                crowd.check();
            }
            crowd.members.push(member(&crowd.fixture, &[], &["t"]));
            let deadline = Instant::now() + Duration::from_secs(20);
            while !crowd.is_done() {
                assert!(Instant::now() < deadline, "{crowd:?}");
                crowd.poll();
                crowd.check();
            }
        }
    }
}
