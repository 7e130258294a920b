//! [`AdminOptions`]: how a request is to be done.

use std::ffi::{c_char, c_int, c_void};
use std::time::Duration;

use tidelog::broker::group::{GroupKind, GroupState, Stability};
use tidelog::client::KafkaError;
use tidelog::client::admin::Mode;
use tidelog::error_code::ErrorCode;
use tidelog::types::Isolation;

use super::group_types::{self, ConsumerGroupType};
use super::groups::state_of;
use crate::boundary;
use crate::callbacks::Opaque;
use crate::client::Client;
use crate::error::{Error, ResponseError};
use crate::guard::{explained, guard, guard_outcome};
use crate::timeout::timeout;

/// For which request options are; those that it does not know are ignored.
pub type AdminOperation = c_int;
/// Any.
pub const TL_ADMIN_OP_ANY: AdminOperation = 0;
/// ::tl_CreateTopics
pub const TL_ADMIN_OP_CREATETOPICS: AdminOperation = 1;
/// ::tl_DeleteTopics
pub const TL_ADMIN_OP_DELETETOPICS: AdminOperation = 2;
/// ::tl_CreatePartitions
pub const TL_ADMIN_OP_CREATEPARTITIONS: AdminOperation = 3;
/// ::tl_AlterConfigs
pub const TL_ADMIN_OP_ALTERCONFIGS: AdminOperation = 4;
/// ::tl_DescribeConfigs
pub const TL_ADMIN_OP_DESCRIBECONFIGS: AdminOperation = 5;
/// ::tl_DeleteRecords
pub const TL_ADMIN_OP_DELETERECORDS: AdminOperation = 6;
/// ::tl_DeleteGroups
pub const TL_ADMIN_OP_DELETEGROUPS: AdminOperation = 7;
/// ::tl_DeleteConsumerGroupOffsets
pub const TL_ADMIN_OP_DELETECONSUMERGROUPOFFSETS: AdminOperation = 8;
/// ::tl_ListConsumerGroups
pub const TL_ADMIN_OP_LISTCONSUMERGROUPS: AdminOperation = 12;
/// ::tl_DescribeConsumerGroups
pub const TL_ADMIN_OP_DESCRIBECONSUMERGROUPS: AdminOperation = 13;
/// ::tl_ListConsumerGroupOffsets
pub const TL_ADMIN_OP_LISTCONSUMERGROUPOFFSETS: AdminOperation = 14;
/// ::tl_AlterConsumerGroupOffsets
pub const TL_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS: AdminOperation = 15;
/// ::tl_IncrementalAlterConfigs
pub const TL_ADMIN_OP_INCREMENTALALTERCONFIGS: AdminOperation = 16;
/// ::tl_DescribeTopics
pub const TL_ADMIN_OP_DESCRIBETOPICS: AdminOperation = 19;
/// ::tl_DescribeCluster
pub const TL_ADMIN_OP_DESCRIBECLUSTER: AdminOperation = 20;
/// ::tl_ListOffsets
pub const TL_ADMIN_OP_LISTOFFSETS: AdminOperation = 21;
/// ::tl_ElectLeaders
pub const TL_ADMIN_OP_ELECTLEADERS: AdminOperation = 22;

/// Which messages count, `TL_ISOLATION_LEVEL_...`.
pub type IsolationLevel = c_int;
/// All.
pub const TL_ISOLATION_LEVEL_READ_UNCOMMITTED: IsolationLevel = 0;
/// Those before the first transaction that is under way.
pub const TL_ISOLATION_LEVEL_READ_COMMITTED: IsolationLevel = 1;

/// Options of a request. The caller owns them, and may use them for several.
pub struct AdminOptions {
    settings: Settings,
}

/// What they say.
#[derive(Clone, Default)]
pub(crate) struct Settings {
    pub(super) timeout: Option<Duration>,
    validate_only: bool,
    pub(super) require_stable: bool,
    pub(super) isolation: Isolation,
    pub(super) states: Vec<GroupState>,
    /// Numbers of types.
    types: Vec<ConsumerGroupType>,
    pub(super) include_authorized_operations: bool,
    pub(super) opaque: Opaque,
}

impl Settings {
    pub(super) fn mode(&self) -> Mode {
        if self.validate_only { Mode::ValidateOnly } else { Mode::Apply }
    }

    /// Whether groups of this kind are asked for.
    pub(super) fn match_group_type(&self, kind: GroupKind) -> bool {
        self.types.is_empty() || self.types.contains(&group_types::number_of(kind))
    }

    pub(super) fn stability(&self) -> Stability {
        if self.require_stable { Stability::Required } else { Stability::Ignored }
    }
}

impl AdminOptions {
    pub(super) fn settings(&self) -> Settings {
        self.settings.clone()
    }
}

/// Options with their defaults. The caller owns them: ::tl_AdminOptions_destroy.
#[unsafe(no_mangle)]
pub extern "C" fn tl_AdminOptions_new(rk: *mut Client, for_api: AdminOperation) -> Option<Box<AdminOptions>> {
    let _ = (rk, for_api);
    guard(|| Some(Box::new(AdminOptions { settings: Settings::default() })))
}

/// Frees options. Does nothing for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_AdminOptions_destroy(options: Option<Box<AdminOptions>>) {
    guard(|| drop(options));
}

/// Changes options, or says what is wrong.
fn set(
    options: Option<&mut AdminOptions>,
    errstr: *mut c_char,
    errstr_size: usize,
    change: impl FnOnce(&mut Settings) -> Result<(), KafkaError>,
) -> ResponseError {
    guard(|| {
        let invalid = |reason: &'static str| KafkaError::with_reason(ErrorCode::LocalInvalidArg, reason);
        let changed = options
            .ok_or_else(|| invalid("options is NULL"))
            .and_then(|options| change(&mut options.settings));
        explained(changed, errstr, errstr_size).into()
    })
}

fn in_range(timeout_ms: c_int) -> Result<(), KafkaError> {
    const MAX: c_int = 3_600_000;
    if (-1..=MAX).contains(&timeout_ms) {
        return Ok(());
    }
    let reason = format!("{timeout_ms} ms is outside of -1 to {MAX}");
    Err(KafkaError::with_reason(ErrorCode::LocalInvalidArg, reason))
}

/// How long the request may take: -1 is without end. Without this, `socket.timeout.ms`.
#[unsafe(no_mangle)]
pub extern "C" fn tl_AdminOptions_set_request_timeout(
    options: Option<&mut AdminOptions>,
    timeout_ms: c_int,
    errstr: *mut c_char,
    errstr_size: usize,
) -> ResponseError {
    set(options, errstr, errstr_size, |settings| {
        in_range(timeout_ms)?;
        settings.timeout = timeout(timeout_ms);
        Ok(())
    })
}

/// How long the engine may take: has no effect, it is done when the answer comes.
#[unsafe(no_mangle)]
pub extern "C" fn tl_AdminOptions_set_operation_timeout(
    options: Option<&mut AdminOptions>,
    timeout_ms: c_int,
    errstr: *mut c_char,
    errstr_size: usize,
) -> ResponseError {
    set(options, errstr, errstr_size, |_| in_range(timeout_ms))
}

/// The node that is to be asked: one that there can be, from 0 on. Has no effect, there is only one.
#[unsafe(no_mangle)]
pub extern "C" fn tl_AdminOptions_set_broker(
    options: Option<&mut AdminOptions>,
    broker_id: i32,
    errstr: *mut c_char,
    errstr_size: usize,
) -> ResponseError {
    set(options, errstr, errstr_size, |_| match broker_id {
        0.. => Ok(()),
        other => Err(KafkaError::with_reason(ErrorCode::LocalInvalidArg, format!("{other} is below 0"))),
    })
}

/// 1 has what is described say what may be done with it, too. NULL on success; the caller owns the error.
#[unsafe(no_mangle)]
pub extern "C" fn tl_AdminOptions_set_include_authorized_operations(
    options: Option<&mut AdminOptions>,
    true_or_false: c_int,
) -> Option<Box<Error>> {
    guard_outcome(|| {
        options.ok_or(ErrorCode::LocalInvalidArg)?.settings.include_authorized_operations =
            true_or_false != 0;
        Ok(())
    })
}

/// 1 has the request checked and not done.
#[unsafe(no_mangle)]
pub extern "C" fn tl_AdminOptions_set_validate_only(
    options: Option<&mut AdminOptions>,
    true_or_false: c_int,
    errstr: *mut c_char,
    errstr_size: usize,
) -> ResponseError {
    set(options, errstr, errstr_size, |settings| {
        settings.validate_only = true_or_false != 0;
        Ok(())
    })
}

/// The pointer that ::tl_event_opaque of the answer tells.
#[unsafe(no_mangle)]
pub extern "C" fn tl_AdminOptions_set_opaque(options: Option<&mut AdminOptions>, ev_opaque: *mut c_void) {
    set(options, std::ptr::null_mut(), 0, |settings| {
        settings.opaque = Opaque::new(ev_opaque);
        Ok(())
    });
}

/// 1 has offsets that are about to be committed by a transaction told as `TL_RESP_ERR_UNSTABLE_OFFSET_COMMIT`. NULL on
/// success; the caller owns the error.
#[unsafe(no_mangle)]
pub extern "C" fn tl_AdminOptions_set_require_stable_offsets(
    options: Option<&mut AdminOptions>,
    true_or_false: c_int,
) -> Option<Box<Error>> {
    guard_outcome(|| {
        options.ok_or(ErrorCode::LocalInvalidArg)?.settings.require_stable = true_or_false != 0;
        Ok(())
    })
}

/// For ::tl_ListOffsets: which messages count, `TL_ISOLATION_LEVEL_...`; all without this. NULL on success; the caller owns
/// the error.
#[unsafe(no_mangle)]
pub extern "C" fn tl_AdminOptions_set_isolation_level(
    options: Option<&mut AdminOptions>,
    value: IsolationLevel,
) -> Option<Box<Error>> {
    guard_outcome(|| {
        let isolation = match value {
            TL_ISOLATION_LEVEL_READ_UNCOMMITTED => Isolation::ReadUncommitted,
            TL_ISOLATION_LEVEL_READ_COMMITTED => Isolation::ReadCommitted,
            other => {
                let reason = format!("{other} is no isolation level: 0 or 1");
                return Err(KafkaError::with_reason(ErrorCode::LocalInvalidArg, reason));
            }
        };
        options.ok_or(ErrorCode::LocalInvalidArg)?.settings.isolation = isolation;
        Ok(())
    })
}

/// Lists only groups in these states (`TL_CONSUMER_GROUP_STATE_...`, `consumer_group_states_cnt` of them). NULL on success;
/// the caller owns the error.
#[unsafe(no_mangle)]
pub extern "C" fn tl_AdminOptions_set_match_consumer_group_states(
    options: Option<&mut AdminOptions>,
    consumer_group_states: *const c_int,
    consumer_group_states_cnt: usize,
) -> Option<Box<Error>> {
    guard_outcome(|| {
        let options = options.ok_or(ErrorCode::LocalInvalidArg)?;
        let numbers =
            boundary::items(consumer_group_states, consumer_group_states_cnt, "consumer_group_states")?;
        let unknown = |number: &c_int| {
            KafkaError::with_reason(ErrorCode::LocalInvalidArg, format!("{number} is no state of a group"))
        };
        let states = numbers.iter().map(|number| state_of(*number).ok_or_else(|| unknown(number)));
        options.settings.states = states.collect::<Result<_, _>>()?;
        Ok(())
    })
}

/// Lists only groups of these types (`TL_CONSUMER_GROUP_TYPE_...`, `consumer_group_types_cnt` of them, none twice). NULL on
/// success; the caller owns the error.
#[unsafe(no_mangle)]
pub extern "C" fn tl_AdminOptions_set_match_consumer_group_types(
    options: Option<&mut AdminOptions>,
    consumer_group_types: *const ConsumerGroupType,
    consumer_group_types_cnt: usize,
) -> Option<Box<Error>> {
    guard_outcome(|| {
        let options = options.ok_or(ErrorCode::LocalInvalidArg)?;
        let types = boundary::items(consumer_group_types, consumer_group_types_cnt, "consumer_group_types")?;
        group_types::check(types)?;
        options.settings.types = types.to_vec();
        Ok(())
    })
}
