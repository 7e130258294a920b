//! The command line end to end: the built binary is run as a user runs it, on directories of its own.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed; helpers are not marked as tests"
)]

mod bench;
mod check;
mod console;
mod dump;
mod groups;
mod measuring;
mod quickstart;
mod topics;
mod transactions;
