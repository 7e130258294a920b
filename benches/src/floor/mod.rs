//! Floors: the bare system calls under each workload, without any log. What no log on this machine can do better,
//! unless it asks something else of the kernel.

pub mod buffered;
pub mod direct;
pub mod open;
pub mod read;
pub mod synced;
