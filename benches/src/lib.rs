//! Workloads that compare tidelog with peers and with the floor of the machine.
//!
//! Every sample is taken in a process of its own, so that one contestant's heap, threads, globals or crash cannot
//! touch another's; contestants take turns (A B C, A B C, …), and the median of the rounds is what counts. Read
//! in this order: [`contest`] (what is compared), [`logs`] (what a log must offer to take part), [`workload`]
//! (the jobs), [`subject`] (tidelog), [`peer`] and [`floor`] (who else takes part), [`session`] (how a run goes),
//! [`report`] (what it prints).
//!
//! Nothing here is a test: no figure makes a run fail.

#![forbid(unsafe_code)]

pub mod contest;
pub mod error;
pub mod floor;
pub mod job;
pub mod latency;
pub mod logs;
pub mod machine;
pub mod payload;
pub mod peer;
pub mod report;
pub mod session;
pub mod subject;
pub mod workload;
