//! [`Writer`]: puts a message together. Record bytes are not copied into it: they become pieces of the frame of their
//! own, or gaps that somebody else fills.

use bytes::{BufMut, Bytes, BytesMut};

use super::records::{Piece, Records};

/// A message of one version that is being written.
#[derive(Debug)]
pub struct Writer {
    bytes: BytesMut,
    /// Pieces that stand between the bytes, each with the place where.
    cuts: Vec<(usize, Piece)>,
    version: i16,
    flexible: bool,
}

/// A whole message with the four bytes of its length in front.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Its pieces in order.
    pub pieces: Vec<Piece>,
}

impl Frame {
    /// Bytes of all pieces.
    #[must_use]
    pub fn size(&self) -> usize {
        self.pieces.iter().map(Piece::size).sum()
    }
}

impl Writer {
    /// Begins a frame.
    #[must_use]
    pub fn new(version: i16, flexible: bool) -> Writer {
        let mut bytes = BytesMut::with_capacity(256);
        bytes.put_i32(0);
        Writer { bytes, cuts: Vec::new(), version, flexible }
    }

    /// Version of the message.
    #[must_use]
    pub fn version(&self) -> i16 {
        self.version
    }

    pub(super) fn put(&mut self, bytes: &[u8]) {
        self.bytes.put_slice(bytes);
    }

    fn put_unsigned_varint(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.bytes.put_u8(value.to_le_bytes()[0] | 0x80);
            value >>= 7;
        }
        self.bytes.put_u8(value.to_le_bytes()[0]);
    }

    /// A length, `None` for null. What is longer than a length can say was made by this process, which bounds it.
    fn put_length(&mut self, length: Option<usize>, short: bool) {
        let length = length.map(|length| i32::try_from(length).expect("messages stay below 2 GiB"));
        if self.flexible {
            self.put_unsigned_varint(length.map_or(0, |length| length.unsigned_abs() + 1));
        } else if short {
            let length = length.map_or(-1, |length| i16::try_from(length).expect("texts stay below 32 KiB"));
            self.bytes.put_i16(length);
        } else {
            self.bytes.put_i32(length.unwrap_or(-1));
        }
    }

    pub(super) fn put_string(&mut self, text: Option<&str>) {
        let text = text.map(bounded);
        self.put_length(text.map(str::len), true);
        self.put(text.unwrap_or_default().as_bytes());
    }

    pub(super) fn put_bytes(&mut self, bytes: Option<&[u8]>) {
        self.put_length(bytes.map(<[u8]>::len), false);
        self.put(bytes.unwrap_or_default());
    }

    pub(super) fn put_records(&mut self, records: &Records) {
        self.put_length(Some(records.size()), false);
        let at = self.bytes.len();
        self.cuts.extend(records.pieces.iter().map(|piece| (at, piece.clone())));
    }

    pub(super) fn put_list<T>(&mut self, list: Option<&[T]>, mut put: impl FnMut(&mut Writer, &T)) {
        self.put_length(list.map(<[T]>::len), false);
        list.unwrap_or_default().iter().for_each(|item| put(self, item));
    }

    /// The tagged fields at the end of a structure, in the order of their numbers.
    pub(super) fn put_tags(&mut self, tags: &[(u32, Bytes)]) {
        if !self.flexible {
            return;
        }
        self.put_unsigned_varint(u32::try_from(tags.len()).expect("a structure has few fields"));
        for (number, content) in tags {
            self.put_unsigned_varint(*number);
            self.put_unsigned_varint(u32::try_from(content.len()).expect("messages stay below 2 GiB"));
            self.put(content);
        }
    }

    /// The content of a tagged field.
    pub(super) fn tag_content(&self, put: impl FnOnce(&mut Writer)) -> Bytes {
        let empty = BytesMut::new();
        let mut inner =
            Writer { bytes: empty, cuts: Vec::new(), version: self.version, flexible: self.flexible };
        put(&mut inner);
        inner.bytes.freeze()
    }

    /// Ends the frame.
    #[must_use]
    pub fn finish(mut self) -> Frame {
        let size = self.bytes.len() - 4 + self.cuts.iter().map(|(_, piece)| piece.size()).sum::<usize>();
        let size = i32::try_from(size).expect("messages stay below 2 GiB");
        self.bytes[..4].copy_from_slice(&size.to_be_bytes());
        let bytes = self.bytes.freeze();
        let mut pieces = Vec::with_capacity(2 * self.cuts.len() + 1);
        let mut from = 0;
        for (at, piece) in self.cuts {
            if at > from {
                pieces.push(Piece::Memory(bytes.slice(from..at)));
            }
            from = at;
            pieces.push(piece);
        }
        if bytes.len() > from {
            pieces.push(Piece::Memory(bytes.slice(from..)));
        }
        Frame { pieces }
    }
}

/// The start of a text that is too long to be sent: only texts of errors could be.
fn bounded(text: &str) -> &str {
    let mut end = text.len().min(TEXT_SIZE_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Longest text whose length two bytes can say.
const TEXT_SIZE_MAX: usize = i16::MAX as usize;
