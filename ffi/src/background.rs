//! [`Background`]: the thread that calls `tl_conf_set_background_event_cb`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tidelog::client::KafkaError;
use tidelog::error_code::ErrorCode;

use crate::callbacks::Callbacks;
use crate::client::{Client, ClientHandle};
use crate::event_queue::{EventQueue, Source};

/// The queue of a client's background thread, if the application wants one.
pub(crate) struct Background(Option<Arc<Running>>);

struct Running {
    queue: Arc<EventQueue>,
    ends: AtomicBool,
}

impl Background {
    /// # Errors
    /// `_CRIT_SYS_RESOURCE` when no thread can be had.
    pub(crate) fn start(client: ClientHandle, callbacks: &Callbacks) -> Result<Background, KafkaError> {
        let Some(callback) = callbacks.background_event else { return Ok(Background(None)) };
        let opaque = callbacks.opaque;
        let running =
            Arc::new(Running { queue: EventQueue::new(Source::None), ends: AtomicBool::new(false) });
        let of_thread = Arc::clone(&running);
        let serve = move || {
            while !of_thread.ends.load(Ordering::Acquire) {
                if let Some(event) = of_thread.queue.poll(None) {
                    callback(client.pointer(), Box::new(event), opaque.pointer());
                }
            }
        };
        let thread = std::thread::Builder::new().name("tidelog-events".to_owned());
        thread
            .spawn(serve)
            .map_err(|error| KafkaError::with_reason(ErrorCode::LocalCritSysResource, error.to_string()))?;
        Ok(Background(Some(running)))
    }

    /// Ends the thread, once a callback that runs has returned.
    pub(crate) fn stop(&self) {
        if let Some(running) = &self.0 {
            running.ends.store(true, Ordering::Release);
            running.queue.end_waiting();
        }
    }
}

impl Client {
    /// The queue of the background thread.
    pub(crate) fn background(&self) -> Option<&Arc<EventQueue>> {
        self.background.0.as_ref().map(|running| &running.queue)
    }
}
