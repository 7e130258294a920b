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
}

#[pymethods]
impl Uuid {
    #[new]
    fn new(most_significant_bits: i64, least_significant_bits: i64) -> Uuid {
        Uuid { id: TopicId::from_halves(most_significant_bits, least_significant_bits) }
    }

    /// get_most_significant_bits(): the first 64 bits.
    ///
    /// :rtype: int
    fn get_most_significant_bits(&self) -> i64 {
        self.id.halves().0
    }

    /// get_least_significant_bits(): the last 64 bits.
    ///
    /// :rtype: int
    fn get_least_significant_bits(&self) -> i64 {
        self.id.halves().1
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
        hash_of(self.id.halves())
    }
}
