//! Scenarios of groups, each against a coordinator whose time, member ids and log are in the test's hands.

mod bench;
mod consumers;
mod deletion;
mod kafka;
mod membership;
mod migration;
mod offsets;
pub(in crate::broker) mod requests;
mod simulation;
mod static_members;
mod transactional;
