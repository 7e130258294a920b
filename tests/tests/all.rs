//! Tests of the whole, in one binary.

#![allow(clippy::unwrap_used, reason = "in a test a panic says where and why, which is what is wanted")]

mod architecture;
mod c_library;
mod child;
mod effort;
mod engines;
mod faults;
mod layout;
mod power_cut;
mod programs;
mod python_package;
mod server;
mod witness;
