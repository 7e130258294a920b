//! Snappy in Xerial's framing, which the Java client writes, and raw snappy, which librdkafka writes.
//!
//! ```text
//! magic 82 'S' 'N' 'A' 'P' 'P' 'Y' 00 | version i32 = 1 | oldest compatible version i32 = 1
//! each block: size i32 | raw snappy                                          (all big-endian)
//! ```
//! Source: `org.xerial.snappy.SnappyOutputStream`.

use snap::raw::{Decoder, Encoder, decompress_len, max_compress_len};

use super::{Sink, UnpackError, corrupt};

const MAGIC: [u8; 8] = *b"\x82SNAPPY\0";

/// Magic and two versions.
const HEADER_SIZE: usize = 16;

/// Size of the size in front of a block.
const BLOCK_HEADER_SIZE: usize = 4;

/// What `SnappyOutputStream` takes together.
const BLOCK_SIZE: usize = 32 << 10;

/// The densest element: three bytes that copy 64.
const RATIO_MAX: usize = 22;

pub(super) fn pack(raw: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    let mut encoder = Encoder::new();
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&1_i32.to_be_bytes());
    out.extend_from_slice(&1_i32.to_be_bytes());
    for block in raw.chunks(BLOCK_SIZE) {
        let start = out.len();
        let body = start + BLOCK_HEADER_SIZE;
        out.resize(body + max_compress_len(block.len()), 0);
        let size = encoder.compress(block, &mut out[body..]).map_err(|e| e.to_string())?;
        let stored = i32::try_from(size).map_err(|e| e.to_string())?;
        out[start..body].copy_from_slice(&stored.to_be_bytes());
        out.truncate(body + size);
    }
    Ok(())
}

pub(super) fn unpack(packed: &[u8], sink: &mut Sink<'_>) -> Result<(), UnpackError> {
    if !packed.starts_with(&MAGIC) {
        return unpack_block(packed, sink);
    }
    let mut rest = packed.get(HEADER_SIZE..).ok_or_else(|| corrupt("frame header is cut short"))?;
    while !rest.is_empty() {
        // Streams may be concatenated, each with its header.
        if rest.starts_with(&MAGIC) {
            rest = rest.get(HEADER_SIZE..).ok_or_else(|| corrupt("frame header is cut short"))?;
            continue;
        }
        let (size, after) =
            rest.split_first_chunk().ok_or_else(|| corrupt("size of a block is cut short"))?;
        let size =
            usize::try_from(i32::from_be_bytes(*size)).map_err(|_| corrupt("size of a block is negative"))?;
        let (block, after) = after.split_at_checked(size).ok_or_else(|| corrupt("block is cut short"))?;
        unpack_block(block, sink)?;
        rest = after;
    }
    Ok(())
}

fn unpack_block(block: &[u8], sink: &mut Sink<'_>) -> Result<(), UnpackError> {
    let size = decompress_len(block).map_err(corrupt)?;
    // The size is a claim, but no block can keep a claim beyond this: refuse before memory is taken.
    if size > block.len().saturating_mul(RATIO_MAX) {
        return Err(corrupt("block claims more than it can hold"));
    }
    let written = Decoder::new().decompress(block, sink.free_exact(size)?).map_err(corrupt)?;
    sink.advance(written);
    Ok(())
}
