//! `Uuid`, as Kafka prints topic ids.

use pyo3::prelude::*;
use tidelog::log::format_id;
use tidelog::types::TopicId;

use crate::kafka_error::hash_of;

/// Uuid(most_significant_bits, least_significant_bits)
///
/// A 128-bit id, such as a topic's. Prints in Kafka's base64: ``str(uuid)``.
#[pyclass(module = "tidelog", frozen)]
pub(crate) struct Uuid {
    id: TopicId,
}

impl Uuid {
    pub(crate) fn of(id: TopicId) -> Uuid {
        Uuid { id }
    }

    fn halves(&self) -> (i64, i64) {
        let bits = u128::from_be_bytes(self.id.0);
        let half = |bits: u128| {
            let bytes = bits.to_le_bytes();
            let (low, _) = bytes.split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
            i64::from_le_bytes(*low)
        };
        (half(bits >> 64), half(bits))
    }
}

#[pymethods]
impl Uuid {
    #[new]
    fn new(most_significant_bits: i64, least_significant_bits: i64) -> Uuid {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&most_significant_bits.to_be_bytes());
        bytes[8..].copy_from_slice(&least_significant_bits.to_be_bytes());
        Uuid { id: TopicId(bytes) }
    }

    /// get_most_significant_bits(): the first 64 bits.
    ///
    /// :rtype: int
    fn get_most_significant_bits(&self) -> i64 {
        self.halves().0
    }

    /// get_least_significant_bits(): the last 64 bits.
    ///
    /// :rtype: int
    fn get_least_significant_bits(&self) -> i64 {
        self.halves().1
    }

    fn __str__(&self) -> String {
        format_id(self.id)
    }

    fn __repr__(&self) -> String {
        format_id(self.id)
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Uuid>().is_ok_and(|other| other.get().id == self.id)
    }

    fn __hash__(&self) -> isize {
        hash_of(self.halves())
    }
}
