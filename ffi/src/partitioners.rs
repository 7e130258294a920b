//! librdkafka's partitioners, for ::tl_topic_conf_set_partitioner_cb and for partitioners of the application's own.

use std::cell::RefCell;
use std::ffi::c_void;
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU32;
use std::time::Duration;

use tidelog::client::partitioner::{Partitioner, PartitionerKind};

use crate::boundary;
use crate::guard::guard;
use crate::topic::Topic;
use crate::topic_partition::TL_PARTITION_UA;

thread_local! {
    /// For messages that may go anywhere.
    static ANY: RefCell<Partitioner> = RefCell::new(Partitioner::new(
        PartitionerKind::Random,
        Duration::ZERO,
        RandomState::new().hash_one(std::thread::current().id()),
    ));
}

fn partition(kind: PartitionerKind, key: *const c_void, keylen: usize, partition_cnt: i32) -> i32 {
    guard(|| {
        let count = u32::try_from(partition_cnt).ok().and_then(NonZeroU32::new);
        let (Some(count), Ok(key)) = (count, boundary::bytes(key, keylen, "key")) else {
            return TL_PARTITION_UA;
        };
        let any = || ANY.with_borrow_mut(|any| any.partition(None, count, Duration::ZERO));
        kind.of_key(key, count).unwrap_or_else(any).0
    })
}

/// Any partition. `TL_PARTITION_UA` when there is none. Only `partition_cnt` matters.
#[unsafe(no_mangle)]
pub extern "C" fn tl_msg_partitioner_random(
    rkt: *const Topic,
    key: *const c_void,
    keylen: usize,
    partition_cnt: i32,
    rkt_opaque: *mut c_void,
    msg_opaque: *mut c_void,
) -> i32 {
    let _ = (rkt, rkt_opaque, msg_opaque);
    partition(PartitionerKind::Random, key, keylen, partition_cnt)
}

/// By the CRC-32 of the key; without a key, or with an empty one, always the same. `TL_PARTITION_UA` when there is none.
#[unsafe(no_mangle)]
pub extern "C" fn tl_msg_partitioner_consistent(
    rkt: *const Topic,
    key: *const c_void,
    keylen: usize,
    partition_cnt: i32,
    rkt_opaque: *mut c_void,
    msg_opaque: *mut c_void,
) -> i32 {
    let _ = (rkt, rkt_opaque, msg_opaque);
    partition(PartitionerKind::Consistent, key, keylen, partition_cnt)
}

/// By the CRC-32 of the key; without a key, or with an empty one, any. `TL_PARTITION_UA` when there is none.
#[unsafe(no_mangle)]
pub extern "C" fn tl_msg_partitioner_consistent_random(
    rkt: *const Topic,
    key: *const c_void,
    keylen: usize,
    partition_cnt: i32,
    rkt_opaque: *mut c_void,
    msg_opaque: *mut c_void,
) -> i32 {
    let _ = (rkt, rkt_opaque, msg_opaque);
    partition(PartitionerKind::ConsistentRandom, key, keylen, partition_cnt)
}

/// By Murmur2 of the key, as Java's producer; no key counts as an empty one. `TL_PARTITION_UA` when there is none.
#[unsafe(no_mangle)]
pub extern "C" fn tl_msg_partitioner_murmur2(
    rkt: *const Topic,
    key: *const c_void,
    keylen: usize,
    partition_cnt: i32,
    rkt_opaque: *mut c_void,
    msg_opaque: *mut c_void,
) -> i32 {
    let _ = (rkt, rkt_opaque, msg_opaque);
    partition(PartitionerKind::Murmur2, key, keylen, partition_cnt)
}

/// By Murmur2 of the key, as Java's producer; without a key any. `TL_PARTITION_UA` when there is none.
#[unsafe(no_mangle)]
pub extern "C" fn tl_msg_partitioner_murmur2_random(
    rkt: *const Topic,
    key: *const c_void,
    keylen: usize,
    partition_cnt: i32,
    rkt_opaque: *mut c_void,
    msg_opaque: *mut c_void,
) -> i32 {
    let _ = (rkt, rkt_opaque, msg_opaque);
    partition(PartitionerKind::Murmur2Random, key, keylen, partition_cnt)
}

/// By FNV-1a of the key, as Sarama; no key counts as an empty one. `TL_PARTITION_UA` when there is none.
#[unsafe(no_mangle)]
pub extern "C" fn tl_msg_partitioner_fnv1a(
    rkt: *const Topic,
    key: *const c_void,
    keylen: usize,
    partition_cnt: i32,
    rkt_opaque: *mut c_void,
    msg_opaque: *mut c_void,
) -> i32 {
    let _ = (rkt, rkt_opaque, msg_opaque);
    partition(PartitionerKind::Fnv1a, key, keylen, partition_cnt)
}

/// By FNV-1a of the key, as Sarama; without a key any. `TL_PARTITION_UA` when there is none.
#[unsafe(no_mangle)]
pub extern "C" fn tl_msg_partitioner_fnv1a_random(
    rkt: *const Topic,
    key: *const c_void,
    keylen: usize,
    partition_cnt: i32,
    rkt_opaque: *mut c_void,
    msg_opaque: *mut c_void,
) -> i32 {
    let _ = (rkt, rkt_opaque, msg_opaque);
    partition(PartitionerKind::Fnv1aRandom, key, keylen, partition_cnt)
}
