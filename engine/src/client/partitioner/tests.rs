//! Vectors are what confluent-kafka's functions of the same names answer; `vectors.py` beside this file made them.

use std::collections::HashSet;

use super::*;

const COUNTS: [u32; 4] = [1, 7, 1000, i32::MAX.unsigned_abs()];

fn count(count: u32) -> NonZeroU32 {
    NonZeroU32::new(count).unwrap()
}

/// The rows of `vectors.tsv`: key, then one column for each function and count.
fn vectors() -> impl Iterator<Item = (Vec<u8>, Vec<i32>)> {
    include_str!("vectors.tsv").lines().filter(|line| !line.starts_with('#')).map(|line| {
        let (key, numbers) = line.split_once('\t').unwrap();
        let key = (0..key.len() / 2).map(|at| u8::from_str_radix(&key[2 * at..2 * at + 2], 16).unwrap());
        (key.collect(), numbers.split('\t').map(|number| number.parse().unwrap()).collect())
    })
}

#[test]
fn keys_go_where_librdkafka_sends_them() {
    let kinds = [
        [PartitionerKind::Murmur2, PartitionerKind::Murmur2Random],
        [PartitionerKind::Consistent, PartitionerKind::ConsistentRandom],
        [PartitionerKind::Fnv1a, PartitionerKind::Fnv1aRandom],
    ];
    let mut rows = 0;
    for (key, expected) in vectors() {
        rows += 1;
        let mut expected = expected.into_iter();
        for (pair, partitions) in kinds.iter().flat_map(|pair| COUNTS.map(|count| (pair, count))) {
            let expected = expected.next().unwrap();
            for kind in pair {
                let chosen = kind.of_key(Some(&key), count(partitions));
                let anywhere = key.is_empty() && *kind == PartitionerKind::ConsistentRandom;
                let wanted = (!anywhere).then_some(PartitionIndex(expected));
                assert_eq!(chosen, wanted, "{kind:?} {partitions} {key:02x?}");
            }
        }
        assert_eq!(expected.next(), None);
    }
    assert!(rows > 400, "{rows} rows");
}

#[test]
fn without_a_key_only_the_consistent_rules_decide() {
    use PartitionerKind::*;
    for kind in [Consistent, Murmur2, Fnv1a] {
        assert_eq!(kind.of_key(None, count(10)), kind.of_key(Some(b""), count(10)));
        assert!(kind.of_key(None, count(10)).is_some());
    }
    for kind in [Random, ConsistentRandom, Murmur2Random, Fnv1aRandom] {
        assert_eq!(kind.of_key(None, count(10)), None);
    }
    assert_eq!(Random.of_key(Some(b"key"), count(10)), None);
}

/// From the Java client's own test (`UtilsTest.testMurmur2`), where the hash is a signed number.
#[test]
fn murmur2_is_javas() {
    for (key, expected) in [
        ("21", -973_932_308_i32),
        ("foobar", -790_332_482),
        ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
        ("abc", 479_470_107),
    ] {
        assert_eq!(murmur2(key.as_bytes()).cast_signed(), expected, "{key}");
    }
}

#[test]
fn messages_without_a_key_stick_to_a_partition_for_a_while() {
    let linger = Duration::from_millis(10);
    let mut partitioner = Partitioner::new(PartitionerKind::Murmur2Random, linger, 1);
    let mut seen = HashSet::new();
    for round in 0..100 {
        let start = round * linger;
        let first = partitioner.partition(None, count(50), start);
        for late in [1, 5, 9] {
            let now = start + Duration::from_millis(late);
            assert_eq!(partitioner.partition(None, count(50), now), first);
        }
        seen.insert(first);
    }
    assert!(seen.len() > 30, "{} partitions of 50 in 100 rounds", seen.len());
}

#[test]
fn a_key_does_not_disturb_the_sticky_partition() {
    let mut partitioner = Partitioner::new(PartitionerKind::ConsistentRandom, Duration::from_secs(1), 7);
    let sticky = partitioner.partition(None, count(1000), Duration::ZERO);
    let keyed = partitioner.partition(Some(b"key"), count(1000), Duration::ZERO);
    assert_eq!(Some(keyed), PartitionerKind::Consistent.of_key(Some(b"key"), count(1000)));
    assert_eq!(partitioner.partition(Some(b""), count(1000), Duration::ZERO), sticky);
}

#[test]
fn a_sticky_partition_that_is_gone_is_replaced() {
    let mut partitioner = Partitioner::new(PartitionerKind::ConsistentRandom, Duration::from_secs(1), 3);
    partitioner.partition(None, count(1000), Duration::ZERO);
    assert_eq!(partitioner.partition(None, count(1), Duration::ZERO), PartitionIndex(0));
}

#[test]
fn random_and_zero_linger_spread_evenly() {
    for (kind, linger) in [
        (PartitionerKind::Random, Duration::from_secs(1)),
        (PartitionerKind::ConsistentRandom, Duration::ZERO),
    ] {
        let mut partitioner = Partitioner::new(kind, linger, 42);
        let mut hits = [0_u32; 8];
        for _ in 0..8000 {
            let partition = partitioner.partition(None, count(8), Duration::ZERO);
            hits[usize::try_from(partition.0).unwrap()] += 1;
        }
        assert!(hits.iter().all(|hits| (850..1150).contains(hits)), "{hits:?}");
    }
}

#[test]
fn names_lead_to_rules() {
    for name in
        ["random", "consistent", "consistent_random", "murmur2", "murmur2_random", "fnv1a", "fnv1a_random"]
    {
        assert!(PartitionerKind::from_name(name).is_some(), "{name}");
    }
    assert_eq!(PartitionerKind::from_name("Murmur2"), None);
    assert_eq!(PartitionerKind::default(), PartitionerKind::ConsistentRandom);
}
