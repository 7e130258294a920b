//! [`Member`]: one member of a group (Kafka: `ClassicGroupMember`).

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;

use super::outbox::Outbox;
use super::request::{JoinRequest, JoinResponse, Protocol, Response, SyncResponse};
use crate::error_code::ErrorCode;

/// One member of a group. `R` is where its waiting request is answered.
#[derive(Debug)]
pub(super) struct Member<R> {
    pub(super) instance_id: Option<String>,
    pub(super) client_id: String,
    pub(super) client_host: String,
    pub(super) settings: MemberSettings,
    pub(super) assignment: Bytes,
    /// Has never been part of a generation.
    pub(super) is_new: bool,
    /// Its join request, while that waits for the others.
    pub(super) joining: Option<R>,
    /// Its sync request, while that waits for the leader's assignment.
    pub(super) syncing: Option<R>,
    /// When it is taken for lost. `None` only while a waiting request shows that it is there: who answers that
    /// restarts the session.
    pub(super) deadline: Option<Duration>,
}

/// What a member says of itself with every join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MemberSettings {
    pub(super) rebalance_timeout: Duration,
    pub(super) session_timeout: Duration,
    /// The one it likes best first.
    pub(super) protocols: Vec<Protocol>,
}

impl MemberSettings {
    pub(super) fn of(request: &JoinRequest) -> MemberSettings {
        MemberSettings {
            rebalance_timeout: request.rebalance_timeout,
            session_timeout: request.session_timeout,
            protocols: request.protocols.clone(),
        }
    }
}

impl<R> Member<R> {
    /// Answers what waits of it with `error`; a join is told `id`.
    pub(super) fn refuse_waiting(&mut self, id: &str, error: ErrorCode, outbox: &mut Outbox<R>) {
        if let Some(to) = self.joining.take() {
            outbox.reply(to, Response::Join(JoinResponse::refusal(id, error)));
        }
        if let Some(to) = self.syncing.take() {
            outbox.reply(to, Response::Sync(SyncResponse::refusal(error)));
        }
    }

    pub(super) fn new(request: &JoinRequest) -> Member<R> {
        Member {
            instance_id: request.instance_id.clone(),
            client_id: request.client_id.clone(),
            client_host: request.client_host.clone(),
            settings: MemberSettings::of(request),
            assignment: Bytes::new(),
            is_new: true,
            joining: None,
            syncing: None,
            deadline: None,
        }
    }

    /// Its metadata of `protocol`; empty when it does not support it.
    pub(super) fn metadata(&self, protocol: Option<&str>) -> Bytes {
        let mut protocols = self.settings.protocols.iter();
        let found = protocols.find(|known| Some(known.name.as_str()) == protocol);
        found.map(|known| known.metadata.clone()).unwrap_or_default()
    }

    pub(super) fn supports(&self, protocol: &str) -> bool {
        self.settings.protocols.iter().any(|known| known.name == protocol)
    }

    /// The one of `candidates` it likes best.
    pub(super) fn vote(&self, candidates: &BTreeSet<&str>) -> Option<&str> {
        let mut names = self.settings.protocols.iter().map(|known| known.name.as_str());
        names.find(|name| candidates.contains(name))
    }

    /// Whether a waiting request shows that it is there. New members may hang in one forever, so theirs does not.
    pub(super) fn is_waiting(&self) -> bool {
        !self.is_new && (self.joining.is_some() || self.syncing.is_some())
    }
}
