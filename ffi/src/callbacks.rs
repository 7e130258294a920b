//! [`Callbacks`]: functions of the application.

use std::ffi::{c_char, c_int, c_void};

use crate::client::Client;
use crate::error::ResponseError;
use crate::event::Event;
use crate::message::Message;
use crate::topic::Topic;
use crate::topic_partition::TopicPartitionList;

/// Something of the application's that is given back to it, and nothing else.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Opaque(usize);

impl Opaque {
    pub(crate) fn new(pointer: *mut c_void) -> Opaque {
        Opaque(pointer.expose_provenance())
    }

    pub(crate) fn from_number(number: usize) -> Opaque {
        Opaque(number)
    }

    pub(crate) fn number(self) -> usize {
        self.0
    }

    pub(crate) fn pointer(self) -> *mut c_void {
        std::ptr::with_exposed_provenance_mut(self.0)
    }
}

/// Called for each delivery report by the thread that polls or flushes. The message is the library's and is gone
/// afterwards. `opaque` is that of ::tl_conf_set_opaque; the message's own is ::tl_message_opaque.
pub type DeliveryCallback =
    Option<extern "C" fn(rk: *mut Client, message: &Message<'_>, opaque: *mut c_void)>;

/// Called for each message, and what there is to say in its place (::tl_message_err), by the thread that consumes. The
/// message is the library's and is gone afterwards.
pub type ConsumeCallback = Option<extern "C" fn(rkmessage: &Message<'_>, opaque: *mut c_void)>;

/// Called by the thread that polls when the group rebalances: `err` is `TL_RESP_ERR__ASSIGN_PARTITIONS` or
/// `TL_RESP_ERR__REVOKE_PARTITIONS` (also when they are lost: ::tl_assignment_lost). It may change the assignment itself;
/// what it has not done is done when it returns. The list is the library's and is gone afterwards.
pub type RebalanceCallback = Option<
    extern "C" fn(
        rk: *mut Client,
        err: ResponseError,
        partitions: &mut TopicPartitionList,
        opaque: *mut c_void,
    ),
>;

/// Called by the thread that polls with the outcome of commits that nobody waited for, automatic ones too. The list is
/// the library's and is gone afterwards; its elements have their own errors.
pub type OffsetCommitCallback = Option<
    extern "C" fn(rk: *mut Client, err: ResponseError, offsets: &mut TopicPartitionList, opaque: *mut c_void),
>;

/// Called with what is wrong with a client as a whole.
pub type ErrorCallback =
    Option<extern "C" fn(rk: *mut Client, err: c_int, reason: *const c_char, opaque: *mut c_void)>;

/// Called with a log line: `level` is syslog's, `fac` what it is about. Both texts are gone afterwards.
pub type LogCallback =
    Option<extern "C" fn(rk: *const Client, level: c_int, fac: *const c_char, buf: *const c_char)>;

/// Called by the thread that polls with a client's statistics as JSON of `json_len` bytes, every
/// `statistics.interval.ms`. Returns 0, or 1 to keep `json` and free it with ::tl_mem_free later.
pub type StatsCallback =
    Option<extern "C" fn(rk: *mut Client, json: *mut c_char, json_len: usize, opaque: *mut c_void) -> c_int>;

/// Called by a thread of the library with each event of the background queue. The event is the application's:
/// ::tl_event_destroy.
pub type BackgroundEventCallback =
    Option<extern "C" fn(rk: *mut Client, event: Box<Event>, opaque: *mut c_void)>;

/// Chooses a message's partition: 0 to `partition_cnt` - 1, or `TL_PARTITION_UA` for none that is there. Called by the
/// thread that produces.
pub type PartitionerCallback = Option<
    extern "C" fn(
        rkt: *const Topic,
        keydata: *const c_void,
        keylen: usize,
        partition_cnt: i32,
        rkt_opaque: *mut c_void,
        msg_opaque: *mut c_void,
    ) -> i32,
>;

/// Called by a thread of the library when there is something in a queue that was empty. It must not block, nor call the
/// library.
pub type QueueCallback = Option<extern "C" fn(rk: *mut Client, opaque: *mut c_void)>;

/// Functions of a client.
#[derive(Clone, Copy, Default)]
pub(crate) struct Callbacks {
    pub(crate) delivery: DeliveryCallback,
    pub(crate) rebalance: RebalanceCallback,
    pub(crate) offset_commit: OffsetCommitCallback,
    pub(crate) error: ErrorCallback,
    pub(crate) log: LogCallback,
    pub(crate) stats: StatsCallback,
    pub(crate) background_event: BackgroundEventCallback,
    pub(crate) opaque: Opaque,
}
