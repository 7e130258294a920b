//! [`Asking`]: one connection to a broker, whose requests are asked in the version whose turn it is, and again while the
//! broker is not ready.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use tidelog::error_code::ErrorCode;
use tidelog::types::TopicId;
use tidelog::wire::api::fetch::Fetch;
use tidelog::wire::api::find_coordinator::{FindCoordinator, FindCoordinatorRequest};
use tidelog::wire::api::heartbeat::Heartbeat;
use tidelog::wire::api::join_group::JoinGroup;
use tidelog::wire::api::leave_group::LeaveGroup;
use tidelog::wire::api::list_offsets::{
    ListOffsets, ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic,
};
use tidelog::wire::api::metadata::{Metadata, MetadataRequest, MetadataRequestTopic};
use tidelog::wire::api::offset_commit::OffsetCommit;
use tidelog::wire::api::offset_fetch::OffsetFetch;
use tidelog::wire::api::produce::Produce;
use tidelog::wire::api::sync_group::SyncGroup;
use tidelog::wire::schema::Api;

use super::super::raw::RawClient;

/// Longest time that a broker may say that it is not ready.
const READY_MAX: Duration = Duration::from_secs(60);

/// See the module.
pub(super) struct Asking {
    client: RawClient,
    /// Chooses the version of the next request.
    pub(super) turn: i16,
}

impl Asking {
    pub(super) fn at(address: SocketAddr) -> Asking {
        Asking { client: RawClient::at(address), turn: 0 }
    }

    /// Asks in the version whose turn it is.
    pub(super) fn call<A: Api>(&mut self, request: &A::Request) -> A::Response {
        self.client.call::<A>(version::<A>(self.turn), request)
    }

    /// As [`Asking::call`], of some versions.
    pub(super) fn call_in<A: Api>(
        &mut self,
        versions: RangeInclusive<i16>,
        request: &A::Request,
    ) -> A::Response {
        self.client.call::<A>(version_of(versions, self.turn), request)
    }

    pub(super) fn until_ready<T>(
        &mut self,
        mut ask: impl FnMut(&mut Asking) -> T,
        is_busy: impl Fn(&T) -> bool,
    ) -> T {
        let deadline = Instant::now() + READY_MAX;
        loop {
            let answer = ask(self);
            if !is_busy(&answer) || Instant::now() > deadline {
                return answer;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// As [`Asking::until_ready`], of what has one error code.
    pub(super) fn settled<T>(&mut self, ask: impl FnMut(&mut Asking) -> T, code: impl Fn(&T) -> i16) -> T {
        const BUSY: [ErrorCode; 4] = [
            ErrorCode::ConcurrentTransactions,
            ErrorCode::CoordinatorLoadInProgress,
            ErrorCode::CoordinatorNotAvailable,
            ErrorCode::NotCoordinator,
        ];
        self.until_ready(ask, |answer| BUSY.iter().any(|busy| busy.code() == code(answer)))
    }

    /// Makes a topic, and waits until it is served.
    pub(super) fn create_topic(&mut self, name: &str, partitions: i32, settings: &[(&str, &str)]) {
        self.client.create_topic_with(name, partitions, settings);
        self.until_served(name, partitions);
    }

    /// Waits until all partitions of a topic are served.
    pub(super) fn until_served(&mut self, name: &str, partitions: i32) {
        let partition =
            |partition_index| ListOffsetsPartition { partition_index, timestamp: -1, ..Default::default() };
        let partitions = (0..partitions).map(partition).collect();
        let topic = ListOffsetsTopic { name: name.to_owned(), partitions };
        let request = ListOffsetsRequest { replica_id: -1, topics: vec![topic], ..Default::default() };
        let ask = |asking: &mut Asking| asking.call::<ListOffsets>(&request).topics.remove(0).partitions;
        self.until_ready(ask, |found| found.iter().any(|partition| partition.error_code != 0));
    }

    /// Id of a topic that is served.
    pub(super) fn topic_id(&mut self, name: &str) -> TopicId {
        let topic = MetadataRequestTopic { name: Some(name.to_owned()), ..Default::default() };
        let request = MetadataRequest { topics: Some(vec![topic]), ..MetadataRequest::default() };
        self.client.call::<Metadata>(12, &request).topics[0].topic_id
    }

    /// Has a coordinator made ready for what `key` names: a group (0) or a transactional id (1).
    pub(super) fn find_coordinator(&mut self, key: &str, key_type: i8) {
        let request = FindCoordinatorRequest { key: key.to_owned(), key_type, ..Default::default() };
        let ask = |asking: &mut Asking| asking.call::<FindCoordinator>(&request).error_code;
        assert_eq!(self.settled(ask, |code| *code), 0);
    }
}

/// The version of `versions` whose turn it is.
fn version_of(versions: RangeInclusive<i16>, turn: i16) -> i16 {
    versions.start() + turn % (versions.end() - versions.start() + 1)
}

/// The version of an API whose turn it is.
pub(super) fn version<A: Api>(turn: i16) -> i16 {
    version_of(versions(A::KEY, A::VERSIONS), turn)
}

/// Versions of an API in which the requests of a history can be asked: those that say all that matters, before those that
/// name topics by their identity and that ask for several groups.
fn versions(key: i16, served: RangeInclusive<i16>) -> RangeInclusive<i16> {
    let (low, high) = match key {
        FindCoordinator::KEY => (1, 3),
        JoinGroup::KEY => (5, 9),
        SyncGroup::KEY => (3, 5),
        Heartbeat::KEY => (3, 4),
        LeaveGroup::KEY => (3, 5),
        Produce::KEY => (3, 12),
        Fetch::KEY => (4, 12),
        OffsetCommit::KEY => (2, 9),
        OffsetFetch::KEY => (2, 7),
        _ => served.into_inner(),
    };
    low..=high
}

/// Name of an error code.
pub(super) fn text(code: i16) -> String {
    ErrorCode::from_code(code).map_or_else(|| code.to_string(), |code| format!("{code:?}"))
}
