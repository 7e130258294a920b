//! Our copy of `log-start-offset-checkpoint`, with a checksum. Kafka's file has none, and one flipped bit in it would hide
//! records without a word; so both are read, and of two different offsets the one counts that hides less.
//!
//! ```text
//! tidelog-log-starts 1
//! orders 0 7
//! crc 1b2f9a60
//! ```

use super::checkpoint::{PartitionOffsets, offset_line, parse_offset_line};
use crate::types::{Offset, TopicPartition};

/// Its name, at the root.
pub(super) const FILE_NAME: &str = "tidelog-log-starts";

const HEADING: &str = "tidelog-log-starts 1\n";
const CHECKSUM: &str = "crc ";

/// The bytes of the copy.
pub(super) fn format(offsets: &PartitionOffsets) -> Vec<u8> {
    let mut text = HEADING.to_owned();
    for (partition, offset) in offsets {
        text.push_str(&offset_line(partition, *offset));
        text.push('\n');
    }
    let checksum = crc_fast::crc32_iscsi(text.as_bytes());
    text.push_str(&format!("{CHECKSUM}{checksum:08x}\n"));
    text.into_bytes()
}

/// The offsets in a copy; `None` when it is not whole.
pub(super) fn parse(bytes: &[u8]) -> Option<PartitionOffsets> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (body, end) = text.split_at_checked(text.rfind(CHECKSUM)?)?;
    if end != format!("{CHECKSUM}{:08x}\n", crc_fast::crc32_iscsi(body.as_bytes())) {
        return None;
    }
    body.strip_prefix(HEADING)?.lines().map(|line| parse_offset_line(line).ok()).collect()
}

/// What both say, and of what they do not agree on the smaller offset; those partitions are told.
pub(super) fn reconcile(
    kafkas: &PartitionOffsets,
    own: &PartitionOffsets,
    mut tell: impl FnMut(&TopicPartition, Offset, Offset),
) -> PartitionOffsets {
    let mut agreed = PartitionOffsets::new();
    for partition in kafkas.keys().chain(own.keys()) {
        let said = |offsets: &PartitionOffsets| offsets.get(partition).copied().unwrap_or(Offset(0));
        let (first, second) = (said(kafkas), said(own));
        if agreed.insert(partition.clone(), first.min(second)).is_none() && first != second {
            tell(partition, first, second);
        }
    }
    agreed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{PartitionIndex, TopicName};

    fn offsets(entries: &[(&str, i32, i64)]) -> PartitionOffsets {
        let entry = |(topic, partition, offset): &(&str, i32, i64)| {
            let topic = TopicName::new(topic).unwrap();
            (TopicPartition { topic, partition: PartitionIndex(*partition) }, Offset(*offset))
        };
        entries.iter().map(entry).collect()
    }

    #[test]
    fn what_is_written_is_read_and_no_flipped_bit_is_taken() {
        let written = offsets(&[("orders", 0, 7), ("orders", 11, i64::MAX)]);
        let bytes = format(&written);
        assert_eq!(parse(&bytes), Some(written));
        assert_eq!(parse(&format(&PartitionOffsets::new())), Some(PartitionOffsets::new()));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(parse(&flipped), None, "bit {bit}");
        }
        assert!((0..bytes.len()).all(|size| parse(&bytes[..size]).is_none()));
    }

    #[test]
    fn of_two_offsets_the_one_that_hides_less_counts() {
        let kafkas = offsets(&[("a", 0, 5), ("a", 1, 9), ("b", 0, 3)]);
        let own = offsets(&[("a", 0, 5), ("a", 1, 7), ("c", 0, 2)]);
        let mut told = Vec::new();
        let agreed = reconcile(&kafkas, &own, |partition, kafkas, own| {
            told.push(format!("{partition} {} {}", kafkas.0, own.0));
        });
        assert_eq!(agreed, offsets(&[("a", 0, 5), ("a", 1, 7), ("b", 0, 0), ("c", 0, 0)]));
        assert_eq!(told, ["a-1 9 7", "b-0 3 0", "c-0 0 2"]);
    }
}
