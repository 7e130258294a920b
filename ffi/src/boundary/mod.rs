//! What only C can say: the one place of this crate where `unsafe` stands.
//!
//! All of it rests on what `tidelog.h` asks of its callers: a pointer is NULL or leads to what its type says, for as
//! many elements as the count beside it, and stays so during the call; texts end with a NUL; an object that was
//! destroyed is not used again. Handles of clients, topics, queues, settings and engines need no such trust: see
//! `handles.rs`.

mod descriptions;
mod descriptor;
mod memory;
mod pointers;
mod tagged;

pub use descriptions::ErrorDescription;
pub(crate) use descriptor::duplicate;
pub(crate) use memory::{Malloced, free, free_list, malloced, malloced_list, zeroes};
pub(crate) use pointers::{bytes, items, items_mut, put_text, reference, required_text, take, text};
pub(crate) use tagged::TaggedValue;
pub use tagged::{Tagged, TaggedHeader};
