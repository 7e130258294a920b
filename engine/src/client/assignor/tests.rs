//! The strategies beside librdkafka's answers (`golden/`), and the properties that every assignment must have.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use proptest::prelude::*;
use proptest::strategy::Strategy as Generator;

use super::Strategy;
use super::*;
use crate::types::PartitionIndex;

type Place = (String, i32);

/// A group, and what librdkafka gave its members.
#[derive(Debug, Default)]
struct Scenario {
    title: String,
    topics: BTreeMap<String, u32>,
    members: Vec<GroupMember>,
    expected: Vec<BTreeSet<Place>>,
}

fn scenarios() -> Vec<Scenario> {
    let mut scenarios: Vec<Scenario> = Vec::new();
    for line in include_str!("golden/assignments.txt").lines().filter(|line| !line.starts_with('#')) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "" => {}
            "topics" => {
                let scenario = scenarios.last_mut().unwrap();
                let counts = rest.split(' ').filter_map(|topic| topic.split_once('='));
                scenario.topics = counts.map(|(name, count)| (name.into(), count.parse().unwrap())).collect();
            }
            "member" => read_member(scenarios.last_mut().unwrap(), rest),
            _ => scenarios.push(Scenario { title: line.to_owned(), ..Scenario::default() }),
        }
    }
    scenarios
}

fn read_member(scenario: &mut Scenario, line: &str) {
    let fields: Vec<Vec<&str>> =
        line.split(" | ").map(|field| field.split(' ').filter(|word| *word != "-").collect()).collect();
    let identity: Vec<&str> = line.split(' ').take(3).collect();
    let mut subscription =
        MemberSubscription::new(fields[1].iter().map(|topic| (*topic).to_owned()).collect());
    subscription.owned = owned(fields[2].iter().map(|place| read_place(place)));
    subscription.generation_id = identity[2].parse().unwrap();
    let group_instance_id = (identity[1] != "-").then(|| identity[1].to_owned());
    scenario.members.push(GroupMember { member_id: identity[0].to_owned(), group_instance_id, subscription });
    scenario.expected.push(fields[3].iter().map(|place| read_place(place)).collect());
}

fn read_place(text: &str) -> Place {
    let (topic, partition) = text.split_once(':').unwrap();
    (topic.to_owned(), partition.parse().unwrap())
}

fn owned(places: impl IntoIterator<Item = Place>) -> Vec<TopicPartitions> {
    let mut topics: BTreeMap<String, Vec<PartitionIndex>> = BTreeMap::new();
    for (topic, partition) in places {
        topics.entry(topic).or_default().push(PartitionIndex(partition));
    }
    topics.into_iter().map(|(topic, partitions)| TopicPartitions { topic, partitions }).collect()
}

fn places(share: &[TopicPartitions]) -> BTreeSet<Place> {
    let of_topic = |topic: &TopicPartitions| {
        topic.partitions.iter().map(|partition| (topic.topic.clone(), partition.0)).collect::<Vec<_>>()
    };
    share.iter().flat_map(of_topic).collect()
}

fn member(id: &str, topics: &[&str], owned_places: &[(&str, i32)], generation: i32) -> GroupMember {
    let mut subscription = MemberSubscription::new(topics.iter().map(|topic| (*topic).to_owned()).collect());
    subscription.owned =
        owned(owned_places.iter().map(|(topic, partition)| ((*topic).to_owned(), *partition)));
    subscription.generation_id = generation;
    GroupMember { member_id: id.to_owned(), group_instance_id: None, subscription }
}

fn topics(counts: &[(&str, u32)]) -> BTreeMap<String, u32> {
    counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

#[test]
fn partitions_are_shared_out_as_librdkafka_does() {
    let mut wrong = Vec::new();
    let mut compared: HashMap<Strategy, usize> = HashMap::new();
    for scenario in scenarios() {
        // Upstream counts a claim that a member lost long ago as if it still had the partition.
        if scenario.title.ends_with("a stale member comes back") {
            continue;
        }
        let strategy = Strategy::from_name(scenario.title.split(':').next().unwrap()).unwrap();
        *compared.entry(strategy).or_default() += 1;
        let ours = assign(strategy, &scenario.members, &scenario.topics);
        for ((member, share), expected) in scenario.members.iter().zip(&ours).zip(&scenario.expected) {
            // Upstream, a member keeps what it has of a topic that is gone.
            let exists = |(topic, _): &&Place| scenario.topics.contains_key(topic);
            let expected: BTreeSet<Place> = expected.iter().filter(exists).cloned().collect();
            if places(share) != expected {
                wrong.push(format!(
                    "{} {}: {:?}, not {expected:?}",
                    scenario.title,
                    member.member_id,
                    places(share)
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ: {wrong:#?}", wrong.len());
    assert!(compared.values().all(|count| *count > 150), "{compared:?}");
}

#[test]
fn a_member_that_missed_a_rebalance_takes_nothing_from_those_that_did_not() {
    let members = [
        member("a", &["t"], &[("t", 0), ("t", 1)], 5),
        member("b", &["t"], &[("t", 2), ("t", 3)], 5),
        member("c", &["t"], &[("t", 0), ("t", 2)], 3),
    ];
    let shares = assign(Strategy::CooperativeSticky, &members, &topics(&[("t", 4)]));
    let given: Vec<usize> = shares.iter().map(|share| places(share).len()).collect();
    // One partition is on its way to c, and withheld until its owner has given it up.
    assert_eq!(given.iter().sum::<usize>(), 3, "{shares:?}");
    for (member, share) in members.iter().zip(&shares) {
        assert!(places(share).is_subset(&places(&member.subscription.owned)), "{shares:?}");
    }
}

#[test]
fn two_claims_of_one_generation_cancel_out() {
    let members = [member("a", &["t"], &[("t", 0)], 1), member("b", &["t"], &[("t", 0)], 1)];
    let shares = assign(Strategy::CooperativeSticky, &members, &topics(&[("t", 2)]));
    let all: BTreeSet<Place> = shares.iter().flat_map(|share| places(share)).collect();
    assert!(all.contains(&("t".into(), 1)), "{shares:?}");
    assert!(shares.iter().all(|share| places(share).len() <= 1), "{shares:?}");
}

#[test]
fn static_members_come_before_dynamic_ones() {
    let mut members =
        [member("a", &["t"], &[], -1), member("z", &["t"], &[], -1), member("b", &["t"], &[], -1)];
    members[1].group_instance_id = Some("static".into());
    let shares = assign(Strategy::Range, &members, &topics(&[("t", 4)]));
    assert_eq!(places(&shares[1]), BTreeSet::from([("t".into(), 0), ("t".into(), 1)]));
    assert_eq!(places(&shares[0]), BTreeSet::from([("t".into(), 2)]));
}

#[test]
fn nothing_to_share_and_nobody_to_share_it_are_fine() {
    for strategy in [Strategy::Range, Strategy::RoundRobin, Strategy::CooperativeSticky] {
        assert!(assign(strategy, &[], &topics(&[("t", 3)])).is_empty());
        let nothing = assign(strategy, &[member("a", &["t"], &[("t", 0)], 1)], &topics(&[("t", 0)]));
        assert_eq!(nothing, [vec![]]);
        let unwanted = assign(strategy, &[member("a", &[], &[], -1)], &topics(&[("t", 3)]));
        assert_eq!(unwanted, [vec![]]);
    }
}

#[test]
fn nonsense_from_members_is_left_out() {
    let members = [member("a", &["t", "t"], &[("t", -1), ("t", i32::MAX), ("t", 0), ("t", 0), ("x", 0)], 1)];
    let shares = assign(Strategy::CooperativeSticky, &members, &topics(&[("t", 2)]));
    assert_eq!(places(&shares[0]), BTreeSet::from([("t".into(), 0), ("t".into(), 1)]));
}

/// Groups of up to seven members and four topics.
fn groups(alike: bool) -> impl Generator<Value = (Vec<GroupMember>, BTreeMap<String, u32>)> {
    let counts = prop::collection::vec(1..8_u32, 1..4);
    let wanted = prop::collection::vec(any::<u8>(), 1..7);
    (counts, wanted, any::<u64>()).prop_map(move |(counts, wanted, owners)| {
        let name = |topic: usize| format!("t{topic}");
        let topics: BTreeMap<String, u32> =
            counts.iter().enumerate().map(|(topic, count)| (name(topic), *count)).collect();
        let members = wanted.iter().enumerate().map(|(number, wanted)| {
            let wants = |topic: &usize| alike || wanted >> topic & 1 == 1;
            let wanted: Vec<String> = (0..counts.len()).filter(wants).map(name).collect();
            let id = format!("m{}", (number * 7 + 3) % 10);
            GroupMember {
                member_id: id,
                group_instance_id: None,
                subscription: MemberSubscription { generation_id: 4, ..MemberSubscription::new(wanted) },
            }
        });
        let mut members: Vec<GroupMember> = members.collect();
        scatter(&mut members, &topics, owners);
        (members, topics)
    })
}

/// Gives partitions to members at random, some to nobody, none twice.
fn scatter(members: &mut [GroupMember], topics: &BTreeMap<String, u32>, mut random: u64) {
    let mut has: Vec<Vec<Place>> = vec![Vec::new(); members.len()];
    for (topic, count) in topics {
        for partition in 0..i32::try_from(*count).unwrap() {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let drawn = usize::try_from(random >> 40).unwrap() % (members.len() + 1);
            if members.get(drawn).is_some_and(|member| member.subscription.topics.contains(topic)) {
                has[drawn].push((topic.clone(), partition));
            }
        }
    }
    for (member, has) in members.iter_mut().zip(has) {
        member.subscription.owned = owned(has);
    }
}

fn wanted_places(members: &[GroupMember], topics: &BTreeMap<String, u32>) -> BTreeSet<Place> {
    let wanted = |topic: &String| members.iter().any(|member| member.subscription.topics.contains(topic));
    let partitions = |(topic, count): (&String, &u32)| {
        (0..i32::try_from(*count).unwrap()).map(|partition| (topic.clone(), partition)).collect::<Vec<_>>()
    };
    topics.iter().filter(|(topic, _)| wanted(topic)).flat_map(partitions).collect()
}

/// Every wanted partition once, and only to who subscribed.
fn assert_complete(members: &[GroupMember], topics: &BTreeMap<String, u32>, shares: &[Vec<TopicPartitions>]) {
    assert_disjoint(members, shares);
    let all: BTreeSet<Place> = shares.iter().flat_map(|share| places(share)).collect();
    assert_eq!(all, wanted_places(members, topics));
}

fn assert_disjoint(members: &[GroupMember], shares: &[Vec<TopicPartitions>]) {
    let mut seen = BTreeSet::new();
    for (member, share) in members.iter().zip(shares) {
        for place in places(share) {
            assert!(member.subscription.topics.contains(&place.0), "{place:?} was not asked for");
            assert!(seen.insert(place.clone()), "{place:?} twice");
        }
    }
}

fn take(members: &mut [GroupMember], shares: &[Vec<TopicPartitions>]) {
    for (member, share) in members.iter_mut().zip(shares) {
        member.subscription.owned.clone_from(share);
    }
}

/// Cooperative steps until nothing changes, as members would join again and again.
fn settle(members: &mut [GroupMember], topics: &BTreeMap<String, u32>) -> usize {
    for step in 0..10 {
        let shares = assign(Strategy::CooperativeSticky, members, topics);
        let changed =
            members.iter().zip(&shares).any(|(m, share)| places(&m.subscription.owned) != places(share));
        take(members, &shares);
        if !changed {
            return step;
        }
    }
    panic!("still changing after ten steps");
}

fn counts(members: &[GroupMember]) -> Vec<usize> {
    members.iter().map(|member| places(&member.subscription.owned).len()).collect()
}

proptest! {
    #[test]
    fn eager_strategies_give_every_partition_once((members, topics) in groups(false)) {
        for strategy in [Strategy::Range, Strategy::RoundRobin] {
            assert_complete(&members, &topics, &assign(strategy, &members, &topics));
        }
    }

    #[test]
    fn alike_subscriptions_are_balanced_within_one((mut members, topics) in groups(true)) {
        settle(&mut members, &topics);
        let sticky = counts(&members);
        let round_robin = assign(Strategy::RoundRobin, &members, &topics);
        let round_robin: Vec<usize> = round_robin.iter().map(|share| places(share).len()).collect();
        for counts in [sticky, round_robin] {
            prop_assert!(counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 1, "{:?}", counts);
        }
        for (topic, count) in &topics {
            let alone = BTreeMap::from([(topic.clone(), *count)]);
            let range = assign(Strategy::Range, &members, &alone);
            let range: Vec<usize> = range.iter().map(|share| places(share).len()).collect();
            prop_assert!(range.iter().max().unwrap() - range.iter().min().unwrap() <= 1, "{:?}", range);
        }
    }

    #[test]
    fn a_cooperative_group_settles_on_every_partition_once((mut members, topics) in groups(false)) {
        // Two steps as a rule; where members want different topics, Kafka's algorithm may balance once more after
        // partitions were given up.
        let steps = settle(&mut members, &topics);
        prop_assert!(steps <= 3, "{} steps", steps);
        let shares: Vec<_> = members.iter().map(|member| member.subscription.owned.clone()).collect();
        assert_complete(&members, &topics, &shares);
    }

    /// While the others still have what they had, nobody is given a partition of theirs.
    #[test]
    fn a_cooperative_step_never_gives_a_partition_to_two((members, topics) in groups(false)) {
        let shares = assign(Strategy::CooperativeSticky, &members, &topics);
        assert_disjoint(&members, &shares);
        for (number, share) in shares.iter().enumerate() {
            for (other, member) in members.iter().enumerate().filter(|(other, _)| *other != number) {
                let theirs = places(&member.subscription.owned);
                let both: Vec<_> = places(share).intersection(&theirs).cloned().collect();
                prop_assert!(both.is_empty(), "{} gets {:?} that {} has", number, both, other);
            }
        }
    }

    /// With alike subscriptions, what a member loses is what it has beyond its even share, and not one more.
    #[test]
    fn as_few_partitions_move_as_possible((mut members, topics) in groups(true)) {
        let before: Vec<BTreeSet<Place>> = members.iter().map(|m| places(&m.subscription.owned)).collect();
        settle(&mut members, &topics);
        let total: usize = counts(&members).iter().sum();
        let (low, extra) = (total / members.len(), total % members.len());
        // The best choice lets those with most have the larger shares.
        let mut sizes: Vec<usize> = before.iter().map(BTreeSet::len).collect();
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        let unavoidable: usize =
            sizes.iter().enumerate().map(|(n, size)| size.saturating_sub(low + usize::from(n < extra))).sum();
        let lost: usize = members
            .iter()
            .zip(&before)
            .map(|(member, before)| before.difference(&places(&member.subscription.owned)).count())
            .sum();
        prop_assert_eq!(lost, unavoidable);
    }

    #[test]
    fn a_settled_group_stays_as_it_is((mut members, topics) in groups(false)) {
        settle(&mut members, &topics);
        prop_assert_eq!(settle(&mut members, &topics), 0);
    }

    #[test]
    fn the_order_in_which_members_are_listed_does_not_matter((mut members, topics) in groups(false)) {
        for strategy in [Strategy::Range, Strategy::RoundRobin, Strategy::CooperativeSticky] {
            let by_id = |members: &[GroupMember]| -> BTreeMap<String, BTreeSet<Place>> {
                let shares = assign(strategy, members, &topics);
                members.iter().zip(&shares).map(|(m, share)| (m.member_id.clone(), places(share))).collect()
            };
            let forward = by_id(&members);
            members.reverse();
            prop_assert_eq!(forward, by_id(&members));
        }
    }
}
