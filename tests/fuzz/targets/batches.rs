//! Any bytes as a producer's batch, with the checksum made right, since no luck would: it is admitted or refused, and what is
//! admitted can be read.

#![no_main]

use std::sync::LazyLock;

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use tidelog::config::topic::LogConfig;
use tidelog::log::admit;
use tidelog::record::SealedBatch;
use tidelog::types::Timestamp;

/// A topic without rules of its own.
static RULES: LazyLock<LogConfig> = LazyLock::new(LogConfig::default);

/// Where the checksum stands, and where what it covers begins.
const CRC: std::ops::Range<usize> = 17..21;

fuzz_target!(|input: &[u8]| {
    if input.len() < 61 {
        return;
    }
    let mut bytes = BytesMut::from(input);
    let length = i32::try_from(input.len() - 12).unwrap_or(i32::MAX);
    bytes[8..12].copy_from_slice(&length.to_be_bytes());
    bytes[16] = 2;
    let crc = crc32c(&bytes[CRC.end..]);
    bytes[CRC].copy_from_slice(&crc.to_be_bytes());
    let Ok(batch) = SealedBatch::from_wire(bytes) else { return };
    let mut scratch = Vec::new();
    let now = Timestamp(1_700_000_000_000);
    if let Ok(batch) = admit(batch, &RULES, now, &mut scratch) {
        let count = batch.header().records_count.get();
        let records =
            batch.view().unpack(&mut scratch, 256 << 20).map(|records| records.filter(Result::is_ok).count());
        assert_eq!(records.ok(), usize::try_from(count).ok());
    }
});

/// CRC-32C, byte by byte.
fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32| (crc >> 1) ^ if crc & 1 == 1 { 0x82f6_3b78 } else { 0 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc)))
}
