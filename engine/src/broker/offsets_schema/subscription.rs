//! What a consumer's subscription starts with, the same in all its versions: i16 version, then the topics (i32 count,
//! strings). Source: Kafka's `ConsumerProtocolSubscription`.

use std::collections::BTreeSet;

use crate::broker::record_fields::{Reader, SchemaError};

/// The topics that the subscription of a member asks for.
///
/// # Errors
/// [`SchemaError`] when it is not a consumer's.
pub fn subscribed_topics(subscription: &[u8]) -> Result<BTreeSet<String>, SchemaError> {
    let mut reader = Reader::new(subscription)?;
    let mut topics = BTreeSet::new();
    for _ in 0..reader.count("topics")? {
        topics.insert(reader.string("topic")?);
    }
    Ok(topics)
}
