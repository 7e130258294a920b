//! Messages that say whose they are, so that a checker needs no list of what was sent.

/// Message `number` of a producer: its bytes follow from that.
pub(crate) fn value(producer: u64, number: u64) -> Vec<u8> {
    let size = 20 + usize::try_from((number.wrapping_mul(2_654_435_761) ^ producer) % 3000).unwrap();
    let block: [u8; 256] = std::array::from_fn(|at| at.to_le_bytes()[0] ^ number.to_le_bytes()[0]);
    // Whole blocks are copied: a checker makes millions of these, in a build that is not optimized.
    let mut value = block.repeat(size.div_ceil(block.len()));
    value.truncate(size);
    value[..8].copy_from_slice(&producer.to_be_bytes());
    value[8..16].copy_from_slice(&number.to_be_bytes());
    value
}

/// The producer and number in a value that was really sent.
pub(crate) fn origin(found: &[u8]) -> (u64, u64) {
    let number = |at: usize| u64::from_be_bytes(found[at..at + 8].try_into().unwrap());
    let origin = (number(0), number(8));
    assert!(found == value(origin.0, origin.1), "this was never sent: {origin:?}, {} bytes", found.len());
    origin
}
