//! [`Uuid`]: an id, as Kafka tells topics by.

use std::ffi::{CStr, CString, c_char};

use tidelog::log::format_id;
use tidelog::types::TopicId;

use crate::guard::guard;
use crate::text::c_text;

/// An id of 128 bits, such as a topic's. One that the caller made belongs to it: ::tl_Uuid_destroy.
#[derive(Clone)]
pub struct Uuid {
    id: TopicId,
    text: CString,
}

impl Uuid {
    pub(crate) fn of(id: TopicId) -> Uuid {
        Uuid { id, text: c_text(&format_id(id)) }
    }
}

/// The id with these halves. The caller owns it: ::tl_Uuid_destroy.
#[unsafe(no_mangle)]
pub extern "C" fn tl_Uuid_new(most_significant_bits: i64, least_significant_bits: i64) -> Option<Box<Uuid>> {
    guard(|| {
        let id = TopicId::from_halves(most_significant_bits, least_significant_bits);
        Some(Box::new(Uuid::of(id)))
    })
}

/// A copy, which the caller owns; NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_Uuid_copy(uuid: Option<&Uuid>) -> Option<Box<Uuid>> {
    guard(|| uuid.map(|uuid| Box::new(uuid.clone())))
}

/// Frees an id of the caller's. Does nothing for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_Uuid_destroy(uuid: Option<Box<Uuid>>) {
    guard(|| drop(uuid));
}

/// The first 64 bits; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_Uuid_most_significant_bits(uuid: Option<&Uuid>) -> i64 {
    guard(|| uuid.map_or(0, |uuid| uuid.id.halves().0))
}

/// The last 64 bits; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_Uuid_least_significant_bits(uuid: Option<&Uuid>) -> i64 {
    guard(|| uuid.map_or(0, |uuid| uuid.id.halves().1))
}

/// The id as Kafka prints it: URL-safe base64 without padding. Lives as long as the id; NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_Uuid_base64str(uuid: Option<&Uuid>) -> *const c_char {
    guard(|| uuid.map_or(std::ptr::null(), |uuid| CStr::as_ptr(&uuid.text)))
}
