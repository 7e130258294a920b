//! `partition.metadata`: which topic a folder belongs to, so that a folder left from a deleted topic is not taken for
//! one of the same name (KIP-516). Pure text.

use std::path::Path;

use super::checkpoint::MalformedFile;
use crate::types::TopicId;

/// Name of the file in the partition's folder.
pub(super) const FILE_NAME: &str = "partition.metadata";

/// Characters of base64url (RFC 4648, section 5), as Kafka's `Uuid` prints itself: without padding.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Characters of 16 bytes in base64url.
const ID_LENGTH: usize = 22;

/// The file's bytes.
pub(super) fn encode(topic_id: TopicId) -> Vec<u8> {
    format!("version: 0\ntopic_id: {}", format_id(topic_id)).into_bytes()
}

/// Reads the file's bytes.
pub(super) fn decode(path: &Path, bytes: &[u8]) -> Result<TopicId, MalformedFile> {
    let malformed = |line, reason| MalformedFile { path: path.to_owned(), line, reason };
    let text = std::str::from_utf8(bytes).map_err(|_| malformed(1, "not UTF-8"))?;
    let mut lines = text.lines();
    if lines.next() != Some("version: 0") {
        return Err(malformed(1, "expected \"version: 0\""));
    }
    let id = lines.next().and_then(|line| line.strip_prefix("topic_id: "));
    let id = id.ok_or_else(|| malformed(2, "expected \"topic_id: \" and an id"))?;
    if lines.next().is_some() {
        return Err(malformed(3, "expected the end of the file"));
    }
    parse_id(id).ok_or_else(|| malformed(2, "the topic id is not 22 characters of base64url"))
}

/// A topic id as Kafka prints it: URL-safe base64 without padding.
#[must_use]
pub fn format_id(id: TopicId) -> String {
    let mut bits = u128::from_be_bytes(id.0);
    let mut text = [0_u8; ID_LENGTH];
    // 128 bits are 21 characters of six and one that carries the last two, at its upper end.
    for (slot, character) in text.iter_mut().enumerate().rev() {
        let (value, width) =
            if slot == ID_LENGTH - 1 { ((bits & 0b11) << 4, 2) } else { (bits & 0b11_1111, 6) };
        *character =
            usize::try_from(value).ok().and_then(|value| ALPHABET.get(value)).copied().unwrap_or(b'A');
        bits >>= width;
    }
    text.iter().copied().map(char::from).collect()
}

fn parse_id(text: &str) -> Option<TopicId> {
    if text.len() != ID_LENGTH {
        return None;
    }
    let mut bits = 0_u128;
    for (slot, character) in text.bytes().enumerate() {
        let value = u128::try_from(ALPHABET.iter().position(|known| *known == character)?).ok()?;
        if slot < ID_LENGTH - 1 {
            bits = bits << 6 | value;
        } else if value & 0b1111 == 0 {
            bits = bits << 2 | value >> 4;
        } else {
            return None;
        }
    }
    Some(TopicId(bits.to_be_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_base64url_without_padding() {
        // From RFC 4648's alphabet: all zeroes, all ones, and one with both special characters.
        assert_eq!(format_id(TopicId([0; 16])), "AAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(format_id(TopicId([0xff; 16])), "_____________________w");
        let mixed = *b"\xfb\xef\xbe\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c";
        assert_eq!(format_id(TopicId(mixed)), "----AAECAwQFBgcICQoLDA");
    }

    #[test]
    fn the_file_round_trips() {
        let path = Path::new("m");
        for id in [[0; 16], [0xff; 16], *b"0123456789abcdef"] {
            assert_eq!(decode(path, &encode(TopicId(id))), Ok(TopicId(id)));
        }
        let kafkas = b"version: 0\ntopic_id: ----AAECAwQFBgcICQoLDA\n";
        assert_eq!(decode(path, kafkas).unwrap().0[..4], [0xfb, 0xef, 0xbe, 0]);
    }

    #[test]
    fn every_deviation_names_its_line() {
        let line = |bytes: &[u8]| decode(Path::new("m"), bytes).unwrap_err().line;
        assert_eq!(line(b""), 1);
        assert_eq!(line(b"version: 1\ntopic_id: AAAAAAAAAAAAAAAAAAAAAA"), 1);
        assert_eq!(line(b"version: 0\n"), 2);
        assert_eq!(line(b"version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAB"), 2);
        assert_eq!(line(b"version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAA="), 2);
        assert_eq!(line(b"version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAA\nx"), 3);
        assert_eq!(line(b"\xff"), 1);
    }
}
