//! Zstandard (KIP-110).

use zstd::zstd_safe::zstd_sys::ZSTD_ErrorCode;
use zstd::zstd_safe::{CCtx, DCtx, compress_bound, get_error_name, max_c_level, min_c_level};

use super::{Sink, UnpackError, corrupt};

/// Level when none is given, zstd's own and Kafka's.
const LEVEL_DEFAULT: i32 = 3;

/// Most bytes that one block stands for.
const BLOCK_SIZE_MAX: usize = 128 << 10;

/// Least that a block takes: its header, and the byte that it repeats.
const BLOCK_PACKED_SIZE_MIN: usize = 4;

/// What the library returns when the output does not fit: an error is its number, negated.
const OUTPUT_TOO_SMALL: usize = (ZSTD_ErrorCode::ZSTD_error_dstSize_tooSmall as usize).wrapping_neg();

pub(super) fn pack(level: Option<i32>, raw: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    let level = level.unwrap_or(LEVEL_DEFAULT).clamp(min_c_level(), max_c_level());
    let start = out.len();
    out.resize(start + compress_bound(raw.len()), 0);
    let size = CCtx::create().compress(&mut out[start..], raw, level);
    let size = size.map_err(|code| get_error_name(code).to_owned())?;
    out.truncate(start + size);
    Ok(())
}

/// Unpacks in one go, again with more room when it was too little. Streaming would need a second buffer as large as
/// the window that the frame asks for; this way the sink's bound holds for everything. Damaged data asks for
/// more room too, so what is given stays below what data of this size can hold.
pub(super) fn unpack(packed: &[u8], sink: &mut Sink<'_>) -> Result<(), UnpackError> {
    let holds_max = packed.len().div_ceil(BLOCK_PACKED_SIZE_MIN).saturating_mul(BLOCK_SIZE_MAX);
    let mut context = DCtx::create();
    loop {
        let room = sink.free()?;
        let tried = room.len();
        match context.decompress(room, packed) {
            Ok(size) => {
                sink.advance(size);
                return Ok(());
            }
            Err(OUTPUT_TOO_SMALL) if tried >= sink.room_max() => return Err(UnpackError::Full),
            Err(OUTPUT_TOO_SMALL) if tried < holds_max => {
                sink.grow_to(tried.saturating_mul(4).min(holds_max).min(sink.size_max));
            }
            Err(code) => return Err(corrupt(get_error_name(code))),
        }
    }
}
