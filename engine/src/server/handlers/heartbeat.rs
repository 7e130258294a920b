//! Heartbeat: a member is there, and hears whether there is a rebalance.

use crate::broker::group::MemberIdentity;
use crate::error_code::ErrorCode;
use crate::server::call::{Call, Operation, Resource};
use crate::server::inbox::Reply;
use crate::wire::api::heartbeat::{Heartbeat, HeartbeatRequest, HeartbeatResponse};

pub(in crate::server) fn handle(call: &Call, request: HeartbeatRequest, reply: Reply<Heartbeat>) {
    let error_code = beat(call, request).code();
    reply.send(&HeartbeatResponse { error_code, ..HeartbeatResponse::default() });
}

fn beat(call: &Call, request: HeartbeatRequest) -> ErrorCode {
    if !call.allows(Operation::Read, Resource::Group(&request.group_id)) {
        return ErrorCode::GroupAuthorizationFailed;
    }
    let member = MemberIdentity {
        member_id: request.member_id,
        instance_id: request.group_instance_id,
        generation: request.generation_id,
    };
    match call.broker().groups() {
        Ok(groups) => groups.heartbeat(&request.group_id, &member),
        Err(error) => error.code(),
    }
}
