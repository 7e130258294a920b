//! `libtidelog`: librdkafka's verbs on an engine in the process. A function casts, calls and maps; what an application can
//! observe is decided in `tidelog::client`. Its documentation is `include/tidelog.h`, made from the comments here. In
//! reading order:
//!
//! - `boundary`: pointers, memory and descriptors of C: the one place where `unsafe` stands. `guard`: no panic leaves.
//!   `handles`: long-lived objects, named by numbers that are looked up.
//! - `error`, `conf`, `topic_conf`, `callbacks`: what everything else is made with.
//! - `client`, `serving`, `yielding`: making a producer or a consumer, and who is told what it has to say.
//! - `topic`, `partitioners`, `producing`, `producing_tagged`, `headers`, `transactions`: messages in.
//! - `message`, `consuming`, `simple_consumer`, `batch_view`, `topic_partition`, `offsets`, `group_metadata`: messages out.
//! - `event_queue`, `queue`, `partition_queues`, `event`, `background`: what is handed out in place of callbacks.
//! - `admin`, `metadata`, `uuid`, `engine`, `version`: the rest.
//!
//! There is no allocation for a message on the way in; see ARCHITECTURE.md (The C library) for why handles are numbers.

pub mod admin;
mod background;
pub mod batch_view;
mod boundary;
pub mod callbacks;
pub mod client;
pub mod conf;
pub mod consuming;
pub mod engine;
pub mod error;
pub mod event;
mod event_queue;
pub mod group_metadata;
mod guard;
mod handles;
pub mod headers;
pub mod message;
pub mod metadata;
pub mod offsets;
mod partition_queues;
pub mod partitioners;
pub mod producing;
pub mod producing_tagged;
pub mod queue;
mod serving;
pub mod simple_consumer;
mod text;
mod timeout;
pub mod topic;
pub mod topic_conf;
pub mod topic_partition;
pub mod transactions;
pub mod uuid;
pub mod version;
pub mod yielding;
