//! The peers, each used the way its documentation recommends for the job and set up at its best as measured.

pub mod commitlog;
pub mod fjall;
pub mod okaywal;
pub mod raft_engine;
#[cfg(feature = "rocksdb")]
pub mod rocksdb;
pub mod sqlite;
pub mod walrus;

/// Why RocksDB takes no part.
#[cfg(not(feature = "rocksdb"))]
pub const WITHOUT_ROCKSDB: &str = "built without `--features rocksdb`, which needs C++ and libclang";
