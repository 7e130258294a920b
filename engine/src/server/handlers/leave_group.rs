//! LeaveGroup: members go, one in older versions, several in newer ones (KIP-345).

use crate::broker::group::{LeavingMember, LeftMember};
use crate::error_code::ErrorCode;
use crate::server::call::{Call, Operation, Resource};
use crate::server::inbox::Reply;
use crate::wire::api::leave_group::{LeaveGroup, LeaveGroupRequest, LeaveGroupResponse, MemberResponse};

/// First version that names several members.
const SEVERAL_SINCE: i16 = 3;

pub(in crate::server) fn handle(call: &Call, request: LeaveGroupRequest, reply: Reply<LeaveGroup>) {
    let several = reply.version() >= SEVERAL_SINCE;
    let answer = move |left| reply.send(&response(left, several));
    if !call.allows(Operation::Read, Resource::Group(&request.group_id)) {
        return answer(Err(ErrorCode::GroupAuthorizationFailed));
    }
    let members = if several {
        let named = request.members.into_iter();
        named
            .map(|member| LeavingMember {
                member_id: member.member_id,
                instance_id: member.group_instance_id,
            })
            .collect()
    } else {
        vec![LeavingMember { member_id: request.member_id, instance_id: None }]
    };
    match call.broker().groups() {
        Ok(groups) => groups.leave(&request.group_id, members, answer),
        Err(error) => answer(Err(error.code())),
    }
}

fn response(left: Result<Vec<LeftMember>, ErrorCode>, several: bool) -> LeaveGroupResponse {
    match left {
        Err(code) => LeaveGroupResponse { error_code: code.code(), ..LeaveGroupResponse::default() },
        Ok(left) if several => {
            LeaveGroupResponse { members: left.into_iter().map(answer).collect(), ..Default::default() }
        }
        Ok(left) => {
            let error = left.first().map_or(ErrorCode::None, |member| member.error);
            LeaveGroupResponse { error_code: error.code(), ..LeaveGroupResponse::default() }
        }
    }
}

fn answer(left: LeftMember) -> MemberResponse {
    MemberResponse {
        member_id: left.member.member_id,
        group_instance_id: left.member.instance_id,
        error_code: left.error.code(),
    }
}
