//! Shared pieces of the whole-system tests.

pub mod repository;
