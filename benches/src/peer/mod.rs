//! The peers, each used the way its documentation recommends for the job and set up at its best as measured.

pub mod commitlog;
pub mod fjall;
pub mod okaywal;
pub mod raft_engine;
pub mod sqlite;
pub mod walrus;
