//! [`Reader`]: takes primitives from the front of a message. Every length is held against the bytes that are left
//! before anything is allocated; texts are copied, longer bytes stay slices of the message.

use bytes::Bytes;

use super::error::{DecodeError, Problem};

/// Most elements that are made room for before they have been seen.
const RESERVED_COUNT_MAX: usize = 1024;

/// A message of one version that is being read.
#[derive(Debug)]
pub struct Reader {
    bytes: Bytes,
    at: usize,
    version: i16,
    flexible: bool,
}

impl Reader {
    /// Reads `bytes` as a message of `version`; `flexible` ones have compact lengths and tagged fields (KIP-482).
    #[must_use]
    pub fn new(bytes: Bytes, version: i16, flexible: bool) -> Reader {
        Reader { bytes, at: 0, version, flexible }
    }

    /// Version of the message.
    #[must_use]
    pub fn version(&self) -> i16 {
        self.version
    }

    /// Bytes that have not been read.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.bytes.len() - self.at
    }

    fn take(&mut self, size: usize) -> Result<&[u8], DecodeError> {
        let left = self.remaining();
        if size > left {
            return Err(DecodeError::new(Problem::Truncated { needed: size as u64, left }));
        }
        self.at += size;
        Ok(&self.bytes[self.at - size..self.at])
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn unsigned_varint(&mut self) -> Result<u32, DecodeError> {
        let mut value = 0u32;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.array::<1>()?;
            let bits = u32::from(byte & 0x7f);
            if shift == 28 && byte > 0x0f {
                break;
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(DecodeError::new(Problem::Varint))
    }

    /// A length; `None` for null. `width` is that of the lengths of older versions.
    fn length(&mut self, width: Width) -> Result<Option<usize>, DecodeError> {
        let length = if self.flexible {
            i64::from(self.unsigned_varint()?) - 1
        } else {
            match width {
                Width::Short => i64::from(i16::from_be_bytes(self.array()?)),
                Width::Long => i64::from(i32::from_be_bytes(self.array()?)),
            }
        };
        match length {
            -1 => Ok(None),
            _ => usize::try_from(length).map(Some).map_err(|_| DecodeError::new(Problem::Length(length))),
        }
    }

    pub(super) fn string(&mut self) -> Result<Option<String>, DecodeError> {
        self.length(Width::Short)?.map(|length| self.text(length)).transpose()
    }

    /// A text of the header, whose length is never compact.
    pub(super) fn classic_string(&mut self) -> Result<Option<String>, DecodeError> {
        let flexible = std::mem::replace(&mut self.flexible, false);
        let text = self.string();
        self.flexible = flexible;
        text
    }

    fn text(&mut self, length: usize) -> Result<String, DecodeError> {
        let bytes = self.take(length)?;
        let text = std::str::from_utf8(bytes).map_err(|_| DecodeError::new(Problem::Utf8))?;
        Ok(text.to_owned())
    }

    pub(super) fn bytes(&mut self) -> Result<Option<Bytes>, DecodeError> {
        self.length(Width::Long)?.map(|length| self.slice(length)).transpose()
    }

    fn slice(&mut self, length: usize) -> Result<Bytes, DecodeError> {
        let from = self.at;
        self.take(length)?;
        Ok(self.bytes.slice(from..from + length))
    }

    /// A list of what `read` reads; each element has a byte at least.
    pub(super) fn list<T>(
        &mut self,
        read: impl Fn(&mut Reader) -> Result<T, DecodeError>,
    ) -> Result<Option<Vec<T>>, DecodeError> {
        let Some(count) = self.length(Width::Long)? else { return Ok(None) };
        let left = self.remaining();
        if count > left {
            return Err(DecodeError::new(Problem::Truncated { needed: count as u64, left }));
        }
        let mut list = Vec::with_capacity(count.min(RESERVED_COUNT_MAX));
        for _ in 0..count {
            list.push(read(self)?);
        }
        Ok(Some(list))
    }

    /// The tagged fields at the end of a structure. `known` reads the one with the number it is given, or returns false
    /// for a number it does not know.
    pub(super) fn tags(
        &mut self,
        mut known: impl FnMut(u32, &mut Reader) -> Result<bool, DecodeError>,
    ) -> Result<(), DecodeError> {
        if !self.flexible {
            return Ok(());
        }
        for _ in 0..self.unsigned_varint()? {
            let tag = self.unsigned_varint()?;
            let size = self.unsigned_varint()? as usize;
            let (start, left) = (self.at, self.remaining());
            if size > left {
                return Err(DecodeError::new(Problem::Truncated { needed: size as u64, left }));
            }
            if !known(tag, self)? {
                self.take(size)?;
            }
            let read = self.at - start;
            if read != size {
                return Err(DecodeError::new(Problem::Tag { size, read }));
            }
        }
        Ok(())
    }
}

/// Bytes of a length that is not compact.
#[derive(Clone, Copy)]
enum Width {
    /// Two: texts.
    Short,
    /// Four: bytes and lists.
    Long,
}
