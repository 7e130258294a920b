//! [`Batches`]: the batches of a piece of a log, one behind the other. Borrows, never allocates.

use super::{BatchError, BatchView};

/// Where the length field of a batch ends.
const LENGTH_END: usize = 12;

/// Iterator over back-to-back batches. Lengths and format version are checked, checksums are not.
///
/// It ends quietly at the end of the bytes or at a length of zero: a pre-written tail that no batch has reached. A batch that is
/// not all there yields [`BatchError::Truncated`] as the last item, and so does a rest too short to hold
/// a length.
#[derive(Clone, Debug)]
pub struct Batches<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Batches<'a> {
    /// The batches at the front of `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Batches<'a> {
        Batches { bytes, position: 0 }
    }

    /// Bytes behind the batches that have been returned so far: where the next batch starts or, after an error
    /// or the end, where what is usable ends.
    #[must_use]
    pub fn position(&self) -> usize {
        self.position
    }
}

impl<'a> Iterator for Batches<'a> {
    type Item = Result<BatchView<'a>, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        let tail = rest.get(LENGTH_END - 4..LENGTH_END).is_some_and(|length| length == [0; 4]);
        if rest.is_empty() || tail {
            return None;
        }
        let parsed = BatchView::parse(rest);
        match &parsed {
            Ok(batch) => self.position += batch.size(),
            Err(_) => self.bytes = self.bytes.get(..self.position).unwrap_or_default(),
        }
        Some(parsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{BatchBuilder, Compression, PooledBuffer, ProducerStamp, RecordData};
    use crate::types::{LeaderEpoch, Offset, Timestamp};

    /// Three batches of two records, at offsets 0, 2 and 4.
    fn three() -> Vec<u8> {
        let mut bytes = Vec::new();
        for base_offset in [0, 2, 4] {
            let mut builder = BatchBuilder::new(PooledBuffer::default(), Compression::None);
            for _ in 0..2 {
                let record =
                    RecordData { timestamp: Timestamp(1), key: None, value: Some(b"v"), headers: &[] };
                builder.append(&record).unwrap();
            }
            let sealed = builder.seal(ProducerStamp::NONE, None).unwrap();
            bytes.extend_from_slice(&sealed.assign(Offset(base_offset), LeaderEpoch(0)));
        }
        bytes
    }

    fn offsets(bytes: &[u8]) -> (Vec<Result<i64, BatchError>>, usize) {
        let mut batches = Batches::new(bytes);
        let offsets = batches.by_ref().map(|b| b.map(|b| b.header().base_offset().0)).collect();
        (offsets, batches.position())
    }

    #[test]
    fn batches_come_one_behind_the_other() {
        let bytes = three();
        assert_eq!(offsets(&bytes), (vec![Ok(0), Ok(2), Ok(4)], bytes.len()));
        assert_eq!(offsets(&[]), (vec![], 0));
    }

    #[test]
    fn a_tail_of_zeroes_is_a_quiet_end() {
        let mut bytes = three();
        let end = bytes.len();
        for zeroes in [12, 61, 4096] {
            bytes.truncate(end);
            bytes.resize(end + zeroes, 0);
            assert_eq!(offsets(&bytes), (vec![Ok(0), Ok(2), Ok(4)], end));
        }
    }

    #[test]
    fn a_batch_cut_short_is_reported_once_wherever_the_cut_is() {
        let bytes = three();
        let (second, third) = (bytes.len() / 3, bytes.len() / 3 * 2);
        for cut in third + 1..bytes.len() {
            let (found, position) = offsets(&bytes[..cut]);
            assert_eq!((found.len(), position), (3, third));
            assert!(matches!(found.last(), Some(Err(BatchError::Truncated { .. }))));
        }
        let mut broken = bytes.clone();
        broken[second + 16] = 1;
        assert_eq!(offsets(&broken), (vec![Ok(0), Err(BatchError::Magic(1))], second));
    }
}
