//! SyncGroup: answered when the leader has sent the assignment.

use crate::broker::group::{MemberIdentity, SyncRequest};
use crate::error_code::ErrorCode;
use crate::server::call::{Call, Operation, Resource};
use crate::server::inbox::Reply;
use crate::wire::api::sync_group::{SyncGroup, SyncGroupRequest, SyncGroupResponse};

pub(in crate::server) fn handle(call: &Call, request: SyncGroupRequest, reply: Reply<SyncGroup>) {
    let refuse = |reply: Reply<SyncGroup>, code: ErrorCode| {
        reply.send(&SyncGroupResponse { error_code: code.code(), ..SyncGroupResponse::default() });
    };
    if !call.allows(Operation::Read, Resource::Group(&request.group_id)) {
        return refuse(reply, ErrorCode::GroupAuthorizationFailed);
    }
    let groups = match call.broker().groups() {
        Ok(groups) => groups,
        Err(error) => return refuse(reply, error.code()),
    };
    let sync = SyncRequest {
        group: request.group_id,
        member: MemberIdentity {
            member_id: request.member_id,
            instance_id: request.group_instance_id,
            generation: request.generation_id,
        },
        protocol_type: request.protocol_type,
        protocol: request.protocol_name,
        assignments: request.assignments.into_iter().map(|one| (one.member_id, one.assignment)).collect(),
    };
    groups.sync(sync, move |synced| {
        reply.send(&SyncGroupResponse {
            error_code: synced.error.code(),
            protocol_type: synced.protocol_type,
            protocol_name: synced.protocol,
            assignment: synced.assignment,
            ..SyncGroupResponse::default()
        });
    });
}
