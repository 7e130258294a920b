//! Types of consumer groups.

use std::ffi::{CStr, c_char, c_int};

use tidelog::broker::group::GroupKind;
use tidelog::client::KafkaError;
use tidelog::error_code::ErrorCode;

use super::number_named;
use crate::guard::guard;

/// By which protocol the members of a group share out partitions, `TL_CONSUMER_GROUP_TYPE_...`.
pub type ConsumerGroupType = c_int;
/// There is no such group, or no such type.
pub const TL_CONSUMER_GROUP_TYPE_UNKNOWN: ConsumerGroupType = 0;
/// The coordinator does it (KIP-848). Only of clients that come over TCP: in process `group.protocol=consumer` is served
/// by the other.
pub const TL_CONSUMER_GROUP_TYPE_CONSUMER: ConsumerGroupType = 1;
/// The members do it themselves.
pub const TL_CONSUMER_GROUP_TYPE_CLASSIC: ConsumerGroupType = 2;

/// Each type with its name.
const TYPES: [(ConsumerGroupType, &CStr); 2] =
    [(TL_CONSUMER_GROUP_TYPE_CONSUMER, c"Consumer"), (TL_CONSUMER_GROUP_TYPE_CLASSIC, c"Classic")];

/// The number of a kind of groups.
pub(super) fn number_of(kind: GroupKind) -> ConsumerGroupType {
    match kind {
        GroupKind::Consumer => TL_CONSUMER_GROUP_TYPE_CONSUMER,
        GroupKind::Classic => TL_CONSUMER_GROUP_TYPE_CLASSIC,
    }
}

/// Whether `types` are such, none of them listed twice.
pub(super) fn check(types: &[ConsumerGroupType]) -> Result<(), KafkaError> {
    let invalid = |reason: String| Err(KafkaError::with_reason(ErrorCode::LocalInvalidArg, reason));
    for (index, number) in types.iter().enumerate() {
        if !TYPES.iter().any(|(known, _)| known == number) {
            return invalid(format!("{number} is no type of a group: TL_CONSUMER_GROUP_TYPE_..."));
        }
        if types[..index].contains(number) {
            return invalid("Duplicate types not allowed".to_owned());
        }
    }
    Ok(())
}

/// Name of a type, such as `Classic`; `Unknown` for others. Static: never freed.
#[unsafe(no_mangle)]
pub extern "C" fn tl_consumer_group_type_name(type_: ConsumerGroupType) -> *const c_char {
    guard(|| {
        let known = TYPES.iter().find(|(number, _)| *number == type_);
        known.map_or(c"Unknown", |(_, name)| name).as_ptr()
    })
}

/// The type with this name, in any case; `TL_CONSUMER_GROUP_TYPE_UNKNOWN` for others.
#[unsafe(no_mangle)]
pub extern "C" fn tl_consumer_group_type_code(name: *const c_char) -> ConsumerGroupType {
    guard(|| number_named(name, TYPES.into_iter()).unwrap_or(TL_CONSUMER_GROUP_TYPE_UNKNOWN))
}
