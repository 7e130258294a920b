//! Properties of the catalog and of its file.

use std::path::Path;

use proptest::prelude::*;

use super::file::decode;
use super::*;
use crate::io::{Disk, Failure, Fault, Lasting, SimDisk};

fn name(text: &str) -> TopicName {
    TopicName::new(text).unwrap()
}

fn topic(id: u8, partitions: i32) -> Topic {
    Topic { id: TopicId([id; 16]), partitions, overrides: TopicOverrides::new() }
}

fn sample() -> Catalog {
    let mut catalog = Catalog::default();
    catalog.create(&name("orders"), topic(1, 4)).unwrap();
    let overrides = [("cleanup.policy", "compact"), ("retention.ms", " 5\n")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    catalog.create(&name("audit.log"), Topic { overrides: overrides.into(), ..topic(2, 1) }).unwrap();
    catalog
}

#[test]
fn a_topic_is_found_by_name_and_by_id_until_it_is_deleted() {
    let mut catalog = sample();
    assert_eq!(catalog.get("orders").unwrap().partitions, 4);
    assert_eq!(catalog.get_by_id(TopicId([2; 16])).unwrap().0.as_str(), "audit.log");
    assert_eq!(catalog.delete(&name("orders")).unwrap().id, TopicId([1; 16]));
    assert!(catalog.get("orders").is_none() && catalog.get_by_id(TopicId([1; 16])).is_none());
    assert_eq!(catalog.delete(&name("orders")), Err(TopicError::Unknown(name("orders"))));
    catalog.create(&name("orders"), topic(3, 1)).unwrap();
    assert_eq!(catalog.len(), 2);
}

#[test]
fn a_topic_that_kafka_would_refuse_is_refused_with_its_text() {
    let cases = [
        ("orders", 1, ErrorCode::TopicAlreadyExists, "Topic 'orders' already exists."),
        (
            "audit_log",
            1,
            ErrorCode::InvalidTopicException,
            "Topic 'audit_log' collides with existing topic: audit.log",
        ),
        (
            "new",
            0,
            ErrorCode::InvalidPartitions,
            "Number of partitions was set to an invalid non-positive value.",
        ),
        ("new", 10_001, ErrorCode::PolicyViolation, "Excessively large number of partitions per request."),
    ];
    for (topic_name, partitions, code, text) in cases {
        let mut catalog = sample();
        let error = catalog.create(&name(topic_name), topic(9, partitions)).unwrap_err();
        assert_eq!((error.code(), error.to_string().as_str()), (code, text));
        assert_eq!(catalog, sample());
    }
}

#[test]
fn partitions_only_grow() {
    let mut catalog = sample();
    let orders = name("orders");
    assert_eq!(catalog.add_partitions(&orders, 4), Err(TopicError::SamePartitions(4)));
    let error = catalog.add_partitions(&orders, 2).unwrap_err();
    let text = "The topic orders currently has 4 partition(s); 2 would not be an increase.";
    assert_eq!((error.code(), error.to_string().as_str()), (ErrorCode::InvalidPartitions, text));
    assert_eq!(catalog.add_partitions(&orders, i32::MAX), Err(TopicError::TooManyPartitions));
    catalog.add_partitions(&orders, 9).unwrap();
    assert_eq!(catalog.get("orders").unwrap().partitions, 9);
    assert!(catalog.add_partitions(&name("nothing"), 9).is_err());
}

#[test]
fn the_file_is_what_the_module_says() {
    let text = sample().encode();
    let expected = "tidelog-topics 1\n\
                    topic audit.log 02020202020202020202020202020202 1\n\
                    config cleanup.policy compact\n\
                    config retention.ms  5\\n\n\
                    topic orders 01010101010101010101010101010101 4\n\
                    crc ";
    assert_eq!(&text[..expected.len()], expected);
    assert_eq!(decode(text.as_bytes()).unwrap(), sample());
}

/// `lines` with the checksum they need.
fn sealed(lines: &str) -> Vec<u8> {
    let crc = crc_fast::crc32_iscsi(lines.as_bytes());
    format!("{lines}crc {crc:08x}\n").into_bytes()
}

#[test]
fn a_file_that_cannot_be_right_is_refused_by_line() {
    let id = "00000000000000000000000000000007";
    let unreadable = |line: &str| LineFault::Unreadable(line.to_owned());
    let cases = [
        (b"tidelog-topics 2\n".to_vec(), 1, LineFault::Heading("tidelog-topics 2".to_owned())),
        (Vec::new(), 1, LineFault::Heading(String::new())),
        (b"tidelog-topics 1\n".to_vec(), 1, LineFault::NoChecksum),
        (b"tidelog-topics 1\ncrc 0000000".to_vec(), 2, LineFault::NoChecksum),
        (b"tidelog-topics 1\ntopic \xff".to_vec(), 2, LineFault::NotText),
        (sealed("tidelog-topics 1\nnonsense\n"), 2, unreadable("nonsense")),
        (sealed("tidelog-topics 1\nconfig a b\n"), 2, unreadable("config a b")),
        (
            sealed(&format!("tidelog-topics 1\ntopic a/b {id} 1\n")),
            2,
            unreadable(&format!("topic a/b {id} 1")),
        ),
        (sealed(&format!("tidelog-topics 1\ntopic a {id} 0\n")), 2, unreadable(&format!("topic a {id} 0"))),
        (sealed(&format!("tidelog-topics 1\ntopic a {id} 1\nconfig x \\q\n")), 3, unreadable("config x \\q")),
        (
            sealed(&format!("tidelog-topics 1\ntopic a {id} 1\ntopic b {id} 1\n")),
            3,
            LineFault::Twice(name("b")),
        ),
    ];
    for (bytes, line, fault) in cases {
        assert_eq!(decode(&bytes).unwrap_err(), (line, fault), "{}", String::from_utf8_lossy(&bytes));
    }
}

proptest! {
    #[test]
    fn any_catalog_survives_the_file(
        topics in prop::collection::btree_map(
            "[a-z][a-zA-Z0-9-]{0,20}",
            (1..10_000, prop::collection::btree_map("[a-z.]{1,12}", ".{0,12}", 0..4)),
            0..12,
        ),
    ) {
        let mut catalog = Catalog::default();
        for (slot, (topic_name, (partitions, overrides))) in topics.into_iter().enumerate() {
            let id = TopicId((slot as u128).to_be_bytes());
            catalog.create(&name(&topic_name), Topic { id, partitions, overrides }).unwrap();
        }
        prop_assert_eq!(decode(catalog.encode().as_bytes()).unwrap(), catalog);
    }

    #[test]
    fn no_flipped_bit_and_no_cut_goes_unnoticed(position in 0..1000_usize, bit in 0..8_u8, cut in 0..1000_usize) {
        let whole = sample().encode().into_bytes();
        let mut flipped = whole.clone();
        let position = position % whole.len();
        flipped[position] ^= 1 << bit;
        // Case does not count in hexadecimal digits.
        if !flipped.eq_ignore_ascii_case(&whole) {
            prop_assert!(decode(&flipped).is_err());
        }
        prop_assert!(decode(&whole[..cut % whole.len()]).is_err());
    }
}

const ROOT: &str = "/data";

fn disk(seed: u64) -> SimDisk {
    let disk = SimDisk::new(seed);
    disk.create_dir(Path::new(ROOT)).unwrap();
    disk.sync_dir(Path::new("/")).unwrap();
    disk
}

#[test]
fn a_new_directory_has_no_topics_and_a_saved_one_those_saved() {
    let disk = disk(1);
    assert!(Catalog::load(&disk, Path::new(ROOT)).unwrap().is_empty());
    sample().save(&disk, Path::new(ROOT)).unwrap();
    assert_eq!(Catalog::load(&disk, Path::new(ROOT)).unwrap(), sample());
}

#[test]
fn a_corrupt_file_is_refused_with_its_path_and_line() {
    let disk = disk(1);
    let bytes = sealed("tidelog-topics 1\nnonsense\n");
    disk.write_file(&Path::new(ROOT).join(FILE_NAME), &bytes).unwrap();
    let error = Catalog::load(&disk, Path::new(ROOT)).unwrap_err();
    let text = "/data/tidelog-topics is corrupt at line 2: cannot be read: \"nonsense\"";
    assert_eq!(error.to_string(), text);
}

/// Lets each disk operation of a save fail in turn, and cuts the power after it.
#[test]
fn a_save_that_fails_or_loses_power_leaves_the_old_topics_or_the_new() {
    for nth in 1..12 {
        let disk = disk(nth);
        let old = sample();
        old.save(&disk, Path::new(ROOT)).unwrap();
        let mut new = old.clone();
        new.delete(&name("orders")).unwrap();
        let failure = Failure::Errno(libc::EIO);
        disk.inject(Fault {
            operation: None,
            path_suffix: String::new(),
            nth,
            lasting: Lasting::ForGood,
            failure,
        });
        let saved = new.save(&disk, Path::new(ROOT)).is_ok();
        let found = Catalog::load(&disk.power_cut(), Path::new(ROOT)).unwrap();
        assert!(found == new || (found == old && !saved), "operation {nth}");
    }
}
