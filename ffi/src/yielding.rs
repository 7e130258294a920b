//! A callback may end the call that it came from.

use std::cell::Cell;
use std::ops::ControlFlow;

use crate::client::{Client, client_of};
use crate::guard::guard;

thread_local! {
    /// A callback that this thread is in has asked for it.
    static YIELDS: Cell<bool> = const { Cell::new(false) };
}

/// Calls a callback of the application; `Break` when that has asked to hand nothing more out.
#[inline]
pub(crate) fn call(callback: impl FnOnce()) -> ControlFlow<()> {
    YIELDS.set(false);
    callback();
    if YIELDS.take() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

/// From within a callback: has the call that it came from, such as ::tl_poll, return as soon as the callback does, without
/// calling others. They come with the next call. ::tl_flush goes on. Does nothing elsewhere.
#[unsafe(no_mangle)]
pub extern "C" fn tl_yield(rk: *mut Client) {
    guard(|| {
        if client_of(rk).is_some() {
            YIELDS.set(true);
        }
    });
}
