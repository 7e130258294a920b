//! LZ4 frames, laid out as Kafka's clients do: independent blocks of 64 KiB, no checksums.

use std::io::{Read, Write};

use lz4_flex::frame::{BlockMode, BlockSize, FrameDecoder, FrameEncoder, FrameInfo};

use super::{Sink, UnpackError, corrupt};

/// There is one level: the library has no slower and denser mode.
pub(super) fn pack(raw: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    let layout = FrameInfo::new().block_mode(BlockMode::Independent).block_size(BlockSize::Max64KB);
    let mut encoder = FrameEncoder::with_frame_info(layout, out);
    encoder.write_all(raw).map_err(|e| e.to_string())?;
    encoder.finish().map(|_| ()).map_err(|e| e.to_string())
}

/// Reads one frame, like Kafka; the decoder itself needs a few blocks of memory, at most 4 MiB each.
pub(super) fn unpack(packed: &[u8], sink: &mut Sink<'_>) -> Result<(), UnpackError> {
    let mut decoder = FrameDecoder::new(packed);
    loop {
        // One byte more than allowed tells a stream that is too long from one that ends at the bound.
        let mut probe = [0];
        let (room, probing) = match sink.free() {
            Ok(room) => (room, false),
            Err(_) => (probe.as_mut_slice(), true),
        };
        let written = decoder.read(room).map_err(corrupt)?;
        if written == 0 {
            return Ok(());
        }
        if probing {
            return Err(UnpackError::Full);
        }
        sink.advance(written);
    }
}
