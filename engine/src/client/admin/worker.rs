//! [`AdminWorker`]: requests that are done one after the other by a thread of their own, for callers that do not wait.

use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use parking_lot::Mutex;

use super::Admin;
use crate::client::KafkaError;
use crate::error_code::ErrorCode;

/// Something to be done by the thread.
type Job = Box<dyn FnOnce(&Admin) + Send>;

/// An admin client with its thread, which starts with the first request. Threads may share it.
pub struct AdminWorker {
    admin: Mutex<Admin>,
    request_timeout: Duration,
    thread: Mutex<Option<Sender<Job>>>,
}

impl AdminWorker {
    /// A worker of `admin`. `request_timeout` is that of requests that have none.
    #[must_use]
    pub fn new(admin: Admin, request_timeout: Duration) -> AdminWorker {
        AdminWorker { admin: Mutex::new(admin), request_timeout, thread: Mutex::default() }
    }

    /// The client.
    #[must_use]
    pub fn admin(&self) -> Admin {
        self.admin.lock().clone()
    }

    /// Does `job` in the background.
    ///
    /// # Errors
    /// `_CRIT_SYS_RESOURCE` when no thread can be had.
    pub fn begin(&self, job: impl FnOnce(&Admin) + Send + 'static) -> Result<(), KafkaError> {
        let mut thread = self.thread.lock();
        let sender = match &*thread {
            Some(sender) => sender,
            None => thread.insert(self.start()?),
        };
        // The thread lives as long as the sender.
        drop(sender.send(Box::new(job)));
        Ok(())
    }

    /// Does `work` in the background and gives `answer` what came of it: `_TIMED_OUT` after `timeout` when the client is
    /// offline.
    ///
    /// # Errors
    /// As [`AdminWorker::begin`]; nothing is answered then.
    pub fn request<T: 'static>(
        &self,
        timeout: Option<Duration>,
        work: impl FnOnce(&Admin) -> Result<T, KafkaError> + Send + 'static,
        answer: impl FnOnce(Result<T, KafkaError>) + Send + 'static,
    ) -> Result<(), KafkaError> {
        let timeout = timeout.unwrap_or(self.request_timeout);
        self.begin(move |admin| {
            if admin.engine().is_some() {
                return answer(work(admin));
            }
            std::thread::sleep(timeout);
            let code = ErrorCode::LocalTimedOut;
            let text = format!("Failed while waiting for controller: {}", code.description());
            answer(Err(KafkaError::with_reason(code, text)));
        })
    }

    fn start(&self) -> Result<Sender<Job>, KafkaError> {
        let (sender, receiver) = channel::<Job>();
        let admin = self.admin();
        let thread = std::thread::Builder::new().name("tidelog-admin".to_owned());
        let serve = move || receiver.into_iter().for_each(|job| job(&admin));
        thread
            .spawn(serve)
            .map_err(|error| KafkaError::with_reason(ErrorCode::LocalCritSysResource, error.to_string()))?;
        Ok(sender)
    }

    /// Lets go of the engine, once requests that are under way have been answered.
    pub fn close(&self) {
        *self.thread.lock() = None;
        *self.admin.lock() = Admin::on_engine(None);
    }
}
