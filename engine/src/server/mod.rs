//! A Kafka server: every Kafka client works against it unchanged. It joins the protocol ([`crate::wire`]) to the broker.
//!
//! In reading order: [`ServerOptions`], [`Server`] (start and stop), `reactor` (the connections of one shard, on its
//! thread), `connection` with `input` and `output` (one client's stream), `dispatch` (which handler answers what, and
//! where), `handlers` (one file per API), `fetch`, `wanted` and `sessions` (readers that wait), `inbox` (answers from
//! anywhere), `offload` (threads for what has to wait), `call` (who asks, and [`authorize`]), `exposition` and
//! `metrics_endpoint` (figures for Prometheus).

mod call;
mod config_resource;
mod connection;
mod dispatch;
mod exposition;
mod fetch;
mod handlers;
mod inbox;
mod input;
mod metrics;
mod metrics_endpoint;
mod offload;
mod options;
mod output;
mod reactor;
mod refusal;
mod repeated;
mod running;
mod sessions;
mod shared;
mod wanted;

pub use call::{Operation, Principal, Resource, authorize};
pub use exposition::engine_exposition;
pub use metrics::{Count, ServerMetrics};
pub use options::{AdvertisedError, FetchMethod, ServerOptions, advertised_address};
pub use running::{Server, ServerError};
