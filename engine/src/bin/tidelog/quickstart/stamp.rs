//! [`Stamp`]: the header that the quickstart puts on each record, to recognize it and to measure its way.

use std::time::Duration;

use tidelog::record::Header;

use crate::latency::nanos;

/// Which record it is, and when it was produced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// How many were produced before it.
    pub(super) number: u64,
    /// Nanoseconds from the start of the run to the call of `produce`.
    pub(super) nanos: u64,
}

impl Stamp {
    /// Key of the header.
    pub(super) const HEADER: &str = "quickstart";

    /// A stamp of now.
    pub(super) fn new(number: u64, since_start: Duration) -> Stamp {
        Stamp { number, nanos: nanos(since_start) }
    }

    /// The header's value.
    pub(super) fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.number.to_be_bytes());
        bytes[8..].copy_from_slice(&self.nanos.to_be_bytes());
        bytes
    }

    /// The stamp in a header, if it holds one.
    pub(super) fn of(header: &Header<'_>) -> Option<Stamp> {
        if header.key != Self::HEADER.as_bytes() {
            return None;
        }
        let (number, nanos) = header.value?.split_first_chunk::<8>()?;
        let nanos = nanos.first_chunk::<8>()?;
        Some(Stamp { number: u64::from_be_bytes(*number), nanos: u64::from_be_bytes(*nanos) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_survives_its_way() {
        let stamp = Stamp { number: 7, nanos: u64::MAX };
        let bytes = stamp.to_bytes();
        let header = |key, value| Header { key, value };
        assert_eq!(Stamp::of(&header(b"quickstart", Some(&bytes))), Some(stamp));
        assert_eq!(Stamp::of(&header(b"other", Some(&bytes))), None);
        assert_eq!(Stamp::of(&header(b"quickstart", Some(&bytes[..15]))), None);
    }
}
