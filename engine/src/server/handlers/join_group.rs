//! JoinGroup: answered when all members have joined, or the time for that is over.

use super::millis;
use crate::broker::group::{JoinRequest, JoinResponse, Protocol};
use crate::error_code::ErrorCode;
use crate::server::call::{Call, Operation, Resource};
use crate::server::inbox::Reply;
use crate::wire::api::join_group::{JoinGroup, JoinGroupRequest, JoinGroupResponse, JoinGroupResponseMember};

/// First version that says how long a rebalance may take; before it a session timeout stands for both.
const REBALANCE_TIMEOUT_SINCE: i16 = 1;

/// First version in which a new member is given its id before it joins (KIP-394).
const MEMBER_ID_REQUIRED_SINCE: i16 = 4;

/// First version whose leaders know that they need not assign anew (KIP-814).
const SKIP_ASSIGNMENT_SINCE: i16 = 9;

pub(in crate::server) fn handle(call: &Call, request: JoinGroupRequest, reply: Reply<JoinGroup>) {
    let refuse = |reply: Reply<JoinGroup>, code: ErrorCode, member_id: String| {
        // An empty name where null cannot be said.
        let error_code = code.code();
        reply.send(&JoinGroupResponse { error_code, member_id, ..JoinGroupResponse::default() });
    };
    if !call.allows(Operation::Read, Resource::Group(&request.group_id)) {
        return refuse(reply, ErrorCode::GroupAuthorizationFailed, request.member_id);
    }
    let groups = match call.broker().groups() {
        Ok(groups) => groups,
        Err(error) => return refuse(reply, error.code(), request.member_id),
    };
    let version = reply.version();
    let rebalance_timeout_ms = match version {
        REBALANCE_TIMEOUT_SINCE.. => request.rebalance_timeout_ms,
        _ => request.session_timeout_ms,
    };
    let join = JoinRequest {
        group: request.group_id,
        member_id: request.member_id,
        instance_id: request.group_instance_id,
        client_id: call.client_id.clone(),
        client_host: call.caller.host.clone(),
        rebalance_timeout: millis(rebalance_timeout_ms),
        session_timeout: millis(request.session_timeout_ms),
        protocol_type: request.protocol_type,
        protocols: request
            .protocols
            .into_iter()
            .map(|protocol| Protocol { name: protocol.name, metadata: protocol.metadata })
            .collect(),
        member_id_required: version >= MEMBER_ID_REQUIRED_SINCE,
        skip_assignment_supported: version >= SKIP_ASSIGNMENT_SINCE,
    };
    groups.join(&join, move |joined| reply.send(&answer(joined)));
}

fn answer(joined: JoinResponse) -> JoinGroupResponse {
    JoinGroupResponse {
        error_code: joined.error.code(),
        generation_id: joined.generation,
        protocol_type: joined.protocol_type,
        protocol_name: joined.protocol,
        leader: joined.leader,
        skip_assignment: joined.skip_assignment,
        member_id: joined.member_id,
        members: joined
            .members
            .into_iter()
            .map(|member| JoinGroupResponseMember {
                member_id: member.member_id,
                group_instance_id: member.instance_id,
                metadata: member.metadata,
            })
            .collect(),
        ..JoinGroupResponse::default()
    }
}
