//! [`GroupMetadata`]: who a consumer is in its group, told to whoever commits its offsets.

use std::ffi::{CStr, CString, c_char, c_void};
use std::mem::MaybeUninit;

use tidelog::client::KafkaError;
use tidelog::client::consumer::GroupMetadata as Metadata;
use tidelog::error_code::ErrorCode;

use crate::boundary;
use crate::client::{Client, on_consumer};
use crate::error::Error;
use crate::guard::{guard, guard_outcome};
use crate::text::c_text;

/// What a group needs to know of a consumer that a producer commits the offsets of.
pub struct GroupMetadata {
    metadata: Metadata,
    group: CString,
    member: CString,
    instance: Option<CString>,
}

impl GroupMetadata {
    fn new(metadata: Metadata) -> Box<GroupMetadata> {
        let (group, member) = (c_text(&metadata.group), c_text(&metadata.member_id));
        let instance = metadata.instance_id.as_deref().map(c_text);
        Box::new(GroupMetadata { metadata, group, member, instance })
    }

    /// As the engine has it.
    pub(crate) fn metadata(&self) -> &Metadata {
        &self.metadata
    }
}

/// Who this consumer is in its group. NULL without `group.id`, or for what is no consumer. The caller owns it:
/// ::tl_consumer_group_metadata_destroy.
#[unsafe(no_mangle)]
pub extern "C" fn tl_consumer_group_metadata(rk: *mut Client) -> Option<Box<GroupMetadata>> {
    guard(|| {
        let metadata = on_consumer(rk, |consumer| consumer.group_metadata()).ok().flatten()?;
        Some(GroupMetadata::new(metadata))
    })
}

/// Metadata of a group's name alone, for consumers that the group knows nothing of. NULL for what is no text.
#[unsafe(no_mangle)]
pub extern "C" fn tl_consumer_group_metadata_new(group_id: *const c_char) -> Option<Box<GroupMetadata>> {
    tl_consumer_group_metadata_new_with_genid(group_id, -1, c"".as_ptr(), std::ptr::null())
}

/// Metadata of a member that is known otherwise. NULL for what is no text; `group_instance_id` may be NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_consumer_group_metadata_new_with_genid(
    group_id: *const c_char,
    generation_id: i32,
    member_id: *const c_char,
    group_instance_id: *const c_char,
) -> Option<Box<GroupMetadata>> {
    guard(|| {
        Some(GroupMetadata::new(Metadata {
            group: boundary::required_text(group_id, "group_id").ok()?.to_owned(),
            generation: generation_id,
            member_id: boundary::required_text(member_id, "member_id").ok()?.to_owned(),
            instance_id: boundary::text(group_instance_id, "group_instance_id").ok()?.map(str::to_owned),
        }))
    })
}

/// Frees metadata. Does nothing for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_consumer_group_metadata_destroy(cgmd: Option<Box<GroupMetadata>>) {
    guard(|| drop(cgmd));
}

/// Name of the group. Lives as long as the metadata; NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_consumer_group_metadata_group_id(cgmd: Option<&GroupMetadata>) -> *const c_char {
    guard(|| cgmd.map_or(std::ptr::null(), |metadata| CStr::as_ptr(&metadata.group)))
}

/// Generation of the group; -1 before it has been joined, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_consumer_group_metadata_generation_id(cgmd: Option<&GroupMetadata>) -> i32 {
    guard(|| cgmd.map_or(-1, |metadata| metadata.metadata.generation))
}

/// The name that the group has given to the member; empty before it has joined. Lives as long as the metadata; NULL for
/// NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_consumer_group_metadata_member_id(cgmd: Option<&GroupMetadata>) -> *const c_char {
    guard(|| cgmd.map_or(std::ptr::null(), |metadata| CStr::as_ptr(&metadata.member)))
}

/// `group.instance.id`; NULL without one. Lives as long as the metadata.
#[unsafe(no_mangle)]
pub extern "C" fn tl_consumer_group_metadata_group_instance_id(
    cgmd: Option<&GroupMetadata>,
) -> *const c_char {
    guard(|| {
        let instance = cgmd.and_then(|metadata| metadata.instance.as_deref());
        instance.map_or(std::ptr::null(), CStr::as_ptr)
    })
}

/// The metadata as bytes, which the caller frees: ::tl_mem_free. NULL on success; the caller owns the error.
#[unsafe(no_mangle)]
pub extern "C" fn tl_consumer_group_metadata_write(
    cgmd: Option<&GroupMetadata>,
    bufferp: Option<&mut MaybeUninit<*mut c_void>>,
    sizep: Option<&mut MaybeUninit<usize>>,
) -> Option<Box<Error>> {
    guard_outcome(|| {
        let (Some(metadata), Some(buffer), Some(size)) = (cgmd, bufferp, sizep) else {
            return Err(ErrorCode::LocalInvalidArg.into());
        };
        let bytes = metadata.metadata.to_bytes();
        buffer.write(boundary::malloced(&bytes).cast());
        size.write(bytes.len());
        Ok(())
    })
}

/// Metadata from the bytes of ::tl_consumer_group_metadata_write, which the caller owns. NULL on success; the caller owns
/// the error: `TL_RESP_ERR__BAD_MSG` for other bytes.
#[unsafe(no_mangle)]
pub extern "C" fn tl_consumer_group_metadata_read(
    cgmdp: Option<&mut MaybeUninit<*mut GroupMetadata>>,
    buffer: *const c_void,
    size: usize,
) -> Option<Box<Error>> {
    guard_outcome(|| {
        let into = cgmdp.ok_or(ErrorCode::LocalInvalidArg)?;
        let bytes = boundary::bytes(buffer, size, "buffer")?.unwrap_or_default();
        let metadata = Metadata::from_bytes(bytes).ok_or_else(|| {
            let reason = "Input buffer is not a serialized consumer group metadata object";
            KafkaError::with_reason(ErrorCode::LocalBadMsg, reason)
        })?;
        into.write(Box::into_raw(GroupMetadata::new(metadata)));
        Ok(())
    })
}
