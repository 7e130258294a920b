//! [`Stamp`]: the first bytes of each value: of which run it is, and when it was due.

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// The run.
    pub(super) run: u64,
    /// When the record was due, in nanoseconds from the start of the run.
    pub(super) due: u64,
}

impl Stamp {
    /// Bytes of a stamp.
    pub(super) const SIZE: usize = 16;

    /// Writes it over the front of a value.
    pub(super) fn write(self, value: &mut [u8]) {
        value[..8].copy_from_slice(&self.run.to_be_bytes());
        value[8..Stamp::SIZE].copy_from_slice(&self.due.to_be_bytes());
    }

    /// The stamp of a value, if it is one of the run.
    pub(super) fn read(value: &[u8], run: u64) -> Option<Stamp> {
        let number = |bytes: &[u8]| bytes.try_into().ok().map(u64::from_be_bytes);
        let (found, due) = (number(value.get(..8)?)?, number(value.get(8..Stamp::SIZE)?)?);
        (found == run).then_some(Stamp { run, due })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_stamps_of_the_run_are_read() {
        let stamp = Stamp { run: 7, due: u64::MAX };
        let mut value = [0; 20];
        stamp.write(&mut value);
        assert_eq!(Stamp::read(&value, 7), Some(stamp));
        assert_eq!(Stamp::read(&value, 8), None);
        assert_eq!(Stamp::read(&value[..15], 7), None);
    }
}
