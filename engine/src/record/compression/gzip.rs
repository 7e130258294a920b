//! gzip (RFC 1952), with zlib's levels.

use flate2::{Compress, Decompress, FlushCompress, FlushDecompress, Status};

use super::{Sink, UnpackError, corrupt};

/// Base-2 logarithm of the largest window, which every decoder must be able to read.
const WINDOW_BITS: u8 = 15;

/// Beyond the packed data: header, trailer and what deflate adds to data that does not shrink.
const OVERHEAD: usize = 64;

/// Level when none is given, as `java.util.zip.Deflater` has it.
const LEVEL_DEFAULT: i32 = 6;

pub(super) fn pack(level: Option<i32>, raw: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    let level = u32::try_from(level.unwrap_or(LEVEL_DEFAULT).clamp(0, 9)).unwrap_or_default();
    let mut deflate = Compress::new_gzip(flate2::Compression::new(level), WINDOW_BITS);
    out.reserve(raw.len() / 2 + OVERHEAD);
    let mut rest = raw;
    loop {
        let before = deflate.total_in();
        let status = deflate.compress_vec(rest, out, FlushCompress::Finish).map_err(|e| e.to_string())?;
        let taken = usize::try_from(deflate.total_in() - before).unwrap_or_default();
        rest = rest.get(taken..).unwrap_or_default();
        match status {
            Status::StreamEnd => return Ok(()),
            Status::Ok | Status::BufError => out.reserve(rest.len() + OVERHEAD),
        }
    }
}

/// Only one member is read: producers write one, and thousands of empty ones would cost time without end.
pub(super) fn unpack(packed: &[u8], sink: &mut Sink<'_>) -> Result<(), UnpackError> {
    let mut inflate = Decompress::new_gzip(WINDOW_BITS);
    let mut rest = packed;
    loop {
        let (in_before, out_before) = (inflate.total_in(), inflate.total_out());
        // One byte more than allowed tells a stream that is too long from one that ends at the bound.
        let mut probe = [0];
        let (room, probing) = match sink.free() {
            Ok(room) => (room, false),
            Err(_) => (probe.as_mut_slice(), true),
        };
        let status = inflate.decompress(rest, room, FlushDecompress::None).map_err(corrupt)?;
        let taken = usize::try_from(inflate.total_in() - in_before).unwrap_or_default();
        let written = usize::try_from(inflate.total_out() - out_before).unwrap_or_default();
        if probing && written > 0 {
            return Err(UnpackError::Full);
        }
        sink.advance(written);
        rest = rest.get(taken..).unwrap_or_default();
        match status {
            Status::StreamEnd => return Ok(()),
            Status::Ok | Status::BufError if taken == 0 && written == 0 => {
                return Err(corrupt("stream is cut short"));
            }
            Status::Ok | Status::BufError => {}
        }
    }
}
