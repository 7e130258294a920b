//! Administration: requests that are answered by an event of a queue. One file per kind of thing: `topics`,
//! `topic_descriptions`, `configs`, `records`, `offsets`, `elections`, `groups`, `group_types`, `group_offsets`, `cluster`;
//! `operations` that are allowed; `options` of a request, and its `answer`.

mod answer;
pub mod cluster;
pub mod configs;
pub mod elections;
pub mod group_offsets;
pub mod group_types;
pub mod groups;
pub mod offsets;
pub mod operations;
pub mod options;
pub mod records;
pub mod topic_descriptions;
pub mod topics;

use std::ffi::{CStr, CString, c_char, c_int};

use tidelog::client::KafkaError;
use tidelog::error_code::ErrorCode;

pub(crate) use answer::Answer;

use crate::boundary;
use crate::error::ResponseError;
use crate::guard::guard;
use crate::text::c_text;

/// Objects as C lists them: an array of pointers.
#[allow(clippy::vec_box, reason = "a box is such a pointer")]
type Objects<T> = Vec<Box<T>>;

/// What became of one item: an error, or nothing.
struct Outcome {
    error: Option<KafkaError>,
    text: CString,
}

impl Outcome {
    fn new(error: Option<KafkaError>) -> Outcome {
        let text = error.as_ref().map(|error| c_text(error.reason())).unwrap_or_default();
        Outcome { error, text }
    }

    fn code(&self) -> ResponseError {
        self.error.as_ref().into()
    }

    /// Why; NULL when nothing went wrong.
    fn text(&self) -> *const c_char {
        if self.error.is_some() { self.text.as_ptr() } else { std::ptr::null() }
    }
}

/// What became of a topic.
pub struct TopicResult {
    name: CString,
    outcome: Outcome,
}

impl TopicResult {
    fn list<T>(names: &[String], outcomes: Vec<Result<T, KafkaError>>) -> Objects<TopicResult> {
        let results = names.iter().zip(outcomes);
        results
            .map(|(name, outcome)| {
                Box::new(TopicResult { name: c_text(name), outcome: Outcome::new(outcome.err()) })
            })
            .collect()
    }
}

/// What went wrong with the topic; 0 for nothing.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_result_error(topicres: Option<&TopicResult>) -> ResponseError {
    guard(|| topicres.map_or(ErrorCode::LocalInvalidArg.into(), |result| result.outcome.code()))
}

/// Why, for people; NULL for nothing.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_result_error_string(topicres: Option<&TopicResult>) -> *const c_char {
    guard(|| topicres.map_or(std::ptr::null(), |result| result.outcome.text()))
}

/// Name of the topic.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_result_name(topicres: Option<&TopicResult>) -> *const c_char {
    guard(|| topicres.map_or(std::ptr::null(), |result| CStr::as_ptr(&result.name)))
}

/// The number of the one of `known` that has this name, in any case.
fn number_named(
    name: *const c_char,
    mut known: impl Iterator<Item = (c_int, &'static CStr)>,
) -> Option<c_int> {
    let name = boundary::required_text(name, "name").unwrap_or_default();
    let found = known.find(|(_, known)| known.to_bytes().eq_ignore_ascii_case(name.as_bytes()));
    found.map(|(number, _)| number)
}

/// Tells a list of objects: where it begins, and how many there are.
fn tell<T>(list: Option<&Objects<T>>, cntp: Option<&mut std::mem::MaybeUninit<usize>>) -> *mut *const T {
    if let Some(count) = cntp {
        count.write(list.map_or(0, Vec::len));
    }
    // A box is a pointer.
    list.map_or(std::ptr::null_mut(), |list| list.as_ptr().cast_mut().cast())
}

/// The objects that an array of pointers leads to.
fn objects<'a, T>(pointers: *mut *mut T, count: usize, what: &str) -> Result<Vec<&'a T>, KafkaError> {
    let pointers = boundary::items(pointers.cast_const(), count, what)?;
    let missing =
        || KafkaError::with_reason(ErrorCode::LocalInvalidArg, format!("an element of {what} is NULL"));
    pointers.iter().map(|pointer| boundary::reference(pointer.cast_const()).ok_or_else(missing)).collect()
}

/// The texts that an array of pointers leads to; errors call it `whole`, and a text in it `one`.
fn texts(
    pointers: *mut *const c_char,
    count: usize,
    whole: &str,
    one: &str,
) -> Result<Vec<String>, KafkaError> {
    let pointers = boundary::items(pointers.cast_const(), count, whole)?;
    pointers.iter().map(|text| Ok(boundary::required_text(*text, one)?.to_owned())).collect()
}

/// Frees the objects that an array of pointers leads to.
fn destroy_all<T>(pointers: *mut *mut T, count: usize) {
    for pointer in boundary::items(pointers.cast_const(), count, "objects").unwrap_or_default() {
        drop(boundary::take(*pointer));
    }
}

/// A count that C gives as an `int`; `None` for -1, which leaves it to the engine.
fn count_of(number: c_int) -> Option<c_int> {
    (number != -1).then_some(number)
}
