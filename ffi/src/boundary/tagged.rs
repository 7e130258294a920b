//! [`Tagged`]: an argument of `tl_produce_v`, a union that says what it is.

use std::ffi::{c_char, c_int, c_void};

use crate::headers::Headers;
use crate::topic::Topic;

/// What a ::tl_vu_t holds: the member that its `vtype` names.
#[repr(C)]
#[derive(Clone, Copy)]
pub union Value {
    /// TL_VTYPE_TOPIC
    pub cstr: *const c_char,
    /// TL_VTYPE_RKT
    pub rkt: *mut Topic,
    /// TL_VTYPE_MSGFLAGS
    pub i: c_int,
    /// TL_VTYPE_PARTITION
    pub i32: i32,
    /// TL_VTYPE_TIMESTAMP
    pub i64: i64,
    /// TL_VTYPE_VALUE and TL_VTYPE_KEY
    pub mem: Memory,
    /// TL_VTYPE_HEADER
    pub header: TaggedHeader,
    /// TL_VTYPE_HEADERS
    pub headers: *mut Headers,
    /// TL_VTYPE_OPAQUE
    pub ptr: *mut c_void,
}

/// Bytes in a ::tl_vu_t. NULL with a size of 0 is null.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Memory {
    /// Where they are.
    pub ptr: *const c_void,
    /// How many there are.
    pub size: usize,
}

/// A header in a ::tl_vu_t.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct TaggedHeader {
    /// Its name.
    pub name: *const c_char,
    /// Its value; NULL with a size of 0 is null.
    pub val: *const c_void,
    /// Bytes of the value; -1 when it is a text that ends with a NUL.
    pub size: isize,
}

/// An argument of ::tl_produce_v.
#[repr(C)]
pub struct Tagged {
    /// What it is: one of `TL_VTYPE_...`.
    pub vtype: c_int,
    /// The value.
    pub u: Value,
}

/// No more values come, whatever their count is said to be.
pub const TL_VTYPE_END: c_int = 0;
/// A message goes to the topic of this name.
pub const TL_VTYPE_TOPIC: c_int = 1;
/// A message goes to this topic.
pub const TL_VTYPE_RKT: c_int = 2;
/// The message's partition.
pub const TL_VTYPE_PARTITION: c_int = 3;
/// The message's value.
pub const TL_VTYPE_VALUE: c_int = 4;
/// The message's key.
pub const TL_VTYPE_KEY: c_int = 5;
/// What comes back with the message's delivery report.
pub const TL_VTYPE_OPAQUE: c_int = 6;
/// `TL_MSG_F_...`
pub const TL_VTYPE_MSGFLAGS: c_int = 7;
/// The message's time, in milliseconds since the epoch; 0 is now.
pub const TL_VTYPE_TIMESTAMP: c_int = 8;
/// A header that is added.
pub const TL_VTYPE_HEADER: c_int = 9;
/// All headers at once. They belong to the library once the message has been queued.
pub const TL_VTYPE_HEADERS: c_int = 10;

/// What a [`Tagged`] holds, by its tag.
pub(crate) enum TaggedValue {
    TopicName(*const c_char),
    Topic(*mut Topic),
    Partition(i32),
    Value(Memory),
    Key(Memory),
    Opaque(*mut c_void),
    Flags(c_int),
    Timestamp(i64),
    Header(TaggedHeader),
    Headers(*mut Headers),
    /// No more values come.
    End,
    /// There is no such tag.
    Unknown(c_int),
}

impl Tagged {
    pub(crate) fn value(&self) -> TaggedValue {
        // SAFETY: the tag says which member the application has set; every bit pattern is a value of each of them.
        unsafe {
            match self.vtype {
                TL_VTYPE_END => TaggedValue::End,
                TL_VTYPE_TOPIC => TaggedValue::TopicName(self.u.cstr),
                TL_VTYPE_RKT => TaggedValue::Topic(self.u.rkt),
                TL_VTYPE_PARTITION => TaggedValue::Partition(self.u.i32),
                TL_VTYPE_VALUE => TaggedValue::Value(self.u.mem),
                TL_VTYPE_KEY => TaggedValue::Key(self.u.mem),
                TL_VTYPE_OPAQUE => TaggedValue::Opaque(self.u.ptr),
                TL_VTYPE_MSGFLAGS => TaggedValue::Flags(self.u.i),
                TL_VTYPE_TIMESTAMP => TaggedValue::Timestamp(self.u.i64),
                TL_VTYPE_HEADER => TaggedValue::Header(self.u.header),
                TL_VTYPE_HEADERS => TaggedValue::Headers(self.u.headers),
                other => TaggedValue::Unknown(other),
            }
        }
    }
}
