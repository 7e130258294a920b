//! Transactions (KIP-98, KIP-360, KIP-588, KIP-890; Kafka: `TransactionCoordinator`), as one state machine per partition of
//! `__transaction_state`: a [`Coordinator`].
//!
//! ```text
//!         partitions are added            the end is asked for            every partition has its marker
//!  Empty ---------------------> Ongoing -----------------------> Prepare --------------------------> Complete
//!    ^                           ^   |      time is up, or the    Commit                             Commit
//!    |                           |   |      id has a new producer or Abort                           or Abort
//!    |                           |   +------------------------------^                                  |  |
//!    |                           +---------------------------------------------------------------------+  |
//!    +----------------------------- the id has a new producer --------------------------------------------+
//! ```
//! With [`TransactionVersion::V2`] the producer goes on with the next epoch, which its markers have already, and may ask for the
//! end of a transaction that it has not begun: Empty and Complete lead to Prepare Abort, too.
//!
//! It does no I/O and reads no clock: the caller gives the time with every call, appends the records it asks for
//! ([`Effect::Append`]) and says when they are durable ([`Coordinator::appended`]), lets partitions take a producer's
//! records ([`Effect::Admit`]), writes markers ([`Effect::Mark`]) and says when they are durable
//! ([`Coordinator::marked`]), and calls [`Coordinator::tick`] when [`Coordinator::next_deadline`] has come.
//!
//! Where this differs from Kafka, on purpose:
//! - The end of a transaction is answered when all markers are durable, so that who then reads committed records sees
//!   them, and so that the next transaction may begin at once. Kafka answers when the decision is durable. So does this
//!   when a partition cannot take its marker now.
//! - Transactions that have lasted too long are aborted at their time; Kafka looks for them every ten seconds.

mod coordinator;
mod entry;
mod outbox;
mod request;
mod state;
#[cfg(test)]
mod tests;
mod version;

pub use coordinator::Coordinator;
pub use outbox::{Effect, Mark};
pub use request::{
    EndRequest, InitRequest, ListedTransaction, ProducerSession, Response, TransactionDescription,
    TransactionEnd,
};
pub use state::TransactionState;
pub use version::TransactionVersion;
