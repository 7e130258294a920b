//! [`TopicPartitionList`] and its elements: what consumers are assigned, asked and told with.

use std::cmp::Ordering;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::mem::MaybeUninit;
use std::sync::Arc;

use tidelog::client::{KafkaError, OffsetSpec, TopicPartitionOffset};
use tidelog::error_code::ErrorCode;
use tidelog::types::{LeaderEpoch, PartitionIndex};

use crate::boundary;
use crate::callbacks::Opaque;
use crate::error::ResponseError;
use crate::guard::{guard, or_none};
use crate::text::c_text;

/// No partition in particular: any, or none.
pub const TL_PARTITION_UA: i32 = -1;

/// Start at the oldest message.
pub const TL_OFFSET_BEGINNING: i64 = -2;
/// Start behind the newest message.
pub const TL_OFFSET_END: i64 = -1;
/// Start where the group has committed.
pub const TL_OFFSET_STORED: i64 = -1000;
/// No offset.
pub const TL_OFFSET_INVALID: i64 = -1001;
/// That many messages before the end: `TL_OFFSET_TAIL_BASE - count`.
pub const TL_OFFSET_TAIL_BASE: i64 = -2000;

/// A list of partitions, each with an offset and what else is known of it.
///
/// The caller owns those of ::tl_topic_partition_list_new and those that calls return:
/// ::tl_topic_partition_list_destroy. One thread uses it at a time.
#[derive(Clone, Default)]
pub struct TopicPartitionList {
    // Boxed: pointers to elements stay good when others are added.
    #[allow(clippy::vec_box)]
    elements: Vec<Box<TopicPartition>>,
}

/// An element of a list, which owns it: pointers to it are good until it is removed or the list destroyed.
#[derive(Clone)]
pub struct TopicPartition {
    topic: CString,
    partition: i32,
    offset: i64,
    metadata: Vec<u8>,
    opaque: Opaque,
    leader_epoch: i32,
    error: ResponseError,
}

impl TopicPartition {
    fn new(topic: &str, partition: i32) -> TopicPartition {
        TopicPartition {
            topic: c_text(topic),
            partition,
            offset: TL_OFFSET_INVALID,
            metadata: Vec::new(),
            opaque: Opaque::default(),
            leader_epoch: -1,
            error: ResponseError::NONE,
        }
    }

    /// One for itself, which the caller owns.
    pub(crate) fn of(element: &TopicPartitionOffset) -> TopicPartition {
        let mut own = TopicPartition::new(&element.topic, element.partition.0);
        own.fill(element);
        own
    }

    fn fill(&mut self, element: &TopicPartitionOffset) {
        self.offset = element.offset.number();
        self.metadata = element.metadata.as_deref().unwrap_or_default().as_bytes().to_vec();
        self.leader_epoch = element.leader_epoch.map_or(-1, |LeaderEpoch(epoch)| epoch);
        self.error = element.error.as_ref().into();
    }

    /// As the engine takes it.
    fn read(&self, number: OffsetMeaning) -> Result<TopicPartitionOffset, KafkaError> {
        let offset = match (OffsetSpec::from_number(self.offset), number) {
            (Some(offset), _) => offset,
            (None, OffsetMeaning::Number) => OffsetSpec::Invalid,
            (None, OffsetMeaning::Place) => {
                let reason = format!("{} is neither an offset nor stands for one", self.offset);
                return Err(KafkaError::with_reason(ErrorCode::LocalInvalidArg, reason));
            }
        };
        let topic: Arc<str> = Arc::from(self.topic.to_string_lossy());
        let mut element = TopicPartitionOffset::new(topic, PartitionIndex(self.partition), offset);
        element.leader_epoch = (self.leader_epoch >= 0).then_some(LeaderEpoch(self.leader_epoch));
        if !self.metadata.is_empty() {
            element.metadata = Some(Arc::from(String::from_utf8_lossy(&self.metadata)));
        }
        Ok(element)
    }

    fn order(&self, other: &TopicPartition) -> Ordering {
        (&self.topic, self.partition).cmp(&(&other.topic, other.partition))
    }
}

/// What the offsets of a list mean.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum OffsetMeaning {
    /// Places in a partition.
    Place,
    /// Times in milliseconds, or what else is looked at by number: those that are no places stand for none.
    Number,
}

impl TopicPartitionList {
    pub(crate) fn of(elements: &[TopicPartitionOffset]) -> TopicPartitionList {
        let elements = elements.iter().map(|element| Box::new(TopicPartition::of(element))).collect();
        TopicPartitionList { elements }
    }

    /// As the engine takes it.
    ///
    /// # Errors
    /// `_INVALID_ARG` for numbers that are no offsets.
    pub(crate) fn read(&self, number: OffsetMeaning) -> Result<Vec<TopicPartitionOffset>, KafkaError> {
        self.elements.iter().map(|element| element.read(number)).collect()
    }

    /// Topic, partition and number of each element.
    pub(crate) fn places(&self) -> Vec<(String, PartitionIndex, i64)> {
        let places = self.elements.iter().map(|element| {
            let topic = element.topic.to_string_lossy().into_owned();
            (topic, PartitionIndex(element.partition), element.offset)
        });
        places.collect()
    }

    /// Puts in what the engine has found out, element by element.
    pub(crate) fn fill(&mut self, found: &[TopicPartitionOffset]) {
        self.elements.iter_mut().zip(found).for_each(|(element, found)| element.fill(found));
    }

    /// Names of the topics.
    pub(crate) fn topics(&self) -> Vec<String> {
        self.elements.iter().map(|element| element.topic.to_string_lossy().into_owned()).collect()
    }

    /// Elements of these topics, without a partition.
    pub(crate) fn of_topics(topics: &[String]) -> TopicPartitionList {
        let elements = topics.iter().map(|topic| Box::new(TopicPartition::new(topic, TL_PARTITION_UA)));
        TopicPartitionList { elements: elements.collect() }
    }

    fn find(&self, topic: &str, partition: i32) -> Option<usize> {
        self.elements.iter().position(|element| {
            element.topic.as_bytes() == topic.as_bytes() && element.partition == partition
        })
    }
}

/// An empty list with room for `size` elements. The caller owns it: ::tl_topic_partition_list_destroy.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_partition_list_new(size: c_int) -> Option<Box<TopicPartitionList>> {
    const ROOM_MAX: usize = 1024;
    guard(|| {
        let room = usize::try_from(size).unwrap_or(0).min(ROOM_MAX);
        Some(Box::new(TopicPartitionList { elements: Vec::with_capacity(room) }))
    })
}

/// Frees a list. Does nothing for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_partition_list_destroy(rktparlist: Option<Box<TopicPartitionList>>) {
    guard(|| drop(rktparlist));
}

/// Adds a partition with the offset `TL_OFFSET_INVALID` and returns it. NULL when the list or the topic is NULL or the
/// topic not UTF-8: ::tl_last_error.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_partition_list_add(
    rktparlist: Option<&mut TopicPartitionList>,
    topic: *const c_char,
    partition: i32,
) -> Option<&mut TopicPartition> {
    guard(|| {
        let topic = or_none(boundary::required_text(topic, "topic"))?;
        let list = rktparlist?;
        list.elements.push(Box::new(TopicPartition::new(topic, partition)));
        list.elements.last_mut().map(|element| &mut **element)
    })
}

/// Adds the partitions from `start` to `stop`, that one included.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_partition_list_add_range(
    rktparlist: Option<&mut TopicPartitionList>,
    topic: *const c_char,
    start: i32,
    stop: i32,
) {
    guard(|| {
        let (Some(list), Some(topic)) = (rktparlist, or_none(boundary::required_text(topic, "topic"))) else {
            return;
        };
        list.elements.extend((start..=stop).map(|partition| Box::new(TopicPartition::new(topic, partition))));
    });
}

/// Removes a partition: 1, or 0 when it is not there.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_partition_list_del(
    rktparlist: Option<&mut TopicPartitionList>,
    topic: *const c_char,
    partition: i32,
) -> c_int {
    guard(|| {
        let (Some(list), Ok(topic)) = (rktparlist, boundary::required_text(topic, "topic")) else { return 0 };
        let found = list.find(topic, partition);
        c_int::from(found.map(|place| list.elements.remove(place)).is_some())
    })
}

/// Removes the element of number `idx`: 1, or 0 when there is none.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_partition_list_del_by_idx(
    rktparlist: Option<&mut TopicPartitionList>,
    idx: c_int,
) -> c_int {
    guard(|| {
        let (Some(list), Ok(place)) = (rktparlist, usize::try_from(idx)) else { return 0 };
        let there = place < list.elements.len();
        c_int::from(
            there && {
                list.elements.remove(place);
                true
            },
        )
    })
}

/// A copy, which the caller owns; NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_partition_list_copy(
    src: Option<&TopicPartitionList>,
) -> Option<Box<TopicPartitionList>> {
    guard(|| src.map(|list| Box::new(list.clone())))
}

/// Sets the offset of a partition. `TL_RESP_ERR__UNKNOWN_PARTITION` when it is not in the list.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_partition_list_set_offset(
    rktparlist: Option<&mut TopicPartitionList>,
    topic: *const c_char,
    partition: i32,
    offset: i64,
) -> ResponseError {
    guard(|| {
        let (Some(list), Ok(topic)) = (rktparlist, boundary::required_text(topic, "topic")) else {
            return ErrorCode::LocalInvalidArg.into();
        };
        let Some(place) = list.find(topic, partition) else { return ErrorCode::LocalUnknownPartition.into() };
        list.elements[place].offset = offset;
        ResponseError::NONE
    })
}

/// The element of a partition; NULL when it is not in the list.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_partition_list_find(
    rktparlist: Option<&mut TopicPartitionList>,
    topic: *const c_char,
    partition: i32,
) -> Option<&mut TopicPartition> {
    guard(|| {
        let (list, topic) = (rktparlist?, or_none(boundary::required_text(topic, "topic"))?);
        let place = list.find(topic, partition)?;
        list.elements.get_mut(place).map(|element| &mut **element)
    })
}

/// Compares two elements: negative, 0 or positive.
pub type Comparison =
    Option<extern "C" fn(a: &TopicPartition, b: &TopicPartition, opaque: *mut c_void) -> c_int>;

/// Sorts the list with `cmp`, or by topic and partition when that is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_partition_list_sort(
    rktparlist: Option<&mut TopicPartitionList>,
    cmp: Comparison,
    opaque: *mut c_void,
) {
    guard(|| {
        let Some(list) = rktparlist else { return };
        match cmp {
            Some(compare) => list.elements.sort_by(|a, b| compare(a, b, opaque).cmp(&0)),
            None => list.elements.sort_by(|a, b| a.order(b)),
        }
    });
}

/// How many elements there are; 0 for NULL. (librdkafka: `list->cnt`)
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_partition_list_cnt(rktparlist: Option<&TopicPartitionList>) -> c_int {
    guard(|| rktparlist.map_or(0, |list| c_int::try_from(list.elements.len()).unwrap_or(c_int::MAX)))
}

/// The element of number `idx`; NULL when there is none. (librdkafka: `&list->elems[idx]`)
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_partition_list_get(
    rktparlist: Option<&mut TopicPartitionList>,
    idx: c_int,
) -> Option<&mut TopicPartition> {
    guard(|| {
        let element = rktparlist?.elements.get_mut(usize::try_from(idx).ok()?)?;
        Some(&mut **element)
    })
}

/// As ::tl_topic_partition_list_get, only to be looked at.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_partition_list_peek(
    rktparlist: Option<&TopicPartitionList>,
    idx: c_int,
) -> Option<&TopicPartition> {
    guard(|| Some(&**rktparlist?.elements.get(usize::try_from(idx).ok()?)?))
}

/// Frees an element that is in no list. Does nothing for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_partition_destroy(rktpar: Option<Box<TopicPartition>>) {
    guard(|| drop(rktpar));
}

/// Name of the topic; NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_partition_topic(rktpar: Option<&TopicPartition>) -> *const c_char {
    guard(|| rktpar.map_or(std::ptr::null(), |element| CStr::as_ptr(&element.topic)))
}

/// Number of the partition; -1 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_partition_partition(rktpar: Option<&TopicPartition>) -> i32 {
    guard(|| rktpar.map_or(TL_PARTITION_UA, |element| element.partition))
}

/// The offset; `TL_OFFSET_INVALID` for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_partition_offset(rktpar: Option<&TopicPartition>) -> i64 {
    guard(|| rktpar.map_or(TL_OFFSET_INVALID, |element| element.offset))
}

/// Sets the offset.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_partition_set_offset(rktpar: Option<&mut TopicPartition>, offset: i64) {
    guard(|| {
        if let Some(element) = rktpar {
            element.offset = offset;
        }
    });
}

/// What is committed with the offset, and its size; NULL with 0 for nothing.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_partition_metadata(
    rktpar: Option<&TopicPartition>,
    size: Option<&mut MaybeUninit<usize>>,
) -> *const c_void {
    guard(|| {
        let metadata = rktpar.map_or(&[][..], |element| &element.metadata);
        if let Some(size) = size {
            size.write(metadata.len());
        }
        if metadata.is_empty() { std::ptr::null() } else { metadata.as_ptr().cast() }
    })
}

/// Sets what is committed with the offset: UTF-8, copied; NULL for nothing. `TL_RESP_ERR__INVALID_ARG` for what is not.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_partition_set_metadata(
    rktpar: Option<&mut TopicPartition>,
    metadata: *const c_void,
    size: usize,
) -> ResponseError {
    guard(|| {
        let set = || -> Result<(), KafkaError> {
            let element = rktpar.ok_or(ErrorCode::LocalInvalidArg)?;
            let metadata = boundary::bytes(metadata, size, "metadata")?.unwrap_or_default();
            std::str::from_utf8(metadata).map_err(|_| ErrorCode::LocalInvalidArg)?;
            element.metadata = metadata.to_vec();
            Ok(())
        };
        set().into()
    })
}

/// The application's own pointer.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_partition_opaque(rktpar: Option<&TopicPartition>) -> *mut c_void {
    guard(|| rktpar.map_or(std::ptr::null_mut(), |element| element.opaque.pointer()))
}

/// Sets the application's own pointer.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_partition_set_opaque(rktpar: Option<&mut TopicPartition>, opaque: *mut c_void) {
    guard(|| {
        if let Some(element) = rktpar {
            element.opaque = Opaque::new(opaque);
        }
    });
}

/// What went wrong with this partition; 0 for nothing.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_partition_err(rktpar: Option<&TopicPartition>) -> ResponseError {
    guard(|| rktpar.map_or(ErrorCode::LocalInvalidArg.into(), |element| element.error))
}

/// Epoch of the leader that the offset comes from; -1 for none.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_partition_get_leader_epoch(rktpar: Option<&TopicPartition>) -> i32 {
    guard(|| rktpar.map_or(-1, |element| element.leader_epoch))
}

/// Sets the epoch of the leader that the offset comes from; -1 for none.
#[unsafe(no_mangle)]
pub extern "C" fn tl_topic_partition_set_leader_epoch(
    rktpar: Option<&mut TopicPartition>,
    leader_epoch: i32,
) {
    guard(|| {
        if let Some(element) = rktpar {
            element.leader_epoch = leader_epoch;
        }
    });
}
