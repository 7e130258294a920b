//! What may be done with something: [`AclOperation`]s.

use std::ffi::{CStr, c_char, c_int};
use std::mem::MaybeUninit;

use tidelog::types::Operation;

use super::options::Settings;
use crate::guard::guard;

/// What may be done, `TL_ACL_OPERATION_...`.
pub type AclOperation = c_int;
/// None that is known.
pub const TL_ACL_OPERATION_UNKNOWN: AclOperation = 0;
/// Any, where something is looked for.
pub const TL_ACL_OPERATION_ANY: AclOperation = 1;
/// All.
pub const TL_ACL_OPERATION_ALL: AclOperation = 2;
/// Read records, or join a group.
pub const TL_ACL_OPERATION_READ: AclOperation = 3;
/// Write records.
pub const TL_ACL_OPERATION_WRITE: AclOperation = 4;
/// Make topics or partitions.
pub const TL_ACL_OPERATION_CREATE: AclOperation = 5;
/// Delete.
pub const TL_ACL_OPERATION_DELETE: AclOperation = 6;
/// Change the node.
pub const TL_ACL_OPERATION_ALTER: AclOperation = 7;
/// See that it exists, and what it is like.
pub const TL_ACL_OPERATION_DESCRIBE: AclOperation = 8;
/// What brokers do among each other.
pub const TL_ACL_OPERATION_CLUSTER_ACTION: AclOperation = 9;
/// See settings.
pub const TL_ACL_OPERATION_DESCRIBE_CONFIGS: AclOperation = 10;
/// Change settings.
pub const TL_ACL_OPERATION_ALTER_CONFIGS: AclOperation = 11;
/// Write with an id that keeps records from being written twice.
pub const TL_ACL_OPERATION_IDEMPOTENT_WRITE: AclOperation = 12;

/// Their names, by number.
const NAMES: [&CStr; 13] = [
    c"UNKNOWN",
    c"ANY",
    c"ALL",
    c"READ",
    c"WRITE",
    c"CREATE",
    c"DELETE",
    c"ALTER",
    c"DESCRIBE",
    c"CLUSTER_ACTION",
    c"DESCRIBE_CONFIGS",
    c"ALTER_CONFIGS",
    c"IDEMPOTENT_WRITE",
];

/// Name of an operation, such as `DESCRIBE`; `UNSUPPORTED` for what is none. Static: never freed.
#[unsafe(no_mangle)]
pub extern "C" fn tl_AclOperation_name(acl_operation: AclOperation) -> *const c_char {
    guard(|| {
        let name = usize::try_from(acl_operation).ok().and_then(|number| NAMES.get(number));
        name.map_or(c"UNSUPPORTED", |name| name).as_ptr()
    })
}

/// What may be done with something, if that was asked.
#[derive(Clone, Default)]
pub(super) struct Authorized(Option<Vec<AclOperation>>);

impl Authorized {
    /// All that there is: whoever is in the engine's process may do everything.
    pub(super) fn asked(settings: &Settings, operations: &[Operation]) -> Authorized {
        let numbers = || operations.iter().map(|operation| operation.number().into()).collect();
        Authorized(settings.include_authorized_operations.then(numbers))
    }

    /// Where the list of them begins, and how many there are; NULL and 0 if that was not asked.
    pub(super) fn tell(
        of: Option<&Authorized>,
        cntp: Option<&mut MaybeUninit<usize>>,
    ) -> *const AclOperation {
        let list = of.and_then(|authorized| authorized.0.as_ref());
        if let Some(count) = cntp {
            count.write(list.map_or(0, Vec::len));
        }
        list.map_or(std::ptr::null(), |list| list.as_ptr())
    }
}
