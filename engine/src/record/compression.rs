//! Packing and unpacking of a batch's records with the four codecs of Kafka.
//!
//! Unpacking faces bytes from outside: every codec writes through [`Sink`], which grows as data arrives and stops at
//! its bound, whatever sizes the packed data claims.

mod gzip;
mod lz4;
mod snappy;
mod zstd;

use super::{BatchError, BatchView, BuildError, Compression, Records};

/// What a sink starts with when its scratch memory is new.
const SINK_SIZE_FIRST: usize = 64 << 10;

/// Appends `raw`, packed, to `out`. `level` is the codec's own scale; out of range it counts as the nearest end.
pub(super) fn pack(
    codec: Compression,
    level: Option<i32>,
    raw: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), BuildError> {
    let packed = match codec {
        Compression::None => {
            out.extend_from_slice(raw);
            Ok(())
        }
        Compression::Gzip => gzip::pack(level, raw, out),
        Compression::Snappy => snappy::pack(raw, out),
        Compression::Lz4 => lz4::pack(raw, out),
        Compression::Zstd => zstd::pack(level, raw, out),
    };
    packed.map_err(|reason| BuildError::Compression { codec, reason })
}

impl<'a> BatchView<'a> {
    /// The records, whatever the codec. They are borrowed from the batch when it is not compressed and from
    /// `scratch` when it is. What was in `scratch` is lost; it is worth keeping for the next batch, not worth clearing.
    ///
    /// # Errors
    /// [`BatchError::Unpacked`] when they would take more than `size_max` bytes, of which no more is then in
    /// memory either; [`BatchError::Packed`], [`BatchError::Compression`] and [`BatchError::Inconsistent`].
    pub fn unpack<'s>(&self, scratch: &'s mut Vec<u8>, size_max: usize) -> Result<Records<'s>, BatchError>
    where
        'a: 's,
    {
        let (codec, packed) = (self.header().attributes().compression()?, self.payload());
        // Compaction leaves empty batches without even the codec's frame.
        if codec == Compression::None || packed.is_empty() {
            return Records::new(self.header(), packed);
        }
        let mut sink = Sink::new(scratch, packed.len(), size_max);
        let unpacked = match codec {
            Compression::None => Ok(()),
            Compression::Gzip => gzip::unpack(packed, &mut sink),
            Compression::Snappy => snappy::unpack(packed, &mut sink),
            Compression::Lz4 => lz4::unpack(packed, &mut sink),
            Compression::Zstd => zstd::unpack(packed, &mut sink),
        };
        match unpacked {
            Ok(()) => Records::new(self.header(), sink.finish()),
            Err(UnpackError::Full) => Err(BatchError::Unpacked(size_max)),
            Err(UnpackError::Corrupt(reason)) => Err(BatchError::Packed { codec, reason }),
        }
    }
}

/// Why a codec stopped.
#[derive(Debug)]
enum UnpackError {
    /// The sink's bound is reached and there is more.
    Full,
    /// What the codec's library says.
    Corrupt(String),
}

fn corrupt(reason: impl ToString) -> UnpackError {
    UnpackError::Corrupt(reason.to_string())
}

/// Where unpacked bytes go: scratch memory that grows by doubling, never beyond `size_max`.
#[derive(Debug)]
struct Sink<'s> {
    /// All of it is initialized, so that memory used before is not zeroed again.
    scratch: &'s mut Vec<u8>,
    filled: usize,
    size_max: usize,
}

impl<'s> Sink<'s> {
    fn new(scratch: &'s mut Vec<u8>, packed_size: usize, size_max: usize) -> Sink<'s> {
        let mut sink = Sink { scratch, filled: 0, size_max };
        let first = packed_size.saturating_mul(4).max(SINK_SIZE_FIRST);
        sink.grow_to(first.min(size_max));
        sink
    }

    fn grow_to(&mut self, size: usize) {
        if size > self.scratch.len() {
            self.scratch.reserve_exact(size - self.scratch.len());
            self.scratch.resize(size, 0);
        }
    }

    /// Bytes that may still come.
    fn room_max(&self) -> usize {
        self.size_max - self.filled
    }

    /// The free part, at least one byte long. Tell with [`Sink::advance`] how much was used.
    fn free(&mut self) -> Result<&mut [u8], UnpackError> {
        if self.room_max() == 0 {
            return Err(UnpackError::Full);
        }
        if self.filled >= self.scratch.len() {
            self.grow_to(self.scratch.len().saturating_mul(2).clamp(1, self.size_max));
        }
        let end = self.scratch.len().min(self.size_max);
        Ok(self.scratch.get_mut(self.filled..end).unwrap_or_default())
    }

    /// A free part of exactly `size` bytes, for codecs that know what comes.
    fn free_exact(&mut self, size: usize) -> Result<&mut [u8], UnpackError> {
        if size > self.room_max() {
            return Err(UnpackError::Full);
        }
        let end = self.filled + size;
        self.grow_to(end);
        Ok(self.scratch.get_mut(self.filled..end).unwrap_or_default())
    }

    fn advance(&mut self, size: usize) {
        self.filled += size;
    }

    fn finish(self) -> &'s [u8] {
        self.scratch.get(..self.filled).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
