//! Kafka's protocol as bytes: requests in, responses out. No I/O, no meaning.
//!
//! In reading order: [`api`] (the messages, one file for each API), [`schema`] (how they are described), [`reader`] and
//! [`writer`] (primitives), [`header`] (what stands in front), [`records`] (record batches, which are never copied),
//! [`error`].

pub mod api;
pub mod error;
pub mod header;
pub mod reader;
pub mod records;
pub mod schema;
#[cfg(test)]
mod tests;
pub mod writer;
