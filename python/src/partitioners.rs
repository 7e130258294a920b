//! The hashes behind the partitioners, as functions.

use std::num::NonZeroU32;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use tidelog::client::partitioner::PartitionerKind;

fn count(partition_count: i64) -> PyResult<NonZeroU32> {
    let count = u32::try_from(partition_count).ok().and_then(NonZeroU32::new);
    count.ok_or_else(|| PyValueError::new_err(format!("partition_count must be > 0, got {partition_count}")))
}

fn of_key(kind: PartitionerKind, key: &[u8], partition_count: i64) -> PyResult<i32> {
    Ok(kind.of_key(Some(key), count(partition_count)?).map_or(0, |partition| partition.0))
}

/// murmur2(key, partition_count)
///
/// The partition of a key as Java's clients choose it: ``(murmur2(key) & 0x7fffffff) % partition_count``.
///
/// :param bytes key: key
/// :param int partition_count: number of partitions
/// :rtype: int
#[pyfunction]
pub(crate) fn murmur2(key: &[u8], partition_count: i64) -> PyResult<i32> {
    of_key(PartitionerKind::Murmur2, key, partition_count)
}

/// consistent(key, partition_count)
///
/// The partition of a key as librdkafka chooses it: ``crc32(key) % partition_count``.
///
/// :param bytes key: key
/// :param int partition_count: number of partitions
/// :rtype: int
#[pyfunction]
pub(crate) fn consistent(key: &[u8], partition_count: i64) -> PyResult<i32> {
    of_key(PartitionerKind::Consistent, key, partition_count)
}

/// fnv1a(key, partition_count)
///
/// The partition of a key by FNV-1a: as librdkafka's partitioner ``fnv1a`` chooses it.
///
/// :param bytes key: key
/// :param int partition_count: number of partitions
/// :rtype: int
#[pyfunction]
pub(crate) fn fnv1a(key: &[u8], partition_count: i64) -> PyResult<i32> {
    of_key(PartitionerKind::Fnv1a, key, partition_count)
}
