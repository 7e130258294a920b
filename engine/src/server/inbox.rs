//! [`Inbox`]: where answers for the connections of one shard arrive, from any thread, and [`Reply`]: the duty to answer
//! one request exactly once.

use std::marker::PhantomData;
use std::sync::Arc;

use crossbeam::queue::SegQueue;

use crate::io::Token;
use crate::log::FileSlice;
use crate::shard::Doorbell;
use crate::wire::header::respond;
use crate::wire::schema::Api;
use crate::wire::writer::Frame;

/// Names one request that is being answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct RequestId {
    /// Its connection.
    pub(super) connection: Token,
    /// Its place among the connection's requests.
    pub(super) number: u64,
}

/// What has become of a request.
#[derive(Debug)]
pub(super) enum Outcome {
    /// This is to be sent; the gaps of the frame are filled from the files, in order.
    Answer(Frame, Vec<FileSlice>),
    /// Nothing is to be sent: `acks=0`.
    Silence,
    /// The connection is to be closed, for this reason.
    Close(&'static str),
    /// A fetch that waits should look again.
    LookAgain,
}

/// See the module.
pub(super) struct Inbox {
    arrived: SegQueue<(RequestId, Outcome)>,
    bell: Doorbell,
}

impl Inbox {
    pub(super) fn new(bell: Doorbell) -> Arc<Inbox> {
        Arc::new(Inbox { arrived: SegQueue::new(), bell })
    }

    pub(super) fn put(&self, request: RequestId, outcome: Outcome) {
        self.arrived.push((request, outcome));
        self.bell.ring();
    }

    pub(super) fn take(&self) -> Option<(RequestId, Outcome)> {
        self.arrived.pop()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.arrived.is_empty()
    }
}

/// Whoever has it answers the request of API `A`. Dropping it closes the connection: a client that waits for ever is
/// worse off than one that tries again.
pub(super) struct Reply<A: Api> {
    pub(super) inbox: Arc<Inbox>,
    pub(super) request: RequestId,
    version: i16,
    correlation_id: i32,
    answered: bool,
    api: PhantomData<fn() -> A>,
}

impl<A: Api> Reply<A> {
    pub(super) fn new(inbox: Arc<Inbox>, request: RequestId, version: i16, correlation_id: i32) -> Reply<A> {
        Reply { inbox, request, version, correlation_id, answered: false, api: PhantomData }
    }

    /// Version of the request.
    pub(super) fn version(&self) -> i16 {
        self.version
    }

    /// Answers.
    pub(super) fn send(self, response: &A::Response) {
        self.send_with_files(response, Vec::new());
    }

    /// Answers with records that are still in files.
    pub(super) fn send_with_files(self, response: &A::Response, files: Vec<FileSlice>) {
        let frame = respond::<A>(self.version, self.correlation_id, response);
        self.finish(Outcome::Answer(frame, files));
    }

    /// Answers in the layout of another version.
    pub(super) fn send_as(self, version: i16, response: &A::Response) {
        let frame = respond::<A>(version, self.correlation_id, response);
        self.finish(Outcome::Answer(frame, Vec::new()));
    }

    /// Answers with nothing.
    pub(super) fn stay_silent(self) {
        self.finish(Outcome::Silence);
    }

    /// Closes the connection.
    pub(super) fn close(self, reason: &'static str) {
        self.finish(Outcome::Close(reason));
    }

    fn finish(mut self, outcome: Outcome) {
        self.answered = true;
        self.inbox.put(self.request, outcome);
    }
}

impl<A: Api> Drop for Reply<A> {
    fn drop(&mut self) {
        if !self.answered {
            self.inbox.put(self.request, Outcome::Close("the request was given up"));
        }
    }
}
